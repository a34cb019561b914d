// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/vmstat.c (5.17 with V2.13 and 31): sums of the event counters,
 * the counters of pages by kind, and the text of /proc/vmstat.
 *
 * A CPU collects its changes in a counter of its own and adds them to the
 * shared one when they exceed a threshold, so that the shared cache line is
 * written rarely. A reader of the shared counter is off by as much for each
 * CPU; vmstat_show() adds what the CPUs hold back.
 *
 * Port: a CPU's counters are written by it alone and interrupts are taken at
 * known places only, so the variants with and without underscores are one.
 * Left out: NUMA events and their switch, zone_stat items but nr_free_pages,
 * the periodic folding (vmstat_update(), vmstat_shepherd(), quiet_vmstat(), CPU
 * hotplug), thresholds by watermark distance, /proc/zoneinfo, /proc/buddyinfo,
 * /proc/pagetypeinfo, fragmentation statistics.
 */
import { nr_cpu_ids } from "host/cpu.ts";
import { PAGE_SHIFT } from "asm/pgtable_types.ts";
import {
	CONFIG_GET_USER_PAGES,
	CONFIG_HIGHMEM,
	CONFIG_NUMA_BALANCING,
	CONFIG_PAGE_RECLAIM,
	CONFIG_SPECULATIVE_FILE_FAULT,
	CONFIG_SPECULATIVE_PAGE_FAULT,
	CONFIG_SPECULATIVE_PAGE_FAULT_STATS,
	CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import { BUG_ON } from "linux/bug.ts";
import type { file, file_operations, inode } from "linux/fs.ts";
import type { seq_file, seq_operations } from "linux/seq_file.ts";
import {
	seq_lseek, seq_open, seq_put_decimal_ull, seq_puts, seq_read_iter,
	seq_release,
} from "kernel/fs/seq_file.ts";
import type { page } from "linux/mm_types.ts";
import {
	NR_VM_NODE_STAT_ITEMS,
	NR_VM_ZONE_STAT_ITEMS,
	type per_cpu_nodestat,
	type pglist_data,
} from "linux/mmzone.ts";
import { VM_EVENT_ITEMS_MAX, vm_event_states } from "linux/vm_event.ts";
import { NR_VM_EVENT_ITEMS } from "linux/vm_event_item.ts";
import { vmstat_item_in_bytes } from "linux/vmstat.ts";
import { nr_free_pages, totalram_pages } from "mm/page_alloc.ts";

/** The node. */
export const contig_page_data = DEFINE<pglist_data>();
const boot_nodestats = DEFINE_PER_CPU<per_cpu_nodestat>();

/**
 * Sum of each event over all CPUs. The counters run on while they are read, so
 * the sums belong to no one moment.
 */
export function all_vm_events(): number[] {
	const ret: number[] = [];

	for (let i = 0; i < NR_VM_EVENT_ITEMS; i++) {
		let sum = 0;

		for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
			sum += READ_ONCE(per_cpu(vm_event_states, cpu).event[i]);
		ret.push(sum);
	}
	return ret;
}

/** The counters of a CPU that is gone for good become ours. */
export function vm_events_fold_cpu(cpu: number): void {
	const fold_state = per_cpu(vm_event_states, cpu);
	const state = this_cpu(vm_event_states);

	for (let i = 0; i < NR_VM_EVENT_ITEMS; i++) {
		WRITE_ONCE(state.event[i], state.event[i] + fold_state.event[i]);
		WRITE_ONCE(fold_state.event[i], 0);
	}
}

function fls(x: number): number {
	return 32 - Math.clz32(x);
}

/**
 * More memory allows for more inaccuracy, more CPUs call for it: twice the
 * logarithm of CPUs times that of memory in units of 128 MB, 125 at most.
 * Port: of all memory, where the kernel has one for each zone.
 */
function calculate_normal_threshold(): number {
	const mem = totalram_pages() >> (27 - PAGE_SHIFT);

	return Math.min(125, 2 * fls(nr_cpu_ids()) * (1 + fls(mem)));
}

export function refresh_zone_stat_thresholds(): void {
	const threshold = calculate_normal_threshold();

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		const pcp = per_cpu(boot_nodestats, cpu);

		pcp.stat_threshold = threshold;
	}
}

