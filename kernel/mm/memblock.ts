// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/memblock.c (5.17) as far as a boot with one bank of RAM needs it:
 * memory before the page allocator works, and the hand-over to it.
 * Port: there is one region of memory, [0, ram_size()), of which pointers reach
 * what lies below max_low_pfn(). Reserved is what lies below one boundary: the
 * NULL page, the image, the per-CPU areas and stacks, and, as memblock_alloc()
 * moves the boundary up, what boot code has allocated. Nothing can be given
 * back.
 * Left out: regions (adding, removing, merging, isolating, searching them),
 * flags, nodes, free ranges and their iterators, limits from the command line,
 * debugfs.
 */
import { image_end, memset, ram_size } from "host/door.ts";
import { CONFIG_HIGHMEM, CONFIG_LOWMEM_SIZE } from "generated/autoconf.ts";
import { pfn_to_page } from "asm-generic/memory_model.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { panic } from "kernel/panic.ts";
import type { page } from "linux/mm_types.ts";
import { MAX_ORDER } from "linux/mmzone.ts";
import { PG_reserved } from "linux/page-flags.ts";
import { memblock_free_pages, totalram_pages_add } from "mm/page_alloc.ts";

/** Boot CPU only. */
interface memblock_data extends struct {
	current_limit: int; /* first free byte; 0 once all memory is handed over */
}
const memblock = DEFINE<memblock_data>();

/** What e820__memblock_setup() does: learn what RAM there is. */
export function memblock_init(): void {
	memblock.current_limit = image_end();
}

/** Zeroed memory for good. Boot only; panics when there is none. */
export function memblock_alloc(size: number, align: number): number {
	const start = Math.ceil(memblock.current_limit / align) * align;
	const end = start + size;

	if (memblock.current_limit === 0 || end > max_low_pfn() * PAGE_SIZE)
		panic(`memblock: failed to allocate ${size} bytes`);
	memset(start, 0, size);
	memblock.current_limit = end;
	return start;
}

/** Bytes of RAM, which begins at 0 and has no holes. */
export function memblock_phys_mem_size(): number {
	return memblock_end_of_DRAM();
}

/** The first address that is not RAM. */
export function memblock_end_of_DRAM(): number {
	return Math.floor(ram_size() / PAGE_SIZE) * PAGE_SIZE;
}

/** First frame that there is not. */
export function max_pfn(): number {
	return memblock_end_of_DRAM() / PAGE_SIZE;
}

/** First frame that no pointer reaches; max_pfn() if there is none. */
export function max_low_pfn(): number {
	if (CONFIG_HIGHMEM)
		return Math.min(max_pfn(),
			Math.floor(CONFIG_LOWMEM_SIZE / PAGE_SIZE));
	return max_pfn();
}

/**
 * Hand [start, end) to the page allocator in blocks as large as alignment and
 * what is left allow.
 */
function __free_pages_memory(start: number, end: number): void {
	while (start < end) {
		/* Frame 0 is reserved, so start has a lowest bit. */
		let order = Math.min(MAX_ORDER - 1, 31 - Math.clz32(start & -start));

		while (start + (1 << order) > end)
			order--;
		memblock_free_pages(pfn_to_page(start), start, order);
		start += 1 << order;
	}
}

/** All that is neither reserved nor beyond max_low_pfn() goes to the page
 *  allocator; nothing is reserved afterwards. */
export function memblock_free_all(): void {
	const start_pfn = Math.ceil(memblock.current_limit / PAGE_SIZE);
	const end_pfn = max_low_pfn();

	/* memmap_init_reserved_pages() */
	for (let pfn = 0; pfn < start_pfn; pfn++) {
		const page: page = pfn_to_page(pfn);

		page.flags |= 1 << PG_reserved;
	}
	__free_pages_memory(start_pfn, end_pfn);
	totalram_pages_add(end_pfn - start_pfn);
	memblock.current_limit = 0;
}

/** The rest does. As in arch/x86/mm/highmem_32.c; port: by blocks. */
export function set_highmem_pages_init(): void {
	__free_pages_memory(max_low_pfn(), max_pfn());
	totalram_pages_add(max_pfn() - max_low_pfn());
}
