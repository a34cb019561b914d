// SPDX-License-Identifier: GPL-2.0-only
//
// How the examples end when they are run: what the library throws is a line, and so is an output
// that cannot be written.

import { basename } from "node:path";
import { process_host, speaks_as } from "../host.ts";
import { KconfigError } from "../index.ts";
import { is_main } from "../is_main.ts";
import { to_bytes } from "../text.ts";

/** If the module with this import.meta.url is the program: runs it with its arguments, and prints what it returns. */
export function run_example(url: string, main: (...args: string[]) => readonly string[]): void {
	if (!is_main(url)) return;
	const [, program = "", ...args] = process.argv;
	const { out, err } = process_host();
	speaks_as(basename(program));
	try {
		for (const line of main(...args)) out(`${to_bytes(line)}\n`);
	} catch (e) {
		if (!(e instanceof KconfigError)) throw e;
		err(`${to_bytes(e.message)}\n`);
		process.exitCode = e.code;
	}
}
