// SPDX-License-Identifier: GPL-2.0-only
/** A wrong type is found wherever it is; and one configuration's types are those of all. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import test from "ava";
import { projects, typecheck, untyped } from "./check/types.ts";
import { sandbox } from "./kconfig/testutil.ts";
import { build_dir, here } from "./lib/root.ts";

const root = here();

test("a wrong type is found, in TypeScript and in JavaScript", async (t) => {
	const dir = join(build_dir(), "check/planted");
	const name = relative(root, dir);
	const top = join(root, "tsconfig.json");
	mkdirSync(dir, { recursive: true });
	t.teardown(() => rmSync(dir, { recursive: true }));
	const put = (name: string, text: string) => writeFileSync(join(dir, name), text);
	put("tsconfig.json", `{ "extends": "${top}", "include": ["."], "exclude": [] }`);
	put("good.ts", "export const x: string = '42';\n");
	put("bad.ts", "export const y: string = 42;\n");
	put("bad.mjs", "/** @type {string} */\nexport const z = 42;\n");
	const { problems, files } = await typecheck(root, `${name}/tsconfig.json`);
	const wrong = "error TS2322: Type 'number' is not assignable to type 'string'.";
	t.deepEqual(problems.sort(), [`${name}/bad.mjs(2,14): ${wrong}`, `${name}/bad.ts(1,14): ${wrong}`]);
	for (const file of ["good.ts", "bad.ts", "bad.mjs"]) t.true(files.includes(`${name}/${file}`), file);

	put("tsconfig.json", `{ "extends": "${top}", "compilerOptions": { "checkJs": false }, "include": ["."] }`);
	const blind = await typecheck(root, `${name}/tsconfig.json`);
	t.false(blind.files.includes(`${name}/bad.mjs`), "JavaScript that is read counts only if it is checked");
});

test("a source that no program has is told, and so is one that is listed and need not be", (t) => {
	const typed = new Set(["a.ts", "b.ts"]);
	t.deepEqual(untyped(["a.ts", "b.ts"], typed, {}), []);
	t.deepEqual(untyped(["a.ts", "c.ts"], typed, {}), [
		"c.ts: no tsconfig.json has it, so nobody checks its types",
	]);
	t.deepEqual(untyped(["a.ts", "c.ts"], typed, { "c.ts": "why" }), []);
	t.regex(untyped(["a.ts"], typed, { "a.ts": "why" })[0], /^a.ts: its types are checked, and .* still says/);
});

test("each machine has a program", (t) => {
	const machine = (name: string) =>
		projects(root).filter((p) => readFileSync(join(root, p), "utf8").includes(`arch/host/${name}/*`));
	for (const name of readdirSync(join(root, "arch/host"), { withFileTypes: true }).filter((e) => e.isDirectory()))
		t.is(machine(name.name).length, 1, name.name);
});

/** Each fragment alone, and those that are used together. */
const CONFIGURATIONS = [
	[],
	...readdirSync(join(root, "configs"))
		.filter((name) => name.endsWith(".config"))
		.map((name) => [name]),
	["kunit.config", "debug.config", "tracing.config"],
	["kunit.config", "debug.config", "nospf.config"],
	["kunit.config", "nosmp.config"],
	["debug.config", "ipitables.config"],
	["stepper.config", "nospf.config"],
	["stepper.config", "rwsem.config"],
	["stepper.config", "ipitables.config"],
];

test("every configuration declares the same symbols with the same types", (t) => {
	const config = (name: string) => readFileSync(join(root, "configs", name), "utf8");
	const box = sandbox();
	t.teardown(() => box.remove());
	box.env = {
		srctree: root,
		ARCH: "x86",
		SRCARCH: "x86",
		KERNELVERSION: "5.17.0",
		KCONFIG_AUTOTS: "autoconf.ts",
	};
	const answers = new Set<string>();
	let first: string[] | undefined;
	for (const fragments of CONFIGURATIONS) {
		const what = fragments.join(" + ") || "defconfig";
		box.put(".config", ["x86_64_defconfig", ...fragments].map(config).join(""));
		t.is(box.conf("--olddefconfig", "Kconfig").code, 0, what);
		t.is(box.conf("--syncconfig", "Kconfig").code, 0, what);
		const constants = (box.read("autoconf.ts") ?? "")
			.split("\n")
			.filter((line) => line !== "" && !line.startsWith("//"));
		const declared = constants.map((line) => {
			const [, name, type, value] = /^export const (CONFIG_\w+): (\w+) = (.+);$/.exec(line) ?? [];
			const kind = { boolean: /^(true|false)$/, number: /^(-?\d+|0x[\da-f]+)$/i, string: /^".*"$/ }[
				type ?? ""
			];
			t.true(kind?.test(value), `${what}: ${line}`);
			return `${name}: ${type}`;
		});
		t.true(declared.length > 20, what);
		t.deepEqual(declared, (first ??= declared), what);
		answers.add(constants.join("\n"));
	}
	t.true(answers.size > CONFIGURATIONS.length / 2, "they do differ");
});
