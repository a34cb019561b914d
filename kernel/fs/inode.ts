// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/inode.c (5.17): inodes by number, their references and their end.
 * Left out: super blocks, owners, the LRU.
 * Port: i_count's last drop and i_nlink are guarded by inode_hash_lock in place
 * of i_lock. Inodes are freed at once: nobody looks them up under RCU.
 */
import {
	atomic_add_unless,
	atomic_dec_and_test,
	atomic_inc,
	atomic_read,
	atomic_set,
} from "linux/atomic.ts";
import { BUG_ON, WARN_ON } from "linux/bug.ts";
import type {
	address_space, address_space_operations, inode, inode_operations,
} from "linux/fs.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import { ULONG_MAX } from "linux/kernel.ts";
import { INIT_LIST_HEAD } from "linux/list.ts";
import { init_rwsem } from "linux/rwsem.ts";
import {
	SLAB_PANIC,
	kmem_cache_alloc,
	kmem_cache_create,
	kmem_cache_free,
} from "linux/slab.ts";
import type { kmem_cache } from "linux/slab_def.ts";
import {
	assert_spin_locked,
	spin_lock,
	spin_lock_init,
	spin_unlock,
} from "linux/spinlock.ts";
import type { spinlock_t } from "linux/spinlock_types.ts";
import { truncate_inode_pages_final } from "mm/truncate.ts";
import {
	CONFIG_MMU_NOTIFIER, CONFIG_PAGE_RECLAIM,
} from "generated/autoconf.ts";
import { inode_io_list_del } from "./fs-writeback.ts";

const I_HASH_SIZE = 64;

interface inode_data extends struct {
	/** guards the hash, last references */
	inode_hash_lock: embed<spinlock_t>;
	inode_hashtable: array<inode, 64>; /* inode_hash_lock */
	inode_cachep: kmem_cache; /* constant after boot */
	nr_inodes: int; /* inode_hash_lock, peeked at without */
	last_ino: int; /* numbers of inodes that no directory has; atomic */
}
const data = DEFINE<inode_data>();

function __address_space_init_once(mapping: address_space): void {
	mapping.i_pages = 0;
	mapping.i_pages_height = 0;
	spin_lock_init(mapping.i_pages_lock);
	init_rwsem(mapping.invalidate_lock);
	init_rwsem(mapping.i_mmap_rwsem);
	mapping.i_mmap.rb_root.rb_node = NULL;
	mapping.i_mmap.rb_leftmost = NULL;
}

function inode_init_always(inode: inode): void {
	const mapping = inode.i_data;

	atomic_set(inode.i_count, 1);
	inode.i_flags = 0;
	inode.i_nlink = 1;
	inode.i_size = 0;
	inode.i_valid = ULONG_MAX;
	init_rwsem(inode.i_rwsem);
	inode.i_op = NULL;
	inode.i_fop = NULL;
	inode.i_sb = NULL;
	inode.i_hash_next = NULL;
	if (CONFIG_PAGE_RECLAIM) {
		inode.i_state = 0;
		INIT_LIST_HEAD(inode.i_io_list);
	}
	mapping.host = inode;
	mapping.a_ops = NULL;
	mapping.nrpages = 0;
	atomic_set(mapping.i_mmap_writable, 0);
	if (CONFIG_MMU_NOTIFIER)
		mapping.flags = 0;
	__address_space_init_once(mapping);
}

function alloc_inode(): inode {
	const inode: inode = kmem_cache_alloc<inode>(data.inode_cachep, GFP_KERNEL);

	if (inode !== NULL)
		inode_init_always(inode);
	return inode;
}

function destroy_inode(inode: inode): void {
	kmem_cache_free(data.inode_cachep, inode);
}

/** One more reference for somebody who has one. */
export function ihold(inode: inode): void {
	WARN_ON(atomic_read(inode.i_count) < 1);
	atomic_inc(inode.i_count);
}

/** An inode without a name, as of shared anonymous memory: it is in no hash,
 *  and its last iput() is its end. NULL without memory. */
export function new_inode(): inode {
	const inode = alloc_inode();

	if (inode !== NULL) {
		inode.i_ino = get_next_ino();
		inode.i_nlink = 0;
	}
	return inode;
}

export function get_next_ino(): number {
	return fetch_add(data.last_ino, 1) + 1;
}

/** Nothing of the inode is left but the struct. */
export function clear_inode(inode: inode): void {
	BUG_ON(inode.i_data.nrpages !== 0, "clear_inode: the inode has pages");
	BUG_ON(inode.i_data.i_mmap.rb_root.rb_node !== NULL,
		"clear_inode: the inode is mapped");
}

