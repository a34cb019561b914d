// SPDX-License-Identifier: GPL-2.0-only
/**
 * machine.txt, the recorded machine's rules, and which limit of it keeps a call
 * from what it asks for. The replayed kernel has no limits: a call that the
 * recorded one refused for one of these is left out, by its name.
 */
import { at, lines_of } from "../lib/errors.ts";
import {
	MAP_ANONYMOUS,
	MAP_FIXED,
	MAP_LOCKED,
	MAP_NORESERVE,
	MAP_SHARED,
	MAP_TYPE,
	PAGE_SIZE,
	PROT_WRITE,
	page_up,
} from "./abi.ts";
import { type Area, type AddressSpace, ANONYMOUS, GROWSDOWN, LOCKED, pages, SHARED } from "./model.ts";
import type { Call, Value } from "./strace.ts";
import { number, numeric } from "./values.ts";

/** Of resources, in bytes. */
export const LIMITS = ["RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_MEMLOCK"] as const;
export type Limit = (typeof LIMITS)[number];

/** What a line of machine.txt may be about. */
const NUMBERS = ["page_size", "mmap_min_addr", "overcommit_memory", "memory", "ipc_lock", "randomize"] as const;
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

/** What a call asks for in addition, in bytes; negative: it gives back. */
interface Need {
	mapped: number;
	/** Private and writable. */
	data: number;
	locked: number;
}

const is_data = ({ prot, flags }: Pick<Area, "prot" | "flags">) =>
	(prot & PROT_WRITE) !== 0 && (flags & (SHARED | GROWSDOWN)) === 0;

/** Those of a process: its children inherit them. */
export class Limits {
	constructor(private readonly machine: Machine) {}

	inherited(): Limits {
		return new Limits({ ...this.machine });
	}

	/** A setrlimit() or prlimit64() of its own that succeeded. */
	change({ name, args, result }: Call): void {
		const [resource, set] = name === "setrlimit" ? args : args.slice(1);
		if (result.errno || result.value === undefined || (name === "prlimit64" && number(args[0]) !== 0))
			return;
		const limit = resource?.kind === "name" ? LIMITS.find((l) => l === resource.name) : undefined;
		const cur = set?.kind === "struct" ? set.fields.find((field) => field.name === "rlim_cur") : undefined;
		if (limit && cur) this.machine[limit] = bytes_of(cur.value);
	}

	/** The name of what forbids the call; `undefined`: nothing does, or it is not known. */
	forbids(call: Call, mm: AddressSpace): string | undefined {
		const need = need_of(call, mm);
		if (!need) return undefined;
		const { machine } = this;
		const sum = (of: (area: Area) => boolean) => {
			let total = 0;
			for (const { start, end, value } of mm.areas) if (of(value)) total += end - start;
			return total;
		};
		const beyond = (limit: Limit, more: number, of: (area: Area) => boolean) => {
			const most = machine[limit];
			return most !== undefined && more > 0 && sum(of) + more > most;
		};
		const name = (limit: Limit) => `${limit} of ${machine[limit]} bytes on the recorded machine`;
		if (beyond("RLIMIT_AS", need.mapped, () => true)) return name("RLIMIT_AS");
		if (beyond("RLIMIT_DATA", need.data, is_data)) return name("RLIMIT_DATA");
		if (!machine.ipc_lock && beyond("RLIMIT_MEMLOCK", need.locked, ({ flags }) => (flags & LOCKED) !== 0))
			return name("RLIMIT_MEMLOCK");
		if (machine.overcommit_memory === GUESS && need.data > (machine.memory ?? Number.POSITIVE_INFINITY))
			return "more than all memory of the recorded machine";
		if (need.data > 0 && machine.overcommit_memory === NEVER)
			return "vm.overcommit_memory 2 on the recorded machine";
		return undefined;
	}

	/** Is it known what limits there are? */
	get known(): boolean {
		return this.machine.RLIMIT_AS !== undefined;
	}
}

/** As strace writes it: 8192*1024, RLIM64_INFINITY. */
function bytes_of(value: Value): number {
	return numeric(value) ?? Number.POSITIVE_INFINITY;
}

/** Bytes of a range that are mapped, locked or whatever is asked for. */
function covered(mm: AddressSpace, start: number, end: number, of: (area: Area) => boolean): number {
	let total = 0;
	for (const range of mm.areas.overlapping(start, end))
		if (of(range.value)) total += Math.min(range.end, end) - Math.max(range.start, start);
	return total;
}

function need_of({ name, args }: Call, mm: AddressSpace): Need | undefined {
	const [address, length, third, fourth] = args.map((arg) => number(arg));
	switch (name) {
		case "mmap": {
			const bytes = page_up(length);
			const [start, end] = pages(address, length);
			const is_shared = (fourth & MAP_TYPE) === MAP_SHARED;
			const gone = fourth & MAP_FIXED ? covered(mm, start, end, () => true) : 0;
			const writable = (third & PROT_WRITE) !== 0 && !is_shared && !(fourth & MAP_NORESERVE);
			const charged = writable || (is_shared && (fourth & MAP_ANONYMOUS) !== 0);
			const locked = fourth & MAP_LOCKED ? bytes : 0;
			return { mapped: bytes - gone, data: charged ? bytes : 0, locked };
		}
		case "mremap": {
			const more = page_up(third) - page_up(length);
			const area = mm.areas.at(address)?.value;
			if (!area) return undefined;
			const locked = area.flags & LOCKED ? more : 0;
			return { mapped: more, data: is_data(area) ? more : 0, locked };
		}
		case "brk": {
			const more = page_up(address) - page_up(mm.brk);
			return { mapped: more, data: more, locked: 0 };
		}
		case "mprotect": {
			const [start, end] = pages(address, length);
			const fresh = (area: Area) =>
				area.file === ANONYMOUS && !is_data(area) && !(area.flags & SHARED);
			return { mapped: 0, data: third & PROT_WRITE ? covered(mm, start, end, fresh) : 0, locked: 0 };
		}
		case "mlock":
		case "mlock2": {
			const [start, end] = pages(address, length);
			const locked = covered(mm, start, end, ({ flags }) => !(flags & LOCKED));
			return { mapped: 0, data: 0, locked };
		}
		case "mlockall":
			return {
				mapped: 0,
				data: 0,
				locked: covered(mm, 0, Number.POSITIVE_INFINITY, ({ flags }) => !(flags & LOCKED)),
			};
		default:
			return undefined;
	}
}
