// SPDX-License-Identifier: GPL-2.0-only
/**
 * A recording as one list of operations: system calls and page faults of all
 * threads in the order in which they took effect, with what each returned and
 * what memory it depends on. How the order is found, what is taken for granted
 * and what is not replayed is in Documentation/replay.md.
 */
import { join } from "node:path";
import { at, read_text } from "../lib/errors.ts";
import { parse_faults } from "./faults.ts";
import { type MapsLine, parse_maps } from "./maps.ts";
import { Merge } from "./merge.ts";
import type { AddressSpace } from "./model.ts";
import { parse_strace } from "./strace.ts";

export type Kind = "exec" | "call" | "clone" | "wait" | "exit" | "fault";
/** How the byte of a fault is touched. */
export type Access = "read" | "write" | "exec";

export interface Expected {
	value?: number;
	/** Positive errno. */
	errno?: number;
	/** The fault ends in a signal. */
	signal?: boolean;
}

/** What an operation reads and changes of its mm, for the parallel plan. */
export interface Footprint {
	/** Changes vmas (or the anon_vma of one): not just pages. */
	layout: boolean;
	/** Ranges whose contents it uses or changes. */
	direct: [number, number][];
	/** Ranges whose vmas decide its outcome, or that its outcome decides. */
	influence: [number, number][];
	/** Everything in the mm. */
	whole: boolean;
	/** Reads or changes mm->brk. */
	brk: boolean;
}

export interface Op {
	kind: Kind;
	task: number;
	/** The mm it works on; for an exec, the old one. */
	mm: number;
	file: "strace.txt" | "faults.txt";
	line: number;
	/** Lines of strace.txt that its result answers for. */
	lines: number;
	name: string;
	nr: number;
	args: number[];
	/** Index of the open file that is mapped, or -1. */
	opened: number;
	/** A string argument (prctl). */
	text?: string;
	expected: Expected;
	/** mmap without a fixed address: the kernel chose. */
	placed: boolean;
	/** … and put it where a huge page could begin, or, though its rule says so,
	 *  did not: not all file systems ask for it. */
	aligned: boolean;
	not_aligned: boolean;
	access?: Access;
	/** Index of the new task (clone) or of the one reaped (wait). */
	child: number;
	/** Index of an image (exec). */
	image: number;
	/** The last thread of its process ends. */
	last: boolean;
	/** maps.final is the state just before this one. */
	snapshot: boolean;
	footprint: Footprint;
	/** Earlier operations that it must follow for other reasons than memory. */
	after: number[];
}

export interface ImageLine {
	start: number;
	end: number;
	prot: number;
	shared: boolean;
	offset: number;
	/** Index of a file, ANONYMOUS or SPECIAL. */
	file: number;
	/** Index of the open file, or -1. */
	opened: number;
	name: string;
}

export interface Image {
	start_brk: number;
	lines: ImageLine[];
	/** Recorded, or made up from what calls and faults imply. */
	recorded: boolean;
}

export interface TracedFile {
	path: string;
	device: string;
	inode: number;
	/** The largest extent implied by mappings, in bytes. */
	size: number;
	shmem: boolean;
}

/** One open() of a file: mappings of two of them never merge, as in the kernel. */
export interface OpenFile {
	file: number;
	writable: boolean;
}

export interface Task {
	pid: number;
	tgid: number;
	/** Index of the thread that made it; -1 for the first. */
	parent: number;
}

export interface Trace {
	directory: string;
	command: string;
	kernel: string;
	initial: MapsLine[];
	final: MapsLine[];
	tasks: Task[];
	files: TracedFile[];
	open_files: OpenFile[];
	images: Image[];
	ops: Op[];
	/** The model's address space of the program at its end. */
	model: AddressSpace;
	/** Lines of strace.txt, and how many of them are not replayed, by name. */
	lines: number;
	omitted: Map<string, number>;
	/** Faults that are not the program's: earlier than it, or of the kernel. */
	foreign_faults: number;
	/** The recording kernel aligns all large mappings (6.7 and newer). */
	aligns: boolean;
	/** KERNEL_VERSION() of the recording kernel; the patch level is left out. */
	kernel_version: number;
	/** Mappings whose recorded place no rule explains. */
	unexplained: number[];
	/** Where top-down mappings begin. */
	mmap_base: number;
	/** Bytes of a page of the recording, and of the kernel that it was made fit for; see fit.ts. */
	fitted?: { from: number; to: number };
}

export function load_trace(directory: string): Trace {
	const hint = "a recording is made by 'spf record DIR -- COMMAND'";
	const file = (name: string) => join(directory, name);
	const text = (name: string) => read_text(file(name), hint);
	const strace = parse_strace(text("strace.txt"), file("strace.txt"));
	const faults = parse_faults(text("faults.txt"), file("faults.txt"));
	const initial = parse_maps(text("maps.initial"), file("maps.initial"));
	const final = parse_maps(text("maps.final"), file("maps.final"));
	const command = text("command.txt").trim();
	const kernel = text("kernel.txt").trim();
	if (initial.length === 0) throw at(file("maps.initial"), 1, `the file is empty; ${hint}`);
	const merge = new Merge(directory, strace.events, faults, initial, final, kernel);
	return { ...merge.run(), command, kernel, lines: strace.lines };
}
