// SPDX-License-Identifier: GPL-2.0-only
/**
 * PREEMPT_RT's locks, step by step: lost wake-ups between who unlocks and who
 * comes to wait, states that outlive a spinlock, priorities that have to come
 * back. What they guard are two plain words, as in locks.ts. They run under
 * rtmutex.config alone: another kernel has no rt_mutexes.
 */
import { CONFIG_PREEMPT_RT, CONFIG_RT_MUTEXES, CONFIG_RWSEM_STEPPED } from "generated/autoconf.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import { RB_EMPTY_ROOT } from "linux/rbtree.ts";
import { READER_BIAS } from "linux/rwbase_rt.ts";
import {
	RT_MUTEX_HAS_WAITERS,
	type rt_mutex,
	rt_mutex_init,
	rt_mutex_lock,
	rt_mutex_lock_killable,
	rt_mutex_trylock,
	rt_mutex_unlock,
} from "linux/rtmutex.ts";
import {
	down_read,
	down_read_killable,
	down_write,
	down_write_killable,
	downgrade_write,
	init_rwsem,
	rwsem_word,
	up_read,
	up_write,
} from "linux/rwsem.ts";
import { TASK_RUNNING, TASK_UNINTERRUPTIBLE, type task_struct } from "linux/sched.ts";
import { get_task_struct, put_task_struct } from "linux/sched/task.ts";
import { SIGKILL } from "linux/signal.ts";
import { kfree, kzalloc } from "linux/slab.ts";
import { cpu_relax } from "linux/smp.ts";
import { spin_lock, spin_lock_init, spin_trylock, spin_unlock } from "linux/spinlock.ts";
import type { rw_semaphore, spinlock_t } from "linux/spinlock_types.ts";
import { SCHED_FIFO } from "uapi/linux/sched.ts";
import {
	__set_current_state,
	current,
	sched_setscheduler_nocheck,
	schedule,
	send_sig_bit,
	set_current_state,
	wake_up_process,
} from "kernel/sched/core.ts";
import {
	check_that,
	exit_and_idle,
	in_kernel,
	note,
	noted,
	on_cpu,
	type Scenario,
	signal,
	start_threads,
	wait_for,
} from "../scenario.ts";

interface guarded extends struct {
	spin: embed<spinlock_t>;
	a: embed<rt_mutex>;
	b: embed<rt_mutex>;
	sem: embed<rw_semaphore>;
	first: int;
	second: int;
	a_taken: int;
	b_taken: int;
	tasks: array<task_struct, 3>;
	object: owned;
}
/** Whoever drops the last reference frees it, as soon as it has let go of the lock. */
interface owned extends struct {
	lock: embed<rt_mutex>;
	refs: int;
}
const w = DEFINE<guarded>();

/* What programs tell each other: see signal(). */
const HAS_A = 0;
const HAS_B = 1;
const LEFT_A = 2;
const GAVE_UP = 3;

function mutex_lock(lock: rt_mutex): void {
	if (CONFIG_PREEMPT_RT) rt_mutex_lock(lock);
}
function mutex_lock_killable(lock: rt_mutex): number {
	return CONFIG_PREEMPT_RT ? rt_mutex_lock_killable(lock) : 0;
}
function mutex_trylock(lock: rt_mutex): boolean {
	return CONFIG_PREEMPT_RT && rt_mutex_trylock(lock);
}
function mutex_unlock(lock: rt_mutex): void {
	if (CONFIG_PREEMPT_RT) rt_mutex_unlock(lock);
}

/** Tasks on n CPUs; those with a priority are real-time ones. */
function tasks(...priorities: number[]): void {
	start_threads(priorities.length);
	spin_lock_init(w.spin);
	if (CONFIG_PREEMPT_RT) {
		rt_mutex_init(w.a);
		rt_mutex_init(w.b);
	}
	init_rwsem(w.sem);
	for (let cpu = 0; cpu < priorities.length; cpu++) {
		on_cpu(cpu, () => {
			in_kernel(() => {
				w.tasks[cpu] = current();
				if (CONFIG_RT_MUTEXES && priorities[cpu] !== 0)
					sched_setscheduler_nocheck(current(), SCHED_FIFO, priorities[cpu]);
			});
		});
	}
}

