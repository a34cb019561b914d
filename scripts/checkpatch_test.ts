// SPDX-License-Identifier: GPL-2.0-only
/** The rules notice what they are for. That the tree keeps them is seen by `make check`. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { barriers_of, check_barriers, partners, shrink_unpaired } from "./checkpatch/barriers.ts";
import { check_columns, columns, long_lines, shrink_columns } from "./checkpatch/columns.ts";
import { needless, read_exceptions } from "./checkpatch/exceptions.ts";
import { check_guards, fields_of, shrink_unguarded } from "./checkpatch/guards.ts";
import { check_fresh } from "./checkpatch/fresh.ts";
import { check_walls, orphans, targets, walls } from "./checkpatch/imports.ts";
import { check_lines, rules } from "./checkpatch/lines.ts";
import { check_subject, check_subjects } from "./checkpatch/subjects.ts";
import { all_paths, is_code, read_commands, read_sources } from "./checkpatch/tree.ts";
import { here } from "./lib/root.ts";

const SPDX = "// SPDX-License-Identifier: GPL-2.0-only\n";
const tree_of = (files: Record<string, string>) => new Map(Object.entries(files));
const NOTHING = new Map<string, string>();

test("a rule fires on what it forbids", (t) => {
	const bad = [
		"Atomics.load(x, 0);",
		"const a = new Int32Array(4);",
		"HEAP32[1] = 2;",
		"try { f(); } catch (e) {}",
		"await f();",
		"enum E { A }",
		"let state = 1;",
		"Math.random();",
		"class C {}",
		"f(page * 4096);",
		"const PAGE = 4096;",
		"f(pte >>> 12);",
		"writeFileSync(file, text);",
		"f(); ",
		"// @ts-ignore",
		"// TODO later",
	];
	for (const line of bad)
		t.is(
			check_lines(line.startsWith("write") ? "tools/x.ts" : "kernel/mm/x.ts", SPDX + line).length,
			1,
			line,
		);
	t.is(rules.length, bad.length);
	t.is(check_lines("kernel/mm/x.ts", "f();").length, 1, "SPDX");
	for (const line of ["return (addr / PAGE_SIZE) & 511;", "x = p & ~0xfff;", "i < 512", "pfn << 12"])
		t.is(check_lines("include/linux/x.ts", SPDX + line).length, 1, line);
	for (const line of ["export const MAP_EXECUTABLE = 0x1000;", "h = h ^ (h >>> 12);", " * 4096 bytes"])
		t.deepEqual(check_lines("include/linux/x.ts", SPDX + line), [], line);
	t.deepEqual(check_lines("arch/host/threads/door.ts", `${SPDX}Atomics.load(x, 0);`), []);
	t.deepEqual(check_lines("tools/x_test.ts", `${SPDX}writeFileSync(file, text);`), []);
	t.deepEqual(check_lines("tools/x/page.css", "a { }"), [], "code only");
});

test("columns: tabs of eight, 80 in ported files, 120 elsewhere", (t) => {
	t.is(columns("\tab\tc"), 17);
	t.is(columns("1234567\tx"), 9);
	t.is(columns("é…𝒳"), 3);
	const [fits, not] = [`\t${"x".repeat(72)}`, `\t${"x".repeat(73)}`];
	for (const path of ["kernel/mm/x.ts", "include/linux/x.ts", "arch/x86/mm/x.ts"])
		t.deepEqual(long_lines(path, `${fits}\n${not}`), [2], path);
	for (const path of ["arch/host/stepper/x.ts", "tools/x.ts", "scripts/x.ts", "Makefile"]) {
		t.deepEqual(long_lines(path, not), [], path);
		t.deepEqual(long_lines(path, `${"x".repeat(120)}\n${"x".repeat(121)}`), [2], path);
	}
});

test("the list of long lines only gets shorter", (t) => {
	const long = `${"x".repeat(81)}\n`;
	const tree = tree_of({ "kernel/a.ts": long.repeat(2), "kernel/b.ts": "" });
	const check = (allowed: Record<string, number>) => check_columns(tree, allowed);
	t.deepEqual(check({ "kernel/a.ts": 2 }), []);
	t.deepEqual(check({}), ["kernel/a.ts:1: more than 80 columns", "kernel/a.ts:2: more than 80 columns"]);
	t.deepEqual(check({ "kernel/a.ts": 1 }), [
		"kernel/a.ts: 2 lines over 80 columns, and no more than 1 are allowed: 1, 2",
	]);
	t.regex(
		check({ "kernel/a.ts": 3 })[0],
		/2 lines over 80 columns, and .* still allows 3: lower it by .*--update/,
	);
	t.regex(check({ "kernel/a.ts": 2, "kernel/gone.ts": 1 })[0], /^kernel\/gone.ts: 0 lines/);
	const allowed = { "kernel/a.ts": 3, "kernel/b.ts": 1, "kernel/gone.ts": 1 };
	t.deepEqual(shrink_columns(tree, allowed), { "kernel/a.ts": 2 });
	t.deepEqual(shrink_columns(tree, { "kernel/a.ts": 1 }), { "kernel/a.ts": 1 }, "never more");
});

/** Problems of the fields of one struct, without their places. */
function of_fields(...fields: string[]): string[] {
	const text = ["interface s extends struct {", ...fields, "}", "const tasklist_lock = 0;"].join("\n");
	return check_guards(tree_of({ "include/linux/x.ts": text }), {}).map((line) =>
		line.replace(/^include\/linux\/x\.ts:(\d+): s\.(\w+): (say|there is no).*/, "$1 $2 $3"),
	);
}

