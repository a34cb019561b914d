// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/perf_event.h (5.17): counters of software events. The
 * functions are in kernel/events/core.ts.
 * Left out: samples, groups, counters of a CPU, PMUs.
 */
import { CONFIG_PERF_EVENTS } from "generated/autoconf.ts";
import { type static_key, static_key_false } from "linux/jump_label.ts";
import type { task_struct } from "linux/sched.ts";
import type { rw_semaphore, raw_spinlock_t } from "linux/spinlock_types.ts";
import type { atomic_t, list_head } from "linux/types.ts";
import type { pt_regs } from "asm/ptrace.ts";
import { __perf_sw_event } from "kernel/events/core.ts";

/* perf_event.state. Port: software events never wait for a counter, so what is
 * enabled counts whenever its task runs: there is no state ACTIVE. */
export const PERF_EVENT_STATE_DEAD = -4;
export const PERF_EVENT_STATE_EXIT = -3;
export const PERF_EVENT_STATE_OFF = -1;
export const PERF_EVENT_STATE_INACTIVE = 0;

/** What counts for one task: the one that was asked for, or a child's. */
export interface perf_event extends struct {
	event_entry: embed<list_head>; /* ctx.lock; read with ctx.mutex, too */
	/** the inherited events, or our place there; the original's
	 *  child_mutex */
	child_list: embed<list_head>;
	child_mutex: embed<rw_semaphore>; /* guards the inherited events */
	/** the original one that we are inherited from; constant */
	parent: perf_event;
	ctx: perf_event_context; /* constant once it is installed */
	refcount: embed<atomic_t>; /* atomic: the file, and inherited events */
	config: int; /* PERF_COUNT_SW_*; constant */
	flags: int; /* PERF_ATTR_*, without the next one; constant */
	inherit_thread: bool; /* constant */
	read_format: int; /* constant */
	id: int; /* constant */
	state: int; /* ctx.lock */
	/** an exec turns it on; ctx.lock */
	enable_on_exec: bool;
	count: ulong; /* ctx.lock */
	total_time: ulong; /* enabled, in ns of ctx.time; ctx.lock */
	tstamp: ulong; /* ctx.time of the last look at it; ctx.lock */
	/** of inherited events that are gone; child_mutex */
	child_count: ulong;
	child_total_time: ulong; /* child_mutex */
}

/** The events of a task. */
export interface perf_event_context extends struct {
	/** guards events, their states and counts; innermost */
	lock: embed<raw_spinlock_t>;
	/** guards the list while one sleeps; around child_mutex */
	mutex: embed<rw_semaphore>;
	event_list: embed<list_head>; /* lock and mutex; read with either */
	task: task_struct; /* NULL: it has ended; as event_list */
	refcount: embed<atomic_t>; /* atomic: the task, and events */
	is_active: bool; /* the task is on a CPU; lock */
	time: ulong; /* that it was on CPUs, in ns; lock */
	timestamp: ulong; /* when time was brought up to date; lock */
}

interface perf_swevents extends struct {
	enabled: array<embed<static_key>, 13>; /* see static_key */
}
/** By PERF_COUNT_SW_*: does anybody count it? */
export const perf_swevents = DEFINE<perf_swevents>();

export function perf_swevent_enabled(event_id: number): static_key {
	return perf_swevents.enabled[event_id];
}

/**
 * nr events of that kind have happened to current, at an address: for who
 * counts them. regs say whether it was in user mode.
 */
export function perf_sw_event(
	event_id: number, nr: number, regs: pt_regs, addr: number,
): void {
	if (CONFIG_PERF_EVENTS) {
		if (static_key_false(perf_swevent_enabled(event_id)))
			__perf_sw_event(event_id, nr, regs, addr);
	}
}

export {
	perf_event_exec,
	perf_event_exit_task,
	perf_event_free_task,
	perf_event_init,
	perf_event_init_task,
	perf_event_task_switch,
} from "kernel/events/core.ts";
