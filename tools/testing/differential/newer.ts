// SPDX-License-Identifier: GPL-2.0-only
/**
 * Calls that fail on 5.17 and on a newer kernel, with another error. Nothing
 * else about them differs, so the port does not imitate them: each has its
 * reason here. What can be seen in a map is behind PR_SIM_KERNEL_VERSION
 * instead; Documentation/newer-kernels.md has both.
 */
import type { Step } from "./log.ts";

const ENOMEM = "-12";
const EINVAL = "-22";

const TASK_SIZE = 0x7ffffffff000;
const PAGE = 4096;
const MREMAP_FIXED = 2;
const MREMAP_DONTUNMAP = 4;
const MAP_FIXED = 0x10;
const MLOCK_ONFAULT = 1;

/** In whole pages; a register with its top bit set counts from 2^64. */
const align = (n: number) => Math.ceil((n < 0 ? n + 2 ** 64 : n) / PAGE) * PAGE;

/** What 6.15 and later look at before they look for the mapping. */
function bad_mremap([addr, old_len, new_len, flags, new_addr]: number[]): boolean {
	const len = align(new_len);
	if (len > TASK_SIZE) return true;
	if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) return false;
	if (new_addr < 0 || new_addr > TASK_SIZE - len || new_addr % PAGE !== 0) return true;
	return addr + align(old_len) > new_addr && new_addr + len > addr;
}

/** Is it known that `step`, recorded on that kernel, ends in `seen` here? */
export function known_difference(
	{ name, args, result }: Step,
	seen: string,
	since: (major: number, minor: number) => boolean,
): boolean {
	/* The arguments are checked first, then the old mapping. */
	if (name === "mremap" && since(6, 15) && result === EINVAL) return bad_mremap(args);
	/* Why what is in the way cannot be unmapped (it is the vDSO) was lost. */
	if (name === "mmap" && since(6, 12) && result === EINVAL && seen === ENOMEM) return (args[3] & MAP_FIXED) !== 0;
	/* What is locked on fault is no longer looked at, so that it is not
	 * readable does not matter. */
	if (name === "mlock2" && since(5, 18) && result === "0" && seen === ENOMEM)
		return (args[2] & MLOCK_ONFAULT) !== 0;
	return false;
}
