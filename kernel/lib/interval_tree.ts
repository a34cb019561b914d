// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors lib/interval_tree.c (5.17): the instance of the generic interval
 * tree for struct interval_tree_node. Left out: span iteration (6.2).
 */
import {
	interval_tree_copy,
	interval_tree_generic_insert,
	interval_tree_generic_iter_first,
	interval_tree_generic_iter_next,
	interval_tree_generic_remove,
	type interval_tree_ops,
	interval_tree_propagate,
	interval_tree_rotate,
} from "linux/interval_tree_generic.ts";
import type { interval_tree_node } from "linux/interval_tree.ts";
import type { rb_node, rb_root_cached } from "linux/types.ts";

function entry(rb: rb_node): interval_tree_node {
	return container_of<interval_tree_node>(rb, "rb");
}

const interval_tree: interval_tree_ops = {
	start: (rb) => entry(rb).start,
	last: (rb) => entry(rb).last,
	subtree_last: (rb) => entry(rb).__subtree_last,
	set_subtree_last: (rb, last) => {
		const node = entry(rb);

		node.__subtree_last = last;
	},
	propagate: (rb, stop) => interval_tree_propagate(interval_tree, rb, stop),
	copy: (old, new_) => interval_tree_copy(interval_tree, old, new_),
	rotate: (old, new_) => interval_tree_rotate(interval_tree, old, new_),
};

function entry_or_null(rb: rb_node): interval_tree_node {
	return rb === NULL ? NULL : entry(rb);
}

export function interval_tree_insert(
	node: interval_tree_node,
	root: rb_root_cached,
): void {
	interval_tree_generic_insert(node.rb, root, interval_tree);
}

export function interval_tree_remove(
	node: interval_tree_node,
	root: rb_root_cached,
): void {
	interval_tree_generic_remove(node.rb, root, interval_tree);
}

/** The first interval that meets [start;last], by start. */
export function interval_tree_iter_first(
	root: rb_root_cached,
	start: number,
	last: number,
): interval_tree_node {
	return entry_or_null(
		interval_tree_generic_iter_first(root, start, last, interval_tree),
	);
}

/** The next one after node, for the same range. */
export function interval_tree_iter_next(
	node: interval_tree_node,
	start: number,
	last: number,
): interval_tree_node {
	return entry_or_null(
		interval_tree_generic_iter_next(node.rb, start, last, interval_tree),
	);
}
