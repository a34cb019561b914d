// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/exit.c (5.17): how a task ends, and how its parent learns.
 * Left out: everything that a task here does not own (files, signal handlers,
 * semaphores, cgroups, io contexts), ptrace, process groups, accounting, core
 * dumps, subreapers, waitid.
 */
import {
	CONFIG_ARCH_HOST_STEPPER,
	CONFIG_MEMCG,
	CONFIG_PERF_EVENTS,
} from "generated/autoconf.ts";
import { ECHILD, EFAULT, EINTR, EINVAL, ESRCH } from "linux/errno.ts";
import { BUG_ON, WARN_ON } from "linux/bug.ts";
import { list_del_init } from "linux/list.ts";
import { mpol_put_task_policy } from "linux/mempolicy.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";
import { perf_event_exit_task } from "linux/perf_event.ts";
import {
	EXIT_DEAD,
	EXIT_ZOMBIE,
	PF_EXITING,
	TASK_DEAD,
	TASK_INTERRUPTIBLE,
	TASK_RUNNING,
	type task_struct,
} from "linux/sched.ts";
import { mmgrab } from "linux/sched/mm.ts";
import {
	get_task_struct,
	put_task_struct,
	task_lock,
	task_unlock,
} from "linux/sched/task.ts";
import {
	next_task,
	same_thread_group,
	setmax_mm_hiwater_rss,
	thread_group_empty,
	thread_group_leader,
} from "linux/sched/signal.ts";
import { RUSAGE_BOTH } from "linux/resource.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import type { rcuwait } from "linux/rcuwait.ts";
import { getrusage_locked, put_rusage } from "kernel/sys.ts";
import { SIGCHLD, SIGKILL, sigmask } from "linux/signal.ts";
import { local_irq_disable, local_irq_enable } from "linux/irqflags.ts";
import { assert_spin_locked, spin_lock, spin_unlock } from "linux/spinlock.ts";
import { enter_lazy_tlb } from "asm/mmu_context.ts";
import { put_user } from "asm/uaccess.ts";
import {
	exit_mm_release,
	init_task,
	mmput,
	tasklist_lock,
	unaccount_process,
} from "kernel/fork.ts";
import { detach_pid, free_pid } from "kernel/pid.ts";
import { mem_cgroup_from_task } from "mm/memcontrol.ts";
import { oom_reaper } from "mm/oom_kill.ts";
import { zap_other_threads } from "kernel/signal.ts";
import {
	current,
	idle_task,
	is_idle_task,
	schedule,
	set_current_state,
	signal_pending,
	switch_to_task,
	wake_up_process,
	wake_up_state,
} from "kernel/sched/core.ts";
import { smp_processor_id } from "host/cpu.ts";
import { smp_mb } from "host/door.ts";

/* options of wait4() */
export const WNOHANG = 0x00000001;
export const WUNTRACED = 0x00000002;
export const WCONTINUED = 0x00000008;
export const __WNOTHREAD = 0x20000000;
export const __WALL = 0x40000000;
export const __WCLONE = 0x80000000 | 0;

/** Out of the list and the hash: nobody can find p any more. tasklist_lock is
 *  held. */
function __unhash_process(p: task_struct): void {
	assert_spin_locked(tasklist_lock);
	unaccount_process();
	detach_pid(p);
	list_del_init(p.tasks);
}

/** What a thread has counted goes on to count for its process. Of the leader
 *  its parent has asked for it already. tasklist_lock is held. */
function __exit_signal(tsk: task_struct): void {
	const sig = tsk.signal;

	assert_spin_locked(tasklist_lock);
	if (thread_group_leader(tsk))
		return;
	sig.min_flt += tsk.min_flt;
	sig.maj_flt += tsk.maj_flt;
	sig.nvcsw += tsk.nvcsw;
	sig.nivcsw += tsk.nivcsw;
}

/**
 * The most memory that the process had at a time, before tsk leaves its mm.
 * tasklist_lock is held. Port: every thread asks, in the kernel the last one.
 * Not on the stepper, as update_hiwater_rss().
 */
export function note_maxrss(tsk: task_struct): void {
	const mm: mm_struct = tsk.mm;
	const sig = tsk.signal;

	assert_spin_locked(tasklist_lock);
	if (mm === NULL || CONFIG_ARCH_HOST_STEPPER)
		return;
	sig.maxrss = setmax_mm_hiwater_rss(sig.maxrss, mm) as int;
}

/**
 * Reap a dead task: its number becomes free. The struct stays until its last
 * reference is dropped, at the latest by the CPU that ran it. No lock is held;
 * the caller made p EXIT_DEAD, so nobody else is at this place.
 */
