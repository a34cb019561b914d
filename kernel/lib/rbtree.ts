// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors lib/rbtree.c (5.17): rebalancing after insertion and erasure, and
 * walks in order.
 *
 * Properties kept: the root is black; red nodes have black children; from a
 * node down to each NULL link it is as many black ones.
 *
 * In comments a tree is written on one line, in the order of its nodes: what is
 * in brackets left of a node is its left subtree, what is right of it its right
 * one. A star follows a black node, a question mark one of either colour, and
 * a red one nothing: [[a*] b [c*]] is a red node with two black children.
 *
 * Lock-free walkers (find_vma() under RCU) may run at any time: all stores to
 * rb_left and rb_right are single and marked, and ordered so that no loop can
 * be seen at any moment. A walker may miss a subtree while it is rotated;
 * what it finds has to be validated by other means. The parent links and
 * colours are not theirs to look at.
 * Left out: postorder walks.
 */
import {
	__rb_change_child,
	__rb_change_child_rcu,
	__rb_erase_augmented,
	RB_BLACK,
	RB_RED,
	type rb_augment_callbacks,
	rb_is_black,
	rb_is_red,
	rb_set_parent_color,
	rb_set_parent,
} from "linux/rbtree_augmented.ts";
import { RB_EMPTY_NODE, rb_parent } from "linux/rbtree.ts";
import type { rb_node, rb_root } from "linux/types.ts";

/** rotate(old, new_) of an augmented tree. */
type augment_rotate = (old: rb_node, new_: rb_node) => void;

function rb_set_black(rb: rb_node): void {
	rb.__rb_parent_color |= RB_BLACK;
}

/** Of a node known to be red: no colour bit to mask. */
function rb_red_parent(red: rb_node): rb_node {
	return cast<rb_node>(red.__rb_parent_color);
}

/**
 * End of a rotation: new_ takes over old's parent and colour, and the link
 * that led to old; old becomes its child, of the given colour.
 * Port: published as by rb_link_node_rcu(), for new_ may be what was inserted
 * just now: who walks without a lock (a speculative fault) would find it as its
 * memory was before. The kernel has a plain marked store.
 */
function __rb_rotate_set_parents(
	old: rb_node,
	new_: rb_node,
	root: rb_root,
	color: number,
): void {
	const parent = rb_parent(old);

	new_.__rb_parent_color = old.__rb_parent_color;
	rb_set_parent_color(old, new_, color);
	__rb_change_child_rcu(old, new_, parent, root);
}

