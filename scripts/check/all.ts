// SPDX-License-Identifier: GPL-2.0-only
/** The checks that need no program to run: types, format and lint, rules, subjects. */
import { read_exceptions } from "../checkpatch/exceptions.ts";
import { check_subjects } from "../checkpatch/subjects.ts";
import { checkpatch } from "../checkpatch.ts";
import { run } from "../lib/child.ts";
import type { Result } from "./result.ts";
import { check_types } from "./types.ts";

/** Format and lint in one run. */
async function biome(root: string): Promise<Result> {
	const check = ["node_modules/.bin/biome", "check", "--error-on-warnings", "--colors=off", "."];
	const { status, stdout, stderr } = await run(check, { cwd: root });
	return { name: "format and lint", problems: status === 0 ? [] : [stdout + stderr] };
}

/** Each result when it is there, the fast ones first. */
export async function* all_checks(root: string): AsyncGenerator<Result> {
	yield { name: "checkpatch", problems: checkpatch(root) };
	yield { name: "commit subjects", ...check_subjects(root, read_exceptions(root).subjects_after) };
	yield await biome(root);
	yield* check_types(root);
}
