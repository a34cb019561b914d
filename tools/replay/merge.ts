// SPDX-License-Identifier: GPL-2.0-only
/** Merges the files of a recording into one list of operations, in the order in
 *  which they took effect. */
import { UserError } from "../lib/errors.ts";
import { NR, SIGBUS, SIGSEGV, page_down } from "./abi.ts";
import { Ahead, beginning } from "./ahead.ts";
import { Rings } from "./aio.ts";
import { attributes, protect_again } from "./attributes.ts";
import { type Fault, match_signals } from "./faults.ts";
import { FileTable } from "./file_table.ts";
import { Images, type Missing } from "./images.ts";
import { Forks, type Late } from "./forks.ts";
import { InFlight, type Inside } from "./in_flight.ts";
import type { Machine } from "./limits.ts";
import { type Choices, Lookahead } from "./lookahead.ts";
import type { MarkedMaps } from "./maps.ts";
import { Memfds } from "./memfds.ts";
import { MemoryCalls } from "./memory_calls.ts";
import type { AddressSpace } from "./model.ts";
import { Operations } from "./operations.ts";
import { LAYOUT } from "./order.ts";
import { Placement } from "./placement.ts";
import { POPULATED, Populating } from "./populating.ts";
import { Segments } from "./shm.ts";
import { is_shown } from "./shown.ts";
import { type Step, steps } from "./steps.ts";
import type { Call, Signal, Strace } from "./strace.ts";
import { type Thread, Threads } from "./threads.ts";
import { Touches } from "./touches.ts";
import type { Op, Trace } from "./trace.ts";
import { Unlinked } from "./unlinked.ts";
import { copies_memory, is_birth } from "./values.ts";

/** What a recording is made of, read. */
export interface Parts {
	/** Nothing, in older recordings. */
	machine: Machine;
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

/** Merges the files; one use. */
export class Merge {
	readonly unknown: string[] = [];
	private readonly table = new FileTable();
	private readonly ahead: Ahead;
	private readonly placement: Placement;
	private readonly ops: Operations;
	private readonly images: Images;
	private readonly in_flight: InFlight;
	private readonly threads: Threads;
	private readonly memory: MemoryCalls;
	private readonly touches: Touches;
	private readonly forks: Forks;
	/** Forks that are to take effect behind a line. */
	private postponed: { inside: Inside; line: number }[] = [];
	/** Of the step that is under way. */
	private line = 0;
	/** What comes next: the index of a step, and of a fault. */
	private next: [step: number, fault: number] = [0, 0];
	private readonly lookahead: Lookahead;
	private readonly steps: Step[];
	private readonly segments: Segments;
	private readonly rings: Rings;
	private readonly memfds = new Memfds();
	private readonly unlinked = new Unlinked();
	private readonly populating = new Populating();
	/** Why mappings may be split at other places than recorded. */
	private readonly blurs = new Set<string>();
	/** Whether memory that is only read shares one page of zeroes, where it is known. */
	private readonly zero_page?: boolean;
	/** maps.final was copied before the next operation in the program's memory, and that is which one. */
	private snapshot_due = false;
	private final_mm?: AddressSpace;
	/** The program has changed its memory since. */
	private changed_since = false;

