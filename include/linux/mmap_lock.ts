// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/mmap_lock.h (5.17 with V2.02, 03, 10 and 31): the mmap
 * locking API, and the sequence count by which a speculative fault notices
 * that a writer was there.
 * Left out: mmap_read_unlock_non_owner() and MMAP_LOCK_INITIALIZER().
 *
 * Port: the time that a task waits for a lock that is not free goes into
 * mmap_lock_wait_ns, but for mmap_write_lock_nested(), which finds it free.
 * Port: __mmap_lock_trace_start_locking() and its like are written out where
 * they are called, since a branch that is patched costs less than a call.
 */
import {
	CONFIG_SPECULATIVE_PAGE_FAULT,
	CONFIG_SPECULATIVE_PAGE_FAULT_STATS,
	CONFIG_TRACING,
} from "generated/autoconf.ts";
import { ktime_get_ns, nr_cpu_ids } from "host/cpu.ts";
import { smp_rmb, smp_wmb } from "host/door.ts";
import { text } from "host/text.ts";
import { VM_BUG_ON_MM } from "linux/bug.ts";
import {
	lockdep_assert_held_write,
	lockdep_assert_rwsem_held,
} from "linux/lockdep.ts";
import type { mm_struct } from "linux/mm_types.ts";
import {
	down_read,
	down_read_killable,
	down_read_trylock,
	down_write,
	down_write_killable,
	down_write_nested,
	down_write_trylock,
	downgrade_write,
	init_rwsem,
	rwsem_is_contended,
	rwsem_is_locked,
	up_read,
	up_write,
} from "linux/rwsem.ts";
import {
	__mmap_lock_do_trace_acquire_returned,
	__mmap_lock_do_trace_released,
	__mmap_lock_do_trace_start_locking,
} from "mm/mmap_lock.ts";
import { count_vm_spf_event } from "linux/vm_event.ts";

/** Time spent waiting for mmap_locks. All fields: its CPU only;
 *  the sums are read by others. */
export interface mmap_lock_wait extends struct {
	read_ns: ulong;
	write_ns: ulong;
	reads: ulong; /* waits, not acquisitions */
	writes: ulong;
}
export const mmap_lock_wait_ns = DEFINE_PER_CPU<mmap_lock_wait>();

/** Sum over all CPUs; exact once they are quiet. */
export function mmap_lock_wait_total(): {
	read_ns: number;
	write_ns: number;
	reads: number;
	writes: number;
} {
	const sum = { read_ns: 0, write_ns: 0, reads: 0, writes: 0 };

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		const w = per_cpu(mmap_lock_wait_ns, cpu);

		/* Each field has one writer, and a double does not tear. */
		sum.read_ns += data_race(w.read_ns);
		sum.write_ns += data_race(w.write_ns);
		sum.reads += data_race(w.reads);
		sum.writes += data_race(w.writes);
	}
	return sum;
}

/* A task that sleeps keeps its CPU, so this_cpu() is where the wait began. */

function account_read_wait(start: number): void {
	const w = this_cpu(mmap_lock_wait_ns);

	w.read_ns += ktime_get_ns() - start;
	w.reads++;
}

function account_write_wait(start: number): void {
	const w = this_cpu(mmap_lock_wait_ns);

	w.write_ns += ktime_get_ns() - start;
	w.writes++;
}

/** V2.10: no writer is inside. */
export function mmap_init_lock(mm: mm_struct): void {
	init_rwsem(mm.mmap_lock);
	if (CONFIG_SPECULATIVE_PAGE_FAULT)
		mm.mmap_seq = 0;
}

/**
 * V2.10: the address space is about to change. We enter with mmap_seq even and
 * mmap_lock held for writing (or for reading by expand_downwards(), which
 * page_table_lock keeps alone), and return with mmap_seq odd; from here on no
 * speculative fault starts, and of those that started before only one that has
 * passed its last check still commits: it holds the page-table lock since, so
 * that the writer finds its entry when it takes that lock.
 */
export function __mmap_seq_write_lock(mm: mm_struct): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		VM_BUG_ON_MM((mm.mmap_seq & 1) !== 0, mm, "mmap_seq odd");
		WRITE_ONCE(mm.mmap_seq, mm.mmap_seq + 1);
		/*
		 * The count is odd before anything changes. Pairs with
		 * smp_rmb() in __mmap_seq_read_check(): a reader that saw one
		 * of the changes sees the odd count too.
		 */
		smp_wmb();
	}
}

/**
 * The writer is done (V2.10): mmap_lock is still held for writing, and
 * released or downgraded after. We enter with mmap_seq odd and return with it
 * even. What a downgraded writer still does is ordered against faults by page-
 * table locks, as everything that is done under the read lock.
 */
export function __mmap_seq_write_unlock(mm: mm_struct): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		/*
		 * All changes are there before the count is even again. Pairs
		 * with smp_rmb() in mmap_seq_read_start(): a reader that starts
		 * from this even count sees the changes.
		 */
		smp_wmb();
		WRITE_ONCE(mm.mmap_seq, mm.mmap_seq + 1);
		VM_BUG_ON_MM((mm.mmap_seq & 1) !== 0, mm, "mmap_seq odd");
	}
}

/** The count at the start of a speculation (V2.10). Odd: a writer is inside,
 *  give up. Nobody waits for an even one. */
