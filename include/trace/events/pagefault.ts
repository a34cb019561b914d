// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/trace/events/pagefault.h of D12.24, with spf_pte_lock, which
 * was there up to D11: why a speculative fault was given up. Each abort that v2
 * counts in SPF_ABORT has one of these events.
 *
 * Port: there is no instruction pointer; in the place of the caller is what
 * the abort is counted as: 1 for SPF_ABORT_ODD, 2 for SPF_ABORT_UNMAPPED, and
 * so on in the order of linux/vm_event_item.ts. Where no vma was looked at, or
 * there is none, its bounds are 0.
 *
 * Port: page_fault_entry, page_fault_exit and handle_mm_fault are our own: no
 * Linux tells when a fault is over, and with what result.
 */
import type { mm_struct, vm_area_struct, vm_fault } from "linux/mm_types.ts";
import {
	FAULT_FLAG_TRACE,
	FAULT_FLAG_TRACE_SPECULATIVE,
	VM_FAULT_RESULT_TRACE,
	type vm_fault_t,
} from "linux/mm.ts";
import {
	trace_assign_u64,
	type trace_entry,
	trace_event_buffer_commit,
	trace_event_buffer_reserve,
	type trace_event_call,
	type trace_event_field,
	type trace_u64,
} from "linux/trace_events.ts";
import { tracepoint_enabled, tracepoints } from "linux/tracepoint.ts";
import { SPF_ABORT_ODD } from "linux/vm_event_item.ts";
import {
	CONFIG_SPECULATIVE_PAGE_FAULT,
	CONFIG_TRACING,
} from "generated/autoconf.ts";

export const TRACE_SPF_VMA_CHANGED = 23;
export const TRACE_SPF_VMA_NOANON = 24;
export const TRACE_SPF_VMA_NOTSUP = 25;
export const TRACE_SPF_VMA_ACCESS = 26;
export const TRACE_SPF_PMD_CHANGED = 27;
export const TRACE_SPF_PTE_LOCK = 28;
export const TRACE_PAGE_FAULT_ENTRY = 29;
export const TRACE_PAGE_FAULT_EXIT = 30;
export const TRACE_HANDLE_MM_FAULT = 31;

/** All fields: its CPU only, as trace_entry. */
interface trace_event_raw_spf extends struct {
	ent: embed<trace_entry>;
	caller: embed<trace_u64>;
	vm_start: embed<trace_u64>;
	vm_end: embed<trace_u64>;
	address: embed<trace_u64>;
}

/** event: SPF_ABORT_*. vma may be NULL, or about to be changed by a writer. */
function trace_spf(
	type: number, event: number, vma: vm_area_struct, address: number,
): void {
	const entry = cast<trace_event_raw_spf>(trace_event_buffer_reserve(type,
		sizeof<trace_event_raw_spf>()));

	if (entry === NULL)
		return;
	trace_assign_u64(entry.caller, event - SPF_ABORT_ODD + 1);
	trace_assign_u64(entry.vm_start,
		vma === NULL ? 0 : data_race(vma.vm_start));
	trace_assign_u64(entry.vm_end,
		vma === NULL ? 0 : data_race(vma.vm_end));
	trace_assign_u64(entry.address, address);
	trace_event_buffer_commit();
}

/** D12.24: a writer was there, or is. */
export function trace_spf_vma_changed(
	event: number, vma: vm_area_struct, address: number,
): void {
	if (CONFIG_TRACING) {
		if (tracepoint_enabled(TRACE_SPF_VMA_CHANGED))
			trace_spf(TRACE_SPF_VMA_CHANGED, event, vma, address);
	}
}

/** The same, of a fault that holds a copy of the vma. Port: where faults pass
 *  by, a call is as short as it can be, for what else is inlined there. */
export function trace_spf_vmf_changed(event: number, vmf: vm_fault): void {
	if (CONFIG_TRACING)
		trace_spf_vma_changed(event, vmf.vma, vmf.address);
}

/** D12.24: it has no anon_vma yet. */
export function trace_spf_vma_noanon(event: number, vmf: vm_fault): void {
	if (CONFIG_TRACING) {
		if (tracepoint_enabled(TRACE_SPF_VMA_NOANON))
			trace_spf(TRACE_SPF_VMA_NOANON, event, vmf.vma,
				vmf.address);
	}
}

