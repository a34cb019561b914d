// SPDX-License-Identifier: GPL-2.0-only
/** For unit tests in which other CPUs take part. Port: Linux has kthreads for
 *  that. */
import { CONFIG_SMP } from "generated/autoconf.ts";
import { nr_cpu_ids } from "host/cpu.ts";
import { type kunit, kunit_skip } from "kunit/test.ts";
import { cpu_online } from "kernel/smp.ts";
import {
	flush_work,
	INIT_WORK,
	schedule_work_on,
	type work_func_t,
	type work_struct,
} from "kernel/workqueue.ts";

/** A work for each CPU that there may be. */
export interface cpu_works extends struct {
	works: array<embed<work_struct>, 64>; /* current only, till queued */
}

/** The next CPU behind one that takes work, or 0. */
export function next_online(cpu: number): number {
	if (CONFIG_SMP) {
		for (let n = cpu + 1; n < nr_cpu_ids(); n++)
			if (cpu_online(n))
				return n;
	}
	return 0;
}

/** Another CPU that takes work, or the test has no meaning. */
export function need_cpu(test: kunit): number {
	const cpu = next_online(0);

	if (cpu === 0)
		kunit_skip(test, "needs a second CPU in its idle loop");
	return cpu;
}

/** func on every other CPU, each with a number of its own to seed dice with. */
export function start_on_others(others: cpu_works, func: work_func_t): void {
	for (let cpu = next_online(0); cpu !== 0; cpu = next_online(cpu)) {
		const work: work_struct = others.works[cpu];

		INIT_WORK(work, func, 7919 * cpu);
		schedule_work_on(cpu, work);
	}
}

/** Waits until they all have returned; the least of what they returned. */
export function wait_for_others(others: cpu_works): number {
	let least = 0;

	for (let cpu = next_online(0); cpu !== 0; cpu = next_online(cpu))
		least = Math.min(least, flush_work(others.works[cpu]));
	return least;
}
