// SPDX-License-Identifier: GPL-2.0-only
/** `spf run`: the examples, and programs that are wrong. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { $ } from "zx";
import { here } from "../lib/root.ts";

const EXAMPLES = join(here(), "tools/run/examples");
const spf = (...args: string[]) => $({ quiet: true, cwd: here() })`node bin/spf.mjs run ${args}`.nothrow();

const dir = mkdtempSync(join(tmpdir(), "spf-run-"));
test.after.always(() => rmSync(dir, { recursive: true }));
function program(t: { title: string }, text: string): string {
	const file = join(dir, `${t.title.replace(/\W+/g, "-")}.mjs`);
	writeFileSync(file, text);
	return file;
}

test.serial("the examples end, and find what they look for", async (t) => {
	t.timeout(240_000);
	const checks: Record<string, unknown> = {};
	for (const name of readdirSync(EXAMPLES)) {
		const run = await spf(join(EXAMPLES, name), "--json");
		t.is(run.exitCode, 0, run.stdout + run.stderr);
		const json = JSON.parse(run.stdout);
		checks[name] = json.check.value;
		/* An access that no vma covers is not counted, as in Linux. */
		if (name !== "segv.mjs") t.true(json.vmstat.pgfault > 0, name);
		t.is(json.console.length, 0);
	}
	t.deepEqual(checks, {
		"cow.mjs": [1, 2, 3],
		"fault-munmap.mjs": "every write is there",
		"segv.mjs": "not mapped",
	});
});

/** What a program sees of its memory, and of a file's. */
const MEMORY = `
const NR = { x86: [17, 18], arm64: [67, 68], powerpc: [179, 180] }[process.env.ARCH ?? "x86"];
const SIZE = 8 << 20;
export const setup = ({ mmap, open, MAP_SHARED, MAP_PRIVATE, PROT_READ, PROT_WRITE }) => {
	const fd = open(77, 1 << 20);
	const map = (flags) => mmap(null, 1 << 20, PROT_READ | PROT_WRITE, flags, fd, 0);
	return { fd, anon: mmap(null, SIZE), shared: map(MAP_SHARED), copy: map(MAP_PRIVATE) };
};
const sum = ({ load, PAGE_SIZE }, from, size) => {
	let s = 0;
	for (let at = from; at < from + size; at += PAGE_SIZE / 4) s = (Math.imul(s, 31) + load(at)) >>> 0;
	return s;
};
export const cpus = [
	(sys, { anon, shared, copy, fd }) => {
		const { load, store, fork, syscall, PAGE_SIZE } = sys;
		const untouched = sum(sys, anon, SIZE / 2);
		for (let at = anon; at < anon + SIZE / 2; at += 4096) store(at, at - anon);
		const before = sum(sys, anon, SIZE / 2);
		let child;
		fork(() => {
			for (let at = anon; at < anon + SIZE / 2; at += PAGE_SIZE) store(at + 1024, 5);
			child = sum(sys, anon, SIZE / 2);
		});
		const file = sum(sys, shared, 1 << 20);
		for (let at = copy; at < copy + (1 << 20); at += PAGE_SIZE) store(at, 9);
		store(shared + 5000, 0x12345678);
		const n = syscall(NR[0], fd, anon + 2, 2000, 4997);
		const w = syscall(NR[1], fd, anon, 3000, 70000);
		const now = [sum(sys, anon, SIZE / 2), sum(sys, copy, 1 << 20), sum(sys, shared, 1 << 20)];
		return [untouched, before, child, file, n, load(anon + 5), w, ...now];
	},
	(sys, { anon }) => {
		for (let at = anon + SIZE / 2; at < anon + SIZE; at += 4096) sys.store(at, 3);
		return sum(sys, anon + SIZE / 2, SIZE / 2);
	},
];
`;

test.serial("memory that no pointer reaches holds what other memory does", async (t) => {
	t.timeout(400_000);
	const file = program(t, MEMORY);
	const values = async (ARCH: string, ...mem: string[]) => {
		const env = { ...process.env, ARCH, SRCARCH: ARCH };
		const run = await $({
			quiet: true,
			cwd: here(),
			env,
		})`node bin/spf.mjs run ${file} ${mem} --json --proc meminfo`.nothrow();
		t.is(run.exitCode, 0, run.stdout + run.stderr);
		const { cpus, proc, vmstat } = JSON.parse(run.stdout);
		const kb = (name: string) =>
			Number(new RegExp(`^${name}: *(\\d+) kB$`, "m").exec(proc["/proc/meminfo"])?.[1]);
		return { values: cpus.map(({ value }: { value: unknown }) => value), kb, vmstat };
	};
	const low = await values("x86");
	t.is(low.values[0][0], 0);
	t.not(low.values[0][1], low.values[0][2]);
	t.is(low.vmstat.pgalloc_high, undefined);
	for (const arch of ["x86", "arm64", "powerpc"]) {
		const high = await values(arch, "--mem", "2304");
		t.deepEqual(high.values, low.values, arch);
		t.is(high.kb("HighTotal"), 256 * 1024);
		t.is(high.kb("HighTotal") + high.kb("LowTotal"), high.kb("MemTotal"));
		t.true(high.vmstat.pgalloc_high > 2048, "users' pages are high ones");
	}
});

