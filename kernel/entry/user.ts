// SPDX-License-Identifier: GPL-2.0-only
/**
 * The user side of a CPU: what a program outside the kernel can make the CPU
 * do. It stands where real hardware has ring 3: instructions that touch memory,
 * the SYSCALL instruction, and (since programs choose which task runs where)
 * the scheduler's choice. Mirrors no file of the kernel.
 *
 * A function is one user instruction; before it, the CPU takes the interrupts
 * that are pending. An access that no page fault can satisfy has no effect but
 * a signal for the program, which is its own handler: see user_signal(). A task
 * that was killed is gone after its next instruction, and its CPU is idle.
 *
 * The rest, from meminfo() on, is for whoever checks the machine.
 */
import { debug_validate } from "mm/debug_validate.ts";
import {
	CONFIG_ARCH_HAS_PKEYS,
	CONFIG_DEBUG_VM,
	CONFIG_PROC_FS,
	CONFIG_SPECULATIVE_FILE_FAULT,
	CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import { EBUSY, EINVAL, ENOENT, ENOMEM, ESRCH } from "linux/errno.ts";
import { IS_ERR, PTR_ERR } from "linux/err.ts";
import { O_RDONLY, O_WRONLY } from "linux/fcntl.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import { next_task, thread_group_leader } from "linux/sched/signal.ts";
import { kfree, kmalloc } from "linux/slab.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { flush_delayed_fput, fput } from "kernel/fs/file_table.ts";
import { filp_open } from "kernel/fs/open.ts";
import { kernel_write, read_all } from "kernel/fs/read_write.ts";
import { PKEY_ACCESS_MASK } from "linux/mman.ts";
import { mmap_lock_wait_total } from "linux/mmap_lock.ts";
import { rcu_barrier } from "linux/rcupdate.ts";
import { get_task_struct, put_task_struct } from "linux/sched/task.ts";
import { SEGV_PKUERR, SIGCHLD, SIGSEGV, sigmask } from "linux/signal.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import { load32, load8, store32, store8 } from "host/door.ts";
import {
	enter_from_user_mode,
	irqentry_exit_to_user_mode,
} from "kernel/entry/common.ts";
import {
	get_task_mm,
	init_task,
	kernel_clone,
	mmput,
	nr_processes,
	tasklist_lock,
} from "kernel/fork.ts";
import { evict_inodes } from "kernel/fs/inode.ts";
import { show_map } from "kernel/fs/proc/task_mmu.ts";
import { warn_count } from "kernel/panic.ts";
import { find_task_by_vpid } from "kernel/pid.ts";
import { current, is_idle_task } from "kernel/sched/core.ts";
import { irq_poll } from "kernel/smp.ts";
import { drain_all_pages, nr_free_pages } from "mm/page_alloc.ts";
import {
	kmem_cache_flush_all,
	nr_slab_pages,
	slab_caches_in_use,
} from "mm/slab.ts";
import { vmstat_show, vmstat_text } from "mm/vmstat.ts";
import { vm_event_states } from "linux/vm_event.ts";
import { NR_VM_EVENT_ITEMS } from "linux/vm_event_item.ts";
import { schedule_idle, schedule_to } from "kernel/sched/switch.ts";
import { insn_end, mmu_access } from "asm/mmu.ts";
import {
	arch_max_pkey,
	user_pkey_rights,
	user_set_pkey_rights,
} from "asm/pkeys.ts";
import { do_syscall } from "asm/syscall.ts";

export const USER_READ = 0;
export const USER_WRITE = 1;
export const USER_EXEC = 2;

export interface user_siginfo {
	signo: number;
	addr: number; /* of SIGSEGV and SIGBUS */
	code: number; /* SEGV_*, BUS_* */
	pkey?: number; /* with SEGV_PKUERR */
}

/**
 * What comes before each instruction: pending interrupts, and the death of the
 * task if that is pending. False if there is no memory to access then.
 */
function begin_insn(): boolean {
	irq_poll();
	if (READ_ONCE(current().pending) !== 0) {
		enter_from_user_mode();
		irqentry_exit_to_user_mode();
	}
	return current().mm !== NULL;
}

/** The byte at addr, or -1 and a signal. */
export function user_load8(addr: number): number {
	if (!begin_insn())
		return -1;
	const p = mmu_access(addr, false, false);
	if (p <= 0)
		return -1;
	const value = load8(p);

	insn_end();
	return value;
}

/** The 32 bits at addr, unsigned, or -1 and a signal. What is not aligned is
 *  read byte by byte, as it may lie in two pages. */
export function user_load32(addr: number): number {
	if (addr % 4 !== 0) {
		let value = 0;

		for (let i = 3; i >= 0; i--) {
			const byte = user_load8(addr + i);

			if (byte < 0)
				return -1;
			value = value * 256 + byte;
		}
		return value;
	}
	if (!begin_insn())
		return -1;
	const p = mmu_access(addr, false, false);
	if (p <= 0)
		return -1;
	const value = load32(p) >>> 0;

	insn_end();
	return value;
}

/** True if it was stored; else a signal waits. */
export function user_store8(addr: number, value: number): boolean {
	if (!begin_insn())
		return false;
	const p = mmu_access(addr, true, false);
	if (p <= 0)
		return false;
	store8(p, value);
	insn_end();
	return true;
}

export function user_store32(addr: number, value: number): boolean {
	if (addr % 4 !== 0) {
		for (let i = 0; i < 4; i++) {
			if (!user_store8(addr + i, (value >>> (8 * i)) & 0xff))
				return false;
		}
		return true;
	}
	if (!begin_insn())
		return false;
	const p = mmu_access(addr, true, false);
	if (p <= 0)
		return false;
	store32(p, value | 0);
	insn_end();
	return true;
}

/** Access one byte without data: USER_READ, USER_WRITE (which leaves it as it
 *  is) or USER_EXEC. True if the access is permitted. */
export function user_touch(addr: number, access: number): boolean {
	if (!begin_insn())
		return false;
	if (mmu_access(addr, access === USER_WRITE, access === USER_EXEC) <= 0)
		return false;
	insn_end();
	return true;
}

/** pkey_get() of a C library: what the running thread may not do with pages of
 *  that memory key, PKEY_DISABLE_*. By RDPKRU on x86. */
export function user_pkey_get(pkey: number): number {
	if (!begin_insn() || !(pkey >= 0 && pkey < arch_max_pkey()))
		return -EINVAL;
	return user_pkey_rights(pkey);
}

/** pkey_set() of a C library: by WRPKRU on x86. No system call: the next access
 *  of the thread is judged by it. */
export function user_pkey_set(pkey: number, rights: number): number {
	if (!begin_insn() || !(pkey >= 0 && pkey < arch_max_pkey()) ||
	    (rights & ~PKEY_ACCESS_MASK) !== 0)
		return -EINVAL;
	user_set_pkey_rights(pkey, rights);
	return 0;
}

/** One system call: its value, or a negative errno. Numbers are those of
 *  asm/unistd.ts. */
export function user_syscall(nr: number, a0: number = 0, a1: number = 0,
		a2: number = 0, a3: number = 0, a4: number = 0,
		a5: number = 0): number {
	irq_poll();
	return do_syscall(nr, a0, a1, a2, a3, a4, a5);
}

/** The signal with the lowest number that was handed to the running task and
 *  that it did not ask for yet; null if there is none. */
export function user_signal(): user_siginfo | null {
	begin_insn();

	const tsk = current();
	if (is_idle_task(tsk) || tsk.delivered === 0)
		return null;
	const signo = 32 - Math.clz32(tsk.delivered & -tsk.delivered);
	tsk.delivered &= ~sigmask(signo);
	const info: user_siginfo = {
		signo,
		addr: tsk.fault_address,
		code: tsk.fault_code,
	};
	if (CONFIG_ARCH_HAS_PKEYS) {
		if (signo === SIGSEGV && info.code === SEGV_PKUERR)
			info.pkey = tsk.fault_pkey;
	}
	return info;
}

/** Number of the task that this CPU runs; 0: it is idle. */
export function user_task(): number {
	return current().pid;
}

/**
 * Let this CPU go on with another task. 0, or -ESRCH: there is none with this
 * number, -EBUSY: it is on another CPU, -EAGAIN: it cannot run (any more).
 * A task stays on its CPU between programs, until user_idle().
 */
export function run_task(pid: number): number {
	irq_poll();
	if (current().pid === pid && pid !== 0)
		return 0;
	enter_from_user_mode();
	const ret = schedule_to(pid);
	irqentry_exit_to_user_mode();
	return ret;
}

/** Let this CPU run nothing, and hold on to no address space. */
export function user_idle(): void {
	irq_poll();
	enter_from_user_mode();
	schedule_idle();
	irqentry_exit_to_user_mode();
}

/**
 * A new process, child of nobody, as the kernel makes the first one: it has no
 * memory before its sim_exec(). Returns its number, or -errno; the CPU has to
 * be idle.
 */
export function user_spawn(): number {
	irq_poll();
	if (!is_idle_task(current()))
		return -EBUSY;
	enter_from_user_mode();
	const pid = kernel_clone({
		flags: 0,
		child_tid: 0,
		parent_tid: 0,
		exit_signal: SIGCHLD,
		stack: 0,
		stack_size: 0,
		tls: 0,
	});
	irqentry_exit_to_user_mode();
	return pid;
}

/** Text of /proc/PID/maps; empty for a task without memory, as for a zombie.
 *  -ESRCH without such a task. See kernel/fs/proc/task_mmu.ts. */
export function user_maps(pid: number): string | number {
	enter_from_user_mode();
	let text: string | number = -ESRCH;

	spin_lock(tasklist_lock);
	const tsk = find_task_by_vpid(pid);
	if (tsk !== NULL)
		get_task_struct(tsk);
	spin_unlock(tasklist_lock);
	if (tsk !== NULL) {
		const mm = get_task_mm(tsk);

		put_task_struct(tsk);
		text = "";
		if (mm !== NULL) {
			text = show_map(mm);
			mmput(mm);
		}
	}
	irqentry_exit_to_user_mode();
	return text;
}

/** All that is in a file of /proc or debugfs, opened and read by the kernel as
 *  a program of current would; or an errno. */
export function user_read_file(name: string): string | number {
	if (!CONFIG_PROC_FS) return -ENOENT;
	enter_from_user_mode();
	const file = filp_open(name, O_RDONLY);
	let text: string | number = -ENOMEM;

	if (IS_ERR(file)) {
		text = PTR_ERR(file);
	} else {
		const page = kmalloc<struct>(PAGE_SIZE, GFP_KERNEL);

		if (page !== NULL) {
			text = read_all(file, uptr(page));
			kfree(page);
		}
		fput(file);
	}
	irqentry_exit_to_user_mode();
	return text;
}

/** And written: the bytes that were taken, or an errno. */
export function user_write_file(name: string, text: string): number {
	if (!CONFIG_PROC_FS) return -ENOENT;
	enter_from_user_mode();
	const file = filp_open(name, O_WRONLY);
	let ret: number;

	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
	} else {
		ret = kernel_write(file, text);
		fput(file);
	}
	irqentry_exit_to_user_mode();
	return ret;
}

