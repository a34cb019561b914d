// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make explore-mutants`: each patch of tools/explore/mutants must be killed by
 * its scenario under its model. With --update the schedules that kill are
 * written into the patches, where the test finds them.
 *
 *   node --import tsx scripts/explore-mutants.ts [--update] [MUTANT…]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { explore } from "../tools/explore/explorer.ts";
import { load_mutant, mutant_file, mutant_names, stepper_tree } from "../tools/explore/mutant.ts";
import { objtree } from "./lib/objtree.ts";
import { UserError } from "../tools/replay/errors.ts";
import type { Result } from "../tools/explore/types.ts";

const command = new Command("explore-mutants").argument("[mutant...]").option("--update").option("--seconds <n>", "for each search", "60").parse();
const { update, seconds } = command.opts();

async function kill(name: string): Promise<boolean> {
	const m = load_mutant(name);
	let r: Result | undefined;
	for await (const x of explore({ scenarios: [m.scenario], model: m.model, mutant: name, seconds: Number(seconds), jobs: 1 })) r = x;
	const f = r?.failure;
	const what = `${name.padEnd(24)} ${m.scenario.padEnd(20)} ${m.model.padEnd(5)}`;
	if (!r || !f) {
		console.log(`survives ${what} ${r?.executions} executions${r?.exhausted ? ", exhausted" : ""}`);
		return false;
	}
	console.log(`killed   ${what} after ${r.executions} executions, ${f.preemptions} preemptions: ${f.text}`);
	if (update && f.replay !== "") {
		const file = mutant_file(name);
		writeFileSync(file, readFileSync(file, "utf8").replace(/^Schedule:.*$/m, `Schedule: ${f.replay}`));
	}
	return true;
}

const names = command.args.length > 0 ? command.args : mutant_names();
const survivors: string[] = [];
const queue = [...names];
async function worker() {
	for (let name = queue.shift(); name !== undefined; name = queue.shift()) if (!(await kill(name))) survivors.push(name);
}
try {
	/* Two at once must not build the same tree. */
	for (const config of new Set(names.map((n) => load_mutant(n).config))) await objtree(stepper_tree(config));
	await Promise.all([worker(), worker()]);
	console.log(`${names.length - survivors.length} of ${names.length} mutants killed${survivors.length ? `; survivors: ${survivors.join(", ")}` : ""}`);
	process.exitCode = survivors.length > 0 ? 1 : 0;
} catch (error) {
	if (!(error instanceof UserError)) throw error;
	process.stderr.write(`explore-mutants: ${error.message}\n`);
	process.exitCode = 2;
}