/** CPU 1's task is going to be killed, and may be gone before that is done. */
function victim(): void {
	get_task_struct(w.tasks[1]);
}

/** Under a lock that keeps everybody else out. */
function increment(): void {
	w.first++;
	w.second++;
}
/** Under one that keeps writers out. */
function look(): number {
	const n = w.first;

	check_that(w.second === n, "a reader sees one of two stores");
	return n;
}
function counted(n: number): void {
	check_that(look() === n, `${look()} increments, expected ${n}`);
}
/** All locks are free, and nobody has kept anything of them. */
function check_quiet(n: number): void {
	if (!CONFIG_PREEMPT_RT) return;
	check_that(w.spin.lock.owner === 0, "the spinlock is not free");
	check_that(w.a.rtmutex.owner === 0 && w.b.rtmutex.owner === 0, "an rt_mutex is not free");
	for (let cpu = 0; cpu < n; cpu++) {
		const p: task_struct = w.tasks[cpu];

		check_that(p.prio === p.normal_prio, `CPU${cpu}'s task goes by ${p.prio}, its own is ${p.normal_prio}`);
		check_that(p.pi_blocked_on === NULL, `CPU${cpu}'s task waits for a lock`);
		check_that(RB_EMPTY_ROOT(p.pi_waiters.rb_root), `somebody waits for CPU${cpu}'s task`);
		check_that(p.__state === TASK_RUNNING && p.saved_state === TASK_RUNNING, `CPU${cpu}'s task sleeps`);
	}
}

function spin(): void {
	spin_lock(w.spin);
	increment();
	spin_unlock(w.spin);
}
function spin_if_free(): void {
	if (!spin_trylock(w.spin)) return;
	increment();
	spin_unlock(w.spin);
	note(0, noted(0) + 1);
}

/** Sleeps until CPU 1 has said so. Between its look and its sleep it takes a lock for something else. */
function sleeper(): void {
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		const done = READ_ONCE(w.a_taken) !== 0;

		spin();
		if (done) break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}
function waker(): void {
	spin_lock(w.spin);
	increment();
	WRITE_ONCE(w.a_taken, 1);
	wake_up_process(w.tasks[0]);
	spin_unlock(w.spin);
}

/** With the reference of victim(). */
function kill(p: task_struct): void {
	send_sig_bit(SIGKILL, p);
	put_task_struct(p);
}
function waits(cpu: number): boolean {
	const p: task_struct = w.tasks[cpu];

	return CONFIG_RT_MUTEXES && READ_ONCE(p.pi_blocked_on) !== NULL;
}

