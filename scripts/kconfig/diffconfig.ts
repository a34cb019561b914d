// SPDX-License-Identifier: GPL-2.0-only
//
// Compares two configuration files by value, whatever their order. Mirrors Linux's
// scripts/diffconfig, with its output. Different: what goes wrong is one line on standard
// error and exit status 2; without arguments $KCONFIG_CONFIG is respected; only lines of
// symbols count as "is not set"; a last line without a line feed keeps its last character.

import { Command, CommanderError } from "commander";
import { run_command } from "./conf.ts";
import { read_config_file } from "./config_file.ts";
import { process_host } from "./host.ts";
import { is_main } from "./is_main.ts";
import type { KconfHost } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import { to_text } from "./text.ts";
import { begins_as } from "./version.ts";

const USAGE = `Usage: spf-diffconfig [-h] [-m] [<config1> <config2>]

Shows what differs between two .config files, value by value and sorted:

 -OLD  y            only in <config1>
 CHANGED  n -> y    in both, with another value
 +NEW  14           only in <config2>

With -m the output is a fragment that makes <config2> of <config1>: the changed and
new values as they stand in a .config.

Without files it is .config.old and .config (in $KBUILD_OUTPUT, if that is set).
`;

/** The values of a .config by symbol, without the prefix. "is not set" is n. */
function readconfig(name: string, text: string): Map<string, string> {
	const values = new Map<string, string>();
	for (const [i, line] of text.split("\n").entries()) {
		const unset = /^# CONFIG_(\S*) is not set$/.exec(line);
		if (unset) values.set(unset[1] as string, "n");
		if (!line.startsWith("CONFIG_")) continue;
		const eq = line.indexOf("=");
		if (eq < 0) throw new ConfExit(2, `${name}:${i + 1}: unexpected data: ${to_text(line)}`);
		values.set(line.slice("CONFIG_".length, eq), line.slice(eq + 1));
	}
	return values;
}

/** What differs, in the order of the command's output; merge style is that of -m. */
export function diffconfig(a: Map<string, string>, b: Map<string, string>, merge = false): string {
	const lines: string[] = [];
	const assign = (name: string, value: string) =>
		lines.push(value === "n" ? `# CONFIG_${name} is not set` : `CONFIG_${name}=${value}`);
	if (!merge) {
		for (const name of [...a.keys()].sort()) {
			if (!b.has(name)) lines.push(`-${name} ${a.get(name)}`);
		}
	}
	for (const name of [...a.keys()].sort()) {
		const now = b.get(name);
		if (now === undefined || now === a.get(name)) continue;
		if (merge) assign(name, now);
		else lines.push(` ${name} ${a.get(name)} -> ${now}`);
	}
	for (const name of [...b.keys()].sort()) {
		if (a.has(name)) continue;
		if (merge) assign(name, b.get(name) as string);
		else lines.push(`+${name} ${b.get(name)}`);
	}
	return lines.map((line) => `${line}\n`).join("");
}

function parse_args(args: readonly string[], host: KconfHost): { merge: boolean; files: string[] } {
	const program = new Command("spf-diffconfig")
		.configureOutput({ writeOut: host.out, writeErr: () => {} })
		.exitOverride()
		.option("-m")
		.argument("[configs...]");
	program.helpInformation = () => USAGE;
	try {
		program.parse(args, { from: "user" });
	} catch (e) {
		if (!(e instanceof CommanderError)) throw e;
		if (e.exitCode === 0) throw new ConfExit(0);
		const what = e.message.replace(/^error: /, "");
		throw new ConfExit(2, `spf-diffconfig: ${what} (see spf-diffconfig -h)`);
	}
	return { merge: program.opts().m === true, files: program.args };
}

/** Runs the command; ends with ConfExit unless all went well. */
export function diffconfig_main(args: readonly string[], host: KconfHost = process_host()): void {
	const { merge, files } = parse_args(args, host);
	if (files.length !== 0 && files.length !== 2) {
		throw new ConfExit(2, "spf-diffconfig: give two files, or none (see spf-diffconfig -h)");
	}
	const own = host.env.KCONFIG_CONFIG || ".config";
	const dir = host.env.KBUILD_OUTPUT ? `${host.env.KBUILD_OUTPUT}/` : "";
	const names = files.length === 2 ? files : [`${dir}${own}.old`, `${dir}${own}`];
	const read = (name: string) => readconfig(name, read_config_file(host, name, "spf-diffconfig"));
	const [a, b] = names.map(read) as [Map<string, string>, Map<string, string>];
	host.out(diffconfig(a, b, merge));
}

if (is_main(import.meta.url) && begins_as("spf-diffconfig")) {
	run_command(() => diffconfig_main(process.argv.slice(2)));
}
