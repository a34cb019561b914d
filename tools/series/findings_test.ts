// SPDX-License-Identifier: GPL-2.0-only
/** The commands of findings.md name what is there. That they print what it says is for `make findings`. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { mutant_names, mutant_of } from "../explore/outside/mutant.ts";
import { MODELS } from "../explore/outside/types.ts";
import { all_scenarios } from "../explore/outside/written.ts";
import { here } from "../lib/root.ts";
import { FINDINGS, findings, kept, with_outputs } from "./findings.ts";

const page = readFileSync(join(here(), FINDINGS), "utf8");
const scenarios = all_scenarios();

/** What is wrong with what Node.js is started with for a command. */
function mistakes([file, ...args]: string[]): string[] {
	const all = mutant_names();
	if (file === "--import") return args.slice(2).filter((name) => !all.includes(name));
	const [name, ...words] = args;
	if (file !== "bin/spf.mjs" || name !== "explore") return ["is not looked at here"];
	const found: string[] = [];
	let arch = "x86";
	let mutant: string | undefined;
	while (words.length > 0) {
		const word = words.shift() ?? "";
		if (!word.startsWith("--")) {
			if (!scenarios.has(word)) found.push(`no scenario ${word}`);
			continue;
		}
		const value = words.shift() ?? "";
		if (word === "--arch") arch = value;
		else if (word === "--mutant") mutant = value;
		else if (word === "--model" && MODELS.some((m) => m === value)) continue;
		else if (word === "--config" && existsSync(join(here(), "configs", value))) continue;
		else if (/^--(jobs|bound|budget)$/.test(word) && /^\d+$/.test(value)) continue;
		else found.push(`no ${word} ${value}`);
	}
	if (!existsSync(join(here(), "arch", arch, "Kconfig"))) found.push(`no architecture ${arch}`);
	else if (mutant !== undefined)
		if (!all.includes(mutant)) found.push(`no mutant ${mutant}`);
		else if (mutant_of(mutant, arch).survives) found.push(`${mutant} survives`);
	return found;
}

test("every command names what is there", (t) => {
	const all = findings(page);
	t.true(all.length > 5);
	t.is(all.length, page.match(/^\$ /gm)?.length ?? 0, "a command outside of a block");
	for (const { command, argv, said } of all) {
		t.deepEqual(mistakes(argv), [], command);
		t.true(said.length > 0, `${command}: what it prints is missing`);
		for (const line of said)
			if (line.includes(": explored ")) t.true(argv.includes(line.split(":")[0]), line);
		const fails = said.some((line) => /, 1 failure$|^killed /.test(line));
		t.is(fails, /mutant/.test(command), `${command}: fails without a mutant, or not with one`);
	}
});

test("a command that names what is not there is noticed", (t) => {
	const wrong = (command: string) =>
		findings(`\`\`\`\n$ ${command}\n\`\`\`\n`).flatMap(({ argv }) => mistakes(argv));
	t.deepEqual(wrong("npx spf explore no-such --model sc"), ["no scenario no-such"]);
	t.deepEqual(wrong("npx spf explore fault-munmap --model arm"), ["no --model arm"]);
	t.deepEqual(wrong("npx spf explore fault-munmap --mutant no-such"), ["no mutant no-such"]);
	t.deepEqual(wrong("npx spf explore fault-munmap --arch z80"), ["no architecture z80"]);
	t.deepEqual(wrong('make explore-mutants ARGS="skip-seq2 no-such"'), ["no-such"]);
	t.deepEqual(wrong("make frobnicate"), ["is not looked at here"]);
});

test("what is kept of an output", (t) => {
	const output = [
		"a-b: explored 10 executions (2 blocked), exhausted, 2 CPUs, SC, 0 failures, 99/s",
		"",
		"a-b: a check fails",
		"SC, 2 CPUs; execution 10, 99/s",
		"  check failed: it is wrong",
		"",
		"       CPU0",
		"minimised: 1 preemption, 2 CPUs, 56 steps",
		"npx spf explore a-b --replay 'spf1:x'",
	].join("\n");
	const lines = [
		"a-b: explored 10 executions (2 blocked), exhausted, 2 CPUs, SC, 0 failures",
		"a-b: a check fails",
		"  check failed: it is wrong",
		"minimised: 1 preemption, 2 CPUs, 56 steps",
	];
	t.deepEqual(kept(output), lines);
	const text = "x\n```\n$ npx spf explore a-b\nold\n```\ny\n";
	t.is(with_outputs(text, [["new"]]), "x\n```\n$ npx spf explore a-b\nnew\n```\ny\n");
	const argv = ["bin/spf.mjs", "explore", "a-b"];
	t.deepEqual(findings(text), [{ command: "npx spf explore a-b", argv, said: ["old"] }]);
});
