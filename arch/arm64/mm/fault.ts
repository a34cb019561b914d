// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/mm/fault.c (5.17 with V2.33): from an instruction or data
 * abort to handle_mm_fault(), and the signals if that fails.
 * Left out: what is printed (data_abort_decode(), mem_abort_decode(),
 * show_pte(), names of faults), kernel addresses and oopses
 * (is_spurious_el1_translation_fault(), die_kernel_fault(), KFENCE), memory
 * tagging and tagged addresses, external aborts (do_sea()), memory failure,
 * stack pointer and PC alignment (do_sp_pc_abort()), debug exceptions, kprobes,
 * PAN by software. arm64_force_sig_fault() and
 * arm64_notify_die() are of kernel/traps.c.
 *
 * Port: there is no instruction pointer to move, and so no fixup_exception().
 * The handlers return one of FAULT_*, and do_mem_abort() whether the access is
 * to be made again; if not, a user has got a signal for it, and the kernel
 * (which only ever copies from or to user memory) its fixup.
 */
import {
	CONFIG_SPECULATIVE_PAGE_FAULT,
	CONFIG_TRACING,
} from "generated/autoconf.ts";
import { text } from "host/text.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import {
	ESR_ELx_CM,
	ESR_ELx_EC,
	ESR_ELx_EC_DABT_CUR,
	ESR_ELx_EC_DABT_LOW,
	ESR_ELx_EC_IABT_CUR,
	ESR_ELx_EC_IABT_LOW,
	ESR_ELx_EC_MASK,
	ESR_ELx_FSC,
	ESR_ELx_FSC_FAULT,
	ESR_ELx_FSC_PERM,
	ESR_ELx_FSC_TYPE,
	ESR_ELx_IL,
	ESR_ELx_WNR,
} from "asm/esr.ts";
import { type pte_t, TASK_SIZE } from "asm/pgtable_types.ts";
import { PTE_AF, PTE_RDONLY } from "asm/pgtable-hwdef.ts";
import { PTE_DIRTY, PTE_WRITE } from "asm/pgtable-prot.ts";
import { pte_same } from "asm/pgtable.ts";
import { type pt_regs, user_mode } from "asm/ptrace.ts";
import {
	trace_page_fault_entry,
	trace_page_fault_exit,
	trace_spf_vma_access,
	trace_spf_vma_changed,
	trace_spf_vma_notsup,
} from "trace/events/pagefault.ts";
import { flush_tlb_page } from "asm/tlbflush.ts";
import { page_align_down } from "asm-generic/page.ts";
import { atomic_read } from "linux/atomic.ts";
import { BUG_ON, VM_BUG_ON_VMA, WARN_ON_ONCE } from "linux/bug.ts";
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
	VM_FAULT_OOM,
	VM_FAULT_RETRY,
	VM_FAULT_SIGBUS,
	type vm_fault_t,
	VM_GROWSDOWN,
	VM_READ,
	VM_WRITE,
	vma_can_speculate,
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
import { preempt_count } from "linux/preempt.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { fault_signal_pending } from "linux/sched/signal.ts";
import {
	BUS_ADRALN,
	BUS_ADRERR,
	SEGV_ACCERR,
	SEGV_MAPERR,
	SI_KERNEL,
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
import { current } from "kernel/sched/core.ts";
import { force_sig_fault, send_sig } from "kernel/signal.ts";
import { __find_vma, expand_stack } from "mm/mmap.ts";

/* What a handler returns. Port: the kernel's has the first two. */
const FAULT_DONE = 0; /* the access is made again, or a user has a signal */
const FAULT_UNKNOWN = 1; /* it is none that the handler knows */
const FAULT_SIGNAL = 2; /* a user has got a signal, the kernel its fixup */

/** What is done about a kind of fault. */
interface fault_info {
	fn: (far: number, esr: number, regs: pt_regs) => number;
	sig: number;
	code: number;
}

function esr_to_fault_info(esr: number): fault_info {
	return fault_info[esr & ESR_ELx_FSC];
}

/** asm/memory.h: an address that the tables of TTBR0 translate, a user's. */
export function is_ttbr0_addr(addr: number): boolean {
	return addr >= 0 && addr < TASK_SIZE;
}

/**
 * Access flag, dirty state and right to write of a present entry, only ever to
 * more than there was. A walker may do the same at the same time. Holds the
 * page-table lock.
 * @returns whether the entry differed.
 */
export function ptep_set_access_flags(
	vma: vm_area_struct,
	address: number,
	ptep: pte_t,
	entry: number,
	dirty: boolean,
): boolean {
	let pte = READ_ONCE(ptep.pte);

	if (pte_same(pte, entry)) return false;
	/*
	 * With PTE_RDONLY turned over all four are bits that permit something:
	 * or them in.
	 */
	const more =
		(entry & (PTE_RDONLY | PTE_AF | PTE_WRITE | PTE_DIRTY)) ^
		PTE_RDONLY;

	for (;;) {
		const old = pte;

		/* Atomic: pairs with the one in mmu_walk(). */
		pte = cmpxchg(
			ptep.pte,
			old,
			((old ^ PTE_RDONLY) | more) ^ PTE_RDONLY,
		);
		if (pte === old) break;
	}
	/* A translation that forbids the write may be cached; one without the
	 * access flag never is. */
	if (dirty) flush_tlb_page(vma, address);
	return true;
}

function is_el1_instruction_abort(esr: number): boolean {
	return ESR_ELx_EC(esr) === ESR_ELx_EC_IABT_CUR;
}

function is_el1_data_abort(esr: number): boolean {
	return ESR_ELx_EC(esr) === ESR_ELx_EC_DABT_CUR;
}

function is_el1_permission_fault(
	_addr: number,
	esr: number,
	_regs: pt_regs,
): boolean {
	if (!is_el1_data_abort(esr) && !is_el1_instruction_abort(esr))
		return false;
	return (esr & ESR_ELx_FSC_TYPE) === ESR_ELx_FSC_PERM;
}

/** The kernel goes to its fixup: all of its accesses here have one, but what it
 *  would execute. */
function __do_kernel_fault(_addr: number, esr: number, _regs: pt_regs): number {
	BUG_ON(
		is_el1_instruction_abort(esr),
		"the kernel executes user memory",
	);
	return FAULT_SIGNAL;
}

/**
 * What a user is told of the fault. Of an address that is the kernel's, that
 * there is nothing: not whether something is mapped there, nor how.
 * Port: thread.fault_address and thread.fault_code are fields of task_struct.
 */
function set_thread_esr(address: number, esr: number): void {
	const tsk = current();

	tsk.fault_address = address;
	if (!is_ttbr0_addr(address)) {
		switch (ESR_ELx_EC(esr)) {
			case ESR_ELx_EC_DABT_LOW:
				/* The instruction is known to it. */
				esr &=
					ESR_ELx_EC_MASK |
					ESR_ELx_IL |
					ESR_ELx_CM |
					ESR_ELx_WNR;
				esr |= ESR_ELx_FSC_FAULT;
				break;
			case ESR_ELx_EC_IABT_LOW:
				esr &= ESR_ELx_EC_MASK | ESR_ELx_IL;
				esr |= ESR_ELx_FSC_FAULT;
				break;
			default:
				WARN_ON_ONCE(
					true,
					"an abort that is not from EL0",
				);
				esr = 0;
		}
	}
	tsk.fault_esr = esr;
}

/** Port: SIGKILL has no address, and hits the process. */
function arm64_force_sig_fault(sig: number, code: number, far: number): void {
	if (sig === SIGKILL) send_sig(sig, current());
	else force_sig_fault(sig, code, far);
}

/** A fault that nobody knows what to do about, of a user. */
function arm64_notify_die(
	sig: number,
	code: number,
	far: number,
	esr: number,
): void {
	const tsk = current();

	tsk.fault_address = 0;
	tsk.fault_esr = esr;
	arm64_force_sig_fault(sig, code, far);
}

/** Nothing is looked up: the signal of that kind of fault, or the fixup. */
function do_bad_area(far: number, esr: number, regs: pt_regs): number {
	if (!user_mode(regs)) return __do_kernel_fault(far, esr, regs);
	const inf = esr_to_fault_info(esr);

	set_thread_esr(far, esr);
	arm64_force_sig_fault(inf.sig, inf.code, far);
	return FAULT_SIGNAL;
}

/* Beside what handle_mm_fault() returns. */
const VM_FAULT_BADMAP = 0x010000;
const VM_FAULT_BADACCESS = 0x020000;

/**
 * With mmap_lock held for reading: the vma, and what it says to the access.
 * vm_flags: one of these it has to have. On return the lock is held, unless it
 * is VM_FAULT_RETRY.
 */
function __do_page_fault(
	mm: mm_struct,
	addr: number,
	mm_flags: number,
	vm_flags: number,
	regs: pt_regs,
): vm_fault_t {
	let vma = find_vma(mm, addr);

	if (vma === NULL) return VM_FAULT_BADMAP;
	if (vma.vm_start > addr) {
		if ((vma.vm_flags & VM_GROWSDOWN) === 0) return VM_FAULT_BADMAP;
		/*
		 * Port: the stack grows under the write lock, as in
		 * lock_mm_and_find_vma() since 6.5. With the read lock of 5.17
		 * another fault can see the new vm_start with the old vm_pgoff,
		 * and give its page a wrong index. Who is killed while he waits
		 * has dropped the lock, as with VM_FAULT_RETRY.
		 */
		mmap_read_unlock(mm);
		if (mmap_write_lock_killable(mm) !== 0) return VM_FAULT_RETRY;
		vma = find_vma(mm, addr);
		const grown =
			vma !== NULL &&
			(vma.vm_start <= addr ||
				((vma.vm_flags & VM_GROWSDOWN) !== 0 &&
					expand_stack(vma, addr) === 0));
		mmap_write_downgrade(mm);
		if (!grown) return VM_FAULT_BADMAP;
	}
	if ((vma.vm_flags & vm_flags) === 0) return VM_FAULT_BADACCESS;
	return handle_mm_fault(vma, addr, mm_flags, regs);
}

function is_el0_instruction_abort(esr: number): boolean {
	return ESR_ELx_EC(esr) === ESR_ELx_EC_IABT_LOW;
}

/** Maintenance of caches counts as a write for the hardware, and is none. */
function is_write_abort(esr: number): boolean {
	return (esr & ESR_ELx_WNR) !== 0 && (esr & ESR_ELx_CM) === 0;
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
 * V2.33: the fault without mmap_lock. We enter and return without locks, and in
 * no RCU section. Returns what do_handle_mm_fault() does: VM_FAULT_RETRY to
 * have it done again with the lock, anything else is final, errors included; or
 * SPF_NOT_BEGUN, which asks for the lock, too. What goes on to
 * do_handle_mm_fault() is a vma as it was while mmap_seq had the value `seq`:
 * of one piece, in the tree, and around the address. Port: do_page_fault() in
 * the patch, apart so that the copy of the vma leaves the kernel stack before
 * the classic path starts.
 */
function do_speculative_page_fault(
	mm: mm_struct,
	addr: number,
	mm_flags: number,
	vm_flags: number,
	regs: pt_regs,
): vm_fault_t {
	count_vm_event(SPF_ATTEMPT);
	const seq = mmap_seq_read_start(mm);
	if ((seq & 1) !== 0) {
		/* A writer is at it, and it may take its time. */
		count_vm_spf_event(SPF_ABORT_ODD);
		trace_spf_vma_changed(SPF_ABORT_ODD, NULL, addr);
		return SPF_NOT_BEGUN;
	}
	rcu_read_lock();
	const vma = __find_vma(mm, addr);
	/* Races with writers, as in __find_vma(). */
	if (vma === NULL || data_race(vma.vm_start) > addr) {
		/* A stack to be expanded ends here, too. */
		trace_spf_vma_changed(SPF_ABORT_UNMAPPED, vma, addr);
		rcu_read_unlock();
		count_vm_spf_event(SPF_ABORT_UNMAPPED);
		return SPF_NOT_BEGUN;
	}
	/* V2.19, RFC.30. */
	if (!vma_can_speculate(vma, mm_flags)) {
		trace_spf_vma_notsup(SPF_ABORT_NO_SPECULATE, vma, addr);
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
		trace_spf_vma_changed(SPF_ABORT_VMA_COPY, pvma, addr);
		return SPF_NOT_BEGUN;
	}
	VM_BUG_ON_VMA(
		pvma.vm_start > addr || pvma.vm_end <= addr,
		pvma,
		"copy of a vma elsewhere",
	);

	/* Never report an error on the strength of a copy. */
	if ((pvma.vm_flags & vm_flags) === 0) {
		count_vm_spf_event(SPF_ABORT_ACCESS_ERROR);
		trace_spf_vma_access(SPF_ABORT_ACCESS_ERROR, pvma, addr);
		return SPF_NOT_BEGUN;
	}
	return do_handle_mm_fault(
		pvma,
		page_align_down(addr),
		mm_flags | FAULT_FLAG_SPECULATIVE,
		seq,
		regs,
	);
}

/**
 * A fault on a page of a user's (V2.33): there is none, it is old, or it
 * forbids the access. We enter and return without locks.
 *
 * First without mmap_lock, where that may be worth it. What it cannot do, or
 * not be sure of, is done by the classic fault that follows, which is that of
 * 5.17 but for stacks.
 */
function do_page_fault(far: number, esr: number, regs: pt_regs): number {
	const mm = current().mm;
	const addr = far;
	let fault: vm_fault_t;
	let vm_flags: number;
	let mm_flags = FAULT_FLAG_DEFAULT;

	/* In an atomic section, or without an address space, there is nothing
	 * to look up. */
	if (faulthandler_disabled() || mm === NULL)
		return no_context(addr, esr, regs);

	if (user_mode(regs)) mm_flags |= FAULT_FLAG_USER;

	/* One of these the vma must have for the access to be permitted. */
	if (is_el0_instruction_abort(esr)) {
		vm_flags = VM_EXEC;
		mm_flags |= FAULT_FLAG_INSTRUCTION;
	} else if (is_write_abort(esr)) {
		vm_flags = VM_WRITE;
		mm_flags |= FAULT_FLAG_WRITE;
	} else {
		/* What can be written to or executed can be read: the entries
		 * say so, as no CPU here has EPAN. */
		vm_flags = VM_READ | VM_WRITE | VM_EXEC;
	}

	/* All that the kernel does to user memory has a fixup, but to execute
	 * it. */
	if (is_ttbr0_addr(addr) && is_el1_permission_fault(addr, esr, regs))
		BUG_ON(
			is_el1_instruction_abort(esr),
			"the kernel executes user memory",
		);

	perf_sw_event(PERF_COUNT_SW_PAGE_FAULTS, 1, regs, addr);

	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		/*
		 * Not for the kernel's own accesses, and not worth it for a
		 * single thread, which nobody makes wait for the lock.
		 */
		if (
			(mm_flags & FAULT_FLAG_USER) !== 0 &&
			READ_ONCE(memory_globals.speculative_off) !== 1 &&
			atomic_read(mm.mm_users) !== 1
		) {
			fault = do_speculative_page_fault(
				mm,
				addr,
				mm_flags,
				vm_flags,
				regs,
			);
			if (fault !== SPF_NOT_BEGUN) {
				/*
				 * V2.33: before the look whether it is done,
				 * where x86 has it behind. Back to user mode
				 * for the signal; the fault is taken again if
				 * that does not end it. Such an attempt is not
				 * counted as aborted.
				 */
				if (fault_signal_pending(fault, regs))
					return FAULT_DONE;
				if ((fault & VM_FAULT_RETRY) === 0) {
					/* D12.30: errors, too. */
					perf_sw_event(
						PERF_COUNT_SW_SPF,
						1,
						regs,
						addr,
					);
					return fault_done(
						addr,
						esr,
						regs,
						fault,
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
		fault = __do_page_fault(mm, addr, mm_flags, vm_flags, regs);
		if (fault_signal_pending(fault, regs)) {
			if (!user_mode(regs))
				return no_context(addr, esr, regs);
			return FAULT_DONE;
		}
		/* With VM_FAULT_RETRY the lock may be dropped, and the vma be
		 * gone: it is looked up anew then. */
		if ((fault & VM_FAULT_RETRY) === 0) break;
		BUG_ON(
			(mm_flags & FAULT_FLAG_ALLOW_RETRY) === 0,
			"VM_FAULT_RETRY that was not allowed",
		);
		mm_flags |= FAULT_FLAG_TRIED;
		mmap_read_lock(mm);
	}
	mmap_read_unlock(mm);
	return fault_done(addr, esr, regs, fault);
}

/** "done:" of do_page_fault(), of V2.33. */
function fault_done(
	addr: number,
	esr: number,
	regs: pt_regs,
	fault: vm_fault_t,
): number {
	if (
		(fault &
			(VM_FAULT_ERROR |
				VM_FAULT_BADMAP |
				VM_FAULT_BADACCESS)) ===
		0
	)
		return FAULT_DONE;
	if (!user_mode(regs)) return no_context(addr, esr, regs);
	if ((fault & VM_FAULT_OOM) !== 0) {
		/* The OOM killer has been asked, or will be now; the task takes
		 * the fault again, or dies. */
		pagefault_out_of_memory();
		return FAULT_DONE;
	}
	set_thread_esr(addr, esr);
	if ((fault & VM_FAULT_SIGBUS) !== 0)
		/* There is a mapping, and its file is shorter. */
		arm64_force_sig_fault(SIGBUS, BUS_ADRERR, addr);
	else
		arm64_force_sig_fault(
			SIGSEGV,
			fault === VM_FAULT_BADACCESS
				? SEGV_ACCERR
				: SEGV_MAPERR,
			addr,
		);
	return FAULT_SIGNAL;
}

/** "no_context:" of do_page_fault(): nothing that could handle it. Port: also
 *  for a user that has no address space, who gets a signal. */
function no_context(addr: number, esr: number, regs: pt_regs): number {
	if (user_mode(regs)) {
		arm64_force_sig_fault(SIGSEGV, SEGV_MAPERR, addr);
		return FAULT_SIGNAL;
	}
	return __do_kernel_fault(addr, esr, regs);
}

/** There is no translation: of a user's address it may yet be made. */
function do_translation_fault(far: number, esr: number, regs: pt_regs): number {
	if (is_ttbr0_addr(far)) return do_page_fault(far, esr, regs);
	return do_bad_area(far, esr, regs);
}

function do_alignment_fault(far: number, esr: number, regs: pt_regs): number {
	return do_bad_area(far, esr, regs);
}

function do_bad(_far: number, _esr: number, _regs: pt_regs): number {
	return FAULT_UNKNOWN;
}

const bad: fault_info = { fn: do_bad, sig: SIGKILL, code: SI_KERNEL };
const translation: fault_info = {
	fn: do_translation_fault,
	sig: SIGSEGV,
	code: SEGV_MAPERR,
};
/** Access flag and permission, at levels that have entries with pages. */
const page: fault_info = {
	fn: do_page_fault,
	sig: SIGSEGV,
	code: SEGV_ACCERR,
};
const alignment: fault_info = {
	fn: do_alignment_fault,
	sig: SIGBUS,
	code: BUS_ADRALN,
};

/** By the fault status code. Port: of what this MMU does not report, external
 *  aborts and tag checks, the rows are those of unknown kinds. */
const fault_info: fault_info[] = [
	/* address size, levels 0 to 3; translation, 0 to 3 */
	bad,
	bad,
	bad,
	bad,
	translation,
	translation,
	translation,
	translation,
	/* access flag, levels 1 to 3; permission, 1 to 3 */
	bad,
	page,
	page,
	page,
	bad,
	page,
	page,
	page,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	alignment,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
	bad,
];

/** Somebody listens. */
function traced_mem_abort(
	inf: fault_info,
	far: number,
	esr: number,
	regs: pt_regs,
): number {
	trace_page_fault_entry(far, user_mode(regs));
	const ret = inf.fn(far, esr, regs);
	trace_page_fault_exit(far, user_mode(regs), ret === FAULT_DONE);
	return ret;
}

/** An abort: from user mode, or inside of a copy by the kernel. True: the
 *  access is to be made again. */
export function do_mem_abort(far: number, esr: number, regs: pt_regs): boolean {
	const inf = esr_to_fault_info(esr);

	let ret: number;
	if (CONFIG_TRACING && text.page_fault)
		ret = traced_mem_abort(inf, far, esr, regs);
	else ret = inf.fn(far, esr, regs);

	if (ret !== FAULT_UNKNOWN) return ret === FAULT_DONE;
	BUG_ON(!user_mode(regs), "an unknown kind of abort in the kernel");
	arm64_notify_die(inf.sig, inf.code, far, esr);
	return false;
}
