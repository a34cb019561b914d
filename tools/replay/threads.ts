// SPDX-License-Identifier: GPL-2.0-only
/** Threads and processes: how they begin, execute programs, end, and are waited for. */
import { at } from "../lib/errors.ts";
import { CLONE_FILES, CLONE_FS, CLONE_SIGHAND, CLONE_THREAD, CLONE_VFORK, CLONE_VM, NR } from "./abi.ts";
import type { Ahead } from "./ahead.ts";
import type { Images } from "./images.ts";
import type { InFlight } from "./in_flight.ts";
import { Limits, type Machine } from "./limits.ts";
import { AddressSpace } from "./model.ts";
import type { Operations } from "./operations.ts";
import type { Call, Exit } from "./strace.ts";
import type { Image, Op, Task } from "./trace.ts";
import { clone_flags, exec_comm, exit_signal, is_birth, number, replayed_flags, waited_pid } from "./values.ts";

export interface Thread {
	index: number;
	pid: number;
	group: Group;
	mm: AddressSpace;
	comm: string;
	alive: boolean;
	/** Last operation. */
	last: number;
	exit_code: number;
	/** What descriptors were seen to be open on: memory files, and paths. */
	descriptors: Map<number, string>;
}

export interface Group {
	tgid: number;
	threads: Set<Thread>;
	limits: Limits;
	/** exit_group was called with this code. */
	exit_group?: number;
}

/** A clone that any kernel refuses. */
function refused_for_flags(flags: number): boolean {
	return (
		((flags & CLONE_THREAD) !== 0 && !(flags & CLONE_SIGHAND)) ||
		((flags & CLONE_SIGHAND) !== 0 && !(flags & CLONE_VM))
	);
}

/** What threads have to do with others. */
interface Parts {
	strace_file: string;
	ahead: Ahead;
	ops: Operations;
	images: Images;
	in_flight: InFlight;
	/** Where mappings begin. */
	mmap_base: number;
	machine: Machine;
	/** May threads appear that nobody has made: is the recording a part only? */
	adopts: boolean;
	unknown: string[];
	/** The program's last thread is about to end. */
	ending(op: Op, mm: AddressSpace): void;
	/** A copy of the memory was made. */
	forked(call: Call, parent: AddressSpace, child: AddressSpace): void;
}

/** strace ended, or the thread was killed, before it did. */
const never_returned = ({ unfinished, result }: Call) =>
	unfinished || (result.value === undefined && result.errno === undefined);

export class Threads {
	readonly tasks: Task[] = [];
	main!: Thread;
	private readonly by_pid = new Map<number, Thread>();
	private readonly mm_users = new Map<number, Set<Thread>>();
	private readonly vfork_children = new Map<Thread, Thread>();
	/** Exit operations by pid, for wait; and those of threads by process. */
	private readonly exits = new Map<number, { op: number; task: number }>();
	private readonly group_exits = new Map<Group, number[]>();
	/** What is to be added to Op.lines when a thread's exit comes. */
	private readonly exit_lines = new Map<number, number>();
	private next_mm = 0;
	private readonly ops: Operations;
	private readonly in_flight: InFlight;

	constructor(private readonly parts: Parts) {
		this.ops = parts.ops;
		this.in_flight = parts.in_flight;
	}

	/** The first one, in its first program. */
	begin(image: Image): void {
		const { start } = this.parts.ahead;
		this.main = this.new_thread(start.pid, undefined, undefined, start);
		this.exec(this.main, start, image);
	}

	/** With this number, whether it is there still or not. */
	of(pid: number): Thread | undefined {
		return this.by_pid.get(pid);
	}

	/** Everything of all threads until now comes before the operation that is next,
	 *  by `thread`, and that before all that they do from then on. */
	barrier(op: Op, thread: Thread): void {
		for (const other of this.alive()) {
			if (other === thread) continue;
			if (other.last >= 0) op.after.push(other.last);
			this.ops.hold(other, this.ops.length);
		}
	}

	/** Those that are there, the last one first. */
	alive(): Thread[] {
		return [...this.by_pid.values()].reverse().filter(({ alive }) => alive);
	}

	/** It has called exit or exit_group; the end of the thread is its +++ line. */
	exits_with(thread: Thread, call: Call): void {
		thread.exit_code = number(call.args[0]) & 0xff;
		if (call.name === "exit_group") thread.group.exit_group = thread.exit_code;
		this.exit_lines.set(thread.pid, call.lines);
	}