/** Numbers of the processes that there are, dead ones that wait for their
 *  parent included: what a listing of /proc would show. */
export function user_processes(): number[] {
	const pids: number[] = [];

	enter_from_user_mode();
	spin_lock(tasklist_lock);
	for (let p = next_task(init_task); p !== init_task; p = next_task(p)) {
		if (thread_group_leader(p))
			pids.push(p.pid);
	}
	spin_unlock(tasklist_lock);
	irqentry_exit_to_user_mode();
	return pids;
}

export interface fault_count {
	min_flt: number;
	maj_flt: number;
}

/** Page faults of a task so far, as /proc/PID/stat says; null: no such task. */
export function user_faults(pid: number): fault_count | null {
	enter_from_user_mode();
	let faults: fault_count | null = null;

	spin_lock(tasklist_lock);
	const tsk = find_task_by_vpid(pid);
	if (tsk !== NULL)
		/* Counters of the task itself: a look from outside may be late. */
		faults = {
			min_flt: data_race(tsk.min_flt),
			maj_flt: data_race(tsk.maj_flt),
		};
	spin_unlock(tasklist_lock);
	irqentry_exit_to_user_mode();
	return faults;
}

/** Names of events, in the order of user_vm_event(). */
export function user_vm_event_names(): string[] {
	return CONFIG_VM_EVENT_COUNTERS ?
		vmstat_text().slice(-NR_VM_EVENT_ITEMS) : [];
}

