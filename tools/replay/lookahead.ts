// SPDX-License-Identifier: GPL-2.0-only
/**
 * The order of calls that overlap, where only what comes later tells it: the lines and faults that are to come are
 * gone through on a model of the address space, each call taking effect as late as it can, with a few others before
 * it where that is needed; what cannot be explained leads back to the last choice that was open. Choices are made
 * as they seem best first, and those that differ from that in one, then in more places after them.
 */
import { PROT_EXEC, PROT_READ, PROT_WRITE, TASK_SIZE } from "./abi.ts";
import { FileTable } from "./file_table.ts";
import type { Fault } from "./faults.ts";
import { apply_call } from "./layout.ts";
import type { AddressSpace } from "./model.ts";
import { LAYOUT, TELLING } from "./order.ts";
import type { Placement } from "./placement.ts";
import type { Step } from "./steps.ts";
import type { Call } from "./strace.ts";
import { is_birth } from "./values.ts";

/** So many lines are looked at, and so many choices tried, with so many that are not the first. */
const MOST_LINES = 80;
const MOST_CHOICES = 600;
const MOST_OTHERS = 3;
/** How many calls are put before another one, and before a fault. */
const BEFORE_CALL = 3;
const BEFORE_FAULT = 2;
/** What leads less far explains too little. */
const NEAR = 8;
/** Of memory. */
const BLOCK = 65536;

