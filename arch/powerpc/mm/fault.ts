// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/mm/fault.c (5.17 with V2.35): from a storage interrupt
 * to handle_mm_fault(), and the signals if that fails.
 * Left out: what is printed, oopses, KUAP (bad_kuap_fault()), KFENCE, kprobes,
 * debuggers, memory failure, other families of processors, the hash MMU
 * (hash__do_page_fault()).
 *
 * `Unlike D2.20:` says what the first version of the series for this
 * architecture did otherwise; where the two differ, this is V2.35.
 *
 * Port: there is no instruction pointer to move. So ___do_page_fault() has one
 * more result, FAULT_SIGNAL, and do_page_fault() returns whether the access is
 * to be made again; if not, a user has got a signal for it, and the kernel
 * (which only ever copies from or to user memory) its fixup. DAR, DSISR and the
 * vector are arguments, see asm/ptrace.ts.
 */
import {
	CONFIG_PPC_SMLPAR,
	CONFIG_SPECULATIVE_PAGE_FAULT,
	CONFIG_TRACING,
} from "generated/autoconf.ts";
import { text } from "host/text.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { arch_vma_access_permitted } from "asm/mmu_context.ts";
import {
	INTERRUPT_INST_SEGMENT, INTERRUPT_INST_STORAGE,
} from "asm/interrupt.ts";
import { vma_pkey } from "asm/pkeys.ts";
import { PAGE_SHIFT, TASK_SIZE } from "asm/pgtable_types.ts";
import { type pt_regs, user_mode } from "asm/ptrace.ts";
import {
	DSISR_BAD_FAULT_64S,
	DSISR_ISSTORE,
	DSISR_KEYFAULT,
} from "asm/reg.ts";
import {
	trace_page_fault_entry,
	trace_page_fault_exit,
	trace_spf_vma_access,
	trace_spf_vma_changed,
	trace_spf_vma_notsup,
} from "trace/events/pagefault.ts";
import { page_align_down } from "asm-generic/page.ts";
import { atomic_read } from "linux/atomic.ts";
import { BUG, BUG_ON, VM_BUG_ON_VMA } from "linux/bug.ts";
import { might_sleep } from "linux/kernel.ts";
import { do_handle_mm_fault, memory_globals } from "mm/memory.ts";
import {
	FAULT_FLAG_ALLOW_RETRY,
	FAULT_FLAG_DEFAULT,
	FAULT_FLAG_INSTRUCTION,
	FAULT_FLAG_SPECULATIVE,
	FAULT_FLAG_TRIED,
	FAULT_FLAG_USER,
	FAULT_FLAG_WRITE,
	find_vma,
	handle_mm_fault,
	VM_EXEC,
	VM_FAULT_ERROR,
	VM_FAULT_MAJOR,
	VM_FAULT_OOM,
	VM_FAULT_RETRY,
	VM_FAULT_SIGBUS,
	VM_FAULT_SIGSEGV,
	type vm_fault_t,
	VM_GROWSDOWN,
	VM_WRITE,
	vma_can_speculate,
	vma_is_accessible,
} from "linux/mm.ts";
import {
	mmap_read_lock,
	mmap_read_trylock,
	mmap_read_unlock,
	mmap_seq_read_check,
	mmap_seq_read_start,
	mmap_write_downgrade,
	mmap_write_lock_killable,
} from "linux/mmap_lock.ts";
import { pagefault_out_of_memory } from "linux/oom.ts";
import {
	PERF_COUNT_SW_PAGE_FAULTS,
	PERF_COUNT_SW_SPF,
} from "uapi/linux/perf_event.ts";
import { perf_sw_event } from "linux/perf_event.ts";
import {
	preempt_count, preempt_disable, preempt_enable,
} from "linux/preempt.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { fault_signal_pending } from "linux/sched/signal.ts";
import {
	BUS_ADRERR,
	BUS_OBJERR,
	SEGV_ACCERR,
	SEGV_BNDERR,
	SEGV_MAPERR,
	SIGBUS,
	SIGKILL,
	SIGSEGV,
} from "linux/signal.ts";
import { count_vm_event, count_vm_spf_event } from "linux/vm_event.ts";
import {
	SPF_ABORT,
	SPF_ABORT_ACCESS_ERROR,
	SPF_ABORT_NO_SPECULATE,
	SPF_ABORT_ODD,
	SPF_ABORT_UNMAPPED,
	SPF_ABORT_VMA_COPY,
	SPF_ATTEMPT,
} from "linux/vm_event_item.ts";
import { current, fatal_signal_pending } from "kernel/sched/core.ts";
import { force_sig_fault } from "kernel/signal.ts";
import { __find_vma, expand_stack } from "mm/mmap.ts";
import { lppaca } from "../kernel/paca.ts";
import { _exception, _exception_pkey } from "../kernel/traps.ts";

