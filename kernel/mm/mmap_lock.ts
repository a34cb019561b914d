// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/mmap_lock.c (5.17): the trace points of the mmap lock, apart from
 * linux/mmap_lock.ts, which is short then where nobody listens.
 * Left out: paths of memory cgroups, with their buffers.
 */
import type { mm_struct } from "linux/mm_types.ts";
import {
	trace_mmap_lock_acquire_returned,
	trace_mmap_lock_released,
	trace_mmap_lock_start_locking,
} from "trace/events/mmap_lock.ts";

export function __mmap_lock_do_trace_start_locking(
	mm: mm_struct, write: boolean,
): void {
	trace_mmap_lock_start_locking(mm, write);
}

export function __mmap_lock_do_trace_acquire_returned(
	mm: mm_struct, write: boolean, success: boolean,
): void {
	trace_mmap_lock_acquire_returned(mm, write, success);
}

export function __mmap_lock_do_trace_released(
	mm: mm_struct, write: boolean,
): void {
	trace_mmap_lock_released(mm, write);
}
