// SPDX-License-Identifier: GPL-2.0-only
/**
 * Tests of kernel/rcu.ts and of the cross-CPU calls under it, in the manner of
 * rcutorture.c: grace periods wait for readers, callbacks run after them.
 */
import { CONFIG_PREEMPT_RCU } from "generated/autoconf.ts";
import { smp_processor_id } from "host/cpu.ts";
import {
	KUNIT_ASSERT_LT,
	KUNIT_CASE,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_suite,
} from "kunit/test.ts";
import { in_atomic } from "linux/preempt.ts";
import {
	call_rcu,
	rcu_barrier,
	rcu_read_lock,
	rcu_read_lock_held,
	rcu_read_unlock,
	synchronize_rcu,
} from "linux/rcupdate.ts";
import { cpu_relax, smp_call_function_single } from "linux/smp.ts";
import type { callback_head } from "linux/types.ts";
import {
	rcu_check_callbacks,
	rcu_momentary_dyntick_idle,
	rcu_pending_callbacks,
} from "kernel/rcu.ts";
import { need_cpu } from "kernel/lib/kunit/cpus.ts";
import {
	flush_work,
	INIT_WORK,
	schedule_work_on,
	work_on_cpu,
	type work_struct,
} from "kernel/workqueue.ts";

const OBJECTS = 8;
const TURNS = 500;
const ALIVE = 0x600d;
const DEAD = 0xdead;

/** Like a vma: found through a pointer, marked dead when it is freed. */
interface torture_obj extends struct {
	state: int; /* ALIVE from the allocation to the callback */
	rcu: embed<callback_head>;
}

interface rcu_test extends struct {
	invoked: int; /* callbacks run; RMW */
	inside: int; /* the reader is in its section */
	stop: int; /* the reader shall leave */
	broken: int; /* dead objects that readers saw; RMW */
	pointer: torture_obj; /* published by the updater, read under RCU */
	objects: array<embed<torture_obj>, 8>;
	heads: array<embed<callback_head>, 100>;
	work: embed<work_struct>;
}
const data = DEFINE<rcu_test>();

function rcu_test_init(): number {
	data.invoked = 0;
	data.inside = 0;
	data.stop = 0;
	data.broken = 0;
	data.pointer = NULL;
	return 0;
}

const count_callback = RODATA((_head: callback_head): void => {
	fetch_add(data.invoked, 1);
});

function rcu_sections_nest(test: kunit): void {
	rcu_read_lock();
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, in_atomic(), !CONFIG_PREEMPT_RCU);
	KUNIT_EXPECT_TRUE(test, rcu_read_lock_held());
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE(test, rcu_read_lock_held());
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, in_atomic(), false);
}

/** rcu_barrier() returns when all have run, more than one batch of them. */
function rcu_barrier_runs_all(test: kunit): void {
	for (let i = 0; i < 100; i++)
		call_rcu(data.heads[i], count_callback);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, READ_ONCE(data.invoked), 100);
}

const see_itself = RODATA((_head: callback_head): void => {
	WRITE_ONCE(data.invoked, rcu_pending_callbacks());
});

/** Until it has returned a callback counts: rcu_barrier() looks at the count. */
function rcu_running_callback_counts(test: kunit): void {
	rcu_barrier();
	call_rcu(data.heads[0], see_itself);
	for (let n = 0; READ_ONCE(data.invoked) === 0; n++) {
		rcu_momentary_dyntick_idle();
		rcu_check_callbacks();
		KUNIT_ASSERT_LT(test, n, 1000000);
		cpu_relax(n);
	}
	KUNIT_EXPECT_EQ(test, READ_ONCE(data.invoked), 1);
	KUNIT_EXPECT_EQ(test, rcu_pending_callbacks(), 0);
}

function queue_callbacks(n: number): number {
	for (let i = 0; i < n; i++)
		call_rcu(data.heads[i], count_callback);
	return n;
}
const queue_fn = RODATA(queue_callbacks);

function rcu_barrier_remote(test: kunit): void {
	const cpu = need_cpu(test);

	work_on_cpu(cpu, queue_fn, 100);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, READ_ONCE(data.invoked), 100);
}