/* What ___do_page_fault() returns beside a signal's number. */
const FAULT_DONE = 0; /* the access is made again */
const FAULT_SIGNAL = -1; /* a user has got a signal for it; 0 in the kernel */

function __bad_area_nosemaphore(
	regs: pt_regs,
	address: number,
	si_code: number,
): number {
	/* The fixup is found by our caller. */
	if (!user_mode(regs)) return SIGSEGV;
	_exception(SIGSEGV, regs, si_code, address);
	return FAULT_SIGNAL;
}

function bad_area_nosemaphore(regs: pt_regs, address: number): number {
	return __bad_area_nosemaphore(regs, address, SEGV_MAPERR);
}

/** We enter with mmap_lock held for reading, and return without. */
function __bad_area(regs: pt_regs, address: number, si_code: number): number {
	mmap_read_unlock(current().mm);
	return __bad_area_nosemaphore(regs, address, si_code);
}

function bad_area(regs: pt_regs, address: number): number {
	return __bad_area(regs, address, SEGV_MAPERR);
}

/** As __bad_area(). The key is the vma's, which by now need not be that of the
 *  page any more. */
function bad_access_pkey(
	regs: pt_regs,
	address: number,
	vma: vm_area_struct,
): number {
	const pkey = vma_pkey(vma);

	mmap_read_unlock(current().mm);
	if (!user_mode(regs)) return SIGSEGV;
	_exception_pkey(regs, address, pkey);
	return FAULT_SIGNAL;
}

function bad_access(regs: pt_regs, address: number): number {
	return __bad_area(regs, address, SEGV_ACCERR);
}

/** There is a mapping, and its file is shorter. */
function do_sigbus(regs: pt_regs, address: number, _fault: vm_fault_t): number {
	if (!user_mode(regs)) return SIGBUS;
	force_sig_fault(SIGBUS, BUS_ADRERR, address);
	return FAULT_SIGNAL;
}

/** An error of handle_mm_fault(), which is final. No lock is held. */
function mm_fault_error(
	regs: pt_regs,
	addr: number,
	fault: vm_fault_t,
): number {
	/* Nobody waits for what the kernel wanted to copy. */
	if (fatal_signal_pending(current()) && !user_mode(regs)) return SIGKILL;

	if ((fault & VM_FAULT_OOM) !== 0) {
		if (!user_mode(regs)) return SIGSEGV;
		/* The OOM killer has been asked, or will be now; the task takes
		 * the fault again, or dies. */
		pagefault_out_of_memory();
	} else {
		if ((fault & VM_FAULT_SIGBUS) !== 0)
			return do_sigbus(regs, addr, fault);
		else if ((fault & VM_FAULT_SIGSEGV) !== 0)
			return bad_area_nosemaphore(regs, addr);
		else BUG("an error of handle_mm_fault() that nobody knows");
	}
	return FAULT_DONE;
}

/** A fault of the kernel's that no page could be brought in for. */
function bad_kernel_fault(
	_regs: pt_regs,
	trap: number,
	_error_code: number,
	address: number,
	_is_write: boolean,
): boolean {
	/* It never executes user memory. */
	if (trap === INTERRUPT_INST_STORAGE) return true;
	return address >= TASK_SIZE;
}

