// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors fs/seq_file.c (5.17): reading of text that is made meanwhile, as much
 * in one turn as fits the buffer, between start() and stop(). In one turn what
 * start() has locked stays locked; between two of them things may change.
 * Left out: lists, hashes and percpu iterators, paths, bitmaps, splice, what
 * the head of linux/seq_file.ts names; records that are skipped.
 * Port: f_pos_lock stands for m->lock.
 */
import { store8 } from "host/door.ts";
import { EFAULT, EINVAL, ENOMEM } from "linux/errno.ts";
import {
	type file, type inode, type iov_iter, type kiocb, SEEK_CUR,
	SEEK_SET,
} from "linux/fs.ts";
import { GFP_KERNEL } from "linux/gfp.ts";
import {
	seq_has_overflowed, type seq_file, type seq_operations,
	SEQ_START_TOKEN,
} from "linux/seq_file.ts";
import { kfree, kmalloc, kzalloc } from "linux/slab.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { copy_to_iter } from "kernel/lib/iov_iter.ts";

function seq_of(file: file): seq_file {
	return cast<seq_file>(file.private_data);
}

function seq_set_overflow(m: seq_file): void {
	m.count = m.size;
}

function seq_buf_alloc(size: number): number {
	return uptr(kmalloc<struct>(size, GFP_KERNEL));
}

/** Of open(): file is to be read by way of op. */
export function seq_open(file: file, op: seq_operations): number {
	const p = kzalloc<seq_file>(sizeof<seq_file>(), GFP_KERNEL);

	if (p === NULL)
		return -ENOMEM;
	file.private_data = uptr(p);
	p.op = op;
	p.file = file;
	return 0;
}

/** The buffer was too small even for one record: a larger one. */
function seq_grow(m: seq_file): boolean {
	kfree(m.buf);
	m.count = 0;
	m.size *= 2;
	m.buf = seq_buf_alloc(m.size);
	return m.buf !== 0;
}

/** Make the text up to offset once more, and keep what is behind it in the
 *  buffer. 0, or an errno. */
function traverse(m: seq_file, offset: number): number {
	const op = m.op;

	for (;;) {
		let pos = 0;
		let error = 0;
		let overflow = false;

		m.index = 0;
		m.count = 0;
		m.from = 0;
		if (offset === 0)
			return 0;
		if (m.buf === 0) {
			m.size = PAGE_SIZE;
			m.buf = seq_buf_alloc(m.size);
			if (m.buf === 0)
				return -ENOMEM;
		}
		let p = op.start(m);

		while (p !== 0) {
			if (p < 0) {
				error = p;
				break;
			}
			error = op.show(m, p);
			if (error)
				break;
			if (seq_has_overflowed(m)) {
				overflow = true;
				break;
			}
			p = op.next(m, p);
			if (pos + m.count > offset) {
				m.from = offset - pos;
				m.count -= m.from;
				break;
			}
			pos += m.count;
			m.count = 0;
			if (pos === offset)
				break;
		}
		op.stop(m, p);
		if (!overflow)
			return error;
		if (!seq_grow(m))
			return -ENOMEM;
	}
}

/** Fill the buffer with one record, whatever room that takes, and then with
 *  those that fit. 0, an errno, or 1: there are no more. */
function seq_fill(m: seq_file, wanted: number): number {
	const op = m.op;
	let err = 0;
	let p = op.start(m);

	for (;;) {
		if (p <= 0) {
			err = p === 0 ? 1 : p;
			break;
		}
		err = op.show(m, p);
		if (err < 0)
			break;
		if (m.count === 0) { /* an empty record */
			p = op.next(m, p);
			continue;
		}
		if (!seq_has_overflowed(m))
			break;
		op.stop(m, p);
		if (!seq_grow(m))
			return -ENOMEM;
		p = op.start(m);
	}
	if (err !== 0) {
		op.stop(m, p);
		m.count = 0;
		return err;
	}

	for (;;) {
		const offs = m.count;

		p = op.next(m, p);
		if (p <= 0 || m.count >= wanted)
			break;
		err = op.show(m, p);
		if (err !== 0 || seq_has_overflowed(m)) {
			m.count = offs;
			break;
		}
	}
	op.stop(m, p);
	return 0;
}

