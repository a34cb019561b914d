// SPDX-License-Identifier: GPL-2.0-only
//
// What only older trees have, on files of our own. What has to come out is what the conf of
// each tree has made of the same files.

import test from "ava";
import { conf_main } from "../conf.ts";
import { compat_of_version } from "../compat.ts";
import type { Sandbox } from "../testutil.ts";
import { sandbox } from "../testutil.ts";

const CHOICES = `mainmenu "Old choices"
config MODULES
	bool "modules"
	modules
	default y

choice
	tristate "many"
	default TWO

config ONE
	tristate "one"

config TWO
	tristate "two"

config ONLY
	bool "only alone"

endchoice

choice
	bool "none is fine"
	optional

config LEFT
	bool "left"

config RIGHT
	bool "right"

endchoice

config NUM
	int "number"
	range 3 9
	default 5

config NONE
	int "no default"
`;

/** The lines of the .config without its heading. */
function made(box: Sandbox): string[] {
	return (box.read(".config") ?? "").split("\n").slice(4, -1);
}

const unset = (name: string): string => `# CONFIG_${name} is not set`;
const NUMBERS = ["CONFIG_NUM=5", "CONFIG_NONE="];
const ALONE = [unset("ONE"), "CONFIG_TWO=y", unset("ONLY")];
const LEFT = ["CONFIG_LEFT=y", unset("RIGHT")];

const modes: [string, string, string[]][] = [
	["--allyesconfig", "", ["CONFIG_MODULES=y", unset("ONE"), "CONFIG_TWO=y", unset("ONLY"), ...LEFT, ...NUMBERS]],
	["--allmodconfig", "", ["CONFIG_MODULES=y", "CONFIG_ONE=m", "CONFIG_TWO=m", ...LEFT, ...NUMBERS]],
	["--allnoconfig", "", [unset("MODULES"), ...ALONE, ...NUMBERS]],
	["--alldefconfig", "", ["CONFIG_MODULES=y", unset("ONE"), unset("TWO"), ...NUMBERS]],
	[
		"--olddefconfig",
		"CONFIG_ONE=m\nCONFIG_TWO=m\nCONFIG_LEFT=y\nCONFIG_NUM=12\n",
		["CONFIG_MODULES=y", "CONFIG_ONE=m", "CONFIG_TWO=m", ...LEFT, ...NUMBERS],
	],
	[
		"--olddefconfig",
		"CONFIG_ONE=y\nCONFIG_TWO=y\nCONFIG_RIGHT=y\nCONFIG_LEFT=y\n",
		["CONFIG_MODULES=y", ...ALONE, ...LEFT, ...NUMBERS],
	],
];
for (const [mode, config, lines] of modes) {
	test(`6.6: choices that are tristate or optional, ${mode} ${JSON.stringify(config)}`, (t) => {
		const box = sandbox({ Kconfig: CHOICES });
		if (config !== "") box.put(".config", config);
		const { code, err } = box.conf("--compat", "6.6", mode, "Kconfig");
		t.is(code, 0);
		const twice = config.includes("RIGHT");
		const changes = (line: number, name: string) =>
			`.config:${line}:warning: override: ${name} changes choice state\n`;
		t.is(err, twice ? changes(2, "TWO") + changes(4, "LEFT") : "");
		t.deepEqual(made(box), lines);
		box.remove();
	});
}

test("since 6.11 there are no such choices", (t) => {
	const box = sandbox({ Kconfig: CHOICES });
	t.is(box.conf("--compat", "6.12", "--alldefconfig", "Kconfig").code, 1);
	box.remove();
});

test("a kernel of a long-term release is read by its rules", (t) => {
	const box = sandbox({ Kconfig: CHOICES });
	box.env.KERNELVERSION = "6.6.63";
	t.is(box.conf("--alldefconfig", "Kconfig").code, 0);
	box.env.KERNELVERSION = "6.60.1";
	t.is(box.conf("--alldefconfig", "Kconfig").code, 1);
	box.remove();
	t.deepEqual(["6.1.9", "6.12", "7.2-rc1", "6.10", "5.17.2", "1.37.0", ""].map(compat_of_version), [
		"6.1",
		"6.12",
		"7.2",
		null,
		null,
		null,
		null,
	]);
});

const LOOP = [
	"Kconfig:9:error: recursive dependency detected!",
	"Kconfig:9:\tchoice <choice> contains symbol A",
	"Kconfig:1:\tsymbol A depends on B",
	"Kconfig:5:\tsymbol B depends on C",
	"Kconfig:13:\tsymbol C is part of choice <choice>",
];

