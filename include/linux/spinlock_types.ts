// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/spinlock_types.h, spinlock_types_raw.h, and the
 * structs of rtmutex.h, rwbase_rt.h, rwsem.h and seqlock.h (5.17).
 * Port: a spinlock is a test-and-set word, not a queue; the owner fields exist
 * for CONFIG_DEBUG_SPINLOCK only.
 */
import type { atomic_t, list_head, rb_root_cached } from "linux/types.ts";

/** Spins whatever the configuration. */
export interface raw_spinlock_t extends struct {
	slock: int; /* 0: free, else cpu + 1 of the holder; atomic */
	/** cpu + 1 of the holder; written under the lock */
	owner_cpu: ifdef<"CONFIG_DEBUG_SPINLOCK", int>;
}

/** A lock that sleeps, with priority inheritance. */
export interface rt_mutex_base extends struct {
	wait_lock: embed<raw_spinlock_t>; /* guards waiters */
	/** struct rt_mutex_waiter by priority; wait_lock */
	waiters: embed<rb_root_cached>;
	/** task address | RT_MUTEX_HAS_WAITERS, see kernel/locking/rtmutex.ts;
	 *  atomic while the bit is clear, else wait_lock */
	owner: int;
}

/** PREEMPT_RT makes it a lock that sleeps. */
export interface spinlock_t extends struct {
	rlock: ifdef<"!CONFIG_PREEMPT_RT", embed<raw_spinlock_t>>; /* atomic */
	lock: ifdef<"CONFIG_PREEMPT_RT", embed<rt_mutex_base>>; /* atomic */
}

/** Of PREEMPT_RT: many readers or one writer. */
export interface rwbase_rt extends struct {
	/** READER_BIAS plus readers, or WRITER_BIAS; atomic */
	readers: embed<atomic_t>;
	rtmutex: embed<rt_mutex_base>; /* a writer's; see rt_mutex_base */
}

export interface rw_semaphore extends struct {
	/** lock word, layout in kernel/locking/rwsem.ts; atomic */
	count: ifdef<"!CONFIG_PREEMPT_RT", embed<atomic_t>>;
	/** task address | RWSEM_READER_OWNED; a hint, stored by who locks */
	owner: ifdef<"!CONFIG_PREEMPT_RT", int>;
	/** guards wait_list */
	wait_lock: ifdef<"!CONFIG_PREEMPT_RT", embed<raw_spinlock_t>>;
	/** wait_lock */
	wait_list: ifdef<"!CONFIG_PREEMPT_RT", embed<list_head>>;
	rwbase: ifdef<"CONFIG_PREEMPT_RT", embed<rwbase_rt>>; /* atomic */
}

/** A seqcount_t: the sequence is odd while a writer is inside. */
export interface seqcount_t extends struct {
	sequence: int; /* the lock of its writers; read by all */
}
/** The lower bit says which of two copies readers take. */
export interface seqcount_latch_t extends struct {
	seqcount: embed<seqcount_t>; /* see seqcount_t */
}
export interface seqlock_t extends struct {
	seqcount: embed<seqcount_t>; /* lock, read by all */
	/** guards what the user says, against other writers */
	lock: embed<spinlock_t>;
}