function __rb_insert(
	node: rb_node,
	root: rb_root,
	augment_rotate: augment_rotate,
): void {
	let parent: rb_node = rb_red_parent(node);
	let gparent: rb_node;
	let tmp: rb_node;

	for (;;) {
		/* Loop invariant: node is red. */
		if (parent === NULL) {
			/* The root: the first node, or red made its way up (case 1). */
			rb_set_parent_color(node, NULL, RB_BLACK);
			break;
		}

		/* With a black parent all is well. */
		if (rb_is_black(parent))
			break;

		gparent = rb_red_parent(parent);

		tmp = gparent.rb_right;
		if (parent !== tmp) {
			/* parent === gparent.rb_left */
			if (tmp !== NULL && rb_is_red(tmp)) {
				/*
				 * Case 1: the uncle is red: both take the
				 * black of g, the grandparent.
				 *
				 * [[[n] p] g* [u]] => [[[n] p*] g [u*]]
				 *
				 * g's parent may be red, so go on from there.
				 */
				rb_set_parent_color(tmp, gparent, RB_BLACK);
				rb_set_parent_color(parent, gparent, RB_BLACK);
				node = gparent;
				parent = rb_parent(node);
				rb_set_parent_color(node, parent, RB_RED);
				continue;
			}

			tmp = parent.rb_right;
			if (node === tmp) {
				/*
				 * Case 2: the uncle is black, and node
				 * between p and g: it takes p's place. That is
				 * case 3, with the two names exchanged.
				 *
				 * [[p [n]] g* [u*]] => [[[p] n] g* [u*]]
				 */
				tmp = node.rb_left;
				WRITE_ONCE(parent.rb_right, tmp);
				WRITE_ONCE(node.rb_left, parent);
				if (tmp !== NULL)
					rb_set_parent_color(tmp, parent, RB_BLACK);
				rb_set_parent_color(parent, node, RB_RED);
				augment_rotate(parent, node);
				parent = node;
				tmp = node.rb_right;
			}

			/*
			 * Case 3: the uncle is black, and node on the outer
			 * side: p takes g's place and colour, and all is well.
			 *
			 * [[[n] p] g* [u*]] => [[n] p* [g [u*]]]
			 */
			WRITE_ONCE(gparent.rb_left, tmp); /* === parent.rb_right */
			WRITE_ONCE(parent.rb_right, gparent);
			if (tmp !== NULL)
				rb_set_parent_color(tmp, gparent, RB_BLACK);
			__rb_rotate_set_parents(gparent, parent, root, RB_RED);
			augment_rotate(gparent, parent);
			break;
		}

		tmp = gparent.rb_left;
		if (tmp !== NULL && rb_is_red(tmp)) {
			/* Case 1, mirrored. */
			rb_set_parent_color(tmp, gparent, RB_BLACK);
			rb_set_parent_color(parent, gparent, RB_BLACK);
			node = gparent;
			parent = rb_parent(node);
			rb_set_parent_color(node, parent, RB_RED);
			continue;
		}

		tmp = parent.rb_left;
		if (node === tmp) {
			/* Case 2, mirrored. */
			tmp = node.rb_right;
			WRITE_ONCE(parent.rb_left, tmp);
			WRITE_ONCE(node.rb_right, parent);
			if (tmp !== NULL)
				rb_set_parent_color(tmp, parent, RB_BLACK);
			rb_set_parent_color(parent, node, RB_RED);
			augment_rotate(parent, node);
			parent = node;
			tmp = node.rb_left;
		}

		/* Case 3, mirrored. */
		WRITE_ONCE(gparent.rb_right, tmp); /* === parent.rb_left */
		WRITE_ONCE(parent.rb_left, gparent);
		if (tmp !== NULL)
			rb_set_parent_color(tmp, gparent, RB_BLACK);
		__rb_rotate_set_parents(gparent, parent, root, RB_RED);
		augment_rotate(gparent, parent);
		break;
	}
}

