// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/memcontrol.c (5.17) as far as a limit that a charge can hit:
 * charging pages, giving them back, the OOM killer of a group, who waits at the
 * limit instead, and the files that a program sets and reads this by.
 * Port:
 * - The groups are those of kernel/cgroup/cgroup.ts. They are never made nor
 *   removed, so that nobody needs a reference to one (css_get()).
 * - The group of an mm is in the mm. It is its owner's, and changes with the
 *   owner and when that one is moved. In the kernel it is found by way of the
 *   owner, who is freed by RCU there, and here is not.
 * - Nothing is reclaimed, so at the limit there is nothing to try but the OOM
 *   killer.
 * - A mount has the files of v2 or of v1; here each group has both.
 * Left out: the stock of charges for each CPU (consume_stock(),
 * refill_stock()), so each page is charged by itself; uncharging in batches;
 * statistics, events but for those three, their notification
 * (mem_cgroup_oom_notify()); kernel memory (obj_cgroups), swap, high, low and
 * min, writeback, pressure; moving charges. Charges of pages that are there
 * stay where they are.
 */
import { CONFIG_FAIL_MEMCG } from "generated/autoconf.ts";
import { VM_BUG_ON_PAGE } from "linux/bug.ts";
import { EBUSY, EINTR, EINVAL, ENOMEM } from "linux/errno.ts";
import {
	__GFP_ATOMIC, __GFP_NOFAIL, __GFP_NORETRY, __GFP_RETRY_MAYFAIL,
	GFP_KERNEL, type gfp_t, gfpflags_allow_blocking,
} from "linux/gfp.ts";
import { list_del_init } from "linux/list.ts";
import {
	type mem_cgroup, MEMCG_MAX, MEMCG_OOM, MEMCG_OOM_KILL, page_memcg,
	task_in_memcg_oom,
} from "linux/memcontrol.ts";
import type { mm_struct, page } from "linux/mm_types.ts";
import { tsk_is_oom_victim } from "linux/oom.ts";
import {
	PAGE_COUNTER_MAX, page_counter_charge, page_counter_memparse,
	page_counter_read, page_counter_set_max, page_counter_try_charge,
	page_counter_uncharge,
} from "linux/page_counter.ts";
import {
	down_write, down_write_killable, init_rwsem, up_write,
} from "linux/rwsem.ts";
import {
	PF_EXITING, TASK_KILLABLE, type task_struct,
} from "linux/sched.ts";
import { spin_lock, spin_lock_init, spin_unlock } from "linux/spinlock.ts";
import type { rw_semaphore, spinlock_t } from "linux/spinlock_types.ts";
import {
	__wake_up_common_lock, finish_wait, init_wait_func, init_waitqueue_head,
	prepare_to_wait, type wait_queue_entry, type wait_queue_head,
} from "linux/wait.ts";
import {
	cgroup_path, css_next_descendant_pre, type cftype, root_mem_cgroup,
} from "kernel/cgroup/cgroup.ts";
import { kstrtol } from "kernel/fs/libfs.ts";
import { should_fail_charge } from "kernel/lib/fault-inject.ts";
import { printk } from "kernel/printk.ts";
import {
	current, fatal_signal_pending, schedule, signal_pending, TASK_NORMAL,
	try_to_wake_up,
} from "kernel/sched/core.ts";
import {
	oom_control_init, oom_lock, oom_wait, out_of_memory,
} from "mm/oom_kill.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";

interface memcontrol_data extends struct {
	/** guards mem_cgroup.oom_lock and .under_oom */
	memcg_oom_lock: embed<spinlock_t>;
	memcg_oom_waitq: embed<wait_queue_head>; /* see wait_queue_head */
	/** guards page_counter.max against others who set it so that it may be
	 *  refused */
	memcg_max_mutex: embed<rw_semaphore>;
}
const data = DEFINE<memcontrol_data>();

/** At boot. */
export function mem_cgroup_init(): void {
	spin_lock_init(data.memcg_oom_lock);
	init_waitqueue_head(data.memcg_oom_waitq);
	init_rwsem(data.memcg_max_mutex);
}

function task_is_dying(): boolean {
	const tsk = current();

	return tsk_is_oom_victim(tsk) || fatal_signal_pending(tsk) ||
		(tsk.flags & PF_EXITING) !== 0;
}

export function mem_cgroup_is_root(memcg: mem_cgroup): boolean {
	return memcg.parent === NULL;
}

