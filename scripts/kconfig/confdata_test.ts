// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of confdata.ts, conf_auto.ts and conf.ts: the files, the messages and exit statuses.

import { chmodSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { get, load, set, write } from "./engine.ts";
import { srand } from "./rand.ts";
import { sandbox } from "./testutil.ts";

const KCONFIG = `mainmenu "Linux/$(ARCH) 1.0 Kernel Configuration"
config A
	bool "a"
	default y
config HIDDEN
	int
menu "Numbers"
config N
	int "n"
	default 3
config H
	hex "h"
	default 1F
endmenu
config S
	string "s"
	default "a \\"b\\" \\\\"
config OFF
	bool "off"
`;

const HEAD = `#
# Automatically generated file; DO NOT EDIT.
# Linux/x86 1.0 Kernel Configuration
#
`;

function box_with(files: Record<string, string> = {}) {
	const box = sandbox({ Kconfig: KCONFIG, ...files });
	box.env = { ARCH: "x86" };
	return box;
}

test(".config: head, menus, order, quoting, n, nothing for what has no value", (t) => {
	const box = box_with();
	const { code, out } = box.conf("--alldefconfig", "Kconfig");
	t.is(code, 0);
	t.is(out, "#\n# configuration written to .config\n#\n");
	t.is(
		box.read(".config"),
		`${HEAD}CONFIG_A=y\n\n#\n# Numbers\n#\nCONFIG_N=3\nCONFIG_H=1F\n# end of Numbers\n\n` +
			'CONFIG_S="a \\"b\\" \\\\"\n# CONFIG_OFF is not set\n',
	);
	t.is(box.conf("--olddefconfig", "Kconfig").out, "#\n# No change to .config\n#\n");
	t.is(box.conf("-s", "--allnoconfig", "Kconfig").out, "");
	t.regex(box.read(".config.old") ?? "", /^CONFIG_A=y$/m);
	box.remove();
});

test("allyesconfig, allnoconfig, and KCONFIG_CONFIG", (t) => {
	const box = box_with();
	box.env.KCONFIG_CONFIG = "sub/my.config";
	t.is(box.conf("--allyesconfig", "Kconfig").out, "#\n# configuration written to sub/my.config\n#\n");
	t.regex(box.read("sub/my.config") ?? "", /^CONFIG_OFF=y$/m);
	box.conf("--allnoconfig", "Kconfig");
	t.regex(box.read("sub/my.config") ?? "", /^# CONFIG_A is not set$/m);
	t.is(box.read(".config"), null);
	box.remove();
});

test("savedefconfig keeps what differs from the defaults, defconfig takes it back", (t) => {
	const box = box_with({ ".config": '# CONFIG_A is not set\nCONFIG_N=3\nCONFIG_S="x"\n' });
	t.is(box.conf("--savedefconfig=mini", "Kconfig").code, 0);
	t.is(box.read("mini"), '# CONFIG_A is not set\nCONFIG_S="x"\n');
	box.conf("--defconfig=mini", "Kconfig");
	t.regex(box.read(".config") ?? "", /^# CONFIG_A is not set\n[\s\S]*^CONFIG_S="x"$/m);
	box.remove();
});

test("listnewconfig lists what the file does not mention", (t) => {
	const box = box_with({ ".config": "CONFIG_A=y\nCONFIG_N=3\n" });
	t.is(box.conf("--listnewconfig", "Kconfig").out, 'CONFIG_H=1F\nCONFIG_S="a \\"b\\" \\\\"\nCONFIG_OFF=n\n');
	box.remove();
});

test("lines without sense are warnings with their place", (t) => {
	const box = box_with({
		".config": 'CONFIG_A=y\r\nnonsense\nCONFIG_N=007\nCONFIG_A=m\nCONFIG_S="open\n# CONFIG_A=n\n',
	});
	const { err, code } = box.conf("--olddefconfig", "Kconfig");
	t.is(code, 0);
	t.is(
		err,
		".config:2:warning: unexpected data: nonsense\n" +
			".config:3:warning: symbol value '007' invalid for N\n" +
			".config:4:warning: override: reassigning to symbol A\n" +
			".config:4:warning: symbol value 'm' invalid for A\n" +
			".config:5:warning: invalid string found\n",
	);
	box.env.KCONFIG_WERROR = "1";
	box.put(".config", "nonsense\n");
	t.is(box.conf("--olddefconfig", "Kconfig").code, 1);
	t.is(box.read(".config"), "nonsense\n");
	box.remove();
});

const AUTOTS = "include/generated/autoconf.ts";

test("syncconfig: autoconf.ts has every symbol, sorted and typed", (t) => {
	const box = box_with();
	box.env.KCONFIG_AUTOTS = AUTOTS;
	t.is(box.conf("--alldefconfig", "Kconfig").code, 0);
	const { out, code } = box.conf("--syncconfig", "Kconfig");
	t.is(code, 0);
	t.is(out, "");
	const [head, body] = (box.read(AUTOTS) ?? "").split("\n\n");
	t.regex(head as string, /Automatically generated file; DO NOT EDIT/);
	t.regex(head as string, /scripts\/kconfig\/conf\.ts/);
	t.is(
		body,
		"export const CONFIG_A: boolean = true;\n" +
			"export const CONFIG_H: number = 0x1F;\n" +
			"export const CONFIG_HIDDEN: number = 0;\n" +
			"export const CONFIG_N: number = 3;\n" +
			"export const CONFIG_OFF: boolean = false;\n" +
			'export const CONFIG_S: string = "a \\"b\\" \\\\";\n',
	);
	const auto = (box.read("include/config/auto.conf") ?? "").slice(HEAD.length).trimEnd();
	t.deepEqual(auto.split("\n").sort(), ["CONFIG_A=y", "CONFIG_H=1F", "CONFIG_N=3", 'CONFIG_S=a "b" \\']);
	box.remove();
});

test("syncconfig: autoconf.ts is written only when it changes, and changes are touched", (t) => {
	const box = box_with();
	box.env.KCONFIG_AUTOTS = AUTOTS;
	box.conf("--alldefconfig", "Kconfig");
	const path = join(box.dir, AUTOTS);
	utimesSync(path, 1, 1);
	utimesSync(join(box.dir, "include/config/N"), 1, 1);
	box.conf("--syncconfig", "Kconfig");
	t.is(statSync(path).mtimeMs, 1000);
	t.is(statSync(join(box.dir, "include/config/N")).mtimeMs, 1000);
	box.put(".config", (box.read(".config") ?? "").replace("CONFIG_N=3", "CONFIG_N=4"));
	box.conf("--syncconfig", "Kconfig");
	t.not(statSync(path).mtimeMs, 1000);
	t.not(statSync(join(box.dir, "include/config/N")).mtimeMs, 1000);
	t.regex(box.read(AUTOTS) ?? "", /CONFIG_N: number = 4;/);
	box.remove();
});

test("randconfig: the seed decides, as with the C library", (t) => {
	const rand = srand(1);
	t.deepEqual([rand(), rand(), rand()], [1804289383, 846930886, 1681692777]);
	const box = box_with();
	box.env.KCONFIG_SEED = "0x2A";
	t.is(box.conf("-s", "--randconfig", "Kconfig").out, "KCONFIG_SEED=0x2A\n");
	const first = box.read(".config");
	box.conf("-s", "--randconfig", "Kconfig");
	t.is(box.read(".config"), first);
	box.remove();
});

test("randconfig: a member of a choice that is there twice", (t) => {
	const member = (name: string) => `config ${name}\n\tbool "${name}"\n`;
	const members = ["A", "B", "C", "B", "D"].map(member).join("");
	const box = sandbox({ Kconfig: `choice\n\tprompt "c"\n${members}endchoice\n` });
	const chosen = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => {
		box.env.KCONFIG_SEED = `${seed}`;
		box.conf("--compat", "6.12", "-s", "--randconfig", "Kconfig");
		return /CONFIG_(.)=y/.exec(box.read(".config") ?? "")?.[1];
	});
	// What Linux 6.12 chooses for these seeds.
	t.is(chosen.join(""), "BABBABCB");
	box.remove();
});

test("KCONFIG_ALLCONFIG is respected by the all modes", (t) => {
	const box = box_with({ mini: "# CONFIG_A is not set\n" });
	box.env.KCONFIG_ALLCONFIG = "mini";
	box.conf("--allyesconfig", "Kconfig");
	t.regex(box.read(".config") ?? "", /^# CONFIG_A is not set$/m);
	box.env.KCONFIG_ALLCONFIG = "nowhere";
	const { code, err } = box.conf("--allyesconfig", "Kconfig");
	t.is(code, 1);
	t.is(err, '*** Can\'t read seed configuration "nowhere"!\n');
	box.remove();
});

const WRITING = "\n*** Error during writing of the configuration.\n\n";

test("errors of the user: what and why, exit status 1", (t) => {
	const box = box_with({ dir: "" });
	t.deepEqual(box.conf("--defconfig=nowhere", "Kconfig"), {
		code: 1,
		out: "",
		err: '***\n*** Can\'t find default configuration "nowhere"!\n***\n',
	});
	box.env.KCONFIG_CONFIG = "dir/.config";
	const { code, err } = box.conf("--alldefconfig", "Kconfig");
	t.is(code, 1);
	t.is(err, `dir/.config: Not a directory\n${WRITING}`);
	box.env.KCONFIG_CONFIG = ".";
	t.is(box.conf("--alldefconfig", "Kconfig").err, `.: Is a directory\n${WRITING}`);
	box.env.KCONFIG_CONFIG = "";
	t.is(box.conf("--alldefconfig", "Kconfig").err, `config name is empty\n${WRITING}`);
	box.remove();
});

test("options: abbreviated, anywhere, and wrong ones are reported and ignored", (t) => {
	const box = box_with();
	const says = (...args: string[]) => box.conf(...args, "Kconfig").err;
	t.is(says("--alld"), "");
	t.is(box.conf("Kconfig", "--savedef", "d", "-s").code, 0);
	t.not(box.read("d"), null);
	t.is(says("--nosuchmode", "--alldef"), "spf-conf: unrecognized option '--nosuchmode'\n");
	const two = "possibilities: '--mod2yesconfig' '--mod2noconfig'";
	t.is(says("--mod2", "--alldef"), `spf-conf: option '--mod2' is ambiguous; ${two}\n`);
	t.is(says("--alldef=x", "-s", "--alldef"), "spf-conf: option '--alldefconfig' doesn't allow an argument\n");
	t.is(says("-xs", "--alldef"), "spf-conf: invalid option -- 'x'\n");
	const known =
		"not known; known are 5.17, 6.1, 6.6, 6.12, 7.2, coreboot, u-boot, buildroot, busybox and kconfiglib";
	const bad = box.conf("--compat", "5.18", "--alldef", "Kconfig");
	t.is(bad.code, 2);
	t.is(bad.err, `spf-conf: --compat 5.18: ${known}\n`);
	box.env.KCONFIG_COMPAT = "7";
	const odd = box.conf("--alldef", "Kconfig");
	t.is(odd.err, `spf-conf: KCONFIG_COMPAT=7: ${known}\n`);
	box.remove();
});

test("files of an older kernel that cannot be read: which rules hold", (t) => {
	const box = sandbox({ Kconfig: 'choice\n\tbool "c"\nconfig A\n\tbool "a"\nendchoice\n' });
	box.env.KERNELVERSION = "6.11.1";
	const { code, err } = box.conf("--alldefconfig", "Kconfig");
	t.is(code, 1);
	t.regex(err, /these are the rules of Linux 7\.2; .* by those of Linux 6\.12: --compat 6\.12, or KCONFIG/);
	t.is(box.conf("--compat", "6.12", "--alldefconfig", "Kconfig").err, "");
	t.notRegex(box.conf("--compat", "7.2", "--alldefconfig", "Kconfig").err, /these are the rules/);
	box.env.KERNELVERSION = "7.2.13";
	t.notRegex(box.conf("--alldefconfig", "Kconfig").err, /these are the rules/);
	// Known by its name.
	box.env.KERNELVERSION = "6.12.1";
	t.is(box.conf("--alldefconfig", "Kconfig").err, "");
	// An error under any rules.
	box.put("Kconfig", 'config A\n\tbool "a"\n\tno such thing\n');
	t.is(box.conf("--alldefconfig", "Kconfig").code, 1);
	t.notRegex(box.conf("--alldefconfig", "Kconfig").err, /these are the rules/);
	box.remove();
});

test("files that only Kconfiglib can read: its rules are named, to who knows them", (t) => {
	const only_there: Record<string, string> = {
		def_int: "config A\n\tdef_int 3\n",
		def_hex: "config A\n\tdef_hex 0x3\n",
		def_string: 'config A\n\tdef_string "3"\n',
		rsource: 'rsource "sub/Kconfig"\n',
		osource: 'osource "not/there"\n',
		orsource: 'orsource "su*/K*"\n',
	};
	const hint = "the files can be read by those of Kconfiglib";
	for (const [word, text] of Object.entries(only_there)) {
		const box = sandbox({ Kconfig: text, "sub/Kconfig": 'config S\n\tbool "s"\n', ".config": "" });
		const { code, err } = box.conf("--alldefconfig", "Kconfig");
		t.is(code, 1, word);
		t.true(err.endsWith(`${hint}: --compat kconfiglib, or KCONFIG_COMPAT=kconfiglib\n`), `${word}: ${err}`);
		t.is(box.conf("--compat", "kconfiglib", "--alldefconfig", "Kconfig").code, 0, word);
		t.notRegex(box.conf("--compat", "7.2", "--alldefconfig", "Kconfig").err, /these are the rules/);
		box.remove();
	}
});

test("a directory without permission is an error of the user", (t) => {
	if (process.getuid?.() === 0) {
		t.pass("root may write everywhere");
		return;
	}
	const box = box_with();
	chmodSync(box.dir, 0o555);
	const { code, err } = box.conf("--alldefconfig", "Kconfig");
	t.is(code, 1);
	t.is(err, `.config: Permission denied\n${WRITING}`);
	chmodSync(box.dir, 0o755);
	box.remove();
});

test("no Kconfig file named, or none there", (t) => {
	const box = box_with();
	t.is(box.conf("--alldefconfig").code, 1);
	const { code, err } = box.conf("--alldefconfig", "nowhere");
	t.is(code, 1);
	t.is(err, "can't find file nowhere\n");
	box.remove();
});

test("the library: parse, load, get, set, write", (t) => {
	const box = box_with({ base: "CONFIG_N=9\n" });
	const kconf = box.parse();
	load(kconf, "base");
	t.is(get(kconf, "N"), "9");
	t.true(set(kconf, "N", "12"));
	t.false(set(kconf, "N", "twelve"));
	t.false(set(kconf, "NOSUCH", "y"));
	t.is(get(kconf, "NOSUCH"), "n");
	write(kconf, "out");
	t.regex(box.read("out") ?? "", /^CONFIG_N=12$/m);
	t.is(box.printed.out, "");
	box.remove();
});

test("a comparison of two bools with m is reported right side first", (t) => {
	const box = sandbox({
		Kconfig: 'config A\n\tbool\nconfig B\n\tbool\nconfig C\n\tbool "c"\n\tdepends on A=m || B=m\n',
	});
	const { out } = box.conf("-s", "--alldefconfig", "Kconfig");
	t.regex(out, /symbol B [\s\S]*symbol A /);
	box.remove();
});

test("a symbol that is gone, and cannot be touched, is no reason to stop", (t) => {
	const box = sandbox({ Kconfig: "", "include/config/auto.conf": "CONFIG_=y\n" });
	t.deepEqual(box.conf("--syncconfig", "Kconfig"), { code: 0, out: "", err: "" });
	box.remove();
});

test("helpnewconfig without a .config knows no values yet", (t) => {
	const box = sandbox({
		Kconfig: 'config A\n\tbool "a"\n\tselect B\nconfig B\n\tstring "b"\n',
	});
	t.regex(box.conf("--helpnewconfig", "Kconfig").out, /^Selects: B \[=\(null\)\]$/m);
	box.remove();
});

test("the directory is no .config, not even by an empty name", (t) => {
	const box = sandbox({ Kconfig: 'config A\n\tint "a"\n' });
	box.env = { KCONFIG_CONFIG: "" };
	t.is(box.conf("--olddefconfig", "Kconfig").code, 1);
	box.remove();
});

test("a file that is missing is no reason for other rules, but for a word of the architecture", (t) => {
	const hint = (Kconfig: string, more: Record<string, string> = {}, env: Record<string, string> = {}): string => {
		const box = sandbox({ Kconfig, good: 'config A\n\tbool "a"\n', ...more });
		box.env = env;
		const { code, err } = box.conf("--alldefconfig", "Kconfig");
		box.remove();
		t.is(code, 1);
		return err.split("\n")[1] ?? "";
	};
	const kernel = 'source "good"\ncomment "for $(ARCH)"\nsource "arch/$(SRCARCH)/Kconfig"\n';
	const both = "ARCH and SRCARCH are not set, and these files ask for them, e.g. ARCH=x86 SRCARCH=x86";
	t.is(hint(kernel), `spf-conf: ${both}`);
	t.is(
		hint(kernel, {}, { ARCH: "x86_64", SRCARCH: "x86_64" }),
		"spf-conf: there is no arch/x86_64; SRCARCH is the directory, e.g. x86 for ARCH=x86_64",
	);
	t.is(hint('source "good"\nsource "not/there"\n'), "");
	t.is(hint(kernel, { "arch/x86/Kconfig": 'source "not/there"\n' }, { ARCH: "x86", SRCARCH: "x86" }), "");
	// One that may be missing, in files that have patterns.
	t.regex(hint('source "not/there"\nsource "goo*"\n'), /by those of coreboot: --compat coreboot,/);
});
