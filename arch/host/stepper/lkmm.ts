// SPDX-License-Identifier: GPL-2.0-only
/** Placeholder. */
export class Lkmm {
	tag = 0;
	constructor(_contexts: number) { throw new Error("not yet"); }
	loc(_i: number): number { return 0; }
	loads(_t: number, _x: number): number { return 1; }
	load(_t: number, _x: number, _c: number, _a: boolean): number { return 0; }
	stores(_t: number, _x: number): number { return 1; }
	store(_t: number, _x: number, _c: number, _v: number, _r: boolean): void {}
	rmws(_t: number, _x: number): number { return 1; }
	rmw_peek(_t: number, _x: number, _c: number): number { return 0; }
	rmw(_t: number, _x: number, _c: number, _v: number): void {}
	mb(_t: number): void {}
	rmb(_t: number): void {}
	wmb(_t: number): void {}
	lock(_t: number, _l: number): void {}
	unlock(_t: number, _l: number): void {}
	rcu_read_lock(_t: number): void {}
	rcu_read_unlock(_t: number): void {}
	gp_start(_t: number): void {}
	gp_done(_t: number): boolean { return true; }
	gp_end(_t: number): void {}
	newest(_x: number): number { return 0; }
	catch_up(_t: number, _x: number): void {}
	mark(): number { return 0; }
	undo_to(_m: number): void {}
	final(_x: number): number { return 0; }
}
