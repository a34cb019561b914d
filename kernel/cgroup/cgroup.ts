// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors of kernel/cgroup/cgroup.c (5.17) that processes belong to groups,
 * which a child has from its parent; with the files of groups in
 * /sys/fs/cgroup, and those of v1 in /sys/fs/cgroup/memory.
 * Port:
 * - The groups are made at boot: the root, a and b, and in a once more a and b.
 *   There are no directories, so that nobody can make or remove one.
 * - A process is in one group with all its threads, as it always is for a
 *   domain controller. signal_struct has which.
 * - tasklist_lock stands for css_set_lock and cgroup_threadgroup_rwsem.
 * Left out: other controllers, subtree_control, delegation, freezing, events'
 * notifications; that a group with groups below it may not have processes; the
 * memory files of the root.
 */
import { EINVAL, ESRCH } from "linux/errno.ts";
import type { file, file_operations, inode } from "linux/fs.ts";
import {
	type mem_cgroup, MEMCG_NR_MEMORY_EVENTS,
} from "linux/memcontrol.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { page_counter_init, page_counter_read } from "linux/page_counter.ts";
import type { task_struct } from "linux/sched.ts";
import {
	next_task, same_thread_group, thread_group_leader,
} from "linux/sched/signal.ts";
import { task_lock, task_unlock } from "linux/sched/task.ts";
import type { seq_file, seq_operations } from "linux/seq_file.ts";
import { assert_spin_locked, spin_lock, spin_unlock } from "linux/spinlock.ts";
import { init_task, tasklist_lock } from "kernel/fork.ts";
import { kstrtol, text_of } from "kernel/fs/libfs.ts";
import type { dentry } from "kernel/fs/open.ts";
import {
	seq_lseek, seq_puts, seq_read_iter, single_next, single_open,
	single_release, single_start, single_stop,
} from "kernel/fs/seq_file.ts";
import { find_task_by_vpid } from "kernel/pid.ts";
import { current } from "kernel/sched/core.ts";
import {
	mem_cgroup_from_task, mem_cgroup_init, mem_cgroup_is_descendant,
	mem_cgroup_legacy_files, memory_files,
} from "mm/memcontrol.ts";

/** A file of each group. */
export interface cftype {
	name: string;
	show: (memcg: mem_cgroup) => string;
	/** 0 or an errno. */
	write?: (memcg: mem_cgroup, text: string) => number;
}

/* Of each group its path, each behind the one that it is in. */
const paths = ["/", "/a", "/a/a", "/a/b", "/b"];
const parents = [-1, 0, 1, 1, 0];

interface cgroup_data extends struct {
	groups: array<embed<mem_cgroup>, 5>; /* see mem_cgroup */
}
const data = DEFINE<cgroup_data>();

export function root_mem_cgroup(): mem_cgroup {
	return data.groups[0];
}

function cgroup_nr(memcg: mem_cgroup): number {
	let i = 0;

	while (data.groups[i] !== memcg)
		i++;
	return i;
}

export function cgroup_path(memcg: mem_cgroup): string {
	return paths[cgroup_nr(memcg)];
}

/** Of those below root the next one, each before what is in it; NULL: none. */
export function css_next_descendant_pre(
	pos: mem_cgroup, root: mem_cgroup,
): mem_cgroup {
	const i = cgroup_nr(pos) + 1;

	if (i === paths.length)
		return NULL;
	const next = data.groups[i];

	return mem_cgroup_is_descendant(next, root) ? next : NULL;
}

/** In all groups but the root; for who checks that nothing is left. */
export function nr_charged_pages(): number {
	let sum = 0;

	for (let i = 1; i < paths.length; i++) {
		if (parents[i] === 0)
			sum += page_counter_read(data.groups[i].memory);
	}
	return sum;
}

/** At boot. */
export function cgroup_init(): void {
	for (let i = 0; i < paths.length; i++) {
		const memcg = data.groups[i];
		const parent: mem_cgroup =
			i === 0 ? NULL : data.groups[parents[i]];

		memcg.parent = parent;
		page_counter_init(memcg.memory,
			parent === NULL ? NULL : parent.memory);
		memcg.oom_lock = false;
		memcg.under_oom = 0;
		memcg.oom_kill_disable = 0;
		for (let e = 0; e < MEMCG_NR_MEMORY_EVENTS; e++)
			memcg.memory_events[e] = 0;
	}
	mem_cgroup_init();
}

/** Until the child can be found: see cgroup_post_fork(). */
export function cgroup_fork(child: task_struct): void {
	child.signal.memcg = root_mem_cgroup();
}