	constructor(
		private readonly parts: Parts,
		/** What images that were not recorded must have had. */
		lacked: Missing,
		/** When forks took effect, as far as earlier runs have found out. */
		known_late: Late,
	) {
		const { strace, strace_file, faults, machine } = parts;
		this.zero_page = machine.zero_page === undefined ? undefined : machine.zero_page !== 0;
		const initial = parts.initial?.lines ?? [];
		const final = parts.final?.lines ?? [];
		for (const line of [...initial, ...final])
			if (line.inode !== 0 && line.name.startsWith("/")) this.table.file(line.name, line);
		match_signals(faults, strace.events);
		const { table, unknown } = this;
		const ahead = new Ahead(parts, unknown);
		this.ahead = ahead;
		this.placement = new Placement(parts.kernel, initial);
		this.steps = steps(strace.events);
		this.lookahead = new Lookahead(this.placement, this.steps, faults);
		this.ops = new Operations(strace_file, (op) => this.take_snapshot(op));
		this.images = new Images(parts, ahead, table, lacked);
		this.forks = new Forks(this.placement, table, known_late);
		this.in_flight = new InFlight(
			this.placement,
			table,
			(inside) => this.take_effect(inside),
			(inside, others) => this.look_ahead(inside, others),
		);
		const { ops, images, in_flight, placement } = this;
		this.threads = new Threads({
			...{ strace_file, ahead, ops, images, in_flight, unknown },
			mmap_base: placement.mmap_base,
			machine: {
				...parts.machine,
				RLIMIT_STACK: parts.machine.RLIMIT_STACK ?? placement.stack_limit,
			},
			adopts: parts.initial === undefined,
			ending: (op, mm) => this.ending(op, mm),
			forked: (call, parent, child) => this.forks.made(call, parent, child),
		});
		const attached = (parts.initial?.mark?.threads.length ?? 0) > 0;
		const segments = new Segments(strace.events, final);
		this.segments = segments;
		this.rings = new Rings(parts.machine.cpus);
		this.memory = new MemoryCalls({
			...{ ops, table, images, placement, segments, attached, unknown, blurs: this.blurs },
			min_addr: parts.machine.mmap_min_addr,
			barrier: (op, thread) => this.threads.barrier(op, thread),
		});
		const { line, entered } = ahead.start;
		const started = line === 0 && entered === 0;
		this.touches = new Touches(
			ahead,
			this.threads,
			in_flight,
			images,
			ops,
			this.memory,
			started,
			this.blurs,
			this.zero_page,
		);
	}

	/** When forks took effect that were taken to be earlier. */
	get late(): Late {
		return this.forks.late;
	}

	/** What the images of the first run lacked. */
	get missing(): Missing {
		return this.images.missing;
	}

	run(): Omit<Trace, "command" | "kernel" | "lines"> {
		const { parts, ahead } = this;
		const { no_pids } = parts.strace;
		this.omit_before(ahead.start);
		this.begin();
		if (no_pids) this.adopt_faults();
		/* A fault that carries the microsecond of a line came first: the thread
		 * of the line is held by strace from then on. */
		const faults_until = (time: number) => {
			while (this.next[1] < parts.faults.length && parts.faults[this.next[1]].time <= time)
				this.touches.replay(parts.faults[this.next[1]++]);
		};
		for (const step of this.steps) {
			this.next[0]++;
			if (step.line <= ahead.start.last_line) continue;
			faults_until(step.time);
			if (step.line > ahead.final_line) this.settle_snapshot();
			this.line = step.line;
			this.step(step);
		}
		faults_until(Number.POSITIVE_INFINITY);
		this.end_of_recording();
		if (!this.final_mm)
			throw new UserError(`${parts.strace_file}: the program does nothing; record it again`);
		this.table.size_files(this.images.images, parts.final?.lines ?? []);
		return {
			directory: parts.directory,
			initial: parts.initial?.lines ?? [],
			final: parts.final?.lines ?? [],
			final_known: parts.final !== undefined,
			final_line: this.changed_since ? ahead.final_line : undefined,
			unknown: this.unknown,
			tasks: this.threads.tasks,
			files: this.table.files,
			open_files: this.table.open_files,
			images: this.images.images,
			ops: this.ops.ops,
			model: this.final_mm,
			omitted: this.ops.omitted,
			foreign_faults: this.touches.foreign,
			aligns: this.placement.aligns_anonymous,
			kernel_version: this.placement.kernel_version,
			blurs: [...this.blurs],
			unexplained: this.memory.unexplained,
			mmap_base: this.placement.mmap_base,
			min_addr: this.memory.min_addr,
			min_fixed_addr: this.memory.min_fixed_addr,
			nodes: parts.machine.nodes ?? 1,
			zero_page: this.zero_page,
		};
	}

	private omit_before(start: Call): void {
		for (const event of this.parts.strace.events) {
			if (event.line >= start.line || event.line > start.last_line) break;
			this.ops.omit("before the program", event.kind === "call" ? event.lines : 1);
		}
	}

