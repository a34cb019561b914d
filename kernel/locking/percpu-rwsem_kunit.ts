// SPDX-License-Identifier: GPL-2.0-only
/**
 * Tests of kernel/locking/percpu-rwsem.ts, in the manner of locktorture.c:
 * states on one CPU, several CPUs that count under the lock, and semaphores
 * that are destroyed by who may not sleep.
 */
import { CONFIG_PREEMPT_RT } from "generated/autoconf.ts";
import { nr_cpu_ids } from "host/cpu.ts";
import {
	KUNIT_CASE,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_skip,
	kunit_suite,
} from "kunit/test.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import {
	percpu_down_read,
	percpu_down_read_trylock,
	percpu_down_write,
	percpu_free_rwsem,
	percpu_init_rwsem,
	type percpu_rw_semaphore,
	percpu_rwsem_async_destroy,
	percpu_up_read,
	percpu_up_write,
} from "linux/percpu-rwsem.ts";
import { preempt_disable, preempt_enable } from "linux/preempt.ts";
import { rcu_barrier } from "linux/rcupdate.ts";
import { kmalloc } from "linux/slab.ts";
import { cpu_relax, smp_call_function_single } from "linux/smp.ts";
import {
	type cpu_works,
	need_cpu,
	start_on_others,
	wait_for_others,
} from "kernel/lib/kunit/cpus.ts";
import {
	flush_work,
	INIT_WORK,
	run_scheduled_works,
	schedule_work_on,
	work_pending_on,
	type work_struct,
} from "kernel/workqueue.ts";
import { slab_caches_in_use } from "mm/slab.ts";

const TURNS = 1000;

interface percpu_rwsem_test extends struct {
	sem: embed<percpu_rw_semaphore>;
	counter: int; /* sem(w) */
	twin: int; /* sem(w); equal to counter whenever nobody writes */
	torn: int; /* readers that saw them differ; RMW */
	others: embed<cpu_works>;
	doomed: percpu_rw_semaphore; /* current only, or who was asked */
}
const data = DEFINE<percpu_rwsem_test>();

function percpu_rwsem_test_init(): number {
	percpu_init_rwsem(data.sem);
	data.counter = 0;
	data.twin = 0;
	data.torn = 0;
	data.doomed = NULL;
	return 0;
}

function percpu_rwsem_test_exit(): void {
	percpu_free_rwsem(data.sem);
}

function readers_inside(): number {
	let sum = 0;

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		sum += READ_ONCE(data.sem.read_count[cpu]);
	return sum;
}

/** On the fast way, on the slow one, and on the fast one again. */
function percpu_rwsem_states(test: kunit): void {
	percpu_down_read(data.sem);
	KUNIT_EXPECT_TRUE(test, percpu_down_read_trylock(data.sem));
	KUNIT_EXPECT_EQ(test, readers_inside(), 2);
	percpu_up_read(data.sem);
	percpu_up_read(data.sem);
	KUNIT_EXPECT_EQ(test, readers_inside(), 0);

	percpu_down_write(data.sem);
	KUNIT_EXPECT_FALSE(test, percpu_down_read_trylock(data.sem));
	KUNIT_EXPECT_EQ(test, readers_inside(), 0);
	percpu_up_write(data.sem);

	KUNIT_EXPECT_TRUE(test, percpu_down_read_trylock(data.sem));
	KUNIT_EXPECT_FALSE(test, data.sem.rss.gp_state === 0);
	rcu_barrier();
	KUNIT_EXPECT_TRUE(test, data.sem.rss.gp_state === 0);
	/* Came by one way, leaves by the other. */
	percpu_up_read(data.sem);
	KUNIT_EXPECT_EQ(test, readers_inside(), 0);
}

function up_read(_arg: number): number {
	percpu_up_read(data.sem);
	return 0;
}
const up_read_fn = RODATA(up_read);

/** Only the sum of all CPUs is zero when nobody is inside. */
function percpu_rwsem_leaves_elsewhere(test: kunit): void {
	const cpu = need_cpu(test);
	const work: work_struct = data.others.works[cpu];

	percpu_down_read(data.sem);
	INIT_WORK(work, up_read_fn, 0);
	schedule_work_on(cpu, work);
	flush_work(work);
	KUNIT_EXPECT_EQ(test, data.sem.read_count[cpu], -1);
	percpu_down_write(data.sem);
	percpu_up_write(data.sem);
	KUNIT_EXPECT_EQ(test, readers_inside(), 0);
}

