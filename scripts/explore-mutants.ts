// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make explore-mutants`: each patch of tools/explore/mutants must be killed by
 * its scenario under its model, and by none that is stronger; those that have a
 * `Survives:` must not be killed. With --update the schedules that kill are
 * written into the patches, where the test finds them.
 *
 *   node --import tsx scripts/explore-mutants.ts [--update] [--seconds N] [MUTANT…]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { explore } from "../tools/explore/outside/explorer.ts";
import { load_mutant, type Mutant, mutant_bundle, mutant_file, mutant_names } from "../tools/explore/outside/mutant.ts";
import { UserError } from "../tools/lib/errors.ts";
import { MODELS, type Model, type Result } from "../tools/explore/outside/types.ts";

const command = new Command("explore-mutants")
	.argument("[mutant...]")
	.option("--update")
	.option("--budget <n>", "executions for each search", "400000")
	.parse();
const { update, budget } = command.opts();

async function search(m: Mutant, model: Model): Promise<Result> {
	let r: Result | undefined;
	for await (const x of explore({
		scenarios: [m.scenario],
		model,
		mutant: m.name,
		budget: Number(budget),
		jobs: 1,
	}))
		r = x;
	return r as Result;
}
/** How far a search went that found nothing. */
function far(r: Result): string {
	return `${r.executions} executions, ${r.exhausted ? "all there are" : r.bound === null ? "of more" : `of more; all with at most ${r.bound} preemptions`}`;
}

/** Is it as its header says? */
async function kill(name: string): Promise<boolean> {
	const m = load_mutant(name);
	const what = `${name.padEnd(24)} ${m.scenario.padEnd(20)}`;
	for (const model of MODELS.slice(0, MODELS.indexOf(m.model))) {
		const r = await search(m, model);
		if (!r.failure) continue;
		console.log(
			`killed   ${what} ${model.padEnd(5)} already, its header says ${m.model}: ${r.failure.text}`,
		);
		return false;
	}
	const r = await search(m, m.model);
	const f = r.failure;
	if (!f) {
		console.log(`survives ${what} ${m.model.padEnd(5)} ${far(r)}${m.survives ? `: ${m.survives}` : ""}`);
		return m.survives !== undefined;
	}
	console.log(
		`killed   ${what} ${m.model.padEnd(5)} after ${r.executions} executions, ${f.preemptions} preemptions: ${f.text}${m.survives ? "; its header says that it survives" : ""}`,
	);
	if (update && f.replay !== "") {
		const file = mutant_file(name);
		/* Behind the model, where a new one has none yet. */
		writeFileSync(
			file,
			readFileSync(file, "utf8").replace(
				/^(Model:.*)(\nSchedule:.*)?$/m,
				`$1\nSchedule: ${f.replay}`,
			),
		);
	}
	return m.survives === undefined;
}

const names = command.args.length > 0 ? command.args : mutant_names();
const wrong: string[] = [];
const queue = [...names];
async function worker() {
	for (let name = queue.shift(); name !== undefined; name = queue.shift())
		if (!(await kill(name))) wrong.push(name);
}
try {
	for (const name of names) await mutant_bundle(name);
	await Promise.all([worker(), worker()]);
	const expected = names.filter((n) => load_mutant(n).survives).length;
	console.log(
		`${names.length - wrong.length} of ${names.length} mutants as expected, ${names.length - expected} to be killed and ${expected} to survive${wrong.length ? `; not so: ${wrong.join(", ")}` : ""}`,
	);
	process.exitCode = wrong.length > 0 ? 1 : 0;
} catch (error) {
	if (!(error instanceof UserError)) throw error;
	process.stderr.write(`explore-mutants: ${error.message}\n`);
	process.exitCode = 2;
}
