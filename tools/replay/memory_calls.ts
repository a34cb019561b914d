// SPDX-License-Identifier: GPL-2.0-only
/** Calls that work on memory, as operations. */
import {
	ERRNO,
	MADV,
	MAP_ANONYMOUS,
	MAP_FIXED,
	MAP_FIXED_NOREPLACE,
	MAP_PRIVATE,
	MAP_TYPE,
	MREMAP_DONTUNMAP,
	MREMAP_FIXED,
	MREMAP_MAYMOVE,
	NR,
	PAGE_SIZE,
	PR_SET_NAME,
	PR_SET_VMA,
	PR_SIM_RLIMIT,
	PROT_WRITE,
	page_up,
} from "./abi.ts";
import type { FileTable } from "./file_table.ts";
import { forbidding } from "./half_way.ts";
import type { Images } from "./images.ts";
import { apply_call, find_footprint } from "./layout.ts";
import type { Setting } from "./limits.ts";
import { type AddressSpace, pages, SHARED } from "./model.ts";
import { is_policy_call, policy_arguments } from "./mempolicy.ts";
import type { Operations } from "./operations.ts";
import type { Placement } from "./placement.ts";
import { IN_PAGE } from "./plan_format.ts";
import type { Segments } from "./shm.ts";
import type { Call } from "./strace.ts";
import type { Thread } from "./threads.ts";
import type { Op } from "./trace.ts";
import { number, numeric } from "./values.ts";

/** What succeeds on memory that is mapped only. */
const ON_MAPPED = new Set(["mprotect", "mremap", "madvise", "mlock", "mlock2", "munlock", "msync"]);

/** What distributors forbid to map; and a number that no memory key has. */
const MIN_ADDR = 65536;
const NO_KEY = 16;
const is_ksm = (advice: number) => advice === MADV.MADV_MERGEABLE || advice === MADV.MADV_UNMERGEABLE;

/** Can it have been for a limit? A brk() that is refused returns what was before. */
function was_refused({ name, args, result }: Call): boolean {
	if (name === "brk") return number(args[0]) > (result.value ?? Number.POSITIVE_INFINITY);
	return ["ENOMEM", "EAGAIN", "EPERM"].includes(result.errno ?? "");
}

/** Is there sealed memory in what the call is about? */
function touches_sealed({ name, args }: Call, mm: AddressSpace): boolean {
	const [start, length, new_length, , to] = args.map((arg) => number(arg));
	const ranges = [pages(start, length)];
	if (name === "mremap") ranges.push(pages(to, new_length));
	return ranges.some(([from, end]) => mm.sealed.overlapping(from, end).length > 0);
}

/** What such calls have to do with. */
interface Parts {
	ops: Operations;
	table: FileTable;
	images: Images;
	placement: Placement;
	segments: Segments;
	/** The program ran already: where its mappings begin is not known. */
	attached: boolean;
	/** Where it is recorded. */
	min_addr?: number;
	/** Orders an operation after and before all of all threads. */
	barrier(op: Op, thread: Thread): void;
	unknown: string[];
	/** Why mappings may be split at other places than recorded. */
	blurs: Set<string>;
}

export class MemoryCalls {
	/** Lines of mappings whose recorded place no rule explains. */
	readonly unexplained: number[] = [];
	/** The machine's lowest addresses, as it says or as far as its answers tell. */
	min_addr: number;
	min_fixed_addr = 0;
	/** Descriptors without paths: what the last mapping of the first page was of. */
	private readonly descriptors = new Map<string, string>();
	private readonly ops: Operations;
	private readonly table: FileTable;
	private readonly images: Images;
	private readonly placement: Placement;

	constructor(private readonly parts: Parts) {
		this.ops = parts.ops;
		this.table = parts.table;
		this.images = parts.images;
		this.placement = parts.placement;
		this.min_addr = parts.min_addr ?? MIN_ADDR;
	}

	replay(recorded: Call, thread: Thread) {
		const parts = this.parts.segments.parts(recorded, thread.mm);
		if (parts.length === 0) return this.ops.omit(recorded.name, recorded.lines);
		for (const call of parts) this.replay_one(call, thread);
	}

