// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/oom_kill.c (5.17): when memory is gone, the process that has most
 * of it is killed, with all who share its memory, and its anonymous pages are
 * taken away by the reaper while it is still on its way out.
 * Port:
 * - Lists of processes and of threads are walked under tasklist_lock, which
 *   stands for rcu_read_lock() and for siglock, too. There is no init that must
 *   not be killed.
 * - Who runs what is decided outside, so that the reaper, a kernel thread, has
 *   no CPU of its own. It is run by CPUs that have nothing better to do: one
 *   that waits for memory, and one whose task has just died: see oom_reaper().
 * - A victim that runs on no CPU is finished by the CPU that killed it, when
 *   that one returns to user mode.
 * Left out: groups that are killed as a whole (memory.oom.group), cpusets and
 * memory policies (oom_cpuset_eligible()), sysrq,
 * notifiers, oom_killer_disable() and what only it looks at (TIF_MEMDIE,
 * exit_oom_victim(), oom_victims), show_mem() and the stack in dump_header(),
 * rate limits, process_mrelease() (there are no pidfds), trace points.
 */
import {
	CONFIG_FAULT_INJECTION, CONFIG_MEMCG, CONFIG_MMU_NOTIFIER,
} from "generated/autoconf.ts";
import { panic } from "kernel/panic.ts";
import { printk } from "kernel/printk.ts";
import { init_task, tasklist_lock } from "kernel/fork.ts";
import { current, fatal_signal_pending } from "kernel/sched/core.ts";
import { do_send_sig_info } from "kernel/signal.ts";
import {
	HZ, schedule_timeout_idle, schedule_timeout_uninterruptible,
} from "kernel/time/timer.ts";
import { atomic_read } from "linux/atomic.ts";
import { __GFP_FS, __GFP_NOFAIL, type gfp_t } from "linux/gfp.ts";
import { lockdep_assert_held_write } from "linux/lockdep.ts";
import { MEMCG_OOM_KILL } from "linux/memcontrol.ts";
import {
	get_mm_counter, get_mm_rss, MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES,
	MM_SWAPENTS, mm_pgtables_bytes, vma_is_anonymous, VM_SHARED,
} from "linux/mm.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { mmap_read_trylock, mmap_read_unlock } from "linux/mmap_lock.ts";
import {
	LONG_MIN, mm_is_oom_victim, MMF_OOM_REAP_QUEUED, MMF_OOM_SKIP,
	MMF_OOM_VICTIM, MMF_UNSTABLE, OOM_SCORE_ADJ_MIN, type oom_control,
	tsk_is_oom_victim,
} from "linux/oom.ts";
import {
	mmu_notifier_invalidate_range_end,
	mmu_notifier_invalidate_range_start_nonblock, mmu_notifier_range_init,
	MMU_NOTIFY_UNMAP,
} from "linux/mmu_notifier.ts";
import { down_write, init_rwsem, up_write } from "linux/rwsem.ts";
import { PF_EXITING, PF_KTHREAD, type task_struct } from "linux/sched.ts";
import { in_vfork, mmdrop, mmgrab } from "linux/sched/mm.ts";
import {
	next_task, same_thread_group, thread_group_leader,
} from "linux/sched/signal.ts";
import {
	get_task_struct, put_task_struct, task_lock, task_unlock,
} from "linux/sched/task.ts";
import { SIGKILL } from "linux/signal.ts";
import {
	assert_spin_locked, spin_lock, spin_lock_init, spin_unlock,
} from "linux/spinlock.ts";
import type { rw_semaphore, spinlock_t } from "linux/spinlock_types.ts";
import { count_vm_event } from "linux/vm_event.ts";
import { OOM_KILL } from "linux/vm_event_item.ts";
import { can_madv_lru_vma } from "mm/internal.ts";
import {
	mem_cgroup_from_task, mem_cgroup_get_max, mem_cgroup_is_descendant,
	mem_cgroup_oom_synchronize, mem_cgroup_print_oom_context,
	mem_cgroup_print_oom_meminfo, memcg_memory_event_mm,
} from "mm/memcontrol.ts";
import { unmap_page_range } from "mm/memory.ts";
import { tlb_finish_mmu, tlb_gather_mmu } from "mm/mmu_gather.ts";
import { totalram_pages } from "mm/page_alloc.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";

