// SPDX-License-Identifier: GPL-2.0-only
/** What came out of a bundle, in terms of its sources. */
import type {
	Allocation,
	Decoder,
	MemoryObject,
	Place,
	RawAllocation,
	RawEvent,
	SessionFailure,
	TraceEvent,
} from "../protocol.ts";
import { WRITES } from "./describe.ts";
import { is_background } from "./steps.ts";
import type { Failure } from "./types.ts";

/** Those who say that something is wrong, which is not where it is wrong. */
const MESSENGERS = /kernel\/panic\.ts|explore\/inside\/scenario\.ts|linux\/bug\.ts/;
const PRIMITIVES =
	/^include\/linux\/(smp|spinlock|lockdep|rwsem|atomic|rcupdate|irqflags|mmap_lock|page_ref)\.ts|^kernel\/(locking|rcu)/;

export function failure_of(
	sources: Sources,
	f: SessionFailure,
	trace: TraceEvent[],
	replay: string,
	decoder?: Decoder,
): Failure {
	const where = sources.place(f.stack, f.kind === "lockdep" ? PRIMITIVES : MESSENGERS);
	const last = trace.at(-1);
	return {
		kind: f.kind,
		/* The kernel has __FILE__ and __LINE__ for this one. */
		text: f.text.replace("from invalid context", where.file ? `$& at ${where.file}:${where.line}` : "$&"),
		...(where.file || !last
			? where
			: { func: last.func, file: last.file, line: last.line, calls: last.calls }),
		at: f.at,
		trace,
		replay,
		preemptions: trace.filter((e) => e.preempts).length,
		minimised: false,
		conflict: conflict_of(f, trace),
		waits: f.waits,
		about: f.about,
		memory: f.memory && {
			...f.memory,
			name: sources.access_name(f.stack, f.memory.addr),
			object: f.memory.object && object_of(sources, f.memory.object),
		},
		leaked: f.leaked?.map((x) => object_of(sources, x)),
		places: f.places
			?.filter((p) => p.stack !== "")
			.map(({ what, stack }) => ({ what, ...sources.place(stack) })),
		decoder,
	};
}

/** An execution of which nothing is wrong, in terms of one that fails. */
export const no_failure = (trace: TraceEvent[], replay: string, decoder?: Decoder): Failure => ({
	kind: "",
	text: "",
	func: "",
	file: "",
	line: 0,
	calls: [],
	trace,
	replay,
	preemptions: 0,
	minimised: false,
	decoder,
});

function object_of(sources: Sources, o: MemoryObject<RawAllocation>): MemoryObject {
	const placed = ({ stack, ...rest }: RawAllocation): Allocation => ({
		...rest,
		...sources.place(stack, ALLOCATORS),
	});
	return { ...o, history: o.history.map(placed) };
}
/** Who asked for memory is outside of these. */
const ALLOCATORS = /^kernel\/mm\/(kasan|slab|page_alloc)\.ts|^include\/linux\/(kasan|slab|gfp)\.ts/;

/**
 * A read, and the write that overtook it: the first one after the last
 * preemption that changes what the preempted context had read before.
 */
function overtaken(trace: TraceEvent[]): [number, number] | undefined {
	const at = trace.findLastIndex((e) => e.preempts);
	if (at <= 0) return;
	const { cpu, context } = trace[at - 1];
	const reads = new Map<number, number>();
	for (let i = 0; i < at; i++)
		if (trace[i].cpu === cpu && trace[i].context === context && trace[i].op === "read")
			reads.set(trace[i].addr, i);
	for (let i = at; i < trace.length; i++) {
		const e = trace[i];
		const read = reads.get(e.addr);
		const other = e.cpu !== cpu || e.context !== context;
		const writes = e.phase === "run" && WRITES.test(e.op) && !e.failed && !is_background(e);
		if (read !== undefined && other && writes) return [read, i];
	}
}

/**
 * The steps that a failure is about: where memory was taken away, or the accesses
 * that race, else a read and what overtook it, else the last two that conflict.
 */
