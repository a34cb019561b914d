// SPDX-License-Identifier: GPL-2.0-only
/** Merges the files of a recording into one list of operations, in the order in
 *  which they took effect. */
import { basename, join } from "node:path";
import {
	CLONE_THREAD,
	CLONE_VFORK,
	CLONE_VM,
	ERRNO,
	MAP_ANONYMOUS,
	MAP_FIXED,
	MAP_FIXED_NOREPLACE,
	MAP_PRIVATE,
	MAP_TYPE,
	MMAP_BASE,
	NR,
	PAGE_SIZE,
	PMD_SIZE,
	PR_SET_NAME,
	PR_SET_VMA,
	PROT_EXEC,
	PROT_READ,
	PROT_WRITE,
	page_down,
	page_up,
	TASK_SIZE,
} from "./abi.ts";
import { at, UserError } from "../lib/errors.ts";
import type { Fault } from "./faults.ts";
import { FileTable } from "./file_table.ts";
import { apply_call, find_footprint } from "./layout.ts";
import { type MapsLine, VSYSCALL } from "./maps.ts";
import { AddressSpace, ANONYMOUS, GROWSDOWN, pages, SHARED, SPECIAL } from "./model.ts";
import type { Call, Event, Exit, Signal } from "./strace.ts";
import type { Footprint, Image, ImageLine, Kind, Op, Task, Trace } from "./trace.ts";
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
const LAYOUT = new Set(["mmap", "munmap", "mprotect", "mremap", "brk"]);
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
	/** Lines of the exit calls seen, to be answered for by the exit. */
	exit_op: number;
}

/** A call that a thread has entered and whose effect is still to come. */
interface Inside {
	call: Call;
	thread: Thread;
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

	private readonly strace: string;
	private readonly table = new FileTable();
	private readonly threads = new Map<number, Thread>();
	private readonly inside = new Map<number, Inside>();
	/** The clone or fork that made a pid. */
	private readonly births = new Map<number, Call>();
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

	constructor(
		readonly directory: string,
		readonly events: Event[],
		readonly faults: Fault[],
		readonly initial: MapsLine[],
		readonly final: MapsLine[],
		kernel: string,
	) {
		this.strace = join(directory, "strace.txt");
		const [major, minor] = kernel.split(".").map((n) => Number.parseInt(n, 10) || 0);
		const version = major * 1000 + minor;
		this.aligns_files = version >= 5018;
		this.aligns_anonymous = version >= 6007;
		this.kernel_version = (major || 0) * 65536 + (minor || 0) * 256;
		for (const line of [...initial, ...final])
			if (line.inode !== 0 && line.name.startsWith("/")) this.table.file(line.name, line);
		for (const event of events)
			if (event.kind === "call" && is_birth(event.name) && (event.result.value ?? -1) > 0)
				this.births.set(event.result.value!, event);
	}

	run(): Omit<Trace, "command" | "kernel" | "lines"> {
		const start = this.find_start();
		this.start = start;
		this.omit_before(start);
		this.make_main(start);
		let f = 0;
		/* A fault that carries the microsecond of a line came first: the thread
		 * of the line is held by strace from then on. */
		const faults_until = (time: number) => {
			for (; f < this.faults.length && this.faults[f].time <= time; f++) this.fault(this.faults[f]);
		};
		for (const step of steps(this.events)) {
			if (step.line <= start.last_line) continue;
			faults_until(step.time);
			this.step(step);
		}
		faults_until(Number.POSITIVE_INFINITY);
		this.end_of_recording();
		if (!this.final_mm)
			throw new UserError(
				`${this.strace}: the program's exit_group is missing; the recording was cut short, make it again`,
			);
		this.table.size_files(this.images, this.final);
		return {
			directory: this.directory,
			initial: this.initial,
			final: this.final,
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
			mmap_base: MMAP_BASE,
		};
	}

	/* ---- where the program begins ---- */

