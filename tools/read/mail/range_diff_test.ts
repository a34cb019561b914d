// SPDX-License-Identifier: GPL-2.0-only
/** Tests of versions of a series: which patch became which. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { make_room } from "../room.ts";
import { Site } from "../server/site.ts";
import { read_messages } from "./message.ts";
import { range_diff, sign_of } from "./range_diff.ts";
import { thread } from "./threads.ts";

/** A patch of a file's line, with lines around it; of the same name the lines around it are the same. */
function patch(file: string, line: number, text: string): string {
	const around = (n: number) => ` ${file} line ${n}`;
	const before = [line - 3, line - 2, line - 1].map(around);
	const after = [line + 1, line + 2, line + 3].map(around);
	const lines = [...before, `-${file} line ${line}`, `+${text}`, ...after];
	const head = `diff --git a/mm/${file} b/mm/${file}\n--- a/mm/${file}\n+++ b/mm/${file}\n`;
	return `${head}@@ -${line - 3},7 +${line - 3},7 @@ f()\n${lines.join("\n")}\n`;
}
function mails(version: number, patches: [title: string, said: string, diff: string][]): string {
	const date = `Mon, ${version} Feb 2023 10:00:00 +0100`;
	const head = (n: number) =>
		`From ann Mon Feb  6 00:00:00 2023\nFrom: Ann Author <ann@pond.example>\nDate: ${date}\n` +
		`Message-ID: <v${version}-${n}@pond.example>\n` +
		(n > 0 ? `In-Reply-To: <v${version}-0@pond.example>\n` : "");
	const tag = (n: number) => `[PATCH v${version} ${n}/${patches.length}]`;
	const cover = `${head(0)}Subject: ${tag(0)} the pond\n\nAll of it.\n\n`;
	return [
		cover,
		...patches.map(
			([title, said, diff], i) =>
				`${head(i + 1)}Subject: ${tag(i + 1)} ${title}\n\n${said}\n` +
				`---\n since v${version}\n\n${diff}-- \n2.40.${version}\n\n`,
		),
	].join("");
}
const V1 = mails(1, [
	["one", "Because\nit is one.", patch("a.c", 100, "x") + patch("b.c", 50, "y")],
	["two", "Because\nit is two.", patch("a.c", 200, "z")],
	["three", "Because\nit is three.", patch("c.c", 10, "w")],
	["four", "Because\nit is four.", patch("d.c", 10, "v")],
	["five", "Nobody says.", patch("e.c", 10, "u")],
]);
const V2 = mails(2, [
	["two", "Rewritten,\nas was asked for.", patch("h.c", 210, "r")],
	["<b>new</b>", "It was not here.", patch("f.c", 10, "t")],
	["one, renamed", "Because\nit is one.", patch("a.c", 100, "x<br>") + patch("b.c", 50, "y")],
	["three", "Because\nit is three.", patch("c.c", 10, "w").replace("@@ -7,7 +7,7 @@", "@@ -77,7 +78,7 @@")],
	["five", "Everybody says it.", patch("g.c", 70, "s")],
]);

function folder(t: ExecutionContext): string {
	const dir = mkdtempSync(join(tmpdir(), "spf-range-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	writeFileSync(join(dir, "v1.mbox"), V1);
	writeFileSync(join(dir, "v2.mbox"), V2);
	return dir;
}

test("the same, changed, dropped, new: in git's order", async (t) => {
	const [v1, v2] = thread((await read_messages([folder(t)])).messages).series[0].versions;
	const number = (m: { numbered?: { number: number } } | undefined) => m?.numbered?.number ?? "-";
	const pairs = range_diff(v1.patches, v2.patches);
	t.deepEqual(
		pairs.map((p) => `${number(p.old)} ${sign_of(p)} ${number(p.now)}`),
		["- > 1", "- > 2", "1 ! 3", "2 < -", "3 = 4", "4 < -", "5 < -", "- > 5"],
	);
	const changed = pairs[2].changes.filter((c) => c.kind !== " ");
	t.deepEqual(
		changed.map((c) => c.kind + c.text),
		["-one", "+one, renamed", "-+x", "++x<br>"],
	);
});

test("a page has both beside each other, and what mails say is text", async (t) => {
	const site = new Site(await make_room([folder(t)]));
	const index = (await site.get("index.html")) ?? "";
	const [, address] = /href="(versions\/[^"]+)">changed since v1</.exec(index) ?? [];
	const page = (await site.get(decodeURIComponent(address))) ?? "";
	t.regex(page, /1\/5<\/a> → <a[^>]*>v2 3\/5<\/a> one, renamed/);
	t.regex(page, /<td class="del"><code>-\+x<\/code><\/td><td class="add"><code>\+\+x&lt;br&gt;<\/code>/);
	t.regex(page, /&lt;b&gt;new/);
	t.notRegex(page, /<b>new/);
	t.regex(page, /\d+ lines that both have/);
	t.regex((await site.get("patch/v2-3@pond.example.html")) ?? "", /changed since v1/);
	t.notRegex((await site.get("patch/v1-1@pond.example.html")) ?? "", /changed since/);
});
