// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of spf-localmodconfig. With KCONFIG_TREE, and perl, also beside that tree's own script.

import { spawnSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { KconfHost } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import { localmodconfig_main } from "./localmodconfig.ts";
import { type Sandbox, sandbox } from "./testutil.ts";

const KCONFIG = `mainmenu "t"
config MODULES
	def_bool y
	modules
source "sub/Kconfig"
if NET && \\
   BUS
config NIC
	tristate "nic"
	select LIB
config NIC2
	tristate "other nic"
	depends on EXTRA
endif
config LIB
	tristate
config LIB2
	tristate
config USER1
	tristate "user 1"
	select LIB2
config USER2
	tristate "user 2"
	select LIB2
config NET
	tristate "net"
config IKCONFIG
	tristate "ik"
`;

const SUB = `config BUS
	tristate "bus"
config EXTRA
	tristate "extra"
	help
	  depends on NOTHING
config KEPT
	tristate "kept"
`;

const MAKEFILE = `names := lib-two.o
obj-$(CONFIG_NIC) += nic-core.o \\
	nic_more.o
obj-$(CONFIG_LIB2) += $(names)
obj-$(CONFIG_USER2) += user2.o
`;

const ALL = ["NIC", "NIC2", "LIB", "LIB2", "USER1", "USER2", "NET", "BUS", "EXTRA", "KEPT"];
const CONFIG = `CONFIG_MODULES=y\n${ALL.map((name) => `CONFIG_${name}=m\n`).join("")}# CONFIG_IKCONFIG is not set\n`;

function tree(lsmod: string): Sandbox {
	const box = sandbox({
		Kconfig: KCONFIG,
		"sub/Kconfig": SUB,
		"drivers/Makefile": MAKEFILE,
		".config": CONFIG,
		lsmod: `Module Size Used by\n${lsmod}`,
	});
	box.env = { LSMOD: "lsmod" };
	return box;
}

function run(box: Sandbox, ...args: string[]): { code: number; out: string; err: string } {
	const said = { code: 0, out: "", err: "" };
	const host: KconfHost = {
		env: { ...box.env, KCONFIG_NOCACHE: "1" },
		cwd: box.dir,
		out: (text) => {
			said.out += text;
		},
		err: (text) => {
			said.err += text;
		},
		read: () => "\n",
	};
	try {
		localmodconfig_main(args, host);
	} catch (e) {
		if (!(e instanceof ConfExit)) throw e;
		said.code = e.code;
		said.err += e.message;
	}
	return said;
}

const kept = (text: string): string[] => ALL.filter((name) => text.includes(`CONFIG_${name}=`));

test("a module keeps its symbol, what that depends on, and what selects it", (t) => {
	const box = tree("nic_core 1 0\n");
	t.teardown(() => box.remove());
	const { out, err } = run(box, "--print");
	t.deepEqual(kept(out), ["NIC", "NET", "BUS"]);
	t.regex(out, /\n# CONFIG_LIB is not set\n[\s\S]*\nCONFIG_IKCONFIG=m\n# CONFIG_IKCONFIG_PROC is not set\n$/);
	t.is(err, "using config: '.config'\n");
	t.is(box.read(".config"), CONFIG);
});

test("without a prompt: the first that selects it is kept, unless one is kept anyhow", (t) => {
	const box = tree("lib_two 1 0\n");
	t.teardown(() => box.remove());
	t.deepEqual(kept(run(box, "-n").out), ["LIB2", "USER1"]);
	box.put("lsmod", "lib_two 1 0\nuser2 1 0\nstrange 1 0\n");
	const { out, err } = run(box, "-n");
	t.deepEqual(kept(out), ["LIB2", "USER2"]);
	t.regex(err, /^strange config not found!!$/m);
});

test("LMC_KEEP keeps a directory, and a program can be lsmod", (t) => {
	const box = tree("");
	t.teardown(() => box.remove());
	box.env.LMC_KEEP = "nowhere:sub";
	t.deepEqual(kept(run(box, "-n").out), ["BUS", "EXTRA", "KEPT"]);
});

test("the configuration is replaced, and what is open in it is answered", (t) => {
	const box = tree("nic_core 1 0\n");
	t.teardown(() => box.remove());
	t.is(run(box, "-s").code, 0);
	// oldconfig brings back what a kept symbol selects.
	t.deepEqual(kept(box.read(".config") ?? ""), ["NIC", "LIB", "NET", "BUS"]);
	t.is(box.read(".config.old"), CONFIG);
	t.deepEqual(
		readdirSync(box.dir)
			.filter((name) => name.startsWith(".config"))
			.sort(),
		[".config", ".config.old"],
	);
	box.put(".config", CONFIG);
	t.is(run(box, "-s", "--localyesconfig").code, 0);
	t.regex(box.read(".config") ?? "", /^CONFIG_NIC=y$/m);
});

test("what is missing is one line", (t) => {
	const box = tree("");
	t.teardown(() => box.remove());
	box.env.LSMOD = "nowhere";
	t.deepEqual(run(box), { code: 2, out: "", err: "using config: '.config'\nnowhere not found" });
	box.env = { LSMOD: "lsmod", LMC_KEEP: "(" };
	t.regex(run(box, "-n").err, /LMC_KEEP=\(: Invalid regular expression/);
	t.regex(run(box, "-n", "a", "b", "c").err, /^spf-localmodconfig: give a directory and a Kconfig file/);
	t.is(run(box, "-n", ".", "K").err, "using config: '.config'\nCan't open ./K");
});

/** Names of modules that a tree can make; every so manieth of them is loaded. */
function some_modules(dir: string, step: number): string {
	const names: string[] = [];
	const walk = (at: string): void => {
		for (const entry of readdirSync(at, { withFileTypes: true })) {
			if (entry.isDirectory()) walk(join(at, entry.name));
			if (entry.name !== "Makefile") continue;
			for (const [, name] of readFileSync(join(at, entry.name), "latin1").matchAll(
				/\+= ([\w-]+)\.o$/gm,
			))
				names.push((name as string).replaceAll("-", "_"));
		}
	};
	walk(dir);
	return names
		.filter((_, i) => i % step === 0)
		.map((name) => `${name} 1 0\n`)
		.join("");
}

const TREE = process.env.KCONFIG_TREE;
const CONFIG_OF_TREE = process.env.KCONFIG_BASE;
(TREE && CONFIG_OF_TREE ? test : test.skip)("beside the script of a tree (KCONFIG_TREE, KCONFIG_BASE=FILE)", (t) => {
	const box = sandbox();
	t.teardown(() => box.remove());
	copyFileSync(CONFIG_OF_TREE as string, join(box.dir, ".config"));
	for (const step of [400, 150]) {
		box.put("lsmod", some_modules(join(TREE as string, "drivers"), step));
		box.env = { LSMOD: "lsmod", SRCARCH: "x86" };
		// Perl goes through its tables in another order each time, and so keeps other modules.
		const answers = [1, 2, 3, 4, 5].map((seed) => {
			const script = join(TREE as string, "scripts/kconfig/streamline_config.pl");
			const env = { ...box.env, PATH: process.env.PATH, PERL_HASH_SEED: String(seed) };
			const args = [script, "--localmodconfig", TREE as string, "Kconfig"];
			return spawnSync("perl", args, { cwd: box.dir, env, encoding: "latin1" }).stdout;
		});
		t.true(answers.includes(run(box, "-n", TREE as string).out), `every ${step}th module`);
	}
});
