// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of mm/mmu_gather.ts: that what is unmapped is flushed and freed,
 * whatever the batches do.
 */
import { PAGE_SIZE, PMD_SIZE } from "asm/pgtable_types.ts";
import {
	KUNIT_CASE_PARAM, KUNIT_CASE, KUNIT_EXPECT_EQ, KUNIT_EXPECT_TRUE, type kunit, kunit_suite,
} from "kunit/test.ts";
import { __NR_munmap } from "asm/unistd.ts";
import { current } from "kernel/sched/core.ts";
import { atomic_read } from "linux/atomic.ts";
import { get_mm_counter, MM_ANONPAGES, mm_pgtables_bytes } from "linux/mm.ts";
import { nr_free_pages } from "mm/page_alloc.ts";
import { mem_settle, run_task, user_load8, user_store8, user_syscall } from "arch/x86/kernel/user.ts";
import { AREA, make_process, map_anon, user_test_exit, user_test_init } from "mm/memory_kunit.ts";

/* 8 fit the first batch, 1021 each further one. */
function munmap_gives_all_back(test: kunit, pages: number): void {
	const pid = make_process(test);

	map_anon(test, AREA, pages);
	user_store8(AREA, 1);
	user_syscall(__NR_munmap, AREA, pages * PAGE_SIZE);
	mem_settle();
	run_task(pid);
	const free = nr_free_pages();
	const tables = mm_pgtables_bytes(current().mm);

	map_anon(test, AREA, pages);
	for (let i = 0; i < pages; i++) user_store8(AREA + i * PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, get_mm_counter(current().mm, MM_ANONPAGES), pages);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_munmap, AREA, pages * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, get_mm_counter(current().mm, MM_ANONPAGES), 0);
	KUNIT_EXPECT_EQ(test, mm_pgtables_bytes(current().mm), tables);
	KUNIT_EXPECT_EQ(test, atomic_read(current().mm.tlb_flush_pending), 0);
	mem_settle();
	KUNIT_EXPECT_EQ(test, nr_free_pages(), free);
}

/* The CPU must not find what it had in its TLB. */
function munmap_flushes(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 2);
	map_anon(test, AREA + PMD_SIZE, 2);
	KUNIT_EXPECT_TRUE(test, user_store8(AREA, 1));
	KUNIT_EXPECT_TRUE(test, user_store8(AREA + PMD_SIZE, 2));
	user_syscall(__NR_munmap, AREA, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), -1);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + PMD_SIZE), 2);
	map_anon(test, AREA, 2);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 0);
}

export const mmu_gather_test_suite = kunit_suite({
	name: "mmu_gather",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE_PARAM("munmap_gives_all_back", munmap_gives_all_back,
			[1, 8, 9, 100, 1029, 1500], (n) => `${n} pages`),
		KUNIT_CASE("munmap_flushes", munmap_flushes),
	],
});