interface oom_data extends struct {
	/* By /proc/sys/vm/; marked, as whoever writes there holds no lock. */
	panic_on_oom: int; /* atomic */
	kill_allocating_task: int; /* atomic */
	dump_tasks: int; /* atomic */
	oom_reaper_lock: embed<spinlock_t>; /* guards the list */
	/** last in, first out, by task_struct.oom_reaper_list; with a
	 *  reference to each; oom_reaper_lock, peeked at without */
	oom_reaper_list: task_struct;
}
const data = DEFINE<oom_data>();

/** One at a time looks for a victim. Port: a mutex in the kernel. */
export const oom_lock = DEFINE<rw_semaphore>();
/** Guards changes of signal_struct.oom_score_adj. Port: likewise. */
export const oom_adj_mutex = DEFINE<rw_semaphore>();

/* Port: of each variable of the kernel what kernel/sysctl.ts has. */
export function sysctl_panic_on_oom(): number {
	return READ_ONCE(data.panic_on_oom);
}
export function set_sysctl_panic_on_oom(val: number): void {
	WRITE_ONCE(data.panic_on_oom, val as int);
}
export function sysctl_oom_kill_allocating_task(): number {
	return READ_ONCE(data.kill_allocating_task);
}
export function set_sysctl_oom_kill_allocating_task(val: number): void {
	WRITE_ONCE(data.kill_allocating_task, val as int);
}
export function sysctl_oom_dump_tasks(): number {
	return READ_ONCE(data.dump_tasks);
}
export function set_sysctl_oom_dump_tasks(val: number): void {
	WRITE_ONCE(data.dump_tasks, val as int);
}

/** For the machine; the limit of a group has mem_cgroup_out_of_memory(). */
export function oom_control_init(gfp_mask: gfp_t, order: number): oom_control {
	const oc = {
		gfp_mask,
		order,
		totalpages: 0,
		chosen: NULL,
		chosen_points: LONG_MIN,
		abort: false,
	} as unknown as oom_control;

	if (CONFIG_MEMCG)
		oc.memcg = NULL;
	return oc;
}

function is_memcg_oom(oc: oom_control): boolean {
	return oc.memcg !== NULL;
}

/** May p's process be chosen, or told of? Only in the group whose limit was
 *  hit. tasklist_lock is held. Port: mem_cgroup_scan_tasks(), which goes
 *  through the processes of groups; here groups have no lists of them. */
function oom_in_scope(oc: oom_control, p: task_struct): boolean {
	if (CONFIG_MEMCG && is_memcg_oom(oc))
		return !oom_unkillable_task(p) && mem_cgroup_is_descendant(
			mem_cgroup_from_task(p), oc.memcg);
	return true;
}

/**
 * A thread of p's process that still has an mm, with its task_lock() held, or
 * NULL. p itself may have left it and others not. tasklist_lock is held.
 */
export function find_lock_task_mm(p: task_struct): task_struct {
	assert_spin_locked(tasklist_lock);
	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (!same_thread_group(t, p))
			continue;
		task_lock(t);
		if (t.mm !== NULL)
			return t;
		task_unlock(t);
	}
	return NULL;
}

function oom_unkillable_task(p: task_struct): boolean {
	/* Set before the task is in the list. */
	return (data_race(p.flags) & PF_KTHREAD) !== 0;
}

/**
 * How much would be gained by killing p's process, in pages; LONG_MIN: it is
 * not to be killed. tasklist_lock is held.
 */
