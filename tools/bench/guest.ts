// SPDX-License-Identifier: GPL-2.0-only
/**
 * The port's half of `make bench`: what native.c does on the machine's own
 * kernel, as a user program on a simulated CPU.
 */
import type * as User from "../../arch/x86/kernel/user.ts";

export type Kind = "write" | "read" | "wp";

const PAGE = 4096;
const NR_mmap = 9;
const NR_munmap = 11;
const PROT_RW = 3;
const MAP_PRIVATE_ANON = 0x22;

/** ns a fault over `pages` fresh pages. */
export function main(user: typeof User, { kind, pages }: { kind: Kind; pages: number }): number {
	const pid = user.new_process();
	user.run_task(pid);
	const p = user.user_syscall(NR_mmap, 0, pages * PAGE, PROT_RW, MAP_PRIVATE_ANON, -1, 0);
	const end = p + pages * PAGE;
	if (kind === "wp") for (let a = p; a < end; a += PAGE) user.user_load8(a);
	const start = performance.now();
	if (kind === "read") for (let a = p; a < end; a += PAGE) user.user_load8(a);
	else for (let a = p; a < end; a += PAGE) user.user_store8(a, 1);
	const ns = ((performance.now() - start) * 1e6) / pages;
	user.user_syscall(NR_munmap, p, pages * PAGE);
	user.exit_process();
	return ns;
}
