// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/sched.h (5.17) as far as memory management looks at a
 * task. Port: a CPU runs one task at a time and a task that sleeps in the
 * kernel keeps its CPU (which parks and answers interrupts), so there is no
 * run queue; who runs next in user mode is decided outside the kernel.
 */
import type { mempolicy } from "linux/mempolicy.ts";
import type { atomic_t, list_head } from "linux/types.ts";
import type { perf_event_context } from "linux/perf_event.ts";
import type { mem_cgroup } from "linux/memcontrol.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import type { signal_struct } from "linux/sched/signal.ts";
import type { raw_spinlock_t, spinlock_t } from "linux/spinlock_types.ts";
import type { rb_root_cached, rcu_head } from "linux/types.ts";
import type { rt_mutex_waiter } from "kernel/locking/rtmutex_common.ts";

export const TASK_RUNNING = 0x0;
export const TASK_INTERRUPTIBLE = 0x1;
export const TASK_UNINTERRUPTIBLE = 0x2;
export const TASK_WAKEKILL = 0x100;
export const TASK_KILLABLE = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE;

/** Waits for a spinlock that sleeps, with PREEMPT_RT. */
export const TASK_RTLOCK_WAIT = 0x1000;

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
/** It frees memory, and may use all that there is for that. */
export const PF_MEMALLOC = 0x00000800;
export const PF_KSWAPD = 0x00020000;
export const PF_KTHREAD = 0x00200000;

export const VMACACHE_SIZE = 4;
export const VMACACHE_BITS = 2;

/** Where the last lookups ended. All fields: current only. */
export interface vmacache extends struct {
	seqnum: int;
	vmas: array<vm_area_struct, 4>;
}

