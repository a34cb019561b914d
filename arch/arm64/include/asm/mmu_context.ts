// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/include/asm/mmu_context.h (5.17): life and switching of an
 * address space's hardware context. Left out: idmap and kernel tables, PAN by
 * software, 32-bit tasks.
 */
import { VM_BUG_ON } from "linux/bug.ts";
import {
	irqs_disabled,
	local_irq_restore,
	local_irq_save,
} from "linux/irqflags.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import type { task_struct } from "linux/sched.ts";
import { init_mm } from "mm/init-mm.ts";
import {
	check_and_switch_context,
	cpu_set_reserved_ttbr0,
	new_context,
} from "../../mm/context.ts";

/** A fresh mm; 0, as nothing in it can fail. */
export function init_new_context(_tsk: task_struct, mm: mm_struct): number {
	new_context(mm);
	return 0;
}

export function destroy_context(_mm: mm_struct): void {}

/** No task uses mm any more; what it has mapped is still there. */
export function arch_exit_mmap(_mm: mm_struct): void {}

/** The tables stay loaded: flushes reach this CPU as any other one. */
export function enter_lazy_tlb(_mm: mm_struct, _tsk: task_struct): void {}

function __switch_mm(next: mm_struct): void {
	/* init_mm has nothing that is mapped for users. */
	if (next === init_mm) {
		cpu_set_reserved_ttbr0();
		return;
	}
	check_and_switch_context(next);
}

/** Load next. Interrupts are off. */
export function switch_mm_irqs_off(
	prev: mm_struct,
	next: mm_struct,
	_tsk: task_struct,
): void {
	VM_BUG_ON(!irqs_disabled(), "switch_mm_irqs_off: interrupts are on");
	if (prev !== next) __switch_mm(next);
}

export function switch_mm(
	prev: mm_struct,
	next: mm_struct,
	tsk: task_struct,
): void {
	const flags = local_irq_save();

	switch_mm_irqs_off(prev, next, tsk);
	local_irq_restore(flags);
}

/** exec: leave the old address space for good. */
export function activate_mm(prev: mm_struct, next: mm_struct): void {
	switch_mm(prev, next, NULL);
}

export function deactivate_mm(_tsk: task_struct, _mm: mm_struct): void {}

/** asm-generic/mm_hooks.h: nothing of the context goes with the mappings. */
export function arch_dup_mmap(_oldmm: mm_struct, _mm: mm_struct): void {}

/** No memory keys: what the vma permits is permitted. */
export function arch_vma_access_permitted(
	_vma: vm_area_struct,
	_write: boolean,
	_execute: boolean,
	_foreign: boolean,
): boolean {
	return true;
}
