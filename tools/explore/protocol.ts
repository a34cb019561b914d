// SPDX-License-Identifier: GPL-2.0-only
/** What the explorer and the sessions inside of a bundle say to each other. */
export type ModelName = "sc" | "tso" | "lkmm";

/** A number; what a register holds; the address of a place; an operator on these, as in C. */
export type LitmusValue = number | { reg: string } | { at: string } | { op: string; a: LitmusValue; b?: LitmusValue };

/**
 * An operation; "set" a register; "if" a value is not 0, some operations, else others; "assume" that it is not,
 * or the execution does not count.
 */
export interface LitmusOp {
	op: string;
	loc?: string;
	/** Instead of that: what points to it. */
	pointer?: LitmusValue;
	lock?: string;
	reg?: string;
	value?: LitmusValue;
	old?: LitmusValue;
	yes?: LitmusOp[];
	no?: LitmusOp[];
	/** Where it is in a file. */
	line?: number;
}
export interface LitmusRequest {
	cpus: LitmusOp[][];
	model: ModelName;
	/** Of which the values are asked for, beside those that operations name. */
	places: string[];
	/** What places hold at first, if not 0. */
	init?: [string, LitmusValue][];
	/** Most executions. */
	budget?: number;
}
export interface LitmusAnswer {
	states: string[];
	executions: number;
	/** No more executions are left. */
	whole: boolean;
	/** Why there is no answer. */
	problem?: string;
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
	/** In a kernel that has several: the number of the mutant. */
	mutant?: number;
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
	waits: [number, number][];
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
	/** And under no other. */
	only: boolean;
	/** Why it is not to be run on this architecture. */
	lacks?: string;
	quick: boolean;
	/** Of one that is made at random: how many operations it has. */
	operations?: number;
}

/* ---- what happened ---- */

export type ContextKind = "task" | "irq" | "rcu" | "buffer";
/** Kinds of steps, as the engine names them, and what a store buffer does. */
export type Op =
	| "read"
	| "write"
	| "add"
	| "rmw"
	| "cmpxchg"
	| "store"
	| "commit"
	| "lock"
	| "unlock"
	| "trylock"
	| "down_read"
	| "up_read"
	| "down_read_trylock"
	| "downgrade"
	| "await"
	| "park"
	| "answer"
	| "free"
	| "page"
	| "mb"
	| "irq_off"
	| "irq_on"
	| "begin"
	| "rcu_read_lock"
	| "rcu_read_unlock"
	| "gp_start"
	| "gp_end"
	| "call_rcu"
	| "rcu_take"
	| "tlb"
	| "tlbi"
	| "pwc"
	| "pwci";
/** Set-up and checks run alone, before and after the programs. */
export type Phase = "setup" | "run" | "check";

/** Something that was done to a place: the same shape from the engine to the page. */
export interface Event {
	step: number;
	cpu: number;
	context: ContextKind;
	phase: Phase;
	op: Op;
	addr: number;
	old: number;
	value: number;
	/** The newest value, where a read returned another one. */
	newest?: number;
	/** A try, or a cmpxchg, that came to nothing. */
	failed: boolean;
	/** The context of the step before could have gone on. */
	preempts: boolean;
	/** The machine after it, if that was asked for. */
	state?: Snapshot;
}
/** As it leaves a bundle: where is said in terms of that. */
export interface RawEvent extends Event {
	stack: string;
}
/** Where something happened, in terms of the sources. */
export interface Place {
	func: string;
	file: string;
	line: number;
	/** Functions, outermost first. */
	calls: string[];
}
export interface TraceEvent extends Event, Place {
	/** The place of memory as the source calls it. */
	name: string;
}

/** Memory that was given out or taken back. */
export interface RawAllocation {
	what: "alloc" | "free";
	/** Steps that were made before. */
	step: number;
	cpu: number;
	context: ContextKind;
	phase: Phase;
	stack: string;
}
export type Allocation = Omit<RawAllocation, "stack"> & Place;

/** Memory that a failure is about: an object of a slab cache, or pages. */
export interface MemoryObject<A = Allocation> {
	start: number;
	size: number;
	/** Of a slab cache; else it is pages. */
	cache?: string;
	/** What was done with it, the latest last. None: it was there when the machine had booted. */
	history: A[];
}
/** An access that KASAN forbids. */
export interface BadAccess<A = Allocation> {
	addr: number;
	size: number;
	/** As the source calls it. */
	name?: string;
	object?: MemoryObject<A>;
}

/** A word that a failure is about: a count that does not balance, or a lock that is held. */
export interface Subject {
	kind: "lock" | "count";
	name: string;
	addr: number;
}