test("a field says what guards it", (t) => {
	for (const guarded of [
		"tasklist_lock",
		"page lock",
		"a number; tasklist_lock, read without",
		"rwsem of root",
		"the lock of the list, see there",
		"its lock, peeked at without",
		"atomic",
		"constant after boot",
		"Constant.",
		"walked under RCU",
		"current only",
		"its CPU only",
		"guards b",
		"the kernel's slab_mutex: tasklist_lock",
	])
		for (const field of [
			`\ta: int; /* ${guarded} */`,
			`\t/** ${guarded} */\n\ta: int;`,
			`\ta: int; // ${guarded}`,
		])
			t.deepEqual(of_fields(field), [], field);
	for (const bare of [
		"a number",
		"pages, as an order",
		"set by all",
		"sees struct b",
		"blocked for ever",
		"lock statistics",
		"how often the lock was taken",
		"see b.ts",
	])
		t.deepEqual(of_fields(`\ta: int; /* ${bare} */`), ["2 a say"], bare);
	t.deepEqual(of_fields("\ta: int;"), ["2 a say"], "no comment");
	t.deepEqual(of_fields("\t/* tasklist_lock */", "\ta: int;", "\tb: int;"), ["4 b say"], "each has its own");
	t.deepEqual(of_fields("\ta: int; /* tasklist_lock */", "\tb: int; /* as a */"), []);
	t.deepEqual(of_fields("\tb: int; /* as a */"), ["2 b say"], "no such field");
	t.deepEqual(of_fields("\ta: embed<wait>; /* see wait */"), []);
	t.deepEqual(of_fields("\ta: int; /* see wait */"), ["2 a say"], "another struct");
	t.deepEqual(of_fields("\ta: int; /* mmlist_lock */"), ["2 a there is no"], "a lock that is nowhere");
	t.deepEqual(of_fields("\ta: int; /* mmlist_lock */", "\tmmlist_lock: int; /* atomic */"), []);
});

test("guards: one sentence for all fields of a struct; structs only, in the kernel only", (t) => {
	const check = (text: string, path = "kernel/mm/x.ts") => check_guards(tree_of({ [path]: text }), {}).length;
	const struct = "interface s extends struct {\n\ta: int;\n\tb: int;\n}\n";
	t.is(check(struct), 2);
	t.is(check(`/** All fields: its CPU only. */\n${struct}`), 0);
	t.is(check(`/** A thing. All fields:\n *  current only. */\nexport ${struct}`), 0);
	t.is(check(`/** All fields: numbers. */\n${struct}`), 2);
	t.is(check(`/** its CPU only. */\n${struct}`), 2);
	t.is(check(struct.replace("extends struct ", "")), 0);
	for (const path of ["tools/explore/inside/x.ts", "arch/host/threads/x.ts", "kernel/mm/x_kunit.ts"])
		t.is(check(struct, path), 0, path);
	t.is(check(struct, "arch/x86/mm/x.ts"), 2);
});

