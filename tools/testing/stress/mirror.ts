// SPDX-License-Identifier: GPL-2.0-only
/**
 * Devices that mirror memory (drivers/misc/mmu_mirror.ts) beside threads that map, unmap, protect, move, give up and
 * fork it. Each CPU has pages of its own, of whose first byte it knows what is in it: whatever the others do, a device
 * has to load that, and what it stores has to be there. Devices are opened and closed meanwhile.
 */
import * as NR from "asm/unistd.ts";
import type * as User from "../../../kernel/entry/user.ts";
import { MIRROR_LOAD, MIRROR_STORE } from "../../../include/uapi/linux/mmu_mirror.ts";
import { generator, in_turns } from "./guest.ts";
import { type Arg, PAGE } from "./layout.ts";

const BASE = 0x300000000;
/** Pages of each CPU; those of different CPUs are neighbours, in one page table. */
const PAGES = 4;
const FIXED_ANON = 0x32;
const MADV_DONTNEED = 4;
const MOVE_FIXED = 3;
const WALL = 0x40000000;
const EFAULT = -14;
const EPERM = -1;

/** A page as it has to be: `value` -1 is not mapped. */
interface Page {
	value: number;
	writable: boolean;
}

export function mirror(user: typeof User, arg: Arg): string[] {
	const { cpu, cpus, pids, seed } = arg;
	const random = generator(seed + cpu);
	const pages: Page[] = Array.from({ length: PAGES }, () => ({ value: -1, writable: false }));
	const at = (page: number) => BASE + (page * cpus + cpu) * PAGE;
	let fd = -1;
	const syscall = (nr: number, ...args: number[]) => user.user_syscall(nr, ...args);
	const access = (op: number, page: number, value = 0) =>
		syscall(NR.__NR_sim_mirror_access, fd, op, at(page), value);

	/** What the device and the CPU load, of all own pages. */
	function check(): string | undefined {
		for (let i = 0; i < PAGES; i++) {
			const { value } = pages[i];
			if (value >= 0) {
				const loaded = user.user_load8(at(i));
				if (loaded !== value) return `page ${i}: the CPU loads ${loaded}, there is ${value}`;
			}
			const seen = access(MIRROR_LOAD, i);
			if (seen !== (value < 0 ? EFAULT : value))
				return `page ${i}: the device loads ${seen}, there is ${value}`;
		}
	}
	/** The first page that is mapped and free, in the order from i on. */
	function free_place(i: number): number {
		for (let n = 0; n < PAGES; n++) if (pages[(i + n) % PAGES].value < 0) return (i + n) % PAGES;
		return -1;
	}
	function fork(): string | undefined {
		const pid = syscall(NR.__NR_fork);
		if (pid < 0 || user.run_task(pid) !== 0) return `fork: ${pid}`;
		/* The child's copies are its own; the device is the parent's. */
		for (let i = 0; i < PAGES; i++) if (pages[i].writable) user.user_store8(at(i), 0xee);
		let problem: string | undefined;
		for (let i = 0; i < PAGES; i++) {
			const seen = access(MIRROR_LOAD, i);
			if (seen !== (pages[i].value < 0 ? EFAULT : pages[i].value))
				problem = `page ${i}: the child has the device load ${seen}`;
		}
		syscall(NR.__NR_exit_group, 0);
		user.run_task(pids[cpu]);
		const reaped = syscall(NR.__NR_wait4, pid, 0, WALL);
		return problem ?? (reaped === pid ? undefined : `wait4: ${reaped}`);
	}
	function operation(): string | undefined {
		const i = random(PAGES);
		const page = pages[i];
		const value = random(200);
		switch (random(10)) {
			case 0:
				syscall(NR.__NR_mmap, at(i), PAGE, 3, FIXED_ANON, -1, 0);
				pages[i] = { value: 0, writable: true };
				return;
			case 1:
				syscall(NR.__NR_munmap, at(i), PAGE);
				pages[i] = { value: -1, writable: false };
				return;
			case 2: {
				if (page.value < 0) return;
				const writable = !page.writable;
				syscall(NR.__NR_mprotect, at(i), PAGE, writable ? 3 : 1);
				page.writable = writable;
				return;
			}
			case 3:
				if (page.value < 0) return;
				syscall(NR.__NR_madvise, at(i), PAGE, MADV_DONTNEED);
				page.value = 0;
				return;
			case 4: {
				const to = free_place(i);
				if (page.value < 0 || to < 0) return;
				syscall(NR.__NR_mremap, at(i), PAGE, PAGE, MOVE_FIXED, at(to));
				pages[to] = { ...page };
				pages[i] = { value: -1, writable: false };
				return;
			}
			case 5:
				return fork();
			case 6:
				syscall(NR.__NR_close, fd);
				fd = syscall(NR.__NR_sim_mirror_open, BASE, cpus * PAGES * PAGE, random(2));
				return fd < 0 ? `sim_mirror_open: ${fd}` : undefined;
			case 7:
				if (!page.writable) return;
				user.user_store8(at(i), value);
				page.value = value;
				return;
			default: {
				const stored = access(MIRROR_STORE, i, value);
				if (stored !== (page.value < 0 ? EFAULT : page.writable ? 0 : EPERM))
					return `page ${i}: the device stores: ${stored}`;
				if (stored === 0) page.value = value;
			}
		}
	}
	return in_turns(user, arg, (turn) => {
		if (fd < 0) fd = syscall(NR.__NR_sim_mirror_open, BASE, cpus * PAGES * PAGE, cpu % 2);
		if (fd < 0) return `sim_mirror_open: ${fd}`;
		const problem = operation() ?? check();
		/* Descriptors are not closed by an exit: there is one table for all tasks. */
		if (turn === arg.steps - 1) syscall(NR.__NR_close, fd);
		return problem;
	});
}
