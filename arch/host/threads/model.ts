// SPDX-License-Identifier: GPL-2.0-only
/**
 * Primitives that only the stepper machine has (arch/host/stepper/model.ts).
 * Every use of them is behind CONFIG_ARCH_HOST_STEPPER, so that nothing of this
 * is left in a bundle for this machine.
 */
import { machine_panic } from "host/cpu.ts";

function none(..._args: unknown[]): never {
	machine_panic("a primitive of the stepper machine");
}
export const spin_lock_step: (p: number) => void = none;
export const spin_trylock_step: (p: number) => boolean = none;
export const spin_unlock_step: (p: number) => void = none;
export const rtmutex_lock_step: (p: number) => void = none;
export const rtmutex_trylock_step: (p: number) => boolean = none;
export const rtmutex_unlock_step: (p: number) => void = none;
export const rwsem_down_read_step: (p: number) => void = none;
export const rwsem_down_read_trylock_step: (p: number) => boolean = none;
export const rwsem_down_write_step: (p: number) => void = none;
export const rwsem_down_write_trylock_step: (p: number) => boolean = none;
export const rwsem_up_read_step: (p: number) => void = none;
export const rwsem_up_write_step: (p: number) => void = none;
export const rwsem_downgrade_step: (p: number) => void = none;
export const lock_class: (p: number, name: string) => void = none;
export const lock_subclass: (n: number) => void = none;
export const lockdep_acquire: (
	p: number,
	read: boolean,
	trylock: boolean,
	subclass: number,
	wait: number,
	nest?: boolean,
) => void = none;
export const lockdep_downgrade: (p: number) => void = none;
export const lockdep_release: (p: number) => void = none;
export const lockdep_held: (p: number) => number = none;
export const lock_held_here: (p: number) => boolean = none;
export const rcu_read_lock_step: () => void = none;
export const rcu_read_unlock_step: () => void = none;
export const rcu_read_depth: () => number = none;
export const rcu_gp_start_step: () => void = none;
export const rcu_gp_end_step: () => void = none;
export const rcu_enqueue_step: (head: number) => void = none;
export const rcu_take_step: () => number = none;
export const rcu_taken: (i: number) => number = none;
export const rcu_offloaded: () => boolean = none;
export const rcu_queued: () => number = none;
export const irq_disable_step: () => void = none;
export const irq_enable_step: () => void = none;
export const insn_begin_step: () => void = none;
export const insn_end_step: () => void = none;
export const insn_store_step: (p: number) => void = none;
export const tlb_use_step: () => void = none;
export const tlb_drop_step: (cpu: number) => void = none;
export const pwc_use_step: () => void = none;
export const pwc_drop_step: (cpu: number) => void = none;
export const ipi_pending_step: (cpu: number) => void = none;
export const ipi_done_step: (pending: number) => void = none;
export const answer_step: (p: number, value: number) => void = none;
export const await_step: (turn: number) => void = none;
export const machine_sleeps: (text: string) => void = none;
export const machine_warn: (text: string) => void = none;
