// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random sequences of mmap, munmap, mprotect, mremap, brk, madvise, fork, exit
 * and accesses, against the page-array model; after every step the vma tree, the
 * page tables and the reference counts are validated by the kernel itself.
 *
 * SEED=n repeats a run; fast-check shrinks what fails.
 */
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { Machine } from "../../../arch/host/threads/machine.ts";
import { here } from "../../lib/root.ts";
import { geometry, guest } from "../../../scripts/lib/guest.ts";
import { ARM64_64K, kunit_config, OTHERS } from "../kunit/run.ts";
import { test_ram } from "../ram.ts";
import { objtree } from "../../../scripts/lib/objtree.ts";
import type { Result } from "./guest.ts";
import { Model, ranges_of } from "./model.ts";
import { MADV, MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE, type Op, type Places, WINDOW_PAGES } from "./ops.ts";

/** Below the end of user memory: the stack, and 128 MiB further down the mappings. */
const STACK_PAGES = 33;
const GAP = 0x8000000;
const seed = Number(process.env.SEED ?? 20220128);
const RUNS = Number(process.env.RUNS ?? 40);
/** What is different there is not in the calls: a part will do. */
const OTHER_RUNS = Math.ceil(RUNS / 5);

const page = fc.nat({ max: WINDOW_PAGES - 9 });
const length = fc.integer({ min: 1, max: 8 });
const prot = fc.constantFrom(0, 1, 2, 3, 3, 3, 5, 7);
const op: fc.Arbitrary<Op> = fc.oneof(
	{
		weight: 5,
		arbitrary: fc.record({
			op: fc.constant("mmap" as const),
			page,
			n: length,
			prot,
			shared: fc.boolean(),
			how: fc.constantFrom(
				"fixed" as const,
				"fixed" as const,
				"noreplace" as const,
				"hint" as const,
				"any" as const,
			),
		}),
	},
	{ weight: 2, arbitrary: fc.record({ op: fc.constant("munmap" as const), page, n: length }) },
	{ weight: 3, arbitrary: fc.record({ op: fc.constant("mprotect" as const), page, n: length, prot }) },
	{
		weight: 3,
		arbitrary: fc.record({
			op: fc.constant("mremap" as const),
			page,
			old: length,
			n: length,
			flags: fc.constantFrom(
				0,
				MREMAP_MAYMOVE,
				MREMAP_MAYMOVE,
				MREMAP_MAYMOVE | MREMAP_FIXED,
				MREMAP_FIXED,
				MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
				MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
			),
			to: page,
		}),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			op: fc.constant("madvise" as const),
			page,
			n: length,
			advice: fc.constantFrom(...Object.values(MADV)),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ op: fc.constant("brk" as const), n: fc.nat({ max: 12 }) }) },
	{ weight: 6, arbitrary: fc.record({ op: fc.constant("load" as const), page }) },
	{
		weight: 8,
		arbitrary: fc.record({
			op: fc.constant("store" as const),
			page,
			value: fc.integer({ min: 1, max: 255 }),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ op: fc.constant("fork" as const) }) },
	{ weight: 1, arbitrary: fc.record({ op: fc.constant("exit" as const) }) },
	{ weight: 2, arbitrary: fc.record({ op: fc.constant("switch" as const), to: fc.nat({ max: 7 }) }) },
);

async function places_of(vmlinux: string): Promise<Places> {
	const { PAGE_SIZE: page, PUD_SIZE, STACK_TOP: top } = await geometry(vmlinux);
	return {
		page,
		window: PUD_SIZE - (WINDOW_PAGES / 2) * page,
		start_brk: PUD_SIZE / 2,
		stack: [top - STACK_PAGES * page, top],
		mmap_base: top - GAP,
	};
}

/** The first step at which kernel and model differ, if any. */
function compare(ops: Op[], places: Places, { outcomes, leaks }: Result): string | undefined {
	const model = new Model(places);
	for (const [i, o] of ops.entries()) {
		const where = `step ${i}, ${JSON.stringify(o)}`;
		const seen = outcomes[i];
		const wrong = model.step(o, seen);
		if (wrong) return `${where}: ${wrong}`;
		if (seen.problems.length) return `${where}: ${seen.problems.join("; ")}`;
		const [maps, pages] = [ranges_of(seen.maps), model.ranges()];
		if (maps.join("\n") !== pages.join("\n"))
			return `${where}: maps\n${maps.join("\n")}\nexpected\n${pages.join("\n")}`;
	}
	if (leaks.length) return leaks.join("; ");
}

for (const tree of [kunit_config("debug"), kunit_config("nospf"), ...OTHERS, ARM64_64K]) {
	const { arch = "x86" } = tree;
	test(`address space against a page array: ${arch} ${tree.name}`, async (t) => {
		t.log(`SEED=${seed}`);
		const vmlinux = await objtree(tree);
		const module = await guest(join(here(), "tools/testing/address_space/guest.ts"), vmlinux);
		const places = await places_of(vmlinux);
		const machine = await Machine.boot({ vmlinux, cpus: 1, mem: test_ram(places.page) });
		try {
			await fc.assert(
				fc.asyncProperty(
					fc.array(op, { minLength: 1, maxLength: 60, size: "max" }),
					async (ops) => {
						const arg = { ops, places };
						const wrong = compare(
							ops,
							places,
							(await machine.run({
								cpu: 0,
								module,
								fn: "main",
								arg,
							})) as Result,
						);
						if (wrong) throw new Error(wrong);
					},
				),
				{ seed, numRuns: arch === "x86" ? RUNS : OTHER_RUNS },
			);
			t.pass();
		} finally {
			await machine.shutdown();
		}
	});
}
