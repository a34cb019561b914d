// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/uapi/linux/prctl.h (5.17): the options that kernel/sys.ts
 * knows, and those that replayed programs use without effect on memory.
 */
import { CONFIG_ANON_VMA_NAME } from "generated/autoconf.ts";

export const PR_SET_NAME = 15;
export const PR_GET_NAME = 16;
/** Attributes of ranges of memory; the one of 5.17 is a name. */
export const PR_SET_VMA = CONFIG_ANON_VMA_NAME ? 0x53564d41 : -1;
export const PR_SET_VMA_ANON_NAME = 0;
