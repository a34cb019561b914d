// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/fork.c (5.17 with V2.11 and 29): makes tasks and address
 * spaces, copies them, and takes them down again.
 * Left out:
 * - kernel stacks (alloc_thread_stack_node() to put_task_stack()), and with
 *   them free_task() as a function; set_max_threads(), arch_dup_task_struct();
 * - signal handlers and what threads share by signal_struct, files, namespaces,
 *   cgroups, ptrace, seccomp, io contexts, futexes, timers: copy_fs(),
 *   copy_files(), copy_sighand(), copy_signal(), copy_seccomp() and the like;
 * - of address spaces: exe_file (dup_mm_exe_file() to get_task_exe_file()),
 *   mmdrop_async(), mmput_async(), mm_access(), mm_clear_owner(), uprobes, AIO,
 *   PASIDs, KSM, THP, userfaultfd, core dumps' filter as a boot parameter,
 *   MMU notifiers (and V2.22 to 25);
 * - pidfds, kernel_thread(), create_io_thread(), fork_idle(), copy_init_mm(),
 *   walk_process_tree(), unshare.
 */
import {
	CONFIG_GET_USER_PAGES,
	CONFIG_MEMCG,
	CONFIG_MMU_NOTIFIER,
	CONFIG_NUMA,
	CONFIG_PERCPU_RWSEM,
	CONFIG_PERF_EVENTS,
	CONFIG_PREEMPT_RCU,
	CONFIG_PREEMPT_RT,
	CONFIG_RT_MUTEXES,
	CONFIG_SPECULATIVE_FILE_FAULT,
	CONFIG_SPECULATIVE_PAGE_FAULT,
} from "generated/autoconf.ts";
import {
	CLONE_ARGS_SIZE_VER0,
	CLONE_CHILD_CLEARTID,
	CLONE_CHILD_SETTID,
	CLONE_DETACHED,
	CLONE_FS,
	CLONE_NEWNS,
	CLONE_NS_FLAGS,
	CLONE_PARENT,
	CLONE_PARENT_SETTID,
	CLONE_PIDFD,
	CLONE_SIGHAND,
	CLONE_THREAD,
	CLONE_VFORK,
	CLONE_VM,
	CSIGNAL,
	type clone_args,
} from "uapi/linux/sched.ts";
import { cgroup_fork, cgroup_post_fork } from "kernel/cgroup/cgroup.ts";
import { anon_vma_fork } from "mm/rmap.ts";
import {
	perf_event_free_task,
	perf_event_init_task,
} from "linux/perf_event.ts";
import { DEFAULT_PRIO } from "linux/sched/prio.ts";
import { call_rcu } from "linux/rcupdate.ts";
import {
	atomic_dec_and_test,
	atomic_inc,
	atomic_read,
	atomic_set,
} from "linux/atomic.ts";
import { copy_rlimits } from "linux/resource.ts";
import type { signal_struct } from "linux/sched/signal.ts";
import { BUG_ON, VM_BUG_ON, WARN_ON, WARN_ON_ONCE } from "linux/bug.ts";
import {
	E2BIG,
	EAGAIN,
	EFAULT,
	EINTR,
	EINVAL,
	ENOMEM,
	EPERM,
	ERESTARTNOINTR,
} from "linux/errno.ts";
import { ERR_PTR, IS_ERR, PTR_ERR } from "linux/err.ts";
import {
	get_file,
	i_mmap_lock_write,
	i_mmap_unlock_write,
	mapping_allow_writable,
} from "linux/fs.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import {
	INIT_LIST_HEAD,
	list_add_tail,
	list_del,
	list_empty,
} from "linux/list.ts";
import {
	mpol_dup, mpol_put, vma_dup_policy, vma_policy,
} from "linux/mempolicy.ts";
import { vm_unacct_memory } from "linux/mman.ts";
import {
	get_mm_rss,
	VM_ACCOUNT,
	VM_DONTCOPY,
	VM_LOCKED,
	VM_LOCKONFAULT,
	VM_SHARED,
	VM_WIPEONFORK,
	MM_ANONPAGES,
	MM_FILEPAGES,
	MM_SHMEMPAGES,
	MM_SWAPENTS,
	NR_MM_COUNTERS,
	mm_pgtables_bytes,
	VM_INIT_DEF_MASK,
	mm_pgtables_bytes_init,
	vma_init,
	vma_pages,
} from "linux/mm.ts";
import { dup_anon_vma_name, free_anon_vma_name } from "linux/anon_vma_name.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import {
	mmap_init_lock,
	mmap_write_lock_killable,
	mmap_write_lock_nested,
	mmap_write_unlock,
} from "linux/mmap_lock.ts";
import { pr_alert } from "linux/printk.ts";
import {
	PF_FORKNOEXEC,
	PF_KTHREAD,
	TASK_KILLABLE,
	TASK_NEW,
	TASK_RUNNING,
	type task_struct,
} from "linux/sched.ts";
import { mmdrop, mmget } from "linux/sched/mm.ts";
import { seqcount_init } from "linux/seqlock.ts";
import {
	get_task_struct,
	put_task_struct,
	task_lock,
	task_unlock,
	type kernel_clone_args,
} from "linux/sched/task.ts";
import { SIGCHLD } from "linux/signal.ts";
import {
	SLAB_HWCACHE_ALIGN,
	SLAB_PANIC,
	SLAB_TYPESAFE_BY_RCU,
	kmem_cache_alloc,
	kmem_cache_create,
	kmem_cache_free,
	kmem_cache_zalloc,
} from "linux/slab.ts";
import type { kmem_cache } from "linux/slab_def.ts";
import { type rb_link, rb_right_link } from "linux/rbtree.ts";
import {
	raw_spin_lock_init, spin_lock, spin_lock_init, spin_unlock,
} from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import type { callback_head, rb_node, rcu_head } from "linux/types.ts";
import { vmacache_flush } from "linux/vmacache.ts";
import { copy_page_range } from "mm/memory.ts";
import {
	__vma_link_rb,
	exit_mmap,
	mmap_init,
	vm_stat_account,
} from "mm/mmap.ts";
import { vma_interval_tree_insert_after } from "mm/interval_tree.ts";
import { security_vm_enough_memory_mm } from "mm/util.ts";
import {
	arch_dup_mmap,
	destroy_context,
	init_new_context,
} from "asm/mmu_context.ts";
import { copy_thread } from "asm/switch_to.ts";
import { pgd_alloc, pgd_free } from "asm/pgalloc.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { flush_tlb_mm } from "asm/tlbflush.ts";
import { copy_from_user, put_user } from "asm/uaccess.ts";
import { init_mm } from "mm/init-mm.ts";
import {
	current,
	fatal_signal_pending,
	is_idle_task,
	schedule,
	set_current_state,
	signal_pending,
	wake_up_process,
} from "kernel/sched/core.ts";
import { fput } from "kernel/fs/file_table.ts";
import { alloc_pid, attach_pid, free_pid } from "kernel/pid.ts";
import { lockdep_assert_irqs_enabled } from "linux/lockdep.ts";
import { might_sleep } from "linux/kernel.ts";
import { MMF_MULTIPROCESS } from "linux/oom.ts";
import { down_write, up_write } from "linux/rwsem.ts";
import { mem_cgroup_from_task } from "mm/memcontrol.ts";
import { oom_adj_mutex } from "mm/oom_kill.ts";
import {
	mmu_notifier_subscriptions_destroy, mmu_notifier_subscriptions_init,
} from "linux/mmu_notifier.ts";

