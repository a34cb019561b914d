// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/page_poison.c (5.17): fills free pages with a pattern and checks
 * it when they are handed out again, so that a store through a stale pointer
 * does not stay unnoticed. Left out: the boot parameter (it is always on with
 * CONFIG_PAGE_POISONING) and the rate limit; one report a page is made.
 * The page is read and written past KASAN's checks: it is poisoned there too.
 */
import { load8, load32, memset } from "host/door.ts";
import { page_address } from "asm-generic/memory_model.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { WARN } from "linux/bug.ts";
import type { page } from "linux/mm_types.ts";
import { PAGE_POISON } from "linux/poison.ts";

/** PAGE_POISON in all four bytes of a word. */
const PAGE_POISON_WORD = (PAGE_POISON * 0x01010101) | 0;

function poison_page(page: page): void {
	memset(page_address(page), PAGE_POISON, PAGE_SIZE);
}

export function __kernel_poison_pages(page: page, n: number): void {
	for (let i = 0; i < n; i++)
		poison_page(ptr_add<page>(page, i));
}

function single_bit_flip(a: number, b: number): boolean {
	const error = a ^ b;

	return error !== 0 && (error & (error - 1)) === 0;
}

function check_poison_mem(page: page, mem: number): void {
	let p = mem;
	while (p < mem + PAGE_SIZE && load32(p) === PAGE_POISON_WORD)
		p += 4;
	if (p === mem + PAGE_SIZE)
		return;

	/* From the word to the bytes, and to the last bad one. */
	let start = p;
	while (load8(start) === PAGE_POISON)
		start++;
	let end = mem + PAGE_SIZE - 1;
	while (load8(end) === PAGE_POISON)
		end--;

	const what =
		start === end && single_bit_flip(load8(start), PAGE_POISON)
			? "single bit error"
			: "memory corruption";
	WARN(
		true,
		`pagealloc: ${what}: page ${uptr(page).toString(16)} ` +
			`bytes ${start.toString(16)}-${end.toString(16)}, ` +
			`first is ${load8(start).toString(16)}`,
	);
}

export function __kernel_unpoison_pages(page: page, n: number): void {
	for (let i = 0; i < n; i++) {
		const p: page = ptr_add<page>(page, i);

		check_poison_mem(p, page_address(p));
	}
}
