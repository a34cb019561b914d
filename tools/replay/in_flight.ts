// SPDX-License-Identifier: GPL-2.0-only
/**
 * The calls that threads are inside of, and which of them took effect first: an
 * order in which each can have returned what it did.
 */
import { MAP_FIXED, page_up } from "./abi.ts";
import type { Fault } from "./faults.ts";
import type { FileTable } from "./file_table.ts";
import { apply_call } from "./layout.ts";
import { type AddressSpace, pages } from "./model.ts";
import { type Choices, explains_fault, orders } from "./lookahead.ts";
import { LAYOUT, TELLING } from "./order.ts";
import { finds_place, is_to_be_free, type Placement } from "./placement.ts";
import type { Call } from "./strace.ts";
import type { Thread } from "./threads.ts";
import { number } from "./values.ts";

/** How many calls in flight are put before another one. */
const MOST = 3;
/** And how many, where it is only asked whether there is time. */
const FEW = 2;

/** A call that a thread has entered and whose effect is still to come. */
export interface Inside {
	call: Call;
	thread: Thread;
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
	if (call.name === "mremap" || other.name === "mremap" || call.name === "mlockall") return true;
	const [address, length, , flags] = call.args.map((arg) => number(arg));
	if (other.name === "mmap" && is_to_be_free(other) === undefined)
		return call.name === "mmap" && (flags & MAP_FIXED) !== 0;
	const [start, end] = pages(call.name === "mmap" ? call.result.value! : address, length);
	const [from, to] = pages(number(other.args[0]), number(other.args[1]));
	return start < to && from < end;
}

export class InFlight {
	private readonly calls = new Map<number, Inside>();
	/** What was found to come before calls and faults that are still to be. */
	private readonly chosen: Choices = new Map();

