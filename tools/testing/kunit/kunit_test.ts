// SPDX-License-Identifier: GPL-2.0-only
/** Each case of the kernel's own unit tests as one AVA test, in every
 *  configuration that they are meant to hold in. */
import test from "ava";
import type { kunit_run_result } from "../../../kernel/lib/kunit/executor.ts";
import { ARM64_64K, KUNIT_CONFIGS, kunit_config, OTHERS, run_kunit } from "./run.ts";

/* AVA wants to know all tests before the first one ends, so the kernels run first. */
const runs: { name: string; result: kunit_run_result }[] = [];
for (const name of Object.keys(KUNIT_CONFIGS)) runs.push({ name, result: await run_kunit(kunit_config(name), "") });
for (const tree of OTHERS) runs.push({ name: tree.arch as string, result: await run_kunit(tree, "") });
/* Tables of another size, and on powerpc such as share pages. */
for (const tree of [ARM64_64K, kunit_config("64k", "powerpc")])
	runs.push({ name: `${tree.arch} 64k`, result: await run_kunit(tree, "") });

for (const { name, result } of runs) {
	const { suites, ktap } = result;
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
