// SPDX-License-Identifier: GPL-2.0-only
//
// Asks on the terminal for the values that a .config does not give: the line-oriented part
// of Linux's scripts/kconfig/conf.c (oldaskconfig, oldconfig, syncconfig, listnewconfig,
// helpnewconfig).

import { readSync } from "node:fs";
import { choice_set_value, sym_calc_choice } from "./choice.ts";
import { symbol_for_listconfig } from "./confdata.ts";
import type { Kconf, Menu, Sym, Tristate } from "./lkc.ts";
import { mod, no, S_HEX, S_INT, S_STRING, yes } from "./lkc.ts";
import { menu_get_menu_or_parent_menu, menu_get_prompt, menu_is_visible } from "./menu.ts";
import { menu_get_ext_help } from "./menu_help.ts";
import * as old from "./old/symbol.ts";
import {
	sym_calc_value,
	sym_get_string_value,
	sym_get_tristate_value,
	sym_has_value,
	sym_is_changeable,
	sym_is_choice,
	sym_set_string_value,
	sym_set_tristate_value,
	sym_tristate_within_range,
} from "./symbol.ts";
import { bytes_exit } from "./text.ts";

export type AskMode = "oldaskconfig" | "oldconfig" | "syncconfig" | "listnewconfig" | "helpnewconfig";

/** Gives one line of input with its newline, or null at the end. */
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

