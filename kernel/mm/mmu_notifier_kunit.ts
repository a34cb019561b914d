// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of mm/mmu_notifier.ts: who is told what, and when. The subscriber
 * writes down what he hears of.
 */
import { CONFIG_SPECULATIVE_PAGE_FAULT } from "generated/autoconf.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GT, KUNIT_CASE, KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE, KUNIT_EXPECT_STREQ, KUNIT_EXPECT_TRUE, type kunit,
	kunit_skip, kunit_suite,
} from "kunit/test.ts";
import {
	__NR_exit_group, __NR_fork, __NR_madvise, __NR_mprotect, __NR_mremap,
	__NR_munmap,
} from "asm/unistd.ts";
import { PAGE_SIZE, PMD_SIZE } from "asm/pgtable_types.ts";
import { run_task, user_store8, user_syscall } from "kernel/entry/user.ts";
import { rcu_user_enter, rcu_user_exit } from "kernel/rcu.ts";
import { current } from "kernel/sched/core.ts";
import { EAGAIN } from "linux/errno.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import { MADV_DONTNEED, MADV_FREE, PROT_READ } from "linux/mman.ts";
import type { mm_struct } from "linux/mm_types.ts";
import {
	type mmu_interval_notifier, mmu_interval_notifier_insert,
	type mmu_interval_notifier_ops, mmu_interval_notifier_remove,
	mmu_interval_check_retry, mmu_interval_read_begin,
	mmu_interval_read_retry, mmu_interval_set_seq, type mmu_notifier,
	mmu_notifier_get, mmu_notifier_invalidate_range_end,
	mmu_notifier_invalidate_range_start,
	mmu_notifier_invalidate_range_start_nonblock, type mmu_notifier_ops,
	mmu_notifier_put, type mmu_notifier_range, mmu_notifier_range_init,
	mmu_notifier_register, mmu_notifier_synchronize,
	mmu_notifier_test_young, mmu_notifier_trylock,
	mmu_notifier_unlock, mmu_notifier_unregister, MMU_NOTIFY_CLEAR,
} from "linux/mmu_notifier.ts";
import { percpu_down_write, percpu_up_write } from "linux/percpu-rwsem.ts";
import { atomic_read } from "linux/atomic.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";
import { kfree, kzalloc } from "linux/slab.ts";
import {
	AREA, make_process, map_anon, user_test_exit, user_test_init,
} from "mm/memory_kunit.ts";

/** All fields: the test's, which has one CPU. */
interface log_data extends struct {
	starts: int;
	ends: int;
	ranges: int; /* of invalidate_range */
	changes: int; /* of change_pte */
	releases: int;
	invalidates: int; /* of an interval notifier */
	event: int; /* of the last start */
	start: ulong;
	end: ulong;
	answer: int; /* of invalidate_range_start */
	freed: int;
	notifier: embed<mmu_notifier>;
	other: embed<mmu_notifier>;
	interval: embed<mmu_interval_notifier>;
}
const log = DEFINE<log_data>();

function log_clear(): void {
	log.starts = 0;
	log.ends = 0;
	log.ranges = 0;
	log.changes = 0;
	log.releases = 0;
	log.invalidates = 0;
	log.event = -1;
	log.start = 0;
	log.end = 0;
	log.answer = 0;
	log.freed = 0;
}

function log_start(_mn: mmu_notifier, range: mmu_notifier_range): number {
	log.starts++;
	log.event = range.event;
	log.start = range.start;
	log.end = range.end;
	return log.answer;
}
function log_end(_mn: mmu_notifier, _range: mmu_notifier_range): void {
	log.ends++;
}
function log_range(
	_mn: mmu_notifier, _mm: mm_struct, _start: number, _end: number,
): void {
	log.ranges++;
}
function log_change(
	_mn: mmu_notifier, _mm: mm_struct, _address: number, _pte: number,
): void {
	log.changes++;
}
function log_release(_mn: mmu_notifier, _mm: mm_struct): void {
	log.releases++;
}
function log_alloc(_mm: mm_struct): mmu_notifier {
	return kzalloc<mmu_notifier>(sizeof<mmu_notifier>(), GFP_KERNEL);
}
function log_free(mn: mmu_notifier): void {
	log.freed++;
	kfree(mn);
}

