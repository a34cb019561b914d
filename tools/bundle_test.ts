// SPDX-License-Identifier: GPL-2.0-only
/**
 * Tests of bin/lib/bundle.mjs, on a small tree: whatever becomes of the sources
 * or of what was made of them, it is the sources of now that run.
 */
import { spawnSync } from "node:child_process";
import {
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { here } from "./lib/root.ts";

const SOURCES = {
	"tools/spf.ts": `import { word } from "./words.ts";
export async function main(args: string[]): Promise<number> {
	const { place } = await import("./late.ts");
	console.log(word, place, ...args);
	return 3;
}
`,
	"tools/words.ts": 'export { a as word } from "./all_words.ts";\n',
	"tools/all_words.ts": 'export const a: string = "aaa";\nexport const b: string = "bbb";\n',
	"tools/late.ts": "export const place = import.meta.url.slice(-13);\n",
	"package.json": '{ "type": "module" }\n',
	"tsconfig.json": "{}\n",
};

/** A tree of its own. */
function tree(t: ExecutionContext) {
	const dir = mkdtempSync(join(tmpdir(), "spf-bundle-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	cpSync(join(here(), "bin"), join(dir, "bin"), { recursive: true });
	symlinkSync(join(here(), "node_modules"), join(dir, "node_modules"));
	const write = (name: string, text: string) => {
		mkdirSync(dirname(join(dir, name)), { recursive: true });
		writeFileSync(join(dir, name), text);
	};
	for (const [name, text] of Object.entries(SOURCES)) write(name, text);
	const spf = (...args: string[]) =>
		spawnSync(process.execPath, [join(dir, "bin/spf.mjs"), ...args], {
			cwd: "/",
			encoding: "utf8",
			env: { ...process.env, KBUILD_OUTPUT: "" },
		});
	const made = join(dir, "build/spf/made.json");
	return { dir, write, spf, made };
}

const said = (word: string) => `${word} tools/late.ts x\n`;

test("this tree's can be made", async (t) => {
	const { bundled } = await import("../bin/lib/bundle.mjs");
	t.regex((await bundled()) ?? "none", /spf-.*\.cjs$/);
});

test("it is made once", (t) => {
	const { spf, made } = tree(t);
	const { status, stdout } = spf("x");
	t.deepEqual([status, stdout], [3, said("aaa")]);
	const { ino } = statSync(made);
	t.is(spf("x").stdout, said("aaa"));
	t.is(statSync(made).ino, ino);
});

test("where there is no room for it, the sources run, and nothing is left", (t) => {
	const { dir, spf } = tree(t);
	/* No file may get longer than this one is: 0 bytes. */
	const command = `trap '' XFSZ; ulimit -f 0; exec '${process.execPath}' '${dir}/bin/spf.mjs' x`;
	const { status, stdout, stderr } = spawnSync("sh", ["-c", command], {
		cwd: "/",
		encoding: "utf8",
		env: { ...process.env, KBUILD_OUTPUT: "", TSX_DISABLE_CACHE: "1" },
	});
	t.deepEqual([status, stdout, stderr], [3, said("aaa"), ""]);
	t.deepEqual(readdirSync(join(dir, "build/spf")), []);
	t.is(spf("x").stdout, said("aaa"));
});

test("in an output directory it finds the packages of the tree", (t) => {
	const { dir, write } = tree(t);
	const out = mkdtempSync(join(tmpdir(), "spf-bundle-out-"));
	t.teardown(() => rmSync(out, { recursive: true }));
	write("tools/late.ts", 'import { rolldown } from "rolldown";\nexport const place = typeof rolldown;\n');
	const { stdout, stderr } = spawnSync(process.execPath, [join(dir, "bin/spf.mjs"), "x"], {
		cwd: "/",
		encoding: "utf8",
		env: { ...process.env, KBUILD_OUTPUT: out },
	});
	t.deepEqual([stdout, stderr], ["aaa function x\n", ""]);
	t.true(existsSync(join(out, "build/spf/made.json")));
});

test("a source that has its size and its date of before", (t) => {
	const { dir, write, spf } = tree(t);
	spf();
	const file = join(dir, "tools/all_words.ts");
	const { atime, mtime } = statSync(file);
	write("tools/all_words.ts", SOURCES["tools/all_words.ts"].replace("aaa", "ccc"));
	utimesSync(file, atime, mtime);
	t.is(spf("x").stdout, said("ccc"));
});

test("a source that only hands on, and one that is loaded late", (t) => {
	const { write, spf } = tree(t);
	spf();
	write("tools/words.ts", SOURCES["tools/words.ts"].replace("a as", "b as"));
	t.is(spf("x").stdout, said("bbb"));
	write("tools/late.ts", 'export const place = "late";\n');
	t.is(spf("x").stdout, "bbb late x\n");
});

test("sources that do not go together", (t) => {
	const { write, spf } = tree(t);
	spf();
	write("tools/words.ts", SOURCES["tools/words.ts"].replace("a as", "z as"));
	const { status, stdout, stderr } = spf("x");
	t.not(status, 3);
	t.is(stdout, "");
	t.regex(stderr, /'z'|"z"/);
});

test("what was made is damaged, or gone", (t) => {
	const { dir, spf, made } = tree(t);
	spf();
	const at = (name: string) => join(dir, "build/spf", name);
	for (const name of readdirSync(at("")).filter((n) => n.endsWith(".mjs")))
		writeFileSync(
			at(name),
			readFileSync(at(name), "utf8").replaceAll("aaa", "zzz").replaceAll("late", "zzzz"),
		);
	t.is(spf("x").stdout, said("aaa"));
	for (const text of ["", '{"files":[],"inputs":[]}']) {
		writeFileSync(made, text);
		t.is(spf("x").stdout, said("aaa"), text);
	}
	for (const name of readdirSync(at(""))) if (name !== "made.json") rmSync(at(name));
	t.is(spf("x").stdout, said("aaa"));
});

test("there is no place for it", (t) => {
	const { write, spf, made } = tree(t);
	write("build", "");
	const { status, stdout, stderr } = spf("x");
	t.deepEqual([status, stdout, stderr], [3, said("aaa"), ""]);
	t.false(existsSync(made));
});

test("an output directory has its own", (t) => {
	const { dir, made } = tree(t);
	const out = join(dir, "out");
	const { status } = spawnSync(process.execPath, [join(dir, "bin/spf.mjs")], {
		env: { ...process.env, KBUILD_OUTPUT: out },
	});
	t.is(status, 3);
	t.true(existsSync(join(out, "build/spf/made.json")));
	t.false(existsSync(made));
});

test("of files of earlier times only the last ones stay", (t) => {
	const { write, spf, dir } = tree(t);
	const all = () => readdirSync(join(dir, "build/spf")).length;
	spf();
	const first = all();
	for (const word of ["b", "c", "d", "e"]) {
		write("tools/all_words.ts", SOURCES["tools/all_words.ts"].replace("aaa", word));
		t.is(spf("x").stdout, said(word));
	}
	t.true(all() < 2 * first);
});
