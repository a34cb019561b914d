// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/mmu_context.h (5.17): life and switching of
 * an address space's hardware context. Left out: accelerators
 * (mm_context_add_copro() and its like), arch_unmap() (nobody asks where the
 * vDSO is).
 */
import { atomic_inc } from "linux/atomic.ts";
import { local_irq_restore, local_irq_save } from "linux/irqflags.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import type { task_struct } from "linux/sched.ts";
import { switch_mm_irqs_off } from "../../mm/mmu_context.ts";

export {
	arch_exit_mmap,
	destroy_context,
	init_new_context,
} from "../../mm/book3s64/mmu_context.ts";
export { switch_mm_irqs_off };

/* Port: linux/cpumask.h, of mm_cpumask(mm). */

export function cpumask_set_cpu(cpu: number, mm: mm_struct): void {
	fetch_or(mm.mm_cpumask[cpu >> 5], 1 << (cpu & 31));
}

export function cpumask_clear_cpu(cpu: number, mm: mm_struct): void {
	fetch_and(mm.mm_cpumask[cpu >> 5], ~(1 << (cpu & 31)));
}

export function cpumask_test_cpu(cpu: number, mm: mm_struct): boolean {
	return (READ_ONCE(mm.mm_cpumask[cpu >> 5]) & (1 << (cpu & 31))) !== 0;
}

export function inc_mm_active_cpus(mm: mm_struct): void {
	atomic_inc(mm.context.active_cpus);
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

/** exec: leave the old address space for good. Port: with interrupts off from
 *  here on, not from where current has the new one, as nothing in between makes
 *  a user's access. */
export function activate_mm(prev: mm_struct, next: mm_struct): void {
	switch_mm(prev, next, NULL);
}

/** The PID stays loaded: flushes reach this CPU as any other one. */
export function enter_lazy_tlb(_mm: mm_struct, _tsk: task_struct): void {}

export function deactivate_mm(_tsk: task_struct, _mm: mm_struct): void {}

/** fork: of the context nothing goes with the mappings, as keys would. */
export function arch_dup_mmap(_oldmm: mm_struct, _mm: mm_struct): void {}

/** No memory keys, see asm/pkeys.ts: what the vma permits is permitted. */
export function arch_vma_access_permitted(
	_vma: vm_area_struct,
	_write: boolean,
	_execute: boolean,
	_foreign: boolean,
): boolean {
	return true;
}
