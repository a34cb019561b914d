// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/sysctl.c (5.17 with D12.31): what can be set by way of
 * /proc/sys. Of vm_table[] that is what the OOM killer does, and the switch of
 * the speculative fault.
 * Left out: every other entry, and all handlers but proc_dointvec().
 */
import { CONFIG_SPECULATIVE_PAGE_FAULT } from "generated/autoconf.ts";
import { kstrtol } from "kernel/fs/libfs.ts";
import {
	set_sysctl_speculative_page_fault, sysctl_speculative_page_fault,
} from "mm/memory.ts";
import {
	set_sysctl_oom_dump_tasks, set_sysctl_oom_kill_allocating_task,
	set_sysctl_panic_on_oom, sysctl_oom_dump_tasks,
	sysctl_oom_kill_allocating_task, sysctl_panic_on_oom,
} from "mm/oom_kill.ts";

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

const panic_on_oom: ctl_table = RODATA({
	procname: "vm/panic_on_oom",
	get: sysctl_panic_on_oom,
	set: set_sysctl_panic_on_oom,
});

const oom_kill_allocating_task: ctl_table = RODATA({
	procname: "vm/oom_kill_allocating_task",
	get: sysctl_oom_kill_allocating_task,
	set: set_sysctl_oom_kill_allocating_task,
});

const oom_dump_tasks: ctl_table = RODATA({
	procname: "vm/oom_dump_tasks",
	get: sysctl_oom_dump_tasks,
	set: set_sysctl_oom_dump_tasks,
});

/** An entry's number is its place. */
export function ctl_tables(): ctl_table[] {
	return [
		panic_on_oom,
		oom_kill_allocating_task,
		oom_dump_tasks,
		...(CONFIG_SPECULATIVE_PAGE_FAULT
			? [speculative_page_fault] : []),
	];
}

/** What a user has written, if it is an int; null: it is not. */
export function proc_dointvec_parse(text: string): number | null {
	const val = kstrtol(text);

	return val !== null && val === (val | 0) ? val : null;
}
