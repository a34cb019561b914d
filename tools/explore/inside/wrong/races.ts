// SPDX-License-Identifier: GPL-2.0-only
/** Wrong programs: two accesses of a word that nothing orders. Each side is a function, so that a report names it. */
import { smp_mb, smp_rmb, smp_wmb } from "host/door.ts";
import { atomic_inc, atomic_inc_return, atomic_read } from "linux/atomic.ts";
import { cpu_relax } from "linux/smp.ts";
import type { atomic_t } from "linux/types.ts";
import { spin_lock, spin_lock_init, spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import { call_on_other_cpu, type Scenario, wrong } from "../wrong.ts";

interface shared extends struct {
	lock: embed<spinlock_t>;
	other: embed<spinlock_t>;
	word: int;
	wide: ulong;
	flag: int;
	count: embed<atomic_t>;
	sink: int;
	own: int;
}
const s = DEFINE<shared>();

function locks(): void {
	spin_lock_init(s.lock);
	spin_lock_init(s.other);
}
function plain_read(): void {
	s.sink = s.word;
}
function marked_read(): void {
	s.sink = READ_ONCE(s.word);
}
function exempt_read(): void {
	s.sink = data_race(s.word);
}
function plain_write(): void {
	s.word = 1;
}
function marked_write(): void {
	WRITE_ONCE(s.word, 1);
}
function releasing_write(): void {
	smp_store_release(s.word, 1);
}
function atomic_write(): void {
	fetch_add(s.word, 1);
}
function plain_read_wide(): void {
	s.sink = s.wide > 0 ? 1 : 0;
}
function plain_write_wide(): void {
	s.wide = 0x100000000;
}
function pair(about: string, a: () => void, b: () => void): Scenario {
	return wrong(about, [a, b], { setup: locks });
}
/** One writes and says so; the other waits for that and reads. */
function message(about: string, publish: () => void, wait: () => void): Scenario {
	return pair(
		about,
		() => {
			plain_write();
			publish();
		},
		() => {
			wait();
			plain_read();
		},
	);
}
function raise(): void {
	WRITE_ONCE(s.flag, 1);
}
function raise_with_barrier(): void {
	smp_wmb();
	WRITE_ONCE(s.flag, 1);
}
function poll(): void {
	while (READ_ONCE(s.flag) === 0) cpu_relax();
}
function inc(): void {
	atomic_inc(s.count);
}
function inc_return(): void {
	atomic_inc_return(s.count);
}
function poll_count(): void {
	while (atomic_read(s.count) === 0) cpu_relax();
	smp_rmb();
}
function poll_with_barrier(): void {
	poll();
	smp_rmb();
}
/** One reads the word and then hands it over; the other takes it, if it was. */
function handed_over(about: string, hand_over: () => void): Scenario {
	return pair(
		about,
		() => {
			plain_read();
			hand_over();
		},
		take,
	);
}
function take(): void {
	cmpxchg(s.word, 1, 2);
}
const interrupt_writes = RODATA((_info: number): void => {
	plain_write();
});

export const scenarios: Record<string, Scenario> = {
	"wrong/race-read-write": pair("a plain read beside a plain write", plain_read, plain_write),
	"wrong/race-read-marked-write": pair("a plain read beside a marked write", plain_read, marked_write),
	"wrong/race-read-release": pair("a plain read beside a release", plain_read, releasing_write),
	"wrong/race-read-atomic": pair("a plain read beside an atomic", plain_read, atomic_write),
	"wrong/race-write-read": pair("a plain write beside a plain read", plain_write, plain_read),
	"wrong/race-marked-write-read": pair("a marked write beside a plain read", marked_write, plain_read),
	"wrong/race-atomic-read": pair("an atomic beside a plain read", atomic_write, plain_read),
	"wrong/race-wide": pair("a plain read of a double beside a plain write", plain_read_wide, plain_write_wide),
	"wrong/race-two-locks": pair(
		"each takes a lock, but not the same",
		() => {
			spin_lock(s.lock);
			plain_write();
			spin_unlock(s.lock);
		},
		() => {
			spin_lock(s.other);
			plain_read();
			spin_unlock(s.other);
		},
	),
	"wrong/race-flag": message("a flag without barriers", raise, poll),
	"wrong/race-flag-no-rmb": message(
		"a flag with a write barrier only: a busy wait orders nothing",
		raise_with_barrier,
		poll,
	),
	"wrong/race-flag-no-wmb": message("a flag with a read barrier only", raise, poll_with_barrier),
	"right/race-flag": message("a flag with both barriers", raise_with_barrier, poll_with_barrier),
	"right/race-flag-release": message(
		"a flag that is released and acquired",
		() => smp_store_release(s.flag, 1),
		() => {
			while (smp_load_acquire(s.flag) === 0) cpu_relax();
		},
	),
	"right/race-flag-mb": message(
		"a flag with full barriers",
		() => {
			smp_mb();
			raise();
		},
		() => {
			poll();
			smp_mb();
		},
	),
	"wrong/race-flag-inc": {
		...message(
			"a flag that is raised by an atomic without result: no barrier, but on x86",
			inc,
			poll_count,
		),
		models: ["lkmm"],
	},
	"right/race-flag-inc": message("a flag that is raised by an atomic with a result", inc_return, poll_count),
	"right/race-flag-inc-mb": message(
		"a barrier before an atomic without result",
		() => {
			smp_mb();
			inc();
		},
		poll_count,
	),
	"right/race-marked-read-write": pair(
		"a marked read beside a plain write, which counts as marked",
		marked_read,
		plain_write,
	),
	"right/race-marked-both": pair("both are marked", marked_read, marked_write),
	"right/race-writes": pair("two plain writes, which count as marked", plain_write, plain_write),
	"right/race-exempt": pair("data_race() beside a plain write", exempt_read, plain_write),
	"right/race-lock": pair(
		"both hold the lock",
		() => {
			spin_lock(s.lock);
			plain_write();
			spin_unlock(s.lock);
		},
		() => {
			spin_lock(s.lock);
			plain_read();
			spin_unlock(s.lock);
		},
	),
	"right/race-own-interrupt": pair(
		"a task and the interrupt on its CPU",
		() => call_on_other_cpu(interrupt_writes),
		() => {
			plain_read();
			plain_read();
		},
	),
	"right/race-handed-over": handed_over(
		"an atomic writes what was read before a release that it has read itself",
		releasing_write,
	),
	"wrong/race-handed-over-plainly": handed_over(
		"the same after a marked write, which orders no read before it",
		marked_write,
	),
	"wrong/race-interrupt": wrong(
		"an interrupt on another CPU",
		[() => call_on_other_cpu(interrupt_writes), () => {}, plain_read],
		{ setup: locks },
	),
	"right/race-interrupt-waited": pair(
		"who sends an interrupt sees what it did, and it sees what was done before",
		() => {
			s.own = 1;
			call_on_other_cpu(interrupt_sees);
			plain_read();
		},
		() => {},
	),
};
const interrupt_sees = RODATA((_info: number): void => {
	s.sink = s.own;
	plain_write();
});
