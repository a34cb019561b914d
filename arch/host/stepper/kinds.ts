// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kinds of steps: their names, and which of them commute. Two steps at one
 * place that do not commute, and could have come in the other order, are in
 * conflict: a search has to try both orders. Two that do not commute, but of which
 * the earlier one makes the later one possible (an unlock, and the lock that
 * waited for it) are only ordered.
 */

export const R = 0;
export const W = 1;
export const A = 2; /* addition without result: commutes with its like */
export const RMW = 3;
export const ACQ = 4; /* a lock, exclusively; disabled while it is held */
export const REL = 5;
export const RACQ = 6; /* a lock, shared */
export const RREL = 7;
export const TRY = 8;
export const RTRY = 9;
export const DOWNGRADE = 10;
export const AWAIT = 11; /* disabled until a word that was read changes */
export const FREE = 12;
export const IRQ_OFF = 13;
export const IRQ_ON = 14;
export const IRQ_BEGIN = 15;
export const RCU_LOCK = 16;
export const RCU_UNLOCK = 17;
export const GP_START = 18;
export const GP_END = 19; /* disabled until the readers of GP_START are done */
export const ENQUEUE = 20;
export const TAKE = 21; /* disabled while there are no callbacks */
export const MB = 22; /* TSO: waits until its store buffer is empty */
export const PARK = 23; /* disabled while the word has the value */
export const BULK = 24; /* a whole page is written or taken away */
export const GUESS = 25; /* LKMM: whether a cmpxchg will succeed */
export const STORE = 26; /* TSO: into the store buffer; an interrupt comes before it or after */
export const ANSWER = 27; /* disabled until another context has answered, see await_answer_step() */
export const TLB = 28; /* a CPU looks at its translations, or puts one there */
export const TLBI = 29; /* another one, or itself, takes some out: commutes with its like */
export const PWC = 30; /* as TLB, of its page walk cache: where tables are */
export const PWCI = 31; /* as TLBI */
export const KINDS = 32;
export const KIND_NAMES = [
	"read",
	"write",
	"add",
	"rmw",
	"lock",
	"unlock",
	"down_read",
	"up_read",
	"trylock",
	"down_read_trylock",
	"downgrade",
	"await",
	"free",
	"irq_off",
	"irq_on",
	"begin",
	"rcu_read_lock",
	"rcu_read_unlock",
	"gp_start",
	"gp_end",
	"call_rcu",
	"rcu_take",
	"mb",
	"park",
	"page",
	"cmpxchg",
	"store",
	"answer",
	"tlb",
	"tlbi",
	"pwc",
	"pwci",
] as const;

/** How a load or a store is ordered. */
export type Order = "plain" | "once" | "data_race" | "acquire" | "dependency" | "release" | "full";
/** How an atomic is ordered. Full: the caller puts fences around it. */
export type RmwOrder = "full" | "acquire" | "release" | "relaxed";

/** What lets go, and what that makes possible: never in conflict. */
export const ENABLES: readonly (readonly [number, number])[] = [
	[REL, ACQ],
	[RREL, ACQ],
	[REL, RACQ],
	[REL, DOWNGRADE],
	[RREL, DOWNGRADE],
	[DOWNGRADE, RACQ],
	[REL, REL],
	[RREL, REL],
	[IRQ_ON, IRQ_BEGIN],
	[REL, RREL],
	[W, ANSWER],
	[RMW, ANSWER],
];
/** [later][earlier]: they do not commute, and could have come in the other order. */
const conflict = new Uint8Array(KINDS * KINDS);
/** [later][earlier]: the earlier one is ordered before the later one. */
const ordered = new Uint8Array(KINDS * KINDS);
{
	const plain = [R, PARK];
	const writes = [W, RMW, FREE, ACQ, TRY, DOWNGRADE];
	const both = (a: number, b: number) => {
		conflict[a * KINDS + b] = conflict[b * KINDS + a] = 1;
	};
	for (const w of writes) {
		for (const k of [...writes, ...plain, A, RTRY, RACQ]) both(w, k);
	}
	for (const k of [...plain, RTRY]) both(A, k);
	for (const k of [RACQ, RREL, REL, A, RTRY]) for (const r of plain) both(k, r);
	for (const k of [W, RMW, FREE, TRY]) {
		both(k, REL);
		both(k, RREL);
	}
	/* Tries see a release, and could have come before it. A lock could not. */
	both(RTRY, REL);
	both(FREE, ANSWER);
	both(TLB, TLBI);
	both(PWC, PWCI);
	both(GP_START, RCU_LOCK);
	both(GP_START, RCU_UNLOCK);
	both(ENQUEUE, TAKE);
	both(IRQ_OFF, IRQ_BEGIN);
	both(STORE, IRQ_BEGIN);
	ordered.set(conflict);
	for (const [release, acquire] of ENABLES) {
		conflict[acquire * KINDS + release] = conflict[release * KINDS + acquire] = 0;
		ordered[acquire * KINDS + release] = ordered[release * KINDS + acquire] = 1;
	}
	/* A downgraded lock is still held: a writer waits for its reader. */
	conflict[ACQ * KINDS + DOWNGRADE] = 0;
}

/** Steps at a lock's word or any other that are ordered with all that others do there, before it and after it. */
const total = new Uint8Array(KINDS);
{
	const at_words = [R, W, A, RMW, ACQ, REL, RACQ, RREL, TRY, RTRY, DOWNGRADE, FREE, PARK];
	for (const k of at_words) total[k] = at_words.every((j) => ordered[k * KINDS + j] !== 0) ? 1 : 0;
}
/** What came before such a step at its place has happened before it: who looks back need look no further. */
export function is_total(kind: number): boolean {
	return total[kind] !== 0;
}

/** Is the earlier one always before the later one, in every execution of the same class? */
export function is_ordered(later: number, earlier: number): boolean {
	return ordered[later * KINDS + earlier] !== 0;
}
export function conflicts(later: number, earlier: number): boolean {
	return conflict[later * KINDS + earlier] !== 0;
}
/** Either order: for sleep sets. */
export function dependent(a: number, b: number): boolean {
	return (ordered[a * KINDS + b] | conflict[a * KINDS + b] | conflict[b * KINDS + a]) !== 0;
}
