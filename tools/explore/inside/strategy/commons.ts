// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where a search forks, for several cores that share it. A core that has
 * nothing to do borrows a place of another one: from then on both keep in
 * common, for that place and those before it, which contexts are to be tried
 * there and which somebody has taken. Whoever finds that one more must be tried
 * has the place on its own way, so that nothing is lost when the other has left
 * it. The memory is the explorer's own, not the kernel's.
 */
import { shared_words } from "host/sharing.ts";
import { n } from "host/state.ts";
import type { Loan } from "../../protocol.ts";

export class Commons {
	/** Of take(): what others had taken before. */
	before = 0;
	/** words[0] counts the places; each has two words: to try, and taken. */
	constructor(private readonly words: Int32Array) {}
	/** The new place, -1 if there is no room. */
	add(wanted: number, taken: number): number {
		const r = Atomics.add(this.words, 0, 1);
		if (2 * r + 2 >= this.words.length) return -1;
		Atomics.store(this.words, 2 * r + 1, wanted);
		Atomics.store(this.words, 2 * r + 2, taken);
		return r;
	}
	wanted(r: number): number {
		return Atomics.load(this.words, 2 * r + 1);
	}
	taken(r: number): number {
		return Atomics.load(this.words, 2 * r + 2);
	}
	want(r: number, contexts: number): void {
		Atomics.or(this.words, 2 * r + 1, contexts);
	}
	/** One context of those to be tried that is nobody's yet, and not asleep; -1: none. */
	take(r: number, asleep: number): number {
		for (;;) {
			const rest = this.wanted(r) & ~this.taken(r) & ~asleep;
			if (rest === 0) return -1;
			const bit = rest & -rest;
			this.before = Atomics.or(this.words, 2 * r + 2, bit);
			if ((this.before & bit) === 0) return 31 - Math.clz32(bit);
		}
	}
}

/**
 * For who is on the way to a place that was borrowed: has it turned out that more is shared than the lender
 * knows? A core can see that by what it did for another loan. Steps are others then, and the way leads
 * nowhere: the execution is to be cut off, and all begin again with what is known now. To be made when what
 * the lender knows has been adopted.
 */
export function is_lost(): () => boolean {
	const known = shared_words();
	return () => shared_words() !== known;
}

/** The next step of the way. All cores know the same words to be shared, so it can be made. */
export function follow(loan: Loan, enabled: number): number {
	const c = loan.contexts[n];
	if ((enabled & (1 << c)) === 0)
		throw new Error(`cores disagree about step ${n}: context ${c} of ${enabled.toString(2)}`);
	return c;
}
