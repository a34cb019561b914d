// SPDX-License-Identifier: GPL-2.0-only
/**
 * A trace in words, for the report and for the page: what each step did, where
 * in the call tree, what its place is called, and which steps one has to see to
 * understand the others.
 */
import type { Decoder, MemoryObject, TraceEvent } from "../protocol.ts";
import { describe, LOCKS, WRITES } from "./describe.ts";
import { fold_ipis, fold_words } from "./fold.ts";
import type { Failure } from "./types.ts";

export interface Step {
	event: TraceEvent;
	/** "CPU0", or "RCU" for the thread that runs the callbacks. */
	column: string;
	/** Who: two contexts of one CPU differ, and so do a program and the check after it. */
	who: string;
	/** Functions, outermost first, without those every system call goes through. */
	calls: string[];
	text: string;
	/** What happens from here to step `last`, in one line; those in between are not shown. */
	folded?: { text: string; calls: string[]; last: number };
	/** Another context uses the same place, and one of them changes it. */
	shared: boolean;
	/** Unless all are asked for. */
	shown: boolean;
	/** Of the accesses that the failure is about. */
	conflict: boolean;
	/** Another context ran the step before this one. */
	turn?: "switch" | "preempts";
}

export const plain_function = (name: string) => name.replace(/^.*\./, "");

/** The way of every instruction and system call into the kernel. */
const ENTRY = new Set(["user_syscall", "sys_call", "user_load8", "user_store8", "mmu_access"]);

export function calls_of(e: Pick<TraceEvent, "calls" | "func">, d: Decoder | undefined): string[] {
	const end = e.calls.lastIndexOf(e.func);
	return (end < 0 ? e.calls : e.calls.slice(0, end + 1))
		.map((name, depth) => (depth === 0 && name.startsWith("scenarios") ? "program" : plain_function(name)))
		.filter((name) => name !== "" && !ENTRY.has(name) && !d?.entry_functions.includes(name));
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

const field_of = (name: string) => /[^.[\]]+(?:\[[^\]]*\])?$/.exec(name)?.[0];

/**
 * One name for a place, wherever it is used: the one that most steps have for
 * it. Memory is used again: a step that names another field keeps its name.
 */