/** The vma's key is asked, so that no page is brought in only to be refused.
 *  The current address space's, so the key is one of ours. */
function access_pkey_error(
	is_write: boolean,
	is_exec: boolean,
	_is_pkey: boolean,
	vma: vm_area_struct,
): boolean {
	return !arch_vma_access_permitted(vma, is_write, is_exec, false);
}

/** Does the vma forbid the access? Port: CPU_FTR_NOEXECUTE is given. */
function access_error(
	is_write: boolean,
	is_exec: boolean,
	vma: vm_area_struct,
): boolean {
	if (is_exec) return (vma.vm_flags & VM_EXEC) === 0;
	if (is_write) return (vma.vm_flags & VM_WRITE) === 0;
	/* What can be written to or executed can be read; handle_mm_fault()
	 * asks for the key again. */
	return !vma_is_accessible(vma);
}

/** The hypervisor is told by how much memory would have spared us a wait. */
function cmo_account_page_fault(): void {
	if (CONFIG_PPC_SMLPAR) {
		preempt_disable();
		/* PAGE_FACTOR: in pages of 4 KiB. */
		this_cpu(lppaca).page_ins += 1 << (PAGE_SHIFT - 12);
		preempt_enable();
	}
}

function page_fault_is_write(error_code: number): boolean {
	return (error_code & DSISR_ISSTORE) !== 0;
}

function page_fault_is_bad(error_code: number): boolean {
	return (error_code & DSISR_BAD_FAULT_64S) !== 0;
}

/** linux/uaccess.h: is this an atomic section, which must not sleep? Port:
 *  nothing here runs with faults disabled by a count of its own. */
function faulthandler_disabled(): boolean {
	return preempt_count() !== 0;
}

/** Of do_speculative_page_fault(): given up before do_handle_mm_fault() was
 *  called. No vm_fault_t has this value. */
const SPF_NOT_BEGUN: vm_fault_t = -1;

/**
 * V2.35: the fault without mmap_lock. We enter and return without locks, and in
 * no RCU section. Returns what do_handle_mm_fault() does: VM_FAULT_RETRY to
 * have it done again with the lock, anything else is final, errors included; or
 * SPF_NOT_BEGUN, which asks for the lock, too. What goes on to
 * do_handle_mm_fault() is a vma as it was while mmap_seq had the value `seq`:
 * of one piece, in the tree, and around the address. Port: ___do_page_fault()
 * in the patch, apart so that the copy of the vma leaves the kernel stack
 * before the classic path starts.
 */
function do_speculative_page_fault(
	mm: mm_struct,
	address: number,
	flags: number,
	is_write: boolean,
	is_exec: boolean,
	error_code: number,
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
	VM_BUG_ON_VMA(
		pvma.vm_start > address || pvma.vm_end <= address,
		pvma,
		"copy of a vma elsewhere",
	);

	/* Never report an error on the strength of a copy: the key first, then
	 * the access. */
	if (
		access_pkey_error(
			is_write,
			is_exec,
			(error_code & DSISR_KEYFAULT) !== 0,
			pvma,
		)
	) {
		count_vm_spf_event(SPF_ABORT_ACCESS_ERROR);
		trace_spf_vma_access(SPF_ABORT_ACCESS_ERROR, pvma, address);
		return SPF_NOT_BEGUN;
	}
	if (access_error(is_write, is_exec, pvma)) {
		count_vm_spf_event(SPF_ABORT_ACCESS_ERROR);
		trace_spf_vma_access(SPF_ABORT_ACCESS_ERROR, pvma, address);
		return SPF_NOT_BEGUN;
	}
	return do_handle_mm_fault(
		pvma,
		page_align_down(address),
		flags | FAULT_FLAG_SPECULATIVE,
		seq,
		regs,
	);
}

