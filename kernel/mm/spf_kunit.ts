// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of speculative page faults: each reason to abort, made on purpose,
 * with its counter; and that the work is done without mmap_lock otherwise.
 */
import {
	CONFIG_SPECULATIVE_PAGE_FAULT,
	CONFIG_SPECULATIVE_PAGE_FAULT_STATS, CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import {
	MADV_DONTNEED, MAP_ANONYMOUS, MAP_FIXED, MAP_SHARED, PROT_READ,
} from "linux/mman.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import {
	FAULT_FLAG_SPECULATIVE, FAULT_FLAG_USER, FAULT_FLAG_WRITE,
	pte_lockptr, VM_FAULT_RETRY, VM_UFFD_MISSING,
} from "linux/mm.ts";
import { mmap_write_lock, mmap_write_unlock } from "linux/mmap_lock.ts";
import { pmd_off, pte_offset_map } from "linux/pgtable.ts";
import { SIGHUP, SIGSEGV, sigmask } from "linux/signal.ts";
import { cpu_relax } from "linux/smp.ts";
import {
	SPF_ABORT, SPF_ABORT_ACCESS_ERROR, SPF_ABORT_ANON_VMA,
	SPF_ABORT_NO_SPECULATE, SPF_ABORT_ODD, SPF_ABORT_PMD,
	SPF_ABORT_PTE_MAP_LOCK_PTL, SPF_ABORT_PTE_MAP_LOCK_SEQ1,
	SPF_ABORT_PTE_MAP_LOCK_SEQ2, SPF_ABORT_PUD, SPF_ABORT_SWAP,
	SPF_ABORT_UNMAPPED, SPF_ABORT_USERFAULTFD, SPF_ABORT_VMA_COPY,
	SPF_ATTEMPT, SPF_ATTEMPT_WP,
} from "linux/vm_event_item.ts";
import { REGS_USER } from "asm/ptrace.ts";
import {
	__PAGETABLE_PMD_FOLDED, PAGE_SIZE, PMD_SIZE, PTRS_PER_PTE,
} from "asm/pgtable_types.ts";
import { __NR_madvise, __NR_mmap, __NR_mprotect } from "asm/unistd.ts";
import {KUNIT_CASE, KUNIT_EXPECT_EQ, KUNIT_EXPECT_FALSE,
	KUNIT_EXPECT_NE, KUNIT_EXPECT_TRUE, type kunit, kunit_skip, kunit_suite,
} from "kunit/test.ts";
import { rcu_user_enter, rcu_user_exit } from "kernel/rcu.ts";
import { current } from "kernel/sched/core.ts";
import { need_cpu, next_online } from "kernel/lib/kunit/cpus.ts";
import {
	flush_work, INIT_WORK, schedule_work_on, type work_struct,
} from "kernel/workqueue.ts";
import {
	user_load8, user_signal, user_store8, user_syscall,
} from "kernel/entry/user.ts";
import { do_write_fault } from "asm/mmu.ts";
import { do_handle_mm_fault } from "mm/memory.ts";
import {
	area_vma, events, in_kernel, lock_elsewhere, spf_done, unlock_elsewhere,
} from "mm/fault_kunit_util.ts";
import { AREA, make_process, map_anon, pte_of, RW, user_test_exit, user_test_init } from "mm/memory_kunit.ts";

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

function need_stats(test: kunit): void {
	if (!CONFIG_SPECULATIVE_PAGE_FAULT_STATS) {
		spf_done();
		kunit_skip(test, "needs SPECULATIVE_PAGE_FAULT_STATS");
	}
}

/** A speculative write fault at addr that began at sequence seq. */
function spec_fault(vma: vm_area_struct, addr: number, seq: number): number {
	const flags = FAULT_FLAG_SPECULATIVE | FAULT_FLAG_USER | FAULT_FLAG_WRITE;

	return in_kernel(() => do_handle_mm_fault(vma, addr, flags, seq, REGS_USER));
}

/**
 * V2.13, 16, 17, 18, 19: the first fault of a table is classic (and makes the
 * anon_vma), the rest is speculative.
 */
function spf_second_fault_succeeds(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		spf_process(test);
		const attempts = events(SPF_ATTEMPT);
		const aborts = events(SPF_ABORT);

		KUNIT_EXPECT_TRUE(test, user_store8(AREA, 1));
		KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT), attempts + 1);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT), aborts + 1);
		for (let i = 1; i < 64; i++)
			user_store8(AREA + i * PAGE_SIZE, i);
		KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT), attempts + 64);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT),
			aborts + Math.ceil(64 / PTRS_PER_PTE));
		for (let i = 1; i < 64; i++)
			KUNIT_EXPECT_EQ(test, user_load8(AREA + i * PAGE_SIZE), i);
		spf_done();
	}
}

