// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of config.ts. With KCONFIG_TREE naming a kernel tree the outcome of random commands
// is compared with that of its scripts/config.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import test from "ava";
import { config_main } from "./config.ts";
import { ConfExit } from "./lkc.ts";
import { srand } from "./rand.ts";
import type { Sandbox } from "./testutil.ts";
import { sandbox } from "./testutil.ts";

const BASE = '#\n# heading\n#\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_S="a \\"b\\" \\\\c"\nCONFIG_A2=m\n';

function run(box: Sandbox, args: string[], env = {}) {
	const got = { code: 0, out: "", err: "" };
	try {
		config_main(args, {
			env,
			cwd: box.dir,
			out: (text) => (got.out += text),
			err: (text) => (got.err += text),
		});
	} catch (e) {
		if (!(e instanceof ConfExit)) throw e;
		got.code = e.code;
		got.err += e.message;
	}
	return got;
}

/** The file after the commands, and what was printed. */
function after(args: string[], base = BASE, env = {}) {
	const box = sandbox({ ".config": base });
	const got = { ...run(box, args, env), config: box.read(".config") };
	box.remove();
	return got;
}

test("values change in place, new ones come last", (t) => {
	const { config } = after(["-d", "A", "--enable", "CONFIG_B", "-m", "new", "--set-val", "N", "0x10"]);
	const want = BASE.replace("CONFIG_A=y", "# CONFIG_A is not set").replace("# CONFIG_B is not set", "CONFIG_B=y");
	t.is(config, `${want}CONFIG_NEW=m\nCONFIG_N=0x10\n`);
});

test("states", (t) => {
	const { out, config } = after(["-s", "A", "--state", "B", "-s", "S", "-s", "A2", "-s", "NOPE"]);
	t.is(out, 'y\nn\na "b" \\c\nm\nundef\n');
	t.is(config, BASE);
	t.is(after(["-d", "A", "-s", "A"]).out, "n\n");
});

test("strings are written so that they read back", (t) => {
	const text = 'a & b \\1 "q" /x';
	const { out, config } = after(["--set-str", "S", text, "-s", "S", "--set-str", "T", ""]);
	t.is(out, `${text}\n`);
	t.true(config?.includes('CONFIG_S="a & b \\\\1 \\"q\\" /x"\n'));
	t.true(config?.endsWith('CONFIG_T=""\n'));
});

test("undefine, and placing behind another", (t) => {
	t.is(after(["-u", "A", "-u", "B"]).config, BASE.replace("CONFIG_A=y\n# CONFIG_B is not set\n", ""));
	t.true(after(["-E", "A", "X"]).config?.includes("CONFIG_A=y\nCONFIG_X=y\n"));
	t.true(after(["-D", "B", "X"]).config?.includes("# CONFIG_B is not set\n# CONFIG_X is not set\n"));
	t.true(after(["-M", "NOPE", "X"]).config?.endsWith("CONFIG_X=m\n"));
	const moved = after(["-E", "A2", "B"]).config ?? "";
	t.true(moved.endsWith("CONFIG_A2=m\nCONFIG_B=y\n"));
	t.is(moved.match(/CONFIG_B\b/g)?.length, 1);
});

test("case, prefix, and another file", (t) => {
	t.true(after(["-e", "low", "-k", "-e", "lowOne"]).config?.endsWith("CONFIG_LOW=y\nCONFIG_lowOne=y\n"));
	t.true(after(["-e", "X_Y"], BASE, { CONFIG_: "X_" }).config?.endsWith("\nX_Y=y\n"));
	const box = sandbox({ ".config": BASE });
	t.is(run(box, ["-e", "A", "--file", "new"]).code, 0);
	t.is(box.read("new"), "CONFIG_A=y\n");
	t.is(box.read(".config"), BASE);
	box.remove();
});

test("a last line without line feed", (t) => {
	t.is(after(["-e", "B"], "CONFIG_A=y").config, "CONFIG_A=y\nCONFIG_B=y\n");
	t.is(after(["-d", "A"], "CONFIG_A=y").config, "# CONFIG_A is not set");
});

test("--refresh brings the file up to date", (t) => {
	const box = sandbox({ Kconfig: 'config A\n\tbool "a"\nconfig B\n\tbool "b"\n\tdepends on A\n', ".config": "" });
	t.is(run(box, ["-e", "A", "--refresh", "-e", "B", "-s", "B"]).out.slice(-2), "y\n");
	t.regex(box.read(".config") ?? "", /^CONFIG_A=y\nCONFIG_B=y\n$/m);
	box.remove();
});

test("mistakes change nothing", (t) => {
	const first = (args: string[]) => {
		const { code, err, config } = after(args);
		t.is(config, BASE);
		t.is(code, 1);
		return err.split("\n")[0];
	};
	t.is(first([]), "config: no command given");
	t.is(first(["-e", "X", "--bad", "A"]), "bad command: --bad");
	t.is(first(["-e", "X", "-d"]), "config: -d needs a symbol");
	t.is(first(["--set-val", "X"]), "config: --set-val needs a value");
	t.is(first(["-e", "X", "--file"]), "config: --file needs a file");
	const box = sandbox();
	t.like(run(box, ["-s", "A"]), { code: 2, err: "spf-config: .config: No such file or directory" });
	box.remove();
});

const tree = process.env.KCONFIG_TREE;

(tree ? test : test.skip)("the outcome of scripts/config (needs KCONFIG_TREE)", (t) => {
	const rand = srand(5);
	const pick = (n: number) => rand() % n;
	const names = ["A", "B", "S", "A2", "x", "CONFIG_Y", "NEW1", "NEW2"];
	for (let round = 0; round < 40; round++) {
		const args: string[] = [];
		for (let i = 1 + pick(5); i > 0; i--) {
			const name = names[pick(names.length)] as string;
			const simple = ["-e", "--disable", "-m", "-u", "-s", "--enable", "--state"];
			const kind = pick(5);
			if (kind < 3) args.push(simple[pick(simple.length)] as string, name);
			else if (kind === 3) args.push("--set-val", name, `${pick(9)}`);
			else args.push("--set-str", name, "some text");
			// Behind another only what is nowhere yet: theirs would name it twice.
			if (pick(6) === 0) args.push(["-E", "-D", "-M"][pick(3)] as string, name, `FRESH${i}`);
			if (pick(12) === 0) args.push("-k");
		}
		const box = sandbox({ ".config": BASE, ours: BASE });
		const want = spawnSync("bash", [join(tree as string, "scripts/config"), ...args], {
			cwd: box.dir,
			encoding: "utf8",
		});
		const got = run(box, ["--file", "ours", ...args]);
		// Theirs does not take "\\" in a string for "\".
		t.is(got.out, want.stdout.replaceAll("\\\\", "\\"), args.join(" "));
		t.is(got.code, want.status ?? -1, args.join(" "));
		t.is(box.read("ours"), box.read(".config"), args.join(" "));
		box.remove();
	}
});
