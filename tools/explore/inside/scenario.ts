// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a scenario is, and what its programs are made of: one process whose
 * threads run on one CPU each, and the accesses and system calls of a litmus
 * test about memory mappings. Scenarios are compiled with the kernel, and are
 * under its rules: nothing is kept in JavaScript variables between steps but
 * locals, nothing is caught.
 */
import {
	user_idle,
	user_load8,
	user_signal,
	user_spawn,
	user_store8,
	user_syscall,
	user_task,
	user_write_file,
	run_task,
} from "kernel/entry/user.ts";
import { mmu_lookup } from "asm/mmu.ts";
import { pte_dirty } from "asm/pgtable.ts";
import { PAGE_SIZE, STACK_TOP } from "asm/pgtable_types.ts";
import {
	__NR_brk,
	__NR_clone,
	__NR_close,
	__NR_exit,
	__NR_exit_group,
	__NR_fork,
	__NR_madvise,
	__NR_mlock,
	__NR_mmap,
	__NR_mprotect,
	__NR_mremap,
	__NR_munlock,
	__NR_munmap,
	__NR_sim_drop_caches,
	__NR_sim_exec,
	__NR_sim_open,
} from "asm/unistd.ts";
import { on_cpu } from "host/quiet.ts";
import { enter_from_user_mode, irqentry_exit_to_user_mode } from "kernel/entry/common.ts";
import { init_task, tasklist_lock } from "kernel/fork.ts";
import { panic } from "kernel/panic.ts";
import { current } from "kernel/sched/core.ts";
import { MADV_FREE, MAP_ANONYMOUS } from "linux/mman.ts";
import type { vm_area_struct } from "linux/mm_types.ts";
import { TASK_NEW, type task_struct } from "linux/sched.ts";
import { cpu_relax } from "linux/smp.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import type { list_head } from "linux/types.ts";
import { rcu_barrier } from "linux/rcupdate.ts";
import { drain_all_pages } from "mm/page_alloc.ts";
import { kmem_cache_flush_all } from "mm/slab.ts";

export { on_cpu, panic, run_task, STACK_TOP, user_idle, user_syscall };

export interface Scenario {
	/** What runs beside what. */
	about: string;
	/** The patch of the series that it is about. */
	patch: string;
	/** What must hold. */
	invariant: string;
	/** One program for each CPU. */
	cpus: (() => void)[];
	/** Before the programs, on CPU 0 and undisturbed. */
	setup?: () => void;
	/** After them, at each end that differs from those before. */
	check?: () => void;
	models?: ("sc" | "tso" | "lkmm")[];
	/** Fragments of configs/, or of an architecture's, under which it is to run as well. */
	configs?: string[];
	/** With these fragments only: on the kernel as it is there is nothing to run. */
	only?: boolean;
	/** What it is about that not every architecture has: see lacks() in asm/stepper.ts. */
	needs?: ("mm_cpumask" | "mask_trim" | "tlb_gen")[];
	/** Is part of `make test`. */
	quick?: boolean;
}

/** Which case of a table it is that runs; see table.ts. */
let case_text = "";
export function begin_case(text: string): void {
	case_text = text;
}
/** " (in this case)" */
export function in_case(): string {
	return case_text === "" ? "" : ` (${case_text})`;
}

/** Fails the execution unless it is so. */
export function check_that(ok: boolean, text: string): void {
	if (!ok) panic(`check failed: ${text}`);
}

export const PAGE = PAGE_SIZE;
export const PROT_NONE = 0;
export const PROT_READ = 1;
export const PROT_RW = 3;
/** Where the scenarios map things: far from the heap and the stack. */
export const A = 0x20000000;
/** On another page table than A. */
export const B = A + 0x200000;
/** Scratch pages of the set-up. */
const WARM = 0x30000000;

const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_FIXED_PRIVATE_ANON = 0x32;
const O_RDWR = 2;
const INO = 4711;
const MAP_GROWSDOWN = 0x100;
const MREMAP_MAYMOVE_FIXED = 3;
const MADV_DONTNEED = 4;
/** CLONE_VM | FS | FILES | SIGHAND | THREAD, as pthread_create() asks for. */
const CLONE_THREAD = 0x10f00;