/** memcontrol.h: is it root, or below that? */
export function mem_cgroup_is_descendant(
	memcg: mem_cgroup, root: mem_cgroup,
): boolean {
	let m: mem_cgroup = memcg;

	while (m !== NULL && m !== root)
		m = m.parent;
	return m !== NULL;
}

/** memcontrol.h: in the group and in all above it, but for the root, which has
 *  no file. */
function memcg_memory_event(memcg: mem_cgroup, event: number): void {
	for (let m = memcg; !mem_cgroup_is_root(m); m = m.parent)
		fetch_add(m.memory_events[event], 1);
}

/** memcontrol.h: of the group of an mm. */
export function memcg_memory_event_mm(mm: mm_struct, event: number): void {
	memcg_memory_event(get_mem_cgroup_from_mm(mm), event);
}

/** The group of a process; kernel threads are in the root. */
export function mem_cgroup_from_task(p: task_struct): mem_cgroup {
	return p.signal === NULL
		? root_mem_cgroup() : READ_ONCE(p.signal.memcg);
}

/** NULL: of current, or if that has none, the root. */
function get_mem_cgroup_from_mm(mm: mm_struct): mem_cgroup {
	const of: mm_struct = mm === NULL ? current().mm : mm;
	const memcg: mem_cgroup = of === NULL ? NULL : READ_ONCE(of.memcg);

	return memcg === NULL ? root_mem_cgroup() : memcg;
}

/** How many pages more the group may have; its parents may have less. */
function mem_cgroup_margin(memcg: mem_cgroup): number {
	const count = page_counter_read(memcg.memory);
	const limit = READ_ONCE(memcg.memory.max);

	return count < limit ? limit - count : 0;
}

/** Pages in kB. */
function K(pages: number): number {
	return pages * (PAGE_SIZE / 1024);
}

/** Of the line that says who is killed: whose limit it is for, NULL for the
 *  machine's, and whose process p is. */
export function mem_cgroup_print_oom_context(
	memcg: mem_cgroup, p: task_struct,
): string {
	const of = memcg === NULL
		? ",global_oom" : `,oom_memcg=${cgroup_path(memcg)}`;

	return `${of},task_memcg=${cgroup_path(mem_cgroup_from_task(p))}`;
}

export function mem_cgroup_print_oom_meminfo(memcg: mem_cgroup): void {
	printk(`memory: usage ${K(page_counter_read(memcg.memory))}kB, ` +
		`limit ${K(READ_ONCE(memcg.memory.max))}kB, ` +
		`failcnt ${READ_ONCE(memcg.memory.failcnt)}`);
}

/** In pages: what the badness in a group is measured by. */
export function mem_cgroup_get_max(memcg: mem_cgroup): number {
	return READ_ONCE(memcg.memory.max);
}

/** Kill somebody in the group or below. False: there is nobody. */
function mem_cgroup_out_of_memory(
	memcg: mem_cgroup, gfp_mask: gfp_t, order: number,
): boolean {
	const oc = oom_control_init(gfp_mask, order);

	oc.memcg = memcg;
	if (down_write_killable(oom_lock) !== 0)
		return true;
	/* Somebody may have been killed while we waited for the lock. */
	const ret = mem_cgroup_margin(memcg) >= 1 << order ||
		task_is_dying() || out_of_memory(oc);

	up_write(oom_lock);
	return ret;
}

/* ---- who deals with a limit ---- */

/** One at a time in each branch of the tree: false if another one does for the
 *  group or one below. */
function mem_cgroup_oom_trylock(memcg: mem_cgroup): boolean {
	let failed: mem_cgroup = NULL;

	spin_lock(data.memcg_oom_lock);
	for (let iter = memcg; iter !== NULL;
	    iter = css_next_descendant_pre(iter, memcg)) {
		if (iter.oom_lock) {
			failed = iter;
			break;
		}
		iter.oom_lock = true;
	}
	/* Those before it are given back. */
	for (let iter = memcg; failed !== NULL && iter !== failed;
	    iter = css_next_descendant_pre(iter, memcg))
		iter.oom_lock = false;
	spin_unlock(data.memcg_oom_lock);
	return failed === NULL;
}

function mem_cgroup_oom_unlock(memcg: mem_cgroup): void {
	spin_lock(data.memcg_oom_lock);
	for (let iter = memcg; iter !== NULL;
	    iter = css_next_descendant_pre(iter, memcg))
		iter.oom_lock = false;
	spin_unlock(data.memcg_oom_lock);
}