/**
 * A fault (V2.35). We enter and return without locks. Returns FAULT_DONE,
 * FAULT_SIGNAL, or the number of a signal for a fault of the kernel's that
 * cannot be handled.
 *
 * First without mmap_lock, where that may be worth it. What it cannot do, or
 * not be sure of, is done by the classic fault that follows, which is that of
 * 5.17 but for stacks.
 *
 * error_code is DSISR, or for an instruction the bits of SRR1 that correspond.
 */
function ___do_page_fault(
	regs: pt_regs,
	address: number,
	error_code: number,
	trap: number,
): number {
	const mm = current().mm;
	let flags = FAULT_FLAG_DEFAULT;
	const is_exec = trap === INTERRUPT_INST_STORAGE;
	const is_user = user_mode(regs);
	const is_write = page_fault_is_write(error_code);
	let fault: vm_fault_t;
	let major: vm_fault_t = 0;

	if (page_fault_is_bad(error_code)) {
		if (is_user) {
			_exception(SIGBUS, regs, BUS_OBJERR, address);
			return FAULT_SIGNAL;
		}
		return SIGBUS;
	}

	if (
		!is_user &&
		bad_kernel_fault(regs, trap, error_code, address, is_write)
	)
		return SIGSEGV;

	/* In an atomic section, or without an address space, there is nothing
	 * to look up. */
	if (faulthandler_disabled() || mm === NULL)
		return bad_area_nosemaphore(regs, address);

	perf_sw_event(PERF_COUNT_SW_PAGE_FAULTS, 1, regs, address);

	/* Unlike D2.20: FAULT_FLAG_WRITE was set for the attempt only, since
	 * the classic path had its own way to set it. It has none any more. */
	if (is_user) flags |= FAULT_FLAG_USER;
	if (is_write) flags |= FAULT_FLAG_WRITE;
	if (is_exec) flags |= FAULT_FLAG_INSTRUCTION;

	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		/*
		 * Not for the kernel's own accesses, and not worth it for a
		 * single thread, which nobody makes wait for the lock.
		 */
		if (
			(flags & FAULT_FLAG_USER) !== 0 &&
			/* D12.31: unless it was turned off. */
			READ_ONCE(memory_globals.speculative_off) !== 1 &&
			atomic_read(mm.mm_users) !== 1
		) {
			fault = do_speculative_page_fault(
				mm,
				address,
				flags,
				is_write,
				is_exec,
				error_code,
				regs,
			);
			if (fault !== SPF_NOT_BEGUN) {
				major |= fault & VM_FAULT_MAJOR;
				/*
				 * V2.35: before the look whether it is done,
				 * where x86 has it behind. Back to user mode
				 * for the signal; the fault is taken again if
				 * that does not end it. Such an attempt is not
				 * counted as aborted.
				 */
				if (fault_signal_pending(fault, regs))
					return user_mode(regs)
						? FAULT_DONE
						: SIGBUS;
				/*
				 * An error is final. Unlike D2.20: it was
				 * retried with the lock, which its review would
				 * not have: it belongs to mm_fault_error().
				 */
				if ((fault & VM_FAULT_RETRY) === 0) {
					/* D12.29: errors, too. Unlike D2.20:
					 * without (PERF_COUNT_SW_SPF_DONE). */
					perf_sw_event(
						PERF_COUNT_SW_SPF,
						1,
						regs,
						address,
					);
					return fault_done(
						regs,
						address,
						fault,
						major,
					);
				}
			}
			count_vm_event(SPF_ABORT);
		}
	}

	/*
	 * Try first, as in 5.17, where that tells a fault of the kernel's own
	 * code from one that it expects: only a kernel access that has no fixup
	 * must not wait for the lock, which it may hold itself.
	 */
	if (!mmap_read_trylock(mm)) mmap_read_lock(mm);
	else might_sleep();
	for (;;) {
		let vma = find_vma(mm, address);

		if (vma === NULL) return bad_area(regs, address);
		if (vma.vm_start > address) {
			if ((vma.vm_flags & VM_GROWSDOWN) === 0)
				return bad_area(regs, address);
			/*
			 * Port: the stack grows under the write lock, as in
			 * lock_mm_and_find_vma() since 6.5. With the read lock
			 * of 5.17 another fault can see the new vm_start with
			 * the old vm_pgoff, and give its page a wrong index.
			 */
			mmap_read_unlock(mm);
			if (mmap_write_lock_killable(mm) !== 0)
				return user_mode(regs) ? FAULT_DONE : SIGBUS;
			vma = find_vma(mm, address);
			const grown =
				vma !== NULL &&
				(vma.vm_start <= address ||
					((vma.vm_flags & VM_GROWSDOWN) !== 0 &&
						expand_stack(vma, address) ===
							0));
			mmap_write_downgrade(mm);
			if (!grown) return bad_area(regs, address);
		}

		if (
			access_pkey_error(
				is_write,
				is_exec,
				(error_code & DSISR_KEYFAULT) !== 0,
				vma,
			)
		)
			return bad_access_pkey(regs, address, vma);
		if (access_error(is_write, is_exec, vma))
			return bad_access(regs, address);

		fault = handle_mm_fault(vma, address, flags, regs);
		major |= fault & VM_FAULT_MAJOR;

		if (fault_signal_pending(fault, regs))
			return user_mode(regs) ? FAULT_DONE : SIGBUS;
		if ((fault & VM_FAULT_RETRY) === 0) break;
		/* The lock was dropped, and the vma may be gone: it is looked
		 * up anew. */
		BUG_ON(
			(flags & FAULT_FLAG_ALLOW_RETRY) === 0,
			"VM_FAULT_RETRY that was not allowed",
		);
		flags |= FAULT_FLAG_TRIED;
		mmap_read_lock(mm);
	}
	mmap_read_unlock(mm);
	return fault_done(regs, address, fault, major);
}

