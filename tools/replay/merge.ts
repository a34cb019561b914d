// SPDX-License-Identifier: GPL-2.0-only
/** Merges the files of a recording into one list of operations, in the order in
 *  which they took effect. */
import { basename } from "node:path";
import {
	CLONE_FILES,
	CLONE_FS,
	CLONE_SIGHAND,
	CLONE_THREAD,
	CLONE_VFORK,
	CLONE_VM,
	ERRNO,
	MADV,
	MAP_32BIT,
	MAP_ANONYMOUS,
	MAP_FIXED,
	MAP_FIXED_NOREPLACE,
	MAP_PRIVATE,
	MAP_TYPE,
	MMAP_BASE,
	MREMAP_FIXED,
	NR,
	PAGE_SIZE,
	PMD_SIZE,
	PR_SET_NAME,
	PR_SET_VMA,
	SIGBUS,
	SIGSEGV,
	PROT_EXEC,
	PROT_READ,
	PROT_WRITE,
	page_down,
	page_up,
	TASK_SIZE,
} from "./abi.ts";
import { at, UserError } from "../lib/errors.ts";
import { type Fault, match_signals } from "./faults.ts";
import { FileTable } from "./file_table.ts";
import { apply_call, find_footprint } from "./layout.ts";
import { type MapsLine, type MarkedMaps, VSYSCALL } from "./maps.ts";
import { AddressSpace, ANONYMOUS, type AreaRange, GROWSDOWN, pages, SHARED, SPECIAL } from "./model.ts";
import { explains_mremap, explains_range, TELLING } from "./order.ts";
import { RangeMap } from "./ranges.ts";
import { Segments } from "./shm.ts";
import type { Call, Event, Exit, Signal, Strace } from "./strace.ts";
import type { Access, Footprint, Image, ImageLine, Kind, Op, Task, Trace } from "./trace.ts";
import {
	clone_flags,
	exec_comm,
	exit_signal,
	is_birth,
	is_special,
	number,
	numeric,
	prot_of,
	replayed_flags,
	show,
	waited_pid,
} from "./values.ts";

const PIE_BASE = 0x555555554000;
const STATIC_BASE = 0x400000;
const FAULT_AROUND = 65536;
const LAYOUT = new Set(["mmap", "munmap", "mprotect", "pkey_mprotect", "mremap", "brk"]);
const MAPPING = new Set(["mmap", "mprotect", "pkey_mprotect", "mremap", "brk"]);
/** What succeeds on memory that is mapped only. */
const ON_MAPPED = new Set(["mprotect", "mremap", "madvise", "mlock", "mlock2", "munlock", "msync"]);
/** More lies between a randomised program and where it would lie otherwise. */
const LARGEST_PROGRAM = 2 ** 32;
/** Where it lies without randomisation, as large as it is at the start. */
const STACK: ImageLine = {
	start: 0x7ffffffde000,
	end: 0x7ffffffff000,
	prot: PROT_READ | PROT_WRITE,
	shared: false,
	offset: 0,
	file: ANONYMOUS,
	opened: -1,
	name: "[stack]",
};

interface Step {
	event: Event;
	line: number;
	time: number;
	enters: boolean;
	leaves: boolean;
}

/** The lines of the file, in order; a call on one line is one step. */
function steps(events: Event[]): Step[] {
	const result: Step[] = [];
	for (const event of events) {
		if (event.kind !== "call") {
			result.push({ event, line: event.line, time: event.time, enters: false, leaves: false });
			continue;
		}
		const whole = event.lines === 1 && !event.unfinished;
		result.push({ event, line: event.line, time: event.entered, enters: true, leaves: whole });
		if (!whole && !event.unfinished)
			result.push({ event, line: event.last_line, time: event.left, enters: false, leaves: true });
	}
	return result.sort((a, b) => a.line - b.line);
}

const is_ksm = (advice: number) => advice === MADV.MADV_MERGEABLE || advice === MADV.MADV_UNMERGEABLE;

/** What distributors forbid to map; and a number that no memory key has. */
const MIN_ADDR = 65536;
const NO_KEY = 16;

/**
 * Where top-down mappings begin: the loader, or [vdso], was the first. Without
 * ASLR and with a small stack it is always the same place; that nothing is
 * there means more only if it is far away.
 */
function find_mmap_base(initial: MapsLine[]): number {
	const stack = initial.find((line) => line.name === "[stack]");
	const below = initial.filter((line) => stack && line.end <= stack.start);
	const top = below[below.length - 1]?.end ?? MMAP_BASE;
	const usual = stack?.end === TASK_SIZE && top <= MMAP_BASE && top > MMAP_BASE - 16 * PMD_SIZE;
	return !stack || usual || (stack.end === TASK_SIZE && top > MMAP_BASE) ? MMAP_BASE : top;
}

/** All ordered choices of 1 to `most` of the items. */
function* orders<T>(items: T[], most: number): Generator<T[]> {
	for (let size = 1; size <= Math.min(most, items.length); size++) yield* choose(items, size);
}
function* choose<T>(items: T[], size: number): Generator<T[]> {
	if (size === 0) return yield [];
	for (const item of items)
		for (const rest of choose(
			items.filter((other) => other !== item),
			size - 1,
		))
			yield [item, ...rest];
}

interface Thread {
	index: number;
	pid: number;
	group: Group;
	mm: AddressSpace;
	comm: string;
	alive: boolean;
	/** Last operation. */
	last: number;
	exit_code: number;
}

interface Group {
	tgid: number;
	threads: Set<Thread>;
	/** exit_group was called with this code. */
	exit_group?: number;
}

/** A call that a thread has entered and whose effect is still to come. */
interface Inside {
	call: Call;
	thread: Thread;
}

/** What a recording is made of, read. */
export interface Parts {
	directory: string;
	strace_file: string;
	strace: Strace;
	faults: Fault[];
	/** Undefined where there is none. */
	initial?: MarkedMaps;
	final?: MarkedMaps;
	/** Images of later execves. */
	images: MarkedMaps[];
	kernel: string;
}

/** Memory that an image must have had, by the number of the image. */
export type Missing = Map<number, RangeMap<true>>;

/** The range that a call takes out of the address space. */
function freed_by({ name, args, result }: Call): [number, number] | undefined {
	if (result.errno || result.value === undefined) return undefined;
	const [start, length, after] = args.map((arg) => number(arg));
	if (name === "munmap") return pages(start, length);
	if (name !== "mremap") return undefined;
	const kept = result.value === start ? page_up(after) : 0;
	return kept < page_up(length) ? [start + kept, start + page_up(length)] : undefined;
}

/** May what a call answers depend on whether another one comes first? An mmap() that finds its place does not
 *  ask for more than what is free, which before_it_is_freed() looks at. */
function may_be_changed_by(call: Call, other: Call): boolean {
	if (call.name === "mremap" || other.name === "mremap") return true;
	const [address, length, , flags] = call.args.map((arg) => number(arg));
	if (other.name === "mmap") return call.name === "mmap" && (flags & MAP_FIXED) !== 0;
	const [start, end] = pages(call.name === "mmap" ? call.result.value! : address, length);
	const [from, to] = pages(number(other.args[0]), number(other.args[1]));
	return start < to && from < end;
}

