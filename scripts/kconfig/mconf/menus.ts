// SPDX-License-Identifier: GPL-2.0-only
//
// Menus, and what the keys do in them. Mirrors conf() of Linux's scripts/kconfig/mconf.c.
// Added: going to any entry.

import type { Kconf, Menu } from "../lkc.ts";
import { menu_is_visible } from "../menu.ts";
import { sym_is_choice } from "../symbol.ts";
import type { App, Steps } from "./app.ts";
import { prompt_of, show, show_textbox, show_warnings } from "./app.ts";
import { conf_load, conf_save } from "./files.ts";
import { jump_to, search_conf } from "./find.ts";
import type { Item } from "./items.ts";
import { build_conf } from "./items.ts";
import type { MenuResult } from "./menubox.ts";
import { dialog_menu } from "./menubox.ts";
import { show_help, show_info } from "./pages.ts";
import * as texts from "./texts.ts";
import { conf_choice, conf_string, set_value, sym_toggle_tristate_value } from "./values.ts";
import { show_why } from "./whybox.ts";

/** Shows a menu until the user leaves it. */
export function* conf(app: App, menu: Menu, active: Menu | null = null): Steps<void> {
	const { kconf, view, trail } = app;
	const own = menu === kconf.rootmenu ? trail : [...trail, prompt_of(menu)];
	let selected = active;
	let scroll = 0;
	for (;;) {
		app.trail = own;
		const items = build_conf(kconf, view, menu);
		yield* show_warnings(app);
		const title = prompt_of(menu) || "Main Menu";
		const box = dialog_menu(title, texts.MENU_INSTRUCTIONS, items, selected, scroll);
		const res: MenuResult = yield* show({ ...box, hint: texts.MENU_HINT });
		scroll = res.scroll;
		if (res.action === "exit") break;
		selected = res.item?.menu ?? null;
		yield* menu_action(app, res);
	}
	app.trail = trail;
}

function* menu_action(app: App, { action, item }: MenuResult): Steps<void> {
	const { kconf, view } = app;
	const menu = item?.menu;
	switch (action) {
		case "select":
			if (item) yield* select_item(app, item);
			return;
		case "help":
			if (menu?.sym) return yield* show_help(app, menu);
			app.trail = [];
			yield* show_textbox("README", texts.README);
			return;
		case "info":
			if (menu) yield* show_info(app, menu);
			return;
		case "why":
			if (menu) yield* show_why(app, menu);
			return;
		case "save":
			app.trail = [];
			return yield* conf_save(app);
		case "load":
			app.trail = [];
			return yield* conf_load(app);
		case "search":
			return yield* search_conf(app, go_to);
		case "jump":
			return yield* jump_to(app, go_to);
		case "show_all":
			view.show_all = !view.show_all;
			return;
		case "toggle":
			if (item?.tag === "m") return yield* select_item(app, item);
			if (item?.tag === "t" && menu?.sym && !sym_is_choice(menu.sym)) {
				sym_toggle_tristate_value(kconf, menu.sym);
			}
			return;
		default:
			if (item?.tag === "t" && menu?.sym && !sym_is_choice(menu.sym)) {
				yield* set_value(app, menu.sym, action);
			}
	}
}

/** <Enter>: what it does depends on the kind of entry. */
function* select_item(app: App, item: Item): Steps<void> {
	const { menu, tag } = item;
	const { view } = app;
	if (tag === "s") yield* conf_string(app, menu);
	else if (tag === "m" && view.single_menu) {
		if (!view.unfolded.delete(menu)) view.unfolded.add(menu);
	} else if (tag === "m") yield* conf(app, menu);
	else if (tag === "t" && menu.sym && sym_is_choice(menu.sym)) yield* conf_choice(app, menu);
	else if (tag === "t" && menu.prompt?.type === "menu") yield* conf(app, menu);
}

/** The nearest entry around another that has a screen of its own. */
function screen_of(kconf: Kconf, menu: Menu): Menu {
	let at = menu.parent ?? kconf.rootmenu;
	while (at !== kconf.rootmenu && at.prompt?.type !== "menu") at = at.parent ?? kconf.rootmenu;
	return at;
}

/** Shows an entry where it stands. What is hidden is made to be shown. */
export function* go_to(app: App, target: Menu): Steps<void> {
	const { kconf, view, trail } = app;
	if (!target.prompt) return yield* show_info(app, target);
	let hidden = false;
	for (let at: Menu | null = target; at; at = at.parent) {
		if (at !== kconf.rootmenu && at.prompt && !menu_is_visible(kconf, at)) hidden = true;
		if (view.single_menu) view.unfolded.add(at);
	}
	if (hidden) view.show_all = true;
	const choice = target.parent?.sym && sym_is_choice(target.parent.sym) ? target.parent : null;
	const menu = view.single_menu ? kconf.rootmenu : screen_of(kconf, target);
	const path: string[] = [];
	for (let at = menu; at !== kconf.rootmenu; at = screen_of(kconf, at)) {
		path.unshift(prompt_of(at));
	}
	app.trail = path;
	if (choice && menu_is_visible(kconf, choice)) yield* conf_choice(app, choice, target.sym);
	app.trail = path.slice(0, -1);
	yield* conf(app, menu, choice ?? target);
	app.trail = trail;
}
