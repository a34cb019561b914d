// SPDX-License-Identifier: GPL-2.0-only
/**
 * Tests of kernel/rcu/srcutree.ts, in the manner of rcutorture.c: a grace
 * period waits for the sections of its own domain that were there, also for one
 * in which the task sleeps, and for no other.
 */
import {
	KUNIT_CASE,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_skip,
	kunit_suite,
} from "kunit/test.ts";
import {
	type completion,
	complete,
	init_completion,
	wait_for_completion,
} from "linux/completion.ts";
import { cpu_relax } from "linux/smp.ts";
import {
	cleanup_srcu_struct,
	init_srcu_struct,
	srcu_read_lock,
	srcu_read_unlock,
	type srcu_struct,
	synchronize_srcu,
} from "linux/srcu.ts";
import {
	type cpu_works,
	need_cpu,
	next_online,
	start_on_others,
	wait_for_others,
} from "kernel/lib/kunit/cpus.ts";
import {
	flush_work,
	INIT_WORK,
	schedule_work_on,
	type work_struct,
} from "kernel/workqueue.ts";

const OBJECTS = 4;
const TURNS = 300;
const ALIVE = 0x600d;
const DEAD = 0xdead;

interface srcu_obj extends struct {
	state: int; /* ALIVE until a grace period after it was replaced */
}

interface srcu_test extends struct {
	here: embed<srcu_struct>;
	there: embed<srcu_struct>;
	go_on: embed<completion>;
	work: embed<work_struct>;
	inside: int; /* the reader is in its section */
	stop: int; /* the readers shall end */
	broken: int; /* dead objects that readers saw; RMW */
	pointer: srcu_obj; /* published by the updater, read in sections */
	objects: array<embed<srcu_obj>, 4>;
	others: embed<cpu_works>;
}
const data = DEFINE<srcu_test>();

function srcu_test_init(): number {
	init_srcu_struct(data.here);
	init_srcu_struct(data.there);
	init_completion(data.go_on);
	data.inside = 0;
	data.stop = 0;
	data.broken = 0;
	data.pointer = NULL;
	return 0;
}

function srcu_test_exit(): void {
	cleanup_srcu_struct(data.here);
	cleanup_srcu_struct(data.there);
}

/** Each grace period has readers take the other index, and counts by four. */
function srcu_flips(test: kunit): void {
	const first = srcu_read_lock(data.here);

	srcu_read_unlock(data.here, first);
	synchronize_srcu(data.here);
	const second = srcu_read_lock(data.here);

	srcu_read_unlock(data.here, second);
	KUNIT_EXPECT_EQ(test, second, 1 ^ first);
	KUNIT_EXPECT_EQ(test, data.here.srcu_gp_seq, 4);
	synchronize_srcu(data.here);
	KUNIT_EXPECT_EQ(test, data.here.srcu_gp_seq, 8);
}

/** Two domains have nothing to do with each other; sections nest. */
function srcu_domains(test: kunit): void {
	const outer = srcu_read_lock(data.there);
	const inner = srcu_read_lock(data.there);

	synchronize_srcu(data.here);
	KUNIT_EXPECT_EQ(test, data.here.srcu_gp_seq, 4);
	KUNIT_EXPECT_EQ(test, data.there.srcu_gp_seq, 0);
	srcu_read_unlock(data.there, inner);
	srcu_read_unlock(data.there, outer);
}

/** Sleeps in its section until it is told to go on. */
function sleeping_reader(_arg: number): number {
	const idx = srcu_read_lock(data.here);

	WRITE_ONCE(data.inside, 1);
	wait_for_completion(data.go_on);
	WRITE_ONCE(data.inside, 0);
	srcu_read_unlock(data.here, idx);
	return 0;
}
const sleeping_reader_fn = RODATA(sleeping_reader);

/** Waits, and says whether the reader was gone then. */
function waiter(_arg: number): number {
	synchronize_srcu(data.here);
	return 1 - READ_ONCE(data.inside);
}
const waiter_fn = RODATA(waiter);

function srcu_waits_for_sleeper(test: kunit): void {
	const cpu = need_cpu(test);
	const other = next_online(cpu);

	if (other === 0)
		kunit_skip(test, "needs a third CPU in its idle loop");
	const work: work_struct = data.others.works[other];

	INIT_WORK(data.work, sleeping_reader_fn, 0);
	schedule_work_on(cpu, data.work);
	for (let n = 0; READ_ONCE(data.inside) === 0; n++)
		cpu_relax(n);
	INIT_WORK(work, waiter_fn, 0);
	schedule_work_on(other, work);
	/* It has begun, and cannot end. */
	for (let n = 0; READ_ONCE(data.here.srcu_gp_seq) !== 2; n++)
		cpu_relax(n);
	for (let n = 0; n < 100; n++)
		cpu_relax(n);
	KUNIT_EXPECT_EQ(test, READ_ONCE(data.here.srcu_gp_seq), 2);
	complete(data.go_on);
	KUNIT_EXPECT_EQ(test, flush_work(work), 1);
	flush_work(data.work);
}

function leave(idx: number): number {
	srcu_read_unlock(data.here, idx);
	return 0;
}
const leave_fn = RODATA(leave);

/** A section that ends on another CPU has ended. */
function srcu_leaves_elsewhere(test: kunit): void {
	const cpu = need_cpu(test);

	INIT_WORK(data.work, leave_fn, srcu_read_lock(data.here));
	schedule_work_on(cpu, data.work);
	flush_work(data.work);
	synchronize_srcu(data.here);
	KUNIT_EXPECT_EQ(test, data.here.srcu_gp_seq, 4);
}

/** Follows the pointer again and again; what it finds must be alive. */
function object_reader(_arg: number): number {
	let reads = 0;

	while (READ_ONCE(data.stop) === 0) {
		const idx = srcu_read_lock(data.here);
		const obj: srcu_obj = rcu_dereference(data.pointer);

		if (obj !== NULL) {
			for (let i = 0; i < 20; i++)
				if (READ_ONCE(obj.state) !== ALIVE)
					fetch_add(data.broken, 1);
		}
		srcu_read_unlock(data.here, idx);
		reads++;
		cpu_relax(0);
	}
	return reads;
}
const object_reader_fn = RODATA(object_reader);

function srcu_torture(test: kunit): void {
	need_cpu(test);
	start_on_others(data.others, object_reader_fn);
	for (let i = 0; i < TURNS; i++) {
		const obj: srcu_obj = data.objects[i % OBJECTS];
		const old: srcu_obj = data.pointer;

		WRITE_ONCE(obj.state, ALIVE);
		rcu_assign_pointer(data.pointer, obj);
		if (old !== NULL) {
			synchronize_srcu(data.here);
			WRITE_ONCE(old.state, DEAD);
		}
	}
	WRITE_ONCE(data.stop, 1);
	KUNIT_EXPECT_TRUE(test, wait_for_others(data.others) >= 0);
	KUNIT_EXPECT_EQ(test, READ_ONCE(data.broken), 0);
}

export const srcu_test_suite = kunit_suite({
	name: "srcu",
	init: srcu_test_init,
	exit: srcu_test_exit,
	test_cases: [
		KUNIT_CASE("flips", srcu_flips),
		KUNIT_CASE("domains", srcu_domains),
		KUNIT_CASE("waits_for_sleeper", srcu_waits_for_sleeper),
		KUNIT_CASE("leaves_elsewhere", srcu_leaves_elsewhere),
		KUNIT_CASE("torture", srcu_torture),
	],
});
