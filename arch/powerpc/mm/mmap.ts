// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/mm/mmap.c (5.17): where mappings go in a new address
 * space. Left out: randomisation, 32-bit tasks, the legacy layout, slices of
 * the hash MMU. radix__arch_get_unmapped_area() and its like are copies of the
 * generic ones there, which look at DEFAULT_MAP_WINDOW; Port: here the generic
 * ones do (arch_get_mmap_end()), as in the kernel since 5.19.
 */
import { MAP_FIXED } from "linux/mman.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { PAGE_ALIGN } from "asm-generic/page.ts";
import {
	DEFAULT_MAP_WINDOW, TASK_SIZE, TASK_UNMAPPED_BASE,
} from "asm/pgtable_types.ts";
import { stack_guard_gap } from "mm/mmap.ts";

/* The gap below the stack: at least 128 MiB, and at most 5/6 of everything. */
const MIN_GAP = 128 * 1024 * 1024;

function MAX_GAP(): number {
	return Math.floor(TASK_SIZE / 6) * 5;
}

/** Without randomisation the stack starts at the very top. */
function stack_maxrandom_size(): number {
	return 0;
}

/** The top of the area for mappings, which are placed downwards from it: below
 *  the stack at its largest. */
function mmap_base(rnd: number, rlim_stack: number): number {
	const pad = stack_maxrandom_size() + stack_guard_gap;
	let gap = rlim_stack + pad;

	if (gap < MIN_GAP) gap = MIN_GAP;
	else if (gap > MAX_GAP()) gap = MAX_GAP();
	return PAGE_ALIGN(DEFAULT_MAP_WINDOW - gap - rnd);
}

export function arch_pick_mmap_layout(mm: mm_struct, rlim_stack: number): void {
	mm.mmap_legacy_base = TASK_UNMAPPED_BASE;
	mm.mmap_base = mmap_base(0, rlim_stack);
}

/** There is no MAP_32BIT. */
export function arch_get_mmap_32bit_base(_flags: number): number {
	return 0;
}

/** asm/processor.h: what lies beyond the window is for who asks for it: by a
 *  hint, or by an address that is fixed. */
export function arch_get_mmap_end(
	addr: number,
	len: number,
	flags: number,
): number {
	return addr >= DEFAULT_MAP_WINDOW ||
		((flags & MAP_FIXED) !== 0 && addr + len > DEFAULT_MAP_WINDOW)
		? TASK_SIZE
		: DEFAULT_MAP_WINDOW;
}

/** And if so, mappings are placed downwards from as far below the end. */
export function arch_get_mmap_base(mmap_end: number, base: number): number {
	return base + (mmap_end - DEFAULT_MAP_WINDOW);
}
