// SPDX-License-Identifier: GPL-2.0-only
/** What a scenario executes, and what it does not. */
import test from "ava";
import { type CoverageTotal, cover } from "./coverage.ts";

const BUILD_MS = 300_000;

/** How the statements of a function were executed. */
const of = (total: CoverageTotal, file: string, func: string) =>
	new Set(
		total.files
			.find((f) => f.file === file)
			?.pieces.filter((p) => p.func === func && p.what === "statement")
			.map((p) => p.reached),
	);

test("programs, set-ups and boots are told apart", async (t) => {
	t.timeout(BUILD_MS);
	const seen: string[] = [];
	const total = await cover({
		scenarios: ["fault-mprotect-dirty"],
		programs: 0,
		seed: 1,
		model: "sc",
		budget: 8,
		arch: "x86",
		jobs: 1,
		each: (scenario) => seen.push(scenario),
	});
	t.deepEqual(seen, ["fault-mprotect-dirty"]);
	t.deepEqual(total.failed, []);
	t.is(total.scenarios, 1);
	t.true(of(total, "kernel/mm/mprotect.ts", "mprotect_fixup").has("explored"));
	/* An error that it does not make. */
	t.true(of(total, "kernel/mm/mprotect.ts", "do_mprotect_pkey").has("never"));
	t.deepEqual(of(total, "kernel/mm/mremap.ts", "move_vma"), new Set(["never"]));
	/* The set-up asks for MADV_FREE, a boot for memory. */
	t.true(of(total, "kernel/mm/madvise.ts", "madvise_free_single_vma").has("alone"));
	t.true(of(total, "kernel/mm/memblock.ts", "memblock_free_all").has("boot"));
	/* What checks the kernel is none of it. */
	t.false(total.files.some((f) => f.file.includes("debug_validate")));
});
