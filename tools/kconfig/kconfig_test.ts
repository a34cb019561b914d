// SPDX-License-Identifier: GPL-2.0-only
/** Tests of `spf kconfig why` as a command: answers, mistakes and exit codes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";

const SPF = join(dirname(fileURLToPath(import.meta.url)), "../../bin/spf.mjs");
const KCONFIG =
	'config ALPHA\n\tbool "alpha"\n\nconfig BETA\n\tbool "beta"\n\tdepends on ALPHA\n\nconfig GAMMA\n\tbool\n';

const why = (files: Record<string, string>, ...args: string[]) => why_in(files, { KCONFIG_NOCACHE: "1" }, ...args);

function why_in(files: Record<string, string>, more: Record<string, string>, ...args: string[]) {
	const cwd = mkdtempSync(join(tmpdir(), "spf-why-"));
	for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
	const env = { PATH: process.env.PATH, ...more };
	const { status, stdout, stderr } = spawnSync(process.execPath, [SPF, "kconfig", "why", ...args], {
		cwd,
		env,
		encoding: "utf8",
	});
	rmSync(cwd, { recursive: true });
	return { status, stdout, stderr };
}

test("of this tree's own files, without make", (t) => {
	const { status, stdout, stderr } = spawnSync(
		process.execPath,
		[SPF, "kconfig", "why", "--config", "configs/x86_64_defconfig", "SPECULATIVE_PAGE_FAULT"],
		{ cwd: join(dirname(SPF), ".."), env: { PATH: process.env.PATH }, encoding: "utf8" },
	);
	t.is(stderr, "");
	t.is(status, 0);
	t.regex(stdout, /^SPECULATIVE_PAGE_FAULT is y /);
});

test("several symbols, and the lines to append", (t) => {
	const files = { Kconfig: KCONFIG, ".config": "" };
	const both = why(files, "CONFIG_BETA", "ALPHA");
	t.is(both.status, 0);
	t.is(both.stderr, "");
	t.regex(both.stdout, /^BETA is n[\s\S]*\nALPHA is n[\s\S]*\nTo have BETA=y and ALPHA=y, set \(2 values;/);
	t.regex(both.stdout, /; fewer will not do\):\n {2}CONFIG_ALPHA=y\n {2}CONFIG_BETA=y\n$/);
	const lines = why(
		{ K: KCONFIG, "my.config": "CONFIG_ALPHA=y\n" },
		"--kconfig",
		"K",
		"--config",
		"my.config",
		"--fragment",
		"BETA",
	);
	t.deepEqual(lines, { status: 0, stdout: "CONFIG_BETA=y\n", stderr: "" });
});

test("several symbols are one question, and it is said what cannot be had", (t) => {
	const files = { Kconfig: KCONFIG, ".config": "" };
	const text = why(files, "BETA", "ALPHA=n");
	t.is(text.status, 3);
	t.regex(
		text.stdout,
		/values with which to have BETA=y and ALPHA=n:\n {2}each can be had by itself\n {2}it would need ALPHA to be y, which is asked to be n\n$/,
	);
	const lines = why(files, "--fragment", "BETA", "ALPHA=n");
	t.is(lines.status, 3);
	t.is(lines.stdout, "");
	t.regex(lines.stderr, /^spf: there are no values for BETA=y ALPHA=n together: [^\n]+\n$/);
	const one = why(files, "--fragment", "ALPHA", "GAMMA");
	t.is(one.status, 3);
	t.is(one.stdout, "");
	t.regex(one.stderr, /for ALPHA=y GAMMA=y together: GAMMA=y cannot be had by itself: GAMMA has no prompt/);
	t.regex(
		why(files, "ALPHA=y", "ALPHA=n").stderr,
		/^.*ALPHA: asked for as y and as n; it can only have one value\n$/,
	);
	t.deepEqual(why(files, "--fragment", "ALPHA=n", "BETA=n"), { status: 0, stdout: "", stderr: "" });
});

test("a reader that has had enough ends it without a word", (t) => {
	const files = { Kconfig: KCONFIG.replace("alpha", "x".repeat(1 << 18)), ".config": "" };
	const cwd = mkdtempSync(join(tmpdir(), "spf-why-"));
	for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
	const command = `"${process.execPath}" "${SPF}" kconfig why ALPHA | head -c 8`;
	const { stdout, stderr } = spawnSync("sh", ["-c", command], { cwd, encoding: "utf8" });
	rmSync(cwd, { recursive: true });
	t.deepEqual({ stdout, stderr }, { stdout: "ALPHA is", stderr: "" });
});

test("what cannot be had is exit code 3", (t) => {
	const { status, stdout } = why({ Kconfig: KCONFIG, ".config": "" }, "GAMMA");
	t.is(status, 3);
	t.regex(stdout, /There are no values with which to have GAMMA=y/);
});

test("a loop is shown after the message of the parser", (t) => {
	const Kconfig = 'config A\n\tbool "a"\n\tdepends on B\n\nconfig B\n\tbool "b"\n\tdepends on A\n';
	const { status, stderr } = why({ Kconfig, ".config": "" }, "A");
	t.is(status, 1);
	t.regex(
		stderr,
		/recursive dependency detected![\s\S]*dependency loop of 2 steps:\n {2}A depends on B \(Kconfig:1\)\n {2}B depends on A \(Kconfig:5\)\n$/,
	);
});

test("the rules of a release", (t) => {
	const Kconfig = "config OLD\n\tbool\n\ttransitional\n";
	t.is(why({ Kconfig, ".config": "" }, "--compat", "6.12", "OLD").status, 1);
	t.is(why({ Kconfig, ".config": "" }, "--compat", "7.2", "OLD").status, 3);
	/* Those before 6.11, too. */
	const old = why({ Kconfig: "config OLD\n\tbool\n", ".config": "" }, "--compat", "6.6", "OLD");
	t.is(old.status, 3);
	t.is(old.stderr, "");
});

