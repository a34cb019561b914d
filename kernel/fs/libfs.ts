// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors what of fs/libfs.c and lib/kstrtox.c (5.17) small files need:
 * simple_read_from_buffer(), text that a user has written; and noop_fsync().
 */
import { load8, store8 } from "host/door.ts";
import { EFAULT } from "linux/errno.ts";
import type { file, iov_iter, kiocb } from "linux/fs.ts";
import { copy_from_user } from "asm/uaccess.ts";
import { copy_to_iter } from "kernel/lib/iov_iter.ts";

const TEXT_MAX = 32;

/** All fields: current only. */
interface text_buffer extends struct {
	c: array<u8, 32>;
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