export function oom_badness(p: task_struct, totalpages: number): number {
	if (oom_unkillable_task(p))
		return LONG_MIN;
	const t = find_lock_task_mm(p);
	if (t === NULL)
		return LONG_MIN;
	const mm: mm_struct = t.mm;
	const adj = READ_ONCE(t.signal.oom_score_adj);

	/* Not those who are marked so, those who have nothing any more, and
	 * those who only borrow what they seem to have. */
	if (adj === OOM_SCORE_ADJ_MIN ||
	    (READ_ONCE(mm.flags) & (1 << MMF_OOM_SKIP)) !== 0 || in_vfork(t)) {
		task_unlock(t);
		return LONG_MIN;
	}
	const points = get_mm_rss(mm) + get_mm_counter(mm, MM_SWAPENTS) +
		Math.floor(mm_pgtables_bytes(mm) / PAGE_SIZE);
	task_unlock(t);

	return points + adj * Math.floor(totalpages / 1000);
}

/** All memory counts, or the group's: there is one node, and no cpuset. */
function constrained_alloc(oc: oom_control): void {
	if (CONFIG_MEMCG && is_memcg_oom(oc)) {
		oc.totalpages = mem_cgroup_get_max(oc.memcg) || 1;
		return;
	}
	oc.totalpages = totalram_pages();
}

/** Is this process a better victim than those before? False: look no further.
 *  tasklist_lock is held. */
function oom_evaluate_task(task: task_struct, oc: oom_control): boolean {
	if (oom_unkillable_task(task))
		return true;

	/*
	 * It has been killed before, and may use the reserve: no second one is
	 * to, unless nothing is to be had from this one any more.
	 */
	if (tsk_is_oom_victim(task)) {
		const mm: mm_struct = READ_ONCE(task.signal.oom_mm);

		if ((READ_ONCE(mm.flags) & (1 << MMF_OOM_SKIP)) !== 0)
			return true;
		if (oc.chosen !== NULL)
			put_task_struct(oc.chosen);
		oc.chosen = NULL;
		oc.abort = true;
		return false;
	}
	const points = oom_badness(task, oc.totalpages);
	if (points === LONG_MIN || points < oc.chosen_points)
		return true;
	if (oc.chosen !== NULL)
		put_task_struct(oc.chosen);
	oc.chosen = get_task_struct(task);
	oc.chosen_points = points;
	return true;
}

/** The process with most points, with a reference, in oc. */
function select_bad_process(oc: oom_control): void {
	oc.chosen_points = LONG_MIN;
	spin_lock(tasklist_lock);
	for (let p = next_task(init_task); p !== init_task; p = next_task(p)) {
		if (!thread_group_leader(p) || !oom_in_scope(oc, p))
			continue;
		if (!oom_evaluate_task(p, oc))
			break;
	}
	spin_unlock(tasklist_lock);
}

/** A number in a column. */
function column(n: number, width: number): string {
	return n.toString().padStart(width);
}

/** A line of dump_tasks(). tasklist_lock is held. */
function dump_task(p: task_struct): void {
	if (oom_unkillable_task(p))
		return;
	const task = find_lock_task_mm(p);
	if (task === NULL)
		return;
	const mm: mm_struct = task.mm;

	/* Others may be mapping memory just now: any value will do. */
	printk(`[${column(task.pid, 7)}] ${column(0, 5)} ` +
		`${column(task.tgid, 5)} ` +
		`${column(READ_ONCE(mm.total_vm), 8)} ` +
		`${column(get_mm_rss(mm), 8)} ` +
		`${column(mm_pgtables_bytes(mm), 8)} ` +
		`${column(get_mm_counter(mm, MM_SWAPENTS), 8)}         ` +
		`${column(READ_ONCE(task.signal.oom_score_adj), 5)} program`);
	task_unlock(task);
}

/** Port: uids are 0, and every task is called "program". */
function dump_tasks(oc: oom_control): void {
	printk("Tasks state (memory values in pages):");
	printk("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes " +
		"swapents oom_score_adj name");
	spin_lock(tasklist_lock);
	for (let p = next_task(init_task); p !== init_task; p = next_task(p)) {
		if (thread_group_leader(p) && oom_in_scope(oc, p))
			dump_task(p);
	}
	spin_unlock(tasklist_lock);
}