function mem_cgroup_mark_under_oom(memcg: mem_cgroup): void {
	spin_lock(data.memcg_oom_lock);
	for (let iter = memcg; iter !== NULL;
	    iter = css_next_descendant_pre(iter, memcg))
		WRITE_ONCE(iter.under_oom, iter.under_oom + 1);
	spin_unlock(data.memcg_oom_lock);
}

function mem_cgroup_unmark_under_oom(memcg: mem_cgroup): void {
	spin_lock(data.memcg_oom_lock);
	for (let iter = memcg; iter !== NULL;
	    iter = css_next_descendant_pre(iter, memcg)) {
		if (iter.under_oom > 0)
			WRITE_ONCE(iter.under_oom, iter.under_oom - 1);
	}
	spin_unlock(data.memcg_oom_lock);
}

/** On the sleeper's stack. */
interface oom_wait_info extends struct {
	memcg: mem_cgroup; /* constant */
	wait: embed<wait_queue_entry>; /* see wait_queue_entry */
}

/** Those who wait in the group that has memory again, above it or below. */
const memcg_oom_wake_function = RODATA((
	wait: wait_queue_entry,
	mode: number,
	_wake_flags: number,
	key: number,
): number => {
	const wake_memcg = cast<mem_cgroup>(key);
	const info = container_of<oom_wait_info>(wait, "wait");

	if (!mem_cgroup_is_descendant(wake_memcg, info.memcg) &&
	    !mem_cgroup_is_descendant(info.memcg, wake_memcg))
		return 0;
	/* autoremove_wake_function() */
	const woken = try_to_wake_up(wait.private, mode);

	if (woken)
		list_del_init(wait.entry);
	return Number(woken);
});

/**
 * Wake those who wait at the limit. Without a lock: whoever was told that the
 * group is out of memory, and did something about it, sees it marked. Who is
 * not that one may come too early, and then wakes nobody.
 */
function memcg_oom_recover(memcg: mem_cgroup): void {
	if (READ_ONCE(memcg.under_oom) !== 0)
		__wake_up_common_lock(data.memcg_oom_waitq, TASK_NORMAL, 0,
			uptr(memcg));
}

const OOM_SUCCESS = 0;
const OOM_FAILED = 1;
const OOM_ASYNC = 2;
const OOM_SKIPPED = 3;

/**
 * The limit of memcg is hit: OOM_SUCCESS is to try again. May sleep; the caller
 * may hold mmap_lock and others, since the victim's memory does not wait for
 * that. So nobody waits in here for somebody outside: a fault does that when it
 * has ended, OOM_ASYNC.
 */
function mem_cgroup_oom(memcg: mem_cgroup, mask: gfp_t, order: number): number {
	const tsk = current();

	memcg_memory_event(memcg, MEMCG_OOM);
	if (READ_ONCE(memcg.oom_kill_disable) !== 0) {
		if (tsk.in_user_fault === 0)
			return OOM_SKIPPED;
		tsk.memcg_in_oom = memcg;
		tsk.memcg_oom_gfp_mask = mask as int;
		tsk.memcg_oom_order = order as int;
		return OOM_ASYNC;
	}
	mem_cgroup_mark_under_oom(memcg);
	const locked = mem_cgroup_oom_trylock(memcg);

	mem_cgroup_unmark_under_oom(memcg);
	const ret = mem_cgroup_out_of_memory(memcg, mask, order)
		? OOM_SUCCESS : OOM_FAILED;

	if (locked)
		mem_cgroup_oom_unlock(memcg);
	return ret;
}

/**
 * At the end of a fault that has failed for the limit of a group. If `handle`
 * is set: wait until there is memory, or have somebody killed, so that the
 * fault can be taken again; else forget it. False: it was not for that. No lock
 * is held.
 */
export function mem_cgroup_oom_synchronize(handle: boolean): boolean {
	const tsk = current();
	const memcg = tsk.memcg_in_oom;

	if (memcg === NULL)
		return false;
	if (handle) {
		const owait = STACK<oom_wait_info>();

		owait.memcg = memcg;
		init_wait_func(owait.wait, memcg_oom_wake_function);
		/* In the queue before it is marked: whoever sees the mark wakes
		 * us. Pairs with memcg_oom_recover(). */
		prepare_to_wait(data.memcg_oom_waitq, owait.wait,
			TASK_KILLABLE);
		mem_cgroup_mark_under_oom(memcg);
		const locked = mem_cgroup_oom_trylock(memcg);

		if (locked && READ_ONCE(memcg.oom_kill_disable) === 0) {
			mem_cgroup_unmark_under_oom(memcg);
			finish_wait(data.memcg_oom_waitq, owait.wait);
			mem_cgroup_out_of_memory(memcg, tsk.memcg_oom_gfp_mask,
				tsk.memcg_oom_order);
		} else {
			schedule();
			mem_cgroup_unmark_under_oom(memcg);
			finish_wait(data.memcg_oom_waitq, owait.wait);
		}
		if (locked) {
			mem_cgroup_oom_unlock(memcg);
			/* Who found it locked may have come after the wake-ups
			 * that were for all. */
			memcg_oom_recover(memcg);
		}
	}
	tsk.memcg_in_oom = NULL;
	return true;
}

