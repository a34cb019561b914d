// SPDX-License-Identifier: GPL-2.0-only
/**
 * Tests of kernel/rcu/sync.ts: each way from one state to another one, and that
 * readers are fast only where none of them can meet an updater.
 */
import {
	KUNIT_CASE,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_suite,
} from "kunit/test.ts";
import {
	type rcu_sync,
	rcu_sync_dtor,
	rcu_sync_enter,
	rcu_sync_enter_start,
	rcu_sync_exit,
	rcu_sync_init,
	rcu_sync_is_idle,
} from "linux/rcu_sync.ts";
import {
	rcu_barrier,
	rcu_read_lock_sched,
	rcu_read_unlock_sched,
} from "linux/rcupdate.ts";
import { cpu_relax } from "linux/smp.ts";
import { rcu_momentary_dyntick_idle } from "kernel/rcu.ts";
import {
	GP_EXIT,
	GP_IDLE,
	GP_PASSED,
	GP_REPLAY,
} from "kernel/rcu/sync.ts";
import { need_cpu } from "kernel/lib/kunit/cpus.ts";
import {
	flush_work,
	INIT_WORK,
	schedule_work_on,
	type work_struct,
} from "kernel/workqueue.ts";

const TURNS = 200;

interface rcu_sync_test extends struct {
	sync: embed<rcu_sync>;
	work: embed<work_struct>;
	updater: int; /* inside; the updater */
	met: int; /* times that a fast reader met it; the reader */
	stop: int; /* the reader shall end */
}
const data = DEFINE<rcu_sync_test>();

function rcu_sync_test_init(): number {
	rcu_barrier();
	rcu_sync_init(data.sync);
	data.updater = 0;
	data.met = 0;
	data.stop = 0;
	return 0;
}

function is_idle(): boolean {
	rcu_read_lock_sched();
	const idle = rcu_sync_is_idle(data.sync);

	rcu_read_unlock_sched();
	return idle;
}

function rcu_sync_there_and_back(test: kunit): void {
	KUNIT_EXPECT_TRUE(test, is_idle());
	rcu_sync_enter(data.sync);
	KUNIT_EXPECT_FALSE(test, is_idle());
	KUNIT_EXPECT_EQ(test, data.sync.gp_state, GP_PASSED);
	rcu_sync_exit(data.sync);
	/* Not before the next grace period. */
	KUNIT_EXPECT_FALSE(test, is_idle());
	rcu_barrier();
	KUNIT_EXPECT_TRUE(test, is_idle());
}

/** Readers stay slow until the last one has left. */
function rcu_sync_counts(test: kunit): void {
	rcu_sync_enter(data.sync);
	rcu_sync_enter(data.sync);
	rcu_sync_exit(data.sync);
	KUNIT_EXPECT_EQ(test, data.sync.gp_state, GP_PASSED);
	rcu_sync_exit(data.sync);
	KUNIT_EXPECT_EQ(test, data.sync.gp_state, GP_EXIT);
	rcu_barrier();
	KUNIT_EXPECT_TRUE(test, is_idle());
}

/** Who enters before readers are fast again has nothing to wait for. */
function rcu_sync_enters_again(test: kunit): void {
	rcu_sync_enter(data.sync);
	rcu_sync_exit(data.sync);
	rcu_sync_enter(data.sync);
	KUNIT_EXPECT_EQ(test, data.sync.gp_state, GP_EXIT);
	/* The callback finds it inside. */
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, data.sync.gp_state, GP_PASSED);
	rcu_sync_exit(data.sync);
	rcu_barrier();
	KUNIT_EXPECT_TRUE(test, is_idle());
}

/** The grace period of the first exit is not one of the second. */
function rcu_sync_replays(test: kunit): void {
	rcu_sync_enter(data.sync);
	rcu_sync_exit(data.sync);
	rcu_sync_enter(data.sync);
	rcu_sync_exit(data.sync);
	KUNIT_EXPECT_EQ(test, data.sync.gp_state, GP_REPLAY);
	/* The callback queues itself, behind that of the barrier. */
	rcu_barrier();
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, data.sync.gp_state, GP_IDLE);
}

/** Even if the callback was to queue itself. */
function rcu_sync_dtor_waits(test: kunit): void {
	rcu_sync_enter(data.sync);
	rcu_sync_exit(data.sync);
	rcu_sync_enter(data.sync);
	rcu_sync_exit(data.sync);
	rcu_sync_dtor(data.sync);
	KUNIT_EXPECT_EQ(test, data.sync.gp_state, GP_IDLE);
}

function rcu_sync_starts_entered(test: kunit): void {
	rcu_sync_enter_start(data.sync);
	KUNIT_EXPECT_FALSE(test, is_idle());
	rcu_sync_enter(data.sync);
	rcu_sync_exit(data.sync);
	KUNIT_EXPECT_EQ(test, data.sync.gp_state, GP_PASSED);
	rcu_sync_exit(data.sync);
	rcu_barrier();
	KUNIT_EXPECT_TRUE(test, is_idle());
}

/** Fast when it may be: then no updater is there, from begin to end. */
function reader(_arg: number): number {
	let fast = 0;

	while (READ_ONCE(data.stop) === 0) {
		rcu_read_lock_sched();
		if (rcu_sync_is_idle(data.sync)) {
			fast++;
			for (let i = 0; i < 20; i++) {
				if (READ_ONCE(data.updater) !== 0)
					data.met++;
			}
		}
		rcu_read_unlock_sched();
		rcu_momentary_dyntick_idle();
		cpu_relax(0);
	}
	return fast;
}
const reader_fn = RODATA(reader);

function rcu_sync_torture(test: kunit): void {
	const work = data.work;
	const cpu = need_cpu(test);

	INIT_WORK(work, reader_fn, 0);
	schedule_work_on(cpu, work);
	for (let i = 0; i < TURNS; i++) {
		rcu_sync_enter(data.sync);
		WRITE_ONCE(data.updater, 1);
		cpu_relax(0);
		WRITE_ONCE(data.updater, 0);
		rcu_sync_exit(data.sync);
		if (i % 4 === 0)
			rcu_barrier();
	}
	WRITE_ONCE(data.stop, 1);
	flush_work(work);
	rcu_sync_dtor(data.sync);
	KUNIT_EXPECT_EQ(test, data.met, 0);
}

export const rcu_sync_test_suite = kunit_suite({
	name: "rcu_sync",
	init: rcu_sync_test_init,
	test_cases: [
		KUNIT_CASE("there_and_back", rcu_sync_there_and_back),
		KUNIT_CASE("counts", rcu_sync_counts),
		KUNIT_CASE("enters_again", rcu_sync_enters_again),
		KUNIT_CASE("replays", rcu_sync_replays),
		KUNIT_CASE("dtor_waits", rcu_sync_dtor_waits),
		KUNIT_CASE("starts_entered", rcu_sync_starts_entered),
		KUNIT_CASE("torture", rcu_sync_torture),
	],
});
