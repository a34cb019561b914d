// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of mm/rmap.ts: who gets which anon_vma, and what forks make of it.
 */
import type { anon_vma, vm_area_struct } from "linux/mm_types.ts";
import { PAGE_MAPPING_ANON } from "linux/page-flags.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { PROT_READ } from "linux/mman.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GT, KUNIT_ASSERT_NOT_NULL, KUNIT_CASE,
	KUNIT_EXPECT_EQ, KUNIT_EXPECT_NE, KUNIT_EXPECT_NULL, type kunit, kunit_suite,
} from "kunit/test.ts";
import { __NR_exit_group, __NR_fork, __NR_mprotect } from "asm/unistd.ts";
import { current } from "kernel/sched/core.ts";
import { run_task, user_store8, user_syscall } from "arch/x86/kernel/user.ts";
import { AREA, make_process, map_anon, page_of, user_test_exit, user_test_init } from "mm/memory_kunit.ts";

function vma_at(test: kunit, addr: number): vm_area_struct {
	for (let vma = current().mm.mmap; vma !== NULL; vma = vma.vm_next) {
		if (vma.vm_start <= addr && addr < vma.vm_end) return vma;
	}
	KUNIT_ASSERT_NOT_NULL(test, NULL);
	return NULL;
}

function page_anon_vma(addr: number): number {
	const page = page_of(addr);

	return page.mapping - PAGE_MAPPING_ANON;
}

function first_write_makes_one(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 4);
	KUNIT_EXPECT_NULL(test, vma_at(test, AREA).anon_vma);
	user_store8(AREA + PAGE_SIZE, 1);
	const anon_vma: anon_vma = vma_at(test, AREA).anon_vma;
	KUNIT_ASSERT_NOT_NULL(test, anon_vma);
	KUNIT_EXPECT_EQ(test, uptr(anon_vma.root), uptr(anon_vma));
	/* It is its own parent. */
	KUNIT_EXPECT_EQ(test, anon_vma.num_children, 1);
	KUNIT_EXPECT_EQ(test, anon_vma.num_active_vmas, 1);
	KUNIT_EXPECT_EQ(test, page_anon_vma(AREA + PAGE_SIZE), uptr(anon_vma));
	const page = page_of(AREA + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, page.index, AREA / PAGE_SIZE + 1);
}

/* [RW, touched][R]: a split shares, and a neighbour is asked before a new one */
function split_shares(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 4);
	user_store8(AREA, 1);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mprotect, AREA + 2 * PAGE_SIZE,
		2 * PAGE_SIZE, PROT_READ), 0);
	const left: anon_vma = vma_at(test, AREA).anon_vma;
	KUNIT_EXPECT_EQ(test, uptr(vma_at(test, AREA + 2 * PAGE_SIZE).anon_vma),
		uptr(left));
	KUNIT_EXPECT_EQ(test, left.num_children, 1);
	KUNIT_EXPECT_EQ(test, left.num_active_vmas, 2);
}

function fork_has_its_own(test: kunit): void {
	const parent = make_process(test);

	map_anon(test, AREA, 2);
	user_store8(AREA, 1);
	const top: anon_vma = vma_at(test, AREA).anon_vma;
	const child = user_syscall(__NR_fork);
	KUNIT_ASSERT_GT(test, child, 0);
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	const own: anon_vma = vma_at(test, AREA).anon_vma;
	KUNIT_EXPECT_NE(test, uptr(own), uptr(top));
	KUNIT_EXPECT_EQ(test, uptr(own.root), uptr(top));
	KUNIT_EXPECT_EQ(test, uptr(own.parent), uptr(top));
	KUNIT_EXPECT_EQ(test, top.num_children, 2);
	KUNIT_EXPECT_EQ(test, top.num_active_vmas, 1);
	KUNIT_EXPECT_EQ(test, own.num_active_vmas, 1);
	/* A page from before the fork is the parent's, one from after is ours. */
	KUNIT_EXPECT_EQ(test, page_anon_vma(AREA), uptr(top));
	user_store8(AREA + PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, page_anon_vma(AREA + PAGE_SIZE), uptr(own));
	user_syscall(__NR_exit_group, 0);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);
	KUNIT_EXPECT_EQ(test, top.num_children, 1);
}

export const rmap_test_suite = kunit_suite({
	name: "rmap",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("first_write_makes_one", first_write_makes_one),
		KUNIT_CASE("split_shares", split_shares),
		KUNIT_CASE("fork_has_its_own", fork_has_its_own),
	],
});
