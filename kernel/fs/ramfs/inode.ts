// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/ramfs/inode.c and file-mmu.c (5.17): a file system that is nowhere
 * but in the page cache. Pages that were written stay until their file is cut
 * off or goes; there are no holes to be punched.
 * Left out: directories, modes, options.
 */
import type {
	file_operations, file_system_type, inode, inode_operations, super_block,
} from "linux/fs.ts";
import { new_inode } from "kernel/fs/inode.ts";
import { noop_fsync, ram_aops, simple_setattr } from "kernel/fs/libfs.ts";
import { generic_file_llseek } from "kernel/fs/read_write.ts";
import {
	generic_file_mmap, generic_file_read_iter, generic_file_write_iter,
} from "mm/filemap.ts";

const ramfs_file_inode_operations: inode_operations = RODATA({
	setattr: simple_setattr,
});

const ramfs_file_operations: file_operations = RODATA({
	read_iter: generic_file_read_iter,
	write_iter: generic_file_write_iter,
	mmap: generic_file_mmap,
	fsync: noop_fsync,
	llseek: generic_file_llseek,
});

function ramfs_get_inode(sb: super_block): inode {
	const inode = new_inode();

	if (inode === NULL)
		return NULL;
	const mapping = inode.i_data;

	inode.i_sb = sb;
	mapping.a_ops = ram_aops;
	inode.i_op = ramfs_file_inode_operations;
	inode.i_fop = ramfs_file_operations;
	return inode;
}

function ramfs_fill_super(_sb: super_block): number {
	return 0;
}

export const ramfs_fs_type: file_system_type = RODATA({
	name: "ramfs",
	fill_super: ramfs_fill_super,
	create: ramfs_get_inode,
});
