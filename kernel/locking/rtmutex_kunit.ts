// SPDX-License-Identifier: GPL-2.0-only
/**
 * Tests of kernel/locking/rtmutex.ts, spinlock_rt.ts and rwbase_rt.ts: who gets
 * a lock next, what its owner inherits, and what comes back as a deadlock. Each
 * waiter is a work on a CPU of its own, done by that CPU's idle task.
 */
import { nr_cpu_ids } from "host/cpu.ts";
import {
	KUNIT_CASE,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE,
	KUNIT_EXPECT_NULL,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_skip,
	kunit_suite,
} from "kunit/test.ts";
import { EDEADLK, EINTR, EINVAL } from "linux/errno.ts";
import { local_irq_disable, local_irq_enable } from "linux/irqflags.ts";
import { in_atomic } from "linux/preempt.ts";
import {
	call_rcu,
	rcu_barrier,
	rcu_preempt_depth,
	rcu_read_lock,
	rcu_read_unlock,
} from "linux/rcupdate.ts";
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
	down_read_trylock,
	down_write,
	down_write_killable,
	downgrade_write,
	init_rwsem,
	up_read,
	up_write,
} from "linux/rwsem.ts";
import {
	TASK_RTLOCK_WAIT,
	TASK_RUNNING,
	TASK_UNINTERRUPTIBLE,
	type task_struct,
} from "linux/sched.ts";
import { DEFAULT_PRIO, MAX_RT_PRIO } from "linux/sched/prio.ts";
import { SIGKILL, sigmask } from "linux/signal.ts";
import { cpu_relax } from "linux/smp.ts";
import {
	raw_spin_lock_irqsave,
	raw_spin_unlock_irqrestore,
	spin_lock,
	spin_lock_init,
	spin_trylock,
	spin_unlock,
} from "linux/spinlock.ts";
import type { rw_semaphore, spinlock_t } from "linux/spinlock_types.ts";
import type { rcu_head } from "linux/types.ts";
import { SCHED_FIFO, SCHED_NORMAL } from "uapi/linux/sched.ts";
import { __rt_mutex_slowlock } from "kernel/locking/rtmutex.ts";
import {
	RT_MUTEX_FULL_CHAINWALK,
	rt_mutex_has_waiters,
	rt_mutex_init_waiter,
	type rt_mutex_waiter,
} from "kernel/locking/rtmutex_common.ts";
import {
	rcu_check_callbacks,
	rcu_momentary_dyntick_idle,
} from "kernel/rcu.ts";
import {
	current,
	idle_task,
	sched_setscheduler_nocheck,
	send_sig_bit,
	set_current_state,
	wake_up_process,
} from "kernel/sched/core.ts";
import { cpu_online } from "kernel/smp.ts";
import {
	flush_work,
	INIT_WORK,
	schedule_work_on,
	type work_struct,
} from "kernel/workqueue.ts";

const TURNS = 2000;

/** All fields: a, unless said. */
interface rtmutex_test extends struct {
	a: embed<rt_mutex>;
	b: embed<rt_mutex>;
	spin: embed<spinlock_t>;
	sem: embed<rw_semaphore>;
	order: array<int, 4>; /* CPUs, as they got the lock */
	n: int;
	counter: int; /* spin */
	twin: int; /* spin */
	/** of the worker behind its lock, its CPU only; in one test how far
	 *  both are, atomic */
	state: int;
	head: embed<rcu_head>; /* its CPU only */
	works: array<embed<work_struct>, 64>;
}
const data = DEFINE<rtmutex_test>();

/** What a task with that rt_priority goes by. */
function prio_of(rt_priority: number): number {
	return MAX_RT_PRIO - 1 - rt_priority;
}

function make_fifo(p: task_struct, rt_priority: number): void {
	sched_setscheduler_nocheck(p, SCHED_FIFO, rt_priority);
}

function rtmutex_init(): number {
	rt_mutex_init(data.a);
	rt_mutex_init(data.b);
	spin_lock_init(data.spin);
	init_rwsem(data.sem);
	data.n = 0;
	data.counter = 0;
	data.twin = 0;
	data.state = -1;
	return 0;
}

function rtmutex_exit(): void {
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		sched_setscheduler_nocheck(idle_task(cpu), SCHED_NORMAL, 0);
}

function need_cpus(test: kunit, n: number): void {
	for (let cpu = 1; cpu < n; cpu++) {
		if (cpu >= nr_cpu_ids() || !cpu_online(cpu))
			kunit_skip(test, "needs CPUs in their idle loops");
	}
}

