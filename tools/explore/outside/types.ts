// SPDX-License-Identifier: GPL-2.0-only
/** What an exploration is asked for, and what it answers. */
import type {
	BadAccess,
	Decoder,
	Listed,
	MemoryObject,
	ModelName,
	Place,
	SessionFailure,
	Subject,
	TraceEvent,
	Wait,
} from "../protocol.ts";

export type { Snapshot, TraceEvent } from "../protocol.ts";

export type Model = ModelName;
/** The strongest first: what fails under one fails under the next. */
export const MODELS: readonly Model[] = ["sc", "tso", "lkmm"];

export interface ExploreOptions {
	scenarios: string[];
	model?: Model;
	mutant?: string;
	/** A kernel with it that is there already: what its scenarios are, and, if it is one of several, its number. */
	kernel?: { bundle: string; listed: Listed[]; number?: number };
	/** A fragment of configs/ over the stepper's. */
	config?: string;
	/** x86 by default. */
	arch?: string;
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
	/** For how many ms of CPU time a search may be silent until it counts as one that never ends. */
	patience?: number;
}

export interface Progress {
	scenario: string;
	model: Model;
	/** Executions in all its searches so far, those that were cut off and repeated included. */
	made: number;
	seconds: number;
	/** How many they were in the end, the last time, and how long they took. */
	expected?: { made: number; seconds: number };
}

/** Of many searches. */
export interface TotalProgress {
	done: number;
	all: number;
	/** As far as it is known. */
	seconds_left?: number;
}

/** What went wrong, in terms of the sources. */
export interface Failure extends Place {
	kind: string;
	text: string;
	/** Who did it; nobody in a deadlock. */
	at?: SessionFailure["at"];
	trace: TraceEvent[];
	replay: string;
	preemptions: number;
	/** Nothing with fewer preemptions fails. */
	minimised: boolean;
	/** Steps of the trace that it is about; two that conflict, the later one last. */
	conflict?: number[];
	/** In a deadlock, who waits for what. */
	waits?: Wait[];
	/** Locks that are held there, and counts that do not balance. */
	about?: Subject[];
	/** What KASAN forbids, and what is left over at the end. */
	memory?: BadAccess;
	leaked?: MemoryObject[];
	/** Where else it has to do with: the other order of two locks. */
	places?: (Place & { what: string })[];
	decoder?: Decoder;
}

export interface Result {
	scenario: string;
	model: Model;
	mutant?: string;
	config?: string;
	arch: string;
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
