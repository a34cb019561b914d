// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/seq_file.h (5.17): a file whose text is made record by
 * record while it is read. The functions are in kernel/fs/seq_file.ts.
 * Port: numbers become text by JavaScript, and none is formatted by a string
 * as printf() has it, so that of seq_printf() and its like seq_puts() is left.
 */
import type { file } from "linux/fs.ts";

/** All fields: f_pos_lock of its file. */
export interface seq_file extends struct {
	buf: int; /* kmalloc()ed, 0: none yet */
	size: int; /* of buf */
	from: int; /* where in buf that begins which is still to be read */
	count: int; /* how much that is */
	index: ulong; /* of the record: whatever op says, 0 for the first */
	read_pos: ulong; /* up to where in the text somebody has read */
	op: rodata<seq_operations>;
	file: file;
	private: int; /* op's */
}

/**
 * A record is any number but 0, its index is m.index. start() finds the record
 * of the index, next() sets the index to that of the record behind v. 0 is the
 * end, a negative number an errno. What start() takes, stop() gives back.
 */
export interface seq_operations {
	start: (m: seq_file) => number;
	next: (m: seq_file, v: number) => number;
	stop: (m: seq_file, v: number) => void;
	/** 0, or an errno. */
	show: (m: seq_file, v: number) => number;
}

/** For a record that is no pointer. */
export const SEQ_START_TOKEN = 1;

/** Did something not fit? Then the record is shown once more, with more room
 *  or in the next turn. */
export function seq_has_overflowed(m: seq_file): boolean {
	return m.count === m.size;
}
