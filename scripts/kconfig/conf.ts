// SPDX-License-Identifier: GPL-2.0-only
//
// The command: conf [-s] --MODE Kconfig. Mirrors the main() of Linux's
// scripts/kconfig/conf.c. Exit status: 0, 1 for errors in Kconfig files, 2 for errors of
// the user (a file that is not there or cannot be written).

import { isatty } from 'node:tty';
import { pathToFileURL } from 'node:url';
import {
	conf_rewrite_tristates,
	conf_set_all_new_symbols,
	set_randconfig_seed,
} from './conf_all.ts';
import type { AskMode } from './conf_ask.ts';
import { conf_ask, stdin_lines } from './conf_ask.ts';
import { conf_write_autoconf } from './conf_auto.ts';
import {
	conf_errors,
	conf_read,
	conf_read_simple,
	conf_write,
	conf_write_defconfig,
} from './confdata.ts';
import { process_host } from './index.ts';
import type { Kconf, KconfHost } from './lkc.ts';
import { ConfExit, kconf_alloc, mod, no, yes } from './lkc.ts';
import { conf_parse } from './parser.ts';

/** The modes, with what --help says of each. */
const MODES: Readonly<Record<string, string>> = {
	listnewconfig: 'List new options',
	helpnewconfig: 'List new options and help text',
	oldaskconfig: 'Start a new configuration using a line-oriented program',
	oldconfig: 'Update a configuration using a provided .config as base',
	syncconfig:
		'Similar to oldconfig but generates configuration in\n' +
		'                          include/{generated/,config/}',
	olddefconfig: 'Same as oldconfig but sets new symbols to their default value',
	defconfig: 'New config with default defined in <file>',
	savedefconfig: 'Save the minimal current configuration to <file>',
	allnoconfig: 'New config where all options are answered with no',
	allyesconfig: 'New config where all options are answered with yes',
	allmodconfig: 'New config where all options are answered with mod',
	alldefconfig: 'New config with all symbols set to default',
	randconfig: 'New config with random answer to all options',
	yes2modconfig: 'Change answers from yes to mod if possible',
	mod2yesconfig: 'Change answers from mod to yes if possible',
	mod2noconfig: 'Change answers from mod to no if possible',
};

const TAKES_FILE: ReadonlySet<string> = new Set(['defconfig', 'savedefconfig']);

function usage(): string {
	let text = 'Usage: conf [options] <kconfig-file>\n\nGeneric options:\n';
	text += '  -h, --help              Print this message and exit.\n';
	text += '  -s, --silent            Do not print log.\n\nMode options:\n';
	for (const [mode, what] of Object.entries(MODES)) {
		const option = TAKES_FILE.has(mode) ? `--${mode} <file>` : `--${mode}`;
		text += `  ${option.padEnd(23)} ${what}\n`;
	}
	return `${text}  (If none of the above is given, --oldaskconfig is the default)\n`;
}

interface Options {
	mode: string;
	file: string;
	silent: boolean;
	kconfig: string;
}

function parse_args(args: readonly string[], host: KconfHost): Options {
	const opts: Options = { mode: 'oldaskconfig', file: '', silent: false, kconfig: '' };
	for (let i = 0; i < args.length; i++) {
		const arg = args[i] as string;
		const [name, value] = split_option(arg);
		if (arg === '-h' || arg === '--help') {
			host.out(usage());
			throw new ConfExit(1);
		}
		if (arg === '-s' || arg === '--silent') opts.silent = true;
		else if (!arg.startsWith('-')) opts.kconfig ||= arg;
		else if (name in MODES && arg.startsWith('--')) {
			opts.mode = name;
			if (TAKES_FILE.has(name)) opts.file = value ?? args[++i] ?? '';
			if (TAKES_FILE.has(name) && opts.file === '') {
				throw new ConfExit(2, `conf: option '--${name}' requires an argument`);
			}
		} else throw new ConfExit(2, `conf: unrecognized option '${arg}'`);
	}
	if (opts.kconfig === '') {
		host.err('conf: Kconfig file missing\n');
		host.out(usage());
		throw new ConfExit(1);
	}
	return opts;
}

function split_option(arg: string): [string, string | undefined] {
	const eq = arg.indexOf('=');
	if (eq < 0) return [arg.replace(/^--/, ''), undefined];
	return [arg.slice(2, eq), arg.slice(eq + 1)];
}