/** A clone that any kernel refuses. */
function refused_for_flags(flags: number): boolean {
	return (
		((flags & CLONE_THREAD) !== 0 && !(flags & CLONE_SIGHAND)) ||
		((flags & CLONE_SIGHAND) !== 0 && !(flags & CLONE_VM))
	);
}

/** Where a recording begins that shows no execve. */
function beginning(pid: number, line: number, time = 0): Call {
	return {
		kind: "call",
		pid,
		name: "execve",
		args: [],
		result: { value: 0 },
		entered: time,
		left: time,
		line: 0,
		last_line: line,
		lines: 0,
		unfinished: false,
		delayed: false,
	};
}

/** How a thread touches memory that permits `prot`. */
function permits(prot: number, access: Access): boolean {
	if (access === "write") return (prot & PROT_WRITE) !== 0;
	if (access === "exec") return (prot & PROT_EXEC) !== 0;
	return (prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) !== 0;
}

const none = (): Footprint => ({ layout: false, direct: [], influence: [], whole: false, brk: false });

/** Merges the files; one use. */
export class Merge {
	readonly ops: Op[] = [];
	readonly tasks: Task[] = [];
	readonly images: Image[] = [];
	readonly omitted = new Map<string, number>();
	readonly unexplained: number[] = [];
	foreign_faults = 0;

	/** What the images of the first run lacked. */
	readonly missing: Missing = new Map();
	readonly unknown: string[] = [];

	private readonly directory: string;
	private readonly events: Event[];
	private readonly faults: Fault[];
	private readonly initial: MapsLine[];
	private readonly final: MapsLine[];
	private readonly strace: string;
	private readonly table = new FileTable();
	private readonly threads = new Map<number, Thread>();
	private readonly inside = new Map<number, Inside>();
	/** The clones and forks that made a pid: numbers are used again. */
	private readonly births = new Map<number, Call[]>();
	/** What the first brk() after an execve returned. */
	private readonly first_brks = new Map<Call, number>();
	private brk_without_execve?: number;
	/** The program's own last execve: maps.final shows what it executed. */
	private last_exec?: Call;
	/** Images of execves by the line on which they ended. */
	private readonly images_by_line = new Map<number, MarkedMaps>();
	/** Which image an mm began with. */
	private readonly image_of = new Map<number, number>();
	/** maps.final was copied when this line had been written. */
	private snapshot_line = Number.POSITIVE_INFINITY;
	private snapshot_due = false;
	/** Descriptors without paths: what the last mapping of the first page was of. */
	private readonly descriptors = new Map<string, string>();
	/** The name of the program's thread before its execve. */
	private comm_before = "";
	/** Exit operations by pid, for wait. */
	private readonly exits = new Map<number, { op: number; task: number }>();
	private readonly mm_users = new Map<number, Set<Thread>>();
	private readonly vfork_children = new Map<Thread, Thread>();
	/** What is to be added to Op.lines when a thread's exit comes. */
	private readonly exit_lines = new Map<number, number>();
	private next_mm = 0;
	private main!: Thread;
	private start!: Call;
	/** A fault of the program itself was seen. */
	private started = false;
	private main_mm?: AddressSpace;
	private final_mm?: AddressSpace;
	private readonly aligns_files: boolean;
	private readonly aligns_anonymous: boolean;
	private readonly kernel_version: number;
	private readonly mmap_base: number;
	private readonly segments: Segments;
	/** The machine's, as far as its answers tell. */
	private min_addr = MIN_ADDR;
	private min_fixed_addr = 0;

	constructor(
		private readonly parts: Parts,
		/** What images that were not recorded must have had. */
		private readonly lacked: Missing,
	) {
		this.directory = parts.directory;
		this.strace = parts.strace_file;
		this.events = parts.strace.events;
		this.faults = parts.faults;
		this.initial = parts.initial?.lines ?? [];
		this.final = parts.final?.lines ?? [];
		const [major, minor] = parts.kernel.split(".").map((n) => Number.parseInt(n, 10) || 0);
		const version = major * 1000 + minor;
		this.aligns_files = version >= 5018;
		this.aligns_anonymous = version >= 6007;
		this.kernel_version = (major || 0) * 65536 + (minor || 0) * 256;
		this.mmap_base = find_mmap_base(this.initial);
		this.segments = new Segments(this.events, this.final);
		for (const line of [...this.initial, ...this.final])
			if (line.inode !== 0 && line.name.startsWith("/")) this.table.file(line.name, line);
		for (const image of parts.images) if (image.mark) this.images_by_line.set(image.mark.line, image);
		this.look_ahead();
		if (parts.final) this.snapshot_line = parts.final.mark?.line ?? this.line_of_final();
	}

	/** Without a mark maps.final was copied soon after the first exit_group began: where threads ran on,
	 *  before the first mmap that it does not show. */
	private line_of_final(): number {
		const group = new Set([this.first_call()?.pid]);
		let ending = false;
		for (const event of this.events) {
			if (event.kind !== "call" || !group.has(event.pid)) continue;
			const { name, result } = event;
			if (name === "exit_group") ending = true;
			if (result.value === undefined || result.errno) continue;
			if (is_birth(name) && clone_flags(event) & CLONE_THREAD) group.add(result.value);
			const { value } = result;
			const shown = () => this.final.some(({ start, end }) => start <= value && value < end);
			if (ending && name === "mmap" && !shown()) return event.line - 1;
		}
		return Number.POSITIVE_INFINITY;
	}

	/** The program's own, or of what became it. */
	private first_call(): Call | undefined {
		return this.events.find((event) => event.kind === "call");
	}

	/** What is said later than it is needed. */
	private look_ahead(): void {
		const execs = new Map<number, Call>();
		for (const event of this.events) {
			/* It goes on under the leader's number. */
			const exec = event.kind === "exit" ? execs.get(event.superseded_by ?? -1) : undefined;
			if (exec) execs.set(event.pid, exec);
			if (event.kind !== "call") continue;
			const value = event.result.value ?? -1;
			if (is_birth(event.name) && value > 0) {
				const births = this.births.get(value);
				if (births) births.push(event);
				else this.births.set(value, [event]);
				/* Whichever thread calls brk() first. */
				const exec = execs.get(event.pid);
				if (exec && clone_flags(event) & CLONE_THREAD) execs.set(value, exec);
			} else if (event.name.startsWith("execve") && value === 0) execs.set(event.pid, event);
			else if (event.name === "brk" && event.result.value !== undefined) {
				const exec = execs.get(event.pid);
				if (!exec) this.brk_without_execve ??= event.result.value;
				else if (!this.first_brks.has(exec)) this.first_brks.set(exec, event.result.value);
			}
		}
		const main = this.first_call()?.pid;
		this.last_exec = main === undefined ? undefined : execs.get(main);
		match_signals(this.faults, this.events);
	}

