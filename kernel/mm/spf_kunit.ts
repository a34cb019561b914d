// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of speculative page faults: each reason to abort, made on purpose,
 * with its counter; and that the work is done without mmap_lock otherwise.
 */
import {
	CONFIG_SPECULATIVE_PAGE_FAULT, CONFIG_SPECULATIVE_PAGE_FAULT_STATS,
	CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import {
	FAULT_FLAG_SPECULATIVE, FAULT_FLAG_USER, FAULT_FLAG_WRITE, pte_lockptr,
	VM_FAULT_RETRY, VM_UFFD_MISSING,
} from "linux/mm.ts";
import { mmap_read_lock, mmap_read_unlock, mmap_write_lock, mmap_write_unlock } from "linux/mmap_lock.ts";
import { pmd_off } from "linux/pgtable.ts";
import { do_raw_spin_lock, do_raw_spin_unlock } from "linux/spinlock.ts";
import {
	SPF_ABORT, SPF_ABORT_ANON_VMA, SPF_ABORT_ODD, SPF_ABORT_PMD,
	SPF_ABORT_PTE_MAP_LOCK_PTL, SPF_ABORT_PTE_MAP_LOCK_SEQ1, SPF_ABORT_PUD,
	SPF_ABORT_UNMAPPED, SPF_ABORT_USERFAULTFD, SPF_ATTEMPT, SPF_ATTEMPT_WP,
} from "linux/vm_event_item.ts";
import { REGS_USER } from "asm/ptrace.ts";
import { PAGE_SIZE, PMD_SIZE } from "asm/pgtable_types.ts";
import {
	KUNIT_ASSERT_NOT_NULL, KUNIT_CASE, KUNIT_EXPECT_EQ, KUNIT_EXPECT_TRUE,
	type kunit, kunit_skip, kunit_suite,
} from "kunit/test.ts";
import { rcu_user_enter, rcu_user_exit } from "kernel/rcu.ts";
import { current } from "kernel/sched/core.ts";
import { user_load8, user_store8 } from "arch/x86/kernel/user.ts";
import { do_handle_mm_fault } from "mm/memory.ts";
import { find_vma } from "mm/mmap.ts";
import { all_vm_events } from "mm/vmstat.ts";
import { AREA, make_process, map_anon, pte_of, user_test_exit, user_test_init } from "mm/memory_kunit.ts";

function events(item: number): number {
	return all_vm_events()[item];
}

/** The process looks as if it had a second thread. */
function spf_process(test: kunit): mm_struct {
	if (!CONFIG_SPECULATIVE_PAGE_FAULT || !CONFIG_VM_EVENT_COUNTERS)
		kunit_skip(test, "needs SPECULATIVE_PAGE_FAULT and VM_EVENT_COUNTERS");
	make_process(test);
	map_anon(test, AREA, 64);
	const mm = current().mm;
	fetch_add(mm.mm_users.counter, 1);
	return mm;
}

function spf_done(mm: mm_struct): void {
	fetch_add(mm.mm_users.counter, -1);
}

function need_stats(test: kunit, mm: mm_struct): void {
	if (!CONFIG_SPECULATIVE_PAGE_FAULT_STATS) {
		spf_done(mm);
		kunit_skip(test, "needs SPECULATIVE_PAGE_FAULT_STATS");
	}
}

/** Runs fn between kernel entry and exit; its result. */
function in_kernel(fn: () => number): number {
	rcu_user_exit();
	const ret = fn();
	rcu_user_enter();
	return ret;
}

function area_vma(test: kunit, mm: mm_struct): vm_area_struct {
	rcu_user_exit();
	mmap_read_lock(mm);
	const vma = find_vma(mm, AREA);
	mmap_read_unlock(mm);
	rcu_user_enter();
	KUNIT_ASSERT_NOT_NULL(test, vma);
	return vma;
}

/** A speculative write fault at addr that began at sequence seq. */
function spec_fault(vma: vm_area_struct, addr: number, seq: number): number {
	const flags = FAULT_FLAG_SPECULATIVE | FAULT_FLAG_USER | FAULT_FLAG_WRITE;

	return in_kernel(() => do_handle_mm_fault(vma, addr, flags, seq, REGS_USER));
}

/* The first fault of a table is classic (and makes the anon_vma), the rest is
 * speculative. */
function spf_second_fault_succeeds(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const mm = spf_process(test);
		const attempts = events(SPF_ATTEMPT);
		const aborts = events(SPF_ABORT);

		KUNIT_EXPECT_TRUE(test, user_store8(AREA, 1));
		KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT), attempts + 1);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT), aborts + 1);
		for (let i = 1; i < 64; i++)
			user_store8(AREA + i * PAGE_SIZE, i);
		KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT), attempts + 64);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT), aborts + 1);
		for (let i = 1; i < 64; i++)
			KUNIT_EXPECT_EQ(test, user_load8(AREA + i * PAGE_SIZE), i);
		spf_done(mm);
	}
}