/** As many tasks as fork allows; the kernel computes it from the RAM. */
const MAX_THREADS = 4096;

interface fork_data extends struct {
	nr_threads: int; /* tasks but the idle ones; tasklist_lock */
	total_forks: int; /* tasklist_lock */
	vm_area_cachep: kmem_cache; /* constant after boot, like the others */
	mm_cachep: kmem_cache;
	task_struct_cachep: kmem_cache;
	signal_cachep: kmem_cache; /* constant after boot */
}
const data = DEFINE<fork_data>();

/**
 * Guards the list of tasks, the pid hash and the links between tasks. Outermost
 * of the task locks: task_lock nests inside.
 * Port: a spinlock; the kernel's is a rwlock.
 */
export const tasklist_lock = DEFINE<spinlock_t>();

/**
 * Head of the list of all tasks, and the parent of those who have no other.
 * Port: it does not run. The kernel's init_task is also CPU 0's idle task; here
 * that is one of the idle tasks of kernel/sched/core.ts.
 */
export const init_task = DEFINE<task_struct>();

/** Tasks but the idle ones; may be old when it arrives. */
export function nr_processes(): number {
	return data.nr_threads;
}

/* ---- vm_area_struct ---- */

/** A vma of mm that is linked to nothing; NULL without memory. */
export function vm_area_alloc(mm: mm_struct): vm_area_struct {
	const vma: vm_area_struct = kmem_cache_alloc<vm_area_struct>(
		data.vm_area_cachep, GFP_KERNEL);

	if (vma !== NULL)
		vma_init(vma, mm);
	return vma;
}

/**
 * A copy of orig that is linked to nothing. mmap_lock of orig's mm is held for
 * writing, so all that it guards is copied as it is. Not guarded by it are the
 * links in the interval tree of a file, which other address spaces may be
 * changing: the copy of those is never used, for they are set when the copy
 * joins that tree.
 */
export function vm_area_dup(orig: vm_area_struct): vm_area_struct {
	const vma: vm_area_struct = kmem_cache_alloc<vm_area_struct>(
		data.vm_area_cachep, GFP_KERNEL);

	if (vma !== NULL) {
		struct_copy(vma, orig);
		INIT_LIST_HEAD(vma.anon_vma_chain);
		vma.vm_next = NULL;
		vma.vm_prev = NULL;
		dup_anon_vma_name(orig, vma);
	}
	return vma;
}

/** RFC.23: the vma has a reference to its file, if it has one. */
function vma_fput(vma: vm_area_struct): void {
	if (vma.vm_file !== NULL)
		fput(vma.vm_file);
}

/** RFC.23: away with it, and with its reference to its file. */
function ____vm_area_free(vma: vm_area_struct): void {
	vma_fput(vma);
	kmem_cache_free(data.vm_area_cachep, vma);
}

/** V2.11, RFC.23: runs after a grace period: no speculative lookup can stand on
 *  vma now, and no speculative fault uses its file. */
const __vm_area_free = RODATA((head: callback_head): void => {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const vma = container_of<vm_area_struct>(head, "vm_rcu");

		if (CONFIG_SPECULATIVE_FILE_FAULT)
			____vm_area_free(vma);
		else
			kmem_cache_free(data.vm_area_cachep, vma);
	}
});

/**
 * Free a vma that is unlinked from its mm, or never was linked (V2.11, 29,
 * RFC.23). Its reference to its file goes, too: who has none for it sets
 * vm_file to NULL before.
 *
 * A speculative fault walks mm_rb under rcu_read_lock() alone, and it may still
 * stand on a vma that its writer has taken out. So the memory is kept for a
 * grace period. A CPU's own faults are over when it frees, hence an address
 * space with a single user cannot have such a walker: mm_users can only be
 * raised by that user itself. (Somebody who raises it from outside, such as a
 * reader of /proc, costs the detour and nothing else.)
 */
