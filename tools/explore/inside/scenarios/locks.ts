// SPDX-License-Identifier: GPL-2.0-only
/**
 * Locks on their own: what they guard are two plain words, so that a lock that
 * lets two in is a data race, and a reader beside a writer sees two values.
 * rwsems are one step each, and so are explored as a model of themselves,
 * unless CONFIG_RWSEM_STEPPED is off.
 */
import { tasklist_lock } from "kernel/fork.ts";
import { find_task_by_vpid } from "kernel/pid.ts";
import { send_sig } from "kernel/signal.ts";
import { SIGKILL } from "linux/signal.ts";
import {
	raw_seqcount_begin,
	read_seqbegin,
	read_seqcount_retry,
	read_seqretry,
	seqcount_init,
	seqlock_init,
	write_seqcount_begin,
	write_seqcount_end,
	write_seqlock,
	write_sequnlock,
} from "linux/seqlock.ts";
import {
	down_read,
	down_read_killable,
	down_read_trylock,
	down_write,
	down_write_killable,
	down_write_trylock,
	downgrade_write,
	init_rwsem,
	rwsem_word,
	up_read,
	up_write,
} from "linux/rwsem.ts";
import { spin_lock, spin_lock_init, spin_trylock, spin_unlock } from "linux/spinlock.ts";
import type { rw_semaphore, seqcount_t, seqlock_t, spinlock_t } from "linux/spinlock_types.ts";
import {
	check_that,
	exit_and_idle,
	in_kernel,
	note,
	noted,
	pid_of,
	type Scenario,
	start_threads,
} from "../scenario.ts";

interface guarded extends struct {
	lock: embed<spinlock_t>;
	sem: embed<rw_semaphore>;
	seqlock: embed<seqlock_t>;
	seqcount: embed<seqcount_t>;
	a: int;
	b: int;
}
const w = DEFINE<guarded>();

function locks(): void {
	spin_lock_init(w.lock);
	seqlock_init(w.seqlock);
	seqcount_init(w.seqcount);
}
/** Who waits for a semaphore sleeps, and so has to be a task. */
function sems(n: number): void {
	start_threads(n);
	init_rwsem(w.sem);
}

/** Under a lock that keeps everybody else out. */
function increment(): void {
	w.a++;
	w.b++;
}
/** Under a lock that keeps writers out. */
function look(): number {
	const a = w.a;

	check_that(w.b === a, "a reader sees one of two stores");
	return a;
}

function spin(): void {
	spin_lock(w.lock);
	increment();
	spin_unlock(w.lock);
}
function spin_if_free(): void {
	if (!spin_trylock(w.lock)) return;
	increment();
	spin_unlock(w.lock);
	note(0, 1);
}

/* What readers do not lock is marked on both sides. */
function marked_increment(): void {
	WRITE_ONCE(w.a, w.a + 1);
	WRITE_ONCE(w.b, w.b + 1);
}
function seqlock_write(): void {
	write_seqlock(w.seqlock);
	marked_increment();
	write_sequnlock(w.seqlock);
}
function seqlock_read(): void {
	let seq: number;
	let a: number;
	let b: number;

	do {
		seq = read_seqbegin(w.seqlock);
		a = READ_ONCE(w.a);
		b = READ_ONCE(w.b);
	} while (read_seqretry(w.seqlock, seq));
	check_that(a === b, "a reader sees one of two stores");
}
function seqcount_write(): void {
	for (let i = 0; i < 2; i++) {
		write_seqcount_begin(w.seqcount);
		marked_increment();
		write_seqcount_end(w.seqcount);
	}
}
function seqcount_try(): void {
	const seq = raw_seqcount_begin(w.seqcount);
	const a = READ_ONCE(w.a);
	const b = READ_ONCE(w.b);

	if (!read_seqcount_retry(w.seqcount, seq)) check_that(a === b, "a reader sees one of two stores");
}

function sem_write(): void {
	down_write(w.sem);
	increment();
	up_write(w.sem);
}
function sem_read(): void {
	down_read(w.sem);
	look();
	up_read(w.sem);
}
function sem_downgrade(): void {
	down_write(w.sem);
	increment();
	const mine = look();

	downgrade_write(w.sem);
	check_that(look() === mine, "a writer came in after the downgrade");
	up_read(w.sem);
}
function sem_try_write(): void {
	if (!down_write_trylock(w.sem)) return;
	increment();
	up_write(w.sem);
	note(0, 1);
}
function sem_try_read(): void {
	if (!down_read_trylock(w.sem)) return;
	look();
	up_read(w.sem);
}
/** The task of CPU 1 is to die: only its waiting ends here, as it returns to no user mode. */
function kill(): void {
	spin_lock(tasklist_lock);
	const p = find_task_by_vpid(pid_of(1));

	spin_unlock(tasklist_lock);
	send_sig(SIGKILL, p);
}
function write_and_kill(): void {
	down_write(w.sem);
	increment();
	up_write(w.sem);
	kill();
}
function killable_read(): void {
	if (down_read_killable(w.sem) !== 0) return;
	look();
	up_read(w.sem);
}
function killable_write(): void {
	if (down_write_killable(w.sem) !== 0) return;
	increment();
	up_write(w.sem);
}
function check_free(): void {
	check_that(down_write_trylock(w.sem), "the semaphore is not free");
	look();
	up_write(w.sem);
}
function counted(n: number): void {
	check_that(look() === n, "an increment is lost");
}