/** In a section until told to stop. */
function long_reader(_arg: number): number {
	rcu_read_lock();
	WRITE_ONCE(data.inside, 1);
	for (let n = 0; READ_ONCE(data.stop) === 0; n++)
		cpu_relax(n);
	WRITE_ONCE(data.inside, 0);
	rcu_read_unlock();
	return 0;
}
const long_reader_fn = RODATA(long_reader);

/** The callback finds the reader gone: 2 if it is still inside. */
const late_callback = RODATA((_head: callback_head): void => {
	WRITE_ONCE(data.invoked, READ_ONCE(data.inside) === 0 ? 1 : 2);
});

function rcu_waits_for_reader(test: kunit): void {
	const cpu = need_cpu(test);
	const work = data.work;

	INIT_WORK(work, long_reader_fn, 0);
	schedule_work_on(cpu, work);
	for (let n = 0; READ_ONCE(data.inside) === 0; n++)
		cpu_relax(n);

	call_rcu(data.heads[0], late_callback);
	for (let n = 0; n < 1000; n++) {
		rcu_check_callbacks();
		cpu_relax(n);
	}
	KUNIT_EXPECT_EQ(test, READ_ONCE(data.invoked), 0);
	WRITE_ONCE(data.stop, 1);
	synchronize_rcu();
	KUNIT_EXPECT_EQ(test, READ_ONCE(data.inside), 0);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, READ_ONCE(data.invoked), 1);
	flush_work(work);
}

const free_object = RODATA((head: callback_head): void => {
	const obj = container_of<torture_obj>(head, "rcu");

	WRITE_ONCE(obj.state, DEAD);
});

/** Follows the pointer again and again; what it finds must be alive. */
function object_reader(_arg: number): number {
	let reads = 0;

	while (READ_ONCE(data.stop) === 0) {
		rcu_read_lock();
		const obj: torture_obj = rcu_dereference(data.pointer);

		if (obj !== NULL) {
			for (let i = 0; i < 20; i++)
				if (READ_ONCE(obj.state) !== ALIVE)
					fetch_add(data.broken, 1);
		}
		rcu_read_unlock();
		rcu_momentary_dyntick_idle();
		cpu_relax(0);
		reads++;
	}
	return reads;
}
const object_reader_fn = RODATA(object_reader);

function rcu_torture(test: kunit): void {
	const cpu = need_cpu(test);
	const work = data.work;

	for (let i = 0; i < OBJECTS; i++) {
		const obj: torture_obj = data.objects[i];

		obj.state = DEAD;
	}
	INIT_WORK(work, object_reader_fn, 0);
	schedule_work_on(cpu, work);
	for (let i = 0; i < TURNS; i++) {
		const obj: torture_obj = data.objects[i % OBJECTS];

		/* Free by now, or else made so. */
		if (READ_ONCE(obj.state) !== DEAD)
			rcu_barrier();
		KUNIT_EXPECT_EQ(test, READ_ONCE(obj.state), DEAD);
		WRITE_ONCE(obj.state, ALIVE);

		const old: torture_obj = data.pointer;

		rcu_assign_pointer(data.pointer, obj);
		if (old !== NULL)
			call_rcu(old.rcu, free_object);
	}
	WRITE_ONCE(data.stop, 1);
	KUNIT_EXPECT_TRUE(test, flush_work(work) >= 0);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, READ_ONCE(data.broken), 0);
}

const answer_call = RODATA((info: number): void => {
	fetch_add(data.invoked, info * 1000 + smp_processor_id());
});

function smp_call_single(test: kunit): void {
	const cpu = need_cpu(test);

	KUNIT_EXPECT_EQ(test, smp_call_function_single(cpu, answer_call, 3, true), 0);
	KUNIT_EXPECT_EQ(test, READ_ONCE(data.invoked), 3000 + cpu);
}

export const rcu_test_suite = kunit_suite({
	name: "rcu",
	init: rcu_test_init,
	test_cases: [
		KUNIT_CASE("sections_nest", rcu_sections_nest),
		KUNIT_CASE("barrier_runs_all", rcu_barrier_runs_all),
		KUNIT_CASE("running_callback_counts", rcu_running_callback_counts),
		KUNIT_CASE("smp_call_single", smp_call_single),
		KUNIT_CASE("barrier_remote", rcu_barrier_remote),
		KUNIT_CASE("waits_for_reader", rcu_waits_for_reader),
		KUNIT_CASE("torture", rcu_torture),
	],
});
