// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/vm_event.h, which V2.30 splits off from vmstat.h so
 * that mmap_lock.h can count events: light-weight per-CPU event counters.
 *
 * Port: a CPU's counters are written by that CPU alone, and interrupts are not
 * taken between two statements, so the variants with two underscores, which
 * the kernel wants called with preemption off, are the same functions.
 */
import {
	CONFIG_NUMA_BALANCING,
	CONFIG_SPECULATIVE_PAGE_FAULT_STATS,
	CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";

/** 48 items in the largest configuration; NR_VM_EVENT_ITEMS is checked. */
export const VM_EVENT_ITEMS_MAX = 48;

/** V2.30 brings all of this file from vmstat.h, but what says otherwise. */
export interface vm_event_state extends struct {
	/** its CPU only, by plain stores; sums read them, too */
	event: array<ulong, 48>;
}
export const vm_event_states = DEFINE_PER_CPU<vm_event_state>();

/** V2.30. */
export function __count_vm_event(item: number): void {
	count_vm_event(item);
}

/** V2.30. */
export function count_vm_event(item: number): void {
	if (CONFIG_VM_EVENT_COUNTERS) {
		const state = this_cpu(vm_event_states);
		WRITE_ONCE(state.event[item], state.event[item] + 1);
	}
}

/** V2.30. */
export function __count_vm_events(item: number, delta: number): void {
	count_vm_events(item, delta);
}

/** V2.30. */
export function count_vm_events(item: number, delta: number): void {
	if (CONFIG_VM_EVENT_COUNTERS) {
		const state = this_cpu(vm_event_states);
		WRITE_ONCE(state.event[item], state.event[item] + delta);
	}
}

export { all_vm_events, vm_events_fold_cpu } from "mm/vmstat.ts";

/** V2.30. */
export function count_vm_numa_event(item: number): void {
	if (CONFIG_NUMA_BALANCING) count_vm_event(item);
}

/** V2.30. */
export function count_vm_numa_events(item: number, delta: number): void {
	if (CONFIG_NUMA_BALANCING) count_vm_events(item, delta);
}

/** The detail counters of V2.31. Call it inside `if (CONFIG_…_STATS)` too
 *  where the name of the item must vanish with the configuration. */
export function count_vm_spf_event(item: number): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT_STATS) count_vm_event(item);
}
