// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where a CPU of the threads machine starts (the place of head.S): the entry
 * of the bundle, loaded once by each worker thread. Outside of the programs it
 * is told to run, a CPU is in "host" state: in no kernel code and in no user
 * program, and nobody waits for it.
 */
import { parentPort } from "node:worker_threads";
import * as user from "kernel/entry/user.ts";
import { CONFIG_KUNIT, CONFIG_TRACING } from "generated/autoconf.ts";
import { cpu_pause, MachineStopped, nr_cpu_ids } from "host/cpu.ts";
import { secondary_start, start_kernel } from "kernel/init/main.ts";
import { kunit_list_tests, kunit_run_all } from "kernel/lib/kunit/executor.ts";
import { rcu_user_enter, rcu_user_exit } from "kernel/rcu.ts";
import { cpu_idle_stop, cpu_startup_entry } from "kernel/sched/core.ts";
import { trace_free, trace_start, trace_stop } from "kernel/trace/tracefs.ts";
import { cpu_enter_host, cpu_leave_host, cpu_online } from "kernel/smp.ts";

type Entry = (user: unknown, arg: unknown) => unknown;

/** In the kernel, on behalf of the outside. */
function in_kernel<T>(fn: () => T): T {
	rcu_user_exit();
	const result = fn();
	rcu_user_enter();
	return result;
}

/** Turns to wait for a CPU to begin with its idle loop: seconds, if it never does. */
const IDLE_TURNS = 1 << 22;

/** On CPU 0, while the others are in cpu_startup_entry() to take its work. */
function kunit(filter: unknown) {
	/* Their workers were told before ours, but may not have got there yet. */
	for (let cpu = 1; cpu < nr_cpu_ids(); cpu++)
		for (let n = 0; !cpu_online(cpu) && n < IDLE_TURNS; n++) cpu_pause(n);
	const result = in_kernel(() => kunit_run_all(String(filter)));
	for (let cpu = 1; cpu < nr_cpu_ids(); cpu++) cpu_idle_stop(cpu);
	return result;
}

/** What to trace, and into how many pages for each CPU. */
export interface TraceArg {
	events: string[];
	nr_pages: number;
}

function start_trace({ events, nr_pages }: TraceArg) {
	return in_kernel(() => trace_start(events, nr_pages));
}

/** Functions of the kernel's own that the outside may run. */
const entries: Record<string, Entry> = {
	start_kernel: () => start_kernel(),
	secondary_start: () => secondary_start(),
	cpu_startup_entry: () => cpu_startup_entry(),
	...(CONFIG_KUNIT
		? {
				kunit_run_all: (_: unknown, filter: unknown) => kunit(filter),
				kunit_list_tests: (_: unknown, filter: unknown) => kunit_list_tests(String(filter)),
			}
		: {}),
	...(CONFIG_TRACING
		? {
				trace_start: (_: unknown, arg: unknown) => start_trace(arg as TraceArg),
				trace_stop: () => in_kernel(trace_stop),
				trace_free: () => in_kernel(trace_free),
			}
		: {}),
};

interface Request {
	id: number;
	module?: string;
	fn: string;
	arg?: unknown;
}

async function serve({ id, module, fn, arg }: Request): Promise<void> {
	const entry: Entry = module ? (await import(module))[fn] : entries[fn];
	if (!entry) throw new Error(`no function '${fn}' in ${module ?? "the kernel"}`);
	cpu_leave_host();
	const result = entry(user, arg);
	cpu_enter_host();
	parentPort?.postMessage({ id, result });
}

parentPort?.on("message", (request: Request) => {
	serve(request).catch((error) => {
		/* A stopped machine has reported why; anything else kills this CPU. */
		if (!(error instanceof MachineStopped)) throw error;
	});
});