export function mod_node_page_state(
	pgdat: pglist_data,
	item: number,
	delta: number,
): void {
	/* Bytes come in whole pages, and are kept as pages. */
	if (vmstat_item_in_bytes(item))
		delta >>= PAGE_SHIFT;

	const pcp = this_cpu(boot_nodestats);
	let x = delta + pcp.vm_node_stat_diff[item];

	if (Math.abs(x) > pcp.stat_threshold) {
		fetch_add(pgdat.vm_stat[item], x);
		x = 0;
	}
	WRITE_ONCE(pcp.vm_node_stat_diff[item], x);
}

export { mod_node_page_state as __mod_node_page_state };

export function inc_node_page_state(_page: page, item: number): void {
	mod_node_page_state(contig_page_data, item, 1);
}

export function dec_node_page_state(_page: page, item: number): void {
	mod_node_page_state(contig_page_data, item, -1);
}

export {
	dec_node_page_state as __dec_node_page_state,
	inc_node_page_state as __inc_node_page_state,
};

/** Cheap, and off by the CPUs' thresholds; never negative. In pages. */
export function global_node_page_state(item: number): number {
	return Math.max(0, READ_ONCE(contig_page_data.vm_stat[item]));
}

/** With what the CPUs have not added yet: exact when they are quiet. */
export function global_node_page_state_snapshot(item: number): number {
	let x = READ_ONCE(contig_page_data.vm_stat[item]);

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		x += READ_ONCE(per_cpu(boot_nodestats, cpu).vm_node_stat_diff[item]);
	return Math.max(0, x);
}

/** NR_FREE_PAGES is the only one. Each zone has its own, under its lock. */
export function global_zone_page_state(_item: number): number {
	return nr_free_pages();
}

/** TEXTS_FOR_ZONES(): an item that each zone has. */
function texts_for_zones(xx: string): string[] {
	return CONFIG_HIGHMEM
		? [`${xx}_normal`, `${xx}_high`] : [`${xx}_normal`];
}

/** Of vm_event_item, what stands behind PGALLOC. */
function allocstall_text(): string[] {
	return [
		...texts_for_zones("allocstall"),
		...(CONFIG_HIGHMEM ? texts_for_zones("pgskip") : []),
	];
}

/** And behind PGREUSE. */
function reclaim_text(): string[] {
	return [
		"pgsteal_kswapd",
		"pgsteal_direct",
		"pgscan_kswapd",
		"pgscan_direct",
		"pgscan_file",
		"pgsteal_file",
		"pageoutrun",
		"pgrotated",
	];
}

/** Same order as zone_stat_item, node_stat_item and vm_event_item; V2.13 and 31
 *  add names to the last. */
