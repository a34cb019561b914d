// SPDX-License-Identifier: GPL-2.0-only
/** KUnit tests of linux/mmap_lock.ts: who excludes whom, and mmap_seq. */
import {
	CONFIG_PREEMPT_RT, CONFIG_SPECULATIVE_PAGE_FAULT,
} from "generated/autoconf.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { current } from "kernel/sched/core.ts";
import {
	KUNIT_CASE, KUNIT_EXPECT_EQ, KUNIT_EXPECT_FALSE, KUNIT_EXPECT_TRUE,
	type kunit, kunit_skip, kunit_suite,
} from "kunit/test.ts";
import type { mm_struct } from "linux/mm_types.ts";
import {
	__mmap_seq_read_check, mmap_lock_is_contended, mmap_read_lock,
	mmap_read_trylock, mmap_read_unlock, mmap_seq_read_start,
	mmap_write_downgrade, mmap_write_lock, mmap_write_lock_killable,
	mmap_write_trylock, mmap_write_unlock,
} from "linux/mmap_lock.ts";
import { sys_munmap } from "mm/mmap.ts";
import { addr_of, map, mm_test_exit, mm_test_init, touch } from "mm/mmap_kunit_util.ts";

/** V2.02, 03. */
function exclusion(test: kunit): void {
	const mm: mm_struct = current().mm;

	mmap_read_lock(mm);
	KUNIT_EXPECT_TRUE(test, mmap_read_trylock(mm));
	KUNIT_EXPECT_FALSE(test, mmap_write_trylock(mm));
	mmap_read_unlock(mm);
	mmap_read_unlock(mm);
	KUNIT_EXPECT_TRUE(test, mmap_write_trylock(mm));
	KUNIT_EXPECT_FALSE(test, mmap_read_trylock(mm));
	KUNIT_EXPECT_FALSE(test, mmap_write_trylock(mm));
	/* A writer of PREEMPT_RT counts himself. */
	KUNIT_EXPECT_EQ(test, mmap_lock_is_contended(mm), CONFIG_PREEMPT_RT);
	mmap_write_downgrade(mm);
	KUNIT_EXPECT_TRUE(test, mmap_read_trylock(mm));
	mmap_read_unlock(mm);
	mmap_read_unlock(mm);
	KUNIT_EXPECT_EQ(test, mmap_write_lock_killable(mm), 0);
	mmap_write_unlock(mm);
}

/**
 * V2.10: odd exactly while a writer is inside; a failed trylock leaves it
 * alone.
 */
function sequence(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const mm: mm_struct = current().mm;
		const seq = mmap_seq_read_start(mm);

		KUNIT_EXPECT_EQ(test, seq & 1, 0);
		mmap_read_lock(mm);
		KUNIT_EXPECT_FALSE(test, mmap_write_trylock(mm));
		KUNIT_EXPECT_TRUE(test, __mmap_seq_read_check(mm, seq));
		mmap_read_unlock(mm);
		KUNIT_EXPECT_TRUE(test, __mmap_seq_read_check(mm, seq));

		mmap_write_lock(mm);
		KUNIT_EXPECT_EQ(test, mmap_seq_read_start(mm) & 1, 1);
		KUNIT_EXPECT_FALSE(test, __mmap_seq_read_check(mm, seq));
		mmap_write_downgrade(mm);
		KUNIT_EXPECT_EQ(test, mmap_seq_read_start(mm), seq + 2);
		mmap_read_unlock(mm);
		KUNIT_EXPECT_EQ(test, mmap_seq_read_start(mm), seq + 2);
	} else {
		kunit_skip(test, "CONFIG_SPECULATIVE_PAGE_FAULT is not set");
	}
}

/**
 * V2.10: every change of the address space is seen by a speculation; a fault
 * is not.
 */
function writers_count(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const mm: mm_struct = current().mm;
		let seq = mmap_seq_read_start(mm);

		map(0, 2);
		KUNIT_EXPECT_EQ(test, mmap_seq_read_start(mm), seq + 2);
		seq = mmap_seq_read_start(mm);
		touch(0, true);
		KUNIT_EXPECT_TRUE(test, __mmap_seq_read_check(mm, seq));
		sys_munmap(addr_of(0), PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, mmap_seq_read_start(mm), seq + 2);
	} else {
		kunit_skip(test, "CONFIG_SPECULATIVE_PAGE_FAULT is not set");
	}
}

export const mmap_lock_test_suite = kunit_suite({
	name: "mmap_lock",
	init: mm_test_init,
	exit: mm_test_exit,
	test_cases: [
		KUNIT_CASE("exclusion", exclusion),
		KUNIT_CASE("sequence", sequence),
		KUNIT_CASE("writers_count", writers_count),
	],
});
