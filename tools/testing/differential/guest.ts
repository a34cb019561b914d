// SPDX-License-Identifier: GPL-2.0-only
/** Repeats a log on the port, and stops at the first step that differs. */
import * as NR from "asm/unistd.ts";
import type * as User from "../../../kernel/entry/user.ts";
import { type Log, PROGRAM, type Step, short_line } from "./log.ts";

/** The calls that a log has by name. */
const CALLS: Record<string, number> = {
	mmap: NR.__NR_mmap,
	mprotect: NR.__NR_mprotect,
	munmap: NR.__NR_munmap,
	brk: NR.__NR_brk,
	mremap: NR.__NR_mremap,
	msync: NR.__NR_msync,
	mincore: NR.__NR_mincore,
	madvise: NR.__NR_madvise,
	mlock: NR.__NR_mlock,
	munlock: NR.__NR_munlock,
	mlockall: NR.__NR_mlockall,
	munlockall: NR.__NR_munlockall,
	mlock2: NR.__NR_mlock2,
};
const CLONE_THREAD = 0x50f00; /* and what a thread shares */
const WALL = 0x40000000;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_GROWSDOWN = 0x100;
const MREMAP_DONTUNMAP = 4;
const MAP_ANONYMOUS = 0x20;
const PAGE = 4096;
const EXEC = 2;
const SPECIAL: Record<string, number> = { "[vvar]": 1, "[vvar_vclock]": 2, "[vdso]": 3 };

export interface Arg {
	log: Log;
	/** prctl() calls that make the port place and merge as that kernel does. */
	prctls: number[][];
	/** Let the kernel check itself after every step. */
	validate: boolean;
}

export interface Difference {
	step: Step;
	what: string;
}

export interface Outcome {
	steps: number;
	difference?: Difference;
	/** What memory is missing after all processes are gone. */
	leaks: string[];
}

function fields(line: string) {
	const [range, perm, offset, name] = line.split(" ");
	const [start, end] = range.split("-").map((x) => Number.parseInt(x, 16));
	return { start, end, perm, offset: Number.parseInt(offset, 16), name };
}

function counts(user: typeof User): Record<string, number> {
	user.mem_settle();
	const { nr_free_pages, slabs, nr_tasks, warnings } = user.meminfo();
	return { nr_free_pages, nr_tasks, warnings, ...slabs };
}

class Run {
	#fd = new Map<number, number>();
	/** Is there memory that grows, was some moved that keeps its place? */
	#grows = false;
	#keeps = false;
	/** By the log's number of the task. */
	#pid: number[] = [];

	constructor(
		private readonly user: typeof User,
		private readonly arg: Arg,
	) {}

