// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/sched.h (5.17) as far as memory management looks at a
 * task. Port: a CPU runs one task at a time and a task that sleeps in the
 * kernel keeps its CPU (which parks and answers interrupts), so there is no
 * run queue; who runs next in user mode is decided outside the kernel.
 */
import type { atomic_t, list_head } from "linux/types.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";

export const TASK_RUNNING = 0x0;
export const TASK_INTERRUPTIBLE = 0x1;
export const TASK_UNINTERRUPTIBLE = 0x2;
export const TASK_WAKEKILL = 0x100;
export const TASK_KILLABLE = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE;

/** Off every CPU for good: do_task_dead(). */
export const TASK_DEAD = 0x80;
/** Being made by copy_process(); nobody may run it yet. */
export const TASK_NEW = 0x800;

/* task_struct.exit_state */
export const EXIT_DEAD = 0x10;
export const EXIT_ZOMBIE = 0x20;

/* task_struct.flags */
export const PF_IDLE = 0x00000002;
export const PF_EXITING = 0x00000004;
export const PF_FORKNOEXEC = 0x00000040;
export const PF_KTHREAD = 0x00200000;

export const VMACACHE_SIZE = 4;
export const VMACACHE_BITS = 2;

export interface vmacache extends struct {
	seqnum: int;
	vmas: array<vm_area_struct, 4>;
}

export interface task_struct extends struct {
	__state: int; /* TASK_*; set by itself, woken by others */
	on_cpu: int; /* cpu + 1 while running on a CPU, else 0 */
	mm: mm_struct; /* current, or task_lock; NULL for kernel threads */
	active_mm: mm_struct;
	vmacache: embed<vmacache>; /* current only */
	pid: int; /* constant */
	tgid: int; /* constant */
	parent: task_struct; /* tasklist_lock */
	vfork_parent: task_struct; /* sleeping in vfork until we exec or exit; tasklist_lock */
	usage: embed<atomic_t>;
	exit_state: int; /* 0, EXIT_ZOMBIE, EXIT_DEAD */
	exit_code: int;
	pending: int; /* bit mask of pending signals; atomic */
	fault_address: ulong; /* si_addr of the last SIGSEGV/SIGBUS; current only */
	fault_code: int; /* si_code; current only */
	maj_flt: int; /* current only */
	min_flt: int;
	tasks: embed<list_head>; /* tasklist_lock */
	in_fault: int; /* depth of user fault handling, for assertions; current only */
	memalloc_noretry: int;
	flags: int; /* PF_*; current only, or before it first runs */
	cpu_claim: int; /* cpu + 1 that chose to run the task, else 0; RMW */
	delivered: int; /* signals handed to the program; current only */
	alloc_lock: embed<spinlock_t>; /* task_lock(): guards mm */
	group_leader: task_struct; /* constant */
	exit_signal: int; /* to the parent at exit; -1: a thread; tasklist_lock */
	pid_chain: task_struct; /* next of the same hash slot; tasklist_lock */
	set_child_tid: ulong; /* CLONE_CHILD_SETTID; current only */
	clear_child_tid: ulong; /* CLONE_CHILD_CLEARTID; current only */
}
