// SPDX-License-Identifier: GPL-2.0-only
/**
 * Lock order and interrupt safety, what kernel/locking/lockdep.c is for. A
 * class is a lock's name and subclass. The graph of who was taken inside whom
 * only grows during an exploration: an order that was ever seen counts, whether
 * or not it was in the execution that meets the other one, and so does a place
 * where interrupts were on, or where one took the lock.
 *
 * The locks that a context holds are found again each time it is re-run; then
 * only hold() is called, since nothing is new.
 */

import { LD_WAIT_SLEEP, LD_WAIT_SPIN } from "linux/lockdep_types.ts";
import type { Place } from "../failure.ts";
import { ctx_cpu } from "../state.ts";
import type { Acquire, Held, Objection, Oracle } from "./oracle.ts";

export interface LockReport {
	text: string;
	/** Where else: the other orders, where a lock that is held was taken. */
	places: Place[];
}

interface Entry {
	p: number;
	class: number;
	read: boolean;
	stack: string;
}

/** A place that was added to what was seen. */
type News = [Map<number, string>, number];

/** A pair of them is one number. */
const MAX_CLASSES = 256;
/** Frames that are kept of a place. */
const FRAMES = 30;

function here(): string {
	const limit = Error.stackTraceLimit;
	Error.stackTraceLimit = FRAMES;
	const stack = new Error().stack ?? "";
	Error.stackTraceLimit = limit;
	return stack;
}

export class Lockdep {
	/** Remember where each lock is taken; else only where an order was seen first. */
	traced = false;
	private names: string[] = [];
	private classes = new Map<string, number>();
	private of = new Map<number, string>();
	private stack: Entry[][] = [];
	/** outer * MAX_CLASSES + inner: where that was seen first. */
	private inside = new Map<number, string>();
	/** Where an interrupt took a lock of the class, and where one was held with interrupts on. */
	private in_irq = new Map<number, string>();
	private irqs_on = new Map<number, string>();
	/** By class, LD_WAIT_*: how one waits for it. */
	private waits = new Map<number, number>();

	/** Below static_end lie the kernel's variables, which are made with their locks open. */
	constructor(
		contexts: number,
		private readonly static_end = 0,
	) {
		for (let t = 0; t < contexts; t++) this.stack.push([]);
	}
	name(p: number, name: string): void {
		this.of.set(p, name);
	}
	name_of(p: number): string {
		return this.of.get(p) ?? `lock@${p.toString(16)}`;
	}
	private class_of(p: number, subclass: number): number {
		const name = `${this.name_of(p)}${subclass > 0 ? `/${subclass}` : ""}`;
		let c = this.classes.get(name);
		if (c === undefined) {
			c = this.names.push(name) - 1;
			if (c >= MAX_CLASSES) throw new RangeError(`${MAX_CLASSES} classes of locks`);
			this.classes.set(name, c);
		}
		return c;
	}

	/**
	 * Context t is about to take the lock at p, or has, by a trylock. A report, if it
	 * should not.
	 */
	acquire(
		t: number,
		p: number,
		trylock: boolean,
		subclass: number,
		irqs_off: boolean,
		in_irq: boolean,
		wait = LD_WAIT_SPIN,
		read = false,
		nest = false,
	): LockReport | undefined {
		const held = this.stack[t];
		if (p >= this.static_end && !this.of.has(p))
			return {
				text: `trying to register non-static key: the lock at ${p.toString(16)} was never initialised`,
				places: [],
			};
		const c = this.class_of(p, subclass);
		const news: News[] = [];
		this.waits.set(c, wait);
		let report = trylock
			? undefined
			: (this.wait_context(held, c, irqs_off, in_irq) ?? this.order(held, p, c, news, nest));
		this.hold(t, p, subclass, read);
		if (in_irq) this.add(this.in_irq, c, news);
		else if (!irqs_off) this.add(this.irqs_on, c, news);
		if (report === undefined && news.length > 0) report = this.unsafe();
		if (report) this.forget(news);
		return report;
	}
	private add(to: Map<number, string>, key: number, news: News[]): void {
		if (to.has(key)) return;
		to.set(key, here());
		news.push([to, key]);
	}
	/** What a report is about was not seen: it will be reported again when it comes again. */
	private forget(news: News[]): void {
		for (const [from, key] of news) from.delete(key);
	}
	/** It holds it now, as before: it is run again. */
	hold(t: number, p: number, subclass: number, read = false): void {
		this.stack[t].push({ p, class: this.class_of(p, subclass), read, stack: this.traced ? here() : "" });
	}

