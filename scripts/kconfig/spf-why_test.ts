// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of spf-why as a command; what it answers is tested beside why.ts.

import test from "ava";
import type { KconfHost } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import { spf_why_main } from "./spf-why.ts";
import { sandbox } from "./testutil.ts";

const KCONFIG = 'config A\n\tbool "a"\n\nconfig B\n\tbool "b"\n\tdepends on A\n\nconfig HIDDEN\n\tbool\n';
/** Read by 6.12 only: a choice with another word for its prompt. */
const MEMBERS = ["C", "D"].map((name) => `config ${name}\n\tbool "${name}"\n`).join("");
const OLD = `choice\n\tbool "which"\n${MEMBERS}endchoice\n`;

function why(files: Record<string, string>, ...args: string[]) {
	const box = sandbox(files);
	const said = { status: 0, stdout: "", stderr: "" };
	const host: KconfHost = {
		env: { KCONFIG_NOCACHE: "1" },
		cwd: box.dir,
		out: (text) => {
			said.stdout += text;
		},
		err: (text) => {
			said.stderr += text;
		},
	};
	try {
		spf_why_main(args, host);
	} catch (e) {
		if (!(e instanceof ConfExit)) throw e;
		said.status = e.code;
		if (e.message !== "") said.stderr += `${e.message}\n`;
	} finally {
		box.remove();
	}
	return said;
}

test("an answer, the lines alone, and what cannot be had", (t) => {
	const files = { Kconfig: KCONFIG, ".config": "" };
	const { status, stdout, stderr } = why(files, "CONFIG_B");
	t.is(status, 0, stderr);
	t.regex(stdout, /^B is n[\s\S]*set \(2 values[\s\S]*\n {2}CONFIG_A=y\n {2}CONFIG_B=y\n$/);
	const lines = why(
		{ K: KCONFIG, base: "CONFIG_A=y\n" },
		"--kconfig",
		"K",
		"--config",
		"base",
		"--fragment",
		"B",
	);
	t.deepEqual(lines, { status: 0, stdout: "CONFIG_B=y\n", stderr: "" });
	const none = why(files, "--fragment", "HIDDEN");
	t.is(none.status, 3);
	t.regex(none.stderr, /^spf-why: there are no values for HIDDEN=y: [^\n]+\n$/);
});

test("--compat chooses the rules", (t) => {
	const files = { Kconfig: OLD, ".config": "" };
	t.is(why(files, "D").status, 1);
	const { status, stdout } = why(files, "--compat", "6.12", "D");
	t.is(status, 0);
	t.regex(stdout, /\n {2}CONFIG_D=y /);
});

test("mistakes are one line under its own name, and exit status 2", (t) => {
	const files = { Kconfig: KCONFIG, ".config": "" };
	for (const [args, message] of [
		[["--nosuch"], /^spf-why: unknown option '--nosuch' \(see spf-why --help\)\n$/],
		[[], /^spf-why: missing required argument 'symbol' \(see spf-why --help\)\n$/],
		[["--compat", "1", "A"], /^spf-why: --compat 1: not known; known are [^\n]*\n$/],
		[["NOSUCH"], /^NOSUCH: no such symbol[^\n]*\n$/],
		[["--config", "nowhere", "A"], /^nowhere: no such file[^\n]*\n$/],
		[["--kconfig", "nowhere", "A"], /^nowhere: no such file[^\n]*\n$/],
	] as const) {
		const { status, stdout, stderr } = why(files, ...args);
		t.deepEqual({ status, stdout }, { status: 2, stdout: "" }, args.join(" "));
		t.regex(stderr, message);
	}
});

test("files by other rules: those are named that can be explained, and of others that they cannot", (t) => {
	const known = {
		"6.6": 'choice C\n\tprompt "c"\n\toptional\nendchoice\n',
		kconfiglib: "config A\n\tdef_int 3\n",
	};
	for (const [name, Kconfig] of Object.entries(known)) {
		const { status, stderr } = why({ Kconfig, ".config": "" }, "A");
		t.is(status, 1, name);
		if (name === "6.6")
			t.regex(
				stderr,
				/the files can be read by those of \S+ \S+: --compat 6\.6, or KCONFIG_COMPAT=6\.6\n/,
			);
		else t.regex(stderr, /the files can be read by those of \w[^:]*, which cannot be explained\n/);
	}
});
