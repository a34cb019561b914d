// SPDX-License-Identifier: GPL-2.0-only
/**
 * kernel/rcu.ts itself, under rcu.config: dyntick counters, grace periods and callback lists step by step. Programs
 * are in the kernel, as between a system call's entry and its return, where callbacks are invoked. Under all other
 * configurations RCU is the stepper's, and these are scenarios of that.
 */
import { GFP_KERNEL } from "linux/gfp.ts";
import { call_rcu, rcu_barrier, rcu_read_lock, rcu_read_unlock, synchronize_rcu } from "linux/rcupdate.ts";
import { kfree, kmalloc } from "linux/slab.ts";
import { syscall_enter_from_user_mode, syscall_exit_to_user_mode } from "kernel/entry/common.ts";
import { cpu_enter_host, cpu_online } from "kernel/smp.ts";
import { cpu_relax } from "linux/smp.ts";
import type { callback_head } from "linux/types.ts";
import { check_that, note, noted, type Scenario } from "../scenario.ts";

interface thing extends struct {
	value: int /* constant once it is published */;
	rcu: embed<callback_head>;
}
interface rcu_words extends struct {
	thing: thing /* RCU */;
	next: thing /* of the updater; set-up only */;
	first: embed<callback_head> /* of nothing */;
	called: int /* callbacks that were invoked */;
	x: int;
	y: int;
}
const w = DEFINE<rcu_words>();

function thing_of(value: number): thing {
	const t = kmalloc<thing>(sizeof<thing>(), GFP_KERNEL);

	t.value = value;
	return t;
}
function things(): void {
	w.thing = thing_of(1);
	w.next = thing_of(2);
}
/** Returns the old one, which readers may still stand on. */
function thing_replace(): thing {
	const old: thing = w.thing;

	rcu_assign_pointer(w.thing, w.next);
	return old;
}
const thing_free = RODATA((head: callback_head): void => {
	kfree(container_of<thing>(head, "rcu"));
	fetch_add(w.called, 1);
});
const no_callback = RODATA((_head: callback_head): void => {});
function things_check(): void {
	check_that(noted(0) === 1 || noted(0) === 2, "a reader sees what is in no thing");
	kfree(w.thing);
}
function called_once(): void {
	check_that(w.called === 1, `the callback was invoked ${w.called} times`);
	things_check();
}

/** A system call of which that is what it does. */
function in_kernel(fn: () => void): () => void {
	return () => {
		syscall_enter_from_user_mode();
		fn();
		syscall_exit_to_user_mode();
	};
}
function thing_read(): void {
	rcu_read_lock();
	const t: thing = rcu_dereference(w.thing);

	note(0, t.value);
	rcu_read_unlock();
}
function thing_call(): void {
	const old = thing_replace();

	call_rcu(old.rcu, thing_free);
}

export const scenarios: Record<string, Scenario> = {
	"rcu-tree-synchronize": {
		about: "a system call that reads beside one that replaces what it reads, waits and frees it",
		patch: "none: kernel/rcu/tree.c rcu_gp_init(), rcu_implicit_dynticks_qs()",
		invariant: "nothing is freed while a reader stands on it",
		setup: things,
		cpus: [
			in_kernel(thing_read),
			in_kernel(() => {
				const old = thing_replace();
				synchronize_rcu();
				kfree(old);
			}),
		],
		check: things_check,
		configs: ["rcu.config"],
	},
	"rcu-tree-call": {
		about: "a system call that reads beside one that replaces what it reads and frees it by call_rcu()",
		patch: "none: kernel/rcu/tree.c rcu_do_batch()",
		invariant: "a callback is invoked once, and after a grace period",
		setup: things,
		cpus: [
			in_kernel(thing_read),
			() => {
				in_kernel(thing_call)();
				in_kernel(() => {})();
			},
		],
		check: called_once,
		configs: ["rcu.config"],
	},
	"rcu-tree-adopt": {
		about: "a reader beside one who replaces what it reads, whose CPU leaves; another adopts its callback",
		patch: "none: kernel/rcu/tree.c rcutree_migrate_callbacks()",
		invariant: "a callback that is adopted waits for a grace period of its new CPU",
		setup: things,
		cpus: [
			in_kernel(thing_read),
			() => {
				in_kernel(thing_call)();
				cpu_enter_host();
			},
			() => {
				for (let turn = 0; cpu_online(1); turn++) cpu_relax(turn);
				in_kernel(rcu_barrier)();
			},
		],
		check: called_once,
		models: ["sc"],
		configs: ["rcu.config"],
	},
	"rcu-tree-twice": {
		about: "two system calls that read, one after the other, beside one that waits between two stores",
		patch: "none: kernel/rcu/tree.c, rcu_user_enter()",
		invariant: "a section that sees what comes after a grace period sees what came before",
		cpus: [
			() => {
				in_kernel(() => {})();
				in_kernel(() => {
					rcu_read_lock();
					note(0, READ_ONCE(w.y));
					note(1, READ_ONCE(w.x));
					rcu_read_unlock();
				})();
			},
			in_kernel(() => {
				WRITE_ONCE(w.x, 1);
				synchronize_rcu();
				WRITE_ONCE(w.y, 1);
			}),
		],
		check() {
			check_that(noted(0) === 0 || noted(1) === 1, "a section spans a grace period");
		},
		configs: ["rcu.config"],
	},
	"rcu-tree-queue": {
		about: "callbacks that are queued one after the other, beside system calls that begin between them",
		patch: "none: kernel/rcu/tree.c rcu_advance_cbs()",
		invariant: "a callback waits for a grace period that begins after it was queued",
		setup: things,
		cpus: [
			() => {
				in_kernel(() => call_rcu(w.first, no_callback))();
				in_kernel(thing_call)();
				in_kernel(() => {})();
			},
			in_kernel(thing_read),
			in_kernel(() => {}),
		],
		check: things_check,
		models: ["sc"],
		configs: ["rcu.config"],
	},
	"rcu-tree-barrier": {
		about: "rcu_barrier() beside one who queues a callback, whose CPU is idle or leaves the kernel then",
		patch: "none: kernel/rcu/tree.c rcu_barrier(), rcu_barrier_entrain()",
		invariant: "it waits for no callback that nobody invokes, and all are invoked once",
		setup: things,
		cpus: [
			in_kernel(() => {
				call_rcu(w.first, no_callback);
				rcu_barrier();
			}),
			() => {
				in_kernel(thing_call)();
				in_kernel(thing_read)();
			},
		],
		check: called_once,
		configs: ["rcu.config"],
		models: ["sc"],
	},
	"rcu-tree-both": {
		about: "two synchronize_rcu() at once, of which each waits for the other",
		patch: "none: kernel/rcu/tree.c synchronize_rcu()",
		invariant: "who waits for a grace period holds up none",
		cpus: [in_kernel(synchronize_rcu), in_kernel(synchronize_rcu)],
		configs: ["rcu.config"],
	},
};