	/** The execve whose image maps.initial shows: the recorder held the process
	 *  at its first brk after it. Without such a mark, the one that names the
	 *  program in maps.initial; else the first. */
	private find_start(): Call {
		const first = this.events.find((e) => e.kind === "call");
		if (!first) throw new UserError(`${this.strace}: no system call in the file; record the program again`);
		const pid = first.pid;
		const program = this.initial.find((line) => line.name.startsWith("/"))?.name ?? "";
		let last: Call | undefined;
		let named: Call | undefined;
		for (const event of this.events) {
			if (event.kind !== "call" || event.pid !== pid) continue;
			if (event.name === "execve" && event.result.value === 0) {
				last = event;
				const path = event.args[0]?.kind === "string" ? event.args[0].text : "";
				if (!named && basename(path) === basename(program)) named = event;
			}
			if (event.delayed && event.name === "brk" && last) return last;
		}
		const start =
			named ??
			this.events.find(
				(e): e is Call => e.kind === "call" && e.name === "execve" && e.result.value === 0,
			);
		if (!start)
			throw new UserError(
				`${this.strace}: no successful execve; the recording has to begin with the program's`,
			);
		return start;
	}

	private omit_before(start: Call): void {
		for (const event of this.events) {
			if (event.line >= start.line) break;
			this.omit("before the program", event.kind === "call" ? event.lines : 1);
		}
	}

	private make_main(start: Call): void {
		this.main = this.new_thread(start.pid, undefined, undefined, start);
		const image: Image = { start_brk: this.first_brk(start), lines: [], recorded: true };
		for (const line of this.initial) {
			if (line.name === VSYSCALL) continue;
			image.lines.push(this.image_line(line, start));
		}
		this.exec(this.main, start, image);
		this.main_mm = this.main.mm;
	}