/** D12.24: nothing that can be done without the lock. */
export function trace_spf_vma_notsup(
	event: number, vma: vm_area_struct, address: number,
): void {
	if (CONFIG_TRACING) {
		if (tracepoint_enabled(TRACE_SPF_VMA_NOTSUP))
			trace_spf(TRACE_SPF_VMA_NOTSUP, event, vma, address);
	}
}

/** The same, as trace_spf_vmf_changed(). */
export function trace_spf_vmf_notsup(event: number, vmf: vm_fault): void {
	if (CONFIG_TRACING)
		trace_spf_vma_notsup(event, vmf.vma, vmf.address);
}

/** D12.24: it forbids the access, as far as one can see. */
export function trace_spf_vma_access(
	event: number, vma: vm_area_struct, address: number,
): void {
	if (CONFIG_TRACING) {
		if (tracepoint_enabled(TRACE_SPF_VMA_ACCESS))
			trace_spf(TRACE_SPF_VMA_ACCESS, event, vma, address);
	}
}

/** D12.24: the table is another one. */
export function trace_spf_pmd_changed(event: number, vmf: vm_fault): void {
	if (CONFIG_TRACING) {
		if (tracepoint_enabled(TRACE_SPF_PMD_CHANGED))
			trace_spf(TRACE_SPF_PMD_CHANGED, event, vmf.vma,
				vmf.address);
	}
}

/** D2.16: somebody has the lock of the table. */
export function trace_spf_pte_lock(event: number, vmf: vm_fault): void {
	if (CONFIG_TRACING) {
		if (tracepoint_enabled(TRACE_SPF_PTE_LOCK))
			trace_spf(TRACE_SPF_PTE_LOCK, event, vmf.vma,
				vmf.address);
	}
}

/** All fields: its CPU only, as trace_entry. */
interface trace_event_raw_page_fault extends struct {
	ent: embed<trace_entry>;
	address: embed<trace_u64>;
	user: bool;
	/** Of the exit: the access is made again; else there was a signal. */
	handled: bool;
	pad: u16;
}

function trace_page_fault(
	type: number, address: number, user: boolean, handled: boolean,
): void {
	const entry = cast<trace_event_raw_page_fault>(
		trace_event_buffer_reserve(type,
			sizeof<trace_event_raw_page_fault>()));

	if (entry === NULL)
		return;
	trace_assign_u64(entry.address, address);
	entry.user = user;
	entry.handled = handled;
	entry.pad = 0;
	trace_event_buffer_commit();
}

/** The exception has come, of a user's access or of the kernel's. */
export function trace_page_fault_entry(address: number, user: boolean): void {
	if (tracepoint_enabled(TRACE_PAGE_FAULT_ENTRY))
		trace_page_fault(TRACE_PAGE_FAULT_ENTRY, address, user, false);
}

/** Its handler is about to return. */
export function trace_page_fault_exit(
	address: number, user: boolean, handled: boolean,
): void {
	if (tracepoint_enabled(TRACE_PAGE_FAULT_EXIT))
		trace_page_fault(TRACE_PAGE_FAULT_EXIT, address, user, handled);
}

/** tracepoints.page_fault, of these two and of the architecture's. */
export function trace_pagefault_reg(): void {
	fetch_add(tracepoints.page_fault, 1);
}

export function trace_pagefault_unreg(): void {
	fetch_add(tracepoints.page_fault, -1);
}

/** All fields: its CPU only, as trace_entry. */
interface trace_event_raw_handle_mm_fault extends struct {
	ent: embed<trace_entry>;
	mm: embed<trace_u64>;
	address: embed<trace_u64>;
	flags: u32;
	result: u32;
}

/** do_handle_mm_fault() is done, with mmap_lock or without. */
export function trace_handle_mm_fault(
	mm: mm_struct, address: number, flags: number, result: vm_fault_t,
): void {
	const entry = cast<trace_event_raw_handle_mm_fault>(
		trace_event_buffer_reserve(TRACE_HANDLE_MM_FAULT,
			sizeof<trace_event_raw_handle_mm_fault>()));

	if (entry === NULL)
		return;
	trace_assign_u64(entry.mm, uptr(mm));
	trace_assign_u64(entry.address, address);
	entry.flags = flags >>> 0;
	entry.result = result >>> 0;
	trace_event_buffer_commit();
}

