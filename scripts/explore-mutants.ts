// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make explore-mutants`: each patch of tools/explore/mutants must be killed by
 * its scenario under its model, and by none that is stronger; those that have a
 * `Survives:` must not be killed. With --update the schedules that kill are
 * written into the patches, where the test finds them.
 *
 *   node --import tsx scripts/explore-mutants.ts [--update] [--budget N] [MUTANT…]
 */
import { readFileSync } from "node:fs";
import { explore } from "../tools/explore/outside/explorer.ts";
import { load_mutant, type Mutant, mutant_bundle, mutant_file, mutant_names } from "../tools/explore/outside/mutant.ts";
import { encode_schedule } from "../tools/explore/outside/replay_string.ts";
import { whole_number } from "../tools/lib/options.ts";
import { command } from "./lib/command.ts";
import { write_file } from "./lib/files.ts";
import { announce_builds } from "./lib/objtree.ts";
import { program } from "./lib/program.ts";
import { count } from "./lib/words.ts";
import { MODELS, type Model, type Result } from "../tools/explore/outside/types.ts";

interface Options {
	update: boolean;
	/** Executions for each search. */
	budget: number;
}

async function search(m: Mutant, model: Model, budget: number): Promise<Result> {
	let r: Result | undefined;
	for await (const x of explore({
		scenarios: [m.scenario],
		model,
		mutant: m.name,
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

/** Is it as its header says? */
async function kill(name: string, { update, budget }: Options): Promise<boolean> {
	const m = load_mutant(name);
	const what = `${name.padEnd(24)} ${m.scenario.padEnd(20)}`;
	for (const model of MODELS.slice(0, MODELS.indexOf(m.model))) {
		const r = await search(m, model, budget);
		if (!r.failure) continue;
		console.log(
			`killed   ${what} ${model.padEnd(5)} already, its header says ${m.model}: ${r.failure.text}`,
		);
		return false;
	}
	const r = await search(m, m.model, budget);
	const f = r.failure;
	if (!f) {
		console.log(`survives ${what} ${m.model.padEnd(5)} ${far(r)}${m.survives ? `: ${m.survives}` : ""}`);
		return m.survives !== undefined;
	}
	console.log(
		`killed   ${what} ${m.model.padEnd(5)} after ${count(r.executions, "execution")}, ${count(f.preemptions, "preemption")}: ${f.text}${m.survives ? "; its header says that it survives" : ""}`,
	);
	/* What fails in the set-up fails whoever goes first. */
	const schedule = f.replay !== "" ? f.replay : encode_schedule([[0, -1]], 0);
	if (update) {
		const file = mutant_file(name);
		/* Behind the model, where a new one has none yet. */
		write_file(
			file,
			readFileSync(file, "utf8").replace(
				/^(Model:.*)(\nSchedule:.*)?$/m,
				`$1\nSchedule: ${schedule}`,
			),
		);
	}
	return m.survives === undefined;
}

async function main(): Promise<number> {
	const mutants = command("explore-mutants", "Takes checks out one by one, and finds what then breaks.")
		.argument("[mutant...]", "names (default: all)")
		.option("--update", "write the schedules that kill into the patches", false)
		.option("--budget <n>", "executions for each search", "400000")
		.parse();
	const options: Options = {
		update: mutants.opts().update,
		budget: whole_number("--budget", mutants.opts().budget) as number,
	};
	const names = mutants.args.length > 0 ? mutants.args : mutant_names();
	const wrong: string[] = [];
	const queue = [...names];
	const worker = async () => {
		for (let name = queue.shift(); name !== undefined; name = queue.shift())
			if (!(await kill(name, options))) wrong.push(name);
	};
	announce_builds((dir) => void process.stderr.write(`  BUILD   ${dir}\n`));
	for (const name of names) await mutant_bundle(name);
	await Promise.all([worker(), worker()]);
	const expected = names.filter((n) => load_mutant(n).survives).length;
	console.log(
		`${names.length - wrong.length} of ${names.length} mutants as expected, ${names.length - expected} to be killed and ${expected} to survive${wrong.length ? `; not as expected: ${wrong.join(", ")}` : ""}`,
	);
	return wrong.length > 0 ? 1 : 0;
}

await program("explore-mutants", main);