	private replay_one(call: Call, thread: Thread) {
		if (call.name === "mmap") this.name_descriptor(call, thread.mm);
		/* Most options of prctl() are nothing to memory, and not known by name. */
		if (call.name === "prctl" && numeric(call.args[0]) === undefined)
			return this.ops.omit("prctl", call.lines);
		/* The file is not open for it: with which mode it was, is not known. */
		if (call.name === "mmap" && call.result.errno === "EACCES") return this.ops.omit("mmap", call.lines);
		const { mm } = thread;
		const { name } = call;
		const { limits } = thread.group;
		if (call.result.errno === "EPERM" && touches_sealed(call, mm))
			return this.ops.omit(`${name}, of sealed memory`, call.lines);
		const limit = was_refused(call) ? limits.forbids(call, mm) : undefined;
		if (limit !== undefined) return this.ops.omit(`${name}, for ${limit}`, call.lines);
		const op = this.ops.make("call", thread, call);
		op.unlimited = limits.known;
		op.name = name;
		op.nr = NR[name];
		op.args = this.ops.arguments(call);
		this.ops.expect(op, call);
		if (name === "pkey_mprotect" && op.args[3] > 0 && !call.result.errno)
			this.parts.blurs.add("memory keys, where the kernel is without");
		/* A CPU without memory keys refuses even the one that all memory has. */
		if (name === "pkey_mprotect" && op.args[3] === 0 && call.result.errno === "EINVAL") op.args[3] = NO_KEY;
		/* The recording kernel has no KSM. */
		if (name === "madvise" && call.result.errno === "EINVAL" && is_ksm(op.args[2]))
			return this.ops.omit("madvise", call.lines);
		if (name === "prctl") {
			const option = op.args[0];
			if (option !== PR_SET_NAME && option !== PR_SET_VMA) return this.ops.omit("prctl", call.lines);
			/* The recording kernel has no names for anonymous memory. */
			if (option === PR_SET_VMA && call.result.errno === "EINVAL")
				return this.ops.omit("prctl", call.lines);
			const text = call.args.find((arg) => arg.kind === "string");
			if (text?.kind === "string") {
				op.text = `${text.text}\0`;
				op.args[4] = IN_PAGE;
			}
		}
		if (is_policy_call(name)) policy_arguments(op, call);
		if (call.result.errno === "EACCES" && name.endsWith("mprotect")) {
			const area = forbidding(mm, pages(op.args[0], op.args[1]), op.args[2], this.table)?.value;
			if (area && area.flags & SHARED) this.table.is_read_only(area.opened);
		}
		if (!call.result.errno && ON_MAPPED.has(name))
			this.images.was_there(mm, ...pages(op.args[0], op.args[1]));
		find_footprint(op, mm);
		if (limits.bind(name, mm)) op.footprint.whole = true;
		const index = this.ops.length;
		if (name === "mmap") this.map_call(op, call, mm);
		if (name === "mremap") this.remap_call(op, call, mm);
		mm.op = index;
		apply_call(mm, call, this.table);
		/* The neighbours may be others now: what was changed touches both. */
		if (op.footprint.influence.length && !op.footprint.whole)
			for (const [start, end] of op.footprint.direct)
				op.footprint.influence.push(mm.island(start, end));
		this.ops.push(op, thread);
	}

	/** mseal() makes a mapping of its own, that stays as it is. */
	seal(call: Call, mm: AddressSpace): void {
		const [start, end] = pages(number(call.args[0]), number(call.args[1]));
		if (call.result.errno || start >= end) return;
		mm.sealed.set(start, end, true);
		this.parts.blurs.add("sealed memory (mseal)");
	}

	/** A limit of the process is set, or holds from now on; what its threads do is ordered by it. */
	limit(call: Call, thread: Thread): void {
		const { limits } = thread.group;
		const setting = call.name.includes("limit") ? limits.change(call) : limits.credentials(call);
		if (!setting) {
			this.ops.omit(call.name, call.lines);
			return;
		}
		const op = this.set_limit(setting, thread, this.ops.make("call", thread, call));
		this.parts.barrier(op, thread);
		this.ops.push(op, thread);
	}

	/** The limits that a process begins with. */
	begin_limits(thread: Thread, line: number): void {
		for (const setting of thread.group.limits.initial())
			this.ops.push(
				this.set_limit(setting, thread, this.ops.make("call", thread, undefined, line)),
				thread,
			);
	}

	private set_limit({ limit, resource, cur, max }: Setting, thread: Thread, op: Op): Op {
		op.name = `prlimit64 ${limit}`;
		op.nr = NR.prctl;
		op.args = [PR_SIM_RLIMIT, resource, cur, max];
		op.expected = { value: 0 };
		if (limit === "RLIMIT_STACK") thread.mm.stack_limit = cur;
		return op;
	}

