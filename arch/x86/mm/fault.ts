// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/mm/fault.c (5.17 with V2.13, 19, 28 and 31): from the CPU's
 * page-fault exception to handle_mm_fault(), and the signals if that fails.
 * Left out: kernel addresses (vmalloc_fault(), arch_sync_kernel_mappings(),
 * spurious_kernel_fault()), SGX, SMAP and SMEP, vsyscall
 * emulation, errata (is_prefetch(), is_errata93(), is_errata100(),
 * is_f00f_bug()), oopses and what they show (page_fault_oops(),
 * show_fault_oops(), dump_pagetable(), pgtable_bad()), set_signal_archinfo(),
 * show_signal_msg(), kmmio and kprobes.
 *
 * Port: there is no instruction pointer to move, and so no
 * kernelmode_fixup_or_oops(). The handlers return whether the access is to be
 * made again; if not, a user has got a signal for it, and the kernel (which
 * only ever copies from or to user memory) its fixup.
 */
import {
	CONFIG_SPECULATIVE_PAGE_FAULT, CONFIG_TRACING,
	CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS,
} from "generated/autoconf.ts";
import { text } from "host/text.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { TASK_SIZE_MAX } from "asm/pgtable_types.ts";
import { type pt_regs, user_mode } from "asm/ptrace.ts";
import {
	trace_page_fault_kernel, trace_page_fault_user,
} from "asm/trace/exceptions.ts";
import {
	trace_page_fault_entry, trace_page_fault_exit, trace_spf_vma_access,
	trace_spf_vma_changed, trace_spf_vma_notsup,
} from "trace/events/pagefault.ts";
import {
	X86_PF_INSTR, X86_PF_PK, X86_PF_PROT, X86_PF_USER, X86_PF_WRITE,
} from "asm/trap_pf.ts";
import { atomic_read } from "linux/atomic.ts";
import { BUG_ON, VM_BUG_ON_VMA } from "linux/bug.ts";
import { do_handle_mm_fault, memory_globals } from "mm/memory.ts";
import {
	FAULT_FLAG_ALLOW_RETRY, FAULT_FLAG_DEFAULT, FAULT_FLAG_INSTRUCTION,
	FAULT_FLAG_SPECULATIVE, FAULT_FLAG_TRIED, FAULT_FLAG_USER,
	FAULT_FLAG_WRITE, find_vma, handle_mm_fault, VM_EXEC, VM_FAULT_ERROR,
	VM_FAULT_OOM, VM_FAULT_RETRY, VM_FAULT_SIGBUS, VM_FAULT_SIGSEGV,
	type vm_fault_t, VM_GROWSDOWN, VM_WRITE, vma_can_speculate,
	vma_is_accessible,
} from "linux/mm.ts";
import {
	mmap_read_lock, mmap_read_trylock, mmap_read_unlock,
	mmap_seq_read_check, mmap_seq_read_start, mmap_write_downgrade,
	mmap_write_lock_killable,
} from "linux/mmap_lock.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { count_vm_event, count_vm_spf_event } from "linux/vm_event.ts";
import {
	SPF_ABORT, SPF_ABORT_ACCESS_ERROR, SPF_ABORT_NO_SPECULATE, SPF_ABORT_ODD,
	SPF_ABORT_UNMAPPED, SPF_ABORT_VMA_COPY, SPF_ATTEMPT,
} from "linux/vm_event_item.ts";
import {
	BUS_ADRERR, SEGV_ACCERR, SEGV_MAPERR, SEGV_PKUERR, SIGBUS, SIGSEGV,
} from "linux/signal.ts";
import { vma_pkey } from "linux/pkeys.ts";
import { arch_vma_access_permitted } from "asm/mmu_context.ts";
import {
	PERF_COUNT_SW_PAGE_FAULTS, PERF_COUNT_SW_SPF,
} from "uapi/linux/perf_event.ts";
import { perf_sw_event } from "linux/perf_event.ts";
import { preempt_count } from "linux/preempt.ts";
import { pagefault_out_of_memory } from "linux/oom.ts";
import { fault_signal_pending } from "linux/sched/signal.ts";
import { current, fatal_signal_pending } from "kernel/sched/core.ts";
import { force_sig_fault, force_sig_pkuerr } from "kernel/signal.ts";
import { __find_vma, expand_stack } from "mm/mmap.ts";
import { irqentry_enter, irqentry_exit } from "kernel/entry/common.ts";
import { might_sleep } from "linux/kernel.ts";

