// SPDX-License-Identifier: GPL-2.0-only
/** Wrong programs: each way to sleep in each place where nobody may. */
import { __free_page, alloc_page, GFP_ATOMIC, GFP_KERNEL } from "linux/gfp.ts";
import { local_irq_disable, local_irq_enable } from "linux/irqflags.ts";
import { cond_resched } from "linux/kernel.ts";
import { preempt_disable, preempt_enable } from "linux/preempt.ts";
import { call_rcu, rcu_read_lock, rcu_read_unlock, synchronize_rcu } from "linux/rcupdate.ts";
import { down_read, down_read_trylock, down_write, init_rwsem, up_read, up_write } from "linux/rwsem.ts";
import { kfree, kmalloc } from "linux/slab.ts";
import { spin_lock, spin_lock_init, spin_unlock } from "linux/spinlock.ts";
import type { rw_semaphore, spinlock_t } from "linux/spinlock_types.ts";
import type { callback_head } from "linux/types.ts";
import { complete, type completion, init_completion, wait_for_completion } from "linux/completion.ts";
import { start_threads } from "../scenario.ts";
import { call_on_other_cpu, type Scenario, wrong } from "../wrong.ts";

interface things extends struct {
	lock: embed<spinlock_t>;
	sem: embed<rw_semaphore>;
	done: embed<completion>;
	object: thing;
	rcu: embed<callback_head>;
}
interface thing extends struct {
	value: int;
}
const g = DEFINE<things>();

function init(): void {
	start_threads(2);
	spin_lock_init(g.lock);
	init_rwsem(g.sem);
	init_completion(g.done);
	complete(g.done);
}

/* ---- who may sleep ---- */

function sleep_down_read(): void {
	down_read(g.sem);
	up_read(g.sem);
}
function sleep_down_write(): void {
	down_write(g.sem);
	up_write(g.sem);
}
function sleep_kmalloc(): void {
	kfree(kmalloc<thing>(sizeof<thing>(), GFP_KERNEL));
}
function sleep_alloc_page(): void {
	__free_page(alloc_page(GFP_KERNEL));
}
function sleep_synchronize_rcu(): void {
	synchronize_rcu();
}
function sleep_completion(): void {
	wait_for_completion(g.done);
}
function sleep_cond_resched(): void {
	cond_resched();
}

/* ---- where nobody may ---- */

function in_spinlock(what: () => void): void {
	spin_lock(g.lock);
	what();
	spin_unlock(g.lock);
}
function in_rcu_section(what: () => void): void {
	rcu_read_lock();
	what();
	rcu_read_unlock();
}
function with_irqs_off(what: () => void): void {
	local_irq_disable();
	what();
	local_irq_enable();
}
function with_preemption_off(what: () => void): void {
	preempt_disable();
	what();
	preempt_enable();
}
const interrupt_sleeps = RODATA((_info: number): void => sleep_kmalloc());
const callback_sleeps = RODATA((_head: callback_head): void => sleep_kmalloc());

function tries(): void {
	if (down_read_trylock(g.sem)) up_read(g.sem);
}
function atomic_allocation(): void {
	kfree(kmalloc<thing>(sizeof<thing>(), GFP_ATOMIC));
}

function all(): Record<string, Scenario> {
	const made: Record<string, Scenario> = {};
	const idle = () => {};
	const sleepers = {
		"down-read": sleep_down_read,
		"down-write": sleep_down_write,
		kmalloc: sleep_kmalloc,
		"alloc-page": sleep_alloc_page,
		"synchronize-rcu": sleep_synchronize_rcu,
		completion: sleep_completion,
		"cond-resched": sleep_cond_resched,
	};
	const places = {
		spinlock: in_spinlock,
		rcu: in_rcu_section,
		irqs: with_irqs_off,
		preempt: with_preemption_off,
	};

	for (const [where, enter] of Object.entries(places)) {
		for (const [what, sleep] of Object.entries(sleepers))
			made[`wrong/sleep-${what}-${where}`] = wrong(`${what}, ${where}`, [() => enter(sleep), idle], {
				setup: init,
			});
		made[`right/sleep-trylock-${where}`] = wrong("a trylock does not sleep", [() => enter(tries), idle], {
			setup: init,
		});
		made[`right/sleep-atomic-${where}`] = wrong(
			"GFP_ATOMIC does not sleep",
			[() => enter(atomic_allocation), idle],
			{ setup: init },
		);
	}
	for (const [what, sleep] of Object.entries(sleepers)) {
		const after = () => {
			for (const enter of Object.values(places)) enter(idle);
			sleep();
		};
		made[`right/sleep-${what}`] = wrong(`${what} after all that`, [after, idle], { setup: init });
	}
	made["right/sleep-kmalloc-rwsem"] = wrong(
		"an allocation inside of a semaphore, which is one that sleeps",
		[
			() => {
				down_write(g.sem);
				sleep_kmalloc();
				up_write(g.sem);
			},
			idle,
		],
		{ setup: init },
	);
	made["wrong/sleep-kmalloc-irq"] = wrong("in an interrupt", [() => call_on_other_cpu(interrupt_sleeps), idle], {
		setup: init,
	});
	made["wrong/sleep-kmalloc-callback"] = wrong(
		"in a callback of RCU",
		[() => call_rcu(g.rcu, callback_sleeps), idle],
		{ setup: init },
	);
	return made;
}
export const scenarios = all();