/** Restore the black count of the paths through parent, one short on one side. */
function ____rb_erase_color(
	parent: rb_node,
	root: rb_root,
	augment_rotate: augment_rotate,
): void {
	let node: rb_node = NULL;
	let sibling: rb_node;
	let tmp1: rb_node;
	let tmp2: rb_node;

	for (;;) {
		/*
		 * Each time round, paths through node have one black node fewer
		 * than those beside it. It is black, or NULL to begin with, and
		 * never the root.
		 */
		sibling = parent.rb_right;
		if (node !== sibling) {
			/* node === parent.rb_left */
			if (rb_is_red(sibling)) {
				/*
				 * Case 1: the sibling is red: it takes p's
				 * place, so that node gets a black one, l.
				 *
				 * [[n*] p* [[l*] s [r*]]] =>
				 *	[[[n*] p [l*]] s* [r*]]
				 */
				tmp1 = sibling.rb_left;
				WRITE_ONCE(parent.rb_right, tmp1);
				WRITE_ONCE(sibling.rb_left, parent);
				rb_set_parent_color(tmp1, parent, RB_BLACK);
				__rb_rotate_set_parents(parent, sibling, root, RB_RED);
				augment_rotate(parent, sibling);
				sibling = tmp1;
			}
			tmp1 = sibling.rb_right;
			if (tmp1 === NULL || rb_is_black(tmp1)) {
				tmp2 = sibling.rb_left;
				if (tmp2 === NULL || rb_is_black(tmp2)) {
					/*
					 * Case 2: no red child there: the
					 * sibling becomes red, and its side as
					 * short as ours.
					 *
					 * [[n*] p? [[l*] s* [r*]]] =>
					 *	[[n*] p? [[l*] s [r*]]]
					 *
					 * Either p was red and takes the
					 * missing black, or all paths through
					 * it are short: go on above.
					 */
					rb_set_parent_color(sibling, parent, RB_RED);
					if (rb_is_red(parent)) {
						rb_set_black(parent);
					} else {
						node = parent;
						parent = rb_parent(node);
						if (parent !== NULL)
							continue;
					}
					break;
				}
				/*
				 * Case 3: only the inner child, l, is red: it
				 * takes the sibling's place, for case 4.
				 *
				 * [[n*] p? [[l] s* [r*]]] =>
				 *	[[n*] p? [l [s* [r*]]]]
				 *
				 * If p is red it has a red child now: case 4
				 * mends that, where l takes p's place.
				 */
				tmp1 = tmp2.rb_right;
				WRITE_ONCE(sibling.rb_left, tmp1);
				WRITE_ONCE(tmp2.rb_right, sibling);
				WRITE_ONCE(parent.rb_right, tmp2);
				if (tmp1 !== NULL)
					rb_set_parent_color(tmp1, sibling, RB_BLACK);
				augment_rotate(sibling, tmp2);
				tmp1 = sibling;
				sibling = tmp2;
			}
			/*
			 * Case 4: the outer child, r, is red: the sibling takes
			 * p's place and colour, and both its sides get a black
			 * node.
			 *
			 * [[n*] p? [[l?] s* [r]]] =>
			 *	[[[n*] p* [l?]] s? [r*]]
			 */
			tmp2 = sibling.rb_left;
			WRITE_ONCE(parent.rb_right, tmp2);
			WRITE_ONCE(sibling.rb_left, parent);
			rb_set_parent_color(tmp1, sibling, RB_BLACK);
			if (tmp2 !== NULL)
				rb_set_parent(tmp2, parent);
			__rb_rotate_set_parents(parent, sibling, root, RB_BLACK);
			augment_rotate(parent, sibling);
			break;
		}

		sibling = parent.rb_left;
		if (rb_is_red(sibling)) {
			/* Case 1, mirrored. */
			tmp1 = sibling.rb_right;
			WRITE_ONCE(parent.rb_left, tmp1);
			WRITE_ONCE(sibling.rb_right, parent);
			rb_set_parent_color(tmp1, parent, RB_BLACK);
			__rb_rotate_set_parents(parent, sibling, root, RB_RED);
			augment_rotate(parent, sibling);
			sibling = tmp1;
		}
		tmp1 = sibling.rb_left;
		if (tmp1 === NULL || rb_is_black(tmp1)) {
			tmp2 = sibling.rb_right;
			if (tmp2 === NULL || rb_is_black(tmp2)) {
				/* Case 2, mirrored. */
				rb_set_parent_color(sibling, parent, RB_RED);
				if (rb_is_red(parent)) {
					rb_set_black(parent);
				} else {
					node = parent;
					parent = rb_parent(node);
					if (parent !== NULL)
						continue;
				}
				break;
			}
			/* Case 3, mirrored. */
			tmp1 = tmp2.rb_left;
			WRITE_ONCE(sibling.rb_right, tmp1);
			WRITE_ONCE(tmp2.rb_left, sibling);
			WRITE_ONCE(parent.rb_left, tmp2);
			if (tmp1 !== NULL)
				rb_set_parent_color(tmp1, sibling, RB_BLACK);
			augment_rotate(sibling, tmp2);
			tmp1 = sibling;
			sibling = tmp2;
		}
		/* Case 4, mirrored: right rotate at parent and flip colours. */
		tmp2 = sibling.rb_right;
		WRITE_ONCE(parent.rb_left, tmp2);
		WRITE_ONCE(sibling.rb_right, parent);
		rb_set_parent_color(tmp1, sibling, RB_BLACK);
		if (tmp2 !== NULL)
			rb_set_parent(tmp2, parent);
		__rb_rotate_set_parents(parent, sibling, root, RB_BLACK);
		augment_rotate(parent, sibling);
		break;
	}
}

