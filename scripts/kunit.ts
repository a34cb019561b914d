// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make kunit`: boots a kernel with its unit tests built in and prints their
 * KTAP. What is built, and where, is told on stderr.
 */
import { kunit_config, kunit_configs, list_kunit, run_kunit } from "../tools/testing/kunit/run.ts";
import { command } from "./lib/command.ts";
import { UserError } from "./lib/errors.ts";
import { arch_asked } from "./lib/objtree.ts";
import { program } from "./lib/program.ts";

/** Errors name the suites, unless what was asked for names one. */
function nothing(filter: string, all: string[]): UserError {
	const suites = [...new Set(all.map((name) => name.split(".")[0]))];
	const [suite] = filter.split(".");
	const cases = all.filter((name) => name.startsWith(`${suite}.`)).map((name) => name.slice(suite.length + 1));
	if (cases.length > 0)
		return new UserError(`'${filter}': suite ${suite} has no such case; it has ${cases.join(", ")}`);
	return new UserError(`'${filter}': there is no such suite; there are ${suites.join(", ")}`);
}

async function main(): Promise<number> {
	const configs = kunit_configs(arch_asked());
	const kunit = command("kunit", "Runs the unit tests that are built into the kernel, and prints KTAP.")
		.argument("[filter]", "suites and cases: SUITE or SUITE.CASE, each a glob with *, ? and [a-z]", "*")
		.option("--list", "print the names of the cases, SUITE.CASE, and run none")
		.option(
			"--config <name>",
			`the kernel: ${Object.keys(configs).join(", ")} (default: $KUNIT_CONFIG, or debug)`,
		)
		.addHelpText(
			"after",
			"\nExit status: 0; 1 if a case fails; 2 for mistakes.\n\nExamples:\n" +
				["", ' ARGS="mmap"', ' ARGS="mmap.*brk*"', ' ARGS="--list"']
					.map((args) => `  make kunit${args}`)
					.join("\n"),
		)
		.parse();
	const { list, config = process.env.KUNIT_CONFIG || "debug" } = kunit.opts<{
		list?: boolean;
		config?: string;
	}>();
	const [filter = "*"] = kunit.args;
	const tree = {
		...kunit_config(config, arch_asked()),
		tell: (text: string) => void process.stderr.write(text),
	};
	const all = await list_kunit(tree, "");
	const chosen = filter === "*" ? all : await list_kunit(tree, filter);
	if (chosen.length === 0) throw nothing(filter, all);
	if (list) {
		process.stdout.write(chosen.map((name) => `${name}\n`).join(""));
		return 0;
	}
	const { ktap, failed } = await run_kunit(tree, filter);
	process.stdout.write(`${ktap.trimEnd()}\n`);
	return failed > 0 ? 1 : 0;
}

await program("kunit", main);
