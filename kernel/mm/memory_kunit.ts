// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of mm/memory.ts and the architecture's mm/: page faults, their
 * signals, copy-on-write, zapping. One process on CPU 0, from user mode.
 * The helpers at the top serve the other tests of page tables as well.
 */
import {
	MADV_DONTNEED, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_NONE, PROT_READ,
	PROT_WRITE,
} from "linux/mman.ts";
import {
	get_mm_counter, MM_ANONPAGES, mm_pgtables_bytes, page_mapcount,
} from "linux/mm.ts";
import type { page } from "linux/mm_types.ts";
import { is_zero_pfn, pmd_off, pte_offset_map } from "linux/pgtable.ts";
import { pmd_none, pte_dirty, pte_page, pte_pfn, pte_special, pte_write } from "asm/pgtable.ts";
import { page_count } from "linux/page_ref.ts";
import { SEGV_ACCERR, SEGV_MAPERR, SIGSEGV } from "linux/signal.ts";
import { PR_SIM_NO_ZEROPAGE } from "linux/version.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GT, KUNIT_CASE, KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE, KUNIT_EXPECT_GT, KUNIT_EXPECT_NE, KUNIT_EXPECT_TRUE,
	type kunit, kunit_suite,
} from "kunit/test.ts";
import {
	__PAGETABLE_PUD_FOLDED, PAGE_SIZE, PMD_SIZE, PMD_TABLE_SIZE,
	PTE_TABLE_SIZE, PTRS_PER_PTE, PUD_SIZE, STACK_TOP,
} from "asm/pgtable_types.ts";
import {
	__NR_exit_group, __NR_fork, __NR_madvise, __NR_mmap, __NR_mprotect,
	__NR_munmap, __NR_prctl, __NR_sim_exec,
} from "asm/unistd.ts";
import { rcu_is_watching, rcu_user_enter, rcu_user_exit } from "kernel/rcu.ts";
import { current } from "kernel/sched/core.ts";
import {
	mem_settle, run_task, user_load32, user_load8, user_signal, user_spawn,
	user_store32, user_store8, user_syscall,
} from "kernel/entry/user.ts";

const STACK_START = STACK_TOP - 33 * PAGE_SIZE;
/** At two thirds of user memory. */
const HEAP = Math.floor(STACK_TOP / PAGE_SIZE / 3) * 2 * PAGE_SIZE;
/** The start of tables of its own, of ptes and of pmds. */
export const AREA = (Math.floor(STACK_TOP / PUD_SIZE) - 6) * PUD_SIZE;
export const RW = PROT_READ | PROT_WRITE;

interface user_test {
	pid: number;
	watching: boolean;
}

export function user_test_init(test: kunit): void {
	const priv: user_test = { pid: 0, watching: rcu_is_watching() };

	test.priv = priv;
	if (priv.watching) rcu_user_enter();
}

export function user_test_exit(test: kunit): void {
	const priv: user_test = test.priv;

	if (priv.pid > 0 && run_task(priv.pid) === 0)
		user_syscall(__NR_exit_group, 0);
	mem_settle();
	if (priv.watching) rcu_user_exit();
}

/** A process with a stack runs on this CPU. */
export function make_process(test: kunit): number {
	const priv: user_test = test.priv;
	const pid = user_spawn();

	KUNIT_ASSERT_GT(test, pid, 0);
	priv.pid = pid;
	KUNIT_ASSERT_EQ(test, run_task(pid), 0);
	KUNIT_ASSERT_EQ(test,
		user_syscall(__NR_sim_exec, HEAP, STACK_START, STACK_TOP), 0);
	return pid;
}

export function map_anon(test: kunit, addr: number, pages: number): void {
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mmap, addr, pages * PAGE_SIZE, RW,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), addr);
}

/** The entry for addr in current's tables; 0 without a table. */
export function pte_of(addr: number): number {
	const pmd = pmd_off(current().mm, addr);

	if (pmd_none(pmd.pmd)) return 0;
	return pte_offset_map(pmd, addr).pte;
}

