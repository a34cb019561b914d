// SPDX-License-Identifier: GPL-2.0-only
/** Programs made at random: the same from the same number, right on this kernel, and they find what is wrong. */
import { pathToFileURL } from "node:url";
import test from "ava";
import type { Listed } from "../protocol.ts";
import { stepper_bundle } from "./explorer.ts";
import { explore_random, type FailingProgram, random_summary } from "./random.ts";

const SEED = Number(process.env.SEED ?? 1);
/** Building the stepper takes as long as a minute under load. */
const BUILD_MS = 300_000;
const kernel = (await import(pathToFileURL(await stepper_bundle()).href)) as { list(random: string[]): Listed[] };

test("a program follows from its number", (t) => {
	const names = Array.from({ length: 30 }, (_, i) => `random/${SEED + i}`);
	const once = kernel.list(names);
	t.deepEqual(kernel.list(names), once);
	t.is(once.length, names.length);
	t.is(new Set(once.map((s) => s.about)).size, names.length);
	/* Some are of one CPU, some of more. */
	t.true(new Set(once.map((s) => s.cpus)).size > 1);
});

test("an operation can be left out, the others stay as they are", (t) => {
	const lines = (name: string) =>
		kernel
			.list([name])[0]
			.about.split("\n")
			.map((line) => line.replace(/^ +\d+\. /, ""));
	const whole = lines("random/3");
	const less = lines("random/3-1");
	/* The second operation of the set-up, behind two lines of heading. */
	t.deepEqual(
		whole.filter((_, i) => i !== 3),
		less,
	);
});

test("other names are no random programs", (t) => {
	t.deepEqual(kernel.list(["random/", "random/x", "random/1-", "random"]), []);
});

test.serial("none fails on this kernel", async (t) => {
	t.timeout(BUILD_MS);
	const failing: string[] = [];
	const total = await explore_random({ model: "sc", seed: SEED, count: 12, budget: 20 }, (f) =>
		failing.push(`${f.result.scenario}: ${f.result.failure?.text}\n${f.about}`),
	);
	t.deepEqual(failing, []);
	t.is(total.programs, 12);
	t.regex(
		random_summary(total),
		/^random: explored [\d,]+ executions of 12 programs .*none exhausted, SC, 0 failures/,
	);
});

test.serial("a store that is in its CPU's buffer is no failure", async (t) => {
	t.timeout(BUILD_MS);
	const failing: string[] = [];
	await explore_random({ model: "tso", seed: 25, count: 5 }, (f) =>
		failing.push(`${f.result.scenario}: ${f.result.failure?.text}\n${f.about}`),
	);
	t.deepEqual(failing, []);
});

test.serial("one that finds a mistake says so, in as few operations as do", async (t) => {
	t.timeout(BUILD_MS);
	const failing: FailingProgram[] = [];
	const total = await explore_random(
		{ model: "sc", seed: SEED, count: 100, budget: 30, mutant: MUTANT, first: true, jobs: 1 },
		(f) => failing.push(f),
	);
	t.is(total.failures, 1);
	const [{ about, result, seed }] = failing;
	t.regex(result.scenario, new RegExp(`^random/${seed}(-\\d+)*$`));
	t.truthy(result.failure);
	t.true(
		(kernel.list([result.scenario])[0].operations as number) <=
			(kernel.list([`random/${seed}`])[0].operations as number),
	);
	t.is(kernel.list([result.scenario])[0].about, about);
});
/** A mistake that any program with a moved page may show. */
const MUTANT = "pgoff-not-adjusted";
