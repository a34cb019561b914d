// SPDX-License-Identifier: GPL-2.0-only
/**
 * The port's half of `make bench`: what native.c does on the machine's own
 * kernel, as a user program on a simulated CPU. A function returns ns for each
 * fault, or for each round of what has no fault in it.
 */
import { PAGE_SIZE as PAGE, STACK_TOP as STACK_END } from "asm/pgtable_types.ts";
import * as NR from "asm/unistd.ts";
import type * as User from "../../kernel/entry/user.ts";

export type Kind = "write" | "read" | "wp" | "file" | "cow" | "mmap" | "fork";

/** Pages that one fault on a file maps: fault_around_bytes of mm/memory.c. */
const AROUND = Math.max(1, 65536 / PAGE);
const PROT_READ = 1;
const PROT_RW = 3;
const MAP_PRIVATE = 2;
const MAP_PRIVATE_ANON = 0x22;
const INODE = 1;

/** The process that measures, on this CPU. */
function spawn(user: typeof User): number {
	const pid = user.user_spawn();
	user.run_task(pid);
	user.user_syscall(NR.__NR_sim_exec, 0x10000000, STACK_END - 32 * PAGE, STACK_END);
	return pid;
}

function end(user: typeof User): void {
	user.user_syscall(NR.__NR_exit_group, 0);
	user.user_idle();
}

/** Touch a byte in each step of [p, end). */
function touch(user: typeof User, p: number, end: number, step: number, write: boolean): void {
	const { user_load8, user_store8 } = user;
	if (write) for (let a = p; a < end; a += step) user_store8(a, 1);
	else for (let a = p; a < end; a += step) user_load8(a);
}

function anon(user: typeof User, kind: Kind, pages: number): number {
	const p = user.user_syscall(NR.__NR_mmap, 0, pages * PAGE, PROT_RW, MAP_PRIVATE_ANON, -1, 0);
	const end = p + pages * PAGE;
	if (kind === "wp") touch(user, p, end, PAGE, false);
	const start = performance.now();
	touch(user, p, end, PAGE, kind !== "read");
	const ns = ((performance.now() - start) * 1e6) / pages;
	user.user_syscall(NR.__NR_munmap, p, pages * PAGE);
	return ns;
}

/** Faults on a file that is in the page cache: reads, or writes, each of which makes a private copy. */
function file(user: typeof User, pages: number, write: boolean): number {
	const fd = user.user_syscall(NR.__NR_sim_open, INODE, 0, pages * PAGE);
	const prot = write ? PROT_RW : PROT_READ;
	const step = write ? 1 : AROUND;
	const map = () => user.user_syscall(NR.__NR_mmap, 0, pages * PAGE, prot, MAP_PRIVATE, fd, 0);
	const warm = map();
	touch(user, warm, warm + pages * PAGE, PAGE, false);
	user.user_syscall(NR.__NR_munmap, warm, pages * PAGE);
	const p = map();
	const start = performance.now();
	touch(user, p, p + pages * PAGE, step * PAGE, write);
	const ns = ((performance.now() - start) * 1e6) / (pages / step);
	user.user_syscall(NR.__NR_munmap, p, pages * PAGE);
	user.user_syscall(3, fd);
	return ns;
}

function mmap(user: typeof User, rounds: number): number {
	const start = performance.now();
	for (let i = 0; i < rounds; i++) {
		const p = user.user_syscall(NR.__NR_mmap, 0, PAGE, PROT_RW, MAP_PRIVATE_ANON, -1, 0);
		user.user_syscall(NR.__NR_munmap, p, PAGE);
	}
	return ((performance.now() - start) * 1e6) / rounds;
}

/** A child is made, ends, and is reaped; its parent has written `pages`. */
function fork(user: typeof User, me: number, pages: number, rounds: number): number {
	const p = user.user_syscall(NR.__NR_mmap, 0, pages * PAGE, PROT_RW, MAP_PRIVATE_ANON, -1, 0);
	touch(user, p, p + pages * PAGE, PAGE, true);
	const start = performance.now();
	for (let i = 0; i < rounds; i++) {
		const child = user.user_syscall(NR.__NR_fork);
		user.run_task(child);
		user.user_syscall(NR.__NR_exit_group, 0);
		user.run_task(me);
		user.user_syscall(NR.__NR_wait4, child, 0, 0, 0);
	}
	const ns = ((performance.now() - start) * 1e6) / rounds;
	user.user_syscall(NR.__NR_munmap, p, pages * PAGE);
	return ns;
}

/** A CPU that has slept is slow at first: the same so many times, and the last one counts. As native.c does. */
const PASSES = 3;

export function main(user: typeof User, { kind, n, pages }: { kind: Kind; n: number; pages: number }): number {
	const pid = spawn(user);
	const measure = (): number => {
		if (kind === "file" || kind === "cow") return file(user, n, kind === "cow");
		if (kind === "mmap") return mmap(user, n);
		return kind === "fork" ? fork(user, pid, pages, n) : anon(user, kind, n);
	};
	let ns = 0;
	for (let pass = 0; pass < PASSES; pass++) ns = measure();
	end(user);
	return ns;
}
