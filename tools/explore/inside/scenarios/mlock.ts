// SPDX-License-Identifier: GPL-2.0-only
/**
 * mlock() and MAP_POPULATE, which fault pages in after mmap_lock was dropped,
 * beside faults and calls that take the pages away.
 */
import { __NR_mlock2, __NR_mlockall, __NR_munlockall } from "asm/unistd.ts";
import {
	MAP_FIXED,
	MAP_LOCKED,
	MAP_POPULATE,
	MAP_PRIVATE,
	MCL_CURRENT,
	MCL_FUTURE,
	MLOCK_ONFAULT,
	MREMAP_DONTUNMAP,
	MREMAP_FIXED,
	MREMAP_MAYMOVE,
} from "linux/mman.ts";
import { VM_LOCKED } from "linux/mm.ts";
import {
	A,
	as_child,
	B,
	brk,
	check_that,
	fork,
	LEN,
	map,
	map_stack,
	mlock,
	mmap,
	mprotect,
	munlock,
	munmap,
	note,
	noted,
	PAGE,
	PROT_NONE,
	PROT_READ,
	PROT_RW,
	pte_at,
	read,
	resize,
	type Scenario,
	start_threads,
	store,
	untouched,
	user_syscall,
	V,
	vma_at,
	write,
} from "../scenario.ts";

const ENOMEM = 12;
const FIXED = MAP_PRIVATE | MAP_FIXED;

/** Where the page table of A reaches, and nothing is mapped. */
const NEW = A + 8 * PAGE;

/** An mmap of NEW that merges with nothing, and needs no page table. */
function beside_table(): void {
	start_threads(2);
	map(A, PAGE, PROT_READ);
	read(A);
}
const is_locked = (addr: number) => (vma_at(addr).vm_flags & VM_LOCKED) !== 0;
function check_locked(addr: number): void {
	check_that(is_locked(addr) && pte_at(addr) !== 0, `the page at ${addr.toString(16)} is not locked in memory`);
}

