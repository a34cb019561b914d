// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/filesystems.c (5.17): what can be mounted. Port: a list, where the
 * kernel's initcalls register_filesystem().
 */
import { CONFIG_DISKFS } from "generated/autoconf.ts";
import type { file_system_type } from "linux/fs.ts";
import { diskfs_fs_type } from "./diskfs/inode.ts";
import { shmem_fs_type } from "mm/shmem.ts";
import { ramfs_fs_type } from "./ramfs/inode.ts";

export function file_systems(): file_system_type[] {
	return CONFIG_DISKFS ?
		[ramfs_fs_type, shmem_fs_type, diskfs_fs_type] :
		[ramfs_fs_type, shmem_fs_type];
}
