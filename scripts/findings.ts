// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make findings`: runs every command of Documentation/findings.md, and compares what it prints with what the page
 * says. `--update` puts what they print now into the page.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FINDINGS, findings, kept, with_outputs } from "../tools/series/findings.ts";
import { run } from "./lib/child.ts";
import { command } from "./lib/command.ts";
import { UserError } from "./lib/errors.ts";
import { write_file } from "./lib/files.ts";
import { program } from "./lib/program.ts";
import { here } from "./lib/root.ts";

async function main(): Promise<number> {
	const { update } = command("findings", "Runs the commands of Documentation/findings.md.")
		.option("--update", "put what they print into the page")
		.parse()
		.opts<{ update?: boolean }>();
	const path = join(here(), FINDINGS);
	const page = readFileSync(path, "utf8");
	const outputs: string[][] = [];
	let others = 0;
	for (const { command: asked, argv, said } of findings(page)) {
		const { status, stdout, stderr } = await run([process.execPath, ...argv], { cwd: here() });
		if (status === 2) throw new UserError(`${asked}: ${stderr.trim().split("\n").at(-1)}`);
		if (status > 128) throw new UserError(`${asked}: ended by signal ${status - 128}`);
		const lines = kept(stdout);
		outputs.push(lines);
		const same = lines.join("\n") === said.join("\n");
		if (!same) others++;
		console.log(`${same ? "as it says" : update ? "updated" : "otherwise"}: ${asked}`);
		if (!same && !update) console.log(lines.map((line) => `  ${line}`).join("\n"));
	}
	if (update && others > 0) write_file(path, with_outputs(page, outputs));
	console.log(`${outputs.length - others} of ${outputs.length} commands print what ${FINDINGS} says`);
	return others > 0 && !update ? 1 : 0;
}

await program("findings", main);