interface processes extends struct {
	pid: array<int, 8> /* the thread of each CPU; set-up only */;
	child: int /* of fork(); the CPU that forks */;
	lazyfree: int /* set by any CPU that asks for MADV_FREE */;
	forgetful: int /* set by any CPU that writes 1, 2 or 3 to clear_refs */;
}
const processes = DEFINE<processes>();

function must(what: string, result: number): number {
	if (result < 0) panic(`set-up: ${what} returned ${result}`);
	return result;
}

/**
 * A process with one thread on each of n CPUs. Their page lists and slabs are
 * warm, so that what is explored is not the allocators.
 */
export function start_threads(n: number): void {
	start_process();
	for (let cpu = 1; cpu < n; cpu++) processes.pid[cpu] = must("clone", user_syscall(__NR_clone, CLONE_THREAD, 0));
	for (let cpu = 1; cpu < n; cpu++) on_cpu(cpu, () => must("run", run_task(processes.pid[cpu])));
	for (let cpu = 0; cpu < n; cpu++) on_cpu(cpu, () => warm(WARM + cpu * 0x400000));
}

/** A process that has just begun: it has mapped and unmapped nothing yet. The CPU is idle before. */
export function start_process(): void {
	processes.pid[0] = must("spawn", user_spawn());
	must("run", run_task(processes.pid[0]));
	must("exec", user_syscall(__NR_sim_exec, 0x10000000, STACK_TOP - 4 * PAGE, STACK_TOP));
}

/** Use what the programs will use, and give it back to this CPU's lists. */
function warm(at: number): void {
	for (let i = 0; i < 3; i++) {
		map(at, 8 * PAGE, PROT_RW);
		for (let p = 0; p < 8; p++) write(at + p * PAGE, 1);
		mprotect(at + 2 * PAGE, PAGE, PROT_READ);
		munmap(at, 8 * PAGE);
	}
}

/**
 * What the CPUs keep for themselves, free pages and objects of slabs, goes back to the zone and to the slabs, and
 * slabs without objects to the zone: the next allocation takes the locks of both. Its own scenarios are in
 * scenarios/cold.ts; any other is made cold by this at the end of its set-up.
 */
export function cold(): void {
	kmem_cache_flush_all();
	rcu_barrier();
	drain_all_pages();
}

export function pid_of(cpu: number): number {
	return processes.pid[cpu];
}

/* ---- system calls ---- */

export function map(addr: number, len: number, prot: number = PROT_RW): void {
	must("mmap", user_syscall(__NR_mmap, addr, len, prot, MAP_FIXED_PRIVATE_ANON, -1, 0));
}
export function map_stack(addr: number, len: number): void {
	must("mmap", user_syscall(__NR_mmap, addr, len, PROT_RW, MAP_FIXED_PRIVATE_ANON | MAP_GROWSDOWN, -1, 0));
}
/** Pages of a file of as many bytes, from its start. */
export function map_file(addr: number, len: number, prot: number, shared: boolean): void {
	const fd = must("open", user_syscall(__NR_sim_open, INO, O_RDWR, len));

	must("mmap", user_syscall(__NR_mmap, addr, len, prot, MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE), fd, 0));
	user_syscall(__NR_close, fd);
}
/** What the page cache has and nobody maps. */
export function drop_caches(): void {
	user_syscall(__NR_sim_drop_caches);
}
/** The break; 0 asks for it. */
export function brk(addr: number): number {
	return user_syscall(__NR_brk, addr);
}
export function munmap(addr: number, len: number): number {
	return user_syscall(__NR_munmap, addr, len);
}
export function mprotect(addr: number, len: number, prot: number): number {
	return user_syscall(__NR_mprotect, addr, len, prot);
}
export function mremap(from: number, len: number, to: number): number {
	return user_syscall(__NR_mremap, from, len, len, MREMAP_MAYMOVE_FIXED, to);
}
export function madvise_dontneed(addr: number, len: number): number {
	return user_syscall(__NR_madvise, addr, len, MADV_DONTNEED);
}
export function fork(): number {
	return (processes.child = user_syscall(__NR_fork));
}
export function forked(): number {
	return processes.child;
}
/** CPU 1 becomes the child that was forked last. */
export function as_child<T>(fn: () => T): T {
	return as_task(forked(), fn);
}
/** A thread of a program ends, and its CPU has nothing to do. */
export function exit_and_idle(): void {
	exit();
	user_idle();
}
export function exec(): number {
	return user_syscall(__NR_sim_exec, 0x10000000, STACK_TOP - 4 * PAGE, STACK_TOP);
}
export function exit(): void {
	user_syscall(__NR_exit, 0);
}
export function exit_group(): void {
	user_syscall(__NR_exit_group, 0);
}

