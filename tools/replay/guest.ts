// SPDX-License-Identifier: GPL-2.0-only
/**
 * The program that runs on every CPU of the replay: it takes operations of the
 * plan as they become runnable, does them in the name of their tasks, and notes
 * what came out.
 *
 * It is bundled by itself and loaded into the CPU's worker, so it imports
 * nothing but constants. All it shares with the other CPUs is the plan.
 *
 * A task is on one CPU at a time: a CPU leaves a task before it makes the
 * task's next operation runnable for others.
 */
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import * as NR from "asm/unistd.ts";
import type * as user_side from "../../kernel/entry/user.ts";
import { read_proc } from "../lib/proc.ts";
import { type Counting, type Counts, open_counters, read_counters } from "../stat/guest.ts";
import { NR as RECORDED } from "./abi.ts";
import { type Attempts, after_access, before_access, open_attempts } from "./attempts.ts";
import {
	DIFFERENT,
	DONE,
	EQUAL,
	EXPECT_SIGNAL,
	HEAD,
	GIVEN,
	IN_PAGE,
	KIND,
	PLACED,
	type Plan,
	SNAPSHOT,
	STOP,
	TAIL,
} from "./plan_format.ts";

/** The kernel's interface to user programs. */
export type User = typeof user_side;

/** Numbers of the kernel by those of the recording, which is one of x86-64. A call that it has not is -1. */
const NUMBERS = new Map(
	Object.entries(RECORDED).map(([name, nr]) => [nr, (NR as Record<string, number>)[`__NR_${name}`] ?? -1]),
);
const kernel_nr = (nr: number): number => NUMBERS.get(nr) ?? -1;

/** See kernel/mm/huge_memory.ts. */
const PR_SIM_THP_ALIGN = 0x53504601;
const PR_SIM_KERNEL_VERSION = 0x53504602;
const PR_SIM_MMAP_MIN_ADDR = 0x53504603;
const PR_SIM_NO_ZEROPAGE = 0x53504606;
const PR_SIM_NUMA_NODES = 0x53504605;
/** Of linux/fcntl.ts. */
const O_SIM_SHM = 0x10000000;
const O_RDONLY = 0;
const O_RDWR = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_FIXED_NOREPLACE = 0x100000;
const MREMAP_MAYMOVE = 1;
const MREMAP_FIXED = 2;
const EFAULT = 14;
const EINVAL = 22;
const ENOSYS = 38;
/** Memory keys of x86. */
const KEYS = 16;
const WALL = 0x40000000;
const SIGKILL = 9;
/** How long an idle CPU sleeps before it looks for interrupts, in ms. */
const NAP_MS = 1;
/** Names of lines in an image: see SPECIAL_NAMES; the kernel's numbers. */
const STACK = 1;
const HEAP = 5;
const SPECIAL_MAPPING = [0, 0, 3, 1, 2, 0];

export interface GuestArg {
	/** PERF_COUNT_SW_* to be counted. */
	count?: number[];
	plan: Plan;
	/** One CPU, all operations in recorded order, the kernel places mappings. */
	check: boolean;
	/** Files of /proc to read when the program ends. */
	proc: string[];
	/** When the page cache goes. */
	settle: { before: boolean; after: boolean };
	/** Of the CPU that gets this. */
	cpu?: number;
}

export interface SetupResult {
	/** Errno of what could not be set up, or 0. */
	error: number;
	what: string;
	before: ReturnType<User["meminfo"]>;
	counting?: Counting;
}

/** On CPU 0, before: makes the first task and opens the files. */
export function setup(user: User, { plan, count: events, settle }: GuestArg): SetupResult {
	if (settle.before) user.mem_settle();
	const before = user.meminfo();
	const pid = user.user_spawn();
	if (pid < 0) return { error: -pid, what: "making the first task", before };
	plan.pids[0] = pid;
	const counting = events && open_counters(user, pid, events);
	user.run_task(pid);
	for (let i = 0; i < plan.fds.length; i++) {
		const [inode, size, segment, writable] = plan.open_files.subarray(i * 4, i * 4 + 4);
		const flags = (writable ? O_RDWR : O_RDONLY) | (segment ? O_SIM_SHM : 0);
		const fd = user.user_syscall(NR.__NR_sim_open, inode, flags, size);
		if (fd < 0) return { error: -fd, what: `opening file ${i + 1} of ${plan.fds.length}`, before };
		plan.fds[i] = fd;
	}
	user.user_idle();
	return { error: 0, what: "", before, counting };
}

/** On CPU 0, when all others are done: what was counted. */
export function count(user: User, counting: Counting): Counts {
	return read_counters(user, counting);
}

