// SPDX-License-Identifier: GPL-2.0-only
/**
 * Sequential consistency: one access at a time, and everybody sees it at once.
 * What other models have beside memory is nothing here.
 */
import type { Order, RmwOrder } from "../kinds.ts";
import { HEAP32, HEAPF64, poke, poke_f64 } from "../ram.ts";
import type { Model, Stored } from "./model.ts";

/** Writes a word, or a pair of words that holds a double. */
export function set(w: number, v: number, wide: boolean): void {
	if (wide) poke_f64(w, v);
	else poke(w, v);
}

export class Sc implements Model {
	readonly weak: boolean = false;
	readonly buffers: boolean = false;
	stale = -1;
	overlooks = -1;
	unborn = false;
	delayed = -1;

	begin(): void {}
	open(_e: number): void {}
	pop_to(_d: number): void {}
	enabled(_c: number, _kind: number): boolean {
		return true;
	}
	order(_c: number, _e: number, _kind: number): void {}
	meets(_e: number): number {
		return -1;
	}
	commutes(_q: number, _w: number, _e: number): boolean {
		return false;
	}
	forbidden(): string | undefined {
		return undefined;
	}

	load(w: number, wide: boolean, _order: Order): number {
		return wide ? HEAPF64[w >> 1] : HEAP32[w];
	}
	store(w: number, _old: number, v: number, _whole: boolean, wide: boolean, _order: Order): void {
		set(w, v, wide);
	}
	delay(_kind: number, _w: number, _value: Stored, _wide: boolean, _order: Order, _mask: number): boolean {
		return false;
	}
	atomic_read(w: number): number {
		return HEAP32[w];
	}
	atomic_write(_kind: number, w: number, v: number, _order: RmwOrder): void {
		if (!Number.isNaN(v)) poke(w, v);
	}
	guessed(_w: number): void {}
	cmpxchg(_w: number, _expected: number, _v: number, _succeeds: boolean, _order: RmwOrder): number {
		return NaN;
	}
	page_written(_page: number): void {}
	allocated(_p: number, _size: number): void {}

	lock(_w: number, _at: number): void {}
	unlock(_w: number, _at: number): void {}
	private_release(): void {}
	barrier(_which: "mb" | "rmb" | "wmb"): void {}
	after_unlock_lock(): void {}
	caught_up(): void {}
	saw(_w: number): void {}
	tlb_look(_w: number): void {}
	tlb_drop(_w: number): void {}

	rcu_read_lock(): void {}
	rcu_read_unlock(_waiting: number): void {}
	gp_start(): void {}
	gp_end(): void {}

	buffered(_c: number): boolean {
		return false;
	}
	buffered_kind(_c: number): number {
		return -1;
	}
	buffered_word(_c: number): number {
		return -1;
	}
	stored(_e: number): { by: number; at: number } {
		return { by: -1, at: 0 };
	}
	holds(_c: number, _by: number, _at: number): boolean {
		return false;
	}
	stores_of(_c: number): { w: number; value: number }[] {
		return [];
	}
	commit(_c: number): void {}
	committed(_store: number): number {
		return -1;
	}
	view(_c: number, w: number, wide: boolean): number | undefined {
		return wide ? HEAPF64[w >> 1] : HEAP32[w];
	}
}
export const sc = new Sc();