/** All ordered choices of 1 to `most` of the items. */
export function* orders<T>(items: T[], most: number): Generator<T[]> {
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

/** How a thread touches memory that permits `prot`. */
export function permits(prot: number, access: "read" | "write" | "exec"): boolean {
	if (access === "write") return (prot & PROT_WRITE) !== 0;
	if (access === "exec") return (prot & PROT_EXEC) !== 0;
	return (prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) !== 0;
}

/** Can the fault have ended as it did in this state? */
export function explains_fault(mm: AddressSpace, { address, access, signal, mapped }: Fault): boolean {
	const area = mm.areas.at(address)?.value;
	const permitted = area !== undefined && permits(area.prot, access ?? "read");
	if (signal === "SIGSEGV") return !permitted && (mapped === undefined || mapped === (area !== undefined));
	return signal !== undefined || permitted || mm.stack_above(address) !== undefined;
}

/** What the kernel touches for the program it may do in vain; and keys are not in the model. */
const tells = ({ kernel, key, address }: Fault) => !kernel && !key && address < TASK_SIZE;

/** A moment of what is to come. */
interface Moment {
	enters?: Call;
	leaves?: Call;
	fault?: Fault;
}

/** By calls and faults, what takes effect before them. */
export type Choices = Map<Call | Fault, Call[]>;

/** Calls that wait, and how many choices may still differ from what seems best. */
interface State {
	mm: AddressSpace;
	inside: Call[];
	moment: number;
	others: number;
}

export class Lookahead {
	private moments: Moment[] = [];
	private left = 0;
	/** The choices that are being tried, and those that have led farthest. */
	private path: [Call | Fault, Call[]][] = [];
	private farthest: { moment: number; path: [Call | Fault, Call[]][] } = { moment: 0, path: [] };
	/** Of its own: what is only looked at opens no files. */
	private readonly table = new FileTable();

	constructor(
		private readonly placement: Placement,
		private readonly steps: Step[],
		private readonly faults: Fault[],
	) {}

	/** The choices that explain what is to come, from `call` on, which is about to take effect in `mm`. Where none
	 *  explain all of it, the first half of those that have led farthest; undefined, if that is not far. `step`,
	 *  `fault`: the next ones. */
	search(
		call: Call,
		mm: AddressSpace,
		inside: Call[],
		threads: Set<number>,
		[step, fault]: [step: number, fault: number],
	): Choices | undefined {
		this.moments = [{ leaves: call }, ...this.coming(inside, threads, step, fault)];
		this.left = MOST_CHOICES;
		this.path = [];
		this.farthest = { moment: NEAR, path: [] };
		for (let others = 0; others <= MOST_OTHERS && this.left > 0; others++) {
			const found = this.go({ mm: mm.trial(), inside, moment: 0, others });
			if (found) return found;
		}
		const { path } = this.farthest;
		return path.length === 0 ? undefined : new Map(path.slice(0, Math.ceil(path.length / 2)));
	}

	/** What the threads do until those that are inside of calls now have left them, and as much again. */
	private coming(inside: Call[], threads: Set<number>, step: number, fault: number): Moment[] {
		const moments: Moment[] = [];
		const waiting = new Set(inside);
		const group = new Set(threads);
		let calls = 0;
		let most = MOST_LINES;
		for (; step < this.steps.length && calls < most; step++) {
			const { event, enters, leaves, time } = this.steps[step];
			let block = -1;
			for (; fault < this.faults.length && this.faults[fault].time <= time; fault++) {
				const touched = this.faults[fault];
				if (!group.has(touched.tid) || !tells(touched)) continue;
				/* One of those that follow each other in memory tells as much as all. */
				const same = Math.floor(touched.address / BLOCK) === block;
				block = Math.floor(touched.address / BLOCK);
				if (!same) moments.push({ fault: touched });
			}
			if (event.kind !== "call" || !group.has(event.pid)) continue;
			const { name, result } = event;
			if (name.startsWith("exec") || name === "exit_group" || UNKNOWN.has(name)) break;
			if (is_birth(name) && leaves && (result.value ?? 0) > 0) group.add(result.value!);
			if (!(TELLING.has(name) || LAYOUT.has(name)) || result.value === undefined) continue;
			if (enters) moments.push({ enters: event });
			if (leaves) moments.push({ leaves: event });
			calls++;
			if (leaves && waiting.delete(event) && waiting.size === 0) most = Math.min(most, calls * 2);
		}
		return moments;
	}

	/** From a state, which it may change. */
	private go({ mm, inside, moment, others }: State): Choices | undefined {
		for (; moment < this.moments.length; moment++) {
			const { enters, leaves, fault } = this.moments[moment];
			if (enters) inside = [...inside, enters];
			if (fault && !explains_fault(mm, fault)) {
				const from = { mm, inside, moment, others };
				const found = this.choose(from, fault, this.before_fault(mm, inside, fault));
				/* Nothing explains it: less is known of the memory. */
				if (found !== "none") return found;
			}
			if (!leaves || !inside.includes(leaves)) continue;
			const rest = inside.filter((call) => call !== leaves);
			if (rest.length === 0) {
				if (!this.placement.explains(mm, leaves)) return undefined;
				apply_call(mm, leaves, this.table);
				inside = rest;
				continue;
			}
			const found = this.choose(
				{ mm, inside: rest, moment, others },
				leaves,
				this.before(mm, rest, leaves),
			);
			return found === "none" ? undefined : found;
		}
		return new Map();
	}

	/** The first of the orders that leads to an end; "none": there are none. */
	private choose(from: State, of: Call | Fault, possible: Iterable<Call[]>): Choices | undefined | "none" {
		let { others } = from;
		let any = false;
		for (const order of possible) {
			any = true;
			if (this.left-- <= 0) return undefined;
			this.path.push([of, order]);
			if (from.moment > this.farthest.moment)
				this.farthest = { moment: from.moment, path: [...this.path] };
			const mm = from.mm.trial();
			for (const call of order) apply_call(mm, call, this.table);
			if (!("tid" in of)) apply_call(mm, of, this.table);
			const inside = from.inside.filter((call) => !order.includes(call));
			const found = this.go({ mm, inside, moment: from.moment + 1, others });
			if (found) return found.set(of, order);
			this.path.pop();
			if (--others < 0) return undefined;
		}
		return any ? undefined : "none";
	}

	private *before_fault(mm: AddressSpace, inside: Call[], fault: Fault): Generator<Call[]> {
		for (const order of orders(inside, BEFORE_FAULT)) {
			const after = this.after(mm, order);
			if (after && explains_fault(after, fault)) yield order;
		}
	}

	/** What can come before the call, so that all is explained: what would be impossible after it first, then
	 *  nothing, then every order of a few. */
	private *before(mm: AddressSpace, inside: Call[], call: Call): Generator<Call[]> {
		const first = this.placement.explains(mm, call) ? this.urgent(mm, inside, call) : [];
		if (first.length > 0) yield first;
		if (this.placement.explains(mm, call)) yield [];
		for (const order of orders(inside, BEFORE_CALL)) {
			const again = order.length === first.length && order.every((one, i) => one === first[i]);
			if (!again && this.after(mm, [...order, call])) yield order;
		}
	}

	/** One that is possible now, perhaps after others, and would not be after the call; with these. */
	private urgent(mm: AddressSpace, inside: Call[], call: Call): Call[] {
		const then = mm.trial();
		apply_call(then, call, this.table);
		for (const one of inside) {
			if (!TELLING.has(one.name) || this.possible(then, inside, one)) continue;
			const order = this.possible(mm, inside, one);
			if (order && this.after(mm, [...order, call])) return order;
		}
		return [];
	}

	/** The first order of others after which the call is explained, and the call. */
	private possible(mm: AddressSpace, inside: Call[], call: Call): Call[] | undefined {
		if (this.placement.explains(mm, call)) return [call];
		const others = inside.filter(
			(other) => other !== call && LAYOUT.has(other.name) && !other.result.errno,
		);
		for (const order of orders(others, BEFORE_CALL - 1))
			if (this.after(mm, [...order, call])) return [...order, call];
		return undefined;
	}

	/** The state after all of them, in this order, if each can have returned what it did. */
	private after(mm: AddressSpace, order: Call[]): AddressSpace | undefined {
		if (!this.placement.explains(mm, order[0])) return undefined;
		const state = mm.trial();
		for (const call of order) {
			if (!this.placement.explains(state, call)) return undefined;
			apply_call(state, call, this.table);
		}
		return state;
	}
}

/** Calls of which another line says what they do. */
const UNKNOWN = new Set(["shmat", "shmdt", "io_setup", "io_destroy"]);
