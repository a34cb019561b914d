// SPDX-License-Identifier: GPL-2.0-only
/**
 * Who touches what. A word that only one context touches, or that nobody
 * writes, is private: its access is no step. Any other is shared. Which are is
 * found out on the way, by looking at who touches them; the set only grows, and
 * the explorer begins again when it has.
 */
import { assert } from "./failure.ts";
import { position, stop_at, stops_here } from "./log.ts";
import { PAGE_WORDS, REG_WORDS, REGS, WORD_TO_PAGE } from "./ram.ts";
import { me } from "./state.ts";

/** Marks in `own`: nobody yet, several contexts and one writes, … */
const SHARED = 1;
/* From FIRST_OWNER on: the one context that touches it. */
export const READ_ONLY = 254; /* several contexts, nobody writes */
const HALF = 253; /* the second word of a pair: see the first */
const EXEMPT = 255; /* a CPU's own hardware and flags: never a step */
export const own = new Uint8Array(REGS + REG_WORDS);
export const written = new Uint8Array(REGS + REG_WORDS);
/** Pairs of words that are accessed as one double. */
export const wide = new Uint8Array((REGS + REG_WORDS) >> 1);
/** Pages that are written whole by one context and used by another. */
export const bulked = new Uint8Array(((REGS + REG_WORDS) >> WORD_TO_PAGE) + 1);
let grown = 0;

/** Another program begins: what was one double may be two words now, as memory is given out again. */
export function forget_sharing(): void {
	wide.fill(0);
	nobody_yet();
}
function nobody_yet(): void {
	own.fill(0);
	for (let pair = wide.indexOf(1); pair >= 0; pair = wide.indexOf(1, pair + 1)) own[2 * pair + 1] = HALF;
	for (const [from, to] of exempted) own.fill(EXEMPT, from, to);
	written.fill(0);
	bulked.fill(0);
}
/** What was found to be shared, for another machine that explores the same. */
export function sharing(): { shared: Int32Array; wide: Int32Array; bulked: Int32Array } {
	const places = (of: Uint8Array, value: number) => {
		const found: number[] = [];
		for (let i = of.indexOf(value); i >= 0; i = of.indexOf(value, i + 1)) found.push(i);
		return Int32Array.from(found);
	};
	return { shared: places(own, SHARED), wide: places(wide, 1), bulked: places(bulked, 1) };
}
export function adopt_sharing(s: { shared: Int32Array; wide: Int32Array; bulked: Int32Array }): void {
	wide.fill(0);
	for (const pair of s.wide) wide[pair] = 1;
	nobody_yet();
	for (const w of s.shared) own[w] = SHARED;
	for (const page of s.bulked) bulked[page] = 1;
	grown++;
}
const exempted: [number, number][] = [];
export function exempt(p: number, size: number): void {
	const range: [number, number] = [p >> 2, (p + size) >> 2];
	if (!exempted.some(([from]) => from === range[0])) exempted.push(range);
	own.fill(EXEMPT, ...range);
}
/** A word that data_race() looks at for a guess, which is the same whatever others do to it meanwhile: no step. */
let guessed = -1;
export function set_guessed(p: number): void {
	guessed = p >> 2;
}
export function is_guess(w: number): boolean {
	return w === guessed;
}
/** Two words are accessed as one: from now on they have one place, the first. */
export function widen(w: number): void {
	if (wide[w >> 1] !== 0) return;
	assert((w & 1) === 0, "a double lies on an even word");
	wide[w >> 1] = 1;
	if (own[w] === EXEMPT) return;
	const second = own[w + 1];
	own[w + 1] = HALF;
	if (second === 0 || second === own[w]) {
		written[w] |= written[w + 1];
		return;
	}
	own[w] = SHARED;
	grown++;
}
/** Words that were found to be shared so far. */
export function shared_words(): number {
	return grown;
}
/** What is done at a place where a schedule says that another context goes on, if no step is there. */
let stop_here = (): void => {};
export function set_stop(fn: () => void): void {
	stop_here = fn;
}
/** The same where no word is touched. */
export function stop_between(): void {
	if (stops_here()) stop_here();
}
/** Is an access of the running context to word w a step? Remembers the touch. */
export function touch(w: number, write: boolean): boolean {
	const o = own[w];
	if (stop_at >= 0 && o !== SHARED && o !== HALF && position() === stop_at) stop_here();
	if (o === SHARED) return true;
	if (o === EXEMPT) return false;
	if (o === HALF) return touch(w - 1, write);
	if (bulked[w >> WORD_TO_PAGE] !== 0) {
		own[w] = SHARED;
		grown++;
		return true;
	}
	if (o === me) {
		if (write) written[w] = 1;
		return false;
	}
	if (o === 0) {
		own[w] = me;
		if (write) written[w] = 1;
		return false;
	}
	if (!write && written[w] === 0) {
		own[w] = READ_ONLY;
		return false;
	}
	own[w] = SHARED;
	grown++;
	return true;
}
export function is_shared(w: number): boolean {
	return own[w] === SHARED;
}
/** Is it the running context's alone as yet, or can nobody meet us there? */
export function is_ours(w: number): boolean {
	const o = own[w];
	return o === 0 || o === me || o === EXEMPT;
}
/** A whole page is written or taken away: is that a step? If others use it, too. */
export function touch_page(page: number): boolean {
	const first = page * PAGE_WORDS;
	if (bulked[page] === 0) {
		let ours = !stops_here();
		for (let w = first; ours && w < first + PAGE_WORDS; w++) ours = is_ours(w);
		if (ours) {
			for (let w = first; w < first + PAGE_WORDS; w++) if (own[w] === 0) own[w] = me;
			written.fill(1, first, first + PAGE_WORDS);
			return false;
		}
		bulked[page] = 1;
		grown++;
		for (let w = first; w < first + PAGE_WORDS; w++) if (own[w] !== 0 && own[w] !== EXEMPT) own[w] = SHARED;
	}
	return true;
}
/** Words from `to` on are written, what is at `from` (0: nothing) is read: is one of them shared? */
export function touch_words(to: number, from: number, count: number): boolean {
	for (let i = 0; i < count; i++) {
		const w = to + i;
		/* Let touch() decide where it is not ours already. */
		if (own[w] !== me && touch(w, true)) return true;
		written[w] = 1;
		if (from !== 0 && own[from + i] !== me && touch(from + i, false)) return true;
	}
	return false;
}