	run(): Omit<Trace, "command" | "kernel" | "lines"> {
		const start = this.find_start();
		this.start = start;
		this.omit_before(start);
		this.make_main(start);
		if (this.parts.strace.no_pids) this.adopt_faults();
		let f = 0;
		/* A fault that carries the microsecond of a line came first: the thread
		 * of the line is held by strace from then on. */
		const faults_until = (time: number) => {
			for (; f < this.faults.length && this.faults[f].time <= time; f++) this.fault(this.faults[f]);
		};
		for (const step of steps(this.events)) {
			if (step.line <= start.last_line) continue;
			faults_until(step.time);
			if (step.line > this.snapshot_line) this.settle_snapshot();
			this.step(step);
		}
		faults_until(Number.POSITIVE_INFINITY);
		this.end_of_recording();
		if (!this.final_mm) throw new UserError(`${this.strace}: the program does nothing; record it again`);
		this.table.size_files(this.images, this.final);
		return {
			directory: this.directory,
			initial: this.initial,
			final: this.final,
			final_known: this.parts.final !== undefined,
			final_line: this.changed_since ? this.final_line : undefined,
			unknown: this.unknown,
			tasks: this.tasks,
			files: this.table.files,
			open_files: this.table.open_files,
			images: this.images,
			ops: this.ops,
			model: this.final_mm,
			omitted: this.omitted,
			foreign_faults: this.foreign_faults,
			aligns: this.aligns_anonymous,
			kernel_version: this.kernel_version,
			unexplained: this.unexplained,
			mmap_base: this.mmap_base,
			min_addr: this.min_addr,
			min_fixed_addr: this.min_fixed_addr,
		};
	}

	/* ---- where the program begins ---- */

	/** The execve whose image maps.initial shows: the recorder says which line it is; older ones held
	 *  the process at its first brk after it. Without such a mark, the one that names the
	 *  program in maps.initial; else the first. */
	private find_start(): Call {
		const mark = this.parts.initial?.mark;
		/* strace was attached to a program that ran already. */
		if (mark && mark.threads.length > 0) return beginning(mark.threads[0], mark.line, mark.time);
		const first = this.first_call();
		if (!first) throw new UserError(`${this.strace}: no system call in the file; record the program again`);
		const pid = first.pid;
		const program = this.initial.find((line) => line.name.startsWith("/"))?.name ?? "";
		const { execs, held } = this.execs_of(pid);
		if (mark) {
			const start = execs.find((e) => e.last_line === mark.line);
			if (!start)
				throw at(
					this.strace,
					mark.line,
					"there is no execve, as maps.initial says; record the program again",
				);
			return start;
		}
		const named = execs.find(
			(e) => e.args[0]?.kind === "string" && basename(e.args[0].text) === basename(program),
		);
		const start =
			held ??
			named ??
			this.events.find(
				(e): e is Call => e.kind === "call" && e.name === "execve" && e.result.value === 0,
			);
		if (start) return start;
		this.unknown.push("what happened before the first line of strace.txt");
		return beginning(pid, 0);
	}

	/** The execves of a process, and the one after which its first brk was held. */
	private execs_of(pid: number): { execs: Call[]; held?: Call } {
		const execs: Call[] = [];
		for (const event of this.events) {
			if (event.kind !== "call" || event.pid !== pid) continue;
			if (event.name === "execve" && event.result.value === 0) execs.push(event);
			if (event.delayed && event.name === "brk" && execs.length > 0)
				return { execs, held: execs.at(-1) };
		}
		return { execs };
	}

	private omit_before(start: Call): void {
		for (const event of this.events) {
			if (event.line >= start.line || event.line > start.last_line) break;
			this.omit("before the program", event.kind === "call" ? event.lines : 1);
		}
	}

	private make_main(start: Call): void {
		this.main = this.new_thread(start.pid, undefined, undefined, start);
		const image = this.parts.initial ? this.recorded_image(this.parts.initial, start) : this.imagine(start);
		const { mark } = this.parts.initial ?? {};
		if (mark && mark.threads.length > 0) this.protect_again(image, start);
		this.exec(this.main, start, image);
		this.main_mm = this.main.mm;
		for (const call of this.first_calls) this.memory_call(call, this.main);
		if (mark?.brk !== undefined && mark.brk !== mark.start_brk) this.have_heap(mark.brk, start);
		for (const pid of mark?.threads.slice(1) ?? []) this.adopt(pid);
		this.started = start.line === 0 && start.entered === 0;
		this.given_places = (mark?.threads.length ?? 0) > 0;
	}
	/** Of a program that ran already it is not known where its mappings begin. */
	private given_places = false;

	/**
	 * Memory of a file that was writable once does not merge with what never was. Of two lines that
	 * touch and differ in nothing else, the one that a loader protects is the upper one.
	 */
	private protect_again(image: Image, { last_line }: Call): void {
		for (const [n, line] of image.lines.entries()) {
			const below = image.lines[n - 1];
			const apart =
				below?.end === line.start &&
				below.file === line.file &&
				line.file >= 0 &&
				below.offset + below.end - below.start === line.offset &&
				below.prot === line.prot &&
				below.shared === line.shared;
			if (!apart || line.shared || line.prot & PROT_WRITE) continue;
			const call = { ...beginning(this.main.pid, last_line), name: "mprotect" };
			call.args = [line.start, line.end - line.start, line.prot].map((value) => ({
				kind: "number",
				value,
			}));
			call.result = { value: 0 };
			line.prot |= PROT_WRITE;
			this.first_calls.push(call);
		}
	}
	private readonly first_calls: Call[] = [];

	/** A heap that reaches as far as it did when the recording began. */
	private have_heap(brk: number, { last_line }: Call): void {
		const call = { ...beginning(this.main.pid, last_line), name: "brk", result: { value: brk } };
		call.args = [{ kind: "number", value: brk }];
		this.memory_call(call, this.main);
	}

	/** A thread of the program that was there before the recording began. */
	private adopt(pid: number): Thread {
		const op = this.op("clone", this.main, undefined, this.start.last_line);
		op.nr = NR.clone;
		op.args = [CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | CLONE_FS | CLONE_FILES];
		op.expected = { value: pid };
		const thread = this.make_thread(pid, this.main, this.main.group, this.main.mm);
		op.child = thread.index;
		this.push(op, this.main);
		thread.last = this.main.last;
		return thread;
	}

	/** Lines without numbers of threads: the faults say which it was. */
	private adopt_faults(): void {
		const pids = new Set(this.faults.map(({ tid }) => tid));
		if (pids.size === 1) for (const fault of this.faults) fault.tid = this.main.pid;
	}

	private recorded_image({ mark, lines }: MarkedMaps, execve: Call): Image {
		const start_brk = mark?.start_brk ?? this.first_brks.get(execve) ?? 0;
		const image: Image = { start_brk, lines: [], recorded: true };
		/* Without a mark the maps were copied at the first brk, and have what was mapped before it. */
		const later = mark ? [] : this.mapped_before_brk(execve);
		const is_later = (line: MapsLine) =>
			line.inode === 0 && later.some(([start, end]) => start <= line.start && line.end <= end);
		for (const line of lines)
			if (line.name !== VSYSCALL && !is_later(line)) image.lines.push(this.image_line(line, execve));
		return image;
	}

	private mapped_before_brk(execve: Call): [number, number][] {
		const result: [number, number][] = [];
		for (const event of this.events) {
			if (event.kind !== "call" || event.line <= execve.line) continue;
			if (event.name === "brk") break;
			const { value, errno } = event.result;
			if (event.name === "mmap" && value !== undefined && !errno)
				result.push([value, page_up(value + number(event.args[1]))]);
		}
		return result;
	}