function lock_a(): void {
	mutex_lock(w.a);
	increment();
	mutex_unlock(w.a);
}
function lock_a_and_kill(): void {
	mutex_lock(w.a);
	increment();
	kill(w.tasks[1]);
	mutex_unlock(w.a);
}
function lock_a_killable(): void {
	if (mutex_lock_killable(w.a) !== 0) return;
	increment();
	mutex_unlock(w.a);
	note(0, 1);
}
function try_a(): void {
	if (!mutex_trylock(w.a)) return;
	increment();
	mutex_unlock(w.a);
	note(0, 1);
}
function lock_a_and_promote(): void {
	lock_a();
	if (CONFIG_RT_MUTEXES) sched_setscheduler_nocheck(w.tasks[2], SCHED_FIFO, 50);
}
function lock_a_then_b(): void {
	wait_for(HAS_B);
	mutex_lock(w.a);
	signal(HAS_A);
	mutex_lock(w.b);
	mutex_unlock(w.b);
	mutex_unlock(w.a);
	signal(LEFT_A);
}
function give_up_a(): void {
	wait_for(HAS_A);
	lock_a_killable();
	signal(GAVE_UP);
}
/** When both others wait. CPU 1's is on its way out while CPU 0's lets go, and we take what it let go. */
function lock_b_kill_and_lock_a(): void {
	mutex_lock(w.b);
	signal(HAS_B);
	for (let turn = 0; !waits(0) || !waits(1); turn++) cpu_relax(turn);
	kill(w.tasks[1]);
	mutex_unlock(w.b);
	wait_for(LEFT_A);
	mutex_lock(w.a);
	wait_for(GAVE_UP);
	if (CONFIG_PREEMPT_RT) {
		const owner = READ_ONCE(w.a.rtmutex.owner) & ~RT_MUTEX_HAS_WAITERS;

		check_that(owner === uptr(current()), "who holds a lock is not its owner any more");
	}
	increment();
	mutex_unlock(w.a);
}
/** The lock is held, and let go of. */
function drop_owned(o: owned): void {
	const refs = o.refs - 1;

	o.refs = refs;
	mutex_unlock(o.lock);
	if (refs === 0) kfree(o);
}
function kill_and_drop_owned(): void {
	const o = w.object;

	mutex_lock(o.lock);
	signal(HAS_A);
	for (let turn = 0; !waits(1); turn++) cpu_relax(turn);
	kill(w.tasks[1]);
	drop_owned(o);
}
function give_up_and_drop_owned(): void {
	const o = w.object;

	wait_for(HAS_A);
	if (mutex_lock_killable(o.lock) !== 0) mutex_lock(o.lock);
	drop_owned(o);
}
function lock_b_then_a(): void {
	mutex_lock(w.b);
	mutex_lock(w.a);
	increment();
	mutex_unlock(w.a);
	mutex_unlock(w.b);
}
/** Until it goes by another priority than its own. */
function be_boosted(): void {
	if (CONFIG_RT_MUTEXES) {
		const p = current();

		while (READ_ONCE(p.prio) === p.normal_prio) cpu_relax();
	}
}
/** Holds it until somebody more important waits for it, or for who waits for it. */
function lock_a_until_boosted(): void {
	mutex_lock(w.a);
	WRITE_ONCE(w.a_taken, 1);
	be_boosted();
	increment();
	mutex_unlock(w.a);
}
function lock_a_when_taken(): void {
	while (READ_ONCE(w.a_taken) === 0) cpu_relax();
	lock_a();
}
function lock_b_and_wait_for_a(): void {
	while (READ_ONCE(w.a_taken) === 0) cpu_relax();
	mutex_lock(w.b);
	WRITE_ONCE(w.b_taken, 1);
	lock_a();
	mutex_unlock(w.b);
}
function lock_b_when_taken(): void {
	while (READ_ONCE(w.b_taken) === 0) cpu_relax();
	lock_b();
}
function lock_b(): void {
	mutex_lock(w.b);
	mutex_unlock(w.b);
}

function sem_write(): void {
	down_write(w.sem);
	increment();
	up_write(w.sem);
}
function sem_read(): void {
	down_read(w.sem);
	look();
	up_read(w.sem);
}
function sem_downgrade(): void {
	down_write(w.sem);
	increment();
	downgrade_write(w.sem);
	look();
	up_read(w.sem);
}

/* Of a reader or writer that is killed only the waiting ends; its share is given back by who had one. */
function sem_read_and_kill(): void {
	down_read(w.sem);
	look();
	kill(w.tasks[1]);
	up_read(w.sem);
}
function sem_write_and_kill(): void {
	down_write(w.sem);
	increment();
	kill(w.tasks[1]);
	up_write(w.sem);
}
function sem_write_killable(): void {
	if (down_write_killable(w.sem) !== 0) return;
	increment();
	up_write(w.sem);
	note(0, 1);
}
function sem_read_killable(): void {
	if (down_read_killable(w.sem) !== 0) return;
	look();
	up_read(w.sem);
}
function check_sem(): void {
	if (CONFIG_PREEMPT_RT && !CONFIG_RWSEM_STEPPED)
		check_that(rwsem_word(w.sem) === READER_BIAS, "the semaphore is not free");
}