const log_ops: rodata<mmu_notifier_ops> = RODATA({
	release: log_release,
	invalidate_range_start: log_start,
	invalidate_range_end: log_end,
	invalidate_range: log_range,
	change_pte: log_change,
	alloc_notifier: log_alloc,
	free_notifier: log_free,
});
/** May fail, so it has no end. */
const fail_ops: rodata<mmu_notifier_ops> = RODATA({
	invalidate_range_start: log_start,
});
const end_ops: rodata<mmu_notifier_ops> = RODATA({
	invalidate_range_end: log_end,
});
const log_interval_ops: rodata<mmu_interval_notifier_ops> = RODATA({
	invalidate: (sub: mmu_interval_notifier, _range: mmu_notifier_range,
		cur_seq: number): boolean => {
		log.invalidates++;
		mmu_interval_set_seq(sub, cur_seq);
		return true;
	},
});

/** As a system call of this CPU's task would. */
function in_kernel(fn: () => number): number {
	rcu_user_exit();
	const ret = fn();

	rcu_user_enter();
	return ret;
}

/** A process with four pages, all written, and a subscriber. */
function subscribe(test: kunit): number {
	const pid = make_process(test);

	map_anon(test, AREA, 4);
	for (let i = 0; i < 4; i++) user_store8(AREA + i * PAGE_SIZE, 1);
	log_clear();
	log.notifier.ops = log_ops;
	KUNIT_ASSERT_EQ(test,
		in_kernel(() =>
			mmu_notifier_register(log.notifier, current().mm)), 0);
	return pid;
}
function unsubscribe(mm: mm_struct): void {
	in_kernel(() => {
		mmu_notifier_unregister(log.notifier, mm);
		return 0;
	});
}

const EVENTS = [
	"UNMAP", "CLEAR", "PROTECTION_VMA", "PROTECTION_PAGE", "SOFT_DIRTY",
];

/** What was heard of since the last time: event, pages, and how often what. */
function heard(): string {
	const page = (addr: number) => (addr - AREA) / PAGE_SIZE;
	const text = log.starts === 0
		? "nothing"
		: `${EVENTS[log.event]} ${page(log.start)}-${page(log.end)}, ` +
			`${log.starts} starts, ${log.ends} ends`;

	log.starts = 0;
	log.ends = 0;
	return text;
}

function writers_tell(test: kunit): void {
	const pid = subscribe(test);
	const mm: mm_struct = current().mm;
	const at = (page: number) => AREA + page * PAGE_SIZE;

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_madvise, at(0), PAGE_SIZE,
		MADV_DONTNEED), 0);
	KUNIT_EXPECT_STREQ(test, heard(), "CLEAR 0-1, 1 starts, 1 ends");
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_madvise, at(1), PAGE_SIZE,
		MADV_FREE), 0);
	KUNIT_EXPECT_STREQ(test, heard(), "CLEAR 1-2, 1 starts, 1 ends");
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mprotect, at(1), PAGE_SIZE,
		PROT_READ), 0);
	KUNIT_EXPECT_STREQ(test, heard(),
		"PROTECTION_VMA 1-2, 1 starts, 1 ends");
	/* The first touch of a page takes nothing from anybody. */
	user_store8(at(0), 1);
	KUNIT_EXPECT_STREQ(test, heard(), "nothing");
	const child = user_syscall(__NR_fork);
	KUNIT_ASSERT_GT(test, child, 0);
	KUNIT_EXPECT_STREQ(test, heard().replace(/ .*/, ""), "PROTECTION_PAGE");
	/* A copy on write: both ways of hearing of it, once. */
	log.ranges = 0;
	user_store8(at(2), 2);
	KUNIT_EXPECT_STREQ(test, heard(), "CLEAR 2-3, 1 starts, 1 ends");
	KUNIT_EXPECT_EQ(test, log.changes, 1);
	KUNIT_EXPECT_EQ(test, log.ranges, 1);
	/* What is moved is unmapped where it was. */
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mremap, at(3), PAGE_SIZE,
		PAGE_SIZE, 3, at(8)), at(8));
	KUNIT_EXPECT_EQ(test, log.event, 0);
	KUNIT_EXPECT_EQ(test, log.starts, log.ends);
	heard();
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_munmap, at(0), PAGE_SIZE), 0);
	KUNIT_EXPECT_STREQ(test, heard(), "UNMAP 0-1, 1 starts, 1 ends");
	/* The child has no subscribers. */
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	user_store8(at(2), 3);
	user_syscall(__NR_munmap, at(2), PAGE_SIZE);
	KUNIT_EXPECT_STREQ(test, heard(), "nothing");
	user_syscall(__NR_exit_group, 0);
	KUNIT_EXPECT_EQ(test, log.releases, 0);
	KUNIT_ASSERT_EQ(test, run_task(pid), 0);
	unsubscribe(mm);
	KUNIT_EXPECT_EQ(test, log.releases, 1);
	user_syscall(__NR_munmap, at(8), PAGE_SIZE);
	KUNIT_EXPECT_STREQ(test, heard(), "nothing");
}

