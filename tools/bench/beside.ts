// SPDX-License-Identifier: GPL-2.0-only
/**
 * Faults beside threads that change or hold the address space, as a user
 * program on simulated CPUs: what speculation is for, and what it is not for.
 *
 * A program is a process with a thread on each CPU: writers, as the workload
 * says, and faulters on the others. Writers go on until the faulters are done.
 * A program that waits goes on making instructions, or its CPU would take no
 * interrupts. All functions return ns.
 */
import { PAGE_SIZE as PAGE, STACK_TOP as STACK_END } from "asm/pgtable_types.ts";
import * as NR from "asm/unistd.ts";
import type * as User from "../../kernel/entry/user.ts";
import {
	MADV_DONTNEED,
	MADV_POPULATE_WRITE,
	MAP_ANONYMOUS,
	MAP_NORESERVE,
	MAP_PRIVATE,
	MAP_SHARED,
	MAP_STACK,
	PROT_NONE,
	PROT_READ,
	PROT_WRITE,
} from "../../include/uapi/linux/mman.ts";
import { type Beside, type Loop, type Thread, type TurnName, WORKLOADS } from "./workloads.ts";

const PROT_RW = PROT_READ | PROT_WRITE;
/** CLONE_VM | FS | FILES | SIGHAND | THREAD: what pthread_create() asks for. */
const CLONE_THREAD = 0x10f00;

/** An area that is long to go through. */
const LARGE = 8192 * PAGE;
/** What pthread_create() maps for a stack. */
const STACK = 2048 * PAGE;

/** A writer's turn, over and over. `area` is of LARGE bytes, and mapped. */
type Turn = (user: typeof User, area: number, me: number) => void;

