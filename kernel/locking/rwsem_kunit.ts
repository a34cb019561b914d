// SPDX-License-Identifier: GPL-2.0-only
/**
 * Tests of kernel/locking/rwsem.ts, in the manner of locktorture.c: states on
 * one CPU, then several CPUs that count under the lock.
 */
import { CONFIG_PREEMPT_RT } from "generated/autoconf.ts";
import {
	KUNIT_CASE,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_suite,
} from "kunit/test.ts";
import { EINTR } from "linux/errno.ts";
import {
	down_read,
	down_read_killable,
	down_read_trylock,
	down_write,
	down_write_killable,
	down_write_trylock,
	downgrade_write,
	init_rwsem,
	rwsem_is_contended,
	rwsem_is_locked,
	up_read,
	up_write,
} from "linux/rwsem.ts";
import { WRITER_BIAS } from "linux/rwbase_rt.ts";
import { rt_mutex_has_waiters } from "kernel/locking/rtmutex_common.ts";
import { SIGKILL, sigmask } from "linux/signal.ts";
import { cpu_relax } from "linux/smp.ts";
import type { rw_semaphore } from "linux/spinlock_types.ts";
import { idle_task, send_sig_bit } from "kernel/sched/core.ts";
import {
	type cpu_works,
	need_cpu,
	start_on_others,
	wait_for_others,
} from "kernel/lib/kunit/cpus.ts";
import {
	flush_work,
	INIT_WORK,
	schedule_work_on,
	type work_struct,
} from "kernel/workqueue.ts";

const TURNS = 2000;

interface rwsem_test extends struct {
	sem: embed<rw_semaphore>;
	counter: int; /* sem(w) */
	twin: int; /* sem(w); equal to counter whenever sem is not held for writing */
	torn: int; /* readers that saw them differ; RMW */
	others: embed<cpu_works>;
}
const data = DEFINE<rwsem_test>();

function rwsem_init(): number {
	init_rwsem(data.sem);
	data.counter = 0;
	data.twin = 0;
	data.torn = 0;
	return 0;
}

/** Nobody holds it or waits, and no flag says that one did. */
function rwsem_is_free(): boolean {
	if (CONFIG_PREEMPT_RT) {
		return !rwsem_is_locked(data.sem) &&
			data.sem.rwbase.rtmutex.owner === 0;
	}
	return data.sem.count.counter === 0;
}

function rwsem_states(test: kunit): void {
	KUNIT_EXPECT_FALSE(test, rwsem_is_locked(data.sem));
	down_read(data.sem);
	KUNIT_EXPECT_TRUE(test, rwsem_is_locked(data.sem));
	KUNIT_EXPECT_TRUE(test, down_read_trylock(data.sem));
	KUNIT_EXPECT_FALSE(test, down_write_trylock(data.sem));
	up_read(data.sem);
	KUNIT_EXPECT_FALSE(test, down_write_trylock(data.sem));
	up_read(data.sem);
	KUNIT_EXPECT_FALSE(test, rwsem_is_locked(data.sem));

	down_write(data.sem);
	KUNIT_EXPECT_FALSE(test, down_read_trylock(data.sem));
	KUNIT_EXPECT_FALSE(test, down_write_trylock(data.sem));
	downgrade_write(data.sem);
	KUNIT_EXPECT_TRUE(test, down_read_trylock(data.sem));
	KUNIT_EXPECT_FALSE(test, down_write_trylock(data.sem));
	up_read(data.sem);
	up_read(data.sem);

	KUNIT_EXPECT_EQ(test, down_read_killable(data.sem), 0);
	up_read(data.sem);
	KUNIT_EXPECT_EQ(test, down_write_killable(data.sem), 0);
	up_write(data.sem);
	KUNIT_EXPECT_TRUE(test, rwsem_is_free());
}

