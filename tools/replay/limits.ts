// SPDX-License-Identifier: GPL-2.0-only
/**
 * machine.txt, the recorded machine's rules, and the limits of processes. The
 * replayed kernel has the same limits; what the recorded machine refused because
 * of its size (overcommit) is left out, by its name.
 */
import { at, lines_of } from "../lib/errors.ts";
import {
	MAP_ANONYMOUS,
	MAP_FIXED,
	MAP_GROWSDOWN,
	MAP_NORESERVE,
	MAP_SHARED,
	MAP_TYPE,
	PAGE_SIZE,
	PROT_WRITE,
	page_down,
	page_up,
	STACK_LIMIT,
} from "./abi.ts";
import { type Area, type AddressSpace, ANONYMOUS, GROWSDOWN, LOCKED, pages, SHARED } from "./model.ts";
import type { Call, Value } from "./strace.ts";
import { number, numeric } from "./values.ts";

/** Of resources, in bytes. */
export const LIMITS = ["RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_MEMLOCK"] as const;
export type Limit = (typeof LIMITS)[number];

/** What a line of machine.txt may be about. */
const NUMBERS = [
	"page_size",
	"mmap_min_addr",
	"overcommit_memory",
	"memory",
	"ipc_lock",
	"randomize",
	"cpus",
	"nodes",
	"zero_page",
] as const;
type Name = (typeof NUMBERS)[number] | Limit;
export type Machine = Partial<Record<Name, number>>;

/** Values of overcommit_memory. */
const GUESS = 0;
const NEVER = 2;

export function write_machine(machine: Machine): string {
	return Object.entries(machine)
		.filter(([, value]) => value !== undefined && !Number.isNaN(value))
		.map(([name, value]) => `${name} ${value === Number.POSITIVE_INFINITY ? "unlimited" : value}\n`)
		.join("");
}

export function parse_machine(text: string, file: string): Machine {
	const machine: Machine = {};
	const names: readonly string[] = [...NUMBERS, ...LIMITS];
	lines_of(text).forEach((line, n) => {
		const [, name, value] = /^(\w+) (\d{1,20}|unlimited)$/.exec(line) ?? [];
		if (!names.includes(name)) throw at(file, n + 1, `not a rule of a machine: '${line.slice(0, 60)}'`);
		machine[name as Name] = value === "unlimited" ? Number.POSITIVE_INFINITY : Number(value);
	});
	if (machine.page_size !== undefined && machine.page_size !== PAGE_SIZE)
		throw at(
			file,
			1,
			`recorded with pages of ${machine.page_size} bytes; only ${PAGE_SIZE} can be replayed`,
		);
	return machine;
}

const is_data = ({ prot, flags }: Pick<Area, "prot" | "flags">) =>
	(prot & PROT_WRITE) !== 0 && (flags & (SHARED | GROWSDOWN)) === 0;

const finite = (bytes: number | undefined): bytes is number => bytes !== undefined && bytes < RLIM_INFINITY;

/** How much of it is in the other one. */
const inside = ({ start, end }: { start: number; end: number }, [from, to]: [number, number]) =>
	Math.max(0, Math.min(end, to) - Math.max(start, from));

/** The kernel's numbers, and its infinity. */
const RESOURCES: Record<Limit, number> = { RLIMIT_DATA: 2, RLIMIT_STACK: 3, RLIMIT_MEMLOCK: 8, RLIMIT_AS: 9 };
const RLIM_INFINITY = 2 ** 63;
const of_kernel = (bytes: number) => Math.min(bytes, RLIM_INFINITY);

/** A limit that is set. */
export interface Setting {
	limit: Limit;
	/** The kernel's number of it; in bytes, of the kernel. */
	resource: number;
	cur: number;
	max: number;
}

/** What changes how much of the address space is counted. */
const COUNTED = new Set(["mmap", "munmap", "mprotect", "pkey_mprotect", "mremap", "brk", "remap_file_pages", "fault"]);
const LOCKING = new Set(["mlock", "mlock2", "munlock", "mlockall", "munlockall"]);

