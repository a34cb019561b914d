// SPDX-License-Identifier: GPL-2.0-only
/** Runs a sequence of operations on one CPU and reports on each. */
import * as NR from "asm/unistd.ts";
import type * as User from "../../../kernel/entry/user.ts";
import type { Op, Outcome, Places } from "./ops.ts";

const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_FIXED_NOREPLACE = 0x100000;

export interface Arg {
	ops: Op[];
	places: Places;
}
export interface Result {
	outcomes: Outcome[];
	/** What memory is missing after all processes are gone. */
	leaks: string[];
}

function count(user: typeof User): Record<string, number> {
	user.mem_settle();
	const { nr_free_pages, slabs, nr_tasks, warnings } = user.meminfo();
	return { nr_free_pages, nr_tasks, warnings, ...slabs };
}

export function main(user: typeof User, { ops, places }: Arg): Result {
	const { page: PAGE, window, start_brk, stack } = places;
	const before = count(user);
	let pids = [user.user_spawn()];
	user.run_task(pids[0]);
	user.user_syscall(NR.__NR_sim_exec, start_brk, ...stack);
	const outcomes: Outcome[] = [];
	const at = (page: number) => window + page * PAGE;
	for (const o of ops) {
		let ret = 0;
		switch (o.op) {
			case "mmap": {
				let flags = MAP_ANONYMOUS | (o.shared ? MAP_SHARED : MAP_PRIVATE);
				if (o.how === "fixed") flags |= MAP_FIXED;
				if (o.how === "noreplace") flags |= MAP_FIXED_NOREPLACE;
				const addr = o.how === "any" ? 0 : at(o.page);
				ret = user.user_syscall(NR.__NR_mmap, addr, o.n * PAGE, o.prot, flags, -1, 0);
				break;
			}
			case "munmap":
				ret = user.user_syscall(NR.__NR_munmap, at(o.page), o.n * PAGE);
				break;
			case "mprotect":
				ret = user.user_syscall(NR.__NR_mprotect, at(o.page), o.n * PAGE, o.prot);
				break;
			case "madvise":
				ret = user.user_syscall(NR.__NR_madvise, at(o.page), o.n * PAGE, o.advice);
				break;
			case "mremap":
				ret = user.user_syscall(
					NR.__NR_mremap,
					at(o.page),
					o.old * PAGE,
					o.n * PAGE,
					o.flags,
					at(o.to),
				);
				break;
			case "brk":
				ret = user.user_syscall(NR.__NR_brk, start_brk + o.n * PAGE);
				break;
			case "load":
				ret = user.user_load8(at(o.page));
				break;
			case "store":
				user.user_store8(at(o.page), o.value);
				break;
			case "fork":
				ret = user.user_syscall(NR.__NR_fork);
				pids.push(ret);
				break;
			case "exit":
				if (pids.length === 1) break;
				pids = pids.filter((p) => p !== user.user_task());
				user.user_syscall(NR.__NR_exit_group, 0);
				user.run_task(pids[0]);
				break;
			case "switch":
				user.run_task(pids[o.to % pids.length]);
				break;
		}
		const signal = user.user_signal()?.signo ?? 0;
		if (signal) ret = 0;
		outcomes.push({
			ret,
			signal,
			maps: String(user.user_maps(user.user_task())),
			problems: user.user_validate(),
		});
	}
	for (const pid of pids) {
		user.run_task(pid);
		user.user_syscall(NR.__NR_exit_group, 0);
	}
	const after = count(user);
	const leaks = Object.keys(before)
		.filter((k) => before[k] !== after[k])
		.map((k) => `${k}: ${before[k]} before, ${after[k]} after`);
	return { outcomes, leaks };
}
