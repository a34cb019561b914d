// SPDX-License-Identifier: GPL-2.0-only
/**
 * mmap_seq by itself: linux/mmap_lock.ts around two words, so that its barriers
 * and its place inside of mmap_lock can be explored to the end.
 */
import { CONFIG_SPECULATIVE_PAGE_FAULT } from "generated/autoconf.ts";
import {
	__mmap_seq_read_check,
	mmap_init_lock,
	mmap_seq_read_start,
	mmap_write_lock,
	mmap_write_unlock,
} from "linux/mmap_lock.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { check_that, type Scenario } from "../scenario.ts";

interface words extends struct {
	a: int /* both by who holds mmap_lock for writing */;
	b: int;
}
const mm = DEFINE<mm_struct>();
const w = DEFINE<words>();

function change(): void {
	mmap_write_lock(mm);
	WRITE_ONCE(w.a, READ_ONCE(w.a) + 1);
	WRITE_ONCE(w.b, READ_ONCE(w.b) + 1);
	mmap_write_unlock(mm);
}

function look(): void {
	const seq = mmap_seq_read_start(mm);

	if ((seq & 1) !== 0) return;
	const a = READ_ONCE(w.a);
	const b = READ_ONCE(w.b);

	if (__mmap_seq_read_check(mm, seq)) check_that(a === b, "a speculation saw one of two changes");
}

const setup = () => mmap_init_lock(mm);

/* Without the feature there is no mmap_seq, and nothing to explore here. */
export const scenarios: Record<string, Scenario> = !CONFIG_SPECULATIVE_PAGE_FAULT
	? {}
	: {
			"mmap-seq": {
				about: "one writer of mmap_lock beside one speculation",
				patch: "V2.10 mm: add per-mm mmap sequence counter",
				invariant: "a speculation that passes its check overlapped no writer",
				setup,
				cpus: [change, look],
				quick: true,
			},
			"mmap-seq-writers": {
				about: "two writers of mmap_lock beside one speculation",
				patch: "V2.10 mm: add per-mm mmap sequence counter",
				invariant: "the sequence is odd exactly while a writer is inside, and every writer counts",
				setup,
				cpus: [change, change, look],
				check() {
					check_that(w.a === 2 && w.b === 2, "a change is lost");
					check_that(mm.mmap_seq === 4, "a writer was not counted");
				},
			},
		};