export function vmstat_text(): string[] {
	return [
		/* enum zone_stat_item counters */
		"nr_free_pages",

		/* enum node_stat_item counters */
		...(CONFIG_PAGE_RECLAIM
			? ["nr_inactive_file", "nr_active_file"]
			: []),
		"nr_slab_unreclaimable",
		"nr_anon_pages",
		"nr_mapped",
		"nr_file_pages",
		...(CONFIG_PAGE_RECLAIM ? ["nr_dirty"] : []),
		"nr_shmem",
		"nr_page_table_pages",
		...(CONFIG_GET_USER_PAGES
			? ["nr_foll_pin_acquired", "nr_foll_pin_released"]
			: []),

		...(CONFIG_VM_EVENT_COUNTERS
			? [
					/* enum vm_event_item counters */
					...texts_for_zones("pgalloc"),
					...(CONFIG_PAGE_RECLAIM
						? allocstall_text()
						: []),
					"pgfree",
					...(CONFIG_PAGE_RECLAIM
						? ["pgactivate", "pgdeactivate"]
						: []),
					"pglazyfree",
					"pgfault",
					"pgmajfault",
					...(CONFIG_PAGE_RECLAIM
						? ["pgrefill"]
						: []),
					"pgreuse",
					...(CONFIG_PAGE_RECLAIM
						? reclaim_text()
						: []),
					"oom_kill",
					...(CONFIG_NUMA_BALANCING
						? [
								"numa_pte_updates",
								"numa_hint_faults",
								"numa_hint_faults_local",
							]
						: []),
					...(CONFIG_SPECULATIVE_PAGE_FAULT
						? ["spf_attempt", "spf_abort"]
						: []),
					...(CONFIG_SPECULATIVE_PAGE_FAULT_STATS
						? [
								"SPF_ABORT_ODD",
								"SPF_ABORT_UNMAPPED",
								"SPF_ABORT_NO_SPECULATE",
								"SPF_ABORT_VMA_COPY",
								"SPF_ABORT_ACCESS_ERROR",
								"SPF_ABORT_PUD",
								"SPF_ABORT_PMD",
								"SPF_ABORT_ANON_VMA",
								"SPF_ABORT_PTE_MAP_LOCK_SEQ1",
								"SPF_ABORT_PTE_MAP_LOCK_PMD",
								"SPF_ABORT_PTE_MAP_LOCK_PTL",
								"SPF_ABORT_PTE_MAP_LOCK_SEQ2",
								"SPF_ABORT_USERFAULTFD",
								"SPF_ABORT_FAULT",
								"SPF_ABORT_SWAP",
								"SPF_ATTEMPT_ANON",
								"SPF_ATTEMPT_NUMA",
								"SPF_ATTEMPT_PTE",
								"SPF_ATTEMPT_WP",
							]
						: []),
					...(CONFIG_SPECULATIVE_FILE_FAULT &&
					CONFIG_SPECULATIVE_PAGE_FAULT_STATS
						? ["SPF_ATTEMPT_FILE"]
						: []),
				]
			: []),
	];
}

/** All values, in the order of vmstat_text. */
function vmstat_values(): number[] {
	const v: number[] = [];

	for (let i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		v.push(global_zone_page_state(i));
	for (let i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
		v.push(global_node_page_state_snapshot(i));
	if (CONFIG_VM_EVENT_COUNTERS) {
		for (const n of all_vm_events())
			v.push(n);
	}
	return v;
}

/** /proc/vmstat: `name value`, one a line. */
export function vmstat_show(): string {
	const text = vmstat_text();
	const v = vmstat_values();
	let out = "";

	for (let i = 0; i < text.length; i++)
		out += `${text[i]} ${v[i]}\n`;
	return out;
}

/* ---- /proc/vmstat ---- */

/** The index is that of the item, whose record is one more. Port: the values
 *  are read as they are shown, not all when a turn begins. */
function vmstat_start(m: seq_file): number {
	return m.index < vmstat_text().length ? m.index + 1 : 0;
}

function vmstat_next(m: seq_file, _v: number): number {
	m.index++;
	return vmstat_start(m);
}

function vmstat_stop(_m: seq_file, _v: number): void {}

function vmstat_seq_show(m: seq_file, v: number): number {
	const text = vmstat_text();

	seq_puts(m, text[v - 1]);
	seq_put_decimal_ull(m, " ", vmstat_values()[v - 1]);
	seq_puts(m, "\n");
	/* What is no longer counted, for programs that look for it. */
	if (v === text.length)
		seq_puts(m, "nr_unstable 0\n");
	return 0;
}

const vmstat_op: seq_operations = RODATA({
	start: vmstat_start,
	next: vmstat_next,
	stop: vmstat_stop,
	show: vmstat_seq_show,
});

function vmstat_open(_inode: inode, file: file): number {
	return seq_open(file, vmstat_op);
}

export const vmstat_file_operations: file_operations = RODATA({
	open: vmstat_open,
	read_iter: seq_read_iter,
	llseek: seq_lseek,
	release: seq_release,
});

/** Boot, once memory is set up. */
export function init_mm_internals(): void {
	/* BUILD_BUG_ON() of the kernel: every item has a name, and a slot. */
	BUG_ON(
		vmstat_text().length !==
			NR_VM_ZONE_STAT_ITEMS +
				NR_VM_NODE_STAT_ITEMS +
				(CONFIG_VM_EVENT_COUNTERS ? NR_VM_EVENT_ITEMS : 0),
		"vmstat_text and its items differ",
	);
	BUG_ON(NR_VM_EVENT_ITEMS > VM_EVENT_ITEMS_MAX, "vm_event_state too small");
	refresh_zone_stat_thresholds();
}
