// SPDX-License-Identifier: GPL-2.0-only
/** Histograms, held against what bpftrace 0.17 printed for the same values. */
import test from "ava";
import { hist_lines, hist_rows } from "./hist.ts";
import { event, lock, trace_of } from "./testutil.ts";

/* bpftrace -e 'BEGIN { $i = 0; while ($i < 100) { @usecs = hist($i*$i); $i++; } exit(); }' */
const SQUARES = `[0]                    1 |@                                                   |
[1]                    1 |@                                                   |
[2, 4)                 0 |                                                    |
[4, 8)                 1 |@                                                   |
[8, 16)                1 |@                                                   |
[16, 32)               2 |@@@                                                 |
[32, 64)               2 |@@@                                                 |
[64, 128)              4 |@@@@@@@                                             |
[128, 256)             4 |@@@@@@@                                             |
[256, 512)             7 |@@@@@@@@@@@@@                                       |
[512, 1K)              9 |@@@@@@@@@@@@@@@@@                                   |
[1K, 2K)              14 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |
[2K, 4K)              18 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@                  |
[4K, 8K)              27 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
[8K, 16K)              9 |@@@@@@@@@@@@@@@@@                                   |`;

test("the rows are bpftrace's", (t) => {
	t.is(hist_rows(Array.from({ length: 100 }, (_, i) => i * i)).join("\n"), SQUARES);
	t.deepEqual(hist_rows([]), []);
});

test("faults by how they were done, locks by how they were taken, retries by reason", (t) => {
	const us = 1000;
	const lines = [
		...hist_lines(
			trace_of([
				event(0, 0, "page_fault_entry"),
				event(0, us, "spf_pte_lock"),
				lock.wait(0, 2 * us, false),
				lock.got(0, 3 * us, false),
				lock.gone(0, 7 * us, false),
				event(0, 9 * us, "page_fault_exit"),
				event(0, 10 * us, "page_fault_entry"),
				event(0, 11 * us, "handle_mm_fault", { flags: 0x400, result: 0 }),
				event(0, 12 * us, "page_fault_exit"),
				event(0, 13 * us, "page_fault_entry"),
			]),
		),
	];
	t.is(lines[0], "@retries[spf_pte_lock]: 1");
	const rows = lines.filter((line) => line.startsWith("["));
	t.deepEqual(lines.filter((line) => line.startsWith("@")).slice(1), [
		"@fault_usecs[mmap_lock]: ",
		"@fault_usecs[speculative]: ",
		"@mmap_lock_hold_usecs[read]: ",
		"@mmap_lock_wait_usecs[read]: ",
	]);
	t.deepEqual(
		rows.map((row) => row.slice(0, 26).trim().replace(/ +\|$/, "")),
		[
			"[8, 16)                1",
			"[2, 4)                 1",
			"[4, 8)                 1",
			"[1]                    1",
		],
	);
});
