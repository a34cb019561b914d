// SPDX-License-Identifier: GPL-2.0-only
/** RCU on its own: a pointer that is replaced while it is read, and grace periods. */
import { GFP_KERNEL } from "linux/gfp.ts";
import { call_rcu, rcu_read_lock, rcu_read_unlock, synchronize_rcu } from "linux/rcupdate.ts";
import { kfree, kmalloc } from "linux/slab.ts";
import type { callback_head } from "linux/types.ts";
import { check_that, note, noted, type Scenario } from "../scenario.ts";

interface thing extends struct {
	value: int /* constant once it is published */;
	rcu: embed<callback_head>;
}
interface words extends struct {
	thing: thing /* RCU */;
	next: thing /* of the updater; set-up only */;
	x: int;
	y: int;
}
const w = DEFINE<words>();

function thing_of(value: number): thing {
	const t = kmalloc<thing>(sizeof<thing>(), GFP_KERNEL);

	t.value = value;
	return t;
}
function things(): void {
	w.thing = thing_of(1);
	w.next = kmalloc<thing>(sizeof<thing>(), GFP_KERNEL);
}
function thing_read(): void {
	rcu_read_lock();
	const t: thing = rcu_dereference(w.thing);

	note(0, t.value);
	rcu_read_unlock();
}
/** Returns the old one, which readers may still stand on. */
function thing_replace(): thing {
	const old: thing = w.thing;
	const t: thing = w.next;

	t.value = 2;
	rcu_assign_pointer(w.thing, t);
	return old;
}
const thing_free = RODATA((head: callback_head): void => {
	kfree(container_of<thing>(head, "rcu"));
});
function things_check(): void {
	check_that(noted(0) === 1 || noted(0) === 2, "a reader sees what is in no thing");
	kfree(w.thing);
}

export const scenarios: Record<string, Scenario> = {
	"rcu-call": {
		about: "a reader beside one who replaces what it reads and frees it by call_rcu()",
		patch: "none: kernel/rcu.ts",
		invariant: "nothing is freed while a reader stands on it",
		setup: things,
		cpus: [
			thing_read,
			() => {
				const old = thing_replace();
				call_rcu(old.rcu, thing_free);
			},
		],
		check: things_check,
		quick: true,
	},
	"rcu-synchronize": {
		about: "a reader beside one who replaces what it reads, waits and frees it",
		patch: "none: kernel/rcu.ts",
		invariant: "nothing is freed while a reader stands on it",
		setup: things,
		cpus: [
			thing_read,
			() => {
				const old = thing_replace();
				synchronize_rcu();
				kfree(old);
			},
		],
		check: things_check,
		quick: true,
	},
	"rcu-grace-period": {
		about: "a reader of two words beside one who writes the first, waits and writes the second",
		patch: "none: kernel/rcu.ts",
		invariant: "a section that sees what comes after a grace period sees what came before",
		cpus: [
			() => {
				rcu_read_lock();
				note(0, READ_ONCE(w.y));
				note(1, READ_ONCE(w.x));
				rcu_read_unlock();
			},
			() => {
				WRITE_ONCE(w.x, 1);
				synchronize_rcu();
				WRITE_ONCE(w.y, 1);
			},
		],
		check() {
			check_that(noted(0) === 0 || noted(1) === 1, "a section spans a grace period");
		},
		quick: true,
	},
};
