// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/interval_tree.h (5.17): the general-purpose interval
 * tree. Its functions are in kernel/lib/interval_tree.ts.
 */
import type { rb_node } from "linux/types.ts";

export interface interval_tree_node extends struct {
	rb: embed<rb_node>; /* the tree's lock, which is its user's */
	start: ulong; /* first unit; constant while on a tree */
	last: ulong; /* last unit, included; constant while on a tree */
	__subtree_last: ulong; /* as rb */
}

export {
	interval_tree_insert,
	interval_tree_iter_first,
	interval_tree_iter_next,
	interval_tree_remove,
} from "kernel/lib/interval_tree.ts";
