// SPDX-License-Identifier: GPL-2.0-only
/** Each case of the kernel's own unit tests as one AVA test, in every
 *  configuration that they are meant to hold in. */
import test from "ava";
import type { ObjtreeOptions } from "../../../scripts/lib/objtree.ts";
import { ARM64_64K, KUNIT_CONFIGS, kunit_config, OTHERS, run_kunit } from "./run.ts";

/* AVA wants to know all tests before the first one ends, so the kernels run first. */
const runs: { name: string; result: Awaited<ReturnType<typeof run_kunit>> }[] = [];
/** What cases do wrong on purpose, and the kernel warns of. */
const PROVOKED = [
	"BUG: Bad page state",
	"pagealloc: memory corruption",
	"slab error in cache `kunit_poison'",
	"kmem_cache_destroy kunit_busy:",
].map((text) => `WARNING: CPU: 0 PID: 0 ${text}`);

async function run(name: string, tree: ObjtreeOptions): Promise<void> {
	try {
		runs.push({ name, result: await run_kunit(tree, "") });
	} catch (error) {
		test(`kunit ${name}`, (t) => t.fail((error as Error).message));
	}
}

for (const name of Object.keys(KUNIT_CONFIGS)) await run(name, kunit_config(name));
for (const tree of OTHERS) await run(tree.arch as string, tree);
/* Tables of another size, and on powerpc such as share pages. */
for (const tree of [ARM64_64K, kunit_config("64k", "powerpc")]) await run(`${tree.arch} 64k`, tree);

for (const { name, result } of runs) {
	const { suites, ktap, messages } = result;
	test(`kunit ${name}: no warning that no case provokes`, (t) => {
		t.deepEqual(
			messages.filter(
				(text) => /^WARNING:/.test(text) && !PROVOKED.some((known) => text.startsWith(known)),
			),
			[],
		);
	});
	test(`kunit ${name}: plan first`, (t) => {
		const lines = ktap.split("\n");
		t.is(lines[0], "KTAP version 1");
		t.is(lines[1], `1..${suites.length}`);
		t.true(suites.length > 0);
	});
	for (const suite of suites) {
		test(`kunit ${name}: ${suite.name}`, (t) => {
			const failed = suite.cases.filter((c) => c.status === "failure");
			const log = (c: (typeof failed)[0]) =>
				[
					...c.log,
					...(c.params ?? []).filter((p) => p.status === "failure").flatMap((p) => p.log),
				].join("\n");
			t.deepEqual(
				failed.map((c) => `${c.name}\n${log(c)}`),
				[],
			);
			t.true(suite.cases.length > 0);
		});
	}
}
