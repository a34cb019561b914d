// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors lib/iov_iter.c (5.17) for one range of memory, a user's or the
 * kernel's own.
 */
import { memcpy } from "host/door.ts";
import type { iov_iter } from "linux/fs.ts";
import { copy_to_user } from "asm/uaccess.ts";

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
