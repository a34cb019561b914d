// SPDX-License-Identifier: GPL-2.0-only
/** SRCU: readers who may sleep beside who waits for them, and two who wait. */
import { GFP_KERNEL } from "linux/gfp.ts";
import { kfree, kmalloc } from "linux/slab.ts";
import { srcu_read_lock, srcu_read_unlock, type srcu_struct, synchronize_srcu } from "linux/srcu.ts";
import { check_that, in_kernel, note, noted, type Scenario, start_threads } from "../scenario.ts";

interface thing extends struct {
	value: int;
}
interface srcu_words extends struct {
	srcu: embed<srcu_struct>;
	thing: thing;
	next: thing;
	x: int;
	y: int;
}
const w = DEFINE<srcu_words>();

function thing_of(value: number): thing {
	const t = kmalloc<thing>(sizeof<thing>(), GFP_KERNEL);

	t.value = value;
	return t;
}
function things(cpus = 2): void {
	start_threads(cpus);
	w.thing = thing_of(1);
	w.next = thing_of(2);
}
function read_thing(): void {
	const idx = srcu_read_lock(w.srcu);
	const t: thing = rcu_dereference(w.thing);

	note(0, t.value);
	srcu_read_unlock(w.srcu, idx);
}
/** A section with nothing in it. */
function pass_through(): void {
	srcu_read_unlock(w.srcu, srcu_read_lock(w.srcu));
}
function replace_thing(): void {
	const old: thing = w.thing;

	rcu_assign_pointer(w.thing, w.next);
	synchronize_srcu(w.srcu);
	kfree(old);
}
function things_check(): void {
	check_that(noted(0) === 1 || noted(0) === 2, "a reader sees what is in no thing");
	kfree(w.thing);
}

export const scenarios: Record<string, Scenario> = {
	"srcu-synchronize": {
		about: "two sections, one after the other, beside one who replaces what they read, waits and frees it",
		patch: "none: kernel/rcu/srcutree.c, for mm/mmu_notifier.c",
		invariant: "nothing is freed while a reader stands on it",
		setup: things,
		cpus: [
			() =>
				in_kernel(() => {
					read_thing();
					read_thing();
				}),
			() => in_kernel(replace_thing),
		],
		check: things_check,
		quick: true,
	},
	"srcu-spans": {
		about: "a section beside one who waits between two stores",
		patch: "none: kernel/rcu/srcutree.c, for mm/mmu_notifier.c",
		invariant: "a section that sees what comes after a grace period sees what came before",
		setup: () => start_threads(2),
		cpus: [
			() =>
				in_kernel(() => {
					const idx = srcu_read_lock(w.srcu);

					note(0, READ_ONCE(w.y));
					note(1, READ_ONCE(w.x));
					srcu_read_unlock(w.srcu, idx);
				}),
			() =>
				in_kernel(() => {
					WRITE_ONCE(w.x, 1);
					synchronize_srcu(w.srcu);
					WRITE_ONCE(w.y, 1);
				}),
		],
		check() {
			check_that(noted(0) === 0 || noted(1) === 1, "a section spans a grace period");
		},
	},
	"srcu-two-readers": {
		about: "two sections on two CPUs beside one who replaces what they read, waits and frees it",
		patch: "none: kernel/rcu/srcutree.c srcu_readers_active_idx_check(), for mm/mmu_notifier.c",
		invariant: "that one reader has gone does not stand for that another one has",
		setup: () => things(3),
		cpus: [() => in_kernel(read_thing), () => in_kernel(pass_through), () => in_kernel(replace_thing)],
		check: things_check,
		models: ["sc", "lkmm"],
	},
	"srcu-twice": {
		about: "a section beside two grace periods, before the second of which is replaced what it reads",
		patch: "none: kernel/rcu/srcutree.c srcu_advance_state(), for mm/mmu_notifier.c",
		invariant: "who has looked at the index long ago is waited for, too",
		setup: () => things(3),
		cpus: [
			() => in_kernel(read_thing),
			() =>
				in_kernel(() => {
					synchronize_srcu(w.srcu);
					replace_thing();
				}),
		],
		check: things_check,
		models: ["sc"],
	},
	"srcu-seen": {
		about: "a section that stores something beside one who waits and then looks for that",
		patch: "none: kernel/rcu/srcutree.c __srcu_read_unlock(), for mm/mmu_notifier.c",
		invariant: "who sees that a section is over sees what it did",
		setup: () => start_threads(2),
		cpus: [
			() =>
				in_kernel(() => {
					const idx = srcu_read_lock(w.srcu);

					note(0, READ_ONCE(w.y));
					WRITE_ONCE(w.x, 1);
					srcu_read_unlock(w.srcu, idx);
				}),
			() =>
				in_kernel(() => {
					WRITE_ONCE(w.y, 1);
					synchronize_srcu(w.srcu);
					note(1, READ_ONCE(w.x));
				}),
		],
		check() {
			check_that(noted(0) === 1 || noted(1) === 1, "a section that came before is not seen");
		},
	},
	"srcu-shared": {
		about: "two who wait, of whom the second may do with what the first has waited for, beside a reader",
		patch: "none: kernel/rcu/srcutree.c, for mm/mmu_notifier.c",
		invariant: "only a grace period that began after the question is an answer",
		setup: things,
		cpus: [
			() => in_kernel(read_thing),
			() => in_kernel(replace_thing),
			() => in_kernel(() => synchronize_srcu(w.srcu)),
		],
		check: things_check,
		models: ["sc"],
	},
};
