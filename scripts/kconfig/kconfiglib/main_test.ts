// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of --compat kconfiglib. With KCONFIGLIB, the directory of that library, what it writes and
// prints for the same files is compared.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import test from "ava";
import { type Sandbox, sandbox } from "../testutil.ts";

const KCONFIG = `mainmenu "all of it"
source "inc/*.kconf"
osource "nowhere/*"
prefix := CFG
config $(prefix)_NAMED
	def_bool y
config MODULES
	bool "modules"
	option modules
	default y
config FROM_ENV
	string
	option env="FROM_ENV"
config NUMBER
	int "number"
	range 3 9
	default 1
config HEXA
	def_hex 0x1f
config WORDS
	def_string "\\$(keep) $HERE and \${HERE}"
choice PICK
	prompt "pick"
	optional
config P1
	bool "p1"
config P2
	bool "p2"
endchoice
choice
	tristate "three"
config T1
	tristate "t1"
config T2
	tristate "t2"
endchoice
menu unquoted
config DEEP
	tristate "deep"
	depends on P1 || T1
	---help---
	  Words.

	  More.
config DEEPER
	bool "deeper"
	depends on DEEP
	select CHOSEN
	imply WISHED if NUMBER > 4
endmenu
comment "after"
	depends on DEEP
config CHOSEN
	bool
	depends on P2
config WISHED
	bool "wished"
config ALWAYS
	bool "always"
	option allnoconfig_y
if P1 = y && !P2
rsource "inc/sub/Kconfig"
endif
`;

const FILES = {
	Kconfig: KCONFIG,
	"inc/b.kconf": 'config B\n\tbool "b"\n\tdefault y if $(shell,echo y)\n',
	"inc/a.kconf":
		'config A\n\ttristate "a"\n\tdepends on B || m\nfn = $(1)-$(2)\nconfig S\n\tstring "$(fn,x,y)"\n',
	"inc/.hidden.kconf": "config\n",
	"inc/sub/Kconfig": 'config SUB\n\tbool "sub"\n\torsource "none"\n'.replace(
		'\torsource "none"\n',
		'orsource "none"\n',
	),
	base:
		'CONFIG_P1=y\nCONFIG_A=m\nCONFIG_S="a \\"b\\""\nCONFIG_NUMBER=12\n' +
		"CONFIG_T2=m\nCONFIG_DEEP=y\nCONFIG_DEEPER=y\n",
};

function open(t: { teardown(work: () => void): void }, files: Record<string, string> = FILES): Sandbox {
	const box = sandbox(files);
	t.teardown(() => box.remove());
	box.env = { HERE: "there", FROM_ENV: "e" };
	return box;
}

const run = (box: Sandbox, ...args: string[]) => box.conf("--compat", "kconfiglib", ...args, "Kconfig");

test("the language: globs, names of choices, option, def_int, help with dashes", (t) => {
	const box = open(t);
	const { code, out, err } = run(box, "--alldefconfig");
	t.is(code, 0, err);
	t.is(out, "Configuration saved to '.config'\n");
	t.regex(err, /^Kconfig:37: warning: style: quotes recommended around 'unquoted' in 'menu unquoted'$/m);
	t.regex(err, /^warning: default value 1 on NUMBER \(defined at Kconfig:14\) clamped to 3 due to/m);
	const text = box.read(".config") ?? "";
	t.true(text.startsWith("# CONFIG_A is not set\n"));
	t.true(text.indexOf("CONFIG_A ") < text.indexOf("CONFIG_B="));
	for (const line of ["CFG_NAMED=y", "NUMBER=3", "HEXA=0x1f", 'WORDS="$(keep) there and there"'])
		t.true(text.includes(`CONFIG_${line}\n`), line);
	// A choice that is m: members are m only if somebody says so.
	t.true(text.includes("# CONFIG_T1 is not set\n"));
	t.notRegex(text, /FROM_ENV|P1=y|P2=y/);
	t.regex(text, /\n#\n# unquoted\n#\n[\s\S]*# end of unquoted\n/);
});

test("modes: all no, all yes, a configuration, a minimal one", (t) => {
	const box = open(t);
	const value = (name: string) =>
		new RegExp(`^(?:CONFIG_${name}=(.*)|# CONFIG_${name} is)`, "m").exec(box.read(".config") ?? "");
	t.is(run(box, "--allnoconfig").code, 0);
	t.is(value("ALWAYS")?.[1], "y");
	t.is(value("B")?.[1], undefined);
	t.is(run(box, "--allyesconfig").code, 0);
	t.deepEqual([value("P1")?.[1], value("T1")?.[1], value("T2")?.[1]], ["y", "y", undefined]);
	const { out, err } = run(box, "--defconfig=base");
	t.is(out, "Loaded configuration 'base'\nConfiguration saved to '.config'\n");
	t.regex(err, /user value 12 on the int symbol NUMBER [^\n]* falling back on defaults\n/);
	t.regex(err, /^warning: CHOSEN \(defined at [^)]*\) has direct dependencies P2 with value n, but is/m);
	t.deepEqual([value("A")?.[1], value("T2")?.[1], value("CHOSEN")?.[1]], ["m", "m", "y"]);
	t.is(run(box, "-s", "--savedefconfig=min").out, "");
	t.regex(box.read("min") ?? "", /^CONFIG_A=m\nCONFIG_S="a \\"b\\""\n/);
	t.is(
		run(box, "--olddefconfig").out,
		"Loaded configuration '.config'\nNo change to configuration in '.config'\n",
	);
});

