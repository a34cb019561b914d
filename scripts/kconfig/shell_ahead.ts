// SPDX-License-Identifier: GPL-2.0-only
//
// Starts the commands of $(shell,…) before the parser asks for them, on all processors. It
// has no counterpart in Linux, which waits for one after the other. A first pass over the
// files, by the same lexer, finds the commands whose output goes into a token and nowhere
// else; those are the same whatever the others say, so they are no guesses. Of these it takes the
// ones that leave nothing behind, so that their order does not matter to each other. All others
// are run when their turn comes.

import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, unlinkSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import type { Lexer } from "./lexer.ts";
import { lexer_init, yylex, zconf_initscan, zconf_nextfiles, zconf_starthelp } from "./lexer.ts";
import type { Compat, KconfHost, ShellResult } from "./lkc.ts";
import { ConfExit, kconf_alloc } from "./lkc.ts";
import type { Preprocessor, VariableFlavor } from "./preprocess.ts";
import { preprocess_init, variable_add } from "./preprocess.ts";
import { to_text } from "./text.ts";

/** Moves to the end of the line that a token stands in. */
function skip_line(lx: Lexer): void {
	while (lx.type !== "eol" && lx.type !== "eof") yylex(lx);
}

/** One statement, as far as it leads to other files or defines macros. */
function look_at(lx: Lexer, pp: Preprocessor): void {
	const { type, value } = lx;
	if (type === "source") {
		pp.nested++;
		yylex(lx);
		pp.nested--;
		const name = lx.value;
		const is_name = (lx.type as string) === "quoted";
		skip_line(lx);
		if (is_name) zconf_nextfiles(lx, name);
		return;
	}
	if (type === "help") {
		skip_line(lx);
		zconf_starthelp(lx);
		return;
	}
	if (type === "word") {
		yylex(lx);
		const op = lx.type;
		if (op === "=" || op === ":=" || op === "+=") {
			yylex(lx);
			const text = (lx.type as string) === "assign_val" ? lx.value : "";
			variable_add(pp, value, text, op as VariableFlavor);
		}
	}
	skip_line(lx);
}

/** Calls `found` for the commands that a parse will run and that nothing but a token depends on. */
function find_commands(host: KconfHost, compat: Compat, file: string, found: (command: string) => void): void {
	const quiet: KconfHost = { ...host, out: () => {}, err: () => {} };
	const kconf = kconf_alloc(quiet, compat);
	const lx = lexer_init(kconf);
	const pp = preprocess_init(kconf, lx);
	lx.pp = pp;
	pp.later = found;
	try {
		zconf_initscan(lx, file);
		for (yylex(lx); lx.type !== "eof"; yylex(lx)) look_at(lx, pp);
	} catch (e) {
		// The parser will come to the same place, and say what is wrong there.
		if (!(e instanceof ConfExit)) throw e;
	}
}

/**
 * A shell that runs the commands it is sent, a line each, by one /bin/sh -c each. After each
 * it ends the output with a mark. It reads them from descriptor 3: standard input is theirs.
 * What the shell itself has to say, of a command that was killed, nobody is to hear.
 * Its arguments are a prefix for logs, and a program with arguments that end in the name of one,
 * under which each command runs. The directory of the logs goes when it ends, whatever ended the
 * process that started it.
 */
const DRIVER = `
logs=$1
shift
nr=0
exec 4>&2 2>/dev/null
trap 'rm -rf "\${logs%/*}"' EXIT
trap 'exit 1' HUP INT TERM
while IFS= read -r command <&3; do
	( exec "$@" "$logs$nr" /bin/sh -c "$command" sh 2>&4 3<&- 4>&- )
	echo "$0"
	echo "$0" >&4
	nr=$((nr + 1))
done`;

/** A file that the driver writes and that is cut into answers by a mark. */
class Answers {
	readonly fd: number;
	private readonly mark: string;
	private readonly chunk = Buffer.alloc(1 << 14);
	private pos = 0;
	private text = "";
	private readonly done: string[] = [];

	constructor(name: string, mark: string) {
		// Nobody else is to see it, and nothing is to stay behind.
		const path = join(tmpdir(), name);
		this.fd = openSync(path, "wx+", 0o600);
		unlinkSync(path);
		this.mark = `${mark}\n`;
	}

	/** The answer to a command; undefined if it is not there yet. */
	get(nr: number): string | undefined {
		if (nr >= this.done.length) this.read();
		return this.done[nr];
	}

	private read(): void {
		for (;;) {
			const n = readSync(this.fd, this.chunk, 0, this.chunk.length, this.pos);
			if (n === 0) break;
			this.pos += n;
			this.text += this.chunk.toString("latin1", 0, n);
		}
		const parts = this.text.split(this.mark);
		this.text = parts.pop() as string;
		this.done.push(...parts);
	}
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** What a command printed, and where what it did is written down. */
export interface Answer extends ShellResult {
	readonly log: string;
}

class Driver {
	private readonly child: ChildProcess;
	private readonly out: Answers;
	private readonly err: Answers;
	private readonly queue: Writable;
	private readonly logs: string;
	private sent = 0;
	private answered = 0;

