// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/file_table.c (5.17): open files and their references.
 * Left out: owners, locks, limits.
 * Port: the last fput() frees at once, in place of a task work item: nothing
 * here calls it with a lock that __fput() would need.
 */
import { atomic_dec_and_test, atomic_set } from "linux/atomic.ts";
import { ENFILE } from "linux/errno.ts";
import { ERR_PTR } from "linux/err.ts";
import type { file, inode } from "linux/fs.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import {
	SLAB_HWCACHE_ALIGN,
	SLAB_PANIC,
	kmem_cache_alloc,
	kmem_cache_create,
	kmem_cache_free,
} from "linux/slab.ts";
import type { kmem_cache } from "linux/slab_def.ts";
import { iput } from "./inode.ts";

interface file_data extends struct {
	filp_cachep: kmem_cache; /* constant after boot */
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
	f.f_mapping = inode === NULL ? NULL : inode.i_data;
	f.f_op = NULL;
	f.private_data = 0;
	return f;
}

function __fput(file: file): void {
	const inode = file.f_inode;
	const f_op = file.f_op;

	if (f_op && f_op.release)
		f_op.release(inode, file);
	file_free(file);
	if (inode !== NULL)
		iput(inode);
}

/** Give a reference back; the last one closes the file. May sleep. */
export function fput(file: file): void {
	if (atomic_dec_and_test(file.f_count))
		__fput(file);
}

export function files_init(): void {
	data.filp_cachep = kmem_cache_create("filp", sizeof<file>(), 0,
		SLAB_HWCACHE_ALIGN | SLAB_PANIC);
}

/* Declared in linux/file.h beside fput(). */
export { fget } from "./file.ts";