const map = (user: typeof User, bytes: number, prot = PROT_RW, flags = 0) =>
	user.user_syscall(NR.__NR_mmap, 0, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

const one_page: Turn = (user) => {
	const p = map(user, PAGE);
	user.user_store8(p, 1);
	user.user_syscall(NR.__NR_munmap, p, PAGE);
};

/** As glibc does it: map the stack, protect all but the guard page, use a page of it. */
const thread: Turn = (user) => {
	const p = map(user, STACK, PROT_NONE, MAP_NORESERVE | MAP_STACK);
	user.user_syscall(NR.__NR_mprotect, p + PAGE, STACK - PAGE, PROT_RW);
	user.user_store8(p + STACK - 8, 1);
	user.user_syscall(NR.__NR_munmap, p, STACK);
};

/** With the pages that the faulters have written, and LARGE bytes of its own. */
const fork: Turn = (user, _area, me) => {
	const child = user.user_syscall(NR.__NR_fork);
	user.run_task(child);
	user.user_syscall(NR.__NR_exit_group, 0);
	user.run_task(me);
	user.user_syscall(NR.__NR_wait4, child, 0, 0, 0);
};

/** An area is brought in ahead of its use, and given back: both under the lock for reading. */
const populate: Turn = (user, area) => {
	user.user_syscall(NR.__NR_madvise, area, LARGE, MADV_POPULATE_WRITE);
	user.user_syscall(NR.__NR_madvise, area, LARGE, MADV_DONTNEED);
};

/** A heap grows, is used, and goes: munmap() frees its pages under the lock for reading. */
const heap: Turn = (user) => {
	const p = map(user, LARGE / 4);
	user.user_syscall(NR.__NR_madvise, p, LARGE / 4, MADV_POPULATE_WRITE);
	user.user_syscall(NR.__NR_munmap, p, LARGE / 4);
};

/** The lock is held for writing while all entries change. The area was written: see writer(). */
const protect: Turn = (user, area) => {
	user.user_syscall(NR.__NR_mprotect, area, LARGE, PROT_READ);
	user.user_syscall(NR.__NR_mprotect, area, LARGE, PROT_RW);
};

const TURNS: Record<TurnName, Turn> = { fork, heap, one_page, populate, protect, thread };

/** Words of `shared`: threads that are ready, and faulters that are done. */
const READY = 0;
const DONE = 1;

const threads = ({ workload, faulters }: Beside) => WORKLOADS[workload].length + faulters;

/** A program of so many threads: CPU n runs the n-th. */
function spawn(user: typeof User, count: number): number[] {
	const pids = [user.user_spawn()];
	user.run_task(pids[0]);
	user.user_syscall(NR.__NR_sim_exec, 0x10000000, STACK_END - 32 * PAGE, STACK_END);
	while (pids.length < count) pids.push(user.user_syscall(NR.__NR_clone, CLONE_THREAD, 0));
	return pids;
}

/** On CPU 0, first. */
export const start = (user: typeof User, beside: Beside): number[] => spawn(user, threads(beside));

/** A thread says that it has come to a point, and waits for so many. */
function meet(user: typeof User, shared: Int32Array, point: number, count: number): void {
	Atomics.add(shared, point, 1);
	while (Atomics.load(shared, point) < count) user.user_signal();
}

/** A turn's time. */
export function writer(user: typeof User, thread: Thread): number {
	const { workload, shared, faulters, pid, nr } = thread;
	const turn = TURNS[WORKLOADS[workload][nr]];
	if (nr > 0) user.run_task(pid);
	const area = map(user, LARGE);
	if (turn === fork || turn === protect) user.user_syscall(NR.__NR_madvise, area, LARGE, MADV_POPULATE_WRITE);
	meet(user, shared, READY, threads(thread));
	const begin = performance.now();
	let n = 0;
	while (n === 0 || Atomics.load(shared, DONE) < faulters) {
		turn(user, area, pid);
		n++;
	}
	const ns = ((performance.now() - begin) * 1e6) / n;
	if (nr > 0) {
		user.user_syscall(NR.__NR_exit, 0);
		user.user_idle();
	}
	return ns;
}

/** A fault's time: writes to fresh pages for which there are page tables. */
export function faulter(user: typeof User, thread: Thread): number {
	const { shared, pages, times, pid } = thread;
	user.run_task(pid);
	const p = map(user, pages * PAGE);
	const touch = () => {
		for (let a = p; a < p + pages * PAGE; a += PAGE) user.user_store8(a, 1);
	};
	let ms = 0;
	touch();
	for (let i = 0; i < times; i++) {
		user.user_syscall(NR.__NR_madvise, p, pages * PAGE, MADV_DONTNEED);
		if (i === 0) meet(user, shared, READY, threads(thread));
		const begin = performance.now();
		touch();
		ms += performance.now() - begin;
	}
	Atomics.add(shared, DONE, 1);
	user.user_syscall(NR.__NR_munmap, p, pages * PAGE);
	user.user_syscall(NR.__NR_exit, 0);
	user.user_idle();
	return (ms * 1e6) / (pages * times);
}

const LOOP_THREADS = 2;
const O_RDWR = 2;
/** Of the file of the first thread. */
const INODE = 100;

/** On CPU 0, first. */
export const start_loop = (user: typeof User): number[] => spawn(user, LOOP_THREADS);

/** A page's time: map, write to each page, unmap, over and over. A file is in the page cache after the first time. */
export function loop(user: typeof User, { loop, pid, nr, pages, times, shared }: Loop): number {
	const bytes = pages * PAGE;
	if (nr > 0) user.run_task(pid);
	const file = loop !== "page_fault1";
	const fd = file ? user.user_syscall(NR.__NR_sim_open, INODE + nr, O_RDWR, bytes) : -1;
	const flags = loop === "page_fault3" ? MAP_SHARED : file ? MAP_PRIVATE : MAP_PRIVATE | MAP_ANONYMOUS;
	const turn = () => {
		const p = user.user_syscall(NR.__NR_mmap, 0, bytes, PROT_RW, flags, fd, 0);
		for (let a = p; a < p + bytes; a += PAGE) user.user_store8(a, 1);
		user.user_syscall(NR.__NR_munmap, p, bytes);
	};
	turn();
	meet(user, shared, READY, LOOP_THREADS);
	const begin = performance.now();
	for (let i = 0; i < times; i++) turn();
	const ns = ((performance.now() - begin) * 1e6) / (pages * times);
	if (file) user.user_syscall(NR.__NR_close, fd);
	/* The other one's interrupts are answered until it is done, too. */
	meet(user, shared, DONE, LOOP_THREADS);
	if (nr > 0) {
		user.user_syscall(NR.__NR_exit, 0);
		user.user_idle();
	}
	return ns;
}

/** On CPU 0, last. */
export function end(user: typeof User): void {
	user.user_syscall(NR.__NR_exit_group, 0);
	user.user_idle();
}