export function vm_area_free(vma: vm_area_struct): void {
	free_anon_vma_name(vma);
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		if (atomic_read(vma.vm_mm.mm_users) > 1) {
			/* Nobody but a fault of the file would mind. */
			if (!CONFIG_SPECULATIVE_FILE_FAULT)
				vma_fput(vma);
			call_rcu(vma.vm_rcu, __vm_area_free);
			return;
		}
	}
	____vm_area_free(vma);
}

/* ---- address spaces ---- */

/**
 * Copies the layout and the page tables of oldmm into the new mm.
 *
 * We enter with no lock held and return with none. In between both address
 * spaces are write-locked: oldmm's speculative faults abort from the moment
 * the sequence is odd, and it stays odd until the stale writable translations
 * of the pages that became copy-on-write are flushed. That is why no fault can
 * copy a page which a thread of oldmm still writes to.
 */
function dup_mmap(mm: mm_struct, oldmm: mm_struct): number {
	if (mmap_write_lock_killable(oldmm) !== 0)
		return -EINTR;
	/*
	 * Nobody can know the new mm yet, so the order of the two is free of
	 * deadlocks.
	 */
	mmap_write_lock_nested(mm, 1);

	mm.total_vm = oldmm.total_vm;
	mm.hiwater_vm = oldmm.total_vm;
	mm.data_vm = oldmm.data_vm;
	mm.exec_vm = oldmm.exec_vm;
	mm.stack_vm = oldmm.stack_vm;

	const retval = dup_mmap_vmas(mm, oldmm);

	mmap_write_unlock(mm);
	flush_tlb_mm(oldmm);
	mmap_write_unlock(oldmm);
	return retval;
}

/** Port: the loop of dup_mmap(), with returns in place of its labels. What
 *  was linked into mm before a failure is for exit_mmap() to undo. */
function dup_mmap_vmas(mm: mm_struct, oldmm: mm_struct): number {
	let link: rb_link = mm.mm_rb;
	let rb_parent: rb_node = NULL;
	let prev: vm_area_struct = NULL;

	for (let mpnt = oldmm.mmap; mpnt !== NULL; mpnt = mpnt.vm_next) {
		if ((mpnt.vm_flags & VM_DONTCOPY) !== 0) {
			vm_stat_account(mm, mpnt.vm_flags, -vma_pages(mpnt));
			continue;
		}
		/* Once killed, copy no more of what we will never run. */
		if (fatal_signal_pending(current()))
			return -EINTR;

		let charge = 0;
		if ((mpnt.vm_flags & VM_ACCOUNT) !== 0) {
			const len = vma_pages(mpnt);

			if (security_vm_enough_memory_mm(oldmm, len) !== 0)
				return -ENOMEM;
			charge = len;
		}
		const tmp = vm_area_dup(mpnt);
		if (tmp === NULL) {
			vm_unacct_memory(charge);
			return -ENOMEM;
		}
		tmp.vm_mm = mm;
		if (vma_dup_policy(mpnt, tmp) !== 0) {
			tmp.vm_file = NULL; /* RFC.23: no reference yet */
			vm_area_free(tmp);
			vm_unacct_memory(charge);
			return -ENOMEM;
		}
		if ((tmp.vm_flags & VM_WIPEONFORK) !== 0) {
			/*
			 * The child starts with none of these pages, so there
			 * is nothing to find by rmap: its first fault makes
			 * an anon_vma of its own.
			 */
			tmp.anon_vma = NULL;
		} else if (anon_vma_fork(tmp, mpnt) !== 0) {
			mpol_put(vma_policy(tmp));
			tmp.vm_file = NULL; /* RFC.23: no reference yet */
			vm_area_free(tmp);
			vm_unacct_memory(charge);
			return -ENOMEM;
		}
		tmp.vm_flags &= ~(VM_LOCKED | VM_LOCKONFAULT);

		const file = tmp.vm_file;
		if (file !== NULL) {
			const mapping = file.f_mapping;

			get_file(file);
			i_mmap_lock_write(mapping);
			if ((tmp.vm_flags & VM_SHARED) !== 0)
				mapping_allow_writable(mapping);
			/*
			 * Behind mpnt, so that rmap meets the parent's entries
			 * before the copies that we are about to make of them.
			 */
			vma_interval_tree_insert_after(tmp, mpnt,
				mapping.i_mmap);
			i_mmap_unlock_write(mapping);
		}

		/* The list, then the tree: always at its right end. */
		if (prev !== NULL)
			prev.vm_next = tmp;
		else
			mm.mmap = tmp;
		tmp.vm_prev = prev;
		prev = tmp;

		__vma_link_rb(mm, tmp, link, rb_parent);
		link = rb_right_link(tmp.vm_rb);
		rb_parent = tmp.vm_rb;

		mm.map_count++;
		let retval = 0;
		if ((tmp.vm_flags & VM_WIPEONFORK) === 0)
			retval = copy_page_range(tmp, mpnt);

		if (tmp.vm_ops !== NULL && tmp.vm_ops.open)
			tmp.vm_ops.open(tmp);

		if (retval !== 0)
			return retval;
	}
	arch_dup_mmap(oldmm, mm);
	return 0;
}

/** The root of the page tables; 0 or -ENOMEM. */
function mm_alloc_pgd(mm: mm_struct): number {
	mm.pgd = pgd_alloc(mm);
	return mm.pgd === NULL ? -ENOMEM : 0;
}

/** No CPU has it loaded: see __mmdrop(). */
function mm_free_pgd(mm: mm_struct): void {
	pgd_free(mm, mm.pgd);
}

/** Names of the counters of mm.rss_stat, by index. */
function resident_page_type(i: number): string {
	switch (i) {
	case MM_FILEPAGES:
		return "MM_FILEPAGES";
	case MM_ANONPAGES:
		return "MM_ANONPAGES";
	case MM_SWAPENTS:
		return "MM_SWAPENTS";
	case MM_SHMEMPAGES:
		return "MM_SHMEMPAGES";
	}
	return "?";
}