/* ---- accesses ---- */

/** One byte; -1 and the signal is gone where nothing may be read. */
export function read(addr: number): number {
	const v = user_load8(addr);

	if (v < 0 && user_task() !== 0) user_signal();
	return v;
}
/** False where nothing may be written. */
export function write(addr: number, value: number): boolean {
	const ok = user_store8(addr, value);

	if (!ok && user_task() !== 0) user_signal();
	return ok;
}

/** A page that has a value. */
export function map_written(addr: number, value: number): boolean {
	map(addr, PAGE);
	return write(addr, value);
}

interface seen extends struct {
	value: array<int, 16>;
}
const seen = DEFINE<seen>();

/** Keep what a program found, for check(). Each CPU has places of its own. */
export function note(place: number, value: number): void {
	seen.value[place] = value;
}
export function noted(place: number): number {
	return seen.value[place];
}

/* ---- two pages at A, what most scenarios are about ---- */

export const V = 0x41;
export const LEN = 2 * PAGE;

/**
 * n threads, and two pages at A: the first was never touched, the second was
 * written, so that there are a page table and an anon_vma: what a speculative
 * fault asks for.
 */
export function two_pages(n: number, prot = PROT_RW): void {
	start_threads(n);
	map(A, LEN);
	write(A + PAGE, 1);
	if (prot !== PROT_RW) mprotect(A, LEN, prot);
}
export function untouched(): void {
	two_pages(2);
}
/** The first page is there as well, written by CPU 1: CPU 0 has no translation. */
export function written(): void {
	untouched();
	on_cpu(1, () => write(A, 1));
}
/** What CPU 0 does in most of them. */
export function store(): void {
	note(0, write(A, V) ? 1 : 0);
}
export function load(): void {
	note(0, read(A));
}
/** Beside store(): from here on nobody writes; see check_protected(). */
export function protect(): void {
	mprotect(A, LEN, PROT_READ);
	note(1, read(A));
}
/** A write that was not seen right after mprotect() came never. `before`: what was there at first. */
export function check_protected(before: number): void {
	check_that(noted(1) === (noted(0) === 1 ? V : before), "a write after mprotect");
	check_that(!write(A, 2), "the page is writable after mprotect");
}

/* ---- calls that fewer scenarios need ---- */

