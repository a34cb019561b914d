// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/types.h and rbtree_types.h (5.17): the small structs
 * that other structs embed. Scalar types are in compiler.d.ts.
 */

/** All fields: the lock of the list, see the field that it lies in. */
export interface list_head extends struct {
	next: list_head;
	prev: list_head;
}

/** A list with a head of one word. All fields: the lock of the list, see the
 *  field that it lies in. */
export interface hlist_head extends struct {
	first: hlist_node;
}

/** All fields: the lock of the list, see the field that it lies in. */
export interface hlist_node extends struct {
	next: hlist_node;
	/** the word that points to us: a head, or the next of another node */
	pprev: hlist_head;
}

/** RCU callback. All fields: RCU: the CPU that called call_rcu(), or who took
 *  its callbacks over. Overlays nothing itself; see vm_area_struct.vm_rcu. */
export interface callback_head extends struct {
	next: callback_head;
	func: rodata<(head: callback_head) => void>;
}
export type rcu_head = callback_head;

/** All fields: the lock of the tree, see the field that it lies in. */
export interface rb_node extends struct {
	__rb_parent_color: int; /* address of the parent | colour (1: black) */
	rb_right: rb_node;
	rb_left: rb_node;
}

/** All fields: the lock of the tree, see the field that it lies in. */
export interface rb_root extends struct {
	rb_node: rb_node;
}

/** All fields: the lock of the tree, see the field that it lies in. */
export interface rb_root_cached extends struct {
	rb_root: embed<rb_root>;
	rb_leftmost: rb_node;
}

export interface atomic_t extends struct {
	counter: int; /* atomic */
}
