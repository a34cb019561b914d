// SPDX-License-Identifier: GPL-2.0-only
/**
 * Writes down one execution as it is repeated: its steps, with the stack of
 * each; the last accesses of the set-up and of the checks, which are no steps;
 * and who allocated and freed what, for KASAN and for what is left over.
 */
import { is_enabled, set_tracer } from "host/engine.ts";
import { BULK, KIND_NAMES } from "host/kinds.ts";
import { aside, on_cpu } from "host/quiet.ts";
import {
	ctx_cpu,
	ctx_kind,
	current_context,
	current_cpu,
	ev_ctx,
	ev_kind,
	ev_page,
	ev_store,
	ev_w,
	n,
} from "host/state.ts";
import { set_witness, type Witness } from "host/witness.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { kmem_cache_name } from "mm/slab.ts";
import type { page } from "linux/mm_types.ts";
import { PageSlab } from "linux/page-flags.ts";
import type { kmem_cache } from "linux/slab_def.ts";
import { virt_to_page } from "asm-generic/memory_model.ts";
import type { BadAccess, MemoryObject, Phase, RawAllocation, RawEvent } from "../protocol.ts";
import { snapshot } from "./snapshot.ts";

/** Accesses of a set-up or a check that are kept: the last ones. */
const LATE = 24;
const FRAMES = 40;

/** A stack that is put into words only when somebody wants to read it. */
function stack_here(): Error {
	const limit = Error.stackTraceLimit;

	Error.stackTraceLimit = FRAMES;
	const here = new Error();

	Error.stackTraceLimit = limit;
	return here;
}

interface Note extends Omit<RawAllocation, "stack" | "what"> {
	start: number;
	size: number;
	free: boolean;
	cache?: string;
	here: Error;
}
/** Who gives memory out and takes it back; a new slab, or the array of a cache, is nobody's yet. */
const OWNER = { slab: /\bkasan_slab_(alloc|free)\b/, pages: /\bkasan_(un)?poison_pages\b/ };

/**
 * Was somebody left who could have gone on? A CPU's own stores leave its buffer
 * as it goes on; who runs is who made the last step that was none of a buffer's.
 */
function preempts(e: number): boolean {
	const c = ev_ctx[e];
	let runs = e - 1;

	while (runs >= 0 && ctx_kind[ev_ctx[runs]] === "buffer") runs--;
	if (runs < 0 || ev_ctx[runs] === c || !is_enabled(ev_ctx[runs])) return false;
	return ctx_kind[c] !== "buffer" || ctx_cpu[c] !== ctx_cpu[ev_ctx[runs]];
}

export class Recorder implements Witness {
	readonly events: RawEvent[] = [];
	phase: Phase = "setup";
	private late: { event: Omit<RawEvent, "stack">; here: Error }[] = [];
	private notes: Note[] = [];
	/** TSO: where stores were made, by their numbers. */
	private stores = new Map<number, Error>();
	private busy = false;
	/** Accesses of the set-up and the checks so far. */
	accesses = 0;

	/**
	 * `before`: how many accesses of the set-up and the checks there were when the same was recorded before:
	 * only of the last ones it has to be known where they were made, which takes long.
	 */
	constructor(
		private readonly states: boolean,
		private readonly before = NaN,
	) {}
	/** Those that are shown are the last ones indeed. */
	get whole(): boolean {
		return this.accesses === this.before;
	}

	start(): void {
		set_witness(this);
		set_tracer({
			event: (e, old, value, stale) => this.events.push(this.step(e, old, value, stale)),
			stored: (store) => this.stores.set(store, stack_here()),
		});
	}
	stop(): void {
		set_witness(undefined);
		set_tracer(undefined);
	}
	/** All of it: a check that only looked at what was wrong tells nothing by how it looked. */
	trace(with_late: boolean): RawEvent[] {
		const late = with_late ? this.late : [];

		return [
			...this.events,
			...late.map(({ event, here }, i) => ({
				...event,
				step: this.events.length + i,
				stack: here.stack ?? "",
			})),
		];
	}