export function release_task(p: task_struct): void {
	spin_lock(tasklist_lock);
	WARN_ON(p.exit_state !== EXIT_DEAD);
	__exit_signal(p);
	__unhash_process(p);

	/*
	 * The last thread of a group whose leader is dead already: the leader
	 * has waited for us with telling its parent.
	 */
	let zap_leader = false;
	const leader = p.group_leader;
	if (leader !== p && leader.exit_state === EXIT_ZOMBIE &&
	    thread_group_empty(leader)) {
		zap_leader = do_notify_parent(leader);
		if (zap_leader)
			leader.exit_state = EXIT_DEAD;
	}
	spin_unlock(tasklist_lock);

	free_pid(p.pid);
	put_task_struct(p);
	if (zap_leader)
		release_task(leader);
}

/**
 * Wake who waits at w, if anybody does; whether it was we. The condition was
 * made true before.
 */
export function rcuwait_wake_up(w: rcuwait): boolean {
	let ret = false;

	/* Port: tasks are SLAB_TYPESAFE_BY_RCU. One that has gone is not woken,
	 * for it does not sleep, and another one in its place looks again. */
	rcu_read_lock();

	/* The condition before the look at who waits: pairs with
	 * prepare_to_rcuwait() and the set_current_state() after it. */
	smp_mb();

	const task: task_struct = rcu_dereference(w.task);

	if (task !== NULL)
		ret = wake_up_process(task);
	rcu_read_unlock();
	return ret;
}

/**
 * The owner leaves mm to the others who use it: some other task that has it
 * becomes the owner. No lock is held.
 */
export function mm_update_next_owner(mm: mm_struct): void {
	const p = current();

	if (data_race(mm.owner) !== p)
		return;
	spin_lock(tasklist_lock);
	mm.owner = NULL;
	for (let c = next_task(init_task); c !== init_task; c = next_task(c)) {
		if (c === p)
			continue;
		/* Under its lock: who drops the mm later sees that it has become
		 * the owner, and comes here itself. */
		task_lock(c);
		if (c.mm === mm) {
			mm.owner = c;
			if (CONFIG_MEMCG)
				WRITE_ONCE(mm.memcg, mem_cgroup_from_task(c));
		}
		task_unlock(c);
		if (mm.owner !== NULL)
			break;
	}
	spin_unlock(tasklist_lock);
}

/** current stops using its address space, and goes on as a lazy user of it. */
function exit_mm(): void {
	const tsk = current();
	const mm = tsk.mm;

	if (mm === NULL)
		return;
	exit_mm_release(tsk, mm);
	/*
	 * Taken to let a reader of the lock, who found us by our mm, finish
	 * with us.
	 */
	mmap_read_lock(mm);
	mmgrab(mm);
	BUG_ON(mm !== tsk.active_mm, "exit_mm: mm is not active");
	task_lock(tsk);
	local_irq_disable();
	tsk.mm = NULL;
	enter_lazy_tlb(mm, tsk);
	local_irq_enable();
	task_unlock(tsk);
	mmap_read_unlock(mm);
	mm_update_next_owner(mm);
	mmput(mm);
}

/**
 * Our children get a thread of ours that lives on, or else init_task, which
 * waits for nobody: what is dead by then has to be reaped here. tasklist_lock
 * is held. Port: returns one such corpse at a time, and NULL when there is no
 * more, where the kernel builds a list.
 */
function forget_original_parent(father: task_struct): task_struct {
	assert_spin_locked(tasklist_lock);
	let reaper: task_struct = init_task;
	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (same_thread_group(t, father) && t !== father &&
		    (t.flags & PF_EXITING) === 0) {
			reaper = t;
			break;
		}
	}
	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (t.parent !== father)
			continue;
		t.parent = reaper;
		if (t.exit_signal !== -1)
			t.exit_signal = SIGCHLD;
		if (reaper === init_task && t.exit_state === EXIT_ZOMBIE &&
		    thread_group_empty(t)) {
			t.exit_state = EXIT_DEAD;
			return t;
		}
	}
	return NULL;
}

/**
 * Tell tsk's parent. True if nobody will wait for it: it is to be reaped by
 * itself. tasklist_lock is held, tsk is a leader without other threads.
 * Port: init_task waits for nobody, like a parent that ignores SIGCHLD.
 */
function do_notify_parent(tsk: task_struct): boolean {
	assert_spin_locked(tasklist_lock);
	if (tsk.parent === init_task)
		return true;
	__wake_up_parent(tsk);
	return false;
}

/** Any thread of the parent may be the one that sleeps in wait4().
 *  tasklist_lock is held. */
function __wake_up_parent(p: task_struct): void {
	assert_spin_locked(tasklist_lock);
	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (same_thread_group(t, p.parent))
			wake_up_state(t, TASK_INTERRUPTIBLE);
	}
}