/** Those of a process: its children inherit them. */
export class Limits {
	/** `capable`: whether the program had CAP_IPC_LOCK when it began. */
	constructor(
		private readonly machine: Machine,
		private readonly capable = machine.ipc_lock,
	) {}

	inherited(): Limits {
		return new Limits({ ...this.machine }, this.capable);
	}

	/** Those that it begins with, as far as they are known. */
	initial(): Setting[] {
		return LIMITS.flatMap((limit) => {
			const bytes = this.machine[limit];
			return bytes === undefined ? [] : [this.setting(limit, bytes, Number.POSITIVE_INFINITY)];
		});
	}

	/** What a setrlimit() or prlimit64() of its own sets, if it succeeded and is about memory. */
	change({ name, args, result }: Call): Setting | undefined {
		const [resource, set] = name === "setrlimit" ? args : args.slice(1);
		if (result.errno || result.value === undefined || (name === "prlimit64" && number(args[0]) !== 0))
			return undefined;
		const limit = resource?.kind === "name" ? LIMITS.find((l) => l === resource.name) : undefined;
		if (!limit || set?.kind !== "struct") return undefined;
		const bytes = (name: string) => bytes_of(set.fields.find((field) => field.name === name)?.value);
		this.machine[limit] = bytes("rlim_cur");
		return this.setting(limit, bytes("rlim_cur"), bytes("rlim_max"));
	}

	/** What setuid(), setreuid(), setresuid() or capset() changes: without CAP_IPC_LOCK the limit holds. */
	credentials(call: Call): Setting | undefined {
		const capable = is_capable(call);
		if (call.result.errno || call.result.value === undefined || capable === undefined || !this.capable)
			return undefined;
		const { ipc_lock, RLIMIT_MEMLOCK } = this.machine;
		if (capable === (ipc_lock === 1) || RLIMIT_MEMLOCK === undefined) return undefined;
		this.machine.ipc_lock = capable ? 1 : 0;
		return this.setting("RLIMIT_MEMLOCK", RLIMIT_MEMLOCK, RLIMIT_MEMLOCK);
	}

	/** Who has CAP_IPC_LOCK locks as much as there is. */
	private setting(limit: Limit, bytes: number, most: number): Setting {
		const free = limit === "RLIMIT_MEMLOCK" && this.machine.ipc_lock;
		const cur = of_kernel(free ? Number.POSITIVE_INFINITY : bytes);
		return { limit, resource: RESOURCES[limit], cur, max: Math.max(cur, of_kernel(most)) };
	}

	/** How large a stack may become. */
	get stack(): number {
		return this.machine.RLIMIT_STACK ?? STACK_LIMIT;
	}

	/** Does what a call may do depend on all of the address space? */
	bind(name: string, mm: AddressSpace): boolean {
		const { RLIMIT_MEMLOCK, ipc_lock } = this.machine;
		if (COUNTED.has(name) && this.bounded) return true;
		if (ipc_lock || !finite(RLIMIT_MEMLOCK)) return false;
		return LOCKING.has(name) || (COUNTED.has(name) && mm.locks);
	}

	/** The name of what forbids the call, other than these; `undefined`: nothing does, or it is not known. */
	forbids(call: Call, mm: AddressSpace): string | undefined {
		const data = data_of(call, mm);
		const { overcommit_memory, memory } = this.machine;
		if (overcommit_memory === GUESS && data > (memory ?? Number.POSITIVE_INFINITY))
			return "more than all memory of the recorded machine";
		if (data > 0 && overcommit_memory === NEVER) return "vm.overcommit_memory 2 on the recorded machine";
		return undefined;
	}

	/** Is there one of the address space or of data? */
	get bounded(): boolean {
		return finite(this.machine.RLIMIT_AS) || finite(this.machine.RLIMIT_DATA);
	}

