// SPDX-License-Identifier: GPL-2.0-only
//
// BusyBox's conf: every mode goes through all questions and prints them, with an answer of its
// own or with yours. Mirrors scripts/kconfig/conf.c of BusyBox.

import { isatty } from "node:tty";
import type { ReadLine } from "../conf_ask.ts";
import type { Kconf, Menu, Sym, Tristate } from "../lkc.ts";
import { ConfExit, mod, no, S_BOOLEAN, S_HEX, S_INT, S_STRING, S_TRISTATE, yes } from "../lkc.ts";
import { menu_get_menu_or_parent_menu, menu_get_prompt, menu_is_visible } from "../menu.ts";
import { srand } from "../rand.ts";
import {
	sym_calc_value,
	sym_get_string_value,
	sym_get_type,
	sym_has_value,
	sym_is_choice,
	sym_set_string_value,
	sym_set_tristate_value,
	sym_tristate_within_range,
} from "../symbol.ts";
import { choice_state } from "./choice.ts";
import { sym_is_changeable } from "./symbol.ts";

type Mode = "ask_all" | "ask_new" | "ask_silent" | "set_default" | "set_yes" | "set_mod" | "set_no" | "set_random";

/** What the modes of Linux are called there. */
const MODES: Readonly<Record<string, Mode>> = {
	oldaskconfig: "ask_all",
	oldconfig: "ask_new",
	syncconfig: "ask_silent",
	defconfig: "set_default",
	allyesconfig: "set_yes",
	allmodconfig: "set_mod",
	allnoconfig: "set_no",
	randconfig: "set_random",
};

interface Conf {
	readonly kconf: Kconf;
	readonly read: ReadLine;
	readonly random: () => number;
	mode: Mode;
	/** Somebody is there who can be asked. */
	can_ask: boolean;
	indent: number;
	count: number;
	root: Menu;
}

const NO_HELP = "Sorry, no help available for this option yet.\n";

/** The help of a symbol is the last one that any of its entries has. */
function help_of(sym: Sym | null): string | null {
	return sym?.menus.findLast((menu) => menu.help_source !== null)?.help ?? null;
}

/** Gives every question its answer. */
export function ask_busybox(kconf: Kconf, mode: string, read: ReadLine): void {
	const own = MODES[mode] ?? "ask_all";
	const c: Conf = {
		kconf,
		read,
		random: srand(Math.trunc(Date.now() / 1000)),
		mode: own,
		can_ask: own !== "ask_silent" || kconf.host.read !== undefined || isatty(0),
		indent: 1,
		count: 0,
		root: kconf.rootmenu,
	};
	if (own !== "ask_silent") {
		conf(c, kconf.rootmenu);
		// What a select had kept up in the first round may fall in the second.
		if (own === "set_no" || own === "set_mod" || own === "set_yes") conf(c, kconf.rootmenu);
		if (own === "ask_all") c.mode = "ask_silent";
	}
	do {
		c.count = 0;
		check_conf(c, kconf.rootmenu);
	} while (c.count > 0);
}

function fgets(c: Conf): string {
	c.kconf.host.flush?.();
	const line = c.read();
	if (line === null) throw new ConfExit(1);
	return line;
}

function check_stdin(c: Conf): void {
	if (c.can_ask || c.mode !== "ask_silent") return;
	c.kconf.host.out("aborted!\n\nConsole input/output is redirected. ");
	c.kconf.host.out("Run 'make oldconfig' to update configuration.\n\n");
	throw new ConfExit(1);
}

/** The best answer of a mode that is possible now, or null. */
function wanted(c: Conf, sym: Sym): Tristate | null {
	const first = { set_yes: yes, set_mod: mod, set_no: no }[c.mode as string];
	if (first === undefined) return null;
	for (let val: number = first; val >= no; val--) {
		const as = val === mod && sym_get_type(c.kconf, sym) !== S_TRISTATE ? yes : (val as Tristate);
		if (sym_tristate_within_range(c.kconf, sym, as)) return as;
	}
	return null;
}

