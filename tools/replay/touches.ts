// SPDX-License-Identifier: GPL-2.0-only
/** Page faults, as operations: whose they are, what must have been mapped by then, what they were for. */
import { PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE, page_down, TASK_SIZE } from "./abi.ts";
import type { Ahead } from "./ahead.ts";
import type { Fault } from "./faults.ts";
import type { Images } from "./images.ts";
import type { InFlight } from "./in_flight.ts";
import { permits } from "./lookahead.ts";
import type { MemoryCalls } from "./memory_calls.ts";
import { type AddressSpace, ANONYMOUS, type Area, type AreaRange, SHARED } from "./model.ts";
import type { Operations } from "./operations.ts";
import type { Memory } from "./plan_format.ts";
import type { Thread, Threads } from "./threads.ts";
import type { Access } from "./trace.ts";
import { exec_comm } from "./values.ts";

const FAULT_AROUND = 65536;

/** Where nothing is mapped nothing is shared. */
function memory_of(area: { flags: number; file: number } | undefined, access: Access): Memory {
	if (area && area.flags & SHARED) return "shared";
	if (!area || area.file < 0) return "anonymous";
	return access === "write" ? "file-write-private" : "file-read";
}

export class Touches {
	/** Faults that are not the program's: earlier than it, or of the kernel. */
	foreign = 0;
	/** The name of the program's thread before its execve. */
	private comm_before = "";

	constructor(
		private readonly ahead: Ahead,
		private readonly threads: Threads,
		private readonly in_flight: InFlight,
		private readonly images: Images,
		private readonly ops: Operations,
		private readonly memory: MemoryCalls,
		/** A fault of the program itself was seen. */
		private started: boolean,
		/** Why mappings may be split at other places than recorded. */
		private readonly blurs: Set<string>,
		/** Memory that is only read shares a page of zeroes; undefined: not known. */
		private readonly zero_page: boolean | undefined,
	) {}

	replay(fault: Fault): void {
		let thread = this.threads.of(fault.tid);
		if (!thread?.alive) {
			if (this.ahead.births.has(fault.tid) && this.threads.be_born(fault.tid))
				thread = this.threads.of(fault.tid);
			else {
				this.foreign++;
				return;
			}
		}
		if (!thread) return;
		/* Until its execve the program was a fork of strace. */
		if (this.ahead.start.line === 0) this.started = fault.time > this.ahead.start.left;
		if (thread === this.threads.main && !this.started) {
			if (fault.time < this.ahead.start.entered) this.comm_before = fault.comm;
			else
				this.started ||=
					fault.comm === exec_comm(this.ahead.start) ||
					(fault.time > this.ahead.start.left && fault.comm !== this.comm_before);
			if (!this.started) {
				this.foreign++;
				return;
			}
		}
		/* An execve changes the thread's name: from then on it is in the new
		 * image. Where the name stays, the new image begins with the call. */
		const inside = this.in_flight.of(fault.tid);
		if (inside?.call.name === "execve" && inside.call.result.value === 0) {
			const comm = exec_comm(inside.call);
			if (thread.comm === comm || fault.comm === comm) this.in_flight.take_effect(inside);
		}
		if (!thread.comm || inside?.call.name !== "execve") thread.comm = fault.comm;
		/* Kernel addresses and [vsyscall] are in no mm, and keys are not recorded. */
		if (fault.address >= TASK_SIZE || fault.key) {
			this.foreign++;
			return;
		}
		this.in_flight.settle_fault(fault, thread.mm);
		this.touch(thread, fault);
	}

	private touch(thread: Thread, fault: Fault): void {
		const { mm } = thread;
		const missed = this.is_behind_end(thread, fault);
		const op = this.ops.make("fault", thread, undefined, fault.line);
		op.file = "faults.txt";
		op.name = "fault";
		op.args = [fault.address];
		op.lines = 0;
		const page = page_down(fault.address);
		let range = mm.areas.at(fault.address);
		const stack = range ? undefined : mm.stack_above(fault.address);
		op.footprint.direct = [[page, page + PAGE_SIZE]];
		if (stack) {
			/* The stack grows: vm_start changes. */
			op.footprint.layout = true;
			op.footprint.direct = [[page, stack.start]];
			op.footprint.influence = [mm.island(page, stack.end)];
			op.footprint.whole = thread.group.limits.bind("fault", mm);
			range = mm.grow(stack, page);
		} else if (!range && !fault.signal && !fault.kernel) this.images.was_there(mm, page, page + PAGE_SIZE);
		const index = this.ops.length;
		const area = range?.value;
		op.access = fault.access ?? this.guess_access(mm, page, range, fault.signal);
		op.memory = memory_of(area, op.access);
		const permitted = area !== undefined && permits(area.prot, op.access);
		if (fault.signal || !permitted || missed) op.expected = { signal: true };
		/* The first write gives the vma its anon_vma: others wait for it. */
		if (range && permitted && this.takes_page(range.value, op.access)) {
			if (range.value.anon) {
				if (range.value.founder >= 0) op.after = [range.value.founder];
			} else {
				op.footprint.layout = true;
				op.footprint.influence.push(mm.island(range.start, range.end));
				const { value } = mm.areas.own(range);
				value.anon = true;
				value.founder = index;
			}
		}
		this.ops.push(op, thread);
	}

	/** Does it get a page that is the program's alone? */
	private takes_page({ file, flags, anon }: Area, access: Access): boolean {
		if (flags & SHARED) return false;
		if (access === "write") return true;
		if (file !== ANONYMOUS) return false;
		if (this.zero_page === undefined && !anon)
			this.blurs.add("whether memory that is only read takes pages, which is not recorded");
		return this.zero_page === false;
	}

	/** Is it a touch by the kernel behind the end of a file, which ends in no signal? One by the program that
	 *  ended in none shows that the file is longer. */
	private is_behind_end(thread: Thread, { address, access, signal, kernel, line }: Fault): boolean {
		const mapped = thread.mm.areas.at(address);
		if (!mapped || mapped.value.file < 0 || signal || !permits(mapped.value.prot, access ?? "read"))
			return false;
		const { start, value } = mapped;
		const end = value.offset + page_down(address) - start + PAGE_SIZE;
		if (kernel) return this.memory.is_behind_end(value.file, end);
		this.memory.was_written(value.file, end, thread, line);
		return false;
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
		this.blurs.add("what page faults were for, which was guessed");
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
}
