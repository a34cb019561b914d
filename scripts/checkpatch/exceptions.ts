// SPDX-License-Identifier: GPL-2.0-only
/** What was there before a rule was: a list that only gets shorter. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { write_file } from "../lib/files.ts";

export const EXCEPTIONS = "scripts/checkpatch/exceptions.json";
/** What makes it as short as it can be. */
export const UPDATE = "node --import tsx scripts/checkpatch.ts --update";

export interface Exceptions {
	/** The last commit whose subject nobody looks at; so are all before it. */
	subjects_after: string;
	/** Files that nobody imports yet, and why they stay. */
	orphans: Record<string, string>;
	/** Files that no tsconfig.json has yet, and why. */
	untyped: Record<string, string>;
	/** Lines that are too long, for each file. */
	columns: Record<string, number>;
	/** Fields of structs that do not say what guards them, for each file. */
	unguarded: Record<string, number>;
	/** Barriers that do not say what they pair with, for each file. */
	unpaired: Record<string, number>;
}

export function read_exceptions(root: string): Exceptions {
	return JSON.parse(readFileSync(join(root, EXCEPTIONS), "utf8"));
}

export function write_exceptions(root: string, exceptions: Exceptions): void {
	write_file(join(root, EXCEPTIONS), `${JSON.stringify(exceptions, null, "\t")}\n`);
}

/** What is listed and need not be: of `listed`, each that is not among `found`. */
export function needless(listed: Record<string, string>, found: readonly string[]): string[] {
	return Object.keys(listed).filter((path) => !found.includes(path));
}
