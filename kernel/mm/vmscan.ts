// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors of mm/vmscan.c (5.17) how a clean page that nobody uses leaves its
 * file: remove_mapping().
 * Left out: everything that looks for such pages. Nothing is reclaimed; who
 * wants to get rid of a file's pages asks for it (mm/fadvise.ts).
 */
import type { address_space } from "linux/fs.ts";
import type { page } from "linux/mm_types.ts";
import { VM_BUG_ON_PAGE } from "linux/bug.ts";
import { PageDirty, PageLocked } from "linux/page-flags.ts";
import { page_ref_freeze, page_ref_unfreeze } from "linux/page_ref.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import { __delete_from_page_cache } from "mm/filemap.ts";

/**
 * The page leaves the cache if nobody but that and the caller has a reference,
 * and it is clean; then nobody has. It is locked, and was unmapped.
 *
 * Who looks pages up without a lock takes a reference first, and looks then
 * whether it is still there: the count becomes 0 before the slot does, so that
 * he either comes in time for us to see him, or too late to get one. Dirty is
 * looked at after that: who made the page dirty had a reference, which he may
 * have given back since (set_page_dirty(); put_page()).
 */
function __remove_mapping(mapping: address_space, page: page): boolean {
	VM_BUG_ON_PAGE(!PageLocked(page), page);
	VM_BUG_ON_PAGE(page.mapping !== uptr(mapping), page);
	spin_lock(mapping.i_pages_lock);
	if (!page_ref_freeze(page, 2)) {
		spin_unlock(mapping.i_pages_lock);
		return false;
	}
	if (PageDirty(page)) {
		page_ref_unfreeze(page, 2);
		spin_unlock(mapping.i_pages_lock);
		return false;
	}
	__delete_from_page_cache(page);
	spin_unlock(mapping.i_pages_lock);
	return true;
}

/** The same; the caller has the last reference afterwards. */
export function remove_mapping(mapping: address_space, page: page): boolean {
	if (!__remove_mapping(mapping, page)) return false;
	page_ref_unfreeze(page, 1);
	return true;
}
