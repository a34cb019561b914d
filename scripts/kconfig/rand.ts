// SPDX-License-Identifier: GPL-2.0-only
//
// srand() and rand() of the GNU C library, so that a KCONFIG_SEED means the same
// configuration here as with Linux's scripts/kconfig/conf.

/** Returns a generator of the numbers that rand() gives after srand(seed). */
export function srand(seed: number): () => number {
	const r: number[] = [seed >>> 0 === 0 ? 1 : seed | 0];
	for (let i = 1; i < 31; i++) {
		// 16807 * r mod (2^31 - 1), with C's signed division.
		const last = r[i - 1] as number;
		const hi = Math.trunc(last / 127773);
		const word = 16807 * (last - hi * 127773) - 2836 * hi;
		r.push(word < 0 ? word + 2147483647 : word);
	}
	for (let i = 31; i < 34; i++) r.push(r[i - 31] as number);
	const next = (): number => {
		const n = r.length;
		const value = ((r[n - 31] as number) + (r[n - 3] as number)) >>> 0;
		r.push(value);
		if (r.length > 4096) r.splice(0, r.length - 34);
		return value;
	};
	for (let i = 34; i < 344; i++) next();
	return () => next() >>> 1;
}
