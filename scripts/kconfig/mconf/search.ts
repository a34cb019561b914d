// SPDX-License-Identifier: GPL-2.0-only
//
// Searching: for symbols by a regular expression over their names, as sym_re_search() of
// Linux's scripts/kconfig/symbol.c does, and for entries of every kind by words in their
// names and prompts, as Kconfiglib's menuconfig does.

import { config_prefix } from "../confdata.ts";
import type { Kconf, Menu, Sym } from "../lkc.ts";
import { SYMBOL_CONST } from "../lkc.ts";
import { menu_for_each_entry } from "../menu.ts";
import { sym_calc_value, sym_is_choice } from "../symbol.ts";
import { to_text } from "../text.ts";

/** A text without the prefix of configuration files, in whatever case that is written. */
export function strip_prefix(kconf: Kconf, text: string): string {
	const prefix = config_prefix(kconf);
	return text.toLowerCase().startsWith(prefix.toLowerCase()) ? text.slice(prefix.length) : text;
}

/** POSIX writes classes of characters in a way that JavaScript does not have. */
const CLASSES: Readonly<Record<string, string>> = {
	alpha: "A-Za-z",
	digit: "0-9",
	alnum: "A-Za-z0-9",
	upper: "A-Z",
	lower: "a-z",
	xdigit: "0-9A-Fa-f",
	space: "\\s",
};

/** The expression, or what is wrong with it. */
export function compile(pattern: string): RegExp | Error {
	const source = pattern.replace(/\[:(\w+):\]/g, (all, name: string) => CLASSES[name] ?? all);
	try {
		return new RegExp(source, "i");
	} catch (e) {
		return e as Error;
	}
}

const by_name = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The symbols whose names match, those first that match as a whole, with values up to date.
 * Nothing if the expression is empty or wrong.
 */
export function sym_re_search(kconf: Kconf, pattern: string): Sym[] {
	const re = pattern === "" ? null : compile(pattern);
	if (!(re instanceof RegExp)) return [];
	const found: { sym: Sym; name: string; rest: number }[] = [];
	for (const sym of kconf.all) {
		if (sym.name === null || sym.flags & SYMBOL_CONST) continue;
		const m = re.exec(sym.name);
		if (!m) continue;
		sym_calc_value(kconf, sym);
		found.push({ sym, name: sym.name, rest: m[0].length === sym.name.length ? 0 : 1 });
	}
	found.sort((a, b) => a.rest - b.rest || by_name(a.name, b.name));
	return found.map(({ sym }) => sym);
}

/** An entry that can be jumped to. */
export interface Target {
	readonly menu: Menu;
	/** Name of the symbol; empty for choices, menus and comments. */
	readonly name: string;
	readonly prompt: string;
	readonly kind: "symbol" | "choice" | "menu" | "comment";
}

const ORDER = ["symbol", "choice", "menu", "comment"] as const;

function target_of(menu: Menu): Target | null {
	const prompt = to_text(menu.prompt?.text ?? "");
	const { sym } = menu;
	if (sym && !sym_is_choice(sym)) return { menu, name: to_text(sym.name ?? ""), prompt, kind: "symbol" };
	if (prompt === "") return null;
	if (sym) return { menu, name: "", prompt, kind: "choice" };
	return { menu, name: "", prompt, kind: menu.prompt?.type === "menu" ? "menu" : "comment" };
}

/** Everything that can be jumped to: symbols in order of name, and then the rest. */
export function jump_targets(kconf: Kconf): Target[] {
	const targets: Target[] = [];
	for (const menu of menu_for_each_entry(kconf)) {
		const target = target_of(menu);
		if (target) targets.push(target);
	}
	const rank = (t: Target): number => ORDER.indexOf(t.kind);
	// Of several definitions those come first that are somewhere in a menu.
	const shown = (t: Target): number => (t.prompt === "" ? 1 : 0);
	return targets.sort(
		(a, b) => rank(a) - rank(b) || by_name(a.name || a.prompt, b.name || b.prompt) || shown(a) - shown(b),
	);
}

/**
 * The targets in whose name or prompt every word is found. Words are separated by blanks and
 * are regular expressions. Those whose name is the first word come first, then those whose
 * name begins with it.
 */
export function filter_targets(kconf: Kconf, targets: readonly Target[], text: string): Target[] | Error {
	const words = text
		.split(/\s+/)
		.filter((word) => word !== "")
		.map((word) => strip_prefix(kconf, word));
	const res: RegExp[] = [];
	for (const word of words) {
		const re = compile(word);
		if (re instanceof Error) return re;
		res.push(re);
	}
	const found = targets.filter((t) => res.every((re) => re.test(t.name) || re.test(t.prompt)));
	const first = (words[0] ?? "").toUpperCase();
	if (first === "") return found;
	const rank = (t: Target): number => {
		const name = t.name.toUpperCase();
		return name === first ? 0 : name.startsWith(first) ? 1 : 2;
	};
	return found
		.map((target) => ({ target, rank: rank(target) }))
		.sort((a, b) => a.rank - b.rank)
		.map(({ target }) => target);
}
