// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make test`: the checks of `make check`, then every test under AVA. Prints
 * what failed and how, and ends with the line `N passed, N failed`, in which a
 * check counts as a test. With arguments these tests run alone.
 */
import { createInterface } from "node:readline";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { all_checks } from "./check/all.ts";
import { ends_with_us } from "./lib/child.ts";
import { command } from "./lib/command.ts";
import { UserError } from "./lib/errors.ts";
import { objtree } from "./lib/objtree.ts";
import { program } from "./lib/program.ts";
import { here } from "./lib/root.ts";
import { TREES } from "../tools/testing/trees.ts";

/** What AVA is to run, as it is told; empty for all. */
function asked(): string[] {
	const program = command("test", "Runs all checks and tests, or some of the tests.")
		.argument("[tests...]", "files *_test.ts, directories, globs (default: all tests, after the checks)")
		.option(
			"-m, --match <name>",
			"only those of this name, with * for any text; as often as you like",
			(name, others: string[] = []) => [...others, name],
		)
		.addHelpText(
			"after",
			"\nExit status: 0; 1 if a test fails; 2 for mistakes. Other options: npx ava --help",
		)
		.parse();
	const { match = [] } = program.opts<{ match?: string[] }>();
	return [...program.args, ...match.flatMap((name) => ["-m", name])];
}

async function main(): Promise<number> {
	const root = here();
	const part = asked();
	const count = { passed: 0, failed: 0, skipped: 0 };
	/* Before the tests, not beside them: the trees that are built here are those of many tests. */
	if (part.length === 0)
		for await (const { name, problems, skipped } of all_checks(root)) {
			if (skipped) count.skipped++;
			else if (problems.length > 0) count.failed++;
			else count.passed++;
			const how = skipped ? "skipped" : problems.length > 0 ? "not ok" : "ok";
			console.log(`${how} check: ${name}${skipped ? `: ${skipped}` : ""}`);
			for (const problem of problems) console.log(problem);
		}
	const checked = part.length === 0 && count.failed === 0;
	if (checked) {
		process.env.KBUILD_NOCHECK = "all";
		const left = [...TREES];
		const build_all = async () => {
			/* What does not build is a failure of the tests that need it. */
			for (let tree = left.shift(); tree; tree = left.shift()) await objtree(tree).catch(() => {});
		};
		await Promise.all([build_all(), build_all()]);
	}
	const ava = spawn(process.execPath, [join(root, "node_modules/ava/entrypoints/cli.mjs"), "--tap", ...part], {
		cwd: root,
		stdio: ["ignore", "pipe", "inherit"],
		/* What the kernels of the tests are built from has just been looked at: KBUILD_NOCHECK. */
		env: process.env,
	});
	const ended = ends_with_us(ava);
	let failing = false;
	for await (const line of createInterface({ input: ava.stdout })) {
		const [, not, name, directive] = /^(not )?ok \d+ - (.*?)(?: # (SKIP|TODO).*)?$/.exec(line) ?? [];
		if (name !== undefined) {
			failing = false;
			if (directive) {
				count.skipped++;
				console.log(`skipped ${name}`);
			} else if (not) {
				count.failed++;
				failing = true;
				console.log(`not ok ${name}`);
			} else {
				count.passed++;
				console.log(`ok ${name}`);
			}
		} else if (failing || /^#\s{2,}/.test(line)) {
			console.log(line);
		}
	}
	const code = await ended;
	const none = count.passed + count.failed + count.skipped === 0;
	if (none && part.length > 0) throw new UserError(`there is no test ${part.join(" ")}`);
	if (code !== 0 && count.failed === 0) count.failed++; /* a file that did not load */
	if (count.skipped) console.log(`${count.skipped} skipped: they say above what they need`);
	console.log(`${count.passed} passed, ${count.failed} failed`);
	return count.failed ? 1 : 0;
}

await program("test", main);
