// SPDX-License-Identifier: GPL-2.0-only
//
// The hashes that decide in which order the reference meets its symbols. Mirrors hash_str()
// of Linux's scripts/include/hash.h, and what was there before it.

/** FNV-1a; bytes count as C's signed characters. */
export function hash_str(name: string): number {
	let hash = 2166136261;
	for (let i = 0; i < name.length; i++) {
		const c = name.charCodeAt(i);
		hash = Math.imul(hash ^ (c > 127 ? c - 256 : c), 0x01000193);
	}
	return hash >>> 0;
}

/** The sum of all bytes, as signed characters. */
export function sum_of_bytes(name: string): number {
	let sum = 0;
	for (let i = 0; i < name.length; i++) {
		const c = name.charCodeAt(i);
		sum += c > 127 ? c - 256 : c;
	}
	return sum;
}