/** How often that has happened on this CPU. */
export function user_vm_event(item: number): number {
	return CONFIG_VM_EVENT_COUNTERS ?
		READ_ONCE(this_cpu(vm_event_states).event[item]) : 0;
}

export interface meminfo {
	nr_free_pages: number;
	nr_slab_pages: number;
	/** Objects in use, by name of the cache. */
	slabs: Record<string, number>;
	/** Tasks that exist, dead ones that wait for their parent included. */
	nr_tasks: number;
	/** Warnings since boot, miscounts at the end of an mm included. */
	warnings: number;
	/** Time that tasks have waited for an mmap_lock. */
	mmap_lock_wait: ReturnType<typeof mmap_lock_wait_total>;
	/** Text of /proc/vmstat. */
	vmstat: string;
}

/** How the memory is used. Exact if the other CPUs are quiet. */
export function meminfo(): meminfo {
	enter_from_user_mode();
	const info: meminfo = {
		nr_free_pages: nr_free_pages(),
		nr_slab_pages: nr_slab_pages(),
		slabs: slab_caches_in_use(),
		nr_tasks: nr_processes(),
		warnings: warn_count(),
		mmap_lock_wait: mmap_lock_wait_total(),
		vmstat: CONFIG_VM_EVENT_COUNTERS ? vmstat_show() : "",
	};
	irqentry_exit_to_user_mode();
	return info;
}

/**
 * Give back what is only kept for later: the page cache of unused files,
 * what waits for a grace period, free pages and objects in per-CPU lists. To be
 * called when all other CPUs are idle or outside; this one becomes idle. Then
 * meminfo() counts what is really in use, to compare with what was after boot.
 */
export function mem_settle(): void {
	irq_poll();
	enter_from_user_mode();
	schedule_idle();
	/* A callback may give back the last reference of something that is
	 * itself freed by a callback: a page table of a vma's, say. */
	rcu_barrier();
	if (CONFIG_SPECULATIVE_FILE_FAULT) flush_delayed_fput();
	evict_inodes();
	rcu_barrier();
	kmem_cache_flush_all();
	/* The pages of type-safe slabs wait for readers, too. */
	rcu_barrier();
	drain_all_pages();
	irqentry_exit_to_user_mode();
}

/** What debug_validate() finds wrong (nothing without CONFIG_DEBUG_VM); every other CPU has to be quiet. */
export function user_validate(): string[] {
	enter_from_user_mode();
	const problems = CONFIG_DEBUG_VM ? debug_validate() : [];
	irqentry_exit_to_user_mode();
	return problems;
}
