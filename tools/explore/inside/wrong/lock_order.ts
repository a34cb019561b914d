// SPDX-License-Identifier: GPL-2.0-only
/** Wrong programs: locks that are taken in a way that can end in a deadlock, whether or not this time it does. */
import { GFP_KERNEL } from "linux/gfp.ts";
import { kfree, kmalloc } from "linux/slab.ts";
import { down_read, down_write, init_rwsem, up_read, up_write } from "linux/rwsem.ts";
import {
	spin_lock,
	spin_lock_init,
	spin_lock_irq,
	spin_lock_nested,
	spin_trylock,
	spin_unlock,
	spin_unlock_irq,
} from "linux/spinlock.ts";
import type { rw_semaphore, spinlock_t } from "linux/spinlock_types.ts";
import { start_threads } from "../scenario.ts";
import { call_on_other_cpu, type Scenario, wrong } from "../wrong.ts";

interface locks extends struct {
	a: embed<spinlock_t>;
	b: embed<spinlock_t>;
	c: embed<spinlock_t>;
	sem: embed<rw_semaphore>;
	sem2: embed<rw_semaphore>;
	node: array<embed<spinlock_t>, 2>;
	object: locked;
}
interface locked extends struct {
	lock: embed<spinlock_t>;
}
const l = DEFINE<locks>();

function init(): void {
	spin_lock_init(l.a);
	spin_lock_init(l.b);
	spin_lock_init(l.c);
	for (let i = 0; i < 2; i++) spin_lock_init(l.node[i]);
	init_rwsem(l.sem);
	init_rwsem(l.sem2);
}
function tasks(): void {
	start_threads(2);
	init();
}
function inside(outer: spinlock_t, inner: spinlock_t): void {
	spin_lock(outer);
	spin_lock(inner);
	spin_unlock(inner);
	spin_unlock(outer);
}
function a_then_b(): void {
	inside(l.a, l.b);
}
function b_then_a(): void {
	inside(l.b, l.a);
}
function sem_then_sem2(): void {
	down_write(l.sem);
	down_read(l.sem2);
	up_read(l.sem2);
	up_write(l.sem);
}
function sem2_then_sem(): void {
	down_read(l.sem2);
	down_read(l.sem);
	up_read(l.sem);
	up_read(l.sem2);
}
const interrupt_takes_a = RODATA((_info: number): void => {
	spin_lock(l.a);
	spin_unlock(l.a);
});
const program = (about: string, cpus: (() => void)[]): Scenario => wrong(about, cpus, { setup: init });
const with_tasks = (about: string, cpus: (() => void)[]): Scenario => wrong(about, cpus, { setup: tasks });

export const scenarios: Record<string, Scenario> = {
	"wrong/abba": program("two locks in two orders", [a_then_b, b_then_a]),
	"wrong/abba-one-cpu": program("two locks in two orders, one after the other", [
		() => {
			a_then_b();
			b_then_a();
		},
	]),
	"wrong/abba-rwsem": with_tasks("two semaphores in two orders", [sem_then_sem2, sem2_then_sem]),
	"wrong/abca": program("three locks in a circle", [
		() => {
			a_then_b();
			inside(l.b, l.c);
		},
		() => inside(l.c, l.a),
	]),
	"right/abc": program("three locks in one order", [
		() => {
			a_then_b();
			inside(l.a, l.c);
		},
		() => inside(l.b, l.c),
	]),
	"right/abba-try": program("the other order, but it only tries", [
		a_then_b,
		() => {
			spin_lock(l.b);
			if (spin_trylock(l.a)) spin_unlock(l.a);
			spin_unlock(l.b);
		},
	]),
	"right/rwsem-then-spin": with_tasks("a spinlock inside of a semaphore", [
		() => {
			down_read(l.sem);
			a_then_b();
			up_read(l.sem);
		},
		() => {
			down_write(l.sem);
			a_then_b();
			up_write(l.sem);
		},
	]),
	"wrong/recursion": program("a lock inside of itself", [
		() => {
			spin_lock(l.a);
			spin_lock(l.a);
		},
	]),
	"wrong/recursion-rwsem": with_tasks("a semaphore inside of itself", [
		() => {
			down_read(l.sem);
			down_read(l.sem);
			up_read(l.sem);
			up_read(l.sem);
		},
		() => {},
	]),
	"wrong/recursion-class": program("two locks of a class", [() => inside(l.node[0], l.node[1])]),
	"right/nested-class": program("two locks of a class, with a subclass", [
		() => {
			spin_lock(l.node[0]);
			spin_lock_nested(l.node[1], 1);
			spin_unlock(l.node[1]);
			spin_unlock(l.node[0]);
		},
	]),
	"wrong/irq-unsafe": program("an interrupt takes what its task takes with interrupts on", [
		() => call_on_other_cpu(interrupt_takes_a),
		() => {
			spin_lock(l.a);
			spin_unlock(l.a);
		},
	]),
	"right/irq-safe": program("an interrupt takes what its task takes with interrupts off", [
		() => call_on_other_cpu(interrupt_takes_a),
		() => {
			spin_lock_irq(l.a);
			spin_unlock_irq(l.a);
		},
	]),
	"wrong/irq-order": program("around a lock that is taken with interrupts on is one that interrupts take", [
		() => call_on_other_cpu(interrupt_takes_a),
		() => {
			spin_lock_irq(l.a);
			spin_lock(l.b);
			spin_unlock(l.b);
			spin_unlock_irq(l.a);
			spin_lock(l.b);
			spin_unlock(l.b);
		},
	]),
	"wrong/irq-on-inside": program("interrupts are enabled while what they take is held", [
		() => call_on_other_cpu(interrupt_takes_a),
		() => {
			spin_lock_irq(l.b);
			spin_lock(l.a);
			spin_unlock_irq(l.b);
			spin_unlock(l.a);
		},
	]),
	"wrong/unlock-unheld": program("a lock is released that is free", [() => spin_unlock(l.a)]),
	"wrong/unlock-others": program("a lock is released that another one holds", [
		() => {
			spin_lock(l.a);
			spin_unlock(l.a);
		},
		() => spin_unlock(l.a),
	]),
	"wrong/up-read-unheld": with_tasks("a semaphore is released that is free", [() => up_read(l.sem), () => {}]),
	"wrong/lock-kept": program("a program ends with a lock", [
		function keeps_a_lock() {
			spin_lock(l.b);
		},
	]),
	"wrong/rwsem-kept": with_tasks("a program ends with a semaphore", [() => down_read(l.sem), () => {}]),
	"wrong/lock-uninitialised": program("the lock of a new object was not initialised", [
		() => {
			const o = kmalloc<locked>(sizeof<locked>(), GFP_KERNEL);

			spin_lock(o.lock);
			spin_unlock(o.lock);
			kfree(o);
		},
	]),
	"right/lock-initialised": program("the lock of a new object", [
		() => {
			const o = kmalloc<locked>(sizeof<locked>(), GFP_KERNEL);

			spin_lock_init(o.lock);
			spin_lock(o.lock);
			spin_unlock(o.lock);
			kfree(o);
		},
	]),
};
