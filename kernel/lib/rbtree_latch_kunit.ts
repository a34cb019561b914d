// SPDX-License-Identifier: GPL-2.0-only
/**
 * Tests of linux/rbtree_latch.ts: what was inserted is found in both trees, and
 * a look-up in the middle of a change takes the one that is whole.
 */
import {
	KUNIT_CASE,
	KUNIT_EXPECT_NULL,
	KUNIT_EXPECT_PTR_EQ,
	type kunit,
	kunit_suite,
} from "kunit/test.ts";
import {
	latch_tree_erase,
	latch_tree_find,
	latch_tree_insert,
	type latch_tree_node,
	type latch_tree_ops,
	type latch_tree_root,
} from "linux/rbtree_latch.ts";
import { rcu_read_lock, rcu_read_unlock } from "linux/rcupdate.ts";
import {
	raw_write_seqcount_latch,
	seqcount_latch_init,
} from "linux/seqlock.ts";
import type { rb_root } from "linux/types.ts";

const NNODES = 64;

interface latch_thing extends struct {
	key: int;
	ltn: embed<latch_tree_node>;
}
interface latch_test extends struct {
	root: embed<latch_tree_root>;
	things: array<embed<latch_thing>, 64>;
}
const data = DEFINE<latch_test>();

function key_of(ltn: latch_tree_node): number {
	return container_of<latch_thing>(ltn, "ltn").key;
}
const ops: latch_tree_ops = {
	less: (a, b) => key_of(a) < key_of(b),
	comp: (key, b) => key - key_of(b),
};

/** Thing i has the key 2 * order(i), in no order; odd keys are of none. */
function latch_test_init(): number {
	seqcount_latch_init(data.root.seq);
	for (let t = 0; t < 2; t++) {
		const tree: rb_root = data.root.tree[t];

		tree.rb_node = NULL;
	}
	for (let i = 0; i < NNODES; i++) {
		const thing: latch_thing = data.things[i];

		thing.key = 2 * (i * 37 % NNODES);
	}
	return 0;
}

function find(key: number): latch_thing {
	rcu_read_lock();
	const ltn = latch_tree_find(key, data.root, ops);

	rcu_read_unlock();
	return ltn === NULL ? NULL : container_of<latch_thing>(ltn, "ltn");
}

/** The first n things are there, and no other. */
function expect_things(test: kunit, n: number): void {
	for (let i = 0; i < NNODES; i++) {
		const thing: latch_thing = data.things[i];
		const found = find(thing.key);

		if (i < n)
			KUNIT_EXPECT_PTR_EQ(test, found, thing);
		else
			KUNIT_EXPECT_NULL(test, found);
		KUNIT_EXPECT_NULL(test, find(thing.key + 1));
	}
}

function latch_insert_erase(test: kunit): void {
	for (let i = 0; i < NNODES; i++) {
		const thing: latch_thing = data.things[i];

		latch_tree_insert(thing.ltn, data.root, ops);
		expect_things(test, i + 1);
	}
	for (let i = NNODES - 1; i >= 0; i--) {
		const thing: latch_thing = data.things[i];

		latch_tree_erase(thing.ltn, data.root, ops);
		expect_things(test, i);
	}
}

/** While one tree is changed, and be it emptied, the other one is asked. */
function latch_interrupted(test: kunit): void {
	for (let i = 0; i < NNODES; i++) {
		const thing: latch_thing = data.things[i];

		latch_tree_insert(thing.ltn, data.root, ops);
	}
	for (let t = 0; t < 2; t++) {
		const tree: rb_root = data.root.tree[t];
		const top = tree.rb_node;

		raw_write_seqcount_latch(data.root.seq);
		tree.rb_node = NULL;
		expect_things(test, NNODES);
		tree.rb_node = top;
	}
	expect_things(test, NNODES);
}

export const rbtree_latch_test_suite = kunit_suite({
	name: "rbtree_latch",
	init: latch_test_init,
	test_cases: [
		KUNIT_CASE("insert_erase", latch_insert_erase),
		KUNIT_CASE("interrupted", latch_interrupted),
	],
});
