// SPDX-License-Identifier: GPL-2.0-only
/** Wrong programs: those that never end, and busy-wait loops that do. */
import { BUG, BUG_ON, VM_BUG_ON, WARN_ON, WARN_ON_ONCE } from "linux/bug.ts";
import { complete, type completion, init_completion, wait_for_completion } from "linux/completion.ts";
import { lockdep_assert_held_write, lockdep_assert_rwsem_held } from "linux/lockdep.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import { down_read_trylock, down_write, down_write_trylock, init_rwsem, up_read, up_write } from "linux/rwsem.ts";
import { cpu_relax, smp_call_function_single } from "linux/smp.ts";
import { spin_lock, spin_lock_init, spin_trylock, spin_unlock } from "linux/spinlock.ts";
import type { rw_semaphore, spinlock_t } from "linux/spinlock_types.ts";
import { check_that, start_threads } from "../scenario.ts";
import { type Scenario, wrong } from "../wrong.ts";

interface waits extends struct {
	lock: embed<spinlock_t>;
	sem: embed<rw_semaphore>;
	flag: int;
	beat: int /* how often somebody looked; its own */;
	word: int;
	count: int /* lock or sem */;
	done: embed<completion>;
}
const g = DEFINE<waits>();

function init(): void {
	spin_lock_init(g.lock);
	init_rwsem(g.sem);
	init_completion(g.done);
}
function tasks(): void {
	start_threads(2);
	init();
}
function raise_flag(): void {
	WRITE_ONCE(g.flag, 1);
}
/** What it does when it has raised the flag is its CPU's last step. */
const raise_and_beat = RODATA((_info: number): void => {
	raise_flag();
	WRITE_ONCE(g.beat, 1);
});
function wait_for_beat(): void {
	while (READ_ONCE(g.beat) === 0) cpu_relax();
}
function wait_for_flag(): void {
	while (READ_ONCE(g.flag) === 0) cpu_relax();
}
function flag_under_lock(): boolean {
	spin_lock(g.lock);
	const done = g.flag !== 0;

	spin_unlock(g.lock);
	return done;
}
function raise_under_lock(): void {
	spin_lock(g.lock);
	g.flag = 1;
	spin_unlock(g.lock);
}
/** Under the lock, by trying until it is free. */
function increment_trying(): void {
	while (!spin_trylock(g.lock)) cpu_relax();
	g.count++;
	spin_unlock(g.lock);
}
function increment(): void {
	spin_lock(g.lock);
	g.count++;
	spin_unlock(g.lock);
}
function store_for_ever(): void {
	for (;;) g.count++;
}
function call_nothing(): void {
	const nothing = undefined as unknown as () => void;

	nothing();
}
function counted(n: number): void {
	check_that(g.count === n, `${g.count} of ${n} increments`);
}
const program = (about: string, cpus: (() => void)[], check?: () => void): Scenario =>
	wrong(about, cpus, { setup: init, check });
const with_tasks = (about: string, cpus: (() => void)[], check?: () => void): Scenario =>
	wrong(about, cpus, { setup: tasks, check });

