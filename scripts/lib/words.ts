// SPDX-License-Identifier: GPL-2.0-only
/** Numbers in sentences. */

/** "1 thread", "2 threads". `many` is for those that take no s. */
export function count(n: number, one: string, many = `${one}s`): string {
	return `${n} ${n === 1 ? one : many}`;
}
