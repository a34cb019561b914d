// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/page_counter.h (5.17): pages in use below a limit, in a
 * tree of counters. Left out: minimum and low protection, high.
 */
import { atomic_long_read } from "linux/atomic.ts";
import type { atomic_t } from "linux/types.ts";

/** Port: 32 bits are enough for pages. */
export const PAGE_COUNTER_MAX = 0x7fffffff;

export interface page_counter extends struct {
	usage: embed<atomic_t>; /* atomic */
	max: int; /* atomic: xchg() orders it with usage */
	watermark: int; /* most there was; atomic: one of two may get lost */
	failcnt: int; /* atomic: as watermark */
	parent: page_counter; /* constant after page_counter_init() */
}

export function page_counter_init(
	counter: page_counter, parent: page_counter,
): void {
	counter.usage.counter = 0;
	counter.max = PAGE_COUNTER_MAX;
	counter.watermark = 0;
	counter.failcnt = 0;
	counter.parent = parent;
}

export function page_counter_read(counter: page_counter): number {
	return atomic_long_read(counter.usage);
}

export {
	page_counter_cancel,
	page_counter_charge,
	page_counter_memparse,
	page_counter_set_max,
	page_counter_try_charge,
	page_counter_uncharge,
} from "mm/page_counter.ts";
