// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors lib/xarray.c (5.17) as far as the page cache uses it: pointers by
 * index, looked up under RCU; and of include/linux/xarray.h the cursor
 * (XA_STATE) as far as a reader needs it. Left out: marks, multi-index entries,
 * value and retry entries, changes by a cursor, allocation of indices.
 *
 * Port: the head of the array is address_space.i_pages, and the array's lock is
 * i_pages_lock. A node knows its level, so that the one load of the head gives
 * a reader a consistent tree; i_pages_height is for people who look at it.
 */
import type { address_space } from "linux/fs.ts";
import type { callback_head } from "linux/types.ts";
import type { kmem_cache } from "linux/slab_def.ts";
import { EEXIST, ENOMEM } from "linux/errno.ts";
import { VM_BUG_ON } from "linux/bug.ts";
import { GFP_ATOMIC } from "linux/gfp.ts";
import {
	kmem_cache_create, kmem_cache_free, kmem_cache_zalloc, SLAB_PANIC,
} from "linux/slab.ts";
import { lockdep_assert_held } from "linux/lockdep.ts";
import { call_rcu } from "linux/rcupdate.ts";

const XA_CHUNK_SIZE = 64;
const XA_CHUNK_MASK = 63;

/** i_pages_lock to change; slots are read under RCU. */
export interface xa_node extends struct {
	level: int; /* 0: the slots are entries; constant */
	count: int; /* slots in use; i_pages_lock */
	parent: xa_node; /* NULL at the top; i_pages_lock */
	offset: int; /* slot of the parent; i_pages_lock */
	slots: array<int, 64>; /* i_pages_lock, read under RCU */
	rcu: embed<callback_head>; /* RCU, once it is off the tree */
}

interface xarray_data extends struct {
	xa_node_cachep: kmem_cache; /* constant after boot */
}
const data = DEFINE<xarray_data>();

export function xarray_init(): void {
	data.xa_node_cachep = kmem_cache_create("radix_tree_node",
		sizeof<xa_node>(), 0, SLAB_PANIC);
}

/** Indices that one slot of a node of this level covers. */
const span = [1, 64, 4096, 2 ** 18, 2 ** 24, 2 ** 30, 2 ** 36, 2 ** 42, 2 ** 48];
/** To divide by that, exactly, with a multiplication, which is faster. */
const per_span = [
	1, 2 ** -6, 2 ** -12, 2 ** -18, 2 ** -24, 2 ** -30, 2 ** -36, 2 ** -42,
	2 ** -48,
];

function slot_of(index: number, level: number): number {
	return (index * per_span[level]) & XA_CHUNK_MASK;
}

/** Does index lie within a tree whose top has this level? */
function level_covers(level: number, index: number): boolean {
	return index < span[level] * XA_CHUNK_SIZE;
}

/** The entry at index, or 0. Caller is in an RCU read-side section, or holds
 *  i_pages_lock. */
export function xa_load(xa: address_space, index: number): number {
	const top = rcu_dereference(xa.i_pages);
	if (top === 0) return 0;
	let node = cast<xa_node>(top);
	if (!level_covers(node.level, index)) return 0;
	for (;;) {
		const entry = rcu_dereference(node.slots[slot_of(index, node.level)]);
		if (entry === 0 || node.level === 0) return entry;
		node = cast<xa_node>(entry);
	}
}

/**
 * A reader's place in the array, good within one RCU read-side section, or
 * while i_pages_lock is held. Its node may leave the tree meanwhile: it is
 * empty by then, and stays a node until the section ends.
 */
export interface xa_state {
	xa: address_space;
	xa_index: number;
	xa_offset: number; /* slot of xa_node */
	xa_node: xa_node; /* of level 0; NULL: begin at the top */
}

export function XA_STATE(xa: address_space, index: number): xa_state {
	return { xa, xa_index: index, xa_offset: 0, xa_node: NULL };
}

/** What is now where the last entry was found. */
export function xas_reload(xas: xa_state): number {
	return rcu_dereference(xas.xa_node.slots[xas.xa_offset]);
}

/** The first entry from xa_index up to max, or after the one found before; 0
 *  if there is none. */