/** From here on we are dead to others; a thread buries itself. */
function exit_notify(tsk: task_struct): void {
	spin_lock(tasklist_lock);
	for (;;) {
		const corpse = forget_original_parent(tsk);

		if (corpse === NULL)
			break;
		spin_unlock(tasklist_lock);
		release_task(corpse);
		spin_lock(tasklist_lock);
	}

	tsk.exit_state = EXIT_ZOMBIE;
	let autoreap = false;
	if (thread_group_leader(tsk))
		autoreap = thread_group_empty(tsk) && do_notify_parent(tsk);
	else
		autoreap = true;
	if (autoreap)
		tsk.exit_state = EXIT_DEAD;
	spin_unlock(tasklist_lock);

	if (autoreap)
		release_task(tsk);
}

/**
 * Port: of kernel/sched/core.c. The CPU leaves the dead task for its idle task,
 * and drops the CPU's reference in the place of finish_task_switch().
 */
function do_task_dead(): void {
	const tsk = current();

	WRITE_ONCE(tsk.__state, TASK_DEAD);
	switch_to_task(idle_task(smp_processor_id()));
	put_task_struct(tsk);
	/* Port: this CPU has nothing else to do now. */
	oom_reaper();
}

/**
 * End of the current task. We enter without locks.
 * Port: returns, with the CPU's idle task as current; the caller must not touch
 * the task that it was called by.
 */
export function do_exit(code: number): void {
	const tsk = current();

	BUG_ON(is_idle_task(tsk), "Attempted to kill the idle task!");
	BUG_ON((tsk.flags & PF_EXITING) !== 0, "do_exit: already exiting");

	/* Under the lock, so that forget_original_parent() sees it or not. */
	spin_lock(tasklist_lock);
	tsk.flags |= PF_EXITING;
	note_maxrss(tsk);
	spin_unlock(tasklist_lock);

	tsk.exit_code = code;
	exit_mm();
	/* Before the parent learns of it, who may read what was counted. */
	if (CONFIG_PERF_EVENTS)
		perf_event_exit_task(tsk);
	exit_notify(tsk);
	mpol_put_task_policy(tsk);
	do_task_dead();
}

/** exit(): this thread only. */
export function sys_exit(error_code: number): void {
	do_exit((error_code & 0xff) << 8);
}

/**
 * End of all threads of current's group, by exit_group() or by a signal.
 * Returns like do_exit().
 */
export function do_group_exit(exit_code: number): void {
	const cur = current();

	spin_lock(tasklist_lock);
	/*
	 * Whoever came first has chosen the code for all, and who is to die:
	 * with exec() that is all but himself.
	 */
	if ((READ_ONCE(cur.pending) & sigmask(SIGKILL)) !== 0)
		exit_code = cur.exit_code;
	else
		zap_other_threads(cur, exit_code);
	spin_unlock(tasklist_lock);

	do_exit(exit_code);
	finish_killed_tasks();
}

export function sys_exit_group(error_code: number): void {
	do_group_exit((error_code & 0xff) << 8);
}

/**
 * Port: who runs where is decided outside, and a killed task that runs nowhere
 * might never be run again. So the CPU that killed it lends itself: it runs
 * each such task to its end. We enter without locks and with any task as
 * current, to which the CPU returns.
 *
 * A task that is on another CPU meets its signal there. The two sides agree:
 * the killer sets the signal, then looks at cpu_claim; the CPU that leaves a
 * task clears cpu_claim, then looks for the signal (see task_unclaim()).
 */
export function finish_killed_tasks(): void {
	const self = current();
	let t = claim_killed_task();

	if (t === NULL)
		return;
	/* We leave our own task for a while, but keep our claim on it. */
	while (t !== NULL) {
		switch_to_task(t);
		do_exit(t.exit_code);
		t = claim_killed_task();
	}
	switch_to_task(self);
}

/** A killed task that is on no CPU, now ours to run; or NULL. */
function claim_killed_task(): task_struct {
	let found: task_struct = NULL;

	spin_lock(tasklist_lock);
	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if ((READ_ONCE(t.pending) & sigmask(SIGKILL)) === 0)
			continue;
		if (t.exit_state !== 0 || READ_ONCE(t.__state) !== TASK_RUNNING)
			continue;
		if (!task_claim(t))
			continue;
		found = t;
		break;
	}
	spin_unlock(tasklist_lock);
	return found;
}

/**
 * Choose t to run on this CPU: false if another one has it, or if it is dead
 * or not born yet. Somebody keeps t from being freed. A claim lasts as long as
 * the task is on the CPU.
 */
