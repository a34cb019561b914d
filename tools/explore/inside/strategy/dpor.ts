// SPDX-License-Identifier: GPL-2.0-only
/**
 * Source-DPOR with sleep sets (Abdulla, Aronis, Jonsson, Sagonas: Optimal
 * dynamic partial order reduction, POPL 2014): one execution for each class of
 * interleavings that differ only in the order of independent steps, give or
 * take a few that are cut off ("blocked"). Exhaustive.
 *
 * A step that takes a lock is disabled while the lock is held, so an unlock
 * cannot be reversed with the lock after it; the earlier lock can.
 *
 * Several cores can share the tree (commons.ts): complete executions are still
 * one for each class, as sleep sets see to it; how many are cut off may differ.
 */
import { pending, pop_to } from "host/engine.ts";
import { BULK, conflicts, dependent, IRQ_BEGIN, is_total } from "host/kinds.ts";
import { met, model } from "host/models/model.ts";
import {
	clock,
	ctx_cpu,
	ctx_kind,
	ev_bulk,
	ev_choice,
	ev_choices,
	ev_ctx,
	ev_kind,
	ev_page,
	ev_page_prev,
	ev_prev,
	ev_seq,
	ev_w,
	happens_before,
	MAX_CTX,
	MAX_EV,
	n,
	n_ctx,
	own_buffer,
	pre,
} from "host/state.ts";
import type { Loan } from "../../protocol.ts";
import { Commons, follow, is_lost } from "./commons.ts";
import type { Search } from "./types.ts";

const sleep = new Int32Array(MAX_EV);
const backtrack = new Int32Array(MAX_EV);
const done = new Int32Array(MAX_EV);
const enabled_at = new Int32Array(MAX_EV);
/** The place's number in the commons, -1: it is this core's alone. */
const record = new Int32Array(MAX_EV);
/** The values of a weak model that are left to try there are the lender's. */
const borrowed = new Uint8Array(MAX_EV);
/** First event of each context in what may come before the reversed one. */
const first_seq = new Int32Array(MAX_CTX);
const accepted = new Int32Array(64);

