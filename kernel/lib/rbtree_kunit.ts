// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors lib/rbtree_test.c and interval_tree_test.c (5.17) as KUnit tests:
 * trees of random keys are checked whole after each change.
 * Left out: the timing loops.
 */
import {
	KUNIT_CASE,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE,
	KUNIT_EXPECT_NULL,
	KUNIT_EXPECT_PTR_EQ,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_suite,
} from "kunit/test.ts";
import {
	type interval_tree_node,
	interval_tree_insert,
	interval_tree_iter_first,
	interval_tree_iter_next,
	interval_tree_remove,
} from "linux/interval_tree.ts";
import {
	RB_CLEAR_NODE,
	RB_EMPTY_NODE,
	RB_EMPTY_ROOT,
	rb_erase,
	rb_first,
	rb_insert_color,
	rb_last,
	rb_left_link,
	type rb_link,
	rb_link_node,
	rb_next,
	rb_parent,
	rb_prev,
	rb_replace_node,
	rb_right_link,
} from "linux/rbtree.ts";
import {
	type rb_augment_callbacks,
	rb_erase_augmented,
	rb_insert_augmented,
	rb_is_red,
} from "linux/rbtree_augmented.ts";
import type { rb_node, rb_root, rb_root_cached } from "linux/types.ts";

const NNODES = 100;
const LOOPS = 20;

interface test_node extends struct {
	key: int;
	rb: embed<rb_node>;
	val: int; /* augmented trees: the value whose maximum is kept */
	augmented: int;
}

interface test_data extends struct {
	seed: int;
	root: embed<rb_root>;
	nodes: array<embed<test_node>, 100>;
	itroot: embed<rb_root_cached>;
	intervals: array<embed<interval_tree_node>, 100>;
}
const data = DEFINE<test_data>();

/** A small linear generator; the same numbers in each run. */
function next_random(): number {
	data.seed = (Math.imul(data.seed, 1103515245) + 12345) | 0;
	return (data.seed >>> 8) & 0xffff;
}

function init_nodes(): void {
	data.root.rb_node = NULL;
	for (let i = 0; i < NNODES; i++) {
		const node: test_node = data.nodes[i];

		node.key = next_random();
		node.val = next_random();
	}
}

function entry(rb: rb_node): test_node {
	return container_of<test_node>(rb, "rb");
}

function insert(node: test_node, root: rb_root): void {
	let link: rb_link = root;
	let parent: rb_node = NULL;

	while (link.rb_node !== NULL) {
		parent = link.rb_node;
		link =
			node.key < entry(parent).key
				? rb_left_link(parent)
				: rb_right_link(parent);
	}
	rb_link_node(node.rb, parent, link);
	rb_insert_color(node.rb, root);
}

function compute_max(node: test_node): number {
	let max = node.val;

	if (node.rb.rb_left !== NULL)
		max = Math.max(max, entry(node.rb.rb_left).augmented);
	if (node.rb.rb_right !== NULL)
		max = Math.max(max, entry(node.rb.rb_right).augmented);
	return max;
}

const augment_callbacks: rb_augment_callbacks = {
	propagate: (rb, stop) => {
		while (rb !== stop) {
			const node = entry(rb);
			const max = compute_max(node);

			if (node.augmented === max)
				break;
			node.augmented = max;
			rb = rb_parent(rb);
		}
	},
	copy: (rb_old, rb_new) => {
		const new_ = entry(rb_new);

		new_.augmented = entry(rb_old).augmented;
	},
	rotate: (rb_old, rb_new) => {
		const old = entry(rb_old);
		const new_ = entry(rb_new);

		new_.augmented = old.augmented;
		old.augmented = compute_max(old);
	},
};

function insert_augmented(node: test_node, root: rb_root): void {
	let link: rb_link = root;
	let rb_parent: rb_node = NULL;

	while (link.rb_node !== NULL) {
		rb_parent = link.rb_node;
		const parent = entry(rb_parent);

		if (parent.augmented < node.val)
			parent.augmented = node.val;
		link =
			node.key < parent.key
				? rb_left_link(rb_parent)
				: rb_right_link(rb_parent);
	}
	node.augmented = node.val;
	rb_link_node(node.rb, rb_parent, link);
	rb_insert_augmented(node.rb, root, augment_callbacks);
}

/** Black nodes from rb up to the root. */
function black_path_count(rb: rb_node): number {
	let count = 0;

	for (; rb !== NULL; rb = rb_parent(rb))
		count += rb_is_red(rb) ? 0 : 1;
	return count;
}

/** Sorted, coloured right, and of the size that is expected. */
function check(test: kunit, root: rb_root, nr_nodes: number): void {
	let prev_key = -1;
	let count = 0;
	let blacks = 0;

	for (let rb = rb_first(root); rb !== NULL; rb = rb_next(rb)) {
		const key = entry(rb).key;
		const parent = rb_parent(rb);

		KUNIT_EXPECT_TRUE(test, prev_key <= key);
		if (rb_is_red(rb))
			KUNIT_EXPECT_TRUE(test, parent !== NULL && !rb_is_red(parent));
		if (parent !== NULL)
			KUNIT_EXPECT_TRUE(
				test,
				parent.rb_left === rb || parent.rb_right === rb,
			);
		if (count === 0)
			blacks = black_path_count(rb);
		else if (rb.rb_left === NULL || rb.rb_right === NULL)
			KUNIT_EXPECT_EQ(test, black_path_count(rb), blacks);
		prev_key = key;
		count++;
	}
	KUNIT_EXPECT_EQ(test, count, nr_nodes);

	/* Backwards it is the same number. */
	count = 0;
	for (let rb = rb_last(root); rb !== NULL; rb = rb_prev(rb))
		count++;
	KUNIT_EXPECT_EQ(test, count, nr_nodes);
}