/**
 * V2.26, 27, 31: a page that was read first is written: the zero page is
 * replaced.
 */
function spf_write_after_read(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		spf_process(test);
		need_stats(test);
		user_store8(AREA, 1);
		const aborts = events(SPF_ABORT);
		const wp = events(SPF_ATTEMPT_WP);

		KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 0);
		KUNIT_EXPECT_TRUE(test, user_store8(AREA + PAGE_SIZE, 7));
		KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 7);
		KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT_WP), wp + 1);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT), aborts);
		spf_done();
	}
}

/** V2.28. */
function spf_single_thread_is_classic(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		spf_process(test);
		spf_done();
		const attempts = events(SPF_ATTEMPT);

		user_store8(AREA, 1);
		user_store8(AREA + PAGE_SIZE, 1);
		KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT), attempts);
	}
}

/** V2.13, 16, 31. */
function spf_aborts_at_entry(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const mm = spf_process(test);
		need_stats(test);

		/* No pmd table at all; then a pmd entry without a table. */
		const none = __PAGETABLE_PMD_FOLDED ? SPF_ABORT_PMD :
			SPF_ABORT_PUD;
		const pud = events(none);
		user_store8(AREA, 1);
		KUNIT_EXPECT_EQ(test, events(none), pud + 1);
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
		spf_done();
	}
}

/** V2.18, 31. */
function spf_aborts_without_anon_vma(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		spf_process(test);
		need_stats(test);
		/* A read brings the table, but no anon_vma. */
		user_load8(AREA);
		const n = events(SPF_ABORT_ANON_VMA);
		KUNIT_EXPECT_TRUE(test, user_store8(AREA + PAGE_SIZE, 1));
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT_ANON_VMA), n + 1);
		spf_done();
	}
}

/** V2.17, 18, 31. */
function spf_aborts_at_commit(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const mm = spf_process(test);
		need_stats(test);
		user_store8(AREA, 1);
		const vma = area_vma(test);
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
		lock_elsewhere(ptl);
		rcu_user_exit();
		const ret = do_handle_mm_fault(vma, addr, FAULT_FLAG_SPECULATIVE |
			FAULT_FLAG_USER | FAULT_FLAG_WRITE, mm.mmap_seq, REGS_USER);
		unlock_elsewhere(ptl);
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
		spf_done();
	}
}

/**
 * V2.13, 19, 21, 31: what a speculative fault leaves to the classic one for
 * what it finds.
 */
function spf_aborts_for_the_vma(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const mm = spf_process(test);
		need_stats(test);
		user_store8(AREA, 1);

		/* Not anonymous: shared memory has a file. */
		const shared = AREA + PMD_SIZE;
		user_syscall(__NR_mmap, shared, PAGE_SIZE, RW,
			MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		let n = events(SPF_ABORT_NO_SPECULATE);
		KUNIT_EXPECT_TRUE(test, user_store8(shared, 1));
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT_NO_SPECULATE), n + 1);

		/* Forbidden: the signal is for the classic fault to send. */
		user_syscall(__NR_mprotect, AREA, PAGE_SIZE, PROT_READ);
		n = events(SPF_ABORT_ACCESS_ERROR);
		KUNIT_EXPECT_FALSE(test, user_store8(AREA, 1));
		KUNIT_EXPECT_EQ(test, user_signal()?.signo ?? 0, SIGSEGV);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT_ACCESS_ERROR), n + 1);

		/* An entry that is neither empty nor present; nothing here makes
		 * one, so it is put there. */
		const addr = AREA + 4 * PAGE_SIZE;
		const pte = pte_offset_map(pmd_off(mm, addr), addr);
		const vma = area_vma(test, addr);
		pte.pte = PAGE_SIZE;
		n = events(SPF_ABORT_SWAP);
		KUNIT_EXPECT_EQ(test, spec_fault(vma, addr, mm.mmap_seq),
			VM_FAULT_RETRY);
		pte.pte = 0;
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT_SWAP), n + 1);
		spf_done();
	}
}

/**
 * V2.13, 33, 35: a signal is pending: an attempt that was cut short is left
 * for it, and not counted as aborted. What was given up before the fault was
 * tried goes the classic way all the same, and counts.
 */
