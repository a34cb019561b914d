// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/rbtree_augmented.h (5.17): trees whose nodes carry a
 * value computed from their subtree, and the erase step that such trees share
 * with plain ones.
 * Port: RB_DECLARE_CALLBACKS is left out, as there are no macros: a user
 * writes the three callbacks as a const object of functions.
 */
import type { rb_node, rb_root, rb_root_cached } from "linux/types.ts";
import {
	__rb_erase_color,
	__rb_insert_augmented,
	rb_next,
} from "kernel/lib/rbtree.ts";

/** What keeps the subtree values right while the tree changes shape. */
export interface rb_augment_callbacks {
	/** Recompute from node up, to below stop or the first that is unchanged. */
	propagate: (node: rb_node, stop: rb_node) => void;
	/** new_ takes old's place: copy its value. */
	copy: (old: rb_node, new_: rb_node) => void;
	/** new_ was old's child and is now its parent: copy, recompute old. */
	rotate: (old: rb_node, new_: rb_node) => void;
}

export const RB_RED = 0;
export const RB_BLACK = 1;

export function __rb_parent(pc: number): rb_node {
	return cast<rb_node>(pc & ~3);
}

export function __rb_color(pc: number): number {
	return pc & 1;
}

export function __rb_is_black(pc: number): boolean {
	return (pc & 1) !== 0;
}

export function __rb_is_red(pc: number): boolean {
	return (pc & 1) === 0;
}

export function rb_color(rb: rb_node): number {
	return rb.__rb_parent_color & 1;
}

export function rb_is_red(rb: rb_node): boolean {
	return (rb.__rb_parent_color & 1) === 0;
}

export function rb_is_black(rb: rb_node): boolean {
	return (rb.__rb_parent_color & 1) !== 0;
}

export function rb_set_parent(rb: rb_node, p: rb_node): void {
	rb.__rb_parent_color = (rb.__rb_parent_color & 1) | uptr(p);
}

export function rb_set_parent_color(
	rb: rb_node,
	p: rb_node,
	color: number,
): void {
	rb.__rb_parent_color = uptr(p) | color;
}

/**
 * The caller has linked node and updated the values on the path down to it;
 * node's own is set.
 */
export function rb_insert_augmented(
	node: rb_node,
	root: rb_root,
	augment: rb_augment_callbacks,
): void {
	__rb_insert_augmented(node, root, augment.rotate);
}

export function rb_insert_augmented_cached(
	node: rb_node,
	root: rb_root_cached,
	newleft: boolean,
	augment: rb_augment_callbacks,
): void {
	if (newleft)
		root.rb_leftmost = node;
	rb_insert_augmented(node, root.rb_root, augment);
}

/** Lock-free walkers follow child links only, hence the marked stores. */
export function __rb_change_child(
	old: rb_node,
	new_: rb_node,
	parent: rb_node,
	root: rb_root,
): void {
	if (parent !== NULL) {
		if (parent.rb_left === old)
			WRITE_ONCE(parent.rb_left, new_);
		else
			WRITE_ONCE(parent.rb_right, new_);
	} else {
		WRITE_ONCE(root.rb_node, new_);
	}
}

export function __rb_change_child_rcu(
	old: rb_node,
	new_: rb_node,
	parent: rb_node,
	root: rb_root,
): void {
	if (parent !== NULL) {
		if (parent.rb_left === old)
			rcu_assign_pointer(parent.rb_left, new_);
		else
			rcu_assign_pointer(parent.rb_right, new_);
	} else {
		rcu_assign_pointer(root.rb_node, new_);
	}
}

/**
 * Unlink node. Returns NULL, or the parent from where on one black node is
 * missing, for __rb_erase_color().
 */
export function __rb_erase_augmented(
	node: rb_node,
	root: rb_root,
	augment: rb_augment_callbacks,
): rb_node {
	const child: rb_node = node.rb_right;
	let tmp: rb_node = node.rb_left;
	let parent: rb_node;
	let rebalance: rb_node;
	let pc: number;

	if (tmp === NULL) {
		/*
		 * Case 1: at most one child, on the right. A single child is red,
		 * so node is black and the child takes its place and colour.
		 */
		pc = node.__rb_parent_color;
		parent = __rb_parent(pc);
		__rb_change_child(node, child, parent, root);
		if (child !== NULL) {
			child.__rb_parent_color = pc;
			rebalance = NULL;
		} else {
			rebalance = __rb_is_black(pc) ? parent : NULL;
		}
		tmp = parent;
	} else if (child === NULL) {
		/* Still case 1, the one child on the left. */
		pc = node.__rb_parent_color;
		tmp.__rb_parent_color = pc;
		parent = __rb_parent(pc);
		__rb_change_child(node, tmp, parent, root);
		rebalance = NULL;
		tmp = parent;
	} else {
		let successor: rb_node = child;
		let child2: rb_node;

		tmp = child.rb_left;
		if (tmp === NULL) {
			/*
			 * Case 2: the successor s is node's right child. Trees
			 * as in kernel/lib/rbtree.ts, without colours:
			 *
			 * [[x] n [s [c]]] => [[x] s [c]]
			 */
			parent = successor;
			child2 = successor.rb_right;

			augment.copy(node, successor);
		} else {
			/*
			 * Case 3: the successor s is the first one of the right
			 * subtree; c takes its place.
			 *
			 * [[x] n [[[s [c]] p] y]] => [[x] s [[[c] p] y]]
			 */
			do {
				parent = successor;
				successor = tmp;
				tmp = tmp.rb_left;
			} while (tmp !== NULL);
			child2 = successor.rb_right;
			WRITE_ONCE(parent.rb_left, child2);
			WRITE_ONCE(successor.rb_right, child);
			rb_set_parent(child, successor);

			augment.copy(node, successor);
			augment.propagate(parent, successor);
		}

		tmp = node.rb_left;
		WRITE_ONCE(successor.rb_left, tmp);
		rb_set_parent(tmp, successor);

		pc = node.__rb_parent_color;
		tmp = __rb_parent(pc);
		__rb_change_child(node, successor, tmp, root);

		if (child2 !== NULL) {
			rb_set_parent_color(child2, parent, RB_BLACK);
			rebalance = NULL;
		} else {
			rebalance = rb_is_black(successor) ? parent : NULL;
		}
		successor.__rb_parent_color = pc;
		tmp = successor;
	}

	augment.propagate(tmp, NULL);
	return rebalance;
}

export function rb_erase_augmented(
	node: rb_node,
	root: rb_root,
	augment: rb_augment_callbacks,
): void {
	const rebalance = __rb_erase_augmented(node, root, augment);

	if (rebalance !== NULL)
		__rb_erase_color(rebalance, root, augment.rotate);
}

export function rb_erase_augmented_cached(
	node: rb_node,
	root: rb_root_cached,
	augment: rb_augment_callbacks,
): void {
	if (root.rb_leftmost === node)
		root.rb_leftmost = rb_next(node);
	rb_erase_augmented(node, root.rb_root, augment);
}