export function task_claim(t: task_struct): boolean {
	const cpu = smp_processor_id();

	if (cmpxchg(t.cpu_claim, 0, cpu + 1) !== 0)
		return false;
	/* Under the claim its state is stable: only its own CPU ends it.
	 * Acquire; pairs with the release in wake_up_new_task(). */
	if (t.exit_state === 0 && smp_load_acquire(t.__state) === TASK_RUNNING)
		return true;
	WRITE_ONCE(t.cpu_claim, 0);
	return false;
}

/** After the CPU left t for another task. The full barrier of the xchg() pairs
 *  with mark_killed(): either we see the signal, or claim_killed_task() gets t.
 *  No lock is held. */
export function task_unclaim(t: task_struct): void {
	/* Without the claim somebody else may run t to its end, and free it. */
	get_task_struct(t);
	xchg(t.cpu_claim, 0);
	const killed = (READ_ONCE(t.pending) & sigmask(SIGKILL)) !== 0;
	put_task_struct(t);
	if (killed)
		finish_killed_tasks();
}

/** Does this child answer to what the caller asked for? */
function eligible_child(p: task_struct, pid: number, options: number): boolean {
	if (pid > 0 && p.pid !== pid)
		return false;
	/* Those who end with another signal than SIGCHLD are "clone" children. */
	if ((options & __WALL) !== 0)
		return true;
	return (p.exit_signal !== SIGCHLD) === ((options & __WCLONE) !== 0);
}

/** Reap p, a zombie of ours; tasklist_lock is held and dropped. */
function wait_task_zombie(
	p: task_struct, stat_addr: number, ru: number,
): number {
	assert_spin_locked(tasklist_lock);
	const pid = p.pid;
	const status = p.exit_code;

	p.exit_state = EXIT_DEAD;
	account_child(p);
	const usage = getrusage_locked(p, RUSAGE_BOTH);

	spin_unlock(tasklist_lock);
	release_task(p);
	if (stat_addr !== 0 && put_user(status, stat_addr) !== 0)
		return -EFAULT;
	if (ru !== 0 && put_rusage(usage, ru) !== 0)
		return -EFAULT;
	return pid;
}

/** Of wait_task_zombie(): what a child has used, and its children, is from now
 *  on what a child of ours has used. tasklist_lock is held. */
function account_child(p: task_struct): void {
	const sig = p.signal;
	const psig = current().signal;

	psig.cmin_flt += p.min_flt + sig.min_flt + sig.cmin_flt;
	psig.cmaj_flt += p.maj_flt + sig.maj_flt + sig.cmaj_flt;
	psig.cnvcsw += p.nvcsw + sig.nvcsw + sig.cnvcsw;
	psig.cnivcsw += p.nivcsw + sig.nivcsw + sig.cnivcsw;
	psig.cmaxrss = Math.max(psig.cmaxrss, sig.maxrss, sig.cmaxrss);
}

/** Sleeps, keeping its CPU, until a child has ended. */
function do_wait(
	pid: number, stat_addr: number, options: number, ru: number,
): number {
	const tsk = current();
	let retval: number;

	for (;;) {
		/* Pairs with exit_notify(): it sets exit_state, then looks at our
		 * state in __wake_up_parent(), both under tasklist_lock. */
		set_current_state(TASK_INTERRUPTIBLE);
		retval = -ECHILD;
		spin_lock(tasklist_lock);
		for (let p = next_task(init_task); p !== init_task; p = next_task(p)) {
			if (!same_thread_group(p.parent, tsk) || p.exit_signal === -1)
				continue;
			if ((options & __WNOTHREAD) !== 0 && p.parent !== tsk)
				continue;
			if (!eligible_child(p, pid, options))
				continue;
			if (p.exit_state === EXIT_ZOMBIE && thread_group_empty(p)) {
				set_current_state(TASK_RUNNING);
				return wait_task_zombie(p, stat_addr, ru);
			}
			if (p.exit_state !== EXIT_DEAD)
				retval = 0;
		}
		spin_unlock(tasklist_lock);

		if (retval !== 0 || (options & WNOHANG) !== 0)
			break;
		if (signal_pending(tsk)) {
			retval = -EINTR;
			break;
		}
		schedule();
	}
	set_current_state(TASK_RUNNING);
	return retval;
}

/** Port: process groups do not exist: 0 and below -1 mean any child, like
 *  -1. */
export function sys_wait4(upid: number, stat_addr: number, options: number,
		ru: number): number {
	if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD |
			 __WCLONE | __WALL)) !== 0)
		return -EINVAL;
	/* INT_MIN cannot be negated. */
	if (upid === -0x80000000)
		return -ESRCH;
	return do_wait(upid, stat_addr, options, ru);
}
