// SPDX-License-Identifier: GPL-2.0-only
/** A bundle is made again if its command, a source in it, or a symbol that such a
 *  source asks for has changed; and only then. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "ava";
import ts from "@typescript/typescript6";
import { objtree, outdated } from "../lib/objtree.ts";
import { cmd_text, program_deps } from "./fixdep.ts";
import { here } from "../lib/root.ts";

/** A program of files that are not on disk. */
function program(files: Record<string, string>): ts.Program {
	const options: ts.CompilerOptions = { noLib: true, types: [] };
	const host = ts.createCompilerHost(options);
	host.getSourceFile = (name) =>
		name in files ? ts.createSourceFile(name, files[name], ts.ScriptTarget.ES2022) : undefined;
	return ts.createProgram(Object.keys(files), options, host);
}

test("symbols of code and of fields count, of comments and texts not", (t) => {
	const deps = program_deps(
		program({
			"/src/a.ts": 'if (CONFIG_B && CONFIG_A) f("CONFIG_TEXT"); // CONFIG_COMMENT',
			"/src/b.ts":
				'interface S { x: ifdef<"CONFIG_FIELD", int>; y: typeof CONFIG_A } ' +
				'interface T { z: ifdef<"!CONFIG_NOT", int> }',
			"/obj/include/generated/autoconf.ts": "export const CONFIG_ALL = true;",
		}),
		"/obj",
	);
	t.is(
		cmd_text("k.mjs", deps, "/src"),
		"deps_k.mjs := \\\n  a.ts \\\n    $(wildcard $(objtree)/include/config/A) \\\n    $(wildcard " +
			"$(objtree)/include/config/B) \\\n" +
			"  b.ts \\\n    $(wildcard $(objtree)/include/config/FIELD) \\\n    $(wildcard " +
			"$(objtree)/include/config/NOT) \\\n\n$(deps_k.mjs):\n",
	);
});

test("make builds again for what went into the bundle, and for nothing else", async (t) => {
	const bundle = await objtree({ name: "fixdep" });
	const dir = dirname(bundle);
	const env = { ...process.env, MAKEFLAGS: "", MFLAGS: "", MAKELEVEL: "" };
	const make = (...args: string[]) => {
		const run = spawnSync("make", ["-q", `O=${dir}`, "ARCH=x86", ...args, "vmlinux.mjs"], {
			cwd: here(),
			env,
			encoding: "utf8",
		});
		t.true(run.status === 0 || run.status === 1, run.stderr);
		return run.status === 0 ? "up to date" : "build";
	};
	const symbol = (name: string) => join(dir, "include/config", name);
	const touch = (path: string, seconds: number) => {
		if (!existsSync(path)) writeFileSync(path, "");
		utimesSync(path, new Date(), new Date(Date.now() + seconds * 1000));
	};
	t.is(make(), "up to date");
	t.false(outdated(bundle));
	const { atime, mtime } = statSync(bundle);
	utimesSync(bundle, atime, new Date(0));
	t.true(outdated(bundle), "its sources are newer");
	utimesSync(bundle, atime, mtime);

	t.is(make("-W", "kernel/mm/memory.ts"), "build");
	t.is(make("-W", "scripts/cc/lower.ts"), "build");
	t.is(make("-W", "scripts/test.ts"), "up to date");
	t.is(make("NODE=env node"), "build", "another command");

	/* Asked for by no source. */
	touch(symbol("MMU"), 10);
	t.is(make(), "up to date");
	touch(symbol("SMP"), 10);
	t.is(make(), "build");
	touch(bundle, 20);
	touch(join(dir, "System.map"), 20);
	t.is(make(), "up to date");

	/* One that was never set before. */
	touch(symbol("KASAN"), 30);
	t.is(make(), "build");
	rmSync(symbol("KASAN"));
	t.is(make(), "up to date");
	t.regex(readFileSync(join(dir, ".vmlinux.mjs.cmd"), "utf8"), /^savedcmd_vmlinux\.mjs := .*scripts\/build\.ts/m);
});