export function page_of(addr: number): page {
	return pte_page(pte_of(addr));
}

function anon_rss(): number {
	return get_mm_counter(current().mm, MM_ANONPAGES);
}

function fault_anon_read_then_write(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 2);
	const rss = anon_rss();

	KUNIT_EXPECT_EQ(test, user_load8(AREA), 0);
	KUNIT_EXPECT_TRUE(test, is_zero_pfn(pte_pfn(pte_of(AREA))));
	KUNIT_EXPECT_TRUE(test, pte_special(pte_of(AREA)));
	KUNIT_EXPECT_FALSE(test, pte_write(pte_of(AREA)));
	KUNIT_EXPECT_EQ(test, anon_rss(), rss);

	KUNIT_EXPECT_TRUE(test, user_store8(AREA + 7, 9));
	KUNIT_EXPECT_FALSE(test, is_zero_pfn(pte_pfn(pte_of(AREA))));
	KUNIT_EXPECT_TRUE(test, pte_write(pte_of(AREA)) && pte_dirty(pte_of(AREA)));
	KUNIT_EXPECT_EQ(test, anon_rss(), rss + 1);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 7), 9);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 6), 0);
	/* The neighbour has not been touched. */
	KUNIT_EXPECT_EQ(test, pte_of(AREA + PAGE_SIZE), 0);
}

/** Where there is no page of zeroes a read does what a write does. */
function fault_anon_read_without_zeropage(test: kunit): void {
	make_process(test);
	KUNIT_ASSERT_EQ(test,
		user_syscall(__NR_prctl, PR_SIM_NO_ZEROPAGE, 1), 0);
	map_anon(test, AREA, 2);
	const rss = anon_rss();

	KUNIT_EXPECT_EQ(test, user_load8(AREA), 0);
	KUNIT_EXPECT_FALSE(test, is_zero_pfn(pte_pfn(pte_of(AREA))));
	KUNIT_EXPECT_TRUE(test, pte_write(pte_of(AREA)));
	KUNIT_EXPECT_EQ(test, anon_rss(), rss + 1);
	/* Nor may a program that is executed. */
	user_syscall(__NR_sim_exec, HEAP, STACK_START, STACK_TOP);
	KUNIT_EXPECT_EQ(test, current().mm.no_zeropage, 1);
}

function fault_anon_write(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 4);
	KUNIT_EXPECT_TRUE(test, user_store32(AREA + PAGE_SIZE, 0x12345678));
	KUNIT_EXPECT_EQ(test, user_load32(AREA + PAGE_SIZE), 0x12345678);
	KUNIT_EXPECT_EQ(test, user_load32(AREA + PAGE_SIZE + 4), 0);
	const page = page_of(AREA + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	KUNIT_EXPECT_EQ(test, page_mapcount(page), 1);
}

function expect_segv(test: kunit, addr: number, code: number): void {
	const sig = user_signal();

	KUNIT_EXPECT_EQ(test, sig !== null ? sig.signo : 0, SIGSEGV);
	KUNIT_EXPECT_EQ(test, sig !== null ? sig.addr : 0, addr);
	KUNIT_EXPECT_EQ(test, sig !== null ? sig.code : 0, code);
}

function fault_signals(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 2);
	user_store8(AREA, 1);

	/* nothing there */
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 2 * PAGE_SIZE + 5), -1);
	expect_segv(test, AREA + 2 * PAGE_SIZE + 5, SEGV_MAPERR);
	/* read-only, with a page and without */
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mprotect, AREA, 2 * PAGE_SIZE,
		PROT_READ), 0);
	KUNIT_EXPECT_FALSE(test, user_store8(AREA, 2));
	expect_segv(test, AREA, SEGV_ACCERR);
	KUNIT_EXPECT_FALSE(test, user_store8(AREA + PAGE_SIZE, 2));
	expect_segv(test, AREA + PAGE_SIZE, SEGV_ACCERR);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 1);
	/* PROT_NONE keeps the page, and its contents */
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mprotect, AREA, 2 * PAGE_SIZE,
		PROT_NONE), 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), -1);
	expect_segv(test, AREA, SEGV_ACCERR);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mprotect, AREA, 2 * PAGE_SIZE,
		RW), 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 1);
	KUNIT_EXPECT_TRUE(test, user_store8(AREA, 3));
}

