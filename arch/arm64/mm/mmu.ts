// SPDX-License-Identifier: GPL-2.0-only
/**
 * The MMU: what the hardware does for an access to memory. Mirrors no file of
 * the kernel (not mm/mmu.c, which maps the kernel); the rules are those of the
 * Arm Architecture Reference Manual, chapter "The AArch64 Virtual Memory System
 * Architecture". The TLBs are in asm-generic/mmu.ts, and how they are flushed
 * in ./tlb.ts.
 *
 * With TCR_HA and TCR_HD (CONFIG_ARM64_HW_AFDBM) it sets the access flag, and
 * clears PTE_RDONLY for a write where PTE_DBM is set, both atomically. Without,
 * the first use of an old page is an access flag fault, and the first write to
 * a clean one a permission fault.
 */
import {
	CONFIG_ARCH_HOST_STEPPER,
	CONFIG_PGTABLE_LEVELS,
} from "generated/autoconf.ts";
import { tlb_use_step } from "host/model.ts";
import {
	ESR_ELx_EC_DABT_CUR,
	ESR_ELx_EC_DABT_LOW,
	ESR_ELx_EC_IABT_CUR,
	ESR_ELx_EC_IABT_LOW,
	ESR_ELx_EC_SHIFT,
	ESR_ELx_FSC_ACCESS,
	ESR_ELx_FSC_FAULT,
	ESR_ELx_FSC_PERM,
	ESR_ELx_IL,
	ESR_ELx_WNR,
} from "asm/esr.ts";
import type { p4d_t, pgd_t } from "asm/pgtable_types.ts";
import { TASK_SIZE } from "asm/pgtable_types.ts";
import {
	__PAGETABLE_PMD_FOLDED,
	__PAGETABLE_PUD_FOLDED,
	PAGE_SIZE,
	PTE_ADDR_MASK,
	PTE_AF,
	PTE_DBM,
	PTE_RDONLY,
	PTE_USER,
	PTE_UXN,
	PTE_VALID,
	TCR_HA,
	TCR_HD,
} from "asm/pgtable-hwdef.ts";
import { p4d_offset } from "asm/pgtable.ts";
import {
	pgd_offset_pgd,
	pmd_offset_lockless,
	pte_offset_map_val,
	pud_offset_lockless,
} from "linux/pgtable.ts";
import { mmu_registers } from "./context.ts";
import {
	cpu_tlb, mmu_entry, mmu_positive, tlb_slot,
} from "asm-generic/mmu.ts";
import {
	insn_begin,
	insn_end,
	insn_store,
} from "asm-generic/tlb_broadcast.ts";
import { el0_da, el0_ia, el1_abort } from "../kernel/entry-common.ts";
import { type pt_regs, REGS_USER, user_mode } from "asm/ptrace.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { current } from "kernel/sched/core.ts";

/** Of an error: the access was to fetch an instruction. In an ESR that is a
 *  class, which the exception level is part of. */
const MMU_INSTR = 0x10000;

/** Where a walk begins. */
const FIRST_LEVEL = 4 - CONFIG_PGTABLE_LEVELS;

/** Physical address of a user access that may go on, or a negative number for
 *  mmu_fault(). Address 0 is nobody's, so the result is never 0. */
export function mmu_translate(
	addr: number,
	write: boolean,
	exec: boolean,
	_user: boolean,
): number {
	const offset = addr & (PAGE_SIZE - 1);
	const vpn = (addr - offset) / PAGE_SIZE;
	const asid = this_cpu(mmu_registers).asid;

	if (CONFIG_ARCH_HOST_STEPPER) tlb_use_step();
	const e = tlb_slot(vpn, asid);

	/* Another CPU may clear ctx_id at any time: then what we do with the
	 * entry is over before that CPU goes on. See tlb_broadcast.ts. */
	if (READ_ONCE(e.ctx_id) === asid && e.vpn === vpn && asid !== 0) {
		const pte = e.pte;
		const need = write ? PTE_RDONLY : exec ? PTE_UXN : 0;

		if ((pte & need) === 0)
			return mmu_positive((pte & PTE_ADDR_MASK) | offset);
		/* A write for which PTE_RDONLY may be cleared. What
		 * would fault is looked up again, too, and not cached. */
		WRITE_ONCE(e.ctx_id, 0);
	}

	const pte = mmu_walk(addr, write, exec);
	if (pte < 0) return pte;
	if (CONFIG_ARCH_HOST_STEPPER) tlb_use_step();
	e.vpn = vpn;
	e.pte = pte;
	WRITE_ONCE(e.ctx_id, asid);
	return mmu_positive((pte & PTE_ADDR_MASK) | offset);
}

/**
 * Walk the levels of the live tables, of which the first is the one that the
 * configuration begins with, and the last 3. Returns the leaf entry, as it is
 * after what the hardware does to it, or an error: the kind of fault and the
 * level. No entry is negative.
 */
