// SPDX-License-Identifier: GPL-2.0-only
/** Tests of mails as they are read: one patch, and what mail programs, archives and people make of it. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { lines_of_block, read_blocks } from "./diff.ts";
import { line_of } from "./lines.ts";
import { read_messages } from "./message.ts";
import { kernel_path } from "./paths.ts";
import { find_quotes } from "./quotes.ts";
import { read_subject } from "./subject.ts";
import { thread } from "./threads.ts";
import { type Hunk, hunks_of, type Message } from "./types.ts";

const DIFF = `diff --git a/mm/pond.c b/mm/pond.c
index 0123456789ab..ba9876543210 100644
--- a/mm/pond.c
+++ b/mm/pond.c
@@ -10,8 +10,10 @@ static int frog_count(struct pond *pond, unsigned long where, int how, bool wet)
 static int frog_leap(struct frog *frog)
 {
 	struct pond *pond = frog->pond;
+	int err;
 
-	return pond_enter(pond, frog, frog->position, POND_WAIT | POND_DEEP | POND_COLD);
+	err = pond_enter(pond, frog, frog->position, POND_WAIT | POND_DEEP | POND_COLD);
+	return err;
 }
 
 int frog_sit(struct frog *frog)
@@ -40,5 +42,4 @@ int frog_sit(struct frog *frog)
 	spin_lock(&frog->lock);
 	frog->sits = true;
-	frog->leaps = 0;
 	spin_unlock(&frog->lock);
 	return 0;
`;
const MESSAGE = `Frogs should say why they could not leap.

Signed-off-by: Ann Author <ann@pond.example>
---
 mm/pond.c | 5 +++--
 1 file changed, 3 insertions(+), 2 deletions(-)

${DIFF}-- 
2.40.0
`;
const HEAD = `From: Ann Author <ann@pond.example>
Date: Mon, 6 Feb 2023 10:00:00 +0100
Subject: [PATCH v3 2/5] mm/pond: say why a leap failed
Message-ID: <leap-2@pond.example>
`;

/** Reads files of a folder of their own. */
async function read(t: ExecutionContext, files: Record<string, string | Buffer>) {
	const dir = mkdtempSync(join(tmpdir(), "spf-read-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	for (const [name, text] of Object.entries(files)) {
		mkdirSync(join(dir, name, ".."), { recursive: true });
		writeFileSync(join(dir, name), text);
	}
	return read_messages([dir]);
}
async function one(t: ExecutionContext, text: string | Buffer, name = "a.eml"): Promise<Message> {
	return (await read(t, { [name]: text })).messages[0];
}
/** A hunk's lines with their marks, white space put together. */
const shown = (h: Hunk) =>
	h.rows.filter((r) => r.kind !== "comment").map((r) => (r.kind + r.text).replace(/\s+/g, " ").trim());
const WANTED = [...read_blocks(DIFF.split("\n").map(line_of)).flatMap((b) => (b.kind === "hunk" ? [shown(b)] : []))];
const lines = (m: Message) => m.parts.flatMap((p) => p.blocks.flatMap(lines_of_block)).map((l) => l.raw);

/** Both hunks, whole, of that file. */
function is_whole(t: ExecutionContext, m: Message, note?: RegExp): void {
	const hunks = hunks_of(m);
	t.deepEqual(hunks.map(shown), WANTED);
	t.deepEqual([...new Set(hunks.map((h) => h.file.path))], ["mm/pond.c"]);
	for (const h of hunks) for (const n of h.notes) t.regex(n, note ?? /^$/);
}

test("a patch as it was sent", async (t) => {
	const m = await one(t, `${HEAD}\n${MESSAGE}`);
	t.deepEqual(
		[m.id, m.from, m.address, m.subject],
		[
			"leap-2@pond.example",
			"Ann Author",
			"ann@pond.example",
			"[PATCH v3 2/5] mm/pond: say why a leap failed",
		],
	);
	t.deepEqual(m.numbered, { version: 3, number: 2, total: 5, tags: [] });
	is_whole(t, m);
	t.deepEqual(lines(m).join("\n").trimEnd(), MESSAGE.trimEnd());
});

const qp = (text: string) =>
	text.replace(/[=\t]|[ ](?=\n)/g, (c) => `=${c.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`);
const wrapped = (text: string, at: number) =>
	text.replace(new RegExp(`^(?!diff|---|\\+\\+\\+)(.{${at},}?) (.+)$`, "gm"), "$1\n$2");
const quoted = (text: string, mark: string) => text.replace(/^/gm, mark);

/** What becomes of it on its way: its head, its text, what is said of the hunks. */
const WAYS: Record<string, [string | Buffer, RegExp?]> = {
	"quoted-printable": [`${HEAD}Content-Transfer-Encoding: quoted-printable\n\n${qp(MESSAGE)}`],
	base64: [
		`${HEAD}Content-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: base64\n\n` +
			Buffer.from(MESSAGE.replaceAll("\n", "\r\n")).toString("base64").replace(/.{76}/g, "$&\n"),
	],
	CRLF: [`${HEAD}\n${MESSAGE}`.replaceAll("\n", "\r\n")],
	"a mark of UTF-8 in front": [`\uFEFF${HEAD}\n${MESSAGE}`],
	"mbox of git": [`From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\n${HEAD}\n${MESSAGE}`],
	"a diff alone": [DIFF],
	"prose and a diff": [`Untested:\n\n${DIFF}`],
	"a scissors line": [`${HEAD}\nHow about this?\n\n--->8\n\n${DIFF}`],
	dates: [
		DIFF.replace(/^diff.*\nindex.*\n/m, "").replace(
			/^(---|\+\+\+) (.*)$/gm,
			"$1 $2\t2023-02-06 10:00:00.123456789 +0100",
		),
	],
	"other trees": [
		DIFF.replace(/^diff.*\nindex.*\n/m, "")
			.replace("a/mm", "linux-6.2.orig/mm")
			.replace("b/mm", "linux-6.2/mm"),
	],
	"an editor's file": [
		DIFF.replace(/^diff.*\nindex.*\n/m, "").replace("--- a/mm/pond.c", "--- linux-6.2/mm/pond.c~"),
	],
	"akpm's names": [
		DIFF.replace(/^diff.*\nindex.*\n/m, "")
			.replace("a/mm/pond.c", "a/mm/pond.c~pond-leap")
			.replace("b/mm", "a/mm") + "_\n",
	],
	quilt: [
		DIFF.replace(/^diff.*\nindex.*\n/m, `Index: linux/mm/pond.c\n${"=".repeat(67)}\n`)
			.replace("a/mm", "linux.orig/mm")
			.replace("b/mm", "linux/mm"),
	],
	"only the new name": [DIFF.replace(/^diff.*\nindex.*\n---.*\n/m, "")],
	"git show": [
		`commit 0123456789abcdef\nAuthor: Ann Author <ann@pond.example>\n` +
			`Date:   Mon Feb 6 10:00:00 2023 +0100\n\n    mm/pond: say why\n    \n` +
			`    - it may fail\n\n${DIFF}`,
	],
	"tabs as blanks": [`${HEAD}\n${MESSAGE.replaceAll("\t", "        ")}`],
	"long lines wrapped": [`${HEAD}\n${wrapped(MESSAGE, 68)}`, /wrapped/],
	"blanks lost before tabs": [`${HEAD}\n${MESSAGE.replace(/^ \t/gm, "\t")}`, /lost/],
	"saved from an archive's page": [
		`[PATCH v3 2/5] mm/pond: say why a leap failed\n\nFrom: Ann Author\n` +
			`Date: Mon Feb 06 2023 - 04:00:00 EST\n\n\n` +
			MESSAGE.replace(/[ \t]+/g, " ").replace(/^ /gm, ""),
		/lost/,
	],
	"format=flowed with DelSp": [
		`${HEAD}Content-Type: text/plain; charset=us-ascii; format=flowed; DelSp=Yes\n\n` +
			MESSAGE.replace(/ +$/gm, "")
				.replace(/^([ >]|From )/gm, " $1")
				.replace(/^(.{40}[^\n]*?) (?=\S)(?!$)/gm, "$1  \n"),
	],
};
for (let depth = 1; depth <= 4; depth++)
	WAYS[`quoted ${depth} times`] = [`${HEAD}\nAnn wrote:\n${quoted(MESSAGE, "> ".repeat(depth))}`];
WAYS["quoted without blanks"] = [`${HEAD}\nAnn wrote:\n${quoted(MESSAGE, ">")}`];
WAYS["quoted, marks side by side"] = [`${HEAD}\nAnn wrote:\n${quoted(MESSAGE, ">> ")}`];
WAYS["quoted, blanks lost"] = [`${HEAD}\nAnn wrote:\n${quoted(MESSAGE.replace(/^ \t/gm, "\t"), "> ")}`, /lost/];
WAYS["quoted without its last empty blanks"] = [`${HEAD}\n${quoted(MESSAGE, "> ").replace(/ +$/gm, "")}`];

for (const [name, [text, note]] of Object.entries(WAYS))
	test(`on its way: ${name}`, async (t) => {
		is_whole(t, await one(t, text, "a.patch"), note);
	});

test("attachments", async (t) => {
	const b = "next";
	const m = await one(
		t,
		`${HEAD}Content-Type: multipart/mixed; boundary="${b}"\n\n--${b}\n` +
			`Content-Type: text/plain\n\nSee below.\n` +
			`--${b}\nContent-Type: application/octet-stream; name="pond-leap"\n` +
			`Content-Disposition: attachment; ` +
			`filename="pond-leap"\nContent-Transfer-Encoding: base64\n\n` +
			`${Buffer.from(DIFF).toString("base64")}\n` +
			`--${b}\nContent-Type: application/octet-stream; name="x.bin"\n` +
			`Content-Disposition: attachment\n` +
			`Content-Transfer-Encoding: base64\n\nAAAA\n--${b}--\n`,
	);
	is_whole(t, m);
	t.deepEqual(
		m.parts.map((p) => p.name),
		[undefined, "pond-leap"],
	);
	t.deepEqual(m.problems, ["attachment x.bin (application/octet-stream, 3 bytes) is not text"]);
});

test("names in other scripts, and another author in the text", async (t) => {
	const head = HEAD.replace("Ann Author", "=?iso-8859-1?Q?J=F6rg_M=FCller?=");
	t.is((await one(t, `${head}\n${MESSAGE}`)).from, "Jörg Müller");
	t.is((await one(t, `${head}\nFrom: Bea Bold <bea@pond.example>\n\n${MESSAGE}`)).from, "Bea Bold");
	const latin = Buffer.from(`${HEAD.replace("Ann", "J\xf6rg")}\n${MESSAGE}`, "latin1");
	t.is(hunks_of(await one(t, latin)).length, 2);
});

test("a text as it was written, whatever its head says of it", async (t) => {
	const first = async (type: string, text: string, encoding: BufferEncoding = "utf8") =>
		lines(await one(t, Buffer.from(`${HEAD}${type}\n${text}\n`, encoding)))[0];

	for (const type of ["", "Content-Type: text/plain\n", 'Content-Type: text/plain; charset="us-ascii"\n']) {
		t.is(await first(type, "Jörg leaps."), "Jörg leaps.", type);
		/* Said to be ASCII, or nothing, and is neither that nor UTF-8. */
		t.is(await first(type, "Jörg leaps.", "latin1"), "Jörg leaps.", type);
		/* A mark of the order of bytes is no letter. */
		t.is(await first(type, "\ufeffJörg leaps."), "Jörg leaps.", type);
	}
	const qp = "Content-Transfer-Encoding: quoted-printable\n";
	t.is(await first(qp, "J=C3=B6rg lea=\nps."), "Jörg leaps.");
	t.is(await first("Content-Type: text/plain; charset=koi8-r\n", "\xec\xd1\xc7", "latin1"), "Ляг");
	t.is(await first("Content-Type: text/plain; charset=utf-8; format=flowed\n", "Jörg \nleaps."), "Jörg leaps.");
	t.deepEqual((await one(t, `${HEAD}\n`)).problems, ["it has no text"]);
});

test("who answers speaks of the line above", async (t) => {
	const at = (s: string) =>
		s
			.replace(/^(\+\tint err;)$/m, "$1\n!Why not long?\n!")
			.replace(/^(\+\treturn err;)$/m, "$1\n!And here?");
	const once = quoted(at(DIFF), "> ").replaceAll("> !", "");
	const twice = quoted(once.replace("Why not long?", "> Why not long?"), "> ").replaceAll("> Why", "Why");
	for (const [text, depth] of [
		[once, 1],
		[twice, 2],
	] as const) {
		const m = await one(t, `${HEAD}\n${text}`);
		is_whole(t, m);
		const [h] = hunks_of(m);
		t.is(h.depth, depth);
		const said = h.rows.findIndex((r) => r.kind === "comment");
		t.is(h.rows[said - 1].text, "\tint err;");
		t.regex(h.rows[said].lines[0].text, /Why not long\?/);
		t.true((h.rows[said].depth as number) < depth);
	}
});

test("quoted in part: cut short, with lines left out, without its head", async (t) => {
	const text = quoted(DIFF, "> ").split("\n");
	const short = await one(t, `${HEAD}\n${text.slice(0, 9).join("\n")}\n\nWhy?\n`);
	t.deepEqual(
		hunks_of(short).map((h) => h.notes),
		[["who quotes it cut it short after 4 lines"]],
	);
	const gap = await one(t, `${HEAD}\n${[...text.slice(0, 8), "> [...]", ...text.slice(10, 13)].join("\n")}\n`);
	t.deepEqual(
		hunks_of(gap).map((h) => h.notes),
		[["who quotes it left lines out"]],
	);
	const answer =
		HEAD.replace("leap-2", "re-2").replace("[PATCH", "Re: [PATCH") + "In-Reply-To: <leap-2@pond.example>\n";
	const { messages } = await read(t, {
		"1.eml": `${HEAD}\n${MESSAGE}`,
		"2.eml": `${answer}\n> Frogs should say why\nYes.\n${text.slice(8, 13).join("\n")}\nMust it?\n`,
	});
	find_quotes(messages, thread(messages));
	const [bare] = hunks_of(messages[1]);
	t.deepEqual([bare.heads.length, bare.file.path, bare.rows.at(-1)?.lines[0].text], [0, "mm/pond.c", "Must it?"]);
});

test("damaged hunks are shown, and said to be", async (t) => {
	const cut = await one(t, `${HEAD}\n${DIFF.split("\n").slice(0, 9).join("\n")}\n`);
	t.deepEqual(
		hunks_of(cut).map((h) => [h.rows.length, ...h.notes]),
		[[4, "it ends after 4 lines, before its head says so (-8 +10)"]],
	);
	const more = await one(t, `${HEAD}\n${DIFF.replace("-10,8 +10,10", "-10,5 +10,5")}`);
	t.is(hunks_of(more).length, 2);
	t.regex(hunks_of(more)[0].notes[0], /more lines than its head says/);
});

test("combined diffs, renames, copies, new and deleted files, no newline", async (t) => {
	const m = await one(
		t,
		`diff --cc mm/pond.c\nindex 1,2..3\n--- a/mm/pond.c\n+++ b/mm/pond.c\n` +
			`@@@ -1,2 -1,2 +1,2 @@@ int f(void)\n  a\n -b\n+ c\n- d\n` +
			`diff --git a/mm/old.c b/mm/new.c\nsimilarity index 100%\n` +
			`rename from mm/old.c\nrename to mm/new.c\n` +
			`diff --git a/fs/a.c b/fs/b.c\nsimilarity index 90%\ncopy from fs/a.c\n` +
			`copy to fs/b.c\n--- a/fs/a.c\n+++ b/fs/b.c\n@@ -1 +1 @@\n-x\n` +
			`\\ No newline at end of file\n+y\n` +
			`diff --git a/lib/n.c b/lib/n.c\nnew file mode 100644\n--- /dev/null\n` +
			`+++ b/lib/n.c\n@@ -0,0 +1 @@\n+z\n` +
			`diff --git a/lib/o.c b/lib/o.c\ndeleted file mode 100644\n--- a/lib/o.c\n` +
			`+++ /dev/null\n@@ -1 +0,0 @@\n-z\n`,
		"a.patch",
	);
	const heads = m.parts[0].blocks.flatMap((b) =>
		b.kind === "head" ? [[b.file.path, b.file.change, b.file.from]] : [],
	);
	t.deepEqual(heads, [
		["mm/pond.c", undefined, undefined],
		["mm/new.c", "renamed", "mm/old.c"],
		["fs/b.c", "copied", "fs/a.c"],
		["lib/n.c", "new file", undefined],
		["lib/o.c", "deleted", undefined],
	]);
	t.deepEqual(
		hunks_of(m).map((h) => h.rows.map((r) => r.kind).join("")),
		[" -+-", "-\\+", "+", "-"],
	);
	t.deepEqual(
		hunks_of(m).flatMap((h) => h.notes),
		[],
	);
});

test("mbox: what is escaped, and what only looks like a message", async (t) => {
	const mail = (n: number) =>
		`From ann@pond.example Mon Feb  6 10:00:0${n} 2023\n` +
		`${HEAD.replace("leap-2", `leap-${n}`)}\n>From here\n>>From there\n\nFrom time to time\n\n`;
	const { messages } = await read(t, { box: mail(1) + mail(2) + mail(1) });
	t.deepEqual(
		messages.map((m) => m.id),
		["leap-1@pond.example", "leap-2@pond.example"],
	);
	t.deepEqual(lines(messages[0]).slice(0, 4), ["From here", ">From there", "", "From time to time"]);
});

test("folders: what is neither, what is twice, what leads out of them", async (t) => {
	const dir = mkdtempSync(join(tmpdir(), "spf-read-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	mkdirSync(join(dir, "in/cur"), { recursive: true });
	writeFileSync(join(dir, "secret"), `${HEAD}\nsecret\n`);
	symlinkSync("../secret", join(dir, "in/link"));
	writeFileSync(join(dir, "in/cur/1234.host:2,S"), `${HEAD}\n${MESSAGE}`);
	writeFileSync(join(dir, "in/again.eml"), `${HEAD}\n${MESSAGE}\n`);
	writeFileSync(join(dir, "in/list.tsv"), "a\tb\n");
	writeFileSync(join(dir, "in/notes.txt"), "Nothing of a mail.\n");
	writeFileSync(join(dir, "in/raw.bin"), Buffer.from([0, 1]));
	const { messages, passed } = await read_messages([join(dir, "in")]);
	t.deepEqual(
		messages.map((m) => m.origin),
		["again.eml", "notes.txt"],
	);
	t.deepEqual(passed.map((p) => p.origin).sort(), ["cur/1234.host:2,S", "link", "list.tsv", "raw.bin"]);
	await t.throwsAsync(read_messages([join(dir, "none")]), { message: /no such file/ });
});

test("series: by thread, by number, with versions and what is missing", async (t) => {
	const patch = (v: number, n: number, more = "") =>
		`From: Ann <ann@pond.example>\nDate: Mon, 6 Feb 2023 10:0${n}:00 +0100\n` +
		`Subject: [RFC PATCH v${v} ${n}/3] mm/pond: part ${n}\n` +
		`Message-ID: <v${v}-${n}@pond>\n` +
		`${n > 0 ? `In-Reply-To: <v${v}-0@pond>\n` : ""}\n${n > 0 ? MESSAGE : "Cover.\n"}${more}`;
	const re =
		`From: Bea <bea@pond.example>\nDate: Tue, 7 Feb 2023 10:00:00 +0100\n` +
		`Subject: Re: [RFC PATCH v1 2/3] mm/pond: part 2\nMessage-ID: <re@pond>\n` +
		`In-Reply-To: <gone@pond>\nReferences: <v1-0@pond> <v1-2@pond> <gone@pond>\n\nGood.\n`;
	const { messages } = await read(t, {
		"a/1": patch(1, 0),
		"a/2": patch(1, 1),
		"a/3": patch(1, 2),
		"a/4": re,
		"b/1": patch(2, 0),
		"b/2": patch(2, 3),
		"b/3": patch(2, 2),
		"b/4": patch(2, 1),
	});
	const { series, loose, parent } = thread(messages);
	t.deepEqual(
		series.map((s) => [s.version, s.patches.map((m) => m.numbered?.number), s.missing]),
		[
			[1, [1, 2], [3]],
			[2, [1, 2, 3], []],
		],
	);
	t.deepEqual(
		series[1].versions.map((s) => s.version),
		[1, 2],
	);
	t.deepEqual(loose, []);
	t.is(parent.get(messages[3])?.id, "v1-2@pond");
});

test("series of files of git format-patch, whoever wrote the patches", async (t) => {
	const file = (n: number, who: string) =>
		`From: ${who} <x@pond>\nSubject: [PATCH 0${n}/2] part ${n}\n\n${MESSAGE}`;
	const { messages } = await read(t, {
		"0000-cover.eml":
			"From: Ann <ann@pond>\nSubject: [PATCH v2 00/02] Ponds\nMessage-ID: <c@pond>\n\nCover.\n",
		"0001-a.patch": file(1, "Ann"),
		"0002-b.patch": file(2, "Bea"),
	});
	const { series } = thread(messages);
	t.deepEqual(
		series.map((s) => [s.title, s.version, s.patches.length, s.cover?.id]),
		[["Ponds", 2, 2, "c@pond"]],
	);
});

test("mails that answer each other have an end", async (t) => {
	const mail = (a: string, b: string) =>
		`From: A <a@b>\nSubject: x\nMessage-ID: <${a}>\nIn-Reply-To: <${b}>\n\nx\n`;
	const { messages } = await read(t, {
		"1.eml": mail("a@x", "b@x"),
		"2.eml": mail("b@x", "a@x"),
		"3.eml": mail("c@x", "c@x"),
	});
	t.is(thread(messages).loose.length, 2);
});

test("names of files", (t) => {
	const names: Record<string, string> = {
		"a/mm/memory.c": "mm/memory.c",
		"linux-5.17/mm/memory.c\t2022-01-01 10:00:00.0 +0100": "mm/memory.c",
		"4.18-rc4/mm/huge_memory.c": "mm/huge_memory.c",
		"a/mm/filemap.c~name-of-it": "mm/filemap.c",
		"b/arch/x86/mm/fault.c.orig": "arch/x86/mm/fault.c",
		"mm/memory.c": "mm/memory.c",
		"/dev/null": "/dev/null",
		"b/Makefile": "Makefile",
		"a/tools/lib/mm/x.c": "tools/lib/mm/x.c",
		'"a/mm/p\\303\\266nd.c"': "mm/pönd.c",
	};
	for (const [name, path] of Object.entries(names)) t.is(kernel_path(name), path);
});

test("subjects", (t) => {
	const of = (s: string) => {
		const { reply, numbered: n, title } = read_subject(s);
		return [reply, n?.version, n?.number, n?.total, n?.tags.join(" "), title];
	};
	t.deepEqual(of("[RFC PATCH 21/37] mm: a"), [false, 1, 21, 37, "RFC", "mm: a"]);
	t.deepEqual(of("Re: Re: [PATCH v12 01/31] a"), [true, 12, 1, 31, "", "a"]);
	t.deepEqual(of("[PATCHv3] a"), [false, 3, 1, 1, "", "a"]);
	t.deepEqual(of("[PATCH 5.10 RESEND v2 2/3] a [b]"), [false, 2, 2, 3, "5.10 RESEND", "a [b]"]);
	t.deepEqual(of("[Bug 1] a"), [false, undefined, undefined, undefined, undefined, "a"]);
});

test("whatever is in a mail, each line of it is in one block, in order", (t) => {
	const piece = fc.constantFrom(
		...DIFF.split("\n"),
		"",
		">",
		"> ",
		">> +x",
		"> @@ -1,3 +1,4 @@ f",
		"-- ",
		"---",
		"+++ b/mm/x.c",
		"@@ -1 +1 @@",
		"@@@ -1 -1 +1 @@@",
		"Index: a",
		"diff --git a/x b/y",
		"From 0123456789 Mon",
		"text",
		"\ttab",
		"\\ No newline at end of file",
		"[...]",
	);
	const mark = fc.constantFrom("", "", "> ", ">", "> > ");
	fc.assert(
		fc.property(fc.array(fc.tuple(mark, piece), { maxLength: 40 }), (parts) => {
			const raw = parts.map(([m, p]) => m + p);
			const blocks = read_blocks(raw.map(line_of));
			t.deepEqual(
				blocks.flatMap(lines_of_block).map((l) => l.raw),
				raw,
			);
		}),
		{ numRuns: 2000, seed: 17 },
	);
});
