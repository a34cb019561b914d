// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the unit tests of page faults share: those of mm/ and of each
 * architecture's handler. For a task that make_process() has set up.
 */
import {
	CONFIG_PREEMPT_RT, CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import { cpu_tlb, type tlb_entry } from "asm-generic/mmu.ts";
import { PAGE_SIZE, type pte_t } from "asm/pgtable_types.ts";
import { flush_tlb_page } from "asm/tlbflush.ts";
import { __NR_mmap } from "asm/unistd.ts";
import {
	USER_EXEC, USER_READ, USER_WRITE, user_signal, user_syscall, user_touch,
} from "kernel/entry/user.ts";
import {
	rt_mutex_cmpxchg_acquire, rt_mutex_cmpxchg_release,
} from "kernel/locking/rtmutex.ts";
import { rcu_user_enter, rcu_user_exit } from "kernel/rcu.ts";
import { current, idle_task } from "kernel/sched/core.ts";
import {
	KUNIT_ASSERT_NOT_NULL, KUNIT_EXPECT_EQ, type kunit, kunit_skip,
} from "kunit/test.ts";
import {
	MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_EXEC, PROT_READ,
	PROT_WRITE,
} from "linux/mman.ts";
import { find_vma } from "linux/mm.ts";
import type { vm_area_struct } from "linux/mm_types.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";
import { pmd_off, pte_offset_map } from "linux/pgtable.ts";
import { SEGV_ACCERR, SIGSEGV } from "linux/signal.ts";
import { do_raw_spin_lock, do_raw_spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import { SPF_ABORT, SPF_ATTEMPT } from "linux/vm_event_item.ts";
import { AREA, RW } from "mm/memory_kunit.ts";
import { all_vm_events } from "mm/vmstat.ts";

export const SHARED = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED;
export const PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

/** Lock a spinlock as if by another CPU: this one is in no atomic section. */
export function lock_elsewhere(lock: spinlock_t): void {
	if (CONFIG_PREEMPT_RT)
		rt_mutex_cmpxchg_acquire(lock.lock, NULL, idle_task(0));
	else
		do_raw_spin_lock(lock.rlock);
}

export function unlock_elsewhere(lock: spinlock_t): void {
	if (CONFIG_PREEMPT_RT)
		rt_mutex_cmpxchg_release(lock.lock, idle_task(0), NULL);
	else
		do_raw_spin_unlock(lock.rlock);
}

export function need_events(test: kunit): void {
	if (!CONFIG_VM_EVENT_COUNTERS)
		kunit_skip(test, "needs VM_EVENT_COUNTERS");
}

export function events(item: number): number {
	return all_vm_events()[item];
}

/** Runs fn between kernel entry and exit; its result. */
export function in_kernel<T>(fn: () => T): T {
	rcu_user_exit();
	const ret = fn();
	rcu_user_enter();
	return ret;
}

/** The last signal is that one. */
export function expect_signal(
	test: kunit, signo: number, addr: number, code: number,
): void {
	const sig = user_signal();

	KUNIT_EXPECT_EQ(test, sig !== null ? sig.signo : 0, signo);
	KUNIT_EXPECT_EQ(test, sig !== null ? sig.addr : 0, addr);
	KUNIT_EXPECT_EQ(test, sig !== null ? sig.code : 0, code);
}

/** The vma at addr. mmap_lock is taken and given back: nobody else is about. */
export function area_vma(test: kunit, addr: number = AREA): vm_area_struct {
	const mm = current().mm;
	const vma = in_kernel(() => {
		mmap_read_lock(mm);
		const found = find_vma(mm, addr);

		mmap_read_unlock(mm);
		return found;
	});

	KUNIT_ASSERT_NOT_NULL(test, vma);
	return vma;
}

export function ptep_of(addr: number): pte_t {
	return pte_offset_map(pmd_off(current().mm, addr), addr);
}

/** Changes the entry of AREA, and has no CPU remember the old one. */
export function change_pte(test: kunit, fn: (pte: number) => number): void {
	const ptep = ptep_of(AREA);
	const vma = area_vma(test);

	in_kernel(() => {
		ptep.pte = fn(ptep.pte);
		flush_tlb_page(vma, AREA);
	});
}

/** A translation that a CPU could have, of an address space by its number. */
export function fill(cpu: number, addr: number, ctx_id: number): tlb_entry {
	const vpn = addr / PAGE_SIZE;
	const e: tlb_entry = per_cpu(cpu_tlb, cpu).entry[vpn & 255];

	e.vpn = vpn;
	e.ctx_id = ctx_id;
	e.pte = 0;
	return e;
}

/** The process looks as if it had no second thread any more. */
export function spf_done(): void {
	fetch_add(current().mm.mm_users.counter, -1);
}

/** fn makes one attempt, which is given up for that reason. */
export function expect_abort(
	test: kunit, reason: number, fn: () => void,
): void {
	const [of_reason, aborts, attempts] =
		[reason, SPF_ABORT, SPF_ATTEMPT].map(events);

	fn();
	KUNIT_EXPECT_EQ(test, events(reason), of_reason + 1);
	KUNIT_EXPECT_EQ(test, events(SPF_ABORT), aborts + 1);
	KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT), attempts + 1);
}

/**
 * Each protection of a page at AREA, and each kind of access as the first one:
 * what can be written to or executed can be read, and nothing else follows.
 */
export function expect_permissions(test: kunit): void {
	/* prot, then whether it can be read, written to, executed */
	const rows = [
		[0, 0, 0, 0],
		[PROT_READ, 1, 0, 0],
		[PROT_WRITE, 1, 1, 0],
		[PROT_EXEC, 1, 0, 1],
		[RW, 1, 1, 0],
		[PROT_READ | PROT_EXEC, 1, 0, 1],
		[RW | PROT_EXEC, 1, 1, 1],
	];
	const kinds = [USER_READ, USER_WRITE, USER_EXEC];

	function touch_all(first: number, can: number[]): void {
		for (let i = 0; i < 3; i++) {
			const kind = (first + i) % 3;
			const done = user_touch(AREA, kinds[kind]) ? 1 : 0;

			KUNIT_EXPECT_EQ(test, done, can[kind]);
			if (can[kind] === 0)
				expect_signal(test, SIGSEGV, AREA, SEGV_ACCERR);
		}
	}
	for (const flags of [PRIVATE, SHARED])
		for (const [prot, ...can] of rows)
			for (const first of [0, 1, 2]) {
				user_syscall(__NR_mmap, AREA, PAGE_SIZE, prot,
					flags, -1, 0);
				touch_all(first, can);
			}
}