/** The line that answers a question; an empty one keeps what there is. */
function conf_askvalue(c: Conf, sym: Sym, def: string): string {
	const { kconf } = c;
	const say = (line: string, value = line): string => {
		kconf.host.out(value);
		return line;
	};
	if (!sym_has_value(sym)) kconf.host.out("(NEW) ");
	if (!sym_is_changeable(sym)) return say("\n", `${def}\n`);
	const type = sym_get_type(kconf, sym);
	const logical = type === S_BOOLEAN || type === S_TRISTATE;
	const val = logical ? wanted(c, sym) : null;
	if (val !== null) return say(`${"nmy"[val]}\n`);
	if (c.mode === "ask_all") return fgets(c);
	if (c.mode === "set_default" || sym_has_value(sym)) return say("\n", `${def}\n`);
	if (c.mode === "ask_new" || c.mode === "ask_silent") {
		check_stdin(c);
		return fgets(c);
	}
	if (!logical) return say("\n", `${def}\n`);
	for (;;) {
		const drawn = (c.random() % 3) as Tristate;
		if (sym_tristate_within_range(kconf, sym, drawn)) return say(`${"nmy"[drawn]}\n`);
	}
}

const pad = (c: Conf): string => " ".repeat(c.indent - 1);

function print_help(c: Conf, sym: Sym | null): void {
	c.kconf.host.out(`\n${help_of(sym) ?? NO_HELP}\n`);
}

function conf_string(c: Conf, menu: Menu, sym: Sym): void {
	for (;;) {
		const def = sym_get_string_value(sym);
		c.kconf.host.out(`${pad(c)}${menu_get_prompt(menu)} (${sym.name}) [${def}] `);
		const line = conf_askvalue(c, sym, def);
		if (line === "?\n") print_help(c, sym);
		else if (sym_set_string_value(c.kconf, sym, line === "\n" ? def : line.slice(0, -1))) return;
	}
}

const strip = (line: string): string => line.replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, "");
const ANSWERS: Readonly<Record<string, Tristate>> = { n: no, no, m: mod, y: yes, yes };

function conf_sym(c: Conf, menu: Menu, sym: Sym): void {
	const { kconf } = c;
	for (;;) {
		const old = sym.curr.tri;
		const name = sym.name === null ? "" : `(${sym.name}) `;
		let text = `${pad(c)}${menu_get_prompt(menu)} ${name}[${"NMY"[old]}`;
		for (const val of [no, mod, yes] as const) {
			if (val !== old && sym_tristate_within_range(kconf, sym, val)) text += `/${"nmy"[val]}`;
		}
		kconf.host.out(`${text}${help_of(sym) === null ? "" : "/?"}] `);
		const answer = strip(conf_askvalue(c, sym, sym_get_string_value(sym)));
		const val = answer === "" ? old : ANSWERS[answer.charAt(0).toLowerCase() + answer.slice(1)];
		if (val === undefined && !answer.startsWith("?")) continue;
		if (val !== undefined && sym_set_tristate_value(kconf, sym, val)) return;
		print_help(c, sym);
	}
}

function conf_choice(c: Conf, menu: Menu, sym: Sym): void {
	const { kconf } = c;
	const is_new = !sym_has_value(sym);
	const changeable = sym_is_changeable(sym);
	if (changeable) {
		conf_sym(c, menu, sym);
		sym_calc_value(kconf, sym);
	}
	if (sym.curr.tri === mod && !changeable) kconf.host.out(`${pad(c)}${menu_get_prompt(menu)}\n`);
	while (sym.curr.tri === yes) {
		const { shown, def } = list_choice(c, menu, sym);
		const { line, pick } = pick_member(c, sym, shown.length, def, is_new);
		const picked = pick === null ? undefined : shown[pick - 1];
		if (!picked?.sym) continue;
		if (line.endsWith("?")) {
			print_help(c, picked.sym);
			continue;
		}
		sym_set_tristate_value(kconf, picked.sym, yes);
		c.indent += 2;
		if (picked.list) conf(c, picked.list);
		c.indent -= 2;
		return;
	}
}