test("a loop of dependencies is told of with the place of every step", (t) => {
	const members = 'choice\n\tprompt "c"\n\tdepends on A\n\nconfig C\n\tbool "c"\n\nendchoice\n';
	const Kconfig = `config A\n\tbool\n\tdepends on B\n\nconfig B\n\tbool\n\tdepends on C\n\n${members}`;
	const box = sandbox({ Kconfig });
	const { code, err } = box.conf("--compat", "6.6", "--alldefconfig", "Kconfig");
	t.is(code, 1);
	t.deepEqual(err.split("\n").slice(0, 5), LOOP);
	box.remove();
});

test("5.17: a number outside of its range becomes the end as a number", (t) => {
	const Kconfig = 'config H\n\thex "h"\n\trange 0X010 0x20\n\tdefault 0x1\n';
	const box = sandbox({ Kconfig });
	box.conf("--compat", "5.17", "--alldefconfig", "Kconfig");
	t.deepEqual(made(box), ["CONFIG_H=0x10"]);
	t.is(box.read("include/generated/rustc_cfg"), null);
	box.conf("--compat", "6.1", "--alldefconfig", "Kconfig");
	t.deepEqual(made(box), ["CONFIG_H=0X010"]);
	box.remove();
});

const U_BOOT = `config MODULES
	bool modules
	option modules
	default y

choice NAMED
	prompt "Named"

config FIRST
	bool "first"
	---help---
	  Words.

source parts/more.in

endchoice

config select
	bool "a word within a line"

config EASY
	tristate "easy"
	imply EAGER

config EAGER
	tristate "eager"

config TEXT
	string "text"
	default "a\\"b"
`;

test("u-boot: bare texts, ---help---, option modules, a named choice, words by their place", (t) => {
	const box = sandbox({ Kconfig: U_BOOT, "parts/more.in": 'config SECOND\n\tbool "second"\n' });
	t.deepEqual(box.conf("--compat", "u-boot", "--allmodconfig", "Kconfig"), {
		code: 0,
		out: "#\n# configuration written to .config\n#\n",
		err: "",
	});
	const config = ["MODULES=y", "FIRST=y", "SECOND", "select=y", "EASY=m", "EAGER=m", 'TEXT="a"b"'];
	t.deepEqual(
		made(box),
		config.map((line) => (line === "SECOND" ? unset(line) : `CONFIG_${line}`)),
	);
	t.is(box.conf("--compat", "u-boot", "--syncconfig", "Kconfig").code, 0);
	const tail = (name: string, from: number) => box.read(name)?.split("\n").slice(from, -1);
	t.deepEqual(tail("include/config/tristate.conf", 4), ["CONFIG_EAGER=M", "CONFIG_EASY=M"]);
	t.deepEqual(tail("include/generated/autoconf.h", 6), [
		"#define CONFIG_EAGER_MODULE 1",
		"#define CONFIG_MODULES 1",
		'#define CONFIG_TEXT "a"b"',
		"#define CONFIG_EASY_MODULE 1",
		"#define CONFIG_FIRST 1",
		"#define CONFIG_select 1",
	]);
	t.is(box.read("include/config/first.h"), "");
	t.is(box.conf("--compat", "u-boot", "--helpnewconfig", "Kconfig").code, 1);
	box.remove();
});

test("buildroot: symbols from the environment, in a title and in the name of a file", (t) => {
	const Kconfig =
		'mainmenu "Root $VERSION"\n\nconfig VERSION\n\tstring\n\toption env="ROOT_VERSION"\n\n' +
		'source "$VERSION/Config.in"\n\nconfig TEXT\n\tstring "text"\n\tdefault "$VERSION"\n';
	const box = sandbox({ Kconfig, "v1/Config.in": 'config FROM_V1\n\tbool "yes"\n\tdefault y\n' });
	box.env.ROOT_VERSION = "v1";
	t.is(box.conf("--compat", "buildroot", "--alldefconfig", "Kconfig").err, "");
	t.is(box.read(".config")?.split("\n")[2], "# Root v1");
	t.deepEqual(made(box), ["FROM_V1=y", 'TEXT="$VERSION"']);
	box.remove();
});

