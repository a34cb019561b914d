// SPDX-License-Identifier: GPL-2.0-only
/** Tests of where hunks are at home, on a small tree of our own and on the real one. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { by_lines, lex, lex_rows } from "../index/lex.ts";
import { Sources } from "../index/source.ts";
import { read_blocks } from "../mail/diff.ts";
import { line_of } from "../mail/lines.ts";
import type { Hunk } from "../mail/types.ts";
import { align } from "./lines.ts";
import { Locator } from "./locate.ts";
import { owners } from "./owners.ts";

const FILES = {
	Kconfig: 'config POND\n\tbool "Ponds"\n\tdefault y\n\nconfig DEEP\n\tdef_bool y\n',
	"kernel/mm/Kconfig": "config WET\n\tdef_bool y\n",
	"kernel/mm/pond.ts": `// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/pond.c and of mm/frog.c (5.17) what leaps.
 * Left out:
 * - winter: pond_freeze(), pond_thaw();
 * - fish.
 */
import { pond } from "linux/${"pond"}.ts";
import { spin_lock } from "linux/spinlock.ts";

/** How deep. Called with pond->lock held. */
export function pond_depth(p: pond): number {
	return p.depth;
}

/** A part of it, that is apart here. */
function pond_prepare(p: pond, f: frog): number {
	const err = frog_check(f);
	if (err !== 0) return err;
	f.pond = p;
	f.position = pond_edge(p);
	p.count++;
	return 0;
}

export function pond_enter(p: pond, f: frog, flags: number): number {
	const err = pond_prepare(p, f);
	if (err !== 0) return err;
	spin_lock(p.lock);
	if ((flags & POND_DEEP) !== 0 && pond_depth(p) < 3) {
		spin_unlock(p.lock);
		return -EAGAIN;
	}
	list_add(f.list, p.frogs);
	spin_unlock(p.lock);
	return 0;
}

export function frog_leap(f: frog): number {
	return pond_enter(f.pond, f, POND_WAIT);
}
`,
	"include/linux/pond.ts": `/** Mirrors include/linux/pond.h. */
export const POND_WAIT = 1;
export const POND_DEEP = 2;

export interface pond extends struct {
	lock: spinlock_t;
	/** Guarded by lock. */
	depth: int;
}

