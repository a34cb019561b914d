// SPDX-License-Identifier: GPL-2.0-only
/**
 * Tests of the reading room in a real browser: the chromium that is installed.
 * Where there is none they are skipped, and say so.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test, { type ExecutionContext } from "ava";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { here } from "../../lib/root.ts";
import { browser_path, NO_BROWSER } from "../browser.ts";
import { make_room } from "../room.ts";
import { write_site } from "./export.ts";
import { is_ours, serve } from "./serve.ts";
import { Site } from "./site.ts";

const serial = browser_path ? test.serial : test.serial.skip;

const head = (n: number, subject: string, more = "") =>
	`From: Ann Author <ann@pond.example>\nDate: Mon, 6 Feb 2023 10:0${n}:00 +0100\nSubject: ${subject}\n` +
	`Message-ID: <part-${n}@pond.example>\n${more}`;
const DIFF = `diff --git a/mm/memory.c b/mm/memory.c
--- a/mm/memory.c
+++ b/mm/memory.c
@@ -100,7 +100,9 @@ bool pte_elsewhere(struct vm_fault *vmf)
 }
 
 bool __pte_map_lock(struct vm_fault *vmf)
 {
 	speculative_page_walk_begin();
-	spin_lock(ptl);
+	if (!spin_trylock(ptl))
+		goto fail;
+	speculative_page_walk_end();
 	vmf->ptl = ptl;
@@ -300,3 +302,4 @@ static int nobody_has_this(void)
 	int a;
+	int b;
 
 	return a;
`;
const quoted = DIFF.split("\n")
	.slice(3, 13)
	.map((l) => `> ${l}`);
const EVIL = '<script>parent.hit=1</script><img src=x onerror="parent.hit=1">"\'';
const MAILS: Record<string, string> = {
	"1.eml": `${head(1, "[PATCH 1/2] mm: try the lock")}\nOnce only.\n---\n${DIFF}`,
	"2.eml":
		`${head(
			2,
			`[PATCH 2/2] mm: ${EVIL}`,
		)}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n\n${EVIL}\n` +
		`--b\nContent-Type: text/plain; name="${EVIL.replaceAll(
			'"',
			"",
		)}"\nContent-Disposition: attachment\n\n` +
		`${DIFF.replaceAll("memory.c", "../../etc/<b>").replaceAll("__pte_map_lock", EVIL)}\n--b--\n`,
	"3.eml":
		`${head(3, "Re: [PATCH 1/2] mm: try the lock", "In-Reply-To: <part-1@pond.example>\n").replaceAll(
			"Ann",
			"Bea",
		)}\n` + `${[...quoted.slice(0, 9), "Why only once?", ...quoted.slice(9)].join("\n")}\n`,
	"4.txt": "Nothing of a mail.\n",
};

const SLOW_MS = 200_000;

let dir: string;
let site: Site;
let server: Server;
let browser: Browser;
let base: string;
test.before(async () => {
	dir = mkdtempSync(join(tmpdir(), "spf-read-"));
	/* Whatever this tree is configured as. */
	process.env.KCONFIG_CONFIG = join(dir, "none");
	mkdirSync(join(dir, "in"));
	for (const [name, text] of Object.entries(MAILS)) writeFileSync(join(dir, "in", name), text);
	site = new Site(await make_room([join(dir, "in")]));
	server = await serve(site, "127.0.0.1", 0);
	base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
	if (browser_path) browser = await chromium.launch({ executablePath: browser_path, args: ["--no-sandbox"] });
});
test.after.always(async () => {
	await browser?.close();
	server?.close();
	rmSync(dir, { recursive: true, force: true });
});

const PATCH = "patch/part-1@pond.example.html";
const seen = async (l: Locator): Promise<string> => (await l.allInnerTexts()).join("\n");
type Open = (address: string, options?: Parameters<Browser["newPage"]>[0]) => Promise<Page>;
/* Skipped tests say why. */
if (!browser_path) test("these tests need a browser", (t) => t.log(`skipped: ${NO_BROWSER}`));