/**
 * All users and all lazy CPUs are gone: whatever was counted in must have been
 * counted out, page by page and table by table.
 * Port: besides the kernel's lines each miscount is a warning that tests see.
 */
function check_mm(mm: mm_struct): void {
	for (let i = 0; i < NR_MM_COUNTERS; i++) {
		const x = mm.rss_stat[i];

		if (WARN_ON(x !== 0))
			pr_alert("BUG: Bad rss-counter state mm:" +
				uptr(mm).toString(16) + " type:" +
				resident_page_type(i) + " val:" + x);
	}

	if (WARN_ON(mm_pgtables_bytes(mm) !== 0))
		pr_alert("BUG: non-zero pgtables_bytes on freeing mm: " +
			mm_pgtables_bytes(mm));
}

/** Port: without the cpumask behind it, which is a field. */
function allocate_mm(): mm_struct {
	return kmem_cache_alloc<mm_struct>(data.mm_cachep, GFP_KERNEL);
}

/** RCU readers do not look for it: they hold a reference to the mm. */
function free_mm(mm: mm_struct): void {
	kmem_cache_free(data.mm_cachep, mm);
}

/**
 * The last reference to the struct is gone: no task uses the address space, no
 * lazy CPU has its page tables loaded.
 */
export function __mmdrop(mm: mm_struct): void {
	BUG_ON(mm === init_mm);
	WARN_ON_ONCE(mm === current().mm);
	WARN_ON_ONCE(mm === current().active_mm);
	mm_free_pgd(mm);
	destroy_context(mm);
	mmu_notifier_subscriptions_destroy(mm);
	check_mm(mm);
	free_mm(mm);
}

/** The last reference to a task that was released and is off its CPU. */
export function __put_task_struct(tsk: task_struct): void {
	WARN_ON(tsk.exit_state === 0);
	WARN_ON(atomic_read(tsk.usage) !== 0);
	WARN_ON(tsk === current());
	WARN_ON(tsk.mm !== NULL);
	put_signal_struct(tsk.signal);
	kmem_cache_free(data.task_struct_cachep, tsk);
}

/**
 * The same where the last reference may go with a raw spinlock held, or
 * preemption off: with PREEMPT_RT the memory cannot be freed there. Port: the
 * kernel has this since 6.4; and who spins for the owner of a lock reads it
 * under RCU.
 */
export function __put_task_struct_rcu(tsk: task_struct): void {
	if (CONFIG_PREEMPT_RT)
		call_rcu(tsk.rcu, __put_task_struct_rcu_cb);
}
const __put_task_struct_rcu_cb = RODATA((rhp: rcu_head): void => {
	if (CONFIG_PREEMPT_RT)
		__put_task_struct(container_of<task_struct>(rhp, "rcu"));
});

/** One thread fewer refers to it. */
function put_signal_struct(sig: signal_struct): void {
	if (atomic_dec_and_test(sig.sigcnt))
		free_signal_struct(sig);
}

/** Port: the mm is dropped here, by mmdrop_async() in the kernel: who drops a
 *  task holds no spinlock. */
function free_signal_struct(sig: signal_struct): void {
	if (sig.oom_mm !== NULL)
		mmdrop(sig.oom_mm);
	kmem_cache_free(data.signal_cachep, sig);
}

/** A thread shares what its process has counted, a process begins at 0, with
 *  its parent's limits. 0, or -ENOMEM. */
function copy_signal(clone_flags: number, tsk: task_struct): number {
	if ((clone_flags & CLONE_THREAD) !== 0) {
		const shared = current().signal;

		atomic_inc(shared.sigcnt);
		return 0;
	}
	const sig = kmem_cache_zalloc<signal_struct>(data.signal_cachep,
		GFP_KERNEL);

	tsk.signal = sig;
	if (sig === NULL)
		return -ENOMEM;
	atomic_set(sig.sigcnt, 1);

	const parent = current().signal;

	copy_rlimits(sig, parent);
	if (parent !== NULL)
		sig.oom_score_adj = READ_ONCE(parent.oom_score_adj);
	return 0;
}

/** Who shares memory without being of one process is to be as likely a victim
 *  of the OOM killer, for he would be killed with it. */
function copy_oom_score_adj(clone_flags: number, tsk: task_struct): void {
	const mm: mm_struct = tsk.mm;

	if (mm === NULL)
		return;
	/* Threads have one value; a child by vfork() soon leaves. */
	const asked = clone_flags & (CLONE_VM | CLONE_THREAD | CLONE_VFORK);
	if (asked !== CLONE_VM)
		return;
	down_write(oom_adj_mutex);
	fetch_or(mm.flags, 1 << MMF_MULTIPROCESS);
	/* It may have changed since copy_signal(). */
	WRITE_ONCE(tsk.signal.oom_score_adj, current().signal.oom_score_adj);
	up_write(oom_adj_mutex);
}

/** At boot: the cache that tasks come from, and the first of them. */
export function fork_init(): void {
	data.task_struct_cachep = kmem_cache_create("task_struct",
		sizeof<task_struct>(), 0, CONFIG_PERCPU_RWSEM
			/* For rcuwait_wake_up(). */
			? SLAB_PANIC | SLAB_TYPESAFE_BY_RCU
			: SLAB_PANIC);
	data.signal_cachep = kmem_cache_create("signal_cache",
		sizeof<signal_struct>(), 0, SLAB_PANIC);
	spin_lock_init(tasklist_lock);

	init_task.flags = PF_KTHREAD;
	init_task.parent = init_task;
	init_task.group_leader = init_task;
	atomic_set(init_task.usage, 2);
	spin_lock_init(init_task.alloc_lock);
	INIT_LIST_HEAD(init_task.tasks);
	if (CONFIG_RT_MUTEXES)
		sched_init_task(init_task);
}

