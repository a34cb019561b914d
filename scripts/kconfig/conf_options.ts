// SPDX-License-Identifier: GPL-2.0-only
//
// The arguments of the conf command, read as getopt_long() reads them for Linux's
// scripts/kconfig/conf.c: options may stand anywhere and be abbreviated, and a wrong one is
// reported and then ignored. This is why no library for arguments will do.

import type { Rules } from "./compat.ts";
import { COMPATS, compat_of_version, is_compat, rules_of } from "./compat.ts";
import type { Compat, KconfHost } from "./lkc.ts";
import { COMPAT_7_2, ConfExit } from "./lkc.ts";
import { to_bytes } from "./text.ts";

/** The modes, with what --help says of each. */
const MODES: Readonly<Record<string, string>> = {
	listnewconfig: "List new options",
	helpnewconfig: "List new options and help text",
	oldaskconfig: "Start a new configuration using a line-oriented program",
	oldconfig: "Update a configuration using a provided .config as base",
	syncconfig:
		"Similar to oldconfig but generates configuration in\n" +
		"                          include/{generated/,config/}",
	olddefconfig: "Same as oldconfig but sets new symbols to their default value",
	defconfig: "New config with default defined in <file>",
	savedefconfig: "Save the minimal current configuration to <file>",
	allnoconfig: "New config where all options are answered with no",
	allyesconfig: "New config where all options are answered with yes",
	allmodconfig: "New config where all options are answered with mod",
	alldefconfig: "New config with all symbols set to default",
	randconfig: "New config with random answer to all options",
	yes2modconfig: "Change answers from yes to mod if possible",
	mod2yesconfig: "Change answers from mod to yes if possible",
	mod2noconfig: "Change answers from mod to no if possible",
};

const TAKES_ARGUMENT: ReadonlySet<string> = new Set(["defconfig", "savedefconfig", "compat"]);

/** In the reference's order, which is that of its message about ambiguous abbreviations. */
const LONG_OPTIONS: readonly string[] = [
	"help",
	"silent",
	"oldaskconfig",
	"oldconfig",
	"syncconfig",
	"defconfig",
	"savedefconfig",
	"allnoconfig",
	"allyesconfig",
	"allmodconfig",
	"alldefconfig",
	"randconfig",
	"listnewconfig",
	"helpnewconfig",
	"olddefconfig",
	"yes2modconfig",
	"mod2yesconfig",
	"mod2noconfig",
	"compat",
];

/** What the command is called in its messages. */
export const PROGNAME = "spf-conf";

export interface Options {
	mode: string;
	/** Argument of --defconfig or --savedefconfig. */
	file: string;
	/** --defconfig without a name, where that is allowed. */
	default_config: boolean;
	silent: boolean;
	/** --syncconfig was among the modes given. */
	sync: boolean;
	compat: Compat;
	/** The files are read by Kconfiglib's rules: `compat` does not count. */
	kconfiglib: boolean;
	/** Nobody has said which release: it is the default. */
	compat_by_default: boolean;
	kconfig: string;
}

function usage(compat: Compat): string {
	const old = compat !== COMPAT_7_2;
	let text = `Usage: ${PROGNAME} [options] ${old ? "<kconfig-file>" : "kconfig_file"}\n`;
	text += "\nGeneric options:\n";
	text += "  -h, --help              Print this message and exit.\n";
	text += "  -s, --silent            Do not print log.\n";
	text += "  --compat <name>         Read a tree of another release, or of another project:\n";
	text += `                          ${COMPATS.join(", ")};\n`;
	text += "                          kconfiglib: as Kconfiglib, the Python library, does.\n";
	text += "\nMode options:\n";
	for (const [mode, what] of Object.entries(MODES)) {
		const option = TAKES_ARGUMENT.has(mode) ? `--${mode} <file>` : `--${mode}`;
		text += `  ${option.padEnd(23)} ${what}\n`;
	}
	text += "  (If none of the above is given, --oldaskconfig is the default)\n";
	return old ? text : `${text}\nArguments:\n  kconfig_file            Top-level Kconfig file.\n`;
}

/** Not a release: the rules of the Python library, which spf-conf alone knows (kconfiglib/). */
const is_kconfiglib = (text: string | undefined): boolean => text === "kconfiglib";

/**
 * Whose rules hold: what --compat says, or else $KCONFIG_COMPAT, or else the release that
 * $KERNELVERSION is of, if that is known here, or else 7.2. Ends with ConfExit(2), in the name
 * of `progname`, if nothing of that name is known here.
 */