export const scenarios: Record<string, Scenario> = {
	spinlock: {
		about: "two CPUs that take a spinlock, and one that tries",
		patch: "none: kernel/locking/spinlock.ts",
		invariant: "one at a time, who sees what the one before did",
		setup: locks,
		cpus: [spin, spin, spin_if_free],
		check: () => counted(2 + noted(0)),
		quick: true,
	},
	seqlock: {
		about: "two writers of a seqlock beside a reader that tries until nobody was inside",
		patch: "none: include/linux/seqlock.ts",
		invariant: "a reader keeps only what is of one piece",
		setup: locks,
		cpus: [seqlock_write, seqlock_write, seqlock_read],
		check: () => counted(2),
	},
	seqcount: {
		about: "one who writes twice under a sequence beside two readers that give up, as a speculative fault does",
		patch: "none: include/linux/seqlock.ts",
		invariant: "a reader keeps only what is of one piece",
		setup: locks,
		cpus: [seqcount_write, seqcount_try, seqcount_try],
		check: () => counted(2),
	},
	rwsem: {
		about: "two writers and a reader of a semaphore",
		patch: "none: kernel/locking/rwsem.ts",
		invariant: "writers are alone, readers are without writers",
		setup: () => sems(3),
		cpus: [sem_write, sem_write, sem_read],
		check: () => counted(2),
		configs: ["rwsem.config"],
	},
	"rwsem-downgrade": {
		about: "a writer that becomes a reader, beside another writer and a reader",
		patch: "none: kernel/locking/rwsem.ts",
		invariant: "no writer comes between a writer and the reader that it becomes",
		setup: () => sems(3),
		cpus: [sem_downgrade, sem_write, sem_read],
		check: () => counted(2),
		configs: ["rwsem.config"],
	},
	"rwsem-killed-reader": {
		about: "a reader that waits for a semaphore and is killed, beside the writer that gives it to readers",
		patch: "none: kernel/locking/rwsem.c rwsem_down_read_slowpath()",
		invariant: "who returns with -EINTR has no share of the lock, and waits no more",
		setup: () => sems(2),
		cpus: [() => in_kernel(write_and_kill), () => in_kernel(killable_read)],
		check: check_free,
		configs: ["rwsem.config"],
	},
	"rwsem-killed-writer": {
		about: "a writer that waits for a semaphore and is killed, beside the one that gives it up",
		patch: "none: kernel/locking/rwsem.c rwsem_down_write_slowpath()",
		invariant: "who returns with -EINTR has not the lock, and waits no more",
		setup: () => sems(2),
		cpus: [() => in_kernel(write_and_kill), () => in_kernel(killable_write)],
		check: check_free,
		configs: ["rwsem.config"],
	},
	"rwsem-handoff": {
		about: "a writer that takes a semaphore twice beside one that waits, maybe for too long",
		patch: "none: kernel/locking/rwsem.ts rwsem_try_write_lock()",
		invariant: "who waits for too long is given the lock, and it is not stolen again",
		setup: () => sems(2),
		cpus: [
			() => {
				sem_write();
				sem_write();
			},
			sem_write,
		],
		check() {
			counted(3);
			check_that(rwsem_word(w.sem) === 0, `the count is ${rwsem_word(w.sem)} at the end`);
		},
		configs: ["rwsem.config"],
	},
	"rwsem-reader-exits": {
		about: "a writer beside a reader whose task ends as soon as it has let go",
		patch: "none: kernel/locking/rwsem.ts rwsem_mark_wake(), kernel/sched/core.ts wake_q_add()",
		invariant: "who wakes a waiter holds on to its task",
		setup: () => sems(2),
		cpus: [
			() => in_kernel(sem_write),
			() => {
				in_kernel(sem_read);
				exit_and_idle();
			},
		],
		check: () => counted(1),
		configs: ["rwsem.config"],
	},
	"rwsem-writer-exits": {
		about: "a writer beside another one whose task ends as soon as it has let go",
		patch: "none: kernel/locking/rwsem.ts rwsem_wake()",
		invariant: "who wakes a waiter holds on to its task",
		setup: () => sems(2),
		cpus: [
			() => in_kernel(sem_write),
			() => {
				in_kernel(sem_write);
				exit_and_idle();
			},
		],
		check: () => counted(2),
		configs: ["rwsem.config"],
	},
	"rwsem-trylock": {
		about: "a writer beside one who tries to write and one who tries to read",
		patch: "none: kernel/locking/rwsem.ts",
		invariant: "who does not get the lock has done nothing",
		setup: () => sems(3),
		cpus: [sem_write, sem_try_write, sem_try_read],
		check: () => counted(1 + noted(0)),
		configs: ["rwsem.config"],
	},
};
