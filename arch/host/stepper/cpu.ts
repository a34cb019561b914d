// SPDX-License-Identifier: GPL-2.0-only
/**
 * A CPU of the stepper machine, seen from the kernel that runs on it: its
 * number, waiting, time, the console, and how an execution fails.
 */
import { CONFIG_RWSEM_STEPPED } from "generated/autoconf.ts";
import { fail } from "./failure.ts";
import { log_result, logged, rerunning } from "./log.ts";
import { clock_step, fault_failures, fault_step, park_step } from "./primitives.ts";
import { current_cpu, exploring, n, nr_cpus } from "./state.ts";

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

/**
 * Time stands still, unless there is code that waits for it to pass: the rwsem's, which hands a lock over that a
 * waiter did not get for 4 ms. There 10 ms go by at once, or not at all.
 */
export function ktime_get_ns(): number {
	if (CONFIG_RWSEM_STEPPED || !exploring()) return 1e9;
	const passed = rerunning() ? logged() : log_result(clock_step());
	return passed !== 0 ? 1.01e9 : 1e9;
}

/** Fault injection: once in an execution something fails that may; with who then asks `again`, or without. Set-up
 *  and checks are not disturbed. */
export function should_fail(again: boolean): boolean {
	if (!exploring()) return false;
	return (rerunning() ? logged() : log_result(fault_step(again))) !== 0;
}
/** Changes with each failure; 0: there was none. For who is not looking from within an execution, or is alone in it. */
export function failures(): number {
	if (!exploring()) return fault_failures();
	return rerunning() ? logged() : log_result(fault_failures());
}

/** For traces: the steps that were made before. Who is run again gets what he got. */
export function trace_time_ns(): number {
	if (!exploring()) return 0;
	return rerunning() ? logged() : log_result(n);
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
