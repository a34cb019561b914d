// SPDX-License-Identifier: GPL-2.0-only
/**
 * The patches of tools/explore/mutants fit this tree, say all that they have
 * to, and fail in the schedules that are stored with them. That the others
 * survive is for `make explore-mutants` to show.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { here } from "../../lib/root.ts";
import { UserError } from "../../lib/errors.ts";
import { Core } from "./core.ts";
import { load_mutant, type Mutant, mutant_bundle, mutant_names, patch } from "./mutant.ts";
import type { Replayed } from "../protocol.ts";
import { decode_schedule } from "./replay_string.ts";

const names = mutant_names();
const scenarios = readdirSync(join(here(), "tools/explore/inside/scenarios"))
	.map((f) => readFileSync(join(here(), "tools/explore/inside/scenarios", f), "utf8"))
	.join("\n");

test("every patch fits the tree", async (t) => {
	await Promise.all(names.map((name) => t.notThrowsAsync(patch(name, here(), true))));
});

test("every header is complete", (t) => {
	for (const name of names) {
		const m = load_mutant(name);
		t.regex(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
		t.regex(
			scenarios,
			new RegExp(`"${m.scenario}": (\\{|table\\()`),
			`${name}: no scenario '${m.scenario}'`,
		);
		if (m.config)
			t.true(
				readdirSync(join(here(), "configs")).includes(m.config),
				`${name}: no configs/${m.config}`,
			);
		if (m.bug) t.regex(m.bug, /^R\d+(, R\d+)*$/, name);
		/* Killed, or known why not. */
		t.not(m.schedule === "", m.survives === undefined, `${name}: 'Schedule:' or 'Survives:'`);
		if (m.schedule) t.true(decode_schedule(m.schedule).schedule.length > 0, name);
	}
});

test("the list names them all, and no other", (t) => {
	const page = readFileSync(join(here(), "tools/explore/mutants/README.md"), "utf8");
	const table = page
		.split("\n")
		.filter((line) => line.startsWith("|"))
		.join("\n");
	t.deepEqual([...table.matchAll(/`([a-z0-9-]+)`/g)].map(([, name]) => name).sort(), names);
});

test("a mutant that is not there is named with those that are like it", (t) => {
	t.throws(() => load_mutant("skip-seq3"), {
		instanceOf: UserError,
		message: /no mutant 'skip-seq3'; there is .*skip-seq1, skip-seq2/,
	});
	t.throws(() => load_mutant("xyz"), { instanceOf: UserError, message: /tools\/explore\/mutants has / });
});

test("a patch that does not fit says where", async (t) => {
	await t.throwsAsync(patch("skip-seq2", join(here(), "arch"), true), {
		instanceOf: UserError,
		message: /^mutant 'skip-seq2' no longer applies: [^\n]*$/,
	});
});

/** The kernel of a mutant keeps a worker's memory for good, so each has its own. */
async function replay(m: Mutant): Promise<Replayed> {
	/* First: a core that is left open keeps the test from its end. */
	const { schedule } = decode_schedule(m.schedule);
	const core = new Core(await mutant_bundle(m.name));
	try {
		return await core.call("replay", { scenario: m.scenario, model: m.model, schedule });
	} catch (error) {
		throw new Error(`${m.name}: ${(error as Error).message}`, { cause: error });
	} finally {
		await core.close();
	}
}

/* Compiled are the files that a patch changes, and nothing if that was done before. */
test.serial("every stored schedule still fails", async (t) => {
	t.timeout(600_000);
	const queue = names.map(load_mutant).filter((m) => m.survives === undefined);
	const well: string[] = [];
	const two = [0, 1].map(async () => {
		for (let m = queue.shift(); m !== undefined; m = queue.shift()) {
			const { failure, diverged } = await replay(m);
			if (!failure) well.push(`${m.name}: ${diverged ?? "it ends well"}`);
		}
	});
	await Promise.all(two);
	t.deepEqual(well, [], "make explore-mutants ARGS='--update NAME…' stores others");
});