function list_choice(c: Conf, menu: Menu, sym: Sym): { shown: Menu[]; def: number } {
	const { kconf } = c;
	kconf.host.out(`${pad(c)}${menu_get_prompt(menu)}\n`);
	const current = choice_state(kconf, sym).curr;
	const shown: Menu[] = [];
	let def = 0;
	for (let child = menu.list; child; child = child.next) {
		if (!menu_is_visible(kconf, child)) continue;
		if (!child.sym) {
			kconf.host.out(`${pad(c)}* ${menu_get_prompt(child)}\n`);
			continue;
		}
		shown.push(child);
		if (child.sym === current) def = shown.length;
		const mark = child.sym === current ? ">" : " ";
		const text = `${mark} ${shown.length}. ${menu_get_prompt(child)} (${child.sym.name})`;
		kconf.host.out(`${pad(c)}${text}${sym_has_value(child.sym) ? "" : " (NEW)"}\n`);
	}
	return { shown, def };
}

/** The number of the member that is answered with; null if the question has to be put again. */
function pick_member(c: Conf, sym: Sym, count: number, def: number, is_new: boolean) {
	const { host } = c.kconf;
	if (count === 1) {
		host.out(`${pad(c)}choice[1]: 1\n`);
		return { line: "", pick: 1 };
	}
	host.out(`${pad(c)}choice[1-${count}${help_of(sym) === null ? "" : "?"}]: `);
	const asks = c.mode === "ask_all" || c.mode === "ask_new" || c.mode === "ask_silent";
	if (!asks || (c.mode !== "ask_all" && !is_new)) {
		const pick = c.mode === "set_random" ? (c.random() % count) + 1 : def;
		host.out(`${pick}\n`);
		return { line: "", pick };
	}
	check_stdin(c);
	const line = strip(fgets(c));
	if (line.startsWith("?")) print_help(c, sym);
	if (line === "") return { line, pick: def };
	return { line, pick: /^[0-9]/.test(line) ? Number.parseInt(line, 10) : null };
}

function conf(c: Conf, menu: Menu): void {
	const { kconf } = c;
	if (!menu_is_visible(kconf, menu)) return;
	const type = menu.prompt?.type;
	if (type === "menu" && c.mode === "ask_silent" && c.root !== menu) {
		check_conf(c, menu);
		return;
	}
	if (type === "menu" || type === "comment") {
		const star = `${pad(c)}*`;
		kconf.host.out(`${star}\n${star} ${menu_get_prompt(menu)}\n${star}\n`);
	}
	const { sym } = menu;
	if (sym && sym_is_choice(sym)) {
		conf_choice(c, menu, sym);
		if (sym.curr.tri !== mod) return;
	} else if (sym && (sym.type === S_INT || sym.type === S_HEX || sym.type === S_STRING))
		conf_string(c, menu, sym);
	else if (sym) conf_sym(c, menu, sym);
	if (sym) c.indent += 2;
	for (let child = menu.list; child; child = child.next) conf(c, child);
	if (sym) c.indent -= 2;
}

function check_conf(c: Conf, menu: Menu): void {
	const { kconf } = c;
	if (!menu_is_visible(kconf, menu)) return;
	const { sym } = menu;
	if (sym && !sym_has_value(sym) && (sym_is_changeable(sym) || (sym_is_choice(sym) && sym.curr.tri === yes))) {
		if (c.count++ === 0) kconf.host.out("*\n* Restart config...\n*\n");
		c.root = menu_get_menu_or_parent_menu(kconf, menu);
		conf(c, c.root);
	}
	for (let child = menu.list; child; child = child.next) check_conf(c, child);
}
