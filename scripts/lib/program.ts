// SPDX-License-Identifier: GPL-2.0-only
/**
 * How a program ends: a mistake is one line on stderr and status 2; nobody who
 * reads any more (`| head -1`) is no mistake and silent; an output that cannot
 * be written is one line.
 */
import { CommanderError } from "commander";
import { end_program, is_ending } from "./at_end.ts";
import { reason, refused, UserError } from "./errors.ts";

/** What a shell says of who was ended by SIGPIPE. */
const NO_READER = 141;

/** Our output broke. Make would speak of a status, so below it there is none. */
function broken(name: string, error: NodeJS.ErrnoException): void {
	if (error.code === "EPIPE" || error.code === "EIO")
		return void end_program(process.env.MAKELEVEL ? 0 : NO_READER);
	try {
		process.stderr.write(`${name}: the output cannot be written: ${reason(error)}\n`);
	} catch {
		/* Nor can this be said. */
	}
	void end_program(2);
}

let minded = false;

/** From now on, output that breaks ends the program in order. */
export function mind_output(name: string): void {
	if (minded) return;
	minded = true;
	process.stdout.on("error", (error) => broken(name, error));
	process.stderr.on("error", () => void end_program(2));
}

/** A mistake in one line; undefined: it is none, but a fault of ours. */
export function mistake(error: unknown): string | undefined {
	return error instanceof UserError ? error.message : refused(error)?.message;
}

/** Runs a program; its result, 0 if there is none, or what becomes of a mistake is the exit status. */
export async function outcome(name: string, main: () => Promise<number | void>): Promise<number> {
	try {
		return (await main()) ?? Number(process.exitCode ?? 0);
	} catch (error) {
		/* It is no news that things fail then. */
		if (is_ending()) return Number(process.exitCode ?? 0);
		/* commander has said what is wrong; --help and --version are no errors. */
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
		const text = mistake(error);
		if (text === undefined) throw error;
		/* What a compiler says begins with the place, and is more than a line. */
		process.stderr.write(text.includes("\n") ? `${text}\n` : `${name}: ${text}\n`);
		return 2;
	}
}

/** The same for who is the program that Node was started with. */
export async function program(name: string, main: () => Promise<number | void>): Promise<void> {
	mind_output(name);
	process.exitCode = await outcome(name, main);
}
