// SPDX-License-Identifier: GPL-2.0-only
/**
 * The MMU: what x86 hardware does for an access to memory. Mirrors no file of
 * the kernel; the rules are those of the Intel SDM, volume 3, chapter 4.
 *
 * One access is one step of the CPU: no interrupt is taken between the look at
 * the TLB (or the walk) and the use of the address, which the caller makes of
 * the result at once. So a CPU that has answered a TLB flush is done with
 * whatever it had found before.
 */
import {
	CONFIG_ARCH_HOST_STEPPER, CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS,
} from "generated/autoconf.ts";
import { insn_begin_step, insn_end_step, insn_store_step } from "host/model.ts";
import type { p4d_t, pgd_t } from "asm/pgtable_types.ts";
import {
	_PAGE_ACCESSED, _PAGE_DIRTY, _PAGE_NX, _PAGE_PRESENT, _PAGE_RW,
	_PAGE_USER, PAGE_SIZE, pte_flags_pkey, PTE_PFN_MASK, TASK_SIZE_MAX,
} from "asm/pgtable_types.ts";
import {
	X86_PF_INSTR, X86_PF_PK, X86_PF_PROT, X86_PF_USER, X86_PF_WRITE,
} from "asm/trap_pf.ts";
import { p4d_offset } from "asm/pgtable.ts";
import {
	pgd_offset_pgd, pmd_offset_lockless, pte_offset_map_val,
	pud_offset_lockless,
} from "linux/pgtable.ts";
import {
	cpu_tlb, mmu_entry, mmu_positive, tlb_slot,
} from "asm-generic/mmu.ts";
import {
	cpu_tlbstate, type tlb_context, TLB_NR_DYN_ASIDS, type tlb_state,
} from "./tlb.ts";
import { exc_page_fault } from "./fault.ts";
import { type pt_regs, REGS_USER } from "asm/ptrace.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { current } from "kernel/sched/core.ts";
import { force_sig_fault } from "kernel/signal.ts";
import { SI_KERNEL, SIGSEGV } from "linux/signal.ts";

/** Physical address of a user access that may go on, or -error_code. Address 0
 *  is nobody's, so the result is never 0. */
export function mmu_translate(
	addr: number, write: boolean, exec: boolean, user: boolean,
): number {
	const offset = addr & (PAGE_SIZE - 1);
	const vpn = (addr - offset) / PAGE_SIZE;
	const state = this_cpu(cpu_tlbstate);
	const e = tlb_slot(vpn, state.cr3_ctx_id);

	if (e.vpn === vpn && e.ctx_id === state.cr3_ctx_id && e.ctx_id !== 0) {
		const pte = e.pte;
		/* A write needs the dirty bit in the table, too: without it in
		 * the cached entry the walk is repeated to set it. */
		const need = write ? _PAGE_RW | _PAGE_DIRTY : 0;
		if ((pte & need) === need &&
			!(exec && (pte & _PAGE_NX) !== 0) &&
			!pkey_denies(pte, write, exec))
			return mmu_positive((pte & PTE_PFN_MASK) | offset);
		/* What would fault is looked up again, and not cached. */
		e.ctx_id = 0;
	}

	const pte = mmu_walk(addr, write, exec, user);
	if (is_mmu_error(pte)) return pte;
	e.vpn = vpn;
	e.pte = pte;
	e.ctx_id = state.cr3_ctx_id;
	return mmu_positive((pte & PTE_PFN_MASK) | offset);
}

/**
 * Walk the four levels of the live tables, and set accessed and dirty as x86
 * does: atomically, in an entry that still says what the walk relied on.
 * Returns the leaf entry, or -error_code as mmu_error() has it.
 */
function mmu_walk(
	addr: number, write: boolean, exec: boolean, user: boolean,
): number {
	const error = (write ? X86_PF_WRITE : 0) | (exec ? X86_PF_INSTR : 0) |
		(user ? X86_PF_USER : 0);
	const root = this_cpu(cpu_tlbstate).cr3;

	/* No error code has all bits clear: see mmu_error(). */
	if (root === NULL) return mmu_error(error);
	const pgd = pgd_offset_pgd(root, addr);
	const p4d: p4d_t = p4d_offset(pgd, addr);
	const p4dval = READ_ONCE(p4d.p4d);
	if ((p4dval & _PAGE_PRESENT) === 0) return mmu_error(error);
	const pud = pud_offset_lockless(p4d, p4dval, addr);
	const pudval = READ_ONCE(pud.pud);
	if ((pudval & _PAGE_PRESENT) === 0) return mmu_error(error);
	const pmd = pmd_offset_lockless(pud, pudval, addr);
	const pmdval = READ_ONCE(pmd.pmd);
	if ((pmdval & _PAGE_PRESENT) === 0) return mmu_error(error);
	const ptep = pte_offset_map_val(pmdval, addr);

	for (;;) {
		/* The access depends on the entry: what the page held before
		 * that was set, it sees. */
		const pte = rcu_dereference(ptep.pte);
		if ((pte & _PAGE_PRESENT) === 0) return mmu_error(error);
		/* Said even if the access is forbidden for other reasons. */
		if (pkey_denies(pte, write, exec))
			return mmu_error(error | X86_PF_PROT | X86_PF_PK);
		if ((pte & _PAGE_USER) === 0 ||
			(write && (pte & _PAGE_RW) === 0) ||
			(exec && (pte & _PAGE_NX) !== 0))
			return mmu_error(error | X86_PF_PROT);
		const set = pte | _PAGE_ACCESSED | (write ? _PAGE_DIRTY : 0);
		if (set === pte) return pte;
		if (cmpxchg(ptep.pte, pte, set) === pte) return set;
	}
}

