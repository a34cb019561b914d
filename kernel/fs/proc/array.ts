// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/proc/array.c (5.17): /proc/PID/status, stat and statm. Of status
 * the lines that say something here: who it is, how many threads, and the
 * memory of task_mem(). In stat what nobody knows here is 0, as it is in the
 * kernel where it is not told.
 * Port: tasks have no names; all are called "program".
 */
import { get_task_mm, init_task, mmput, tasklist_lock } from "kernel/fork.ts";
import { seq_put_decimal_ull, seq_puts } from "kernel/fs/seq_file.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { get_mm_rss } from "linux/mm.ts";
import {
	EXIT_DEAD, EXIT_ZOMBIE, TASK_INTERRUPTIBLE, TASK_RUNNING,
	type task_struct,
} from "linux/sched.ts";
import { next_task, same_thread_group } from "linux/sched/signal.ts";
import type { seq_file } from "linux/seq_file.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import { task_mem, task_statm, task_vsize } from "./task_mmu.ts";

const COMM = "program";

/** R, S, D, Z or X, with the word that status adds. */
function get_task_state(tsk: task_struct): string {
	if (tsk.exit_state === EXIT_ZOMBIE)
		return "Z (zombie)";
	if (tsk.exit_state === EXIT_DEAD)
		return "X (dead)";
	const state = READ_ONCE(tsk.__state);

	if (state === TASK_RUNNING)
		return "R (running)";
	return (state & TASK_INTERRUPTIBLE) !== 0
		? "S (sleeping)"
		: "D (disk sleep)";
}

/** What is known of a task and of its group, all at one time. */
interface group_stat {
	state: string;
	tgid: number;
	ppid: number;
	threads: number;
	min_flt: number;
	maj_flt: number;
	cmin_flt: number;
	cmaj_flt: number;
	exit_signal: number;
	exit_code: number;
}

function task_group_stat(task: task_struct): group_stat {
	spin_lock(tasklist_lock);
	const sig = task.signal;
	const s: group_stat = {
		state: get_task_state(task),
		tgid: task.tgid,
		ppid: task.parent.tgid,
		threads: 0,
		min_flt: sig.min_flt,
		maj_flt: sig.maj_flt,
		cmin_flt: sig.cmin_flt,
		cmaj_flt: sig.cmaj_flt,
		exit_signal: task.exit_signal,
		exit_code: task.exit_code,
	};

	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (!same_thread_group(t, task))
			continue;
		s.threads++;
		/* Its own to count, ours to look at. */
		s.min_flt += data_race(t.min_flt);
		s.maj_flt += data_race(t.maj_flt);
	}
	spin_unlock(tasklist_lock);
	return s;
}

export function proc_pid_status(m: seq_file, task: task_struct): number {
	const mm: mm_struct = get_task_mm(task);
	const s = task_group_stat(task);

	seq_puts(m, `Name:\t${COMM}\nState:\t${s.state}\n`);
	seq_puts(m, `Tgid:\t${s.tgid}\nPid:\t${task.pid}\n`);
	seq_puts(m, `PPid:\t${s.ppid}\nTracerPid:\t0\n`);
	if (mm !== NULL) {
		task_mem(m, mm);
		mmput(mm);
	}
	seq_puts(m, `Threads:\t${s.threads}\n`);
	return 0;
}

/** 52 numbers in a line; proc(5) says what they are. */
export function proc_pid_stat(m: seq_file, task: task_struct): number {
	const mm: mm_struct = get_task_mm(task);
	const s = task_group_stat(task);

	seq_puts(m, `${task.pid} (${COMM}) ${s.state[0]} ${s.ppid}`);
	/* pgrp, session, terminal and its group, flags */
	seq_puts(m, ` ${s.tgid} ${s.tgid} 0 -1 ${task.flags}`);
	seq_puts(m, ` ${s.min_flt} ${s.cmin_flt} ${s.maj_flt} ${s.cmaj_flt}`);
	/* four times, priority, nice, threads, itrealvalue, start time */
	seq_puts(m, ` 0 0 0 0 20 0 ${s.threads} 0 0`);
	if (mm !== NULL) {
		const rss = get_mm_rss(mm);

		seq_puts(m, ` ${task_vsize(mm)} ${rss} 18446744073709551615`);
		seq_puts(m, ` ${mm.start_code} ${mm.end_code}`);
		seq_puts(m, ` ${mm.start_stack}`);
	} else {
		seq_puts(m, " 0 0 18446744073709551615 0 0 0");
	}
	/* ESP, EIP, four sets of signals, wchan, two that are gone */
	seq_puts(m, " 0 0 0 0 0 0 0 0 0");
	/* exit signal, CPU, priority and policy of real time, three delays */
	seq_puts(m, ` ${s.exit_signal} 0 0 0 0 0 0`);
	if (mm !== NULL) {
		seq_puts(m, ` ${mm.start_data} ${mm.end_data} ${mm.start_brk}`);
		mmput(mm);
	} else {
		seq_puts(m, " 0 0 0");
	}
	/* bounds of arguments and of the environment */
	seq_puts(m, ` 0 0 0 0 ${s.exit_code}\n`);
	return 0;
}

export function proc_pid_statm(m: seq_file, task: task_struct): number {
	const mm: mm_struct = get_task_mm(task);

	if (mm === NULL) {
		seq_puts(m, "0 0 0 0 0 0 0\n");
		return 0;
	}
	const s = task_statm(mm);

	mmput(mm);
	seq_put_decimal_ull(m, "", s.size);
	seq_put_decimal_ull(m, " ", s.resident);
	seq_put_decimal_ull(m, " ", s.shared);
	seq_put_decimal_ull(m, " ", s.text);
	seq_put_decimal_ull(m, " ", 0);
	seq_put_decimal_ull(m, " ", s.data);
	seq_put_decimal_ull(m, " ", 0);
	seq_puts(m, "\n");
	return 0;
}