test("coreboot: a pattern of files, in a choice too, and what is n in the files for the build", (t) => {
	const Kconfig =
		'choice\n\tprompt "board"\nsource "boards/*/Kconfig.name"\nendchoice\n\n' +
		'source "nothing/here/*"\n\nconfig SIZE\n\thex\n\tdepends on BOARD_A\n';
	const box = sandbox({
		Kconfig,
		"boards/b/Kconfig.name": 'config BOARD_B\n\tbool "b"\n',
		"boards/a/Kconfig.name": 'config BOARD_A\n\tbool "a"\n',
		"boards/.hidden/Kconfig.name": "config HIDDEN\n",
	});
	t.is(box.conf("--compat", "coreboot", "--alldefconfig", "Kconfig").err, "");
	t.deepEqual(made(box), ["CONFIG_BOARD_A=y", unset("BOARD_B")]);
	box.env.KCONFIG_NEGATIVES = "1";
	box.conf("--compat", "coreboot", "--syncconfig", "Kconfig");
	t.deepEqual(box.read("include/generated/autoconf.h")?.split("\n").slice(4, -1), [
		"#define CONFIG_BOARD_B 0",
		"#define CONFIG_SIZE 0x0",
		"#define CONFIG_BOARD_A 1",
	]);
	t.deepEqual(box.read("include/config/auto.conf")?.split("\n").slice(4, -1), [
		"CONFIG_BOARD_B=n",
		"CONFIG_SIZE=0x0",
		"CONFIG_BOARD_A=y",
	]);
	box.remove();
});

const BUSYBOX = `mainmenu "ignored"

menu "Things"

config BIG
	boolean "big"
	default y
	help
	Help.

config DEPENDENT
	bool "dependent"
	depends BIG
	enable HELPER

config HELPER
	bool

config COUNT
	int "count"
	default 7
	requires BIG

config HIDDEN
	string
	default "x\\"y"
	depends on !BIG
endmenu
`;

const ROUND = "*\n* Busybox Configuration\n*\n*\n* Things\n*\n";

test("busybox: all questions are printed, every symbol is written, and the header says more", (t) => {
	const box = sandbox({ Kconfig: BUSYBOX, "include/x": "" });
	box.env = { KCONFIG_NOTIMESTAMP: "1", KERNELVERSION: "1.2" };
	const first = "big (BIG) [Y/n/?] (NEW) y\n  dependent (DEPENDENT) [N/y] (NEW) y\ncount (COUNT) [7] (NEW) 7\n";
	const second = "big (BIG) [Y/n/?] y\n  dependent (DEPENDENT) [Y/n] y\ncount (COUNT) [7] 7\n";
	const want = { code: 0, out: ROUND + first + ROUND + second, err: "" };
	t.deepEqual(box.conf("--compat", "busybox", "--allyesconfig", "Kconfig"), want);
	const config = [
		"#",
		"# Things",
		"#",
		"CONFIG_BIG=y",
		"CONFIG_DEPENDENT=y",
		"CONFIG_HELPER=y",
		"CONFIG_COUNT=7",
	];
	t.deepEqual(made(box), ["", ...config, 'CONFIG_HIDDEN=""']);
	const on = (name: string, value: string) =>
		`#define CONFIG_${name} ${value}\n#define ENABLE_${name} 1\n#ifdef MAKE_SUID\n` +
		`# define IF_${name}(...) __VA_ARGS__ "CONFIG_${name}"\n#else\n# define IF_${name}(...) __VA_ARGS__\n` +
		`#endif\n#define IF_NOT_${name}(...)\n`;
	const symbols = [on("BIG", "1"), on("DEPENDENT", "1"), on("HELPER", "1"), on("COUNT", "7"), on("HIDDEN", '""')];
	const top = "/*\n * Automatically generated C config: don't edit\n * Busybox version: 1.2\n */\n";
	const stamp = '#define AUTOCONF_TIMESTAMP ""\n\n\n/*\n * Things\n */\n';
	t.is(box.read("include/autoconf.h"), top + stamp + symbols.join(""));
	t.regex(box.read(".kconfig.d") ?? "", /^deps_config := \\\n\tKconfig\n\n/);
	// The same by the letter that its Makefile gives.
	t.is(box.conf("--compat", "busybox", "-n", "Kconfig").code, 0);
	t.is(made(box)[4], unset("BIG"));
	box.remove();
});

test("files of another project that cannot be read: whose rules can", (t) => {
	const box = sandbox({ Kconfig: U_BOOT, "parts/more.in": 'config SECOND\n\tbool "second"\n' });
	const { code, err } = box.conf("--alldefconfig", "Kconfig");
	t.is(code, 1);
	t.regex(err, /can be read by those of U-Boot: --compat u-boot, or KCONFIG_COMPAT=u-boot\n$/);
	box.remove();
});

test("the member of a choice is asked for, whatever the rules are", (t) => {
	const Kconfig = 'choice\n\tprompt "c"\n\nconfig A\n\tbool "a"\n\nconfig B\n\tbool "b"\n\nendchoice\n';
	for (const compat of ["5.17", "6.6", "6.12", "7.2"]) {
		const box = sandbox({ Kconfig });
		const host = { env: {}, cwd: box.dir, out: () => {}, err: () => {}, read: () => "2\n" };
		conf_main(["--compat", compat, "--oldconfig", "Kconfig"], host);
		t.deepEqual(made(box), [unset("A"), "CONFIG_B=y"], compat);
		box.remove();
	}
});
