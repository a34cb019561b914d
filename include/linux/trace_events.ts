// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/trace_events.h (5.17): what an event is, and the head
 * of its entry in the ring buffer.
 * Left out: filters, triggers, probes, perf, modules, output by the kernel.
 * Who reads the buffer is outside, and has the text of each event's format
 * file.
 */

/** What all entries begin with; offsets are those of Linux. All fields: its
 *  CPU only, until the entry is committed; constant from then on. */
export interface trace_entry extends struct {
	type: u16;
	flags: u8; /* TRACE_FLAG_* */
	preempt_count: u8;
	pid: int;
}

/** An unsigned long of 64 bits, as little-endian machines have it. All fields:
 *  its CPU only, as trace_entry. */
export interface trace_u64 extends struct {
	lo: u32;
	hi: u32;
}

const TWO_32 = 4294967296;

export function trace_assign_u64(field: trace_u64, value: number): void {
	field.lo = value % TWO_32 >>> 0;
	field.hi = Math.floor(value / TWO_32) >>> 0;
}

/* trace_entry.flags */
export const TRACE_FLAG_IRQS_OFF = 0x01;
export const TRACE_FLAG_HARDIRQ = 0x08;

/** A field as its line in the format file says: C type and name, offset and
 *  size in the entry, whether it is signed. */
export type trace_event_field = [
	type: string, name: string, offset: number, size: number,
	signed: boolean,
];

/** A table that nobody writes to. */
export interface trace_event_call {
	system: string;
	name: string;
	type: number;
	/** Those behind the head. */
	fields: trace_event_field[];
	print_fmt: string;
	/** TRACE_EVENT_FN(): called when the first one begins to listen, and
	 *  after the last one has left. */
	reg?: () => void;
	unreg?: () => void;
}

export {
	trace_event_buffer_commit,
	trace_event_buffer_reserve,
} from "kernel/trace/trace.ts";
