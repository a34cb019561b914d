// SPDX-License-Identifier: GPL-2.0-only
/**
 * When forks took effect: somewhere between being entered and the child's first sign of life. It is taken for
 * the beginning. Where calls of the child cannot have returned what they did then, and could have if calls of
 * other threads had come first, a second run of the merge has it later.
 */
import type { FileTable } from "./file_table.ts";
import { apply_call } from "./layout.ts";
import type { AddressSpace } from "./model.ts";
import type { Placement } from "./placement.ts";
import type { Call } from "./strace.ts";

/** So many later moments of a fork are looked at. */
const MOST_MOMENTS = 16;

/** By the line on which a fork was entered, the line behind which it took effect. */
export type Late = Map<number, number>;

/** The memory of the one that forks after a line, before the child was seen. */
interface Moment {
	line: number;
	mm: AddressSpace;
}

interface Fork {
	call: Call;
	parent: AddressSpace;
	moments: Moment[];
	/** What the child has called since. */
	calls: Call[];
}

export class Forks {
	/** What is found out. */
	readonly late: Late = new Map();
	/** Those that have not returned. */
	private readonly open = new Set<Fork>();
	/** By the child's mm. */
	private readonly children = new Map<AddressSpace, Fork>();

	constructor(
		private readonly placement: Placement,
		private readonly table: FileTable,
		/** What earlier runs have found out. */
		private readonly known: Late,
	) {}

	/** Behind which line the fork takes effect; undefined: at once. */
	waits_for(call: Call): number | undefined {
		return this.known.get(call.line);
	}

	/** It has made a copy of `parent`, which others may change before it returns. */
	made(call: Call, parent: AddressSpace, child: AddressSpace): void {
		const fork: Fork = { call, parent, moments: [], calls: [] };
		this.children.set(child, fork);
		if (call.lines > 1 && !this.known.has(call.line)) this.open.add(fork);
	}

	/** It returned, or the child was seen. */
	close(line: number): void {
		for (const fork of this.open) if (fork.call.last_line <= line) this.open.delete(fork);
	}

	/** The child was there by now. */
	seen(child: AddressSpace): void {
		const fork = this.children.get(child);
		if (fork) this.open.delete(fork);
	}

	/** A call is about to take effect in mm: does the copy explain it? */
	look(call: Call, mm: AddressSpace): void {
		const fork = this.children.get(mm);
		if (!fork || fork.moments.length === 0) return;
		this.open.delete(fork);
		fork.calls.push(call);
		if (this.placement.explains(mm, call)) return;
		this.children.delete(mm);
		const moment = fork.moments.find((at) => this.explains_all(at.mm, fork.calls));
		if (moment) this.late.set(fork.call.line, moment.line);
	}

	/** A call has taken effect in mm. */
	changed(mm: AddressSpace, line: number): void {
		for (const { parent, moments } of this.open) {
			if (parent === mm && moments.length < MOST_MOMENTS) moments.push({ line, mm: mm.fork(-1) });
		}
	}

	private explains_all(before: AddressSpace, calls: Call[]): boolean {
		const mm = before.trial();
		return calls.every((call) => {
			if (!this.placement.explains(mm, call)) return false;
			apply_call(mm, call, this.table);
			return true;
		});
	}
}
