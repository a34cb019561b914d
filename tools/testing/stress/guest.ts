// SPDX-License-Identifier: GPL-2.0-only
/**
 * What each CPU runs: one thread of a process that all of them share, doing
 * random operations. A CPU knows the contents of its own pages, of its words in
 * the counter pages and on the stack, to the byte, whatever the others do next to
 * them; of what all share it knows which values cannot be there.
 */
import { PMD_SIZE } from "asm/pgtable_types.ts";
import * as NR from "asm/unistd.ts";
import type * as User from "../../../kernel/entry/user.ts";
import {
	type Arg,
	ARRIVED,
	COMMON,
	COMMON_PAGES,
	COUNTER_PAGES,
	COUNTERS,
	FINISHED,
	GENERATION,
	HEAP_PAGES,
	MAILBOX,
	OWN,
	OWN_PAGES,
	PAGE,
	STACK,
	STACK_PAGES,
	START_BRK,
	STOP,
	VFORK,
	VFORK_PID,
} from "./layout.ts";

const MAP_SHARED = 0x1;
const MAP_PRIVATE = 0x2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_POPULATE = 0x8000;
const MADV_DONTNEED = 4;
const MREMAP_MAYMOVE_FIXED = 3;
const CLONE_THREAD = 0x10f00; /* VM, FS, FILES, SIGHAND, THREAD */
const CLONE_VFORK = 0x104100 | 17; /* VM, VFORK, PARENT_SETTID; SIGCHLD */
const PID_MAX = 32768;
const WALL = 0x40000000;
const WNOHANG_WALL = 0x40000001;
const PROT_WRITE = 2;
const EFAULT = -14;
const SIGSEGV = 11;
const SIGBUS = 7;

/** A counting generator (mulberry32): the same numbers for the same seed. */
export function generator(seed: number): (below: number) => number {
	let a = seed | 0;
	return (below) => {
		a = (a + 0x6d2b79f5) | 0;
		let t = Math.imul(a ^ (a >>> 15), 1 | a);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) % below;
	};
}

/** A page of a CPU's own, as it has to be. */
interface Page {
	prot: number;
	/** The words at the first and the last address of the page. */
	first: number;
	last: number;
}

/** Values say whose they are: the top byte is the CPU's number + 1, of a child
 *  + 0x41, and 0x80 in memory that all CPUs write. */
const COMMON_TAG = 0x80;

/** Thrown where this CPU has nothing more to do: its task was killed, or a
 *  check failed somewhere. */
const OVER = Symbol("over");

export interface Count {
	nr_free_pages: number;
	nr_tasks: number;
	warnings: number;
	[slab: string]: number;
}

/** Memory in use, to compare with what was at boot. */
export function count(user: typeof User): Count {
	user.mem_settle();
	const { nr_free_pages, slabs, nr_tasks, warnings } = user.meminfo();
	return { nr_free_pages, nr_tasks, warnings, ...slabs };
}

/** On CPU 0, alone: a process with a thread for each CPU. */
export function setup(user: typeof User, { cpus }: Arg): number[] {
	const pids = [user.user_spawn()];
	user.run_task(pids[0]);
	const must = (what: string, ret: number) => {
		if (ret < 0) throw new Error(`${what}: ${ret}`);
		return ret;
	};
	must("exec", user.user_syscall(NR.__NR_sim_exec, START_BRK, ...STACK));
	const flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS;
	must("mmap", user.user_syscall(NR.__NR_mmap, COUNTERS, COUNTER_PAGES * PAGE, 3, flags, -1, 0));
	for (let cpu = 1; cpu < cpus; cpu++)
		pids.push(must("clone", user.user_syscall(NR.__NR_clone, CLONE_THREAD, 0)));
	user.user_idle();
	return pids;
}

/** On CPU 0, alone: ends what children are left, and counts memory. */
export function teardown(user: typeof User): { count: Count; vmstat: string; problems: string[] } {
	for (let pid = 1; pid < PID_MAX && user.meminfo().nr_tasks > 0; pid++)
		if (user.run_task(pid) === 0) user.user_syscall(NR.__NR_exit_group, 0);
	user.user_idle();
	const problems = user.user_validate();
	return { count: count(user), vmstat: user.meminfo().vmstat, problems };
}

