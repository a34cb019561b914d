// SPDX-License-Identifier: GPL-2.0-only
/** Operations of a random program, done; and a look at memory that changes nothing. */
import { mmu_entry } from "asm/mmu.ts";
import { pte_pfn, pte_present } from "asm/pgtable.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	__NR_brk,
	__NR_clone,
	__NR_close,
	__NR_exit,
	__NR_exit_group,
	__NR_fork,
	__NR_mlock,
	__NR_mlock2,
	__NR_mlockall,
	__NR_mmap,
	__NR_mprotect,
	__NR_mremap,
	__NR_msync,
	__NR_munlock,
	__NR_munlockall,
	__NR_munmap,
	__NR_prctl,
	__NR_sim_drop_caches,
	__NR_sim_open,
	__NR_wait4,
} from "asm/unistd.ts";
import { load8 } from "host/door.ts";
import {
	MAP_ANONYMOUS,
	MAP_FIXED,
	MAP_FIXED_NOREPLACE,
	MAP_GROWSDOWN,
	MAP_PRIVATE,
	MAP_SHARED,
	MLOCK_ONFAULT,
	MS_SYNC,
} from "linux/mman.ts";
import { VM_LOCKED } from "linux/mm.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { PR_SET_VMA, PR_SET_VMA_ANON_NAME } from "linux/prctl.ts";
import { B, madvise, read, run_task, user_syscall, write } from "../scenario.ts";
import { BORDER, FILE_PAGES, type Op, WINDOW } from "./ops.ts";

const O_RDWR = 2;
const INO = 4712;
const CLONE_THREAD = 0x10f00;
/** Strings for names: a letter each, in a page of their own. */
export const NAMES = 0x10800000;

export function page_of(page: number): number {
	const window = B / PAGE_SIZE - BORDER;

	/* On a page table of its own. */
	return page < WINDOW ? window + page : B / PAGE_SIZE + 0x3000 + (page - WINDOW);
}
const address = (page: number) => page_of(page) * PAGE_SIZE;

/** The file that all map. */
export function open_file(): number {
	return user_syscall(__NR_sim_open, INO, O_RDWR, FILE_PAGES * PAGE_SIZE);
}

function map(o: Op & { op: "mmap" }): number {
	const how = o.how === "fixed" ? MAP_FIXED : o.how === "noreplace" ? MAP_FIXED_NOREPLACE : 0;
	const shared = o.backing === "shared" || o.backing === "file-shared" ? MAP_SHARED : MAP_PRIVATE;
	const more = o.more | (o.backing === "stack" ? MAP_GROWSDOWN : 0);
	const at = address(o.page);
	const len = o.n * PAGE_SIZE;

	if (o.backing !== "file" && o.backing !== "file-shared")
		return user_syscall(__NR_mmap, at, len, o.prot, how | shared | more | MAP_ANONYMOUS, -1, 0);
	const fd = open_file();
	const ret = user_syscall(__NR_mmap, at, len, o.prot, how | shared | more, fd, o.index * PAGE_SIZE);

	user_syscall(__NR_close, fd);
	return ret;
}

/** A child that finds something at addr, stores there and ends, on this CPU. */
function child(addr: number, value: number, parent: number): number {
	const pid = user_syscall(__NR_fork);

	if (pid < 0) return pid;
	/* Whoever was killed meanwhile cannot run any more. */
	run_task(pid);
	const found = read(addr);

	write(addr, value);
	user_syscall(__NR_exit_group, 0);
	if (run_task(parent) === 0) user_syscall(__NR_wait4, pid, 0, 0);
	return found;
}

/** The result of a call, what a load found, whether a store could be made. `pid` is who runs on this CPU. */
export function perform(o: Op, pid: number): number {
	const at = "page" in o ? address(o.page) : 0;
	const len = "n" in o ? o.n * PAGE_SIZE : 0;

	switch (o.op) {
		case "load":
			return read(at);
		case "store":
			return write(at, o.value) ? 1 : 0;
		case "mmap":
			return map(o);
		case "munmap":
			return user_syscall(__NR_munmap, at, len);
		case "mprotect":
			return user_syscall(__NR_mprotect, at, len, o.prot);
		case "mremap":
			return user_syscall(__NR_mremap, at, o.old * PAGE_SIZE, len, o.flags, address(o.to));
		case "madvise":
			return madvise(at, len, o.advice);
		case "name":
			return user_syscall(
				__NR_prctl,
				PR_SET_VMA,
				PR_SET_VMA_ANON_NAME,
				at,
				len,
				o.name === 0 ? 0 : NAMES + (o.name - 0x78) * 2,
			);
		case "mlock":
			return user_syscall(__NR_mlock, at, len);
		case "mlock2":
			return user_syscall(__NR_mlock2, at, len, MLOCK_ONFAULT);
		case "munlock":
			return user_syscall(__NR_munlock, at, len);
		case "mlockall":
			return user_syscall(__NR_mlockall, o.flags);
		case "munlockall":
			return user_syscall(__NR_munlockall);
		case "msync":
			return user_syscall(__NR_msync, at, len, MS_SYNC);
		case "brk":
			return user_syscall(__NR_brk, 0x10000000 + len);
		case "fork":
			return user_syscall(__NR_fork);
		case "child":
			return child(at, o.value, pid);
		case "thread":
			return user_syscall(__NR_clone, CLONE_THREAD, 0);
		case "drop_caches":
			return user_syscall(__NR_sim_drop_caches);
		case "exit":
			return user_syscall(__NR_exit, 0);
		case "exit_group":
			return user_syscall(__NR_exit_group, 0);
	}
}

export interface Look {
	prot: number;
	locked: boolean;
	/** What is in the page; -1: it is not there. */
	value: number;
}
/** The page of that number, as vmas and page tables say; undefined: not mapped. */
export function look(mm: mm_struct, page: number): Look | undefined {
	const addr = page * PAGE_SIZE;
	let vma: vm_area_struct = mm.mmap;

	while (vma !== NULL && vma.vm_end <= addr) vma = vma.vm_next;
	if (vma === NULL || vma.vm_start > addr) return undefined;
	const pte = mmu_entry(mm.pgd, addr);

	return {
		prot: vma.vm_flags & 7,
		locked: (vma.vm_flags & VM_LOCKED) !== 0,
		value: !pte_present(pte) ? -1 : load8(pte_pfn(pte) * PAGE_SIZE),
	};
}
