// SPDX-License-Identifier: GPL-2.0-only
/**
 * Allocations that fail (failslab.config): one in each execution, and each of them in some. Without that configuration
 * nothing fails, and these are calls one after the other, or a few beside a fault.
 */
import {
	__NR_clone,
	__NR_close,
	__NR_mlockall,
	__NR_mmap,
	__NR_munlockall,
	__NR_prctl,
	__NR_sim_open,
} from "asm/unistd.ts";
import { EAGAIN, ENFILE, ENOMEM, ENOSPC } from "linux/errno.ts";
import {
	MADV_DONTDUMP,
	MADV_POPULATE_WRITE,
	MAP_PRIVATE,
	MREMAP_DONTUNMAP,
	MREMAP_FIXED,
	MREMAP_MAYMOVE,
} from "linux/mman.ts";
import { PR_SET_VMA, PR_SET_VMA_ANON_NAME } from "linux/prctl.ts";
import {
	A,
	B,
	brk,
	check_that,
	exec,
	fork,
	LEN,
	madvise,
	mlock,
	mmap,
	mprotect,
	munmap,
	note,
	noted,
	PAGE,
	PROT_READ,
	PROT_RW,
	read,
	resize,
	run_task,
	type Scenario,
	start_threads,
	store,
	user_syscall,
	V,
	write,
	exit_group,
	pid_of,
	map,
} from "../scenario.ts";

const MAP_FIXED_PRIVATE = 0x10 | MAP_PRIVATE;
const MAP_FIXED_SHARED = 0x11;
/** Apart from A, and on tables that do not exist before. */
const C = B + 0x40000000;
const PAGES = 6;
/** Of a node of the page cache's tree there are 64. */
const FAR = 64 * 64 + 2;
const CLONE_THREAD = 0x10f00;
const INO = 4711;
const O_RDWR = 2;

/** Succeeds, or says that there is no memory. */
function may_fail(what: string, result: number): boolean {
	const ok = result >= 0;

	check_that(ok || [ENOMEM, EAGAIN, ENFILE, ENOSPC].includes(-result), `${what} answers ${result}`);
	return ok;
}
/** What was stored is there, whatever became of a call. */
function pages_are(at: number, n: number): void {
	for (let i = 0; i < n; i++) check_that(read(at + i * PAGE) === i + 1, `page ${i} has ${read(at + i * PAGE)}`);
}
function six_pages(): void {
	map(A, PAGES * PAGE);
	for (let i = 0; i < PAGES; i++) write(A + i * PAGE, i + 1);
}

/** A call on six pages, which may fail, and then either has done all of it or nothing that a program sees. */
const one = (about: string, call: () => number, then: (ok: boolean) => void = () => pages_are(A, PAGES)): Scenario => ({
	about: `${about}, for which an allocation may fail`,
	patch: "none: mm/mmap.c, mm/mremap.c, mm/rmap.c, kernel/fork.c",
	invariant: "a call that fails has changed nothing that a program sees, and leaves nothing behind",
	models: ["sc"],
	configs: ["failslab.config"],
	setup() {
		start_threads(1);
		six_pages();
	},
	cpus: [() => then(may_fail(about, call()))],
});

function child_of_six(): number {
	const pid = fork();

	if (pid < 0) return pid;
	run_task(pid);
	pages_are(A, PAGES);
	write(A, V);
	exit_group();
	run_task(pid_of(0));
	return 0;
}
const moved = MREMAP_MAYMOVE | MREMAP_FIXED;