/** $KCONFIG_ALLCONFIG: answers that the all*config modes and randconfig have to respect. */
function read_allconfig(kconf: Kconf, mode: string): void {
	const name = kconf.host.env.KCONFIG_ALLCONFIG;
	if (name === undefined) return;
	if (name !== '' && name !== '1') {
		if (conf_read_simple(kconf, name)) return;
		throw new ConfExit(1, `*** Can't read seed configuration "${name}"!`);
	}
	const own = mode === 'randconfig' ? 'allrandom.config' : mode.replace(/config$/, '.config');
	if (conf_read_simple(kconf, own) || conf_read_simple(kconf, 'all.config')) return;
	const what = `no "${own}" or "all.config" file found`;
	throw new ConfExit(1, `*** KCONFIG_ALLCONFIG set, but ${what}`);
}

function read_base(kconf: Kconf, opts: Options): void {
	switch (opts.mode) {
		case 'defconfig':
			if (conf_read(kconf, opts.file)) return;
			throw new ConfExit(2, `*** Can't find default configuration "${opts.file}"!`);
		case 'allnoconfig':
		case 'allyesconfig':
		case 'allmodconfig':
		case 'alldefconfig':
		case 'randconfig':
			read_allconfig(kconf, opts.mode);
			return;
		default:
			conf_read(kconf, null);
	}
}

function ask(kconf: Kconf, mode: AskMode): void {
	const terminal = isatty(0) && isatty(1);
	conf_ask(kconf, mode, stdin_lines(), !terminal);
}

/** How each mode gives the values that the file did not give. */
const ANSWERS: Readonly<Record<string, (kconf: Kconf, rand?: () => number) => void>> = {
	allnoconfig: (kconf) => conf_set_all_new_symbols(kconf, 'no'),
	allyesconfig: (kconf) => conf_set_all_new_symbols(kconf, 'yes'),
	allmodconfig: (kconf) => conf_set_all_new_symbols(kconf, 'mod'),
	alldefconfig: (kconf) => conf_set_all_new_symbols(kconf, 'default'),
	defconfig: (kconf) => conf_set_all_new_symbols(kconf, 'default'),
	randconfig: (kconf, rand) => conf_set_all_new_symbols(kconf, 'random', rand),
	yes2modconfig: (kconf) => conf_rewrite_tristates(kconf, yes, mod),
	mod2yesconfig: (kconf) => conf_rewrite_tristates(kconf, mod, yes),
	mod2noconfig: (kconf) => conf_rewrite_tristates(kconf, mod, no),
	oldaskconfig: (kconf) => ask(kconf, 'oldaskconfig'),
	oldconfig: (kconf) => ask(kconf, 'oldconfig'),
	syncconfig: (kconf) => ask(kconf, 'syncconfig'),
	listnewconfig: (kconf) => ask(kconf, 'listnewconfig'),
	helpnewconfig: (kconf) => ask(kconf, 'helpnewconfig'),
};

/** Runs the command; ends with ConfExit unless all went well. */
export function conf_main(args: readonly string[], host: KconfHost = process_host()): void {
	const opts = parse_args(args, host);
	const { mode } = opts;
	const kconf = kconf_alloc(host);
	const sync = mode === 'syncconfig';
	kconf.silent = opts.silent || sync;
	const rand = mode === 'randconfig' ? set_randconfig_seed(kconf) : undefined;
	conf_parse(kconf, opts.kconfig);
	read_base(kconf, opts);
	if (conf_errors(kconf)) throw new ConfExit(1);
	const frozen = sync && Boolean(host.env.KCONFIG_NOSILENTUPDATE);
	if (frozen && kconf.conf_changed) {
		throw new ConfExit(1, '\n*** The configuration requires explicit update.\n');
	}
	ANSWERS[mode]?.(kconf, rand);
	if (kconf.sym_warnings > 0 && host.env.KCONFIG_WERROR !== undefined) throw new ConfExit(1);
	if (mode === 'savedefconfig') conf_write_defconfig(kconf, opts.file);
	else if (mode !== 'listnewconfig' && mode !== 'helpnewconfig') {
		if (!frozen) conf_write(kconf);
		conf_write_autoconf(kconf, sync);
	}
}

/** Runs a command of this directory, and turns its ConfExit into an exit status. */
export function run_command(main: () => void): void {
	try {
		main();
	} catch (e) {
		if (!(e instanceof ConfExit)) throw e;
		if (e.message !== '') process.stderr.write(`${e.message}\n`);
		process.exitCode = e.code;
	}
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
	run_command(() => conf_main(process.argv.slice(2)));
}
