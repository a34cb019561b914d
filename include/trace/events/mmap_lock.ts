// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/trace/events/mmap_lock.h (5.17).
 * Port: there are no memory cgroups, so the path is empty, and its argument
 * left out. An address is printed as it is, as with the option nohash-ptr.
 */
import type { mm_struct } from "linux/mm_types.ts";
import {
	trace_assign_u64,
	trace_event_buffer_commit,
	trace_event_buffer_reserve,
	type trace_entry,
	type trace_event_call,
	type trace_event_field,
	type trace_u64,
} from "linux/trace_events.ts";
import { tracepoint_enabled, tracepoints } from "linux/tracepoint.ts";

const TRACE_MMAP_LOCK_START_LOCKING = 20;
const TRACE_MMAP_LOCK_ACQUIRE_RETURNED = 21;
const TRACE_MMAP_LOCK_RELEASED = 22;

/** success is acquire_returned's. All fields: its CPU only, as
 *  trace_entry. */
interface trace_event_raw_mmap_lock extends struct {
	ent: embed<trace_entry>;
	mm: embed<trace_u64>;
	__data_loc_memcg_path: u32; /* length << 16 | offset */
	write: bool;
	success: bool;
	/* C aligns the struct, and then come the strings. */
	pad: u16;
	memcg_path: u32;
}

const fields: trace_event_field[] = [
	["struct mm_struct *", "mm", 8, 8, false],
	["__data_loc char[]", "memcg_path", 16, 4, true],
	["bool", "write", 20, 1, false],
];

/** The common part of the class. */
function trace_mmap_lock(
	type: number, mm: mm_struct, write: boolean, success: boolean,
): void {
	if (!tracepoint_enabled(type))
		return;
	const size = sizeof<trace_event_raw_mmap_lock>();
	const entry = cast<trace_event_raw_mmap_lock>(
		trace_event_buffer_reserve(type, size));

	if (entry === NULL)
		return;
	trace_assign_u64(entry.mm, uptr(mm));
	entry.__data_loc_memcg_path = (1 << 16) | 24;
	entry.write = write;
	entry.success = success;
	entry.pad = 0;
	entry.memcg_path = 0;
	trace_event_buffer_commit();
}

/** Port: of mm/mmap_lock.c, where there are no paths to make room for. */
function trace_mmap_lock_reg(): void {
	fetch_add(tracepoints.mmap_lock, 1);
}

function trace_mmap_lock_unreg(): void {
	fetch_add(tracepoints.mmap_lock, -1);
}

export function trace_mmap_lock_start_locking(
	mm: mm_struct, write: boolean,
): void {
	trace_mmap_lock(TRACE_MMAP_LOCK_START_LOCKING, mm, write, false);
}

export function trace_mmap_lock_acquire_returned(
	mm: mm_struct, write: boolean, success: boolean,
): void {
	trace_mmap_lock(TRACE_MMAP_LOCK_ACQUIRE_RETURNED, mm, write, success);
}

export function trace_mmap_lock_released(mm: mm_struct, write: boolean): void {
	trace_mmap_lock(TRACE_MMAP_LOCK_RELEASED, mm, write, false);
}

const print_fmt = '"mm=%p memcg_path=%s write=%s", ' +
	'REC->mm, __get_str(memcg_path), REC->write ? "true" : "false"';

export const mmap_lock_events: trace_event_call[] = [
	{
		system: "mmap_lock",
		name: "mmap_lock_start_locking",
		type: TRACE_MMAP_LOCK_START_LOCKING,
		fields,
		print_fmt,
		reg: trace_mmap_lock_reg,
		unreg: trace_mmap_lock_unreg,
	},
	{
		system: "mmap_lock",
		name: "mmap_lock_released",
		type: TRACE_MMAP_LOCK_RELEASED,
		fields,
		print_fmt,
		reg: trace_mmap_lock_reg,
		unreg: trace_mmap_lock_unreg,
	},
	{
		system: "mmap_lock",
		name: "mmap_lock_acquire_returned",
		type: TRACE_MMAP_LOCK_ACQUIRE_RETURNED,
		fields: [...fields, ["bool", "success", 21, 1, false]],
		print_fmt: '"mm=%p memcg_path=%s write=%s success=%s", ' +
			"REC->mm, __get_str(memcg_path), " +
			'REC->write ? "true" : "false", ' +
			'REC->success ? "true" : "false"',
		reg: trace_mmap_lock_reg,
		unreg: trace_mmap_lock_unreg,
	},
];