test("the list of fields without a guard only gets shorter", (t) => {
	const tree = tree_of({ "kernel/a.ts": "interface s extends struct {\n\ta: int;\n}\n" });
	t.deepEqual(check_guards(tree, { "kernel/a.ts": 1 }), []);
	t.regex(check_guards(tree, { "kernel/a.ts": 2 })[0], /1 fields .* still allows 2: lower it by .*--update/);
	t.regex(check_guards(tree, { "kernel/a.ts": 1, "kernel/gone.ts": 1 })[0], /^kernel\/gone.ts: 0 fields/);
	t.deepEqual(shrink_unguarded(tree, { "kernel/a.ts": 2, "kernel/gone.ts": 1 }), { "kernel/a.ts": 1 });
	t.deepEqual(shrink_unguarded(tree, {}), {}, "never more");
});

test("guards: the fields of the tree are found, and include/ has no exceptions", (t) => {
	const found = [...read_sources(here())].flatMap(([path, text]) =>
		path.startsWith("include/linux/") ? fields_of(path, text).map((f) => f.name) : [],
	);
	for (const name of ["task_struct.pid", "inode.i_data", "mm_struct.mmap_seq", "page.ptl"])
		t.true(found.includes(name), name);
	const listed = Object.keys(read_exceptions(here()).unguarded);
	t.deepEqual(
		listed.filter((path) => path.startsWith("include/")),
		[],
	);
});

/** Problems of barriers in the body of a function. */
function of_barriers(...body: string[]): string[] {
	const text = ["function f(): void {", ...body, "}", "function other(): void {}"].join("\n");
	return check_barriers(tree_of({ "kernel/x.ts": text }), {}).map((line) =>
		line.replace(/^kernel\/x\.ts:(\d+): (\w+)\(\): (say|there is no \w+).*/, "$1 $2 $3"),
	);
}

test("a barrier says what it pairs with", (t) => {
	const calls = [
		"smp_mb();",
		"smp_rmb();",
		"smp_wmb();",
		"smp_mb__before_atomic();",
		"smp_mb__after_spinlock();",
		"smp_store_release(p.a, 1);",
		"while (smp_load_acquire(p.a) === 0) g();",
		"for (let n = 0; smp_load_acquire(p.a) !== 0; n++) g();",
		"if (a && atomic_read_acquire(p) === 0) return;",
		"const x = atomic_cmpxchg_release(p, 1, 0);",
		"atomic_set_release(p, 1);",
		"smp_acquire__after_ctrl_dep();",
	];
	for (const call of calls) {
		const name = /\b(smp|atomic)_\w+/.exec(call)?.[0];
		t.deepEqual(of_barriers(`\t${call}`), [`2 ${name} say`], call);
		t.deepEqual(of_barriers("\t/* Because. */", `\t${call}`), [`3 ${name} say`], call);
		t.deepEqual(of_barriers("\t/* Pairs with other(). */", `\t${call}`), [], call);
		t.deepEqual(of_barriers("\t// it pairs with the release in other()", `\t${call}`), [], call);
		t.deepEqual(
			of_barriers("\t/* Pairs with gone(). */", `\t${call}`),
			[`3 ${name} there is no gone`],
			call,
		);
	}
	/* Not said: the name of a function, and another one than what it is made of. */
	for (const said of [
		"Pairs with the other side.",
		"Pairs with smp_wmb().",
		"Like other().",
		"Pairs with x. other()",
	])
		t.deepEqual(of_barriers(`\t/* ${said} */`, "\tsmp_rmb();"), ["3 smp_rmb say"], said);
	t.deepEqual(partners("Pairs with the release in a(), and with b(). Not c()."), ["a", "b"]);
});

test("barriers: a long comment is looked at whole, one far above is not", (t) => {
	const long = ["\t/*", "\t * Pairs with other().", ...Array(9).fill("\t * And so on."), "\t */"];
	t.deepEqual(of_barriers(...long, "\tsmp_mb();"), []);
	t.deepEqual(of_barriers(...long, "\tg();", "\tsmp_mb();"), [`15 smp_mb say`]);
	t.deepEqual(of_barriers("\tg( /* Pairs with other(). */", "\t\t1,", "\t\tsmp_load_acquire(p.a),", "\t);"), []);
	t.deepEqual(of_barriers("\t/* Pairs with other(). */", "\tsmp_mb();", "\tg();", "\tg();", "\tsmp_mb();"), [
		"6 smp_mb say",
	]);
});