/** On every CPU. Returns what was wrong, and how many operations were done. */
export function main(user: typeof User, arg: Arg): { problems: string[]; done: number } {
	const stress = new Stress(user, arg);
	try {
		stress.run();
	} catch (error) {
		if (error !== OVER) throw error;
	}
	return stress.end();
}

/* ---- single situations, on two CPUs or more ---- */

export { mirror } from "./mirror.ts";

/** A program of one CPU: `arg.steps` turns, between two barriers. */
export function in_turns(
	user: typeof User,
	{ control, cpus, cpu, pids, steps }: Arg,
	turn: (i: number) => string | undefined,
): string[] {
	const words = new Int32Array(control);
	const problems: string[] = [];
	const meet = (n: number) => {
		Atomics.add(words, ARRIVED, 1);
		while (Atomics.load(words, ARRIVED) < cpus * n) user.user_signal();
	};
	user.run_task(pids[cpu]);
	meet(1);
	for (let i = 0; i < steps && problems.length === 0; i++) {
		const problem = turn(i);
		if (problem) problems.push(`CPU ${cpu}, turn ${i}: ${problem}`);
	}
	Atomics.add(words, FINISHED, 1);
	meet(2);
	if (cpu === 0) problems.push(...user.user_validate());
	meet(3);
	user.user_syscall(NR.__NR_exit, 0);
	user.user_idle();
	return problems;
}

/** CPU 1 makes the stack grow page by page, while CPU 0 faults in its upper
 *  part. Each page has to know its place in the stack. */
export function grow_stack(user: typeof User, arg: Arg): string[] {
	const words = new Int32Array(arg.control);
	const top = STACK[1] - PAGE;
	if (arg.cpu === 1)
		return in_turns(user, arg, (i) =>
			user.user_store32(STACK[0] - i * PAGE, i) ? undefined : "no growth",
		);
	return in_turns(user, arg, () => {
		if (Atomics.load(words, FINISHED)) return;
		user.user_syscall(NR.__NR_madvise, STACK[0], top - STACK[0], MADV_DONTNEED);
		for (let at = STACK[0]; at < top; at += PAGE) if (!user.user_store32(at, 1)) return "no stack";
	});
}

/** Both CPUs use nearly all memory, half of it for page tables, and free it:
 *  memory that waits for a grace period is not memory that is missing. */
export function page_tables(user: typeof User, arg: Arg): string[] {
	const [tables, span] = [200, PMD_SIZE];
	const base = 16 * tables * span * (arg.cpu + 1);
	return in_turns(user, arg, () => {
		const at = user.user_syscall(
			NR.__NR_mmap,
			base,
			tables * span,
			3,
			MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS,
			-1,
			0,
		);
		if (at !== base) return `mmap: ${at}`;
		for (let i = 0; i < tables; i++) if (!user.user_store32(base + i * span, 1)) return `page ${i}: killed`;
		user.user_syscall(NR.__NR_munmap, base, tables * span);
	});
}

/** CPU 1 maps and unmaps some pages, and their table with them, while CPU 0
 *  writes to them: the pages must go with the mapping that they were made for. */
export function unmap(user: typeof User, arg: Arg): string[] {
	const words = new Int32Array(arg.control);
	const pages = 4;
	const base = 0x300000000;
	if (arg.cpu === 1)
		return in_turns(user, arg, () => {
			const at = user.user_syscall(
				NR.__NR_mmap,
				base,
				pages * PAGE,
				3,
				MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS,
				-1,
				0,
			);
			if (at !== base) return `mmap: ${at}`;
			for (let i = 0; i < pages; i++) {
				const value = user.user_load32(base + i * PAGE);
				if (value !== 0 && value !== 1) return `page ${i}: ${hex(value)}`;
				user.user_store32(base + i * PAGE + 4, 2);
			}
			user.user_syscall(NR.__NR_munmap, base, pages * PAGE);
		});
	return in_turns(user, { ...arg, steps: arg.steps * 10 }, (i) => {
		if (Atomics.load(words, FINISHED)) return;
		if (!user.user_store32(base + (i % pages) * PAGE, 1)) user.user_signal();
	});
}

/** CPU 1 maps and unmaps some pages, and has something else in the same memory
 *  afterwards, while CPU 0 reads them: it sees what was mapped there, or nothing,
 *  but not by an old translation what the memory is now. */