export function mmap_seq_read_start(mm: mm_struct): number {
	const seq = READ_ONCE(mm.mmap_seq);

	/* Pairs with smp_wmb() in __mmap_seq_write_unlock(). */
	smp_rmb();
	return seq;
}

/** True if no writer was inside between mmap_seq_read_start() and now (V2.10,
 *  31). */
export function __mmap_seq_read_check(mm: mm_struct, seq: number): boolean {
	/* Pairs with smp_wmb() in __mmap_seq_write_lock(). */
	smp_rmb();
	return seq === READ_ONCE(mm.mmap_seq);
}

/** __mmap_seq_read_check() that counts a failure as `fail_event` (V2.31). */
export function mmap_seq_read_check(
	mm: mm_struct, seq: number, fail_event: number,
): boolean {
	if (__mmap_seq_read_check(mm, seq))
		return true;
	if (CONFIG_SPECULATIVE_PAGE_FAULT_STATS)
		count_vm_spf_event(fail_event);
	return false;
}

/** V2.10: all ways to be a writer begin and end its count. */
export function mmap_write_lock(mm: mm_struct): void {
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_start_locking(mm, true);
	if (!down_write_trylock(mm.mmap_lock)) {
		const start = ktime_get_ns();

		down_write(mm.mmap_lock);
		account_write_wait(start);
	}
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_acquire_returned(mm, true, true);
	__mmap_seq_write_lock(mm);
}

/** For a second mm while another one is locked: fork's new address space,
 *  which nobody else knows (V2.10). */
export function mmap_write_lock_nested(mm: mm_struct, subclass: number): void {
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_start_locking(mm, true);
	down_write_nested(mm.mmap_lock, subclass);
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_acquire_returned(mm, true, true);
	__mmap_seq_write_lock(mm);
}

/** V2.03, 10. 0, or -EINTR and the lock not held: a fatal signal came first. */
export function mmap_write_lock_killable(mm: mm_struct): number {
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_start_locking(mm, true);
	if (!down_write_trylock(mm.mmap_lock)) {
		const start = ktime_get_ns();
		const error = down_write_killable(mm.mmap_lock);

		account_write_wait(start);
		if (error) {
			if (CONFIG_TRACING && text.mmap_lock)
				__mmap_lock_do_trace_acquire_returned(
					mm, true, false);
			return error;
		}
	}
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_acquire_returned(mm, true, true);
	__mmap_seq_write_lock(mm);
	return 0;
}

/** V2.03, 10. */
export function mmap_write_trylock(mm: mm_struct): boolean {
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_start_locking(mm, true);
	const ok = down_write_trylock(mm.mmap_lock);

	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_acquire_returned(mm, true, ok);
	if (ok)
		__mmap_seq_write_lock(mm);
	return ok;
}

/** V2.10. */
export function mmap_write_unlock(mm: mm_struct): void {
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_released(mm, true);
	__mmap_seq_write_unlock(mm);
	up_write(mm.mmap_lock);
}

/** From writer to reader, with no gap for another writer in between (V2.10). */
export function mmap_write_downgrade(mm: mm_struct): void {
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_acquire_returned(mm, false, true);
	__mmap_seq_write_unlock(mm);
	downgrade_write(mm.mmap_lock);
}

export function mmap_read_lock(mm: mm_struct): void {
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_start_locking(mm, false);
	if (!down_read_trylock(mm.mmap_lock)) {
		const start = ktime_get_ns();

		down_read(mm.mmap_lock);
		account_read_wait(start);
	}
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_acquire_returned(mm, false, true);
}

/** 0, or -EINTR with the lock not held (V2.03). */
export function mmap_read_lock_killable(mm: mm_struct): number {
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_start_locking(mm, false);
	if (!down_read_trylock(mm.mmap_lock)) {
		const start = ktime_get_ns();
		const error = down_read_killable(mm.mmap_lock);

		account_read_wait(start);
		if (CONFIG_TRACING && text.mmap_lock)
			__mmap_lock_do_trace_acquire_returned(
				mm, false, error === 0);
		return error;
	}
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_acquire_returned(mm, false, true);
	return 0;
}

/** V2.03. */
export function mmap_read_trylock(mm: mm_struct): boolean {
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_start_locking(mm, false);
	const ok = down_read_trylock(mm.mmap_lock);

	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_acquire_returned(mm, false, ok);
	return ok;
}

export function mmap_read_unlock(mm: mm_struct): void {
	if (CONFIG_TRACING && text.mmap_lock)
		__mmap_lock_do_trace_released(mm, false);
	up_read(mm.mmap_lock);
}

export function mmap_assert_locked(mm: mm_struct): void {
	lockdep_assert_rwsem_held(mm.mmap_lock);
	VM_BUG_ON_MM(!rwsem_is_locked(mm.mmap_lock), mm, "mmap_lock not held");
}

/** Port: where there is the sequence, it has to tell the same: it is odd all
 *  the time that a writer is inside. */
export function mmap_assert_write_locked(mm: mm_struct): void {
	lockdep_assert_held_write(mm.mmap_lock);
	VM_BUG_ON_MM(!rwsem_is_locked(mm.mmap_lock), mm, "mmap_lock not held");
	if (CONFIG_SPECULATIVE_PAGE_FAULT)
		VM_BUG_ON_MM((mm.mmap_seq & 1) === 0, mm,
			"mmap_lock not held for writing");
}

/** V2.02. */
export function mmap_lock_is_contended(mm: mm_struct): boolean {
	return rwsem_is_contended(mm.mmap_lock);
}
