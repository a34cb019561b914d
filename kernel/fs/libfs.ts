// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors of fs/libfs.c (5.17) a directory, and files that are nowhere but in
 * the page cache; and with lib/kstrtox.c what small files of text need.
 * Port: a file system has one directory, and its entries are nowhere else; a
 * struct dentry of fs/dcache.c is one.
 */
import { clear_page, load8, store8 } from "host/door.ts";
import { ERR_PTR } from "linux/err.ts";
import { EFAULT, ENOMEM } from "linux/errno.ts";
import {
	type address_space, type address_space_operations, ATTR_SIZE, type file,
	i_size_write, type iattr, type inode, type iov_iter, type kiocb,
	type super_block,
} from "linux/fs.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import { zero_user_segment } from "linux/highmem.ts";
import { list_add_tail, list_del, list_empty } from "linux/list.ts";
import { put_page } from "linux/mm.ts";
import type { page } from "linux/mm_types.ts";
import { PageUptodate, SetPageUptodate } from "linux/page-flags.ts";
import { unlock_page } from "linux/pagemap.ts";
import { kfree, kzalloc } from "linux/slab.ts";
import type { list_head } from "linux/types.ts";
import { page_address } from "asm-generic/memory_model.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { copy_from_user } from "asm/uaccess.ts";
import { copy_to_iter } from "kernel/lib/iov_iter.ts";
import { grab_cache_page_write_begin } from "mm/filemap.ts";
import { set_page_dirty } from "mm/page-writeback.ts";
import { truncate_setsize } from "mm/truncate.ts";
import { iput } from "./inode.ts";

const TEXT_MAX = 32;

/** All fields: current only. */
interface text_buffer extends struct {
	c: array<u8, 32>;
}

/* ---- a directory ---- */

export const D_NAME_MAX = 32;

/** A name of a file in the one directory of its file system. */
export interface dentry extends struct {
	d_child: embed<list_head>; /* s_root_rwsem */
	d_inode: inode; /* with a reference; constant */
	d_name: array<u8, 32>; /* NUL-terminated; constant */
}

/** Are the NUL-terminated characters at base that name? */
export function name_is(base: number, name: string, len: number): boolean {
	for (let i = 0; i < len; i++) {
		if (load8(base + i) !== name.charCodeAt(i))
			return false;
	}
	return load8(base + len) === 0;
}

/** The entry of that name, or NULL. s_root_rwsem is held. */
export function simple_lookup(sb: super_block, name: string): dentry {
	if (name.length >= D_NAME_MAX)
		return NULL;
	for (let pos: list_head = sb.s_root.next; pos !== sb.s_root;
	     pos = pos.next) {
		const dentry = container_of<dentry>(pos, "d_child");

		if (name_is(ADDR(dentry.d_name), name, name.length))
			return dentry;
	}
	return NULL;
}

/** The inode, whose reference it takes over, has that name now. -ENOMEM, and it
 *  is still the caller's. s_root_rwsem is held for writing. */
export function d_add(sb: super_block, name: string, inode: inode): number {
	const dentry = kzalloc<dentry>(sizeof<dentry>(), GFP_KERNEL);

	if (dentry === NULL)
		return -ENOMEM;
	for (let i = 0; i < name.length; i++)
		store8(ADDR(dentry.d_name) + i, name.charCodeAt(i));
	dentry.d_inode = inode;
	list_add_tail(dentry.d_child, sb.s_root);
	return 0;
}

/** The entry goes; its reference is the caller's. s_root_rwsem is held for
 *  writing, or nobody else knows the file system. */
export function d_unlink(dentry: dentry): inode {
	const inode = dentry.d_inode;

	list_del(dentry.d_child);
	kfree(dentry);
	return inode;
}

/** All names of a file system that nobody uses any more. */
export function d_genocide(sb: super_block): void {
	const root = sb.s_root;

	while (!list_empty(root))
		iput(d_unlink(container_of<dentry>(root.next, "d_child")));
}

/* ---- files that are nowhere but in the page cache ---- */

/** Nobody has written to it. */
function simple_readpage(_file: file, page: page): number {
	clear_page(page_address(page));
	SetPageUptodate(page);
	unlock_page(page);
	return 0;
}

/** What the write leaves of a new page is zeroes. */
function simple_write_begin(
	_file: file, mapping: address_space, pos: number, len: number,
): page {
	const page = grab_cache_page_write_begin(mapping,
		Math.floor(pos / PAGE_SIZE));

	if (page === NULL)
		return ERR_PTR(-ENOMEM);
	if (!PageUptodate(page) && len !== PAGE_SIZE) {
		const from = pos % PAGE_SIZE;

		zero_user_segment(page, 0, from);
		zero_user_segment(page, from + len, PAGE_SIZE);
	}
	return page;
}

export function simple_write_end(
	_file: file, mapping: address_space, pos: number, len: number,
	copied: number, page: page,
): number {
	const inode = mapping.host;
	const last_pos = pos + copied;

	if (!PageUptodate(page)) {
		/* What a short copy left of it. */
		if (copied < len) {
			const from = pos % PAGE_SIZE;

			zero_user_segment(page, from + copied, from + len);
		}
		SetPageUptodate(page);
	}
	if (last_pos > inode.i_size)
		i_size_write(inode, last_pos);
	set_page_dirty(page);
	unlock_page(page);
	put_page(page);
	return copied;
}

export const ram_aops: address_space_operations = RODATA({
	readpage: simple_readpage,
	write_begin: simple_write_begin,
	write_end: simple_write_end,
});

/** i_rwsem is held for writing. */
export function simple_setattr(inode: inode, attr: iattr): number {
	if ((attr.ia_valid & ATTR_SIZE) !== 0)
		truncate_setsize(inode, attr.ia_size);
	return 0;
}

/** ->fsync() of files that are on no disk. */
export function noop_fsync(
	_file: file, _start: number, _end: number,
): number {
	return 0;
}

/** simple_read_from_buffer(): of a short text, what is behind the position. */
export function read_text(iocb: kiocb, to: iov_iter, text: string): number {
	const buf = STACK<text_buffer>();
	const base = ADDR(buf.c);
	const pos = iocb.ki_pos;
	const n = Math.min(text.length, TEXT_MAX) - pos;

	if (n <= 0 || to.count === 0)
		return 0;
	for (let i = 0; i < n; i++)
		store8(base + i, text.charCodeAt(pos + i));
	const copied = copy_to_iter(base, Math.min(n, to.count), to);

	iocb.ki_pos += copied;
	return copied === 0 ? -EFAULT : copied;
}

/** What write() was given, as far as a number goes; or -EFAULT. */
export function text_of(
	buf: number | string, count: number,
): string | number {
	if (typeof buf === "string")
		return buf;
	const kbuf = STACK<text_buffer>();
	const base = ADDR(kbuf.c);
	const n = Math.min(count, TEXT_MAX);
	let text = "";

	if (copy_from_user(base, buf, n) !== 0)
		return -EFAULT;
	for (let i = 0; i < n; i++)
		text += String.fromCharCode(load8(base + i));
	return text;
}

/** The number that text is, with space around it: decimal, octal from a 0, or
 *  hexadecimal from a 0x; null: it is none. */
export function kstrtol(text: string): number | null {
	const word = text.replaceAll("\0", "").trim();
	const found =
		/^(-?)(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i.exec(word);

	if (found === null)
		return null;
	const digits = found[2];
	const val = /^0[0-7]/.test(digits)
		? Number.parseInt(digits, 8)
		: Number(digits);

	return found[1] === "-" ? -val : val;
}
