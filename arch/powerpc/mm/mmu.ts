// SPDX-License-Identifier: GPL-2.0-only
/**
 * The MMU: what the hardware does for an access to memory. Mirrors no file of
 * the kernel; the rules are those of the Power ISA 3.0, Book III, "Radix Tree
 * Translation". The TLBs are in asm-generic/mmu.ts, how they are maintained and
 * the page walk cache in ./tlb.ts.
 *
 * PID leads to an entry of the process table, and that to the tables. R
 * (_PAGE_ACCESSED) and C (_PAGE_DIRTY) are set by the hardware, atomically. It
 * may fail to do so, or not even try: then the access is a storage interrupt
 * with DSISR_SET_RC, and the fault handler sets them.
 *
 * A TLB entry that forbids an access is not believed: the tables are looked at
 * again before there is an interrupt, which is why the kernel does not flush
 * when it only permits more.
 */
import { CONFIG_ARCH_HOST_STEPPER } from "generated/autoconf.ts";
import { pwc_use_step, tlb_use_step } from "host/model.ts";
import {
	cpu_tlb, mmu_entry, mmu_positive, tlb_slot,
} from "asm-generic/mmu.ts";
import {
	insn_begin,
	insn_end,
	insn_store,
} from "asm-generic/tlb_broadcast.ts";
import { p4d_offset, pte_hw_valid } from "asm/pgtable.ts";
import type { p4d_t, pgd_t } from "asm/pgtable_types.ts";
import {
	_PAGE_ACCESSED,
	_PAGE_DIRTY,
	_PAGE_EXEC,
	_PAGE_PRESENT,
	_PAGE_PRIVILEGED,
	_PAGE_RW,
	_PAGE_RWX,
	_PAGE_WRITE,
	PAGE_SIZE,
	PMD_SIZE,
	PTE_RPN_MASK,
	RADIX_PGTABLE_RANGE,
} from "asm/book3s/64/pgtable-bits.ts";
import {
	INTERRUPT_DATA_SEGMENT, INTERRUPT_INST_SEGMENT,
} from "asm/interrupt.ts";
import { type pt_regs, REGS_USER } from "asm/ptrace.ts";
import {
	DSISR_ISSTORE,
	DSISR_NOEXEC_OR_G,
	DSISR_NOHPTE,
	DSISR_PROTFAULT,
	DSISR_SET_RC,
} from "asm/reg.ts";
import type { mm_struct } from "linux/mm_types.ts";
import {
	pgd_offset_pgd,
	pmd_offset_lockless,
	pte_offset_map_val,
	pud_offset_lockless,
} from "linux/pgtable.ts";
import { current } from "kernel/sched/core.ts";
import {
	data_access, instruction_access, segment_interrupt,
} from "../kernel/interrupt.ts";
import { mmu_registers, process_table_root } from "./book3s64/mmu_context.ts";
import { cpu_pwc, PWC_ENTRIES, type pwc_entry, pwc_slot } from "./tlb.ts";

/* Of an error, beside what DSISR or SRR1 have. */
/** The access was to fetch an instruction. */
const MMU_INSTR = 0x10;
/** No table could translate the address. */
const MMU_SEGMENT = 0x20;

/** Physical address of a user access that may go on, or a negative number for
 *  mmu_fault(). Address 0 is nobody's, so the result is never 0. */