/** mmap() with these flags besides MAP_ANONYMOUS: its address, or an errno. */
export function mmap(addr: number, len: number, prot: number, flags: number): number {
	return user_syscall(__NR_mmap, addr, len, prot, flags | MAP_ANONYMOUS, -1, 0);
}
/** mremap() with these MREMAP_*: its address, or an errno. */
export function resize(addr: number, old_len: number, new_len: number, flags = 0, to = 0): number {
	return user_syscall(__NR_mremap, addr, old_len, new_len, flags, to);
}
export function madvise(addr: number, len: number, advice: number): number {
	if (advice === MADV_FREE) WRITE_ONCE(processes.lazyfree, 1);
	return user_syscall(__NR_madvise, addr, len, advice);
}
/** May anonymous pages be clean? */
export function lazyfree(): boolean {
	return processes.lazyfree !== 0;
}
/** Write to /proc/self/clear_refs. */
export function clear_refs(type: string): void {
	if (type <= "3") ages();
	user_write_file("/proc/self/clear_refs", type);
}
/** There is reclaim, or what else makes entries old. */
export function ages(): void {
	WRITE_ONCE(processes.forgetful, 1);
}
/** May a page have been used without an accessed bit? What makes entries old does not flush. */
export function forgetful(): boolean {
	return processes.forgetful !== 0;
}
export function mlock(addr: number, len: number): number {
	return user_syscall(__NR_mlock, addr, len);
}
export function munlock(addr: number, len: number): number {
	return user_syscall(__NR_munlock, addr, len);
}
/** What the page tables of this CPU's process say about addr; 0: nothing. For setup and check. */
export function pte_at(addr: number): number {
	return mmu_lookup(current().mm.pgd, addr);
}
/** Would the kernel know of a write to the page at addr? For setup and check. */
export function is_dirty(addr: number): boolean {
	return pte_dirty(pte_at(addr));
}
/** The vma that is at addr, or NULL. For setup and check. */
export function vma_at(addr: number): vm_area_struct {
	for (let vma: vm_area_struct = current().mm.mmap; vma !== NULL; vma = vma.vm_next)
		if (addr < vma.vm_end) return addr >= vma.vm_start ? vma : NULL;
	return NULL;
}

/* ---- several processes, and several tasks of one CPU ---- */

/** In the set-up and in check(): CPU 1 becomes that task, and stays it. */
export function as_task<T>(pid: number, fn: () => T): T {
	on_cpu(1, () => must("run", run_task(pid)));
	return on_cpu(1, fn);
}
/** In a program: this CPU goes on as another task, or as one of its own again. */
export function switch_to(pid: number): void {
	must("run", run_task(pid));
}
/**
 * A process on CPU 0 with two pages at A, and a child of it on CPU 1: the first was written before the fork. With
 * `threads` each has a second thread that runs nowhere: faults of a process with only one are not speculative.
 */
export function parent_and_child(threads = false): void {
	start_threads(1);
	if (threads) thread();
	map(A, LEN);
	write(A, 1);
	child_on(1);
	if (threads) on_cpu(1, thread);
}
/** A child of CPU 0's task runs on that CPU, whose page lists and slabs are warm. */
export function child_on(cpu: number): number {
	const pid = must("fork", fork());

	on_cpu(cpu, () => {
		must("run", run_task(pid));
		warm(WARM + cpu * 0x400000);
	});
	return pid;
}
/** What a CPU needs to find the next task that is born. */
const LAST_TASK = 15;
export function know_all_tasks(): void {
	note(LAST_TASK, uptr(init_task.tasks.prev));
}
/** Waits for a task that was not there in the set-up, and goes on as that. */
export function become_newborn(): void {
	for (let turn = 0; READ_ONCE(init_task.tasks.prev) === cast<list_head>(noted(LAST_TASK)); turn++)
		cpu_relax(turn);
	/* It was linked under the lock: whoever takes it after that sees what is in it. */
	spin_lock(tasklist_lock);
	const p = container_of<task_struct>(init_task.tasks.prev, "tasks");
	spin_unlock(tasklist_lock);
	for (let turn = 0; smp_load_acquire(p.__state) === TASK_NEW; turn++) cpu_relax(turn);
	switch_to(p.pid);
}
/** One more thread of this process; nobody runs it yet. */
export function thread(): number {
	return must("clone", user_syscall(__NR_clone, CLONE_THREAD, 0));
}

interface signals extends struct {
	given: array<int, 4>;
}
const signals = DEFINE<signals>();

/** A program has come that far: what it did before is seen by whoever waited for it. */
export function signal(n: number): void {
	smp_store_release(signals.given[n], 1);
}
export function wait_for(n: number): void {
	for (let turn = 0; smp_load_acquire(signals.given[n]) === 0; turn++) cpu_relax(turn);
}

/** What is kernel code: a thread of the kernel in the place of the task, say. */
export function in_kernel<T>(fn: () => T): T {
	enter_from_user_mode();
	const result = fn();

	irqentry_exit_to_user_mode();
	return result;
}