	/** The program as it begins, or as it was when strace was attached to it. */
	private begin(): void {
		const { mark } = this.parts.initial ?? {};
		const { start } = this.ahead;
		const attached = mark !== undefined && mark.threads.length > 0;
		const image = this.images.first();
		const known = image.lines.some(({ vm }) => vm !== undefined);
		const calls = attached ? (known ? attributes : protect_again)(image, start) : [];
		this.threads.begin(image);
		const { main } = this.threads;
		this.memory.begin_limits(main, start.last_line);
		if (mark?.brk !== undefined && mark.brk !== mark.start_brk) this.have_heap(mark.brk, start);
		for (const call of calls) this.memory.replay(call, main);
		for (const pid of mark?.threads.slice(1) ?? []) this.threads.adopt(pid);
	}

	/** A heap that reaches as far as it did when the recording began. */
	private have_heap(brk: number, { last_line }: Call): void {
		const call = { ...beginning(this.threads.main.pid, last_line), name: "brk", result: { value: brk } };
		call.args = [{ kind: "number", value: brk }];
		this.memory.replay(call, this.threads.main);
	}

	/** Lines without numbers of threads: the faults say which it was. */
	private adopt_faults(): void {
		const pids = new Set(this.parts.faults.map(({ tid }) => tid));
		if (pids.size === 1) for (const fault of this.parts.faults) fault.tid = this.threads.main.pid;
	}

	private step(step: Step) {
		const { event } = step;
		this.copy_postponed();
		if (event.kind === "signal") return this.signal(event);
		if (event.kind === "exit") return this.threads.exit(event);
		this.threads.settle_exec(event.pid, event);
		if (step.enters) {
			const thread = this.threads.thread(event.pid, event.line);
			this.segments.rewrite(event, thread.mm);
			this.rings.rewrite(event, thread.mm);
			this.memfds.rewrite(event, thread.descriptors);
			this.unlinked.rewrite(event, thread.descriptors);
			this.in_flight.enter(event, thread);
			this.populating.enter(event, thread);
			this.forks.seen(thread.mm);
			if (copies_memory(event)) {
				const line = this.forks.waits_for(event);
				if (line === undefined) this.copy(event, thread);
				else this.postponed.push({ inside: { call: event, thread }, line });
			}
			/* Its pages are faulted in when all mappings are locked, which takes longer. */
			if (event.name === "mlockall" && event.result.value === 0) this.leave(event);
		} else this.forks.close(step.line);
		if (step.leaves) {
			this.leave(event);
			this.populating.leave(event);
		}
	}

	/** The copy is made at once, and whoever changes the memory meanwhile waits for it. What was entered
	 *  before it comes first, if it can have returned what it did by then. */
	private copy(call: Call, thread: Thread): void {
		for (const inside of this.in_flight) {
			const { call: other, thread: by } = inside;
			if (other === call || by.mm !== thread.mm || !LAYOUT.has(other.name)) continue;
			if (!this.in_flight.has(inside) || !this.placement.explains(by.mm, other)) continue;
			this.in_flight.settle(inside);
			this.in_flight.take_effect(inside);
		}
		const inside = this.in_flight.of(call.pid);
		if (inside) this.in_flight.take_effect(inside);
	}

	/** Those that take effect before the step that is under way. */
	private copy_postponed(): void {
		const due = this.postponed.filter(({ line }) => line < this.line);
		this.postponed = this.postponed.filter(({ line }) => line >= this.line);
		for (const { inside } of due) if (this.in_flight.has(inside)) this.copy(inside.call, inside.thread);
	}

	/** A fault may end in a signal: then its line is the fault's result. All
	 *  others come from outside the memory manager. */
	private signal(event: Signal) {
		const thread = this.threads.of(event.pid);
		const op = thread && this.ops.ops[thread.last];
		const memory = event.name === "SIGSEGV" || event.name === "SIGBUS";
		if (event.key) return this.ops.omit("SIGSEGV of a memory key", 1);
		if (
			op?.kind !== "fault" ||
			!memory ||
			(event.address === undefined ? event.info : page_down(event.address) !== page_down(op.args[0]))
		)
			return this.ops.omit(event.name, 1);
		op.expected = { signal: true, signo: event.name === "SIGBUS" ? SIGBUS : SIGSEGV };
		op.lines++;
	}

	private leave(call: Call): void {
		const inside = this.in_flight.of(call.pid);
		if (!inside || inside.call !== call) return; /* already took effect */
		/* Of an execve on one line it is not known when the image changed: the
		 * next fault or line of the thread tells. */
		if (call.name === "execve" && call.result.value === 0 && call.lines === 1) return;
		this.in_flight.settle(inside);
		this.in_flight.take_effect(inside);
	}

