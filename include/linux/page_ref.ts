// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/page_ref.h (5.17): the reference count of a page.
 * Left out: tracepoints and the folio variants.
 */
import type { page } from "linux/mm_types.ts";
import { CONFIG_DEBUG_VM } from "generated/autoconf.ts";
import { VM_BUG_ON_PAGE } from "linux/bug.ts";

export function page_ref_count(page: page): number {
	return READ_ONCE(page._refcount.counter);
}

export function page_count(page: page): number {
	return page_ref_count(page);
}

/** Nobody else has a reference, but may be looking for one by a number that it
 *  has read somewhere before: see page_ref_add_unless(). */
export function set_page_count(page: page, v: number): void {
	WRITE_ONCE(page._refcount.counter, v);
}

export function init_page_count(page: page): void {
	set_page_count(page, 1);
}

export function page_ref_add(page: page, nr: number): void {
	fetch_add(page._refcount.counter, nr);
}

export function page_ref_sub(page: page, nr: number): void {
	fetch_add(page._refcount.counter, -nr);
}

export function page_ref_inc(page: page): void {
	fetch_add(page._refcount.counter, 1);
}

export function page_ref_dec(page: page): void {
	fetch_add(page._refcount.counter, -1);
}

export function page_ref_sub_and_test(page: page, nr: number): boolean {
	return fetch_add(page._refcount.counter, -nr) === nr;
}

export function page_ref_inc_return(page: page): number {
	return fetch_add(page._refcount.counter, 1) + 1;
}

export function page_ref_dec_and_test(page: page): boolean {
	return fetch_add(page._refcount.counter, -1) === 1;
}

export function page_ref_dec_return(page: page): number {
	return fetch_add(page._refcount.counter, -1) - 1;
}

/** Add nr unless the count is u; tells whether it did. */
export function page_ref_add_unless(
	page: page,
	nr: number,
	u: number,
): boolean {
	let c = READ_ONCE(page._refcount.counter);
	while (c !== u) {
		const old = cmpxchg(page._refcount.counter, c, c + nr);
		if (old === c) return true;
		c = old;
	}
	return false;
}

/** Take all count references away at once, if there are no others. */
export function page_ref_freeze(page: page, count: number): boolean {
	return cmpxchg(page._refcount.counter, count, 0) === count;
}

/** Give them back; what was done while frozen is visible before. */
export function page_ref_unfreeze(page: page, count: number): void {
	if (CONFIG_DEBUG_VM) {
		VM_BUG_ON_PAGE(page_count(page) !== 0, page);
		VM_BUG_ON_PAGE(count === 0, page);
	}
	/* Pairs with the cmpxchg() of page_ref_add_unless() by lookups. */
	smp_store_release(page._refcount.counter, count);
}
