// SPDX-License-Identifier: GPL-2.0-only
/**
 * The recorder itself, on this machine: programs that end, fork, crash and are
 * interrupted. Where strace or perf are not there, or may not do what they do,
 * the tests say so and are passed.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { here } from "../lib/root.ts";
import { parse_machine } from "../replay/limits.ts";
import { load_trace } from "../replay/trace.ts";

const top = mkdtempSync(join(tmpdir(), "spf-record-"));
test.after.always(() => rmSync(top, { recursive: true, force: true }));

const SPF = join(here(), "bin/spf.mjs");

/** What keeps programs from being recorded here; empty: nothing. */
function hindrance(): string {
	if (process.platform !== "linux" || process.arch !== "x64") return "not Linux on x86-64";
	for (const tool of ["strace", "setarch", "setpriv"])
		if (spawnSync(tool, ["--version"]).error) return `there is no ${tool}`;
	const { status, stderr } = spawnSync("strace", ["-f", "-o", "/dev/null", "true"], { encoding: "utf8" });
	return status === 0 ? "" : `strace may not trace: ${stderr.trim().split("\n")[0]}`;
}
const without = hindrance();
const perf = spawnSync("perf", ["record", "-q", "-e", "page-faults", "-o", "/dev/null", "true"]).status === 0;
/** Without perf the rest can be tested still; and a busy machine has time enough. */
const options = ["--hold", "2000", ...(perf ? [] : ["--no-faults"])];

function recorded(name: string, run: (t: ExecutionContext, dir: string) => Promise<void> | void): void {
	test.serial(name, async (t) => {
		if (without !== "") {
			t.log(`skipped: ${without}`);
			return t.pass();
		}
		if (!perf) t.log("without page faults: perf cannot record them here");
		await run(t, join(top, String(readdirSync(top).length)));
	});
}

const record = (dir: string, ...command: string[]) =>
	spawnSync(process.execPath, [SPF, "record", ...options, dir, "--", ...command], { encoding: "utf8" });

recorded("a program: all files, and what it maps at its end", (t, dir) => {
	const { status, stdout, stderr } = record(dir, "/bin/sh", "-c", "echo said; exit 3");
	t.is(status, 0, stderr);
	t.regex(stdout, /: \d+ lines of system calls and \d+ page faults of 1 thread\n$/);
	t.is(readFileSync(join(dir, "stdout.txt"), "utf8"), "said\n");
	const trace = load_trace(dir);
	t.deepEqual(trace.unknown, perf ? [] : ["the page faults (there is no faults.txt)"]);
	t.is(trace.final_line, undefined);
	t.true(trace.final.some((line) => line.name === "[stack]"));
	const exit = trace.ops.find((op) => op.last);
	t.deepEqual([exit?.name, exit?.args], ["exit_group", [3]]);
	if (perf) t.true(trace.ops.some((op) => op.kind === "fault"));
});

recorded("the machine's rules, and the limits that the program had", (t, dir) => {
	const { status, stderr } = record(dir, "/bin/sh", "-c", "ulimit -v 1048576; ulimit -s 4096; exec /bin/true");
	t.is(status, 0, stderr);
	const machine = parse_machine(readFileSync(join(dir, "machine.txt"), "utf8"), "machine.txt");
	const sysctl = (name: string) => Number(readFileSync(`/proc/sys/vm/${name}`, "utf8"));
	t.like(machine, {
		page_size: 4096,
		mmap_min_addr: sysctl("mmap_min_addr"),
		overcommit_memory: sysctl("overcommit_memory"),
		randomize: 0,
	});
	t.true((machine.RLIMIT_AS ?? 0) > 0 && (machine.RLIMIT_STACK ?? 0) > 0);
	t.regex(readFileSync(join(dir, "strace.txt"), "utf8"), /RLIMIT_AS, \{rlim_cur=1048576\*1024/);
});

recorded("children and later programs: each image is recorded", (t, dir) => {
	const { status, stderr } = record(dir, "/bin/sh", "-c", "/bin/true; exec /bin/true");
	t.is(status, 0, stderr);
	const trace = load_trace(dir);
	t.is(trace.images.length, 3);
	t.true(trace.images.every((image) => image.recorded));
	t.is(trace.tasks.length, 2);
});

recorded(
	"a program that crashes has no end that can be held, and the replay says which moment is compared",
	(t, dir) => {
		const { status, stderr } = record(dir, "/bin/sh", "-c", "kill -SEGV $$");
		t.is(status, 0, stderr);
		t.true(load_trace(dir).ops.length > 0);
	},
);

recorded("Ctrl-C is handed on, and the recording is finished", async (t, dir) => {
	const args = [
		SPF,
		"record",
		...options,
		dir,
		"--",
		"/bin/sh",
		"-c",
		"trap 'exit 5' INT; echo up; while :; do :; done",
	];
	const child: ChildProcess = spawn(process.execPath, args, { stdio: "ignore" });
	const ended = once(child, "exit");
	const up = () =>
		existsSync(join(dir, "stdout.txt")) && readFileSync(join(dir, "stdout.txt"), "utf8") === "up\n";
	while (!up() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
	child.kill("SIGINT");
	t.deepEqual(await ended, [0, null]);
	const exit = load_trace(dir).ops.find((op) => op.last);
	t.deepEqual(exit?.args, [5]);
});

recorded("a program that runs already: its mappings with their flags", async (t, dir) => {
	const cat = spawn("cat", { stdio: ["pipe", "pipe", "ignore"] });
	cat.stdin.write("up\n");
	await once(cat.stdout, "data");
	const args = [SPF, "record", ...(perf ? [] : ["--no-faults"]), dir, "-p", String(cat.pid)];
	const child = spawn(process.execPath, args, { stdio: "ignore" });
	const ended = once(child, "exit");
	const maps = join(dir, "maps.initial");
	while (!existsSync(maps) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
	cat.stdin.end();
	t.deepEqual(await ended, [0, null]);
	const { initial } = load_trace(dir);
	t.true(initial.find(({ name }) => name === "[stack]")?.vm?.flags.has("gd"));
	t.true(initial.every(({ vm }) => vm !== undefined));
});

recorded("mistakes are one line and leave nothing behind", (t, dir) => {
	for (const command of ["/no/such/program", "/etc/passwd"]) {
		const { status, stderr } = record(dir, command);
		t.is(status, 2);
		t.regex(stderr, /^spf: [^\n]+\n$/);
		t.false(existsSync(dir));
	}
});