export function mmu_translate(
	addr: number,
	write: boolean,
	exec: boolean,
	user: boolean,
): number {
	const offset = addr & (PAGE_SIZE - 1);
	const vpn = (addr - offset) / PAGE_SIZE;
	const pid = this_cpu(mmu_registers).pid;

	if (CONFIG_ARCH_HOST_STEPPER) tlb_use_step();
	const e = tlb_slot(vpn, pid);

	/* Another CPU may clear ctx_id at any time: then what we do with the
	 * entry is over before that CPU goes on. See tlb_broadcast.ts. */
	if (READ_ONCE(e.ctx_id) === pid && e.vpn === vpn && pid !== 0) {
		const pte = e.pte;

		if (
			permits(pte, write, exec, user) &&
			(!write || (pte & _PAGE_DIRTY) !== 0)
		)
			return mmu_positive((pte & PTE_RPN_MASK) | offset);
		/* Perhaps it does by now. What would fault is not cached. */
		WRITE_ONCE(e.ctx_id, 0);
	}

	const pte = mmu_walk(addr, write, exec, user);
	if (pte < 0) return pte;
	if (CONFIG_ARCH_HOST_STEPPER) tlb_use_step();
	e.vpn = vpn;
	e.pte = pte;
	WRITE_ONCE(e.ctx_id, pid);
	return mmu_positive((pte & PTE_RPN_MASK) | offset);
}

/** The kernel may what a user may, and more. */
function permits(
	pte: number,
	write: boolean,
	exec: boolean,
	user: boolean,
): boolean {
	const need = exec ? _PAGE_EXEC : write ? _PAGE_WRITE : _PAGE_RW;

	return (
		(pte & need) !== 0 && (!user || (pte & _PAGE_PRIVILEGED) === 0)
	);
}

/**
 * The entry of the last but one level, which has the table of addr's page; 0:
 * none. From the page walk cache, if it is there.
 */
function walk_upper(addr: number, pid: number): number {
	const region = Math.floor(addr / PMD_SIZE);

	if (CONFIG_ARCH_HOST_STEPPER) pwc_use_step();
	const cached = pwc_slot(region, pid);

	if (
		READ_ONCE(cached.ctx_id) === pid &&
		cached.region === region &&
		pid !== 0
	)
		return cached.pmd;

	const root = process_table_root(pid);

	if (root === NULL) return 0;
	const p4d: p4d_t = p4d_offset(pgd_offset_pgd(root, addr), addr);
	const p4dval = READ_ONCE(p4d.p4d);

	if ((p4dval & _PAGE_PRESENT) === 0) return 0;
	const pud = pud_offset_lockless(p4d, p4dval, addr);
	const pudval = READ_ONCE(pud.pud);

	if ((pudval & _PAGE_PRESENT) === 0) return 0;
	const pmd = pmd_offset_lockless(pud, pudval, addr);
	const pmdval = READ_ONCE(pmd.pmd);

	if ((pmdval & _PAGE_PRESENT) === 0) return 0;
	if (CONFIG_ARCH_HOST_STEPPER) pwc_use_step();
	cached.region = region;
	cached.pmd = pmdval;
	WRITE_ONCE(cached.ctx_id, pid);
	return pmdval;
}

/**
 * Walk the live tables. Returns the leaf entry, as it is after what the
 * hardware does to it, or an error. No entry is negative.
 */
function mmu_walk(
	addr: number,
	write: boolean,
	exec: boolean,
	user: boolean,
): number {
	const access = (write ? DSISR_ISSTORE : 0) | (exec ? MMU_INSTR : 0);
	const regs = this_cpu(mmu_registers);
	const pmdval = walk_upper(addr, regs.pid);

	if (pmdval === 0) return -(access | DSISR_NOHPTE);
	const ptep = pte_offset_map_val(pmdval, addr);

	for (;;) {
		/* The access depends on the entry: what the page held before
		 * that was set, it sees. */
		const pte = rcu_dereference(ptep.pte);
		const set = pte | _PAGE_ACCESSED | (write ? _PAGE_DIRTY : 0);

		if (!pte_hw_valid(pte)) return -(access | DSISR_NOHPTE);
		if (!permits(pte, write, exec, user)) {
			/* A page of the kernel's is protected from a fetch; all
			 * others are not for execution. */
			if (exec && (pte & _PAGE_EXEC) === 0)
				return -(access | DSISR_NOEXEC_OR_G);
			return -(access | DSISR_PROTFAULT);
		}
		if (set === pte) return mmu_positive(pte);
		if (regs.no_rc !== 0) return -(access | DSISR_SET_RC);
		/* Atomic: pairs with the one of __radix_pte_update(). */
		if (cmpxchg(ptep.pte, pte, set) === pte)
			return mmu_positive(set);
	}
}