/** Names of the bits of words, from the kernel's own constants. */
export type FlagKind = "vm_flags" | "gfp" | "page_flags";
export interface Decoder {
	flags: Record<FlagKind, [name: string, bit: number][]>;
	/** Of an entry: a bit, what is said where it is set, and where it is not. */
	pte_bits: (readonly [bit: number, set: string, clear: string])[];
	/** What its frame is. */
	pfn_mask: number;
	page_shift: number;
	/** Per-CPU areas: where that of CPU 0 begins, and how far apart they are. */
	percpu: { base: number; stride: number; cpus: number };
	/** Functions that everything comes through. */
	entry_functions: string[];
}

/** The machine's state after a step. */
export interface Snapshot {
	spaces: AddressSpace[];
	locks: { name: string; addr: number; holder: string }[];
	tlbs: {
		cpu: number;
		entries: { addr: number; pte: number; ctx_id: number }[];
		/** Of the page walk cache: which table of ptes the addresses from `addr` on have. */
		tables: { addr: number; pmd: number; ctx_id: number }[];
	}[];
	buffers: { cpu: number; stores: { addr: number; value: number }[] }[];
}
export interface AddressSpace {
	/** Of the mm_struct. */
	addr: number;
	/** As TLBs tag it. */
	ctx_id: number;
	/** CPUs that have it loaded. */
	cpus: number[];
	mmap_seq?: number;
	/** In order, with how deep each is in mm_rb (-1: not in it): together they are the tree. */
	vmas: { start: number; end: number; flags: number; depth: number }[];
	ptes: { addr: number; pte: number }[];
}

/* ---- answers of a session ---- */

export interface Replayed {
	failure?: SessionFailure;
	events: RawEvent[];
	diverged?: string;
	decoder: Decoder;
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
export interface Wait {
	cpu: number;
	context: ContextKind;
	for: string;
	holder?: string;
}
export interface SessionFailure {
	kind: string;
	text: string;
	/** Where, in terms of the bundle. */
	stack: string;
	/** Who ran; -1: nobody, it is about the end. */
	context: number;
	/** The same, for who reads it. */
	at?: { cpu: number; context: ContextKind; phase: Phase };
	/** Steps that were made before. */
	event: number;
	/** Of a race: the steps of the access that was found to race (none: the last one), and of the other one. */
	access?: number;
	other?: number;
	/** Where else it has to do with, in terms of the bundle: the other order of two locks, where one was taken. */
	places?: { what: string; stack: string }[];
	/** Of a lock order, which other executions may have a part in. */
	seen?: Seen;
	/** Words that it is about; of a replay only. */
	about?: Subject[];
	/** What KASAN forbids, and what leaked; of a replay only. */
	memory?: BadAccess<RawAllocation>;
	leaked?: MemoryObject<RawAllocation>[];
	/** See strategy/replay.ts; empty where it fails before the first step. */
	schedule: number[][];
	/** CPUs, if they are not all of the scenario's in their order. */
	order?: number[];
	waits?: Wait[];
	console: string[];
}

/* ---- messages between a core and its worker thread ---- */

export type Ended = Outcome & { seconds: number };
export type Progress = Ended & { estimate?: number };
export interface Measured {
	executions: number;
	accesses: number;
	seconds: number;
}
/** What a worker can be asked: the question and the answer. */
export interface Calls {
	/** All that are written down; or those of these names that are made from a number. */
	list: [string[] | undefined, Listed[]];
	measure: [Request & { seconds: number }, Measured];
	replay: [Request, Replayed];
	explore: [Request, Ended];
	lend: [undefined, Loan | undefined];
	sharing: [undefined, Sharing];
	litmus: [LitmusRequest, LitmusAnswer];
	stop: [undefined, void];
}
export type Command = keyof Calls;
export type Question<C extends Command = Command> = { [K in C]: { id: number; command: K; request: Calls[K][0] } }[C];
export type Answer =
	| { id: number; kind: "result"; result: Calls[Command][1] }
	| { id: number; kind: "progress"; progress: Progress }
	| { id: number; kind: "error"; error: string; where: string };
/** Answers to all of them. */
export type Serve = { [K in Command]: (request: Calls[K][0], id: number) => Calls[K][1] | Promise<Calls[K][1]> };

/** What a bundle has for the worker, whatever a session's options and its search are. */
export interface Bundle<Options extends { search: () => Search }, Search> {
	list(random?: readonly string[]): Listed[];
	sharing(): Sharing;
	replay_schedule(r: Request): Replayed;
	litmus_states(
		cpus: LitmusOp[][],
		model: ModelName,
		places: string[],
		budget: number,
		search: undefined,
		init: LitmusRequest["init"],
	): LitmusAnswer;
	session_options(r: Request): Options;
	Session: new (options: Options) => BundleSession<Search>;
}
export interface BundleSession<Search> {
	readonly outcome: Outcome;
	readonly accesses: number;
	readonly estimate: number | undefined;
	slice(ms: number, max?: number): boolean;
	resume(search: Search, afresh?: boolean): void;
	lend(): Loan | undefined;
}