	/** What the first brk(NULL) after an execve returned. */
	private first_brk(execve: Call): number {
		let entered = false;
		for (const event of this.events) {
			if (event === execve) entered = true;
			if (!entered || event.kind !== "call" || event.pid !== execve.pid || event === execve) continue;
			if (event.name === "execve" && event.result.value === 0) break;
			if (event.name === "brk" && event.result.value !== undefined) return event.result.value;
		}
		return 0;
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
		if (op?.kind !== "fault" || (event.name !== "SIGSEGV" && event.name !== "SIGBUS"))
			return this.omit(event.name, 1);
		op.expected = { signal: true };
		/* Reading would have been permitted, or is not either. */
		if (event.name === "SIGSEGV" && op.access === "read") op.access = "write";
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
		if (others.length === 0 || this.explains(thread.mm, call)) return;
		for (const order of orders(others, 3)) {
			const mm = thread.mm.fork(-1);
			mm.forked = false;
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

	/** Would the kernel have chosen the recorded place in this state? */
	private explains(mm: AddressSpace, call: Call): boolean {
		if (call.name !== "mmap" || call.result.errno || call.result.value === undefined) return true;
		const [address, length, , flags] = call.args.map((arg) => number(arg));
		if (address !== 0 || flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) return true;
		return this.placement(mm, call, page_up(length)) !== undefined;
	}

	private placement(mm: AddressSpace, call: Call, length: number): "plain" | "aligned" | undefined {
		const place = call.result.value!;
		/* Which file systems align is not recorded: both places are possible. */
		if (mm.place(length) === place) return "plain";
		return this.aligned_place(mm, call, length) === place ? "aligned" : undefined;
	}

	/** Where the recording kernel's rule puts it: aligned, if it is large. */
	private aligned_place(mm: AddressSpace, call: Call, length: number): number | undefined {
		const file = !(number(call.args[3]) & MAP_ANONYMOUS);
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
				return this.exec(thread, call, this.imagine(call));
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
		if (!(call.name in NR) || call.result.value === undefined) return this.omit(call.name, call.lines);
		this.memory_call(call, thread);
	}

	/* ---- threads and processes ---- */

	private new_thread(pid: number, parent: Thread | undefined, mm: AddressSpace | undefined, call: Call): Thread {
		const same_group = parent !== undefined && (clone_flags(call) & CLONE_THREAD) !== 0;
		const group: Group = same_group ? parent.group : { tgid: pid, threads: new Set(), exit_op: -1 };
		const thread: Thread = {
			index: this.tasks.length,
			pid,
			group,
			mm: mm ?? new AddressSpace(this.next_mm++),
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
		throw at(
			this.strace,
			line,
			`thread ${pid} appears without a clone or fork that returned it; strace needs -f`,
		);
	}

	private be_born(pid: number): boolean {
		const birth = this.births.get(pid);
		let inside = birth && this.inside.get(birth.pid);
		if (!birth) {
			/* The parent was killed before its clone returned. */
			const candidates = [...this.inside.values()].filter(
				({ call }) => is_birth(call.name) && call.unfinished,
			);
			if (candidates.length !== 1) return false;
			inside = candidates[0];
			inside.call.result = { value: pid };
		}
		if (!inside || (birth && inside.call !== birth)) return false;
		this.take_effect(inside);
		return this.threads.has(pid);
	}

	private birth(call: Call, parent: Thread) {
		const flags = clone_flags(call);
		const op = this.op("clone", parent, call);
		op.nr = NR.clone;
		/* A vfork would keep its CPU asleep in the kernel; here the plan makes
		 * the parent wait for the child. */
		op.args = [replayed_flags(flags) | exit_signal(call)];
		this.expect(op, call);
		const pid = call.result.value;
		if (pid === undefined || call.result.errno) {
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

	/**
	 * The image of a program that maps.initial does not show. The dynamic
	 * linker, [vdso] and the stack lie where they lay in the first program:
	 * without ASLR their places depend on the kernel and the linker only. The
	 * program itself is one private mapping of its file that ends at the brk.
	 */
	private imagine(call: Call): Image {
		const image: Image = { start_brk: this.first_brk(call), lines: [], recorded: false };
		const path = call.args[0]?.kind === "string" ? call.args[0].text : `program of line ${call.line}`;
		const program = this.initial.find((line) => line.name.startsWith("/"))?.name;
		const pie = image.start_brk >= PIE_BASE;
		const base = pie ? PIE_BASE : STATIC_BASE;
		const file = this.table.file(path);
		if (image.start_brk > base)
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
		return image;
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
		if (op.last && thread.group.tgid === this.main.group.tgid) {
			op.snapshot = true;
			this.final_mm = thread.mm;
			/* The maps were read when all that shared the memory was done. */
			op.footprint.whole = true;
			op.footprint.layout = true;
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
				this.end_thread(thread, { line: this.events[this.events.length - 1].line, lines });
			}
	}

	/* ---- calls that work on memory ---- */

	private memory_call(call: Call, thread: Thread) {
		/* Most options of prctl() are nothing to memory, and not known by name. */
		if (call.name === "prctl" && numeric(call.args[0]) === undefined) return this.omit("prctl", call.lines);
		/* The file is not open for it: with which mode it was, is not known. */
		if (call.name === "mmap" && call.result.errno === "EACCES") return this.omit("mmap", call.lines);
		const op = this.op("call", thread, call);
		const { mm } = thread;
		const name = call.name === "pkey_mprotect" ? "mprotect" : call.name;
		op.name = name;
		op.nr = NR[name];
		op.args = this.arguments(call);
		this.expect(op, call);
		if (name === "prctl") {
			const option = op.args[0];
			if (option !== PR_SET_NAME && option !== PR_SET_VMA) return this.omit("prctl", call.lines);
			/* The recording kernel has no names for anonymous memory. */
			if (option === PR_SET_VMA && call.result.errno === "EINVAL")
				return this.omit("prctl", call.lines);
			const text = call.args.find((arg) => arg.kind === "string");
			if (text?.kind === "string") op.text = text.text;
		}
		if (name === "pkey_mprotect" && op.args[3] !== -1) return this.omit(call.name, call.lines);
		find_footprint(op, mm);
		const index = this.ops.length;
		if (name === "mmap") this.map_call(op, call, mm);
		mm.op = index;
		apply_call(mm, call, this.table);
		/* The neighbours may be others now: what was changed touches both. */
		if (op.footprint.influence.length && !op.footprint.whole)
			for (const [start, end] of op.footprint.direct)
				op.footprint.influence.push(mm.island(start, end));
		this.push(op, thread);
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
			} else if (op.expected.value !== undefined)
				throw at(
					this.strace,
					call.line,
					"mmap of a file descriptor without a path; strace needs -y",
				);
		}
		op.placed = op.expected.value !== undefined && !(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE));
		if (!op.placed || address === op.expected.value) return;
		const how = address === 0 ? this.placement(mm, call, page_up(length)) : "plain";
		op.aligned = how === "aligned";
		op.not_aligned =
			how === "plain" &&
			address === 0 &&
			this.aligned_place(mm, call, page_up(length)) !== call.result.value;
		if (how === undefined) this.unexplained.push(call.line);
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
		if (thread === this.main && !this.started) {
			this.started = fault.time > this.start.left || fault.comm === exec_comm(this.start);
			if (!this.started || fault.time < this.start.entered) {
				this.started = false;
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
		/* Kernel addresses and [vsyscall] are in no mm. */
		if (fault.address >= TASK_SIZE) {
			this.foreign_faults++;
			return;
		}
		this.settle_mapping(thread, fault.address);
		this.replay_fault(thread, fault);
	}

	/** A thread cannot touch memory before the call that maps it took effect. */
	private settle_mapping(thread: Thread, address: number): void {
		const area = thread.mm.areas.at(address)?.value;
		if (area && area.prot !== 0) return;
		for (const inside of [...this.inside.values()]) {
			const { call } = inside;
			if (
				inside.thread.mm !== thread.mm ||
				(call.name !== "mmap" &&
					call.name !== "mprotect" &&
					call.name !== "mremap" &&
					call.name !== "brk")
			)
				continue;
			if (call.result.value === undefined || call.result.errno) continue;
			const args = call.args.map((arg) => number(arg));
			const start = call.name === "mmap" || call.name === "mremap" ? call.result.value : args[0];
			const length = call.name === "mremap" ? args[2] : args[1];
			const [from, to] =
				call.name === "brk" ? [thread.mm.brk, call.result.value] : pages(start, length);
			if (address >= from && address < to) this.take_effect(inside);
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
			mm.areas.remove(stack.start, stack.end);
			range = mm.areas.set(page, stack.end, stack.value);
		}
		const index = this.ops.length;
		if (!range || (range.value.prot & 7) === 0) {
			op.access = "read";
			op.expected = { signal: true };
		} else {
			const area = range.value;
			const private_memory = !(area.flags & SHARED);
			const writable = (area.prot & PROT_WRITE) !== 0;
			op.access =
				area.prot & PROT_READ
					? "read"
					: area.prot & PROT_EXEC
						? "exec"
						: writable
							? "write"
							: "read";
			if (writable && private_memory && area.file === ANONYMOUS) op.access = "write";
			if (writable && private_memory && area.file >= 0) {
				/* A read would have found the page mapped: it was a write. */
				const number_of_page = page / PAGE_SIZE;
				if (mm.read_mapped.has(number_of_page)) op.access = "write";
				else if (op.access === "read") this.map_around(mm, page, range.start, range.end);
			}
			/* The first write gives the vma its anon_vma: others wait for it. */
			if (op.access === "write" && private_memory) {
				if (area.anon) {
					if (area.founder >= 0) op.after.push(area.founder);
				} else {
					op.footprint.layout = true;
					op.footprint.influence.push(mm.island(range.start, range.end));
					area.anon = true;
					area.founder = index;
				}
			}
		}
		this.push(op, thread);
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
			const number = ERRNO[errno];
			if (number === undefined) throw at(this.strace, call.last_line, `unknown error '${errno}'`);
			op.expected = { errno: number };
		} else if (value !== undefined) op.expected = { value };
	}

	private push(op: Op, thread: Thread): number {
		const index = this.ops.push(op) - 1;
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
