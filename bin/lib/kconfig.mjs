// SPDX-License-Identifier: GPL-2.0-only
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, typescript } from "./typescript.mjs";

/**
 * Runs a command of scripts/kconfig: what make or npm made of it, which starts
 * fast; where nobody has made it yet, its source.
 * @param {string} name of the command
 * @param {string} file without its ending
 */
export async function kconfig(name, file) {
	const made = join(root, "scripts/kconfig/dist", `${file}.mjs`);
	const source = join(root, "scripts/kconfig", `${file}.ts`);
	const program = existsSync(made) ? made : source;
	if (program === source && !(await typescript(name))) return;
	/* A module that can also be imported asks whether it is the program. */
	process.argv[1] = program;
	await import(pathToFileURL(program).href);
}
