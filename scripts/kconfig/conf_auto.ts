// SPDX-License-Identifier: GPL-2.0-only
//
// The files that the build reads: include/config/auto.conf for make, and
// include/generated/autoconf.ts for the compiler. Mirrors the second part of Linux's
// scripts/kconfig/confdata.c. TypeScript has no #ifdef, so autoconf.ts states every symbol
// that the Kconfig files know, the n ones too. Left out: rustc_cfg.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
	conf_heading,
	conf_read_simple,
	config_prefix,
	replace_file,
	with_file,
} from './confdata.ts';
import type { Kconf, Sym } from './lkc.ts';
import {
	S_BOOLEAN,
	S_DEF_AUTO,
	S_HEX,
	S_INT,
	S_TRISTATE,
	S_UNKNOWN,
	SYMBOL_CONST,
	SYMBOL_DEF_AUTO,
	SYMBOL_WRITE,
} from './lkc.ts';
import { sym_calc_value, sym_get_string_value } from './symbol.ts';

function autoconfig_name(kconf: Kconf): string {
	return kconf.host.env.KCONFIG_AUTOCONFIG ?? 'include/config/auto.conf';
}

function autoheader_name(kconf: Kconf): string {
	return kconf.host.env.KCONFIG_AUTOHEADER ?? 'include/generated/autoconf.ts';
}

const HASHSIZE = 1 << 14;

/** FNV-1a, the hash of the kernel's symbol table. */
function hash_str(text: string): number {
	let hash = 2166136261;
	for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
	return hash;
}

/** All symbols in the order of the kernel's hash table, which is the order of auto.conf. */
export function for_all_symbols(kconf: Kconf): Sym[] {
	const bucket = (sym: Sym): number => (sym.name === null ? 0 : hash_str(sym.name) % HASHSIZE);
	const keyed = kconf.all.map((sym) => ({ sym, key: bucket(sym) }));
	keyed.sort((a, b) => a.key - b.key || b.sym.serial - a.sym.serial);
	return keyed.map(({ sym }) => sym);
}

const is_tri = (sym: Sym): boolean => sym.type === S_BOOLEAN || sym.type === S_TRISTATE;

/** auto.conf: the values that are not n, strings without quotes. */
function auto_conf_text(kconf: Kconf): string {
	let text = conf_heading(kconf)
		.map((line) => (line === '' ? '#\n' : `# ${line}\n`))
		.join('');
	for (const sym of for_all_symbols(kconf)) {
		if (!(sym.flags & SYMBOL_WRITE) || sym.name === null || sym.type === S_UNKNOWN) continue;
		const val = sym_get_string_value(sym);
		if (is_tri(sym) && val === 'n') continue;
		text += `${config_prefix(kconf)}${sym.name}=${val}\n`;
	}
	return text;
}

/** A number as TypeScript writes it. */
function numeric_literal(sym: Sym): string {
	const val = sym_get_string_value(sym);
	if (sym.type === S_HEX && !/^0x/i.test(val)) return `0x${val}`;
	return val;
}

function declaration(kconf: Kconf, sym: Sym): string {
	const name = `${config_prefix(kconf)}${sym.name}`.replace(/[^A-Za-z0-9_$]/g, '_');
	if (is_tri(sym)) return `export const ${name}: boolean = ${sym.curr.tri > 0};\n`;
	if (sym.type === S_INT || sym.type === S_HEX) {
		return `export const ${name}: number = ${numeric_literal(sym)};\n`;
	}
	return `export const ${name}: string = ${JSON.stringify(sym_get_string_value(sym))};\n`;
}

/** autoconf.ts: one constant for every symbol that has a type, in alphabetical order. */
export function autoconf_text(kconf: Kconf): string {
	const title = kconf.rootmenu.prompt?.text ?? '';
	let text = '// SPDX-License-Identifier: GPL-2.0-only\n//\n';
	text += '// Automatically generated file; DO NOT EDIT.\n';
	text += `// ${title}\n`;
	text += '// Written by scripts/kconfig/conf.ts --syncconfig.\n\n';
	const known = kconf.all.filter(
		(sym) => sym.name !== null && sym.type !== S_UNKNOWN && !(sym.flags & SYMBOL_CONST),
	);
	known.sort((a, b) => ((a.name as string) < (b.name as string) ? -1 : 1));
	for (const sym of known) {
		sym_calc_value(kconf, sym);
		text += declaration(kconf, sym);
	}
	return text;
}

/** auto.conf.cmd: on what auto.conf depends, for make. */
function auto_conf_cmd_text(kconf: Kconf): string {
	const name = autoconfig_name(kconf);
	let text = `autoconfig := ${name}\n\ndeps_config := \\\n`;
	text += `${kconf.files.map((file) => `\t${file}`).join(' \\\n')}\n`;
	text += '\n$(autoconfig): $(deps_config)\n$(deps_config): ;\n';
	for (const [key, value] of kconf.env_used) {
		text += `\nifneq "$(${key})" "${value.replaceAll('$', '$$$$')}"\n`;
		text += '$(autoconfig): FORCE\nendif\n';
	}
	return text;
}

/** Did the value change since the last auto.conf? */
function changed(sym: Sym): boolean {
	const had = (sym.flags & SYMBOL_DEF_AUTO) !== 0;
	if (!(sym.flags & SYMBOL_WRITE)) return had;
	const old = sym.def[S_DEF_AUTO];
	if (is_tri(sym)) return had ? sym.curr.tri !== old.tri : sym.curr.tri !== 0;
	return !had || sym_get_string_value(sym) !== old.val;
}

/** Touches include/config/NAME for every symbol whose value has changed. */
function conf_touch_deps(kconf: Kconf): void {
	const dir = resolve(kconf.host.cwd, dirname(autoconfig_name(kconf)));
	const touch = (name: string): void => writeFileSync(join(dir, name), '');
	const old = resolve(kconf.host.cwd, autoconfig_name(kconf));
	if (existsSync(old)) conf_read_simple(kconf, old, S_DEF_AUTO, touch);
	for (const sym of for_all_symbols(kconf)) {
		if (sym.name !== null && sym.type !== S_UNKNOWN && changed(sym)) touch(sym.name);
	}
}

/** Writes a file only if its contents change, so that nothing is built again for nothing. */
function update(kconf: Kconf, name: string, text: string): void {
	const path = resolve(kconf.host.cwd, name);
	if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
	mkdirSync(dirname(path), { recursive: true });
	replace_file(path, text);
}

/**
 * Writes the files for the build. Without `overwrite` only if there are none yet. auto.conf
 * is always written, and last: its date tells make that all is up to date.
 */
export function conf_write_autoconf(kconf: Kconf, overwrite: boolean): void {
	const name = autoconfig_name(kconf);
	const path = resolve(kconf.host.cwd, name);
	if (!overwrite && existsSync(path)) return;
	with_file(name, () => {
		mkdirSync(dirname(path), { recursive: true });
		update(kconf, `${name}.cmd`, auto_conf_cmd_text(kconf));
		for (const sym of kconf.all) sym_calc_value(kconf, sym);
		conf_touch_deps(kconf);
		update(kconf, autoheader_name(kconf), autoconf_text(kconf));
		replace_file(path, auto_conf_text(kconf));
	});
}