export interface task_struct extends struct {
	/** TASK_*; atomic: set by current, back to running by who wakes it */
	__state: int;
	/** cpu + 1 while on a CPU, else 0; its CPU only, peeked at by wakers */
	on_cpu: int;
	/** NULL for kernel threads; alloc_lock to change, current reads
	 *  without */
	mm: mm_struct;
	/** its CPU only, which is the one that leaves or enters it */
	active_mm: mm_struct;
	vmacache: embed<vmacache>; /* current only */
	/** tasklist_lock, for an exec swaps it with the leader's; current
	 *  reads without */
	pid: int;
	tgid: int; /* constant once others find it */
	parent: task_struct; /* tasklist_lock */
	/** sleeps in vfork until we exec or exit; tasklist_lock, set
	 *  before it runs */
	vfork_parent: task_struct;
	usage: embed<atomic_t>; /* atomic */
	/** 0, EXIT_ZOMBIE, EXIT_DEAD; tasklist_lock; who has cpu_claim
	 *  reads a 0 without, for it stays */
	exit_state: int;
	/** tasklist_lock; current only from PF_EXITING to EXIT_ZOMBIE, and
	 *  constant once it was killed */
	exit_code: int;
	/** TIF_NEED_RESCHED: others are to run here before it returns to
	 *  user mode; current only */
	need_resched: int;
	/** next of oom_reaper_list; oom_reaper_lock */
	oom_reaper_list: task_struct;
	pending: int; /* bit mask of pending signals; atomic */
	/** si_addr of the last SIGSEGV/SIGBUS; current only */
	fault_address: ulong;
	fault_code: int; /* si_code; current only */
	/* si_pkey; current only */
	fault_pkey: ifdef<"CONFIG_ARCH_HAS_PKEYS", int>;
	/* thread.fault_code: the syndrome; current only */
	fault_esr: ifdef<"CONFIG_ARM64", int>;
	/* thread.pkru, while it is on no CPU; its CPU only, as its last act
	 * with the task or its first */
	pkru: ifdef<"CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS", u32>;
	signal: signal_struct; /* constant */
	nvcsw: int; /* sleeps; its CPU only */
	nivcsw: int; /* times that it left its CPU otherwise; its CPU only */
	maj_flt: int; /* current only */
	min_flt: int; /* current only */
	tasks: embed<list_head>; /* tasklist_lock */
	/** in a fault of user mode, which may wait for memory at its end;
	 *  current only */
	in_user_fault: ifdef<"CONFIG_MEMCG", int>;
	/** whose limit a fault has to wait for at its end, else NULL; current
	 *  only */
	memcg_in_oom: ifdef<"CONFIG_MEMCG", mem_cgroup>;
	memcg_oom_gfp_mask: ifdef<"CONFIG_MEMCG", int>; /* current only */
	memcg_oom_order: ifdef<"CONFIG_MEMCG", int>; /* current only */
	memalloc_noretry: int; /* current only */
	/** PF_*; current only, or before it first runs; PF_EXITING under
	 *  tasklist_lock */
	flags: int;
	cpu_claim: int; /* cpu + 1 that chose to run the task, else 0; atomic */
	delivered: int; /* signals handed to the program; current only */
	/** task_lock(): mm, perf events, mempolicy */
	alloc_lock: embed<spinlock_t>;
	/** tasklist_lock, for an exec makes its caller the leader; current
	 *  reads without */
	group_leader: task_struct;
	/** to the parent at exit; -1: a thread; tasklist_lock */
	exit_signal: int;
	pid_chain: task_struct; /* next of the same hash slot; tasklist_lock */
	/** alloc_lock to change; current reads without */
	perf_event_ctxp: ifdef<"CONFIG_PERF_EVENTS", perf_event_context>;
	/** the state to go back to once the task has a spinlock that it sleeps
	 *  for; pi_lock */
	saved_state: ifdef<"CONFIG_PREEMPT_RT", int>;
	migration_disabled: ifdef<"CONFIG_PREEMPT_RT", int>; /* current only */
	/** its last reference's: current only */
	rcu: ifdef<"CONFIG_PREEMPT_RT", embed<rcu_head>>;
	/** sections of RCU around us; current only */
	rcu_read_lock_nesting: ifdef<"CONFIG_PREEMPT_RCU", int>;
	/** what it goes by now, with what it inherits; pi_lock, peeked at */
	prio: ifdef<"CONFIG_RT_MUTEXES", int>;
	/** of its own, by policy, rt_priority and static_prio; pi_lock */
	normal_prio: ifdef<"CONFIG_RT_MUTEXES", int>;
	static_prio: ifdef<"CONFIG_RT_MUTEXES", int>; /* by nice; pi_lock */
	/** 1 to 99, the highest; 0: no real-time task; pi_lock */
	rt_priority: ifdef<"CONFIG_RT_MUTEXES", int>;
	policy: ifdef<"CONFIG_RT_MUTEXES", int>; /* SCHED_*; pi_lock */
	/** guards its priority and what it waits for */
	pi_lock: ifdef<"CONFIG_RT_MUTEXES", embed<raw_spinlock_t>>;
	/** the first waiter of each lock that it owns; pi_lock */
	pi_waiters: ifdef<"CONFIG_RT_MUTEXES", embed<rb_root_cached>>;
	/** the task of the first of them; pi_lock */
	pi_top_task: ifdef<"CONFIG_RT_MUTEXES", task_struct>;
	/** how it waits for a lock; pi_lock */
	pi_blocked_on: ifdef<"CONFIG_RT_MUTEXES", rt_mutex_waiter>;
	/** NULL: the system's; alloc_lock to change, current reads without */
	mempolicy: ifdef<"CONFIG_NUMA", mempolicy>;
	/** node that was last interleaved to; current only */
	il_prev: ifdef<"CONFIG_NUMA", int>;
	set_child_tid: ulong; /* CLONE_CHILD_SETTID; current only */
	clear_child_tid: ulong; /* CLONE_CHILD_CLEARTID; current only */
}