/** Starts func on a CPU, and waits until it waits for a lock. */
function blocks(cpu: number, func: rodata<(arg: number) => number>): void {
	const work: work_struct = data.works[cpu];
	const p = idle_task(cpu);

	INIT_WORK(work, func, cpu);
	schedule_work_on(cpu, work);
	for (let n = 0; READ_ONCE(p.pi_blocked_on) === NULL; n++)
		cpu_relax(n);
}

function done(cpu: number): number {
	return flush_work(data.works[cpu]);
}

const take_a = RODATA((cpu: number): number => {
	rt_mutex_lock(data.a);
	data.order[data.n] = cpu;
	data.n++;
	rt_mutex_unlock(data.a);
	return 0;
});

const take_a_killable = RODATA((_cpu: number): number => {
	const ret = rt_mutex_lock_killable(data.a);

	if (ret === 0)
		rt_mutex_unlock(data.a);
	return ret;
});

const take_b_then_a = RODATA((_cpu: number): number => {
	rt_mutex_lock(data.b);
	rt_mutex_lock(data.a);
	rt_mutex_unlock(data.a);
	rt_mutex_unlock(data.b);
	return 0;
});

const take_b = RODATA((_cpu: number): number => {
	rt_mutex_lock(data.b);
	rt_mutex_unlock(data.b);
	return 0;
});

function rtmutex_trylock(test: kunit): void {
	KUNIT_EXPECT_TRUE(test, rt_mutex_trylock(data.a));
	KUNIT_EXPECT_EQ(test, data.a.rtmutex.owner, uptr(current()));
	KUNIT_EXPECT_FALSE(test, rt_mutex_trylock(data.a));
	/* A failed attempt leaves no bit behind. */
	KUNIT_EXPECT_EQ(test, data.a.rtmutex.owner, uptr(current()));
	rt_mutex_unlock(data.a);
	KUNIT_EXPECT_EQ(test, data.a.rtmutex.owner, 0);
}

/** The most important one goes first, whoever came first. */
function rtmutex_priority_order(test: kunit): void {
	need_cpus(test, 4);
	make_fifo(idle_task(1), 10);
	make_fifo(idle_task(2), 50);
	make_fifo(idle_task(3), 30);
	rt_mutex_lock(data.a);
	for (let cpu = 1; cpu < 4; cpu++)
		blocks(cpu, take_a);
	KUNIT_EXPECT_EQ(test, current().prio, prio_of(50));
	rt_mutex_unlock(data.a);
	KUNIT_EXPECT_EQ(test, current().prio, DEFAULT_PRIO);
	for (let cpu = 1; cpu < 4; cpu++)
		done(cpu);
	KUNIT_EXPECT_EQ(test, data.order[0], 2);
	KUNIT_EXPECT_EQ(test, data.order[1], 3);
	KUNIT_EXPECT_EQ(test, data.order[2], 1);
	KUNIT_EXPECT_EQ(test, data.a.rtmutex.owner, 0);
}

/** Of equals, who came first. */
function rtmutex_fifo_order(test: kunit): void {
	need_cpus(test, 4);
	rt_mutex_lock(data.a);
	for (let cpu = 3; cpu > 0; cpu--) {
		make_fifo(idle_task(cpu), 20);
		blocks(cpu, take_a);
	}
	rt_mutex_unlock(data.a);
	for (let cpu = 1; cpu < 4; cpu++)
		done(cpu);
	KUNIT_EXPECT_EQ(test, data.order[0], 3);
	KUNIT_EXPECT_EQ(test, data.order[1], 2);
	KUNIT_EXPECT_EQ(test, data.order[2], 1);
}

/** We own a; CPU 1 owns b and waits for a; CPU 2 waits for b. */
function rtmutex_chain(test: kunit): void {
	need_cpus(test, 3);
	make_fifo(idle_task(2), 60);
	rt_mutex_lock(data.a);
	blocks(1, take_b_then_a);
	KUNIT_EXPECT_EQ(test, current().prio, DEFAULT_PRIO);
	blocks(2, take_b);
	/* It blocks first, and walks the chain then. */
	for (let n = 0; READ_ONCE(current().prio) === DEFAULT_PRIO; n++)
		cpu_relax(n);
	KUNIT_EXPECT_EQ(test, idle_task(1).prio, prio_of(60));
	KUNIT_EXPECT_EQ(test, current().prio, prio_of(60));
	KUNIT_EXPECT_EQ(test, current().normal_prio, DEFAULT_PRIO);
	rt_mutex_unlock(data.a);
	KUNIT_EXPECT_EQ(test, current().prio, DEFAULT_PRIO);
	KUNIT_EXPECT_NULL(test, current().pi_top_task);
	done(1);
	done(2);
	KUNIT_EXPECT_EQ(test, idle_task(1).prio, DEFAULT_PRIO);
}

