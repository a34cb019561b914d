// SPDX-License-Identifier: GPL-2.0-only
//
// Merges fragments over a configuration, one after the other, and says what became of each
// value. Mirrors Linux's scripts/kconfig/merge_config.sh at 7.2, with its messages. More than
// there: why a value did not come out (merge_check.ts), and --update. Different: options may
// be joined (-mn), an unknown option is an error, a text with " #" in it is a text, and neither
// a symbol that is rightly absent fails -s nor does -r silence the final check.

import { randomBytes } from "node:crypto";
import { rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command, CommanderError } from "commander";
import { conf_main, run_command } from "./conf.ts";
import { config_file_exists, read_config_file, write_config_file } from "./config_file.ts";
import { process_host } from "./host.ts";
import { is_main } from "./is_main.ts";
import type { KconfHost } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import { check_fragment, check_result } from "./merge_check.ts";
import { to_bytes } from "./text.ts";
import { begins_as } from "./version.ts";

const NAME = "spf-merge-config";

const usage = (prefix: string) => `Usage: spf-merge-config [OPTIONS] [CONFIG [...]]
  -h    display this help text
  -m    only merge the fragments, do not execute the make command
  -n    use allnoconfig instead of alldefconfig
  -r    list redundant entries when merging fragments
  -y    make builtin have precedence over modules
  -O    dir to put generated output files.  Consider setting $KCONFIG_CONFIG instead.
  -s    strict mode. Fail if the fragment redefines any value.
  -Q    disable warning messages for overridden options.
  --update
        CONFIG is to be brought up to date: refuse fragments with unknown symbols or
        impossible values, and check only what the fragments ask for

Used prefix: '${prefix}'. You can redefine it with $CONFIG_ environment variable.
The Kconfig file is $KBUILD_KCONFIG, or Kconfig, looked for here and in $srctree.
`;

interface Options {
	readonly m?: boolean;
	readonly n?: boolean;
	readonly r?: boolean;
	readonly y?: boolean;
	readonly s?: boolean;
	/** commander's way to say -O: the directory. */
	readonly O?: string;
	readonly Q?: boolean;
	readonly update?: boolean;
}

/** One line of a configuration file, and the symbol that it is about, with its prefix. */
export interface MergeLine {
	readonly text: string;
	readonly name: string | null;
}

/** The lines of a file. A last line needs no line feed. */
export function merge_lines(text: string, prefix: string): MergeLine[] {
	const lines = text.split("\n");
	if (lines.at(-1) === "") lines.pop();
	const escaped = prefix.replace(/[^\w]/g, "\\$&");
	const is = new RegExp(`^(${escaped}\\w+)`);
	const is_not = new RegExp(`^# (${escaped}\\w+) is not set$`);
	return lines.map((line) => ({
		text: line,
		name: is.exec(line)?.[1] ?? is_not.exec(line)?.[1] ?? null,
	}));
}

interface Merge {
	readonly host: KconfHost;
	readonly opts: Options;
	readonly prefix: string;
	lines: MergeLine[];
	redefined: boolean;
}

/** Lays one fragment over the lines so far, and says which of their values it replaces. */
function merge_fragment(merge: Merge, name: string, text: string): void {
	const { opts, host } = merge;
	const lines = merge_lines(text, merge.prefix);
	const asked = new Map<string, MergeLine>();
	for (const line of lines) if (line.name !== null) asked.set(line.name, line);
	const skipped = new Set<MergeLine>();
	const say = (what: string) => {
		if (!opts.Q) host.out(what);
	};
	const kept = merge.lines.filter((old) => {
		const now = old.name === null ? undefined : asked.get(old.name);
		if (!now) return true;
		const values = `Previous value: ${old.text}\nNew value: ${now.text}\n\n`;
		if (opts.y && now.text.endsWith("=m") && old.text.endsWith("=y")) {
			say(`${old.name}: -y passed, will not demote y to m\n${values}`);
			skipped.add(now);
			return true;
		}
		if (old.text === now.text) {
			if (opts.r) say(`Value of ${old.name} is redundant by fragment ${name}:\n`);
			return false;
		}
		if (old.text.endsWith("=n") && now.text.endsWith(" is not set")) return true;
		say(`Value of ${old.name} is redefined by fragment ${name}:\n${values}`);
		merge.redefined = true;
		return false;
	});
	const added = lines.filter((line) => !skipped.has(line));
	merge.lines = [...kept, { text: "", name: null }, ...added];
}