export const frogs = (p: pond): number => p.count;
`,
};

function tree(t: ExecutionContext): Sources {
	const dir = mkdtempSync(join(tmpdir(), "spf-align-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	for (const [name, text] of Object.entries({ ...FILES, "arch/x86/Kconfig": "config X86\n\tdef_bool y\n" })) {
		mkdirSync(dirname(join(dir, name)), { recursive: true });
		writeFileSync(join(dir, name), text);
	}
	return new Sources(dir);
}

/** A hunk of a file: its head says how many lines, as they come. */
function hunk(path: string, section: string, body: string): Hunk {
	const rows = body.replace(/\n$/, "").split("\n");
	const n = (out: string) => rows.filter((r) => r[0] !== out).length;
	const text = [`--- a/${path}`, `+++ b/${path}`, `@@ -9,${n("+")} +9,${n("-")} @@ ${section}`, ...rows];
	return read_blocks(text.map(line_of)).find((b): b is Hunk => b.kind === "hunk") as Hunk;
}
const names = (h: Hunk) => owners(h).changed.map((o) => `${o.kind} ${o.name}`);

test("whose the lines of a hunk are, whatever git says behind @@", (t) => {
	t.deepEqual(
		names(
			hunk(
				"mm/pond.c",
				"int frog_sit(struct frog *f)",
				" \treturn 0;\n }\n \n int pond_enter(struct pond *p)\n {\n+\tspin_lock(&p->lock);\n",
			),
		),
		["function pond_enter"],
	);
	t.deepEqual(
		names(
			hunk(
				"mm/pond.c",
				"int frog_sit(struct frog *f)",
				" \treturn 0;\n+\tx();\n }\n \n int pond_enter(struct pond *p)\n {\n",
			),
		),
		["function frog_sit"],
	);
	t.deepEqual(
		names(
			hunk(
				"mm/pond.c",
				"out:",
				"+static inline void\n+pond_a(struct pond *p,\n+\t   int n)\n+{\n" +
					"+\tp->n = n;\n+}\n+\n+#define pond_b(p) \\\n+\t(p)->n\n+\n" +
					"+extern int pond_c(int a,\n+\t\t  int b);\n" +
					"+SYSCALL_DEFINE2(leap, int, a, int, b)\n+{\n+}\n",
			),
		),
		["function pond_a", "macro pond_b", "prototype pond_c", "function sys_leap"],
	);
	t.deepEqual(
		names(hunk("mm/pond.c", "pond_d(struct pond *p)", " \tif (p)\n-\t\treturn f(1);\n+\t\treturn f(2);\n")),
		["function pond_d"],
	);
	t.deepEqual(
		names(
			hunk(
				"mm/pond.c",
				"EXPORT_SYMBOL(x);",
				" \n+/* About it. */\n+struct pond {\n+\tint n;\n+};\n" +
					'+const char *const pond_text[] = {\n+\t"n",\n+};\n',
			),
		),
		["struct pond", "data pond_text"],
	);
	t.deepEqual(names(hunk("mm/Kconfig", "config POND", " \tbool\n+\tdefault y\n \n+config DEEP\n+\tbool\n")), [
		"config POND",
		"config DEEP",
	]);
	/* Without indentation: a call is no definition, and a bracket in the middle ends nothing. */
	t.deepEqual(
		names(
			hunk(
				"mm/pond.c",
				"static int pond_e(struct pond *p)",
				" if (p) {\n+spin_lock(&p->lock);\n }\n+frog_leap(p);\n return 0;\n" +
					" }\n \n static int pond_f(void)\n {\n+return 1;\n }\n",
			),
		),
		["function pond_e", "function pond_f"],
	);
});

test("where it is at home: by name, of a header, of another file, and why not", (t) => {
	const locator = new Locator(tree(t));
	const at = (path: string, section: string, body: string) => {
		const p = locator.locate(hunk(path, section, body));
		return [
			p.ported,
			p.by,
			p.regions.map((r) => `${r.file.replace(/.*\//, "")}#${r.name}`).join(" "),
			p.reason,
		];
	};
	t.deepEqual(at("mm/pond.c", "int pond_depth(struct pond *p)", "+\tx = 1;\n"), [
		true,
		"name",
		"pond.ts#pond_depth",
		"",
	]);
	t.deepEqual(at("mm/frog.c", "int frog_leap(struct frog *f)", "+\tx = 1;\n"), [
		true,
		"name",
		"pond.ts#frog_leap",
		"",
	]);
	t.deepEqual(at("include/linux/pond.h", "struct pond {", " \tspinlock_t lock;\n+\tint depth;\n"), [
		true,
		"name",
		"pond.ts#pond",
		"",
	]);
	t.deepEqual(at("include/linux/pond.h", "enum pond_flags {", " \tPOND_WAIT,\n+\tPOND_DEEP,\n").slice(0, 3), [
		true,
		"name",
		"pond.ts#POND_DEEP",
	]);
	t.deepEqual(at("mm/pond.c", "", " #include <linux/a.h>\n+#include <linux/pond.h>\n").slice(0, 3), [
		true,
		"name",
		"pond.ts#imports",
	]);
	t.deepEqual(at("mm/pond.c", "int pond_freeze(void)", "+\tx = 1;\n"), [
		true,
		undefined,
		"",
		'pond_freeze is left out: "winter: pond_freeze(), pond_thaw()"',
	]);
	t.deepEqual(
		at(
			"mm/pond.c",
			"int pond_depth(struct pond *p)",
			" \treturn 1;\n }\n \n+int pond_new(void)\n+{\n+\treturn pond_depth(p);\n+}\n",
		),
		[true, "neighbour", "pond.ts#pond_depth", "there is no pond_new here"],
	);
	t.deepEqual(at("mm/lake.c", "int lake(void)", "+\tx = 1;\n"), [
		false,
		undefined,
		"",
		"mm/lake.c is not ported",
	]);
	t.deepEqual(
		at(
			"mm/pond.c",
			"retry:",
			" \tspin_lock(&p->lock);\n+\tif (flags & POND_DEEP && pond_depth(p) < 3)\n" +
				" \tlist_add(&f->list, &p->frogs);\n",
		).slice(0, 3),
		[true, "identifiers", "pond.ts#pond_enter"],
	);
	t.deepEqual(at("mm/Kconfig", "config WET", "+\tdefault n\n").slice(0, 3), [true, "name", "Kconfig#CONFIG_WET"]);
});