function spf_signal_ends_attempt(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const mm = spf_process(test);
		const shared = AREA + 2 * PMD_SIZE;

		user_store8(AREA, 1);
		user_syscall(__NR_mmap, shared, PAGE_SIZE, RW,
			MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		map_anon(test, AREA + PMD_SIZE, 1);
		const fault = (addr: number): boolean => in_kernel(() => {
			const tsk = current();
			tsk.pending |= sigmask(SIGHUP);
			const handled = do_write_fault(addr);
			tsk.pending &= ~sigmask(SIGHUP);
			return handled ? 1 : 0;
		}) === 1;

		/* No table: do_handle_mm_fault() gave up. */
		let aborts = events(SPF_ABORT);
		KUNIT_EXPECT_TRUE(test, fault(AREA + PMD_SIZE));
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT), aborts);
		KUNIT_EXPECT_EQ(test, pte_of(AREA + PMD_SIZE), 0);

		/* A writer is inside; the vma is a file's. */
		mm.mmap_seq++;
		KUNIT_EXPECT_TRUE(test, fault(AREA + PAGE_SIZE));
		mm.mmap_seq++;
		KUNIT_EXPECT_NE(test, pte_of(AREA + PAGE_SIZE), 0);
		KUNIT_EXPECT_TRUE(test, fault(shared));
		KUNIT_EXPECT_NE(test, pte_of(shared), 0);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT), aborts + 2);

		/* Nothing mapped, or nothing permitted: a signal of its own. */
		aborts = events(SPF_ABORT);
		KUNIT_EXPECT_FALSE(test, fault(AREA - PAGE_SIZE));
		user_syscall(__NR_mprotect, AREA, PAGE_SIZE, PROT_READ);
		KUNIT_EXPECT_FALSE(test, fault(AREA));
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT), aborts + 2);
		user_signal();
		spf_done();
	}
}

/* ---- two CPUs ---- */

interface spf_race extends struct {
	stop: int; /* the writer shall leave */
	work: embed<work_struct>;
}
const race = DEFINE<spf_race>();

/** In and out of the address space, as a writer that changes nothing. */
const writer = RODATA((arg: number): number => {
	const mm = cast<mm_struct>(arg);
	let n = 0;

	while (READ_ONCE(race.stop) === 0) {
		mmap_write_lock(mm);
		/* Some stay a while, some are over in no time. */
		if (n % 2 === 0)
			cpu_relax(n);
		mmap_write_unlock(mm);
		n++;
		cpu_relax(n);
	}
	return n;
});

/* Rounds of 64 faults until each window was hit once. */
const RACE_ROUNDS = 1000;

/**
 * V2.10, 13, 17, 31: a writer comes in at any moment of the fault: the
 * result is the same, and sooner or later it has been noticed at each of the
 * checks. The later ones are a few loads apart, and need CPUs that really run
 * at the same time.
 */
function spf_races_with_writer(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const mm = spf_process(test);
		need_stats(test);
		if (next_online(0) === 0)
			spf_done();
		const cpu = need_cpu(test);
		const items = [SPF_ABORT_ODD, SPF_ABORT_VMA_COPY,
			SPF_ABORT_PTE_MAP_LOCK_SEQ1, SPF_ABORT_PTE_MAP_LOCK_SEQ2];
		const before = items.map(events);
		let lost = 0;
		let left = items.length;

		user_store8(AREA, 1);
		race.stop = 0;
		in_kernel(() => {
			INIT_WORK(race.work, writer, uptr(mm));
			schedule_work_on(cpu, race.work);
			return 0;
		});
		for (let round = 0; round < RACE_ROUNDS && left > 0; round++) {
			for (let i = 1; i < 64; i++)
				user_store8(AREA + i * PAGE_SIZE, i);
			for (let i = 1; i < 64; i++) {
				if (user_load8(AREA + i * PAGE_SIZE) !== i)
					lost++;
			}
			user_syscall(__NR_madvise, AREA + PAGE_SIZE, 63 * PAGE_SIZE,
				MADV_DONTNEED);
			left = items.filter((item, i) => events(item) === before[i])
				.length;
		}
		WRITE_ONCE(race.stop, 1);
		in_kernel(() => flush_work(race.work));
		spf_done();
		KUNIT_EXPECT_EQ(test, lost, 0);
		KUNIT_EXPECT_EQ(test, mm.mmap_seq & 1, 0);
		if (left > 0)
			kunit_skip(test, "a window was not hit: too few real CPUs");
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
		KUNIT_CASE("spf_aborts_for_the_vma", spf_aborts_for_the_vma),
		KUNIT_CASE("spf_signal_ends_attempt", spf_signal_ends_attempt),
		KUNIT_CASE("spf_races_with_writer", spf_races_with_writer),
	],
});