export function stale(user: typeof User, arg: Arg): string[] {
	const words = new Int32Array(arg.control);
	const pages = 8;
	const base = 0x300000000;
	const other = 0x310000000;
	const fill = (at: number, n: number, value: number) => {
		const got = user.user_syscall(
			NR.__NR_mmap,
			at,
			n * PAGE,
			3,
			MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS,
			-1,
			0,
		);
		for (let i = 0; i < n; i++) user.user_store32(at + i * PAGE, value);
		return got === at;
	};
	if (arg.cpu === 1)
		return in_turns(user, arg, (i) => {
			/* From the middle on their table stays, for this one: so not all is flushed. */
			if (i === arg.steps >> 1 && !fill(base + pages * PAGE, 1, 3)) return "mmap: refused";
			if (!fill(base, pages, 1)) return "mmap: refused";
			user.user_syscall(NR.__NR_munmap, base, pages * PAGE);
			if (!fill(other, pages, 2)) return "mmap: refused";
			user.user_syscall(NR.__NR_munmap, other, pages * PAGE);
		});
	return in_turns(user, { ...arg, steps: 1e7 }, (i) => {
		if (Atomics.load(words, FINISHED)) return;
		const value = user.user_load32(base + (i % pages) * PAGE);
		if (value < 0) user.user_signal();
		else if (value > 1) return `page ${i % pages}: ${hex(value)}`;
	});
}

/** CPU 0 forks again and again, while CPU 1 counts in a page: a child's copy is
 *  what it was at the fork, and CPU 1 loses no count. */
export function fork(user: typeof User, arg: Arg): string[] {
	const words = new Int32Array(arg.control);
	let count = 0;
	if (arg.cpu === 1)
		return in_turns(user, { ...arg, steps: 1e6 }, () => {
			if (Atomics.load(words, FINISHED)) return;
			const seen = user.user_load32(COUNTERS + 4);
			if (seen !== count) return `counter: ${seen}, expected ${count}`;
			user.user_store32(COUNTERS + 4, ++count);
		});
	return in_turns(user, arg, () => {
		const pid = user.user_syscall(NR.__NR_fork);
		if (pid < 0 || user.run_task(pid) !== 0) return `fork: ${pid}`;
		const first = user.user_load32(COUNTERS + 4);
		let problem: string | undefined;
		for (let i = 0; i < 100; i++) {
			const later = user.user_load32(COUNTERS + 4);
			if (later !== first) problem = `child's copy: ${first}, later ${later}`;
		}
		user.user_syscall(NR.__NR_exit_group, 0);
		user.run_task(arg.pids[0]);
		user.user_store32(COUNTERS, 1);
		const reaped = user.user_syscall(NR.__NR_wait4, pid, 0, WALL);
		return problem ?? (reaped === pid ? undefined : `wait4: ${reaped}`);
	});
}