function dump_oom_summary(oc: oom_control, victim: task_struct): void {
	const constraint = CONFIG_MEMCG && is_memcg_oom(oc) ? "MEMCG" : "NONE";
	const groups = CONFIG_MEMCG
		? mem_cgroup_print_oom_context(oc.memcg, victim) : "";

	printk(`oom-kill:constraint=CONSTRAINT_${constraint},nodemask=(null)` +
		`${groups},task=program,pid=${victim.pid},uid=0`);
}

/** p is who was chosen; NULL: nobody. Port: the flags have no names here. */
function dump_header(oc: oom_control, p: task_struct): void {
	const sig = current().signal;
	const adj = sig === NULL ? 0 : READ_ONCE(sig.oom_score_adj);

	printk("program invoked oom-killer: " +
		`gfp_mask=0x${oc.gfp_mask.toString(16)}, ` +
		`order=${oc.order}, oom_score_adj=${adj}`);
	if (CONFIG_MEMCG && is_memcg_oom(oc))
		mem_cgroup_print_oom_meminfo(oc.memcg);
	if (sysctl_oom_dump_tasks() !== 0)
		dump_tasks(oc);
	if (p !== NULL)
		dump_oom_summary(oc, p);
}

/** Pages in kB. */
function K(pages: number): number {
	return pages * (PAGE_SIZE / 1024);
}

/**
 * Does p's process use that mm? Its leader may have left it already, so ask the
 * first thread that has one. tasklist_lock is held.
 */
export function process_shares_mm(p: task_struct, mm: mm_struct): boolean {
	assert_spin_locked(tasklist_lock);
	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (!same_thread_group(t, p))
			continue;
		const t_mm: mm_struct = READ_ONCE(t.mm);

		if (t_mm !== NULL)
			return t_mm === mm;
	}
	return false;
}

/**
 * Take all private memory away from mm. True: as far as can be.
 * mmap_lock is held for reading; or nobody uses the mm any more, in
 * exit_mmap(), and then the reaper may be here at the same time.
 *
 * From now on the contents are not what the program has written: whoever
 * faults on a page that was taken has to learn that from the flag. No barrier:
 * the flag is set before the first page is taken, under the lock of its table,
 * and it is looked at under that lock, too. Pairs with
 * check_stable_address_space().
 */
export function __oom_reap_task_mm(mm: mm_struct): boolean {
	fetch_or(mm.flags, 1 << MMF_UNSTABLE);

	let vma: vm_area_struct = mm.mmap;
	let ret = true;
	for (; vma !== NULL; vma = vma.vm_next) {
		if (!can_madv_lru_vma(vma))
			continue;
		/* What a file has behind it could have been reclaimed. */
		if (!vma_is_anonymous(vma) && (vma.vm_flags & VM_SHARED) !== 0)
			continue;
		const range = mmu_notifier_range_init(MMU_NOTIFY_UNMAP, 0, vma,
			mm, vma.vm_start, vma.vm_end);
		const tlb = tlb_gather_mmu(mm);

		/* Nobody who is told may sleep: the reaper comes again. */
		if (CONFIG_MMU_NOTIFIER &&
		    mmu_notifier_invalidate_range_start_nonblock(range) !== 0) {
			tlb_finish_mmu(tlb);
			ret = false;
			continue;
		}
		unmap_page_range(tlb, vma, vma.vm_start, vma.vm_end, null);
		mmu_notifier_invalidate_range_end(range);
		tlb_finish_mmu(tlb);
	}
	return ret;
}

/** False: try again later. No lock is held. */
function oom_reap_task_mm(tsk: task_struct, mm: mm_struct): boolean {
	/* A writer may sleep for memory, that is, for us. */
	if (!mmap_read_trylock(mm))
		return false;

	/*
	 * Under the lock: exit_mmap() sets the flag and takes the lock for
	 * writing before it frees vmas and tables, so that it is past that, or
	 * waits for us.
	 */
	if ((READ_ONCE(mm.flags) & (1 << MMF_OOM_SKIP)) !== 0) {
		mmap_read_unlock(mm);
		return true;
	}
	const ret = __oom_reap_task_mm(mm);
	if (ret) {
		printk(`oom_reaper: reaped process ${tsk.pid} (program), ` +
			"now " +
			`anon-rss:${K(get_mm_counter(mm, MM_ANONPAGES))}kB, ` +
			`file-rss:${K(get_mm_counter(mm, MM_FILEPAGES))}kB, ` +
			`shmem-rss:${K(get_mm_counter(mm, MM_SHMEMPAGES))}kB`);
	}
	mmap_read_unlock(mm);
	return ret;
}

