// SPDX-License-Identifier: GPL-2.0-only
/**
 * A recording as one list of operations: system calls and page faults of all
 * threads in the order in which they took effect, with what each returned and
 * what memory it depends on. How the order is found, what is taken for granted
 * and what is not replayed is in Documentation/replay.md.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { at, read_text } from "../lib/errors.ts";
import { parse_faults } from "./faults.ts";
import type { Late } from "./forks.ts";
import { type MapsLine, parse_marked_maps, type VmFlags } from "./maps.ts";
import { Merge, type Parts } from "./merge.ts";
import type { AddressSpace } from "./model.ts";
import { parse_machine } from "./limits.ts";
import type { Memory } from "./plan_format.ts";
import { count } from "../../scripts/lib/words.ts";
import { parse_strace, type Strace } from "./strace.ts";

export type Kind = "exec" | "call" | "clone" | "wait" | "exit" | "fault";
/** How the byte of a fault is touched. */
export type Access = "read" | "write" | "exec";

export interface Expected {
	value?: number;
	/** Positive errno. */
	errno?: number;
	/** The fault ends in a signal. */
	signal?: boolean;
	/** Which one, where a line says so. */
	signo?: number;
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
	/** What is in memory that an argument names (prctl, mbind). */
	text?: string;
	expected: Expected;
	/** mmap or mremap without a fixed address: the kernel chose. */
	placed: boolean;
	/** … and put it where a huge page could begin, or, though its rule says so,
	 *  did not: not all file systems ask for it. */
	aligned: boolean;
	not_aligned: boolean;
	access?: Access;
	/** Of a fault: what it is of. */
	memory?: Memory;
	/** Index of the new task (clone) or of the one reaped (wait). */
	child: number;
	/** Index of an image (exec). */
	image: number;
	/** The last thread of its process ends. */
	last: boolean;
	/** maps.final is the state just before this one. */
	snapshot: boolean;
	/** The recorded machine's limits are known, and none of them forbids it. */
	unlimited?: boolean;
	/** mmap whose place is given to the kernel: what there was before is not known. */
	given: boolean;
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
	/** For mmap(), beside those that the rest says. */
	more_flags: number;
	vm?: VmFlags;
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
	/** Empty, if it is not known. */
	initial: MapsLine[];
	final: MapsLine[];
	/** No: there is nothing to compare. */
	final_known: boolean;
	/** The last line of strace.txt that `final` has seen, if it is not the program's end. */
	final_line?: number;
	/** What is not recorded and was assumed or left out, for who reads the result. */
	unknown: string[];
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
	/** Why mappings may be split at other places than recorded, if they may. */
	blurs: string[];
	/** Mappings whose recorded place no rule explains. */
	unexplained: number[];
	/** Where top-down mappings begin. */
	mmap_base: number;
	/** The lowest address without MAP_FIXED, and with. */
	min_addr: number;
	min_fixed_addr: number;
	/** What is only read shares a page of zeroes; undefined: not recorded. */
	zero_page?: boolean;
	/** Nodes with memory of the recorded machine. */
	nodes: number;
	/** Bytes of a page of the recording, and of the kernel that it was made fit for; see fit.ts. */
	fitted?: { from: number; to: number };
}

/** Where a recording is: a directory, or a file with the output of strace alone. */
function find_files(path: string): (name: string) => string {
	const alone = statSync(path, { throwIfNoEntry: false })?.isFile();
	return (name) => (alone ? (name === "strace.txt" ? path : "") : join(path, name));
}

/** More runs of the merge do not find out more. */
const MOST_RUNS = 6;

/** What a run finds missing in images that were not recorded is there in the next one, and forks that it takes to
 *  have been too early are later. */
function merge(parts: Parts, again: () => Strace): ReturnType<Merge["run"]> {
	const late: Late = new Map();
	let run = new Merge(parts, new Map(), late);
	let merged = run.run();
	const { missing } = run;
	for (let n = 1; n < MOST_RUNS && (run.late.size > 0 || (n === 1 && missing.size > 0)); n++) {
		for (const [fork, line] of run.late) late.set(fork, line);
		run = new Merge({ ...parts, strace: again() }, missing, late);
		merged = run.run();
	}
	return merged;
}

export function load_trace(directory: string): Trace {
	const hint = "a recording is made by 'spf record DIR -- COMMAND'";
	const file = find_files(directory);
	const unknown: string[] = [];
	/* What is not there is not known, and the replay says so; but what was begun and is empty is a mistake. */
	const text = (name: string, what: string): string | undefined => {
		const path = file(name);
		if (path === "" || !existsSync(path)) {
			if (what !== "") unknown.push(`${what} (there is no ${name})`);
			return undefined;
		}
		const content = read_text(path, hint);
		/* The maps of a thread that has ended are empty. */
		if (content.trim() === "" && name === "maps.final" && leader_is_gone()) {
			unknown.push(`${what} (the first thread had ended when they were read)`);
			return undefined;
		}
		if (content.trim() === "" && name !== "faults.txt")
			throw at(path, 1, `the file is empty; record again, or remove it and do without: ${what}`);
		return content;
	};
	const strace_file = file("strace.txt");
	const output = read_text(strace_file, hint);
	const pasted = ["maps.initial", "maps.final", "faults.txt"].every((name) => !existsSync(file(name)));
	const strace = parse_strace(output, strace_file, pasted);
	const first = strace.events.find(({ kind }) => kind === "call")?.pid;
	const leader_is_gone = () =>
		strace.events.some((e) => e.kind === "call" && e.pid === first && e.name === "exit");
	let faults = parse_faults(text("faults.txt", "the page faults") ?? "", file("faults.txt"));
	const maps = (name: string, what: string) => {
		const content = text(name, what);
		return content === undefined ? [] : parse_marked_maps(content, file(name));
	};
	const [initial] = maps("maps.initial", "the memory in which the program began");
	const [final] = maps("maps.final", "the maps at its end");
	const images = maps("maps.exec", "");
	const command = text("command.txt", "the command")?.trim() ?? "";
	const kernel = text("kernel.txt", "the kernel that it ran on")?.trim() ?? "";
	if (kernel !== "" && !/^\d{1,3}\.\d{1,3}/.test(kernel))
		throw at(file("kernel.txt"), 1, `not the version of a kernel: '${kernel.slice(0, 40)}'`);
	if (strace.gap) unknown.push(`what was left out of strace.txt at line ${strace.gap}`);
	const [other, ...rest] = strace.others;
	const more = rest.length > 0 ? ` and ${count(rest.length, "more line")}` : "";
	if (other !== undefined) unknown.push(`what is not strace's: line ${other}${more}`);
	if (strace.cut) unknown.push("the last line of strace.txt (it ends within)");
	if (strace.clock === "lines" && faults.length > 0) {
		unknown.push("when the page faults happened (strace without -ttt)");
		faults = [];
	}
	const rules = text("machine.txt", "");
	const machine = rules === undefined ? {} : parse_machine(rules, file("machine.txt"));
	const parts = { machine, directory, strace_file, strace, faults, initial, final, images, kernel };
	const merged = merge(parts, () => parse_strace(output, strace_file, pasted));
	return {
		...merged,
		unknown: [...unknown, ...merged.unknown],
		command,
		kernel,
		lines: strace.lines,
	};
}
