// SPDX-License-Identifier: GPL-2.0-only
/** The texts of /proc, line by line: as 5.17 has them, and as the kernel under this test has them where it is Linux. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { $ } from "zx";
import { here } from "../lib/root.ts";

const FILES = ["maps", "smaps", "smaps_rollup", "status", "stat", "statm", "meminfo", "vmstat"];
const spf = (...args: string[]) => $({ quiet: true, cwd: here() })`node bin/spf.mjs run ${args}`.nothrow();

const dir = mkdtempSync(join(tmpdir(), "spf-proc-"));
test.after.always(() => rmSync(dir, { recursive: true }));

const PROGRAM = `
export const setup = ({ mmap, open, PROT_READ, MAP_PRIVATE, PAGE_SIZE }) => {
	mmap(null, 4 * PAGE_SIZE, PROT_READ, MAP_PRIVATE, open(1234, 1 << 20), 0);
	return mmap(null, 16 * PAGE_SIZE);
};
export const cpus = [({ store, PAGE_SIZE }, area) => {
	for (let i = 0; i < 5; i++) store(area + i * PAGE_SIZE, i);
}];
export const check = ({ read, write }, area) => {
	const before = read("/proc/sys/vm/speculative_page_fault");
	write("/proc/sys/vm/speculative_page_fault", "0\\n");
	return [before, read("/proc/sys/vm/speculative_page_fault"), area];
};
`;

/** Texts by the file's name, all of one run. */
async function texts(t: { fail: (text: string) => void }): Promise<{ files: Record<string, string>; area: number }> {
	const file = join(dir, "program.mjs");
	writeFileSync(file, PROGRAM);
	const run = await spf(file, "--json", ...FILES.flatMap((name) => ["--proc", name]));
	if (run.exitCode !== 0) t.fail(run.stdout + run.stderr);
	const { proc, check } = JSON.parse(run.stdout) as { proc: Record<string, string>; check: { value: unknown[] } };
	const name = (path: string) => path.replace(/^.*\//, "");
	return {
		files: Object.fromEntries(Object.entries(proc).map(([path, text]) => [name(path), text])),
		area: check.value[2] as number,
	};
}

const lines = (text: string) => text.replace(/\n$/, "").split("\n");
const HEAD = /^[0-9a-f]{8,}-[0-9a-f]{8,} [r-][w-][x-][ps] [0-9a-f]{8,} \d\d:\d\d \d+ *( \S.*)?$/;
/** Names and widths of 5.17's show_smap(). */
const SMAP = [
	"Size",
	"KernelPageSize",
	"MMUPageSize",
	"Rss",
	"Pss",
	"Shared_Clean",
	"Shared_Dirty",
	"Private_Clean",
	"Private_Dirty",
	"Referenced",
	"Anonymous",
	"LazyFree",
	"AnonHugePages",
	"ShmemPmdMapped",
	"FilePmdMapped",
	"Shared_Hugetlb",
	"Private_Hugetlb",
	"Swap",
	"SwapPss",
	"Locked",
];
const ROLLUP = SMAP.slice(3).flatMap((n) => (n === "Pss" ? ["Pss", "Pss_Anon", "Pss_File", "Pss_Shmem"] : [n]));
/** One line of so many kB: 24 columns of name and number. */
const kb = (name: string) => new RegExp(`^(?=.{24} kB$)${name}: +\\d+ kB$`);

let made: ReturnType<typeof texts> | undefined;

test.serial("smaps, smaps_rollup and maps have 5.17's lines", async (t) => {
	t.timeout(240_000);
	made = texts(t);
	const { files, area } = await made;
	const smaps = lines(files.smaps);
	const record = SMAP.length + 3;
	t.is(smaps.length % record, 0);
	for (let i = 0; i < smaps.length; i += record) {
		const [head, ...rest] = smaps.slice(i, i + record);
		t.regex(head, HEAD);
		for (const [n, name] of SMAP.entries()) t.regex(rest[n], kb(name));
		t.is(rest[SMAP.length], "THPeligible:    0");
		t.regex(rest[SMAP.length + 1], /^VmFlags: ([a-z]{2} )+$/);
	}
	t.deepEqual(
		smaps.filter((line) => HEAD.test(line)),
		lines(files.maps),
	);
	const own = files.smaps.slice(files.smaps.indexOf(area.toString(16)));
	t.regex(own, /^Size: {17}64 kB$/m);
	t.regex(own, /^Private_Dirty: {8}20 kB$/m);

	const [head, ...rest] = lines(files.smaps_rollup);
	t.regex(head, /^[0-9a-f]{8,}-[0-9a-f]{8,} ---p 00000000 00:00 0 {26}\[rollup\]$/);
	t.is(rest.length, ROLLUP.length);
	for (const [n, name] of ROLLUP.entries()) t.regex(rest[n], kb(name));
});

test.serial("status, stat, statm, meminfo and vmstat have 5.17's lines", async (t) => {
	t.timeout(240_000);
	const { files } = await (made ??= texts(t));
	const names = ["VmPeak", "VmSize", "VmLck", "VmPin", "VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem"];
	names.push("VmData", "VmStk", "VmExe", "VmLib", "VmPTE", "VmSwap");
	const memory = lines(files.status).filter((line) => line.endsWith(" kB"));
	t.is(memory.length, names.length);
	for (const [n, name] of names.entries()) t.regex(memory[n], new RegExp(`^${name}:\\t(?=.{8} kB$) *\\d+ kB$`));
	t.regex(files.stat, /^\d+ \(program\) R( -?\d+){49}\n$/);
	t.regex(files.statm, /^\d+ \d+ \d+ \d+ 0 \d+ 0\n$/);
	for (const line of lines(files.meminfo)) t.regex(line, kb("[A-Za-z_]+"));
	const vmstat = lines(files.vmstat);
	t.is(vmstat.at(-1), "nr_unstable 0");
	for (const line of vmstat) t.regex(line, /^\w+ \d+$/);
	for (const name of ["spf_attempt", "spf_abort", "pgfault"]) t.regex(files.vmstat, new RegExp(`^${name} `, "m"));
	/* A table of ptes and one of pmds at least, of the only process that there is. */
	const tables = Number(/^PageTables: +(\d+) kB$/m.exec(files.meminfo)?.[1]);
	t.true(tables >= 8, files.meminfo);
	t.regex(files.vmstat, new RegExp(`^nr_page_table_pages ${tables / 4}$`, "m"));
});

test.serial("procps reads them: pmap -x, ps, vmstat -s, free", async (t) => {
	t.timeout(240_000);
	const { files } = await (made ??= texts(t));
	const root = join(dir, "proc");
	mkdirSync(join(root, "1"), { recursive: true });
	for (const [name, text] of Object.entries(files))
		writeFileSync(join(root, name === "vmstat" || name === "meminfo" ? "" : "1", name), text);
	writeFileSync(join(root, "1/cmdline"), "program\0");
	/* Each in the place of this machine's own, for these commands alone. */
	const mounts = ["vmstat", "meminfo", "1"].map((name) => `mount --bind ${join(root, name)} /proc/${name}`);
	const seen = (command: string) =>
		$({ quiet: true })`unshare --mount sh -c ${[...mounts, `exec ${command}`].join(" && ")}`.nothrow();
	if ((await seen("pmap -V")).exitCode !== 0)
		return void t.pass("without procps, or the right to mount, nobody reads them");

	const value = (name: string) => Number(new RegExp(`^${name}:? +(\\d+)`, "m").exec(files.meminfo)?.[1]);
	const free = await seen("free -k");
	t.regex(free.stdout, new RegExp(`^Mem: +${value("MemTotal")} +\\d+ +${value("MemFree")} `, "m"), free.stderr);
	const vmstat = await seen("vmstat -s");
	t.regex(vmstat.stdout, new RegExp(`^ +${value("MemTotal")} K total memory$`, "m"), vmstat.stderr);
	t.regex(vmstat.stdout, new RegExp(`^ +${value("MemFree")} K free memory$`, "m"));

	const pmap = lines((await seen("pmap -x 1")).stdout);
	const rows = pmap.filter((line) => /^[0-9a-f]{16} /.test(line)).map((line) => line.split(/ +/));
	const maps = lines(files.maps).map((line) => line.slice(0, line.indexOf("-")).padStart(16, "0"));
	t.deepEqual(
		rows.map(([address]) => address),
		maps,
	);
	const sum = (name: string) =>
		[...files.smaps.matchAll(new RegExp(`^${name}: +(\\d+) kB$`, "gm"))].reduce(
			(n, [, kb]) => n + Number(kb),
			0,
		);
	const dirty = sum("Private_Dirty") + sum("Shared_Dirty");
	t.regex(pmap.at(-1) as string, new RegExp(`^total kB +${sum("Size")} +${sum("Rss")} +${dirty}$`));
	const ps = await seen("ps -o pid=,rss=,min_flt=,maj_flt=,comm= -p 1");
	const [, , , , , , , , , min, , maj] = files.stat.split(" ");
	t.regex(ps.stdout, new RegExp(`^ *1 +${sum("Rss")} +${min} +${maj} program$`, "m"), ps.stderr);
});

/** Digits and the space before them as one, so that what is left is the format. */
const shape = (line: string) => line.replace(/\s*\d+/g, (n) => "#".repeat(n.length));
/** The name that a line begins with. */
const label = (line: string) => /^\w+(?=:)/.exec(line)?.[0] ?? "";

test.serial("the lines are this machine's, too", async (t) => {
	t.timeout(240_000);
	const { files } = await (made ??= texts(t));
	if (!existsSync("/proc/self/smaps_rollup")) return t.pass();
	/* Numbers of more than 8 digits are wider; THPeligible has got a width since. */
	const skip = new Set([
		"THPeligible",
		"VmPeak",
		"VmSize",
		"VmFlags",
		"Threads",
		"Name",
		"State",
		"Tgid",
		"Pid",
		"PPid",
	]);
	let compared = 0;
	for (const name of ["smaps", "smaps_rollup", "status", "meminfo"]) {
		const path = name === "meminfo" ? "/proc/meminfo" : `/proc/self/${name}`;
		const real = new Map(lines(readFileSync(path, "utf8")).map((line) => [label(line), line]));
		for (const line of lines(files[name])) {
			const there = real.get(label(line));
			if (label(line) === "" || there === undefined || skip.has(label(line)) || /\d{9}/.test(there))
				continue;
			t.is(shape(line), shape(there), line);
			compared++;
		}
	}
	t.true(compared > 100, `${compared} lines`);
});

test.serial("--proc: what there is not", async (t) => {
	t.timeout(240_000);
	const run = await spf(join(here(), "tools/run/examples/cow.mjs"), "--proc", "pagemap");
	t.is(run.exitCode, 2);
	t.is(lines(run.stderr).length, 1);
	t.regex(run.stderr, /--proc pagemap: expected one of maps, smaps, /);
});