/** On CPU 0, when all others are done: closes the files, and counts memory. */
export function teardown(user: User, { plan, settle }: GuestArg): ReturnType<User["meminfo"]> {
	const pid = user.user_spawn();
	if (pid > 0 && user.run_task(pid) === 0) {
		for (const fd of plan.fds) if (fd >= 0) user.user_syscall(NR.__NR_close, fd);
		user.user_syscall(NR.__NR_exit, 0);
	}
	user.user_idle();
	if (settle.after) user.mem_settle();
	return user.meminfo();
}

/** Counters of the kernel at this moment. */
export function counters(user: User): ReturnType<User["meminfo"]> {
	return user.meminfo();
}

/** On every CPU. Returns the maps of the program at its end to the CPU that
 *  ended it, with the files of /proc as they were then. */
export function main(user: User, { plan, check, proc, cpu: nr = 0 }: GuestArg): Snapshot {
	const cpu: Cpu = { user, nr, plan, check, names: proc, maps: "", proc: {}, attempts: open_attempts(user) };
	if (check) run_in_order(cpu);
	else run_as_runnable(cpu);
	user.user_idle();
	return { maps: cpu.maps, proc: cpu.proc };
}

/** The program just before its end. */
export interface Snapshot {
	maps: string;
	/** Texts by path, of all processes that there are. */
	proc: Record<string, string>;
}

interface Cpu extends Snapshot {
	attempts: Attempts;
	user: User;
	nr: number;
	plan: Plan;
	check: boolean;
	names: string[];
}

function run_in_order(cpu: Cpu): void {
	const { plan } = cpu;
	for (let op = 0; op < plan.count; op++) {
		if (Atomics.load(plan.control, STOP)) return;
		run(cpu, op);
	}
}

function run_as_runnable(cpu: Cpu): void {
	let op = -1;
	for (;;) {
		if (op < 0) op = take(cpu);
		if (op < 0) return;
		run(cpu, op);
		op = finish(cpu, op);
	}
}

/** The next runnable operation from the queue; -1 when all are done. */
function take({ user, plan }: Cpu): number {
	const { control, queue } = plan;
	for (;;) {
		if (Atomics.load(control, DONE) === plan.count || Atomics.load(control, STOP)) return -1;
		const head = Atomics.load(control, HEAD);
		const tail = Atomics.load(control, TAIL);
		if (head < tail) {
			if (Atomics.compareExchange(control, HEAD, head, head + 1) !== head) continue;
			/* The slot was claimed before it was filled. */
			let op = Atomics.load(queue, head);
			while (op === 0) op = Atomics.load(queue, head);
			return op - 1;
		}
		/* Idle: interrupts still have to be taken. */
		user.user_idle();
		Atomics.wait(control, TAIL, tail, NAP_MS);
	}
}

/** Tells the waiters. Returns the same task's next operation if it may run. */
function finish({ user, plan }: Cpu, op: number): number {
	const next = plan.next[op];
	let mine = -1;
	if (next >= 0) {
		/* 1: it waits for us only, and nobody else can touch the number. */
		if (Atomics.load(plan.unmet, next) === 1) mine = next;
		else user.user_idle();
	}
	for (let i = plan.first_waiter[op]; i < plan.first_waiter[op + 1]; i++) {
		const waiter = plan.waiters[i];
		if (Atomics.sub(plan.unmet, waiter, 1) !== 1) continue;
		if (waiter === next) mine = next;
		else push(plan, waiter);
	}
	if (Atomics.add(plan.control, DONE, 1) + 1 === plan.count) Atomics.notify(plan.control, TAIL);
	return mine;
}

function push({ control, queue }: Plan, op: number): void {
	const slot = Atomics.add(control, TAIL, 1);
	Atomics.store(queue, slot, op + 1);
	Atomics.notify(control, TAIL, 1);
}

