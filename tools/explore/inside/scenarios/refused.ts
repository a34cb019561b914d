// SPDX-License-Identifier: GPL-2.0-only
/**
 * What calls refuse, with which error, and what is left of memory then. The errors are those of Linux, by its man
 * pages and the order of its checks; each case begins with the same mappings, and most leave them as they are.
 */
import { PAGE_SIZE, TASK_SIZE } from "asm/pgtable_types.ts";
import {
	__NR_brk,
	__NR_clone,
	__NR_close,
	__NR_kill,
	__NR_madvise,
	__NR_mincore,
	__NR_mlock,
	__NR_mlock2,
	__NR_mlockall,
	__NR_mmap,
	__NR_mprotect,
	__NR_mremap,
	__NR_msync,
	__NR_munlock,
	__NR_munmap,
	__NR_prctl,
	__NR_sim_open,
	__NR_wait4,
} from "asm/unistd.ts";
import { CONFIG_ANON_VMA_NAME } from "generated/autoconf.ts";
import { current } from "kernel/sched/core.ts";
import { EACCES, EBADF, EBUSY, ECHILD, EEXIST, EFAULT, EINVAL, ENOMEM, EOPNOTSUPP, ESRCH } from "linux/errno.ts";
import {
	MADV_COLD,
	MADV_DONTNEED,
	MADV_FREE,
	MADV_PAGEOUT,
	MADV_POPULATE_READ,
	MADV_POPULATE_WRITE,
	MADV_REMOVE,
	MADV_WILLNEED,
	MADV_WIPEONFORK,
	MAP_ANONYMOUS,
	MAP_FIXED,
	MAP_FIXED_NOREPLACE,
	MAP_GROWSDOWN,
	MAP_HUGETLB,
	MAP_PRIVATE,
	MAP_SHARED,
	MAP_SHARED_VALIDATE,
	MREMAP_DONTUNMAP,
	MREMAP_FIXED,
	MREMAP_MAYMOVE,
	MS_ASYNC,
	MS_INVALIDATE,
	MS_SYNC,
	PROT_GROWSDOWN,
	PROT_GROWSUP,
	PROT_READ,
	PROT_WRITE,
} from "linux/mman.ts";
import type { vm_area_struct } from "linux/mm_types.ts";
import { PR_SET_VMA, PR_SET_VMA_ANON_NAME } from "linux/prctl.ts";
import {
	A,
	check_that,
	map,
	map_file,
	map_stack,
	mlock,
	PAGE,
	PROT_RW,
	read,
	type Scenario,
	user_syscall,
	write,
} from "../scenario.ts";
import { each_case, no_race } from "../table.ts";

/* Pages at A: private ones, a hole, one that is only readable, a hole, a shared file's, a hole, a private file's, a
 * hole, locked ones, a hole; and far behind them a stack. */
const HOLE = A + 2 * PAGE;
const RO = A + 3 * PAGE;
const SHARED = A + 5 * PAGE;
const SHARED_RO = A + 8 * PAGE;
const FILE = A + 11 * PAGE;
const LOCKED = A + 14 * PAGE;
const GROWS = A + 17 * PAGE;
const FREE = A + 40 * PAGE;
/** A length that wraps, wherever it begins. */
const HUGE = 2 ** 64 - 2 * PAGE_SIZE;
const O_RDONLY = 0;
const INO = 4711;
const ANON = MAP_PRIVATE | MAP_ANONYMOUS;
const RW = PROT_READ | PROT_WRITE;

function mappings(): void {
	map(A, 2 * PAGE);
	write(A, 1);
	write(A + PAGE, 2);
	map(RO, PAGE, PROT_READ);
	map_file(SHARED, 2 * PAGE, PROT_RW, true);
	write(SHARED, 3);
	with_file(O_RDONLY, (fd) => mmap(SHARED_RO, 2 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd));
	map_file(FILE, 2 * PAGE, PROT_RW, false);
	write(FILE, 4);
	map(LOCKED, 2 * PAGE);
	write(LOCKED, 5);
	mlock(LOCKED, 2 * PAGE);
	map_stack(GROWS, PAGE);
}
function with_file(mode: number, fn: (fd: number) => number): number {
	const fd = user_syscall(__NR_sim_open, INO, mode, 2 * PAGE);
	const ret = fn(fd);

	user_syscall(__NR_close, fd);
	return ret;
}

