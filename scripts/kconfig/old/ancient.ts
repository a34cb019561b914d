// SPDX-License-Identifier: GPL-2.0-only
//
// What was different in Linux's scripts/kconfig of 2.6, from which BusyBox has its conf.

import { EXPR_AND, EXPR_OR, expr_calc_value } from "../expr.ts";
import type { Kconf, Sym, Tristate } from "../lkc.ts";
import { no, S_DEF_USER, SYMBOL_WRITE } from "../lkc.ts";
import { sym_get_default_prop, sym_has_value, sym_is_choice } from "../symbol.ts";

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
