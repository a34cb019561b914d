// SPDX-License-Identifier: GPL-2.0-only
/**
 * Programs that whoever runs this bundle brings along, as a page does in which they are edited: what they are
 * made of, by names. Mirrors no file of the kernel.
 */
import { smp_mb, smp_rmb, smp_wmb } from "host/door.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import {
	A,
	check_that,
	map,
	mprotect,
	munmap,
	note,
	noted,
	PAGE,
	PROT_READ,
	PROT_RW,
	read,
	type Scenario,
	two_pages,
	write,
} from "./scenario.ts";

/** A word of theirs, and a lock at the same place, so that either is had by the name of the place. */
interface place extends struct {
	value: int /* who it belongs to says so */;
	lock: embed<spinlock_t>;
}
interface places extends struct {
	place: array<embed<place>, 16> /* see place */;
}
const places = DEFINE<places>();

/** By name: they are explored like those that are compiled with the kernel. */
export const own_scenarios = new Map<string, Scenario>();

/** What programs are written with. A place is where words() says it is. */
export const own_names = {
	words(...names: string[]): Record<string, number> {
		if (names.length > 16) throw new RangeError("words(): there are 16 places");
		return Object.fromEntries(names.map((name, i) => [name, uptr(places.place[i])]));
	},
	READ_ONCE: (at: number): number => READ_ONCE(cast<place>(at).value),
	WRITE_ONCE(at: number, value: number): void {
		WRITE_ONCE(cast<place>(at).value, value as int);
	},
	smp_load_acquire: (at: number): number => smp_load_acquire(cast<place>(at).value),
	smp_store_release(at: number, value: number): void {
		smp_store_release(cast<place>(at).value, value as int);
	},
	smp_mb,
	smp_rmb,
	smp_wmb,
	spin_lock(at: number): void {
		spin_lock(cast<place>(at).lock);
	},
	spin_unlock(at: number): void {
		spin_unlock(cast<place>(at).lock);
	},
	check_that,
	two_pages,
	map,
	munmap,
	mprotect,
	read,
	write,
	note,
	noted,
	A,
	PAGE,
	PROT_READ,
	PROT_RW,
};
