// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/page_counter.c (5.17): charging pages to a counter and all above
 * it, without a lock, and none beyond a limit. Left out: minimum and low
 * protection (propagate_protected_usage(), page_counter_set_min(), _low()).
 */
import {
	atomic_long_add_return, atomic_long_sub_return, atomic_set,
} from "linux/atomic.ts";
import { WARN_ONCE } from "linux/bug.ts";
import { EBUSY, EINVAL } from "linux/errno.ts";
import {
	PAGE_COUNTER_MAX, type page_counter, page_counter_read,
} from "linux/page_counter.ts";
import { kstrtol } from "kernel/fs/libfs.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";

/** Out of this counter alone. */
export function page_counter_cancel(
	counter: page_counter, nr_pages: number,
): void {
	const now = atomic_long_sub_return(nr_pages, counter.usage);

	if (now < 0) {
		WARN_ONCE(true,
			`page_counter underflow: ${now} nr_pages=${nr_pages}`);
		atomic_set(counter.usage, 0);
	}
}

/** Others may note theirs at the same time: then one of the two is kept. */
function note_watermark(c: page_counter, now: number): void {
	if (now > READ_ONCE(c.watermark))
		WRITE_ONCE(c.watermark, now as int);
}

/** Whatever the limits say. */
export function page_counter_charge(
	counter: page_counter, nr_pages: number,
): void {
	for (let c = counter; c !== NULL; c = c.parent)
		note_watermark(c, atomic_long_add_return(nr_pages, c.usage));
}

/**
 * Unless one of the counters is at its limit: that one is returned, and nothing
 * is charged; else NULL.
 *
 * It is added first and looked at then, so that a page too many is counted for
 * a moment: a charge beside that one may fail that would not have to. The
 * addition is a full barrier: of a limit that is set meanwhile either we see
 * the new value, or page_counter_set_max() our page. Pairs with its xchg().
 *
 * Port: returns the counter instead of a truth.
 */
export function page_counter_try_charge(
	counter: page_counter, nr_pages: number,
): page_counter {
	let fail: page_counter = NULL;

	for (let c = counter; c !== NULL; c = c.parent) {
		const now = atomic_long_add_return(nr_pages, c.usage);

		if (now > READ_ONCE(c.max)) {
			atomic_long_sub_return(nr_pages, c.usage);
			/* One of two at a time may get lost. */
			WRITE_ONCE(c.failcnt, READ_ONCE(c.failcnt) + 1);
			fail = c;
			break;
		}
		note_watermark(c, now);
	}
	if (fail === NULL)
		return NULL;
	for (let c = counter; c !== fail; c = c.parent)
		page_counter_cancel(c, nr_pages);
	return fail;
}

export function page_counter_uncharge(
	counter: page_counter, nr_pages: number,
): void {
	for (let c = counter; c !== NULL; c = c.parent)
		page_counter_cancel(c, nr_pages);
}

/** 0, or -EBUSY: there are more already. Who sets limits of one counter does so
 *  one at a time. */
export function page_counter_set_max(
	counter: page_counter, nr_pages: number,
): number {
	for (;;) {
		const usage = page_counter_read(counter);

		if (usage > nr_pages)
			return -EBUSY;
		/* Pairs with the addition in page_counter_try_charge(). */
		const old = xchg(counter.max, nr_pages as int);

		if (page_counter_read(counter) <= usage)
			return 0;
		WRITE_ONCE(counter.max, old);
	}
}

/** A number of bytes with a suffix, or the word that stands for no limit, in
 *  pages; or -EINVAL. No digits are 0, as of memparse(). Port: the error is
 *  returned, not the pages by pointer. */
export function page_counter_memparse(text: string, max: string): number {
	const word = text.trim();

	if (word === max)
		return PAGE_COUNTER_MAX;
	const found = /^(0x[\da-f]+|\d*)([kmgtpe]?)$/i.exec(word);
	const bytes = found === null ? null : kstrtol(found[1] || "0");

	if (found === null || bytes === null)
		return -EINVAL;
	const shift = "kmgtpe".indexOf(found[2].toLowerCase()) + 1;
	const unit = found[2] === "" ? 1 : 1024 ** shift;

	const pages = Math.floor((bytes * unit) / PAGE_SIZE);

	return Math.min(pages, PAGE_COUNTER_MAX);
}