function conflict_of(f: SessionFailure, trace: TraceEvent[]): number[] | undefined {
	if (f.memory) {
		const { addr } = f.memory;
		const taken = (e: TraceEvent) =>
			e.op === "free"
				? e.addr === addr - (addr % 4)
				: e.op === "page" && e.addr === addr - (addr % 4096);
		const freed = trace.findLastIndex(taken);
		return freed < 0 ? undefined : [freed];
	}
	const { access = trace.length - 1, other } = f;
	if (other !== undefined && trace[other] && trace[access])
		return access < other ? [access, other] : [other, access];
	const pair = f.kind === "check" || f.kind === "warning" ? overtaken(trace) : undefined;
	if (pair) return pair;
	if (f.at?.phase === "check" || f.at?.phase === "setup" || f.kind === "lockdep") return;
	for (let late = trace.length - 1; late >= 0; late--) {
		const b = trace[late];
		for (let early = late - 1; early >= 0; early--) {
			const a = trace[early];
			if (a.addr !== b.addr || a.addr <= 0 || (a.cpu === b.cpu && a.context === b.context)) continue;
			if (/^(read|mb|rcu|await)/.test(a.op) && /^(read|mb|rcu|await)/.test(b.op)) continue;
			if (/lock|down|up_/.test(a.op) && /lock|down|up_/.test(b.op)) continue;
			return [early, late];
		}
	}
}

/** What a bundle was made of. Files are named from the top of its tree. */
export interface Origins {
	/** How stacks call the bundle. */
	bundle: string;
	/** Where a place in it comes from; all are counted from 1. */
	find(line: number, column: number): { file: string; line: number; column: number } | undefined;
	/** What the source calls what is accessed there. */
	name_of(file: string, line: number, column: number): string | undefined;
	lines_of(file: string): readonly string[];
}

interface Frame {
	func: string;
	file: string;
	line: number;
	column: number;
}

/** From places in a bundle to places in the sources. */
export class Sources {
	constructor(private readonly origins: Origins) {}
	/** Innermost first, without the machine's own. */
	frames(stack: string): Frame[] {
		const out: Frame[] = [];
		for (const line of stack.split("\n")) {
			const [, func, at, row, column] = /^\s+at (?:(\S+) \()?(.*?):(\d+):(\d+)\)?$/.exec(line) ?? [];
			if (at === undefined || !at.includes(this.origins.bundle)) continue;
			const place = this.origins.find(Number(row), Number(column));
			if (!place || place.file.startsWith("arch/host/stepper/") || MACHINE.test(place.file)) continue;
			const named = func !== undefined && !func.includes("<anonymous>");
			/* Two of one name in a bundle: the bundler has given one of them a number. */
			const name = named ? func.replace(/\$\d+$/, "") : this.#unnamed(place.file, place.line);
			out.push({ ...place, func: name });
		}
		return out;
	}
	#unnamed(file: string, line: number): string {
		const program = file.startsWith("tools/explore/inside/scenarios/");
		return (program ? undefined : enclosing(this.origins.lines_of(file), line)) ?? "program";
	}
	/** Where a stack was made; `but` for files that are not meant. */
	place(stack: string, but = PRIMITIVES): Place {
		const frames = this.frames(stack);
		const top = frames.find((x) => !but.test(x.file) && !ASKS.test(x.func)) ?? frames[0];
		const calls = frames.map((x) => x.func).reverse();
		return { func: top?.func ?? "", file: top?.file ?? "", line: top?.line ?? 0, calls };
	}
	trace(events: RawEvent[]): TraceEvent[] {
		return events.map(({ stack, ...e }): TraceEvent => {
			const but = e.op === "free" || e.op === "page" ? ALLOCATORS : PRIMITIVES;
			const place = this.place(stack, but);
			/* A commit is in no function: its place is that of its store. */
			if (e.context === "buffer") place.calls = [];
			return { ...e, name: this.access_name(stack, e.addr), ...place };
		});
	}
	/** What is accessed there; who uses a primitive says more than the primitive. */
	access_name(stack: string, addr: number): string {
		const frames = this.frames(stack);
		const top = frames.find((x) => !PRIMITIVES.test(x.file)) ?? frames[0];
		const name = top && this.origins.name_of(top.file, top.line, top.column);
		return name ?? addr.toString(16);
	}
}
/** What a line belongs to, for functions that have no name of their own: `const f = RODATA(() => …)`. */
function enclosing(lines: readonly string[], line: number): string | undefined {
	for (let i = line - 1; i >= 0; i--) {
		const [, name] = /^(?:export )?(?:const|function) (\w+)/.exec(lines[i] ?? "") ?? [];
		if (name) return name;
	}
}

/** Whoever calls one may sleep. */
const ASKS = /^(__)?might_sleep(_if)?$|might_resched$/;
/** What drives the kernel is no part of the story. */
const MACHINE = /^tools\/explore\/inside\/(session|recorder|own)\.ts$/;
