// SPDX-License-Identifier: GPL-2.0-only
/** A thread's own cache of vmas, which a sequence number of the address space invalidates. */
import {
	A,
	B,
	check_that,
	LEN,
	load,
	map,
	map_written,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	PROT_READ,
	PROT_RW,
	read,
	type Scenario,
	untouched,
	write,
} from "../scenario.ts";

/** Where vmas are that nobody looks at. */
const OTHERS = B + 0x400000;

/** CPU 0 has the vma of A in its cache, and no translation of the first page. */
function cached(): void {
	untouched();
	write(A + PAGE, 1);
}

export const scenarios: Record<string, Scenario> = {
	"vmacache-wrap": {
		about: "a read by a thread that slept while its vma went and others after it, the last one only now",
		patch: "none: mm/vmacache.c, CVE-2018-17182",
		invariant: "a cache that has slept is not believed, however often it was invalidated",
		setup() {
			cached();
			for (let i = 0; i < 3; i++) map(OTHERS + i * LEN, PAGE, i % 2 !== 0 ? PROT_READ : PROT_RW);
			on_cpu(1, () => {
				munmap(A, LEN);
				munmap(OTHERS, PAGE);
				munmap(OTHERS + LEN, PAGE);
			});
		},
		cpus: [load, () => note(1, munmap(OTHERS + 2 * LEN, PAGE))],
		check() {
			check_that(noted(1) === 0 && noted(0) === -1, "a vma is found that is no more");
		},
	},
	"vmacache-neighbour": {
		about: "a read of one vma beside the munmap of another one that the same cache has",
		patch: "none: mm/vmacache.c vmacache_invalidate()",
		invariant: "the one that stays is found, the other one is not",
		setup() {
			cached();
			map_written(B, 2);
		},
		cpus: [
			() => {
				note(0, read(A));
				note(2, read(B + 1));
			},
			() => note(1, munmap(B, PAGE)),
		],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "a call fails");
			check_that(noted(2) === 0 || noted(2) === -1, "a page of nobody was read");
			check_that(read(B) === -1, "a page is mapped after munmap");
		},
	},
};
