// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/exec.c and of fs/binfmt_elf.c (5.17) what makes an address space:
 * a task gets a new and empty one, with a stack in it.
 * Left out: binary formats, arguments, credentials, the exec_update_lock (there
 * is no ptrace), signal handlers and files that an exec resets.
 * Port: nobody reads a binary here. sim_exec() makes what execve() has made
 * when the program's first instruction runs, but for the mappings of files:
 * these the caller adds with mmap(MAP_FIXED), and with sim_special().
 */
import { CONFIG_NUMA, CONFIG_PERF_EVENTS } from "generated/autoconf.ts";
import { perf_event_exec } from "linux/perf_event.ts";
import { EAGAIN, EINTR, EINVAL, ENOMEM } from "linux/errno.ts";
import { local_irq_disable, local_irq_enable } from "linux/irqflags.ts";
import { BUG_ON, VM_BUG_ON_VMA } from "linux/bug.ts";
import {
	VM_EXEC,
	VM_SOFTDIRTY,
	VM_STACK_FLAGS,
	vma_pages,
	vma_set_anonymous,
} from "linux/mm.ts";
import type { mm_struct } from "linux/mm_types.ts";
import {
	mmap_read_lock_killable,
	mmap_read_unlock,
	mmap_write_lock_killable,
	mmap_write_unlock,
} from "linux/mmap_lock.ts";
import { RLIMIT_STACK, rlimit } from "linux/resource.ts";
import {
	EXIT_DEAD,
	EXIT_ZOMBIE,
	PF_FORKNOEXEC,
	type task_struct,
} from "linux/sched.ts";
import { mmdrop } from "linux/sched/mm.ts";
import {
	next_task,
	same_thread_group,
	thread_group_empty,
	thread_group_leader,
} from "linux/sched/signal.ts";
import { task_lock, task_unlock } from "linux/sched/task.ts";
import { SIGCHLD, SIGKILL } from "linux/signal.ts";
import { cpu_relax } from "linux/smp.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import { vmacache_flush } from "linux/vmacache.ts";
import { activate_mm } from "asm/mmu_context.ts";
import { flush_thread } from "asm/switch_to.ts";
import { PAGE_SIZE, TASK_SIZE } from "asm/pgtable_types.ts";
import { insert_vm_struct, vm_get_page_prot } from "mm/mmap.ts";
import { arch_pick_mmap_layout } from "asm/elf.ts";
import { current, fatal_signal_pending } from "kernel/sched/core.ts";
import {
	exec_mm_release,
	init_task,
	mm_alloc,
	mmput,
	tasklist_lock,
	vm_area_alloc,
	vm_area_free,
} from "kernel/fork.ts";
import {
	finish_killed_tasks,
	mm_update_next_owner,
	note_maxrss,
	release_task,
} from "kernel/exit.ts";
import { attach_pid, detach_pid } from "kernel/pid.ts";
import { zap_other_threads } from "kernel/signal.ts";

/**
 * The stack of a new program: exactly this range.
 * Port: __bprm_mm_init(), which puts a one-page stack at the very top, and
 * setup_arg_pages(), which moves, grows and protects it, in one. RFC.23: a vma
 * of a file is not freed here.
 */
function setup_stack(mm: mm_struct, start: number, end: number): number {
	const vma = vm_area_alloc(mm);
	let err = -ENOMEM;

	if (vma === NULL)
		return err;
	vma_set_anonymous(vma);

	if (mmap_write_lock_killable(mm) !== 0) {
		vm_area_free(vma);
		return -EINTR;
	}
	vma.vm_end = end;
	vma.vm_start = start;
	vma.vm_flags = VM_SOFTDIRTY | (VM_STACK_FLAGS & ~VM_EXEC) | mm.def_flags;
	vma.vm_page_prot = vm_get_page_prot(vma.vm_flags);

	err = insert_vm_struct(mm, vma);
	if (err !== 0) {
		mmap_write_unlock(mm);
		VM_BUG_ON_VMA(vma.vm_file !== NULL, vma);
		vm_area_free(vma);
		return err;
	}
	mm.stack_vm = vma_pages(vma);
	mm.total_vm = mm.stack_vm;
	mmap_write_unlock(mm);
	return 0;
}

/**
 * current leaves its address space for mm, whose reference it takes over. No
 * lock is held. After it returned 0 there is no way back.
 */
export function exec_mmap(mm: mm_struct): number {
	const tsk = current();
	const old_mm = tsk.mm;

	exec_mm_release(tsk, old_mm);

	spin_lock(tasklist_lock);
	note_maxrss(tsk);
	spin_unlock(tasklist_lock);
	if (old_mm !== NULL) {
		/*
		 * A signal that kills us gets its way here, before we have
		 * lost what it might want to look at.
		 */
		const ret = mmap_read_lock_killable(old_mm);
		if (ret !== 0)
			return ret;
	}

	task_lock(tsk);
	local_irq_disable();
	const active_mm = tsk.active_mm;
	tsk.active_mm = mm;
	tsk.mm = mm;
	/* Enabled before the switch: it answers nobody, it only loads. */
	local_irq_enable();
	activate_mm(active_mm, mm);
	mm.vmacache_seqnum = 0;
	vmacache_flush(tsk);
	task_unlock(tsk);
	if (old_mm !== NULL) {
		mmap_read_unlock(old_mm);
		BUG_ON(active_mm !== old_mm, "exec_mmap: mm was not active");
		mm_update_next_owner(old_mm);
		mmput(old_mm);
		return 0;
	}
	/* A kernel thread: what it borrowed. */
	mmdrop(active_mm);
	return 0;
}

