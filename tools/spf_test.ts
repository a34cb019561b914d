// SPDX-License-Identifier: GPL-2.0-only
/** Tests of the command line: mistakes are one line on stderr and exit code 2. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";

const SPF = join(dirname(fileURLToPath(import.meta.url)), "../bin/spf.mjs");

function spf(...args: string[]): { status: number | null; stdout: string; stderr: string } {
	return spawnSync(process.execPath, [SPF, ...args], { cwd: "/", encoding: "utf8" });
}

test("help lists the subcommands, from any directory", (t) => {
	const { status, stdout } = spf("--help");
	t.is(status, 0);
	t.regex(stdout, /^ {2}record [\s\S]*^ {2}replay /m);
});

const mistakes: [string[], RegExp][] = [
	[["frobnicate"], /unknown command/],
	[["replay", "--frobnicate"], /unknown option/],
	[["replay", "--cpus", "0"], /--cpus 0: expected a whole number, at least 1/],
	[["replay", "--cpus", "-1"], /--cpus -1: expected a whole number/],
	[["replay", "--cpus", "two"], /--cpus two: expected a whole number/],
	[["replay", "--cpus", "1.5"], /--cpus 1.5: expected a whole number/],
	[["litmus", "x.jsonl", "--jobs", "0"], /--jobs 0: expected a whole number, at least 1/],
	[["litmus", "x.jsonl", "--model", "arm"], /--model arm: expected one of sc, tso, lkmm/],
	[["replay", "--mem", "x"], /--mem x: expected/],
	[["replay", "--mem", "4097"], /--mem 4097: at most 4096, more cannot be addressed/],
	[["run", "x.mjs", "--mem", "31"], /--mem 31: expected a whole number, at least 32/],
	[
		["replay", "--vmlinux", "/nonexistent/vmlinux.mjs"],
		/\/nonexistent\/vmlinux\.mjs: no such file; build the kernel/,
	],
	[["replay", "--check", "--locks"], /--check --locks: on one CPU nobody waits; leave out one of the two/],
	[["replay", "--compare", "--check"], /--compare --check: leave out one of the two/],
	[["record"], /record: no directory; say .spf record DIR -- COMMAND./],
];
for (const [args, message] of mistakes)
	test(`mistake: spf ${args.join(" ")}`, (t) => {
		const { status, stderr } = spf(...args);
		t.is(status, 2);
		t.regex(stderr, message);
		t.is(stderr.trim().split("\n").length, 1);
	});

test("a recording that does not exist, and a kernel of too few CPUs", (t) => {
	const directory = mkdtempSync(join(tmpdir(), "spf-cli-"));
	const vmlinux = join(directory, "vmlinux.mjs");
	writeFileSync(vmlinux, "");
	t.regex(spf("replay", "--vmlinux", vmlinux).stderr, /auto\.conf: no such file/);
	rmSync(directory, { recursive: true });
});
