// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/mmu_context.h (5.17): life and switching of an
 * address space's hardware context. Left out: LDTs, protection keys, vm86.
 */
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import type { task_struct } from "linux/sched.ts";
import { mmu_context_globals, switch_mm } from "../../mm/tlb.ts";

export { enter_lazy_tlb, switch_mm, switch_mm_irqs_off } from "../../mm/tlb.ts";

/** A fresh mm; 0, as nothing in it can fail. */
export function init_new_context(_tsk: task_struct, mm: mm_struct): number {
	const context = mm.context;

	/* 31 bits of ids: enough not to meet one again in a TLB. */
	context.ctx_id = fetch_add(mmu_context_globals.last_mm_ctx_id, 1) + 1;
	WRITE_ONCE(context.tlb_gen.counter, 0);
	return 0;
}

export function destroy_context(_mm: mm_struct): void {}

/** exec: leave the old address space for good. */
export function activate_mm(prev: mm_struct, next: mm_struct): void {
	switch_mm(prev, next, NULL);
}

export function deactivate_mm(_tsk: task_struct, _mm: mm_struct): void {}

/** No protection keys: what the vma permits is permitted. */
export function arch_vma_access_permitted(
	_vma: vm_area_struct, _write: boolean, _execute: boolean,
	_foreign: boolean,
): boolean {
	return true;
}