const munmap = (addr: number, len: number) => user_syscall(__NR_munmap, addr, len);
const mmap = (addr: number, len: number, prot: number, flags: number, fd = -1, off = 0) =>
	user_syscall(__NR_mmap, addr, len, prot, flags, fd, off);
const mprotect = (addr: number, len: number, prot: number) => user_syscall(__NR_mprotect, addr, len, prot);
const mremap = (addr: number, old: number, len: number, flags = 0, to = 0) =>
	user_syscall(__NR_mremap, addr, old, len, flags, to);
const madvise = (addr: number, len: number, advice: number) => user_syscall(__NR_madvise, addr, len, advice);
const msync = (addr: number, len: number, flags: number) => user_syscall(__NR_msync, addr, len, flags);
const mincore = (addr: number, len: number, vec: number) => user_syscall(__NR_mincore, addr, len, vec);
const name = (addr: number, len: number, text: number) =>
	user_syscall(__NR_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, addr, len, text);
const clone = (flags: number) => user_syscall(__NR_clone, flags, 0);

type Case = [text: string, call: () => number, answer: number, changes?: "changes"];
const MAY = MREMAP_MAYMOVE;

const CASES: Case[] = [
	["munmap() within a page", () => munmap(A + 1, PAGE), -EINVAL],
	["munmap() of nothing", () => munmap(A, 0), -EINVAL],
	["munmap() behind the end", () => munmap(TASK_SIZE, PAGE), -EINVAL],
	["munmap() over the end", () => munmap(A, TASK_SIZE), -EINVAL],
	["munmap() of a length that wraps", () => munmap(A, HUGE), -EINVAL],
	["munmap() of a hole", () => munmap(HOLE, PAGE), 0],
	["mmap() of nothing", () => mmap(FREE, 0, RW, ANON | MAP_FIXED), -EINVAL],
	["mmap() within a page", () => mmap(FREE + 1, PAGE, RW, ANON | MAP_FIXED), -EINVAL],
	["mmap() of no type", () => mmap(FREE, PAGE, RW, MAP_ANONYMOUS | MAP_FIXED), -EINVAL],
	[
		"mmap() anonymous, MAP_SHARED_VALIDATE",
		() => mmap(FREE, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS | MAP_FIXED),
		-EINVAL,
	],
	["mmap() of huge pages", () => mmap(FREE, PAGE, RW, ANON | MAP_FIXED | MAP_HUGETLB), -EINVAL],
	[
		"mmap() of a shared stack",
		() => mmap(FREE, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED),
		-EINVAL,
	],
	["mmap() where something is", () => mmap(A + PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE), -EEXIST],
	["mmap() where something begins", () => mmap(HOLE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE), -EEXIST],
	["mmap() in a hole", () => mmap(HOLE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE), HOLE, "changes"],
	["mmap() behind the end", () => mmap(TASK_SIZE, PAGE, RW, ANON | MAP_FIXED), -ENOMEM],
	["mmap() of too much", () => mmap(0, TASK_SIZE, RW, ANON), -ENOMEM],
	["mmap() of a length that wraps", () => mmap(0, 2 ** 64 - 1, RW, ANON), -ENOMEM],
	["mmap() of no file", () => mmap(FREE, PAGE, RW, MAP_PRIVATE | MAP_FIXED), -EBADF],
	[
		"mmap() at a wrong offset",
		() => with_file(2, (fd) => mmap(FREE, PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 1)),
		-EINVAL,
	],
	[
		"mmap() of a file as a stack",
		() => with_file(2, (fd) => mmap(FREE, PAGE, RW, MAP_PRIVATE | MAP_FIXED | MAP_GROWSDOWN, fd)),
		-EINVAL,
	],
	["mmap() of a file of no type", () => with_file(2, (fd) => mmap(FREE, PAGE, RW, MAP_FIXED, fd)), -EINVAL],
	[
		"mmap() of a file, with a flag that nobody knows",
		() => with_file(2, (fd) => mmap(FREE, PAGE, RW, MAP_SHARED_VALIDATE | MAP_FIXED | 0x8000000, fd)),
		-EOPNOTSUPP,
	],
	[
		"mmap() shared and writable, of a file that is not",
		() => with_file(O_RDONLY, (fd) => mmap(FREE, PAGE, RW, MAP_SHARED | MAP_FIXED, fd)),
		-EACCES,
	],
	["mprotect() within a page", () => mprotect(A + 1, PAGE, 1), -EINVAL],
	["mprotect() of nothing", () => mprotect(A, 0, 1), 0],
	["mprotect() of a hole", () => mprotect(HOLE, PAGE, 1), -ENOMEM],
	["mprotect() that begins in a hole", () => mprotect(HOLE, 2 * PAGE, RW), -ENOMEM],
	["mprotect() of a length that wraps", () => mprotect(A, HUGE, 1), -ENOMEM],
	["mprotect() that grows both ways", () => mprotect(A, PAGE, 1 | PROT_GROWSDOWN | PROT_GROWSUP), -EINVAL],
	["mprotect() down from no stack", () => mprotect(A, PAGE, 1 | PROT_GROWSDOWN), -EINVAL],
	["mprotect() up", () => mprotect(GROWS, PAGE, 1 | PROT_GROWSUP), -EINVAL],
	["mprotect() with a bit that nobody knows", () => mprotect(A, PAGE, 1 | 0x20), -EINVAL],
	["mprotect() for writing, of a file that is not", () => mprotect(SHARED_RO, PAGE, RW), -EACCES],
	["mremap() with a flag that nobody knows", () => mremap(A, PAGE, PAGE, 8), -EINVAL],
	["mremap() to a place, and it may not move", () => mremap(A, PAGE, PAGE, MREMAP_FIXED, FREE), -EINVAL],
	["mremap() that keeps, and may not move", () => mremap(A, PAGE, PAGE, MREMAP_DONTUNMAP), -EINVAL],
	["mremap() that keeps, and grows", () => mremap(A, PAGE, 2 * PAGE, MAY | MREMAP_DONTUNMAP), -EINVAL],
	["mremap() within a page", () => mremap(A + 1, PAGE, PAGE), -EINVAL],
	["mremap() to nothing", () => mremap(A, PAGE, 0), -EINVAL],
	["mremap() of a hole", () => mremap(HOLE, PAGE, 2 * PAGE, MAY), -EFAULT],
	["mremap() over the end of a vma", () => mremap(A, 3 * PAGE, 4 * PAGE, MAY), -EFAULT],
	["mremap() of nothing, private", () => mremap(A, 0, PAGE, MAY), -EINVAL],
	["mremap() of nothing, shared", () => mremap(SHARED, 0, PAGE, MAY | MREMAP_FIXED, FREE), FREE, "changes"],
	["mremap() to within a page", () => mremap(A, PAGE, PAGE, MAY | MREMAP_FIXED, FREE + 1), -EINVAL],
	["mremap() upon itself", () => mremap(A, 2 * PAGE, 2 * PAGE, MAY | MREMAP_FIXED, A + PAGE), -EINVAL],
	["mremap() from below upon itself", () => mremap(A + PAGE, PAGE, 2 * PAGE, MAY | MREMAP_FIXED, A), -EINVAL],
	["mremap() behind the end", () => mremap(A, PAGE, PAGE, MAY | MREMAP_FIXED, TASK_SIZE), -EINVAL],
	["mremap() of too much", () => mremap(A, PAGE, TASK_SIZE, MAY | MREMAP_FIXED, FREE), -EINVAL],
	["mremap() of more than there is", () => mremap(A, PAGE, TASK_SIZE, MAY), -ENOMEM],
	["mremap() without room", () => mremap(A, 2 * PAGE, 4 * PAGE), -ENOMEM],
	["mremap() in the middle of a vma", () => mremap(A, PAGE, 2 * PAGE), -ENOMEM],
	["mremap() into a hole", () => mremap(A, 2 * PAGE, 3 * PAGE), A, "changes"],
	["madvise() within a page", () => madvise(A + 1, PAGE, MADV_DONTNEED), -EINVAL],
	["madvise() of nothing", () => madvise(A, 0, MADV_DONTNEED), 0],
	["madvise() that nobody knows", () => madvise(A, PAGE, 77), -EINVAL],
	["madvise() of nothing, that nobody knows", () => madvise(A, 0, 77), -EINVAL],
	["madvise() of a hole", () => madvise(HOLE, PAGE, MADV_DONTNEED), -ENOMEM],
	["madvise() of a length that wraps", () => madvise(A, HUGE, MADV_COLD), -EINVAL],
	["MADV_DONTNEED of what is locked", () => madvise(LOCKED, PAGE, MADV_DONTNEED), -EINVAL],
	["MADV_FREE of what is locked", () => madvise(LOCKED, PAGE, MADV_FREE), -EINVAL],
	["MADV_COLD of what is locked", () => madvise(LOCKED, PAGE, MADV_COLD), -EINVAL],
	["MADV_PAGEOUT of what is locked", () => madvise(LOCKED, PAGE, MADV_PAGEOUT), -EINVAL],
	["MADV_FREE of a file", () => madvise(FILE, PAGE, MADV_FREE), -EINVAL],
	["MADV_WIPEONFORK of a file", () => madvise(FILE, PAGE, MADV_WIPEONFORK), -EINVAL],
	["MADV_WIPEONFORK of shared memory", () => madvise(SHARED, PAGE, MADV_WIPEONFORK), -EINVAL],
	["MADV_WILLNEED of no file", () => madvise(A, PAGE, MADV_WILLNEED), 0],
	["MADV_WILLNEED of a file", () => madvise(FILE, PAGE, MADV_WILLNEED), 0],
	["MADV_REMOVE of no file", () => madvise(A, PAGE, MADV_REMOVE), -EINVAL],
	["MADV_REMOVE of a private file", () => madvise(FILE, PAGE, MADV_REMOVE), -EACCES],
	["MADV_REMOVE of what is only readable", () => madvise(SHARED_RO, PAGE, MADV_REMOVE), -EACCES],
	["MADV_REMOVE of what is locked", () => madvise(LOCKED, PAGE, MADV_REMOVE), -EINVAL],
	["MADV_POPULATE_READ of a hole", () => madvise(HOLE, PAGE, MADV_POPULATE_READ), -ENOMEM],
	["MADV_POPULATE_WRITE of what is only readable", () => madvise(RO, PAGE, MADV_POPULATE_WRITE), -EINVAL],
	["mlock() of nothing", () => user_syscall(__NR_mlock, A, 0), 0],
	["mlock() of the end of a page and what is behind", () => mlock(A + PAGE - 8, 16), 0, "changes"],
	["mlock() from within a page to a hole", () => mlock(A + PAGE + 8, PAGE), -ENOMEM, "changes"],
	["mlock() of a hole", () => user_syscall(__NR_mlock, HOLE, PAGE), -ENOMEM],
	["mlock() of a length that wraps", () => user_syscall(__NR_mlock, A, HUGE), -EINVAL],
	["mlock2() with a flag that nobody knows", () => user_syscall(__NR_mlock2, A, PAGE, 2), -EINVAL],
	["munlock() of nothing", () => user_syscall(__NR_munlock, A, 0), 0],
	["munlock() of a hole", () => user_syscall(__NR_munlock, HOLE, PAGE), -ENOMEM],
	["mlockall() of nothing", () => user_syscall(__NR_mlockall, 0), -EINVAL],
	["mlockall() of what comes when it comes", () => user_syscall(__NR_mlockall, 4), -EINVAL],
	["mlockall() with a flag that nobody knows", () => user_syscall(__NR_mlockall, 9), -EINVAL],
	["msync() with a flag that nobody knows", () => msync(A, PAGE, 8), -EINVAL],
	["msync() now and later", () => msync(A, PAGE, MS_ASYNC | MS_SYNC), -EINVAL],
	["msync() within a page", () => msync(A + 1, PAGE, MS_SYNC), -EINVAL],
	["msync() of nothing", () => msync(A, 0, MS_SYNC), 0],
	["msync() of a hole", () => msync(HOLE, PAGE, MS_SYNC), -ENOMEM],
	["msync() over a hole", () => msync(A, 4 * PAGE, MS_SYNC), -ENOMEM],
	["msync() over a hole, later", () => msync(A, 4 * PAGE, MS_ASYNC), -ENOMEM],
	["msync() of what is locked", () => msync(LOCKED, PAGE, MS_INVALIDATE), -EBUSY],
	["msync() of a length that wraps", () => msync(A, HUGE, MS_SYNC), -ENOMEM],
	["mincore() within a page", () => mincore(A + 1, PAGE, A), -EINVAL],
	["mincore() of a hole", () => mincore(HOLE, PAGE, A), -ENOMEM],
	["mincore() over the end of all", () => mincore(A, TASK_SIZE, A), -ENOMEM],
	["mincore() to where nothing is", () => mincore(A, PAGE, HOLE), -EFAULT],
	["mincore() to what is only readable", () => mincore(A, PAGE, RO), -EFAULT],
	["mincore() to behind the end", () => mincore(A, PAGE, TASK_SIZE), -EFAULT],
	["mincore()", () => mincore(A, 2 * PAGE, A + 8), 0],
	["a break below the heap", () => user_syscall(__NR_brk, PAGE) - user_syscall(__NR_brk, 0), 0],
	["a break where something is", () => user_syscall(__NR_brk, A + PAGE) - user_syscall(__NR_brk, 0), 0],
	["clone() of a thread with its own signals", () => clone(0x10100), -EINVAL],
	["clone() of signals without memory", () => clone(0x800), -EINVAL],
	["kill() of nobody", () => user_syscall(__NR_kill, 4000, 9), -ESRCH],
	["wait4() for nobody", () => user_syscall(__NR_wait4, -1, 0, 0), -ECHILD],
	["wait4() for nobody, not of other threads", () => user_syscall(__NR_wait4, -1, 0, 0x20000000), -ECHILD],
	["wait4() for nobody, at once", () => user_syscall(__NR_wait4, -1, 0, 1), -ECHILD],
	["kill() with a signal that nobody knows", () => user_syscall(__NR_kill, current().pid, 65), -EINVAL],
	["wait4() with a flag that nobody knows", () => user_syscall(__NR_wait4, -1, 0, 0x100), -EINVAL],
	...(CONFIG_ANON_VMA_NAME
		? ([
				["a name within a page", () => name(A + 1, PAGE, A), -EINVAL],
				["a name for nothing", () => name(A, 0, 0), 0],
				["a name for a hole", () => name(HOLE, PAGE, 0), -ENOMEM],
				["a name for a file", () => name(FILE, PAGE, 0), -EBADF],
				["a name that is nowhere", () => name(A, PAGE, HOLE), -EFAULT],
				["a name that cannot be printed", () => name(A, PAGE, A), -EINVAL],
			] satisfies Case[])
		: []),
];