export const scenarios: Record<string, Scenario> = {
	"mlock-move-part": {
		about: "mremap with MREMAP_DONTUNMAP of a part of what is locked, which unlocks all that stays",
		patch: "none: mm/mremap.c move_vma()",
		invariant: "locked_vm counts what is locked",
		setup() {
			start_threads(1);
			map(A, 4 * PAGE);
			mlock(A, 4 * PAGE);
		},
		cpus: [
			() =>
				note(
					0,
					resize(
						A + PAGE,
						PAGE,
						PAGE,
						MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
						B,
					) - B,
				),
		],
		check: () => check_that(noted(0) === 0, "mremap fails"),
	},
	"fault-mlock": {
		about: "a write fault beside mlock of its page, which splits the vma and brings the page in",
		patch: "none: mm/mlock.c do_mlock()",
		invariant: "the write is not lost, the page stays",
		setup: untouched,
		cpus: [store, () => note(1, mlock(A, PAGE))],
		check() {
			check_that(noted(0) === 1 && noted(1) === 0 && read(A) === V, "the write is lost");
			check_locked(A);
			check_that(!is_locked(A + PAGE), "more is locked than was asked for");
		},
	},
	"fault-munlock": {
		about: "a write fault beside munlock of its page, which merges two vmas",
		patch: "none: mm/mlock.c mlock_fixup()",
		invariant: "the write is not lost, nothing is counted as locked",
		setup() {
			untouched();
			user_syscall(__NR_mlock2, A, PAGE, MLOCK_ONFAULT);
		},
		cpus: [store, () => note(1, munlock(A, PAGE))],
		check() {
			check_that(noted(0) === 1 && noted(1) === 0 && read(A) === V, "the write is lost");
			check_that(vma_at(A) === vma_at(A + PAGE), "the two are not one");
		},
	},
	"fault-mlock-onfault": {
		about: "a write fault beside mlock2(MLOCK_ONFAULT), which brings nothing in",
		patch: "none: mm/gup.c faultin_page()",
		invariant: "the write is not lost",
		setup() {
			start_threads(2);
			map(A, LEN);
		},
		cpus: [
			() => note(0, write(A + PAGE, V) ? 1 : 0),
			() => note(1, user_syscall(__NR_mlock2, A, LEN, MLOCK_ONFAULT)),
		],
		check() {
			check_that(noted(0) === 1 && noted(1) === 0 && read(A + PAGE) === V, "the write is lost");
			check_that(is_locked(A) && pte_at(A) === 0, "a page was brought in that nobody has touched");
		},
	},
	"mlock-mlock": {
		about: "two mlocks of ranges that overlap",
		patch: "none: mm/mlock.c mlock_fixup()",
		invariant: "what both lock is counted once",
		setup() {
			untouched();
			map(A + LEN, PAGE);
		},
		cpus: [() => note(0, mlock(A, LEN)), () => note(1, mlock(A + PAGE, LEN))],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "mlock fails");
			check_locked(A);
			check_locked(A + PAGE);
			check_locked(A + LEN);
		},
	},
	"mlock-munlock": {
		about: "mlock of two pages beside munlock of the second",
		patch: "none: mm/mlock.c mlock_fixup()",
		invariant: "what is locked is counted, and nothing else",
		setup() {
			untouched();
			user_syscall(__NR_mlock2, A + PAGE, PAGE, MLOCK_ONFAULT);
		},
		cpus: [() => note(0, mlock(A, LEN)), () => note(1, munlock(A + PAGE, PAGE))],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "a call fails");
			check_locked(A);
		},
	},
	"mlock-munmap": {
		about: "mlock beside the munmap of its range, which may come before the pages are brought in",
		patch: "none: mm/gup.c __mm_populate()",
		invariant: "after munmap nothing is mapped there, nor counted as locked",
		setup: untouched,
		cpus: [() => note(0, mlock(A, LEN)), () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(0) === 0 || noted(0) === -ENOMEM, "mlock answers something else");
			check_that(noted(1) === 0 && read(A) === -1, "a page is mapped after munmap");
		},
	},
	"mlock-munmap-middle": {
		about: "mlock of three pages beside the munmap of the one in the middle",
		patch: "none: mm/mlock.c apply_vma_lock_flags()",
		invariant: "what is locked is counted; a gap ends it, and is reported",
		setup() {
			untouched();
			map(A + LEN, PAGE);
		},
		cpus: [() => note(0, mlock(A, LEN + PAGE)), () => note(1, munmap(A + PAGE, PAGE))],
		check() {
			check_that(noted(1) === 0 && read(A + PAGE) === -1, "a page is mapped after munmap");
			check_that(
				is_locked(A) && is_locked(A + LEN) === (noted(0) === 0),
				"what is locked is not what was reported",
			);
		},
	},
	"mlock-mprotect": {
		about: "mlock beside mprotect of its range to PROT_NONE",
		patch: "none: mm/gup.c populate_vma_page_range()",
		invariant: "what may not be accessed is not brought in for it",
		setup: untouched,
		cpus: [() => note(0, mlock(A, LEN)), () => note(1, mprotect(A, LEN, PROT_NONE))],
		check() {
			check_that(noted(1) === 0 && read(A) === -1, "the page can be read");
			check_that(noted(0) === 0 || noted(0) === -ENOMEM, "mlock answers something else");
			check_that(is_locked(A), "the range is not locked");
		},
	},
	"mlock-mprotect-write": {
		about: "a write beside mprotect that makes locked memory writable, and so brings in pages to write to",
		patch: "none: mm/mprotect.c mprotect_fixup()",
		invariant: "after mprotect the pages are there, and writable",
		setup() {
			start_threads(2);
			map(A, LEN, PROT_READ);
			read(A);
			user_syscall(__NR_mlock2, A, LEN, 0);
		},
		cpus: [
			() => note(0, read(A)),
			() => {
				mprotect(A, LEN, PROT_RW);
				note(1, write(A, V) ? 1 : 0);
			},
		],
		check() {
			check_that(
				noted(1) === 1 && (noted(0) === 0 || noted(0) === V) && read(A) === V,
				"the write is lost",
			);
			check_locked(A + PAGE);
		},
	},
	"mlockall-map": {
		about: "mlockall of all that is mapped and will be beside mmap",
		patch: "none: mm/mlock.c apply_mlockall_flags()",
		invariant: "every mapping is locked and in memory, whichever came first",
		setup: untouched,
		cpus: [
			() => note(0, user_syscall(__NR_mlockall, MCL_CURRENT | MCL_FUTURE)),
			() => map(A + 2 * LEN, PAGE),
		],
		check() {
			check_that(noted(0) === 0, "mlockall fails");
			check_locked(A);
			check_locked(A + 2 * LEN);
			check_that(user_syscall(__NR_munlockall) === 0 && !is_locked(A), "munlockall fails");
		},
	},
	"mlock-brk": {
		about: "brk, whose pages are to be locked, beside a shrinking brk",
		patch: "none: mm/mmap.c sys_brk(), do_brk_flags()",
		invariant: "what is counted as locked is what is mapped",
		setup() {
			untouched();
			note(8, brk(0));
			user_syscall(__NR_mlockall, MCL_FUTURE);
		},
		cpus: [() => note(0, brk(noted(8) + LEN)), () => note(1, brk(noted(8) + PAGE))],
		check() {
			const now = brk(0);

			check_that(now === noted(8) + LEN || now === noted(8) + PAGE, "the break is elsewhere");
			check_locked(noted(8));
			check_that(
				read(noted(8) + PAGE) === (now === noted(8) + LEN ? 0 : -1),
				"the heap does not end at the break",
			);
		},
	},
	"mlock-stack": {
		about: "the growth of a locked stack beside munlock of it",
		patch: "none: mm/mmap.c expand_downwards()",
		invariant: "what is counted as locked is what is locked",
		setup() {
			start_threads(2);
			map_stack(A + 0x100000, LEN);
			write(A + 0x100000 + PAGE, 1);
			mlock(A + 0x100000, LEN);
		},
		cpus: [() => note(0, write(A + 0x100000 - PAGE, V) ? 1 : 0), () => note(1, munlock(A + 0x100000, LEN))],
		check() {
			check_that(noted(0) === 1 && noted(1) === 0, "a call fails");
			check_that(read(A + 0x100000 - PAGE) === V, "the write is lost");
		},
	},
	"map-populate-munmap": {
		about: "mmap(MAP_POPULATE) beside the munmap of its range",
		patch: "none: mm/gup.c __mm_populate()",
		invariant: "after munmap nothing is mapped there",
		setup: beside_table,
		cpus: [() => note(0, mmap(NEW, PAGE, PROT_RW, FIXED | MAP_POPULATE)), () => note(1, munmap(NEW, PAGE))],
		check() {
			check_that(noted(0) === NEW && noted(1) === 0, "a call fails");
			check_that(vma_at(NEW) === NULL || pte_at(NEW) !== 0, "what is mapped is not populated");
			check_that(read(NEW) === (vma_at(NEW) === NULL ? -1 : 0), "a page is mapped after munmap");
		},
	},
	"map-locked-fault": {
		about: "a write to a mapping that mmap(MAP_LOCKED) is just bringing in",
		patch: "none: mm/gup.c __mm_populate()",
		invariant: "the write is not lost, and the page stays",
		setup: beside_table,
		cpus: [
			() => note(0, write(NEW, V) ? 1 : 0),
			() => note(1, mmap(NEW, PAGE, PROT_RW, FIXED | MAP_LOCKED)),
		],
		check() {
			check_that(noted(1) === NEW, "mmap fails");
			check_that(read(NEW) === (noted(0) === 1 ? V : 0), "the write is lost");
			check_locked(NEW);
		},
	},
	"fork-mlock": {
		about: "fork of locked memory beside a store to it",
		patch: "none: kernel/fork.c dup_mmap(), VM_LOCKED",
		invariant: "the child has nothing locked, the parent all that it had",
		setup() {
			untouched();
			mlock(A, LEN);
		},
		cpus: [store, () => note(1, fork())],
		check() {
			check_that(noted(0) === 1 && read(A) === V && noted(1) > 0, "the write is lost");
			check_locked(A);
			as_child(() => check_that(!is_locked(A), "the child has the page locked"));
		},
	},
	"fork-munlock": {
		about: "fork of locked memory beside munlock of a part of it",
		patch: "none: kernel/fork.c dup_mmap(), mm/mlock.c mlock_fixup()",
		invariant: "the child has nothing locked, and what is locked is counted once",
		setup() {
			untouched();
			mlock(A, LEN);
		},
		cpus: [() => note(0, fork()), () => note(1, munlock(A, PAGE))],
		check() {
			check_that(noted(0) > 0 && noted(1) === 0, "a call fails");
			check_that(!is_locked(A) && is_locked(A + PAGE), "another page is locked");
			as_child(() =>
				check_that(!is_locked(A) && !is_locked(A + PAGE), "the child has a page locked"),
			);
		},
	},
};