/** mprotect() of what has no page table tells nobody. */
function no_table_no_word(test: kunit): void {
	subscribe(test);
	const far = AREA + 4 * PMD_SIZE;

	map_anon(test, far, 1);
	heard();
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mprotect, far, PAGE_SIZE,
		PROT_READ), 0);
	KUNIT_EXPECT_STREQ(test, heard(), "nothing");
	unsubscribe(current().mm);
}

/** The last user goes: release, once, and before anything else. Whoever
 *  unsubscribes after that is not called again. */
function exit_releases(test: kunit): void {
	subscribe(test);
	const mm: mm_struct = current().mm;

	heard();
	user_syscall(__NR_exit_group, 0);
	KUNIT_EXPECT_EQ(test, log.releases, 1);
	KUNIT_EXPECT_STREQ(test, heard(), "nothing");
	KUNIT_EXPECT_TRUE(test, atomic_read(mm.mm_count) >= 1);
	unsubscribe(mm);
	KUNIT_EXPECT_EQ(test, log.releases, 1);
}

function start_nonblock(): number {
	return in_kernel(() => {
		const mm: mm_struct = current().mm;
		const range = mmu_notifier_range_init(MMU_NOTIFY_CLEAR, 0, NULL,
			mm, AREA, AREA + PAGE_SIZE);

		mmap_read_lock(mm);
		const ret = mmu_notifier_invalidate_range_start_nonblock(range);
		if (ret === 0) mmu_notifier_invalidate_range_end(range);
		mmap_read_unlock(mm);
		return ret;
	});
}

/** One who fails lets the others end. */
function may_not_block(test: kunit): void {
	make_process(test);
	const mm: mm_struct = current().mm;

	log_clear();
	log.notifier.ops = fail_ops;
	log.other.ops = end_ops;
	KUNIT_ASSERT_EQ(test,
		in_kernel(() => mmu_notifier_register(log.notifier, mm)), 0);
	KUNIT_ASSERT_EQ(test,
		in_kernel(() => mmu_notifier_register(log.other, mm)), 0);
	KUNIT_EXPECT_EQ(test, start_nonblock(), 0);
	KUNIT_EXPECT_EQ(test, log.ends, 1);
	log.answer = -EAGAIN;
	KUNIT_EXPECT_EQ(test, start_nonblock(), -EAGAIN);
	KUNIT_EXPECT_EQ(test, log.starts, 2);
	KUNIT_EXPECT_EQ(test, log.ends, 2);
	KUNIT_EXPECT_EQ(test,
		in_kernel(() => mmu_notifier_test_young(mm, AREA)), 0);
	unsubscribe(mm);
	in_kernel(() => {
		mmu_notifier_unregister(log.other, mm);
		return 0;
	});
}

/** One subscription for all who ask with the same ops; the last put frees. */
function get_and_put(test: kunit): void {
	make_process(test);
	const mm: mm_struct = current().mm;
	const users = atomic_read(mm.mm_count);

	log_clear();
	in_kernel(() => {
		const first = mmu_notifier_get(log_ops, mm);
		const second = mmu_notifier_get(log_ops, mm);

		KUNIT_EXPECT_EQ(test, uptr(first), uptr(second));
		KUNIT_EXPECT_EQ(test, first.users, 2);
		KUNIT_EXPECT_EQ(test, atomic_read(mm.mm_count), users + 1);
		mmu_notifier_put(first);
		KUNIT_EXPECT_EQ(test, first.users, 1);
		mmu_notifier_put(second);
		return 0;
	});
	in_kernel(() => {
		mmu_notifier_synchronize();
		return 0;
	});
	KUNIT_EXPECT_EQ(test, log.freed, 1);
	KUNIT_EXPECT_EQ(test, log.releases, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(mm.mm_count), users);
}