/** `words`: of the commons, if cores share the search; `loan`: the place that it begins at. */
export function dpor(words?: Int32Array, loan?: Loan): Search {
	const commons = words && new Commons(words);
	let forced = -1;
	let forced_choice = -1;
	/** Steps of the way to the place that was borrowed. */
	let way = 0;
	const lost = is_lost();
	sleep[0] = 0;

	const wanted = (d: number) => (record[d] < 0 ? backtrack[d] : (commons as Commons).wanted(record[d]));
	const want = (d: number, contexts: number) => {
		if (record[d] < 0) backtrack[d] |= contexts;
		else commons?.want(record[d], contexts);
	};
	/** What is left to try at d, whoever is under way there. */
	const rest = (d: number, under_way: number) =>
		wanted(d) &
		~(record[d] < 0 ? done[d] : (commons as Commons).taken(record[d])) &
		~sleep[d] &
		~(1 << under_way);

	/** Goes on at d with another context or value. */
	function advance(d: number): boolean {
		if (borrowed[d] === 0 && ev_choice[d] + 1 < ev_choices[d]) {
			forced = ev_ctx[d];
			forced_choice = ev_choice[d] + 1;
			return true;
		}
		if (record[d] < 0) {
			done[d] |= 1 << ev_ctx[d];
			const left = backtrack[d] & ~done[d] & ~sleep[d];
			if (left === 0) return false;
			forced = 31 - Math.clz32(left & -left);
			return true;
		}
		return take(d);
	}
	function take(d: number): boolean {
		const c = (commons as Commons).take(record[d], sleep[d]);
		if (c < 0) return false;
		done[d] = (commons as Commons).before;
		borrowed[d] = 0;
		forced = c;
		return true;
	}
	if (loan) {
		const { contexts, sleep: asleep, enabled, records } = loan as Required<Loan>;
		sleep.set(asleep);
		enabled_at.set(enabled);
		record.set(records);
		borrowed.fill(1, 0, contexts.length);
		/* The deepest place where something is left. */
		way = contexts.length;
		while (way >= 0 && !take(way)) way--;
	}

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
		if ((initials & (wanted(x) | sleep[x])) !== 0) return;
		const able = initials & enabled_at[x];
		if (able !== 0) {
			const c = ev_ctx[e];
			want(x, (able & (1 << c)) !== 0 ? 1 << c : able & -able);
			return;
		}
		/* A task that its CPU's interrupt keeps from running could run before it. */
		for (let b = x; b >= 0; b--) {
			if (ev_kind[b] !== IRQ_BEGIN) continue;
			for (let t = 0; t < n_ctx; t++) {
				if (
					(initials & (1 << t)) === 0 ||
					ctx_kind[t] !== "task" ||
					ctx_cpu[t] !== ctx_cpu[ev_ctx[b]]
				)
					continue;
				if (((wanted(b) | sleep[b]) & (1 << t)) === 0) want(b, enabled_at[b] & (1 << t));
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
			const bulk = ev_bulk[e];
			if (kind === BULK)
				for (let x = ev_page_prev[e]; x > bulk; x = ev_page_prev[x])
					if (ev_ctx[x] !== c) count = race(x, e, count);
			if (bulk >= 0 && ev_ctx[bulk] !== c) count = race(bulk, e, count);
		}
		if (w < 0) return;
		const all = model.meets(e);
		for (let i = 0; i < all; i++)
			if (ev_ctx[met[i]] !== c && conflicts(kind, ev_kind[met[i]])) count = race(met[i], e, count);
		if (all >= 0) return;
		for (let x = ev_prev[e]; x >= 0; x = ev_prev[x]) {
			const d = ev_ctx[x];
			const k = ev_kind[x];
			const races = d !== c && conflicts(kind, k);
			if (races) count = race(x, e, count);
			/*
			 * What is before it there, and conflicts with e, has happened before it;
			 * and it is one of a race, or has happened before e.
			 */
			if ((is_total(k) || k === kind) && (races || pre[d] >= ev_seq[x])) return;
		}
	}

	return {
		name: "source-DPOR",
		nothing: way < 0,
		exhaustive: true,
		pick(enabled, running) {
			if (loan && n <= way && lost()) return -1;
			if (loan && n < way) {
				forced_choice = loan.choices[n] > 0 ? loan.choices[n] : -1;
				return follow(loan, enabled);
			}
			if (forced >= 0) {
				const c = forced;
				forced = -1;
				return c;
			}
			const able = enabled & ~sleep[n];
			if (able === 0) return -1;
			/* Stores leave their buffer at once, unless it is explored what comes of it if they do not. */
			const buffer = running >= 0 ? own_buffer(running) : -1;
			const bit =
				buffer >= 0 && (able & (1 << buffer)) !== 0
					? 1 << buffer
					: running >= 0 && (able & (1 << running)) !== 0
						? 1 << running
						: able & -able;
			backtrack[n] = bit;
			done[n] = 0;
			record[n] = -1;
			borrowed[n] = 0;
			enabled_at[n] = enabled;
			return 31 - Math.clz32(bit);
		},
		recorded(e) {
			if (e < way) return;
			way = 0;
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
				if (!advance(d)) continue;
				pop_to(d);
				return true;
			}
			return false;
		},
		lend() {
			/* After next(): the place that it goes on at is under way, too. */
			const under_way = (d: number) => (d < n ? ev_ctx[d] : forced);
			if (!commons || forced < 0 || way > 0) return;
			let at = 0;
			while (at <= n && rest(at, under_way(at)) === 0) at++;
			if (at > n) return;
			for (let d = 0; d <= at; d++) {
				if (record[d] >= 0) continue;
				record[d] = commons.add(backtrack[d], done[d] | (1 << under_way(d)));
				if (record[d] < 0) return;
			}
			return {
				contexts: ev_ctx.slice(0, at),
				choices: ev_choice.slice(0, at),
				sleep: sleep.slice(0, at + 1),
				enabled: enabled_at.slice(0, at + 1),
				records: record.slice(0, at + 1),
			};
		},
		estimate(executions) {
			/* Each frame's share of what is known to be left there, as if all
			 * subtrees were alike. */
			let share = 0;
			let weight = 1;
			for (let d = 0; d < n; d++) {
				const all = bits(wanted(d) | done[d]) * ev_choices[d];
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