/** Nobody owns a lock yet, or waits for one. */
function rt_mutex_init_task(p: task_struct): void {
	const tree = p.pi_waiters;

	raw_spin_lock_init(p.pi_lock);
	tree.rb_root.rb_node = NULL;
	tree.rb_leftmost = NULL;
	p.pi_top_task = NULL;
	p.pi_blocked_on = NULL;
}

/** A task that boot makes, with the priority of all. */
export function sched_init_task(p: task_struct): void {
	rt_mutex_init_task(p);
	p.static_prio = DEFAULT_PRIO;
	p.normal_prio = DEFAULT_PRIO;
	p.prio = DEFAULT_PRIO;
}

/**
 * A new task that is orig but for what no two tasks may share. It has two
 * references: release_task() drops the one of its pid and its list entry,
 * do_task_dead() the one of the CPU that runs it.
 */
function dup_task_struct(orig: task_struct): task_struct {
	const tsk: task_struct = kmem_cache_alloc<task_struct>(
		data.task_struct_cachep, GFP_KERNEL);

	if (tsk === NULL)
		return NULL;
	struct_copy(tsk, orig);
	atomic_set(tsk.usage, 2);
	tsk.on_cpu = 0;
	tsk.cpu_claim = 0;
	tsk.pid_chain = NULL;
	if (CONFIG_MEMCG) {
		tsk.in_user_fault = 0;
		tsk.memcg_in_oom = NULL;
	}
	tsk.memalloc_noretry = 0;
	tsk.need_resched = 0;
	tsk.oom_reaper_list = NULL;
	return tsk;
}

/** No CPU has a mm loaded that is just being made. */
function mm_init_cpumask(mm: mm_struct): void {
	mm.mm_cpumask[0] = 0;
	mm.mm_cpumask[1] = 0;
}

/** Whom to kill for its memory; NULL: nobody's any more. */
function mm_init_owner(mm: mm_struct, p: task_struct): void {
	mm.owner = p;
	if (CONFIG_MEMCG)
		mm.memcg = p === NULL ? NULL : mem_cgroup_from_task(p);
}

/** Bits of mm_struct.flags that a child has from its parent. */
const MMF_INIT_MASK = 0x1ff; /* the dump filter */
const default_dump_filter = 0x8c; /* anonymous pages, ELF headers */

/**
 * Make a mm of the memory, or free it and return NULL: with one user and one
 * reference, empty, unlocked, mmap_seq even. A copy of another one keeps the
 * bounds that came with it.
 */
function mm_init(mm: mm_struct, p: task_struct): mm_struct {
	mm.mmap = NULL;
	mm.mm_rb.rb_node = NULL;
	mm.vmacache_seqnum = 0;
	atomic_set(mm.mm_users, 1);
	atomic_set(mm.mm_count, 1);
	mmap_init_lock(mm);
	INIT_LIST_HEAD(mm.mmlist);
	mm_pgtables_bytes_init(mm);
	mm.map_count = 0;
	mm.locked_vm = 0;
	for (let i = 0; i < NR_MM_COUNTERS; i++)
		mm.rss_stat[i] = 0;
	spin_lock_init(mm.page_table_lock);
	mm_init_cpumask(mm);
	mm_init_owner(mm, p);
	if (CONFIG_MMU_NOTIFIER) {
		if (!mmu_notifier_subscriptions_init(mm)) {
			free_mm(mm);
			return NULL;
		}
	}
	atomic_set(mm.tlb_flush_pending, 0);
	if (CONFIG_GET_USER_PAGES)
		seqcount_init(mm.write_protect_seq);

	const cur = current();
	if (cur.mm !== NULL) {
		/* Others of its bits are set at any time. */
		mm.flags = data_race(cur.mm.flags) & MMF_INIT_MASK;
		/* Another thread's mlockall() may change it: old or new. */
		mm.def_flags = data_race(cur.mm.def_flags) & VM_INIT_DEF_MASK;
	} else {
		mm.flags = default_dump_filter;
		mm.def_flags = 0;
	}

	/* Port: v2 as posted forgets the notifier lock in what follows. */
	if (mm_alloc_pgd(mm) !== 0) {
		mmu_notifier_subscriptions_destroy(mm);
		free_mm(mm);
		return NULL;
	}
	if (init_new_context(p, mm) !== 0) {
		mm_free_pgd(mm);
		mmu_notifier_subscriptions_destroy(mm);
		free_mm(mm);
		return NULL;
	}
	return mm;
}

/** A new and empty address space, with one user. */
export function mm_alloc(): mm_struct {
	const mm = allocate_mm();

	if (mm === NULL)
		return NULL;
	struct_zero(mm);
	return mm_init(mm, current());
}

/** No task uses the address space: unmap all of it. Lazy CPUs may have its
 *  page tables loaded still, for which mm_count keeps the struct. */
function __mmput(mm: mm_struct): void {
	VM_BUG_ON(atomic_read(mm.mm_users) !== 0);

	exit_mmap(mm);
	if (!list_empty(mm.mmlist))
		list_del(mm.mmlist);
	mmdrop(mm);
}

/** Give back a user of the address space; the last one takes it down. May
 *  sleep, so no spinlock may be held. */
export function mmput(mm: mm_struct): void {
	might_sleep();
	if (atomic_dec_and_test(mm.mm_users))
		__mmput(mm);
}

/** The address space of another task, with a reference for the caller's
 *  mmput(); NULL for a kernel thread or a task that is past exit_mm(). */
export function get_task_mm(task: task_struct): mm_struct {
	task_lock(task);
	let mm = task.mm;
	if (mm !== NULL) {
		/* The task changes its other flags as it likes; of this bit
		 * any value is the right one. */
		if ((data_race(task.flags) & PF_KTHREAD) !== 0)
			mm = NULL;
		else
			mmget(mm);
	}
	task_unlock(task);
	return mm;
}