/* ---- a fault that cannot be handled ---- */

/** A user gets the signal; the kernel goes to its fixup. */
function __bad_area_nosemaphore(
	regs: pt_regs, _error_code: number, address: number,
	pkey: number, si_code: number,
): boolean {
	if (!user_mode(regs)) return false;
	if (si_code === SEGV_PKUERR) force_sig_pkuerr(address, pkey);
	else force_sig_fault(SIGSEGV, si_code, address);
	return false;
}

/** Nothing is mapped there, or nothing may be looked up. mmap_lock is not
 *  held. */
function bad_area_nosemaphore(
	regs: pt_regs, error_code: number, address: number,
): boolean {
	return __bad_area_nosemaphore(regs, error_code, address, 0, SEGV_MAPERR);
}

/** We enter with mmap_lock held for reading and return without it. */
function __bad_area(
	regs: pt_regs, error_code: number, address: number, mm: mm_struct,
	pkey: number, si_code: number,
): boolean {
	mmap_read_unlock(mm);
	return __bad_area_nosemaphore(regs, error_code, address, pkey, si_code);
}

/** Nothing is mapped there. We enter with mmap_lock held for reading, and
 *  return without it, here and in the next one. */
function bad_area(
	regs: pt_regs, error_code: number, address: number, mm: mm_struct,
): boolean {
	return __bad_area(regs, error_code, address, mm, 0, SEGV_MAPERR);
}

/** Is it the rights for vma's memory key that forbid the access? */
function bad_area_access_from_pkeys(
	error_code: number, vma: vm_area_struct,
): boolean {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS) {
		if ((error_code & X86_PF_PK) !== 0) return true;
		return !arch_vma_access_permitted(vma,
			(error_code & X86_PF_WRITE) !== 0,
			(error_code & X86_PF_INSTR) !== 0, false);
	}
	return false;
}

/** The vma forbids the access, or its key does. */
function bad_area_access_error(
	regs: pt_regs, error_code: number, address: number, mm: mm_struct,
	vma: vm_area_struct,
): boolean {
	/*
	 * The hardware does not say which key it was. That of the vma is named,
	 * which may be another one: a pkey_mprotect() may have come between the
	 * access and here.
	 */
	if (bad_area_access_from_pkeys(error_code, vma))
		return __bad_area(regs, error_code, address, mm,
			vma_pkey(vma), SEGV_PKUERR);
	return __bad_area(regs, error_code, address, mm, 0, SEGV_ACCERR);
}

/** There is a mapping, but nothing behind it: a file is shorter. Port: memory
 *  failure, which has a code of its own, is left out. */
function do_sigbus(
	regs: pt_regs, _error_code: number, address: number, _fault: vm_fault_t,
): boolean {
	if (user_mode(regs)) force_sig_fault(SIGBUS, BUS_ADRERR, address);
	return false;
}

/**
 * Does the vma forbid the access? The fault is also here if it permits it, and
 * the entry has yet to be made.
 */
