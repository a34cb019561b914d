// SPDX-License-Identifier: GPL-2.0-only
/**
 * How an execution fails: the first failure is kept, and the context that runs
 * is left by throwing. Outside of an exploration (boot, set-up, checks) a failure is a
 * KernelPanic, for whoever runs the kernel there. A mistake of the stepper's
 * own is neither: assert() throws a StepperBug, which ends the search.
 */
import { JournalFull } from "./ram.ts";
import { cpu, cur, exploring, n } from "./state.ts";

export interface StepperFailure {
	kind: string;
	text: string;
	stack: string;
	context: number;
	/** Steps that were made before. */
	event: number;
	/** Of a race: the events of the access, and of the earlier one. */
	access?: number;
	other?: number;
	/** Where else it has to do with. */
	places?: Place[];
	/** What KASAN forbids. */
	memory?: { addr: number; size: number };
	/** What the search has learnt before, if it takes that to find it again. */
	seen?: unknown;
}
/** A place that belongs to a failure. */
export interface Place {
	what: string;
	stack: string;
}
/** Thrown to leave a context that is not to go on now. */
export const SWITCH = { toString: () => "a switch to another context" };
/** Thrown to leave a context in which the execution has failed. */
export const FAILED = { toString: () => "the execution failed" };
let failure: StepperFailure | undefined;

/** A panic outside of an exploration. */
export class KernelPanic extends Error {
	constructor(
		text: string,
		readonly kind: string,
		readonly cpu: number,
		readonly memory?: StepperFailure["memory"],
	) {
		super(text);
	}
}

/** What the kernel threw that is no panic of its own: what it would oops on, or a loop. */
export function oops(error: unknown): Pick<StepperFailure, "kind" | "text" | "stack"> {
	if (error instanceof StepperBug) throw error;
	const text = error instanceof Error ? error.message : `${error}`;
	const stack = error instanceof Error ? (error.stack ?? "") : "";
	return error instanceof JournalFull
		? { kind: "limit", text, stack }
		: { kind: "panic", text: `oops: ${text}`, stack };
}

/** The execution fails here. */
export function fail(kind: string, text: string, more?: Partial<StepperFailure>): never {
	const limit = Error.stackTraceLimit;
	Error.stackTraceLimit = 50;
	const stack = new Error().stack ?? "";
	Error.stackTraceLimit = limit;
	if (!exploring()) throw new KernelPanic(`${text}\n${stack}`, kind, cpu, more?.memory);
	failure ??= { kind, text, stack, context: cur, event: n, ...more };
	throw FAILED;
}
export function machine_failure(): StepperFailure | undefined {
	return failure;
}
/** A failure that is not to be left by throwing: nothing runs any more. */
export function note_failure(f: Omit<StepperFailure, "event">): void {
	failure ??= { ...f, event: n };
}
/** Another execution begins. */
export function forget_failure(): void {
	failure = undefined;
}

/** A mistake of the stepper's own. */
export class StepperBug extends Error {}

/** What must be so whatever the kernel does: if it is not, no verdict can be trusted. */
export function assert(so: boolean, invariant: string): asserts so {
	if (!so) throw new StepperBug(`stepper: not so: ${invariant} (event ${n}, context ${cur})`);
}
