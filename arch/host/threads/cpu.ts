// SPDX-License-Identifier: GPL-2.0-only
/**
 * A CPU of the threads machine, seen from the kernel that runs on it: its
 * number, waiting, time, the console, and how it dies.
 */
import { parentPort, workerData } from "node:worker_threads";
import { type CpuData, HEAP32 } from "host/door.ts";

const data: CpuData = workerData;
/** Word 0 of the control page: not 0 once the machine was stopped. */
const control = new Int32Array(data.control);
const STOPPED = 0;
/** A word that nobody changes, to sleep on for a while. */
const NAP = 1;

export function smp_processor_id(): number {
	return data.cpu;
}
/** CPUs of this boot: what --cpus asked for, at most CONFIG_NR_CPUS. */
export function nr_cpu_ids(): number {
	return data.nr_cpus;
}

/** What unwinds a CPU of a machine that was stopped. */
export class MachineStopped extends Error {}

function check_stopped(): void {
	if (Atomics.load(control, STOPPED) !== 0) throw new MachineStopped("machine stopped");
}

/** Spins between two polls; the holder of what we wait for may need our core. */
const SPINS_BEFORE_NAP = 128;

/** One turn of a wait loop; `n` counts the turns so far. */
export function cpu_pause(n: number): void {
	if (n % SPINS_BEFORE_NAP !== SPINS_BEFORE_NAP - 1) {
		Atomics.load(control, NAP);
		return;
	}
	check_stopped();
	Atomics.wait(control, NAP, 0, 0.05);
}

/** Sleeps while the word at `p` is `value`; may return early, so callers loop. */
export function cpu_park(p: number, value: number): void {
	check_stopped();
	Atomics.wait(HEAP32, p >> 2, value, 100);
	check_stopped();
}
/** Wakes the CPUs that sleep on the word at `p`, after it was changed. */
export function cpu_unpark(p: number): void {
	Atomics.notify(HEAP32, p >> 2);
}

/** Nanoseconds since boot, the same on all CPUs. */
export function ktime_get_ns(): number {
	return (performance.now() + (performance.timeOrigin - data.boot_origin)) * 1e6;
}

/** Fault injection: nothing fails here. */
export function should_fail(_again: boolean): boolean {
	return false;
}

/** For traces: of this machine it is the same. */
export function trace_time_ns(): number {
	return ktime_get_ns();
}

export function console_write(text: string): void {
	parentPort?.postMessage({ console: text });
}

/** Takes the whole machine down. */
export function machine_panic(text: string): never {
	const where = new Error().stack?.split("\n").slice(2, 10).join("\n");
	parentPort?.postMessage({ panic: text, where });
	Atomics.store(control, STOPPED, 1);
	throw new MachineStopped(text);
}
