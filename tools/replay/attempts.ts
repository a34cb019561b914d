// SPDX-License-Identifier: GPL-2.0-only
/** What became of each page fault of a CPU, by the kernel's counters of that CPU; part of the program that replays. */
import { REASONS } from "../lib/reasons.ts";
import type { User } from "./guest.ts";
import { ABORTED, INTERRUPTED, NO_ATTEMPT, NO_FAULT, SUCCEEDED } from "./plan_format.ts";

const FAULTS = 0;
const ATTEMPTS = 1;
const ABORTS = 2;
const FIRST_REASON = 3;

export interface Attempts {
	/** pgfault, spf_attempt, spf_abort, and the reasons: their numbers, -1 for what is not counted. */
	items: number[];
	/** What they were before the fault. */
	seen: number[];
}

function now(user: User, item: number): number {
	return item < 0 ? 0 : user.user_vm_event(item);
}

export function open_attempts(user: User): Attempts {
	const names = user.user_vm_event_names();
	const items = ["pgfault", "spf_attempt", "spf_abort", ...REASONS].map((name) => names.indexOf(name));
	return { items, seen: items.map((item) => now(user, item)) };
}

function look(user: User, { items, seen }: Attempts, from: number, to: number): void {
	for (let i = from; i < to; i++) seen[i] = now(user, items[i]);
}

/** Before an access. The reasons are looked at only if something was given up in between. */
export function before_access(user: User, attempts: Attempts): void {
	const { items, seen } = attempts;
	if (seen[ABORTS] !== now(user, items[ABORTS])) look(user, attempts, FIRST_REASON, items.length);
	look(user, attempts, 0, FIRST_REASON);
}

/** After it: a value of Plan.speculation. `signal`: it ended in one. */
export function after_access(user: User, attempts: Attempts, signal: boolean): number {
	const { items, seen } = attempts;
	if (now(user, items[FAULTS]) === seen[FAULTS] && now(user, items[ATTEMPTS]) === seen[ATTEMPTS]) return NO_FAULT;
	if (now(user, items[ATTEMPTS]) === seen[ATTEMPTS]) return NO_ATTEMPT;
	if (now(user, items[ABORTS]) === seen[ABORTS]) {
		/* Then a reason is counted, and no abort. */
		const gave_up = signal && items.some((item, i) => i >= FIRST_REASON && now(user, item) !== seen[i]);
		if (!gave_up) return SUCCEEDED;
		look(user, attempts, FIRST_REASON, items.length);
		return INTERRUPTED;
	}
	for (let i = FIRST_REASON; i < items.length; i++)
		if (now(user, items[i]) !== seen[i]) return ABORTED + 1 + i - FIRST_REASON;
	return ABORTED;
}