/** What one CPU of the torture does: mostly reads, sometimes writes. */
function torture(seed: number): number {
	let rnd = seed;

	for (let n = 0; n < TURNS; n++) {
		rnd = (Math.imul(rnd, 1103515245) + 12345) | 0;
		const dice = (rnd >>> 16) & 15;

		if (dice === 0) {
			percpu_down_write(data.sem);
			data.counter++;
			cpu_relax(0);
			data.twin++;
			percpu_up_write(data.sem);
		} else if (dice < 8) {
			percpu_down_read(data.sem);
			if (data.counter !== data.twin)
				fetch_add(data.torn, 1);
			percpu_up_read(data.sem);
		} else if (percpu_down_read_trylock(data.sem)) {
			if (data.counter !== data.twin)
				fetch_add(data.torn, 1);
			percpu_up_read(data.sem);
		}
	}
	return 0;
}
const torture_fn = RODATA(torture);

function percpu_rwsem_torture(test: kunit): void {
	need_cpu(test);
	start_on_others(data.others, torture_fn);
	torture(1);
	wait_for_others(data.others);
	KUNIT_EXPECT_EQ(test, data.torn, 0);
	KUNIT_EXPECT_EQ(test, data.counter, data.twin);
	KUNIT_EXPECT_EQ(test, readers_inside(), 0);
	KUNIT_EXPECT_EQ(test, data.sem.block.counter, 0);
}

function objects(): number {
	const used = slab_caches_in_use();

	return Object.values(used).reduce((sum, n) => sum + n, 0);
}

/** One that was written to a moment ago: a callback of it is under way. */
function doom(): void {
	const sem = kmalloc<percpu_rw_semaphore>(sizeof<percpu_rw_semaphore>(),
		GFP_KERNEL);

	percpu_init_rwsem(sem);
	percpu_down_write(sem);
	percpu_up_write(sem);
	data.doomed = sem;
}

/** V2.22: what may wait is done by a work item. Its list has a spinlock, for
 *  which PREEMPT_RT wants preemption on. */
function percpu_rwsem_destroyed_while_atomic(test: kunit): void {
	rcu_barrier();
	const before = objects();

	for (let i = 0; i < 3; i++) {
		doom();
		if (!CONFIG_PREEMPT_RT)
			preempt_disable();
		percpu_rwsem_async_destroy(data.doomed);
		if (!CONFIG_PREEMPT_RT)
			preempt_enable();
	}
	KUNIT_EXPECT_TRUE(test, objects() > before);
	run_scheduled_works();
	KUNIT_EXPECT_EQ(test, objects(), before);
}

const destroy_call = RODATA((_info: number): void => {
	percpu_rwsem_async_destroy(data.doomed);
});

/** V2.22, by an interrupt, whose CPU does the rest when it is idle again. */
function percpu_rwsem_destroyed_by_interrupt(test: kunit): void {
	if (CONFIG_PREEMPT_RT)
		kunit_skip(test, "an interrupt may not take a spinlock");
	const cpu = need_cpu(test);

	rcu_barrier();
	const before = objects();

	doom();
	smp_call_function_single(cpu, destroy_call, 0, true);
	for (let n = 0; n < 1000000; n++) {
		rcu_barrier();
		if (objects() === before)
			break;
		cpu_relax(n);
	}
	KUNIT_EXPECT_EQ(test, objects(), before);
	KUNIT_EXPECT_FALSE(test, work_pending_on(cpu));
}

export const percpu_rwsem_test_suite = kunit_suite({
	name: "percpu_rwsem",
	init: percpu_rwsem_test_init,
	exit: percpu_rwsem_test_exit,
	test_cases: [
		KUNIT_CASE("states", percpu_rwsem_states),
		KUNIT_CASE("leaves_elsewhere", percpu_rwsem_leaves_elsewhere),
		KUNIT_CASE("destroyed_while_atomic",
			percpu_rwsem_destroyed_while_atomic),
		KUNIT_CASE("destroyed_by_interrupt",
			percpu_rwsem_destroyed_by_interrupt),
		KUNIT_CASE("torture", percpu_rwsem_torture),
	],
});