/** CPU 1 frees vmas and stays in user mode; CPU 0 waits for the callbacks. */
export function user_mode(user: typeof User, arg: Arg): string[] {
	const words = new Int32Array(arg.control);
	return in_turns(user, { ...arg, steps: 1 }, () => {
		if (arg.cpu === 0) {
			user.user_idle();
			for (let i = 0; i < arg.steps; i++) user.mem_settle();
			Atomics.store(words, STOP, 1);
			user.run_task(arg.pids[0]);
			return;
		}
		while (!Atomics.load(words, STOP)) {
			const at = user.user_syscall(NR.__NR_mmap, 0, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			user.user_store32(at, 1);
			user.user_syscall(NR.__NR_munmap, at, PAGE);
			for (let i = 0; i < 5000 && !Atomics.load(words, STOP); i++) user.user_signal();
		}
	});
}

class Stress {
	private readonly words: Int32Array;
	private readonly random: (below: number) => number;
	private readonly own: number;
	private pages: (Page | undefined)[] = Array(OWN_PAGES).fill(undefined);
	private readonly counters: number[] = Array(COUNTER_PAGES).fill(0);
	private readonly stack: number[] = Array(STACK_PAGES).fill(0);
	private task: number;
	private value = 0;
	private step = 0;
	private readonly problems: string[] = [];
	/** Children of ours that another CPU may be running. */
	private readonly away: number[] = [];

	constructor(
		private readonly user: typeof User,
		private readonly arg: Arg,
	) {
		this.words = new Int32Array(arg.control);
		this.random = generator(Math.imul(arg.seed, 0x9e3779b1) ^ Math.imul(arg.cpu + 1, 0x85ebca6b));
		this.own = OWN + arg.cpu * OWN_PAGES * PAGE;
		this.task = arg.pids[arg.cpu];
	}

	run(): void {
		const { user, arg } = this;
		const error = user.run_task(this.task);
		if (error) this.fail(`run_task: ${error}`);
		this.barrier(false);
		for (; this.step < arg.steps; this.step++) {
			this.operation();
			if (this.step % 64 === 63) this.verify_all();
			if (arg.killer === arg.cpu && this.step > arg.steps / 2) {
				user.user_syscall(NR.__NR_exit_group, 0);
				throw OVER;
			}
			/* A quiet point, unless some will not get there. */
			if (arg.killer < 0 && this.step % 400 === 399) {
				/* Who waits for a child before it comes here gets it; then
				 * nobody does anything. */
				this.barrier(true);
				this.barrier(false);
				if (arg.cpu === 0) for (const problem of user.user_validate()) this.fail(problem);
				this.barrier(false);
			}
		}
		this.verify_all();
		/* Children of others may still come our way. */
		while (this.away.length) this.children();
		Atomics.add(this.words, FINISHED, 1);
		while (Atomics.load(this.words, FINISHED) < arg.cpus && arg.killer < 0) this.children();
	}

	end(): { problems: string[]; done: number } {
		if (this.user.user_task() !== 0) this.user.user_syscall(NR.__NR_exit, 0);
		this.user.user_idle();
		return { problems: this.problems, done: this.step };
	}

	private fail(text: string): never {
		this.problems.push(`CPU ${this.arg.cpu}, step ${this.step}: ${text}`);
		Atomics.store(this.words, STOP, 1);
		throw OVER;
	}

	/** Ends this CPU's run if its task is gone, or if another one has failed. */
	private alive(): void {
		if (this.user.user_task() !== this.task || Atomics.load(this.words, STOP) !== 0) throw OVER;
	}

	/** Waiting, in user mode: a CPU has to take interrupts. */
	private relax(): void {
		this.user.user_signal();
		this.alive();
	}

	private barrier(children: boolean): void {
		const { words, arg } = this;
		const generation = Atomics.load(words, GENERATION);
		if (Atomics.add(words, ARRIVED, 1) === arg.cpus - 1) {
			Atomics.store(words, ARRIVED, 0);
			Atomics.add(words, GENERATION, 1);
		} else
			while (Atomics.load(words, GENERATION) === generation) {
				this.relax();
				if (children) this.children();
			}
	}

	/* ---- accesses ---- */

	/** The word at addr, or -1 if that gave the signal that it should. */
	private load(addr: number, signal: boolean | undefined): number {
		const value = this.user.user_load32(addr);
		this.check_signal(`load from ${addr.toString(16)}`, value < 0, signal);
		return value;
	}

	private store(addr: number, value: number, signal: boolean | undefined): boolean {
		const done = this.user.user_store32(addr, value);
		this.check_signal(`store to ${addr.toString(16)}`, !done, signal);
		return done;
	}

	/** With `expected` undefined both outcomes are right. */
	private check_signal(what: string, failed: boolean, expected: boolean | undefined): void {
		this.alive();
		const signo = failed ? (this.user.user_signal()?.signo ?? 0) : 0;
		this.alive();
		if (failed && signo !== SIGSEGV && !(expected === undefined && signo === SIGBUS))
			this.fail(`${what}: signal ${signo}`);
		if (expected !== undefined && failed !== expected)
			this.fail(`${what}: ${failed ? "SIGSEGV" : "no signal"}`);
	}

	private expect(addr: number, value: number, what: string): void {
		const seen = this.load(addr, false);
		if (seen !== value) this.fail(`${what} at ${addr.toString(16)}: ${hex(seen)}, expected ${hex(value)}`);
	}

	private next_value(tag: number): number {
		this.value = (this.value + 1) & 0xffffff;
		return ((tag << 24) | this.value) >>> 0;
	}

	private syscall(nr: number, ...args: number[]): number {
		const ret = this.user.user_syscall(nr, ...(args as [number, number, number, number, number, number]));
		this.alive();
		return ret;
	}

	private must(what: string, ret: number, expected = 0): void {
		if (ret !== expected) this.fail(`${what}: ${ret}, expected ${expected}`);
	}

	/* ---- pages of our own ---- */

	private at(page: number): number {
		return this.own + page * PAGE;
	}

	private range(): { page: number; n: number } {
		const n = 1 + this.random(8);
		return { page: this.random(OWN_PAGES - n + 1), n };
	}

	private set(page: number, n: number, value: () => Page | undefined): void {
		for (let i = 0; i < n; i++) this.pages[page + i] = value();
	}

	private verify(page: number): void {
		const p = this.pages[page];
		const signal = p === undefined || p.prot === 0;
		const first = this.load(this.at(page), signal);
		if (signal) return;
		if (first !== p.first)
			this.fail(`own page ${page}, first word: ${hex(first)}, expected ${hex(p.first)}`);
		this.expect(this.at(page) + PAGE - 4, p.last, `own page ${page}, last word`);
	}

	private verify_all(): void {
		for (let page = 0; page < OWN_PAGES; page++) if (this.random(3)) this.verify(page);
		for (let i = 0; i < COUNTER_PAGES; i++) this.expect(this.counter(i), this.counters[i], "counter");
		for (let i = 0; i < STACK_PAGES; i++)
			if (this.stack[i]) this.expect(this.stack_word(i), this.stack[i], "stack");
	}

	private write_own(page: number, tag = this.arg.cpu + 1): void {
		const p = this.pages[page];
		const signal = p === undefined || (p.prot & PROT_WRITE) === 0;
		const value = this.next_value(tag);
		const last = this.random(2) === 1;
		this.store(this.at(page) + (last ? PAGE - 4 : 0), value, signal);
		if (p && !signal) p[last ? "last" : "first"] = value;
	}

	/* ---- words of our own in pages of all ---- */

	private counter(page: number): number {
		return COUNTERS + page * PAGE + this.arg.cpu * 4;
	}

	private stack_word(page: number): number {
		return STACK[0] - (page + 1) * PAGE + this.arg.cpu * 4;
	}

	private foreign_counters(): string {
		const words: number[] = [];
		for (let i = 0; i < COUNTER_PAGES; i++)
			for (let cpu = 0; cpu < this.arg.cpus; cpu++)
				words.push(this.load(COUNTERS + i * PAGE + cpu * 4, false));
		return words.join(" ");
	}

	private bump(): void {
		const i = this.random(COUNTER_PAGES);
		this.expect(this.counter(i), this.counters[i], "counter");
		this.counters[i]++;
		this.store(this.counter(i), this.counters[i], false);
	}

	private grow(): void {
		/* Deeper and deeper, so that it goes on for the whole run. */
		const deep = Math.ceil(((this.step + 1) / this.arg.steps) * STACK_PAGES);
		const i = this.random(Math.min(deep, STACK_PAGES));
		this.expect(this.stack_word(i), this.stack[i], "stack");
		this.stack[i] = this.next_value(this.arg.cpu + 1);
		this.store(this.stack_word(i), this.stack[i], false);
	}

	/* ---- pages of all ---- */

	private check_common(value: number): void {
		if (value > 0 && value >>> 24 !== COMMON_TAG) this.fail(`common memory: foreign value ${hex(value)}`);
	}

	private common(): void {
		const { random } = this;
		const n = 1 + random(4);
		const at = COMMON + random(COMMON_PAGES - n + 1) * PAGE;
		switch (random(16)) {
			case 0:
			case 1: {
				const flags =
					(random(4) ? MAP_PRIVATE : MAP_SHARED) |
					MAP_FIXED |
					MAP_ANONYMOUS |
					(random(4) ? 0 : MAP_POPULATE);
				this.must(
					"mmap of common pages",
					this.syscall(NR.__NR_mmap, at, n * PAGE, 3, flags, -1, 0),
					at,
				);
				return;
			}
			case 2:
				this.must("munmap of common pages", this.syscall(NR.__NR_munmap, at, n * PAGE));
				return;
			case 3:
				this.syscall(NR.__NR_mprotect, at, n * PAGE, [0, 1, 3, 3][random(4)]);
				return;
			case 4:
				this.syscall(NR.__NR_madvise, at, n * PAGE, MADV_DONTNEED);
				return;
			case 5:
				this.syscall(
					NR.__NR_mremap,
					at,
					n * PAGE,
					n * PAGE,
					MREMAP_MAYMOVE_FIXED,
					COMMON + random(COMMON_PAGES - n + 1) * PAGE,
				);
				return;
			case 6:
				this.syscall(NR.__NR_brk, START_BRK + random(HEAP_PAGES + 1) * PAGE);
				return;
			case 7:
			case 8: {
				const heap = START_BRK + random(HEAP_PAGES) * PAGE;
				this.check_common(this.load(heap, undefined));
				this.store(heap, this.next_value(COMMON_TAG), undefined);
				return;
			}
			case 9:
				this.syscall(random(2) ? NR.__NR_mlock : NR.__NR_munlock, at, n * PAGE);
				return;
			case 10:
			case 11:
			case 12:
				this.check_common(this.load(at, undefined));
				return;
			default:
				this.store(at, this.next_value(COMMON_TAG), undefined);
				this.check_common(this.load(at + PAGE - 4, undefined));
		}
	}

	/* ---- children ---- */

	/** Child in place of us on this CPU: its memory is a copy of ours. */
	private run_child(pid: number): void {
		const { user } = this;
		const error = user.run_task(pid);
		if (error) this.fail(`run_task of child ${pid}: ${error}`);
		const parent = { task: this.task, pages: this.pages };
		this.task = pid;
		this.pages = parent.pages.map((p) => p && { ...p });
		/* What the others' words are here they stay: they write to the parent's. */
		const foreign = this.foreign_counters();
		for (let i = 0; i < 6; i++) {
			this.verify(this.random(OWN_PAGES));
			this.write_own(this.random(OWN_PAGES), this.arg.cpu + 0x41);
		}
		for (let i = 0; i < COUNTER_PAGES; i++)
			this.expect(this.counter(i), this.counters[i], "child's counter");
		for (let i = 0; i < 20; i++) {
			const later = this.foreign_counters();
			if (later !== foreign) this.fail(`child's copies of counters: ${foreign}, later ${later}`);
			this.relax();
		}
		user.user_syscall(NR.__NR_exit_group, 0);
		this.pages = parent.pages;
		this.task = parent.task;
		this.back();
	}

	/** Somebody else's child: what it writes must not be seen by anybody. */
	private run_foreign(pid: number): void {
		const { user } = this;
		const task = this.task;
		const error = user.run_task(pid);
		if (error) this.fail(`run_task of foreign child ${pid}: ${error}`);
		this.task = pid;
		for (let i = 0; i < 12; i++) {
			user.user_store32(OWN + this.random(this.arg.cpus * OWN_PAGES) * PAGE, 0x7f000000 + i);
			user.user_store32(
				COUNTERS + this.random(COUNTER_PAGES) * PAGE + this.random(8) * 4,
				0x7f000000 + i,
			);
			user.user_signal();
		}
		user.user_syscall(NR.__NR_exit_group, 0);
		this.task = task;
		this.back();
	}

	/** Our own task again, unless it was killed meanwhile. */
	private back(): void {
		const error = this.user.run_task(this.task);
		if (error && this.arg.killer < 0) this.fail(`run_task of our own: ${error}`);
		this.alive();
	}

	private fork(): void {
		if (this.away.length > 1) return;
		const pid = this.syscall(NR.__NR_fork);
		if (pid < 0) this.fail(`fork: ${pid}`);
		const { cpu, cpus } = this.arg;
		const other = (cpu + 1 + this.random(cpus - 1)) % cpus;
		this.away.push(pid);
		/* Either to another CPU, if that has none yet, or here. */
		if (this.random(2) || Atomics.compareExchange(this.words, MAILBOX + other, 0, pid) !== 0)
			this.run_child(pid);
	}

	/**
	 * vfork() sleeps in the kernel, and its CPU with it, until another CPU has
	 * run the child, which is found by what CLONE_PARENT_SETTID stored.
	 */
	private vfork(): void {
		if (Atomics.compareExchange(this.words, VFORK, 0, this.arg.cpu + 1) !== 0) return;
		const pid = this.syscall(NR.__NR_clone, CLONE_VFORK, 0, VFORK_PID);
		if (pid < 0) this.fail(`vfork: ${pid}`);
		this.must("wait4 after vfork", this.syscall(NR.__NR_wait4, pid, 0, WALL), pid);
		this.store(VFORK_PID, 0, false);
		Atomics.store(this.words, VFORK, 0);
	}

	/** Somebody sleeps until we have run the child that shares our memory. */
	private run_vforked(): void {
		const parent = Atomics.load(this.words, VFORK) - 1;
		if (parent < 0 || parent === this.arg.cpu) return;
		const pid = this.load(VFORK_PID, false);
		const { user, task } = this;
		if (pid === 0 || user.run_task(pid) !== 0) return;
		this.task = pid;
		this.bump();
		user.user_syscall(NR.__NR_exit_group, 0);
		this.task = task;
		this.back();
	}

	/** Runs what others sent, and reaps what others have run. */
	private children(): void {
		this.relax();
		this.run_vforked();
		const pid = Atomics.exchange(this.words, MAILBOX + this.arg.cpu, 0);
		if (pid) this.run_foreign(pid);
		if (!this.away.length) return;
		const reaped = this.syscall(NR.__NR_wait4, this.away[0], 0, WNOHANG_WALL);
		if (reaped === this.away[0]) this.away.shift();
		else if (reaped) this.fail(`wait4: ${reaped}`);
	}

	/** This CPU goes on as a new thread, and the old one ends. */
	private new_thread(): void {
		/* Who is waited for by us must not be left behind. */
		while (this.away.length) this.children();
		const pid = this.syscall(NR.__NR_clone, CLONE_THREAD, 0);
		if (pid < 0) this.fail(`clone: ${pid}`);
		this.user.user_syscall(NR.__NR_exit, 0);
		this.task = pid;
		this.back();
	}

	private operation(): void {
		const { random, user } = this;
		const { page, n } = this.range();
		const at = this.at(page);
		user.user_signal();
		this.alive();
		switch (random(40)) {
			case 0:
			case 1:
			case 2: {
				const prot = [0, 1, 3, 3, 3, 3, 3, 3][random(8)];
				const flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | (random(4) ? 0 : MAP_POPULATE);
				this.must("mmap", this.syscall(NR.__NR_mmap, at, n * PAGE, prot, flags, -1, 0), at);
				this.set(page, n, () => ({ prot, first: 0, last: 0 }));
				return;
			}
			case 3:
				this.must("munmap", this.syscall(NR.__NR_munmap, at, n * PAGE));
				this.set(page, n, () => undefined);
				return;
			case 4:
			case 5: {
				const prot = [0, 1, 3, 3, 3, 3, 3, 3][random(8)];
				/* Up to the first hole. */
				let end = page;
				while (end < page + n && this.pages[end]) end++;
				this.must(
					"mprotect",
					this.syscall(NR.__NR_mprotect, at, n * PAGE, prot),
					end === page + n ? 0 : -12,
				);
				for (let i = page; i < end; i++) (this.pages[i] as Page).prot = prot;
				return;
			}
			case 6: {
				const ret = this.syscall(NR.__NR_madvise, at, n * PAGE, MADV_DONTNEED);
				const hole = this.pages.slice(page, page + n).some((p) => !p);
				this.must("madvise", ret, hole ? -12 : 0);
				for (const p of this.pages.slice(page, page + n)) if (p) p.first = p.last = 0;
				return;
			}
			case 7:
			case 8: {
				const to = random(OWN_PAGES - n + 1);
				if (Math.abs(to - page) < n) return;
				const moved = this.pages.slice(page, page + n);
				const ret = this.syscall(
					NR.__NR_mremap,
					at,
					n * PAGE,
					n * PAGE,
					MREMAP_MAYMOVE_FIXED,
					this.at(to),
				);
				/* Is there anything? Then the target goes; then the source has to be one vma. */
				if (!moved[0]) {
					this.must("mremap of a hole", ret, EFAULT);
					return;
				}
				this.set(to, n, () => undefined);
				if (ret === EFAULT) return;
				this.must("mremap", ret, this.at(to));
				for (let i = 0; i < n; i++) this.pages[to + i] = moved[i];
				this.set(page, n, () => undefined);
				return;
			}
			case 9:
				if (random(3) === 0) this.fork();
				return;
			case 10:
				if (random(6) === 0) this.new_thread();
				return;
			case 11:
				if (random(6) === 0) this.vfork();
				return;
			case 12:
			case 13:
				this.grow();
				return;
			case 14:
			case 15:
			case 16:
			case 17:
				this.bump();
				return;
			case 18:
				this.children();
				return;
			case 19:
			case 20:
			case 21:
			case 22:
			case 23:
			case 24:
			case 25:
				for (let i = 0; i < 6; i++) this.common();
				return;
			case 26:
			case 27:
			case 28:
			case 29:
				this.verify(page);
				return;
			default:
				this.write_own(page);
				this.write_own(page + n - 1);
		}
	}
}

function hex(value: number): string {
	return value < 0 ? "a signal" : value.toString(16);
}
