// SPDX-License-Identifier: GPL-2.0-only
/**
 * Other programs, run without a shell. They are in our process group, so that
 * Ctrl-C reaches them, too; a signal that reaches us alone is handed on
 * (at_end.ts), and we wait until they have ended.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { at_end } from "./at_end.ts";
import { UserError } from "./errors.ts";

/** The status of who was ended by Ctrl-C, which may reach us later, */
const INTERRUPTED = 130;
/** but not by more than this. */
const SIGNAL_MS = 100;

/** Ends with us. Returns the promise of how it ended: its status, or 128 and the signal's number. */
export function ends_with_us(child: ChildProcess): Promise<number> {
	return new Promise((resolve, reject) => {
		const ended = new Promise<void>((done) => child.once("close", () => done()));
		const release = at_end(() => {
			child.kill("SIGTERM");
			return ended;
		});
		child.once("error", (error) => {
			release();
			reject(error);
		});
		child.once("close", (code, signal) => {
			const status = code ?? (signal === "SIGINT" ? INTERRUPTED : signal === "SIGTERM" ? 143 : 1);
			const tell = () => {
				release();
				resolve(status);
			};
			/* If it was Ctrl-C, nobody is to go on as if it had said all. */
			if (status === INTERRUPTED) setTimeout(tell, SIGNAL_MS);
			else tell();
		});
	});
}

export interface Ran {
	status: number;
	stdout: string;
	stderr: string;
}

/** Runs a program to its end. What it says is kept; `tell` hears it at once. */
export async function run(
	[program, ...args]: readonly string[],
	{ tell, ...options }: SpawnOptions & { tell?: (text: string) => void } = {},
): Promise<Ran> {
	const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
	const said = { stdout: "", stderr: "" };
	child.stdout?.setEncoding("utf8").on("data", (text: string) => {
		said.stdout += text;
		tell?.(text);
	});
	child.stderr?.setEncoding("utf8").on("data", (text: string) => {
		said.stderr += text;
	});
	try {
		return { status: await ends_with_us(child), ...said };
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		throw code === "ENOENT" ? new UserError(`${program}: not found; install it, or add it to PATH`) : error;
	}
}