/** A waiter that gives up takes back what it lent. */
function rtmutex_deboost(test: kunit): void {
	need_cpus(test, 2);
	const victim = idle_task(1);

	make_fifo(victim, 70);
	rt_mutex_lock(data.a);
	blocks(1, take_a_killable);
	for (let n = 0; READ_ONCE(current().prio) === DEFAULT_PRIO; n++)
		cpu_relax(n);
	KUNIT_EXPECT_EQ(test, current().prio, prio_of(70));
	send_sig_bit(SIGKILL, victim);
	KUNIT_EXPECT_EQ(test, done(1), -EINTR);
	fetch_and(victim.pending, ~sigmask(SIGKILL));
	KUNIT_EXPECT_EQ(test, current().prio, DEFAULT_PRIO);
	KUNIT_EXPECT_EQ(test, data.a.rtmutex.owner, uptr(current()));
	rt_mutex_unlock(data.a);
}

/** Another priority of a waiter is one of the owner's, too. */
function rtmutex_setscheduler(test: kunit): void {
	need_cpus(test, 2);
	const p = idle_task(1);

	KUNIT_EXPECT_EQ(test, sched_setscheduler_nocheck(p, SCHED_FIFO, 0),
		-EINVAL);
	KUNIT_EXPECT_EQ(test, sched_setscheduler_nocheck(p, SCHED_NORMAL, 1),
		-EINVAL);
	KUNIT_EXPECT_EQ(test, sched_setscheduler_nocheck(p, SCHED_FIFO, 100),
		-EINVAL);
	rt_mutex_lock(data.a);
	blocks(1, take_a);
	KUNIT_EXPECT_EQ(test, current().prio, DEFAULT_PRIO);
	make_fifo(p, 40);
	KUNIT_EXPECT_EQ(test, p.prio, prio_of(40));
	KUNIT_EXPECT_EQ(test, current().prio, prio_of(40));
	sched_setscheduler_nocheck(p, SCHED_NORMAL, 0);
	KUNIT_EXPECT_EQ(test, current().prio, DEFAULT_PRIO);
	/* What is our own already is not lent. */
	make_fifo(current(), 50);
	make_fifo(p, 40);
	KUNIT_EXPECT_EQ(test, current().prio, prio_of(50));
	sched_setscheduler_nocheck(current(), SCHED_NORMAL, 0);
	KUNIT_EXPECT_EQ(test, current().prio, prio_of(40));
	rt_mutex_unlock(data.a);
	done(1);
	KUNIT_EXPECT_EQ(test, current().prio, DEFAULT_PRIO);
}

/** Lock with detection, as futexes do. */
function lock_and_detect(lock: rt_mutex): number {
	const waiter = STACK<rt_mutex_waiter>();
	const base = lock.rtmutex;

	rt_mutex_init_waiter(waiter);
	const flags = raw_spin_lock_irqsave(base.wait_lock);
	const ret = __rt_mutex_slowlock(base, TASK_UNINTERRUPTIBLE,
		RT_MUTEX_FULL_CHAINWALK, waiter);

	raw_spin_unlock_irqrestore(base.wait_lock, flags);
	return ret;
}

function rtmutex_deadlock(test: kunit): void {
	rt_mutex_lock(data.a);
	KUNIT_EXPECT_EQ(test, lock_and_detect(data.a), -EDEADLK);
	KUNIT_EXPECT_EQ(test, data.a.rtmutex.owner, uptr(current()));

	need_cpus(test, 2);
	blocks(1, take_b_then_a);
	KUNIT_EXPECT_EQ(test, lock_and_detect(data.b), -EDEADLK);
	KUNIT_EXPECT_NULL(test, current().pi_blocked_on);
	KUNIT_EXPECT_EQ(test, current().__state, TASK_RUNNING);
	KUNIT_EXPECT_EQ(test, data.b.rtmutex.owner, uptr(idle_task(1)));
	rt_mutex_unlock(data.a);
	done(1);
	KUNIT_EXPECT_EQ(test, data.b.rtmutex.owner, 0);
}