function access_error(error_code: number, vma: vm_area_struct): boolean {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS) {
		/* The rights for a key are not of a kind that a fault gives. */
		if ((error_code & X86_PF_PK) !== 0) return true;
		/* The entry is not there yet. With it the access would fault
		 * again, for its key: it is not worth making. */
		if (!arch_vma_access_permitted(vma,
			(error_code & X86_PF_WRITE) !== 0,
			(error_code & X86_PF_INSTR) !== 0, false))
			return true;
	}
	if ((error_code & X86_PF_WRITE) !== 0)
		return (vma.vm_flags & VM_WRITE) === 0;
	/* Port: the kernel leaves instruction fetches to the entry's NX bit, and
	 * reports those that fault on a present one. Here they are not walked
	 * to the end if the vma says no. */
	if ((error_code & X86_PF_INSTR) !== 0)
		return (vma.vm_flags & VM_EXEC) === 0;
	/* A read of a present page: the walker refuses none, so PROT_NONE. */
	if ((error_code & X86_PF_PROT) !== 0) return true;
	return !vma_is_accessible(vma);
}

/** Is it the kernel's half? Port: without the vsyscall page, which is there
 *  and counts as the user's. */
export function fault_in_kernel_space(address: number): boolean {
	return address >= TASK_SIZE_MAX;
}

/** Nothing is mapped up there for anybody. */
function do_kern_addr_fault(
	regs: pt_regs, error_code: number, address: number,
): boolean {
	return bad_area_nosemaphore(regs, error_code, address);
}

/** linux/uaccess.h: is this an atomic section, which must not sleep? Port:
 *  nothing here runs with faults disabled by a count of its own. */
function faulthandler_disabled(): boolean {
	return preempt_count() !== 0;
}

/**
 * V2.13. Of do_speculative_user_fault(): given up before do_handle_mm_fault()
 * was called. No vm_fault_t has this value.
 */
const SPF_NOT_BEGUN: vm_fault_t = -1;

/**
 * V2.13, 19, 31: the fault without mmap_lock. We enter and return without
 * locks, and in no RCU section. Returns what do_handle_mm_fault() does:
 * VM_FAULT_RETRY to have it done again with the lock, anything else is final,
 * errors included; or SPF_NOT_BEGUN, which asks for the lock, too.
 * What goes on to do_handle_mm_fault() is a vma as it was while mmap_seq had
 * the value `seq`: of one piece, in the tree, and around the address.
 * Port: do_user_addr_fault() in the patch, apart so that the copy of the vma
 * leaves the kernel stack before the classic path starts.
 */
function do_speculative_user_fault(
	mm: mm_struct, address: number, error_code: number, flags: number,
	regs: pt_regs,
): vm_fault_t {
	count_vm_event(SPF_ATTEMPT);
	const seq = mmap_seq_read_start(mm);
	if ((seq & 1) !== 0) {
		/* A writer is at it, and it may take its time. */
		count_vm_spf_event(SPF_ABORT_ODD);
		trace_spf_vma_changed(SPF_ABORT_ODD, NULL, address);
		return SPF_NOT_BEGUN;
	}
	rcu_read_lock();
	const vma = __find_vma(mm, address);
	/* Races with writers, as in __find_vma(). */
	if (vma === NULL || data_race(vma.vm_start) > address) {
		/* A stack to be expanded ends here, too. */
		trace_spf_vma_changed(SPF_ABORT_UNMAPPED, vma, address);
		rcu_read_unlock();
		count_vm_spf_event(SPF_ABORT_UNMAPPED);
		return SPF_NOT_BEGUN;
	}
	/* V2.19, RFC.30. */
	if (!vma_can_speculate(vma, flags)) {
		trace_spf_vma_notsup(SPF_ABORT_NO_SPECULATE, vma, address);
		rcu_read_unlock();
		count_vm_spf_event(SPF_ABORT_NO_SPECULATE);
		return SPF_NOT_BEGUN;
	}
	/*
	 * The vma may be changed or die while it is copied. RCU keeps its
	 * memory what it was: a vma, or one that is waiting to be freed. The
	 * check afterwards says whether the copy is of one piece.
	 */
	const pvma = STACK<vm_area_struct>();
	struct_copy(pvma, vma);
	rcu_read_unlock();
	if (!mmap_seq_read_check(mm, seq, SPF_ABORT_VMA_COPY)) {
		trace_spf_vma_changed(SPF_ABORT_VMA_COPY, pvma, address);
		return SPF_NOT_BEGUN;
	}
	VM_BUG_ON_VMA(pvma.vm_start > address || pvma.vm_end <= address, pvma,
		"copy of a vma elsewhere");

	/* Never report an error on the strength of a copy. */
	if (access_error(error_code, pvma)) {
		count_vm_spf_event(SPF_ABORT_ACCESS_ERROR);
		trace_spf_vma_access(SPF_ABORT_ACCESS_ERROR, pvma, address);
		return SPF_NOT_BEGUN;
	}
	return do_handle_mm_fault(pvma, address,
		flags | FAULT_FLAG_SPECULATIVE, seq, regs);
}

