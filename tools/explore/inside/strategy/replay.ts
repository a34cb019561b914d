// SPDX-License-Identifier: GPL-2.0-only
/**
 * Follows a schedule: who ran up to which position (door.ts), and which values
 * a weak memory model returned. Its one execution is the one that was written
 * down, or it says where the kernel no longer fits.
 */
import { is_arriving, standing } from "host/engine.ts";
import { position } from "host/log.ts";
import { model } from "host/models/model.ts";
import { ctx_kind, ctx_state, current_context, DONE, IDLE, own_buffer } from "host/state.ts";
import type { Search } from "./types.ts";

export interface Replay extends Search {
	/** Why the schedule could not be followed. */
	diverged(): string | undefined;
}

/** First of an entry that says what a weak model returned, and of one that says which CPUs run. */
export const CHOICE = -1;
export const ORDER = -2;

/** The CPUs that a schedule is of, if it says so. */
export function order_of(schedule: number[][] | undefined): number[] | undefined {
	return schedule?.find((s) => s[0] === ORDER)?.slice(1);
}

/**
 * Entries: [context, position or -1 (to its end)], [store buffer, context,
 * position] (until the store that was made there has left it, if it is in it),
 * [CHOICE, context, position, choice], [ORDER, CPU, CPU …].
 */
export function replay(schedule: number[][]): Replay {
	const switches = schedule.filter((s) => s[0] >= 0);
	const choices = new Map(schedule.filter((s) => s[0] === CHOICE).map(([, c, at, v]) => [`${c}:${at}`, v]));
	let i = 0;
	let count = 0;
	let why: string | undefined;
	let missed: string | undefined;

	return {
		name: "replay",
		exhaustive: false,
		all_ways: true,
		pick(enabled, running) {
			for (; i < switches.length && why === undefined; i++, count = 0) {
				const [c, until, at] = switches[i];
				if (ctx_kind[c] === undefined) {
					why = `there is no context ${c}`;
					break;
				}
				if (ctx_kind[c] === "buffer") {
					if (!model.holds(c, until, at)) continue;
				} else if (until < 0) {
					if (ctx_state[c] >= DONE || (ctx_state[c] === IDLE && count > 0)) continue;
				} else if (ctx_state[c] !== IDLE && standing(c) === until) continue;
				const b = own_buffer(c);
				if ((enabled & (1 << c)) === 0 && b >= 0 && (enabled & (1 << b)) !== 0) {
					/* Or what is known does not say yet in which order they came. */
					missed ??= `context ${c} has stores in its buffer at switch ${i}`;
					return b;
				}
				if ((enabled & (1 << c)) === 0) {
					/* A wait that the failure is about has no end. */
					if (i === switches.length - 1) break;
					why = `context ${c} cannot go on at switch ${i}`;
					break;
				}
				count++;
				return c;
			}
			if (enabled === 0) return -1;
			if (why !== undefined) return -1;
			return running >= 0 && (enabled & (1 << running)) !== 0
				? running
				: 31 - Math.clz32(enabled & -enabled);
		},
		recorded() {},
		choose() {
			return choices.get(`${current_context()}:${position()}`) ?? 0;
		},
		stop(c) {
			/* Whatever is shared, nobody runs before its turn. */
			if (is_arriving()) return 0;
			return i < switches.length && switches[i][0] === c && ctx_kind[c] !== "buffer"
				? switches[i][1]
				: -1;
		},
		next: () => false,
		estimate: () => 1,
		diverged: () =>
			why ??
			missed ??
			(i < switches.length - 1 ? `it ended at switch ${i} of ${switches.length}` : undefined),
	};
}