function mmu_walk(addr: number, write: boolean, exec: boolean): number {
	const access = (write ? ESR_ELx_WNR : 0) | (exec ? MMU_INSTR : 0);
	const regs = this_cpu(mmu_registers);
	const root = regs.ttbr0;
	const tcr = regs.tcr;

	if (root === NULL) return -(access | ESR_ELx_FSC_FAULT | FIRST_LEVEL);
	const pgd = pgd_offset_pgd(root, addr);
	const p4d: p4d_t = p4d_offset(pgd, addr);
	const p4dval = READ_ONCE(p4d.p4d);
	if (!__PAGETABLE_PUD_FOLDED && (p4dval & PTE_VALID) === 0)
		return -(access | ESR_ELx_FSC_FAULT);
	const pud = pud_offset_lockless(p4d, p4dval, addr);
	const pudval = READ_ONCE(pud.pud);
	if (!__PAGETABLE_PMD_FOLDED && (pudval & PTE_VALID) === 0)
		return -(access | ESR_ELx_FSC_FAULT | 1);
	const pmd = pmd_offset_lockless(pud, pudval, addr);
	const pmdval = READ_ONCE(pmd.pmd);
	if ((pmdval & PTE_VALID) === 0)
		return -(access | ESR_ELx_FSC_FAULT | 2);
	const ptep = pte_offset_map_val(pmdval, addr);

	for (;;) {
		/* The access depends on the entry: what the page held before
		 * that was set, it sees. */
		const pte = rcu_dereference(ptep.pte);
		let set = pte;

		if ((pte & PTE_VALID) === 0)
			return -(access | ESR_ELx_FSC_FAULT | 3);
		if ((pte & PTE_AF) === 0) {
			if ((tcr & TCR_HA) === 0)
				return -(access | ESR_ELx_FSC_ACCESS | 3);
			set |= PTE_AF;
		}
		if (write && (pte & PTE_RDONLY) !== 0) {
			if ((tcr & TCR_HD) === 0 || (pte & PTE_DBM) === 0)
				return -(access | ESR_ELx_FSC_PERM | 3);
			set &= ~PTE_RDONLY;
		}
		if ((pte & PTE_USER) === 0 || (exec && (pte & PTE_UXN) !== 0))
			return -(access | ESR_ELx_FSC_PERM | 3);
		if (set === pte) return mmu_positive(pte);
		/* Atomic: pairs with the ones of ptep_set_access_flags() and
		 * its like. */
		if (cmpxchg(ptep.pte, pte, set) === pte)
			return mmu_positive(set);
	}
}

/** The entry behind addr in tables that nobody changes; 0: none that the CPU
 *  would use. For checks. */
export function mmu_lookup(root: pgd_t, addr: number): number {
	const pte = mmu_entry(root, addr);

	return (pte & PTE_VALID) !== 0 ? pte : 0;
}

/** The address space whose tables a CPU walks; init_mm or NULL: none. For
 *  checks. */
export function mmu_loaded_mm(cpu: number): mm_struct {
	return per_cpu(mmu_registers, cpu).loaded_mm;
}

/** Calls fn with address and size of what no other CPU meets a CPU at: a tlbi
 *  is one step. For the stepper. */
export function mmu_own(
	cpu: number,
	fn: (addr: number, size: number) => void,
): void {
	fn(uptr(per_cpu(cpu_tlb, cpu)), sizeof<cpu_tlb>());
	fn(uptr(per_cpu(mmu_registers, cpu)), sizeof<mmu_registers>());
}

/** Will the CPU use what it has cached of mm as it is, without another look, if
 *  it goes on with it? Always: a flush reaches every CPU. For checks. */
export function mmu_trusts(_cpu: number, _mm: mm_struct): boolean {
	return true;
}

/** The exception for an access that mmu_translate() has refused. True: it may
 *  be made again. */
export function mmu_fault(
	regs: pt_regs,
	result: number,
	addr: number,
): boolean {
	const instr = (-result & MMU_INSTR) !== 0;
	const iss = (-result & ~MMU_INSTR) | ESR_ELx_IL;

	if (!user_mode(regs)) {
		const ec = instr ? ESR_ELx_EC_IABT_CUR : ESR_ELx_EC_DABT_CUR;

		return el1_abort(regs, (ec << ESR_ELx_EC_SHIFT) | iss, addr);
	}
	if (instr)
		return el0_ia(
			regs,
			(ESR_ELx_EC_IABT_LOW << ESR_ELx_EC_SHIFT) | iss,
			addr,
		);
	return el0_da(
		regs,
		(ESR_ELx_EC_DABT_LOW << ESR_ELx_EC_SHIFT) | iss,
		addr,
	);
}

/**
 * One access of user mode. Returns the physical address, and the caller calls
 * insn_end() when it has made the access; or 0 after a signal
 * was raised, and then the access has not happened. Faults on the way are
 * handled, and the access made again, as an instruction would be restarted.
 */
export function mmu_access(
	addr: number,
	write: boolean,
	exec: boolean,
): number {
	for (;;) {
		/* Of the other table, or of none: at the first level. */
		if (!(addr >= 0 && addr < TASK_SIZE)) {
			mmu_fault(
				REGS_USER,
				-(
					ESR_ELx_FSC_FAULT |
					FIRST_LEVEL |
					(write ? ESR_ELx_WNR : 0) |
					(exec ? MMU_INSTR : 0)
				),
				addr,
			);
			return 0;
		}
		insn_begin();
		const result = mmu_translate(addr, write, exec, true);
		if (result > 0) {
			if (write) insn_store(result);
			return result;
		}
		insn_end();
		const task = current();
		/* A signal for the access; or the task has not survived. */
		if (!mmu_fault(REGS_USER, result, addr) || current() !== task)
			return 0;
	}
}
