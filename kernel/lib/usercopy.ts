// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors lib/usercopy.c (5.17) with what each architecture has under it, as
 * arch/x86/lib/usercopy_64.c: copies between the kernel and user memory of the current task.
 *
 * Port: each page is translated by the MMU as for a kernel-mode access, and
 * copied at once, before any interrupt; a fault on the way may sleep. As in the
 * kernel a copy returns the number of bytes that it could NOT copy.
 */
import { EFAULT } from "linux/errno.ts";
import { might_sleep } from "linux/kernel.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { access_ok } from "asm/uaccess.ts";
import { REGS_KERNEL } from "asm/ptrace.ts";
import { load32, memcpy, memset, store32 } from "host/door.ts";
import { insn_begin, insn_end, mmu_fault, mmu_translate } from "asm/mmu.ts";

/** The physical address behind addr, faulted in, to be followed by insn_end()
 *  when the access was made; 0: to the fixup. */
function user_page(addr: number, write: boolean): number {
	for (;;) {
		insn_begin();
		const result = mmu_translate(addr, write, false, false);
		if (result > 0) return result;
		insn_end();
		if (!mmu_fault(REGS_KERNEL, result, addr))
			return 0;
	}
}

export function copy_from_user(to: number, from: number, n: number): number {
	might_sleep();
	if (!access_ok(from, n)) {
		memset(to, 0, n);
		return n;
	}
	while (n > 0) {
		const chunk = Math.min(n, PAGE_SIZE - (from & (PAGE_SIZE - 1)));
		const p = user_page(from, false);
		if (p === 0) {
			/* Never leave the kernel's buffer uninitialised. */
			memset(to, 0, n);
			return n;
		}
		memcpy(to, p, chunk);
		insn_end();
		to += chunk;
		from += chunk;
		n -= chunk;
	}
	return 0;
}

export function copy_to_user(to: number, from: number, n: number): number {
	might_sleep();
	if (!access_ok(to, n)) return n;
	while (n > 0) {
		const chunk = Math.min(n, PAGE_SIZE - (to & (PAGE_SIZE - 1)));
		const p = user_page(to, true);
		if (p === 0) return n;
		memcpy(p, from, chunk);
		insn_end();
		to += chunk;
		from += chunk;
		n -= chunk;
	}
	return 0;
}

export function clear_user(to: number, n: number): number {
	might_sleep();
	if (!access_ok(to, n)) return n;
	while (n > 0) {
		const chunk = Math.min(n, PAGE_SIZE - (to & (PAGE_SIZE - 1)));
		const p = user_page(to, true);
		if (p === 0) return n;
		memset(p, 0, chunk);
		insn_end();
		to += chunk;
		n -= chunk;
	}
	return 0;
}

/** As copy_from_user(), but as far as no page fault is needed: for who holds
 *  what a fault may wait for. The rest of `to` stays as it is. */
export function __copy_from_user_inatomic(
	to: number, from: number, n: number,
): number {
	while (n > 0) {
		const chunk = Math.min(n, PAGE_SIZE - (from & (PAGE_SIZE - 1)));
		insn_begin();
		const p = mmu_translate(from, false, false, false);
		if (p > 0) memcpy(to, p, chunk);
		insn_end();
		if (p <= 0) return n;
		to += chunk;
		from += chunk;
		n -= chunk;
	}
	return 0;
}

/** Have the pages of [uaddr, uaddr + size) in memory, if only for a moment; the
 *  number of bytes that cannot be. Of mm/gup.c. */
export function fault_in_readable(uaddr: number, size: number): number {
	might_sleep();
	if (!access_ok(uaddr, size)) return size;
	while (size > 0) {
		const chunk = Math.min(size, PAGE_SIZE - uaddr % PAGE_SIZE);
		if (user_page(uaddr, false) === 0) return size;
		insn_end();
		uaddr += chunk;
		size -= chunk;
	}
	return 0;
}

/** Store an int; 0 or -EFAULT. The word must not cross a page. */
export function put_user(x: number, ptr: number): number {
	might_sleep();
	if (!access_ok(ptr, 4) || ptr % 4 !== 0) return -EFAULT;
	const p = user_page(ptr, true);
	if (p === 0) return -EFAULT;
	store32(p, x | 0);
	insn_end();
	return 0;
}

/** Load an int. Port: the value and the error are the two fields of the result,
 *  where the kernel's macro assigns its first argument. */
export function get_user(ptr: number): { value: number; error: number } {
	might_sleep();
	if (!access_ok(ptr, 4) || ptr % 4 !== 0)
		return { value: 0, error: -EFAULT };
	const p = user_page(ptr, false);
	if (p === 0) return { value: 0, error: -EFAULT };
	const value = load32(p);
	insn_end();
	return { value, error: 0 };
}