	/* ---- one line at a time ---- */

	private step(step: Step) {
		const { event } = step;
		if (event.kind === "signal") return this.signal(event);
		if (event.kind === "exit") return this.exit(event);
		this.settle_exec(event.pid, event);
		if (step.enters) this.enter(event);
		if (step.leaves) this.leave(event);
	}

	/** A fault may end in a signal: then its line is the fault's result. All
	 *  others come from outside the memory manager. */
	private signal(event: Signal) {
		const thread = this.threads.get(event.pid);
		const op = thread && this.ops[thread.last];
		const memory = event.name === "SIGSEGV" || event.name === "SIGBUS";
		if (event.key) return this.omit("SIGSEGV of a memory key", 1);
		if (
			op?.kind !== "fault" ||
			!memory ||
			(event.address === undefined ? event.info : page_down(event.address) !== page_down(op.args[0]))
		)
			return this.omit(event.name, 1);
		op.expected = { signal: true, signo: event.name === "SIGBUS" ? SIGBUS : SIGSEGV };
		op.lines++;
	}

	private enter(call: Call): void {
		const thread = this.thread(call.pid, call.line);
		this.inside.set(thread.pid, { call, thread });
	}

	private leave(call: Call): void {
		const inside = this.inside.get(call.pid);
		if (!inside || inside.call !== call) return; /* already took effect */
		/* Of an execve on one line it is not known when the image changed: the
		 * next fault or line of the thread tells. */
		if (call.name === "execve" && call.result.value === 0 && call.lines === 1) return;
		this.consistent(inside);
		this.take_effect(inside);
	}

	private take_effect({ call, thread }: Inside): void {
		this.inside.delete(call.pid);
		this.effect(call, thread);
	}

	/** The thread does something: an execve that it was inside of is over. */
	private settle_exec(pid: number, but?: Call): void {
		const inside = this.inside.get(pid);
		if (!inside || inside.call === but || inside.call.name !== "execve") return;
		if (inside.call.result.value === 0) this.take_effect(inside);
	}

	/** Whether the calls that other threads are inside of must come first, so
	 *  that this one returns what it did: tried in every order of up to three. */
	private consistent(inside: Inside): void {
		const { call, thread } = inside;
		const others = [...this.inside.values()].filter(
			(other) =>
				other !== inside &&
				other.thread.mm === thread.mm &&
				LAYOUT.has(other.call.name) &&
				other.call.result.value !== undefined &&
				!other.call.result.errno,
		);
		for (const other of others) this.before_it_is_freed(other, call);
		if (this.explains(thread.mm, call)) {
			this.before(inside);
			return;
		}
		if (others.length === 0) return;
		for (const order of orders(others, 3)) {
			const mm = thread.mm.trial();
			const ok = order.every((other) => {
				if (!this.explains(mm, other.call)) return false;
				apply_call(mm, other.call, this.table);
				return true;
			});
			if (!ok || !this.explains(mm, call)) continue;
			for (const other of order) this.take_effect(other);
			return;
		}
	}

	/** A mapping that would go where this call makes room came before it. */
	private before_it_is_freed(inside: Inside, call: Call): void {
		const { mm } = inside.thread;
		const freed = freed_by(call);
		if (!freed || inside.call.name !== "mmap" || this.inside.get(inside.call.pid) !== inside) return;
		const [address, length, , flags] = inside.call.args.map((arg) => number(arg));
		if (address !== 0 || flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) return;
		const low = mm.areas.at(freed[0] - 1) ? freed[0] : (mm.areas.below(freed[0])?.end ?? 0);
		const next = Math.max(mm.areas.above(freed[1])?.start ?? mm.mmap_base, freed[1]);
		const high = Math.min(next, mm.mmap_base);
		const place = high - page_up(length);
		if (place < low || place <= inside.call.result.value! || !this.explains(mm, inside.call)) return;
		this.take_effect(inside);
	}

	/** Calls that others are inside of may have returned what they will only if
	 *  they come first. */
	private before(inside: Inside): void {
		const { call, thread } = inside;
		if (!LAYOUT.has(call.name) || call.result.errno) return;
		const others = [...this.inside.values()].filter(
			(other) =>
				other !== inside &&
				other.thread.mm === thread.mm &&
				TELLING.has(other.call.name) &&
				may_be_changed_by(call, other.call),
		);
		if (others.length === 0) return;
		const after = thread.mm.trial();
		apply_call(after, call, this.table);
		for (const other of others)
			if (this.explains(thread.mm, other.call) && !this.explains(after, other.call))
				this.take_effect(other);
	}

	/** Would the kernel have answered as recorded in this state? */
	private explains(mm: AddressSpace, call: Call): boolean {
		if (call.name === "mremap")
			return explains_mremap(mm, call, (length) => this.placement(mm, call, length) !== undefined);
		if (call.name !== "mmap" && TELLING.has(call.name)) return explains_range(mm, call);
		if (call.name !== "mmap" || call.result.errno || call.result.value === undefined) return true;
		const [address, length, , flags] = call.args.map((arg) => number(arg));
		if (address !== 0 || flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) return true;
		return this.placement(mm, call, page_up(length)) !== undefined;
	}

	private placement(mm: AddressSpace, call: Call, length: number): "plain" | "aligned" | undefined {
		const place = call.result.value!;
		/* Which file systems align is not recorded: both places are possible. */
		const low = call.name === "mmap" && (number(call.args[3]) & MAP_32BIT) !== 0;
		if ((low ? mm.place_32bit(length) : mm.place(length)) === place) return "plain";
		if (low) return place % PMD_SIZE === 0 ? "aligned" : undefined;
		return this.aligned_place(mm, call, length) === place ? "aligned" : undefined;
	}

	/** Where the recording kernel's rule puts it: aligned, if it is large. */
	private aligned_place(mm: AddressSpace, call: Call, length: number): number | undefined {
		const file = call.name === "mmap" && !(number(call.args[3]) & MAP_ANONYMOUS);
		const aligns = file ? this.aligns_files : this.aligns_anonymous && length % PMD_SIZE === 0;
		const aligned = aligns ? mm.place_aligned(length, file ? number(call.args[5]) : 0) : undefined;
		return aligned ?? mm.place(length);
	}

	private effect(call: Call, thread: Thread) {
		if (is_birth(call.name)) return this.birth(call, thread);
		switch (call.name) {
			case "execve":
			case "execveat":
				if (call.result.value !== 0) return this.omit(call.name, call.lines);
				return this.exec(thread, call, this.later_image(call));
			case "exit":
			case "exit_group":
				/* The end of the thread is its +++ line. */
				thread.exit_code = number(call.args[0]) & 0xff;
				if (call.name === "exit_group") thread.group.exit_group = thread.exit_code;
				this.exit_lines.set(thread.pid, call.lines);
				return;
			case "wait4":
			case "waitid":
				return this.wait(call, thread);
		}
		const known = call.name in NR || call.name === "shmat" || call.name === "shmdt";
		if (!known || call.result.value === undefined) return this.omit(call.name, call.lines);
		this.memory_call(call, thread);
	}

