// SPDX-License-Identifier: GPL-2.0-only
/**
 * System V shared memory as what it comes down to: shmat() maps a file without
 * a name, and shmdt() unmaps what is left of it where it was put. How large a
 * segment is says its shmget(), or the hole that the kernel found for it, or
 * the maps; a page, if nothing does.
 */
import {
	MAP_FIXED,
	MAP_SHARED,
	PAGE_SIZE,
	PROT_EXEC,
	PROT_READ,
	PROT_WRITE,
	page_down,
	page_up,
	TASK_SIZE,
} from "./abi.ts";
import type { MapsLine } from "./maps.ts";
import type { AddressSpace } from "./model.ts";
import type { Call, Event } from "./strace.ts";
import { become, constant, mapping_of, number } from "./values.ts";

const SHM_RDONLY = 0o10000;
const SHM_EXEC = 0o100000;

const PREFIX = "/SYSV";
const path_of = (id: number) => `${PREFIX} ${id}`;
/** What is mapped of one. */
const OPENED = / \/SYSV (\d+)$/;
/** Is the file of that path a segment? */
export const is_segment = (path: string) => path.startsWith(PREFIX);

export class Segments {
	/** Bytes of each segment, by its number. */
	private readonly sizes = new Map<number, number>();
	/** The munmap() calls that were shmdt(): of which segment. */
	private readonly detaching = new Map<Call, number>();

	constructor(
		events: Event[],
		private readonly final: MapsLine[],
	) {
		for (const event of events)
			if (event.kind === "call" && event.name === "shmget" && (event.result.value ?? -1) >= 0)
				this.sizes.set(event.result.value!, page_up(number(event.args[1])));
	}

	/** The call is entered: one that will succeed becomes the mmap() or munmap() that it is. */
	rewrite(call: Call, mm: AddressSpace): void {
		const { value, errno } = call.result;
		if (value === undefined || errno) return;
		if (call.name === "shmat") this.attach(call, value, mm);
		else if (call.name === "shmdt") this.detach(call, mm);
	}

	private attach(call: Call, address: number, mm: AddressSpace): void {
		const [id, wish, flags] = call.args.map((arg) => number(arg));
		const length = this.size(id, wish === 0, address, mm);
		mm.attached.set(address, { length, id });
		const prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
		const how = MAP_SHARED | (wish === 0 ? 0 : MAP_FIXED);
		mapping_of(call, path_of(id), wish === 0 ? 0 : address, length, prot, how);
	}

	private detach(call: Call, mm: AddressSpace): void {
		const address = page_down(number(call.args[0]));
		const { length, id } = mm.attached.get(address) ??
			this.moved(address, mm) ?? { length: PAGE_SIZE, id: -1 };
		mm.attached.delete(address);
		this.detaching.set(call, id);
		become(call, "munmap", [address, length].map(constant));
	}

	/** A segment that mremap() has put where it would begin there. */
	private moved(address: number, mm: AddressSpace): { length: number; id: number } | undefined {
		const part = mm.areas
			.overlapping(address, TASK_SIZE)
			.find(({ start, value }) => value.offset === start - address && OPENED.test(value.opened));
		if (!part) return undefined;
		const id = Number(OPENED.exec(part.value.opened)?.[1]);
		return { length: this.sizes.get(id) ?? PAGE_SIZE, id };
	}

	/** What a call that takes effect comes down to: of a shmdt() what is still of the segment, and in its place. */
	parts(call: Call, mm: AddressSpace): Call[] {
		const id = this.detaching.get(call);
		if (id === undefined || id < 0) return [call];
		const [address, length] = call.args.map((arg) => number(arg));
		const mine = mm.areas
			.overlapping(address, address + length)
			.filter(
				({ start, value }) =>
					value.opened.endsWith(` ${path_of(id)}`) && value.offset === start - address,
			);
		return mine.map(({ start, end }, n) => ({
			...call,
			args: [start, end - start].map(constant),
			lines: n === 0 ? call.lines : 0,
		}));
	}

	private size(id: number, placed: boolean, address: number, mm: AddressSpace): number {
		const known = this.sizes.get(id);
		if (known !== undefined) return known;
		const line = this.final.find((l) => l.start === address && is_segment(l.name));
		/* The highest hole that is large enough is filled from its end. */
		const hole = placed ? mm.hole_end(address) - address : 0;
		const size = line ? line.end - line.start : Math.max(hole, PAGE_SIZE);
		if (line || placed) this.sizes.set(id, size);
		return size;
	}
}