/** The entry behind addr in tables that nobody changes; 0: none that the CPU
 *  would use. For checks. */
export function mmu_lookup(root: pgd_t, addr: number): number {
	const pte = mmu_entry(root, addr);
	const forbids =
		(pte & _PAGE_RWX) === 0 || (pte & _PAGE_PRIVILEGED) !== 0;

	/* One of PROT_NONE and a NUMA hint are there for the hardware, and are
	 * never cached. */
	return pte_hw_valid(pte) && !forbids ? pte : 0;
}

/** The address space whose tables a CPU walks; init_mm or NULL: none. For
 *  checks. */
export function mmu_loaded_mm(cpu: number): mm_struct {
	return per_cpu(mmu_registers, cpu).loaded_mm;
}

/** Calls fn with address and size of what no other CPU meets a CPU at: that a
 *  tlbie takes something out is a step of its own. For the stepper. */
export function mmu_own(
	cpu: number,
	fn: (addr: number, size: number) => void,
): void {
	fn(uptr(per_cpu(cpu_tlb, cpu)), sizeof<cpu_tlb>());
	fn(uptr(per_cpu(cpu_pwc, cpu)), sizeof<cpu_pwc>());
	fn(uptr(per_cpu(mmu_registers, cpu)), sizeof<mmu_registers>());
}

/** Calls fn for each table of ptes that a CPU has in its page walk cache. For
 *  checks. */
export function mmu_cached_tables(
	cpu: number,
	fn: (addr: number, pmd: number, ctx_id: number) => void,
): void {
	const pwc = per_cpu(cpu_pwc, cpu);

	for (let i = 0; i < PWC_ENTRIES; i++) {
		const e: pwc_entry = pwc.entry[i];

		if (e.ctx_id !== 0) fn(e.region * PMD_SIZE, e.pmd, e.ctx_id);
	}
}

/** Will the CPU use what it has cached of mm as it is, without another look, if
 *  it goes on with it? Always: a flush reaches every CPU. For checks. */
export function mmu_trusts(_cpu: number, _mm: mm_struct): boolean {
	return true;
}

/** The interrupt for an access that mmu_translate() has refused. True: it may
 *  be made again. */
export function mmu_fault(
	regs: pt_regs,
	result: number,
	addr: number,
): boolean {
	const why = -result & ~(MMU_INSTR | MMU_SEGMENT);

	const instr = (-result & MMU_INSTR) !== 0;

	if ((-result & MMU_SEGMENT) !== 0)
		return segment_interrupt(
			regs,
			addr,
			instr ? INTERRUPT_INST_SEGMENT : INTERRUPT_DATA_SEGMENT,
		);
	if (instr) return instruction_access(regs, addr, why);
	return data_access(regs, addr, why);
}

/** An address that no user has: with the upper two bits it is the kernel's, and
 *  its tables forbid the access. */
function not_translated(addr: number, write: boolean, exec: boolean): number {
	const access = (write ? DSISR_ISSTORE : 0) | (exec ? MMU_INSTR : 0);

	if (addr >= 2 ** 63 + 2 ** 62) return -(access | DSISR_PROTFAULT);
	return -(access | MMU_SEGMENT);
}

/**
 * One access of user mode. Returns the physical address, and the caller calls
 * insn_end() when it has made the access; or 0 after a signal was raised, and
 * then the access has not happened. Faults on the way are handled, and the
 * access made again, as an instruction would be restarted.
 */
export function mmu_access(
	addr: number,
	write: boolean,
	exec: boolean,
): number {
	for (;;) {
		if (!(addr >= 0 && addr < RADIX_PGTABLE_RANGE)) {
			mmu_fault(
				REGS_USER,
				not_translated(addr, write, exec),
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
