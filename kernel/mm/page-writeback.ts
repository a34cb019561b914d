// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of mm/page-writeback.c (5.17) that marks pages dirty.
 * Left out: writeback itself, dirty limits, tags: a file has no disk.
 */
import type { page } from "linux/mm_types.ts";
import { PageDirty, TestSetPageDirty } from "linux/page-flags.ts";

/** True if the page was clean. The caller holds the page lock, or the PTL of
 *  a mapping of the page, either of which keeps the page in its file. */
export function set_page_dirty(page: page): boolean {
	if (PageDirty(page)) return false;
	return !TestSetPageDirty(page);
}
