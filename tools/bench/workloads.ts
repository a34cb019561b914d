// SPDX-License-Identifier: GPL-2.0-only
/** Faults beside writers (./beside.ts), for the program and for who has it run: nothing here is of a kernel. */

/** What a writer does, over and over: functions of ./beside.ts. */
export type TurnName = "fork" | "heap" | "one_page" | "populate" | "protect" | "thread";

/** By name: what each writer does. */
export const WORKLOADS = {
	"mmap+munmap of a page": ["one_page"],
	"thread start and end": ["thread"],
	"fork+exit": ["fork"],
	"mprotect of 32 MiB": ["protect"],
	"populate+munmap of 8 MiB": ["heap"],
	"the same, and a thread that maps": ["heap", "one_page"],
	"populate+purge of 32 MiB, and a thread that maps": ["populate", "one_page"],
} satisfies Record<string, TurnName[]>;
export type Workload = keyof typeof WORKLOADS;
/** In the order in which they are shown, with the number of writers. */
export const workloads = Object.entries(WORKLOADS).map(([name, turns]) => ({
	name: name as Workload,
	writers: turns.length,
}));

/** What will-it-scale calls them: faults of anonymous memory, and of a file, mapped privately, and shared. */
export const LOOPS = ["page_fault1", "page_fault2", "page_fault3"] as const;
export type LoopName = (typeof LOOPS)[number];

/** A thread that runs one of them. */
export interface Loop {
	loop: LoopName;
	pid: number;
	nr: number;
	pages: number;
	times: number;
	/** Threads that are ready. */
	shared: Int32Array;
}

export interface Beside {
	workload: Workload;
	shared: Int32Array;
	faulters: number;
	/** Each faulter writes so many fresh pages, so many times. */
	pages: number;
	times: number;
}
/** One of its threads. */
export interface Thread extends Beside {
	pid: number;
	/** Writers come first. */
	nr: number;
}