export function xas_find(xas: xa_state, max: number): number {
	if (xas.xa_node !== NULL) xas.xa_index++;
	while (xas.xa_index <= max) {
		const top = rcu_dereference(xas.xa.i_pages);
		if (top === 0) break;
		let node = cast<xa_node>(top);
		if (!level_covers(node.level, xas.xa_index)) break;
		for (;;) {
			const slot = slot_of(xas.xa_index, node.level);
			const entry = rcu_dereference(node.slots[slot]);
			if (entry !== 0 && node.level === 0) {
				xas.xa_node = node;
				xas.xa_offset = slot;
				return entry;
			}
			if (entry === 0) {
				/* Nothing below this slot: on to the next. */
				const width = span[node.level];
				const i = Math.floor(xas.xa_index / width);
				xas.xa_index = (i + 1) * width;
				break;
			}
			node = cast<xa_node>(entry);
		}
	}
	xas.xa_node = NULL;
	return 0;
}

/** As xas_find() after an entry was found: mostly the next slot has one. */
export function xas_next_entry(xas: xa_state, max: number): number {
	const node = xas.xa_node;

	if (node !== NULL && xas.xa_offset !== XA_CHUNK_MASK &&
		xas.xa_index < max) {
		const entry = rcu_dereference(node.slots[xas.xa_offset + 1]);
		if (entry !== 0) {
			xas.xa_offset++;
			xas.xa_index++;
			return entry;
		}
	}
	return xas_find(xas, max);
}

/** The first index in [index, max] that has an entry, or -1. As xa_load(). */
export function xa_find(
	xa: address_space, index: number, max: number,
): number {
	const xas = XA_STATE(xa, index);

	return xas_find(xas, max) !== 0 ? xas.xa_index : -1;
}

function xa_node_alloc(level: number): xa_node {
	const node = kmem_cache_zalloc<xa_node>(data.xa_node_cachep, GFP_ATOMIC);

	if (node !== NULL) node.level = level;
	return node;
}

/** Put an entry where none is. Holds i_pages_lock. */
export function xa_insert(
	xa: address_space, index: number, entry: number,
): number {
	lockdep_assert_held(xa.i_pages_lock);
	if (xa.i_pages === 0) {
		/* As high as index needs: were it to grow, it would keep an
		 * empty node below slot 0 for good. */
		let level = 0;

		while (!level_covers(level, index)) level++;
		const first = xa_node_alloc(level);
		if (first === NULL) return -ENOMEM;
		rcu_assign_pointer(xa.i_pages, uptr(first));
		xa.i_pages_height = level + 1;
	}
	/* Grow at the top until index fits. */
	let node = cast<xa_node>(xa.i_pages);
	while (!level_covers(node.level, index)) {
		const above = xa_node_alloc(node.level + 1);
		if (above === NULL) return -ENOMEM;
		above.slots[0] = uptr(node);
		above.count = 1;
		node.parent = above;
		node.offset = 0;
		rcu_assign_pointer(xa.i_pages, uptr(above));
		xa.i_pages_height++;
		node = above;
	}
	while (node.level > 0) {
		const slot = slot_of(index, node.level);
		if (node.slots[slot] === 0) {
			const below = xa_node_alloc(node.level - 1);
			if (below === NULL) return -ENOMEM;
			below.parent = node;
			below.offset = slot;
			rcu_assign_pointer(node.slots[slot], uptr(below));
			node.count++;
		}
		node = cast<xa_node>(node.slots[slot]);
	}
	const slot = slot_of(index, 0);
	if (node.slots[slot] !== 0) return -EEXIST;
	rcu_assign_pointer(node.slots[slot], entry);
	node.count++;
	return 0;
}

const xa_node_free_rcu = RODATA((head: callback_head): void => {
	kmem_cache_free(data.xa_node_cachep, container_of<xa_node>(head, "rcu"));
});

/** Take the entry at index away; empty nodes go with it, after a grace period.
 *  Holds i_pages_lock. Returns what was there. */
export function xa_erase(xa: address_space, index: number): number {
	lockdep_assert_held(xa.i_pages_lock);
	if (xa.i_pages === 0) return 0;
	let node = cast<xa_node>(xa.i_pages);
	if (!level_covers(node.level, index)) return 0;
	while (node.level > 0) {
		const below = node.slots[slot_of(index, node.level)];
		if (below === 0) return 0;
		node = cast<xa_node>(below);
	}
	let slot = slot_of(index, 0);
	const entry = node.slots[slot];
	if (entry === 0) return 0;
	for (;;) {
		VM_BUG_ON(node.count <= 0, "xarray node count");
		WRITE_ONCE(node.slots[slot], 0);
		node.count--;
		if (node.count !== 0) return entry;
		const parent = node.parent;
		if (parent === NULL) {
			WRITE_ONCE(xa.i_pages, 0);
			xa.i_pages_height = 0;
			call_rcu(node.rcu, xa_node_free_rcu);
			return entry;
		}
		slot = node.offset;
		call_rcu(node.rcu, xa_node_free_rcu);
		node = parent;
	}
}
