// SPDX-License-Identifier: GPL-2.0-only
/**
 * A user's program on the simulated CPUs: what its functions are given, and who
 * calls them. It is bundled together with the program, which bind() tells it
 * of, and loaded into each CPU's worker. The calls are libc's.
 */
import type * as user_side from "../../kernel/entry/user.ts";
import { PAGE_SIZE, STACK_TOP } from "asm/pgtable_types.ts";
import * as NR from "asm/unistd.ts";
import * as mman from "../../include/uapi/linux/mman.ts";
import { read_proc } from "../lib/proc.ts";
import { errno_name } from "../replay/abi.ts";
import { type Counting, open_counters, read_counters, type Counts } from "../stat/guest.ts";

type User = typeof user_side;

/** What a system call returns above this, and below 0, is no value. */
const MAX_ERRNO = 4095;
const O_RDWR = 2;
const SIGSEGV = 11;
/** What pthread_create() asks for: CLONE_VM | FS | FILES | SIGHAND | THREAD. */
const CLONE_THREAD = 0x10f00;
const START_BRK = 0x10000000;
/** A system call that failed. */
export class Errno extends Error {
	constructor(
		call: string,
		readonly errno: number,
	) {
		super(`${call}: ${errno_name(errno)}`);
		this.name = "Errno";
	}
}
/** An access to memory that is not mapped, or not so. */
export class Signal extends Error {
	constructor(
		readonly signo: number,
		readonly addr: number,
	) {
		super(`${signo === SIGSEGV ? "SIGSEGV" : `signal ${signo}`} at 0x${addr.toString(16)}`);
		this.name = "Signal";
	}
}

/** What a program's functions are given. Numbers are bytes; calls throw Errno, accesses throw Signal. */
export function make_sys(user: User, task: { pid: number }) {
	const call = (name: string, number: number, ...args: number[]): number => {
		const ret = user.user_syscall(number, ...args);
		if (ret < 0 && ret >= -MAX_ERRNO) throw new Errno(name, -ret);
		return ret;
	};
	const key = (ret: number, name: string): number => {
		if (ret < 0) throw new Errno(name, -ret);
		return ret;
	};
	const signal = (addr: number): never => {
		const info = user.user_signal();
		throw new Signal(info?.signo ?? SIGSEGV, info?.addr ?? addr);
	};
	const { MAP_PRIVATE, MAP_ANONYMOUS, PROT_READ, PROT_WRITE } = mman;
	return {
		...mman,
		PAGE_SIZE,
		/** Without address and flags: private anonymous memory wherever there is room. */
		mmap: (
			addr: number | null,
			length: number,
			prot = PROT_READ | PROT_WRITE,
			flags = MAP_PRIVATE | MAP_ANONYMOUS,
			fd = -1,
			offset = 0,
		) => call("mmap", NR.__NR_mmap, addr ?? 0, length, prot, flags, fd, offset),
		munmap: (addr: number, length: number) => call("munmap", NR.__NR_munmap, addr, length),
		mprotect: (addr: number, length: number, prot: number) =>
			call("mprotect", NR.__NR_mprotect, addr, length, prot),
		madvise: (addr: number, length: number, advice: number) =>
			call("madvise", NR.__NR_madvise, addr, length, advice),
		mremap: (addr: number, old_len: number, new_len: number, flags = mman.MREMAP_MAYMOVE, new_addr = 0) =>
			call("mremap", NR.__NR_mremap, addr, old_len, new_len, flags, new_addr),
		brk: (addr: number) => call("brk", NR.__NR_brk, addr),
		/** A descriptor of a file: its contents are a function of the inode's number and the offset. */
		open: (inode: number, size: number) => call("open", NR.__NR_sim_open, inode, O_RDWR, size),
		close: (fd: number) => call("close", NR.__NR_close, fd),
		/** Any other system call by its number on the kernel's architecture: its value, or a negative errno. */
		syscall: (number: number, ...args: number[]) => user.user_syscall(number, ...args),
		/** The 32 bits at addr, unsigned. */
		load: (addr: number) => {
			const value = user.user_load32(addr);
			return value < 0 ? signal(addr) : value;
		},
		store: (addr: number, value: number) => {
			if (!user.user_store32(addr, value)) signal(addr);
		},
		/** A child does what `child` says and ends; then this task goes on. Its number. */
		fork: (child: () => void) => {
			const pid = call("fork", NR.__NR_fork);
			const parent = task.pid;
			user.run_task(pid);
			task.pid = pid;
			try {
				child();
			} finally {
				user.user_syscall(NR.__NR_exit_group, 0);
				user.run_task(parent);
				task.pid = parent;
				call("wait4", NR.__NR_wait4, pid, 0, 0, 0);
			}
			return pid;
		},
		/** Text of /proc/self/maps. */
		maps: () => String(user.user_maps(task.pid)),
		/** /proc/vmstat. */
		vmstat: () => vmstat(user),
		/** All that is in a file of /proc, as text. */
		read: (path: string) => {
			const text = user.user_read_file(path);
			if (typeof text === "number") throw new Errno(path, -text);
			return text;
		},
		/** Write text to a file of /proc: what echo does. */
		write: (path: string, text: string) => {
			const ret = user.user_write_file(path, text);
			if (ret < 0) throw new Errno(path, -ret);
			return ret;
		},
		/** What may be done with pages of a memory key: PKEY_DISABLE_*. */
		pkey_get: (pkey: number) => key(user.user_pkey_get(pkey), "pkey_get"),
		pkey_set: (pkey: number, rights: number) => key(user.user_pkey_set(pkey, rights), "pkey_set"),
		pkey_alloc: (flags = 0, rights = 0) => call("pkey_alloc", NR.__NR_pkey_alloc, flags, rights),
		pkey_free: (pkey: number) => call("pkey_free", NR.__NR_pkey_free, pkey),
		pkey_mprotect: (addr: number, length: number, prot: number, pkey: number) =>
			call("pkey_mprotect", NR.__NR_pkey_mprotect, addr, length, prot, pkey),
	};
}
export type Sys = ReturnType<typeof make_sys>;

