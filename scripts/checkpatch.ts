// SPDX-License-Identifier: GPL-2.0-only
/**
 * The tree's own rules, as a program: names each place that breaks one, and
 * what to do instead. With --update the list of exceptions is made as short as
 * it can be.
 *
 *   node --import tsx scripts/checkpatch.ts [--update]
 */
import { check_barriers, shrink_unpaired } from "./checkpatch/barriers.ts";
import { check_columns, shrink_columns } from "./checkpatch/columns.ts";
import { EXCEPTIONS, needless, read_exceptions, UPDATE, write_exceptions } from "./checkpatch/exceptions.ts";
import { check_fresh } from "./checkpatch/fresh.ts";
import { check_guards, shrink_unguarded } from "./checkpatch/guards.ts";
import { check_walls, orphans } from "./checkpatch/imports.ts";
import { check_lines } from "./checkpatch/lines.ts";
import { check_subjects } from "./checkpatch/subjects.ts";
import { is_code, read_commands, read_sources, type Tree } from "./checkpatch/tree.ts";
import { is_main } from "./kconfig/is_main.ts";
import { command } from "./lib/command.ts";
import { program } from "./lib/program.ts";
import { here } from "./lib/root.ts";

const code_of = (tree: Tree): Tree => new Map([...tree].filter(([path]) => is_code(path)));

/** What is wrong with the sources. */
export function checkpatch(root: string): string[] {
	const tree = read_sources(root);
	const code = code_of(tree);
	const allowed = read_exceptions(root);
	const alone = orphans(code, read_commands(root));
	return [
		...[...tree].flatMap(([path, text]) => check_lines(path, text)),
		...check_columns(tree, allowed.columns),
		...check_guards(code, allowed.unguarded),
		...check_barriers(code, allowed.unpaired),
		...check_walls(code),
		...check_fresh(code),
		...alone
			.filter((path) => !(path in allowed.orphans))
			.map((path) => `${path}: nobody imports or runs it: remove it, or name it where it is run`),
		...needless(allowed.orphans, alone).map(
			(path) => `${path}: is imported or gone, and ${EXCEPTIONS} still has it: ${UPDATE}`,
		),
	];
}

/** Makes the list of exceptions as short as it can be. */
function update(root: string): void {
	const tree = read_sources(root);
	const old = read_exceptions(root);
	const alone = orphans(code_of(tree), read_commands(root));
	const kept = Object.entries(old.orphans).filter(([path]) => alone.includes(path));
	write_exceptions(root, {
		...old,
		orphans: Object.fromEntries(kept),
		columns: shrink_columns(tree, old.columns),
		unguarded: shrink_unguarded(tree, old.unguarded),
		unpaired: shrink_unpaired(tree, old.unpaired),
	});
}

if (is_main(import.meta.url))
	await program("checkpatch", async () => {
		const { update: shorten } = command("checkpatch", "Checks the rules of this tree.")
			.option("--update", "shorten the list of exceptions")
			.parse()
			.opts();
		const root = here();
		if (shorten) update(root);
		const subjects = check_subjects(root, read_exceptions(root).subjects_after);
		if (subjects.skipped) console.log(`commit subjects: skipped: ${subjects.skipped}`);
		const problems = [...checkpatch(root), ...subjects.problems];
		for (const problem of problems) console.log(problem);
		return problems.length > 0 ? 1 : 0;
	});
