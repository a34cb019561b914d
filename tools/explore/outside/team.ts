// SPDX-License-Identifier: GPL-2.0-only
/**
 * Cores that search one scenario together. The first begins; whoever has
 * nothing to do borrows a part of what is left to another one, until nobody has
 * anything left. When a core finds that more is shared than all know, all begin
 * again with that.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Core } from "./core.ts";
import type { Ended, Loan, Request, Sharing } from "../protocol.ts";

export type { Ended };
export type OnProgress = (p: Ended & { estimate?: number }) => void;

/** Places that a search can have in common: about 3,000 loans. */
const COMMONS = 1 << 20;
/** Before one asks again for work. */
const PAUSE_MS = 20;

let rounds = 0;
const NOTHING: Sharing = { shared: new Int32Array(), wide: new Int32Array(), bulked: new Int32Array() };

interface Round {
	request: Request;
	total: Ended;
	working: Set<Core>;
	over: boolean;
	complete: boolean;
	until: number;
	/** Executions of the rounds before. */
	made: number;
	progress: Map<Core, Ended & { estimate?: number }>;
	problem?: unknown;
}

export class Team {
	#others: Core[] = [];
	#round?: Round;
	#members: Promise<void>[] = [];

	constructor(
		readonly lead: Core,
		private readonly on_progress?: OnProgress,
	) {}

	/** One more core, from now on. */
	join(core: Core): void {
		this.#others.push(core);
		if (this.#round) this.#members.push(this.#member(core, this.#round));
	}
	get size(): number {
		return 1 + this.#others.length;
	}

	/** The search of a request; what more than one of its cores did is summed up. */
	async search(request: Request, seconds = Infinity): Promise<Ended> {
		const start = Date.now();
		const until = start + 1000 * seconds;
		let sharing = request.keep ? await this.lead.call("sharing") : NOTHING;
		let made = 0;
		for (;;) {
			const limit = Math.max(0, until - Date.now()) / 1000;
			const commons =
				request.strategy === "dpor"
					? new Int32Array(new SharedArrayBuffer(4 * (1 + 2 * COMMONS)))
					: undefined;
			const spent = request.runs === undefined ? undefined : new Int32Array(new SharedArrayBuffer(4));
			const round: Round = {
				request: {
					...request,
					together: true,
					round: rounds++,
					commons,
					sharing,
					seconds: limit,
					spent,
				},
				total: { executions: 0, blocked: 0, total: 0, exhausted: false, seconds: 0 },
				working: new Set(),
				over: false,
				complete: true,
				until,
				made,
				progress: new Map(),
			};
			/* A count of executions is one core's, and chance leaves nothing to share. */
			const shared =
				request.max === undefined &&
				(request.strategy === "dpor" || request.strategy === "bound");
			this.#round = shared ? round : undefined;
			this.#members = [
				this.#member(this.lead, round, round.request),
				...(shared ? this.#others.map((core) => this.#member(core, round)) : []),
			];
			/* Members may come while others are waited for. */
			for (let i = 0; i < this.#members.length; i++) await this.#members[i];
			this.#round = undefined;
			if (round.problem !== undefined) throw round.problem;
			const { total } = round;
			made += total.total;
			if (total.grew && Date.now() < until) {
				sharing = total.grew;
				continue;
			}
			return {
				...total,
				exhausted: round.complete && !total.grew,
				total: made,
				seconds: (Date.now() - start) / 1000,
			};
		}
	}

	/** Works until nobody has anything left, or the round is over. */
	async #member(core: Core, round: Round, first?: Request): Promise<void> {
		let next = first;
		try {
			while (!round.over) {
				if (!next) {
					if (round.working.size === 0) return;
					const loan = await this.#borrow(round);
					if (!loan) {
						await delay(PAUSE_MS);
						continue;
					}
					next = {
						...round.request,
						loan,
						seconds: Math.max(0, round.until - Date.now()) / 1000,
					};
				}
				round.working.add(core);
				const r = await core.call("explore", next, (p) => this.#tell(core, round, p));
				round.working.delete(core);
				next = undefined;
				this.#collect(round, r);
			}
		} catch (error) {
			round.problem ??= error;
			this.#stop(round);
		}
	}
	async #borrow(round: Round): Promise<Loan | undefined> {
		for (const core of round.working) {
			const loan = await core.call("lend");
			if (loan || round.over) return loan;
		}
	}
	#collect(round: Round, r: Ended): void {
		const { total } = round;
		total.executions += r.executions;
		total.blocked += r.blocked;
		total.total += r.total;
		total.failure ??= r.failure;
		total.grew ??= r.grew;
		round.complete &&= r.exhausted;
		if (!r.exhausted) this.#stop(round);
	}
	#stop(round: Round): void {
		round.over = true;
		for (const core of round.working) core.call("stop").catch(() => {});
	}
	#tell(core: Core, round: Round, p: Ended & { estimate?: number }): void {
		round.progress.set(core, p);
		const sum = (of: "executions" | "blocked" | "total") =>
			round.total[of] +
			[...round.progress].reduce((s, [c, x]) => s + (round.working.has(c) ? x[of] : 0), 0);
		const total = round.made + sum("total");
		this.on_progress?.({ ...p, executions: sum("executions"), blocked: sum("blocked"), total });
	}
}