	/* ---- threads and processes ---- */

	private new_thread(pid: number, parent: Thread | undefined, mm: AddressSpace | undefined, call: Call): Thread {
		const same_group = parent !== undefined && (clone_flags(call) & CLONE_THREAD) !== 0;
		const group: Group = same_group ? parent.group : { tgid: pid, threads: new Set() };
		return this.make_thread(pid, parent, group, mm ?? new AddressSpace(this.next_mm++));
	}

	private make_thread(pid: number, parent: Thread | undefined, group: Group, mm: AddressSpace): Thread {
		const thread: Thread = {
			index: this.tasks.length,
			pid,
			group,
			mm,
			comm: parent?.comm ?? "",
			alive: true,
			last: -1,
			exit_code: 0,
		};
		group.threads.add(thread);
		this.tasks.push({ pid, tgid: group.tgid, parent: parent?.index ?? -1 });
		this.threads.set(pid, thread);
		this.use(thread.mm, thread);
		return thread;
	}

	private use(mm: AddressSpace, thread: Thread): void {
		const users = this.mm_users.get(mm.id) ?? new Set();
		users.add(thread);
		this.mm_users.set(mm.id, users);
	}

	/** The live thread of a pid; a first sign of life ends its parent's clone. */
	private thread(pid: number, line: number): Thread {
		const known = this.threads.get(pid);
		if (known?.alive) return known;
		if (this.be_born(pid)) return this.threads.get(pid)!;
		/* What is pasted may begin anywhere. */
		if (!this.parts.initial && !known) {
			this.unknown.push(`how thread ${pid} began`);
			return this.adopt(pid);
		}
		throw at(
			this.strace,
			line,
			`thread ${pid} appears without a clone or fork that returned it; strace needs -f`,
		);
	}

	private be_born(pid: number): boolean {
		const births = this.births.get(pid) ?? [];
		const birth = births.find((call) => this.inside.get(call.pid)?.call === call);
		let inside = birth && this.inside.get(birth.pid);
		if (births.length === 0) {
			/* The parent was killed before its clone returned. */
			const candidates = [...this.inside.values()].filter(
				({ call }) => is_birth(call.name) && call.unfinished,
			);
			if (candidates.length !== 1) return false;
			inside = candidates[0];
			inside.call.result = { value: pid };
		}
		if (!inside) return false;
		this.take_effect(inside);
		return this.threads.has(pid);
	}

	private birth(call: Call, parent: Thread) {
		const flags = clone_flags(call);
		/* One that failed, or was to be made once more, has made nothing. What
		 * the kernel refuses for its flags it refuses here, too. */
		if (call.result.value === undefined || (call.result.errno && !refused_for_flags(flags)))
			return this.omit(call.name, call.lines);
		const op = this.op("clone", parent, call);
		op.nr = NR.clone;
		/* A vfork would keep its CPU asleep in the kernel; here the plan makes
		 * the parent wait for the child. */
		op.args = [replayed_flags(flags) | exit_signal(call)];
		this.expect(op, call);
		const pid = call.result.value;
		if (call.result.errno) {
			op.footprint.whole = true;
			this.push(op, parent);
			return;
		}
		const shares = (flags & CLONE_VM) !== 0;
		if (!shares) {
			op.footprint.whole = true;
			op.footprint.layout = true;
		}
		const mm = shares ? parent.mm : parent.mm.fork(this.next_mm++);
		const child = this.new_thread(pid, parent, mm, call);
		op.child = child.index;
		this.push(op, parent);
		child.last = parent.last;
		if (flags & CLONE_VFORK) this.vfork_children.set(child, parent);
	}

	/** A vfork child has its own memory, or is gone: its parent goes on. */
	private release_parent(child: Thread): void {
		const parent = this.vfork_children.get(child);
		if (!parent) return;
		this.vfork_children.delete(child);
		this.holds.set(parent.index, [...(this.holds.get(parent.index) ?? []), child.last]);
	}
	/** Operations that the next one of a task must follow. */
	private readonly holds = new Map<number, number[]>();

	private exec(thread: Thread, call: Call, image: Image) {
		/* The other threads of the process end here; their lines come later. */
		for (const other of thread.group.threads)
			if (other !== thread && other.alive) this.end_thread(other, { line: call.line, lines: 0 });
		const op = this.op("exec", thread, call);
		op.nr = NR.execve;
		op.image = this.images.push(image) - 1;
		if (!image.recorded) this.give_lacked(image, op.image);
		op.expected = { value: 0 };
		const users = this.mm_users.get(thread.mm.id)!;
		/* The last user takes the old memory down. */
		op.footprint.whole = users.size === 1;
		op.footprint.layout = op.footprint.whole;
		this.push(op, thread);
		users.delete(thread);
		const mm = new AddressSpace(this.next_mm++);
		mm.brk = image.start_brk;
		mm.start_brk = image.start_brk;
		if (!image.recorded) this.image_of.set(mm.id, op.image);
		mm.mmap_base = this.mmap_base;
		for (const line of image.lines) {
			let flags = line.shared ? SHARED : 0;
			if (line.name === "[stack]") flags |= GROWSDOWN;
			const opened = line.file >= 0 ? `exec ${op.line} ${line.file}` : "";
			mm.map(line.start, line.end, {
				prot: line.prot,
				flags,
				file: line.file,
				opened,
				offset: line.file >= 0 ? line.offset : 0,
				name: line.name,
			});
		}
		thread.mm = mm;
		thread.comm = exec_comm(call);
		this.use(mm, thread);
		this.release_parent(thread);
	}

	private first_brk(call: Call): number {
		return (call.line === 0 ? this.brk_without_execve : this.first_brks.get(call)) ?? 0;
	}

	private later_image(call: Call): Image {
		const recorded = this.images_by_line.get(call.last_line);
		return recorded ? this.recorded_image(recorded, call) : this.imagine(call);
	}

	/**
	 * The image of a program that was not recorded. The dynamic
	 * linker, [vdso] and the stack lie where they lay in the first program:
	 * without ASLR their places depend on the kernel and the linker only. The
	 * program itself is one private mapping of its file that ends at the brk.
	 */
	private imagine(call: Call): Image {
		const image: Image = { start_brk: this.first_brk(call), lines: [], recorded: false };
		const path = call.args[0]?.kind === "string" ? call.args[0].text : `program of line ${call.line}`;
		const program = this.initial.find((line) => line.name.startsWith("/"))?.name;
		const pie = image.start_brk >= PIE_BASE;
		/* Without randomisation it begins where all do. */
		const base = pie ? PIE_BASE : STATIC_BASE;
		const file = this.table.file(path);
		const shown = call === this.last_exec ? this.shown_at_end(call, base, page_up(image.start_brk)) : [];
		if (shown.length > 0) image.lines.push(...shown);
		else if (image.start_brk > base && image.start_brk - base < LARGEST_PROGRAM)
			image.lines.push({
				start: base,
				end: page_up(image.start_brk),
				prot: PROT_READ | PROT_WRITE | PROT_EXEC,
				shared: false,
				offset: 0,
				file,
				opened: this.table.open(file, `exec ${call.line} ${file}`, false),
				name: path,
			});
		for (const line of this.initial) {
			if (line.name === VSYSCALL || line.name === program || line.name === "[heap]") continue;
			if (line.name === "" && line.inode === 0) continue; /* the first program's .bss */
			image.lines.push(this.image_line(line, call));
		}
		if (this.initial.length === 0) image.lines.push(STACK);
		return image;
	}