test("barriers: those that are made of others, and names that only look like one", (t) => {
	const of = (text: string) => barriers_of("include/linux/x.ts", text).map((b) => b.name);
	t.deepEqual(of("export function atomic_read_acquire(v: a): number {\n\treturn smp_load_acquire(v.c);\n}"), []);
	t.deepEqual(of('import { smp_mb } from "host/door.ts";\nrwsem_acquire(sem, 0, 0);\nlock_release(sem);'), []);
	t.deepEqual(of("const f = RODATA((): void => {\n\tsmp_mb();\n});"), ["smp_mb"]);
});

test("the list of barriers without a partner only gets shorter", (t) => {
	const tree = tree_of({ "kernel/a.ts": "function f() {\n\tsmp_mb();\n}\n" });
	t.deepEqual(check_barriers(tree, { "kernel/a.ts": 1 }), []);
	t.regex(check_barriers(tree, { "kernel/a.ts": 2 })[0], /1 barriers .* still allows 2: lower it by .*--update/);
	t.deepEqual(shrink_unpaired(tree, { "kernel/a.ts": 2, "kernel/gone.ts": 1 }), { "kernel/a.ts": 1 });
	t.deepEqual(shrink_unpaired(tree, {}), {}, "never more");
});

test("an exception that is not needed is told", (t) => {
	t.deepEqual(needless({ "a.ts": "why", "b.ts": "why" }, ["a.ts", "c.ts"]), ["b.ts"]);
});

test("what a specifier means", (t) => {
	const tree = tree_of({
		"include/linux/mm.ts": "",
		"arch/x86/include/asm/page.ts": "",
		"arch/arm64/include/asm/page.ts": "",
		"arch/host/threads/door.ts": "",
		"arch/host/stepper/door.ts": "",
		"arch/host/stepper/models/door.ts": "",
		"tools/explore/inside/scenarios/one.ts": "",
		"tools/explore/inside/scenario.ts": "",
	});
	const of = (specifier: string) => targets(tree, "arch/host/threads/head.ts", specifier).sort();
	t.deepEqual(of("linux/mm.ts"), ["include/linux/mm.ts"]);
	t.deepEqual(of("asm/page.ts"), ["arch/arm64/include/asm/page.ts", "arch/x86/include/asm/page.ts"]);
	t.deepEqual(of("host/door.ts"), ["arch/host/stepper/door.ts", "arch/host/threads/door.ts"]);
	t.deepEqual(of("./door.ts"), ["arch/host/threads/door.ts"]);
	t.deepEqual(of("../stepper/door.ts"), ["arch/host/stepper/door.ts"]);
	t.deepEqual(of("explore/scenario.ts"), ["tools/explore/inside/scenario.ts"]);
	t.deepEqual(of("generated/scenarios.ts"), ["tools/explore/inside/scenarios/one.ts"]);
	t.deepEqual(of("commander"), []);
});

test("every alias of tsconfig.json is known here", (t) => {
	const code = new Map([...read_sources(here())].filter(([path]) => is_code(path)));
	const lost: string[] = [];
	for (const [path, text] of code)
		for (const [, specifier] of text.matchAll(/^(?:import|export) .*from "([^"\n]+\.ts)";$/gm))
			if (!specifier.startsWith("generated/") && targets(code, path, specifier).length === 0)
				lost.push(`${path}: ${specifier}`);
	t.deepEqual(lost, []);
});

test("fresh: what is run needs nothing that a build generates", (t) => {
	const tree = tree_of({
		"bin/spf.mjs": 'const { main } = await import("../tools/spf.ts");',
		"tools/spf.ts": 'import type { A } from "asm/a.ts";\nimport { b } from "./b.ts";',
		"tools/b.ts": 'export * from "asm/b.ts";\nexport type { A } from "asm/a.ts";',
		"tools/guest.ts": 'import "asm/a.ts";',
		"scripts/run_test.ts": 'import "asm/a.ts";',
		"arch/x86/include/asm/a.ts": 'import { A } from "generated/autoconf.ts";',
		"arch/x86/include/asm/b.ts": "",
		"arch/arm64/include/asm/b.ts": 'import { B } from "generated/autoconf.ts";',
	});
	t.deepEqual(check_fresh(tree), [
		"arch/arm64/include/asm/b.ts: imports generated/autoconf.ts, " +
			"which no build has generated yet when Node.js runs bin/spf.mjs",
	]);
});

