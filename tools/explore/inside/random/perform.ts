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
	__NR_mincore,
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
import { CONFIG_NUMA_BALANCING } from "generated/autoconf.ts";
import { load8 } from "host/door.ts";
import {
	MAP_ANONYMOUS,
	MAP_FIXED,
	MAP_FIXED_NOREPLACE,
	MAP_GROWSDOWN,
	MAP_PRIVATE,
	MAP_SHARED,
	MLOCK_ONFAULT,
} from "linux/mman.ts";
import { find_vma, VM_ACCESS_FLAGS, VM_LOCKED } from "linux/mm.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { PR_SET_VMA, PR_SET_VMA_ANON_NAME } from "linux/prctl.ts";
import { current } from "kernel/sched/core.ts";
import { user_read_file } from "kernel/entry/user.ts";
import { change_prot_numa } from "mm/mempolicy.ts";
import { clear_refs, exec, in_kernel, madvise, read, run_task, user_syscall, write } from "../scenario.ts";
import { ADVISED } from "./model.ts";
import { BORDER, BORDERS, FILE_PAGES, type Op, WINDOW } from "./ops.ts";

const O_RDWR = 2;
const INO = 4712;
const CLONE_THREAD = 0x10f00;
/** Strings for names: a letter each, in a page of their own; */
export const NAMES = 0x10800000;
/** and for what mincore() says. */
const RESIDENT = NAMES + 64;

interface place extends struct {
	border: int /* set-up only */;
}
const place = DEFINE<place>();

export function set_border(border: number): void {
	place.border = border;
}
/** The number of the first page behind the border. */
export function border_page(): number {
	return BORDERS[place.border].at / PAGE_SIZE;
}
export function page_of(page: number): number {
	/* What is far away is on a page table of its own. */
	return border_page() + (page < WINDOW ? page - BORDER : 0x3000 + (page - WINDOW));
}
const address = (page: number) => page_of(page) * PAGE_SIZE;

/** The file that all map. */
export function open_file(): number {
	return user_syscall(__NR_sim_open, INO, O_RDWR, FILE_PAGES * PAGE_SIZE);
}

function map_as(o: Op & { op: "mmap" }): number {
	const how = o.how === "fixed" ? MAP_FIXED : o.how === "noreplace" ? MAP_FIXED_NOREPLACE : 0;
	const shared = o.backing === "shared" || o.backing === "file-shared" ? MAP_SHARED : MAP_PRIVATE;
	const more = o.more | (o.backing === "stack" ? MAP_GROWSDOWN : 0);
	const at = address(o.page);
	const len = o.n * PAGE_SIZE;

	if (o.backing !== "file" && o.backing !== "file-shared")
		return user_syscall(__NR_mmap, at, len, o.prot, how | shared | more | MAP_ANONYMOUS, -1, 0);
	const fd = open_file();

	if (fd < 0) return fd;
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

export function map_names(): number {
	const at = user_syscall(__NR_mmap, NAMES, PAGE_SIZE, 3, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at < 0) return at;
	write(NAMES, 0x78);
	write(NAMES + 2, 0x79);
	return 0;
}

/** As task_numa_work() does, which the port does not have: the next access to these pages tells who it is. */
function hint(addr: number, len: number): number {
	const mm = current().mm;
	const end = addr + len;

	/* Whoever was killed meanwhile has none. */
	if (mm === NULL) return 0;
	mmap_read_lock(mm);
	for (let vma = find_vma(mm, addr); vma !== NULL && vma.vm_start < end; vma = vma.vm_next) {
		/* Whoever may not be accessed has no hints. */
		if (CONFIG_NUMA_BALANCING && vma.vm_flags & VM_ACCESS_FLAGS)
			change_prot_numa(vma, Math.max(addr, vma.vm_start), Math.min(end, vma.vm_end));
	}
	mmap_read_unlock(mm);
	return 0;
}

function smaps(): number {
	const text = user_read_file("/proc/self/smaps");

	return typeof text === "number" ? text : 0;
}

/** A bit for each page that is there; or an errno. */
function mincore(addr: number, n: number): number {
	const ret = user_syscall(__NR_mincore, addr, n * PAGE_SIZE, RESIDENT);
	let bits = 0;

	if (ret !== 0) return ret;
	for (let i = 0; i < n; i++) bits |= (read(RESIDENT + i) & 1) << i;
	return bits;
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
			return map_as(o);
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
			return user_syscall(__NR_msync, at, len, o.flags);
		case "mincore":
			return mincore(at, o.n);
		case "hint":
			return in_kernel(() => hint(at, len));
		case "smaps":
			return smaps();
		case "clear_refs":
			clear_refs(String(o.what));
			return 0;
		case "exec":
			return exec() || map_names();
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
	/** Of ADVISED. */
	advised: number;
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
		advised: vma.vm_flags & ADVISED,
		value: !pte_present(pte) ? -1 : load8(pte_pfn(pte) * PAGE_SIZE),
	};
}
