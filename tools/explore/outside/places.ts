// SPDX-License-Identifier: GPL-2.0-only
/** What came out of a bundle, in terms of its sources. */
import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { here } from "../../lib/root.ts";
import type { RawEvent, SessionFailure } from "../protocol.ts";
import { is_background } from "./steps.ts";
import { name_of_access } from "./source.ts";
import type { Failure, TraceEvent } from "./types.ts";

export function failure_of(sources: Sources, f: SessionFailure, trace: TraceEvent[], replay: string): Failure {
	const where = innermost(sources, f.stack, f.kind === "lockdep");
	const last = trace.at(-1);
	return {
		kind: f.kind as Failure["kind"],
		/* The kernel has __FILE__ and __LINE__ for this one. */
		text: f.text.replace("from invalid context", where ? `$& at ${where.file}:${where.line}` : "$&"),
		func: where?.func ?? last?.func ?? "",
		file: where?.file ?? last?.file ?? "",
		line: where?.line ?? last?.line ?? 0,
		trace,
		replay,
		preemptions: trace.filter((e) => e.preempts).length,
		minimised: false,
		conflict: conflict_of(f, trace),
		waits: f.waits,
		places: f.places?.flatMap(({ what, stack }) => {
			const at = innermost(sources, stack, true);
			return at ? [{ what, func: at.func, file: at.file, line: at.line }] : [];
		}),
	};
}

/** Who complains, and who is asked whether something is wrong, is not what is wrong. */
const COMPLAINTS = /kernel\/panic\.ts|explore\/inside\/scenario\.ts|linux\/bug\.ts/;
/** A lock is where it is used. */
const LOCKING = /^include\/linux\/(spinlock|lockdep|rwsem|mmap_lock|irqflags)\.ts|^kernel\/locking\//;
function innermost(sources: Sources, stack: string, locks = false): Frame | undefined {
	return sources.frames(stack).find((x) =>
		!COMPLAINTS.test(x.file) && !(locks && LOCKING.test(x.file)) && !/^(__)?might_sleep(_if)?$/.test(x.func));
}

/**
 * A read, and the write that overtook it: the first one after the last
 * preemption that changes what the preempted context had read before.
 */
function overtaken(trace: TraceEvent[]): [number, number] | undefined {
	const at = trace.findLastIndex((e) => e.preempts);
	if (at <= 0) return;
	const { cpu, context } = trace[at - 1];
	const reads = new Map<number, number>();
	for (let i = 0; i < at; i++) if (trace[i].cpu === cpu && trace[i].context === context && trace[i].op === "read") reads.set(trace[i].addr, i);
	for (let i = at; i < trace.length; i++) {
		const e = trace[i];
		const read = reads.get(e.addr);
		const other = e.cpu !== cpu || e.context !== context;
		if (read !== undefined && other && /^(write|rmw|cmpxchg|add|commit)$/.test(e.op) && !e.failed && !is_background(e)) return [read, i];
	}
}

/** The two accesses that a failure is about: those that race, else a read and what overtook it, else the last two that conflict. */
function conflict_of(f: SessionFailure, trace: TraceEvent[]): [number, number] | undefined {
	const { access, other } = f;
	if (access !== undefined && other !== undefined && trace[access] && trace[other])
		return access < other ? [access, other] : [other, access];
	const pair = f.kind === "check" || f.kind === "warning" ? overtaken(trace) : undefined;
	if (pair) return pair;
	for (let late = trace.length - 1; late >= 0; late--) {
		const b = trace[late];
		for (let early = late - 1; early >= 0; early--) {
			const a = trace[early];
			if (a.addr !== b.addr || a.addr === 0 || (a.cpu === b.cpu && a.context === b.context)) continue;
			if (/^(read|mb|rcu|await)/.test(a.op) && /^(read|mb|rcu|await)/.test(b.op)) continue;
			if (/lock|down|up_/.test(a.op) && /lock|down|up_/.test(b.op)) continue;
			return [early, late];
		}
	}
}

interface Frame {
	func: string;
	file: string;
	line: number;
	column: number;
}

/** From places in a bundle to places in the sources. */
export class Sources {
	#map: SourceMap;
	#dir: string;
	/** Where the sources are: of a mutant, its own. */
	readonly root: string;
	constructor(private readonly bundle: string) {
		const [copy] = /^.*\/build\/mutants\/[^/]+\/src(?=\/)/.exec(bundle) ?? [];
		this.root = copy ?? here();
		this.#map = new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, "utf8")));
		this.#dir = dirname(bundle);
	}
	/** Innermost first, without the machine's own. */
	frames(stack: string): Frame[] {
		const out: Frame[] = [];
		for (const line of stack.split("\n")) {
			const [, func, at, row, column] = /^\s+at (?:(\S+) \()?(.*?):(\d+):(\d+)\)?$/.exec(line) ?? [];
			if (at === undefined || !at.includes(this.bundle)) continue;
			const entry = this.#map.findEntry(Number(row) - 1, Number(column) - 1) as { originalSource?: string; originalLine?: number; originalColumn?: number };
			if (!entry.originalSource) continue;
			const file = relative(this.root, resolve(this.#dir, entry.originalSource));
			if (file.startsWith("arch/host/stepper/") || file === "tools/explore/inside/session.ts") continue;
			out.push({ func: func === undefined || func.includes("<anonymous>") ? "program" : func, file, line: (entry.originalLine ?? 0) + 1, column: (entry.originalColumn ?? 0) + 1 });
		}
		return out;
	}
	trace(events: RawEvent[]): TraceEvent[] {
		return events.map((e, step): TraceEvent => {
			const frames = this.frames(e.stack);
			/* Who uses a primitive says more than the primitive. */
			const top = frames.find((x) => !PRIMITIVES.test(x.file)) ?? frames[0];
			return {
				step,
				cpu: e.cpu,
				context: e.context_kind,
				op: e.context_kind === "buffer" ? "commit" : e.kind,
				name: top ? name_of_access(join(this.root, top.file), top.line, top.column, e.addr) : e.addr.toString(16),
				addr: e.addr,
				old: e.old,
				value: e.failed ? e.old : e.value,
				newest: e.stale ?? undefined,
				failed: e.failed,
				func: top?.func ?? "",
				file: top?.file ?? "",
				line: top?.line ?? 0,
				/* A commit is in no function: its place is that of its store. */
				calls: e.context_kind === "buffer" ? [] : frames.map((x) => x.func).reverse(),
				preempts: e.could_go_on,
				state: e.state as TraceEvent["state"],
			};
		});
	}
}
const PRIMITIVES = /^include\/linux\/(spinlock|rwsem|atomic|rcupdate|irqflags|mmap_lock|page_ref|refcount)\.ts|^kernel\/(locking|rcu)/;