function trace_handle_mm_fault_reg(): void {
	fetch_add(tracepoints.handle_mm_fault, 1);
}

function trace_handle_mm_fault_unreg(): void {
	fetch_add(tracepoints.handle_mm_fault, -1);
}

/* ---- the tables ---- */

const spf_fields: trace_event_field[] = [
	["unsigned long", "caller", 8, 8, false],
	["unsigned long", "vm_start", 16, 8, false],
	["unsigned long", "vm_end", 24, 8, false],
	["unsigned long", "address", 32, 8, false],
];
const spf_print_fmt = '"ip:%lx vma:%lx-%lx address:%lx", ' +
	"REC->caller, REC->vm_start, REC->vm_end, REC->address";

function spf_event(name: string, type: number): trace_event_call {
	return {
		system: "pagefault",
		name,
		type,
		fields: spf_fields,
		print_fmt: spf_print_fmt,
	};
}

function spf_events(): trace_event_call[] {
	return [
		spf_event("spf_vma_changed", TRACE_SPF_VMA_CHANGED),
		spf_event("spf_vma_noanon", TRACE_SPF_VMA_NOANON),
		spf_event("spf_vma_notsup", TRACE_SPF_VMA_NOTSUP),
		spf_event("spf_vma_access", TRACE_SPF_VMA_ACCESS),
		spf_event("spf_pmd_changed", TRACE_SPF_PMD_CHANGED),
		spf_event("spf_pte_lock", TRACE_SPF_PTE_LOCK),
	];
}

/** A table of __print_flags(), as a format file has it. */
function flags_of(table: readonly (readonly [number, string])[]): string {
	return table
		.map(([mask, name]) => `{ 0x${mask.toString(16)}, "${name}" }`)
		.join(", ");
}

function fault_flags(): (readonly [number, string])[] {
	return CONFIG_SPECULATIVE_PAGE_FAULT ?
		[...FAULT_FLAG_TRACE, ...FAULT_FLAG_TRACE_SPECULATIVE] :
		[...FAULT_FLAG_TRACE];
}

/** Port: a function, as it joins strings. */
export function pagefault_events(): trace_event_call[] {
	return [
		...(CONFIG_SPECULATIVE_PAGE_FAULT ? spf_events() : []),
		{
			system: "pagefault",
			name: "page_fault_entry",
			type: TRACE_PAGE_FAULT_ENTRY,
			fields: [
				["unsigned long", "address", 8, 8, false],
				["bool", "user", 16, 1, false],
			],
			print_fmt: '"address=0x%lx user=%s", ' +
				'REC->address, REC->user ? "true" : "false"',
			reg: trace_pagefault_reg,
			unreg: trace_pagefault_unreg,
		},
		{
			system: "pagefault",
			name: "page_fault_exit",
			type: TRACE_PAGE_FAULT_EXIT,
			fields: [
				["unsigned long", "address", 8, 8, false],
				["bool", "user", 16, 1, false],
				["bool", "handled", 17, 1, false],
			],
			print_fmt: '"address=0x%lx user=%s handled=%s", ' +
				'REC->address, REC->user ? "true" : "false", ' +
				'REC->handled ? "true" : "false"',
			reg: trace_pagefault_reg,
			unreg: trace_pagefault_unreg,
		},
		{
			system: "pagefault",
			name: "handle_mm_fault",
			type: TRACE_HANDLE_MM_FAULT,
			fields: [
				["struct mm_struct *", "mm", 8, 8, false],
				["unsigned long", "address", 16, 8, false],
				["unsigned int", "flags", 24, 4, false],
				["unsigned int", "result", 28, 4, false],
			],
			print_fmt: '"mm=%p address=0x%lx flags=%s ' +
				'result=%s", REC->mm, REC->address, ' +
				'__print_flags(REC->flags, "|", ' +
				`${flags_of(fault_flags())}), ` +
				'__print_flags(REC->result, "|", ' +
				`${flags_of(VM_FAULT_RESULT_TRACE)})`,
			reg: trace_handle_mm_fault_reg,
			unreg: trace_handle_mm_fault_unreg,
		},
	];
}