/** A test with pages of which nothing may go wrong, nor leave this machine. */
function in_browser(name: string, run: (t: ExecutionContext, open: Open) => Promise<void>): void {
	serial(name, async (t) => {
		const wrong: string[] = [];
		await run(t, async (address, options = {}) => {
			const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
			t.teardown(() => page.close());
			/* A busy machine is no failure. */
			page.setDefaultTimeout(SLOW_MS);
			page.on("pageerror", (error) => wrong.push(String(error)));
			page.on("console", (message) => {
				if (message.type() === "error") wrong.push(message.text());
			});
			page.on("dialog", (dialog) => wrong.push(`it says ${dialog.message()}`));
			page.on("request", (r) => {
				if (!r.url().startsWith(base) && !/^(file|blob|data):/.test(r.url()))
					wrong.push(r.url());
			});
			await page.goto(address);
			return page;
		});
		t.deepEqual(wrong, []);
	});
}

in_browser("from the list to a patch beside our source, by keys", async (t, open) => {
	const page = await open(base);
	await page.getByRole("link", { name: "mm: try the lock" }).first().click();
	t.is(await page.title(), "[PATCH 1/2] mm: try the lock");
	await page.waitForSelector("svg path");
	t.regex(await seen(page.locator("#h1 .right")), /kernel\/mm\/memory\.ts __pte_map_lock\(\)/);
	t.regex(await seen(page.locator("#h2 .right")), /there is no nobody_has_this here/);
	const place = () => new URL(page.url()).hash;
	for (const [key, hash] of [
		["j", "#h1"],
		["j", "#h2"],
		["j", "#h2"],
		["k", "#h1"],
	]) {
		await page.keyboard.press(key);
		t.is(place(), hash);
	}
	await page.keyboard.press("t");
	t.is(await page.evaluate("document.activeElement?.id"), "thread");
	await page.keyboard.press("n");
	await page.waitForURL(/part-2/);
	await page.keyboard.press("p");
	await page.waitForURL(/part-1/);
	await page.goBack();
	await page.waitForURL(/part-2/);
	await page.keyboard.press("u");
	await page.waitForURL(/index/);
});

in_browser("what is said beside a line, folds, help", async (t, open) => {
	const page = await open(base + PATCH);
	const answer = page.locator("#h1 .answer");
	t.regex(await seen(answer), /Bea Author[\s\S]*Why only once\?/);
	t.regex(await seen(page.locator("#h1 .row:has(+ .answer)")), /goto fail/);
	await page.keyboard.press("f");
	t.false(await answer.isVisible());
	await page.keyboard.press("o");
	t.is(await page.locator("details.fold:not([open])").count(), 0);
	await page.keyboard.press("?");
	t.true(await page.getByRole("dialog", { name: "keys" }).isVisible());
	await page.keyboard.press("Escape");
	t.is(await page.getByRole("dialog").count(), 0);
});