/* A page that was read first is written: the zero page is replaced. */
function spf_write_after_read(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const mm = spf_process(test);
		need_stats(test, mm);
		user_store8(AREA, 1);
		const aborts = events(SPF_ABORT);
		const wp = events(SPF_ATTEMPT_WP);

		KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 0);
		KUNIT_EXPECT_TRUE(test, user_store8(AREA + PAGE_SIZE, 7));
		KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 7);
		KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT_WP), wp + 1);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT), aborts);
		spf_done(mm);
	}
}

function spf_single_thread_is_classic(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const mm = spf_process(test);
		spf_done(mm);
		const attempts = events(SPF_ATTEMPT);

		user_store8(AREA, 1);
		user_store8(AREA + PAGE_SIZE, 1);
		KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT), attempts);
	}
}

function spf_aborts_at_entry(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const mm = spf_process(test);
		need_stats(test, mm);

		/* No pud table at all; then a pmd entry without a table. */
		const pud = events(SPF_ABORT_PUD);
		user_store8(AREA, 1);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT_PUD), pud + 1);
		map_anon(test, AREA + PMD_SIZE, 1);
		const pmd = events(SPF_ABORT_PMD);
		user_store8(AREA + PMD_SIZE, 1);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT_PMD), pmd + 1);

		const odd = events(SPF_ABORT_ODD);
		mm.mmap_seq++;
		KUNIT_EXPECT_TRUE(test, user_store8(AREA + PAGE_SIZE, 1));
		mm.mmap_seq++;
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT_ODD), odd + 1);

		const unmapped = events(SPF_ABORT_UNMAPPED);
		KUNIT_EXPECT_EQ(test, user_load8(AREA - 1), -1);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT_UNMAPPED), unmapped + 1);
		spf_done(mm);
	}
}

function spf_aborts_without_anon_vma(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const mm = spf_process(test);
		need_stats(test, mm);
		/* A read brings the table, but no anon_vma. */
		user_load8(AREA);
		const n = events(SPF_ABORT_ANON_VMA);
		KUNIT_EXPECT_TRUE(test, user_store8(AREA + PAGE_SIZE, 1));
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT_ANON_VMA), n + 1);
		spf_done(mm);
	}
}

function spf_aborts_at_commit(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const mm = spf_process(test);
		need_stats(test, mm);
		user_store8(AREA, 1);
		const vma = area_vma(test, mm);
		const addr = AREA + 2 * PAGE_SIZE;

		/* A writer was there since the fault began. */
		let n = events(SPF_ABORT_PTE_MAP_LOCK_SEQ1);
		const seq = mm.mmap_seq;
		in_kernel(() => {
			mmap_write_lock(mm);
			mmap_write_unlock(mm);
			return 0;
		});
		KUNIT_EXPECT_EQ(test, spec_fault(vma, addr, seq), VM_FAULT_RETRY);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT_PTE_MAP_LOCK_SEQ1), n + 1);
		KUNIT_EXPECT_EQ(test, pte_of(addr), 0);

		/* The lock of the table is taken: no waiting. */
		n = events(SPF_ABORT_PTE_MAP_LOCK_PTL);
		const ptl = pte_lockptr(mm, pmd_off(mm, addr));
		/* As if by another CPU: this one is not in an atomic section. */
		do_raw_spin_lock(ptl);
		rcu_user_exit();
		const ret = do_handle_mm_fault(vma, addr, FAULT_FLAG_SPECULATIVE |
			FAULT_FLAG_USER | FAULT_FLAG_WRITE, mm.mmap_seq, REGS_USER);
		do_raw_spin_unlock(ptl);
		rcu_user_enter();
		KUNIT_EXPECT_EQ(test, ret, VM_FAULT_RETRY);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT_PTE_MAP_LOCK_PTL), n + 1);

		/* Somebody wants to hear of missing pages. */
		n = events(SPF_ABORT_USERFAULTFD);
		vma.vm_flags |= VM_UFFD_MISSING;
		KUNIT_EXPECT_EQ(test, spec_fault(vma, addr, mm.mmap_seq),
			VM_FAULT_RETRY);
		vma.vm_flags &= ~VM_UFFD_MISSING;
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT_USERFAULTFD), n + 1);
		KUNIT_EXPECT_EQ(test, pte_of(addr), 0);

		/* And with nothing in the way. */
		KUNIT_EXPECT_EQ(test, spec_fault(vma, addr, mm.mmap_seq), 0);
		spf_done(mm);
	}
}

export const spf_test_suite = kunit_suite({
	name: "spf",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("spf_second_fault_succeeds", spf_second_fault_succeeds),
		KUNIT_CASE("spf_write_after_read", spf_write_after_read),
		KUNIT_CASE("spf_single_thread_is_classic", spf_single_thread_is_classic),
		KUNIT_CASE("spf_aborts_at_entry", spf_aborts_at_entry),
		KUNIT_CASE("spf_aborts_without_anon_vma", spf_aborts_without_anon_vma),
		KUNIT_CASE("spf_aborts_at_commit", spf_aborts_at_commit),
	],
});