/** A program: all that a module may export. `Area`: what its setup() returns. */
export interface Program<Area = unknown> {
	/** Before: what it returns is given to all that follow. */
	setup?: (sys: Sys) => Area;
	/** At once, each on a CPU of its own, as threads of one process. */
	cpus: ((sys: Sys, area: Area) => unknown)[];
	/** After, with what each returned. */
	check?: (sys: Sys, area: Area, results: unknown[]) => unknown;
}

function vmstat(user: User): Record<string, number> {
	const lines = user.meminfo().vmstat.trim().split("\n");
	return Object.fromEntries(lines.map((line) => line.split(" ")).map(([name, n]) => [name, Number(n)]));
}

export interface Arg {
	/** Files of /proc to read at the end. */
	proc: string[];
	/** Threads that are ready. */
	ready: Int32Array;
	pids: number[];
	nr: number;
	area?: unknown;
	results?: unknown[];
	/** PERF_COUNT_SW_* to be counted, of the process and all that it makes. */
	count?: number[];
}
/** The process is there, and what watches it. */
export type Started = Done & { pids: number[]; counting?: Counting };
/** What a function of the program came to. */
export interface Done {
	value?: unknown;
	/** What it threw instead, with the place. */
	error?: string;
}
/** Of the last function: with the files that were asked for. */
export interface End extends Done {
	proc: Record<string, string>;
}
export interface Counters {
	vmstat: Record<string, number>;
	warnings: number;
}

let program: Program;

/** The program is this one. */
export function bind(module: Program): void {
	program = module;
}

/** What was thrown, and where in the program. */
function thrown(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
	const place = frames.find((line) => !/tools\/run\/guest\.ts|\/arch\/|\/kernel\/|\bnode:/.test(line))?.trim();
	return `${error.name}: ${error.message}${place ? `, ${place}` : ""}`;
}

/** A machine that stops makes all that comes after throw, too, and says why itself. */
function done(fn: () => unknown): Done {
	try {
		/* Others are to get it: what is no data is the program's mistake, and said here. */
		return { value: structuredClone(fn()) };
	} catch (error) {
		return { error: thrown(error) };
	}
}

export function counters(user: User): Counters {
	return { vmstat: vmstat(user), warnings: user.meminfo().warnings };
}

/** On CPU 0: a process, its setup(), and a thread for each CPU. */
export function start(user: User, { count: events }: Arg): Started {
	const pids = [user.user_spawn()];
	const counting = events && open_counters(user, pids[0], events);
	user.run_task(pids[0]);
	user.user_syscall(NR.__NR_sim_exec, START_BRK, STACK_TOP - 32 * PAGE_SIZE, STACK_TOP);
	const result = done(() => program.setup?.(make_sys(user, { pid: pids[0] })));
	while (pids.length < program.cpus.length) pids.push(user.user_syscall(NR.__NR_clone, CLONE_THREAD, 0));
	return { ...result, pids, counting };
}

/** On CPU 0, after the end of the process: what was counted. */
export function count(user: User, counting: Counting): Counts {
	return read_counters(user, counting);
}

/** On each CPU, at once. A thread that waits goes on making instructions, or its CPU would take no interrupts. */
export function thread(user: User, { ready, pids, nr, area }: Arg): Done {
	user.run_task(pids[nr]);
	Atomics.add(ready, 0, 1);
	while (Atomics.load(ready, 0) < pids.length) user.user_signal();
	const result = done(() => program.cpus[nr](make_sys(user, { pid: pids[nr] }), area));
	if (nr > 0) {
		user.user_syscall(NR.__NR_exit, 0);
		user.user_idle();
	}
	return result;
}

/** On CPU 0, when all are done: check(), and the end of the process. */
export function end(user: User, { pids, area, results, proc }: Arg): End {
	const result = done(() => program.check?.(make_sys(user, { pid: pids[0] }), area, results ?? []));
	const files = read_proc(proc, user.user_processes(), user.user_read_file);
	user.user_syscall(NR.__NR_exit_group, 0);
	user.user_idle();
	return { ...result, proc: files };
}

/** The same without check(), as something failed before it. */
export function stop(user: User): End {
	user.user_syscall(NR.__NR_exit_group, 0);
	user.user_idle();
	return { proc: {} };
}