/** Nobody has a reference and nobody can get one: the page cache goes, then
 *  the inode. May sleep. */
function evict(inode: inode): void {
	const sb = inode.i_sb;

	if (CONFIG_PAGE_RECLAIM)
		inode_io_list_del(inode);
	truncate_inode_pages_final(inode.i_data);
	if (sb !== NULL && sb.s_type.evict_inode)
		sb.s_type.evict_inode(inode);
	clear_inode(inode);
	destroy_inode(inode);
}

/** Takes inode out of the hash; inode_hash_lock is held. */
function __remove_inode_hash(inode: inode): void {
	assert_spin_locked(data.inode_hash_lock);
	const slot = inode.i_ino & (I_HASH_SIZE - 1);
	let prev: inode = NULL;

	let i: inode = data.inode_hashtable[slot];

	for (; i !== NULL; i = i.i_hash_next) {
		if (i === inode) {
			if (prev !== NULL)
				prev.i_hash_next = i.i_hash_next;
			else
				data.inode_hashtable[slot] = i.i_hash_next;
			i.i_hash_next = NULL;
			data.nr_inodes--;
			return;
		}
		prev = i;
	}
}

/**
 * Evict all inodes that nobody uses, as at unmount.
 * Port: without PAGE_RECLAIM this is also what frees the page cache.
 */
export function evict_inodes(): void {
	for (let slot = 0; slot < I_HASH_SIZE; slot++) {
		for (;;) {
			spin_lock(data.inode_hash_lock);
			let i: inode = data.inode_hashtable[slot];
			while (i !== NULL && atomic_read(i.i_count) !== 0)
				i = i.i_hash_next;
			if (i !== NULL)
				__remove_inode_hash(i);
			spin_unlock(data.inode_hash_lock);
			if (i === NULL)
				break;
			evict(i);
		}
	}
}

/** inode_hash_lock is held. A hit may have no reference but the hash. */
function find_inode_fast(ino: number): inode {
	assert_spin_locked(data.inode_hash_lock);
	let i: inode = data.inode_hashtable[ino & (I_HASH_SIZE - 1)];

	while (i !== NULL && i.i_ino !== ino)
		i = i.i_hash_next;
	return i;
}

/**
 * The inode with this number, made if there is none; with a reference.
 * Port: there is nothing to be read from a disk, so it comes unlocked, with
 * its operations.
 */
export function iget_locked(
	ino: number, i_op: inode_operations, a_ops: address_space_operations,
): inode {
	spin_lock(data.inode_hash_lock);
	let inode = find_inode_fast(ino);
	if (inode !== NULL) {
		atomic_inc(inode.i_count);
		spin_unlock(data.inode_hash_lock);
		return inode;
	}
	spin_unlock(data.inode_hash_lock);

	inode = alloc_inode();
	if (inode === NULL)
		return NULL;
	inode.i_ino = ino;
	inode.i_op = i_op;
	const mapping = inode.i_data;
	mapping.a_ops = a_ops;

	spin_lock(data.inode_hash_lock);
	/* Somebody else may have made it meanwhile. */
	const old = find_inode_fast(ino);
	if (old !== NULL) {
		atomic_inc(old.i_count);
		spin_unlock(data.inode_hash_lock);
		destroy_inode(inode);
		return old;
	}
	const slot = ino & (I_HASH_SIZE - 1);
	inode.i_hash_next = data.inode_hashtable[slot];
	data.inode_hashtable[slot] = inode;
	data.nr_inodes++;
	spin_unlock(data.inode_hash_lock);
	return inode;
}

/** The last reference is gone; inode_hash_lock is held and dropped. A file
 *  that has a name stays, with its page cache, for the next open. */
function iput_final(inode: inode): void {
	assert_spin_locked(data.inode_hash_lock);
	const drop = inode.i_nlink === 0;

	if (drop)
		__remove_inode_hash(inode);
	spin_unlock(data.inode_hash_lock);
	if (drop)
		evict(inode);
}

/** Give a reference back. May sleep. */
export function iput(inode: inode): void {
	if (inode === NULL)
		return;
	/* Not the last one: no lock. */
	if (atomic_add_unless(inode.i_count, -1, 1))
		return;
	spin_lock(data.inode_hash_lock);
	if (atomic_dec_and_test(inode.i_count))
		iput_final(inode);
	else
		spin_unlock(data.inode_hash_lock);
}

/** Inodes in the hash, whether in use or not. */
export function get_nr_inodes(): number {
	return data_race(data.nr_inodes);
}

export function inode_init(): void {
	spin_lock_init(data.inode_hash_lock);
	data.inode_cachep = kmem_cache_create("inode_cache", sizeof<inode>(), 0,
		SLAB_PANIC);
}
