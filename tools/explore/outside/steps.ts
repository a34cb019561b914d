// SPDX-License-Identifier: GPL-2.0-only
/**
 * A trace in words, for the report and for the page: what each step did, where
 * in the call tree, what its place is called, and which steps one has to see to
 * understand the others.
 */
import type { Failure, TraceEvent } from "./types.ts";

export interface Step {
	event: TraceEvent;
	/** "CPU0", or "RCU" for the thread that runs the callbacks. */
	column: string;
	/** Who: two contexts of one CPU differ. */
	who: string;
	/** Functions, outermost first, without those every system call goes through. */
	calls: string[];
	text: string;
	/** Another context uses the same place, and one of them changes it. */
	shared: boolean;
	/** Of two accesses that the failure is about. */
	conflict: boolean;
	/** Another context ran the step before this one. */
	turn?: "switch" | "preempts";
}

const LOCKS = /^(lock|unlock|trylock|down_|up_|downgrade)/;
const WRITES = /^(write|rmw|cmpxchg|add|commit)$/;

/** Small numbers as people write them, addresses and flags in hex. */
export function number_text(v: number): string {
	if (Number.isNaN(v)) return "?";
	if (!Number.isInteger(v)) return `0x${new BigUint64Array(new Float64Array([v]).buffer)[0].toString(16)}`;
	if (Math.abs(v) < 4096) return String(v);
	return `0x${(v < 0 && v >= -0x80000000 ? v >>> 0 : v).toString(16)}`;
}

export const plain_function = (name: string) => name.replace(/\$\d+$/, "").replace(/^.*\./, "");

/** The way of every instruction and system call into the kernel. */
const ENTRY = new Set(["user_syscall", "do_syscall_64", "sys_call", "user_load8", "user_store8", "mmu_access", "exc_page_fault"]);

function calls_of(e: TraceEvent): string[] {
	const end = e.calls.lastIndexOf(e.func);
	return (end < 0 ? e.calls : e.calls.slice(0, end + 1))
		.map((name, depth) => (depth === 0 && name.startsWith("scenarios") ? "program" : plain_function(name)))
		.filter((name) => name !== "" && !ENTRY.has(name));
}

