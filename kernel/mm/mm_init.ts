// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the memory part of start_kernel() (5.17): mm_init() of init/main.c,
 * mem_init() and zone_sizes_init() of arch/x86/mm, and the initcalls of mm/
 * that give the allocators their final sizes.
 */
import { pgtable_cache_init } from "asm/pgalloc.ts";
import { CONFIG_HIGHMEM } from "generated/autoconf.ts";
import {
	max_low_pfn,
	max_pfn,
	memblock_free_all,
	memblock_init,
	set_highmem_pages_init,
} from "mm/memblock.ts";
import {
	free_area_init,
	init_per_zone_wmark_min,
	setup_per_cpu_pageset,
} from "mm/page_alloc.ts";
import { kmem_cache_init } from "mm/slab.ts";
import { init_mm_internals } from "mm/vmstat.ts";

/** From here on pages come from the page allocator. */
export function mem_init(): void {
	memblock_free_all();
	if (CONFIG_HIGHMEM) set_highmem_pages_init();
}

/** Where each zone ends. */
function zone_sizes_init(): void {
	free_area_init(CONFIG_HIGHMEM
		? [max_low_pfn(), max_pfn()] : [max_pfn()]);
}

/**
 * Set up the kernel's memory allocators. Boot CPU, the others not running;
 * needs nothing but the image. Afterwards alloc_pages(), kmem_cache_create()
 * and kmalloc() work.
 */
export function mm_init(): void {
	/* setup_arch(): what RAM there is, and mem_map over it */
	memblock_init();
	zone_sizes_init();

	mem_init();
	/* initcalls that the slab allocator's first pages should already see */
	init_per_zone_wmark_min();
	setup_per_cpu_pageset();
	kmem_cache_init();
	/* pgtable_init() */
	pgtable_cache_init();
	init_mm_internals();
}