const program =
	(...parts: (() => void)[]) =>
	() =>
		in_kernel(() => {
			for (const part of parts) part();
		});

export const scenarios: Record<string, Scenario> = {
	"rt-spinlock": {
		about: "two tasks that take a sleeping spinlock twice or try to",
		patch: "none: kernel/locking/spinlock_rt.c, rtmutex.c rtlock_slowlock()",
		invariant: "one at a time, and who sleeps for it is woken",
		setup: () => tasks(0, 0),
		cpus: [program(spin, spin), program(spin_if_free, spin)],
		check() {
			counted(3 + noted(0));
			check_quiet(2);
		},
		configs: ["rtmutex.config"],
		only: true,
	},
	"rt-sleep-and-wake": {
		about: "a task that is about to sleep and takes a spinlock first, beside the one that wakes it",
		patch: "none: kernel/sched/core.c ttwu_state_match(), saved_state",
		invariant: "a wake-up that comes while a task sleeps for a spinlock is not lost",
		setup: () => tasks(0, 0),
		cpus: [program(sleeper), program(waker)],
		check: () => check_quiet(2),
		configs: ["rtmutex.config"],
		only: true,
	},
	"rt-mutex-trylock": {
		about: "a task that locks twice beside one that tries, and then waits",
		patch: "none: kernel/locking/rtmutex.c unlock_rt_mutex_safe(), fixup_rt_mutex_waiters()",
		invariant: "who comes to wait while the lock is released is woken",
		setup: () => tasks(0, 0),
		cpus: [program(lock_a, lock_a), program(try_a, lock_a)],
		check() {
			counted(3 + noted(0));
			check_quiet(2);
		},
		configs: ["rtmutex.config"],
		only: true,
	},
	"rt-mutex-killed": {
		about: "a real-time task that waits for a lock beside the owner, who kills it",
		patch: "none: kernel/locking/rtmutex.c remove_waiter()",
		invariant: "who gives up leaves nothing behind, neither in the queue nor with the owner",
		setup() {
			tasks(0, 50);
			victim();
		},
		cpus: [program(lock_a_and_kill), program(lock_a_killable)],
		check() {
			counted(1 + noted(0));
			check_quiet(1);
		},
		configs: ["rtmutex.config"],
		only: true,
	},
	"rt-mutex-boost": {
		about: "a task that holds a lock until it is lent a priority, beside a real-time task that wants it",
		patch: "none: kernel/locking/rtmutex.c task_blocks_on_rt_mutex(), mark_wakeup_next_waiter()",
		invariant: "an owner goes by the priority of its first waiter, and by its own afterwards",
		setup: () => tasks(0, 60),
		cpus: [program(lock_a_until_boosted), program(lock_a_when_taken)],
		check() {
			counted(2);
			check_quiet(2);
		},
		configs: ["rtmutex.config"],
		only: true,
	},
	"rt-mutex-chain-boost": {
		about: "the same where the real-time task waits for who waits for the lock",
		patch: "none: kernel/locking/rtmutex.c rt_mutex_adjust_prio_chain()",
		invariant: "what an owner inherits it passes on",
		setup: () => tasks(0, 0, 60),
		cpus: [program(lock_a_until_boosted), program(lock_b_and_wait_for_a), program(lock_b_when_taken)],
		check() {
			counted(2);
			check_quiet(3);
		},
		configs: ["rtmutex.config"],
		only: true,
		models: ["sc"],
	},
	"rt-mutex-chain": {
		about: "a real-time task that waits for a lock whose owner waits for another one",
		patch: "none: kernel/locking/rtmutex.c rt_mutex_adjust_prio_chain()",
		invariant: "each lock is handed on, and what was inherited is given back",
		setup: () => tasks(0, 0, 60),
		cpus: [program(lock_a), program(lock_b_then_a), program(lock_b)],
		check() {
			counted(2);
			check_quiet(3);
		},
		configs: ["rtmutex.config"],
		only: true,
	},
	"rt-rwsem": {
		about: "a writer that becomes a reader, beside a reader and a writer of PREEMPT_RT's semaphores",
		patch: "none: kernel/locking/rwbase_rt.c",
		invariant: "writers are alone, and who sleeps is woken",
		setup: () => tasks(0, 0),
		cpus: [program(sem_downgrade), program(sem_read, sem_write)],
		check() {
			counted(2);
			check_quiet(2);
			check_sem();
		},
		configs: ["rtmutex.config"],
		only: true,
	},
	"rt-mutex-setprio": {
		about: "a task that lets go of a lock and makes the second of two who wait for it the first",
		patch: "none: kernel/locking/rtmutex.c rt_mutex_adjust_pi(), rt_mutex_adjust_prio_chain()",
		invariant: "whoever is first when nobody has the lock is woken",
		setup: () => tasks(0, 0, 0),
		cpus: [program(lock_a_and_promote), program(lock_a), program(lock_a)],
		check() {
			counted(3);
			check_quiet(3);
		},
		configs: ["rtmutex.config"],
		only: true,
	},
	"rt-mutex-chain-killed": {
		about: "a waiter that is killed and whose lock's owner waits, too, beside who takes that lock next",
		patch: "none: kernel/locking/rtmutex.c remove_waiter(), fixup_rt_mutex_waiters()",
		invariant: "who leaves the queue changes nothing of who owns the lock",
		setup() {
			tasks(0, 50, 0);
			victim();
		},
		cpus: [program(lock_a_then_b), program(give_up_a), program(lock_b_kill_and_lock_a)],
		check: () => counted(1 + noted(0)),
		configs: ["rtmutex.config"],
		only: true,
		models: ["sc"],
	},
	"rt-mutex-waiter-exits": {
		about: "a task that locks beside another one that ends as soon as it has let go",
		patch: "none: kernel/locking/rtmutex.c rt_mutex_wake_q_add()",
		invariant: "who wakes a waiter holds on to its task",
		setup: () => tasks(0, 0),
		cpus: [
			program(lock_a),
			() => {
				in_kernel(lock_a);
				exit_and_idle();
			},
		],
		check() {
			counted(2);
			check_quiet(1);
		},
		configs: ["rtmutex.config"],
		only: true,
	},
	"rt-mutex-freed": {
		about: "two tasks that drop references under a lock, which the last one frees; one is killed before",
		patch: "none: kernel/locking/rtmutex.c unlock_rt_mutex_safe()",
		invariant: "who unlocks does not touch the lock once another one can have it",
		setup() {
			tasks(0, 0);
			const o = kzalloc<owned>(sizeof<owned>(), GFP_KERNEL);

			if (CONFIG_PREEMPT_RT) rt_mutex_init(o.lock);
			o.refs = 2;
			w.object = o;
			victim();
		},
		cpus: [program(kill_and_drop_owned), program(give_up_and_drop_owned)],
		configs: ["rtmutex.config"],
		only: true,
	},
	"rt-rwsem-killed-writer": {
		about: "a writer that waits for readers and is killed, beside the reader that kills it",
		patch: "none: kernel/locking/rwbase_rt.c rwbase_write_lock()",
		invariant: "who returns with -EINTR has given back what it took away from readers",
		setup() {
			tasks(0, 0);
			victim();
		},
		cpus: [program(sem_read_and_kill), program(sem_write_killable)],
		check() {
			counted(noted(0));
			check_quiet(1);
			check_sem();
		},
		configs: ["rtmutex.config"],
		only: true,
	},
	"rt-rwsem-killed-reader": {
		about: "a reader that waits for a writer and is killed, beside the writer that kills it",
		patch: "none: kernel/locking/rwbase_rt.c __rwbase_read_lock()",
		invariant: "who returns with -EINTR has no share of the lock",
		setup() {
			tasks(0, 0);
			victim();
		},
		cpus: [program(sem_write_and_kill), program(sem_read_killable)],
		check() {
			counted(1);
			check_quiet(1);
			check_sem();
		},
		configs: ["rtmutex.config"],
		only: true,
	},
};
