// SPDX-License-Identifier: GPL-2.0-only
/**
 * Tests of include/linux/seqlock.ts: what a reader sees of the sequence, and
 * readers against a writer on another CPU.
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
	raw_seqcount_begin,
	read_seqbegin,
	read_seqcount_begin,
	read_seqcount_retry,
	read_seqretry,
	seqcount_init,
	seqlock_init,
	write_seqcount_begin,
	write_seqcount_end,
	write_seqcount_invalidate,
	write_seqlock,
	write_sequnlock,
} from "linux/seqlock.ts";
import type { seqcount_t, seqlock_t } from "linux/spinlock_types.ts";
import { need_cpu } from "kernel/lib/kunit/cpus.ts";
import {
	flush_work,
	INIT_WORK,
	schedule_work_on,
	type work_struct,
} from "kernel/workqueue.ts";

const WRITES = 20000;

interface seqlock_test extends struct {
	count: embed<seqcount_t>;
	lock: embed<seqlock_t>;
	a: int; /* lock; readers validate */
	b: int; /* the same value as a */
	work: embed<work_struct>;
}
const data = DEFINE<seqlock_test>();

function seqlock_test_init(): number {
	seqcount_init(data.count);
	seqlock_init(data.lock);
	data.a = 0;
	data.b = 0;
	return 0;
}

function seqcount_retry(test: kunit): void {
	let seq = read_seqcount_begin(data.count);

	KUNIT_EXPECT_FALSE(test, read_seqcount_retry(data.count, seq));
	write_seqcount_begin(data.count);
	KUNIT_EXPECT_TRUE(test, read_seqcount_retry(data.count, seq));
	KUNIT_EXPECT_EQ(test, data.count.sequence & 1, 1);

	/* With a writer inside: begins without waiting, and always fails. */
	seq = raw_seqcount_begin(data.count);
	KUNIT_EXPECT_TRUE(test, read_seqcount_retry(data.count, seq));
	write_seqcount_end(data.count);
	KUNIT_EXPECT_TRUE(test, read_seqcount_retry(data.count, seq));

	seq = read_seqcount_begin(data.count);
	write_seqcount_invalidate(data.count);
	KUNIT_EXPECT_TRUE(test, read_seqcount_retry(data.count, seq));
	KUNIT_EXPECT_EQ(test, data.count.sequence & 1, 0);
}

/** The sequence is a 32-bit word that wraps. */
function seqcount_wrap(test: kunit): void {
	data.count.sequence = 0x7ffffffe;
	for (let i = 0; i < 4; i++) {
		const seq = read_seqcount_begin(data.count);

		KUNIT_EXPECT_FALSE(test, read_seqcount_retry(data.count, seq));
		write_seqcount_begin(data.count);
		write_seqcount_end(data.count);
		KUNIT_EXPECT_TRUE(test, read_seqcount_retry(data.count, seq));
	}
	data.count.sequence = -2;
	write_seqcount_begin(data.count);
	write_seqcount_end(data.count);
	KUNIT_EXPECT_EQ(test, data.count.sequence, 0);
}

function writer(n: number): number {
	for (let i = 1; i <= n; i++) {
		write_seqlock(data.lock);
		WRITE_ONCE(data.a, i);
		WRITE_ONCE(data.b, i);
		write_sequnlock(data.lock);
	}
	return n;
}
const writer_fn = RODATA(writer);

function seqlock_concurrent(test: kunit): void {
	const cpu = need_cpu(test);
	const work = data.work;
	let last = 0;
	let torn = 0;
	let backward = 0;

	INIT_WORK(work, writer_fn, WRITES);
	schedule_work_on(cpu, work);
	while (last < WRITES) {
		let a: number;
		let b: number;
		let seq: number;

		do {
			seq = read_seqbegin(data.lock);
			a = READ_ONCE(data.a);
			b = READ_ONCE(data.b);
		} while (read_seqretry(data.lock, seq));
		if (a !== b)
			torn++;
		if (a < last)
			backward++;
		last = a;
	}
	KUNIT_EXPECT_EQ(test, flush_work(work), WRITES);
	KUNIT_EXPECT_EQ(test, torn, 0);
	KUNIT_EXPECT_EQ(test, backward, 0);
}

export const seqlock_test_suite = kunit_suite({
	name: "seqlock",
	init: seqlock_test_init,
	test_cases: [
		KUNIT_CASE("retry", seqcount_retry),
		KUNIT_CASE("wrap", seqcount_wrap),
		KUNIT_CASE("concurrent", seqlock_concurrent),
	],
});
