// SPDX-License-Identifier: GPL-2.0-only
/** Placeholder. */
export class Kcsan {
	event = 0;
	constructor(_contexts: number, _words: number) {}
	read(_t: number, _w: number, _k: "plain" | "once" | "acquire" | "data_race"): number { return -1; }
	write(_t: number, _w: number, _k: "plain" | "once" | "release"): number { return -1; }
	rmw(_t: number, _w: number): number { return -1; }
	mb(_t: number): void {}
	rmb(_t: number): void {}
	wmb(_t: number): void {}
	lock(_t: number, _l: number): void {}
	unlock(_t: number, _l: number): void {}
	rcu_read_lock(_t: number): void {}
	rcu_read_unlock(_t: number): void {}
	gp_start(_t: number): void {}
	gp_end(_t: number): void {}
	mark(): number { return 0; }
	undo_to(_m: number): void {}
}
