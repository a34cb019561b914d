// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/include/asm/uaccess.h and linux/uaccess.h (5.17): access
 * to user memory by the kernel. The functions are in kernel/lib/usercopy.ts.
 * Left out: strings, atomic variants, unsafe_* blocks, and KUAP, which opens
 * user memory for a copy only (allow_user_access(), the AMR): here nothing but
 * those copies uses user addresses.
 */
import { TASK_SIZE_MAX } from "asm/pgtable_types.ts";

export {
	__copy_from_user_inatomic, clear_user, copy_from_user, copy_to_user,
	fault_in_readable, get_user, put_user,
} from "kernel/lib/usercopy.ts";

/** Does [addr, addr + size) lie in user memory? */
export function access_ok(addr: number, size: number): boolean {
	return (
		addr >= 0 &&
		size >= 0 &&
		size <= TASK_SIZE_MAX &&
		addr <= TASK_SIZE_MAX - size
	);
}