function cow_copies_then_reuses(test: kunit): void {
	const parent = make_process(test);

	map_anon(test, AREA, 1);
	user_store8(AREA, 1);
	const shared = page_of(AREA);
	const child = user_syscall(__NR_fork);
	KUNIT_ASSERT_GT(test, child, 0);
	KUNIT_EXPECT_EQ(test, page_mapcount(shared), 2);
	KUNIT_EXPECT_FALSE(test, pte_write(pte_of(AREA)));

	/* The child writes: a copy. The parent then is alone: it keeps its page. */
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	user_store8(AREA, 2);
	KUNIT_EXPECT_NE(test, uptr(page_of(AREA)), uptr(shared));
	KUNIT_EXPECT_EQ(test, page_mapcount(shared), 1);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);
	user_store8(AREA, 3);
	KUNIT_EXPECT_EQ(test, uptr(page_of(AREA)), uptr(shared));
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 2);
	user_syscall(__NR_exit_group, 0);
}

function dontneed_zaps(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 20);
	for (let i = 0; i < 20; i++) user_store8(AREA + i * PAGE_SIZE, i + 1);
	const rss = anon_rss();
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_madvise, AREA + PAGE_SIZE,
		10 * PAGE_SIZE, MADV_DONTNEED), 0);
	KUNIT_EXPECT_EQ(test, anon_rss(), rss - 10);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 1);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 11 * PAGE_SIZE), 12);
}

/*
 * [x][ ] ... [x]    two pte tables; unmapping the first half frees one
 */
function munmap_frees_tables(test: kunit): void {
	make_process(test);
	const before = mm_pgtables_bytes(current().mm);

	map_anon(test, AREA, 2 * PTRS_PER_PTE);
	user_store8(AREA, 1);
	user_store8(AREA + PMD_SIZE, 2);
	const both = mm_pgtables_bytes(current().mm);
	KUNIT_EXPECT_GT(test, both, before);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_munmap, AREA, PMD_SIZE), 0);
	KUNIT_EXPECT_EQ(test, mm_pgtables_bytes(current().mm),
		both - PTE_TABLE_SIZE);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + PMD_SIZE), 2);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_munmap, AREA + PMD_SIZE,
		PMD_SIZE), 0);
	/* The table above, if there is one, is the stack's, too. */
	KUNIT_EXPECT_EQ(test, mm_pgtables_bytes(current().mm),
		before + (__PAGETABLE_PUD_FOLDED ? 0 : PMD_TABLE_SIZE));
	KUNIT_EXPECT_EQ(test, user_load8(AREA + PMD_SIZE), -1);
	expect_segv(test, AREA + PMD_SIZE, SEGV_MAPERR);
}

function stack_grows_down(test: kunit): void {
	make_process(test);
	const below = STACK_START - 3 * PAGE_SIZE;

	KUNIT_EXPECT_TRUE(test, user_store8(below, 5));
	KUNIT_EXPECT_EQ(test, user_load8(below), 5);
	KUNIT_EXPECT_NE(test, pte_of(below), 0);
}

export const memory_test_suite = kunit_suite({
	name: "memory",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("fault_anon_read_then_write", fault_anon_read_then_write),
		KUNIT_CASE("fault_anon_read_without_zeropage",
			fault_anon_read_without_zeropage),
		KUNIT_CASE("fault_anon_write", fault_anon_write),
		KUNIT_CASE("fault_signals", fault_signals),
		KUNIT_CASE("cow_copies_then_reuses", cow_copies_then_reuses),
		KUNIT_CASE("dontneed_zaps", dontneed_zaps),
		KUNIT_CASE("munmap_frees_tables", munmap_frees_tables),
		KUNIT_CASE("stack_grows_down", stack_grows_down),
	],
});
