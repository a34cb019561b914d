// SPDX-License-Identifier: GPL-2.0-only
/** Command lines that all programs of this tree have alike: --help, --version, and mistakes in one line. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { here } from "./root.ts";

let known: string | undefined;

/** The version of package.json. */
export function version(): string {
	known ??= JSON.parse(readFileSync(join(here(), "package.json"), "utf8")).version as string;
	return known;
}

/** A mistake as commander tells it, with who says so, and in one line with its advice. */
function one_line(name: string, text: string): string {
	return `${name}: ${text
		.trim()
		.replace(/^error: /, "")
		.replace(/\s*\n\s*/g, " ")}\n`;
}

/** Gives a command, and those below it, the manners of all. `name` is how it is called. */
export function mannered(command: Command, name = command.name()): Command {
	command.version(`${name} ${version()}`, "--version", "print the version")
		.helpOption("-h, --help", "print this help")
		.exitOverride()
		.configureOutput({ outputError: (text, write) => write(one_line(name, text)) });
	for (const below of command.commands) mannered(below, name);
	return command;
}

/** A new command of a script; program() ends it. */
export function command(name: string, description: string): Command {
	return mannered(new Command(name).description(description));
}
