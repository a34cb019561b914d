// SPDX-License-Identifier: GPL-2.0-only
/** The allocator's books at the end of an execution: each count is the length of its lists. */
import { nr_cpus } from "host/state.ts";
import { MAX_NR_ZONES, type per_cpu_pages, type zone } from "linux/mmzone.ts";
import type { list_head } from "linux/types.ts";
import { node_zone, zone_pageset } from "mm/page_alloc.ts";
import { check_that } from "./scenario.ts";

const MAX_ORDER = 11;
const NR_PCP_LISTS = 4;

function length(list: list_head): number {
	let n = 0;

	for (let p: list_head = list.next; p !== list; p = p.next) n++;
	return n;
}

export function check_free_pages(): void {
	for (let idx = 0; idx < MAX_NR_ZONES; idx++) check_zone(node_zone(idx));
}

function check_zone(zone: zone): void {
	let pages = 0;

	for (let order = 0; order < MAX_ORDER; order++) {
		const area = zone.free_area[order];
		const blocks = length(area.free_list);

		check_that(
			area.nr_free === blocks,
			`the zone counts ${area.nr_free} free blocks of order ${order}, and has ${blocks}`,
		);
		pages += blocks << order;
	}
	check_that(zone.nr_free_pages === pages, `the zone counts ${zone.nr_free_pages} free pages, and has ${pages}`);
	for (let cpu = 0; cpu < nr_cpus; cpu++) {
		const pcp: per_cpu_pages = zone_pageset(zone, cpu);
		let own = 0;

		for (let order = 0; order < NR_PCP_LISTS; order++) own += length(pcp.lists[order]) << order;
		check_that(pcp.count === own, `CPU${cpu} counts ${pcp.count} free pages of its own, and has ${own}`);
	}
}
