// SPDX-License-Identifier: GPL-2.0-only
/**
 * Per-CPU reader-writer semaphores, and the rcu_sync under them. What one guards is two plain words, so that a lock
 * that lets two in is a data race, and a reader beside a writer sees two values.
 */
import { process_scheduled_works } from "kernel/workqueue.ts";
import { atomic_dec_and_test, atomic_set } from "linux/atomic.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import {
	percpu_down_read,
	percpu_down_read_trylock,
	percpu_down_write,
	percpu_free_rwsem,
	percpu_init_rwsem,
	type percpu_rw_semaphore,
	percpu_rwsem_async_destroy,
	percpu_up_read,
	percpu_up_write,
} from "linux/percpu-rwsem.ts";
import { preempt_disable, preempt_enable } from "linux/preempt.ts";
import { rcu_sync_enter_start, rcu_sync_exit } from "linux/rcu_sync.ts";
import { kfree, kmalloc } from "linux/slab.ts";
import { smp_call_function_single } from "linux/smp.ts";
import type { atomic_t } from "linux/types.ts";
import {
	check_that,
	exit_and_idle,
	in_kernel,
	note,
	noted,
	on_cpu,
	type Scenario,
	signal,
	start_threads,
	wait_for,
} from "../scenario.ts";

interface guarded extends struct {
	sem: percpu_rw_semaphore;
	other: percpu_rw_semaphore;
	refs: embed<atomic_t>;
	a: int;
	b: int;
}
const w = DEFINE<guarded>();

function semaphore(): percpu_rw_semaphore {
	const sem = kmalloc<percpu_rw_semaphore>(sizeof<percpu_rw_semaphore>(), GFP_KERNEL);

	percpu_init_rwsem(sem);
	return sem;
}
/** Readers are on the fast way. Who waits for a semaphore sleeps, and so has to be a task. */
function fast(n: number): void {
	start_threads(n);
	w.sem = semaphore();
	atomic_set(w.refs, n);
}
/** And now on the slow one, for good: grace periods have nothing to do with it any more. */
function slow(n: number): void {
	fast(n);
	rcu_sync_enter_start(w.sem.rss);
}

function increment(): void {
	w.a++;
	w.b++;
}
function look(): void {
	const a = w.a;

	check_that(w.b === a, "a reader sees one of two stores");
}
function read(): void {
	percpu_down_read(w.sem);
	look();
	percpu_up_read(w.sem);
}
function try_read(): void {
	if (!percpu_down_read_trylock(w.sem)) return;
	look();
	percpu_up_read(w.sem);
	note(0, 1);
}
function write(): void {
	percpu_down_write(w.sem);
	increment();
	percpu_up_write(w.sem);
}
/** The last one destroys it, where it may not sleep, as mmdrop() does, and is its own worker then. */
function put(): void {
	if (!atomic_dec_and_test(w.refs)) return;
	preempt_disable();
	percpu_rwsem_async_destroy(w.sem);
	preempt_enable();
	process_scheduled_works();
	note(1, noted(1) + 1);
}

const destroy_call = RODATA((_info: number): void => {
	percpu_rwsem_async_destroy(w.other);
});

function counted(n: number): void {
	look();
	check_that(w.a === n, `of ${n} increments ${w.a} are there`);
	check_that(w.sem.block.counter === 0, "a writer is left over");
}
function free(): void {
	percpu_free_rwsem(w.sem);
	kfree(w.sem);
}
function fast_check(n: number): void {
	counted(n);
	free();
}
function slow_check(n: number): void {
	counted(n);
	rcu_sync_exit(w.sem.rss);
	free();
}

