// SPDX-License-Identifier: GPL-2.0-only
/** A page fault beside mremap, at the address that a page leaves and at the one where it arrives. */
import {
	A,
	B,
	check_that,
	fork,
	LEN,
	map,
	map_written,
	mremap,
	note,
	noted,
	on_cpu,
	PAGE,
	read,
	type Scenario,
	start_threads,
	store,
	untouched,
	V,
	write,
	written,
} from "../scenario.ts";

/** What one page table maps. */
const TABLE = 0x200000;

export const scenarios: Record<string, Scenario> = {
	"fault-mremap": {
		about: "a read of a page beside its move by mremap",
		patch: "V2.10 mm: add per-mm mmap sequence counter; R12",
		invariant: "the page is at the old address or at the new one, with what was in it",
		setup: written,
		cpus: [() => note(0, read(A)), () => mremap(A, LEN, B)],
		check() {
			check_that(noted(0) === 1 || noted(0) === -1, "another page was seen at the old address");
			check_that(read(A) === -1, "the old address is still mapped");
			check_that(read(B) === 1, "the page was lost");
		},
	},
	"fault-mremap-absent": {
		about: "a write fault on a page that was never touched beside its move",
		patch: "V2.10 mm: add per-mm mmap sequence counter",
		invariant: "a write before the move is seen after it, a write after it fails",
		setup: untouched,
		cpus: [store, () => mremap(A, LEN, B)],
		check() {
			check_that(read(A) === -1, "the old address is still mapped");
			check_that(read(B) === (noted(0) === 1 ? V : 0), "the write is lost");
		},
	},
	"fault-mremap-part": {
		about: "a read of a page beside its move, where its page table stays",
		patch: "none: mm/mremap.c move_ptes()",
		invariant: "the page is at the old address or at the new one, for every CPU",
		setup: written,
		cpus: [() => note(0, read(A)), () => mremap(A, PAGE, B)],
		check() {
			check_that(noted(0) === 1 || noted(0) === -1, "another page was seen at the old address");
			check_that(read(A) === -1, "the old address is still mapped");
			check_that(read(B) === 1, "the page was lost");
		},
	},
	"fault-mremap-table": {
		about: "a write fault on a page that was never touched beside the move of its whole page table",
		patch: "none: mm/mremap.c move_normal_pmd(); R12",
		invariant: "a write before the move is seen after it, a write after it fails",
		setup() {
			start_threads(2);
			map(A, TABLE);
			write(A + PAGE, 1);
		},
		cpus: [store, () => mremap(A, TABLE, A + 16 * TABLE)],
		check() {
			check_that(read(A) === -1, "the old address is still mapped");
			check_that(read(A + 16 * TABLE) === (noted(0) === 1 ? V : 0), "the write is lost");
		},
	},
	"read-mremap-table": {
		about: "a read of a page beside the move of its whole table, of which the CPU may know where it was",
		patch: "none: mm/mremap.c move_normal_pmd()",
		invariant: "the page is at the old address or at the new one, with what was in it",
		setup() {
			start_threads(2);
			map(A, TABLE);
			write(A + PAGE, 1);
			on_cpu(1, () => write(A, 1));
		},
		cpus: [() => note(0, read(A)), () => mremap(A, TABLE, A + 16 * TABLE)],
		check() {
			check_that(noted(0) === 1 || noted(0) === -1, "another page was seen at the old address");
			check_that(read(A) === -1, "the old address is still mapped");
			check_that(read(A + 16 * TABLE) === 1, "the page was lost");
		},
	},
	"cow-mremap-table": {
		about: "a copy-on-write fault beside the move of its whole page table, and a read at the new address",
		patch: "none: mm/mremap.c move_normal_pmd(); R12",
		invariant: "who commits a fault flushes the address at which its page is mapped",
		setup() {
			start_threads(2);
			map(A, TABLE);
			write(A, 1);
			fork();
		},
		cpus: [
			store,
			() => {
				mremap(A, TABLE, A + 16 * TABLE);
				note(1, read(A + 16 * TABLE));
			},
		],
		check() {
			check_that(noted(1) === 1 || noted(1) === V, "a value from nowhere");
			const now = noted(0) === 1 ? V : 1;

			check_that(read(A + 16 * TABLE) === now, "the write is lost");
			check_that(
				on_cpu(1, () => read(A + 16 * TABLE)) === now,
				"another thread does not see the write",
			);
		},
	},
	"fault-mremap-target": {
		about: "a write fault at the address where mremap brings a page",
		patch: "V2.10 mm: add per-mm mmap sequence counter; D12.11; R11",
		invariant: "a fault does not map a page of its own where one is about to arrive",
		setup() {
			written();
			/* A page table is there already. */
			map_written(B + 4 * PAGE, 1);
		},
		cpus: [() => note(0, write(B + 8, V) ? 1 : 0), () => note(1, mremap(A, LEN, B))],
		check() {
			check_that(noted(1) === B, "mremap fails");
			check_that(read(B) === 1, "the page was lost");
			check_that(read(B + 8) === (noted(0) === 1 ? V : 0), "the write is lost");
			check_that(read(A) === -1, "the old address is still mapped");
		},
	},
};
