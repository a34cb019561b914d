// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/rbtree.h (5.17): the red-black tree whose nodes lie in
 * the elements. Insertion walks are the caller's; rb_link_node() and
 * rb_insert_color() finish them. The algorithms are in kernel/lib/rbtree.ts.
 * Port: a link (`struct rb_node **`) is the address of a word that holds a node
 * pointer, which is what an rb_root is: `let link: rb_link = root`, then
 * `link = rb_left_link(parent)`, and `*link` is `link.rb_node`.
 * Left out: postorder walks; of the functions that compare, all but
 * rb_add_cached().
 */
import type { rb_node, rb_root, rb_root_cached } from "linux/types.ts";
import {
	rb_erase,
	rb_first,
	rb_insert_color,
	rb_last,
	rb_next,
	rb_prev,
	rb_replace_node,
	rb_replace_node_rcu,
} from "kernel/lib/rbtree.ts";

/** Where a node pointer is stored: the root, or one side of a node. */
export type rb_link = rb_root;

export function rb_left_link(node: rb_node): rb_link {
	return cast<rb_root>(ADDR(node.rb_left));
}

export function rb_right_link(node: rb_node): rb_link {
	return cast<rb_root>(ADDR(node.rb_right));
}

/** The parent, without the colour in bit 0. */
export function rb_parent(r: rb_node): rb_node {
	return cast<rb_node>(r.__rb_parent_color & ~3);
}

export function RB_EMPTY_ROOT(root: rb_root): boolean {
	return READ_ONCE(root.rb_node) === NULL;
}

/** A node that is its own parent is on no tree. */
export function RB_EMPTY_NODE(node: rb_node): boolean {
	return node.__rb_parent_color === uptr(node);
}

export function RB_CLEAR_NODE(node: rb_node): void {
	node.__rb_parent_color = uptr(node);
}

/**
 * Hang node, red and childless, into an empty link. Lock-free walkers may see
 * it from the last store on; its own links are NULL by then.
 */
export function rb_link_node(
	node: rb_node,
	parent: rb_node,
	rb_link: rb_link,
): void {
	node.__rb_parent_color = uptr(parent);
	node.rb_left = NULL;
	node.rb_right = NULL;

	rb_link.rb_node = node;
}

/** The same for trees that are walked under RCU. */
export function rb_link_node_rcu(
	node: rb_node,
	parent: rb_node,
	rb_link: rb_link,
): void {
	node.__rb_parent_color = uptr(parent);
	node.rb_left = NULL;
	node.rb_right = NULL;

	/* Pairs with the dependent loads of the walk. */
	rcu_assign_pointer(rb_link.rb_node, node);
}

/** The leftmost node without a walk. */
export function rb_first_cached(root: rb_root_cached): rb_node {
	return root.rb_leftmost;
}

export function rb_insert_color_cached(
	node: rb_node,
	root: rb_root_cached,
	leftmost: boolean,
): void {
	if (leftmost)
		root.rb_leftmost = node;
	rb_insert_color(node, root.rb_root);
}

/** Returns the new leftmost node if that changed, else NULL. */
export function rb_erase_cached(node: rb_node, root: rb_root_cached): rb_node {
	let leftmost: rb_node = NULL;

	if (root.rb_leftmost === node) {
		leftmost = rb_next(node);
		root.rb_leftmost = leftmost;
	}
	rb_erase(node, root.rb_root);
	return leftmost;
}

export function rb_replace_node_cached(
	victim: rb_node,
	new_: rb_node,
	root: rb_root_cached,
): void {
	if (root.rb_leftmost === victim)
		root.rb_leftmost = new_;
	rb_replace_node(victim, new_, root.rb_root);
}

/** Behind its equals, as less() says. Returns the node if it is the leftmost
 *  one now, else NULL. */
export function rb_add_cached(
	node: rb_node,
	tree: rb_root_cached,
	less: (a: rb_node, b: rb_node) => boolean,
): rb_node {
	let link: rb_link = tree.rb_root;
	let parent: rb_node = NULL;
	let leftmost = true;

	while (link.rb_node !== NULL) {
		parent = link.rb_node;
		if (less(node, parent)) {
			link = rb_left_link(parent);
		} else {
			link = rb_right_link(parent);
			leftmost = false;
		}
	}
	rb_link_node(node, parent, link);
	rb_insert_color_cached(node, tree, leftmost);
	return leftmost ? node : NULL;
}

export {
	rb_erase,
	rb_first,
	rb_insert_color,
	rb_last,
	rb_next,
	rb_prev,
	rb_replace_node,
	rb_replace_node_rcu,
};