/** A section that may sleep, and keeps RCU from ending a grace period. */
function rt_spin_states(test: kunit): void {
	spin_lock(data.spin);
	KUNIT_EXPECT_FALSE(test, in_atomic());
	KUNIT_EXPECT_EQ(test, rcu_preempt_depth(), 1);
	KUNIT_EXPECT_EQ(test, current().migration_disabled, 1);
	KUNIT_EXPECT_FALSE(test, spin_trylock(data.spin));
	spin_unlock(data.spin);
	KUNIT_EXPECT_EQ(test, rcu_preempt_depth(), 0);
	KUNIT_EXPECT_EQ(test, current().migration_disabled, 0);

	/* To try is allowed where to wait is not. */
	local_irq_disable();
	KUNIT_EXPECT_TRUE(test, spin_trylock(data.spin));
	spin_unlock(data.spin);
	local_irq_enable();
}

const about_to_sleep = RODATA((_cpu: number): number => {
	set_current_state(TASK_UNINTERRUPTIBLE);
	spin_lock(data.spin);
	WRITE_ONCE(data.state, READ_ONCE(current().__state));
	spin_unlock(data.spin);
	set_current_state(TASK_RUNNING);
	return 0;
});

/** Waits for the worker on CPU 1 to sleep for the spinlock. */
function sleeps_for_spin(): task_struct {
	const p = idle_task(1);

	blocks(1, about_to_sleep);
	for (let n = 0; READ_ONCE(p.__state) !== TASK_RTLOCK_WAIT; n++)
		cpu_relax(n);
	return p;
}

/** The state that a task was about to sleep in outlives a spinlock … */
function rt_spin_saves_state(test: kunit): void {
	need_cpus(test, 2);
	spin_lock(data.spin);
	sleeps_for_spin();
	spin_unlock(data.spin);
	done(1);
	KUNIT_EXPECT_EQ(test, data.state, TASK_UNINTERRUPTIBLE);
}

/** … and a wake-up for it that comes meanwhile is not lost. */
function rt_spin_keeps_wakeup(test: kunit): void {
	need_cpus(test, 2);
	spin_lock(data.spin);
	const p = sleeps_for_spin();

	KUNIT_EXPECT_TRUE(test, wake_up_process(p));
	KUNIT_EXPECT_EQ(test, data.state, -1);
	spin_unlock(data.spin);
	done(1);
	KUNIT_EXPECT_EQ(test, data.state, TASK_RUNNING);
}

const take_spin = RODATA((_rhp: rcu_head): void => {
	spin_lock(data.spin);
	data.n++;
	spin_unlock(data.spin);
});

/** Sleeps for the spinlock just when a callback may be invoked. */
const waits_beside_callback = RODATA((_cpu: number): number => {
	call_rcu(data.head, take_spin);
	/* The grace period begins. It cannot end yet: the test reads. */
	rcu_check_callbacks();
	WRITE_ONCE(data.state, 0);
	for (let n = 0; READ_ONCE(data.state) === 0; n++)
		cpu_relax(n);
	take_spin(data.head);
	return 0;
});

/**
 * A callback that takes the spinlock which the task below it sleeps for is not
 * queued behind that task, which could not run any more.
 */
function rt_spin_keeps_callbacks(test: kunit): void {
	need_cpus(test, 2);
	const p = idle_task(1);

	rcu_read_lock();
	INIT_WORK(data.works[1], waits_beside_callback, 1);
	schedule_work_on(1, data.works[1]);
	for (let n = 0; READ_ONCE(data.state) !== 0; n++)
		cpu_relax(n);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, data.n, 0);
	/* It has ended, which CPU 1 has not noticed. */
	rcu_momentary_dyntick_idle();
	const nvcsw = READ_ONCE(p.nvcsw);

	spin_lock(data.spin);
	WRITE_ONCE(data.state, 1);
	/* It goes to sleep, and has the time to look for callbacks. */
	for (let n = 0; READ_ONCE(p.nvcsw) === nvcsw; n++)
		cpu_relax(n);
	for (let n = 0; n < 10 * TURNS; n++)
		cpu_relax(0);
	spin_unlock(data.spin);
	done(1);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, data.n, 2);
}

function torture(_cpu: number): number {
	for (let n = 0; n < TURNS; n++) {
		if ((n & 3) !== 0) {
			spin_lock(data.spin);
		} else if (!spin_trylock(data.spin)) {
			cpu_relax(0);
			continue;
		}
		data.counter++;
		cpu_relax(0);
		data.twin++;
		spin_unlock(data.spin);
	}
	return 0;
}
const torture_fn = RODATA(torture);