/** Write, read, read, downgrade, …: what one CPU of the torture does. */
function torture(seed: number): number {
	let rnd = seed;

	for (let n = 0; n < TURNS; n++) {
		rnd = (Math.imul(rnd, 1103515245) + 12345) | 0;
		const dice = (rnd >>> 16) & 7;

		if (dice < 2) {
			down_write(data.sem);
			data.counter++;
			cpu_relax(0);
			data.twin++;
			if (dice === 0) {
				up_write(data.sem);
			} else {
				downgrade_write(data.sem);
				if (data.counter !== data.twin)
					fetch_add(data.torn, 1);
				up_read(data.sem);
			}
		} else if (dice === 2 && down_write_trylock(data.sem)) {
			data.counter++;
			data.twin++;
			up_write(data.sem);
		} else {
			down_read(data.sem);
			if (data.counter !== data.twin)
				fetch_add(data.torn, 1);
			up_read(data.sem);
		}
	}
	return 0;
}
const torture_fn = RODATA(torture);

function rwsem_torture(test: kunit): void {
	need_cpu(test);
	start_on_others(data.others, torture_fn);
	torture(1);
	wait_for_others(data.others);
	KUNIT_EXPECT_EQ(test, data.torn, 0);
	KUNIT_EXPECT_EQ(test, data.counter, data.twin);
	KUNIT_EXPECT_FALSE(test, rwsem_is_contended(data.sem));
	KUNIT_EXPECT_TRUE(test, rwsem_is_free());
}

/** Takes the lock for reading behind our back; sets counter when inside. */
function reader(_arg: number): number {
	down_read(data.sem);
	WRITE_ONCE(data.counter, 1);
	up_read(data.sem);
	return 0;
}
const reader_fn = RODATA(reader);

function killable_writer(_arg: number): number {
	const err = down_write_killable(data.sem);

	if (err === 0)
		up_write(data.sem);
	return err;
}
const killable_writer_fn = RODATA(killable_writer);

/** Until somebody is in the queue and has said so in the count, which comes
 *  after the list: RWSEM_FLAG_WAITERS. */
function wait_contended(): void {
	for (let n = 0; !somebody_waits(); n++)
		cpu_relax(n);
}

/** With PREEMPT_RT readers wait for the rt_mutex, and a writer for readers. */
function somebody_waits(): boolean {
	if (CONFIG_PREEMPT_RT) {
		const rwb = data.sem.rwbase;
		const readers = READ_ONCE(rwb.readers.counter);

		return rt_mutex_has_waiters(rwb.rtmutex) ||
			(readers > 0 && readers !== WRITER_BIAS);
	}
	return (READ_ONCE(data.sem.count.counter) & 0x2) !== 0;
}

/** A reader that sleeps behind a writer gets in when that downgrades. */
function rwsem_downgrade_wakes(test: kunit): void {
	const cpu = need_cpu(test);
	const work: work_struct = data.others.works[cpu];

	down_write(data.sem);
	INIT_WORK(work, reader_fn, 0);
	schedule_work_on(cpu, work);
	wait_contended();
	KUNIT_EXPECT_EQ(test, READ_ONCE(data.counter), 0);
	downgrade_write(data.sem);
	flush_work(work);
	KUNIT_EXPECT_EQ(test, READ_ONCE(data.counter), 1);
	up_read(data.sem);
	KUNIT_EXPECT_TRUE(test, rwsem_is_free());
}

/** A queued writer that is killed leaves the queue, and its flag with it. */
function rwsem_kill_writer(test: kunit): void {
	const cpu = need_cpu(test);
	const work: work_struct = data.others.works[cpu];
	const victim = idle_task(cpu);

	down_read(data.sem);
	INIT_WORK(work, killable_writer_fn, 0);
	schedule_work_on(cpu, work);
	wait_contended();
	/* Readers queue behind a writer that waits. */
	KUNIT_EXPECT_FALSE(test, down_read_trylock(data.sem));
	send_sig_bit(SIGKILL, victim);
	KUNIT_EXPECT_EQ(test, flush_work(work), -EINTR);
	fetch_and(victim.pending, ~sigmask(SIGKILL));
	KUNIT_EXPECT_TRUE(test, down_read_trylock(data.sem));
	up_read(data.sem);
	up_read(data.sem);
	KUNIT_EXPECT_TRUE(test, rwsem_is_free());
}

export const rwsem_test_suite = kunit_suite({
	name: "rwsem",
	init: rwsem_init,
	test_cases: [
		KUNIT_CASE("states", rwsem_states),
		KUNIT_CASE("downgrade_wakes", rwsem_downgrade_wakes),
		KUNIT_CASE("kill_writer", rwsem_kill_writer),
		KUNIT_CASE("torture", rwsem_torture),
	],
});
