// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/rbtree_latch.h (5.17): a red-black tree twice, of
 * which one is whole at any time, so that a look-up without locks always finds
 * what is there. Morton asked how a speculative fault may descend a tree beside
 * its writer at all. Here is the other answer than v2's: the descent there is
 * over one tree, may miss what is in it, and is thrown away when mmap_seq says
 * that a writer was about. In Linux modules' addresses and BPF's use this one;
 * here nothing does but its tests and scenarios.
 * Port: the order is an object that nobody writes to; a key is a number.
 */
import { rb_erase, rb_insert_color, rb_link_node_rcu } from "linux/rbtree.ts";
import { rb_left_link, type rb_link, rb_right_link } from "linux/rbtree.ts";
import {
	raw_read_seqcount_latch,
	raw_write_seqcount_latch,
	read_seqcount_latch_retry,
} from "linux/seqlock.ts";
import type { seqcount_latch_t } from "linux/spinlock_types.ts";
import type { rb_node, rb_root } from "linux/types.ts";

export interface latch_tree_node extends struct {
	/** by tree; the lock of its writers, and readers under RCU */
	node: array<embed<rb_node>, 2>;
}

export interface latch_tree_root extends struct {
	seq: embed<seqcount_latch_t>; /* see seqcount_latch_t */
	tree: array<embed<rb_root>, 2>; /* as node in latch_tree_node: RCU */
}

/** The order of a tree. Where comp() is 0, less() is false both ways. */
export interface latch_tree_ops {
	less: (a: latch_tree_node, b: latch_tree_node) => boolean;
	/** negative: the key is before b */
	comp: (key: number, b: latch_tree_node) => number;
}

function __lt_from_rb(node: rb_node, idx: number): latch_tree_node {
	return cast<latch_tree_node>(uptr(node) - idx * sizeof<rb_node>());
}

function __lt_insert(
	ltn: latch_tree_node,
	ltr: latch_tree_root,
	idx: number,
	less: (a: latch_tree_node, b: latch_tree_node) => boolean,
): void {
	const root: rb_root = ltr.tree[idx];
	const node: rb_node = ltn.node[idx];
	let link: rb_link = root;
	let parent: rb_node = NULL;

	while (link.rb_node !== NULL) {
		parent = link.rb_node;
		link = less(ltn, __lt_from_rb(parent, idx))
			? rb_left_link(parent)
			: rb_right_link(parent);
	}
	rb_link_node_rcu(node, parent, link);
	rb_insert_color(node, root);
}

function __lt_erase(
	ltn: latch_tree_node,
	ltr: latch_tree_root,
	idx: number,
): void {
	rb_erase(ltn.node[idx], ltr.tree[idx]);
}

function __lt_find(
	key: number,
	ltr: latch_tree_root,
	idx: number,
	comp: (key: number, b: latch_tree_node) => number,
): latch_tree_node {
	const root: rb_root = ltr.tree[idx];
	let node: rb_node = rcu_dereference(root.rb_node);

	while (node !== NULL) {
		const ltn = __lt_from_rb(node, idx);
		const c = comp(key, ltn);

		if (c < 0)
			node = rcu_dereference(node.rb_left);
		else if (c > 0)
			node = rcu_dereference(node.rb_right);
		else
			return ltn;
	}
	return NULL;
}

/** Into one tree while readers look into the other, and then the other way
 *  round. Writers exclude each other. */
export function latch_tree_insert(
	node: latch_tree_node,
	root: latch_tree_root,
	ops: latch_tree_ops,
): void {
	raw_write_seqcount_latch(root.seq);
	__lt_insert(node, root, 0, ops.less);
	raw_write_seqcount_latch(root.seq);
	__lt_insert(node, root, 1, ops.less);
}

/** In the same way. Readers may stand on the node for a grace period. */
export function latch_tree_erase(
	node: latch_tree_node,
	root: latch_tree_root,
	_ops: latch_tree_ops,
): void {
	raw_write_seqcount_latch(root.seq);
	__lt_erase(node, root, 0);
	raw_write_seqcount_latch(root.seq);
	__lt_erase(node, root, 1);
}

/**
 * The node with that key, or NULL. Under RCU. Who interrupts a writer looks
 * once only, into the tree that is whole.
 */
export function latch_tree_find(
	key: number,
	root: latch_tree_root,
	ops: latch_tree_ops,
): latch_tree_node {
	let node: latch_tree_node;
	let seq: number;

	do {
		seq = raw_read_seqcount_latch(root.seq);
		node = __lt_find(key, root, seq & 1, ops.comp);
	} while (read_seqcount_latch_retry(root.seq, seq));

	return node;
}
