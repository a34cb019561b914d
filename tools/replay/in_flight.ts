// SPDX-License-Identifier: GPL-2.0-only
/**
 * The calls that threads are inside of, and which of them took effect first: an
 * order in which each can have returned what it did.
 */
import { MAP_FIXED, page_up } from "./abi.ts";
import type { FileTable } from "./file_table.ts";
import { apply_call } from "./layout.ts";
import { type AddressSpace, pages } from "./model.ts";
import { TELLING } from "./order.ts";
import { finds_place, type Placement } from "./placement.ts";
import type { Call } from "./strace.ts";
import type { Thread } from "./threads.ts";
import { number } from "./values.ts";

/** Calls that change what is mapped where. */
export const LAYOUT = new Set(["mmap", "munmap", "mprotect", "pkey_mprotect", "mremap", "brk"]);
/** How many calls in flight are put before another one. */
const MOST = 3;

/** A call that a thread has entered and whose effect is still to come. */
export interface Inside {
	call: Call;
	thread: Thread;
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

/** The range that a call takes out of the address space. */
function freed_by({ name, args, result }: Call): [number, number] | undefined {
	if (result.errno || result.value === undefined) return undefined;
	const [start, length, after] = args.map((arg) => number(arg));
	if (name === "munmap") return pages(start, length);
	if (name !== "mremap") return undefined;
	const kept = result.value === start ? page_up(after) : 0;
	return kept < page_up(length) ? [start + kept, start + page_up(length)] : undefined;
}

/** May what a call answers depend on whether another one comes first? An mmap() that finds its place does not
 *  ask for more than what is free: see still_explained(). */
function may_be_changed_by(call: Call, other: Call): boolean {
	if (call.name === "mremap" || other.name === "mremap") return true;
	const [address, length, , flags] = call.args.map((arg) => number(arg));
	if (other.name === "mmap") return call.name === "mmap" && (flags & MAP_FIXED) !== 0;
	const [start, end] = pages(call.name === "mmap" ? call.result.value! : address, length);
	const [from, to] = pages(number(other.args[0]), number(other.args[1]));
	return start < to && from < end;
}

export class InFlight {
	private readonly calls = new Map<number, Inside>();

	constructor(
		private readonly placement: Placement,
		private readonly table: FileTable,
		private readonly effect: (inside: Inside) => void,
	) {}

	[Symbol.iterator](): Iterator<Inside> {
		return [...this.calls.values()][Symbol.iterator]();
	}

	enter(call: Call, thread: Thread): void {
		this.calls.set(call.pid, { call, thread });
	}

	/** What a thread is inside of. */
	of(pid: number): Inside | undefined {
		return this.calls.get(pid);
	}

	has({ call }: Inside): boolean {
		return this.calls.get(call.pid)?.call === call;
	}

	/** It takes no effect. */
	drop({ call }: Inside): void {
		this.calls.delete(call.pid);
	}

	/** A thread goes on under another number. */
	rename(inside: Inside, pid: number): void {
		this.drop(inside);
		inside.call.pid = pid;
		this.calls.set(pid, inside);
	}

	take_effect(inside: Inside): void {
		this.drop(inside);
		this.effect(inside);
	}

	/** The call is about to take effect: those that others are inside of and that must have come first do so.
	 *  They are those without which it would not have returned what it did, tried in every order of a few; and
	 *  those that could not return what they will once it has taken effect. */
	settle(inside: Inside): void {
		const { call, thread } = inside;
		const others = [...this].filter((other) => other !== inside && other.thread.mm === thread.mm);
		if (others.length === 0) return;
		if (!this.placement.explains(thread.mm, call)) {
			for (const other of this.needed(inside, others) ?? []) this.take_effect(other);
			return;
		}
		if (!LAYOUT.has(call.name) || call.result.errno) return;
		for (const other of others.filter((other) => TELLING.has(other.call.name)))
			if (this.has(other) && this.placement.explains(thread.mm, other.call))
				if (!this.still_explained(thread.mm, call, other.call)) this.take_effect(other);
	}

	/** An order of others after which the call is explained. */
	private needed({ call, thread }: Inside, others: Inside[]): Inside[] | undefined {
		const candidates = others.filter(
			(other) =>
				LAYOUT.has(other.call.name) &&
				other.call.result.value !== undefined &&
				!other.call.result.errno,
		);
		for (const order of orders(candidates, MOST)) {
			const mm = thread.mm.trial();
			const possible = order.every((other) => {
				if (!this.placement.explains(mm, other.call)) return false;
				apply_call(mm, other.call, this.table);
				return true;
			});
			if (possible && this.placement.explains(mm, call)) return order;
		}
		return undefined;
	}

	/** Could `other` return what it does after `call`, too? */
	private still_explained(mm: AddressSpace, call: Call, other: Call): boolean {
		if (may_be_changed_by(call, other)) {
			const after = mm.trial();
			apply_call(after, call, this.table);
			return this.placement.explains(after, other);
		}
		/* It would go where this call makes room. */
		const freed = freed_by(call);
		if (!freed || !finds_place(other)) return true;
		return this.placement.of(mm, other, page_up(number(other.args[1])), freed) !== undefined;
	}
}
