// SPDX-License-Identifier: GPL-2.0-only
/**
 * Accesses to memory that is not there, what mm/kasan is for: a byte of shadow
 * (ram.ts) for eight of RAM says whether they may be used. No observer like the
 * others, as it sees every access, also those that are no step: door.ts looks
 * at the shadow itself, and comes here when something is wrong.
 */
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { fail } from "../failure.ts";
import { rcu_depth } from "../primitives.ts";
import { HEAP32, poke, RAM_SIZE, SHADOW, shadow } from "../ram.ts";
import { exploring } from "../state.ts";

/** What shadow says of a granule: it may be used; not; only in an RCU section. */
export const USABLE = 0;
export const FORBIDDEN = 1;
export const IN_RCU_ONLY = 2;

/** Says what is the matter with an access. */
export function bad_access(p: number, size: number): never {
	const bad = !(p >= PAGE_SIZE)
		? "null-ptr-deref"
		: p + size > RAM_SIZE
			? "out-of-bounds"
			: p % size !== 0
				? "misaligned-access"
				: "use-after-free";
	const outside = bad === "use-after-free" && shadow[p >> 3] === IN_RCU_ONLY ? " outside of an RCU section" : "";
	fail("panic", `BUG: KASAN: ${bad} of size ${size} at addr ${p?.toString(16)}${outside}`, {
		memory: { addr: p, size },
	});
}
/** Event e, a read, found what was there before the memory was allocated. */
export function stale_access(p: number, size: number, e: number): never {
	fail(
		"panic",
		`BUG: KMSAN: uninit-value of size ${size} at addr ${p.toString(16)}: as it was before it was allocated`,
		{ memory: { addr: p, size }, access: e },
	);
}
/** Of set-up and checks, which run alone, nobody counts the sections. */
function may_look(): boolean {
	return !exploring() || rcu_depth() !== 0;
}
/** An access of `size` bytes at p. */
export function check(p: number, size: number): void {
	if (!(p >= PAGE_SIZE) || p + size > RAM_SIZE || p % size !== 0) bad_access(p, size);
	const v = shadow[p >> 3];
	if (v !== USABLE && !(v === IN_RCU_ONLY && may_look())) bad_access(p, size);
}
export function check_access(p: number): void {
	check(p, 4);
}
/** Of a range: USABLE, FORBIDDEN or IN_RCU_ONLY. */
export function set_shadow(p: number, size: number, v: number): void {
	const from = SHADOW + (p >> 3);
	const to = SHADOW + ((p + size + 7) >> 3);
	const bytes = Math.imul(v, 0x01010101);
	const last = (to - 1) >> 2;
	for (let w = from >> 2; w <= last; w++) {
		/* Of the first and the last word, a part. */
		let mask = w === from >> 2 ? -1 << (8 * (from & 3)) : -1;
		if (w === last && (to & 3) !== 0) mask &= (1 << (8 * (to & 3))) - 1;
		const word = (HEAP32[w] & ~mask) | (bytes & mask);
		if (word !== HEAP32[w]) poke(w, word);
	}
}
