// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/proc/base.c, root.c, generic.c and self.c (5.17): what there is in
 * /proc. Left out: directories (no file lists others), /proc/PID/task,
 * permissions, hidden processes.
 * Port: a name is looked up as a whole. A file is about the task that had the
 * number when it was opened, or that has it now if that one is gone.
 */
import {
	CONFIG_PROC_PAGE_MONITOR, CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import type {
	file, file_operations, inode, iov_iter, kiocb,
} from "linux/fs.ts";
import type { mm_struct } from "linux/mm_types.ts";
import {
	LONG_MIN, MMF_MULTIPROCESS, OOM_SCORE_ADJ_MAX, OOM_SCORE_ADJ_MIN,
} from "linux/oom.ts";
import { down_write, up_write } from "linux/rwsem.ts";
import type { task_struct } from "linux/sched.ts";
import {
	next_task, same_thread_group, thread_group_leader,
} from "linux/sched/signal.ts";
import {
	get_task_struct, put_task_struct, task_unlock,
} from "linux/sched/task.ts";
import type { seq_file, seq_operations } from "linux/seq_file.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import { EINVAL, ESRCH } from "linux/errno.ts";
import { init_task, tasklist_lock } from "kernel/fork.ts";
import { kstrtol, read_text, text_of } from "kernel/fs/libfs.ts";
import type { dentry } from "kernel/fs/open.ts";
import {
	seq_lseek, seq_puts, seq_read_iter, single_next, single_open,
	single_release, single_start, single_stop,
} from "kernel/fs/seq_file.ts";
import { find_task_by_vpid } from "kernel/pid.ts";
import { current } from "kernel/sched/core.ts";
import {
	find_lock_task_mm, oom_adj_mutex, oom_badness, process_shares_mm,
} from "mm/oom_kill.ts";
import { totalram_pages } from "mm/page_alloc.ts";
import { vmstat_file_operations } from "mm/vmstat.ts";
import { proc_pid_stat, proc_pid_statm, proc_pid_status } from "./array.ts";
import { meminfo_file_operations } from "./meminfo.ts";
import { proc_sys_lookup } from "./proc_sysctl.ts";
import {
	proc_clear_refs_operations, proc_pid_maps_operations,
	proc_pid_smaps_operations, proc_pid_smaps_rollup_operations,
} from "./task_mmu.ts";

/** The task that a file in /proc is about, with a reference, or NULL. */
export function get_proc_task(inode: inode): task_struct {
	spin_lock(tasklist_lock);
	const tsk = find_task_by_vpid(inode.i_private);

	if (tsk !== NULL)
		get_task_struct(tsk);
	spin_unlock(tasklist_lock);
	return tsk;
}

/** A file of one record about a task: what the kernel calls ONE(). */
function proc_single_show(
	m: seq_file, show: (m: seq_file, task: task_struct) => number,
): number {
	const task = get_proc_task(m.file.f_inode);

	if (task === NULL)
		return -ESRCH;
	const ret = show(m, task);

	put_task_struct(task);
	return ret;
}

/** How bad a victim the task is, from 0 to 2000. Port: OOM_SCORE_ADJ_MIN and a
 *  task without memory are 0, as in the kernel. */
function proc_oom_score(m: seq_file, task: task_struct): number {
	const totalpages = totalram_pages();

	spin_lock(tasklist_lock);
	const badness = oom_badness(task, totalpages);
	spin_unlock(tasklist_lock);
	const points = badness === LONG_MIN
		? 0
		: Math.trunc((1000 + Math.trunc(badness * 1000 / totalpages)) *
			2 / 3);

	seq_puts(m, `${points}\n`);
	return 0;
}

function show_oom_score(m: seq_file, _v: number): number {
	return proc_single_show(m, proc_oom_score);
}

function show_status(m: seq_file, _v: number): number {
	return proc_single_show(m, proc_pid_status);
}

function show_stat(m: seq_file, _v: number): number {
	return proc_single_show(m, proc_pid_stat);
}

function show_statm(m: seq_file, _v: number): number {
	return proc_single_show(m, proc_pid_statm);
}

const status_op: seq_operations = RODATA({
	start: single_start,
	next: single_next,
	stop: single_stop,
	show: show_status,
});
const stat_op: seq_operations = RODATA({
	start: single_start,
	next: single_next,
	stop: single_stop,
	show: show_stat,
});
const statm_op: seq_operations = RODATA({
	start: single_start,
	next: single_next,
	stop: single_stop,
	show: show_statm,
});

const oom_score_op: seq_operations = RODATA({
	start: single_start,
	next: single_next,
	stop: single_stop,
	show: show_oom_score,
});

function oom_score_open(_inode: inode, file: file): number {
	return single_open(file, oom_score_op, 0);
}

function status_open(_inode: inode, file: file): number {
	return single_open(file, status_op, 0);
}

function stat_open(_inode: inode, file: file): number {
	return single_open(file, stat_op, 0);
}

function statm_open(_inode: inode, file: file): number {
	return single_open(file, statm_op, 0);
}

const proc_oom_score_operations: file_operations = RODATA({
	open: oom_score_open,
	read_iter: seq_read_iter,
	llseek: seq_lseek,
	release: single_release,
});
const proc_status_operations: file_operations = RODATA({
	open: status_open,
	read_iter: seq_read_iter,
	llseek: seq_lseek,
	release: single_release,
});
const proc_stat_operations: file_operations = RODATA({
	open: stat_open,
	read_iter: seq_read_iter,
	llseek: seq_lseek,
	release: single_release,
});
const proc_statm_operations: file_operations = RODATA({
	open: statm_open,
	read_iter: seq_read_iter,
	llseek: seq_lseek,
	release: single_release,
});

function oom_score_adj_read(iocb: kiocb, to: iov_iter): number {
	const task = get_proc_task(iocb.ki_filp.f_inode);

	if (task === NULL)
		return -ESRCH;
	const adj = READ_ONCE(task.signal.oom_score_adj);

	put_task_struct(task);
	return read_text(iocb, to, `${adj}\n`);
}

/** Is task in a vfork(), on its parent's memory? tasklist_lock is held. */
function vfork_done(task: task_struct): boolean {
	return READ_ONCE(task.vfork_parent) !== NULL;
}

/** Of task's process, and of all who share its memory: see
 *  copy_oom_score_adj(). */
function __set_oom_adj(task: task_struct, oom_adj: number): void {
	let mm: mm_struct = NULL;

	down_write(oom_adj_mutex);
	spin_lock(tasklist_lock);
	/* A child by vfork() means itself, and what it will execute. */
	if (!vfork_done(task)) {
		const p = find_lock_task_mm(task);

		if (p !== NULL) {
			const flags = READ_ONCE(p.mm.flags);

			if ((flags & (1 << MMF_MULTIPROCESS)) !== 0)
				mm = p.mm;
			task_unlock(p);
		}
	}
	WRITE_ONCE(task.signal.oom_score_adj, oom_adj as int);

	if (mm !== NULL) {
		let p = next_task(init_task);

		for (; p !== init_task; p = next_task(p)) {
			if (!thread_group_leader(p) ||
			    same_thread_group(task, p))
				continue;
			const sig = p.signal;

			if (!vfork_done(p) && process_shares_mm(p, mm))
				WRITE_ONCE(sig.oom_score_adj, oom_adj as int);
		}
	}
	spin_unlock(tasklist_lock);
	up_write(oom_adj_mutex);
}

function oom_score_adj_write(
	file: file, buf: number | string, count: number,
): number {
	const text = text_of(buf, count);

	if (typeof text === "number")
		return text;
	const adj = kstrtol(text);

	if (adj === null || adj < OOM_SCORE_ADJ_MIN || adj > OOM_SCORE_ADJ_MAX)
		return -EINVAL;
	const task = get_proc_task(file.f_inode);

	if (task === NULL)
		return -ESRCH;
	__set_oom_adj(task, adj);
	put_task_struct(task);
	return count;
}

const proc_oom_score_adj_operations: file_operations = RODATA({
	read_iter: oom_score_adj_read,
	write: oom_score_adj_write,
});

/** Of tgid_base_stuff[]. */
function proc_pident_lookup(name: string): file_operations | null {
	switch (name) {
	case "status":
		return proc_status_operations;
	case "stat":
		return proc_stat_operations;
	case "statm":
		return proc_statm_operations;
	case "maps":
		return proc_pid_maps_operations;
	case "oom_score":
		return proc_oom_score_operations;
	case "oom_score_adj":
		return proc_oom_score_adj_operations;
	}
	if (CONFIG_PROC_PAGE_MONITOR) {
		switch (name) {
		case "clear_refs":
			return proc_clear_refs_operations;
		case "smaps":
			return proc_pid_smaps_operations;
		case "smaps_rollup":
			return proc_pid_smaps_rollup_operations;
		}
	}
	return null;
}

/** Whom a directory of /proc is about; 0: nobody. */
function proc_pid_of(name: string): number {
	if (name === "self")
		return current().tgid;
	if (name === "thread-self")
		return current().pid;
	const pid = Number(name);

	return pid > 0 && pid === (pid | 0) && name === pid.toString()
		? pid
		: 0;
}

function pid_exists(pid: number): boolean {
	spin_lock(tasklist_lock);
	const tsk = find_task_by_vpid(pid);

	spin_unlock(tasklist_lock);
	return tsk !== NULL;
}

/** What a name is in /proc; null: nothing. */
export function proc_lookup(name: string): dentry | null {
	if (!name.startsWith("/proc/"))
		return null;
	switch (name) {
	case "/proc/meminfo":
		return { fops: meminfo_file_operations, pid: 0 };
	case "/proc/vmstat":
		return CONFIG_VM_EVENT_COUNTERS
			? { fops: vmstat_file_operations, pid: 0 }
			: null;
	}
	const part = name.split("/");

	if (part[2] === "sys")
		return proc_sys_lookup(name);
	if (part.length !== 4)
		return null;
	const fops = proc_pident_lookup(part[3]);
	const pid = proc_pid_of(part[2]);

	return fops === null || pid === 0 || !pid_exists(pid)
		? null
		: { fops, pid };
}