export const scenarios: Record<string, Scenario> = {
	"wrong/second-interrupt-left": wrong("who is told of the second interrupt takes it for ended", [
		() => {
			smp_call_function_single(1, raise_and_beat, 0, false);
			wait_for_beat();
			WRITE_ONCE(g.flag, 0);
			WRITE_ONCE(g.beat, 0);
			smp_call_function_single(1, raise_and_beat, 0, false);
			wait_for_flag();
			check_that(READ_ONCE(g.beat) !== 0, "the interrupt has not ended");
		},
		() => {},
	]),
	/* ---- the kernel complains ---- */
	"wrong/bug": program("BUG()", [() => BUG("on purpose")]),
	"wrong/bug-on": program("BUG_ON()", [() => BUG_ON(true, "on purpose")]),
	"wrong/vm-bug-on": program("VM_BUG_ON()", [() => VM_BUG_ON(true, "on purpose")]),
	"wrong/warn-on": program("WARN_ON()", [
		() => {
			WARN_ON(true, "on purpose");
		},
	]),
	"wrong/warn-on-once": program("WARN_ON_ONCE()", [
		() => {
			WARN_ON_ONCE(true, "on purpose");
		},
	]),
	"right/no-bug": program("conditions that do not hold", [
		() => {
			BUG_ON(false, "not this");
			WARN_ON(false, "nor this");
		},
	]),
	"wrong/check": program("a scenario's own check", [() => {}], () => check_that(false, "on purpose")),
	"wrong/rcu-unlock": program("a section ends that has not begun", [() => rcu_read_unlock()]),
	"wrong/rcu-kept": program("a program ends in a section", [() => rcu_read_lock()]),

	"right/sleep-and-wake": with_tasks("one sleeps until another wakes it", [
		() => wait_for_completion(g.done),
		() => complete(g.done),
	]),
	"right/many-stores": program("more stores than a store buffer has room for", [
		() => {
			for (let i = 0; i < 300; i++) WRITE_ONCE(g.word, i);
		},
		() => {
			g.beat = READ_ONCE(g.word);
		},
	]),

	/* ---- programs without an end ---- */
	"wrong/turns-for-ever": program("a loop without a step", [
		() => {
			for (let i = 0; i >= 0; i = 1 - i);
		},
		raise_flag,
	]),
	"wrong/steps-for-ever": program("a loop with steps, of which each may change something", [
		() => {
			for (;;) WRITE_ONCE(g.word, READ_ONCE(g.word) + 1);
		},
		() => WRITE_ONCE(g.word, 0),
	]),

	"wrong/stores-for-ever-after": program("a check stores for ever", [() => {}], store_for_ever),

	/* ---- what the kernel would oops on, and is no panic ---- */
	"wrong/throws": program("a program calls what is no function", [call_nothing]),
	"wrong/throws-before": wrong("the set-up calls what is no function", [() => {}], { setup: call_nothing }),
	"wrong/throws-after": program("a check calls what is no function", [() => {}], call_nothing),

	/* ---- assertions ---- */
	"wrong/assert-others-rwsem": program("it is asserted that a semaphore is held, which another CPU holds", [
		() => {
			down_write(g.sem);
			raise_flag();
			while (READ_ONCE(g.word) === 0) cpu_relax();
			up_write(g.sem);
		},
		() => {
			wait_for_flag();
			lockdep_assert_held_write(g.sem);
			WRITE_ONCE(g.word, 1);
		},
	]),
	"right/assert-own-rwsem": program("it is asserted that a semaphore is held by who holds it", [
		() => {
			down_write(g.sem);
			lockdep_assert_rwsem_held(g.sem);
			lockdep_assert_held_write(g.sem);
			up_write(g.sem);
		},
		() => {
			down_write(g.sem);
			up_write(g.sem);
		},
	]),

	/* ---- nobody goes on ---- */
	"wrong/wait-for-nobody": program("a busy-wait loop for what nobody does", [wait_for_flag]),
	"wrong/wait-for-each-other": program("two that wait for each other", [
		() => {
			wait_for_flag();
			WRITE_ONCE(g.word, 1);
		},
		() => {
			while (READ_ONCE(g.word) === 0) cpu_relax();
			raise_flag();
		},
	]),
	"wrong/wait-with-lock": program("the flag would be raised under the lock that is held meanwhile", [
		() => {
			spin_lock(g.lock);
			wait_for_flag();
			spin_unlock(g.lock);
		},
		() => {
			spin_lock(g.lock);
			raise_flag();
			spin_unlock(g.lock);
		},
	]),
	"wrong/wait-with-lock-trying": program("the same, and the other one tries", [
		() => {
			spin_lock(g.lock);
			wait_for_flag();
			spin_unlock(g.lock);
		},
		() => {
			increment_trying();
			raise_flag();
		},
	]),
	"wrong/wait-with-rwsem": with_tasks("the same with a semaphore", [
		() => {
			down_write(g.sem);
			wait_for_flag();
			up_write(g.sem);
		},
		() => {
			down_write(g.sem);
			raise_flag();
			up_write(g.sem);
		},
	]),
	"wrong/poll-for-nobody": program("polling under a lock, for what nobody does", [
		() => {
			while (!flag_under_lock()) cpu_relax();
		},
		increment,
	]),

	/* ---- somebody does, whatever the loop looks at ---- */
	"right/trylock-loop": program("a spinlock that is tried until it is free", [increment_trying, increment], () =>
		counted(2),
	),
	"right/trylock-loops": program("two that try", [increment_trying, increment_trying], () => counted(2)),
	"right/poll-under-lock": program("a flag that is looked at under a lock", [
		() => {
			while (!flag_under_lock()) cpu_relax();
		},
		raise_under_lock,
	]),
	"right/poll-under-lock-counting": program("the same, and it counts its turns in memory", [
		() => {
			for (let done = false; !done; ) {
				spin_lock(g.lock);
				done = g.flag !== 0;
				g.count++;
				spin_unlock(g.lock);
				if (!done) cpu_relax();
			}
		},
		raise_under_lock,
	]),
	"right/poll-and-write": program("between the look and the wait it writes", [
		() => {
			while (READ_ONCE(g.flag) === 0) {
				WRITE_ONCE(g.beat, 1);
				READ_ONCE(g.word);
				cpu_relax();
			}
		},
		() => {
			READ_ONCE(g.beat);
			raise_flag();
			WRITE_ONCE(g.word, 0);
		},
	]),
	"right/poll-and-write-counted": program("the same with numbered turns", [
		() => {
			for (let n = 0; READ_ONCE(g.flag) === 0; n++) {
				WRITE_ONCE(g.beat, 1);
				READ_ONCE(g.word);
				cpu_relax(n);
			}
		},
		() => {
			READ_ONCE(g.beat);
			raise_flag();
			WRITE_ONCE(g.word, 0);
		},
	]),
	"right/poll-in-section": program("a flag that is looked at in an RCU section", [
		() => {
			for (let done = false; !done; ) {
				rcu_read_lock();
				done = READ_ONCE(g.flag) !== 0;
				rcu_read_unlock();
				if (!done) cpu_relax();
			}
		},
		raise_flag,
	]),
	"right/cmpxchg-loop": program("a word that is exchanged until it was free", [
		() => {
			while (cmpxchg(g.word, 0, 1) !== 0) cpu_relax();
			smp_store_release(g.word, 0);
		},
		() => {
			while (xchg(g.word, 1) !== 0) cpu_relax();
			smp_store_release(g.word, 0);
		},
	]),
	"right/rwsem-trylock-loop": with_tasks(
		"a semaphore that is tried until it is free",
		[
			() => {
				while (!down_write_trylock(g.sem)) cpu_relax();
				g.count++;
				up_write(g.sem);
			},
			() => {
				while (!down_read_trylock(g.sem)) cpu_relax();
				up_read(g.sem);
			},
		],
		() => counted(1),
	),
	"right/wait-gives-up": program("a loop that gives up after some turns, which nobody answers", [
		() => {
			for (let n = 0; n < 100 && READ_ONCE(g.flag) === 0; n++) cpu_relax(n);
		},
		() => {
			READ_ONCE(g.flag);
		},
	]),
	"right/wait-own-progress": program("a loop that ends by what it does itself", [
		() => {
			while (READ_ONCE(g.word) < 3) {
				fetch_add(g.word, 1);
				cpu_relax();
			}
		},
		() => {
			READ_ONCE(g.word);
		},
	]),
};
