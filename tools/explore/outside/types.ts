// SPDX-License-Identifier: GPL-2.0-only
/** What an exploration is asked for, and what it answers. */
import type { ModelName } from "../protocol.ts";

export type Model = ModelName;
/** The strongest first: what fails under one fails under the next. */
export const MODELS: readonly Model[] = ["sc", "tso", "lkmm"];

export interface ExploreOptions {
	scenarios: string[];
	model?: Model;
	mutant?: string;
	/** A fragment of configs/ over the stepper's. */
	config?: string;
	/** Most preemptions. */
	bound?: number;
	strategy?: "dpor" | "bound" | "pct" | "random";
	seed?: number;
	/** Executions for each search of a scenario, those that are cut off included; see search.ts. */
	budget?: number;
	/** Most executions, and seconds of the clock, for a scenario under a model. */
	max?: number;
	seconds?: number;
	/** Cores to use. */
	jobs?: number;
	/** Programs in the order in which they are listed. */
	order?: number[];
}

export interface Progress {
	scenario: string;
	model: Model;
	executions: number;
	blocked: number;
	seconds: number;
	/** Of all executions there may be. */
	estimate?: number;
}

export interface TraceEvent {
	step: number;
	cpu: number;
	context: "task" | "irq" | "rcu" | "buffer";
	op: string;
	/** The place as the source calls it. */
	name: string;
	addr: number;
	old: number;
	value: number;
	/** The newest value, where a read returned another one. */
	newest?: number;
	/** A try, or a cmpxchg, that came to nothing. */
	failed: boolean;
	func: string;
	file: string;
	line: number;
	/** Outermost first. */
	calls: string[];
	/** The context of the step before could have gone on. */
	preempts: boolean;
	state?: Snapshot;
}

/** The machine's state after a step. */
export interface Snapshot {
	mmap_seq: number[];
	vmas: { start: number; end: number; flags: string }[];
	ptes: { addr: number; pte: number }[];
	locks: { name: string; holder: string }[];
}

export interface Failure {
	kind: string;
	text: string;
	func: string;
	file: string;
	line: number;
	trace: TraceEvent[];
	replay: string;
	preemptions: number;
	/** Nothing with fewer preemptions fails. */
	minimised: boolean;
	/** Steps of the trace that conflict last. */
	conflict?: [number, number];
	/** In a deadlock, who waits for what. */
	waits?: { cpu: number; context: string; for: string; holder?: string }[];
	/** Where else it has to do with: the other order of two locks, where one that is held was taken. */
	places?: { what: string; func: string; file: string; line: number }[];
}

export interface Result {
	scenario: string;
	model: Model;
	mutant?: string;
	config?: string;
	cpus: number;
	executions: number;
	blocked: number;
	/** All schedules with at most so many preemptions were seen; null: it is not about preemptions. */
	bound: number | null;
	/** All schedules were. */
	exhausted: boolean;
	strategy: string;
	/** With those that only found out what is shared. */
	made?: number;
	failures: number;
	seconds: number;
	failure?: Failure;
}