function is_pkey_fault(error_code: number): boolean {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS)
		return (error_code & X86_PF_PK) !== 0;
	return false;
}

/**
 * An address of user memory (V2.13, 28). We enter and return without locks.
 *
 * First without mmap_lock, where that may be worth it. What it cannot do, or
 * not be sure of, is done by the classic fault that follows, which is that of
 * 5.17 but for stacks.
 */
export function do_user_addr_fault(
	regs: pt_regs, error_code: number, address: number,
): boolean {
	const tsk = current();
	const mm = tsk.mm;
	let flags = FAULT_FLAG_DEFAULT;
	let fault: vm_fault_t;

	/* From here on as in the kernel: in an atomic section, or without an
	 * address space, there is nothing to look up. */
	if (faulthandler_disabled() || mm === NULL)
		return bad_area_nosemaphore(regs, error_code, address);

	perf_sw_event(PERF_COUNT_SW_PAGE_FAULTS, 1, regs, address);

	/* Port: interrupts are on already. The exception does not turn them off
	 * here, as it keeps its address in an argument and not in a register
	 * that the next one would overwrite. */
	if (user_mode(regs)) flags |= FAULT_FLAG_USER;
	if ((error_code & X86_PF_WRITE) !== 0) flags |= FAULT_FLAG_WRITE;
	if ((error_code & X86_PF_INSTR) !== 0) flags |= FAULT_FLAG_INSTRUCTION;

	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		/*
		 * V2.28: not for the kernel's own accesses, and not worth it
		 * for a single thread, which nobody makes wait for the lock.
		 * D12.28: nor for what a memory key forbids. That is a signal
		 * in the end, and a copy of a vma is no reason for one.
		 * D12.31: nor where it was turned off.
		 */
		if ((flags & FAULT_FLAG_USER) !== 0 &&
			!is_pkey_fault(error_code) &&
			READ_ONCE(memory_globals.speculative_off) !== 1 &&
			atomic_read(mm.mm_users) !== 1) {
			fault = do_speculative_user_fault(mm, address,
				error_code, flags, regs);
			if (fault !== SPF_NOT_BEGUN) {
				if ((fault & VM_FAULT_RETRY) === 0) {
					/* D12.28: errors, too. */
					perf_sw_event(PERF_COUNT_SW_SPF, 1,
						regs, address);
					return fault_done(regs, error_code,
						address, fault);
				}
				/*
				 * Back to user mode for the signal; the fault
				 * is taken again if that does not end it. Such
				 * an attempt is not counted as aborted.
				 */
				if (fault_signal_pending(fault, regs))
					return true;
			}
			count_vm_event(SPF_ABORT);
		}
	}

	/*
	 * Try first, as in 5.17, where that tells a fault of the kernel's own
	 * code from one that it expects: only a kernel access that has no fixup
	 * must not wait for the lock, which it may hold itself. All of ours
	 * have one.
	 */
	if (!mmap_read_trylock(mm)) mmap_read_lock(mm);
	else might_sleep();
	for (;;) {
		let vma = find_vma(mm, address);
		if (vma === NULL) return bad_area(regs, error_code, address, mm);
		if (vma.vm_start > address) {
			if ((vma.vm_flags & VM_GROWSDOWN) === 0)
				return bad_area(regs, error_code, address, mm);
			/*
			 * Port: the stack grows under the write lock, as in
			 * lock_mm_and_find_vma() since 6.5. With the read lock
			 * of 5.17 another fault can see the new vm_start with
			 * the old vm_pgoff, and give its page a wrong index.
			 */
			mmap_read_unlock(mm);
			if (mmap_write_lock_killable(mm) !== 0)
				return user_mode(regs);
			vma = find_vma(mm, address);
			const grown = vma !== NULL && (vma.vm_start <= address ||
				((vma.vm_flags & VM_GROWSDOWN) !== 0 &&
				expand_stack(vma, address) === 0));
			mmap_write_downgrade(mm);
			if (!grown) return bad_area(regs, error_code, address, mm);
		}
		if (access_error(error_code, vma))
			return bad_area_access_error(regs, error_code, address,
				mm, vma);

		/*
		 * With VM_FAULT_RETRY the lock may be dropped, and the vma be
		 * gone: it is looked up anew then.
		 */
		fault = handle_mm_fault(vma, address, flags, regs);
		if (fault_signal_pending(fault, regs)) return user_mode(regs);
		if ((fault & VM_FAULT_RETRY) === 0) break;
		BUG_ON((flags & FAULT_FLAG_ALLOW_RETRY) === 0,
			"VM_FAULT_RETRY that was not allowed");
		flags |= FAULT_FLAG_TRIED;
		mmap_read_lock(mm);
	}
	mmap_read_unlock(mm);
	return fault_done(regs, error_code, address, fault);
}