	/** The program's own lines as maps.final has them, and as they were before it protected them. */
	private shown_at_end(call: Call, base: number, end: number): ImageLine[] {
		const lines = this.final.filter(
			(line) => line.start >= base && line.end <= end && line.name !== "[heap]",
		);
		if (!lines.some((line) => line.inode !== 0)) return [];
		const protects = this.events.filter(
			(event): event is Call =>
				event.kind === "call" && event.name === "mprotect" && event.line > call.last_line,
		);
		const result: ImageLine[] = [];
		for (const line of lines) {
			const image = this.image_line(line, call);
			const [start, length] = [0, 1].map((n) => (event: Call) => number(event.args[n]));
			if (
				protects.some(
					(event) =>
						start(event) <= line.start && line.end <= start(event) + length(event),
				)
			)
				image.prot |= PROT_READ | PROT_WRITE;
			const last = result.at(-1);
			const joined =
				last?.end === image.start &&
				last.prot === image.prot &&
				last.file === image.file &&
				(image.file < 0 || last.offset + last.end - last.start === image.offset);
			if (joined) last.end = image.end;
			else result.push(image);
		}
		return result;
	}

	/** Memory that calls and faults found, though nothing of the recording shows it. */
	private give_lacked(image: Image, index: number): void {
		for (const { start, end } of this.lacked.get(index) ?? []) {
			if (image.lines.some((line) => line.start < end && start < line.end)) continue;
			const prot = PROT_READ | PROT_WRITE | PROT_EXEC;
			image.lines.push({
				start,
				end,
				prot,
				shared: false,
				offset: 0,
				file: ANONYMOUS,
				opened: -1,
				name: "",
			});
		}
	}

	/** What was found in [start, end) must have been in the image, where nothing of the recording put it. */
	private was_there(mm: AddressSpace, start: number, end: number): void {
		const image = this.image_of.get(mm.id);
		if (image === undefined || start >= end) return;
		const missing = this.missing.get(image) ?? new RangeMap<true>(() => true);
		this.missing.set(image, missing);
		let from = start;
		for (const { start: to, end: next } of [...mm.areas.overlapping(start, end), { start: end, end }]) {
			if (from < to) missing.set(from, to, true);
			from = Math.max(from, next);
		}
		if (missing.below(Number.POSITIVE_INFINITY) === undefined) this.missing.delete(image);
	}

	private image_line(line: MapsLine, execve: Call): ImageLine {
		const file = is_special(line.name)
			? SPECIAL
			: line.inode !== 0
				? this.table.file(line.name)
				: ANONYMOUS;
		return {
			start: line.start,
			end: line.end,
			prot: prot_of(line.permissions),
			shared: line.permissions[3] === "s",
			offset: line.offset,
			file,
			opened: file >= 0 ? this.table.open(file, `exec ${execve.line} ${file}`, false) : -1,
			name: line.name,
		};
	}

	private wait(call: Call, thread: Thread) {
		const pid = call.name === "wait4" ? call.result.value : waited_pid(call);
		const exit = pid !== undefined && pid > 0 ? this.exits.get(pid) : undefined;
		/* Failed, restarted, WNOHANG, or a child that only stopped. */
		if (!exit || call.result.errno) return this.omit(call.name, call.lines);
		this.exits.delete(pid!);
		const op = this.op("wait", thread, call);
		op.nr = NR.wait4;
		op.child = exit.task;
		op.expected = { value: pid };
		op.after.push(exit.op);
		this.push(op, thread);
	}

	private exit(event: Exit) {
		const inside = this.inside.get(event.pid);
		if (event.superseded_by !== undefined) {
			/* An execve by another thread: it goes on under this pid. */
			this.omit("superseded", 1);
			const heir = this.threads.get(event.superseded_by);
			const leader = this.threads.get(event.pid);
			if (!heir) return;
			if (leader?.alive && leader !== heir) this.end_thread(leader, { line: event.line, lines: 0 });
			const execve = this.inside.get(heir.pid);
			this.inside.delete(heir.pid);
			this.threads.delete(heir.pid);
			heir.pid = event.pid;
			this.threads.set(event.pid, heir);
			/* The call's line carries the old pid; its end carries the new one. */
			if (execve) {
				execve.call.pid = event.pid;
				this.inside.set(event.pid, execve);
			}
			return;
		}
		const known = this.threads.get(event.pid);
		if (!known?.alive) {
			/* Born and killed unseen, or ended by an execve: nothing to end. */
			if (!this.births.has(event.pid) || !this.be_born(event.pid)) return this.omit("+++", 1);
		}
		this.settle_exec(event.pid);
		if (inside && this.inside.get(event.pid) === inside) {
			/* Killed inside a call; exits are settled as they are entered. */
			this.inside.delete(event.pid);
			if (inside.call.name === "exit" || inside.call.name === "exit_group")
				this.effect(inside.call, inside.thread);
			else this.omit(inside.call.name, inside.call.lines);
		}
		const thread = this.threads.get(event.pid)!;
		if (event.code !== undefined) thread.exit_code = event.code;
		const lines = 1 + (this.exit_lines.get(thread.pid) ?? 0);
		this.exit_lines.delete(thread.pid);
		this.end_thread(thread, { line: event.line, lines });
	}

	private end_thread(thread: Thread, { line, lines }: { line: number; lines: number }): void {
		thread.alive = false;
		thread.group.threads.delete(thread);
		const users = this.mm_users.get(thread.mm.id)!;
		users.delete(thread);
		const op = this.op("exit", thread, undefined, line);
		op.lines = lines;
		op.last = thread.group.threads.size === 0;
		op.name = op.last && thread.group.exit_group !== undefined ? "exit_group" : "exit";
		op.nr = NR[op.name];
		op.args = [thread.exit_code];
		op.expected = {};
		if (users.size === 0) {
			op.footprint.whole = true;
			op.footprint.layout = true;
		}
		/* The last thread leaves last, also on many CPUs. */
		if (op.last) for (const other of this.group_exits.get(thread.group) ?? []) op.after.push(other);
		if (op.last && thread.group.tgid === this.main.group.tgid && !this.final_mm) {
			/* The maps were read when all that shared the memory was done. */
			this.snapshot(op);
			this.final_mm = thread.mm;
		}
		const index = this.push(op, thread);
		const exits = this.group_exits.get(thread.group) ?? [];
		exits.push(index);
		this.group_exits.set(thread.group, exits);
		if (op.last)
			this.exits.set(thread.group.tgid, {
				op: index,
				task: this.threads.get(thread.group.tgid)?.index ?? thread.index,
			});
		this.release_parent(thread);
	}
	private readonly group_exits = new Map<Group, number[]>();

	private snapshot(op: Op): void {
		op.snapshot = true;
		op.footprint.whole = true;
		op.footprint.layout = true;
	}

