// SPDX-License-Identifier: GPL-2.0-only
//
// Asks on the terminal for the values that a .config does not give: the line-oriented part
// of Linux's scripts/kconfig/conf.c (oldaskconfig, oldconfig, syncconfig, listnewconfig,
// helpnewconfig).

import { readSync } from 'node:fs';
import { choice_set_value, sym_calc_choice } from './choice.ts';
import { symbol_for_listconfig } from './confdata.ts';
import { expr_is_yes, expr_print, show_with_value } from './expr.ts';
import type { Kconf, Menu, Sym } from './lkc.ts';
import { ConfExit, mod, no, S_HEX, S_INT, S_STRING, yes } from './lkc.ts';
import { menu_get_parent_menu, menu_get_prompt, menu_is_visible } from './menu.ts';
import {
	sym_get_string_value,
	sym_get_tristate_value,
	sym_has_value,
	sym_is_changeable,
	sym_is_choice,
	sym_set_string_value,
	sym_set_tristate_value,
	sym_tristate_within_range,
} from './symbol.ts';

export type AskMode =
	| 'oldaskconfig'
	| 'oldconfig'
	| 'syncconfig'
	| 'listnewconfig'
	| 'helpnewconfig';

/** Gives one line of input without its newline, or null at the end. */
export type ReadLine = () => string | null;

interface Ask {
	readonly kconf: Kconf;
	mode: AskMode;
	readonly read: ReadLine;
	/** Repeat what was read, because no terminal has shown it. */
	readonly echo: boolean;
	indent: number;
	/** Questions asked in this round. */
	count: number;
	root: Menu;
	at_end: boolean;
}

/** Reads lines from standard input, a byte at a time, so that nothing is read ahead. */
export function stdin_lines(): ReadLine {
	return () => {
		const bytes: number[] = [];
		const one = Buffer.alloc(1);
		for (;;) {
			let n = 0;
			try {
				n = readSync(0, one, 0, 1, null);
			} catch (e) {
				const { code } = e as NodeJS.ErrnoException;
				if (code === 'EAGAIN') continue;
				if (code !== 'EOF') throw e;
			}
			if (n === 0) return bytes.length > 0 ? Buffer.from(bytes).toString() : null;
			if (one[0] === 10) return Buffer.from(bytes).toString();
			bytes.push(one[0] as number);
		}
	};
}

/** Asks for (or lists) everything new, until a round brings no more questions. */
export function conf_ask(kconf: Kconf, mode: AskMode, read: ReadLine, echo: boolean): void {
	const ask: Ask = {
		kconf,
		mode,
		read,
		echo,
		indent: 1,
		count: 0,
		root: kconf.rootmenu,
		at_end: false,
	};
	if (mode === 'oldaskconfig') {
		conf(ask, kconf.rootmenu);
		ask.mode = 'oldconfig';
	}
	do {
		ask.count = 0;
		check_conf(ask, kconf.rootmenu);
	} while (ask.count > 0);
}

/** Visits the entries below a menu, and asks for those that are new. */
function check_conf(ask: Ask, menu: Menu): void {
	const { kconf } = ask;
	if (!menu_is_visible(kconf, menu)) return;
	const { sym } = menu;
	if (sym && !sym_has_value(sym) && sym_is_changeable(sym)) {
		if (ask.mode === 'listnewconfig') {
			kconf.host.out(symbol_for_listconfig(kconf, sym));
		} else if (ask.mode === 'helpnewconfig') {
			kconf.host.out('-----\n');
			print_help(ask, menu);
			kconf.host.out('-----\n');
		} else {
			if (ask.count++ === 0) kconf.host.out('*\n* Restart config...\n*\n');
			ask.root = menu_get_parent_menu(kconf, menu);
			conf(ask, ask.root);
		}
	}
	for (let child = menu.list; child; child = child.next) check_conf(ask, child);
}

const pad = (ask: Ask): string => ' '.repeat(ask.indent - 1);

/** Asks for an entry and all below it. */
function conf(ask: Ask, menu: Menu): void {
	const { kconf } = ask;
	if (!menu_is_visible(kconf, menu)) return;
	const type = menu.prompt?.type;
	// Of all menus only those are opened that contain something new.
	if (type === 'menu' && ask.mode !== 'oldaskconfig' && ask.root !== menu) {
		check_conf(ask, menu);
		return;
	}
	if (type === 'menu' || type === 'comment') {
		const star = `${pad(ask)}*`;
		kconf.host.out(`${star}\n${star} ${menu_get_prompt(menu)}\n${star}\n`);
	}
	const { sym } = menu;
	if (sym && sym_is_choice(sym)) {
		conf_choice(ask, menu);
		return;
	}
	if (sym) {
		if (sym.type === S_INT || sym.type === S_HEX || sym.type === S_STRING) {
			conf_string(ask, menu, sym);
		} else conf_sym(ask, menu, sym);
		ask.indent += 2;
	}
	for (let child = menu.list; child; child = child.next) conf(ask, child);
	if (sym) ask.indent -= 2;
}

/** Reads an answer. At the end of input it is empty, which means the default. */
function read_answer(ask: Ask): string {
	const line = ask.read();
	if (line === null) {
		ask.at_end = true;
		ask.kconf.host.err('\nError in reading or end of file.\n');
	}
	if (ask.echo) ask.kconf.host.out(line === null ? '' : `${line}\n`);
	return line ?? '';
}