	/** Owners sleep, so that others may, who wait for it. */
	private sleeps(c: number): boolean {
		return (this.waits.get(c) as number) > LD_WAIT_SPIN;
	}
	/**
	 * Who may sleep may hold nothing that others spin for; and who sleeps for as long as a semaphore is held,
	 * no spinlock, though with PREEMPT_RT one may sleep for that, too. That interrupts are off Linux's lockdep does
	 * not ask; a spinlock says it by itself, see rtlock_might_resched().
	 */
	private wait_context(held: Entry[], c: number, irqs_off: boolean, in_irq: boolean): LockReport | undefined {
		const wait = this.waits.get(c) as number;
		const inner = held.find((h) => (this.waits.get(h.class) as number) < wait);
		const off = in_irq || (irqs_off && wait === LD_WAIT_SLEEP);
		if (!this.sleeps(c) || (inner === undefined && !off)) return;
		const off_how = in_irq ? "in an interrupt" : "with interrupts off";
		const why = inner ? `while ${this.names[inner.class]} is held` : off_how;
		return {
			text: `BUG: Invalid wait context: ${this.names[c]}, which may sleep, is taken ${why}`,
			places: this.places(held),
		};
	}

	private order(held: Entry[], p: number, c: number, news: News[], nest: boolean): LockReport | undefined {
		const name = this.names[c];
		for (const h of held) {
			if (nest && h.class === c && h.p !== p) continue;
			if (h.p === p || h.class === c) {
				const what = h.p === p ? "it" : "another of its class";
				return {
					text: `possible recursive locking detected: ${name} is taken while ${what} is held`,
					places: this.places([h]),
				};
			}
			const edge = h.class * MAX_CLASSES + c;
			if (this.inside.has(edge)) continue;
			const chain = this.path(c, (x) => x === h.class);
			if (chain) {
				return {
					text:
						`possible circular locking dependency detected: ${name} is taken while ${this.names[h.class]} is held, ` +
						`but there is ${chain.map((x) => this.names[x]).join(" -> ")}`,
					places: [...this.places([h]), ...this.orders(chain)],
				};
			}
			this.add(this.inside, edge, news);
		}
	}

	/** Context t has enabled interrupts, with what it holds. */
	enabled_irqs(t: number): LockReport | undefined {
		const news: News[] = [];
		for (const h of this.stack[t]) this.add(this.irqs_on, h.class, news);
		const report = news.length > 0 ? this.unsafe() : undefined;
		if (report) this.forget(news);
		return report;
	}
	/** Is what an interrupt takes, or what is taken inside of that, taken with interrupts on? */
	private unsafe(): LockReport | undefined {
		for (const [a, irq] of this.in_irq) {
			const chain = this.path(a, (x) => this.irqs_on.has(x) && !this.sleeps(x));
			if (!chain) continue;
			const b = chain[chain.length - 1];
			const safe = this.names[a];
			const places = [
				{ what: `${safe} is taken in an interrupt`, stack: irq },
				{
					what: `${this.names[b]} is held with interrupts on`,
					stack: this.irqs_on.get(b) as string,
				},
			];
			if (a === b)
				return {
					text: `inconsistent lock state: ${safe} is taken in an interrupt, and elsewhere with interrupts on`,
					places,
				};
			return {
				text:
					`HARDIRQ-safe -> HARDIRQ-unsafe lock order detected: ${chain.map((x) => this.names[x]).join(" -> ")}, ` +
					`of which interrupts take the first, and the last is taken with interrupts on`,
				places: [...places, ...this.orders(chain)],
			};
		}
	}

	/** The shortest way from class a to one that is looked for, each taken inside the one before. */
	private path(a: number, found: (c: number) => boolean): number[] | undefined {
		const from = new Map<number, number>([[a, -1]]);
		const queue = [a];
		for (const x of queue) {
			if (found(x)) {
				const out = [];
				for (let y = x; y >= 0; y = from.get(y) as number) out.unshift(y);
				return out;
			}
			for (let y = 0; y < this.names.length; y++) {
				if (from.has(y) || !this.inside.has(x * MAX_CLASSES + y)) continue;
				from.set(y, x);
				queue.push(y);
			}
		}
	}
	/** Where each order of a chain was seen first. */
	private orders(chain: number[]): Place[] {
		return chain.slice(1).map((inner, i) => ({
			what: `${this.names[inner]} was taken while ${this.names[chain[i]]} was held`,
			stack: this.inside.get(chain[i] * MAX_CLASSES + inner) as string,
		}));
	}
	private places(held: Entry[]): Place[] {
		return held.map((h) => ({ what: `${this.names[h.class]} was taken`, stack: h.stack }));
	}