	/** maps.final was copied before this line: strace let no call return meanwhile, so all
	 *  that had been entered was done. */
	private settle_snapshot(): void {
		if (this.snapshot_line === Number.POSITIVE_INFINITY) return;
		const line = this.snapshot_line;
		this.snapshot_line = Number.POSITIVE_INFINITY;
		for (const inside of [...this.inside.values()]) {
			const { call, thread } = inside;
			if (!LAYOUT.has(call.name) && call.name !== "madvise") continue;
			if (thread.mm !== this.main.mm || call.result.value === undefined) continue;
			if (this.inside.get(call.pid) !== inside) continue;
			this.consistent(inside);
			this.take_effect(inside);
		}
		this.snapshot_due = true;
		this.final_line = line;
	}
	/** Only where something has changed since is it worth telling. */
	private final_line?: number;
	private changed_since = false;

	/** strace ended before these threads did. */
	private end_of_recording(): void {
		for (const { call } of this.inside.values())
			if (call.name === "exit_group" || call.name === "exit")
				this.effect(call, this.threads.get(call.pid)!);
			else this.omit(call.name, call.lines);
		this.inside.clear();
		for (const thread of [...this.threads.values()].reverse())
			if (thread.alive) {
				const lines = this.exit_lines.get(thread.pid) ?? 0;
				this.end_thread(thread, { line: this.events.at(-1)?.line ?? 0, lines });
			}
	}

	/* ---- calls that work on memory ---- */

	private memory_call(recorded: Call, thread: Thread) {
		let call = recorded;
		if (call.name === "shmat" || call.name === "shmdt") {
			const mapping = this.segments.as_mapping(call, thread.mm);
			if (!mapping) return this.omit(call.name, call.lines);
			call = mapping;
		}
		if (call.name === "mmap") this.name_descriptor(call, thread.mm);
		/* Most options of prctl() are nothing to memory, and not known by name. */
		if (call.name === "prctl" && numeric(call.args[0]) === undefined) return this.omit("prctl", call.lines);
		/* The file is not open for it: with which mode it was, is not known. */
		if (call.name === "mmap" && call.result.errno === "EACCES") return this.omit("mmap", call.lines);
		const op = this.op("call", thread, call);
		const { mm } = thread;
		const { name } = call;
		op.name = name;
		op.nr = NR[name];
		op.args = this.arguments(call);
		this.expect(op, call);
		/* A CPU without memory keys refuses even the one that all memory has. */
		if (name === "pkey_mprotect" && op.args[3] === 0 && call.result.errno === "EINVAL") op.args[3] = NO_KEY;
		/* The recording kernel has no KSM. */
		if (name === "madvise" && call.result.errno === "EINVAL" && is_ksm(op.args[2]))
			return this.omit("madvise", call.lines);
		if (name === "prctl") {
			const option = op.args[0];
			if (option !== PR_SET_NAME && option !== PR_SET_VMA) return this.omit("prctl", call.lines);
			/* The recording kernel has no names for anonymous memory. */
			if (option === PR_SET_VMA && call.result.errno === "EINVAL")
				return this.omit("prctl", call.lines);
			const text = call.args.find((arg) => arg.kind === "string");
			if (text?.kind === "string") op.text = text.text;
		}
		if (!call.result.errno && ON_MAPPED.has(name)) this.was_there(mm, ...pages(op.args[0], op.args[1]));
		find_footprint(op, mm);
		const index = this.ops.length;
		if (name === "mmap") this.map_call(op, call, mm);
		if (name === "mremap") op.placed = op.expected.value !== undefined && !(op.args[3] & MREMAP_FIXED);
		mm.op = index;
		apply_call(mm, call, this.table);
		/* The neighbours may be others now: what was changed touches both. */
		if (op.footprint.influence.length && !op.footprint.whole)
			for (const [start, end] of op.footprint.direct)
				op.footprint.influence.push(mm.island(start, end));
		this.push(op, thread);
	}

	/** Without strace -y it is not known what a descriptor is open on. Whoever maps the first page
	 *  of a file, and leaves the place to the kernel, maps one that it has opened just now. */
	private name_descriptor(call: Call, mm: AddressSpace): void {
		const fd = numeric(call.args[4]);
		if (call.args[4]?.kind === "fd" || fd === undefined || fd < 0 || fd > 0x7fffffff) return;
		if (number(call.args[3]) & MAP_ANONYMOUS || call.result.errno) return;
		const key = `${mm.id} ${fd}`;
		const first = number(call.args[5]) === 0 && !(number(call.args[3]) & MAP_FIXED);
		const path = first ? undefined : this.descriptors.get(key);
		if (this.descriptors.size === 0) this.unknown.push("which files were mapped (strace without -y)");
		const name = path ?? `descriptor ${fd} of strace.txt:${call.line}`;
		this.descriptors.set(key, name);
		call.args[4] = { kind: "fd", fd: { kind: "number", value: fd }, path: name };
	}

