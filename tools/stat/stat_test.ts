// SPDX-License-Identifier: GPL-2.0-only
/** `spf stat`: what the kernel counts of programs whose faults are known. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { $ } from "zx";
import { here } from "../lib/root.ts";

const stat = (...args: string[]) => $({ quiet: true, cwd: here() })`node bin/spf.mjs stat ${args}`.nothrow();
const dir = mkdtempSync(join(tmpdir(), "spf-stat-"));
test.after.always(() => rmSync(dir, { recursive: true }));

/** Three pages by the process itself, two by a child, and one of a file. */
const FORKS = join(dir, "forks.mjs");
writeFileSync(
	FORKS,
	`export const cpus = [({ mmap, store, load, fork, open, close, PAGE_SIZE, PROT_READ, MAP_SHARED }) => {
	const p = mmap(null, 8 * PAGE_SIZE);
	for (let i = 0; i < 3; i++) store(p + i * PAGE_SIZE, i);
	fork(() => {
		for (let i = 3; i < 5; i++) store(p + i * PAGE_SIZE, i);
	});
	const fd = open(7, PAGE_SIZE);
	load(mmap(null, PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0));
	close(fd);
}];
`,
);
/** A thread beside: then faults are tried without the lock. The first one of a table cannot be. */
const THREADS = join(dir, "threads.mjs");
writeFileSync(
	THREADS,
	`export const setup = ({ mmap, store, PAGE_SIZE }) => {
	const p = mmap(0x7ffe40000000, 8 * PAGE_SIZE);
	store(p, 0);
	return p;
};
export const cpus = [
	({ store, PAGE_SIZE }, p) => { for (let i = 1; i < 8; i++) store(p + i * PAGE_SIZE, i); },
	() => { },
];
`,
);

/** What -x gives for a program, by event. That a kernel is built is told beside it. */
async function counts(...args: string[]): Promise<Record<string, string>> {
	const file = join(dir, "counts");
	const { exitCode, stdout, stderr } = await stat("-x", ",", "-o", file, ...args);
	if (exitCode !== 0 || stdout !== "") throw new Error(`${exitCode}: ${stdout}${stderr}`);
	return Object.fromEntries(
		readFileSync(file, "utf8")
			.trim()
			.split("\n")
			.map((line) => line.split(","))
			.map(([n, , name]) => [name, n]),
	);
}

test.serial("faults of a process and its child, by kind", async (t) => {
	t.timeout(300_000);
	t.deepEqual(await counts(FORKS), {
		"page-faults": "6",
		"minor-faults": "5",
		"major-faults": "1",
		"speculative-faults": "0",
	});
});

test.serial("without the lock, and on a kernel that cannot", async (t) => {
	t.timeout(300_000);
	const { spf, faults } = await counts("-e", "spf,faults", THREADS);
	t.is(faults, "8");
	/* The last ones may come when the other thread has ended. */
	t.true(Number(spf) <= 7, spf);
	t.deepEqual(await counts("--off", "-e", "spf,faults", THREADS), { spf: "0", faults: "8" });
});

test.serial("a recording, several times, as a table in a file", async (t) => {
	const { exitCode, stderr } = await stat("-r", "2", "-o", join(dir, "table"), "tools/replay/sample");
	t.is(exitCode, 0, stderr);
	const text = readFileSync(join(dir, "table"), "utf8");
	t.regex(text, /^\n Performance counter stats for 'sample' \(2 runs\):\n\n +\d+ {6}page-faults/);
	t.regex(text, /\n +\d+\.\d+ \+- \d+\.\d+ seconds time elapsed {2}\( \+- *\d+\.\d\d% \)\n\n$/);
});

test.serial("a program that throws, and mistakes", async (t) => {
	const wrong = join(dir, "wrong.mjs");
	writeFileSync(wrong, 'export const cpus = [() => { throw new Error("no"); }];\n');
	const thrown = await stat(wrong);
	t.is(thrown.exitCode, 1);
	t.regex(thrown.stderr, /wrong\.mjs: threw Error: no/);
	for (const [args, line] of [
		[
			["-e", "cycles", FORKS],
			/^spf: -e cycles: there is no such event; there are page-faults or faults, [^\n]*\n$/,
		],
		[["-r", "0", FORKS], /^spf: -r 0: expected a whole number, at least 1\n$/],
		[["nosuch"], /^spf: nosuch: no such file; [^\n]*\n$/],
	] as [string[], RegExp][]) {
		const { exitCode, stderr } = await stat(...args);
		t.is(exitCode, 2);
		t.regex(stderr, line);
	}
});
