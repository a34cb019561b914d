// SPDX-License-Identifier: GPL-2.0-only
/**
 * The MMU, for who makes accesses by it and who checks what it has cached.
 * Port: the kernel's header of this name is about its own data, which are in
 * mm/book3s64/mmu_context.ts. What every architecture has here is said in
 * Documentation/architectures.md.
 */
import { do_page_fault } from "../../mm/fault.ts";
import { INTERRUPT_DATA_STORAGE } from "asm/interrupt.ts";
import { REGS_USER } from "asm/ptrace.ts";
import { DSISR_ISSTORE, DSISR_NOHPTE } from "asm/reg.ts";

export { insn_begin, insn_end } from "asm-generic/tlb_broadcast.ts";
export {
	mmu_access,
	mmu_cached_tables,
	mmu_fault,
	mmu_loaded_mm,
	mmu_lookup,
	mmu_own,
	mmu_translate,
	mmu_trusts,
} from "../../mm/mmu.ts";
export {
	cpu_tlb, mmu_entry, mmu_table, type tlb_entry, tlb_used,
} from "asm-generic/mmu.ts";

/** The handler of page faults alone, for tests: of a write in user mode to what
 *  is not there. Returns what the handler does. */
export function do_write_fault(addr: number): boolean {
	return do_page_fault(
		REGS_USER,
		addr,
		DSISR_ISSTORE | DSISR_NOHPTE,
		INTERRUPT_DATA_STORAGE,
	);
}
