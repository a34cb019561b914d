// SPDX-License-Identifier: GPL-2.0-only
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, typescript } from "./typescript.mjs";

const sources = join(root, "scripts/kconfig");

/**
 * Is it there, and no source newer?
 * @param {string} made
 */
function current(made) {
	const { mtimeMs: since } = statSync(made, { throwIfNoEntry: false }) ?? {};
	if (since === undefined) return false;
	const older = (/** @type {string} */ name) => statSync(join(sources, name)).mtimeMs <= since;
	return readdirSync(sources, { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".ts") && !name.endsWith("_test.ts") && !name.startsWith("dist"))
		.every(older);
}

/**
 * Runs a command of scripts/kconfig: what make or npm made of it, which starts
 * fast; where nobody has made it yet, or only an older one, its source.
 * @param {string} name of the command
 * @param {string} file without its ending
 */
export async function kconfig(name, file) {
	const made = join(sources, "dist", `${file}.mjs`);
	const source = join(sources, `${file}.ts`);
	const program = current(made) ? made : source;
	if (program === source && !(await typescript(name))) return;
	/* A module that can also be imported asks whether it is the program. */
	process.argv[1] = program;
	await import(pathToFileURL(program).href);
}
