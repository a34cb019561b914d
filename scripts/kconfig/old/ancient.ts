// SPDX-License-Identifier: GPL-2.0-only
//
// What was different in Linux's scripts/kconfig of 2.6, from which BusyBox has its conf.

import { EXPR_AND, EXPR_OR, expr_calc_value, expr_symbols } from "../expr.ts";
import type { Expr, Kconf, Sym, Tristate } from "../lkc.ts";
import { no, S_DEF_USER, SYMBOL_CHECK, SYMBOL_CHECKED, SYMBOL_WRITE } from "../lkc.ts";
import { for_all_symbols, sym_get_default_prop, sym_has_value, sym_is_choice } from "../symbol.ts";

/** The value of a bool or tristate. A default counts as far as the symbol can be seen. */
export function calc_tristate(kconf: Kconf, sym: Sym): Tristate {
	const seen = EXPR_OR(sym.visible, sym.rev_dep.tri) !== no;
	if (seen) sym.flags |= SYMBOL_WRITE;
	let tri: Tristate = no;
	if (seen && sym_has_value(sym)) tri = sym.def[S_DEF_USER].tri;
	else if (!sym_is_choice(sym)) {
		const prop = sym_get_default_prop(kconf, sym);
		if (prop) {
			sym.flags |= SYMBOL_WRITE;
			tri = expr_calc_value(kconf, prop.expr);
		}
	}
	return seen ? EXPR_OR(EXPR_AND(tri, sym.visible), sym.rev_dep.tri) : tri;
}

/** Looks for symbols that depend on themselves. They are only warned of. */
export function check_tree(kconf: Kconf): void {
	for (const sym of for_all_symbols(kconf)) check(kconf, sym);
}

function check_all(kconf: Kconf, e: Expr | null): Sym | null {
	for (const sym of expr_symbols(e)) {
		const found = check(kconf, sym);
		if (found) return found;
	}
	return null;
}

function check(kconf: Kconf, sym: Sym): Sym | null {
	if (sym.flags & SYMBOL_CHECK) {
		kconf.host.out(`Warning! Found recursive dependency: ${sym.name}`);
		return sym;
	}
	if (sym.flags & SYMBOL_CHECKED) return null;
	sym.flags |= SYMBOL_CHECK | SYMBOL_CHECKED;
	let found = check_all(kconf, sym.rev_dep.expr);
	for (const prop of sym.prop) {
		if (prop.type === "select" || prop.type === "symbol") continue;
		found ??= check_all(kconf, prop.visible.expr);
		if (prop.type === "default" && !sym_is_choice(sym)) found ??= check_all(kconf, prop.expr);
	}
	if (found) kconf.host.out(found === sym ? ` ${sym.name}\n` : ` ${sym.name}`);
	sym.flags &= ~SYMBOL_CHECK;
	return found === sym ? null : found;
}