/** Helpers name their argument; what they do with it, says which field it is. */
function own_name(e: TraceEvent): string {
	if (/[.[]/.test(e.name) || e.name === e.addr.toString(16)) return e.name;
	const inner = e.calls.slice(e.calls.lastIndexOf(e.func) + 1).join(" ");
	if (/mmap_seq/.test(inner)) return `${e.name}.mmap_seq`;
	if (/page_ref|page_count|put_page|get_page/.test(inner)) return `${e.name}._refcount`;
	if (LOCKS.test(e.op) && e.name === "mm") return "mm.mmap_lock";
	return e.name;
}

const field_of = (name: string) => /[^.[\]]+(?:\[\w+\])?$/.exec(name)?.[0];

/**
 * One name for a place, wherever it is used: the one that most steps have for
 * it. Memory is used again: a step that names another field keeps its name.
 */
export function place_names(trace: TraceEvent[]): (e: TraceEvent) => string {
	const votes = new Map<number, Map<string, number>>();
	const strength = (name: string, e: TraceEvent) => (/[.[]/.test(name) ? 1000 : name === e.addr.toString(16) ? 1 : 30);
	for (const e of trace) {
		if (e.op === "free" || e.op === "page" || e.context === "buffer") continue;
		const name = own_name(e);
		const of = votes.get(e.addr) ?? new Map<string, number>();
		votes.set(e.addr, of.set(name, (of.get(name) ?? 0) + strength(name, e)));
	}
	const best = new Map<number, string>();
	for (const [addr, of] of votes) best.set(addr, [...of].reduce((a, b) => (b[1] > a[1] ? b : a))[0]);
	return (e) => {
		const own = own_name(e);
		const common = best.get(e.addr);
		if (common === undefined) return own;
		if (e.op === "free" || e.op === "page" || !/[.[]/.test(own)) return common;
		return field_of(own) === field_of(common) ? common : own;
	};
}

/** What a step did, in as few words as there are. */
export function describe(e: TraceEvent, name: string, writer?: number): string {
	const change = `${name} ${number_text(e.old)} → ${number_text(e.value)}`;
	switch (e.op) {
		case "read": {
			const by = writer === undefined ? "" : `#${writer}, `;
			const stale = e.newest === undefined ? "" : ` ⟵ stale (${by}newest ${number_text(e.newest)})`;
			return `${name} is ${number_text(e.value)}${stale}`;
		}
		case "commit": return `commit ${name}=${number_text(e.value)}`;
		case "write": case "rmw": case "add": return change;
		case "cmpxchg": return e.failed ? `cmpxchg ${name} fails, is ${number_text(e.old)}` : change;
		case "begin": return "interrupt";
		case "end": return "end of interrupt";
		case "await": return "wait until something changes";
		case "mb": return "full barrier";
		case "free": return `${name} is freed`;
		case "page": return `page at 0x${e.addr.toString(16)} changes hands`;
		case "rcu_read_lock": case "rcu_read_unlock": case "call_rcu": case "irq_off": case "irq_on": return e.op;
		case "gp_start": return "grace period begins";
		case "gp_end": return "grace period ends";
		case "rcu_take": return "takes callbacks";
		default: return `${e.op} ${LOCKS.test(e.op) ? name : ""}${e.failed ? " fails" : ""}`.replace(/ +/g, " ").trimEnd();
	}
}

/** A store buffer's commits are those of its CPU. */
const who_of = (e: TraceEvent) => `${e.context === "buffer" ? "task" : e.context}${e.cpu}`;

/** By address: who reads, who changes, who locks, and from which step on it is freed. */
class Uses {
	readonly readers = new Set<string>();
	readonly writers = new Set<string>();
	readonly lockers = new Set<string>();
	freed = Infinity;
	add(e: TraceEvent): void {
		const who = who_of(e);
		if (e.op === "free" || e.op === "page") this.freed = Math.min(this.freed, e.step);
		else if (LOCKS.test(e.op)) this.lockers.add(who);
		else (WRITES.test(e.op) ? this.writers : this.readers).add(who);
	}
}
const others = (set: Set<string>, who: string) => set.size > (set.has(who) ? 1 : 0);

function is_shared(e: TraceEvent, u: Uses, grace: boolean, interrupted: Set<number>): boolean {
	const who = who_of(e);
	if (LOCKS.test(e.op)) return others(u.lockers, who);
	if (e.op === "read") return e.newest !== undefined || others(u.writers, who) || u.freed < e.step;
	if (WRITES.test(e.op)) return others(u.writers, who) || others(u.readers, who) || u.freed < e.step;
	if (e.op === "free") return others(u.writers, who) || others(u.readers, who);
	if (e.op === "page") return false;
	if (e.op === "rcu_read_lock" || e.op === "rcu_read_unlock") return grace;
	if (e.op === "irq_off" || e.op === "irq_on") return interrupted.has(e.cpu);
	return true;
}

/** Allocators share words all the time; that is seldom what a failure is about. */
const BACKGROUND = /^(__alloc_pages|free_unref_page|__free_pages|kmem_cache_alloc|kmem_cache_free|slab_alloc|__cache_free)$/;
export function is_background(e: TraceEvent): boolean {
	return e.op !== "free" && e.calls.some((name) => BACKGROUND.test(plain_function(name)));
}

/** Steps of one line of the source that do the same to a word each. */
const RUN = 3;
function gather_runs(steps: Step[]): void {
	const shown = steps.filter((s) => s.shared);
	const same = (a: Step, b: Step) =>
		a.who === b.who && a.event.op === b.event.op && a.event.file === b.event.file && a.event.line === b.event.line &&
		/^(read|free)$/.test(b.event.op) && b.event.newest === undefined && !b.conflict && b.turn === undefined;
	for (let i = 0, end = 0; i < shown.length; i = end) {
		for (end = i + 1; end < shown.length && same(shown[i], shown[end]); ) end++;
		if (end - i < RUN || shown[i].conflict || shown[i].event.newest !== undefined) continue;
		for (const s of shown.slice(i + 1, end)) s.shared = false;
		/* The base of the fields: what is copied or freed as one. */
		const base = shown[i].event.op === "read" ? own_name(shown[i].event) : shown[i].text.replace(/\.\w+ is freed$/, "");
		shown[i].text = `${base}: ${end - i} words ${shown[i].event.op === "read" ? "are read" : "are freed"}`;
	}
}

/** The two accesses that the failure is about. At its end only allocators may have met. */
export function conflict_of(f: Pick<Failure, "trace" | "conflict" | "kind">): TraceEvent[] {
	const pair = (f.conflict ?? []).map((step) => f.trace.find((e) => e.step === step)).filter((e) => e !== undefined);
	return f.kind === "check" && pair.some(is_background) ? [] : pair;
}

export function steps_of(f: Pick<Failure, "trace" | "conflict" | "kind">): Step[] {
	const { trace } = f;
	const name = place_names(trace);
	const pair = conflict_of(f);
	const uses = new Map<number, Uses>();
	for (const e of trace) {
		const u = uses.get(e.addr) ?? new Uses();
		uses.set(e.addr, u);
		u.add(e);
	}
	const grace = trace.some((e) => e.op === "gp_start" || e.op === "call_rcu");
	const interrupted = new Set(trace.filter((e) => e.context === "irq").map((e) => e.cpu));
	/* Callbacks after all programs have ended are no part of a check's story. */
	const story = f.kind === "check" ? trace.findLastIndex((e) => e.context !== "rcu") : trace.length - 1;
	const writes = new Map<number, TraceEvent>();
	const steps = trace.map((e, i): Step => {
		const before = trace[i - 1];
		const last = writes.get(e.addr);
		/* It may have been written before the trace begins. */
		const writer = e.newest !== undefined && last?.value === e.newest ? last.step : undefined;
		if (WRITES.test(e.op) && !e.failed) writes.set(e.addr, e);
		const conflict = pair.includes(e);
		return {
			event: e,
			column: e.context === "rcu" ? "RCU" : `CPU${e.cpu}`,
			who: `${e.context}${e.cpu}`,
			calls: calls_of(e),
			text: describe(e, name(e), writer),
			shared: conflict || (i === story && f.kind !== "check") || (i <= story && !is_background(e) && is_shared(e, uses.get(e.addr) as Uses, grace, interrupted)),
			conflict,
			turn: before && (before.cpu !== e.cpu || before.context !== e.context) ? (e.preempts ? "preempts" : "switch") : undefined,
		};
	});
	gather_runs(steps);
	return steps;
}

/** Columns, in the order in which they are drawn. */
export function columns_of(steps: Step[]): string[] {
	const cpus = [...new Set(steps.filter((s) => s.event.context !== "rcu").map((s) => s.event.cpu))].sort((a, b) => a - b);
	return [...cpus.map((c) => `CPU${c}`), ...(steps.some((s) => s.column === "RCU") ? ["RCU"] : [])];
}
