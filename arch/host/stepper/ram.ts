// SPDX-License-Identifier: GPL-2.0-only
/**
 * RAM of the stepper machine, the KASAN shadow (a byte for 8) and the machine's
 * own registers behind it, and the journal that takes changes back. Last comes
 * a word for each page of RAM: has user mode written to it since it was free?
 */
import { PAGE_SHIFT, PAGE_SIZE } from "asm/pgtable_types.ts";
import { CONFIG_PHYS_MEM_MB } from "generated/autoconf.ts";

/** What brings a word's index down to the number of its page. */
export const WORD_TO_PAGE = PAGE_SHIFT - 2;
export const PAGE_WORDS = PAGE_SIZE / 4;
export const RAM_SIZE = CONFIG_PHYS_MEM_MB * 0x100000;
export const SHADOW = RAM_SIZE;
/** Index of the first register word; registers are the machine's own state. */
export const REGS = (RAM_SIZE + RAM_SIZE / 8) >> 2;
export const REG_WORDS = 0x8000;
export const STORED = REGS + REG_WORDS;
/** All words there are. */
export const WORDS = STORED + RAM_SIZE / PAGE_SIZE;
const buffer = new ArrayBuffer(WORDS * 4);

export const HEAP32 = new Int32Array(buffer);
export const HEAPU32 = new Uint32Array(buffer);
export const HEAPU16 = new Uint16Array(buffer);
export const HEAPU8 = new Uint8Array(buffer);
export const HEAPF64 = new Float64Array(buffer);
export const shadow = HEAPU8.subarray(SHADOW, SHADOW + RAM_SIZE / 8);

/** Words that an execution may change, counting repetitions. */
const UNDO_MAX = 1 << 22;
/** Thrown by what would change more. */
export class JournalFull extends Error {
	constructor() {
		super(`${UNDO_MAX} words changed without an end`);
	}
}

/* ---- undo ---- */

const undo = new Int32Array(2 * UNDO_MAX);
let undone = 0;
export let journaling = false;

/** By part of all words: something in it may have changed since the snapshot, for good. */
const WORD_TO_PART = 10;
const PART = 1 << WORD_TO_PART;
const touched = new Uint8Array((WORDS >> WORD_TO_PART) + 1);

export function undo_mark(): number {
	return undone;
}
export function undo_to(mark: number): void {
	for (let i = undone - 2; i >= mark; i -= 2) HEAP32[undo[i]] = undo[i + 1];
	undone = mark;
}
/** What the journal has is forgotten: those changes stay. */
export function set_journaling(on: boolean): void {
	/* Not by changed_words(), which is as fast as it is for having one caller. */
	for (let i = 0; i < undone; i += 2) touched[undo[i] >> WORD_TO_PART] = 1;
	journaling = on;
	undone = 0;
}
/** Changes a word, remembering what it was. */
export function poke(w: number, v: number): void {
	if (journaling) {
		if (undone >= 2 * UNDO_MAX) throw new JournalFull();
		undo[undone] = w;
		undo[undone + 1] = HEAP32[w];
		undone += 2;
	} else touched[w >> WORD_TO_PART] = 1;
	HEAP32[w] = v;
}
export function poke_f64(w: number, v: number): void {
	poke(w, HEAP32[w]);
	poke(w + 1, HEAP32[w + 1]);
	HEAPF64[w >> 1] = v;
}
/** User mode writes to the page at p; it is free. For who looks whether that is known. */
export function page_stored(p: number): void {
	if (HEAP32[STORED + (p >> PAGE_SHIFT)] === 0) poke(STORED + (p >> PAGE_SHIFT), 1);
}
export function page_freed(p: number): void {
	if (HEAP32[STORED + (p >> PAGE_SHIFT)] !== 0) poke(STORED + (p >> PAGE_SHIFT), 0);
}
/** Frames of the pages to which user mode has written. */
export function stored_frames(): number[] {
	const frames: number[] = [];
	for (let frame = 0; frame < RAM_SIZE / PAGE_SIZE; frame++) if (HEAP32[STORED + frame] !== 0) frames.push(frame);
	return frames;
}
/** Calls with each word that was written since the journal began, and what it
 *  was; first with what it was at the beginning. */
export function changed_words(fn: (w: number, old: number) => void): void {
	for (let i = 0; i < undone; i += 2) fn(undo[i], undo[i + 1]);
}
/** RAM, shadow and registers, to begin again after boot. There is one snapshot. */
export function snapshot_ram(): Int32Array {
	touched.fill(0);
	return HEAP32.slice();
}
/** The journal is off. */
export function restore_ram(image: Int32Array): void {
	for (let part = touched.indexOf(1); part >= 0; part = touched.indexOf(1, part + 1))
		HEAP32.set(image.subarray(part * PART, (part + 1) * PART), part * PART);
	touched.fill(0);
}