/* ---- charging ---- */

/**
 * Charge pages to a group that is not the root. 0 or -ENOMEM. May sleep if gfp
 * says so.
 * Port: what the kernel does up to 16 times, to reclaim, is done once.
 */
function try_charge_memcg(
	memcg: mem_cgroup, gfp_mask: gfp_t, nr_pages: number,
): number {
	let passed_oom = false;

	if (CONFIG_FAIL_MEMCG) {
		if (should_fail_charge(gfp_mask))
			return -ENOMEM;
	}
	force: { for (;;) {
		const counter = page_counter_try_charge(memcg.memory, nr_pages);

		if (counter === NULL)
			return 0;
		const over = container_of<mem_cgroup>(counter, "memory");

		/* There is no reserve of the group: who may not wait goes
		 * beyond the limit. */
		if ((gfp_mask & __GFP_ATOMIC) !== 0)
			break force;
		/* Has failed once in this fault, which waits at its end. */
		if (task_in_memcg_oom(current()))
			break;
		if (!gfpflags_allow_blocking(gfp_mask))
			break;

		memcg_memory_event(over, MEMCG_MAX);
		if (mem_cgroup_margin(over) >= nr_pages)
			continue;
		if ((gfp_mask & (__GFP_NORETRY | __GFP_RETRY_MAYFAIL)) !== 0)
			break;
		/* Who is to die himself gets no more by waiting. */
		if (passed_oom && task_is_dying())
			break;
		if (mem_cgroup_oom(over, gfp_mask, 0) !== OOM_SUCCESS)
			break;
		passed_oom = true;
		oom_wait();
	} /* nomem */
		if ((gfp_mask & __GFP_NOFAIL) === 0)
			return -ENOMEM;
	} /* force */
	/* Whoever must not fail will soon give memory back. */
	page_counter_charge(memcg.memory, nr_pages);
	return 0;
}

/** Pages of the root are counted by nobody. */
function try_charge(
	memcg: mem_cgroup, gfp_mask: gfp_t, nr_pages: number,
): number {
	if (mem_cgroup_is_root(memcg))
		return 0;
	return try_charge_memcg(memcg, gfp_mask, nr_pages);
}

/** From now on the page is the group's, until its last reference is gone. */
function commit_charge(page: page, memcg: mem_cgroup): void {
	VM_BUG_ON_PAGE(page_memcg(page) !== NULL, page);
	page.memcg_data = uptr(memcg);
}

/**
 * memory.limit_in_bytes: 0, or -EBUSY if there is more already, for nothing is
 * reclaimed; -EINTR.
 */
function mem_cgroup_resize_max(memcg: mem_cgroup, max: number): number {
	if (signal_pending(current()))
		return -EINTR;
	down_write(data.memcg_max_mutex);
	const enlarge = max > READ_ONCE(memcg.memory.max);
	const ret = page_counter_set_max(memcg.memory, max);

	up_write(data.memcg_max_mutex);
	if (ret === 0 && enlarge)
		memcg_oom_recover(memcg);
	return ret === 0 ? 0 : -EBUSY;
}

/* ---- files: v1 ---- */

function bytes(pages: number): string {
	return `${pages * PAGE_SIZE}\n`;
}

/** A limit that there is not is a number, too. */
function mem_cgroup_limit_read(memcg: mem_cgroup): string {
	return bytes(READ_ONCE(memcg.memory.max));
}

function mem_cgroup_write(memcg: mem_cgroup, text: string): number {
	const nr_pages = page_counter_memparse(text, "-1");

	return nr_pages < 0 ? nr_pages : mem_cgroup_resize_max(memcg, nr_pages);
}

function mem_cgroup_failcnt_read(memcg: mem_cgroup): string {
	return `${READ_ONCE(memcg.memory.failcnt)}\n`;
}

