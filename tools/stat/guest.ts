// SPDX-License-Identifier: GPL-2.0-only
/**
 * The side of `spf stat` that runs on a simulated CPU: a process that watches another one by perf_event_open(), as
 * perf does. Part of the guests that make that other one.
 */
import * as NR from "asm/unistd.ts";
import type * as user_side from "../../kernel/entry/user.ts";
import * as perf from "../../include/uapi/linux/perf_event.ts";

type User = typeof user_side;

const PAGE_SIZE = 4096;
const STACK_END = 0x7ffffffff000;
const START_BRK = 0x10000000;
/** On its stack: the block of arguments, and what read() gives. */
const ATTR = STACK_END - PAGE_SIZE;
const BUFFER = ATTR + perf.PERF_ATTR_SIZE_VER7;

/** Who watches, by which descriptors. */
export interface Counting {
	pid: number;
	fds: number[];
}
/** In the order in which they were asked for; and how long the process and its children were on CPUs, in ns. */
export interface Counts {
	values: number[];
	time_ns: number;
}

function open_counter(user: User, pid: number, config: number): number {
	const words = new Array<number>(perf.PERF_ATTR_SIZE_VER7 / 4).fill(0);
	words[0] = perf.PERF_TYPE_SOFTWARE;
	words[1] = perf.PERF_ATTR_SIZE_VER7;
	words[2] = config;
	words[8] = perf.PERF_FORMAT_TOTAL_TIME_ENABLED;
	words[10] = perf.PERF_ATTR_DISABLED | perf.PERF_ATTR_INHERIT | perf.PERF_ATTR_ENABLE_ON_EXEC;
	for (const [i, word] of words.entries()) user.user_store32(ATTR + 4 * i, word);
	return user.user_syscall(NR.__NR_perf_event_open, ATTR, pid, -1, -1, 0);
}

/** On an idle CPU: counters for task `pid` and its children, from its next exec on. The CPU is idle again then. */
export function open_counters(user: User, pid: number, configs: number[]): Counting {
	const watcher = user.user_spawn();
	user.run_task(watcher);
	user.user_syscall(NR.__NR_sim_exec, START_BRK, STACK_END - 32 * PAGE_SIZE, STACK_END);
	const fds = configs.map((config) => open_counter(user, pid, config));
	user.user_idle();
	return { pid: watcher, fds };
}

function read64(user: User, at: number): number {
	return user.user_load32(at) + user.user_load32(at + 4) * 2 ** 32;
}

/** On an idle CPU: what was counted. An event that there is not is -errno. The watcher ends. */
export function read_counters(user: User, { pid, fds }: Counting): Counts {
	user.run_task(pid);
	let time_ns = 0;
	const values = fds.map((fd) => {
		if (fd < 0) return fd;
		user.user_syscall(NR.__NR_read, fd, BUFFER, 16);
		time_ns = read64(user, BUFFER + 8);
		const value = read64(user, BUFFER);
		user.user_syscall(NR.__NR_close, fd);
		return value;
	});
	user.user_syscall(NR.__NR_exit_group, 0);
	user.user_idle();
	return { values, time_ns };
}
