// SPDX-License-Identifier: GPL-2.0-only
/** Hand-made traces for the tests of the report and of the page. */
import type { Decoder } from "../protocol.ts";
import type { Failure, Result, TraceEvent } from "./types.ts";

/** Events in their order; what is left out is nothing special. */
export function trace(...events: Partial<TraceEvent>[]): TraceEvent[] {
	return events.map((e, step) => ({
		step,
		cpu: 0,
		context: "task",
		phase: "run",
		op: "read",
		name: "x",
		addr: 4,
		old: 0,
		value: 0,
		failed: false,
		func: "f",
		file: "kernel/mm/memory.ts",
		line: 10 + step,
		calls: ["program", e.func ?? "f"],
		preempts: false,
		...e,
	}));
}
export function failure(events: TraceEvent[], more: Partial<Failure> = {}): Failure {
	return {
		kind: "check",
		text: "check failed: a page is mapped after munmap",
		func: "final_check",
		file: "tools/explore/inside/final.ts",
		line: 87,
		calls: ["final_check"],
		trace: events,
		replay: "spf1:AAAA",
		preemptions: 1,
		minimised: true,
		...more,
	};
}
export function result(more: Partial<Result> = {}): Result {
	return {
		scenario: "fault-munmap",
		model: "sc",
		arch: "x86",
		cpus: 2,
		executions: 642,
		blocked: 0,
		bound: null,
		exhausted: true,
		strategy: "dpor",
		failures: 0,
		seconds: 2,
		...more,
	};
}
/** Some of the kernel's bits; a test of decoder.ts compares them with its own. */
export const DECODER: Decoder = {
	flags: {
		vm_flags: [
			["READ", 1],
			["WRITE", 2],
			["EXEC", 4],
			["SHARED", 8],
			["MAYREAD", 0x10],
			["LOCKED", 0x2000],
			["ACCOUNT", 0x100000],
		],
		gfp: [
			["IO", 0x40],
			["FS", 0x80],
			["ZERO", 0x100],
		],
		page_flags: [
			["locked", 1],
			["slab", 0x200],
		],
	},
	pte_bits: [
		[1, "", "!P"],
		[2, "RW", "RO"],
		[4, "", "!US"],
		[0x20, "A", ""],
		[0x40, "D", ""],
		[0x800, "NX", ""],
	],
	pfn_mask: ~0xfff,
	page_shift: 12,
	entry_functions: ["do_syscall_64", "exc_page_fault"],
	percpu: { base: 0x10000, stride: 0x1000, cpus: 4 },
};
/** A reader is overtaken by a writer between its two looks at a sequence. */
export function overtaken(): TraceEvent[] {
	const seq = { name: "mm.mmap_seq", addr: 8 };
	const pte = { name: "ptep.pte", addr: 12, func: "set_pte_at" };
	return trace(
		{ ...seq, value: 40, old: 40, func: "__pte_map_lock" },
		{ name: "mine", addr: 16, func: "__pte_map_lock" },
		{ ...seq, cpu: 1, op: "write", old: 40, value: 41, func: "__vm_munmap", preempts: true },
		{ ...pte, cpu: 1, op: "write", old: 0xf0867, value: 0, func: "zap_pte_range" },
		{ ...pte, op: "write", old: 0, value: 0xf1867 },
	);
}