test("mistakes are one line", (t) => {
	for (const [text, message] of [
		['source "nowhere"\n', /^Kconfig:1: 'nowhere' not found \(in 'source "nowhere"'\)/],
		["config\n", /^Kconfig:1: couldn't parse 'config': missing or bad symbol name\n$/],
		["endif\n", /no corresponding 'if'\n$/],
		['menu "x"\n', /expected 'endmenu' at end of 'Kconfig'\n$/],
		['config A\n\tbool "a\n', /unterminated string\n$/],
		["config A\n\tdepends on A B\n", /extra tokens at end of line\n$/],
		["A = $(A)\nB := $(A)\n", /variable A recursively references itself\n$/],
		['source "Kconfig"\n', /recursive 'source' of 'Kconfig' detected/],
		["$(error-if,y,stop)\n", /^Kconfig:1: stop\n$/],
	] as const) {
		const box = open(t, { Kconfig: text });
		const { code, err } = run(box, "--alldefconfig");
		t.is(code, 1, text);
		t.regex(err, message);
	}
	const loop = open(t, { Kconfig: "config A\n\tdef_bool B\nconfig B\n\tdef_bool A\n" });
	t.regex(
		run(loop, "--alldefconfig").err,
		/^entries or expressions are nested, or depend on each other[^\n]*\n$/,
	);
	const box = open(t);
	t.is(run(box, "--oldconfig").code, 2);
	t.is(run(box, "--defconfig=nowhere").code, 1);
});

const PYTHON = spawnSync("python3", ["-c", "pass"]).status === 0;

(PYTHON ? test : test.skip)("functions of a Python module, and one that is not there", (t) => {
	const box = open(t, {
		"mine.py":
			"def twice(kconf, name, text, more=''):\n" +
			"    return '%s%s%s %s:%d' % (text, text, more, kconf.filename, kconf.linenr)\n" +
			"def broken(kconf, name):\n    raise ValueError('no')\n" +
			"functions = {'twice': (twice, 1, 2), 'broken': (broken, 0, 0)}\n",
		Kconfig: 'config A\n\tstring\n\tdefault "$(twice,é,$(twice,b))"\n',
	});
	/* Not what make exports: srctree would lead to this project's own files. */
	const { PATH, HOME } = process.env;
	box.env = { PATH, HOME, PYTHONPATH: box.dir, KCONFIG_FUNCTIONS: "mine" };
	const { code, err } = run(box, "--alldefconfig");
	t.is(code, 0, err);
	t.is(box.read(".config"), 'CONFIG_A="ééé'.slice(0, -1) + 'bb Kconfig:3 Kconfig:3"\n');
	box.put("Kconfig", "X := $(broken)\n");
	t.is(run(box, "--alldefconfig").err, "Kconfig:1: $(broken): ValueError: no\n");
	box.put("Kconfig", "X := $(twice)\n");
	t.regex(run(box, "--alldefconfig").err, /bad number of arguments in call to twice, expected 1-2, got 0\n$/);
	box.env.KCONFIG_FUNCTIONS = "nobody";
	const none = run(box, "--alldefconfig");
	t.is(none.code, 2);
	t.regex(none.err, /^KCONFIG_FUNCTIONS=nobody: ModuleNotFoundError: [^\n]*\n$/);
});

const REFERENCE = process.env.KCONFIGLIB;
(REFERENCE ? test : test.skip)("beside Kconfiglib itself (KCONFIGLIB=DIR)", (t) => {
	const box = open(t);
	for (const mode of ["alldefconfig", "allnoconfig", "allyesconfig", "allmodconfig", "olddefconfig"]) {
		const files = ["ts", "py"].map((who) => {
			const name = `${who}.config`;
			box.env.KCONFIG_CONFIG = name;
			if (mode === "olddefconfig") box.put(name, FILES.base);
			if (who === "ts") return { text: "", said: run(box, `--${mode}`).err, name };
			const env = { ...box.env, PATH: process.env.PATH };
			const args = [join(REFERENCE as string, `${mode}.py`), "Kconfig"];
			const { stderr } = spawnSync("python3", args, { cwd: box.dir, env, encoding: "utf8" });
			return { text: "", said: stderr, name };
		});
		const [ts, py] = files.map(({ name }) => box.read(name));
		t.is(ts, py, mode);
		const lines = (text = "") =>
			text
				.replaceAll(/\b(ts|py)\.config/g, "X")
				.split("\n")
				.sort();
		t.deepEqual(lines(files[0]?.said), lines(files[1]?.said), mode);
	}
});