const MAX_OOM_REAP_RETRIES = 10;

function oom_reap_task(tsk: task_struct): void {
	const mm: mm_struct = READ_ONCE(tsk.signal.oom_mm);
	let attempts = 0;

	while (attempts++ < MAX_OOM_REAP_RETRIES && !oom_reap_task_mm(tsk, mm))
		schedule_timeout_idle(HZ / 10);
	if (attempts > MAX_OOM_REAP_RETRIES &&
	    (READ_ONCE(mm.flags) & (1 << MMF_OOM_SKIP)) === 0)
		printk(`oom_reaper: unable to reap pid:${tsk.pid} (program)`);

	/* Reaped, or held by a writer for good: look for another victim. */
	fetch_or(mm.flags, 1 << MMF_OOM_SKIP);
	/* The reference of wake_oom_reaper(). */
	put_task_struct(tsk);
}

/**
 * What the kernel's thread of that name does when it is woken: all that is
 * queued. False: there was nothing. No lock is held but those of the memory of
 * current, which is not a victim's.
 */
export function oom_reaper(): boolean {
	if (READ_ONCE(data.oom_reaper_list) === NULL)
		return false;
	while (READ_ONCE(data.oom_reaper_list) !== NULL) {
		spin_lock(data.oom_reaper_lock);
		const tsk: task_struct = data.oom_reaper_list;

		if (tsk !== NULL) {
			WRITE_ONCE(data.oom_reaper_list, tsk.oom_reaper_list);
			tsk.oom_reaper_list = NULL;
		}
		spin_unlock(data.oom_reaper_lock);
		if (tsk !== NULL)
			oom_reap_task(tsk);
	}
	return true;
}

/** Port: wakes nobody: see oom_reaper(). */
function wake_oom_reaper(tsk: task_struct): void {
	const mm: mm_struct = READ_ONCE(tsk.signal.oom_mm);
	const queued = 1 << MMF_OOM_REAP_QUEUED;

	if ((fetch_or(mm.flags, queued) & queued) !== 0)
		return;
	get_task_struct(tsk);

	spin_lock(data.oom_reaper_lock);
	tsk.oom_reaper_list = data.oom_reaper_list;
	WRITE_ONCE(data.oom_reaper_list, tsk);
	spin_unlock(data.oom_reaper_lock);
}

/** At boot. */
export function oom_init(): void {
	init_rwsem(oom_lock);
	init_rwsem(oom_adj_mutex);
	spin_lock_init(data.oom_reaper_lock);
	data.dump_tasks = 1;
}

/**
 * From now on the allocations of its threads may use half of the reserve.
 * oom_lock is held, and task_lock(tsk) unless tsk is current: it has an mm.
 */
function mark_oom_victim(tsk: task_struct): void {
	const mm: mm_struct = tsk.mm;
	const sig = tsk.signal;

	lockdep_assert_held_write(oom_lock);
	/* As long as the signal_struct the mm stays, for the reaper. */
	if (cmpxchg(sig.oom_mm, NULL, mm) === NULL) {
		mmgrab(mm);
		fetch_or(mm.flags, 1 << MMF_OOM_VICTIM);
	}
}

/**
 * Is the whole process about to end? tasklist_lock is held. Port: in place of
 * SIGNAL_GROUP_EXIT: there is no thread that is not killed or on its way out.
 */
function __task_will_free_mem(task: task_struct): boolean {
	assert_spin_locked(tasklist_lock);
	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (same_thread_group(t, task) && !fatal_signal_pending(t) &&
		    (t.flags & PF_EXITING) === 0)
			return false;
	}
	return true;
}

/**
 * Will task's memory be free soon, without anybody being killed for it? All who
 * share it have to be about to end. tasklist_lock is held, and task_lock(task)
 * unless task is current.
 */
