// SPDX-License-Identifier: GPL-2.0-only
/** `spf trace` and `spf replay --trace`, on a kernel with trace points. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { $ } from "zx";
import { here } from "../lib/root.ts";

const spf = (...args: string[]) => $({ quiet: true, cwd: here() })`node bin/spf.mjs ${args}`.nothrow();
const dir = mkdtempSync(join(tmpdir(), "spf-trace-"));
test.after.always(() => rmSync(dir, { recursive: true }));
const path = (name: string) => join(dir, name);

/** One thread, whose faults are known. */
const ONE = path("one.mjs");
writeFileSync(
	ONE,
	`export const cpus = [({ mmap, store, munmap, PAGE_SIZE }) => {
	const p = mmap(null, 4 * PAGE_SIZE);
	for (let i = 0; i < 4; i++) store(p + i * PAGE_SIZE, i);
	munmap(p, 4 * PAGE_SIZE);
}];
`,
);
const BESIDE = join(here(), "tools/run/examples/fault-munmap.mjs");

/** Names of the events of a text, without its header. */
const names = (text: string) =>
	text
		.split("\n")
		.filter((line) => line !== "" && !line.startsWith("#"))
		.map((line) => /^.{16}-\d+ +\[\d{3}\] [.\ddh]{5} +\d+\.\d{6}: (\w+): /.exec(line)?.[1] ?? line);

test.serial("text: each fault is there, from its entry to its exit", async (t) => {
	t.timeout(300_000);
	const { stdout, stderr, exitCode } = await spf("trace", "-e", "pagefault:page_fault*,handle_mm_fault", ONE);
	t.is(exitCode, 0, stderr);
	const fault = ["page_fault_entry", "handle_mm_fault", "page_fault_exit"];
	t.deepEqual(names(stdout), [...fault, ...fault, ...fault, ...fault]);
	t.regex(stdout, /^# entries-in-buffer\/entries-written: 12\/12 {3}#P:1$/m);
	t.regex(stdout, / one\.mjs-1 +\[000\] \.{5} +\d+\.\d{6}: handle_mm_fault: mm=[0-9a-f]{16} address=0x7/);
	t.regex(stdout, / flags=WRITE\|ALLOW_RETRY\|KILLABLE\|USER\|INTERRUPTIBLE result=\n/);
});

test.serial("what does not fit is counted, and said", async (t) => {
	const { stdout, stderr, exitCode } = await spf("trace", "-b", "8", "-o", path("small.txt"), BESIDE);
	t.is(exitCode, 0);
	t.is(stdout, "");
	const text = readFileSync(path("small.txt"), "utf8");
	const [, there, written] = /entries-written|in-buffer\/entries-written: (\d+)\/(\d+)/.exec(text) ?? [];
	t.is(names(text).filter((name) => /^\w+$/.test(name)).length, Number(there));
	const lost = [...stderr.matchAll(/CPU \d: (\d+) events were overwritten/g)].reduce(
		(sum, [, n]) => sum + Number(n),
		0,
	);
	t.is(Number(there) + lost, Number(written));
});

test.serial("JSON: times of slices and ends of arrows are numbers, tracks are CPUs", async (t) => {
	const { exitCode } = await spf("trace", "-o", path("t.json"), BESIDE);
	t.is(exitCode, 0);
	const { traceEvents, metadata } = JSON.parse(readFileSync(path("t.json"), "utf8"));
	t.is(metadata.overrun, 0);
	const faults = traceEvents.filter((e: { cat?: string }) => e.cat === "fault");
	/* 512 pages that two threads write, and 200 of the third. */
	t.is(faults.length, 712);
	t.true(faults.every((e: { ts: number; dur: number; tid: number }) => e.ts > 0 && e.dur > 0 && e.tid < 3));
	const ids = (ph: string) =>
		traceEvents.filter((e: { ph: string }) => e.ph === ph).map((e: { id: number }) => e.id);
	t.deepEqual(ids("s"), ids("f"));
});

test.serial("trace.dat: trace-cmd reads what the text says", async (t) => {
	const there = await $({ quiet: true })`trace-cmd --version`.nothrow();
	if (there.exitCode !== 0 && !/trace-cmd version/.test(there.stdout + there.stderr))
		return void t.pass("trace-cmd is not here");
	t.is((await spf("trace", "-o", path("t.dat"), ONE)).exitCode, 0);
	const { stdout } = await $({ quiet: true })`trace-cmd report ${path("t.dat")}`;
	const lines = stdout.split("\n").filter((line) => /\[\d+\]/.test(line));
	t.is(lines.filter((line) => /: page_fault_entry: +address=0x7[0-9a-f]{11} user=true$/.test(line)).length, 4);
	t.is(
		lines.filter((line) => /flags=WRITE\|ALLOW_RETRY\|KILLABLE\|USER\|INTERRUPTIBLE result=$/.test(line))
			.length,
		4,
	);
	t.true(lines.every((line) => /^ +one\.mjs-1 /.test(line)));
});

test.serial("a recording, with histograms; and beside its comparison", async (t) => {
	const hist = await spf("trace", "--format", "hist", "tools/replay/sample");
	t.is(hist.exitCode, 0, hist.stderr);
	t.regex(hist.stdout, /^@fault_usecs\[speculative\]: \n\[/m);
	const replay = await spf("replay", "--check", "--trace", path("replay.txt"));
	t.is(replay.exitCode, 0, replay.stderr);
	t.regex(replay.stdout, /memory: balanced/);
	const list = names(readFileSync(path("replay.txt"), "utf8"));
	t.true(list.filter((name) => name === "page_fault_entry").length > 500);
});

test.serial("mistakes are one line, and the status is 2", async (t) => {
	for (const [args, line] of [
		[
			["trace", "-e", "spf_nosuch", ONE],
			/^spf: -e spf_nosuch: there is no such event; there are exceptions:page_fault_user, .*\n$/,
		],
		[
			["trace", "--format", "svg", ONE],
			/^spf: --format svg: expected one of ftrace, perfetto, hist, dat\n$/,
		],
		[["trace", "-b", "1", ONE], /^spf: -b 1: expected a whole number, at least 8\n$/],
		[["trace", "-o", join(dir, "no/such"), ONE], /^spf: .*no\/such: cannot be written: [^\n]*\n$/],
		[["trace", path("nosuch.mjs")], /^spf: .*nosuch\.mjs: no such file; [^\n]*\n$/],
		[["trace", "--cpus", "2", ONE], /^spf: --cpus: .*one\.mjs is a program, [^\n]*\n$/],
	] as [string[], RegExp][]) {
		const { exitCode, stdout, stderr } = await spf(...args);
		t.is(exitCode, 2, args.join(" "));
		t.is(stdout, "");
		t.regex(stderr, line);
	}
});