in_browser("a name: what it is, its definition, its uses", async (t, open) => {
	const page = await open(base + PATCH);
	await page.locator("#h1 .left a.i", { hasText: "spin_trylock" }).first().hover();
	await page.waitForSelector("#popup:not([hidden])");
	t.regex(await seen(page.locator("#popup")), /function spin_trylock\(/);
	await page.keyboard.press("g");
	await page.keyboard.press("d");
	await page.waitForURL(/source\/.*#L\d+/);
	await page.goto(`${base}ident/mmap_seq`);
	t.regex(await seen(page.locator("main")), /field of mm_struct[\s\S]*Written[\s\S]*Read/);
	await page.goto(`${base}source/mm/memory.c#__pte_map_lock`);
	t.regex(page.url(), /source\/kernel\/mm\/memory\.ts\.html#__pte_map_lock$/);
	const box = await page.locator("#__pte_map_lock").boundingBox();
	t.true(box !== null && box.y >= 0 && box.y < 800);
});

in_browser("search", async (t, open) => {
	const page = await open(base + PATCH);
	const first = async (words: string) => {
		await page.keyboard.press("/");
		await page.keyboard.type(words);
		await page.waitForSelector(`.hits li:has-text("${words.split(" ")[0]}")`);
		const text = await seen(page.locator(".hits li").first());
		await page.keyboard.press("Escape");
		return text;
	};
	t.regex(await first("__pte_map_lock"), /^__pte_map_lock function/);
	t.regex(await first("SPECULATIVE_PAGE_FAULT"), /^CONFIG_SPECULATIVE_PAGE_FAULT/);
	t.regex(await first("why only once"), /Re: \[PATCH 1\/2\]/i);
});

in_browser("a note stays, and becomes an answer", async (t, open) => {
	const page = await open(base + PATCH);
	await page.locator("#h1 .left .row", { hasText: "goto fail" }).click();
	await page.keyboard.press("m");
	await page.keyboard.type("And if not?");
	await page.reload();
	t.is(await page.locator(".note-box textarea").inputValue(), "And if not?");
	await page.keyboard.press("e");
	const lines = (await page.getByLabel("answer", { exact: true }).inputValue()).split("\n");
	t.true(lines.includes("Subject: Re: [PATCH 1/2] mm: try the lock"));
	t.true(lines.includes("In-Reply-To: <part-1@pond.example>"));
	const at = lines.indexOf("And if not?");
	t.deepEqual(lines.slice(at - 3, at), ["> +\tif (!spin_trylock(ptl))", "> +\t\tgoto fail;", ""]);
});

/** Of a function from which one thing can be taken out: no other kernel is built for it. */
const DOWNGRADE = `diff --git a/include/linux/mmap_lock.h b/include/linux/mmap_lock.h
--- a/include/linux/mmap_lock.h
+++ b/include/linux/mmap_lock.h
@@ -90,5 +90,6 @@
 static inline void mmap_write_downgrade(struct mm_struct *mm)
 {
 	__mmap_lock_trace_acquire_returned(mm, false, true);
+	mm_write_seq_end(mm);
 	downgrade_write(&mm->mmap_lock);
 }
`;
/** Takes out what a button says, and returns the text of the view. */
async function take_out(page: Page, name: string): Promise<Locator> {
	const button = page.locator(`button[data-mutant="${name}"]`).first();
	if (!(await button.isVisible()))
		await page.locator("details.alive", { has: button }).locator("summary").click();
	await button.click();
	const view = page.locator(".steps");
	await view.locator("tr.here").waitFor();
	return view;
}

in_browser("lines that are not in a configuration are folded, and another is chosen", async (t, open) => {
	const address = `${base}source/kernel/mm/memory.ts.html`;
	const page = await open(address);
	const read_in = page.getByLabel("the configuration that our source is read in");
	const folds = page.getByRole("button", {
		name: /\d+ lines, not in x86 nospf\.config: CONFIG_SPECULATIVE_PAGE_FAULT=n/,
	});
	t.is(await read_in.inputValue(), "x86 defconfig");
	t.is(await folds.count(), 0);
	await read_in.selectOption("x86 nospf.config");
	const many = await folds.count();
	t.true(many > 5, `${many}`);
	const hidden = page.locator(".row[hidden]");
	const line = folds.first().locator("xpath=following-sibling::*[1]");
	t.false(await line.isVisible());
	await folds.first().click();
	t.true(await line.isVisible());
	t.is(await folds.first().getAttribute("aria-expanded"), "true");
	/* It is kept; and who is sent to a line sees it. */
	const last = await hidden.last().getAttribute("id");
	await page.goto(`${address}?again#${last}`);
	await page.locator(`#${last}`).waitFor();
	t.is(await read_in.inputValue(), "x86 nospf.config");
	await page.keyboard.press("o");
	t.is(await hidden.count(), 0);
	await page.keyboard.press("o");
	t.true((await hidden.count()) > 30);
	await page.locator("a.i", { hasText: "CONFIG_SPECULATIVE_PAGE_FAULT" }).first().hover();
	await page.locator("#popup", { hasText: "CONFIG_SPECULATIVE_PAGE_FAULT=n in x86 nospf.config" }).waitFor();
	await read_in.selectOption("x86 defconfig");
	t.is(await folds.count(), 0);
	/* Files of another architecture are read in its own. */
	await page.goto(`${base}source/arch/arm64/mm/fault.ts.html`);
	t.regex(await seen(page.locator(".not")), /not in arm64 defconfig: /);
	t.notRegex(await seen(page.locator(".not")), /x86/);
	await page.goto(`${base}ident/CONFIG_KASAN.html`);
	t.regex(await seen(page.locator("main")), /Why, in x86 defconfig\s+KASAN is n[\s\S]*unmet: DEBUG_KERNEL/);
	t.regex(await seen(page.locator("main")), /\by .*\bx86 stepper\.config/);
	/* Beside a hunk, too; but not what belongs to the hunk. */
	await page.goto(`${base}${PATCH}`);
	await read_in.selectOption("x86 nospf.config");
	t.is(await page.locator(".linked[hidden]").count(), 0);
});

in_browser("as files, without a server", async (t, open) => {
	const out = join(dir, "out");
	const mail = join(dir, "one.eml");
	writeFileSync(mail, `${head(7, "[PATCH] mm: end it")}\nOnce.\n---\n${DOWNGRADE}`);
	const told: string[] = [];
	await write_site(new Site(await make_room([mail])), out, (done, all) => told.push(`${done} of ${all}`));
	t.deepEqual(told, ["1 of 1"]);
	const page = await open(`${pathToFileURL(join(out, "patch/part-7@pond.example.html")).href}#h1`);
	await page.waitForSelector("#h1 svg path");
	await page.locator("#h1 .left a.i").first().hover();
	await page.waitForSelector("#popup:not([hidden])");
	const view = await take_out(page, "no-end-on-downgrade");
	t.regex(await seen(page.locator("#h1 [role=status]")), /^found here in \d+ executions/);
	t.regex(await seen(view.locator("#title")), /^munmap-downgraded without it: /);
	t.regex(await seen(view.locator("#schedule")), /mmap_seq/);
	await page.keyboard.press("/");
	await page.keyboard.type("mmap_seq");
	await page.waitForSelector(".hits li");
	await page.keyboard.press("Enter");
	await page.waitForURL(/ident\/mmap_seq/);
	await page.getByRole("link", { name: "include/linux/mmap_lock.ts" }).first().click();
	await page.waitForURL(/mmap_lock\.ts/);
	await t.throwsAsync(write_site(site, join(dir, "in")), { message: /files of somebody else/ });
	/* What cannot be written is named. */
	const taken = join(dir, "taken");
	mkdirSync(join(taken, "index.html"), { recursive: true });
	writeFileSync(join(taken, ".spf-read"), "");
	await t.throwsAsync(write_site(site, taken), {
		message: `${taken}/index.html: cannot be written: it is a directory`,
	});
});

in_browser("from the list to what goes wrong without the second look at the sequence", async (t, open) => {
	const page = await open(base);
	await page.getByRole("link", { name: "mm: try the lock" }).first().click();
	await page.keyboard.press("j");
	const view = await take_out(page, "skip-seq2");
	const state = view.locator("#state");
	await page.keyboard.press("b");
	t.regex(await seen(view.locator("tr.here")), /✱ mm\.mmap_seq 40 \(even\) → 41 \(odd\)/);
	t.regex(await seen(state), /kernel\/mm\/mmap\.ts:\d+[\s\S]*mmap_seq[\s\S]*41 \(odd: a writer is inside\)/);
	for (const title of ["Locks held", "vmas, by depth in mm_rb", "page table", "TLB of CPU0"])
		t.true((await state.locator("h2").allInnerTexts()).includes(title), title);
	/* The first step on the other side of the lock is in what stands beside the hunk. */
	for (let i = 0; i < 200 && (await page.locator("#h1 .right .step-here").count()) === 0; i++)
		await page.keyboard.press("k");
	t.regex(await seen(page.locator("#h1 .right .step-here")), /\S/);
});

in_browser("a program is changed and explored", async (t, open) => {
	const page = await open(`${base}play.html`);
	const status = page.locator("[data-steps] [role=status]");
	const says = async (what: RegExp) => {
		await page.getByRole("button", { name: "Explore" }).click();
		await page.locator("button#explore:not([disabled])").waitFor();
		t.regex(await seen(status), what);
	};
	await says(/^11 executions: that is all of them, and nothing fails$/);
	const text = page.locator("textarea#text");
	const before = await text.inputValue();
	await text.fill(before.replace("WRITE_ONCE(w.seq, 1);", ""));
	await says(/^check failed: the reader saw one of two stores: found in/);
	t.regex(await seen(page.locator(".steps #schedule")), /w\.a 0 → 1/);
	t.regex(await seen(page.locator(".steps #state")), /program:\d+/);
	await text.fill(before.replace("const a =", "const a = ="));
	const line = before.slice(0, before.indexOf("const a =")).split("\n").length;
	await says(new RegExp(`^line ${line}: .*SyntaxError`));
	/* Where this is noticed is no line of the program. */
	await text.fill(`${before}\nfunction open() {`);
	await says(/^Uncaught SyntaxError/);
	await text.fill(before.replace("cpus(", "// cpus("));
	await says(/say what runs beside what/);
	await page.locator("#program").selectOption({ index: 1 });
	await says(/^8 executions: that is all of them, and nothing fails$/);
	await page.locator("#program").selectOption({ index: 2 });
	await says(/^\d+ executions: that is all of them, and nothing fails$/);
	await text.fill((await text.inputValue()).replace("=== -1", "!== -1"));
	await says(/^check failed: a page is mapped after munmap: found in/);
});

in_browser("what a mail has in it is text", async (t, open) => {
	const page = await open(base);
	for (const address of ["index.html", "patch/part-2@pond.example.html", "coverage.html"]) {
		await page.goto(base + address);
		t.true((await seen(page.locator("body"))).includes("<script>"), address);
		t.is(await page.evaluate("globalThis.hit"), undefined);
		t.is(await page.locator("main script, main img").count(), 0);
	}
	await page.keyboard.press("/");
	await page.keyboard.type("parent.hit");
	await page.waitForSelector(".hits li");
	t.is(await page.locator(".hits img").count(), 0);
});

in_browser("on a phone nothing is wider than it is", async (t, open) => {
	const page = await open(base + PATCH, { viewport: { width: 360, height: 700 } });
	for (const address of [
		PATCH,
		"index.html",
		"coverage.html",
		"source/kernel/mm/memory.ts.html",
		"mutant/skip-seq2.html",
	]) {
		await page.goto(base + address);
		const [is, may] = await page.evaluate<[number, number]>(
			"[document.documentElement.scrollWidth, innerWidth]",
		);
		t.true(is <= may, `${address}: ${is} columns of ${may}`);
	}
});

for (const colorScheme of ["light", "dark"] as const)
	in_browser(`axe finds nothing: ${colorScheme}`, async (t, open) => {
		const axe = join(here(), "node_modules/axe-core/axe.min.js");
		const page = await open(base, { colorScheme, bypassCSP: true });
		const look = async (what: string) => {
			await page.addScriptTag({ path: axe });
			const { violations } = await page.evaluate<Found>("axe.run()");
			t.deepEqual(
				violations.map((v) => [v.id, v.nodes[0].html]),
				[],
				what,
			);
		};
		for (const address of [
			"index.html",
			PATCH,
			"patch/part-3@pond.example.html",
			"coverage.html",
			"ident/mmap_seq.html",
			"ident/CONFIG_KASAN.html",
			"source/include/linux/mmap_lock.ts.html",
			"mutant/skip-seq2.html",
			"play.html",
		]) {
			await page.goto(base + address);
			await page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true");
			await look(address);
		}
		await page.goto(base + PATCH);
		await page.keyboard.press("/");
		await page.keyboard.type("mmap");
		await page.waitForSelector(".hits li");
		await look("search");
		await page.goto(`${base}source/kernel/mm/memory.ts.html`);
		await page.getByLabel("the configuration").selectOption("x86 nospf.config");
		await page.locator("button.not").first().click();
		await look("a configuration");
		await page.goto(`${base}mutant/no-end-on-downgrade.html`);
		await take_out(page, "no-end-on-downgrade");
		await look("what goes wrong, in steps");
		await page.goto(`${base}play.html`);
		await page.locator("#model").selectOption("tso");
		const text = page.locator("textarea#text");
		await text.fill((await text.inputValue()).replace("WRITE_ONCE(w.seq, 1);", ""));
		await page.getByRole("button", { name: "Explore" }).click();
		await page.locator(".steps tr.here").waitFor();
		await look("a program's steps");
	});

interface Found {
	violations: { id: string; nodes: { html: string }[] }[];
}

/** What the server says to a request as it is written. */
const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
	new Promise<{ status?: number; location?: string; policy: string }>((resolve, reject) => {
		get({ host: "127.0.0.1", port: new URL(base).port, path, headers, method }, (r) => {
			r.resume();
			resolve({
				status: r.statusCode,
				location: r.headers.location,
				policy: String(r.headers["content-security-policy"]),
			});
		}).on("error", reject);
	});

test("addresses that people write", async (t) => {
	const to = async (path: string) => (await ask(path)).location;
	t.is(await to("/patch/part-1@pond.example"), "/patch/part-1%40pond.example.html");
	t.is(await to("/patch/%3Cpart-1@pond.example%3E"), "/patch/part-1%40pond.example.html");
	t.is(await to("/source/mm/memory.c"), "/source/kernel/mm/memory.ts.html");
	t.is(await to("/source/include/linux/mmap_lock.h"), "/source/include/linux/mmap_lock.ts.html");
	t.is(await to("/ident/mmap_seq"), "/ident/mmap_seq.html");
	t.is(await to("/"), "/index.html");
});

test("marks of patches lead to the ledger, and back", async (t) => {
	const source = await site.get("source/include/linux/mmap_lock.ts.html");
	t.regex(source ?? "", /<a class="mark" href="[./]*ledger\.html#V2\.10">V2\.10<\/a>/);
	const ledger = (await site.get("ledger.html")) ?? "";
	t.regex(ledger, /<tr id="V2\.10">[\s\S]*?mmap_lock\.ts\.html#/);
	t.regex(ledger, /<tr id="R4">[\s\S]*?mutant\//);
	/* R22 has no row: no mutant brings it back. */
	const notifier = (await site.get("source/include/linux/mmu_notifier.ts.html")) ?? "";
	t.regex(notifier, /\(<a class="mark" href="[./]*ledger\.html#V2\.22">V2\.22<\/a>, R22\)/);
	for (const file of site.room.sources.files.keys()) {
		const text = (await site.get(`source/${file}.html`)) ?? "";
		for (const [, mark] of text.matchAll(/ledger\.html#([^"]+)"/g))
			t.true(ledger.includes(`<tr id="${mark}">`), `${file}: ${mark}`);
	}
	const title = "mm: add pte_map_lock() and pte_spinlock()";
	const mail = join(dir, "seventeen.eml");
	writeFileSync(mail, `${head(8, `[PATCH v2 17/35] ${title}`)}\n---\n${DIFF}`);
	const other = new Site(await make_room([mail]));
	t.regex((await other.get("patch/part-8@pond.example.html")) ?? "", /href="\.\.\/ledger\.html#V2\.17"/);
	t.regex((await other.get("ledger.html")) ?? "", /<tr id="V2\.17">[\s\S]{0,200}patch\/part-8/);
});

test("nothing but its pages, to nobody but this machine's own names", async (t) => {
	const bad = [
		"/../package.json",
		"/%2e%2e/package.json",
		"/source/../../package.json.html",
		"/source/..%2f..%2fpackage.json",
		"/data/../../x",
		"/data/text/..%2f..%2fpackage.json.js",
		"/data/text/kernel/../../etc/passwd.ts.js",
		"/data/mutant/..%2fx.js",
		"/%",
		"/patch/none",
	];
	for (const path of bad) t.true([400, 404].includes((await ask(path)).status ?? 0), path);
	t.is((await ask("/index.html", { Host: "evil.example" })).status, 403);
	t.is((await ask("/index.html", { Host: `localhost:${new URL(base).port}` })).status, 200);
	t.is((await ask("/index.html", {}, "POST")).status, 405);
	t.regex((await ask("/index.html")).policy, /default-src 'none'/);
	t.notRegex((await ask("/index.html")).policy, /unsafe/);
	t.true(is_ours("[::1]:80", 80));
	t.true(is_ours("reader.lan:80", 80, "reader.lan"));
	for (const host of [undefined, "", "127.0.0.1:81", "127.0.0.1.evil.example:80", "reader.lan:80"])
		t.false(is_ours(host, 80));
});