	constructor(host: KconfHost, mark: string, nr: number, under: readonly string[], logs: string) {
		const { spawn } = process.getBuiltinModule("node:child_process");
		const name = `spf-kconfig-${process.pid}-${nr}`;
		this.out = new Answers(`${name}.out`, mark);
		this.err = new Answers(`${name}.err`, mark);
		this.logs = logs;
		this.child = spawn("/bin/sh", ["-c", DRIVER, mark, logs, ...under], {
			cwd: host.cwd,
			env: host.env as NodeJS.ProcessEnv,
			stdio: ["inherit", this.out.fd, this.err.fd, "pipe"],
		});
		this.queue = this.child.stdio[3] as Writable;
		// Without it everything is run when its turn comes.
		this.child.on("error", () => {});
		this.queue.on("error", () => {});
		// It ends when this process does: then its queue ends.
		this.child.unref();
		(this.queue as Writable & { unref(): void }).unref();
	}

	/** Sends a command; the number is for get(). */
	send(command: string): number {
		this.queue.write(`${to_text(command)}\n`);
		return this.sent++;
	}

	/** The answer to a command; undefined if it is not there yet. */
	get(nr: number): Answer | undefined {
		const stdout = this.out.get(nr);
		const stderr = this.err.get(nr);
		return stdout === undefined || stderr === undefined
			? undefined
			: { stdout, stderr, log: `${this.logs}${nr}` };
	}

	/** How many of its commands have no answer yet. */
	busy(): number {
		while (this.sent > this.answered && this.out.get(this.answered) !== undefined) this.answered++;
		return this.sent - this.answered;
	}

	is_dead(): boolean {
		if (this.child.pid === undefined) return true;
		const stat = `/proc/${this.child.pid}/stat`;
		if (!existsSync("/proc/self/stat")) return false;
		return !existsSync(stat) || / [ZX] /.test(readFileSync(stat, "latin1"));
	}

	close(): void {
		closeSync(this.out.fd);
		closeSync(this.err.fd);
		this.queue.destroy();
	}
}

/** Commands that are under way, or done. */
export interface ShellAhead {
	/** The result of the next call of a command; undefined if it has not been started. */
	take(command: string): Answer | undefined;
	/** Something has changed: what was not taken yet has to be run anew. */
	forget(): void;
	close(): void;
	/** Where logs are that go with it. */
	readonly logs: string;
}

/** Commands that a driver is given at once, so that it need not wait for the next one. */
const IN_HAND = 2;

interface Call {
	readonly command: string;
	driver: Driver | null;
	nr: number;
}

/**
 * Starts what can be run ahead of a parse of `file`, each under a program that writes a log of
 * it. What `skip` says of is left out, and a command that comes again is not run again.
 */
export function run_ahead(
	host: KconfHost,
	compat: Compat,
	file: string,
	under: readonly string[],
	skip: (command: string) => boolean,
): ShellAhead {
	const mark = `\x01${process.pid}.${Math.random()}\x01`;
	const logs = mkdtempSync(join(tmpdir(), "spf-kconfig-"));
	// To fork is cheap as long as there is little memory.
	const drivers = Array.from(
		{ length: Math.min(availableParallelism(), 8) },
		(_, nr) => new Driver(host, mark, nr, under, join(logs, `${nr}.`)),
	);
	const clean_up = (): void => {
		rmSync(logs, { recursive: true, force: true, maxRetries: 3 });
	};
	process.on("exit", clean_up);
	const calls = new Map<string, Call>();
	const waiting: Call[] = [];

	const hand_out = (): void => {
		for (const driver of drivers) {
			while (waiting.length > 0 && driver.busy() < IN_HAND) {
				const call = waiting.shift() as Call;
				call.driver = driver;
				call.nr = driver.send(call.command);
			}
		}
	};
	find_commands(host, compat, file, (command) => {
		if (calls.has(command) || skip(command)) return;
		const call: Call = { command, driver: null, nr: 0 };
		waiting.push(call);
		calls.set(command, call);
		hand_out();
	});
	return {
		logs,
		take(command) {
			const call = calls.get(command);
			if (!call) return undefined;
			calls.delete(command);
			for (let slept = 1; ; slept++) {
				hand_out();
				const result = call.driver?.get(call.nr);
				if (result) return result;
				if (slept % 1000 === 0 && drivers.some((driver) => driver.is_dead())) return undefined;
				Atomics.wait(sleeper, 0, 0, 1);
			}
		},
		forget() {
			calls.clear();
			waiting.length = 0;
		},
		close() {
			for (const driver of drivers) driver.close();
			process.off("exit", clean_up);
			clean_up();
		},
	};
}