/** All vmas, what is in the pages that were written, and what is accounted: in words. */
function state(): string {
	const mm = current().mm;
	const out: string[] = [];

	for (let vma: vm_area_struct = mm.mmap; vma !== NULL; vma = vma.vm_next)
		out.push(
			[vma.vm_start, vma.vm_end, vma.vm_flags >>> 0, vma.vm_pgoff]
				.map((v) => v.toString(16))
				.join(" "),
		);
	out.push([A, A + PAGE, SHARED, FILE, LOCKED].map(read).join(" "));
	out.push([mm.map_count, mm.total_vm, mm.locked_vm, mm.data_vm, mm.stack_vm, mm.exec_vm, mm.brk].join(" "));
	return out.join("\n");
}

function run([, call, answer, changes]: Case): void {
	mappings();
	const before = state();
	const is = call();

	check_that(is === answer, `it answers ${is}, and should answer ${answer}`);
	if (changes) return;
	const after = state();

	check_that(after === before, `it changes memory, from\n${before}\nto\n${after}`);
}

export const scenarios: Record<string, Scenario> = {
	"refused/calls": {
		about: "calls with what they have to refuse, one after the other",
		patch: "none: mm/mmap.c, mm/mremap.c, mm/mprotect.c, mm/madvise.c, mm/mlock.c, mm/msync.c",
		invariant: "each answers the error that Linux answers, and memory is as it was",
		setup: () =>
			each_case(
				CASES,
				([text]) => text,
				(c) => run(c),
			),
		cpus: no_race,
		models: ["sc"],
		quick: true,
	},
};
