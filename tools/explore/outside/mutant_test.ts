// SPDX-License-Identifier: GPL-2.0-only
/**
 * The patches of tools/explore/mutants fit this tree, say all that they have
 * to, and fail in the schedules that are stored with them. That the others
 * survive is for `make explore-mutants` to show.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { stepper_arches } from "../../../scripts/lib/arch.ts";
import { here } from "../../lib/root.ts";
import { UserError } from "../../lib/errors.ts";
import { Core } from "./core.ts";
import { fragments } from "./fragments.ts";
import {
	is_oops,
	load_mutant,
	type Mutant,
	mutant_bundle,
	mutant_dir,
	mutant_file,
	mutant_names,
	patch,
} from "./mutant.ts";
import { type Mutants, mutants_bundle } from "./mutants_build.ts";
import { decode_schedule } from "./replay_string.ts";

const names = mutant_names();
const scenarios = readdirSync(join(here(), "tools/explore/inside/scenarios"))
	.map((f) => readFileSync(join(here(), "tools/explore/inside/scenarios", f), "utf8"))
	.join("\n");

test("every patch fits the tree", async (t) => {
	await Promise.all(names.map((name) => t.notThrowsAsync(patch(name, here(), true))));
});

test("every header is complete, for each architecture", (t) => {
	for (const [name, arch] of names.flatMap((n) => stepper_arches().map((a) => [n, a] as const))) {
		const m = load_mutant(name, arch);
		t.regex(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
		t.regex(
			scenarios,
			new RegExp(`"${m.scenario}": (\\{|\\w+\\()`),
			`${name}: no scenario '${m.scenario}'`,
		);
		if (m.config) t.true(fragments(arch).includes(m.config), `${name}: no configs/${m.config}`);
		if (m.bug) t.regex(m.bug, /^R\d+(, R\d+)*$/, name);
		/* Killed, or known why not. */
		const verdicts = [m.schedule || undefined, m.survives, m.not_here].filter((v) => v !== undefined);
		t.is(
			verdicts.length,
			1,
			`${name}: one of Schedule-${arch}, Survives, Survives-${arch}, Not-on-${arch}`,
		);
		const reason = readFileSync(mutant_file(name), "utf8").includes(`\nNot-on-${arch}: `);
		t.is(m.not_here !== undefined, reason, `${name}: 'Not-on-${arch}:' says why`);
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

test("a patch may lie anywhere, and needs no header", async (t) => {
	const dir = mkdtempSync(join(tmpdir(), "spf-mutant-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	const file = join(dir, "mine.patch");
	writeFileSync(file, load_mutant("skip-seq2").diff);
	const m = load_mutant(file);
	t.like(m, { name: file, subject: file, schedule: "", diff: load_mutant("skip-seq2").diff });
	await t.notThrowsAsync(patch(file, here(), true));
	await t.throwsAsync(patch(file, join(here(), "arch"), true), { message: /does not apply: [^;]*$/ });
	writeFileSync(file, "no diff\n");
	t.throws(() => load_mutant(file), { instanceOf: UserError, message: /mine\.patch: no diff/ });
	t.throws(() => load_mutant(join(dir, "none.patch")), {
		instanceOf: UserError,
		message: /none\.patch: no such file/,
	});
	/* Each configuration has a kernel of its own. */
	t.not(mutant_dir(file, "x86"), mutant_dir(file, "x86", "rcu.config"));
	t.is(mutant_dir("skip-seq2", "x86"), mutant_dir("skip-seq2", "x86", "rcu.config"));
});

const builds = new Map<string, Promise<Mutants>>();
/** All of an architecture and a configuration are in one kernel, as for `make explore-mutants`. */
function kernel_of(arch: string, config?: string): Promise<Mutants> {
	const key = `${arch} ${config}`;
	const build =
		builds.get(key) ??
		mutants_bundle(
			(PARTLY.includes(arch) ? repeated(arch) : here_on(arch)).filter((m) => m.config === config),
			arch,
		);
	builds.set(key, build);
	return build;
}
const here_on = (arch: string) => names.map((name) => load_mutant(name, arch)).filter((m) => m.not_here === undefined);
const killed = (arch: string) => here_on(arch).filter((m) => m.survives === undefined);

/** Of the third architecture those that are only there; all are for `make explore-mutants` to repeat. */
const PARTLY = ["powerpc"];
const repeated = (arch: string) => killed(arch).filter((m) => !PARTLY.includes(arch) || only_here(m, arch));
const only_here = (m: Mutant, arch: string) =>
	stepper_arches().every((a) => a === arch || load_mutant(m.name, a).not_here !== undefined);

/* A kernel keeps a worker's memory for good: one worker, and so one kernel, for all that can share one. */
for (const arch of stepper_arches())
	test.serial(
		`${PARTLY.includes(arch) ? "its own" : "every"} stored schedule still fails on ${arch}`,
		async (t) => {
			t.timeout(600_000);
			const cores = new Map<string, Core>();
			const well: string[] = [];
			try {
				for (const m of repeated(arch)) {
					const all = await kernel_of(arch, m.config);
					const mutant = all.numbers.get(m.name);
					const bundle =
						mutant === undefined ? await mutant_bundle(m.name, arch) : all.bundle;
					const known = cores.get(bundle);
					const core = known ?? new Core(bundle);
					cores.set(bundle, core);
					const { schedule } = decode_schedule(m.schedule);
					const request = { scenario: m.scenario, model: m.model, schedule, mutant };
					/* It is the mutant that fails, and not the kernel that holds it. */
					if (!known && mutant !== undefined) {
						const without = await core.call("replay", { ...request, mutant: 0 });
						if (without.failure) well.push(`${m.name}: it fails without it`);
					}
					const { failure, diverged } = await core
						.call("replay", request)
						.catch((error: Error) => {
							throw new Error(`${m.name}: ${error.message}`, {
								cause: error,
							});
						});
					if (!failure) well.push(`${m.name}: ${diverged ?? "it ends well"}`);
					else if (is_oops(failure.text)) well.push(`${m.name}: ${failure.text}`);
				}
			} finally {
				await Promise.all([...cores.values()].map((core) => core.close()));
			}
			t.deepEqual(
				well,
				[],
				`make explore-mutants ARGS='--arch ${arch} --update NAME…' stores others`,
			);
		},
	);

test("without a mutant such a kernel is the one of the tree", async (t) => {
	const m = load_mutant("skip-seq2");
	const { bundle, numbers } = await kernel_of("x86");
	const core = new Core(bundle);
	const { schedule } = decode_schedule(m.schedule);
	const request = { scenario: m.scenario, model: m.model, schedule };
	const ends = [numbers.get("skip-seq2"), 0].map((mutant) => core.call("replay", { ...request, mutant }));
	const [with_it, without] = await Promise.all(ends);
	await core.close();
	t.truthy(with_it.failure);
	t.is(without.failure, undefined);
});