/** Reads the fragments in order. Returns what they ask for, the last word on each symbol. */
function merge_fragments(merge: Merge, files: readonly string[]): Map<string, MergeLine> {
	const { host, opts } = merge;
	const asked = new Map<string, MergeLine>();
	const seen = new Set<string>();
	for (const file of files) {
		host.out(`Merging ${to_bytes(file)}\n`);
		if (!config_file_exists(host, file)) {
			throw new ConfExit(1, `The merge file '${file}' does not exist.  Exit.`);
		}
		if (seen.has(file) && !opts.Q) {
			host.out(`WARNING: Input file provided multiple times: ${to_bytes(file)}\n`);
		}
		seen.add(file);
		const text = read_config_file(host, file, NAME);
		if (opts.update) check_fragment(host, file, text);
		merge_fragment(merge, to_bytes(file), text);
		for (const line of merge_lines(text, merge.prefix)) {
			if (line.name !== null) asked.set(line.name, line);
		}
	}
	return asked;
}

function read_base(host: KconfHost, base: string, create: boolean): string {
	if (config_file_exists(host, base)) return read_config_file(host, base, NAME);
	host.err(`The base file '${to_bytes(base)}' does not exist. Creating one...\n`);
	if (create) write_config_file(host, base, "", NAME);
	return "";
}

/** Runs alldefconfig, or allnoconfig, over the merged values. */
function complete(host: KconfHost, opts: Options, kconfig: string, text: string): void {
	const tmp = join(host.cwd, `.tmp.config.${randomBytes(5).toString("hex")}`);
	const env = { ...host.env, KCONFIG_ALLCONFIG: tmp };
	try {
		write_config_file(host, tmp, text, NAME);
		conf_main([opts.n ? "--allnoconfig" : "--alldefconfig", kconfig], { ...host, env });
	} finally {
		rmSync(tmp, { force: true });
	}
}

function parse_args(args: readonly string[], host: KconfHost): [Options, string[]] {
	const program = new Command("merge_config")
		.configureOutput({ writeOut: host.out, writeErr: () => {} })
		.exitOverride()
		.passThroughOptions()
		.option("-m")
		.option("-n")
		.option("-r")
		.option("-y")
		.option("-O <dir>")
		.option("-s")
		.option("-Q")
		.option("--update")
		.argument("[configs...]");
	program.helpInformation = () => usage(host.env.CONFIG_ ?? "CONFIG_");
	try {
		program.parse(args, { from: "user" });
	} catch (e) {
		if (!(e instanceof CommanderError)) throw e;
		if (e.exitCode === 0) throw new ConfExit(0);
		const what = e.message.replace(/^error: /, "");
		throw new ConfExit(2, `${NAME}: ${what} (see ${NAME} -h)`);
	}
	return [program.opts(), program.args];
}

/** The host as seen from the output directory, where the results go. */
function output_host(host: KconfHost, dir: string | undefined): KconfHost {
	if (dir === undefined) return host;
	const cwd = resolve(host.cwd, dir);
	if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
		throw new ConfExit(1, `output directory ${dir} does not exist`);
	}
	// Who reads of the configuration is not there.
	const here = host.env.KCONFIG_CONFIG;
	const config = here ? resolve(host.cwd, here) : join(cwd, ".config");
	const srctree = resolve(host.cwd, host.env.srctree ?? ".");
	return { ...host, cwd, env: { ...host.env, srctree, KCONFIG_CONFIG: config } };
}

/** Runs the command; ends with ConfExit unless all went well. */
export function merge_main(args: readonly string[], host: KconfHost = process_host()): void {
	const [opts, [base, ...fragments]] = parse_args(args, host);
	const prefix = host.env.CONFIG_ ?? "CONFIG_";
	if (base === undefined) {
		host.out(usage(prefix));
		return;
	}
	const output = output_host(host, opts.O);
	const merge: Merge = { host, opts, prefix, lines: [], redefined: false };
	merge.lines = merge_lines(read_base(host, base, !opts.update), prefix);
	host.out(`Using ${to_bytes(base)} as base\n`);
	const asked = merge_fragments(merge, fragments);
	if (merge.redefined && opts.s) {
		host.out("The fragment redefined a value and strict mode had been passed.\n");
		throw new ConfExit(1);
	}
	const text = merge.lines.map((line) => `${line.text}\n`).join("");
	const config = output.env.KCONFIG_CONFIG || ".config";
	if (opts.m) {
		write_config_file(output, config, text, NAME);
		host.out(`#\n# merged configuration written to ${to_bytes(config)} (needs make)\n#\n`);
		return;
	}
	const kconfig = host.env.KBUILD_KCONFIG || "Kconfig";
	complete(output, opts, kconfig, text);
	const wanted = opts.update ? [...asked.values()] : merge.lines;
	const same = check_result(output, { kconfig, config, wanted, prefix });
	if (!same && opts.s) {
		host.out("Requested and effective config differ\n");
		throw new ConfExit(1);
	}
}

if (is_main(import.meta.url) && begins_as(NAME)) {
	run_command(() => merge_main(process.argv.slice(2)));
}