/**
 * Does PKRU forbid the access for the key of the entry? The kernel's accesses
 * to user memory as well: CR0.WP is set.
 */
function pkey_denies(pte: number, write: boolean, exec: boolean): boolean {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS) {
		const rights = rdpkru() >>> (pte_flags_pkey(pte) * 2);

		return !exec && (rights & (write ? 3 : 1)) !== 0;
	}
	return false;
}

/** The instruction. */
export function rdpkru(): number {
	return this_cpu(cpu_tlbstate).pkru;
}

/** The next access of the CPU is judged by it, whatever the TLB holds. */
export function wrpkru(pkru: number): void {
	this_cpu(cpu_tlbstate).pkru = pkru;
}

/** The entry behind addr in tables that nobody changes; 0: none that the CPU
 *  would use. For checks. */
export function mmu_lookup(root: pgd_t, addr: number): number {
	const pte = mmu_entry(root, addr);

	return (pte & _PAGE_PRESENT) !== 0 ? pte : 0;
}

/** The address space whose tables a CPU walks; init_mm or NULL: none. For
 *  checks. */
export function mmu_loaded_mm(cpu: number): mm_struct {
	return per_cpu(cpu_tlbstate, cpu).loaded_mm;
}

/** Calls fn with address and size of what is a CPU's own, so that no other one
 *  meets it there. For the stepper. */
export function mmu_own(
	cpu: number, fn: (addr: number, size: number) => void,
): void {
	fn(uptr(per_cpu(cpu_tlb, cpu)), sizeof<cpu_tlb>());
	fn(uptr(per_cpu(cpu_tlbstate, cpu)), sizeof<tlb_state>());
}

/** Will the CPU use what it has cached of mm as it is, without another look, if
 *  it goes on with it? For checks. */
export function mmu_trusts(cpu: number, mm: mm_struct): boolean {
	const state = per_cpu(cpu_tlbstate, cpu);

	/* It looks at tlb_gen first. */
	for (let i = 0; i < TLB_NR_DYN_ASIDS; i++) {
		const ctx: tlb_context = state.ctxs[i];

		if (ctx.ctx_id === mm.context.ctx_id)
			return ctx.tlb_gen === mm.context.tlb_gen.counter;
	}
	return false;
}

/**
 * One access: no interrupt comes between insn_begin() before the translation
 * and insn_end() after the use of the address. Interrupts that are polled for
 * cannot; the stepper has to be told.
 */
export function insn_begin(): void {
	if (CONFIG_ARCH_HOST_STEPPER)
		insn_begin_step();
}

/** The access is a store: for who checks that the page is known to be dirty. */
function insn_store(p: number): void {
	if (CONFIG_ARCH_HOST_STEPPER)
		insn_store_step(p);
}

export function insn_end(): void {
	if (CONFIG_ARCH_HOST_STEPPER)
		insn_end_step();
}

/** An error code as a negative number, which is even: an entry that is there
 *  is odd, and may be negative, too. Bit 9 keeps it from being 0. */
function mmu_error(error_code: number): number {
	return -((error_code | 0x100) << 1);
}

/** Of what mmu_walk() returns. */
function is_mmu_error(result: number): boolean {
	return (result & _PAGE_PRESENT) === 0;
}

function mmu_error_code(result: number): number {
	return (-result >> 1) & 0xff;
}

/** The exception for an access that mmu_translate() has refused. True: it may
 *  be made again. */
export function mmu_fault(
	regs: pt_regs, result: number, addr: number,
): boolean {
	return exc_page_fault(regs, mmu_error_code(result), addr);
}

/**
 * One access of user mode. Returns the physical address, and the caller calls
 * insn_end() when it has made the access; or 0 after a signal
 * was raised, and then the access has not happened. Faults on the way are
 * handled, and the access made again, as an instruction would be restarted.
 */
export function mmu_access(
	addr: number, write: boolean, exec: boolean,
): number {
	for (;;) {
		if (!(addr >= 0 && addr < TASK_SIZE_MAX)) return mmu_bad_address(addr);
		insn_begin();
		const result = mmu_translate(addr, write, exec, true);
		if (result > 0) {
			if (write) insn_store(result);
			return result;
		}
		insn_end();
		const task = current();
		/* A signal for the access; or the task has not survived. */
		if (!mmu_fault(REGS_USER, result, addr) ||
			current() !== task)
			return 0;
	}
}

/**
 * Outside of user memory: a page fault in the canonical kernel half and in the
 * guard page; elsewhere a general protection fault, which has no address.
 */
function mmu_bad_address(addr: number): number {
	if (addr >= TASK_SIZE_MAX && addr < 2 ** 47) {
		exc_page_fault(REGS_USER, X86_PF_USER, addr);
		return 0;
	}
	force_sig_fault(SIGSEGV, SI_KERNEL, 0);
	return 0;
}
