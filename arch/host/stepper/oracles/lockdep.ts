// SPDX-License-Identifier: GPL-2.0-only
/**
 * Lock order and interrupt safety, what kernel/locking/lockdep.c is for. A
 * class is a lock's name and subclass. The graph of who was taken inside whom
 * only grows during an exploration: an order that was ever seen counts. The
 * locks that a context holds are found again each time it is re-run.
 */
import type { Acquire, Held, Objection, Oracle } from "./oracle.ts";

interface Entry {
	p: number;
	class: number;
	read: boolean;
	irqs_off: boolean;
}

/** A class is one bit of a row. */
const MAX_CLASSES = 256;

export class Lockdep {
	private names: string[] = [];
	private classes = new Map<string, number>();
	private of = new Map<number, string>();
	private stack: Entry[][] = [];
	/** [outer * MAX_CLASSES + inner]: seen. */
	private inside = new Uint8Array(MAX_CLASSES * MAX_CLASSES);
	private in_irq = new Uint8Array(MAX_CLASSES);
	private irqs_on = new Uint8Array(MAX_CLASSES);

	/** Below static_end lie the kernel's variables, which are made with their locks open. */
	constructor(contexts: number, private readonly static_end = 0) {
		for (let t = 0; t < contexts; t++) this.stack.push([]);
	}
	name(p: number, name: string): void {
		this.of.set(p, name);
	}
	private class_of(p: number, subclass: number): number {
		const name = `${this.of.get(p) ?? `lock@${p.toString(16)}`}${subclass > 0 ? `/${subclass}` : ""}`;
		let c = this.classes.get(name);
		if (c === undefined) {
			c = this.names.push(name) - 1;
			this.classes.set(name, c);
		}
		return c;
	}

	/** Context t takes the lock at p. A report, if it should not. `sleeps`: it is an rwsem. */
	acquire(
		t: number, p: number, mode: "write" | "read", trylock: boolean, subclass: number, irqs_off: boolean,
		in_irq: boolean, sleeps = false,
	): string | undefined {
		const held = this.stack[t];
		if (p >= this.static_end && !this.of.has(p)) return `trying to register non-static key: the lock at ${p.toString(16)} was never initialised`;
		const c = this.class_of(p, subclass);
		const name = this.names[c];
		const read = mode === "read";
		if (sleeps && !trylock && (irqs_off || held.some((h) => !this.sleeping.has(h.p))))
			return `BUG: sleeping function called from invalid context: ${name} is taken ${irqs_off ? "with interrupts off" : `while ${this.names[held[held.length - 1].class]} is held`}`;
		if (sleeps) this.sleeping.add(p);
		if (!trylock) {
			for (const h of held) {
				if (h.p === p || (h.class === c && !(h.read && read)))
					return `possible recursive locking detected: ${name} is taken while ${h.p === p ? "it" : "another of its class"} is held`;
				if (this.inside[h.class * MAX_CLASSES + c] !== 0) continue;
				const chain = this.path(c, h.class);
				if (chain)
					return `possible circular locking dependency detected: ${name} is taken while ${this.names[h.class]} is held, but there is ${chain.map((x) => this.names[x]).join(" -> ")}`;
				this.inside[h.class * MAX_CLASSES + c] = 1;
			}
		}
		held.push({ p, class: c, read, irqs_off });
		const before = this.in_irq[c] + 2 * this.irqs_on[c];
		if (in_irq) this.in_irq[c] = 1;
		if (!irqs_off && !in_irq) this.irqs_on[c] = 1;
		if (this.in_irq[c] + 2 * this.irqs_on[c] === 3 && before !== 3)
			return `inconsistent lock state: ${name} is taken in an interrupt, and elsewhere with interrupts on`;
		if (before === 3) return;
		/* Something that an interrupt takes, around something that it can break into. */
		for (const h of held)
			if (h.class !== c && this.in_irq[h.class] !== 0 && this.irqs_on[c] !== 0 && !this.sleeping.has(p))
				return `HARDIRQ-safe -> HARDIRQ-unsafe lock order detected: ${name}, which is taken with interrupts on, inside of ${this.names[h.class]}, which interrupts take`;
	}
	private sleeping = new Set<number>();

	/** The classes from a to b, each taken inside the one before. */
	private path(a: number, b: number): number[] | undefined {
		const from = new Map<number, number>([[a, -1]]);
		const queue = [a];
		for (const x of queue) {
			if (x === b) {
				const out = [];
				for (let y = b; y >= 0; y = from.get(y) as number) out.unshift(y);
				return out;
			}
			for (let y = 0; y < this.names.length; y++) {
				if (this.inside[x * MAX_CLASSES + y] === 0 || from.has(y)) continue;
				from.set(y, x);
				queue.push(y);
			}
		}
	}

	release(t: number, p: number): string | undefined {
		const held = this.stack[t];
		for (let i = held.length - 1; i >= 0; i--) {
			if (held[i].p !== p) continue;
			held.splice(i, 1);
			return;
		}
		return `bad unlock balance detected: ${this.of.get(p) ?? p.toString(16)} is released by who does not hold it`;
	}
	/** Context t is run again from its start. */
	reset(t: number): void {
		this.stack[t].length = 0;
	}
	held(t: number): Held[] {
		return this.stack[t].map((h) => ({ p: h.p, name: this.names[h.class], read: h.read }));
	}
	/** At the end of its program. */
	at_end(t: number): string | undefined {
		const held = this.held(t);
		if (held.length > 0) return `lock held when returning to user space: ${held.map((h) => h.name).join(", ")}`;
	}
}

/** As an observer of the stepper. What it has learnt stays from one exploration to the next. */
export class LockdepOracle implements Oracle {
	private l: Lockdep;

	constructor(contexts: number, static_end: number) {
		this.l = new Lockdep(contexts, static_end);
	}
	private report(text: string | undefined): Objection | undefined {
		return text === undefined ? undefined : { kind: "lockdep", text };
	}
	resume(c: number): void {
		this.l.reset(c);
	}
	end(c: number): Objection | undefined {
		return this.report(this.l.at_end(c));
	}
	name(p: number, name: string): void {
		this.l.name(p, name);
	}
	acquire(c: number, { p, mode, trylock, subclass, irqs_off, in_irq }: Acquire): Objection | undefined {
		return this.report(this.l.acquire(c, p, mode, trylock, subclass, irqs_off, in_irq));
	}
	release(c: number, p: number): Objection | undefined {
		return this.report(this.l.release(c, p));
	}
	held(c: number): Held[] {
		return this.l.held(c);
	}
}
