// SPDX-License-Identifier: GPL-2.0-only
/**
 * What watches an exploration and may object. An oracle has those of these
 * methods that it has a use for; the stepper calls all that watch, in the order of
 * all.ts. A new oracle is a file and a line there.
 *
 * Accesses, locks' words, fences and RCU are reported from within their step, and
 * only while something is explored. Locks as the kernel means them (acquire,
 * release) are reported each time a context comes by, re-runs included: resume()
 * says that it begins again.
 */
import { fail, type StepperFailure } from "../failure.ts";
import type { Order, RmwOrder } from "../kinds.ts";

/** Why the execution fails. Instead of an event it may name a store that was kept back: see Model.delayed. */
export type Objection = Pick<StepperFailure, "kind" | "text"> & Partial<StepperFailure>;

/** A lock that is about to be taken; after a trylock, that was. */
export interface Acquire {
	/** Its address, and subclass. */
	p: number;
	subclass: number;
	/** With others. */
	read: boolean;
	trylock: boolean;
	/** One of several of its class, by who holds what keeps others from that. */
	nest: boolean;
	/** LD_WAIT_*: how one waits for it. */
	wait: number;
	/** The context is run again: it holds the lock already. */
	again: boolean;
	/** Of the CPU, and of who takes it. */
	irqs_off: boolean;
	in_irq: boolean;
}

/** A lock that is held; `read`: with others. */
export interface Held {
	p: number;
	name: string;
	read: boolean;
	/** Where it was taken, if that is asked for. */
	stack: string;
}

export interface Oracle {
	/** An exploration begins. What was learnt may stay. */
	begin?(): void;
	/** Event e is opened, and: all events from the d-th on are taken back. */
	open?(e: number): void;
	pop_to?(d: number): void;
	/** Context c is run from its start; it has ended. */
	resume?(c: number): void;
	end?(c: number): Objection | undefined;

	/** An access of a CPU to a shared word. */
	read?(cpu: number, w: number, order: Order): Objection | undefined;
	/** `store`: its number, if it is kept back; else it is the event that is open. */
	write?(cpu: number, w: number, order: Order, store: number): Objection | undefined;
	/** "full": it is a full fence. */
	rmw?(cpu: number, w: number, order: RmwOrder): Objection | undefined;

	/** A shared lock's word. A downgrade is an unlock. */
	lock?(cpu: number, w: number): void;
	unlock?(cpu: number, w: number): void;
	barrier?(cpu: number, which: "mb" | "rmb" | "wmb"): void;
	rcu_read_lock?(cpu: number): void;
	rcu_read_unlock?(cpu: number): void;
	gp_start?(cpu: number): void;
	gp_end?(cpu: number): void;

	/** A lock's name, shared or not, whenever it is initialised. */
	name?(p: number, name: string): void;
	acquire?(c: number, lock: Acquire): Objection | undefined;
	release?(c: number, p: number): Objection | undefined;
	/** Context c enables interrupts. */
	irqs_on?(c: number): Objection | undefined;
	/** It sleeps where the kernel says that nobody may; `text` is what it says. */
	sleeps?(c: number, text: string): Objection | undefined;
	/** Locks that context c holds, or stands before. */
	held?(c: number): Held[];
	/** How it holds the lock at p: 1 alone, 2 with others, 0 not. */
	how_held?(c: number, p: number): number;
}

type Watch = { [M in keyof Oracle]-?: (Oracle & Required<Pick<Oracle, M>>)[] };
/**
 * Who has each of the methods, of the exploration that began last: where nobody
 * has it, a call costs nothing. One that is missing here does not compile.
 */
export const watch: Watch = {
	begin: [],
	open: [],
	pop_to: [],
	resume: [],
	end: [],
	read: [],
	write: [],
	rmw: [],
	lock: [],
	unlock: [],
	barrier: [],
	rcu_read_lock: [],
	rcu_read_unlock: [],
	gp_start: [],
	gp_end: [],
	name: [],
	acquire: [],
	release: [],
	irqs_on: [],
	sleeps: [],
	held: [],
	how_held: [],
};
export function set_oracles(all: readonly Oracle[]): void {
	for (const m of Object.keys(watch) as (keyof Oracle)[])
		(watch as Record<keyof Oracle, Oracle[]>)[m] = all.filter((o) => o[m] !== undefined);
}
/** Fails the execution if there is something to object. */
export function heed(objection: Objection | undefined): void {
	if (objection === undefined) return;
	const { kind, text, ...more } = objection;
	fail(kind, text, more);
}
