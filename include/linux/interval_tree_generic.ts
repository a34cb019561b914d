// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/interval_tree_generic.h (5.17): trees of closed
 * intervals, sorted by their start, each node knowing the largest end in its
 * subtree. Searches take logarithmic time for each interval found.
 * Port: INTERVAL_TREE_DEFINE() generates functions for a struct; here the
 * functions are written once, work on the rb_node, and take an object of
 * accessors. An instance looks like kernel/lib/interval_tree.ts.
 */
import {
	rb_erase_augmented_cached,
	rb_insert_augmented_cached,
	type rb_augment_callbacks,
} from "linux/rbtree_augmented.ts";
import {
	rb_left_link,
	rb_link_node,
	type rb_link,
	rb_parent,
	rb_right_link,
} from "linux/rbtree.ts";
import type { rb_node, rb_root_cached } from "linux/types.ts";

/** ITSTART, ITLAST and ITSUBTREE of one kind of interval. */
export interface interval_tree_ops extends rb_augment_callbacks {
	start: (rb: rb_node) => number;
	last: (rb: rb_node) => number;
	subtree_last: (rb: rb_node) => number;
	set_subtree_last: (rb: rb_node, last: number) => void;
}

function compute_subtree_last(rb: rb_node, ops: interval_tree_ops): number {
	let max = ops.last(rb);

	if (rb.rb_left !== NULL) {
		const last = ops.subtree_last(rb.rb_left);

		if (last > max)
			max = last;
	}
	if (rb.rb_right !== NULL) {
		const last = ops.subtree_last(rb.rb_right);

		if (last > max)
			max = last;
	}
	return max;
}

/* The three callbacks, for an instance's ops object to hand on to. */

export function interval_tree_propagate(
	ops: interval_tree_ops,
	rb: rb_node,
	stop: rb_node,
): void {
	while (rb !== stop) {
		const max = compute_subtree_last(rb, ops);

		if (ops.subtree_last(rb) === max)
			break;
		ops.set_subtree_last(rb, max);
		rb = rb_parent(rb);
	}
}

export function interval_tree_copy(
	ops: interval_tree_ops,
	old: rb_node,
	new_: rb_node,
): void {
	ops.set_subtree_last(new_, ops.subtree_last(old));
}

export function interval_tree_rotate(
	ops: interval_tree_ops,
	old: rb_node,
	new_: rb_node,
): void {
	ops.set_subtree_last(new_, ops.subtree_last(old));
	ops.set_subtree_last(old, compute_subtree_last(old, ops));
}

/** ITPREFIX_insert */
export function interval_tree_generic_insert(
	node: rb_node,
	root: rb_root_cached,
	ops: interval_tree_ops,
): void {
	const start = ops.start(node);
	const last = ops.last(node);
	let link: rb_link = root.rb_root;
	let parent: rb_node = NULL;
	let leftmost = true;

	while (link.rb_node !== NULL) {
		parent = link.rb_node;
		if (ops.subtree_last(parent) < last)
			ops.set_subtree_last(parent, last);
		if (start < ops.start(parent)) {
			link = rb_left_link(parent);
		} else {
			link = rb_right_link(parent);
			leftmost = false;
		}
	}

	ops.set_subtree_last(node, last);
	rb_link_node(node, parent, link);
	rb_insert_augmented_cached(node, root, leftmost, ops);
}

/** ITPREFIX_remove */
export function interval_tree_generic_remove(
	node: rb_node,
	root: rb_root_cached,
	ops: interval_tree_ops,
): void {
	rb_erase_augmented_cached(node, root, ops);
}

/**
 * The leftmost interval below node that meets [start;last]. Its subtree is
 * known to reach at least start.
 */
export function interval_tree_generic_subtree_search(
	node: rb_node,
	start: number,
	last: number,
	ops: interval_tree_ops,
): rb_node {
	for (;;) {
		/* Invariant: start <= subtree_last(node). */
		const left: rb_node = node.rb_left;

		if (left !== NULL && start <= ops.subtree_last(left)) {
			/*
			 * Something on the left ends late enough. If the leftmost of
			 * those starts too late, then so does all that follows, here
			 * or on the right.
			 */
			node = left;
			continue;
		}
		if (ops.start(node) > last)
			return NULL; /* it and all on its right start too late */
		if (start <= ops.last(node))
			return node;
		const right: rb_node = node.rb_right;

		if (right === NULL || start > ops.subtree_last(right))
			return NULL;
		node = right;
	}
}

/** ITPREFIX_iter_first */
export function interval_tree_generic_iter_first(
	root: rb_root_cached,
	start: number,
	last: number,
	ops: interval_tree_ops,
): rb_node {
	const node: rb_node = root.rb_root.rb_node;

	if (node === NULL)
		return NULL;

	/* Cheap ways out: the whole tree ends before start, or begins after last. */
	if (ops.subtree_last(node) < start)
		return NULL;
	if (ops.start(root.rb_leftmost) > last)
		return NULL;

	return interval_tree_generic_subtree_search(node, start, last, ops);
}

/** ITPREFIX_iter_next: node is what the search returned before. */
export function interval_tree_generic_iter_next(
	node: rb_node,
	start: number,
	last: number,
	ops: interval_tree_ops,
): rb_node {
	let rb: rb_node = node.rb_right;

	for (;;) {
		/* All that begins before node has been seen; look right, then up. */
		if (rb !== NULL && start <= ops.subtree_last(rb))
			return interval_tree_generic_subtree_search(rb, start, last, ops);

		/* Up until we come from a left child. */
		let prev: rb_node;

		do {
			rb = rb_parent(node);
			if (rb === NULL)
				return NULL;
			prev = node;
			node = rb;
			rb = node.rb_right;
		} while (prev === rb);

		if (last < ops.start(node))
			return NULL;
		if (start <= ops.last(node))
			return node;
	}
}
