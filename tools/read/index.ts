// SPDX-License-Identifier: GPL-2.0-only
/** The command line of `spf read`. What reads is loaded when it is asked to. */
import type { Command } from "commander";

export interface ReadCommand {
	port?: string;
	host?: string;
	open?: boolean;
	out?: string;
	coverage?: boolean;
	json?: boolean;
}

export function add_read(program: Command): void {
	program.command("read")
		.description("read a series of patches beside this source: a page for your browser")
		.argument("[what...]", "an mbox, maildir, mail, patch, or a folder of them; '-': standard input")
		.option("--port <n>", "where the page is (default: any that is free)")
		.option("--host <address>", "let other machines read, too (default: this machine only)")
		.option("--no-open", "print the address, and open no browser")
		.option("--out <dir>", "write the pages to a directory instead: they need no server")
		.option("--coverage", "print which hunks have a home here, and why others have none")
		.option("--json", "with --coverage: as one JSON object")
		.addHelpText(
			"after",
			"\nExit status: 0; 2 for mistakes in options or files.\nSee Documentation/reading.md.",
		)
		.action(async (what: string[], options: ReadCommand) => {
			const { read } = await import("./read.ts");
			process.exitCode = await read(what, options);
		});
}
