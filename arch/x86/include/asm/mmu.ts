// SPDX-License-Identifier: GPL-2.0-only
/**
 * The MMU, for who makes accesses by it and who checks what it has cached.
 * Port: the kernel has no such header, as its MMU is hardware. What every
 * architecture has here is said in Documentation/architectures.md.
 */
import { REGS_USER } from "asm/ptrace.ts";
import { X86_PF_USER, X86_PF_WRITE } from "asm/trap_pf.ts";
import { do_user_addr_fault } from "../../mm/fault.ts";

export {
	insn_begin, insn_end, mmu_access, mmu_fault, mmu_loaded_mm,
	mmu_lookup, mmu_own, mmu_translate, mmu_trusts,
} from "../../mm/mmu.ts";
export {
	cpu_tlb, mmu_entry, mmu_no_tables as mmu_cached_tables, mmu_table,
	type tlb_entry, tlb_used,
} from "asm-generic/mmu.ts";

/** The handler of page faults alone, for tests: of a write in user mode to what
 *  is not there. Returns what the handler does. */
export function do_write_fault(addr: number): boolean {
	return do_user_addr_fault(REGS_USER, X86_PF_USER | X86_PF_WRITE, addr);
}