/** ->read_iter(): bytes, 0 at the end, or an errno. */
export function seq_read_iter(iocb: kiocb, to: iov_iter): number {
	const m = seq_of(iocb.ki_filp);
	let copied = 0;
	let err = 0;
	let n: number;

	if (to.count === 0)
		return 0;
	if (iocb.ki_pos === 0) {
		m.index = 0;
		m.count = 0;
	}
	/* Somebody has set the position. */
	if (iocb.ki_pos !== m.read_pos) {
		err = traverse(m, iocb.ki_pos);
		if (err) {
			m.read_pos = 0;
			m.index = 0;
			m.count = 0;
			return err;
		}
		m.read_pos = iocb.ki_pos;
	}
	if (m.buf === 0) {
		m.size = PAGE_SIZE;
		m.buf = seq_buf_alloc(m.size);
		if (m.buf === 0)
			return -ENOMEM;
	}
	/* What is left from the last time. */
	if (m.count !== 0) {
		n = copy_to_iter(m.buf + m.from,
			Math.min(m.count, to.count), to);
		m.count -= n;
		m.from += n;
		copied += n;
	}
	if (m.count === 0) {
		m.from = 0;
		err = seq_fill(m, to.count);
		if (err === 0) {
			n = copy_to_iter(m.buf,
				Math.min(m.count, to.count), to);
			copied += n;
			m.count -= n;
			m.from = n;
		} else if (err === 1) {
			err = 0;
		}
	}
	if (copied === 0)
		return m.count !== 0 ? -EFAULT : err;
	iocb.ki_pos += copied;
	m.read_pos += copied;
	return copied;
}

/** ->llseek() */
export function seq_lseek(
	file: file, offset: number, whence: number,
): number {
	const m = seq_of(file);

	if (whence === SEEK_CUR)
		offset += file.f_pos;
	else if (whence !== SEEK_SET)
		return -EINVAL;
	if (offset < 0)
		return -EINVAL;
	if (offset !== m.read_pos) {
		const retval = traverse(m, offset);

		if (retval) {
			file.f_pos = 0;
			m.read_pos = 0;
			m.index = 0;
			m.count = 0;
			return retval;
		}
		m.read_pos = offset;
	}
	file.f_pos = offset;
	return offset;
}

/** ->release() */
export function seq_release(_inode: inode, file: file): number {
	const m = seq_of(file);

	if (m.buf !== 0)
		kfree(m.buf);
	kfree(m);
	return 0;
}

export function seq_putc(m: seq_file, c: number): void {
	if (m.count >= m.size)
		return;
	store8(m.buf + m.count, c);
	m.count++;
}

/** All of it, or none and seq_has_overflowed(). The text is ASCII. */
export function seq_puts(m: seq_file, s: string): void {
	const len = s.length;
	const to = m.buf + m.count;

	if (m.count + len >= m.size) {
		seq_set_overflow(m);
		return;
	}
	for (let i = 0; i < len; i++)
		store8(to + i, s.charCodeAt(i));
	m.count += len;
}

export function seq_put_decimal_ull_width(
	m: seq_file, delimiter: string, num: number, width: number,
): void {
	seq_puts(m, delimiter + num.toString().padStart(width));
}

export function seq_put_decimal_ull(
	m: seq_file, delimiter: string, num: number,
): void {
	seq_put_decimal_ull_width(m, delimiter, num, 0);
}

/* ---- a file of one record ---- */

export function single_start(m: seq_file): number {
	return m.index !== 0 ? 0 : SEQ_START_TOKEN;
}

export function single_next(m: seq_file, _v: number): number {
	m.index++;
	return 0;
}

export function single_stop(_m: seq_file, _v: number): void {}

/** Port: op is one of single_start() and so on and a show(); the kernel makes
 *  one for each file that is opened. */
export function single_open(
	file: file, op: seq_operations, data: number,
): number {
	const res = seq_open(file, op);

	if (res === 0)
		seq_of(file).private = data;
	return res;
}

export { seq_release as single_release };