/** Only what meets the interval is told, and a reader notices. */
function interval(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 4);
	for (let i = 0; i < 4; i++) user_store8(AREA + i * PAGE_SIZE, 1);
	const mm: mm_struct = current().mm;
	const sub = log.interval;

	log_clear();
	KUNIT_ASSERT_EQ(test, in_kernel(() => mmu_interval_notifier_insert(sub,
		mm, AREA + PAGE_SIZE, PAGE_SIZE, log_interval_ops)), 0);
	let seq = in_kernel(() => mmu_interval_read_begin(sub));
	KUNIT_EXPECT_EQ(test, seq & 1, 1);
	user_syscall(__NR_munmap, AREA, PAGE_SIZE);
	user_syscall(__NR_munmap, AREA + 2 * PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, log.invalidates, 0);
	KUNIT_EXPECT_FALSE(test, mmu_interval_read_retry(sub, seq));
	user_syscall(__NR_madvise, AREA + PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED);
	KUNIT_EXPECT_EQ(test, log.invalidates, 1);
	KUNIT_EXPECT_TRUE(test, mmu_interval_check_retry(sub, seq));
	KUNIT_EXPECT_TRUE(test, mmu_interval_read_retry(sub, seq));
	seq = in_kernel(() => mmu_interval_read_begin(sub));
	KUNIT_EXPECT_FALSE(test, mmu_interval_read_retry(sub, seq));
	in_kernel(() => {
		mmu_interval_notifier_remove(sub);
		return 0;
	});
	user_syscall(__NR_munmap, AREA + PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, log.invalidates, 1);
}

/** While a range is invalidated the tree stays as it is: a subscription comes
 *  to it at the end, and was told of nothing, but its readers would wait. */
function interval_comes_late(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 4);
	const mm: mm_struct = current().mm;
	const sub = log.interval;

	log_clear();
	/* Another one, which makes the sequence odd. */
	const first = in_kernel(() => {
		const m = kzalloc<mmu_interval_notifier>(
			sizeof<mmu_interval_notifier>(), GFP_KERNEL);

		return mmu_interval_notifier_insert(m, mm, AREA, PAGE_SIZE,
			log_interval_ops) === 0 ? uptr(m) : 0;
	});
	KUNIT_ASSERT_GT(test, first, 0);
	const range = mmu_notifier_range_init(MMU_NOTIFY_CLEAR, 0, NULL, mm,
		AREA, AREA + 4 * PAGE_SIZE);
	in_kernel(() => {
		mmap_read_lock(mm);
		mmu_notifier_invalidate_range_start(range);
		mmap_read_unlock(mm);
		return 0;
	});
	KUNIT_EXPECT_EQ(test, log.invalidates, 1);
	const subscriptions = mm.notifier_subscriptions;
	KUNIT_EXPECT_EQ(test, subscriptions.invalidate_seq & 1, 1);
	KUNIT_ASSERT_EQ(test, in_kernel(() => mmu_interval_notifier_insert(sub,
		mm, AREA, PAGE_SIZE, log_interval_ops)), 0);
	KUNIT_EXPECT_EQ(test, sub.invalidate_seq, subscriptions.invalidate_seq);
	in_kernel(() => {
		mmap_read_lock(mm);
		mmu_notifier_invalidate_range_end(range);
		mmap_read_unlock(mm);
		return 0;
	});
	KUNIT_EXPECT_EQ(test, subscriptions.invalidate_seq & 1, 0);
	KUNIT_EXPECT_EQ(test, subscriptions.active_invalidate_ranges, 0);
	/* Now both are told. */
	user_syscall(__NR_munmap, AREA, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, log.invalidates, 3);
	in_kernel(() => {
		mmu_interval_notifier_remove(sub);
		const m = cast<mmu_interval_notifier>(first);
		mmu_interval_notifier_remove(m);
		kfree(m);
		return 0;
	});
}

/** V2.24, V2.25: who registers keeps speculative faults from telling others. */
function lock_excludes(test: kunit): void {
	if (!CONFIG_SPECULATIVE_PAGE_FAULT) {
		kunit_skip(test, "no speculative faults");
		return;
	}
	make_process(test);
	const mm: mm_struct = current().mm;

	in_kernel(() => {
		KUNIT_EXPECT_TRUE(test, mmu_notifier_trylock(mm));
		mmu_notifier_unlock(mm);
		percpu_down_write(mm.mmu_notifier_lock);
		KUNIT_EXPECT_FALSE(test, mmu_notifier_trylock(mm));
		percpu_up_write(mm.mmu_notifier_lock);
		KUNIT_EXPECT_TRUE(test, mmu_notifier_trylock(mm));
		mmu_notifier_unlock(mm);
		return 0;
	});
}

export const mmu_notifier_test_suite = kunit_suite({
	name: "mmu_notifier",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("writers_tell", writers_tell),
		KUNIT_CASE("no_table_no_word", no_table_no_word),
		KUNIT_CASE("exit_releases", exit_releases),
		KUNIT_CASE("may_not_block", may_not_block),
		KUNIT_CASE("get_and_put", get_and_put),
		KUNIT_CASE("interval", interval),
		KUNIT_CASE("interval_comes_late", interval_comes_late),
		KUNIT_CASE("lock_excludes", lock_excludes),
	],
});
