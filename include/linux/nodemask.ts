// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/nodemask.h and numa.h (5.17) as far as memory policies
 * work with sets of nodes.
 * Port: a set is one word, of the nodes that a machine may have here. Users may
 * name as many as with a distributor's NODES_SHIFT, 10.
 */
import { CONFIG_NUMA } from "generated/autoconf.ts";
import type { mm_struct } from "linux/mm_types.ts";

/** Bit n: node n. */
export type nodemask_t = number;

export const MAX_NUMNODES = 1024;
export const NUMA_NO_NODE = -1;
/** Those that there may be. */
export const NODES_PER_WORD = 32;

export const NODE_MASK_NONE: nodemask_t = 0;

export function node_isset(node: number, mask: nodemask_t): boolean {
	return node < NODES_PER_WORD && (mask & (1 << node)) !== 0;
}

export function nodes_empty(mask: nodemask_t): boolean {
	return mask === 0;
}

export function nodes_weight(mask: nodemask_t): number {
	let n = 0;

	for (; mask !== 0; mask &= mask - 1)
		n++;
	return n;
}

/** The next one behind `node`, MAX_NUMNODES if there is none. */
export function next_node(node: number, mask: nodemask_t): number {
	for (let n = node + 1; n < NODES_PER_WORD; n++) {
		if (node_isset(n, mask))
			return n;
	}
	return MAX_NUMNODES;
}

export function first_node(mask: nodemask_t): number {
	return next_node(-1, mask);
}

/** The next one in a circle. */
export function next_node_in(node: number, mask: nodemask_t): number {
	const n = next_node(node, mask);

	return n === MAX_NUMNODES ? first_node(mask) : n;
}

/** Each node modulo sz. */
export function nodes_fold(orig: nodemask_t, sz: number): nodemask_t {
	let mask = 0;

	for (let n = first_node(orig); n < MAX_NUMNODES; n = next_node(n, orig))
		mask |= 1 << n % sz;
	return mask >>> 0;
}

/** For node m of orig the m-th that there is in relmap. */
export function nodes_onto(orig: nodemask_t, relmap: nodemask_t): nodemask_t {
	let mask = 0;
	let m = 0;

	for (let n = first_node(relmap); n < MAX_NUMNODES;
	     n = next_node(n, relmap), m++) {
		if (node_isset(m, orig))
			mask |= 1 << n;
	}
	return mask >>> 0;
}

/** node_states[N_MEMORY], which is also who is online. Port: all memory is
 *  node 0's. How many nodes a program sees is a setting of its mm. */
export function node_memory_map(mm: mm_struct): nodemask_t {
	if (CONFIG_NUMA && mm.nr_nodes !== 0)
		return 0xffffffff >>> (NODES_PER_WORD - mm.nr_nodes);
	return 1;
}
