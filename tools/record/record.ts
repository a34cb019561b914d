// SPDX-License-Identifier: GPL-2.0-only
/**
 * `spf record DIR -- COMMAND…`: runs a program once and writes what it did to
 * its memory, in the files that `spf replay DIR` reads.
 *
 *   perf record ─ setarch -R ─ strace -f ─ COMMAND
 *
 * strace writes the system calls, perf the page faults, both in real time.
 * strace holds the program at its first brk and at its exit_group for a
 * moment, in which we copy /proc/PID/maps.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { quote, which } from "zx";
import { at_end } from "../../scripts/lib/at_end.ts";
import { ends_with_us, run } from "../../scripts/lib/child.ts";
import { make_directory, write_file } from "../../scripts/lib/files.ts";
import { UserError } from "../lib/errors.ts";
import { load_trace, type Trace } from "../replay/trace.ts";

/** How long strace holds the program, in microseconds, and how often we look. */
const HOLD_AT_BRK = 600_000;
const HOLD_AT_EXIT = 1_500_000;
const LOOK_MS = 10;
const NR_BRK = 12;
const NR_EXIT_GROUP = 231;
/** The names of the tools themselves: their faults are not the program's. */
const TOOLS = new Set(["strace", "perf", "perf-exec"]);
const FILES = [
	"strace.txt",
	"faults.txt",
	"maps.initial",
	"maps.final",
	"command.txt",
	"kernel.txt",
	"stdout.txt",
	"stderr.txt",
	"perf.data",
];

export interface RecordOptions {
	directory: string;
	command: string[];
	/** Write over an earlier recording. */
	force?: boolean;
}

export async function record({ directory, command, force }: RecordOptions): Promise<Trace> {
	const tools = await find_tools(command[0]);
	const away = prepare(directory, force ?? false);
	const release = at_end(away);
	try {
		return await record_into(directory, tools, command);
	} catch (error) {
		/* What the tools have said stays, if they came so far. */
		if (!existsSync(join(directory, "stderr.txt"))) away();
		throw error;
	} finally {
		release();
	}
}

async function record_into(directory: string, tools: Tools, command: string[]): Promise<Trace> {
	const file = (name: string) => join(directory, name);
	const stderr = file("stderr.txt");
	write_file(file("command.txt"), `${command.map(quote).join(" ")}\n`);
	write_file(file("kernel.txt"), `${release()}\n`);

	const status = await run_command(directory, tools, command);
	const strace = existsSync(file("strace.txt")) ? readFileSync(file("strace.txt"), "utf8") : "";
	if (strace === "") throw new UserError(why_nothing(readFileSync(stderr, "utf8"), status));
	if (!existsSync(file("maps.initial")))
		throw new UserError(
			`${command[0]}: the program made no brk call after its execve, at which its first maps are read; only programs whose libc makes one can be recorded`,
		);
	if (!existsSync(file("maps.final")))
		throw new UserError(
			`${command[0]}: the program did not end by exit_group (was it killed?), so its last maps could not be read; see ${stderr}`,
		);
	await write_faults(directory, tools);
	rmSync(file("perf.data"), { force: true });
	return load_trace(directory);
}

interface Tools {
	perf: string;
	strace: string;
	setarch: string;
}

async function find_tools(program: string): Promise<Tools> {
	const find = async (name: string, what: string) => {
		const path = await which(name, { nothrow: true });
		if (!path) throw new UserError(`${name}: not found in PATH; ${what}`);
		return path;
	};
	if (process.platform !== "linux" || process.arch !== "x64")
		throw new UserError(
			`${process.platform}/${process.arch}: programs can be recorded on Linux on x86-64 only; replaying works everywhere`,
		);
	const tools = {
		perf: await find("perf", "install the package linux-perf (Debian) or linux-tools (Ubuntu)"),
		strace: await find("strace", "install the package strace"),
		setarch: await find("setarch", "install the package util-linux"),
	};
	await find(program, "the command to record has to be an executable program");
	return tools;
}

/** Makes room for a recording. What is returned takes away what of it is there when it is broken off. */
function prepare(directory: string, force: boolean): () => void {
	const made = !existsSync(directory);
	make_directory(directory);
	const away = () => {
		for (const name of FILES) rmSync(join(directory, name), { force: true });
		if (made && readdirSync(directory).length === 0) rmdirSync(directory);
	};
	const there = readdirSync(directory);
	if (there.length === 0) return away;
	if (!force)
		throw new UserError(
			`${directory}: not empty; choose another directory, or write over a recording with --force`,
		);
	const other = there.find((name) => !FILES.includes(name));
	if (other)
		throw new UserError(
			`${directory}/${other}: not a file of a recording; --force only writes over recordings`,
		);
	for (const name of there) rmSync(join(directory, name));
	return away;
}

