// SPDX-License-Identifier: GPL-2.0-only
/**
 * System V shared memory as what it comes down to: shmat() maps a file without
 * a name, which shmdt() unmaps. How large a segment is says its shmget(), or the
 * hole that the kernel found for it, or the maps; a page, if nothing does.
 */
import { MAP_FIXED, MAP_SHARED, PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE, page_down, page_up } from "./abi.ts";
import type { MapsLine } from "./maps.ts";
import type { AddressSpace } from "./model.ts";
import type { Call, Event, Value } from "./strace.ts";
import { number } from "./values.ts";

const SHM_RDONLY = 0o10000;
const SHM_EXEC = 0o100000;

const constant = (value: number): Value => ({ kind: "number", value });

export class Segments {
	/** Bytes of each segment, by its number. */
	private readonly sizes = new Map<number, number>();

	constructor(
		events: Event[],
		private readonly final: MapsLine[],
	) {
		for (const event of events)
			if (event.kind === "call" && event.name === "shmget" && (event.result.value ?? -1) >= 0)
				this.sizes.set(event.result.value!, page_up(number(event.args[1])));
	}

	/** The mmap() or munmap() that the call is, or nothing: it failed. */
	as_mapping(call: Call, mm: AddressSpace): Call | undefined {
		const { value, errno } = call.result;
		if (value === undefined || errno) return undefined;
		return call.name === "shmat" ? this.attach(call, value, mm) : this.detach(call, mm);
	}

	private attach(call: Call, address: number, mm: AddressSpace): Call {
		const [id, wish, flags] = call.args.map((arg) => number(arg));
		const length = this.size(id, wish === 0, address, mm);
		mm.attached.set(address, length);
		const prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
		/* Each attachment is an open file of its own: none merges. */
		const fd: Value = { kind: "fd", fd: constant(1e6 + call.line), path: `/SYSV ${id}` };
		const fixed = wish === 0 ? 0 : MAP_FIXED;
		const at = wish === 0 ? 0 : address;
		const args = [at, length, prot, MAP_SHARED | fixed].map(constant);
		return { ...call, name: "mmap", args: [...args, fd, constant(0)] };
	}

	private detach(call: Call, mm: AddressSpace): Call {
		const address = page_down(number(call.args[0]));
		const length = mm.attached.get(address) ?? PAGE_SIZE;
		mm.attached.delete(address);
		return { ...call, name: "munmap", args: [constant(address), constant(length)] };
	}

	private size(id: number, placed: boolean, address: number, mm: AddressSpace): number {
		const known = this.sizes.get(id);
		if (known !== undefined) return known;
		const line = this.final.find((l) => l.start === address && l.name.startsWith("/SYSV"));
		/* The highest hole that is large enough is filled from its end. */
		const hole = placed ? mm.hole_end(address) - address : 0;
		const size = line ? line.end - line.start : Math.max(hole, PAGE_SIZE);
		if (line || placed) this.sizes.set(id, size);
		return size;
	}
}
