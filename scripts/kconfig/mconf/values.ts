// SPDX-License-Identifier: GPL-2.0-only
//
// Changing values: choices, texts and numbers, and the keys y, n, m and space. Mirrors the
// functions of those names in Linux's scripts/kconfig/mconf.c.

import { choice_set_value, sym_calc_choice, sym_get_choice_menu } from "../choice.ts";
import type { Kconf, Menu, Sym } from "../lkc.ts";
import { mod, no, S_HEX, S_INT, yes } from "../lkc.ts";
import { get_relations_str } from "../menu_help.ts";
import {
	sym_get_string_value,
	sym_get_tristate_value,
	sym_get_type,
	sym_set_string_value,
	sym_set_tristate_value,
} from "../symbol.ts";
import { to_bytes, to_text } from "../text.ts";
import type { App, Steps } from "./app.ts";
import { prompt_of, show, show_textbox } from "./app.ts";
import { dialog_checklist } from "./checklist.ts";
import { dialog_inputbox } from "./inputbox.ts";
import { build_choice_items, NEXT_TRISTATE } from "./items.ts";
import { show_help, show_info } from "./pages.ts";
import * as texts from "./texts.ts";
import { show_why } from "./whybox.ts";

/** A radio list, in which `begin` is the first to be chosen. */
export function* conf_choice(app: App, menu: Menu, begin: Sym | null = null): Steps<void> {
	const { kconf } = app;
	let active = begin ?? sym_calc_choice(kconf, menu);
	for (;;) {
		const items = build_choice_items(kconf, menu);
		const selected = items.find((item) => item.menu.sym === active)?.menu;
		const title = prompt_of(menu) || "Main Menu";
		const { action, item } = yield* show(
			dialog_checklist(title, texts.RADIOLIST_INSTRUCTIONS, items, selected),
		);
		if (action === "exit") return;
		active = item?.menu.sym ?? active;
		const about = item?.menu ?? menu;
		if (action === "help") yield* show_help(app, about);
		else if (action === "info") yield* show_info(app, about);
		else if (action === "why") yield* show_why(app, about);
		else {
			if (!item?.menu.sym) continue;
			choice_set_value(kconf, menu, item.menu.sym);
			return;
		}
	}
}

/** What the range allows now, if there is one. */
function allowed(kconf: Kconf, sym: Sym): string {
	if (sym.type !== S_INT && sym.type !== S_HEX) return "";
	const m = /^Range : \[(\S+) (\S+)\]$/m.exec(get_relations_str(kconf, [sym]));
	return m ? `\nIt has to be from ${m[1]} to ${m[2]}.` : "";
}

/** Edits a number or a text. */
export function* conf_string(app: App, menu: Menu): Steps<void> {
	const { kconf } = app;
	const sym = menu.sym as Sym;
	const heading = texts.INPUTBOX_INSTRUCTIONS[sym_get_type(kconf, sym)] ?? "";
	for (;;) {
		const title = prompt_of(menu) || "Main Menu";
		const res = yield* show(dialog_inputbox(title, heading, 10, 75, to_text(sym_get_string_value(sym))));
		if (res.action === "exit") return;
		if (res.action === "help") yield* show_help(app, menu);
		else if (sym_set_string_value(kconf, sym, to_bytes(res.text))) return;
		else {
			const more = allowed(kconf, sym);
			const size = more === "" ? { height: 5, width: 43 } : { height: 6, width: 60 };
			yield* show_textbox(null, `${texts.INVALID_ENTRY}${more}`, size);
		}
	}
}

/** Goes on to the next value that is possible. */
export function sym_toggle_tristate_value(kconf: Kconf, sym: Sym): void {
	const choice = sym_get_choice_menu(sym);
	if (choice) {
		choice_set_value(kconf, choice, sym);
		return;
	}
	const old = sym_get_tristate_value(sym);
	for (let next = NEXT_TRISTATE[old]; next !== old; next = NEXT_TRISTATE[next]) {
		if (sym_set_tristate_value(kconf, sym, next)) return;
	}
}

/** The keys y, m and n. */
export function* set_value(app: App, sym: Sym, action: string): Steps<void> {
	const { kconf } = app;
	if (action === "no") sym_set_tristate_value(kconf, sym, no);
	else if (action === "mod") sym_set_tristate_value(kconf, sym, mod);
	else if (!sym_set_tristate_value(kconf, sym, yes) && sym_set_tristate_value(kconf, sym, mod)) {
		yield* show_textbox(null, texts.SETMOD_TEXT, { height: 6, width: 74 });
	}
}