	private aside<T>(fn: () => T): T {
		this.busy = true;
		const result = aside(fn);

		this.busy = false;
		return result;
	}
	private step(e: number, old: number, value: number, stale: number): RawEvent {
		const c = ev_ctx[e];
		const buffer = ctx_kind[c] === "buffer";

		return {
			step: e,
			cpu: ctx_cpu[c],
			context: ctx_kind[c],
			phase: "run",
			op: buffer ? "commit" : KIND_NAMES[ev_kind[e]],
			addr: ev_kind[e] === BULK ? ev_page[e] * PAGE_SIZE : ev_w[e] * 4,
			old,
			value: Number.isNaN(value) ? old : value,
			newest: stale === -1 ? undefined : stale,
			failed: Number.isNaN(value),
			preempts: preempts(e),
			stack: (buffer ? this.stores.get(ev_store[e]) : stack_here())?.stack ?? "",
			state: this.states ? this.aside(() => on_cpu(0, snapshot)) : undefined,
		};
	}

	access(op: Parameters<Witness["access"]>[0], p: number, old: number, value: number): void {
		if (this.busy) return;
		this.accesses++;
		if (!(this.accesses > this.before - LATE)) return;
		const failed = Number.isNaN(value);

		this.late.push({
			event: {
				step: 0,
				cpu: current_cpu(),
				context: "task",
				phase: this.phase,
				op,
				addr: p,
				old,
				value: failed ? old : value,
				failed,
				preempts: false,
			},
			here: stack_here(),
		});
		if (this.late.length > LATE) this.late.shift();
	}
	memory(p: number, size: number, free: boolean): void {
		if (this.busy) return;
		const c = current_context();

		this.notes.push({
			start: p,
			size,
			free,
			cache: this.aside(() => cache_of(p)),
			step: this.phase === "setup" ? 0 : n,
			cpu: current_cpu(),
			context: c < 0 ? "task" : ctx_kind[c],
			phase: this.phase,
			here: stack_here(),
		});
	}
	/** Nothing that came before counts: the machine has booted. */
	booted(): void {
		this.notes = [];
		this.late = [];
		this.accesses = 0;
	}

	private owned(x: Note): boolean {
		const stack = x.here.stack ?? "";

		return OWNER.slab.test(stack) || OWNER.pages.test(stack);
	}
	private object(notes: Note[]): MemoryObject<RawAllocation> {
		const { start, size } = notes[0];
		const slab = OWNER.slab.test(notes[0].here.stack ?? "");

		return {
			start,
			size,
			cache: slab
				? (notes.findLast((x) => x.cache !== undefined)?.cache ?? "a cache that is gone")
				: undefined,
			history: notes.map(({ free, step, cpu, context, phase, here }) => ({
				what: free ? "free" : "alloc",
				step,
				cpu,
				context,
				phase,
				stack: here.stack ?? "",
			})),
		};
	}
	/** What KASAN forbids: the object there, as it was when it was last given out or taken back. */
	bad_access(access: { addr: number; size: number }): BadAccess<RawAllocation> {
		const at = this.notes.filter(
			(x) => x.start <= access.addr && access.addr < x.start + x.size && this.owned(x),
		);
		/* Pages of a slab that was given back whole: the object tells more. */
		const last = at.findLast((x) => x.cache !== undefined) ?? at.at(-1);

		if (!last) return { ...access, object: undefined };
		return {
			...access,
			object: this.object(at.filter((x) => x.start === last.start && x.size === last.size)),
		};
	}
	/** Objects, or pages, that were given out and not taken back. */
	leaked(what: "slab" | "pages"): MemoryObject<RawAllocation>[] {
		const live = new Map<number, Note[]>();

		for (const x of this.notes) {
			if (!OWNER[what].test(x.here.stack ?? "")) continue;
			if (x.free) live.delete(x.start);
			else live.set(x.start, [x]);
		}
		return [...live.values()]
			.filter(([x]) => what === "slab" || this.aside(() => cache_of(x.start)) === undefined)
			.map((x) => this.object(x));
	}
}

/** The cache that the slab at an address is of. */
function cache_of(p: number): string | undefined {
	const page: page = virt_to_page(p);

	/* A new slab is marked as one before it says of which cache. */
	return PageSlab(page) && page.private !== 0 ? kmem_cache_name(cast<kmem_cache>(page.private)) : undefined;
}