/**
 * The other threads of the group die, and we become its leader if we are not.
 * Port: those that are on no CPU we end ourselves; of those that are on one we
 * wait for the next instruction.
 */
function de_thread(tsk: task_struct): number {
	spin_lock(tasklist_lock);
	if (thread_group_empty(tsk)) {
		spin_unlock(tasklist_lock);
		return 0;
	}
	if (fatal_signal_pending(tsk)) {
		/* Another thread was faster with an exec or an exit. */
		spin_unlock(tasklist_lock);
		return -EAGAIN;
	}
	zap_other_threads(tsk, SIGKILL);
	spin_unlock(tasklist_lock);
	finish_killed_tasks();

	const leader = tsk.group_leader;
	for (let n = 0; ; n++) {
		spin_lock(tasklist_lock);
		if (thread_group_leader(tsk)) {
			if (thread_group_empty(tsk))
				break;
		} else if (leader.exit_state === EXIT_ZOMBIE &&
			   only_leader_is_left(tsk)) {
			break;
		}
		spin_unlock(tasklist_lock);
		if (fatal_signal_pending(tsk))
			return -EAGAIN;
		cpu_relax(n);
	}

	if (!thread_group_leader(tsk)) {
		/* Our process keeps its number: we swap ours with the leader's. */
		const pid = tsk.pid;

		detach_pid(tsk);
		detach_pid(leader);
		tsk.pid = leader.pid;
		leader.pid = pid;
		attach_pid(tsk);
		attach_pid(leader);
		tsk.group_leader = tsk;
		leader.group_leader = tsk;
		tsk.exit_signal = SIGCHLD;
		leader.exit_signal = -1;
		leader.exit_state = EXIT_DEAD;
		spin_unlock(tasklist_lock);
		release_task(leader);
		return 0;
	}
	tsk.exit_signal = SIGCHLD;
	spin_unlock(tasklist_lock);
	return 0;
}

/** Are tsk and its dead leader all that is left of the group? */
function only_leader_is_left(tsk: task_struct): boolean {
	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		if (same_thread_group(t, tsk) && t !== tsk &&
		    t !== tsk.group_leader)
			return false;
	}
	return true;
}

/** The point of no return of an execve(). */
function begin_new_exec(mm: mm_struct): number {
	const me = current();

	let retval = de_thread(me);
	if (retval !== 0)
		return retval;
	retval = exec_mmap(mm);
	if (retval !== 0)
		return retval;
	me.flags &= ~PF_FORKNOEXEC;
	flush_thread();
	if (CONFIG_PERF_EVENTS)
		perf_event_exec();
	return 0;
}

/**
 * Replace current's address space by a new one, laid out as Linux does it on
 * this architecture without randomisation. The stack is [stack_start,
 * stack_end), the heap starts, empty, at start_brk. mmap_base, unless it is 0,
 * is where mappings begin, downwards: a recording's, which is of another
 * architecture maybe.
 */
export function sys_sim_exec(start_brk: number, stack_start: number,
		stack_end: number, mmap_base: number): number {
	if (start_brk % 1 !== 0 || !(start_brk >= 0 && start_brk < TASK_SIZE))
		return -EINVAL;
	if (stack_start % PAGE_SIZE !== 0 || stack_end % PAGE_SIZE !== 0 ||
	    !(stack_start > 0 && stack_start < stack_end && stack_end <= TASK_SIZE))
		return -EINVAL;
	if (mmap_base % PAGE_SIZE !== 0 || mmap_base > TASK_SIZE)
		return -EINVAL;

	const mm = mm_alloc();
	if (mm === NULL)
		return -ENOMEM;
	mm.task_size = TASK_SIZE;
	/* Port: which kernel's behaviour the program expects goes on. */
	if (current().mm !== NULL) {
		mm.kernel_version = READ_ONCE(current().mm.kernel_version);
		mm.min_addr = READ_ONCE(current().mm.min_addr);
		mm.min_fixed_addr = READ_ONCE(current().mm.min_fixed_addr);
		mm.no_zeropage = READ_ONCE(current().mm.no_zeropage);
		if (CONFIG_NUMA)
			mm.nr_nodes = READ_ONCE(current().mm.nr_nodes);
	}
	arch_pick_mmap_layout(mm, rlimit(RLIMIT_STACK));
	if (mmap_base !== 0)
		mm.mmap_base = mmap_base;
	mm.start_brk = start_brk;
	mm.brk = start_brk;
	/* Inside the page that holds the arguments: it is what tells the stack
	 * from its parts, if it gets cut. */
	mm.start_stack = stack_end - PAGE_SIZE / 2;

	let retval = setup_stack(mm, stack_start, stack_end);
	if (retval === 0)
		retval = begin_new_exec(mm);
	if (retval !== 0)
		mmput(mm);
	return retval;
}