function check_augmented(test: kunit, root: rb_root, nr_nodes: number): void {
	check(test, root, nr_nodes);
	for (let rb = rb_first(root); rb !== NULL; rb = rb_next(rb)) {
		const node = entry(rb);

		KUNIT_EXPECT_EQ(test, node.augmented, compute_max(node));
	}
}

function rbtree_insert_erase(test: kunit): void {
	for (let i = 0; i < LOOPS; i++) {
		init_nodes();
		for (let j = 0; j < NNODES; j++) {
			insert(data.nodes[j], data.root);
			check(test, data.root, j + 1);
		}
		for (let j = 0; j < NNODES; j++) {
			const node: test_node = data.nodes[j];

			rb_erase(node.rb, data.root);
			check(test, data.root, NNODES - j - 1);
		}
		KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(data.root));
	}
}

function rbtree_augmented(test: kunit): void {
	for (let i = 0; i < LOOPS; i++) {
		init_nodes();
		for (let j = 0; j < NNODES; j++) {
			insert_augmented(data.nodes[j], data.root);
			check_augmented(test, data.root, j + 1);
		}
		for (let j = 0; j < NNODES; j++) {
			const node: test_node = data.nodes[j];

			rb_erase_augmented(node.rb, data.root, augment_callbacks);
			check_augmented(test, data.root, NNODES - j - 1);
		}
	}
}

function rbtree_replace(test: kunit): void {
	init_nodes();
	for (let j = 0; j < NNODES - 1; j++)
		insert(data.nodes[j], data.root);
	/* The last node takes the place of each of the others in turn. */
	let spare: test_node = data.nodes[NNODES - 1];

	for (let j = 0; j < NNODES - 1; j++) {
		const victim: test_node = data.nodes[j];

		spare.key = victim.key;
		rb_replace_node(victim.rb, spare.rb, data.root);
		check(test, data.root, NNODES - 1);
		spare = victim;
	}
}

function rbtree_empty_node(test: kunit): void {
	const node: test_node = data.nodes[0];

	RB_CLEAR_NODE(node.rb);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_NODE(node.rb));
	KUNIT_EXPECT_NULL(test, rb_next(node.rb));
	KUNIT_EXPECT_NULL(test, rb_prev(node.rb));

	data.root.rb_node = NULL;
	KUNIT_EXPECT_NULL(test, rb_first(data.root));
	KUNIT_EXPECT_NULL(test, rb_last(data.root));
	insert(node, data.root);
	KUNIT_EXPECT_FALSE(test, RB_EMPTY_NODE(node.rb));
	KUNIT_EXPECT_PTR_EQ(test, rb_first(data.root), node.rb);
	rb_erase(node.rb, data.root);
}

/** Every query finds what a look at all intervals finds, sorted by start. */
function interval_tree_search(test: kunit): void {
	const root = data.itroot;

	root.rb_root.rb_node = NULL;
	root.rb_leftmost = NULL;
	for (let j = 0; j < NNODES; j++) {
		const node: interval_tree_node = data.intervals[j];

		node.start = next_random();
		node.last = node.start + (next_random() & 0xfff);
		interval_tree_insert(node, root);
	}
	for (let q = 0; q < 200; q++) {
		const start = next_random();
		const last = start + (next_random() & 0x1fff);
		let expected = 0;
		let found = 0;
		let prev_start = -1;

		for (let j = 0; j < NNODES; j++) {
			const node: interval_tree_node = data.intervals[j];

			if (node.start <= last && start <= node.last)
				expected++;
		}
		for (
			let node = interval_tree_iter_first(root, start, last);
			node !== NULL;
			node = interval_tree_iter_next(node, start, last)
		) {
			KUNIT_EXPECT_TRUE(test, node.start <= last && start <= node.last);
			KUNIT_EXPECT_TRUE(test, prev_start <= node.start);
			prev_start = node.start;
			found++;
		}
		KUNIT_EXPECT_EQ(test, found, expected);
	}
	for (let j = 0; j < NNODES; j++)
		interval_tree_remove(data.intervals[j], root);
	KUNIT_EXPECT_NULL(test, interval_tree_iter_first(root, 0, 0x1ffff));
}

export const rbtree_test_suite = kunit_suite({
	name: "rbtree",
	init: () => {
		data.seed = 3141592;
		return 0;
	},
	test_cases: [
		KUNIT_CASE("insert_erase", rbtree_insert_erase),
		KUNIT_CASE("augmented", rbtree_augmented),
		KUNIT_CASE("replace", rbtree_replace),
		KUNIT_CASE("empty_node", rbtree_empty_node),
		KUNIT_CASE("interval_tree", interval_tree_search),
	],
});
