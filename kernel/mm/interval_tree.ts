// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/interval_tree.c (5.17), and of include/linux/mm.h the iteration
 * over its trees: the vmas of a file by the pages that they map, and the vmas
 * of an anon_vma likewise.
 *
 * Writers hold i_mmap_rwsem or the anon_vma's lock for writing, readers at
 * least for reading.
 */
import { CONFIG_DEBUG_VM_RB } from "generated/autoconf.ts";
import { VM_BUG_ON_VMA, WARN_ON_ONCE } from "linux/bug.ts";
import {
	interval_tree_copy, interval_tree_generic_insert,
	interval_tree_generic_iter_first, interval_tree_generic_iter_next,
	interval_tree_generic_remove, type interval_tree_ops,
	interval_tree_propagate, interval_tree_rotate,
} from "linux/interval_tree_generic.ts";
import { vma_pages } from "linux/mm.ts";
import type { anon_vma_chain, vm_area_struct } from "linux/mm_types.ts";
import {
	rb_left_link, rb_link_node, type rb_link, rb_right_link,
} from "linux/rbtree.ts";
import { rb_insert_augmented } from "linux/rbtree_augmented.ts";
import type { rb_node, rb_root_cached } from "linux/types.ts";

/* ---- address_space.i_mmap ---- */

function vma_start_pgoff(v: vm_area_struct): number {
	return v.vm_pgoff;
}

function vma_last_pgoff(v: vm_area_struct): number {
	return v.vm_pgoff + vma_pages(v) - 1;
}

function vma_of(rb: rb_node): vm_area_struct {
	return container_of<vm_area_struct>(rb, "shared_rb");
}

const vma_interval_tree: interval_tree_ops = {
	start: (rb) => vma_start_pgoff(vma_of(rb)),
	last: (rb) => vma_last_pgoff(vma_of(rb)),
	subtree_last: (rb) => vma_of(rb).shared_rb_subtree_last,
	set_subtree_last: (rb, last) => {
		const vma = vma_of(rb);

		vma.shared_rb_subtree_last = last;
	},
	propagate: (rb, stop) =>
		interval_tree_propagate(vma_interval_tree, rb, stop),
	copy: (old, new_) => interval_tree_copy(vma_interval_tree, old, new_),
	rotate: (old, new_) => interval_tree_rotate(vma_interval_tree, old, new_),
};

function vma_or_null(rb: rb_node): vm_area_struct {
	return rb !== NULL ? vma_of(rb) : NULL;
}

export function vma_interval_tree_insert(
	node: vm_area_struct, root: rb_root_cached,
): void {
	interval_tree_generic_insert(node.shared_rb, root, vma_interval_tree);
}

export function vma_interval_tree_remove(
	node: vm_area_struct, root: rb_root_cached,
): void {
	interval_tree_generic_remove(node.shared_rb, root, vma_interval_tree);
}

/** The first vma that maps one of the pages first … last of the file. */
export function vma_interval_tree_iter_first(
	root: rb_root_cached, first: number, last: number,
): vm_area_struct {
	return vma_or_null(interval_tree_generic_iter_first(root, first, last,
		vma_interval_tree));
}

export function vma_interval_tree_iter_next(
	node: vm_area_struct, first: number, last: number,
): vm_area_struct {
	return vma_or_null(interval_tree_generic_iter_next(node.shared_rb, first,
		last, vma_interval_tree));
}

/**
 * Insert node right behind prev, which has the same start: fork puts the
 * child's vma there, so that rmap walks parents before children.
 */
export function vma_interval_tree_insert_after(
	node: vm_area_struct, prev: vm_area_struct, root: rb_root_cached,
): void {
	const last = vma_last_pgoff(node);
	let parent: vm_area_struct;
	let link: rb_link;

	VM_BUG_ON_VMA(vma_start_pgoff(node) !== vma_start_pgoff(prev), node,
		"insert_after");

	if (prev.shared_rb.rb_right === NULL) {
		parent = prev;
		link = rb_right_link(prev.shared_rb);
	} else {
		parent = vma_of(prev.shared_rb.rb_right);
		if (parent.shared_rb_subtree_last < last)
			parent.shared_rb_subtree_last = last;
		while (parent.shared_rb.rb_left !== NULL) {
			parent = vma_of(parent.shared_rb.rb_left);
			if (parent.shared_rb_subtree_last < last)
				parent.shared_rb_subtree_last = last;
		}
		link = rb_left_link(parent.shared_rb);
	}

	node.shared_rb_subtree_last = last;
	rb_link_node(node.shared_rb, parent.shared_rb, link);
	rb_insert_augmented(node.shared_rb, root.rb_root, vma_interval_tree);
}

/* ---- anon_vma.rb_root ---- */

function avc_start_pgoff(avc: anon_vma_chain): number {
	return vma_start_pgoff(avc.vma);
}

function avc_last_pgoff(avc: anon_vma_chain): number {
	return vma_last_pgoff(avc.vma);
}

function avc_of(rb: rb_node): anon_vma_chain {
	return container_of<anon_vma_chain>(rb, "rb");
}

const anon_vma_interval_tree: interval_tree_ops = {
	start: (rb) => avc_start_pgoff(avc_of(rb)),
	last: (rb) => avc_last_pgoff(avc_of(rb)),
	subtree_last: (rb) => avc_of(rb).rb_subtree_last,
	set_subtree_last: (rb, last) => {
		const avc = avc_of(rb);

		avc.rb_subtree_last = last;
	},
	propagate: (rb, stop) =>
		interval_tree_propagate(anon_vma_interval_tree, rb, stop),
	copy: (old, new_) =>
		interval_tree_copy(anon_vma_interval_tree, old, new_),
	rotate: (old, new_) =>
		interval_tree_rotate(anon_vma_interval_tree, old, new_),
};

function avc_or_null(rb: rb_node): anon_vma_chain {
	return rb !== NULL ? avc_of(rb) : NULL;
}

export function anon_vma_interval_tree_insert(
	node: anon_vma_chain, root: rb_root_cached,
): void {
	if (CONFIG_DEBUG_VM_RB) {
		node.cached_vma_start = avc_start_pgoff(node);
		node.cached_vma_last = avc_last_pgoff(node);
	}
	interval_tree_generic_insert(node.rb, root, anon_vma_interval_tree);
}

export function anon_vma_interval_tree_remove(
	node: anon_vma_chain, root: rb_root_cached,
): void {
	interval_tree_generic_remove(node.rb, root, anon_vma_interval_tree);
}

export function anon_vma_interval_tree_iter_first(
	root: rb_root_cached, first: number, last: number,
): anon_vma_chain {
	return avc_or_null(interval_tree_generic_iter_first(root, first, last,
		anon_vma_interval_tree));
}

export function anon_vma_interval_tree_iter_next(
	node: anon_vma_chain, first: number, last: number,
): anon_vma_chain {
	return avc_or_null(interval_tree_generic_iter_next(node.rb, first, last,
		anon_vma_interval_tree));
}

/** Has a vma changed its bounds while it was in the tree? */
export function anon_vma_interval_tree_verify(node: anon_vma_chain): void {
	if (CONFIG_DEBUG_VM_RB) {
		WARN_ON_ONCE(node.cached_vma_start !== avc_start_pgoff(node),
			"anon_vma tree: start");
		WARN_ON_ONCE(node.cached_vma_last !== avc_last_pgoff(node),
			"anon_vma tree: last");
	}
}
