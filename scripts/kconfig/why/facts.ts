// SPDX-License-Identifier: GPL-2.0-only
//
// What there is to say of one symbol without looking for values: what it is, why, and what
// keeps it from being otherwise. No counterpart in Linux.

import type { Kconf, Sym } from "../lkc.ts";
import { ConfExit, mod, S_BOOLEAN, S_HEX, S_INT, S_STRING, S_TRISTATE, S_UNKNOWN, yes } from "../lkc.ts";
import { sym_string_valid } from "../symbol.ts";
import type { Goal } from "./goal.ts";
import { goal_holds, goal_value } from "./goal.ts";
import { nearest_names } from "./names.ts";
import type { Origin } from "./origin.ts";
import { origins, place } from "./origin.ts";
import type { SearchResult } from "./search.ts";
import { is_logical, value_of } from "./trial.ts";
import type { Condition } from "./unmet.ts";
import { unmet } from "./unmet.ts";

/** All there is to say about a symbol's value, and about another that it might have. */
export interface Explanation extends SearchResult {
	readonly name: string;
	readonly sym: Sym;
	readonly type: string;
	readonly prompt: string | null;
	/** FILE:LINE of each definition. */
	readonly defined: readonly string[];
	readonly value: string;
	/** The value asked about; null: that it can be set at all. */
	readonly want: string | null;
	/** Set if the value asked about cannot be had, and `want` is the next best. */
	readonly instead_of: string | null;
	/** The symbol has the value already. */
	readonly holds: boolean;
	readonly origins: readonly Origin[];
	readonly unmet: readonly Condition[];
}

/** The symbol of a name, with or without CONFIG_. Ends with ConfExit(2) if there is none. */
export function find_symbol(kconf: Kconf, name: string): Sym {
	const prefix = kconf.host.env.CONFIG_ ?? "CONFIG_";
	const plain = kconf.symbols.has(name) || !name.startsWith(prefix);
	const short = plain ? name : name.slice(prefix.length);
	const sym = kconf.symbols.get(short);
	if (sym) return sym;
	const near = nearest_names(kconf, short);
	const hint = near.length > 0 ? `did you mean ${near.join(", ")}?` : "nothing has a similar name";
	throw new ConfExit(2, `${short}: no such symbol in these Kconfig files; ${hint}`);
}

/** The value that is asked about when none is named: y, or for texts just that they be seen. */
export function default_want(sym: Sym): string | null {
	return is_logical(sym) || sym.type === S_UNKNOWN ? "y" : null;
}

export function check_want(sym: Sym, want: string): void {
	if (sym.type === S_UNKNOWN) return;
	const good: Record<string, string> = {
		[S_BOOLEAN]: "y or n",
		[S_TRISTATE]: "y, m or n",
		[S_INT]: "a whole number",
		[S_HEX]: "a hexadecimal number",
		[S_STRING]: "any text",
	};
	const tri = is_logical(sym);
	const ok = tri ? /^[nmy]$/.test(want) : sym_string_valid(sym, want);
	if (ok && !(sym.type === S_BOOLEAN && want === "m")) return;
	throw new ConfExit(2, `${sym.name}=${want}: a ${sym.type} takes ${good[sym.type]}`);
}

export function goal_of(sym: Sym, want: string | null): Goal {
	return want === null ? { kind: "vis", sym, lo: mod, hi: yes } : goal_value(sym, want);
}

/** Without a search: what is so, and what keeps it from being otherwise. */
export function facts(kconf: Kconf, sym: Sym, want: string | null): Explanation {
	const value = sym.type === S_UNKNOWN ? "n" : value_of(kconf, sym);
	const prompt = sym.prop.find((prop) => prop.type === "prompt" || prop.type === "menu");
	const holds = sym.type === S_UNKNOWN ? want === "n" : goal_holds(kconf, goal_of(sym, want));
	return {
		name: sym.name ?? "",
		sym,
		type: sym.type,
		prompt: prompt?.text ?? null,
		defined: sym.menus.map(place),
		value,
		want,
		instead_of: null,
		holds,
		origins: origins(kconf, sym),
		unmet: holds ? [] : unmet(kconf, sym, want),
		...NO_ANSWER,
	};
}

export const NO_ANSWER: SearchResult = {
	solution: null,
	smaller: null,
	loss_needed: false,
	least_loss: false,
	impossible: false,
	reasons: [],
};
