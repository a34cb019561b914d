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
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	type cpu_works, need_cpu, start_on_others, wait_for_others,
} from "kernel/lib/kunit/cpus.ts";
import {
	KUNIT_CASE, KUNIT_EXPECT_EQ, KUNIT_EXPECT_NULL, KUNIT_EXPECT_PTR_EQ,
	type kunit, kunit_suite,
} from "kunit/test.ts";

interface counters extends struct {
	root: embed<page_counter>; /* see page_counter */
	mid: embed<page_counter>; /* see page_counter */
	leaf: embed<page_counter>; /* see page_counter */
	holders: int; /* RMW */
	others: embed<cpu_works>;
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
		["0x100k", 2 ** 18 / PAGE_SIZE],
		["0x1E0000", 0x1e0000 / PAGE_SIZE],
		["1t", 2 ** 40 / PAGE_SIZE],
		["7P", PAGE_COUNTER_MAX],
		["1e", PAGE_COUNTER_MAX],
		[`${2 ** 31 * PAGE_SIZE}`, PAGE_COUNTER_MAX],
		["", 0],
		["k", 0],
		["-1", -EINVAL],
		["1x", -EINVAL],
		["kk", -EINVAL],
		["1 k", -EINVAL],
		["08", -EINVAL],
		["maximum", -EINVAL],
	];

	for (const [text, pages] of rows)
		KUNIT_EXPECT_EQ(test,
			page_counter_memparse(text, "max"), pages);
}

/** One charge of 20 fits, a second one does not. */
const LIMIT = 30;
const TURNS = 2000;

/** Charges and uncharges; -1: somebody else had charged at the same time. */
const charge_often = RODATA((_arg: number): number => {
	let ret = 0;

	for (let i = 0; i < TURNS; i++) {
		if (page_counter_try_charge(data.leaf, 20) !== NULL)
			continue;
		if (fetch_add(data.holders, 1) !== 0)
			ret = -1;
		fetch_add(data.holders, -1);
		page_counter_uncharge(data.leaf, 20);
	}
	return ret;
});

/** On all CPUs at once: no more than one fits in, and nothing is lost. */
function holds_on_all_cpus(test: kunit): void {
	need_cpu(test);
	fresh();
	page_counter_set_max(data.mid, LIMIT);
	start_on_others(data.others, charge_often);
	KUNIT_EXPECT_EQ(test, charge_often(0), 0);
	KUNIT_EXPECT_EQ(test, wait_for_others(data.others), 0);
	KUNIT_EXPECT_EQ(test, data.mid.watermark, 20);
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