/** Nobody finds the child before this, and its process, which a new process is
 *  in the group of, cannot be moved beside it. tasklist_lock is held. */
export function cgroup_post_fork(child: task_struct): void {
	assert_spin_locked(tasklist_lock);
	const memcg = mem_cgroup_from_task(current());
	const mm: mm_struct = child.mm;

	child.signal.memcg = memcg;
	if (mm !== NULL && mm.owner === child)
		WRITE_ONCE(mm.memcg, memcg);
}

/** From now on what the process asks for is charged to memcg. What it has
 *  already stays where it is charged. tasklist_lock is held. */
function cgroup_migrate(leader: task_struct, memcg: mem_cgroup): void {
	assert_spin_locked(tasklist_lock);
	WRITE_ONCE(leader.signal.memcg, memcg);
	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (!same_thread_group(t, leader))
			continue;
		/* Of a vfork() it is the parent's. */
		task_lock(t);
		if (t.mm !== NULL && t.mm.owner === t)
			WRITE_ONCE(t.mm.memcg, memcg);
		task_unlock(t);
	}
}

/** A line for each process. */
function cgroup_procs_show(memcg: mem_cgroup): string {
	let text = "";

	spin_lock(tasklist_lock);
	for (let p = next_task(init_task); p !== init_task; p = next_task(p)) {
		if (thread_group_leader(p) && mem_cgroup_from_task(p) === memcg)
			text += `${p.pid}\n`;
	}
	spin_unlock(tasklist_lock);
	return text;
}

/** The process of that number comes into the group; 0 is who writes. */
function cgroup_procs_write(memcg: mem_cgroup, text: string): number {
	const pid = kstrtol(text);

	if (pid === null || pid < 0)
		return -EINVAL;
	spin_lock(tasklist_lock);
	const tsk: task_struct = pid === 0 ? current() : find_task_by_vpid(pid);
	const found = tsk !== NULL && tsk.signal !== NULL;

	if (found)
		cgroup_migrate(tsk, memcg);
	spin_unlock(tasklist_lock);
	return found ? 0 : -ESRCH;
}

/* ---- files; an inode's number is the group's and the file's ---- */

function cgroup_base_files(): cftype[] {
	return [{
		name: "cgroup.procs",
		show: cgroup_procs_show,
		write: cgroup_procs_write,
	}];
}

/** A file's number is its place. Those of procs stand first. */
function cftypes(): cftype[] {
	return [
		...cgroup_base_files(),
		...memory_files(),
		...mem_cgroup_legacy_files(),
	];
}

function cft_of(file: file): cftype {
	return cftypes()[Math.floor(file.f_inode.i_private / paths.length)];
}

function memcg_of(file: file): mem_cgroup {
	return data.groups[file.f_inode.i_private % paths.length];
}

function cgroup_seqfile_show(m: seq_file, _v: number): number {
	seq_puts(m, cft_of(m.file).show(memcg_of(m.file)));
	return 0;
}

const cgroup_seq_op: seq_operations = RODATA({
	start: single_start,
	next: single_next,
	stop: single_stop,
	show: cgroup_seqfile_show,
});

function cgroup_file_open(_inode: inode, file: file): number {
	return single_open(file, cgroup_seq_op, 0);
}

function cgroup_file_write(
	file: file, buf: number | string, count: number,
): number {
	const write = cft_of(file).write;

	if (!write)
		return -EINVAL;
	const text = text_of(buf, count);

	if (typeof text === "number")
		return text;
	const ret = write(memcg_of(file), text);

	return ret < 0 ? ret : count;
}

const cgroup_file_operations: file_operations = RODATA({
	open: cgroup_file_open,
	read_iter: seq_read_iter,
	write: cgroup_file_write,
	llseek: seq_lseek,
	release: single_release,
});

/** What a name is in /sys/fs/cgroup; null: nothing. */
export function cgroup_lookup(name: string): dentry | null {
	const found = /^\/sys\/fs\/cgroup(\/memory)?((?:\/[ab]){0,2})\/([^/]+)$/
		.exec(name);

	if (found === null)
		return null;
	const group = paths.indexOf(found[2] === "" ? "/" : found[2]);
	const files = [
		...cgroup_base_files(),
		...(found[1] === undefined
			? memory_files() : mem_cgroup_legacy_files()),
	];
	const here = files.findIndex((f) => f.name === found[3]);

	if (group < 0 || here < 0 || (group === 0 && here > 0))
		return null;
	const nr = cftypes().findIndex((f) => f.name === found[3]);

	return {
		fops: cgroup_file_operations,
		pid: nr * paths.length + group,
	};
}