test("walls: who may import whom", (t) => {
	const tree = tree_of({
		"include/linux/a.ts": 'import "../../tools/lib/t.ts";',
		"kernel/mm/a.ts": 'import { readFileSync } from "node:fs";',
		"kernel/mm/b.ts": 'import type { S } from "explore/scenario.ts";',
		"kernel/mm/c.ts":
			'import "asm/tlb.ts";\nimport "../../arch/x86/include/asm/tlb.ts";\n' +
			'import "../../arch/host/threads/a.ts";',
		"arch/x86/include/asm/tlb.ts": "",
		"arch/host/threads/a.ts":
			'import { Worker } from "node:worker_threads";\nexport * from "../../../scripts/lib/s.ts";',
		"arch/host/threads/a_test.ts": 'import "../../../scripts/lib/s.ts";',
		"tools/lib/t.ts": "",
		"scripts/lib/s.ts": "",
		"scripts/kconfig/a.ts": 'import "../lib/s.ts";\nimport "./b.ts";\nimport "node:fs";',
		"scripts/kconfig/b.ts": "",
		"tools/explore/protocol.ts": "",
		"tools/explore/inside/scenario.ts":
			'import "../protocol.ts";\nimport "linux/a.ts";\nimport "../outside/a.ts";',
		"tools/explore/inside/b.ts": 'const fs = await import("node:fs");',
		"tools/explore/outside/a.ts": 'import "node:fs";\nimport "../protocol.ts";\nimport "../../lib/t.ts";',
		"tools/explore/page/a.ts": 'import "../outside/a.ts";\nimport "node:fs";\nimport "../protocol.ts";',
	});
	const found = check_walls(tree);
	t.deepEqual(
		found.map((line) => line.split(": ", 2).join(": ")),
		[
			"include/linux/a.ts: imports ../../tools/lib/t.ts",
			"kernel/mm/a.ts: imports node:fs",
			"kernel/mm/b.ts: imports explore/scenario.ts",
			"kernel/mm/c.ts: imports ../../arch/x86/include/asm/tlb.ts",
			"arch/host/threads/a.ts: imports ../../../scripts/lib/s.ts",
			"scripts/kconfig/a.ts: imports ../lib/s.ts",
			"tools/explore/inside/scenario.ts: imports ../outside/a.ts",
			"tools/explore/inside/b.ts: imports node:fs",
			"tools/explore/page/a.ts: imports ../outside/a.ts",
			"tools/explore/page/a.ts: imports node:fs",
		],
	);
	for (const { say } of walls)
		t.true(
			found.some((line) => line.endsWith(say)),
			say,
		);
});

test("orphans: nothing reaches them from what is run or tested", (t) => {
	const tree = tree_of({
		"bin/spf.mjs": 'await import("../tools/spf.ts");',
		"tools/spf.ts":
			'join(here(), "tools/guest.ts");\nnew Worker(new URL("./worker.mjs", import.meta.url));',
		"tools/guest.ts": "",
		"tools/worker.mjs": "",
		"tools/a_test.ts": 'import { a } from "./testutil.ts";',
		"tools/testutil.ts": "",
		"tools/lost.ts": 'import "./lost_too.ts";',
		"tools/lost_too.ts": 'import "./lost.ts";',
		"scripts/run.ts": "",
		"scripts/size.ts": "",
		"scripts/gone.ts": "",
		"scripts/told.ts": "",
		"scripts/mentioned.ts": "",
		"include/linux/compiler.d.ts": "",
	});
	const texts = tree_of({
		Makefile: "run test: stamp\n\t$(TSX) scripts/$@.ts $(ARGS)\n\nsize: stamp\n\t$(TSX) scripts/size.ts\n",
		"Documentation/x.md": "Run `node --import tsx scripts/told.ts DIR`. See scripts/mentioned.ts.",
	});
	t.deepEqual(orphans(tree, texts).sort(), [
		"scripts/gone.ts",
		"scripts/mentioned.ts",
		"tools/lost.ts",
		"tools/lost_too.ts",
	]);
	t.true(orphans(tree, NOTHING).includes("scripts/run.ts"));
});

