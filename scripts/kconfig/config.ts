// SPDX-License-Identifier: GPL-2.0-only
//
// Changes and shows single values of a configuration file. Mirrors Linux's scripts/config.
// Different: all commands are understood before the file is touched, so a mistake changes
// nothing; it is written once, and only if it changes; values are taken literally (there "&"
// and "\" mean something to sed); -E, -D and -M move a symbol that is there already, instead
// of naming it twice; --refresh takes the defaults without listing the questions.

import { conf_main, run_command } from "./conf.ts";
import { config_file_exists, read_config_file, write_config_file } from "./config_file.ts";
import { escape_string_value, unquote } from "./confdata.ts";
import { process_host } from "./host.ts";
import { is_main } from "./is_main.ts";
import type { KconfHost } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import { to_bytes } from "./text.ts";
import { begins_as } from "./version.ts";

const usage = (prefix: string) => `Manipulate options in a .config file from the command line.
Usage:
spf-config options command ...
commands:
	--enable|-e option   Enable option
	--disable|-d option  Disable option
	--module|-m option   Turn option into a module
	--set-str option string
	                     Set option to "string"
	--set-val option value
	                     Set option to value
	--undefine|-u option Undefine option
	--state|-s option    Print state of option (n,y,m,undef)

	--enable-after|-E beforeopt option
	                     Enable option directly after other option
	--disable-after|-D beforeopt option
	                     Disable option directly after other option
	--module-after|-M beforeopt option
	                     Turn option into module directly after other option
	--refresh            Refresh the config using old settings

	commands can be repeated multiple times

options:
	--file config-file   .config file to change (default .config)
	--keep-case|-k       Keep next symbols' case (don't upper-case it)

Whether the values fit is not checked here, but when the configuration is next used.
Names are in upper case unless --keep-case is given, and may have the prefix
'${prefix}' or not; the environment variable CONFIG_ sets another prefix.
`;

/** Short names of the commands. */
const SHORT: Readonly<Record<string, string>> = {
	"-e": "--enable",
	"-d": "--disable",
	"-m": "--module",
	"-u": "--undefine",
	"-s": "--state",
	"-E": "--enable-after",
	"-D": "--disable-after",
	"-M": "--module-after",
	"-k": "--keep-case",
};

type Command = "enable" | "disable" | "module" | "set-str" | "set-val" | "undefine" | "state" | "refresh";

interface Step {
	readonly command: Command;
	/** The symbol, with its prefix. */
	readonly name: string;
	readonly value: string;
	/** The symbol that it is to stand behind. */
	readonly after: string | null;
}

class Usage extends ConfExit {}

/** Understands the whole command line. */
function parse_args(args: readonly string[], prefix: string): { file: string; steps: Step[] } {
	const words: string[] = [];
	let file = ".config";
	for (let i = 0; i < args.length; i++) {
		if (args[i] !== "--file") words.push(args[i] as string);
		else file = args[++i] || missing("--file", "a file");
	}
	const steps: Step[] = [];
	let keep_case = false;
	const symbol = (option: string): string => {
		const word = words.shift();
		if (!word) return missing(option, "a symbol");
		const bare = word.startsWith(prefix) ? word.slice(prefix.length) : word;
		return to_bytes(prefix) + (keep_case ? bare : bare.replace(/[a-z]+/g, (s) => s.toUpperCase()));
	};
	while (words.length > 0 && words[0] !== "") {
		const option = words.shift() as string;
		const long = SHORT[option] ?? option;
		const step = { name: "", value: "", after: null };
		switch (long) {
			case "--keep-case":
				keep_case = true;
				break;
			case "--refresh":
				steps.push({ ...step, command: "refresh" });
				break;
			case "--enable-after":
			case "--disable-after":
			case "--module-after": {
				const after = symbol(option);
				const command = long.slice(2, -"-after".length) as Command;
				steps.push({ ...step, command, after, name: symbol(option) });
				break;
			}
			case "--set-str":
			case "--set-val": {
				const name = symbol(option);
				const value = to_bytes(words.shift() ?? missing(option, "a value"));
				steps.push({ ...step, command: long.slice(2) as Command, name, value });
				break;
			}
			case "--enable":
			case "--disable":
			case "--module":
			case "--undefine":
			case "--state":
				steps.push({ ...step, command: long.slice(2) as Command, name: symbol(option) });
				break;
			default:
				throw new Usage(1, `bad command: ${option}`);
		}
	}
	if (steps.length === 0) throw new Usage(1, "config: no command given");
	return { file, steps };
}

