// SPDX-License-Identifier: GPL-2.0-only
//
// Runs the commands of $(shell,…). Mirrors do_shell() of Linux's scripts/kconfig/preprocess.c.

import type { KconfHost, ShellResult } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import { to_text } from "./text.ts";

/**
 * Runs a command now. With `keep`, what it says on standard error is part of the result. `under`
 * is a program with its arguments that runs the shell, to watch it.
 */
export function run_shell(
	host: KconfHost,
	command: string,
	keep = false,
	under: readonly string[] = [],
): ShellResult & { cut: boolean } {
	// Loaded when it is needed: most runs need none.
	const { spawnSync } = process.getBuiltinModule("node:child_process");
	// popen() calls the shell "sh", and so does the shell in its messages.
	const [program, ...args] = [...under, "/bin/sh", "-c", to_text(command), "sh"];
	const run = spawnSync(program as string, args, {
		cwd: host.cwd,
		env: host.env as NodeJS.ProcessEnv,
		encoding: "latin1",
		stdio: ["inherit", "pipe", keep ? "pipe" : "inherit"],
		maxBuffer: 1 << 16,
	});
	const { status, signal, error } = run;
	// More output than anyone reads: what there is of it will do.
	const cut = (error as NodeJS.ErrnoException | undefined)?.code === "ENOBUFS";
	if (error && !cut && status === null && signal === null) {
		throw new ConfExit(1, `${to_text(command)}: ${error.message}`);
	}
	return { stdout: run.stdout ?? "", stderr: keep ? (run.stderr ?? "") : "", cut };
}
