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
import type { Order } from "../kinds.ts";

/** Why the execution fails. Instead of an event it may name a store that was kept back: see Model.delayed. */
export type Objection = Pick<StepperFailure, "kind" | "text"> & Partial<StepperFailure>;

/** A lock that is about to be taken; after a trylock, that was. */
export interface Acquire {
	/** Its address, and subclass. */
	p: number;
	subclass: number;
	trylock: boolean;
	/** It is a semaphore. */
	sleeps: boolean;
	/** The context is run again: it holds the lock already. */
	again: boolean;
	/** Of the CPU, and of who takes it. */
	irqs_off: boolean;
	in_irq: boolean;
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
	rmw?(cpu: number, w: number): Objection | undefined;

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

	/* What others may ask. */
	/** The locks that context c holds, or waits for; who does so with the lock at p. */
	held?(c: number): { name: string; stack: string }[];
	holders?(p: number): number[];
}

type Method = keyof Oracle;
/** All of them: one that is missing here does not compile. */
const METHODS: Record<Method, true> = {
	begin: true, open: true, pop_to: true, resume: true, end: true, read: true, write: true, rmw: true,
	lock: true, unlock: true, barrier: true, rcu_read_lock: true, rcu_read_unlock: true,
	gp_start: true, gp_end: true,
	name: true, acquire: true, release: true, irqs_on: true, sleeps: true, held: true, holders: true,
};

/** Of the exploration that began last: who has each of the methods. A call costs nothing where nobody has it. */
export const watch = {} as { [M in Method]-?: (Oracle & Required<Pick<Oracle, M>>)[] };
export function set_oracles(all: readonly Oracle[]): void {
	for (const m of Object.keys(METHODS) as Method[])
		(watch as Record<Method, Oracle[]>)[m] = all.filter((o) => o[m] !== undefined);
}
set_oracles([]);
/** Fails the execution if there is something to object. */
export function heed(objection: Objection | undefined): void {
	if (objection !== undefined) fail(objection.kind, objection.text, objection);
}