/** Resolves to the exit code when the program has ended. */
async function run_command(directory: string, tools: Tools, command: string[]): Promise<number> {
	const file = (name: string) => join(directory, name);
	const out = ["stdout.txt", "stderr.txt"].map((name) => openSync(file(name), "w"));
	const child = spawn(
		tools.perf,
		[
			...["record", "-q", "-e", "page-faults", "-c", "1", "-d", "-k", "CLOCK_REALTIME"],
			...["-o", file("perf.data"), "--"],
			...[tools.setarch, "-R", tools.strace, "-f", "-ttt", "-y"],
			...["-e", "trace=%memory,%process,prctl"],
			...["-e", `inject=brk:delay_enter=${HOLD_AT_BRK}:when=1`],
			...["-e", `inject=exit_group:delay_enter=${HOLD_AT_EXIT}:when=1`],
			...["-o", file("strace.txt"), "--", ...command],
		],
		{ stdio: ["inherit", ...out] },
	);
	for (const fd of out) closeSync(fd);
	let status: number | undefined;
	/* strace lets no signal end it before its program has ended. */
	const release = at_end(() => end_below(child.pid as number));
	const ended = ends_with_us(child).then((code) => {
		release();
		status = code;
	});
	/* It is awaited last. */
	ended.catch(() => {});
	const over = () => status !== undefined;
	const pid = await until(over, () => first_pid(file("strace.txt")));
	if (pid !== undefined) {
		if (await until(over, () => is_in(pid, NR_BRK) || undefined)) copy_maps(pid, file("maps.initial"));
		/* Where the program forks, only its own process counts; where it calls
		 * execve again, this still is the last image's end. */
		if (await until(over, () => is_in(pid, NR_EXIT_GROUP) || undefined)) copy_maps(pid, file("maps.final"));
	}
	await ended;
	return status!;
}

/** Ends a process's children and theirs, the last ones first: the program before who traces it. */
function end_below(pid: number): void {
	let children: string[] = [];
	try {
		children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
	} catch {
		/* It has ended meanwhile. */
	}
	for (const child of children.map(Number)) {
		end_below(child);
		try {
			process.kill(child, "SIGKILL");
		} catch {
			/* As above. */
		}
	}
}

async function until<T>(over: () => boolean, look: () => T | undefined): Promise<T | undefined> {
	while (!over()) {
		const found = look();
		if (found !== undefined) return found;
		await sleep(LOOK_MS);
	}
	return undefined;
}

/** The program's pid: strace writes its execve first. */
function first_pid(path: string): number | undefined {
	if (!existsSync(path)) return undefined;
	const match = /^(\d+) /.exec(readFileSync(path, "utf8").slice(0, 20));
	return match ? Number(match[1]) : undefined;
}

/** Is a thread of the process inside this system call? */
function is_in(pid: number, nr: number): boolean {
	try {
		for (const tid of readdirSync(`/proc/${pid}/task`)) {
			const call = readFileSync(`/proc/${pid}/task/${tid}/syscall`, "utf8");
			if (call.startsWith(`${nr} `)) return true;
		}
	} catch {
		/* Ended meanwhile; or not allowed, which shows as missing maps. */
	}
	return false;
}

function copy_maps(pid: number, path: string): void {
	write_file(path, readFileSync(`/proc/${pid}/maps`));
}

/** Nothing was recorded: what strace or perf said, and what to do. */
function why_nothing(stderr: string, status: number): string {
	const said =
		stderr
			.trim()
			.split("\n")
			.filter((line) => line.trim() !== "")[0] ?? `exit code ${status}`;
	if (/ptrace|PTRACE_/.test(stderr) && /not permitted|denied/i.test(stderr))
		return `strace: it is not allowed to trace (${said}); run as root, or allow ptrace (kernel.yama.ptrace_scope, the container's seccomp profile)`;
	if (/perf_event_paranoid|permission|not permitted|not supported/i.test(stderr))
		return `perf: it is not allowed to count page faults (${said}); run as root, or set kernel.perf_event_paranoid to 1 with sysctl`;
	return `nothing was recorded: ${said}`;
}

async function write_faults(directory: string, tools: Tools): Promise<void> {
	const file = (name: string) => join(directory, name);
	const script = [tools.perf, "script", "-i", file("perf.data"), "-F", "comm,pid,tid,time,event,addr"];
	const { status, stdout, stderr } = await run(script);
	if (status !== 0)
		throw new UserError(
			`perf script: ${stderr.trim().split("\n")[0] || `exit code ${status}`}; is perf of the same version as the kernel?`,
		);
	const own = stdout.split("\n").filter((line) => line !== "" && !TOOLS.has(comm_of(line)));
	write_file(file("faults.txt"), own.map((line) => `${line}\n`).join(""));
}

function comm_of(line: string): string {
	return /^\s*(.*?)\s+\d+\/\d+\s/.exec(line)?.[1] ?? "";
}
