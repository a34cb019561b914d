// SPDX-License-Identifier: GPL-2.0-only
//
// The engine as a library. It has no counterpart in Linux, whose front ends link against
// lkc.h. Usage:
//
//	const kconf = parse('Kconfig', { env: { ARCH: 'x86', SRCARCH: 'x86' } });
//	load(kconf, 'configs/x86_64_defconfig');
//	set(kconf, 'SMP', 'n');
//	get(kconf, 'SPECULATIVE_PAGE_FAULT');   // 'n'
//	write(kconf, '.config');

import { conf_read, conf_write } from './confdata.ts';
import { process_host } from './host.ts';
import type { Kconf, KconfHost, Sym } from './lkc.ts';
import { ConfExit, kconf_alloc } from './lkc.ts';
import { conf_parse } from './parser.ts';
import { sym_calc_value, sym_find, sym_get_string_value, sym_set_string_value } from './symbol.ts';

export type { Expr, Kconf, KconfHost, Menu, Property, Sym as Symbol, Tristate } from './lkc.ts';
export { process_host } from './host.ts';
export { ConfExit } from './lkc.ts';

/** Reads a Kconfig file with everything it sources. Throws ConfExit on errors. */
export function parse(file: string, overrides: Partial<KconfHost> = {}): Kconf {
	const kconf = kconf_alloc(process_host(overrides));
	conf_parse(kconf, file);
	if (kconf.modules_sym) sym_calc_value(kconf, kconf.modules_sym);
	return kconf;
}

/** Reads values from a .config. Without a name it is the one that the environment names. */
export function load(kconf: Kconf, file?: string): void {
	if (!conf_read(kconf, file ?? null)) throw new ConfExit(2, `cannot read ${file ?? '.config'}`);
}

/** The symbol of a name, without the CONFIG_ prefix; undefined if no file mentions it. */
export function find(kconf: Kconf, name: string): Sym | undefined {
	return sym_find(kconf, name);
}

/** The current value as text: y, m, n, a number or a string. Unknown symbols are n. */
export function get(kconf: Kconf, name: string): string {
	const sym = sym_find(kconf, name);
	if (!sym) return 'n';
	sym_calc_value(kconf, sym);
	return sym_get_string_value(sym);
}

/** Sets the user's value. False if the symbol does not exist or cannot take the value now. */
export function set(kconf: Kconf, name: string, value: string): boolean {
	const sym = sym_find(kconf, name);
	if (!sym) return false;
	sym_calc_value(kconf, sym);
	return sym_set_string_value(kconf, sym, value);
}

/** Writes a .config. Nothing is printed. */
export function write(kconf: Kconf, file: string): void {
	const silent = kconf.silent;
	kconf.silent = true;
	try {
		conf_write(kconf, file);
	} finally {
		kconf.silent = silent;
	}
}