	/** The program as it was when its log began; an errno, or 0. */
	start(): number {
		const { user, arg } = this;
		const image = arg.log.image.map(fields);
		const stack = image.find((l) => l.name === "[stack]");
		if (!stack) return -22;
		this.#pid[0] = user.user_spawn();
		user.run_task(this.#pid[0]);
		let error = user.user_syscall(NR.__NR_sim_exec, arg.log.start_brk, stack.start, stack.end);
		for (const p of arg.prctls) error ||= user.user_syscall(NR.__NR_prctl, ...p);
		for (const f of arg.log.files)
			this.#fd.set(f.fd, user.user_syscall(NR.__NR_sim_open, f.number, f.mode, f.size));
		const program = user.user_syscall(NR.__NR_sim_open, PROGRAM, 0, 1 << 20);
		for (const { start, end, perm, offset, name } of image) {
			if (error < 0) return error;
			if (name === "[stack]") continue;
			if (SPECIAL[name]) {
				error = user.user_syscall(NR.__NR_sim_special, start, end - start, SPECIAL[name]);
				continue;
			}
			const prot = (perm[0] === "r" ? 1 : 0) | (perm[1] === "w" ? 2 : 0) | (perm[2] === "x" ? 4 : 0);
			const file = name.startsWith("f");
			const flags =
				MAP_FIXED | (perm[3] === "s" ? MAP_SHARED : MAP_PRIVATE) | (file ? 0 : MAP_ANONYMOUS);
			error = user.user_syscall(
				NR.__NR_mmap,
				start,
				end - start,
				prot,
				flags,
				file ? program : -1,
				offset,
			);
			/* Its data have been written to. */
			if (prot & 2) user.user_store8(end - 1, 0);
		}
		user.user_store8(stack.end - 1, 0);
		user.user_syscall(NR.__NR_close, program);
		return Math.min(error, 0);
	}

	/** What is different, or "". */
	step(step: Step): string {
		const { user } = this;
		this.#grows ||= step.name === "mmap" && (step.args[3] & MAP_GROWSDOWN) !== 0;
		this.#keeps ||= step.name === "mremap" && (step.args[3] & MREMAP_DONTUNMAP) !== 0;
		const ran = user.run_task(this.#pid[step.task]);
		if (ran < 0) return `the task cannot run: ${ran}`;
		const seen = this.result(step);
		if (seen !== step.result) return `= ${seen}, was ${step.result}`;
		if (step.maps) {
			const maps = this.maps(step.task);
			const wrong = maps.filter((l) => !step.maps?.includes(l)).map((l) => `\n  has ${l}`);
			const missing = step.maps.filter((l) => !maps.includes(l)).map((l) => `\n  not ${l}`);
			if (wrong.length + missing.length)
				return `= ${seen}, but the map${[...wrong, ...missing].join("")}`;
		}
		const problems = this.arg.validate ? user.user_validate() : [];
		return problems.filter((problem) => !this.is_own_count(problem)).join("; ");
	}

	/** Two sums that Linux itself gets wrong, each version of it: a stack that
	 *  grows is charged for, also where its memory is not; and of a mapping
	 *  that was locked, moved in part and kept nothing stays locked, while all
	 *  of it stays counted. */
	private is_own_count(problem: string): boolean {
		if (problem.startsWith("vm_committed_as ")) return this.#grows;
		return problem.startsWith("locked_vm ") && this.#keeps;
	}

	private maps(task: number): string[] {
		const text = String(this.user.user_maps(this.#pid[task]));
		return text
			.split("\n")
			.filter(Boolean)
			.map((l) => short_line(l, (ino) => ino))
			.filter(Boolean);
	}

	private result(step: Step): string {
		const { user } = this;
		const { name, args } = step;
		switch (name) {
			case "fork":
			case "thread": {
				const pid =
					name === "fork"
						? user.user_syscall(NR.__NR_fork)
						: user.user_syscall(NR.__NR_clone, CLONE_THREAD);
				if (pid < 0) return String(pid);
				this.#pid[args[0]] = pid;
				return "0";
			}
			case "exit":
				/* exit_group() of a thread would end its process. */
				user.user_syscall(NR.__NR_exit);
				return "0";
			case "wait": {
				/* Of a thread nothing is left: -ECHILD. */
				const pid = user.user_syscall(NR.__NR_wait4, this.#pid[args[0]], 0, WALL);
				return pid === this.#pid[args[0]] || pid === -10 ? "0" : String(pid);
			}
			case "load8":
			case "load32":
			case "store8":
			case "store32":
			case "exec":
				return this.access(step);
		}
		if (!(name in CALLS)) return "no such call";
		const a = [...args];
		if (name === "mmap") a[4] = this.#fd.get(a[4]) ?? a[4];
		const ret = user.user_syscall(CALLS[name], a[0], a[1], a[2], a[3], a[4], a[5]);
		const text = ret < 0 ? String(ret) : ret.toString(16);
		if (name === "mincore" && ret === 0 && step.result.startsWith("0 "))
			return `${text} ${this.vector(step)}`;
		return text;
	}

	/** Which pages of a file are in memory is not the program's affair. */
	private vector({ args: [addr, , vec], result, before }: Step): string {
		const recorded = result.slice(2);
		let text = "";
		for (let i = 0; i < recorded.length; i++) {
			const seen = this.user.user_load8(vec + i) & 1;
			text += this.line_at(before, addr + i * PAGE)?.name.match(/^f|^\[[vs]/) ? recorded[i] : seen;
		}
		return text;
	}

	private line_at(maps: string[], addr: number) {
		return maps.map(fields).find((l) => l.start <= addr && addr < l.end);
	}

	private access({ name, args: [addr, value], result, before }: Step): string {
		const { user } = this;
		/* The vDSO is that kernel's own, and what it needs. */
		const area = this.line_at(before, addr)?.name ?? "";
		if (area.startsWith("[vvar")) return result;
		let got = 0;
		if (name === "load8") got = user.user_load8(addr);
		else if (name === "load32") got = user.user_load32(addr);
		else if (name === "store8") user.user_store8(addr, value);
		else if (name === "store32") user.user_store32(addr, value);
		else if (user.user_load8(addr) >= 0 || user.user_signal()) user.user_touch(addr, EXEC);
		const signal = user.user_signal();
		if (signal) return `!${signal.signo} ${signal.code} ${signal.addr.toString(16)}`;
		if (area === "[vdso]" || area === `f${PROGRAM}`) return result.startsWith("!") ? "no signal" : result;
		return got.toString(16);
	}

	end(): void {
		const { user } = this;
		for (const pid of this.#pid) if (user.run_task(pid) === 0) user.user_syscall(NR.__NR_exit_group, 0);
		const pid = user.user_spawn();
		user.run_task(pid);
		for (const fd of this.#fd.values()) user.user_syscall(NR.__NR_close, fd);
		user.user_syscall(NR.__NR_exit_group, 0);
	}
}

export function main(user: typeof User, arg: Arg): Outcome {
	const before = counts(user);
	const run = new Run(user, arg);
	const outcome: Outcome = { steps: 0, leaks: [] };
	const error = run.start();
	if (error) throw new Error(`the program of log ${arg.log.seed} cannot be set up: ${error}`);
	for (const step of arg.log.steps) {
		const what = run.step(step);
		if (what) {
			outcome.difference = { step, what };
			break;
		}
		outcome.steps++;
	}
	run.end();
	const after = counts(user);
	outcome.leaks = Object.keys(before)
		.filter((k) => before[k] !== after[k])
		.map((k) => `${k}: ${before[k]} before, ${after[k]} after`);
	return outcome;
}
