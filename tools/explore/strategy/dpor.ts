// SPDX-License-Identifier: GPL-2.0-only
/**
 * Source-DPOR with sleep sets (Abdulla, Aronis, Jonsson, Sagonas: Optimal
 * dynamic partial order reduction, POPL 2014): one execution for each class of
 * interleavings that differ only in the order of independent steps, give or
 * take a few that are cut off ("blocked"). Exhaustive.
 *
 * A step that takes a lock is disabled while the lock is held, so an unlock
 * cannot be reversed with the lock after it; the earlier lock can.
 */
import {
	clock, conflicts, ctx_cpu, ctx_kind, dependent, ev_choice, ev_choices, ev_ctx, ev_kind, ev_page, ev_page_prev, ev_prev, ev_seq,
	BULK, ev_w, happens_before, IRQ_BEGIN, MAX_CTX, MAX_EV, n, n_ctx, pending, pop_to, pre, RMW, W, FREE,
} from "host/engine.ts";
import type { Search } from "./types.ts";

const sleep = new Int32Array(MAX_EV);
const backtrack = new Int32Array(MAX_EV);
const done = new Int32Array(MAX_EV);
const enabled_at = new Int32Array(MAX_EV);
/** First event of each context in what may come before the reversed one. */
const first_seq = new Int32Array(MAX_CTX);
const accepted = new Int32Array(64);

export function dpor(): Search {
	let forced = -1;
	let forced_choice = -1;
	sleep[0] = 0;

	/** Event e races with the earlier x: let the other order be explored. */
	function reverse(x: number, e: number): void {
		let initials = 0;
		let seen = 0;
		for (let i = x + 1; i <= e; i++) {
			const at = i * MAX_CTX;
			if (i !== e && clock[at + ev_ctx[x]] >= ev_seq[x]) continue;
			const c = ev_ctx[i];
			if ((seen & (1 << c)) !== 0) continue;
			let follows = false;
			for (let t = 0; t < n_ctx; t++)
				if ((seen & (1 << t)) !== 0 && clock[at + t] >= first_seq[t]) follows = true;
			seen |= 1 << c;
			first_seq[c] = ev_seq[i];
			if (!follows) initials |= 1 << c;
		}
		if ((initials & (backtrack[x] | sleep[x])) !== 0) return;
		const able = initials & enabled_at[x];
		if (able !== 0) {
			const c = ev_ctx[e];
			backtrack[x] |= (able & (1 << c)) !== 0 ? 1 << c : able & -able;
			return;
		}
		/* A task that its CPU's interrupt keeps from running could run before it. */
		for (let b = x; b >= 0; b--) {
			if (ev_kind[b] !== IRQ_BEGIN) continue;
			for (let t = 0; t < n_ctx; t++) {
				if ((initials & (1 << t)) === 0 || ctx_kind[t] !== "task" || ctx_cpu[t] !== ctx_cpu[ev_ctx[b]]) continue;
				if (((backtrack[b] | sleep[b]) & (1 << t)) === 0) backtrack[b] |= enabled_at[b] & (1 << t);
				return;
			}
		}
	}

	/** Two steps that conflict; they race if no third one is between them. */
	function race(x: number, e: number, count: number): number {
		if (pre[ev_ctx[x]] >= ev_seq[x]) return count;
		for (let i = 0; i < count; i++) if (happens_before(x, clock, accepted[i] * MAX_CTX)) return count;
		if (count < accepted.length) accepted[count++] = x;
		reverse(x, e);
		return count;
	}

	function races(e: number): void {
		const w = ev_w[e];
		const kind = ev_kind[e];
		const c = ev_ctx[e];
		let count = 0;
		if (ev_page[e] >= 0) {
			for (let x = ev_page_prev[e]; x >= 0; x = ev_page_prev[x]) {
				const bulk = ev_kind[x] === BULK;
				if (ev_ctx[x] !== c && (bulk || kind === BULK)) count = race(x, e, count);
				if (bulk) break;
			}
		}
		if (w < 0) return;
		for (let x = ev_prev[e]; x >= 0; x = ev_prev[x]) {
			const k = ev_kind[x];
			const full = k === W || k === RMW || k === FREE;
			if (ev_ctx[x] !== c && conflicts(kind, k)) {
				count = race(x, e, count);
				if (full) return;
			}
		}
	}

	return {
		name: "source-DPOR",
		exhaustive: true,
		pick(enabled, running) {
			if (forced >= 0) {
				const c = forced;
				forced = -1;
				return c;
			}
			const able = enabled & ~sleep[n];
			if (able === 0) return -1;
			const bit = running >= 0 && (able & (1 << running)) !== 0 ? 1 << running : able & -able;
			backtrack[n] = bit;
			done[n] = 0;
			enabled_at[n] = enabled;
			return 31 - Math.clz32(bit);
		},
		recorded(e) {
			let asleep = (sleep[e] | done[e]) & ~(1 << ev_ctx[e]);
			for (let left = asleep; left !== 0; left &= left - 1) {
				const q = 31 - Math.clz32(left & -left);
				if (pending(q, e, dependent)) asleep &= ~(1 << q);
			}
			sleep[e + 1] = asleep;
			races(e);
		},
		choose() {
			const v = forced_choice < 0 ? 0 : forced_choice;
			forced_choice = -1;
			return v;
		},
		next() {
			for (let d = n - 1; d >= 0; d--) {
				const c = ev_ctx[d];
				if (ev_choice[d] + 1 < ev_choices[d]) {
					forced = c;
					forced_choice = ev_choice[d] + 1;
					pop_to(d);
					return true;
				}
				done[d] |= 1 << c;
				const rest = backtrack[d] & ~done[d] & ~sleep[d];
				if (rest === 0) continue;
				forced = 31 - Math.clz32(rest & -rest);
				pop_to(d);
				return true;
			}
			return false;
		},
		estimate(executions) {
			/* Each frame's share of what is known to be left there, as if all
			 * subtrees were alike. */
			let share = 0;
			let weight = 1;
			for (let d = 0; d < n; d++) {
				const all = bits(backtrack[d] | done[d]) * ev_choices[d];
				if (all <= 1) continue;
				weight /= all;
				share += weight * (bits(done[d]) * ev_choices[d] + ev_choice[d]);
			}
			return share > 0 ? executions / share : undefined;
		},
	};
}

function bits(mask: number): number {
	let count = 0;
	for (let m = mask; m !== 0; m &= m - 1) count++;
	return count;
}
