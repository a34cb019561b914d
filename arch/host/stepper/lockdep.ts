// SPDX-License-Identifier: GPL-2.0-only
/** Placeholder. */
export class Lockdep {
	constructor(_contexts: number) {}
	name(_p: number, _name: string): void {}
	acquire(_t: number, _p: number, _m: "write" | "read" | "recursive-read", _try: boolean, _s: number, _i: boolean, _q: boolean): string | undefined { return undefined; }
	release(_t: number, _p: number): string | undefined { return undefined; }
	reset(_t: number): void {}
	held(_t: number): { p: number; name: string }[] { return []; }
	at_end(_t: number): string | undefined { return undefined; }
}
