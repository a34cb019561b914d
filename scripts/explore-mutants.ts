// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make explore-mutants`: each patch of tools/explore/mutants must be killed by
 * its scenario under its model, and by none that is stronger; those that have a
 * `Survives:` must not be killed. One that is no kernel any more is broken. With
 * --update the schedules that kill are written into the patches, where the test
 * finds them.
 *
 *   node --import tsx scripts/explore-mutants.ts [--arch ARCH] [--update] [--budget N] [MUTANT…]
 */
import { readFileSync } from "node:fs";
import { explore, list_of } from "../tools/explore/outside/explorer.ts";
import {
	type Mutant,
	is_oops,
	load_mutant,
	mutant_bundle,
	mutant_file,
	mutant_names,
	mutant_of,
} from "../tools/explore/outside/mutant.ts";
import { mutants_bundle } from "../tools/explore/outside/mutants_build.ts";
import { encode_schedule } from "../tools/explore/outside/replay_string.ts";
import { one_of, whole_number } from "../tools/lib/options.ts";
import { stepper_arches } from "./lib/arch.ts";
import { command } from "./lib/command.ts";
import { write_file } from "./lib/files.ts";
import { announce_builds, arch_asked } from "./lib/objtree.ts";
import { program } from "./lib/program.ts";
import { count } from "./lib/words.ts";
import type { ExploreOptions, Failure, Model, Result } from "../tools/explore/outside/types.ts";

interface Options {
	update: boolean;
	/** Executions for each search. */
	budget: number;
	arch: string;
	kernels: Kernels;
}

/** The kernel that a mutant is in: with the others of its configuration where all are searched, else its own. */
type Kernels = Map<string, NonNullable<ExploreOptions["kernel"]>>;

async function build(names: string[], arch: string, together: boolean): Promise<Kernels> {
	const kernels: Kernels = new Map();
	const mutants = names.map((name) => mutant_of(name, arch));
	for (const config of together ? new Set(mutants.map((m) => m.config)) : []) {
		const { bundle, numbers } = await mutants_bundle(
			mutants.filter((m) => m.config === config),
			arch,
		);
		const listed = await list_of(bundle);
		for (const [name, number] of numbers) kernels.set(name, { bundle, listed, number });
	}
	for (const name of names) {
		if (kernels.has(name)) continue;
		const bundle = await mutant_bundle(name, arch);
		kernels.set(name, { bundle, listed: await list_of(bundle) });
	}
	return kernels;
}

async function search(m: Mutant, model: Model, { budget, arch, kernels }: Options): Promise<Result> {
	let r: Result | undefined;
	for await (const x of explore({
		scenarios: [m.scenario],
		model,
		mutant: m.name,
		kernel: kernels.get(m.name),
		arch,
		budget,
		jobs: 1,
	}))
		r = x;
	return r as Result;
}
/** How far a search went that found nothing. */
function far(r: Result): string {
	return `${count(r.executions, "execution")}, ${r.exhausted ? "all there are" : r.bound === null ? "not all there are" : `not all there are, but all with at most ${count(r.bound, "preemption")}`}`;
}

/** The text of a patch with another schedule; a new one comes behind the others, or the models. */
function with_schedule(text: string, arch: string, schedule: string): string {
	const line = `Schedule-${arch}: ${schedule}`;
	const own = new RegExp(`^Schedule-${arch}:.*$`, "m");
	if (own.test(text)) return text.replace(own, line);
	const [header] = text.split("\n--- a/", 1);
	const before = header.split("\n");
	const at = before.findLastIndex((l) => /^(Schedule|Model)\b/.test(l)) + 1;
	return [...before.slice(0, at), line, ...before.slice(at)].join("\n") + text.slice(header.length);
}

/** The word for a failure, as wide as `survives`. */
const how = (f: Failure) => (is_oops(f.text) ? "broken  " : "killed  ");

/** Is it as its header says? */
async function kill(name: string, options: Options): Promise<boolean> {
	const { update, arch, kernels } = options;
	const m = mutant_of(name, arch);
	const what = `${name.padEnd(24)} ${m.scenario.padEnd(20)}`;
	const models = kernels.get(name)?.listed.find((s) => s.name === m.scenario)?.models ?? [];
	for (const model of models.slice(0, models.indexOf(m.model))) {
		const r = await search(m, model, options);
		if (!r.failure) continue;
		const already = `${how(r.failure)} ${what} ${model.padEnd(5)} already, not first under ${m.model}`;
		console.log(`${already}: ${r.failure.text}`);
		return false;
	}
	const r = await search(m, m.model, options);
	const f = r.failure;
	if (!f) {
		console.log(`survives ${what} ${m.model.padEnd(5)} ${far(r)}${m.survives ? `: ${m.survives}` : ""}`);
		return m.survives !== undefined;
	}
	console.log(
		`${how(f)} ${what} ${m.model.padEnd(5)} after ${count(r.executions, "execution")}, ${count(f.preemptions, "preemption")}: ${f.text}${m.survives ? "; its header says that it survives" : ""}`,
	);
	if (is_oops(f.text)) return false;
	/* What fails in the set-up fails whoever goes first. */
	const schedule = f.replay !== "" ? f.replay : encode_schedule([[0, -1]], 0);
	if (update) {
		const file = mutant_file(name);
		write_file(file, with_schedule(readFileSync(file, "utf8"), arch, schedule));
	}
	return m.survives === undefined;
}

async function main(): Promise<number> {
	const mutants = command("explore-mutants", "Takes checks out one by one, and finds what then breaks.")
		.argument("[mutant...]", "names (default: all)")
		.option("--arch <arch>", "of which kernel (default: make's, or x86)")
		.option("--update", "write the schedules that kill into the patches", false)
		.option("--budget <n>", "executions for each search", "400000")
		.parse();
	const asked = mutants.opts().arch;
	const arch = asked ?? arch_asked();
	one_of(asked === undefined ? "ARCH" : "--arch", arch, stepper_arches());
	const budget = whole_number("--budget", mutants.opts().budget) as number;
	const here = (name: string) => load_mutant(name, arch).not_here === undefined;
	const names = mutants.args.length > 0 ? mutants.args : mutant_names().filter(here);
	const elsewhere = mutants.args.length > 0 ? 0 : mutant_names().length - names.length;
	const wrong: string[] = [];
	const queue = [...names];
	const worker = async () => {
		for (let name = queue.shift(); name !== undefined; name = queue.shift())
			if (!(await kill(name, options))) wrong.push(name);
	};
	announce_builds((dir) => void process.stderr.write(`  BUILD   ${dir}\n`));
	const options: Options = {
		arch,
		update: mutants.opts().update,
		budget,
		kernels: await build(names, arch, mutants.args.length === 0),
	};
	await Promise.all([worker(), worker()]);
	const expected = names.filter((n) => load_mutant(n, arch).survives).length;
	console.log(
		`${names.length - wrong.length} of ${names.length} mutants as expected, ${names.length - expected} to be killed and ${expected} to survive${elsewhere > 0 ? `, ${elsewhere} not on ${arch}` : ""}${wrong.length ? `; not as expected: ${wrong.join(", ")}` : ""}`,
	);
	return wrong.length > 0 ? 1 : 0;
}

await program("explore-mutants", main);