test("line by line, and on into a function that is apart here", (t) => {
	const sources = tree(t);
	const h = hunk(
		"mm/pond.c",
		"int pond_enter(struct pond *p, struct frog *f, int flags)",
		"+\terr = frog_check(f);\n+\tif (err)\n+\t\treturn err;\n+\tf->pond = p;\n" +
			"+\tf->position = pond_edge(p);\n+\tp->count++;\n \tspin_lock(&p->lock);\n" +
			"-\tlist_add_tail(&f->list, &p->frogs);\n" +
			"+\tif (flags & POND_DEEP && pond_depth(p) < 3)\n" +
			"+\t\tgoto out;\n+\tlist_add(&f->list, &p->frogs);\n" +
			" \tspin_unlock(&p->lock);\n",
	);
	const { regions, links } = align(h, new Locator(sources).locate(h).regions, sources);
	t.deepEqual(
		regions.map((r) => r.name),
		["pond_enter", "pond_prepare"],
	);
	const text = (row: number) => {
		const l = links.find((x) => x.row === row);
		return l && sources.files.get(l.file)?.lines[l.line - 1].trim();
	};
	t.is(text(3), "f.pond = p;");
	t.is(text(6), "spin_lock(p.lock);");
	t.is(text(8), "if ((flags & POND_DEEP) !== 0 && pond_depth(p) < 3) {");
	t.is(text(9), undefined);
	t.is(text(10), "list_add(f.list, p.frogs);");
	const lines = links.map((l) => l.line);
	t.is(new Set(lines).size, lines.length);
});

test("definitions, and what a name is used for", (t) => {
	const s = tree(t);
	const of = (name: string) => s.definitions.get(name)?.map((d) => [d.kind, d.line, d.end, d.comment]);
	t.deepEqual(of("pond_depth"), [["function", 12, 14, "How deep. Called with pond->lock held."]]);
	t.deepEqual(of("depth"), [["field", 8, 8, "Guarded by lock."]]);
	t.deepEqual(of("frogs"), [["function", 11, 11, ""]]);
	t.deepEqual(of("CONFIG_POND"), [["config", 1, 3, 'bool "Ponds"\ndefault y']]);
	t.deepEqual(
		s.uses("pond_depth").map((u) => [u.kind, u.line]),
		[["call", 30]],
	);
	t.deepEqual(
		s.uses("count").map((u) => u.kind),
		["read", "write"],
	);
	t.deepEqual(s.files.get("kernel/mm/pond.ts")?.mirrors, ["mm/pond.c", "mm/frog.c"]);
});

test("tokens put together are the text", (t) => {
	for (const text of [
		'a->b /* c\n d */ "e\\"f" 0x1fUL `x\ny` #if // z\n',
		'config A\n\tbool "x # y" # z\n',
		"@ \\ ' \" ` é",
	])
		for (const language of ["c", "ts", "kconfig", "text"] as const) {
			t.is(
				lex(text, language)
					.map((k) => k.text)
					.join(""),
				text,
			);
			t.is(
				by_lines(lex(text, language))
					.map((l) => l.map((k) => k.text).join(""))
					.join("\n"),
				text,
			);
		}
	const rows = lex_rows([" * inside", " */ int a;", "/* on", "and on"], "c");
	t.deepEqual(
		rows.map((r) => r.find((k) => k.kind !== "ws")?.kind),
		["com", "com", "com", "com"],
	);
	t.deepEqual(
		rows[1].filter((k) => k.kind === "id").map((k) => k.text),
		["a"],
	);
});
