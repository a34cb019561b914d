// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/jump_label.h (5.17): branches that are almost never
 * taken, and cost almost nothing until they are.
 * Port: a key is a word that nobody writes to as long as nobody looks on, at an
 * address that the build knows: one load and a branch. Where that is too much,
 * code is patched: kernel/jump_label.ts.
 */
import { atomic_dec, atomic_inc, atomic_read } from "linux/atomic.ts";
import type { atomic_t } from "linux/types.ts";

export interface static_key extends struct {
	enabled: embed<atomic_t>; /* atomic: how many want the branch */
}

export function static_key_false(key: static_key): boolean {
	return READ_ONCE(key.enabled.counter) !== 0;
}

export function static_key_enabled(key: static_key): boolean {
	return atomic_read(key.enabled) !== 0;
}

export function static_key_slow_inc(key: static_key): void {
	atomic_inc(key.enabled);
}

export function static_key_slow_dec(key: static_key): void {
	atomic_dec(key.enabled);
}