export function choose_compat(progname: string, host: KconfHost, option?: string): Compat {
	const text = option ?? host.env.KCONFIG_COMPAT;
	if (option === undefined && !text) return compat_of_version(host.env.KERNELVERSION ?? "") ?? COMPAT_7_2;
	if (is_compat(text ?? "")) return text as Compat;
	const from = option === undefined ? `KCONFIG_COMPAT=${text}` : `--compat ${text}`;
	const names = progname === PROGNAME ? [...COMPATS, "kconfiglib"] : COMPATS;
	const known = `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
	throw new ConfExit(2, `${progname}: ${from}: not known; known are ${known}`);
}

/**
 * Reads the arguments; `on_mode` is called for each mode as it is met. Ends with ConfExit(1)
 * after the usage has been printed.
 */
export function parse_options(
	args: readonly string[],
	host: KconfHost,
	on_mode: (mode: string, compat: Compat) => void,
): Options {
	const opts: Options = {
		mode: "oldaskconfig",
		file: "",
		default_config: false,
		silent: false,
		sync: false,
		compat: is_kconfiglib(host.env.KCONFIG_COMPAT) ? COMPAT_7_2 : choose_compat(PROGNAME, host),
		kconfiglib: is_kconfiglib(host.env.KCONFIG_COMPAT),
		compat_by_default: !host.env.KCONFIG_COMPAT,
		kconfig: "",
	};
	const operands: string[] = [];
	const queue = [...args];
	for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
		if (arg === "--") {
			operands.push(...queue);
			break;
		}
		if (arg.startsWith("--")) long_option(opts, arg, queue, host, on_mode);
		else if (arg.startsWith("-") && arg !== "-") {
			const long = rules_of(opts.compat).short_modes[arg.charAt(1)];
			if (long === undefined) short_options(opts, arg, host);
			else
				long_option(
					opts,
					long === "defconfig=" ? `--defconfig=${queue.shift() ?? ""}` : `--${long}`,
					queue,
					host,
					on_mode,
				);
		} else operands.push(arg);
	}
	const [kconfig] = operands;
	if (kconfig === undefined) {
		host.err(`${PROGNAME}: Kconfig file missing\n`);
		host.out(usage(opts.compat));
		throw new ConfExit(1);
	}
	opts.kconfig = to_bytes(kconfig);
	return opts;
}

function help(opts: Options, host: KconfHost): never {
	host.out(usage(opts.compat));
	throw new ConfExit(1);
}

function short_options(opts: Options, arg: string, host: KconfHost): void {
	for (const c of arg.slice(1)) {
		if (c === "h") help(opts, host);
		if (c === "s") opts.silent = true;
		else host.err(`${PROGNAME}: invalid option -- '${c}'\n`);
	}
}

/** The option that a name stands for: itself, or the only one that begins so. */
function find_option(given: string, { no_modes, mode_names }: Rules, host: KconfHost): string | null {
	const name = mode_names[given] ?? given;
	const options_known = LONG_OPTIONS.filter((option) => !no_modes.has(option));
	if (options_known.includes(name)) return name;
	const found = options_known.filter((option) => option.startsWith(name));
	if (found.length === 1) return found[0] as string;
	const options = found.map((option) => ` '--${option}'`).join("");
	const what =
		found.length === 0
			? `unrecognized option '--${name}'`
			: `option '--${name}' is ambiguous; possibilities:${options}`;
	host.err(`${PROGNAME}: ${what}\n`);
	return null;
}

function long_option(
	opts: Options,
	arg: string,
	queue: string[],
	host: KconfHost,
	on_mode: (mode: string, compat: Compat) => void,
): void {
	const eq = arg.indexOf("=");
	const rules = rules_of(opts.compat);
	const name = find_option(eq < 0 ? arg.slice(2) : arg.slice(2, eq), rules, host);
	if (name === null) {
		// Once that was the end.
		if (rules.zconf) help(opts, host);
		return;
	}
	let value = eq < 0 ? undefined : arg.slice(eq + 1);
	if (name === "defconfig" && value === undefined && rules.default_config !== null) {
		opts.default_config = true;
	} else if (TAKES_ARGUMENT.has(name)) {
		value ??= queue.shift();
		if (value === undefined) {
			host.err(`${PROGNAME}: option '--${name}' requires an argument\n`);
			return;
		}
	} else if (value !== undefined) {
		host.err(`${PROGNAME}: option '--${name}' doesn't allow an argument\n`);
		return;
	}
	if (name === "help") help(opts, host);
	if (name === "silent") opts.silent = true;
	else if (name === "compat") {
		opts.kconfiglib = is_kconfiglib(value);
		if (!opts.kconfiglib) opts.compat = choose_compat(PROGNAME, host, value ?? "");
		opts.compat_by_default = false;
	} else {
		opts.mode = name;
		if (value !== undefined) opts.file = to_bytes(value);
		if (name === "syncconfig") {
			opts.sync = true;
			if (!rules.sync_lazy) opts.silent = true;
		}
		on_mode(name, opts.compat);
	}
}