	constructor(
		private readonly placement: Placement,
		private readonly table: FileTable,
		private readonly effect: (inside: Inside) => void,
		/** Looks at what comes after a call. */
		private readonly search: (inside: Inside, others: Inside[]) => Choices | undefined,
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
	 *  They are those without which it would not have returned what it did, and those that could not return what
	 *  they will once it has taken effect. Which of them, and in which order, what comes later tells; where that
	 *  explains nothing, it is guessed. */
	settle(inside: Inside): void {
		const { call, thread } = inside;
		const others = [...this].filter((other) => other !== inside && other.thread.mm === thread.mm);
		if (this.follow(call, (before) => this.explained_after(thread.mm, [...before, inside]))) return;
		if (others.length === 0 || !this.is_open(inside, others)) return;
		for (const [of, before] of this.search(inside, others) ?? []) this.chosen.set(of, before);
		if (!this.follow(call, () => true)) this.guess(inside, others);
	}

	/** Something was touched: what maps it, or takes it away, must have come first. */
	settle_fault(fault: Fault, mm: AddressSpace): void {
		const explained = (state: AddressSpace) => explains_fault(state, fault);
		const after = (before: Inside[]) => {
			const state = mm.trial();
			for (const { call } of before) apply_call(state, call, this.table);
			return state;
		};
		if (explained(mm) || this.follow(fault, (before) => explained(after(before)))) return;
		for (const inside of this) {
			const { call, thread } = inside;
			if (thread.mm !== mm || !LAYOUT.has(call.name) || call.result.value === undefined) continue;
			if (!explained(after([inside]))) continue;
			this.take_effect(inside);
			return;
		}
	}

	/** Does what was chosen to come first, if it still can. */
	private follow(of: Call | Fault, possible: (before: Inside[]) => boolean): boolean {
		const before = this.chosen.get(of)?.flatMap((call) => {
			const inside = this.of(call.pid);
			return inside?.call === call ? [inside] : [];
		});
		this.chosen.delete(of);
		if (!before) return false;
		if (!possible(before)) {
			this.chosen.clear();
			return false;
		}
		for (const inside of before) this.take_effect(inside);
		return true;
	}

	/** Is there more than one way? */
	private is_open(inside: Inside, others: Inside[]): boolean {
		const { call, thread } = inside;
		if (!this.placement.explains(thread.mm, call)) return true;
		if (!(LAYOUT.has(call.name) || call.name === "mlockall") || call.result.errno) return false;
		return others.some((other) => {
			if (!TELLING.has(other.call.name)) return false;
			if (this.placement.explains(thread.mm, other.call))
				return !this.still_explained(thread.mm, call, other.call);
			if (thread.mm.limits?.bounded) return true;
			return finds_place(other.call) && this.is_last_chance(inside, other, others);
		});
	}

	private guess(inside: Inside, others: Inside[]): void {
		const { call, thread } = inside;
		if (!this.placement.explains(thread.mm, call)) {
			for (const other of this.first_ones(inside, others)) this.take_effect(other);
			return;
		}
		for (const other of others.filter((other) => TELLING.has(other.call.name))) {
			if (!this.has(other)) continue;
			if (this.placement.explains(thread.mm, other.call)) {
				if (this.still_explained(thread.mm, call, other.call)) continue;
				/* What comes later may make it possible again: the call at hand goes first then. */
				if (this.explained_after(thread.mm, [other, inside])) this.take_effect(other);
			} else if (finds_place(other.call) && this.is_last_chance(inside, other, others)) {
				const rest = others.filter((one) => one !== other && this.has(one));
				for (const one of [...this.first_ones(other, rest), other]) this.take_effect(one);
			}
		}
	}

	/** `other` has still to find its place, after some that are under way: if it could after them now, and
	 *  not once `inside` has taken effect, this is the time. */
	private is_last_chance(inside: Inside, other: Inside, others: Inside[]): boolean {
		const rest = others.filter((one) => one !== other && this.has(one));
		const { mm } = other.thread;
		if (!this.is_explained(other, rest, mm)) return false;
		const after = mm.trial();
		apply_call(after, inside.call, this.table);
		return !this.placement.explains(after, other.call) && !this.is_explained(other, rest, after);
	}

	/** An order of others after which the call is explained; of several one that leaves the rest possible. */
	private first_ones(inside: Inside, others: Inside[]): Inside[] {
		const { mm } = inside.thread;
		let first: Inside[] | undefined;
		for (const order of this.explaining(inside, others, mm, MOST)) {
			first ??= order;
			const after = mm.trial();
			for (const { call } of [...order, inside]) apply_call(after, call, this.table);
			const rest = others.filter((one) => !order.includes(one));
			const possible = (one: Inside) =>
				!finds_place(one.call) ||
				this.placement.explains(after, one.call) ||
				this.is_explained(
					one,
					rest.filter((other) => other !== one),
					after,
				);
			if (rest.every(possible)) return order;
		}
		return first ?? [];
	}

	private is_explained(inside: Inside, others: Inside[], state: AddressSpace): boolean {
		return !this.explaining(inside, others, state, FEW).next().done;
	}

	/** The orders of at most so many others after which the call is explained in a state. */
	private *explaining(inside: Inside, others: Inside[], state: AddressSpace, most: number): Generator<Inside[]> {
		const candidates = others.filter(
			({ call }) => LAYOUT.has(call.name) && call.result.value !== undefined && !call.result.errno,
		);
		for (const order of orders(candidates, most))
			if (this.explained_after(state, [...order, inside])) yield order;
	}

	/** Could all of them have returned what they did, in this order? */
	private explained_after(state: AddressSpace, order: Inside[]): boolean {
		/* Of most orders already the first is not. */
		if (!this.placement.explains(state, order[0].call)) return false;
		const mm = state.trial();
		return order.every(({ call }) => {
			if (!this.placement.explains(mm, call)) return false;
			apply_call(mm, call, this.table);
			return true;
		});
	}

	/** Could `other` return what it does after `call`, too? */
	private still_explained(mm: AddressSpace, call: Call, other: Call): boolean {
		if (mm.limits?.bounded || may_be_changed_by(call, other)) {
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