export const scenarios: Record<string, Scenario> = {
	"percpu-rwsem": {
		about: "a reader beside a writer, who sends readers the slow way first and the fast one later",
		patch: "V2.22 percpu-rwsem: enable percpu_sem destruction in atomic context",
		invariant: "writers are alone; a reader sees what a writer did, whichever way it goes",
		setup: () => fast(2),
		cpus: [() => in_kernel(read), () => in_kernel(write)],
		check: () => fast_check(1),
	},
	"percpu-rwsem-slow": {
		about: "a reader on the slow way beside a writer",
		patch: "V2.22 percpu-rwsem: enable percpu_sem destruction in atomic context",
		invariant: "a reader sees the writer, or the writer the reader; nobody sleeps for ever",
		setup: () => slow(2),
		cpus: [() => in_kernel(read), () => in_kernel(write)],
		check: () => slow_check(1),
		quick: true,
	},
	"percpu-rwsem-try": {
		about: "one who tries to read, as a speculative fault does, beside a writer",
		patch: "V2.25",
		invariant: "who does not get the lock has done nothing, and the writer does not wait for it",
		setup: () => fast(2),
		cpus: [() => in_kernel(try_read), () => in_kernel(write)],
		check: () => fast_check(1),
	},
	"percpu-rwsem-writers": {
		about: "two writers, one after the other, with or without a grace period between them",
		patch: "V2.24",
		invariant: "one at a time, who sees what the one before did; both get it",
		setup: () => fast(2),
		cpus: [() => in_kernel(write), () => in_kernel(write)],
		check: () => fast_check(2),
	},
	"percpu-rwsem-queue": {
		about: "two writers and a reader, all on the slow way",
		patch: "V2.24",
		invariant: "who unlocks wakes who waits, or somebody who will",
		setup: () => slow(3),
		cpus: [() => in_kernel(write), () => in_kernel(write), () => in_kernel(read)],
		check: () => slow_check(2),
		models: ["sc"],
	},
	"percpu-rwsem-exits": {
		about: "a reader on the slow way beside a writer whose task ends as soon as it has written",
		patch: "none: kernel/exit.c rcuwait_wake_up()",
		invariant: "who wakes a waiter does not look at a task that is gone",
		setup: () => slow(2),
		cpus: [
			() => in_kernel(read),
			() => {
				in_kernel(write);
				exit_and_idle();
			},
		],
		check: () => slow_check(1),
	},
	"percpu-destroy": {
		about: "a reader and a writer, of whom the last to let go destroys the semaphore with preemption off",
		patch: "V2.22",
		invariant: "what a callback or a reader still looks at is not freed, and it is freed once",
		setup: () => fast(2),
		cpus: [
			() =>
				in_kernel(() => {
					read();
					put();
				}),
			() =>
				in_kernel(() => {
					write();
					put();
				}),
		],
		check() {
			look();
			check_that(noted(1) === 1, `destroyed ${noted(1)} times`);
		},
	},
	"percpu-destroy-interrupt": {
		about: "an interrupt that destroys a semaphore on a CPU that does the same, and works its queue off",
		patch: "V2.22",
		invariant: "who holds the lock of the list cannot be interrupted by who wants it; both are destroyed",
		setup() {
			fast(2);
			w.other = semaphore();
		},
		cpus: [
			() => in_kernel(() => smp_call_function_single(1, destroy_call, 0, true)),
			() =>
				in_kernel(() => {
					percpu_rwsem_async_destroy(w.sem);
					process_scheduled_works();
				}),
		],
		/* What was queued after that: all must be gone in the end. */
		check: () => on_cpu(1, process_scheduled_works),
	},
	"percpu-destroy-last-reader": {
		about: "a writer who waits for the last reader and destroys the semaphore right away",
		patch: "V2.22",
		invariant: "a reader's unlock, which looks who waits after it has counted, finds the semaphore there",
		setup: () => fast(2),
		cpus: [
			() =>
				in_kernel(() => {
					percpu_down_read(w.sem);
					signal(0);
					percpu_up_read(w.sem);
				}),
			() =>
				in_kernel(() => {
					wait_for(0);
					write();
					free();
				}),
		],
	},
};