export function place_names(trace: TraceEvent[]): (e: TraceEvent) => string {
	const votes = new Map<number, Map<string, number>>();
	const strength = (name: string, e: TraceEvent) =>
		/[.[]/.test(name) ? 1000 : name === e.addr.toString(16) ? 1 : 30;
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
		if (common === undefined) return e.op === "free" || e.op === "page" ? `0x${e.addr.toString(16)}` : own;
		if (e.op === "free" || e.op === "page" || !/[.[]/.test(own)) return common;
		return field_of(own) === field_of(common) ? common : own;
	};
}

/** "CPU1", and which of its contexts. */
export function who_text({ cpu, context }: Pick<TraceEvent, "cpu" | "context">): string {
	return context === "task" ? `CPU${cpu}` : context === "rcu" ? "RCU" : `CPU${cpu} (${context})`;
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

interface Story {
	uses: Map<number, Uses>;
	/** By page. */
	users: Map<number, Set<string>>;
	/** Grace periods have a part in it, and interrupts of these CPUs. */
	grace: boolean;
	interrupted: Set<number>;
}
const page_of = (addr: number) => Math.floor(addr / 4096);

function is_shared(e: TraceEvent, { uses, users, grace, interrupted }: Story): boolean {
	const who = who_of(e);
	const u = uses.get(e.addr) as Uses;
	if (e.op === "page") return others(users.get(page_of(e.addr)) as Set<string>, who);
	if (LOCKS.test(e.op)) return others(u.lockers, who);
	if (e.op === "read") return e.newest !== undefined || others(u.writers, who) || u.freed < e.step;
	if (WRITES.test(e.op)) return others(u.writers, who) || others(u.readers, who) || u.freed < e.step;
	if (e.op === "free") return others(u.writers, who) || others(u.readers, who);
	if (e.op === "rcu_read_lock" || e.op === "rcu_read_unlock") return grace;
	if (e.op === "irq_off" || e.op === "irq_on" || e.op === "store") return interrupted.has(e.cpu);
	return true;
}

/** Allocators share words all the time; that is seldom what a failure is about. */
const BACKGROUND =
	/^(__alloc_pages|free_unref_page|__free_pages|kmem_cache_alloc|kmem_cache_free|slab_alloc|__cache_free)$/;
export function is_background(e: TraceEvent): boolean {
	return e.op !== "free" && e.calls.some((name) => BACKGROUND.test(plain_function(name)));
}

/** Who asks whether an allocation is to fail; one of them is told so. */
const INJECTED = /^should_fail/;

/** The steps that the failure is about. At its end only allocators may have met. */
export function conflict_of(f: Pick<Failure, "trace" | "conflict" | "kind">): TraceEvent[] {
	const found = (f.conflict ?? [])
		.map((step) => f.trace.find((e) => e.step === step))
		.filter((e) => e !== undefined);
	return f.kind === "check" && found.some(is_background) ? [] : found;
}

export function steps_of(f: Pick<Failure, "trace" | "conflict" | "kind" | "decoder" | "about" | "memory">): Step[] {
	const { trace, decoder } = f;
	const name = place_names(trace);
	const pair = conflict_of(f);
	const story: Story = {
		uses: new Map(),
		users: new Map(),
		grace: trace.some((e) => e.op === "gp_start" || e.op === "call_rcu"),
		interrupted: new Set(trace.filter((e) => e.context === "irq").map((e) => e.cpu)),
	};
	for (const e of trace) {
		const u = story.uses.get(e.addr) ?? new Uses();
		const users = story.users.get(page_of(e.addr)) ?? new Set();
		story.uses.set(e.addr, u);
		story.users.set(page_of(e.addr), users.add(who_of(e)));
		u.add(e);
	}
	/* Callbacks after all programs have ended are no part of a check's story. */
	const last = f.kind === "check" ? trace.findLastIndex((e) => e.context !== "rcu") : trace.length - 1;
	const about = new Set((f.about ?? []).map((s) => s.addr));
	const writes = new Map<number, TraceEvent>();
	const steps = trace.map((e, i): Step => {
		const before = trace[i - 1];
		const write = writes.get(e.addr);
		/* It may have been written before the trace begins. */
		const writer = e.newest !== undefined && write?.value === e.newest ? write.step : undefined;
		if (WRITES.test(e.op) && !e.failed) writes.set(e.addr, e);
		const conflict = pair.includes(e);
		const injected = e.op === "write" && INJECTED.test(e.func);
		const shared =
			conflict ||
			injected ||
			e.phase !== "run" ||
			(i === last && f.kind !== "check") ||
			(i <= last && !is_background(e) && is_shared(e, story)) ||
			(about.has(e.addr) && (LOCKS.test(e.op) || WRITES.test(e.op)));
		return {
			event: e,
			column: e.context === "rcu" ? "RCU" : `CPU${e.cpu}`,
			who: `${e.phase === "run" ? "" : e.phase}${e.context}${e.cpu}`,
			calls: calls_of(e, decoder),
			text:
				f.memory?.object && conflict
					? freed_text(f.memory.object)
					: injected
						? "this allocation is told to fail"
						: describe(e, name(e), decoder, writer),
			shared,
			shown: shared,
			conflict,
			turn:
				before && (before.cpu !== e.cpu || before.context !== e.context)
					? e.preempts
						? "preempts"
						: "switch"
					: undefined,
		};
	});
	fold_ipis(steps, (addr) => cpu_of(addr, decoder));
	fold_words(steps, (s) => (s.event.op === "read" ? own_name(s.event) : s.text.replace(/\.\w+ is freed$/, "")));
	return steps;
}
/** Where memory is taken away that is used later. */
const freed_text = (o: MemoryObject) =>
	`${o.cache === undefined ? `the page at 0x${o.start.toString(16)}` : `the ${o.cache} at 0x${o.start.toString(16)}`} is taken away`;
/** Whose per-CPU data an address is in. */
function cpu_of(addr: number, d: Failure["decoder"]): number | undefined {
	const cpu = d ? Math.floor((addr - d.percpu.base) / d.percpu.stride) : -1;
	return d && cpu >= 0 && cpu < d.percpu.cpus ? cpu : undefined;
}

/** Columns, in the order in which they are drawn. */
export function columns_of(steps: Step[]): string[] {
	const cpus = [...new Set(steps.filter((s) => s.event.context !== "rcu").map((s) => s.event.cpu))].sort(
		(a, b) => a - b,
	);
	return [...cpus.map((c) => `CPU${c}`), ...(steps.some((s) => s.column === "RCU") ? ["RCU"] : [])];
}
