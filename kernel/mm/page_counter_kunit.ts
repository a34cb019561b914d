// SPDX-License-Identifier: GPL-2.0-only
/**
 * KUnit tests of mm/page_counter.ts: a charge counts at every level or at none,
 * and a limit holds. Mirrors no file of the kernel.
 */
import { EBUSY, EINVAL } from "linux/errno.ts";
import {
	PAGE_COUNTER_MAX, type page_counter, page_counter_charge,
	page_counter_init, page_counter_memparse, page_counter_read,
	page_counter_set_max, page_counter_try_charge, page_counter_uncharge,
} from "linux/page_counter.ts";
import { nr_cpu_ids, smp_processor_id } from "host/cpu.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { INIT_WORK, flush_work, schedule_work_on } from "kernel/workqueue.ts";
import type { work_struct } from "kernel/workqueue.ts";
import {
	KUNIT_CASE, KUNIT_EXPECT_EQ, KUNIT_EXPECT_GT, KUNIT_EXPECT_LE,
	KUNIT_EXPECT_NULL, KUNIT_EXPECT_PTR_EQ, type kunit, kunit_skip,
	kunit_suite,
} from "kunit/test.ts";

interface counters extends struct {
	root: embed<page_counter>; /* see page_counter */
	mid: embed<page_counter>; /* see page_counter */
	leaf: embed<page_counter>; /* see page_counter */
}
const data = DEFINE<counters>();

/** Three levels, without limits. */
function fresh(): void {
	page_counter_init(data.root, NULL);
	page_counter_init(data.mid, data.root);
	page_counter_init(data.leaf, data.mid);
}

function expect_usage(
	test: kunit, root: number, mid: number, leaf: number,
): void {
	KUNIT_EXPECT_EQ(test, page_counter_read(data.root), root);
	KUNIT_EXPECT_EQ(test, page_counter_read(data.mid), mid);
	KUNIT_EXPECT_EQ(test, page_counter_read(data.leaf), leaf);
}

function charges_all_levels(test: kunit): void {
	fresh();
	KUNIT_EXPECT_NULL(test, page_counter_try_charge(data.leaf, 3));
	KUNIT_EXPECT_NULL(test, page_counter_try_charge(data.mid, 2));
	expect_usage(test, 5, 5, 3);
	page_counter_uncharge(data.leaf, 2);
	expect_usage(test, 3, 3, 1);
	KUNIT_EXPECT_EQ(test, data.mid.watermark, 5);
	KUNIT_EXPECT_EQ(test, data.leaf.watermark, 3);
}

/** Whichever level it is that refuses: none has more than before. */
function refused_charges_nothing(test: kunit): void {
	for (let level = 0; level < 3; level++) {
		fresh();
		const at: page_counter = level === 0
			? data.leaf : level === 1 ? data.mid : data.root;

		page_counter_try_charge(data.leaf, 4);
		KUNIT_EXPECT_EQ(test, page_counter_set_max(at, 5), 0);
		KUNIT_EXPECT_NULL(test, page_counter_try_charge(data.leaf, 1));
		KUNIT_EXPECT_PTR_EQ(test,
			page_counter_try_charge(data.leaf, 1), at);
		expect_usage(test, 5, 5, 5);
		KUNIT_EXPECT_EQ(test, at.failcnt, 1);
		/* Who must not fail does not. */
		page_counter_charge(data.leaf, 2);
		expect_usage(test, 7, 7, 7);
	}
}

function limit_not_below_usage(test: kunit): void {
	fresh();
	page_counter_try_charge(data.leaf, 4);
	KUNIT_EXPECT_EQ(test, page_counter_set_max(data.leaf, 3), -EBUSY);
	KUNIT_EXPECT_EQ(test, data.leaf.max, PAGE_COUNTER_MAX);
	KUNIT_EXPECT_EQ(test, page_counter_set_max(data.leaf, 4), 0);
}

function parses_sizes(test: kunit): void {
	const rows: [string, number][] = [
		["max\n", PAGE_COUNTER_MAX],
		["0", 0],
		[`${PAGE_SIZE - 1}`, 0],
		[`${5 * PAGE_SIZE}\n`, 5],
		["1m", 2 ** 20 / PAGE_SIZE],
		["2G", 2 ** 31 / PAGE_SIZE],
		["64K", 2 ** 16 / PAGE_SIZE],
		[`${2 ** 31 * PAGE_SIZE}`, PAGE_COUNTER_MAX],
		["", -EINVAL],
		["-1", -EINVAL],
		["1x", -EINVAL],
		["maximum", -EINVAL],
	];

	for (const [text, pages] of rows)
		KUNIT_EXPECT_EQ(test,
			page_counter_memparse(text, "max"), pages);
}

const LIMIT = 50;
const TURNS = 2000;

/** Charges and uncharges; the most that it has ever seen. */
const charge_often = RODATA((_arg: number): number => {
	let most = 0;

	for (let i = 0; i < TURNS; i++) {
		if (page_counter_try_charge(data.leaf, 20) !== NULL)
			continue;
		/* Others are at it, too, and may have one too many for a while:
		 * at most one of 20 for each of them. */
		most = Math.max(most, page_counter_read(data.leaf));
		page_counter_uncharge(data.leaf, 20);
	}
	return most;
});

/** On all CPUs at once: nothing is lost, and no more than two fit in. */
function holds_on_all_cpus(test: kunit): void {
	const cpus = nr_cpu_ids();

	if (cpus < 2)
		kunit_skip(test, "needs two CPUs");
	fresh();
	page_counter_set_max(data.mid, LIMIT);
	const work = STACK<work_struct>();
	const other = (smp_processor_id() + 1) % cpus;

	INIT_WORK(work, charge_often, 0);
	schedule_work_on(other, work);
	const mine = charge_often(0);
	const theirs = flush_work(work);

	KUNIT_EXPECT_GT(test, mine, 0);
	KUNIT_EXPECT_LE(test, mine, 40);
	KUNIT_EXPECT_LE(test, theirs, 40);
	expect_usage(test, 0, 0, 0);
}

export const page_counter_test_suite = kunit_suite({
	name: "page_counter",
	test_cases: [
		KUNIT_CASE("charges_all_levels", charges_all_levels),
		KUNIT_CASE("refused_charges_nothing", refused_charges_nothing),
		KUNIT_CASE("limit_not_below_usage", limit_not_below_usage),
		KUNIT_CASE("parses_sizes", parses_sizes),
		KUNIT_CASE("holds_on_all_cpus", holds_on_all_cpus),
	],
});