/** Does it, and notes how long that took. What is read of /proc for the snapshot is no part of it. */
function run(cpu: Cpu, op: number): void {
	const { user, plan } = cpu;
	const pid = plan.pids[plan.task[op]];
	const switched = user.run_task(pid);
	let equal = false;
	let result = switched;
	if (switched === 0 && plan.flags[op] & SNAPSHOT) {
		const maps = user.user_maps(pid);
		if (typeof maps === "string") cpu.maps = maps;
		cpu.proc = read_proc(cpu.names, user.user_processes(), user.user_read_file);
	}
	const is_fault = plan.kind[op] === KIND.fault;
	if (is_fault) before_access(user, cpu.attempts);
	const start = performance.now();
	if (switched === 0)
		switch (plan.kind[op]) {
			case KIND.fault:
				[result, equal] = fault(cpu, op);
				break;
			case KIND.call:
				result = call(cpu, op);
				equal = same(plan.expected[op], result);
				break;
			case KIND.clone: {
				result = user.user_syscall(kernel_nr(plan.nr[op]), plan.args[op * 6]);
				const child = plan.object[op];
				if (result > 0 && child >= 0) plan.pids[child] = result;
				/* Numbers of tasks are the kernel's own affair. */
				equal = child >= 0 ? result > 0 : same(plan.expected[op], result);
				break;
			}
			case KIND.wait: {
				const child = plan.pids[plan.object[op]];
				result = user.user_syscall(NR.__NR_wait4, child, 0, WALL);
				equal = result === child;
				break;
			}
			case KIND.exec:
				result = exec(cpu, op);
				equal = result === 0;
				/* A thread that is not the leader takes the leader's number. */
				if (equal) plan.pids[plan.task[op]] = user.user_task();
				break;
			case KIND.exit:
				user.user_syscall(kernel_nr(plan.nr[op]), plan.args[op * 6]);
				/* The CPU left the task: it is gone. */
				equal = user.user_task() !== pid;
				result = 0;
		}
	plan.latency[op] = (performance.now() - start) * 1e6;
	if (is_fault) plan.speculation[op] = after_access(user, cpu.attempts, result !== 0);
	plan.begun[op] = performance.timeOrigin + start;
	plan.cpu[op] = cpu.nr;
	plan.result[op] = result;
	plan.state[op] = equal ? EQUAL : DIFFERENT;
}

function same(expected: number, result: number): boolean {
	return Number.isNaN(expected) || expected === result;
}

/** The signal that it ended in, or 0; and whether that is as it was. */
function fault({ user, plan }: Cpu, op: number): [signo: number, equal: boolean] {
	const done = user.user_touch(plan.args[op * 6], plan.access[op]);
	/* Who was killed is gone, and no signal is told of him. */
	const signo = done ? 0 : (user.user_signal()?.signo ?? SIGKILL);
	const expected = (plan.flags[op] & EXPECT_SIGNAL) !== 0;
	return [signo, done !== expected && signo !== SIGKILL];
}

function call({ user, plan, check }: Cpu, op: number): number {
	const a = plan.args.subarray(op * 6, op * 6 + 6);
	const nr = kernel_nr(plan.nr[op]);
	const flags = plan.flags[op];
	if (a.includes(IN_PAGE)) return with_page(user, plan, op);
	if (nr === NR.__NR_mremap && flags & PLACED && !check) return remap(user, a, plan.expected[op]);
	/* Files of ours have numbers and no descriptors of the program's. */
	if (plan.nr[op] === RECORDED.ftruncate)
		return user.user_syscall(NR.__NR_sim_set_size, plan.fds[plan.opened[op]], a[1]);
	if (nr === NR.__NR_mincore) return mincore(user, plan, op);
	if (nr === NR.__NR_pkey_mprotect) return protect(user, a, plan.expected[op] !== -EINVAL);
	if (nr !== NR.__NR_mmap) return user.user_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	const fd = plan.opened[op] >= 0 ? plan.fds[plan.opened[op]] : a[4];
	/* Where the kernel chose, it is given its own choice: what other CPUs do meanwhile then makes no
	 * difference. A hint is not enough: where it aligns it may ask for more room than there is. */
	if (flags & PLACED && (!check || flags & GIVEN))
		return user.user_syscall(nr, plan.expected[op], a[1], a[2], a[3] | MAP_FIXED_NOREPLACE, fd, a[5]);
	return user.user_syscall(nr, a[0], a[1], a[2], a[3], fd, a[5]);
}

/** In parallel what grew in place is not to move, and what moved is to go to the
 *  same place: what other CPUs do meanwhile then makes no difference. */
function remap(user: User, a: Float64Array, to: number): number {
	if (to < 0) return user.user_syscall(NR.__NR_mremap, a[0], a[1], a[2], a[3], a[4]);
	const flags = to === a[0] ? a[3] & ~MREMAP_MAYMOVE : a[3] | MREMAP_MAYMOVE | MREMAP_FIXED;
	return user.user_syscall(NR.__NR_mremap, a[0], a[1], a[2], flags, to);
}

/** A kernel without memory keys knows the call of one without them only. That
 *  with a key then permits what mprotect() does, and what the key forbids is
 *  not imitated; on a CPU without keys it fails. */
function protect(user: User, a: Float64Array, allowed: boolean): number {
	if (allowed) get_key(user, a[3]);
	else if (a[3] > 0) user.user_syscall(NR.__NR_pkey_free, a[3]);
	const result = user.user_syscall(NR.__NR_pkey_mprotect, a[0], a[1], a[2], a[3]);
	if (result !== -ENOSYS) return result;
	if (a[3] !== -1 && !allowed) return -EINVAL;
	return user.user_syscall(NR.__NR_mprotect, a[0], a[1], a[2]);
}

