// SPDX-License-Identifier: GPL-2.0-only
/** What the explorer and the sessions inside of a bundle say to each other. */
export type ModelName = "sc" | "tso" | "lkmm";

export interface LitmusOp {
	op: string;
	loc?: string;
	lock?: string;
	reg?: string;
	value?: number;
	old?: number;
}
export interface LitmusRequest {
	cpus: LitmusOp[][];
	model: ModelName;
	/** Of which the values are asked for, beside those that operations name. */
	places: string[];
}

/** Words and pages of RAM that several contexts use, and pairs of words that are one place. */
export interface Sharing {
	shared: Int32Array;
	wide: Int32Array;
	bulked: Int32Array;
}

/** A place of another core's search, and the way there. */
export interface Loan {
	/** Who made each step, and which value a weak model returned. */
	contexts: Int32Array;
	choices: Int32Array;
	/** Of source-DPOR: for each step of the way and the place itself. */
	sleep?: Int32Array;
	enabled?: Int32Array;
	records?: Int32Array;
	/** Of a bounded search: what is to be tried at the place. */
	todo?: number;
}

export interface Request {
	scenario: string;
	model: ModelName;
	strategy?: "dpor" | "bound" | "pct" | "random";
	bound?: number;
	seed?: number;
	max?: number;
	seconds?: number;
	/** Most executions, those cut off included; where they are counted, if cores share the search. */
	runs?: number;
	spent?: Int32Array;
	order?: number[];
	schedule?: number[][];
	oracles?: boolean;
	trace?: boolean;
	/** What the session before has found to be shared stays so. */
	keep?: boolean;
	/** Several cores share the search: its commons, what was lent, and what all know to be shared. */
	together?: boolean;
	/** Parts of one search have the same number. */
	round?: number;
	commons?: Int32Array;
	loan?: Loan;
	sharing?: Sharing;
	/** Orders of locks that an exploration has seen, for a replay. */
	seen?: Seen;
}

/** Orders of locks: see arch/host/stepper/lockdep.ts. */
export interface Seen {
	names: string[];
	inside: [number, string][];
	in_irq: [number, string][];
	irqs_on: [number, string][];
	sleeping: number[];
}

/** A scenario, as a bundle lists it. */
export interface Listed {
	name: string;
	file: string;
	about: string;
	patch: string;
	invariant: string;
	cpus: number;
	models: ModelName[];
	/** Fragments of configs/ under which it is to run as well. */
	configs: string[];
	quick: boolean;
}

export interface RawEvent {
	context: number;
	cpu: number;
	kind: string;
	addr: number;
	old: number;
	value: number;
	/** The newest value, where another one was read. */
	stale: number | null;
	failed: boolean;
	context_kind: "task" | "irq" | "rcu" | "buffer";
	/** The context of the event before could have gone on. */
	could_go_on: boolean;
	stack: string;
	state?: unknown;
}
export interface Replayed {
	failure?: SessionFailure;
	events: RawEvent[];
	diverged?: string;
}

export interface Outcome {
	executions: number;
	blocked: number;
	/** Those counted, and those made to find out which words are shared. */
	total: number;
	exhausted: boolean;
	/** Of a search that is shared: it ended since this turned out to be shared. */
	grew?: Sharing;
	failure?: SessionFailure;
}
export interface SessionFailure {
	kind: string;
	text: string;
	/** Where, in terms of the bundle. */
	stack: string;
	/** Who ran; -1: nobody, it is about the end. */
	context: number;
	/** Steps that were made before. */
	event: number;
	/** Of a race: the steps of the access that was found to race, and of the other one. */
	access?: number;
	other?: number;
	/** Where else it has to do with: the other order of two locks, where one that is held was taken. */
	places?: { what: string; stack: string }[];
	/** Of a lock order, which other executions may have a part in. */
	seen?: Seen;
	/** See strategy/replay.ts; empty where it fails before the first step. */
	schedule: number[][];
	/** CPUs, if they are not all of the scenario's in their order. */
	order?: number[];
	waits?: { cpu: number; context: string; for: string; holder?: string }[];
	console: string[];
}
