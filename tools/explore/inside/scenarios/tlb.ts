// SPDX-License-Identifier: GPL-2.0-only
/** What a CPU still has in its TLB beside calls that have to take it out. */
import {
	A,
	check_protected,
	check_that,
	LEN,
	madvise_dontneed,
	munmap,
	note,
	noted,
	PAGE,
	protect,
	read,
	type Scenario,
	store,
	two_pages,
	V,
	write,
	written,
} from "../scenario.ts";

/** CPU 0 needs no walk for the first page. */
function cached(): void {
	written();
	write(A, 2);
}

export const scenarios: Record<string, Scenario> = {
	"tlb-munmap": {
		about: "user accesses through the TLB beside munmap, which flushes it",
		patch: "none: arch/x86/mm/tlb.c",
		invariant: "no access reaches a page after it is free",
		setup: cached,
		cpus: [store, () => munmap(A, LEN)],
		check() {
			check_that(read(A) === -1, "a page is mapped after munmap");
		},
	},
	"tlb-mprotect": {
		about: "a write through the TLB beside mprotect to read-only",
		patch: "none: arch/x86/mm/tlb.c",
		invariant: "after mprotect(PROT_READ) nobody writes",
		setup: cached,
		cpus: [store, protect],
		check() {
			check_protected(2);
		},
	},
	"tlb-dontneed-twice": {
		about: "a CPU with a translation beside two MADV_DONTNEED of its page, of which one may find nothing left to flush",
		patch: "none: tlb_finish_mmu(), mm_tlb_flush_nested()",
		invariant: "when MADV_DONTNEED returns nobody sees the old page, whoever took it",
		setup() {
			two_pages(3);
			write(A, 1);
			write(A + PAGE, 1);
		},
		cpus: [
			() => {
				note(0, read(A + PAGE));
				note(1, read(A));
			},
			() => madvise_dontneed(A, PAGE),
			() => {
				madvise_dontneed(A, PAGE);
				write(A + PAGE, 2);
			},
		],
		check() {
			check_that(
				noted(0) !== 2 || noted(1) === 0,
				"the old page is seen after MADV_DONTNEED has returned",
			);
		},
	},
	"tlb-dontneed": {
		about: "a write through the TLB beside MADV_DONTNEED, which gives the page to somebody else",
		patch: "none: arch/x86/mm/tlb.c, kernel/mm/mmu_gather.ts",
		invariant: "no access reaches a page after it is free",
		setup: cached,
		cpus: [
			store,
			() => {
				madvise_dontneed(A, LEN);
				note(1, read(A));
			},
		],
		check() {
			check_that(noted(1) === 0 || noted(1) === V, "the page has what was given up");
			check_that(noted(0) === 1 && (read(A) === V || read(A) === 0), "the write went elsewhere");
		},
	},
};
