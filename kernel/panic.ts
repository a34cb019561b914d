// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/panic.c and lib/bug.c (5.17): the end of the machine, and
 * warnings, which are counted so that a test can ask for none.
 * Left out: oops without panic, taint flags, stack dumps, panic notifiers.
 */
import { CONFIG_ARCH_HOST_STEPPER } from "generated/autoconf.ts";
import { machine_panic, smp_processor_id } from "host/cpu.ts";
import { machine_warn } from "host/model.ts";
import { current } from "kernel/sched/core.ts";
import { printk } from "kernel/printk.ts";

/** Messages that WARN_ON_ONCE remembers; then it warns each time. */
const WARN_ONCE_SLOTS = 64;

interface warn_data extends struct {
	count: int; /* atomic */
	once: array<int, 64>; /* hashes of messages seen; 0: free; atomic */
}
const warn_data = DEFINE<warn_data>();

/** Stops all CPUs. The machine prefixes "Kernel panic - not syncing: ". */
export function panic(text: string): never {
	machine_panic(text);
}

export function bug(text: string): never {
	machine_panic(`kernel BUG: ${text}`);
}

export function __warn(text: string): void {
	const task = current();
	const pid = task !== NULL ? task.pid : 0;

	if (CONFIG_ARCH_HOST_STEPPER)
		machine_warn(`WARNING: ${text}`);
	fetch_add(warn_data.count, 1);
	printk(`WARNING: CPU: ${smp_processor_id()} PID: ${pid} ${text}`);
}

/** FNV-1a; 0 stands for a free slot and is never returned. */
function hash_text(text: string): number {
	let h = 0x811c9dc5;

	for (let i = 0; i < text.length; i++)
		h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
	return h | 1;
}

/** Two messages with one hash count as one. */
export function __warn_once(text: string): void {
	const h = hash_text(text);

	for (let i = 0; i < WARN_ONCE_SLOTS; i++) {
		const seen = cmpxchg(warn_data.once[i], 0, h);

		if (seen === h)
			return;
		if (seen === 0)
			break;
	}
	__warn(text);
}

/** Warnings since boot. */
export function warn_count(): number {
	return READ_ONCE(warn_data.count);
}