test.serial("Ctrl-C leaves nothing behind", async (t) => {
	t.timeout(240_000);
	const file = program(t, 'process.stdout.write("on\\n");\nexport const cpus = [() => { for (;;); }];\n');
	const TMPDIR = join(dir, "tmp");
	mkdirSync(TMPDIR);
	const child = spawn(process.execPath, ["bin/spf.mjs", "run", file], {
		cwd: here(),
		env: { ...process.env, TMPDIR },
		stdio: ["ignore", "pipe", "ignore"],
	});
	await once(child.stdout, "data");
	t.is(readdirSync(TMPDIR).filter((name) => name.startsWith("spf-run-")).length, 1);
	child.kill("SIGINT");
	t.deepEqual(await once(child, "exit"), [130, null]);
	t.deepEqual(
		readdirSync(TMPDIR).filter((name) => name.startsWith("spf-run-")),
		[],
	);
});

test.serial("a function that throws is shown with its place, and the status is 1", async (t) => {
	t.timeout(240_000);
	const file = program(t, "export const cpus = [\n\t({ load }) => load(0),\n\t() => 7,\n];\n");
	const run = await spf(file, "--off", "--repeat", "3");
	t.is(run.exitCode, 1);
	t.regex(run.stdout, /^CPU 0: threw Signal: SIGSEGV at 0x0, at .*a-function-that-throws.*\.mjs:2:\d+\)?$/m);
	t.regex(run.stdout, /^CPU 1: 7$/m);
	t.regex(run.stdout, /1 run,/);
});

test.serial("a call that fails throws the name of its errno; syscall() returns it", async (t) => {
	t.timeout(240_000);
	const file = program(
		t,
		`export const cpus = [({ munmap, syscall }) => {
			try { munmap(1, 0) } catch (e) { return [e.message, e.errno, syscall(11, 1, 0)] }
		}];`,
	);
	const run = await spf(file, "--json");
	t.deepEqual(JSON.parse(run.stdout).cpus, [{ value: ["munmap: EINVAL", 22, -22] }]);
});

test.serial("what is no data cannot be returned, and that is no death of the kernel", async (t) => {
	t.timeout(240_000);
	const run = await spf(program(t, "export const cpus = [() => () => 1, async () => 1, () => [2]];"), "--json");
	t.is(run.exitCode, 1);
	const { cpus } = JSON.parse(run.stdout);
	t.regex(cpus[0].error, /^DataCloneError: \(\) => 1 could not be cloned/);
	t.regex(cpus[1].error, /^DataCloneError: #<Promise> could not be cloned/);
	t.deepEqual(cpus[2], { value: [2] });
});

test.serial("a child that throws ends, and its parent goes on", async (t) => {
	t.timeout(240_000);
	const text =
		"export const cpus = [({ fork, maps }) => {\n" +
		"\ttry { fork(() => { throw new Error('in the child'); }); }\n" +
		"\tcatch (e) { return [e.message, maps() !== '']; }\n" +
		"}];";
	const run = await spf(program(t, text), "--json");
	t.deepEqual(JSON.parse(run.stdout).cpus, [{ value: ["in the child", true] }]);
	t.is(run.exitCode, 0);
});

for (const [what, text, message] of [
	["exports nothing", "", /has to export 'cpus'/],
	["has a cpus that is no list", "export const cpus = () => 1;", /has to export 'cpus'/],
	["has a setup that is none", "export const cpus = [() => 1], setup = 1;", /'setup' is no function/],
	["is no JavaScript", "export const cpus = [", /is-no-JavaScript\.mjs: /],
	["fails when it is loaded", "throw new Error('no'); export const cpus = [() => 1];", /mjs: no$/],
] as const)
	test.serial(`a program that ${what}`, async (t) => {
		const run = await spf(program(t, text));
		t.is(run.exitCode, 2);
		t.is(run.stdout, "");
		t.regex(run.stderr.trimEnd(), message);
		t.is(run.stderr.trimEnd().split("\n").length, 1, run.stderr);
	});

test.serial("a program that is not there", async (t) => {
	const run = await spf("nowhere.mjs");
	t.is(run.exitCode, 2);
	t.regex(run.stderr, /^spf: nowhere\.mjs: no such file/);
});