/** The second half of an augmented erase. */
export function __rb_erase_color(
	parent: rb_node,
	root: rb_root,
	augment_rotate: augment_rotate,
): void {
	____rb_erase_color(parent, root, augment_rotate);
}

/* A plain tree is an augmented one without values. */

function dummy_propagate(_node: rb_node, _stop: rb_node): void {}
function dummy_copy(_old: rb_node, _new: rb_node): void {}
function dummy_rotate(_old: rb_node, _new: rb_node): void {}

const dummy_callbacks: rb_augment_callbacks = {
	propagate: dummy_propagate,
	copy: dummy_copy,
	rotate: dummy_rotate,
};

/** node has been linked, red, with rb_link_node(): rebalance. */
export function rb_insert_color(node: rb_node, root: rb_root): void {
	__rb_insert(node, root, dummy_rotate);
}

export function rb_erase(node: rb_node, root: rb_root): void {
	const rebalance = __rb_erase_augmented(node, root, dummy_callbacks);

	if (rebalance !== NULL)
		____rb_erase_color(rebalance, root, dummy_rotate);
}

export function __rb_insert_augmented(
	node: rb_node,
	root: rb_root,
	augment_rotate: augment_rotate,
): void {
	__rb_insert(node, root, augment_rotate);
}

/** First in sort order. */
export function rb_first(root: rb_root): rb_node {
	let n: rb_node = root.rb_node;

	if (n === NULL)
		return NULL;
	while (n.rb_left !== NULL)
		n = n.rb_left;
	return n;
}

export function rb_last(root: rb_root): rb_node {
	let n: rb_node = root.rb_node;

	if (n === NULL)
		return NULL;
	while (n.rb_right !== NULL)
		n = n.rb_right;
	return n;
}

export function rb_next(node: rb_node): rb_node {
	let parent: rb_node;

	if (RB_EMPTY_NODE(node))
		return NULL;

	/* The right subtree's leftmost, if there is one. */
	if (node.rb_right !== NULL) {
		node = node.rb_right;
		while (node.rb_left !== NULL)
			node = node.rb_left;
		return node;
	}

	/* Else up: the first ancestor of which we are on the left. */
	for (;;) {
		parent = rb_parent(node);
		if (parent === NULL || node !== parent.rb_right)
			return parent;
		node = parent;
	}
}

export function rb_prev(node: rb_node): rb_node {
	let parent: rb_node;

	if (RB_EMPTY_NODE(node))
		return NULL;

	if (node.rb_left !== NULL) {
		node = node.rb_left;
		while (node.rb_right !== NULL)
			node = node.rb_right;
		return node;
	}

	for (;;) {
		parent = rb_parent(node);
		if (parent === NULL || node !== parent.rb_left)
			return parent;
		node = parent;
	}
}

/** new_ takes victim's place; no rebalancing, since the key is the same. */
export function rb_replace_node(
	victim: rb_node,
	new_: rb_node,
	root: rb_root,
): void {
	const parent = rb_parent(victim);

	struct_copy<rb_node>(new_, victim);

	if (victim.rb_left !== NULL)
		rb_set_parent(victim.rb_left, new_);
	if (victim.rb_right !== NULL)
		rb_set_parent(victim.rb_right, new_);
	__rb_change_child(victim, new_, parent, root);
}

/** For trees walked under RCU: the link to new_ is published last. */
export function rb_replace_node_rcu(
	victim: rb_node,
	new_: rb_node,
	root: rb_root,
): void {
	const parent = rb_parent(victim);

	struct_copy<rb_node>(new_, victim);

	if (victim.rb_left !== NULL)
		rb_set_parent(victim.rb_left, new_);
	if (victim.rb_right !== NULL)
		rb_set_parent(victim.rb_right, new_);
	__rb_change_child_rcu(victim, new_, parent, root);
}
