// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/sysctl.c (5.17 with D12.31): what can be set by way of
 * /proc/sys. Of vm_table[] that is the switch of the speculative fault.
 * Left out: every other entry, and all handlers but proc_dointvec().
 */
import { CONFIG_SPECULATIVE_PAGE_FAULT } from "generated/autoconf.ts";
import { kstrtol } from "kernel/fs/libfs.ts";
import {
	set_sysctl_speculative_page_fault, sysctl_speculative_page_fault,
} from "mm/memory.ts";

/** An int, by the names of its directory and its own. */
export interface ctl_table {
	procname: string;
	get: () => number;
	set: (val: number) => void;
}

/** D12.31. */
const speculative_page_fault: ctl_table = RODATA({
	procname: "vm/speculative_page_fault",
	get: sysctl_speculative_page_fault,
	set: set_sysctl_speculative_page_fault,
});

/** An entry's number is its place. */
export function ctl_tables(): ctl_table[] {
	return CONFIG_SPECULATIVE_PAGE_FAULT ? [speculative_page_fault] : [];
}

/** What a user has written, if it is an int; null: it is not. */
export function proc_dointvec_parse(text: string): number | null {
	const val = kstrtol(text);

	return val !== null && val === (val | 0) ? val : null;
}