	private look_ahead({ call, thread }: Inside, others: Inside[]): Choices | undefined {
		const { mm } = thread;
		const inside = [call, ...others.map((other) => other.call)];
		const threads = [...this.threads.alive()].filter((one) => one.mm === mm).map(({ pid }) => pid);
		return this.lookahead.search(call, mm, inside, new Set(threads), this.next);
	}

	private take_effect({ call, thread }: Inside): void {
		const { mm } = thread;
		this.forks.look(call, mm);
		const from = this.ops.length;
		this.effect(call, thread);
		if (!LAYOUT.has(call.name)) return;
		this.forks.changed(mm, this.line);
		const made = this.ops.ops.slice(from);
		if (made.some((op) => this.populating.reaches(op, thread))) this.blurs.add(POPULATED);
	}

	private effect(call: Call, thread: Thread) {
		if (is_birth(call.name)) return this.threads.birth(call, thread);
		switch (call.name) {
			case "execve":
			case "execveat":
				if (call.result.value !== 0) return this.ops.omit(call.name, call.lines);
				return this.threads.exec(thread, call, this.images.later(call));
			case "exit":
			case "exit_group":
				return this.threads.exits_with(thread, call);
			case "memfd_create":
				this.memfds.create(call, thread.descriptors);
				return this.ops.omit(call.name, call.lines);
			case "mseal":
			case "syscall_0x1ce":
				this.memory.seal(call, thread.mm);
				return this.ops.omit("mseal", call.lines);
			case "userfaultfd":
				if (!call.result.errno) this.blurs.add("userfaultfd, of which nothing is recorded");
				return this.ops.omit(call.name, call.lines);
			case "ftruncate":
				return this.memory.resize(call, thread);
			case "setrlimit":
			case "prlimit64":
			case "setuid":
			case "setreuid":
			case "setresuid":
			case "capset":
				return this.memory.limit(call, thread);
			case "wait4":
			case "waitid":
				return this.threads.wait(call, thread);
		}
		if (!(call.name in NR) || call.result.value === undefined) return this.ops.omit(call.name, call.lines);
		this.memory.replay(call, thread);
	}

	/* ---- the moment that maps.final shows ---- */

	private snapshot(op: Op): void {
		op.snapshot = true;
		op.footprint.whole = true;
		op.footprint.layout = true;
	}

	/** The maps were read when all that shared the memory was done. */
	private ending(op: Op, mm: AddressSpace): void {
		if (this.final_mm) return;
		this.snapshot(op);
		this.final_mm = mm;
	}

	/** Before the first operation in the program's memory after the moment. */
	private take_snapshot(op: Op): void {
		if (!this.snapshot_due || op.mm !== (this.final_mm ?? this.threads.main.mm).id) return;
		if (op.footprint.layout && op.kind !== "exit") this.changed_since = true;
		if (!this.final_mm) this.snapshot(op);
		this.final_mm ??= this.threads.main.mm;
	}

	/** maps.final was copied before this line: strace let no call return meanwhile, so all that had been entered
	 *  was done, or had not begun; the maps say which. */
	private settle_snapshot(): void {
		if (this.snapshot_due) return;
		for (const inside of this.in_flight) {
			const { call, thread } = inside;
			if (!LAYOUT.has(call.name) && call.name !== "madvise") continue;
			if (thread.mm !== this.threads.main.mm || call.result.value === undefined) continue;
			if (!this.in_flight.has(inside) || !is_shown(call, this.parts.final?.lines ?? [])) continue;
			this.in_flight.settle(inside);
			this.in_flight.take_effect(inside);
		}
		this.snapshot_due = true;
	}

	/** strace ended before these threads did. */
	private end_of_recording(): void {
		for (const inside of this.in_flight) {
			const { call, thread } = inside;
			this.in_flight.drop(inside);
			if (call.name === "exit_group" || call.name === "exit") this.threads.exits_with(thread, call);
			else this.ops.omit(call.name, call.lines);
		}
		const line = this.parts.strace.events.at(-1)?.line ?? 0;
		for (const thread of this.threads.alive()) this.threads.cut(thread, line);
	}
}
