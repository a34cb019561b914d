// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of merge_config.ts and merge_check.ts: what fragments change, and what is said about
// it. With KCONFIG_TREE naming a kernel tree (7.2 or later, with its conf built) the messages
// are compared with those of its merge_config.sh.

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { srand } from "./rand.ts";
import { sandbox } from "./testutil.ts";

const KCONFIG = `config A
	bool "a"
	default y
config B
	bool "b"
	depends on A
config S
	bool "s" if B
config N
	int "n"
	range 1 9
	default 5
config AUTO
	def_bool A
config SEL
	bool "sel"
	default y
	select T
config T
	bool "t"
choice
	prompt "c"
config C1
	bool "c1"
config C2
	bool "c2"
endchoice
config TEXT
	string "text"
`;

const BASE = "CONFIG_A=y\nCONFIG_B=y\nCONFIG_N=5\nCONFIG_AUTO=y\n";

function merge(fragment: string, ...flags: string[]) {
	const box = sandbox({ Kconfig: KCONFIG, ".config": BASE, "f.config": fragment });
	const outcome = box.merge(...flags, ".config", "f.config");
	const config = box.read(".config") ?? "";
	box.remove();
	return { ...outcome, config };
}

test("a redefined value is named, the rest follows", (t) => {
	const { code, out, config } = merge("# Help: no a\n# CONFIG_A is not set\n", "--update");
	t.is(code, 0);
	t.is(
		out,
		"Using .config as base\nMerging f.config\n" +
			"Value of CONFIG_A is redefined by fragment f.config:\n" +
			"Previous value: CONFIG_A=y\nNew value: # CONFIG_A is not set\n\n" +
			"#\n# configuration written to .config\n#\n",
	);
	t.regex(config, /^# CONFIG_A is not set\nCONFIG_N=5\n/m);
});

/** The reason given for one symbol. */
function reason(fragment: string, name: string): string | undefined {
	const { out } = merge(fragment, "-Q");
	const line = new RegExp(`WARNING: .*CONFIG_${name} .*\\n.*\\n.*\\nReason: +(.*)`);
	return line.exec(out)?.[1];
}

test("a value that does not come out is named, with the reason", (t) => {
	const no_a = "# CONFIG_A is not set\n";
	t.is(reason(`${no_a}CONFIG_B=y\n`, "B"), "depends on A [=n]");
	t.is(reason(`${no_a}CONFIG_S=y\n`, "S"), "its prompt is there only if B [=n]");
	t.is(reason(no_a, "AUTO"), "it has no prompt: other symbols decide its value");
	t.is(reason("CONFIG_N=12\n", "N"), "out of range [1, 9]");
	t.is(reason("# CONFIG_T is not set\n", "T"), "selected by SEL [=y]");
	t.is(reason("CONFIG_C1=y\nCONFIG_C2=y\n", "C1"), "only one of the choice is y, C2");
	const none = "# CONFIG_C1 is not set\n# CONFIG_C2 is not set\n";
	t.is(reason(none, "C1"), "one of the choice has to be y");
	t.is(reason("CONFIG_NOSUCH=y\n", "NOSUCH"), "there is no such symbol");
	t.is(reason("CONFIG_A=m\n", "A"), "'m' is not a value for a symbol of type bool");
});

const MORE = `config MODULES
	bool "modules"
	modules
config TRI
	tristate "tri"
config A
	bool "a"
	default y
config FIXED
	bool "fixed" if !A
	default y
config CAL
	int "cal"
	range 0 10 if A
	range 0 100
	default 5
config END
	int
	default 20 if A
	default 10
config UP
	hex "up"
	range 0x1 END
config TEXT
	string "text"
`;

/** The reason given for the value of a line in a file of its own. */
function reason_for(line: string, kconfig = MORE): string | undefined {
	const box = sandbox({ Kconfig: kconfig, base: "", "f.config": line });
	const { out } = box.merge("-Q", "base", "f.config");
	box.remove();
	return /^Reason: +(.*)/m.exec(out)?.[1];
}

test("the reason is the one that conf has", (t) => {
	const type = "is not a value for a symbol of type";
	t.is(reason_for("CONFIG_CAL=3 #x\n"), `'3 #x' ${type} integer`);
	t.is(reason_for("CONFIG_CAL=03\n"), `'03' ${type} integer`);
	t.is(reason_for("CONFIG_TRI=Y\n"), `'Y' ${type} tristate`);
	t.is(reason_for("CONFIG_A=N\n"), `'N' ${type} bool`);
	t.is(reason_for("CONFIG_TEXT=bare\n"), `'bare' ${type} string`);
	t.is(reason_for('CONFIG_TEXT="open\n'), `'"open' ${type} string`);
	t.is(reason_for("CONFIG_TRI=m\n"), "m needs MODULES [=n]");
	t.is(
		reason_for("CONFIG_TRI=m\n", 'config TRI\n\ttristate "tri"\n'),
		"m needs modules, and no symbol stands for them",
	);
	t.is(reason_for("# CONFIG_FIXED is not set\n"), "its prompt is there only if !A [=y]");
	t.is(reason_for("CONFIG_CAL=50\n"), "out of range [0, 10]");
	t.is(reason_for("CONFIG_TRI=yes\n"), "it has that value, which is written otherwise");
	t.is(reason_for('CONFIG_TEXT="a\\b"\n'), "it has that value, which is written otherwise");
	t.is(reason_for("CONFIG_CAL=7\nCONFIG_CAL=8\n"), "a later line says otherwise");
	// What is behind # belongs to a text.
	t.is(reason_for('CONFIG_TEXT="a #b"\n'), undefined);
});

test("--update: a number that no range lets in is an error, one that another value lets in is not", (t) => {
	const update = (line: string) => {
		const box = sandbox({ Kconfig: MORE, ".config": "CONFIG_A=y\n", "f.config": line });
		const { code, err, out } = box.merge("--update", "-Q", ".config", "f.config");
		const config = box.read(".config");
		box.remove();
		return { code, err, out, written: config !== "CONFIG_A=y\n" };
	};
	const never = update("CONFIG_CAL=101\n");
	t.deepEqual([never.code, never.written], [2, false]);
	t.regex(
		never.err,
		/^f\.config:1: CONFIG_CAL=101 can never be: 101 is outside the range 0 to 10 \(Kconfig:\d+\); 101 is/,
	);
	t.regex(
		update("CONFIG_UP=0x30\n").err,
		/CONFIG_UP=0x30 can never be: 0x30 is outside the range 0x1 to 20 \[END\]/,
	);
	t.is(update("# CONFIG_A is not set\nCONFIG_CAL=50\n").code, 0);
	const now = update("CONFIG_CAL=50\n");
	t.is(now.code, 0);
	t.regex(
		now.out,
		/Requested value: CONFIG_CAL=50\nActual value: {4}CONFIG_CAL=10\nReason: {10}out of range \[0, 10\]\n/,
	);
});

test("--update looks at the values of the fragments only", (t) => {
	const fragment = "# CONFIG_A is not set\n# CONFIG_S is not set\n";
	t.notRegex(merge(fragment, "-Q", "--update").out, /WARNING/);
	t.regex(merge(fragment, "-Q").out, /WARNING: .*CONFIG_B/);
});

test("--update: what does not exist, or cannot be, is an error and nothing is written", (t) => {
	const refused = (text: string) => {
		const { code, err, config } = merge(text, "--update");
		t.is(code, 2);
		t.is(config, BASE);
		return err;
	};
	t.is(refused("\nCONFIG_NOSUCH=y\n"), "f.config:2: there is no symbol CONFIG_NOSUCH\n");
	const type = "is not a value for a symbol of type";
	t.is(refused("CONFIG_N=x\n"), `f.config:1: CONFIG_N: 'x' ${type} integer\n`);
	t.is(refused("CONFIG_A=m\n"), `f.config:1: CONFIG_A: 'm' ${type} bool\n`);
	t.is(refused("CONFIG_A=\n"), `f.config:1: CONFIG_A: '' ${type} bool\n`);
	t.is(refused("CONFIG_TEXT=x\n"), `f.config:1: CONFIG_TEXT: 'x' ${type} string\n`);
	t.is(refused("rubbish\n"), "f.config:1: unexpected data: rubbish\n");
});

test("-m writes the lines as they are", (t) => {
	const { code, out, config } = merge("CONFIG_N=7\n", "-m", "-Q");
	t.is(code, 0);
	t.is(config, "CONFIG_A=y\nCONFIG_B=y\nCONFIG_AUTO=y\n\nCONFIG_N=7\n");
	t.regex(out, /# merged configuration written to \.config \(needs make\)/);
});

test("-n takes n for what nobody mentions", (t) => {
	t.regex(merge("", "-n").config, /^# CONFIG_SEL is not set$/m);
	t.regex(merge("").config, /^CONFIG_SEL=y$/m);
});

test("strict mode: redefined, or not in the result", (t) => {
	const strict = merge("# CONFIG_A is not set\n", "-s");
	t.is(strict.code, 1);
	t.is(strict.config, BASE);
	t.is(merge("CONFIG_NOSUCH=y\n", "-s").code, 1);
	t.is(merge("CONFIG_B=y\n# CONFIG_NOSUCH is not set\n", "-s").code, 0);
});

test("what is not there", (t) => {
	const box = sandbox({ Kconfig: KCONFIG });
	const fragment = box.merge("base", "nowhere.config");
	t.is(fragment.code, 1);
	t.regex(fragment.err, /The merge file 'nowhere\.config' does not exist\. {2}Exit\.\n$/);
	t.regex(fragment.err, /^The base file 'base' does not exist\. Creating one\.\.\.$/m);
	t.is(box.read("base"), "");
	t.is(box.merge("-O", "nowhere", "base").code, 1);
	t.is(box.merge("-x", "base").code, 2);
	t.is(box.merge().code, 0);
	box.env.KCONFIG_CONFIG = "no/dir";
	const { code, err } = box.merge("-m", "base", "base");
	t.deepEqual([code, err], [2, "spf-merge-config: no/dir: No such file or directory\n"]);
	box.remove();
});

test("-O: the results go there", (t) => {
	const box = sandbox({ Kconfig: KCONFIG, base: BASE, "out/keep": "" });
	const { code, out } = box.merge("-O", "out", "base");
	t.is(code, 0);
	t.regex(out, /# configuration written to \/.*\/out\/\.config$/m);
	t.regex(box.read("out/.config") ?? "", /^CONFIG_A=y$/m);
	t.is(box.read(".config"), null);
	box.remove();
});

test("-O: what keeps a result from being written names the place", (t) => {
	const box = sandbox({ Kconfig: KCONFIG, base: BASE, "out/.config/in": "" });
	t.regex(box.merge("-O", "out", "base").err, /^\/.*\/out\/\.config: Is a directory$/m);
	t.regex(box.merge("-m", "-O", "out", "base").err, /^spf-merge-config: \/.*\/out\/\.config: /m);
	box.remove();
});

const tree = process.env.KCONFIG_TREE;
const script = tree && join(tree, "scripts/kconfig/merge_config.sh");
const same_messages = script && existsSync(script) && /awk/.test(readFileSync(script, "utf8"));

const MAKE = `#!/bin/sh
for arg; do case $arg in
KCONFIG_ALLCONFIG=*) export "$arg";;
*) $CONF --$arg Kconfig || exit;;
esac; done
`;

/** Lines as they come in configurations, at random. */
function random_config(pick: (n: number) => number): string {
	const names = ["A", "B", "S", "AUTO", "SEL", "T", "C1", "C2", "NOSUCH"];
	let text = "";
	for (let i = pick(8); i > 0; i--) {
		const name = `CONFIG_${names[pick(names.length)]}`;
		text += [`${name}=y\n`, `# ${name} is not set\n`, `${name}=n\n`, `${name}=m\n`][pick(4)];
	}
	return pick(2) ? text : `${text}CONFIG_N=${pick(12)}\n`;
}

(same_messages ? test : test.skip)("the messages of merge_config.sh (needs KCONFIG_TREE, 7.2)", (t) => {
	const rand = srand(7);
	const pick = (n: number) => rand() % n;
	const flags = ["-m", "-n", "-y", "-Q", "-r", "-s"];
	for (let round = 0; round < 60; round++) {
		const args = flags.filter(() => pick(4) === 0);
		const files = {
			Kconfig: KCONFIG,
			"b.config": random_config(pick),
			"f.config": random_config(pick),
			"g.config": random_config(pick),
		};
		const [ours, theirs] = [sandbox(files), sandbox({ ...files, "bin/make": MAKE })];
		chmodSync(join(theirs.dir, "bin/make"), 0o755);
		const names = ["b.config", "f.config", "g.config"];
		const got = ours.merge(...args, ...names);
		const env = {
			PATH: `${theirs.dir}/bin:${process.env.PATH}`,
			CONF: join(tree as string, "scripts/kconfig/conf"),
		};
		const want = spawnSync("sh", [script as string, ...args, ...names], {
			cwd: theirs.dir,
			env,
			encoding: "utf8",
		});
		const label = `${args.join(" ")}\n${names.map((n) => `${n}:\n${files[n as keyof typeof files]}`).join("")}`;
		// -r silences their final check, and a symbol that is rightly absent fails their -s.
		const plain = !args.includes("-r") && !(args.includes("-s") && want.status === 1 && got.code === 0);
		const head = (text: string) => (plain ? text : text.replace(/\n#\n.*/s, "\n"));
		t.is(head(got.out.replace(/^Reason:.*\n/gm, "")), head(want.stdout), label);
		if (plain) t.is(got.code, want.status ?? -1, label);
		t.is(ours.read(".config"), theirs.read(".config"), label);
		ours.remove();
		theirs.remove();
	}
});