function task_will_free_mem(task: task_struct): boolean {
	const mm: mm_struct = task.mm;

	/* Past exit_mm() it is no longer up to the task. */
	if (mm === NULL || !__task_will_free_mem(task))
		return false;
	/* Reaped already: there is little left to wait for. */
	if ((READ_ONCE(mm.flags) & (1 << MMF_OOM_SKIP)) !== 0)
		return false;
	if (atomic_read(mm.mm_users) <= 1)
		return true;

	for (let p = next_task(init_task); p !== init_task; p = next_task(p)) {
		if (!thread_group_leader(p) || same_thread_group(task, p))
			continue;
		if (process_shares_mm(p, mm) && !__task_will_free_mem(p))
			return false;
	}
	return true;
}

/** Drops the caller's reference to victim. No lock but oom_lock is held. */
function __oom_kill_process(victim: task_struct, message: string): void {
	spin_lock(tasklist_lock);
	const p = find_lock_task_mm(victim);
	if (p === NULL) {
		spin_unlock(tasklist_lock);
		printk(`${message}: OOM victim ${victim.pid} (program) is ` +
			"already exiting. Skip killing the task");
		put_task_struct(victim);
		return;
	}
	/* Its thread that has the mm, if it has left that itself. */
	get_task_struct(p);
	const mm: mm_struct = p.mm;

	mmgrab(mm);
	count_vm_event(OOM_KILL);
	if (CONFIG_MEMCG)
		memcg_memory_event_mm(mm, MEMCG_OOM_KILL);

	/* The signal before the right to the reserve, or the program could use
	 * that up. */
	do_send_sig_info(SIGKILL, p);
	mark_oom_victim(p);
	printk(`${message}: Killed process ${p.pid} (program) ` +
		`total-vm:${K(READ_ONCE(mm.total_vm))}kB, ` +
		`anon-rss:${K(get_mm_counter(mm, MM_ANONPAGES))}kB, ` +
		`file-rss:${K(get_mm_counter(mm, MM_FILEPAGES))}kB, ` +
		`shmem-rss:${K(get_mm_counter(mm, MM_SHMEMPAGES))}kB, UID:0 ` +
		`pgtables:${Math.floor(mm_pgtables_bytes(mm) / 1024)}kB ` +
		`oom_score_adj:${READ_ONCE(p.signal.oom_score_adj)}`);
	task_unlock(p);

	/*
	 * Other processes that share the mm would keep it. They get nothing
	 * from the reserve, or it might not last.
	 */
	for (let q = next_task(init_task); q !== init_task; q = next_task(q)) {
		if (!thread_group_leader(q) || same_thread_group(q, p))
			continue;
		if (oom_unkillable_task(q) || !process_shares_mm(q, mm))
			continue;
		do_send_sig_info(SIGKILL, q);
	}
	spin_unlock(tasklist_lock);

	wake_oom_reaper(p);
	mmdrop(mm);
	put_task_struct(p);
	put_task_struct(victim);

	/* Port: those of them who are on no CPU run on this one to their end,
	 * once it has let go of its locks. */
	current().need_resched = 1;
}

/** Drops the reference to oc.chosen. oom_lock is held. */
function oom_kill_process(oc: oom_control, message: string): void {
	const victim = oc.chosen;

	/* Who is about to end anyway needs only memory for that. */
	spin_lock(tasklist_lock);
	task_lock(victim);
	const dying = task_will_free_mem(victim);

	if (dying) {
		mark_oom_victim(victim);
		wake_oom_reaper(victim);
	}
	task_unlock(victim);
	spin_unlock(tasklist_lock);
	if (dying) {
		put_task_struct(victim);
		return;
	}
	dump_header(oc, victim);
	__oom_kill_process(victim, message);
}

/** Should the machine rather stop? */
function check_panic_on_oom(oc: oom_control): void {
	const how = sysctl_panic_on_oom();

	if (how === 0)
		return;
	/* A limit is not the machine's whole memory: 2 says that even so. */
	if (CONFIG_MEMCG && how !== 2 && is_memcg_oom(oc))
		return;
	dump_header(oc, NULL);
	panic(`Out of memory: ${how === 2 ? "compulsory" : "system-wide"} ` +
		"panic_on_oom is enabled");
}

