// SPDX-License-Identifier: GPL-2.0-only
/** mremap that leaves its mapping, shrinks or grows it, or meets another call at one of its two places. */
import { MREMAP_DONTUNMAP, MREMAP_MAYMOVE } from "linux/mman.ts";
import {
	A,
	B,
	check_that,
	LEN,
	madvise_dontneed,
	map,
	map_file,
	map_written,
	mlock,
	mremap,
	munlock,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	PROT_READ,
	PROT_RW,
	read,
	resize,
	type Scenario,
	start_threads,
	store,
	untouched,
	V,
	write,
	written,
} from "../scenario.ts";

const EFAULT = 14;
const MREMAP_FIXED = 2;
const KEEP = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
/** A third place. */
const C = B + 0x200000;

/** Both pages at A are written. */
function both_written(): void {
	untouched();
	write(A, 1);
	write(A + PAGE, 2);
}

export const scenarios: Record<string, Scenario> = {
	"fault-dontunmap": {
		about: "a write fault on a page beside mremap(MREMAP_DONTUNMAP), which takes the page and leaves the mapping",
		patch: "none: mm/mremap.c move_vma()",
		invariant: "the write is at the new place if it came before, and at the old one if it came after",
		setup: written,
		cpus: [store, () => note(1, resize(A, LEN, LEN, KEEP, B))],
		check() {
			check_that(noted(0) === 1 && noted(1) === B, "a call fails");
			const old = read(A);
			const now = read(B);

			check_that(
				(old === 0 && now === V) || (old === V && now === 1),
				"the write is lost, or seen twice",
			);
			check_that(read(B + PAGE) === 1 && read(A + PAGE) === 0, "a page was not moved");
			check_that(write(A, 7) && read(B) === now, "the two places share a page");
		},
	},
	"dontunmap-dontneed": {
		about: "mremap(MREMAP_DONTUNMAP) beside MADV_DONTNEED at the old place",
		patch: "none: mm/mremap.c move_ptes()",
		invariant: "a page is given up or moved",
		setup: written,
		cpus: [() => note(0, resize(A, LEN, LEN, KEEP, B)), () => note(1, madvise_dontneed(A, LEN))],
		check() {
			check_that(noted(0) === B && noted(1) === 0, "a call fails");
			const v = read(B);

			check_that(
				(v === 0 || v === 1) && read(B + PAGE) === v && read(A) === 0,
				"a page is at neither place, or at both",
			);
		},
	},
	"dontunmap-locked": {
		about: "mremap(MREMAP_DONTUNMAP) of locked memory beside a write fault",
		patch: "none: mm/mremap.c move_vma()",
		invariant: "the lock goes with the pages",
		setup() {
			untouched();
			mlock(A, LEN);
		},
		cpus: [store, () => note(1, resize(A, LEN, LEN, KEEP, B))],
		check() {
			check_that(noted(0) === 1 && noted(1) === B, "a call fails");
			check_that(read(A) + read(B) === V, "the write is lost, or seen twice");
		},
	},
	"fault-shrink": {
		about: "a write fault on the part of a mapping that mremap takes away, under the read lock",
		patch: "V2.10 mm: add per-mm mmap sequence counter; downgraded munmap",
		invariant: "behind the new end nothing is mapped",
		setup() {
			untouched();
			map_written(A + LEN, 3);
			/* Below a stack munmap does not downgrade. */
			map(B, PAGE);
		},
		cpus: [() => note(0, write(A + LEN, V) ? 1 : 0), () => note(1, resize(A, LEN + PAGE, PAGE))],
		check() {
			check_that(noted(1) === A, "mremap fails");
			check_that(
				read(A) === 0 && read(A + PAGE) === -1 && read(A + LEN) === -1,
				"a page is mapped behind the end",
			);
		},
	},
	"fault-grow": {
		about: "a write fault beside mremap, which makes its mapping larger in place",
		patch: "V2.10 mm: add per-mm mmap sequence counter",
		invariant: "the writes are not lost",
		setup: untouched,
		cpus: [
			store,
			() => {
				note(2, resize(A, LEN, 2 * LEN));
				note(1, write(A + LEN, 2) ? 1 : 0);
			},
		],
		check() {
			check_that(noted(0) === 1 && read(A) === V, "the write is lost");
			check_that(
				noted(2) === A && noted(1) === 1 && read(A + LEN) === 2,
				"the mapping has not grown",
			);
		},
	},
	"grow-map": {
		about: "mremap in place beside mmap of what it grows into",
		patch: "none: mm/mremap.c vma_expandable()",
		invariant: "one of the two has the place",
		setup: untouched,
		cpus: [() => note(0, resize(A, LEN, LEN + PAGE)), () => map(A + LEN, PAGE, PROT_READ)],
		check() {
			check_that(noted(0) === A || noted(0) === -12, "mremap answers something else");
			check_that(
				read(A + LEN) === 0 && !write(A + LEN, 5) && read(A + PAGE) === 1,
				"the new mapping is not there",
			);
		},
	},
	"grow-munmap": {
		about: "mremap in place of a locked mapping beside the munmap of it",
		patch: "none: mm/mremap.c, mm/gup.c mm_populate()",
		invariant: "what is counted as locked is what is mapped",
		setup() {
			untouched();
			mlock(A, LEN);
		},
		cpus: [() => note(0, resize(A, LEN, LEN + PAGE)), () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(1) === 0 && (noted(0) === A || noted(0) === -EFAULT), "a call fails");
			check_that(
				read(A) === -1 && read(A + LEN) === (noted(0) === A ? 0 : -1),
				"the mapping is not what is left of it",
			);
		},
	},
	"move-munmap": {
		about: "mremap beside the munmap of what it moves",
		patch: "V2.10 mm: add per-mm mmap sequence counter; downgraded munmap",
		invariant: "the pages are at the new place, or nowhere",
		setup: written,
		cpus: [() => note(0, mremap(A, LEN, B)), () => note(1, munmap(A, LEN))],
		check() {
			check_that(noted(1) === 0 && (noted(0) === B || noted(0) === -EFAULT), "a call fails");
			check_that(read(A) === -1 && read(B) === (noted(0) === B ? 1 : -1), "the pages are elsewhere");
		},
	},
	"move-munmap-target": {
		about: "mremap beside the munmap of the place where it goes",
		patch: "V2.10 mm: add per-mm mmap sequence counter; downgraded munmap",
		invariant: "munmap takes what was there, or what has come",
		setup() {
			written();
			map_written(B, 9);
		},
		cpus: [() => note(0, mremap(A, LEN, B)), () => note(1, munmap(B, LEN))],
		check() {
			check_that(noted(0) === B && noted(1) === 0, "a call fails");
			const v = read(B);

			check_that((v === -1 || v === 1) && read(A) === -1, "the page that was there is left");
		},
	},
	"move-dontneed": {
		about: "mremap beside MADV_DONTNEED at the old place, which needs no more than the read lock",
		patch: "none: mm/mremap.c move_ptes()",
		invariant: "a page is given up or moved",
		setup: written,
		cpus: [() => note(0, mremap(A, LEN, B)), () => note(1, madvise_dontneed(A, LEN))],
		check() {
			check_that(noted(0) === B && (noted(1) === 0 || noted(1) === -12), "a call fails");
			const v = read(B);

			check_that(v === (noted(1) === 0 ? 0 : 1) && read(B + PAGE) === v, "a page is from elsewhere");
		},
	},
	"move-dontneed-target": {
		about: "mremap beside MADV_DONTNEED at the new place",
		patch: "none: mm/mremap.c move_ptes()",
		invariant: "a page is given up or moved",
		setup: written,
		cpus: [() => note(0, mremap(A, LEN, B)), () => note(1, madvise_dontneed(B, LEN))],
		check() {
			check_that(noted(0) === B && (noted(1) === 0 || noted(1) === -12), "a call fails");
			const v = read(B);

			check_that(v === (noted(1) === 0 ? 0 : 1) && read(B + PAGE) === v, "a page is from elsewhere");
		},
	},
	"move-locked": {
		about: "mremap of locked memory, which makes it larger, beside munlock of a part",
		patch: "none: mm/mremap.c move_vma()",
		invariant: "what is counted as locked is what is locked",
		setup() {
			untouched();
			mlock(A, LEN);
		},
		cpus: [
			() => note(0, resize(A, LEN, LEN + PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, B)),
			() => note(1, munlock(A, PAGE)),
		],
		check() {
			check_that(noted(0) === B || noted(0) === -EFAULT, "mremap answers something else");
			check_that(noted(1) === 0 || noted(1) === -12, "munlock answers something else");
			check_that(read(noted(0) === B ? B + PAGE : A + PAGE) === 1, "a page is lost");
		},
	},
	"move-back": {
		about: "a read of a page that is moved away and back, so that its entry is as it was",
		patch: "V2.16 mm: implement speculative handling in __handle_mm_fault()",
		invariant: "the page is there, or not yet",
		setup: written,
		cpus: [
			() => note(0, write(A, V) ? 1 : 0),
			() => {
				mremap(A, LEN, B);
				mremap(B, LEN, A);
			},
		],
		check() {
			check_that(read(A) === (noted(0) === 1 ? V : 1) && read(B) === -1, "the write is lost");
		},
	},
	"move-file": {
		about: "a read of a file's page beside its move by mremap",
		patch: "none: mm/mremap.c take_rmap_locks()",
		invariant: "the file's pages are at the old place or at the new one",
		setup() {
			start_threads(2);
			map_file(A, LEN, PROT_RW, true);
			note(8, read(A));
		},
		cpus: [() => note(0, read(A)), () => note(1, mremap(A, LEN, B))],
		check() {
			check_that(
				noted(1) === B && (noted(0) === noted(8) || noted(0) === -1),
				"another page was seen",
			);
			check_that(read(A) === -1 && read(B) === noted(8), "the page was lost");
			check_that(on_cpu(1, () => read(B)) === noted(8), "the other CPU sees another page");
		},
	},
	"move-merge": {
		about: "a write fault at a mapping that another one is moved to the end of, to become one with it",
		patch: "none: mm/mmap.c copy_vma()",
		invariant: "a page has the index of its address in its vma",
		setup() {
			untouched();
			map(C, LEN);
		},
		cpus: [store, () => note(1, mremap(C, LEN, A + LEN))],
		check() {
			check_that(noted(0) === 1 && noted(1) === A + LEN, "a call fails");
			check_that(write(A + LEN, 5) && read(A + LEN) === 5 && read(A) === V, "a write is lost");
		},
	},
	"fault-dontunmap-part": {
		about: "a write to the second of two pages beside MREMAP_DONTUNMAP of the first one",
		patch: "none: mm/mremap.c move_vma(), MREMAP_DONTUNMAP",
		invariant: "only what has moved loses its anon_vma",
		setup: both_written,
		cpus: [() => note(0, write(A + PAGE, V) ? 1 : 0), () => note(1, resize(A, PAGE, PAGE, KEEP, B))],
		check() {
			check_that(noted(0) === 1 && noted(1) === B, "a call fails");
			check_that(read(A + PAGE) === V && read(B) === 1 && read(A) === 0, "a page is lost");
		},
	},
	"fault-move-part": {
		about: "a write to the first of two pages beside the move of the second one",
		patch: "none: mm/mremap.c move_vma(), mm/mmap.c copy_vma()",
		invariant: "only what was asked for moves",
		setup: both_written,
		cpus: [() => note(0, write(A, V) ? 1 : 0), () => note(1, mremap(A + PAGE, PAGE, B))],
		check() {
			check_that(noted(0) === 1 && noted(1) === B, "a call fails");
			check_that(read(A) === V && read(B) === 2 && read(A + PAGE) === -1, "a page is lost");
		},
	},
};
