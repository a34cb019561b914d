// SPDX-License-Identifier: GPL-2.0-only
//
// Finding entries: the search of Linux's scripts/kconfig/mconf.c, and jumping.

import { config_prefix } from "../confdata.ts";
import type { Menu } from "../lkc.ts";
import type { JumpKey } from "../menu_help.ts";
import { get_relations_str } from "../menu_help.ts";
import { to_text } from "../text.ts";
import type { App, Steps } from "./app.ts";
import { calc_all, show, show_textbox } from "./app.ts";
import { dialog_inputbox } from "./inputbox.ts";
import { dialog_jump } from "./jumpbox.ts";
import { show_info } from "./pages.ts";
import { strip_prefix, sym_re_search } from "./search.ts";
import type { Scroll } from "./textbox.ts";
import * as texts from "./texts.ts";
import { show_why } from "./whybox.ts";

/** Shows an entry where it stands: that of menus.ts. */
type GoTo = (app: App, target: Menu) => Steps<void>;

/** Asks for an expression, and shows the symbols that match. Digits go to their menus. */
export function* search_conf(app: App, go_to: GoTo): Steps<void> {
	const { kconf } = app;
	const title = `Enter (sub)string or regexp to search for (with or without "${config_prefix(kconf)}")`;
	let typed = "";
	for (;;) {
		const res = yield* show(dialog_inputbox("Search Configuration Parameter", title, 10, 75, typed));
		if (res.action === "exit") return;
		typed = res.text;
		if (res.action === "ok") break;
		yield* show_textbox("Search Configuration", texts.SEARCH_HELP);
	}
	const syms = sym_re_search(kconf, strip_prefix(kconf, typed));
	const { trail } = app;
	let scroll: Scroll = { top: 0, left: 0 };
	for (;;) {
		app.trail = [...trail, `Search (${typed})`];
		calc_all(kconf);
		const jumps: JumpKey[] = [];
		const bytes = get_relations_str(kconf, syms, jumps);
		const offset = (jump: JumpKey): number => to_text(bytes.slice(0, jump.offset)).length;
		const extra = (key: string, start: number, end: number): JumpKey | undefined =>
			jumps.find((jump) => jump.key === key && offset(jump) >= start && offset(jump) < end);
		const res = yield* show_textbox("Search Results", to_text(bytes), { scroll, extra });
		scroll = res.scroll;
		if (!res.extra) break;
		yield* go_to(app, (res.extra as JumpKey).target);
	}
	app.trail = trail;
}

/** Asks where to jump, and goes there. */
export function* jump_to(app: App, go_to: GoTo): Steps<void> {
	for (;;) {
		const box = dialog_jump(app.kconf, app.jump_text);
		const res = yield* show(box);
		app.jump_text = box.text();
		if (res.action === "exit" || !res.target) return;
		const { menu } = res.target;
		if (res.action === "info") yield* show_info(app, menu);
		else if (res.action === "why") {
			if (yield* show_why(app, menu)) return yield* go_to(app, menu);
		} else return yield* go_to(app, menu);
	}
}
