// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/namespace.c and of fs/super.c (5.17) a file system's beginning and
 * end: mount(), umount2(), and who uses a mount.
 * Left out: trees of mounts and their propagation, bind mounts, options, flags,
 * lazy and forced unmounting, expiry, namespaces, permissions.
 * Port: a mount is known by its name, which is that of no directory.
 */
import { CONFIG_SPECULATIVE_FILE_FAULT } from "generated/autoconf.ts";
import { store8 } from "host/door.ts";
import {
	atomic_dec, atomic_inc, atomic_read, atomic_set,
} from "linux/atomic.ts";
import { noop_backing_dev_info } from "linux/backing-dev.ts";
import { EBUSY, EINVAL, ENAMETOOLONG, ENODEV, ENOMEM } from "linux/errno.ts";
import { ERR_PTR, IS_ERR, PTR_ERR } from "linux/err.ts";
import type { file_system_type, super_block } from "linux/fs.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import { INIT_LIST_HEAD, list_add, list_del } from "linux/list.ts";
import { rcu_barrier } from "linux/rcupdate.ts";
import {
	down_read, down_write, init_rwsem, up_read, up_write,
} from "linux/rwsem.ts";
import { kfree, kzalloc } from "linux/slab.ts";
import type { rw_semaphore } from "linux/spinlock_types.ts";
import type { atomic_t, list_head } from "linux/types.ts";
import { flush_delayed_fput } from "./file_table.ts";
import { file_systems } from "./filesystems.ts";
import { d_genocide, name_is } from "./libfs.ts";
import { getname } from "./namei.ts";

const MNT_NAME_MAX = 32;

export interface mount extends struct {
	mnt_list: embed<list_head>; /* namespace_sem */
	/** whose files are open or mapped, and 1; from 1 on only under
	 *  namespace_sem, atomic */
	mnt_count: embed<atomic_t>;
	mnt_sb: super_block; /* constant */
	/** where it is, NUL-terminated; constant */
	mnt_mountpoint: array<u8, 32>;
}

interface namespace_data extends struct {
	namespace_sem: embed<rw_semaphore>; /* guards the list */
	mounts: embed<list_head>; /* namespace_sem */
}
const data = DEFINE<namespace_data>();

/** A further reference by somebody who has one, or namespace_sem. */
export function mntget(mnt: mount): mount {
	if (mnt !== NULL)
		atomic_inc(mnt.mnt_count);
	return mnt;
}

/** Give it back. Port: the last one is umount()'s. */
export function mntput(mnt: mount): void {
	if (mnt !== NULL)
		atomic_dec(mnt.mnt_count);
}

/** The mount whose name these first characters are; none has no name, nor less
 *  than that (-1). namespace_sem is held. */
function __lookup_mnt(name: string, len: number): mount {
	if (len > 0 && len < MNT_NAME_MAX) {
		for (let pos: list_head = data.mounts.next; pos !== data.mounts;
		     pos = pos.next) {
			const mnt = container_of<mount>(pos, "mnt_list");

			if (name_is(ADDR(mnt.mnt_mountpoint), name, len))
				return mnt;
		}
	}
	return NULL;
}

/** The mount that a file's name, all but its last part, stands for, with a
 *  reference; NULL: none. */
export function lookup_mnt(name: string): mount {
	down_read(data.namespace_sem);
	const mnt = mntget(__lookup_mnt(name, name.lastIndexOf("/")));

	up_read(data.namespace_sem);
	return mnt;
}

/** sget(), and ->fill_super(); or ERR_PTR(). */
function alloc_super(type: file_system_type): super_block {
	const sb = kzalloc<super_block>(sizeof<super_block>(), GFP_KERNEL);

	if (sb === NULL)
		return ERR_PTR(-ENOMEM);
	sb.s_type = type;
	sb.s_bdi = noop_backing_dev_info;
	init_rwsem(sb.s_root_rwsem);
	INIT_LIST_HEAD(sb.s_root);
	const error = type.fill_super(sb);

	if (error !== 0) {
		kfree(sb);
		return ERR_PTR(error);
	}
	return sb;
}

/** Nobody uses the file system any more. May sleep. */
function generic_shutdown_super(sb: super_block): void {
	const type = sb.s_type;

	if (type.put_super)
		type.put_super(sb);
	d_genocide(sb);
	kfree(sb);
}

/** Takes namespace_sem. */
function do_new_mount(name: string, type: file_system_type): number {
	const len = name.length;

	if (len >= MNT_NAME_MAX)
		return -ENAMETOOLONG;
	if (!name.startsWith("/") || name.endsWith("/"))
		return -EINVAL;
	const mnt = kzalloc<mount>(sizeof<mount>(), GFP_KERNEL);

	if (mnt === NULL)
		return -ENOMEM;
	down_write(data.namespace_sem);
	let error = 0;

	if (__lookup_mnt(name, len) !== NULL) {
		error = -EBUSY;
	} else {
		const sb = alloc_super(type);

		if (IS_ERR(sb))
			error = PTR_ERR(sb);
		else
			mnt.mnt_sb = sb;
	}
	if (error !== 0) {
		up_write(data.namespace_sem);
		kfree(mnt);
		return error;
	}
	for (let i = 0; i < len; i++)
		store8(ADDR(mnt.mnt_mountpoint) + i, name.charCodeAt(i));
	atomic_set(mnt.mnt_count, 1);
	list_add(mnt.mnt_list, data.mounts);
	up_write(data.namespace_sem);
	return 0;
}

/** The source is not looked at: a file system knows its device. */
export function sys_mount(
	_source: number, target: number, fstype: number, flags: number,
): number {
	const name = getname(target);
	const type_name = getname(fstype);

	if (typeof name === "number")
		return name;
	if (typeof type_name === "number")
		return type_name;
	if (flags !== 0)
		return -EINVAL;
	for (const type of file_systems()) {
		if (type.name === type_name)
			return do_new_mount(name, type);
	}
	return -ENODEV;
}

/**
 * propagate_mount_busy(): -EBUSY if a file is open or mapped. Takes
 * namespace_sem, under which nobody gets to be the first user.
 */
function do_umount(name: string): number {
	/*
	 * With RFC.23 vm_area_free() gives a file back after a grace period:
	 * who unmaps the last one, and then the file system, has no reason to
	 * find it in use (R17b). So what is on its way arrives first.
	 */
	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		rcu_barrier();
		flush_delayed_fput();
	}
	down_write(data.namespace_sem);
	const mnt = __lookup_mnt(name, name.length);

	if (mnt === NULL || atomic_read(mnt.mnt_count) !== 1) {
		up_write(data.namespace_sem);
		return mnt === NULL ? -EINVAL : -EBUSY;
	}
	list_del(mnt.mnt_list);
	up_write(data.namespace_sem);
	generic_shutdown_super(mnt.mnt_sb);
	kfree(mnt);
	return 0;
}

export function sys_umount(target: number, flags: number): number {
	const name = getname(target);

	if (typeof name === "number")
		return name;
	return flags !== 0 ? -EINVAL : do_umount(name);
}

export function mnt_init(): void {
	init_rwsem(data.namespace_sem);
	INIT_LIST_HEAD(data.mounts);
}
