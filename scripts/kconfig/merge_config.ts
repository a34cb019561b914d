// SPDX-License-Identifier: GPL-2.0-only
//
// Merges fragments over a .config, brings the rest up to date, and says what became of each
// value. Mirrors Linux's scripts/kconfig/merge_config.sh. Differences: a symbol that does
// not exist is an error and nothing is written; only what the fragments ask for is checked
// at the end, and the reason is given for what they did not get; a symbol that is out of
// sight counts as "not set". Left out: -n, -r, -y, -O.

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run_command } from './conf.ts';
import { conf_write_autoconf } from './conf_auto.ts';
import type { ConfLine } from './confdata.ts';
import {
	conf_get_configname,
	conf_lines,
	conf_read_text,
	conf_write,
	config_prefix,
	symbol_for_dotconfig,
	unquote,
	with_file,
} from './confdata.ts';
import { expr_print, show_with_value } from './expr.ts';
import { process_host } from './host.ts';
import { read_file } from './text.ts';
import type { Kconf, KconfHost, Sym } from './lkc.ts';
import {
	ConfExit,
	kconf_alloc,
	mod,
	S_BOOLEAN,
	S_STRING,
	S_TRISTATE,
	S_UNKNOWN,
	SYMBOL_WRITE,
} from './lkc.ts';
import { conf_parse } from './parser.ts';
import { sym_calc_value, sym_find, sym_is_choice_value, sym_string_valid } from './symbol.ts';

const USAGE = `Usage: merge_config [-s] [-Q] KCONFIG FRAGMENT...
  -h    display this help text
  -s    strict mode: fail if a fragment redefines any value
  -Q    say nothing of values that are redefined
`;

interface Merge {
	readonly kconf: Kconf;
	/** The lines so far, by symbol; a later one replaces an earlier one. */
	readonly values: Map<string, ConfLine>;
	/** What the fragments ask for. */
	readonly requests: Map<string, ConfLine>;
	readonly quiet: boolean;
	redefined: boolean;
}

function find_symbol(kconf: Kconf, fragment: string, line: ConfLine): Sym {
	const at = `${fragment}:${line.lineno}`;
	const sym = sym_find(kconf, line.name);
	if (!sym || sym.type === S_UNKNOWN) {
		throw new ConfExit(2, `${at}: there is no symbol ${config_prefix(kconf)}${line.name}`);
	}
	const value = sym.type === S_STRING ? unquote(line.value) : line.value;
	const quoted = sym.type !== S_STRING || line.value.startsWith('"');
	const bool_m = sym.type === S_BOOLEAN && line.value === 'm';
	const is_tri = sym.type === S_BOOLEAN || sym.type === S_TRISTATE;
	const letter = !is_tri || /^[ymn]$/.test(line.value);
	if (value === null || !quoted || bool_m || !letter || !sym_string_valid(sym, value)) {
		const what = `'${line.value}' is not a value for a symbol of type ${sym.type}`;
		throw new ConfExit(2, `${at}: ${config_prefix(kconf)}${line.name}: ${what}`);
	}
	return sym;
}

function merge_fragment(merge: Merge, fragment: string): void {
	const { kconf } = merge;
	const text = read_file(kconf.host, fragment);
	if (text === null) throw new ConfExit(2, `The merge file '${fragment}' does not exist.  Exit.`);
	kconf.host.out(`Merging ${fragment}\n`);
	const lines = conf_lines(text, config_prefix(kconf), (lineno, line) => {
		throw new ConfExit(2, `${fragment}:${lineno}: unexpected data: ${line}`);
	});
	for (const line of lines) {
		find_symbol(kconf, fragment, line);
		const old = merge.values.get(line.name);
		if (old && old.text !== line.text) {
			merge.redefined = true;
			report_redefined(merge, fragment, old, line);
		}
		// Choices look at the order of the lines: the last one wins.
		merge.values.delete(line.name);
		merge.values.set(line.name, line);
		merge.requests.set(line.name, line);
	}
}

