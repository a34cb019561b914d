// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make bench-read`: how long `spf read` takes for a large series and for a large mailbox, from the command to its
 * address and from there to a page that can be read, what memory it uses, and how evenly the page scrolls. The
 * mails are made here.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { at_end } from "../../scripts/lib/at_end.ts";
import { write_file } from "../../scripts/lib/files.ts";
import { here } from "../lib/root.ts";
import { browser_path, NO_BROWSER } from "./browser.ts";

const SPF = join(here(), "bin/spf.mjs");
const FILES = ["mm/memory", "mm/mmap", "mm/mprotect", "mm/mremap", "mm/madvise", "mm/mlock", "fork", "mm/rmap"];
const PATCHES = 41;
const REPLIES = 142;
const HUNKS = 4;
const ROWS = 40;

/** Lines of our own sources stand for the kernel's: of them as much is found as of a series that is ported. */
function hunks(n: number): string {
	const out: string[] = [];
	for (let h = 0; h < HUNKS; h++) {
		const name = FILES[(n + h) % FILES.length];
		const path = `${name}.c`.replace(/^fork/, "kernel/fork");
		const lines = readFileSync(join(here(), "kernel", `${name}.ts`), "utf8").split("\n");
		const from = 150 + ((n * 37 + h * 211) % Math.max(1, lines.length - 150 - ROWS));
		const rows = lines.slice(from, from + ROWS);
		const added = rows.filter((_, i) => i % 8 === 5).length;
		out.push(
			`diff --git a/${path} b/${path}`,
			`--- a/${path}`,
			`+++ b/${path}`,
			`@@ -${from},${rows.length - added} +${from},${rows.length} @@`,
			...rows.map((row, i) => `${i % 8 === 5 ? "+" : " "}${row}`),
		);
	}
	return out.join("\n");
}
const head = (id: string, subject: string, more = "") =>
	`From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: Ann Author <ann@pond.example>\n` +
	`Date: Mon, 6 Feb 2023 10:00:00 +0100\nSubject: ${subject}\nMessage-ID: <${id}@pond.example>\n${more}\n`;
const patch = (n: number) =>
	`${head(`p${n}`, `[PATCH ${n}/${PATCHES}] mm: part ${n}`, "In-Reply-To: <p0@pond.example>\n")}` +
	`What it does, and why.\n---\n${hunks(n)}\n-- \n2.39\n\n`;
const reply = (n: number, of: number, text = hunks(of)) =>
	`${head(`r${n}`, `Re: [PATCH ${of}/${PATCHES}] mm: part ${of}`, `In-Reply-To: <p${of}@pond.example>\n`)}` +
	`${text
		.split("\n")
		.map((l) => `> ${l}`)
		.join("\n")}\nAnd if it fails?\n\n`;

function series(): string {
	const cover = `${head("p0", `[PATCH 0/${PATCHES}] mm: a large series`)}What it is about.\n\n`;
	const patches = Array.from({ length: PATCHES }, (_, i) => patch(i + 1));
	const replies = Array.from({ length: REPLIES - 1 }, (_, i) => reply(i, 1 + (i % PATCHES)));
	return [cover, ...patches, ...replies].join("");
}
/** 5,000 messages of 10 KB each. */
function mailbox(): string {
	const text = `${hunks(1)}\n${hunks(9)}`.slice(0, 9_600);
	const letters = Array.from({ length: 5_000 - PATCHES }, (_, i) => reply(i, 1 + (i % PATCHES), text));
	return [...Array.from({ length: PATCHES }, (_, i) => patch(i + 1)), ...letters].join("");
}

const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
const ms = (n: number) => `${(n / 1000).toFixed(2)} s`;
/** Seconds of processor that a process took so far: on a busy machine the clock says little. */
function processor(pid: number): string {
	const [, fields] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
	const [user, system] = fields.split(" ").slice(11, 13).map(Number);
	return `${((user + system) / 100).toFixed(2)} s`;
}
/** Most memory that it had. */
const peak = (pid: number) =>
	1024 * Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);

async function measure(title: string, file: string, browser: Browser | undefined): Promise<void> {
	const start = performance.now();
	const child = spawn(process.execPath, [SPF, "read", "--no-open", file]);
	const release = at_end(() => {
		child.kill();
	});
	try {
		const address = await new Promise<string>((resolve, reject) => {
			child.stdout.on("data", (text: Buffer) => {
				const [found] = /http:\S+/.exec(String(text)) ?? [];
				if (found) resolve(found);
			});
			child.stderr.on("data", (text: Buffer) => reject(new Error(String(text))));
			child.once("close", () => reject(new Error("spf read ended")));
		});
		const pid = child.pid as number;
		const rows = [
			`${title}: ${mb(statSync(file).size)}`,
			`  from the command to the address  ${ms(performance.now() - start)}`,
			`  of the processor, so far         ${processor(pid)}`,
		];
		if (browser) rows.push(...(await look(browser, address)));
		rows.push(`  most memory of the server        ${mb(peak(pid))}`);
		process.stdout.write(`${rows.join("\n")}\n`);
	} finally {
		child.kill();
		release();
	}
}

/** Opens the list and a patch, and scrolls through that. */
async function look(browser: Browser, address: string): Promise<string[]> {
	const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
	const open = async (to: string, what: string) => {
		const start = performance.now();
		await page.goto(to);
		await page.locator(what).first().waitFor();
		return performance.now() - start;
	};
	const list = await open(address, "table.patches");
	const hunk = await open(`${address}patch/p7@pond.example.html`, "svg path");
	const frames = await page.evaluate<number[]>(`new Promise((resolve) => {
		const times = [];
		let last = performance.now();
		const frame = (now) => {
			times.push(now - last);
			last = now;
			scrollBy(0, 30);
			if (times.length < 180) requestAnimationFrame(frame);
			else resolve(times.slice(5).sort((a, b) => a - b));
		};
		requestAnimationFrame(frame);
	})`);
	await page.close();
	const at = (share: number) => `${frames[Math.floor(share * (frames.length - 1))].toFixed(1)} ms`;
	return [
		`  the list                         ${ms(list)}`,
		`  a patch beside our source        ${ms(hunk)}`,
		`  a frame while it scrolls         ${at(0.5)} (median), ${at(0.95)} (95 %), ${at(1)} (longest)`,
	];
}

/* The first command after a change bundles spf itself, which takes more than it takes to read. */
execFileSync(process.execPath, [SPF, "--version"]);
const dir = mkdtempSync(join(tmpdir(), "spf-bench-read-"));
const away = at_end(() => rmSync(dir, { recursive: true, force: true }));
const browser = browser_path
	? await chromium.launch({ executablePath: browser_path, args: ["--no-sandbox"] })
	: undefined;
if (!browser) process.stdout.write(`${NO_BROWSER}: no page is opened\n`);
try {
	const files: [string, string, string][] = [
		[`${PATCHES + REPLIES} messages, a series of ${PATCHES} patches`, "series.mbox", series()],
		["5,000 messages", "mailbox.mbox", mailbox()],
	];
	for (const [title, name, text] of files) {
		write_file(join(dir, name), text);
		await measure(title, join(dir, name), browser);
	}
} finally {
	await browser?.close();
	rmSync(dir, { recursive: true, force: true });
	away();
}