	release(t: number, p: number): LockReport | undefined {
		const held = this.stack[t];
		for (let i = held.length - 1; i >= 0; i--) {
			if (held[i].p !== p) continue;
			held.splice(i, 1);
			return;
		}
		const holder = this.stack.findIndex((of) => of.some((h) => h.p === p));
		const others = holder < 0 ? [] : this.places(this.stack[holder].filter((h) => h.p === p));
		return {
			text: `bad unlock balance detected: ${this.name_of(p)} is released by who does not hold it`,
			places: others,
		};
	}
	/** Context t is run again from its start. */
	reset(t: number): void {
		this.stack[t].length = 0;
	}
	held(t: number): Held[] {
		return this.stack[t].map((h) => ({ p: h.p, name: this.names[h.class], read: h.read, stack: h.stack }));
	}
	how_held(t: number, p: number): number {
		const held = this.stack[t];
		for (let i = held.length - 1; i >= 0; i--) if (held[i].p === p) return held[i].read ? 2 : 1;
		return 0;
	}
	/** At the end of its program, which ran on that CPU. */
	at_end(t: number, cpu = t): LockReport | undefined {
		const held = this.stack[t];
		if (held.length === 0) return;
		const names = held.map((h) => this.names[h.class]).join(", ");
		return {
			text: `lock held when returning to user space: CPU${cpu} still holds ${names}`,
			places: this.places(held),
		};
	}

	/** Which lock was taken while which one was held, outer first, by class; trylocks are no order. */
	orders_seen(): LockOrder[] {
		return [...this.inside].map(([edge, stack]) => ({
			outer: this.names[Math.floor(edge / MAX_CLASSES)],
			inner: this.names[edge % MAX_CLASSES],
			stack,
		}));
	}
	/** All orders that were seen, for another machine that repeats one execution. */
	seen(): Seen {
		return {
			names: this.names,
			inside: [...this.inside],
			in_irq: [...this.in_irq],
			irqs_on: [...this.irqs_on],
			waits: [...this.waits],
		};
	}
	/** What an exploration has seen before this execution. */
	learn(s: Seen): void {
		this.names = [...s.names];
		this.classes = new Map(s.names.map((name, c) => [name, c]));
		this.inside = new Map(s.inside);
		this.in_irq = new Map(s.in_irq);
		this.irqs_on = new Map(s.irqs_on);
		this.waits = new Map(s.waits);
	}
}

export interface LockOrder {
	outer: string;
	inner: string;
	/** Where that was seen first. */
	stack: string;
}

/** See tools/explore/protocol.ts. */
export interface Seen {
	names: string[];
	inside: [number, string][];
	in_irq: [number, string][];
	irqs_on: [number, string][];
	waits: [number, number][];
}

/** What a replay asks for. */
export interface LockdepOptions {
	/** Remember where each lock is taken. */
	traced?: boolean;
	/** What the search has seen. */
	seen?: Seen;
}

/** As an observer of the stepper. What it has learnt stays from one exploration to the next. */
export class LockdepOracle implements Oracle {
	private l: Lockdep;

	constructor(contexts: number, static_end: number, { traced = false, seen }: LockdepOptions = {}) {
		this.l = new Lockdep(contexts, static_end);
		this.l.traced = traced;
		if (seen) this.l.learn(seen);
	}
	/** With all orders: other executions may have a part in it. */
	private report(r: LockReport | undefined): Objection | undefined {
		return r && { kind: "lockdep", ...r, seen: this.l.seen() };
	}
	resume(c: number): void {
		this.l.reset(c);
	}
	end(c: number): Objection | undefined {
		return this.report(this.l.at_end(c, ctx_cpu[c]));
	}
	name(p: number, name: string): void {
		this.l.name(p, name);
	}
	acquire(
		c: number,
		{ p, read, trylock, subclass, nest, irqs_off, in_irq, wait, again }: Acquire,
	): Objection | undefined {
		if (!again)
			return this.report(this.l.acquire(c, p, trylock, subclass, irqs_off, in_irq, wait, read, nest));
		this.l.hold(c, p, subclass, read);
	}
	release(c: number, p: number): Objection | undefined {
		return this.report(this.l.release(c, p));
	}
	irqs_on(c: number): Objection | undefined {
		return this.report(this.l.enabled_irqs(c));
	}
	orders_seen(): LockOrder[] {
		return this.l.orders_seen();
	}
	held(c: number): Held[] {
		return this.l.held(c);
	}
	how_held(c: number, p: number): number {
		return this.l.how_held(c, p);
	}
}
