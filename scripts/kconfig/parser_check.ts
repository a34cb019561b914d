// SPDX-License-Identifier: GPL-2.0-only
//
// What is looked at when the whole tree is there: dependency loops, choices, transitional
// symbols. The checks that conf_parse() of Linux's scripts/kconfig/parser.y ends with.

import { expr_is_yes } from "./expr.ts";
import type { Kconf, Menu } from "./lkc.ts";
import { SYMBOL_TRANS } from "./lkc.ts";
import { menu_next } from "./menu.ts";
import { check_tree as ancient_check_tree } from "./old/ancient.ts";
import { check_tree as old_check_tree } from "./old/symbol_check.ts";
import { sym_check_deps, sym_check_init } from "./symbol_check.ts";

/** Reports what is wrong with the tree; returns how much. */
export function check_tree(kconf: Kconf): number {
	if (kconf.rules.ancient) {
		ancient_check_tree(kconf);
		return 0;
	}
	if (kconf.rules.old_choices) return old_check_tree(kconf);
	let errors = 0;
	const { rootmenu } = kconf;
	const checker = sym_check_init(kconf);
	for (let menu = rootmenu.list; menu; menu = menu_next(menu, null)) {
		const { sym } = menu;
		if (!sym) continue;
		if (sym_check_deps(checker, sym)) errors++;
		if (sym.flags & SYMBOL_TRANS && transitional_check_sanity(kconf, menu)) errors++;
		if (sym.name !== null) continue;
		for (let child = menu_next(menu, menu); child; child = menu_next(child, menu)) {
			if (choice_check_sanity(kconf, child)) errors++;
		}
	}
	return errors;
}

function error(kconf: Kconf, at: { filename: string; lineno: number }, text: string): void {
	kconf.host.err(`${at.filename}:${at.lineno}: error: ${text}\n`);
}

/** A transitional symbol has a type and a help text, and nothing else. */
function transitional_check_sanity(kconf: Kconf, menu: Menu): boolean {
	const text = "transitional symbols can only have help sections";
	const bare = expr_is_yes(kconf, menu.dep) && expr_is_yes(kconf, menu.visibility);
	const prop = menu.sym?.prop.find(({ type }) => type !== "comment");
	const at = bare ? prop : menu;
	if (at) error(kconf, at, text);
	return at !== undefined;
}

function choice_check_sanity(kconf: Kconf, menu: Menu): boolean {
	const old = !kconf.rules.strict;
	let bad = false;
	for (const prop of menu.sym?.prop ?? []) {
		if (prop.type === "default") {
			error(kconf, prop, "defaults for choice values not supported");
			bad = true;
		}
		if (prop.menu === menu || prop.type !== "prompt") continue;
		if (old && prop.menu.parent === menu.parent) continue;
		const inside = "choice value has a prompt outside its choice group";
		error(kconf, prop, old ? inside : "choice value must not have a prompt in another entry");
		bad = true;
	}
	return bad;
}
