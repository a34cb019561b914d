// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/trace/exceptions.h and common.h, with
 * arch/x86/kernel/tracepoint.c (5.17): the trace points of page faults, which
 * no other architecture has.
 * Port: there is no instruction pointer; ip is 0. Their key is that of all
 * events at the entry of a fault, tracepoints.page_fault.
 */
import {
	trace_assign_u64,
	type trace_entry,
	trace_event_buffer_commit,
	trace_event_buffer_reserve,
	type trace_event_call,
	type trace_event_field,
	type trace_u64,
} from "linux/trace_events.ts";
import { tracepoint_enabled } from "linux/tracepoint.ts";
import {
	trace_pagefault_reg, trace_pagefault_unreg,
} from "trace/events/pagefault.ts";

const TRACE_PAGE_FAULT_USER = 32;
const TRACE_PAGE_FAULT_KERNEL = 33;

/** All fields: its CPU only, as trace_entry. */
interface trace_event_raw_x86_exceptions extends struct {
	ent: embed<trace_entry>;
	address: embed<trace_u64>;
	ip: embed<trace_u64>;
	error_code: embed<trace_u64>;
}

function trace_x86_exceptions(
	type: number, address: number, error_code: number,
): void {
	if (!tracepoint_enabled(type)) return;
	const entry = cast<trace_event_raw_x86_exceptions>(
		trace_event_buffer_reserve(type,
			sizeof<trace_event_raw_x86_exceptions>()));

	if (entry === NULL) return;
	trace_assign_u64(entry.address, address);
	trace_assign_u64(entry.ip, 0);
	trace_assign_u64(entry.error_code, error_code);
	trace_event_buffer_commit();
}

export function trace_page_fault_user(
	address: number, error_code: number,
): void {
	trace_x86_exceptions(TRACE_PAGE_FAULT_USER, address, error_code);
}

export function trace_page_fault_kernel(
	address: number, error_code: number,
): void {
	trace_x86_exceptions(TRACE_PAGE_FAULT_KERNEL, address, error_code);
}

const fields: trace_event_field[] = [
	["unsigned long", "address", 8, 8, false],
	["unsigned long", "ip", 16, 8, false],
	["unsigned long", "error_code", 24, 8, false],
];
const print_fmt = '"address=%ps ip=%ps error_code=0x%lx", ' +
	"(void *)REC->address, (void *)REC->ip, REC->error_code";

const x86_exceptions_events: trace_event_call[] = [
	{
		system: "exceptions",
		name: "page_fault_user",
		type: TRACE_PAGE_FAULT_USER,
		fields,
		print_fmt,
		reg: trace_pagefault_reg,
		unreg: trace_pagefault_unreg,
	},
	{
		system: "exceptions",
		name: "page_fault_kernel",
		type: TRACE_PAGE_FAULT_KERNEL,
		fields,
		print_fmt,
		reg: trace_pagefault_reg,
		unreg: trace_pagefault_unreg,
	},
];

export function arch_trace_events(): trace_event_call[] {
	return x86_exceptions_events;
}
