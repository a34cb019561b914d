// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mappings that are no file's and not anonymous: the vDSO's, which may move and end as a whole only, and whose pages
 * are never speculative; and remap_file_pages(), which maps a file anew where it is mapped already.
 */
import {
	__NR_madvise,
	__NR_mlock,
	__NR_mprotect,
	__NR_mremap,
	__NR_munmap,
	__NR_remap_file_pages,
	__NR_sim_special,
} from "asm/unistd.ts";
import { EINVAL } from "linux/errno.ts";
import { MADV_DONTFORK, MADV_DONTNEED, MREMAP_FIXED, MREMAP_MAYMOVE } from "linux/mman.ts";
import { SPECIAL_MAPPING_VDSO } from "mm/mmap.ts";
import {
	A,
	B,
	check_that,
	fork,
	LEN,
	map_file,
	munmap,
	note,
	noted,
	PAGE,
	PROT_READ,
	PROT_RW,
	read,
	type Scenario,
	start_threads,
	user_syscall,
	V,
	vma_at,
	write,
} from "../scenario.ts";
import { each_case, no_race } from "../table.ts";

const MAYMOVE_FIXED = MREMAP_MAYMOVE | MREMAP_FIXED;
const SIZE = 3 * PAGE;

const special = () => user_syscall(__NR_sim_special, A, SIZE, SPECIAL_MAPPING_VDSO);
const move = (from: number, len: number) => user_syscall(__NR_mremap, from, len, len, MAYMOVE_FIXED, B);
function vdso(): void {
	start_threads(2);
	special();
	note(8, read(A));
}

type Call = [text: string, call: (addr: number, len: number) => number, whole: (addr: number) => number];
const CALLS: Call[] = [
	["mprotect() for writing", (addr, len) => user_syscall(__NR_mprotect, addr, len, PROT_RW), () => 0],
	["mprotect() to nothing", (addr, len) => user_syscall(__NR_mprotect, addr, len, 0), () => 0],
	["munmap()", (addr, len) => user_syscall(__NR_munmap, addr, len), () => 0],
	["mremap()", (addr, len) => move(addr, len), () => B],
	["MADV_DONTFORK", (addr, len) => user_syscall(__NR_madvise, addr, len, MADV_DONTFORK), () => 0],
];
type Case = { call: Call; page: number; pages: number };
const CASES: Case[] = CALLS.flatMap((call) =>
	[
		[0, 1],
		[1, 1],
		[2, 1],
		[1, 2],
		[0, 3],
	].map(([page, pages]) => ({ call, page, pages })),
);

/** What would split it is refused, and leaves it whole. */
function run({ call, page, pages }: Case): void {
	special();
	read(A);
	read(A + PAGE);
	const vma = vma_at(A);
	const flags = vma.vm_flags;
	const is = call[1](A + page * PAGE, pages * PAGE);
	const whole = pages * PAGE === SIZE;

	check_that(is === (whole ? call[2](A) : -EINVAL), `it answers ${is}`);
	if (!whole)
		check_that(vma_at(A) === vma && vma.vm_end === A + SIZE && vma.vm_flags === flags, "it has changed");
	/* What never splits may be locked, and thrown away, in part. */
	if (!whole) {
		check_that(user_syscall(__NR_mlock, A + PAGE, PAGE) === 0 && vma.vm_end === A + SIZE, "it is locked");
		check_that(user_syscall(__NR_madvise, A, PAGE, MADV_DONTNEED) === 0, "its pages cannot go");
	}
	munmap(A, SIZE);
}

/** Pages of a file at A, shared: 8 and 9 say what is in the first two. */
function shared_file(): void {
	start_threads(2);
	map_file(A, 2 * LEN, PROT_RW, true);
	note(8, read(A));
	note(9, read(A + PAGE));
}
/** The first page at A is the file's second one from here on. */
const remap = () => user_syscall(__NR_remap_file_pages, A, PAGE, 0, 1, 0);

export const scenarios: Record<string, Scenario> = {
	"special/calls": {
		about: "calls on a whole special mapping, and on parts of it, one after the other",
		patch: "none: mm/mmap.c special_mapping_split(), __split_vma(), mm/mprotect.c mprotect_fixup()",
		invariant: "what would split it is refused, and memory is as it was",
		setup: () =>
			each_case(
				CASES,
				(c) => `${c.call[0]} of ${c.pages} from page ${c.page}`,
				(c) => run(c),
			),
		cpus: no_race,
		models: ["sc"],
		quick: true,
	},
	"special-read-munmap": {
		about: "a read fault of a special mapping's page beside the munmap of it",
		patch: "none: mm/mmap.c special_mapping_fault()",
		invariant: "after munmap nothing is mapped there",
		setup: vdso,
		cpus: [() => note(0, read(A + PAGE)), () => note(1, munmap(A, SIZE))],
		check() {
			check_that(noted(1) === 0 && read(A + PAGE) === -1, "a page is mapped after munmap");
		},
		models: ["sc"],
	},
	"special-read-move": {
		about: "a read fault of a special mapping's page beside its move",
		patch: "none: mm/mmap.c special_mapping_mremap()",
		invariant: "the pages are found in the new place",
		setup: vdso,
		cpus: [() => note(0, read(A + PAGE)), () => note(1, move(A, SIZE))],
		check() {
			check_that(noted(1) === B && read(B) === noted(8), "the page is not in the new place");
			check_that(read(A) === -1, "a page is left in the old place");
		},
		models: ["sc"],
	},
	"special-fork": {
		about: "a read fault of a special mapping's page beside fork",
		patch: "none: mm/mmap.c special_mapping_fault(), kernel/fork.c dup_mmap()",
		invariant: "a page has as many references as entries",
		setup: vdso,
		cpus: [() => note(0, read(A + PAGE)), () => note(1, fork())],
		check: () => check_that(noted(0) >= 0 && noted(1) > 0, "a call fails"),
		models: ["sc"],
	},
	"remap-file-read": {
		about: "a read of a file's page beside remap_file_pages(), which puts another one in its place",
		patch: "none: mm/mmap.c sys_remap_file_pages()",
		invariant: "it is one of the two, and the other one from then on",
		setup: shared_file,
		cpus: [() => note(0, read(A)), () => note(1, remap())],
		check() {
			check_that(noted(1) === 0, "remap_file_pages fails");
			check_that([noted(8), noted(9), -1].includes(noted(0)), "a value from nowhere");
			check_that(read(A) === noted(9), "it is not the other page");
		},
		models: ["sc"],
	},
	"remap-file-write": {
		about: "a write to a file's page beside remap_file_pages(), which puts another one in its place",
		patch: "none: mm/mmap.c sys_remap_file_pages()",
		invariant: "the write is in the page that it found",
		setup: shared_file,
		cpus: [() => note(0, write(A, V) ? 1 : 0), () => note(1, remap())],
		check() {
			check_that(noted(1) === 0, "remap_file_pages fails");
			map_file(B, LEN, PROT_READ, true);
			const [first, second] = [read(B), read(B + PAGE)];

			check_that(read(A) === second, "it is not the other page");
			check_that(
				noted(0) === 0 || (first === V) !== (second === V),
				"the write is lost, or made twice",
			);
		},
		models: ["sc"],
	},
};