test("orphans: a file more in the tree is one", (t) => {
	const root = here();
	const code = new Map([...read_sources(root)].filter(([path]) => is_code(path)));
	const before = orphans(code, read_commands(root));
	t.deepEqual(before.sort(), Object.keys(read_exceptions(root).orphans).sort());
	/* A name that stands in a string, here too, would count as used. */
	for (const dir of ["kernel/mm", "tools/explore/inside/strategy", "scripts/kconfig"]) {
		const path = `${dir}/nobody.ts`;
		t.deepEqual(
			orphans(new Map(code).set(path, ""), read_commands(root)).sort(),
			[...before, path].sort(),
			path,
		);
	}
});

test("subjects say what", (t) => {
	const refused: [string, boolean, RegExp][] = [
		["Merge /srv/trees/why3", true, /machine/],
		["Merge branch 'x'", true, /git's own words/],
		["Merge branch 'lead-merge' of /srv/trees/lkmm", true, /machine/],
		["Merge remote-tracking branch 'origin/main'", true, /git's own words/],
		["Merge review", true, /a name only/],
		["Merge why and review", true, /a name only/],
		["merge search into main", true, /a name only/],
		["Merge something that is longer than a line", false, /subsystem: summary/],
		["mm: keep it in ~/trees", false, /machine/],
		["mm: fix", false, /more than one word/],
		["Fix the thing", false, /subsystem: summary/],
		["fixup! mm: count pages", false, /not finished/],
		["wip: count pages", false, /not finished/],
		[`mm: ${"x ".repeat(36)}`, false, /76 columns, at most 75/],
	];
	for (const [subject, merge, why] of refused) t.regex(check_subject(subject, merge) ?? "fine", why, subject);
	const fine: [string, boolean][] = [
		["mm: count pages once", false],
		["mm/mmap: account under page_table_lock", false],
		["spf kconfig why: after a loop nothing else is suspected", false],
		["scripts, tools: formatted by Biome", false],
		["replay: maps are those of /proc/PID/maps", false],
		["explore: read/write pairs of a page", false],
		['Revert "mm: count pages once"', false],
		["Merge the search that ends under TSO", true],
		["explore: three models behind one face", true],
		[`mm: ${"x".repeat(35)} ${"y".repeat(35)}`, false],
	];
	for (const [subject, merge] of fine) t.is(check_subject(subject, merge), undefined, subject);
});

test("subjects: commits after a base, merges too; nobody looks without a history", (t) => {
	const dir = mkdtempSync(join(tmpdir(), "spf-subjects-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	t.regex(check_subjects(dir, "0".repeat(40)).skipped ?? "", /^no history is read: not a git repository/);
	const who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"];
	const git = (...args: string[]) =>
		execFileSync("git", [...who, ...args], { cwd: dir, encoding: "utf8", stdio: "pipe" }).trim();
	const commit = (subject: string) => git("commit", "-q", "--allow-empty", "-m", subject);
	git("init", "-q", "-b", "main");
	commit("An old one");
	const base = git("rev-parse", "HEAD");
	commit("mm: a good one");
	git("checkout", "-q", "-b", "side");
	commit("a bad one");
	git("checkout", "-q", "main");
	git("merge", "-q", "--no-ff", "-m", "Merge side", "side");
	const { problems, skipped } = check_subjects(dir, base);
	t.is(skipped, undefined);
	t.deepEqual(
		problems.map((p) => p.replace(/^commit \w+: /, "")),
		[
			"'Merge side': a name only: say what the merge brings",
			"'a bad one': write 'subsystem: summary', the summary in more than one word",
		],
	);
	t.regex(check_subjects(dir, "0".repeat(40)).skipped ?? "", /does not reach back to 0{12}/);
});

test("all sources are read, and nothing that a build made", (t) => {
	const paths = all_paths(here());
	for (const path of ["kernel/mm/memory.ts", "bin/spf.mjs", "scripts/cc/lower.ts"])
		t.true(paths.includes(path), path);
	t.deepEqual(
		paths.filter((path) => /^(include\/generated|scripts\/kconfig\/dist)\/|node_modules/.test(path)),
		[],
	);
});