	/** Can the call have returned what it did in this state, for all that these say? */
	explains({ name, args, result }: Call, mm: AddressSpace): boolean {
		const { value, errno } = result;
		if (!this.bounded || value === undefined || (errno && errno !== "ENOMEM")) return true;
		const [address, bytes, prot, flags] = args.slice(0, 4).map((arg) => number(arg));
		if (name === "brk") return value <= mm.brk || this.permit(mm, page_up(value) - page_up(mm.brk), true);
		if (name !== "mmap") return true;
		const data = is_data({
			prot,
			flags: (flags & MAP_SHARED ? SHARED : 0) | (flags & MAP_GROWSDOWN ? GROWSDOWN : 0),
		});
		const replaced = flags & MAP_FIXED ? pages(address, bytes) : undefined;
		return this.permit(mm, page_up(bytes), data, replaced) === !errno;
	}

	/** Does RLIMIT_MEMLOCK forbid to lock the range, too? */
	forbid_lock(mm: AddressSpace, start: number, end: number): boolean {
		const { RLIMIT_MEMLOCK, ipc_lock } = this.machine;
		if (ipc_lock || !finite(RLIMIT_MEMLOCK)) return false;
		let locked = end - start;
		for (const range of mm.areas)
			if (range.value.flags & LOCKED) locked += range.end - range.start - inside(range, [start, end]);
		return locked > page_down(RLIMIT_MEMLOCK);
	}

	/** So many bytes more, some of which replace what is there. */
	private permit(mm: AddressSpace, bytes: number, data: boolean, replaced?: [number, number]): boolean {
		const { RLIMIT_AS = Number.POSITIVE_INFINITY, RLIMIT_DATA = Number.POSITIVE_INFINITY } = this.machine;
		let [total, of_data] = [bytes, bytes];
		for (const range of mm.areas) {
			const kept = range.end - range.start - (replaced ? inside(range, replaced) : 0);
			total += kept;
			if (is_data(range.value)) of_data += kept;
		}
		return total <= page_down(RLIMIT_AS) && (!data || of_data <= page_down(RLIMIT_DATA));
	}

	/** Is it known what limits there are? */
	get known(): boolean {
		return this.machine.RLIMIT_AS !== undefined;
	}
}

/** Does it leave who was privileged with CAP_IPC_LOCK? `undefined`: as before. */
function is_capable({ name, args }: Call): boolean | undefined {
	if (name === "capset") {
		const fields = args[1]?.kind === "struct" ? args[1].fields : [];
		const effective = fields.find((field) => field.name === "effective");
		return effective && names(effective.value, "CAP_IPC_LOCK");
	}
	/* The effective one decides; -1 leaves it alone. */
	const uid = numeric(args[name === "setuid" ? 0 : 1]);
	return uid === undefined || uid < 0 || uid === 0xffffffff ? undefined : uid === 0;
}

/** Is it one of those that are or-ed? */
function names(value: Value, name: string): boolean {
	if (value.kind === "binary") return names(value.left, name) || names(value.right, name);
	return value.kind === "name" && value.name === name;
}

/** As strace writes it: 8192*1024, RLIM64_INFINITY. */
function bytes_of(value: Value | undefined): number {
	return numeric(value) ?? Number.POSITIVE_INFINITY;
}

/** Bytes that a call asks for in addition and that are to be committed; negative: it gives back. */
function data_of({ name, args }: Call, mm: AddressSpace): number {
	const [address, length, third, fourth] = args.map((arg) => number(arg));
	switch (name) {
		case "mmap": {
			const is_shared = (fourth & MAP_TYPE) === MAP_SHARED;
			const writable = (third & PROT_WRITE) !== 0 && !is_shared && !(fourth & MAP_NORESERVE);
			return writable || (is_shared && (fourth & MAP_ANONYMOUS) !== 0) ? page_up(length) : 0;
		}
		case "mremap": {
			const area = mm.areas.at(address)?.value;
			return area && is_data(area) ? page_up(third) - page_up(length) : 0;
		}
		case "brk":
			return page_up(address) - page_up(mm.brk);
		case "mprotect": {
			if (!(third & PROT_WRITE)) return 0;
			const [start, end] = pages(address, length);
			let total = 0;
			for (const range of mm.areas.overlapping(start, end)) {
				const { value } = range;
				if (value.file !== ANONYMOUS || is_data(value) || value.flags & SHARED) continue;
				total += Math.min(range.end, end) - Math.max(range.start, start);
			}
			return total;
		}
		default:
			return 0;
	}
}