	/** A file becomes as long as that. What it is to others, who map it, too, is ordered by all threads. */
	resize(call: Call, thread: Thread): void {
		const fd = call.args[0];
		if (fd?.kind !== "fd" || call.result.value !== 0) {
			this.ops.omit(call.name, call.lines);
			return;
		}
		const op = this.ops.make("call", thread, call);
		const file = this.table.file(fd.path);
		this.set_size(op, thread, file, number(call.args[1]));
	}

	/** Do `length` bytes of the file reach behind the page in which it ends? */
	is_behind_end(file: number, length: number): boolean {
		return this.table.is_longer(file, length);
	}

	/** What was touched is there: if it is behind the end of a file, that has been written meanwhile. */
	was_written(file: number, length: number, thread: Thread, line: number): void {
		if (!this.table.is_longer(file, length)) return;
		const op = this.ops.make("call", thread, undefined, line);
		op.file = "faults.txt";
		op.name = "write";
		this.set_size(op, thread, file, length);
	}

	private set_size(op: Op, thread: Thread, file: number, length: number): void {
		op.nr = NR.ftruncate;
		op.args = [0, length];
		op.expected = { value: 0 };
		this.table.resized(file, length);
		op.opened = this.table.open(file, `size of ${file}`, false);
		this.parts.barrier(op, thread);
		this.ops.push(op, thread);
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
		if (this.descriptors.size === 0) this.parts.unknown.push("which files were mapped (strace without -y)");
		const name = path ?? `descriptor ${fd} of strace.txt:${call.line}`;
		this.descriptors.set(key, name);
		call.args[4] = { kind: "fd", fd: { kind: "number", value: fd }, path: name };
	}

	private map_call(op: Op, call: Call, mm: AddressSpace): void {
		const [address, length, prot, flags] = op.args;
		if (!(flags & MAP_ANONYMOUS)) {
			const fd = call.args[4];
			if (fd?.kind === "fd") {
				/* With which mode it was opened is not recorded: with both, as long as no mprotect()
				 * says otherwise. What is attached has its own. */
				const is_shared = (flags & MAP_TYPE) !== MAP_PRIVATE;
				const writable =
					is_shared && ((prot & PROT_WRITE) !== 0 || !fd.path.startsWith("/SYSV"));
				const file = this.table.file(fd.path);
				op.opened = this.table.open(file, this.table.opened(mm, fd), writable);
				if (is_shared && prot & PROT_WRITE) this.table.is_written(op.opened);
				if (op.expected.value !== undefined) this.table.reaches(file, op.args[5] + length);
			}
		}
		op.placed = op.expected.value !== undefined && !(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE));
		this.lowest(op);
		if (!op.placed || address === op.expected.value) return;
		/* A hint that was not taken counts for nothing. */
		const how = this.placement.of(mm, call, page_up(length));
		op.aligned = how === "aligned";
		op.not_aligned =
			how === "plain" && this.placement.aligned(mm, call, page_up(length)) !== call.result.value;
		if (how !== undefined) return;
		this.unexplained.push(call.line);
		/* Where not all memory is known, neither are its gaps. */
		op.given = this.parts.attached || !this.images.is_known(mm);
	}

	/** With MREMAP_DONTUNMAP the new address is a hint, which strace does not write: where the kernel
	 *  would not have found the place by itself, that was it; and where it was refused, it was in the old one. */
	private remap_call(op: Op, call: Call, mm: AddressSpace): void {
		const { value, errno } = op.expected;
		op.placed = value !== undefined && !(op.args[3] & MREMAP_FIXED);
		if (
			errno === ERRNO.EINVAL &&
			op.args[3] === (MREMAP_MAYMOVE | MREMAP_DONTUNMAP) &&
			call.args.length === 4
		)
			op.args[4] = op.args[0];
		if (!op.placed || !(op.args[3] & MREMAP_DONTUNMAP) || call.args.length > 4) return;
		if (this.placement.of(mm, call, page_up(op.args[2])) === undefined) op.args[4] = value as number;
	}

	/** What a hint or a fixed address near 0 says of the lowest that there is. */
	private lowest(op: Op): void {
		const [address, , , flags] = op.args;
		const { value, errno } = op.expected;
		if (address >= MIN_ADDR) return;
		if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
			if (errno === ERRNO.EPERM) this.min_fixed_addr = MIN_ADDR;
			return;
		}
		if (value === undefined || value === 0 || address === 0) return;
		/* What a security module adds to vm.mmap_min_addr shows here only. */
		if (value > address && value <= MIN_ADDR) this.min_addr = value;
		else if (value < MIN_ADDR) this.min_addr = Math.min(this.min_addr, PAGE_SIZE);
	}
}