/** Is current about to end, so that it gets what it needs? oom_lock is held. */
function current_will_free_mem(): boolean {
	const tsk = current();

	if (tsk.mm === NULL)
		return false;
	spin_lock(tasklist_lock);
	const dying = task_will_free_mem(tsk);

	spin_unlock(tasklist_lock);
	if (dying) {
		mark_oom_victim(tsk);
		wake_oom_reaper(tsk);
	}
	return dying;
}

/**
 * Memory is exhausted, or the limit of a group is hit. Returns whether
 * something was done about it, so that the allocation is worth another attempt.
 * oom_lock is held.
 */
export function out_of_memory(oc: oom_control): boolean {
	const tsk = current();

	if (current_will_free_mem())
		return true;

	/*
	 * Callers that hold file system locks must not wait for an exit. Port:
	 * the kernel lets them try again, for reclaim may help; here they fail.
	 */
	if (!(CONFIG_MEMCG && is_memcg_oom(oc)) &&
	    (oc.gfp_mask & (__GFP_FS | __GFP_NOFAIL)) === 0)
		return false;

	constrained_alloc(oc);
	check_panic_on_oom(oc);

	if (!(CONFIG_MEMCG && is_memcg_oom(oc)) &&
	    sysctl_oom_kill_allocating_task() !== 0 && tsk.mm !== NULL &&
	    !oom_unkillable_task(tsk) && !tsk_is_oom_victim(tsk) &&
	    READ_ONCE(tsk.signal.oom_score_adj) !== OOM_SCORE_ADJ_MIN) {
		oc.chosen = get_task_struct(tsk);
		oom_kill_process(oc,
			"Out of memory (oom_kill_allocating_task)");
		return true;
	}

	select_bad_process(oc);
	if (oc.abort)
		return true;
	if (oc.chosen === NULL) {
		dump_header(oc, NULL);
		printk("Out of memory and no killable processes...");
		/* Who charges is told, and fails. Port: a CPU without a task
		 * asks for somebody outside of the machine, who is told that
		 * there is no memory. */
		if ((CONFIG_MEMCG && is_memcg_oom(oc)) || tsk.mm === NULL)
			return false;
		panic("System is deadlocked on memory");
	}
	oom_kill_process(oc, CONFIG_MEMCG && is_memcg_oom(oc)
		? "Memory cgroup out of memory" : "Out of memory");
	return true;
}

/**
 * Port: until a victim has let go of some memory: in the kernel that takes as
 * long as direct reclaim does. Whoever waits takes the reaper's place, unless
 * it is a victim itself: then the lock of its memory, which it may hold, is
 * what the reaper would wait for, and the memory is on its way.
 */
export function oom_wait(): void {
	const tsk = current();

	if (tsk_is_oom_victim(tsk))
		return;
	if (tsk.mm !== NULL && mm_is_oom_victim(tsk.mm))
		return;
	if (!oom_reaper())
		schedule_timeout_uninterruptible(1);
}

/**
 * A page fault returned VM_FAULT_OOM. The allocation has called out_of_memory()
 * if it was allowed to, so there is nothing left but to let the task take the
 * fault again, or die of its signal.
 */
export function pagefault_out_of_memory(): void {
	const tsk = current();

	if (CONFIG_MEMCG && mem_cgroup_oom_synchronize(true))
		return;
	if (fatal_signal_pending(tsk))
		return;
	/* Port: what has failed only because it was told to is to be tried
	 * again, as the kernel tries whatever has failed. */
	if (CONFIG_FAULT_INJECTION)
		return;
	/*
	 * Port: a fault that failed without killing anybody, since its kind of
	 * allocation does not, would be taken again for ever: no one reclaims.
	 */
	down_write(oom_lock);
	__oom_kill_process(get_task_struct(tsk),
		"Out of memory in a page fault");
	up_write(oom_lock);
}
