// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/vmstat.h (5.17): counters of what is there (pages of
 * each kind), as opposed to the events of linux/vm_event.ts, which it includes.
 * Left out: NUMA events, memory cgroups: an lruvec counter is its node's.
 */
import { contig_page_data, mod_node_page_state } from "mm/vmstat.ts";
import type { page } from "linux/mm_types.ts";
import {
	NR_SLAB_UNRECLAIMABLE_B,
	type pglist_data,
} from "linux/mmzone.ts";

export * from "linux/vm_event.ts";
export * from "linux/vm_event_item.ts";
/* What C declares here with `extern`. */
export {
	__dec_node_page_state,
	__inc_node_page_state,
	__mod_node_page_state,
	dec_node_page_state,
	global_node_page_state,
	global_zone_page_state,
	inc_node_page_state,
	mod_node_page_state,
} from "mm/vmstat.ts";

/** linux/mm.h: the node of a page. */
export function page_pgdat(_page: page): pglist_data {
	return contig_page_data;
}

/** Counted in bytes, shown in pages. */
export function vmstat_item_in_bytes(idx: number): boolean {
	return idx === NR_SLAB_UNRECLAIMABLE_B;
}

export function __mod_lruvec_page_state(
	page: page,
	idx: number,
	val: number,
): void {
	mod_node_page_state(page_pgdat(page), idx, val);
}

export function mod_lruvec_page_state(
	page: page,
	idx: number,
	val: number,
): void {
	mod_node_page_state(page_pgdat(page), idx, val);
}

export function __inc_lruvec_page_state(page: page, idx: number): void {
	mod_node_page_state(page_pgdat(page), idx, 1);
}

export function __dec_lruvec_page_state(page: page, idx: number): void {
	mod_node_page_state(page_pgdat(page), idx, -1);
}

export function inc_lruvec_page_state(page: page, idx: number): void {
	mod_node_page_state(page_pgdat(page), idx, 1);
}

export function dec_lruvec_page_state(page: page, idx: number): void {
	mod_node_page_state(page_pgdat(page), idx, -1);
}
