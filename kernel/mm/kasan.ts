// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/kasan/{common,shadow}.c (5.17) for the generic mode: keeps the
 * shadow of RAM in step with what is allocated.
 * Port: the shadow and the check at each access belong to the machine. A
 * shadow byte only says "allowed" or "forbidden" for its eight bytes, so slab
 * objects are laid out in multiples of KASAN_GRANULE_SIZE, and a granule that
 * is partly in use is allowed as a whole. The memory of a page is reached by
 * other doors too (user accesses, clear_page(), memset()), which do not check.
 */
import {
	kasan_poison_range,
	kasan_poison_rcu_range,
	kasan_unpoison_range,
} from "host/door.ts";
import { CONFIG_KASAN, CONFIG_RCU_STEPPED } from "generated/autoconf.ts";
import { page_address } from "asm-generic/memory_model.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { BUG_ON } from "linux/bug.ts";
import { KASAN_GRANULE_SIZE } from "linux/kasan.ts";
import type { page } from "linux/mm_types.ts";

function round_up(n: number): number {
	return (n + KASAN_GRANULE_SIZE - 1) & ~(KASAN_GRANULE_SIZE - 1);
}

/** Forbid access to [addr, addr + size). */
export function kasan_poison(addr: number, size: number): void {
	if (CONFIG_KASAN) {
		BUG_ON((addr & (KASAN_GRANULE_SIZE - 1)) !== 0, "kasan: alignment");
		kasan_poison_range(addr, round_up(size));
	}
}

/** Allow it. */
export function kasan_unpoison(addr: number, size: number): void {
	if (CONFIG_KASAN) {
		BUG_ON((addr & (KASAN_GRANULE_SIZE - 1)) !== 0, "kasan: alignment");
		kasan_unpoison_range(addr, round_up(size));
	}
}

export function __kasan_unpoison_range(addr: number, size: number): void {
	kasan_unpoison(addr, size);
}

export function __kasan_unpoison_pages(page: page, order: number): void {
	kasan_unpoison(page_address(page), PAGE_SIZE << order);
}

export function __kasan_poison_pages(page: page, order: number): void {
	kasan_poison(page_address(page), PAGE_SIZE << order);
}

export function __kasan_poison_slab(addr: number, size: number): void {
	kasan_poison(addr, size);
}

export function __kasan_poison_object(addr: number, size: number): void {
	kasan_poison(addr, size);
}

export function __kasan_slab_free(
	addr: number,
	size: number,
	typesafe_by_rcu: boolean,
): void {
	if (!typesafe_by_rcu)
		kasan_poison(addr, size);
	else if (CONFIG_RCU_STEPPED)
		kasan_poison_rcu_range(addr, round_up(size));
}
