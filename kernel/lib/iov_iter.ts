// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors lib/iov_iter.c (5.17) for one range of memory, a user's or the
 * kernel's own.
 */
import { memcpy, memset } from "host/door.ts";
import type { iov_iter } from "linux/fs.ts";
import type { page } from "linux/mm_types.ts";
import { page_address } from "asm-generic/memory_model.ts";
import {
	__copy_from_user_inatomic, clear_user, copy_to_user, fault_in_readable,
} from "asm/uaccess.ts";

/** bytes go from addr to where i points at. Returns how many got there, fewer
 *  if the user has no memory for them. */
export function copy_to_iter(
	addr: number, bytes: number, i: iov_iter,
): number {
	if (i.user)
		bytes -= copy_to_user(i.addr, addr, bytes);
	else
		memcpy(i.addr, addr, bytes);
	i.addr += bytes;
	i.count -= bytes;
	return bytes;
}

/** Zeroes, in place of bytes from somewhere. */
export function iov_iter_zero(bytes: number, i: iov_iter): number {
	if (i.user)
		bytes -= clear_user(i.addr, bytes);
	else
		memset(i.addr, 0, bytes);
	i.addr += bytes;
	i.count -= bytes;
	return bytes;
}

export function copy_page_to_iter(
	page: page, offset: number, bytes: number, i: iov_iter,
): number {
	return copy_to_iter(page_address(page) + offset, bytes, i);
}

/** Have bytes of what i points at in memory; how many cannot be. May sleep. */
export function fault_in_iov_iter_readable(i: iov_iter, bytes: number): number {
	return i.user ? fault_in_readable(i.addr, Math.min(bytes, i.count)) : 0;
}

/** bytes go from where i points at to the page, as far as they are in memory:
 *  the caller may have the page locked. Returns how many got there. */
export function copy_page_from_iter_atomic(
	page: page, offset: number, bytes: number, i: iov_iter,
): number {
	const to = page_address(page) + offset;

	if (i.user)
		bytes -= __copy_from_user_inatomic(to, i.addr, bytes);
	else
		memcpy(to, i.addr, bytes);
	i.addr += bytes;
	i.count -= bytes;
	return bytes;
}

/** So many bytes back. */
export function iov_iter_revert(i: iov_iter, unroll: number): void {
	i.addr -= unroll;
	i.count += unroll;
}