/**
 * Let go of the parent that waits in vfork() until we stop using its memory.
 * Port: the kernel has a completion on the parent's stack and guards it with
 * task_lock(tsk); here the pointer to the parent itself is what is waited on.
 */
function complete_vfork_done(tsk: task_struct): void {
	spin_lock(tasklist_lock);
	const parent = tsk.vfork_parent;
	/* Once the pointer is cleared it may see that before we wake it, return,
	 * and be killed: keep it. */
	if (parent !== NULL)
		get_task_struct(parent);
	/* What we did to its memory comes before: pairs with the acquire in
	 * wait_for_vfork_done(). */
	smp_store_release(tsk.vfork_parent, NULL);
	spin_unlock(tasklist_lock);
	if (parent !== NULL) {
		wake_up_process(parent);
		put_task_struct(parent);
	}
}

/** The waiting side. Only a fatal signal ends it early: then the child is told
 *  that nobody waits any more. We enter holding a reference to child. */
function wait_for_vfork_done(child: task_struct): number {
	let killed = 0;

	for (;;) {
		/* Pairs with complete_vfork_done(): it clears the pointer and
		 * then looks at our state, we do the opposite. */
		set_current_state(TASK_KILLABLE);
		/* Pairs with the release in complete_vfork_done(). */
		if (smp_load_acquire(child.vfork_parent) === NULL)
			break;
		if (fatal_signal_pending(current())) {
			killed = 1;
			break;
		}
		schedule();
	}
	set_current_state(TASK_RUNNING);

	if (killed !== 0) {
		spin_lock(tasklist_lock);
		WRITE_ONCE(child.vfork_parent, NULL);
		spin_unlock(tasklist_lock);
	}
	put_task_struct(child);
	return killed;
}

/** tsk, which is current, stops using mm: at exit and at exec. */
function mm_release(tsk: task_struct, mm: mm_struct): void {
	/*
	 * Threads that wait for our end look at the word that
	 * CLONE_CHILD_CLEARTID named. Without other users of mm nobody can
	 * look. Port: nobody sleeps on the word, for there are no futexes.
	 */
	if (tsk.clear_child_tid !== 0) {
		if (atomic_read(mm.mm_users) > 1)
			put_user(0, tsk.clear_child_tid);
		tsk.clear_child_tid = 0;
	}

	/* Last: from here on the parent may run, and unmap our memory. */
	if (READ_ONCE(tsk.vfork_parent) !== NULL)
		complete_vfork_done(tsk);
}

/** At exit. */
export function exit_mm_release(tsk: task_struct, mm: mm_struct): void {
	mm_release(tsk, mm);
}

/** At exec, of the address space that is left behind. */
export function exec_mm_release(tsk: task_struct, mm: mm_struct): void {
	mm_release(tsk, mm);
}

/** A copy of oldmm for tsk, or NULL. Called without locks; dup_mmap() takes
 *  mmap_lock of oldmm, which is current's. */
function dup_mm(tsk: task_struct, oldmm: mm_struct): mm_struct {
	let mm = allocate_mm();
	if (mm === NULL)
		return NULL;

	/*
	 * Without the lock: other threads may be changing the mm meanwhile.
	 * Locks, lists, trees, counters and the root of the page tables are
	 * set anew by mm_init(), the sizes by dup_mmap() under the lock. The
	 * rest is words that stand alone (brk, the bounds of the program, the
	 * base of mmap()): of each the child has what it was at some moment
	 * before the lock was taken.
	 */
	struct_copy(mm, oldmm);

	mm = mm_init(mm, tsk);
	if (mm === NULL)
		return NULL;

	if (dup_mmap(mm, oldmm) !== 0) {
		mm_init_owner(mm, NULL);
		mmput(mm);
		return NULL;
	}
	mm.hiwater_rss = get_mm_rss(mm);
	return mm;
}

/** The new task's address space: its parent's, or a copy of it. 0 or -ENOMEM.
 *  Called without locks. */
function copy_mm(clone_flags: number, tsk: task_struct): number {
	tsk.min_flt = 0;
	tsk.maj_flt = 0;
	tsk.nvcsw = 0;
	tsk.nivcsw = 0;

	tsk.mm = NULL;
	tsk.active_mm = NULL;

	/* A kernel thread begets kernel threads. */
	const oldmm = current().mm;
	if (oldmm === NULL)
		return 0;

	/* The copied cache points to vmas of the parent. */
	vmacache_flush(tsk);

	let mm: mm_struct = oldmm;
	if ((clone_flags & CLONE_VM) !== 0) {
		mmget(oldmm);
	} else {
		mm = dup_mm(tsk, oldmm);
		if (mm === NULL)
			return -ENOMEM;
	}

	tsk.mm = mm;
	tsk.active_mm = mm;
	return 0;
}

/** Where to write 0 when the task is gone: see mm_release(). */
export function sys_set_tid_address(tidptr: number): number {
	const tsk = current();

	tsk.clear_child_tid = tidptr;
	return tsk.pid;
}

/**
 * A new task, complete and findable by its pid, but not yet to be run.
 * Returns it, or an ERR_PTR. Called without locks; takes mmap_lock(w) of the
 * caller's address space unless CLONE_VM, then tasklist_lock.
 */
