// SPDX-License-Identifier: GPL-2.0-only
/**
 * The MMU, for who makes accesses by it and who checks what it has cached.
 * Port: the kernel has no such header, as its MMU is hardware. What every
 * architecture has here is said in Documentation/architectures.md.
 */
import {
	ESR_ELx_EC_DABT_LOW,
	ESR_ELx_EC_SHIFT,
	ESR_ELx_FSC_FAULT,
	ESR_ELx_WNR,
} from "asm/esr.ts";
import { do_mem_abort } from "../../mm/fault.ts";
import { REGS_USER } from "asm/ptrace.ts";

export { insn_begin, insn_end } from "asm-generic/tlb_broadcast.ts";
export {
	mmu_access,
	mmu_fault,
	mmu_loaded_mm,
	mmu_lookup,
	mmu_own,
	mmu_translate,
	mmu_trusts,
} from "../../mm/mmu.ts";
export {
	cpu_tlb, mmu_entry, mmu_no_tables as mmu_cached_tables, mmu_table,
	type tlb_entry, tlb_used,
} from "asm-generic/mmu.ts";

/** The handler of page faults alone, for tests: of a write in user mode to what
 *  is not there. Returns what the handler does. */
export function do_write_fault(addr: number): boolean {
	const esr =
		(ESR_ELx_EC_DABT_LOW << ESR_ELx_EC_SHIFT) |
		ESR_ELx_WNR |
		ESR_ELx_FSC_FAULT |
		3;

	return do_mem_abort(addr, esr, REGS_USER);
}
