// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/spinlock_types.h and rwsem.h's struct (5.17).
 * Port: a spinlock is a test-and-set word, not a queue; the owner fields exist
 * for CONFIG_DEBUG_SPINLOCK only.
 */
import type { atomic_t, list_head } from "linux/types.ts";

export interface spinlock_t extends struct {
	slock: int; /* 0: free, else cpu + 1 of the holder; atomic */
	/** cpu + 1 of the holder; written under the lock */
	owner_cpu: ifdef<"CONFIG_DEBUG_SPINLOCK", int>;
}

export interface rw_semaphore extends struct {
	/** lock word, layout in kernel/locking/rwsem.ts; atomic */
	count: embed<atomic_t>;
	/** task address | RWSEM_READER_OWNED; a hint, stored by who locks */
	owner: int;
	wait_lock: embed<spinlock_t>; /* guards wait_list */
	wait_list: embed<list_head>; /* wait_lock */
}

/** A seqcount_t: the sequence is odd while a writer is inside. */
export interface seqcount_t extends struct {
	sequence: int; /* the lock of its writers; read by all */
}
export interface seqlock_t extends struct {
	seqcount: embed<seqcount_t>; /* lock, read by all */
	/** guards what the user says, against other writers */
	lock: embed<spinlock_t>;
}
