// SPDX-License-Identifier: GPL-2.0-only
/**
 * A CPU of the stepper machine, seen from the kernel that runs on it: its
 * number, waiting, time, the console, and how an execution fails.
 */
import { fail } from "./failure.ts";
import { rerunning } from "./log.ts";
import { park_step } from "./primitives.ts";
import { current_cpu, exploring, nr_cpus } from "./state.ts";

export function smp_processor_id(): number {
	return current_cpu();
}
export function nr_cpu_ids(): number {
	return nr_cpus;
}

/** A turn of a loop that no step could end: boot and set-up are never in one. */
export function cpu_pause(_n: number): void {
	machine_panic("a busy-wait loop outside of an exploration");
}
/** Sleeps while the word at `p` is `value`. */
export function cpu_park(p: number, value: number): void {
	park_step(p, value);
}
/** The change of the word is what wakes. */
export function cpu_unpark(_p: number): void {}

/** Time stands still: nothing may depend on it. */
export function ktime_get_ns(): number {
	return 1e9;
}

let console_fn: (text: string) => void = () => {};
export function set_console(fn: (text: string) => void): void {
	console_fn = fn;
}
export function console_write(text: string): void {
	if (!exploring() || !rerunning()) console_fn(text);
}

/** Ends the execution, or the machine if there is none. */
export function machine_panic(text: string): never {
	fail("panic", text);
}