function missing(option: string, what: string): never {
	throw new Usage(1, `config: ${option} needs ${what}`);
}

/** The lines of a file while they are changed. */
type Lines = string[];

const is_not_set = (name: string): string => `# ${name} is not set`;
const is_about = (line: string, name: string): boolean =>
	line.startsWith(`${name}=`) || line.startsWith(is_not_set(name));

/** Puts a line in the place of the symbol's, or behind another's, or at the end. */
function set_var(lines: Lines, name: string, text: string, after: string | null): Lines {
	if (after !== null && after !== name && lines.some((line) => is_about(line, after))) {
		const others = lines.filter((line) => !is_about(line, name));
		return others.flatMap((line) => (is_about(line, after) ? [line, text] : [line]));
	}
	if (lines.some((line) => is_about(line, name))) {
		return lines.map((line) => (is_about(line, name) ? text : line));
	}
	return [...lines, text];
}

/** What --state prints: y, m, n, a number, a string without its quotes, or undef. */
function state(lines: Lines, name: string): string {
	if (lines.includes(is_not_set(name))) return "n";
	const line = lines.find((each) => each.startsWith(`${name}=`));
	if (line === undefined) return "undef";
	const value = line.slice(name.length + 1);
	return (value.startsWith('"') ? unquote(value) : null) ?? value;
}

function apply(lines: Lines, { command, name, value, after }: Step): Lines {
	switch (command) {
		case "enable":
			return set_var(lines, name, `${name}=y`, after);
		case "module":
			return set_var(lines, name, `${name}=m`, after);
		case "disable":
			return set_var(lines, name, is_not_set(name), after);
		case "set-str":
			return set_var(lines, name, `${name}=${escape_string_value(value)}`, after);
		case "set-val":
			return set_var(lines, name, `${name}=${value}`, after);
		case "undefine":
			return lines.filter((line) => !is_about(line, name));
		default:
			return lines;
	}
}

/** Runs the command; ends with ConfExit unless all went well. */
export function config_main(args: readonly string[], host: KconfHost = process_host()): void {
	const prefix = host.env.CONFIG_ ?? "CONFIG_";
	if (args.length === 1 && (args[0] === "-h" || args[0] === "--help")) {
		host.out(usage(prefix));
		return;
	}
	let parsed: ReturnType<typeof parse_args>;
	try {
		parsed = parse_args(args, prefix);
	} catch (e) {
		if (!(e instanceof Usage)) throw e;
		host.err(to_bytes(`${e.message}\n${usage(prefix)}`));
		throw new ConfExit(e.code);
	}
	const { file, steps } = parsed;
	const creates = steps.some(({ command }) => !["state", "undefine", "refresh"].includes(command));
	const read = () => read_config_file(host, file, "spf-config");
	let old = creates && !config_file_exists(host, file) ? "" : read();
	let lines = old.split("\n");
	// Behind the last line feed there is no line.
	const open_end = lines.at(-1) !== "";
	if (!open_end) lines.pop();
	const count = lines.length;
	const save = () => {
		const end = lines.length === 0 || (open_end && lines.length === count) ? "" : "\n";
		const text = lines.join("\n") + end;
		if (text !== old) write_config_file(host, file, text, "spf-config");
		old = text;
	};
	for (const step of steps) {
		if (step.command === "state") host.out(`${state(lines, step.name)}\n`);
		else if (step.command !== "refresh") lines = apply(lines, step);
		else {
			save();
			const env = { ...host.env, KCONFIG_CONFIG: file };
			conf_main(["--olddefconfig", host.env.KBUILD_KCONFIG || "Kconfig"], { ...host, env });
			old = read();
			lines = old.split("\n").slice(0, -1);
		}
	}
	save();
}

if (is_main(import.meta.url) && begins_as("spf-config")) {
	run_command(() => config_main(process.argv.slice(2)));
}