	private map_call(op: Op, call: Call, mm: AddressSpace): void {
		const [address, length, prot, flags] = op.args;
		if (!(flags & MAP_ANONYMOUS)) {
			const fd = call.args[4];
			if (fd?.kind === "fd") {
				const writable = (flags & MAP_TYPE) !== MAP_PRIVATE && (prot & PROT_WRITE) !== 0;
				const file = this.table.files[this.table.file(fd.path)];
				op.opened = this.table.open(
					this.table.file(fd.path),
					this.table.opened(mm, fd),
					writable,
				);
				if (op.expected.value !== undefined)
					file.size = Math.max(file.size, op.args[5] + length);
			}
		}
		op.placed = op.expected.value !== undefined && !(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE));
		this.lowest(op);
		if (!op.placed || address === op.expected.value) return;
		const how = address === 0 ? this.placement(mm, call, page_up(length)) : "plain";
		op.aligned = how === "aligned";
		op.not_aligned =
			how === "plain" &&
			address === 0 &&
			this.aligned_place(mm, call, page_up(length)) !== call.result.value;
		if (how !== undefined) return;
		this.unexplained.push(call.line);
		/* Where not all memory is known, neither are its gaps. */
		op.given = this.given_places || this.image_of.has(mm.id);
	}

	/** What a hint or a fixed address near 0 says of the lowest that there is. */
	private lowest(op: Op): void {
		const [address, , , flags] = op.args;
		const { value, errno } = op.expected;
		if (address >= MIN_ADDR) return;
		if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
			if (errno === ERRNO.EPERM) this.min_fixed_addr = MIN_ADDR;
		} else if (value !== undefined && value > 0 && value < MIN_ADDR) this.min_addr = PAGE_SIZE;
	}

	/** Numbers of the arguments. */
	private arguments(call: Call): number[] {
		return call.args.slice(0, 6).map((arg) => {
			if (
				arg.kind === "string" ||
				arg.kind === "struct" ||
				arg.kind === "array" ||
				arg.kind === "more"
			)
				return 0;
			const value = numeric(arg);
			if (value === undefined)
				throw at(
					this.strace,
					call.line,
					`${call.name}: '${show(arg)}' is neither a number nor a known flag`,
				);
			return value;
		});
	}

	/* ---- faults ---- */

	private fault(fault: Fault) {
		let thread = this.threads.get(fault.tid);
		if (!thread?.alive) {
			if (this.births.has(fault.tid) && this.main_mm && this.be_born(fault.tid))
				thread = this.threads.get(fault.tid);
			else {
				this.foreign_faults++;
				return;
			}
		}
		if (!thread) return;
		/* Until its execve the program was a fork of strace. */
		if (this.start.line === 0) this.started = fault.time > this.start.left;
		if (thread === this.main && !this.started) {
			if (fault.time < this.start.entered) this.comm_before = fault.comm;
			else
				this.started ||=
					fault.comm === exec_comm(this.start) ||
					(fault.time > this.start.left && fault.comm !== this.comm_before);
			if (!this.started) {
				this.foreign_faults++;
				return;
			}
		}
		/* An execve changes the thread's name: from then on it is in the new
		 * image. Where the name stays, the new image begins with the call. */
		const inside = this.inside.get(fault.tid);
		if (inside?.call.name === "execve" && inside.call.result.value === 0) {
			const comm = exec_comm(inside.call);
			if (thread.comm === comm || fault.comm === comm) this.take_effect(inside);
		}
		if (!thread.comm || inside?.call.name !== "execve") thread.comm = fault.comm;
		/* Kernel addresses and [vsyscall] are in no mm, and keys are not recorded. */
		if (fault.address >= TASK_SIZE || fault.key) {
			this.foreign_faults++;
			return;
		}
		this.settle_mapping(thread, fault);
		this.replay_fault(thread, fault);
	}

	/** A thread cannot touch memory before the call that maps it took effect. */
	private settle_mapping(thread: Thread, { address, access, signal }: Fault): void {
		if (signal) return;
		const permitted = () => {
			const area = thread.mm.areas.at(address)?.value;
			return area !== undefined && permits(area.prot, access ?? "read");
		};
		if (permitted()) return;
		for (const inside of [...this.inside.values()]) {
			const { call } = inside;
			if (inside.thread.mm !== thread.mm || !MAPPING.has(call.name)) continue;
			if (call.result.value === undefined || call.result.errno) continue;
			const args = call.args.map((arg) => number(arg));
			const start = call.name === "mmap" || call.name === "mremap" ? call.result.value : args[0];
			const length = call.name === "mremap" ? args[2] : args[1];
			const [from, to] =
				call.name === "brk" ? [thread.mm.brk, call.result.value] : pages(start, length);
			if (address >= from && address < to) this.take_effect(inside);
			if (permitted()) return;
		}
	}

	private replay_fault(thread: Thread, fault: Fault): void {
		const { mm } = thread;
		const op = this.op("fault", thread, undefined, fault.line);
		op.file = "faults.txt";
		op.name = "fault";
		op.args = [fault.address];
		op.lines = 0;
		op.expected = {};
		const page = page_down(fault.address);
		let range = mm.areas.at(fault.address);
		const stack = range ? undefined : mm.stack_above(fault.address);
		op.footprint.direct = [[page, page + PAGE_SIZE]];
		if (stack) {
			/* The stack grows: vm_start changes. */
			op.footprint.layout = true;
			op.footprint.direct = [[page, stack.start]];
			op.footprint.influence = [mm.island(page, stack.end)];
			range = mm.grow(stack, page);
		} else if (!range && !fault.signal && !fault.kernel) this.was_there(mm, page, page + PAGE_SIZE);
		const index = this.ops.length;
		const area = range?.value;
		op.access = fault.access ?? this.guess_access(mm, page, range, fault.signal);
		const permitted = area !== undefined && permits(area.prot, op.access);
		if (fault.signal || !permitted) op.expected = { signal: true };
		/* The first write gives the vma its anon_vma: others wait for it. */
		if (range && permitted && op.access === "write" && !(range.value.flags & SHARED)) {
			if (range.value.anon) {
				if (range.value.founder >= 0) op.after.push(range.value.founder);
			} else {
				op.footprint.layout = true;
				op.footprint.influence.push(mm.island(range.start, range.end));
				range.value.anon = true;
				range.value.founder = index;
			}
		}
		this.push(op, thread);
	}

	/** Where it was not recorded: see Documentation/replay.md. */
	private guess_access(mm: AddressSpace, page: number, range: AreaRange | undefined, signal?: string): Access {
		if (!range) return "read";
		const { prot, flags, file } = range.value;
		/* What ended in a signal was not permitted. */
		if (signal === "SIGSEGV")
			return permits(prot, "write") ? (permits(prot, "exec") ? "read" : "exec") : "write";
		if ((prot & 7) === 0) return "read";
		const access: Access = prot & PROT_READ ? "read" : prot & PROT_EXEC ? "exec" : "write";
		if (!(prot & PROT_WRITE) || flags & SHARED) return access;
		if (file === ANONYMOUS) return "write";
		/* A read would have found the page mapped: it was a write. */
		if (file < 0 || access !== "read") return access;
		if (mm.read_mapped.has(page / PAGE_SIZE)) return "write";
		this.map_around(mm, page, range.start, range.end);
		return "read";
	}

	/** A read fault on a file maps the pages around it that are in memory. */
	private map_around(mm: AddressSpace, page: number, start: number, end: number): void {
		const window = Math.floor(page / FAULT_AROUND) * FAULT_AROUND;
		const to = Math.min(end, window + FAULT_AROUND);
		for (let p = Math.max(start, window); p < to; p += PAGE_SIZE) mm.read_mapped.add(p / PAGE_SIZE);
	}

	/* ---- small ---- */

	private op(kind: Kind, thread: Thread, call?: Call, line?: number): Op {
		return {
			kind,
			task: thread.index,
			mm: thread.mm.id,
			file: "strace.txt",
			line: line ?? call!.line,
			lines: call?.lines ?? 0,
			name: call?.name ?? kind,
			nr: 0,
			args: [],
			opened: -1,
			expected: {},
			placed: false,
			aligned: false,
			not_aligned: false,
			given: false,
			child: -1,
			image: -1,
			last: false,
			snapshot: false,
			footprint: none(),
			after: [],
		};
	}

	private expect(op: Op, call: Call): void {
		const { value, errno } = call.result;
		if (errno) {
			const number = ERRNO[errno] ?? Number(/^ERRNO_(\d+)$/.exec(errno)?.[1] ?? Number.NaN);
			if (Number.isNaN(number)) throw at(this.strace, call.last_line, `unknown error '${errno}'`);
			op.expected = { errno: number };
		} else if (value !== undefined) op.expected = { value };
	}

	private push(op: Op, thread: Thread): number {
		const index = this.ops.push(op) - 1;
		if (this.snapshot_due && op.mm === (this.final_mm ?? this.main.mm).id) {
			if (op.footprint.layout && op.kind !== "exit") this.changed_since = true;
			if (!this.final_mm) this.snapshot(op);
			this.final_mm ??= this.main.mm;
		}
		if (thread.last >= 0) op.after.push(thread.last);
		const holds = this.holds.get(thread.index);
		if (holds) {
			op.after.push(...holds);
			this.holds.delete(thread.index);
		}
		thread.last = index;
		return index;
	}

	private omit(name: string, lines: number): void {
		this.omitted.set(name, (this.omitted.get(name) ?? 0) + lines);
	}
}
