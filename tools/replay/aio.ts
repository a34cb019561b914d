// SPDX-License-Identifier: GPL-2.0-only
/**
 * io_setup() and io_destroy() as what they do to memory, see fs/aio.c: a ring of
 * events is mapped, and unmapped. How large it is depends on the machine's
 * number of CPUs; where that is not known, on the hole that was found for it.
 */
import { MAP_SHARED, PAGE_SIZE, PROT_READ, PROT_WRITE, page_up } from "./abi.ts";
import type { AddressSpace } from "./model.ts";
import type { Call } from "./strace.ts";
import { become, constant, mapping_of, number } from "./values.ts";

/** struct aio_ring, and struct io_event. */
const HEAD_BYTES = 32;
const EVENT_BYTES = 32;
const EVENTS_PER_CPU = 4;

export class Rings {
	constructor(private readonly cpus: number | undefined) {}

	/** The call is entered: one that will succeed becomes the mmap() or munmap() that it is. */
	rewrite(call: Call, mm: AddressSpace): void {
		if (call.result.errno || call.result.value !== 0) return;
		if (call.name === "io_setup") this.set_up(call, mm);
		else if (call.name === "io_destroy") this.destroy(call, mm);
	}

	private set_up(call: Call, mm: AddressSpace): void {
		const [events, context] = call.args;
		const address = context?.kind === "array" ? number(context.items[0]) : 0;
		if (address === 0) return;
		const length = this.bytes(number(events)) ?? mm.hole_end(address) - address;
		mm.rings.set(address, length);
		mapping_of(call, "/[aio]", 0, Math.max(length, PAGE_SIZE), PROT_READ | PROT_WRITE, MAP_SHARED);
		call.result = { value: address };
	}

	/** Half of the events are kept for those that are under way, and two for an empty ring. */
	private bytes(events: number): number | undefined {
		if (this.cpus === undefined) return undefined;
		const slots = Math.max(events, this.cpus * EVENTS_PER_CPU) * 2 + 2;
		return page_up(HEAD_BYTES + slots * EVENT_BYTES);
	}

	private destroy(call: Call, mm: AddressSpace): void {
		const address = number(call.args[0]);
		const length = mm.rings.get(address);
		if (length === undefined) return;
		mm.rings.delete(address);
		become(call, "munmap", [address, length].map(constant));
	}
}