function rt_spin_torture(test: kunit): void {
	need_cpus(test, 2);
	for (let cpu = 1; cpu < nr_cpu_ids(); cpu++) {
		if (!cpu_online(cpu))
			continue;
		if (cpu === 2)
			make_fifo(idle_task(cpu), 5);
		INIT_WORK(data.works[cpu], torture_fn, cpu);
		schedule_work_on(cpu, data.works[cpu]);
	}
	torture(0);
	for (let cpu = 1; cpu < nr_cpu_ids(); cpu++) {
		if (cpu_online(cpu))
			done(cpu);
	}
	KUNIT_EXPECT_EQ(test, data.counter, data.twin);
	KUNIT_EXPECT_EQ(test, data.spin.lock.owner, 0);
	KUNIT_EXPECT_EQ(test, current().prio, DEFAULT_PRIO);
}

const read_sem = RODATA((_cpu: number): number => {
	down_read(data.sem);
	up_read(data.sem);
	return 0;
});

const write_sem = RODATA((_cpu: number): number => {
	const ret = down_write_killable(data.sem);

	if (ret === 0)
		up_write(data.sem);
	return ret;
});

/** Who waits for a writer lends to it; a downgrade gives that back. */
function rwbase_writer_inherits(test: kunit): void {
	need_cpus(test, 2);
	make_fifo(idle_task(1), 33);
	down_write(data.sem);
	blocks(1, read_sem);
	for (let n = 0; READ_ONCE(current().prio) === DEFAULT_PRIO; n++)
		cpu_relax(n);
	KUNIT_EXPECT_EQ(test, current().prio, prio_of(33));
	downgrade_write(data.sem);
	KUNIT_EXPECT_EQ(test, current().prio, DEFAULT_PRIO);
	done(1);
	up_read(data.sem);
}

/** A writer that waits for a reader has the rt_mutex; nobody lends to the
 *  reader. Killed, it lets readers in by the fast path again. */
function rwbase_reader_does_not(test: kunit): void {
	need_cpus(test, 2);
	const victim = idle_task(1);
	const work: work_struct = data.works[1];
	const rwb = data.sem.rwbase;

	make_fifo(victim, 33);
	down_read(data.sem);
	INIT_WORK(work, write_sem, 0);
	schedule_work_on(1, work);
	for (let n = 0; READ_ONCE(rwb.readers.counter) !== 1; n++)
		cpu_relax(n);
	KUNIT_EXPECT_EQ(test, current().prio, DEFAULT_PRIO);
	KUNIT_EXPECT_EQ(test, rwb.rtmutex.owner & ~RT_MUTEX_HAS_WAITERS,
		uptr(victim));
	KUNIT_EXPECT_FALSE(test, rt_mutex_has_waiters(rwb.rtmutex));
	/* The slow path lets a reader pass the writer that waits. */
	KUNIT_EXPECT_FALSE(test, down_read_trylock(data.sem));
	down_read(data.sem);
	up_read(data.sem);
	send_sig_bit(SIGKILL, victim);
	KUNIT_EXPECT_EQ(test, done(1), -EINTR);
	fetch_and(victim.pending, ~sigmask(SIGKILL));
	KUNIT_EXPECT_TRUE(test, down_read_trylock(data.sem));
	up_read(data.sem);
	up_read(data.sem);
}

export const rtmutex_test_suite = kunit_suite({
	name: "rtmutex",
	init: rtmutex_init,
	exit: rtmutex_exit,
	test_cases: [
		KUNIT_CASE("trylock", rtmutex_trylock),
		KUNIT_CASE("priority_order", rtmutex_priority_order),
		KUNIT_CASE("fifo_order", rtmutex_fifo_order),
		KUNIT_CASE("chain", rtmutex_chain),
		KUNIT_CASE("deboost", rtmutex_deboost),
		KUNIT_CASE("setscheduler", rtmutex_setscheduler),
		KUNIT_CASE("deadlock", rtmutex_deadlock),
		KUNIT_CASE("spin_states", rt_spin_states),
		KUNIT_CASE("spin_saves_state", rt_spin_saves_state),
		KUNIT_CASE("spin_keeps_wakeup", rt_spin_keeps_wakeup),
		KUNIT_CASE("spin_keeps_callbacks", rt_spin_keeps_callbacks),
		KUNIT_CASE("spin_torture", rt_spin_torture),
		KUNIT_CASE("rwbase_writer_inherits", rwbase_writer_inherits),
		KUNIT_CASE("rwbase_reader_does_not", rwbase_reader_does_not),
	],
});