/** Reads lines from standard input. */
export function stdin_lines(): ReadLine {
	const chunk = Buffer.alloc(1 << 12);
	let kept = "";
	let at_end = false;
	return () => {
		while (!at_end && !kept.includes("\n")) {
			try {
				const n = readSync(0, chunk, 0, chunk.length, null);
				at_end = n === 0;
				kept += chunk.toString("latin1", 0, n);
			} catch (e) {
				const { code } = e as NodeJS.ErrnoException;
				if (code === "EAGAIN") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
				else at_end = true;
			}
		}
		const eol = kept.indexOf("\n");
		const line = eol < 0 ? kept : kept.slice(0, eol + 1);
		kept = kept.slice(line.length);
		return line === "" ? null : line;
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
	if (mode === "oldaskconfig") {
		conf(ask, kconf.rootmenu);
		ask.mode = "oldconfig";
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
	if (sym && !sym_has_value(sym) && is_open(ask, sym)) {
		if (ask.mode === "listnewconfig") {
			if (sym.name !== null) kconf.host.out(symbol_for_listconfig(kconf, sym));
		} else if (ask.mode === "helpnewconfig") {
			kconf.host.out("-----\n");
			print_help(ask, menu);
			kconf.host.out("-----\n");
		} else {
			if (ask.count++ === 0) kconf.host.out("*\n* Restart config...\n*\n");
			ask.root = menu_get_menu_or_parent_menu(kconf, menu);
			conf(ask, ask.root);
		}
	}
	for (let child = menu.list; child; child = child.next) check_conf(ask, child);
}

/** May the user still decide about it? Before 6.11 also about a choice, and which member. */
function is_open(ask: Ask, sym: Sym): boolean {
	if (!ask.kconf.rules.old_choices) return sym_is_changeable(sym);
	return old.sym_is_changeable(sym) || (sym_is_choice(sym) && sym.curr.tri === yes);
}

const pad = (ask: Ask): string => " ".repeat(ask.indent - 1);

/** Asks for an entry and all below it. */
function conf(ask: Ask, menu: Menu): void {
	const { kconf } = ask;
	if (!menu_is_visible(kconf, menu)) return;
	const type = menu.prompt?.type;
	// Of all menus only those are opened that contain something new.
	if (type === "menu" && ask.mode !== "oldaskconfig" && ask.root !== menu) {
		check_conf(ask, menu);
		return;
	}
	if (type === "menu" || type === "comment") {
		const star = `${pad(ask)}*`;
		kconf.host.out(`${star}\n${star} ${menu_get_prompt(menu)}\n${star}\n`);
	}
	const { sym } = menu;
	if (sym && sym_is_choice(sym)) {
		if (!ask.kconf.rules.old_choices) {
			conf_choice(ask, menu);
			return;
		}
		if (old_conf_choice(ask, menu, sym)) return;
		ask.indent += 2;
	} else if (sym) {
		if (sym.type === S_INT || sym.type === S_HEX || sym.type === S_STRING) {
			conf_string(ask, menu, sym);
		} else conf_sym(ask, menu, sym);
		ask.indent += 2;
	}
	for (let child = menu.list; child; child = child.next) conf(ask, child);
	if (sym) ask.indent -= 2;
}

/** Reads an answer into a line that holds `line`. At the end of input it keeps that. */
function xfgets(ask: Ask, line: string): string {
	const { host } = ask.kconf;
	host.flush?.();
	const got = ask.read();
	// 6.12 does not ask again if the end of input cuts a line off.
	ask.at_end = got === null || (ask.kconf.rules.ends_at_eof && !got.endsWith("\n"));
	if (got === null) {
		host.err("\nError in reading or end of file.\n");
	}
	const res = got ?? line;
	if (ask.echo) host.out(res);
	return res;
}

/** Completes a question. Null if there is nothing to ask: the value is shown instead. */
function conf_askvalue(ask: Ask, sym: Sym, def: string): string | null {
	const { out } = ask.kconf.host;
	if (!sym_has_value(sym)) out("(NEW) ");
	const settled = (ask.mode === "oldconfig" || ask.mode === "syncconfig") && sym_has_value(sym);
	const changeable = ask.kconf.rules.old_choices ? old.sym_is_changeable(sym) : sym_is_changeable(sym);
	if (!changeable || settled) {
		out(`${def}\n`);
		return null;
	}
	return xfgets(ask, "\n");
}

function print_help(ask: Ask, menu: Menu): void {
	ask.kconf.host.out(`\n${menu_get_ext_help(ask.kconf, menu)}\n`);
}

function conf_string(ask: Ask, menu: Menu, sym: Sym): void {
	const { kconf } = ask;
	for (;;) {
		const def = sym_get_string_value(sym);
		kconf.host.out(`${pad(ask)}${menu_get_prompt(menu)} (${sym.name}) [${def}] `);
		const line = conf_askvalue(ask, sym, def);
		if (line === null) return;
		if (line === "?\n") print_help(ask, menu);
		else {
			const answer = line === "\n" ? def : line.slice(0, -1);
			if (sym_set_string_value(kconf, sym, answer)) return;
		}
		// Nothing more will come, and what there is will not do.
		if (ask.at_end) {
			throw bytes_exit(1, `\nerror: no value for new symbol '${sym.name}' at end of input`);
		}
	}
}

const ANSWERS: Readonly<Record<string, Tristate>> = {
	n: no,
	no: no,
	m: mod,
	y: yes,
	yes: yes,
};

const strip = (line: string): string => line.replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, "");

/** "Yes" and "yes" are answers, "YES" is not. */
const normal = (answer: string): string => answer.charAt(0).toLowerCase() + answer.slice(1);

function conf_sym(ask: Ask, menu: Menu, sym: Sym): void {
	const { kconf } = ask;
	for (;;) {
		const old = sym_get_tristate_value(sym);
		let others = "";
		for (const val of [no, mod, yes] as const) {
			if (val !== old && sym_tristate_within_range(kconf, sym, val)) others += `/${"nmy"[val]}`;
		}
		const choices = `[${"NMY"[old]}${others}/?]`;
		const name = sym.name === null ? "" : `(${sym.name}) `;
		kconf.host.out(`${pad(ask)}${menu_get_prompt(menu)} ${name}${choices} `);
		const line = conf_askvalue(ask, sym, sym_get_string_value(sym));
		if (line === null) return;
		const answer = strip(line);
		const val = answer === "" ? old : ANSWERS[normal(answer)];
		if (val === undefined && !answer.startsWith("?")) continue;
		if (val !== undefined && sym_set_tristate_value(kconf, sym, val)) return;
		print_help(ask, menu);
	}
}

/**
 * A choice with a value of its own: first that is asked for, then, if it is y, the member.
 * False if the members are to be asked for one by one.
 */
function old_conf_choice(ask: Ask, menu: Menu, sym: Sym): boolean {
	const is_new = !sym_has_value(sym);
	const changeable = old.sym_is_changeable(sym);
	if (changeable) {
		conf_sym(ask, menu, sym);
		sym_calc_value(ask.kconf, sym);
	}
	const { tri } = sym.curr;
	if (tri === mod && !changeable) ask.kconf.host.out(`${pad(ask)}${menu_get_prompt(menu)}\n`);
	if (tri === yes) conf_choice(ask, menu, is_new);
	return sym.curr.tri !== mod;
}

function conf_choice(ask: Ask, menu: Menu, choice_is_new?: boolean): void {
	const { kconf } = ask;
	let is_new = choice_is_new ?? false;
	for (;;) {
		const list = list_choice(ask, menu);
		const { shown, def } = list;
		if (choice_is_new === undefined) is_new ||= list.is_new;
		let line = "";
		let pick = shown.length;
		if (shown.length === 1) {
			kconf.host.out(`${pad(ask)}choice[1]: 1\n`);
		} else {
			kconf.host.out(`${pad(ask)}choice[1-${shown.length}?]: `);
			if (ask.mode !== "oldaskconfig" && !is_new) {
				pick = def;
				kconf.host.out(`${def}\n`);
			} else {
				line = strip(xfgets(ask, ""));
				if (line.startsWith("?")) {
					print_help(ask, menu);
					continue;
				}
				if (line !== "" && !/^[0-9]/.test(line)) continue;
				pick = line === "" ? def : Number.parseInt(line, 10);
			}
		}
		const picked = shown[pick - 1];
		if (!picked?.sym) continue;
		if (line.endsWith("?")) {
			print_help(ask, picked);
			continue;
		}
		choice_set_value(kconf, menu, picked.sym);
		if (choice_is_new === undefined) return;
		ask.indent += 2;
		for (let child = picked.list; child; child = child.next) conf(ask, child);
		ask.indent -= 2;
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
		const mark = child.sym === current ? ">" : " ";
		const fresh = !sym_has_value(child.sym);
		if (fresh) is_new = true;
		const text = `${shown.length}. ${menu_get_prompt(child)} (${child.sym.name})`;
		kconf.host.out(`${pad(ask)}${mark} ${text}${fresh ? " (NEW)" : ""}\n`);
	}
	return { shown, def, is_new };
}