/** Completes a question. Null if there is nothing to ask: the value is shown instead. */
function conf_askvalue(ask: Ask, sym: Sym, def: string): string | null {
	const { out } = ask.kconf.host;
	if (!sym_has_value(sym)) out('(NEW) ');
	const settled = ask.mode !== 'oldaskconfig' && sym_has_value(sym);
	if (!sym_is_changeable(sym) || settled) {
		out(`${def}\n`);
		return null;
	}
	return read_answer(ask);
}

function conf_string(ask: Ask, menu: Menu, sym: Sym): void {
	const { kconf } = ask;
	for (;;) {
		const def = sym_get_string_value(sym);
		kconf.host.out(`${pad(ask)}${menu_get_prompt(menu)} (${sym.name}) [${def}] `);
		const answer = conf_askvalue(ask, sym, def);
		if (answer === null) return;
		if (answer === '?') print_help(ask, menu);
		else if (sym_set_string_value(kconf, sym, answer === '' ? def : answer)) return;
		if (ask.at_end) {
			const what = `\nerror: no value for new symbol '${sym.name}' at end of input`;
			throw new ConfExit(1, what);
		}
	}
}

const ANSWERS: Readonly<Record<string, 0 | 1 | 2>> = {
	n: no,
	no: no,
	m: mod,
	y: yes,
	yes: yes,
};

/** "Yes" and "yes" are answers, "YES" is not. */
const normal = (answer: string): string => answer.charAt(0).toLowerCase() + answer.slice(1);

function conf_sym(ask: Ask, menu: Menu, sym: Sym): void {
	const { kconf } = ask;
	for (;;) {
		const old = sym_get_tristate_value(sym);
		let others = '';
		for (const val of [no, mod, yes] as const) {
			if (val !== old && sym_tristate_within_range(kconf, sym, val)) others += `/${'nmy'[val]}`;
		}
		const choices = `[${'NMY'[old]}${others}/?]`;
		kconf.host.out(`${pad(ask)}${menu_get_prompt(menu)} (${sym.name}) ${choices} `);
		const answer = conf_askvalue(ask, sym, sym_get_string_value(sym))?.trim();
		if (answer === undefined) return;
		const val = answer === '' ? old : ANSWERS[normal(answer)];
		if (val === undefined && !answer.startsWith('?')) continue;
		if (val !== undefined && sym_set_tristate_value(kconf, sym, val)) return;
		print_help(ask, menu);
	}
}

function conf_choice(ask: Ask, menu: Menu): void {
	const { kconf } = ask;
	for (;;) {
		const { shown, def, is_new } = list_choice(ask, menu);
		let pick = def;
		let help = false;
		if (shown.length === 1) {
			kconf.host.out(`${pad(ask)}choice[1]: 1\n`);
			pick = 1;
		} else {
			kconf.host.out(`${pad(ask)}choice[1-${shown.length}?]: `);
			if (ask.mode !== 'oldaskconfig' && !is_new) kconf.host.out(`${def}\n`);
			else {
				const answer = read_answer(ask).trim();
				if (answer.startsWith('?')) {
					print_help(ask, menu);
					continue;
				}
				if (answer !== '' && !/^\d/.test(answer)) continue;
				if (answer !== '') pick = Number.parseInt(answer, 10);
				help = answer.endsWith('?');
			}
		}
		const picked = shown[pick - 1];
		if (!picked?.sym) continue;
		if (help) {
			print_help(ask, picked);
			continue;
		}
		choice_set_value(kconf, menu, picked.sym);
		return;
	}
}

/** Prints the members of a choice; returns them, and the number of the current one. */
function list_choice(ask: Ask, menu: Menu): { shown: Menu[]; def: number; is_new: boolean } {
	const { kconf } = ask;
	kconf.host.out(`${pad(ask)}${menu_get_prompt(menu)}\n`);
	const current = menu.sym && sym_calc_choice(kconf, menu);
	const shown: Menu[] = [];
	let def = 0;
	let is_new = false;
	for (let child = menu.list; child; child = child.next) {
		if (!menu_is_visible(kconf, child)) continue;
		if (!child.sym) {
			kconf.host.out(`${pad(ask)}* ${menu_get_prompt(child)}\n`);
			continue;
		}
		shown.push(child);
		if (child.sym === current) def = shown.length;
		const mark = child.sym === current ? '>' : ' ';
		const fresh = !sym_has_value(child.sym);
		if (fresh) is_new = true;
		const text = `${shown.length}. ${menu_get_prompt(child)} (${child.sym.name})`;
		kconf.host.out(`${pad(ask)}${mark} ${text}${fresh ? ' (NEW)' : ''}\n`);
	}
	return { shown, def, is_new };
}

/** The help of an entry, and where it comes from. */
function print_help(ask: Ask, menu: Menu): void {
	const { kconf } = ask;
	const { sym } = menu;
	let text = '\n';
	if (sym?.name) text += `${menu.help === null ? '' : `CONFIG_${sym.name}:\n\n`}`;
	text += `${(menu.help ?? 'There is no help available for this option.\n').trimEnd()}\n`;
	if (sym?.name) {
		text += `\nSymbol: ${sym.name} [=${sym_get_string_value(sym)}]\nType  : ${sym.type}\n`;
	}
	for (const at of sym?.menus ?? [menu]) {
		text += `Defined at ${at.filename}:${at.lineno}\n`;
		if (at.prompt) text += `  Prompt: ${at.prompt.text}\n`;
		if (!expr_is_yes(kconf, at.dep)) {
			text += `  Depends on: ${expr_print(at.dep, show_with_value)}\n`;
		}
	}
	kconf.host.out(`${text}\n`);
}