/** A key that was allocated, which is not recorded: as many as it takes. */
function get_key(user: User, key: number): void {
	while (key > 0 && key < KEYS) {
		const got = user.user_syscall(NR.__NR_pkey_alloc, 0, 0);
		if (got < 0 || got >= key) return;
	}
}

/** The answer goes to memory that is not the program's, page by page of it: what
 *  is in memory of files is another machine's affair. */
function mincore(user: User, plan: Plan, op: number): number {
	const a = plan.args.subarray(op * 6, op * 6 + 6);
	const page = plan.scratch + plan.task[op] * PAGE_SIZE;
	const fixed = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
	const step = PAGE_SIZE * PAGE_SIZE;
	if (plan.expected[op] === -EFAULT) return user.user_syscall(NR.__NR_mincore, a[0], a[1], -PAGE_SIZE);
	const error = user.user_syscall(NR.__NR_mmap, page, PAGE_SIZE, 3, fixed, -1, 0);
	if (error < 0) return error;
	let result = 0;
	for (let done = 0; done === 0 || (done < a[1] && result === 0); done += step)
		result = user.user_syscall(NR.__NR_mincore, a[0] + done, Math.min(a[1] - done, step), page);
	user.user_syscall(NR.__NR_munmap, page, PAGE_SIZE);
	return result;
}

/** Where in the page an argument's memory is. */
const PART = PAGE_SIZE / 8;

/** What the call reads or writes has to be in user memory: on a page of the task's own, where the program maps
 *  nothing, for the time of the call. What get_mempolicy() found is its result. */
function with_page(user: User, plan: Plan, op: number): number {
	const page = plan.scratch + plan.task[op] * PAGE_SIZE;
	const text = plan.object[op] < 0 ? "" : plan.strings[plan.object[op]];
	const fixed = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
	const error = user.user_syscall(NR.__NR_mmap, page, PAGE_SIZE, 3, fixed, -1, 0);
	if (error < 0) return error;
	const args = plan.args.subarray(op * 6, op * 6 + 6);
	const a = Array.from(args, (arg, i) => (arg === IN_PAGE ? page + i * PART : arg));
	const at = page + args.indexOf(IN_PAGE) * PART;
	for (let i = 0; i < text.length; i++) user.user_store8(at + i, text.charCodeAt(i));
	const nr = kernel_nr(plan.nr[op]);
	let result = user.user_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (nr === NR.__NR_get_mempolicy && result === 0 && args[0] === IN_PAGE) result = user.user_load32(page);
	user.user_syscall(NR.__NR_munmap, page, PAGE_SIZE);
	return result;
}

/** A new program: stack and heap by the kernel, the rest line by line. */
function exec({ user, plan }: Cpu, op: number): number {
	const image = plan.object[op];
	const [start_brk, first] = plan.images.subarray(image * 2, image * 2 + 2);
	const last = plan.images[image * 2 + 3];
	const line = (n: number) => plan.image_lines.subarray(n * 8, n * 8 + 8);
	let stack = -1;
	for (let n = first; n < last; n++) if (line(n)[6] === STACK) stack = n;
	if (stack < 0) return -22;
	let error = user.user_syscall(NR.__NR_sim_exec, start_brk, line(stack)[0], line(stack)[1], plan.mmap_base);
	if (error >= 0) error = user.user_syscall(NR.__NR_prctl, PR_SIM_KERNEL_VERSION, plan.kernel_version);
	if (error >= 0 && plan.min_addr > 0)
		error = user.user_syscall(NR.__NR_prctl, PR_SIM_MMAP_MIN_ADDR, plan.min_addr, plan.min_fixed_addr);
	if (error >= 0 && plan.aligns) error = user.user_syscall(NR.__NR_prctl, PR_SIM_THP_ALIGN, 1);
	if (error >= 0 && plan.no_zeropage) error = user.user_syscall(NR.__NR_prctl, PR_SIM_NO_ZEROPAGE, 1);
	/* A kernel without memory policies does not know of it. */
	if (plan.nodes > 1) user.user_syscall(NR.__NR_prctl, PR_SIM_NUMA_NODES, plan.nodes);
	for (let n = first; n < last && error >= 0; n++) {
		const [start, end, prot, shared, offset, opened, name, more] = line(n);
		if (name === STACK || name === HEAP) continue;
		if (SPECIAL_MAPPING[name]) {
			error = user.user_syscall(NR.__NR_sim_special, start, end - start, SPECIAL_MAPPING[name]);
			continue;
		}
		const flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE) | (opened < 0 ? MAP_ANONYMOUS : 0) | more;
		const fd = opened < 0 ? -1 : plan.fds[opened];
		error = user.user_syscall(NR.__NR_mmap, start, end - start, prot, flags, fd, offset);
	}
	return Math.min(error, 0);
}