	/** No more is recorded of it. */
	cut(thread: Thread, line: number): void {
		this.end_thread(thread, { line, lines: this.exit_lines.get(thread.pid) ?? 0 });
	}

	/** A thread of the program that was there before the recording began. */
	adopt(pid: number): Thread {
		const op = this.ops.make("clone", this.main, undefined, this.parts.ahead.start.last_line);
		op.nr = NR.clone;
		op.args = [CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | CLONE_FS | CLONE_FILES];
		op.expected = { value: pid };
		const thread = this.make_thread(pid, this.main, this.main.group, this.main.mm);
		op.child = thread.index;
		this.ops.push(op, this.main);
		thread.last = this.main.last;
		return thread;
	}

	/** The thread does something: an execve that it was inside of is over. */
	settle_exec(pid: number, but?: Call): void {
		const inside = this.in_flight.of(pid);
		if (!inside || inside.call === but || inside.call.name !== "execve") return;
		if (inside.call.result.value === 0) this.in_flight.take_effect(inside);
	}

	/** The live thread of a pid; a first sign of life ends its parent's clone. */
	thread(pid: number, line: number): Thread {
		const known = this.by_pid.get(pid);
		if (known?.alive) return known;
		if (this.be_born(pid)) return this.by_pid.get(pid)!;
		/* What is pasted may begin anywhere. */
		if (this.parts.adopts && !known) {
			this.parts.unknown.push(`how thread ${pid} began`);
			return this.adopt(pid);
		}
		throw at(
			this.parts.strace_file,
			line,
			`thread ${pid} appears without a clone or fork that returned it; strace needs -f`,
		);
	}

	be_born(pid: number): boolean {
		const births = this.parts.ahead.births.get(pid) ?? [];
		const birth = births.find((call) => this.in_flight.of(call.pid)?.call === call);
		let inside = birth && this.in_flight.of(birth.pid);
		if (births.length === 0) {
			/* The parent was killed before its clone returned; of several the first. */
			inside = [...this.in_flight].find(({ call }) => is_birth(call.name) && never_returned(call));
			if (!inside) return false;
			inside.call.result = { value: pid };
		}
		if (!inside) return false;
		this.in_flight.take_effect(inside);
		return this.by_pid.has(pid);
	}