function report_redefined(merge: Merge, fragment: string, old: ConfLine, line: ConfLine): void {
	if (merge.quiet) return;
	const name = `${config_prefix(merge.kconf)}${line.name}`;
	let text = `Value of ${name} is redefined by fragment ${fragment}:\n`;
	text += `Previous  value: ${old.text}\nNew value:       ${line.text}\n\n`;
	merge.kconf.host.out(text);
}

/** Why a symbol did not get its value, in one line. */
function reason(sym: Sym): string {
	if (!sym.prop.some((prop) => prop.type === 'prompt' || prop.type === 'menu')) {
		return `${sym.name} has no prompt: other symbols decide its value`;
	}
	if (sym.rev_dep.expr && sym.rev_dep.tri > 0) {
		return `selected by ${expr_print(sym.rev_dep.expr, show_with_value)}`;
	}
	if (sym_is_choice_value(sym)) return 'one of the choice has to be y';
	if (sym.dir_dep.expr && sym.dir_dep.tri < 2) {
		return `depends on ${expr_print(sym.dir_dep.expr, show_with_value)}`;
	}
	if (sym.visible < mod) return 'its prompt is not visible';
	return 'out of range';
}

/** Compares what was asked for with what came out. */
function check_requests(merge: Merge): void {
	const { kconf } = merge;
	for (const line of merge.requests.values()) {
		const sym = sym_find(kconf, line.name) as Sym;
		sym_calc_value(kconf, sym);
		const actual = sym.flags & SYMBOL_WRITE ? symbol_for_dotconfig(kconf, sym).trimEnd() : '';
		if (actual === line.text || conf_same(kconf, sym, line, actual)) continue;
		let text = `Value requested for ${config_prefix(kconf)}${line.name} not in final .config\n`;
		text += `Requested value:  ${line.text}\nActual value:     ${actual}\n`;
		kconf.host.out(`${text}Reason:           ${reason(sym)}\n\n`);
	}
}

/** "=n" and "is not set" are the same, and so is not being there at all. */
function conf_same(kconf: Kconf, sym: Sym, line: ConfLine, actual: string): boolean {
	if (line.value !== 'n' || (sym.type !== S_BOOLEAN && sym.type !== S_TRISTATE)) return false;
	return actual === '' || actual === `# ${config_prefix(kconf)}${sym.name} is not set`;
}

/** Runs the command; ends with ConfExit unless all went well. */
export function merge_main(args: readonly string[], host: KconfHost = process_host()): void {
	const flags = args.filter((arg) => arg.startsWith('-'));
	const [kconfig, ...fragments] = args.filter((arg) => !arg.startsWith('-'));
	const unknown = flags.find((flag) => !['-h', '-s', '-Q'].includes(flag));
	if (unknown) throw new ConfExit(2, `merge_config: unrecognized option '${unknown}'`);
	if (flags.includes('-h') || !kconfig || fragments.length === 0) {
		host.out(USAGE);
		return;
	}
	const kconf = kconf_alloc(host);
	conf_parse(kconf, kconfig);
	const base = conf_get_configname(kconf);
	const merge: Merge = {
		kconf,
		values: new Map(),
		requests: new Map(),
		quiet: flags.includes('-Q'),
		redefined: false,
	};
	host.out(`Using ${base} as base\n`);
	for (const line of conf_lines(read_base(kconf, base), config_prefix(kconf))) {
		merge.values.set(line.name, line);
	}
	for (const fragment of fragments) merge_fragment(merge, fragment);
	if (merge.redefined && flags.includes('-s')) {
		throw new ConfExit(1, 'The fragment redefined a value and strict mode had been passed.');
	}
	const text = [...merge.values.values()].map((line) => `${line.text}\n`).join('');
	conf_read_text(kconf, { name: base, text });
	conf_write(kconf);
	conf_write_autoconf(kconf, false);
	check_requests(merge);
}

function read_base(kconf: Kconf, base: string): string {
	const path = resolve(kconf.host.cwd, base);
	if (existsSync(path)) return with_file(base, () => readFileSync(path, 'utf8'));
	kconf.host.err(`The base file '${base}' does not exist. Creating one...\n`);
	return '';
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
	run_command(() => merge_main(process.argv.slice(2)));
}
