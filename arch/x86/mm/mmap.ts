// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/mm/mmap.c (5.17) for 64-bit tasks without address space
 * randomisation: where mappings go in a new address space.
 * Left out: 32-bit layouts, randomisation (arch_mmap_rnd() and its like), the
 * legacy-layout personality, mmap_address_hint_valid() (no 5-level addresses),
 * what /dev/mem may map, pfn_modify_allowed().
 */
import { PAGE_SIZE, TASK_SIZE } from "asm/pgtable_types.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { PAGE_ALIGN } from "asm-generic/page.ts";
import { stack_guard_gap } from "mm/mmap.ts";

const SIZE_128M = 128 * 1024 * 1024;

export function task_size_64bit(_full_addr_space: boolean): number {
	return TASK_SIZE;
}

/** Without randomisation the stack starts at the very top. */
function stack_maxrandom_size(_task_size: number): number {
	return 0;
}

/**
 * The top of the area for mappings, which are placed downwards from it: below
 * the stack at its largest, and at least 128 MiB, at most 5/6 of everything.
 */
function mmap_base(rnd: number, task_size: number, rlim_stack: number): number {
	const pad = stack_maxrandom_size(task_size) + stack_guard_gap;
	const gap_min = SIZE_128M;
	const gap_max = Math.floor(task_size / 6) * 5;
	/* An unlimited stack plus its pad would wrap in the kernel. */
	let gap = rlim_stack + pad;

	if (gap < gap_min)
		gap = gap_min;
	else if (gap > gap_max)
		gap = gap_max;
	return PAGE_ALIGN(task_size - gap - rnd);
}

/** The bottom of the area where the layout is bottom-up. */
function mmap_legacy_base(rnd: number, task_size: number): number {
	return Math.ceil(task_size / 3 / PAGE_SIZE) * PAGE_SIZE + rnd;
}

export function arch_pick_mmap_layout(mm: mm_struct, rlim_stack: number): void {
	mm.mmap_legacy_base = mmap_legacy_base(0, task_size_64bit(false));
	mm.mmap_base = mmap_base(0, task_size_64bit(false), rlim_stack);
}

/** A name for what has no file: all of ours have ->name, so there is none. */
export function arch_vma_name(_vma: vm_area_struct): string {
	return "";
}