	private new_thread(pid: number, parent: Thread | undefined, mm: AddressSpace | undefined, call: Call): Thread {
		const same_group = parent !== undefined && (clone_flags(call) & CLONE_THREAD) !== 0;
		const limits = parent?.group.limits.inherited() ?? new Limits({ ...this.parts.machine });
		const group: Group = same_group ? parent.group : { tgid: pid, threads: new Set(), limits };
		const thread = this.make_thread(pid, parent, group, mm ?? new AddressSpace(this.next_mm++));
		if (!same_group && !(clone_flags(call) & CLONE_FILES)) thread.descriptors = new Map(thread.descriptors);
		return thread;
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
			descriptors: parent?.descriptors ?? new Map(),
		};
		group.threads.add(thread);
		this.tasks.push({ pid, tgid: group.tgid, parent: parent?.index ?? -1 });
		this.by_pid.set(pid, thread);
		this.use(thread.mm, thread);
		return thread;
	}

	private use(mm: AddressSpace, thread: Thread): void {
		const users = this.mm_users.get(mm.id) ?? new Set();
		users.add(thread);
		this.mm_users.set(mm.id, users);
	}

	birth(call: Call, parent: Thread) {
		const flags = clone_flags(call);
		/* One that failed, or was to be made once more, has made nothing. What
		 * the kernel refuses for its flags it refuses here, too. */
		if (call.result.value === undefined || (call.result.errno && !refused_for_flags(flags)))
			return this.ops.omit(call.name, call.lines);
		const op = this.ops.make("clone", parent, call);
		op.nr = NR.clone;
		/* A vfork would keep its CPU asleep in the kernel; here the plan makes
		 * the parent wait for the child. */
		op.args = [replayed_flags(flags) | exit_signal(call)];
		this.ops.expect(op, call);
		const pid = call.result.value;
		if (call.result.errno) {
			op.footprint.whole = true;
			this.ops.push(op, parent);
			return;
		}
		const shares = (flags & CLONE_VM) !== 0;
		if (!shares) {
			op.footprint.whole = true;
			op.footprint.layout = true;
		}
		const mm = shares ? parent.mm : parent.mm.fork(this.next_mm++);
		if (!shares) this.parts.forked(call, parent.mm, mm);
		const child = this.new_thread(pid, parent, mm, call);
		if (!shares) mm.limits = child.group.limits;
		op.child = child.index;
		this.ops.push(op, parent);
		child.last = parent.last;
		if (flags & CLONE_VFORK) this.vfork_children.set(child, parent);
	}

	/** A vfork child has its own memory, or is gone: its parent goes on. */
	private release_parent(child: Thread): void {
		const parent = this.vfork_children.get(child);
		if (!parent) return;
		this.vfork_children.delete(child);
		this.ops.hold(parent, child.last);
	}

	exec(thread: Thread, call: Call, image: Image): void {
		/* The other threads of the process end here; their lines come later. */
		for (const other of thread.group.threads)
			if (other !== thread && other.alive) this.end_thread(other, { line: call.line, lines: 0 });
		const op = this.ops.make("exec", thread, call);
		op.nr = NR.execve;
		op.image = this.parts.images.add(image);
		op.expected = { value: 0 };
		const users = this.mm_users.get(thread.mm.id)!;
		/* The last user takes the old memory down. */
		op.footprint.whole = users.size === 1;
		op.footprint.layout = op.footprint.whole;
		this.ops.push(op, thread);
		users.delete(thread);
		const mm = new AddressSpace(this.next_mm++);
		mm.mmap_base = this.parts.mmap_base;
		mm.stack_limit = thread.group.limits.stack;
		mm.limits = thread.group.limits;
		this.parts.images.enter(mm, op.image, op.line);
		thread.mm = mm;
		thread.comm = exec_comm(call);
		this.use(mm, thread);
		this.release_parent(thread);
	}

	wait(call: Call, thread: Thread) {
		const pid = call.name === "wait4" ? call.result.value : waited_pid(call);
		const exit = pid !== undefined && pid > 0 ? this.exits.get(pid) : undefined;
		/* Failed, restarted, WNOHANG, or a child that only stopped. */
		if (!exit || call.result.errno) return this.ops.omit(call.name, call.lines);
		this.exits.delete(pid!);
		const op = this.ops.make("wait", thread, call);
		op.nr = NR.wait4;
		op.child = exit.task;
		op.expected = { value: pid };
		op.after.push(exit.op);
		this.ops.push(op, thread);
	}

	exit(event: Exit) {
		const inside = this.in_flight.of(event.pid);
		if (event.superseded_by !== undefined) {
			/* An execve by another thread: it goes on under this pid. */
			this.ops.omit("superseded", 1);
			const heir = this.by_pid.get(event.superseded_by);
			const leader = this.by_pid.get(event.pid);
			if (!heir) return;
			if (leader?.alive && leader !== heir) this.end_thread(leader, { line: event.line, lines: 0 });
			const execve = this.in_flight.of(heir.pid);
			this.by_pid.delete(heir.pid);
			heir.pid = event.pid;
			this.by_pid.set(event.pid, heir);
			/* The call's line carries the old pid; its end carries the new one. */
			if (execve) this.in_flight.rename(execve, event.pid);
			return;
		}
		const known = this.by_pid.get(event.pid);
		if (!known?.alive) {
			/* Born and killed unseen, or ended by an execve: nothing to end. */
			if (!this.parts.ahead.births.has(event.pid) || !this.be_born(event.pid))
				return this.ops.omit("+++", 1);
		}
		this.settle_exec(event.pid);
		if (inside && this.in_flight.of(event.pid) === inside) {
			/* Killed inside a call; exits are settled as they are entered. */
			const { call } = inside;
			this.in_flight.drop(inside);
			if (call.name === "exit" || call.name === "exit_group") this.exits_with(inside.thread, call);
			else this.ops.omit(call.name, call.lines);
		}
		const thread = this.by_pid.get(event.pid)!;
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
		const op = this.ops.make("exit", thread, undefined, line);
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
		if (op.last && thread.group.tgid === this.main.group.tgid) this.parts.ending(op, thread.mm);
		const index = this.ops.push(op, thread);
		const exits = this.group_exits.get(thread.group) ?? [];
		exits.push(index);
		this.group_exits.set(thread.group, exits);
		if (op.last)
			this.exits.set(thread.group.tgid, {
				op: index,
				task: this.by_pid.get(thread.group.tgid)?.index ?? thread.index,
			});
		this.release_parent(thread);
	}
}
