// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/mmu_context.h (5.17): life and switching of an
 * address space's hardware context. Left out: LDTs, vm86.
 */
import {
	CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS,
} from "generated/autoconf.ts";
import { current } from "kernel/sched/core.ts";
import type {
	mm_context_t, mm_struct, vm_area_struct,
} from "linux/mm_types.ts";
import { vma_pkey } from "asm/pkeys.ts";
import {
	__pkru_allows_read, __pkru_allows_write, read_pkru,
} from "asm/pkru.ts";
import type { task_struct } from "linux/sched.ts";
import { mmu_context_globals, switch_mm } from "../../mm/tlb.ts";

export { enter_lazy_tlb, switch_mm, switch_mm_irqs_off } from "../../mm/tlb.ts";

/** A fresh mm; 0, as nothing in it can fail. */
export function init_new_context(_tsk: task_struct, mm: mm_struct): number {
	const context = mm.context;

	/* 31 bits of ids: enough not to meet one again in a TLB. */
	context.ctx_id = fetch_add(mmu_context_globals.last_mm_ctx_id, 1) + 1;
	WRITE_ONCE(context.tlb_gen.counter, 0);
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS) {
		/* Key 0 is what everything has that was given none. */
		context.pkey_allocation_map = 1;
		context.execute_only_pkey = -1;
	}
	return 0;
}

export function destroy_context(_mm: mm_struct): void {}

/** No task uses mm any more; what it has mapped is still there. */
export function arch_exit_mmap(_mm: mm_struct): void {}

/** exec: leave the old address space for good. */
export function activate_mm(prev: mm_struct, next: mm_struct): void {
	switch_mm(prev, next, NULL);
}

export function deactivate_mm(_tsk: task_struct, _mm: mm_struct): void {}

/** The child's mappings have the keys of the parent's. mmap_lock of both is
 *  held for writing. */
function arch_dup_pkeys(oldmm: mm_struct, mm: mm_struct): void {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS) {
		const old: mm_context_t = oldmm.context;
		const context: mm_context_t = mm.context;

		context.pkey_allocation_map = old.pkey_allocation_map;
		context.execute_only_pkey = old.execute_only_pkey;
	}
}

/** fork: what of the context goes with the mappings. */
export function arch_dup_mmap(oldmm: mm_struct, mm: mm_struct): void {
	arch_dup_pkeys(oldmm, mm);
}

/** linux/mm.h: is it of another address space than the one that runs? */
function vma_is_foreign(vma: vm_area_struct): boolean {
	const mm = current().mm;

	return mm === NULL || mm !== vma.vm_mm;
}

/**
 * Do the rights of the running thread for vma's memory key permit the access?
 * PKRU is in the CPU, so nothing is known of who does not run; and keys are not
 * about the fetching of instructions.
 */
export function arch_vma_access_permitted(
	vma: vm_area_struct, write: boolean, execute: boolean,
	foreign: boolean,
): boolean {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS) {
		/* Port: asked first, as it is nearly always so. */
		if (__pkru_allows_pkey(vma_pkey(vma), write))
			return true;
		return execute || foreign || vma_is_foreign(vma);
	}
	return true;
}

/** asm/pgtable.h */
export function __pkru_allows_pkey(pkey: number, write: boolean): boolean {
	const pkru = read_pkru();

	return write
		? __pkru_allows_write(pkru, pkey)
		: __pkru_allows_read(pkru, pkey);
}
