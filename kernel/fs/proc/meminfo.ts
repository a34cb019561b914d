// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/proc/meminfo.c (5.17): the lines of which something is known, all
 * that programs look for among them. There is no swap and no buffer, and of the
 * lists of active pages only those of files (PAGE_RECLAIM).
 */
import { CONFIG_HIGHMEM, CONFIG_PAGE_RECLAIM } from "generated/autoconf.ts";
import type { file, file_operations, inode } from "linux/fs.ts";
import {
	NR_ACTIVE_FILE, NR_ANON_MAPPED, NR_FILE_DIRTY, NR_FILE_MAPPED,
	NR_FILE_PAGES, NR_INACTIVE_FILE, NR_PAGETABLE, NR_SHMEM,
	NR_SLAB_UNRECLAIMABLE_B,
} from "linux/mmzone.ts";
import { vm_committed_as } from "linux/mman.ts";
import { percpu_counter_read_positive } from "linux/percpu_counter.ts";
import type { seq_file, seq_operations } from "linux/seq_file.ts";
import {
	seq_lseek, seq_put_decimal_ull_width, seq_puts, seq_read_iter,
	single_next, single_open, single_release, single_start, single_stop,
} from "kernel/fs/seq_file.ts";
import {
	nr_free_highpages, nr_free_pages, totalhigh_pages, totalram_pages,
} from "mm/page_alloc.ts";
import { global_node_page_state_snapshot } from "mm/vmstat.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";

function show_val_kb(m: seq_file, s: string, num: number): void {
	seq_put_decimal_ull_width(m, s, num * (PAGE_SIZE / 1024), 8);
	seq_puts(m, " kB\n");
}

function meminfo_proc_show(m: seq_file, _v: number): number {
	const cached = global_node_page_state_snapshot(NR_FILE_PAGES);
	const shmem = global_node_page_state_snapshot(NR_SHMEM);
	const slab = global_node_page_state_snapshot(NR_SLAB_UNRECLAIMABLE_B);
	const free = nr_free_pages();
	const total = totalram_pages();

	show_val_kb(m, "MemTotal:       ", total);
	show_val_kb(m, "MemFree:        ", free);
	/* What could be had: caches of files, but for memory that is shared. */
	show_val_kb(m, "MemAvailable:   ", free + cached - shmem);
	show_val_kb(m, "Buffers:        ", 0);
	show_val_kb(m, "Cached:         ", cached);
	show_val_kb(m, "SwapCached:     ", 0);
	if (CONFIG_PAGE_RECLAIM) {
		const active = global_node_page_state_snapshot(NR_ACTIVE_FILE);
		const inactive =
			global_node_page_state_snapshot(NR_INACTIVE_FILE);

		show_val_kb(m, "Active:         ", active);
		show_val_kb(m, "Inactive:       ", inactive);
		show_val_kb(m, "Active(file):   ", active);
		show_val_kb(m, "Inactive(file): ", inactive);
	}
	if (CONFIG_HIGHMEM) {
		const totalhigh = totalhigh_pages();
		const freehigh = nr_free_highpages();

		show_val_kb(m, "HighTotal:      ", totalhigh);
		show_val_kb(m, "HighFree:       ", freehigh);
		show_val_kb(m, "LowTotal:       ", total - totalhigh);
		show_val_kb(m, "LowFree:        ", free - freehigh);
	}
	show_val_kb(m, "SwapTotal:      ", 0);
	show_val_kb(m, "SwapFree:       ", 0);
	if (CONFIG_PAGE_RECLAIM)
		show_val_kb(m, "Dirty:          ",
			global_node_page_state_snapshot(NR_FILE_DIRTY));
	show_val_kb(m, "AnonPages:      ",
		global_node_page_state_snapshot(NR_ANON_MAPPED));
	show_val_kb(m, "Mapped:         ",
		global_node_page_state_snapshot(NR_FILE_MAPPED));
	show_val_kb(m, "Shmem:          ", shmem);
	show_val_kb(m, "Slab:           ", slab);
	show_val_kb(m, "SReclaimable:   ", 0);
	show_val_kb(m, "SUnreclaim:     ", slab);
	show_val_kb(m, "PageTables:     ",
		global_node_page_state_snapshot(NR_PAGETABLE));
	/* Half of RAM: vm.overcommit_ratio. */
	show_val_kb(m, "CommitLimit:    ", Math.floor(total / 2));
	show_val_kb(m, "Committed_AS:   ",
		percpu_counter_read_positive(vm_committed_as));
	return 0;
}

const meminfo_op: seq_operations = RODATA({
	start: single_start,
	next: single_next,
	stop: single_stop,
	show: meminfo_proc_show,
});

function meminfo_open(_inode: inode, file: file): number {
	return single_open(file, meminfo_op, 0);
}

export const meminfo_file_operations: file_operations = RODATA({
	open: meminfo_open,
	read_iter: seq_read_iter,
	llseek: seq_lseek,
	release: single_release,
});
