// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/file_table.c (5.17): open files and their references.
 * Left out: owners, locks, limits.
 * Port: the last fput() frees at once, in place of a task work item: nothing
 * here calls it with a lock that __fput() would need. Where nobody may sleep it
 * is delayed, as in the kernel; that is only so in RCU callbacks (RFC.23).
 */
import {
	CONFIG_PREEMPT_RT, CONFIG_SPECULATIVE_FILE_FAULT,
} from "generated/autoconf.ts";
import { atomic_dec_and_test, atomic_set } from "linux/atomic.ts";
import { ENFILE } from "linux/errno.ts";
import { ERR_PTR } from "linux/err.ts";
import type { file, inode } from "linux/fs.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import { init_rwsem } from "linux/rwsem.ts";
import {
	SLAB_HWCACHE_ALIGN,
	SLAB_PANIC,
	kmem_cache_alloc,
	kmem_cache_create,
	kmem_cache_free,
} from "linux/slab.ts";
import type { kmem_cache } from "linux/slab_def.ts";
import { in_atomic } from "linux/preempt.ts";
import { PF_KTHREAD } from "linux/sched.ts";
import { current } from "kernel/sched/core.ts";
import {
	INIT_WORK, schedule_work, type work_struct,
} from "kernel/workqueue.ts";
import { file_ra_state_init } from "mm/readahead.ts";
import { iput } from "./inode.ts";
import { mntput } from "./namespace.ts";

interface file_data extends struct {
	filp_cachep: kmem_cache; /* constant after boot */
	/** by f_llist; atomic */
	delayed_fput_list: ifdef<"CONFIG_SPECULATIVE_FILE_FAULT", file>;
	/** constant after boot */
	delayed_fput_work: ifdef<"CONFIG_SPECULATIVE_FILE_FAULT",
		embed<work_struct>>;
}
const data = DEFINE<file_data>();

function file_free(f: file): void {
	kmem_cache_free(data.filp_cachep, f);
}

/**
 * An open file of inode with one reference; it takes over the caller's
 * reference to inode. ERR_PTR(-ENFILE) without memory; the caller keeps it then.
 * inode may be NULL: see anon_inode_getfd().
 */
export function alloc_file(inode: inode, mode: number): file {
	const f: file = kmem_cache_alloc<file>(data.filp_cachep, GFP_KERNEL);

	if (f === NULL)
		return ERR_PTR(-ENFILE);
	atomic_set(f.f_count, 1);
	f.f_mode = mode;
	f.f_inode = inode;
	f.f_mnt = NULL;
	f.f_mapping = inode === NULL ? NULL : inode.i_data;
	f.f_flags = 0;
	f.f_op = NULL;
	f.private_data = 0;
	init_rwsem(f.f_pos_lock);
	f.f_pos = 0;
	/* Port: in do_dentry_open() in the kernel. */
	if (inode !== NULL)
		file_ra_state_init(f.f_ra, inode.i_data);
	return f;
}

function __fput(file: file): void {
	const inode = file.f_inode;
	const f_op = file.f_op;
	const mnt = file.f_mnt;

	if (f_op && f_op.release)
		f_op.release(inode, file);
	file_free(file);
	if (inode !== NULL)
		iput(inode);
	/* The file system outlives its inodes. */
	mntput(mnt);
}

/** Closes what is on the list. Process context, nothing held. Returns how many
 *  there were. */
function delayed_fput(): number {
	let n = 0;

	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		/* Fully ordered: pairs with the cmpxchg() of fput(). */
		let f: file = xchg(data.delayed_fput_list, NULL);
		while (f !== NULL) {
			const next: file = f.f_llist;

			__fput(f);
			f = next;
			n++;
		}
	}
	return n;
}
const delayed_fput_workfn = RODATA((_arg: number): number => delayed_fput());

/**
 * All files whose last reference was given back before are closed afterwards,
 * but for those that somebody else is closing just now: as before a file system
 * is unmounted. Process context, nothing held.
 */
export function flush_delayed_fput(): void {
	delayed_fput();
}

/** Port: a callback of RCU has preemption off, as there are no softirqs; or
 *  with PREEMPT_RT a thread invokes it. */
function in_callback(): boolean {
	return in_atomic() ||
		(CONFIG_PREEMPT_RT && (current().flags & PF_KTHREAD) !== 0);
}

/**
 * Give a reference back; the last one closes the file: at once, which may
 * sleep, or where nobody may (RFC.23: in vm_area_free()'s callback) a little
 * later.
 */
export function fput(file: file): void {
	if (!atomic_dec_and_test(file.f_count))
		return;
	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		if (in_callback()) {
			let first: file;

			/* llist_add(): whoever finds the list empty has it
			 * worked off. Pairs with delayed_fput(). */
			do {
				first = READ_ONCE(data.delayed_fput_list);
				file.f_llist = first;
			} while (cmpxchg(data.delayed_fput_list, first,
				file) !== first);
			if (first === NULL)
				schedule_work(data.delayed_fput_work);
			return;
		}
	}
	__fput(file);
}

export function files_init(): void {
	data.filp_cachep = kmem_cache_create("filp", sizeof<file>(), 0,
		SLAB_HWCACHE_ALIGN | SLAB_PANIC);
	if (CONFIG_SPECULATIVE_FILE_FAULT)
		INIT_WORK(data.delayed_fput_work, delayed_fput_workfn, 0);
}

/* Declared in linux/file.h beside fput(). */
export { fget } from "./file.ts";