/** "done:" of do_user_addr_fault() (V2.13); once mm_fault_error(). */
function fault_done(
	regs: pt_regs, error_code: number, address: number, fault: vm_fault_t,
): boolean {
	if ((fault & VM_FAULT_ERROR) === 0) return true;

	if (fatal_signal_pending(current()) && !user_mode(regs)) return false;
	if ((fault & VM_FAULT_OOM) !== 0) {
		if (!user_mode(regs)) return false;
		/* The OOM killer has been asked, or will be now; the task takes
		 * the fault again, or dies. */
		pagefault_out_of_memory();
		return true;
	}
	if ((fault & VM_FAULT_SIGBUS) !== 0)
		return do_sigbus(regs, error_code, address, fault);
	BUG_ON((fault & VM_FAULT_SIGSEGV) === 0, "unknown fault error");
	return bad_area_nosemaphore(regs, error_code, address);
}

function trace_page_fault_entries(
	regs: pt_regs, error_code: number, address: number,
): void {
	if (user_mode(regs)) trace_page_fault_user(address, error_code);
	else trace_page_fault_kernel(address, error_code);
}

/** By the half of the address space that it is in. */
export function handle_page_fault(
	regs: pt_regs, error_code: number, address: number,
): boolean {
	if (fault_in_kernel_space(address))
		return do_kern_addr_fault(regs, error_code, address);
	return do_user_addr_fault(regs, error_code, address);
}

/** Somebody listens: to Linux's trace points, or to ours around it. */
function traced_page_fault(
	regs: pt_regs, error_code: number, address: number,
): boolean {
	trace_page_fault_entry(address, user_mode(regs));
	trace_page_fault_entries(regs, error_code, address);
	const handled = handle_page_fault(regs, error_code, address);
	trace_page_fault_exit(address, user_mode(regs), handled);
	return handled;
}

/** The exception: from user mode, or inside of a copy by the kernel. */
export function exc_page_fault(
	regs: pt_regs, error_code: number, address: number,
): boolean {
	BUG_ON(user_mode(regs) !== ((error_code & X86_PF_USER) !== 0),
		"page fault: registers and error code disagree");
	irqentry_enter(regs);
	let handled: boolean;
	if (CONFIG_TRACING && text.page_fault)
		handled = traced_page_fault(regs, error_code, address);
	else handled = handle_page_fault(regs, error_code, address);
	irqentry_exit(regs);
	return handled;
}