export const scenarios: Record<string, Scenario> = {
	"fails/mmap": one("mmap", () => mmap(C, LEN, PROT_RW, MAP_FIXED_PRIVATE)),
	"fails/mmap-over": one(
		"mmap of what is in use",
		() => mmap(A + PAGE, LEN, PROT_RW, MAP_FIXED_PRIVATE),
		() => check_that(read(A) === 1 && read(A + 3 * PAGE) === 4, "pages beside it are gone"),
	),
	"fails/shared": one("mmap of shared memory", () => mmap(C, LEN, PROT_RW, MAP_FIXED_SHARED)),
	"fails/file": one("a file's first pages", () => {
		const fd = user_syscall(__NR_sim_open, INO, O_RDWR, LEN);

		if (fd < 0) return fd;
		const ret = user_syscall(__NR_mmap, C, LEN, PROT_RW, MAP_FIXED_PRIVATE, fd, 0);

		user_syscall(__NR_close, fd);
		if (ret > 0) check_that(write(C, V) && read(C) === V, "the write is lost");
		return ret;
	}),
	"fails/far-page": one(
		"pages of shared memory so far apart that their tree grows",
		() => mmap(C, FAR * PAGE, PROT_RW, MAP_FIXED_SHARED),
		(ok) => {
			if (!ok) return;
			for (const at of [FAR - 1, 64, 0])
				check_that(write(C + at * PAGE, V + (at % 7)), `page ${at} is not written`);
			for (const at of [FAR - 1, 64, 0])
				check_that(read(C + at * PAGE) === V + (at % 7), `page ${at} is lost`);
		},
	),
	"fails/munmap": one(
		"munmap of the middle",
		() => munmap(A + 2 * PAGE, LEN),
		(ok) => {
			check_that(read(A + PAGE) === 2 && read(A + 4 * PAGE) === 5, "pages beside it are gone");
			check_that(ok || read(A + 2 * PAGE) === 3, "it has failed, and the pages are gone");
		},
	),
	"fails/mprotect": one(
		"mprotect of the middle",
		() => mprotect(A + 2 * PAGE, LEN, PROT_READ),
		(ok) => {
			pages_are(A, PAGES);
			check_that(write(A + 2 * PAGE, 3) === !ok, "the middle can be written, or cannot");
			check_that(write(A + PAGE, 2) && write(A + 4 * PAGE, 5), "what is beside it cannot be written");
		},
	),
	"fails/madvise": one("advice for the middle", () => madvise(A + 2 * PAGE, LEN, MADV_DONTDUMP)),
	"fails/populate": one("MADV_POPULATE_WRITE", () => {
		mmap(A + PAGES * PAGE, 3 * PAGE, PROT_RW, MAP_FIXED_PRIVATE);
		return madvise(A, PAGES * PAGE + LEN, MADV_POPULATE_WRITE);
	}),
	"fails/mlock": one("mlock of the middle", () => mlock(A + 2 * PAGE, LEN)),
	"fails/mlockall": one("mlockall, and what comes then", () => {
		const ret = user_syscall(__NR_mlockall, 3);

		mmap(C, LEN, PROT_RW, MAP_FIXED_PRIVATE);
		user_syscall(__NR_munlockall);
		return ret;
	}),
	"fails/name": one("a name for the middle", () => {
		write(A, 0x78);
		write(A + 1, 0);
		const ret = user_syscall(__NR_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, A + 2 * PAGE, LEN, A);

		write(A, 1);
		return ret;
	}),
	"fails/mremap": one(
		"mremap of the middle",
		() => resize(A + 2 * PAGE, LEN, LEN, moved, C),
		(ok) => {
			const at = ok ? C : A + 2 * PAGE;

			check_that(read(A + PAGE) === 2 && read(A + 4 * PAGE) === 5, "pages beside it are gone");
			check_that(read(at) === 3 && read(at + PAGE) === 4, "what should be moved is lost");
		},
	),
	"fails/mremap-keep": one(
		"mremap of the middle with MREMAP_DONTUNMAP",
		() => resize(A + 2 * PAGE, LEN, LEN, moved | MREMAP_DONTUNMAP, C),
		(ok) => {
			const at = ok ? C : A + 2 * PAGE;

			check_that(read(at) === 3 && read(at + PAGE) === 4, "what should be moved is lost");
			check_that(!ok || read(A + 2 * PAGE) === 0, "what was moved is still there");
		},
	),
	"fails/mremap-border": one(
		"mremap to where a page table ends",
		() => resize(A, PAGES * PAGE, PAGES * PAGE, moved, C - 2 * PAGE),
		(ok) => pages_are(ok ? C - 2 * PAGE : A, PAGES),
	),
	"fails/mremap-grow": one(
		"mremap to a larger place",
		() => resize(A, LEN, 8 * PAGE, MREMAP_MAYMOVE),
		() => check_that(read(A + 2 * PAGE) === 3, "pages beside it are gone"),
	),
	"fails/brk": one("a larger heap", () => {
		const at = brk(0);

		if (brk(at + 2 * PAGE) !== at + 2 * PAGE) return 0;
		check_that(write(at, V) && read(at) === V, "the heap cannot be used");
		brk(at + PAGE);
		return 0;
	}),
	"fails/fork": one("fork", child_of_six),
	"fails/clone": one("a thread", () => {
		const pid = user_syscall(__NR_clone, CLONE_THREAD, 0);

		if (pid < 0) return pid;
		run_task(pid);
		pages_are(A, PAGES);
		run_task(pid_of(0));
		return 0;
	}),
	"fails/exec": one("exec", exec, () => {
		const ok = mmap(A, LEN, PROT_RW, MAP_FIXED_PRIVATE) > 0;

		check_that(!ok || (write(A, V) && read(A) === V), "memory cannot be used after exec");
	}),
	/* There is no page for a batch of tables, so that each is freed by itself. */
	"fails/fault-munmap": {
		about: "a first write beside munmap, which frees the page table and for which an allocation may fail",
		patch: "none: mm/mmap.c, mm/memory.c, mm/mmu_gather.c",
		invariant: "the write has its page or a signal, and finds no table that is free",
		models: ["sc"],
		configs: ["failslab.config"],
		setup() {
			start_threads(2);
			map(A, LEN);
			write(A + PAGE, 1);
		},
		cpus: [store, () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(1) === 0 || noted(1) === -ENOMEM, `munmap answers ${noted(1)}`);
			check_that(
				noted(1) === 0 || (noted(0) === 1 && read(A) === V),
				"it has failed, and the write is lost",
			);
			check_that(noted(1) !== 0 || read(A) === -1, "the page is there after munmap");
		},
	},
};