export function copy_process(args: kernel_clone_args): task_struct {
	const clone_flags = args.flags;
	const cur = current();

	if ((clone_flags & (CLONE_NEWNS | CLONE_FS)) === (CLONE_NEWNS | CLONE_FS))
		return ERR_PTR(-EINVAL);

	/* Port: there is one of each namespace, and nobody may make another. */
	if ((clone_flags & CLONE_NS_FLAGS) !== 0)
		return ERR_PTR(-EPERM);

	/* Threads share signal handlers, and those who do share the memory. */
	if ((clone_flags & CLONE_THREAD) !== 0 && (clone_flags & CLONE_SIGHAND) === 0)
		return ERR_PTR(-EINVAL);
	if ((clone_flags & CLONE_SIGHAND) !== 0 && (clone_flags & CLONE_VM) === 0)
		return ERR_PTR(-EINVAL);

	if ((clone_flags & CLONE_PIDFD) !== 0)
		return ERR_PTR(-EINVAL);

	/*
	 * A signal that came before counts as handled before the fork, or the
	 * child would be born after it without having seen it.
	 */
	if (signal_pending(cur))
		return ERR_PTR(-ERESTARTNOINTR);

	if (data_race(data.nr_threads) >= MAX_THREADS)
		return ERR_PTR(-EAGAIN);

	const p = dup_task_struct(cur);
	if (p === NULL)
		return ERR_PTR(-ENOMEM);
	lockdep_assert_irqs_enabled();

	p.set_child_tid =
		(clone_flags & CLONE_CHILD_SETTID) !== 0 ? args.child_tid : 0;
	p.clear_child_tid =
		(clone_flags & CLONE_CHILD_CLEARTID) !== 0 ? args.child_tid : 0;

	p.flags &= ~PF_KTHREAD;
	p.flags |= PF_FORKNOEXEC;
	p.__state = TASK_NEW;
	INIT_LIST_HEAD(p.tasks);
	p.vfork_parent = NULL;
	p.pending = 0;
	p.delivered = 0;
	p.fault_address = 0;
	p.fault_code = 0;
	p.exit_state = 0;
	p.exit_code = 0;
	spin_lock_init(p.alloc_lock);
	if (CONFIG_RT_MUTEXES)
		rt_mutex_init_task(p);
	if (CONFIG_PREEMPT_RT) {
		p.saved_state = TASK_RUNNING;
		p.migration_disabled = 0;
	}
	if (CONFIG_PREEMPT_RCU)
		p.rcu_read_lock_nesting = 0;
	/* sched_fork(): what the parent inherits is not the child's. */
	if (CONFIG_RT_MUTEXES)
		p.prio = p.normal_prio;

	if (CONFIG_NUMA) {
		p.mempolicy = mpol_dup(p.mempolicy);
		if (IS_ERR(p.mempolicy)) {
			const error = PTR_ERR(p.mempolicy);

			kmem_cache_free(data.task_struct_cachep, p);
			return ERR_PTR(error);
		}
	}

	let retval = copy_signal(clone_flags, p);
	if (retval !== 0) {
		if (CONFIG_NUMA)
			mpol_put(p.mempolicy);
		kmem_cache_free(data.task_struct_cachep, p);
		return ERR_PTR(retval);
	}
	if (CONFIG_MEMCG && (clone_flags & CLONE_THREAD) === 0)
		cgroup_fork(p);
	if (CONFIG_PERF_EVENTS) {
		const err = perf_event_init_task(p, clone_flags);

		if (err !== 0)
			return bad_fork(p, err);
	}
	retval = copy_mm(clone_flags, p);
	if (retval !== 0)
		return bad_fork(p, retval);
	copy_thread(p);

	const pid = alloc_pid();
	if (pid < 0) {
		if (p.mm !== NULL)
			put_new_mm(p);
		return bad_fork(p, pid);
	}

	p.pid = pid;
	if ((clone_flags & CLONE_THREAD) !== 0) {
		p.group_leader = cur.group_leader;
		p.tgid = cur.tgid;
	} else {
		p.group_leader = p;
		p.tgid = p.pid;
	}

	/* From here on the task is visible to others. */
	spin_lock(tasklist_lock);

	/* A thread, or a sibling by CLONE_PARENT, has the parent that we have. */
	if ((clone_flags & (CLONE_PARENT | CLONE_THREAD)) !== 0) {
		p.parent = cur.parent;
		if ((clone_flags & CLONE_THREAD) !== 0)
			p.exit_signal = -1;
		else
			p.exit_signal = cur.group_leader.exit_signal;
	} else {
		p.parent = is_idle_task(cur) ? init_task : cur;
		p.exit_signal = args.exit_signal;
	}

	/* After the killer of our group went through the list, nothing that he
	 * would miss may be added to it. */
	if (fatal_signal_pending(cur)) {
		spin_unlock(tasklist_lock);
		free_pid(pid);
		if (p.mm !== NULL)
			put_new_mm(p);
		return bad_fork(p, -EINTR);
	}

	list_add_tail(p.tasks, init_task.tasks);
	attach_pid(p);
	if (CONFIG_MEMCG && (clone_flags & CLONE_THREAD) === 0)
		cgroup_post_fork(p);
	data.nr_threads++;
	data.total_forks++;
	spin_unlock(tasklist_lock);
	copy_oom_score_adj(clone_flags, p);

	return p;
}

/** Undo copy_mm() of a task that never ran. */
function put_new_mm(p: task_struct): void {
	const mm = p.mm;

	if (mm.owner === p)
		mm_init_owner(mm, NULL);
	p.mm = NULL;
	p.active_mm = NULL;
	mmput(mm);
}

/** Port: the tail of copy_process()'s bad_fork labels. */
function bad_fork(p: task_struct, retval: number): task_struct {
	if (CONFIG_PERF_EVENTS)
		perf_event_free_task(p);
	if (CONFIG_NUMA)
		mpol_put(p.mempolicy);
	put_signal_struct(p.signal);
	WRITE_ONCE(p.__state, TASK_RUNNING);
	kmem_cache_free(data.task_struct_cachep, p);
	return ERR_PTR(retval);
}

/** The tail of __unhash_process(): tasklist_lock is held. */
export function unaccount_process(): void {
	data.nr_threads--;
}