/** "done:" of ___do_page_fault(), of V2.35. */
function fault_done(
	regs: pt_regs,
	address: number,
	fault: vm_fault_t,
	major: vm_fault_t,
): number {
	if ((fault & VM_FAULT_ERROR) !== 0)
		return mm_fault_error(regs, address, fault);
	if (major !== 0) cmo_account_page_fault();
	return FAULT_DONE;
}

function __do_page_fault(
	regs: pt_regs,
	dar: number,
	dsisr: number,
	trap: number,
): boolean {
	const err = ___do_page_fault(regs, dar, dsisr, trap);

	if (err > 0) bad_page_fault(regs, trap);
	return err === FAULT_DONE;
}

/** Somebody listens. */
function traced_page_fault(
	regs: pt_regs,
	dar: number,
	dsisr: number,
	trap: number,
): boolean {
	trace_page_fault_entry(dar, user_mode(regs));
	const again = __do_page_fault(regs, dar, dsisr, trap);
	trace_page_fault_exit(dar, user_mode(regs), again);
	return again;
}

/** A storage interrupt: from user mode, or inside of a copy by the kernel.
 *  True: the access is to be made again. */
export function do_page_fault(
	regs: pt_regs,
	dar: number,
	dsisr: number,
	trap: number,
): boolean {
	if (CONFIG_TRACING && text.page_fault)
		return traced_page_fault(regs, dar, dsisr, trap);
	return __do_page_fault(regs, dar, dsisr, trap);
}

/** The kernel goes to its fixup: all of its accesses here have one, but what it
 *  would execute. */
function bad_page_fault(_regs: pt_regs, trap: number): void {
	BUG_ON(
		trap === INTERRUPT_INST_STORAGE ||
			trap === INTERRUPT_INST_SEGMENT,
		"Unable to handle kernel instruction fetch",
	);
}

/** An address that radix cannot translate. */
export function do_bad_segment_interrupt(
	regs: pt_regs,
	dar: number,
	trap: number,
): boolean {
	if (user_mode(regs)) _exception(SIGSEGV, regs, SEGV_BNDERR, dar);
	else bad_page_fault(regs, trap);
	return false;
}
