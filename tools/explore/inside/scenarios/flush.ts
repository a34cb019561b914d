// SPDX-License-Identifier: GPL-2.0-only
/** Flushes beside flushes: a CPU answers them in an order that is not the one in which they were asked for. */
import {
	A,
	B,
	check_that,
	madvise_dontneed,
	note,
	noted,
	on_cpu,
	PAGE,
	read,
	type Scenario,
	start_threads,
	map_written,
} from "../scenario.ts";

/** Two pages on two page tables, of which both CPUs have translations. */
function both_cached(): void {
	start_threads(2);
	map_written(A, 1);
	map_written(B, 1);
	on_cpu(1, () => {
		read(A);
		read(B);
	});
}

export const scenarios: Record<string, Scenario> = {
	"flush-flush-tables": {
		about: "two MADV_DONTNEED of two pages, of which each flushes both CPUs",
		patch: "none: arch/x86/mm/tlb.c flush_tlb_func()",
		invariant: "a CPU that has answered has flushed all that was asked for",
		setup: both_cached,
		cpus: [
			() => {
				madvise_dontneed(A, PAGE);
				note(0, read(A));
			},
			() => {
				madvise_dontneed(B, PAGE);
				note(1, read(B));
			},
		],
		check() {
			check_that(noted(0) === 0 && noted(1) === 0, "the old page is seen after MADV_DONTNEED");
			check_that(read(A) === 0 && read(B) === 0, "the old page is seen after MADV_DONTNEED");
		},
	},
};