test("hints are about what is wrong", (t) => {
	const files = { Kconfig: 'source "arch/$(SRCARCH)/Kconfig"\n', ".config": "" };
	const hint = (env: Record<string, string>, kconfig = files.Kconfig) =>
		why_in({ ...files, Kconfig: kconfig }, { KCONFIG_NOCACHE: "1", ...env }, "A")
			.stderr.split("\n")
			.slice(1);
	t.deepEqual(hint({ ARCH: "x86_64" }), [
		"spf: SRCARCH is not set, and these files ask for it, e.g. SRCARCH=x86",
		"",
	]);
	const both = "ARCH and SRCARCH are not set, and these files ask for them, e.g. ARCH=x86 SRCARCH=x86";
	t.deepEqual(hint({}, `comment "for $(ARCH)"\nsource "arch/$(SRCARCH)/Kconfig"\n`), [`spf: ${both}`, ""]);
	t.deepEqual(hint({ ARCH: "x86_64", SRCARCH: "x86_64" }), [
		"spf: there is no arch/x86_64; SRCARCH is the directory, e.g. x86 for ARCH=x86_64",
		"",
	]);
	t.notRegex(hint({ KERNELVERSION: "6.12.0" }, "config A\n\tno such thing\n").join("\n"), /rules of Linux/);
	const old = hint({ KERNELVERSION: "6.11.0" }, 'choice\n\tbool "c"\nconfig A\n\tbool "a"\nendchoice\n');
	t.regex(old.join("\n"), /: --compat 6\.12,/);
});

test("what commands printed is remembered", (t) => {
	const Kconfig = 'config X\n\tstring\n\tdefault "$(shell,echo said)"\n';
	const cache = mkdtempSync(join(tmpdir(), "spf-why-cache-"));
	const files = { Kconfig, ".config": "" };
	t.regex(why_in(files, { XDG_CACHE_HOME: cache }, "X").stdout, /^X is "said"/);
	t.is(readdirSync(join(cache, "spf-kconfig")).length, 1);
	rmSync(cache, { recursive: true });
});

const mistakes: [string, Record<string, string>, string[], RegExp][] = [
	["unknown symbol", { Kconfig: KCONFIG, ".config": "" }, ["ALPAH"], /ALPAH: no such symbol.*did you mean ALPHA/],
	["bad value", { Kconfig: KCONFIG, ".config": "" }, ["ALPHA=m"], /a bool takes y or n/],
	["no Kconfig", { ".config": "" }, ["ALPHA"], /Kconfig: no such file here; name it with --kconfig/],
	["no .config", { Kconfig: KCONFIG }, ["ALPHA"], /\.config: no such file; make one/],
	[
		"unknown release",
		{ Kconfig: KCONFIG, ".config": "" },
		["--compat", "5.4", "ALPHA"],
		/--compat 5\.4: not known; known are 5\.17, .*busybox$/m,
	],
	["no symbol", { Kconfig: KCONFIG, ".config": "" }, [], /missing required argument/],
	["unknown option", { Kconfig: KCONFIG, ".config": "" }, ["--frob", "ALPHA"], /unknown option/],
];
for (const [title, files, args, message] of mistakes)
	test(`mistake: ${title}`, (t) => {
		const { status, stderr } = why(files, ...args);
		t.is(status, 2);
		t.regex(stderr, message);
		t.is(stderr.trim().split("\n").length, 1);
	});