function mem_cgroup_watermark_read(memcg: mem_cgroup): string {
	return bytes(READ_ONCE(memcg.memory.watermark));
}

function mem_cgroup_oom_control_read(memcg: mem_cgroup): string {
	const kill = READ_ONCE(memcg.memory_events[MEMCG_OOM_KILL]);

	return `oom_kill_disable ${READ_ONCE(memcg.oom_kill_disable)}\n` +
		`under_oom ${Number(READ_ONCE(memcg.under_oom) !== 0)}\n` +
		`oom_kill ${kill}\n`;
}

/** 1: nobody is killed at the limit, faults wait there. */
function mem_cgroup_oom_control_write(memcg: mem_cgroup, text: string): number {
	const val = kstrtol(text);

	if (val !== 0 && val !== 1)
		return -EINVAL;
	WRITE_ONCE(memcg.oom_kill_disable, val);
	if (val === 0)
		memcg_oom_recover(memcg);
	return 0;
}

export function mem_cgroup_legacy_files(): cftype[] {
	return [
		{ name: "memory.usage_in_bytes", show: memory_current_read },
		{
			name: "memory.max_usage_in_bytes",
			show: mem_cgroup_watermark_read,
		},
		{
			name: "memory.limit_in_bytes",
			show: mem_cgroup_limit_read,
			write: mem_cgroup_write,
		},
		{ name: "memory.failcnt", show: mem_cgroup_failcnt_read },
		{
			name: "memory.oom_control",
			show: mem_cgroup_oom_control_read,
			write: mem_cgroup_oom_control_write,
		},
	];
}

/* ---- files: v2 ---- */

function memory_current_read(memcg: mem_cgroup): string {
	return bytes(page_counter_read(memcg.memory));
}

function memory_max_show(memcg: mem_cgroup): string {
	const max = READ_ONCE(memcg.memory.max);

	return max === PAGE_COUNTER_MAX ? "max\n" : bytes(max);
}

/**
 * A limit below what is used has the OOM killer bring it down. Who has to wait
 * for that gives up for a signal.
 */
function memory_max_write(memcg: mem_cgroup, text: string): number {
	const max = page_counter_memparse(text, "max");

	if (max < 0)
		return max;
	/* Pairs with the addition in page_counter_try_charge(). */
	xchg(memcg.memory.max, max as int);
	while (page_counter_read(memcg.memory) > max &&
	    !signal_pending(current())) {
		memcg_memory_event(memcg, MEMCG_OOM);
		if (!mem_cgroup_out_of_memory(memcg, GFP_KERNEL, 0))
			break;
		oom_wait();
	}
	return 0;
}

/** What does not exist here is 0. */
function memory_events_show(memcg: mem_cgroup): string {
	const max = READ_ONCE(memcg.memory_events[MEMCG_MAX]);
	const oom = READ_ONCE(memcg.memory_events[MEMCG_OOM]);
	const kill = READ_ONCE(memcg.memory_events[MEMCG_OOM_KILL]);

	return `low 0\nhigh 0\nmax ${max}\noom ${oom}\noom_kill ${kill}\n` +
		"oom_group_kill 0\n";
}

export function memory_files(): cftype[] {
	return [
		{ name: "memory.current", show: memory_current_read },
		{
			name: "memory.max",
			show: memory_max_show,
			write: memory_max_write,
		},
		{ name: "memory.events", show: memory_events_show },
	];
}

/* ---- charging a page ---- */

function charge_memcg(page: page, memcg: mem_cgroup, gfp: gfp_t): number {
	const ret = try_charge(memcg, gfp, 1);

	if (ret === 0)
		commit_charge(page, memcg);
	return ret;
}

export function __mem_cgroup_charge(
	page: page, mm: mm_struct, gfp: gfp_t,
): number {
	return charge_memcg(page, get_mem_cgroup_from_mm(mm), gfp);
}

function uncharge_batch(memcg: mem_cgroup): void {
	if (mem_cgroup_is_root(memcg))
		return;
	page_counter_uncharge(memcg.memory, 1);
	memcg_oom_recover(memcg);
}

/** Port: of one page at a time, without uncharge_gather. */
function uncharge_folio(page: page): void {
	const memcg = page_memcg(page);

	page.memcg_data = 0;
	uncharge_batch(memcg);
}

/** Nobody else can look at the page. */
export function __mem_cgroup_uncharge(page: page): void {
	if (page_memcg(page) !== NULL)
		uncharge_folio(page);
}
