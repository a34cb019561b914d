// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of mm/mmu_gather.ts: that what is unmapped is flushed and freed,
 * whatever the batches do.
 */
import {
	pte_free_tlb, pmd_free_tlb, pud_free_tlb, tlb_get_unmap_size,
	tlb_remove_tlb_entry, type mmu_gather,
} from "asm-generic/tlb.ts";
import { pmd_alloc_one, pte_alloc_one, pud_alloc_one } from "asm/pgalloc.ts";
import {
	__PAGETABLE_PMD_FOLDED, __PAGETABLE_PUD_FOLDED, PAGE_SIZE, PGDIR_SIZE,
	PMD_SIZE, PUD_SIZE,
} from "asm/pgtable_types.ts";
import { rcu_user_enter, rcu_user_exit } from "kernel/rcu.ts";
import { tlb_finish_mmu, tlb_gather_mmu } from "mm/mmu_gather.ts";
import {
	KUNIT_CASE_PARAM, KUNIT_CASE, KUNIT_EXPECT_EQ, KUNIT_EXPECT_TRUE, type kunit, kunit_suite,
} from "kunit/test.ts";
import { __NR_munmap } from "asm/unistd.ts";
import { current } from "kernel/sched/core.ts";
import { atomic_read } from "linux/atomic.ts";
import { get_mm_counter, MM_ANONPAGES, mm_pgtables_bytes } from "linux/mm.ts";
import { nr_free_pages } from "mm/page_alloc.ts";
import { mem_settle, run_task, user_load8, user_store8, user_syscall } from "kernel/entry/user.ts";
import { AREA, make_process, map_anon, user_test_exit, user_test_init } from "mm/memory_kunit.ts";

/* 8 fit the first batch, each further one as many as a page has room for: 1021
 * of one of 4 KiB. */
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

/* What a table mapped was cleared before, with its own range: the table adds
 * one page at its address to it, whatever its level. */
function tables_widen_by_a_page(test: kunit): void {
	make_process(test);
	rcu_user_exit();
	const mm = current().mm;
	const at = AREA + 3 * PAGE_SIZE;
	const expect = (tlb: mmu_gather, size: number): void => {
		KUNIT_EXPECT_TRUE(test, tlb.freed_tables);
		KUNIT_EXPECT_EQ(test, tlb.start, at);
		KUNIT_EXPECT_EQ(test, tlb.end, at + PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, tlb_get_unmap_size(tlb), size);
		tlb_finish_mmu(tlb);
	};
	let tlb = tlb_gather_mmu(mm);

	pte_free_tlb(tlb, pte_alloc_one(mm), at);
	expect(tlb, PMD_SIZE);
	tlb = tlb_gather_mmu(mm);
	if (!__PAGETABLE_PMD_FOLDED) {
		pmd_free_tlb(tlb, pmd_alloc_one(mm, at), at);
		expect(tlb, PUD_SIZE);
		tlb = tlb_gather_mmu(mm);
	}
	if (!__PAGETABLE_PUD_FOLDED) {
		pud_free_tlb(tlb, pud_alloc_one(mm, at), at);
		expect(tlb, PGDIR_SIZE);
		tlb = tlb_gather_mmu(mm);
	}

	/* With a page among it, all is flushed page by page. */
	tlb_remove_tlb_entry(tlb, NULL, at);
	pte_free_tlb(tlb, pte_alloc_one(mm), at);
	expect(tlb, PAGE_SIZE);
	rcu_user_enter();
}

export const mmu_gather_test_suite = kunit_suite({
	name: "mmu_gather",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE_PARAM("munmap_gives_all_back", munmap_gives_all_back,
			[1, 8, 9, 100, 1029, 1500], (n) => `${n} pages`),
		KUNIT_CASE("munmap_flushes", munmap_flushes),
		KUNIT_CASE("tables_widen_by_a_page", tables_widen_by_a_page),
	],
});
