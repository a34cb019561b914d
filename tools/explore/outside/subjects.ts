// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a failure is about, with its history: memory that KASAN forbids or that
 * is left over, locks that are still held, counts that do not balance.
 */
import type { Allocation, BadAccess, MemoryObject, Place, Subject, TraceEvent } from "../protocol.ts";
import { LOCKS, value_text, WRITES } from "./describe.ts";
import { plain_function, who_text } from "./steps.ts";
import type { Failure } from "./types.ts";

const hex = (v: number) => `0x${v.toString(16)}`;
/** Frames of a stack that are printed. */
const FRAMES = 6;

/** A place and the way there, innermost first; `from`: without the functions inside of that one. */
export function place_lines(p: Place, indent: string, frames = FRAMES): string[] {
	const calls = p.calls.map(plain_function).filter(Boolean).reverse();
	const from = Math.max(0, calls.indexOf(plain_function(p.func)));
	const shown = calls.slice(from, from + frames);
	if (!p.file) return [];
	return [
		`${indent}${p.file}:${p.line}`,
		...(shown.length > 0 ? [`${indent}${shown.map((c) => `${c}()`).join(" ← ")}`] : []),
	];
}

function when(a: { phase: Allocation["phase"]; step: number }): string {
	return a.phase === "setup"
		? "in the set-up"
		: a.phase === "check"
			? "after all programs have ended"
			: `before #${a.step}`;
}
function object_lines(o: MemoryObject): string[] {
	const last = (what: Allocation["what"]) => o.history.findLast((a) => a.what === what);
	const freed = o.history.at(-1)?.what === "free" ? last("free") : undefined;
	const allocated = last("alloc");
	return [
		...(allocated
			? [
					`  allocated by ${who_text(allocated)}, ${when(allocated)}`,
					...place_lines(allocated, "      "),
				]
			: ["  it was allocated when the machine booted"]),
		...(freed ? [`  freed by ${who_text(freed)}, ${when(freed)}`, ...place_lines(freed, "      ")] : []),
	];
}
export function object_name(o: MemoryObject): string {
	if (o.cache !== undefined) return `an object of ${o.size} bytes of the cache ${o.cache}, ${hex(o.start)}`;
	const order = Math.log2(o.size / 4096);
	return `${order === 0 ? "a page" : `pages of order ${order}`}, ${hex(o.start)} (pfn ${hex(o.start / 4096)})`;
}
export function access_lines(a: BadAccess | undefined): string[] {
	if (!a) return [];
	const what = a.name && /\D/.test(a.name) ? `${a.name}, ${a.size} bytes` : `${a.size} bytes`;
	if (!a.object) return [`${what} at ${hex(a.addr)}: in nothing that was allocated since the machine booted`, ""];
	return [
		`${what} at offset ${a.addr - a.object.start} of ${object_name(a.object)}:`,
		...object_lines(a.object),
		"",
	];
}
/** More of them say little more. */
const LEAKED = 3;
export function leak_lines(leaked: MemoryObject[] = []): string[] {
	const lines = leaked.slice(0, LEAKED).flatMap((o) => [`left over: ${object_name(o)}`, ...object_lines(o)]);
	if (leaked.length > LEAKED) lines.push(`and ${leaked.length - LEAKED} more`);
	return lines.length > 0 ? [...lines, ""] : [];
}

/** Who took a lock and did not let go of it. */
export function holders(trace: TraceEvent[], addr: number): TraceEvent[] {
	let held: TraceEvent[] = [];
	for (const e of trace) {
		if (e.addr !== addr || e.failed) continue;
		const mine = (x: TraceEvent) => x.cpu === e.cpu && x.context === e.context;
		if (/^(unlock|up_)/.test(e.op) || e.op === "commit" || e.op === "downgrade") {
			const last = held.findLast(mine);
			held = held.filter((x) => x !== last);
		}
		if (LOCKS.test(e.op) && !/^(unlock|up_)/.test(e.op)) held.push(e);
	}
	return held;
}
function lock_lines(s: Subject, trace: TraceEvent[]): string[] {
	const by = holders(trace, s.addr);
	if (by.length === 0) return [`${s.name} (at ${hex(s.addr)}) is held; it was taken before the first step`, ""];
	const held = (e: TraceEvent) =>
		`${s.name} (at ${hex(s.addr)}) is held by ${who_text(e)}, which took it in #${e.step} (${e.op}):`;
	return [...by.flatMap((e) => [held(e), ...place_lines(e, "      ")]), ""];
}
/** Changes of a count that are printed: the last ones. */
const CHANGES = 16;
function count_lines(s: Subject, f: Failure): string[] {
	const changes = f.trace.filter(
		(e) =>
			e.addr === s.addr &&
			WRITES.test(e.op) &&
			!e.failed &&
			e.phase === "run" &&
			(e.old !== e.value || e.op !== "write"),
	);
	if (changes.length === 0) return [`${s.name}: no step of this schedule changed it`, ""];
	const shown = changes.slice(-CHANGES);
	const name = s.name.replace(/ (of|at) .*/, "");
	const rows = shown.map((e) => {
		const calls = e.calls.map(plain_function).filter(Boolean).reverse();
		const way = calls
			.slice(Math.max(0, calls.indexOf(plain_function(e.func))))
			.slice(0, 3)
			.map((c) => `${c}()`)
			.join(" ← ");
		return [
			`#${e.step}`,
			who_text(e),
			`${value_text(name, e.old, f.decoder)} → ${value_text(name, e.value, f.decoder)}`,
			`${way}${e.file ? ` ${e.file}:${e.line}` : ""}`,
		];
	});
	const wide = [0, 1, 2].map((i) => Math.max(...rows.map((r) => r[i].length)));
	const hidden = changes.length > shown.length ? `, the last ${shown.length} of ${changes.length}` : "";
	return [
		`changes of ${s.name}${hidden}:`,
		...rows.map(
			(r) =>
				`  ${r
					.slice(0, 3)
					.map((c, i) => c.padEnd(wide[i]))
					.join("  ")}  ${r[3]}`,
		),
		"",
	];
}
/** What is said of it, and where it was noticed. */
export const failure_lines = (f: Failure): string[] => [
	...f.text.split("\n"),
	...(f.file ? [`in ${f.func ? `${plain_function(f.func)}(), ` : ""}${f.file}:${f.line}`] : []),
];
export function subject_lines(f: Failure): string[] {
	return (f.about ?? []).flatMap((s) => (s.kind === "lock" ? lock_lines(s, f.trace) : count_lines(s, f)));
}