/** Let the new task be run. Port: whoever is outside finds it by its pid. */
function wake_up_new_task(p: task_struct): void {
	VM_BUG_ON(p.__state !== TASK_NEW);
	/* Pairs with the acquire in task_claim(): a CPU that sees the task as
	 * runnable sees all of it. */
	smp_store_release(p.__state, TASK_RUNNING);
}

/** The common part of fork, vfork, clone and clone3: the pid of the child, or
 *  a negative errno. */
export function kernel_clone(args: kernel_clone_args): number {
	const clone_flags = args.flags;

	const p = copy_process(args);
	if (IS_ERR(p))
		return PTR_ERR(p);

	/* Before it runs: then it may be gone any time. */
	const nr = p.pid;

	if ((clone_flags & CLONE_PARENT_SETTID) !== 0)
		put_user(nr, args.parent_tid);

	if ((clone_flags & CLONE_VFORK) !== 0) {
		WRITE_ONCE(p.vfork_parent, current());
		get_task_struct(p);
	}

	wake_up_new_task(p);

	if ((clone_flags & CLONE_VFORK) !== 0)
		wait_for_vfork_done(p);

	return nr;
}

/** A copy of the task, with a copy of the address space. */
export function sys_fork(): number {
	return kernel_clone({
		flags: 0,
		child_tid: 0,
		parent_tid: 0,
		exit_signal: SIGCHLD,
		stack: 0,
		stack_size: 0,
		tls: 0,
	});
}

/** The same in the parent's address space, and the parent waits until the child
 *  is out of it. */
export function sys_vfork(): number {
	return kernel_clone({
		flags: CLONE_VFORK | CLONE_VM,
		child_tid: 0,
		parent_tid: 0,
		exit_signal: SIGCHLD,
		stack: 0,
		stack_size: 0,
		tls: 0,
	});
}

/** The arguments in registers. */
export function sys_clone(clone_flags: number, newsp: number,
		parent_tidptr: number, child_tidptr: number, tls: number): number {
	const flags = clone_flags | 0;

	return kernel_clone({
		flags: flags & ~CSIGNAL,
		child_tid: child_tidptr,
		parent_tid: parent_tidptr,
		exit_signal: flags & CSIGNAL,
		stack: newsp,
		stack_size: 0,
		tls,
	});
}

/** A 64-bit word of clone_args as a ulong; its reader checks what must fit. */
function u64_of(lo: number, hi: number): number {
	return hi * 0x100000000 + lo;
}

/** What newer programs may pass behind the block: set_tid, its size, cgroup. */
interface clone3_rest extends struct {
	words: array<u32, 6>;
}

/** A stack comes as its lowest byte and its size; both or neither. */
function clone3_stack_valid(kargs: kernel_clone_args): boolean {
	if (kargs.stack === 0)
		return kargs.stack_size === 0;
	return kargs.stack_size !== 0;
}

/** What clone3() alone checks; the rest is for copy_process(). */
function clone3_args_valid(kargs: kernel_clone_args): boolean {
	/* These two belong to clone(): a dead flag, and the signal's bits. */
	if ((kargs.flags & (CLONE_DETACHED | CSIGNAL)) !== 0)
		return false;
	/* A thread, or who takes our parent, does not choose its signal. */
	if ((kargs.flags & (CLONE_THREAD | CLONE_PARENT)) !== 0 &&
	    kargs.exit_signal !== 0)
		return false;
	return clone3_stack_valid(kargs);
}

/** Port: size_t, the flags and the like beyond what clone_args of 2019 has
 *  (set_tid, cgroup) must be zero, as for any kernel that lacks them. */
export function sys_clone3(uargs: number, size: number): number {
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;

	const rest = STACK<clone3_rest>();
	const more = Math.min(size, CLONE_ARGS_SIZE_VER0 + sizeof<clone3_rest>())
		- CLONE_ARGS_SIZE_VER0;
	if (size > CLONE_ARGS_SIZE_VER0 + sizeof<clone3_rest>())
		return -E2BIG;
	const uarg = STACK<clone_args>();
	if (copy_from_user(uptr(uarg), uargs, CLONE_ARGS_SIZE_VER0) !== 0)
		return -EFAULT;
	if (more > 0 && copy_from_user(uptr(rest),
			uargs + CLONE_ARGS_SIZE_VER0, more) !== 0)
		return -EFAULT;
	for (let i = 0; i < 6; i++) {
		if (rest.words[i] !== 0)
			return -EINVAL;
	}

	/* Flags that need the high word: reset of handlers, cgroups. */
	if ((uarg.flags_hi & ~1) !== 0)
		return -EINVAL;
	/* A signal is one of 64 and lies in a byte. */
	if (uarg.exit_signal_hi !== 0 || (uarg.exit_signal & ~CSIGNAL) !== 0 ||
	    uarg.exit_signal > 64)
		return -EINVAL;

	const args: kernel_clone_args = {
		flags: uarg.flags | 0,
		child_tid: u64_of(uarg.child_tid, uarg.child_tid_hi),
		parent_tid: u64_of(uarg.parent_tid, uarg.parent_tid_hi),
		exit_signal: uarg.exit_signal,
		stack: u64_of(uarg.stack, uarg.stack_hi),
		stack_size: u64_of(uarg.stack_size, uarg.stack_size_hi),
		tls: u64_of(uarg.tls, uarg.tls_hi),
	};
	if (!clone3_args_valid(args))
		return -EINVAL;
	return kernel_clone(args);
}

/** At boot: the caches of this file, and mmap()'s own set-up. */
export function proc_caches_init(): void {
	data.mm_cachep = kmem_cache_create("mm_struct", sizeof<mm_struct>(), 0,
		SLAB_HWCACHE_ALIGN | SLAB_PANIC);
	data.vm_area_cachep = kmem_cache_create("vm_area_struct",
		sizeof<vm_area_struct>(), 0, SLAB_PANIC);
	mmap_init();
}
