// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a program says to the device of drivers/misc/mmu_mirror.ts. Mirrors no
 * file of the kernel.
 */

/* sim_mirror_open(): how the device hears of changes. */

/** By a subscription to the whole address space, as KVM does. */
export const MIRROR_NOTIFIER = 0;
/** By one to its addresses only, as graphics cards do. */
export const MIRROR_INTERVAL = 1;

/* sim_mirror_access() */

/** Returns the byte. */
export const MIRROR_LOAD = 0;
/** Returns 0. */
export const MIRROR_STORE = 1;

/** How many pages a device can translate. */
export const MIRROR_MAX_PAGES = 512;
