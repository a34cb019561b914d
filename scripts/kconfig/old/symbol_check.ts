// SPDX-License-Identifier: GPL-2.0-only
//
// The search for symbols that depend on themselves as it was before 6.11: every symbol is
// looked at, in the order of the hash table, and every line of the report names its place.

import type { Expr, ExprValue, Kconf, Property, Sym } from "../lkc.ts";
import { SYMBOL_CHECK, SYMBOL_CHECKED } from "../lkc.ts";
import { for_all_symbols, sym_is_choice, sym_is_choice_value } from "../symbol.ts";
import { choice_of, choice_state } from "./choice.ts";

/** One step of the walk: a symbol, and by what it leads to the next one. */
interface DepStack {
	readonly sym: Sym;
	via: ExprValue | "value" | null;
	prop: Property | null;
}

/** Reports loops; returns how many were found. */
export function check_tree(kconf: Kconf): number {
	const c: Checker = { kconf, stack: [] };
	let errors = 0;
	for (const sym of for_all_symbols(kconf)) if (check(c, sym)) errors++;
	return errors;
}

interface Checker {
	readonly kconf: Kconf;
	readonly stack: DepStack[];
}

function within(c: Checker, sym: Sym, work: (step: DepStack) => Sym | null): Sym | null {
	const step: DepStack = { sym, via: null, prop: null };
	c.stack.push(step);
	const found = work(step);
	c.stack.pop();
	return found;
}

/** Returns the symbol that closes a loop, or null. */
function check(c: Checker, sym: Sym): Sym | null {
	if (sym.flags & SYMBOL_CHECK) {
		report(c, sym);
		return sym;
	}
	if (sym.flags & SYMBOL_CHECKED) return null;
	if (sym_is_choice_value(sym)) return within(c, sym, () => check(c, choice_of(sym)));
	if (sym_is_choice(sym)) return check_choice(c, sym);
	sym.flags |= SYMBOL_CHECK | SYMBOL_CHECKED;
	const found = check_sym(c, sym);
	sym.flags &= ~SYMBOL_CHECK;
	return found;
}

/** What `checked` of an expression is if nothing in it has to be looked at again. */
const CHECKED = 1;

function check_expr(c: Checker, e: Expr | null): Sym | null {
	if (!e || e.checked === CHECKED) return null;
	const found = check_terms(c, e);
	if (!found) e.checked = CHECKED;
	return found;
}

function check_terms(c: Checker, e: Expr): Sym | null {
	switch (e.type) {
		case "symbol":
			return check(c, e.sym);
		case "not":
			return check_expr(c, e.expr);
		case "and":
		case "or":
			return check_expr(c, e.left) ?? check_expr(c, e.right);
		default:
			return check(c, e.left) ?? check(c, e.right);
	}
}

function check_sym(c: Checker, sym: Sym): Sym | null {
	return within(c, sym, (step) => {
		for (const dep of [sym.dir_dep, sym.rev_dep, sym.implied]) {
			step.via = dep;
			const found = check_expr(c, dep.expr);
			if (found) return found;
		}
		step.via = null;
		for (const prop of sym.prop) {
			if (prop.type === "select" || prop.type === "imply") continue;
			step.prop = prop;
			const found = check_expr(c, prop.visible.expr);
			if (found) return found;
			if (prop.type !== "default" || sym_is_choice(sym)) continue;
			step.via = "value";
			const in_value = check_expr(c, prop.expr);
			if (in_value) return in_value;
			step.via = null;
		}
		return null;
	});
}

function check_choice(c: Checker, choice: Sym): Sym | null {
	const { members } = choice_state(c.kconf, choice);
	const found = within(c, choice, () => {
		for (const sym of members) sym.flags |= SYMBOL_CHECK | SYMBOL_CHECKED;
		choice.flags |= SYMBOL_CHECK | SYMBOL_CHECKED;
		let found = check_sym(c, choice);
		choice.flags &= ~SYMBOL_CHECK;
		for (const sym of members) found ??= check_sym(c, sym);
		for (const sym of members) sym.flags &= ~SYMBOL_CHECK;
		return found;
	});
	return found?.in_choice && choice_of(found) === choice ? choice : found;
}

const ADVICE =
	"For a resolution refer to Documentation/kbuild/kconfig-language.rst\n" +
	'subsection "Kconfig recursive dependency limitations"\n\n';

function report(c: Checker, closing: Sym): void {
	const member = sym_is_choice_value(closing);
	const last = member ? choice_of(closing) : closing;
	const path = member ? [...c.stack, { sym: closing, via: null, prop: null }] : c.stack;
	const at = path.map((step) => step.sym).lastIndexOf(last);
	// One that no file defines is stated nowhere: the reference crashes.
	const known = path.find(({ sym }) => sym.prop.length > 0)?.sym.prop[0];
	if (at < 0 || !known) {
		c.kconf.host.err("unexpected recursive dependency error\n");
		return;
	}
	let text = "";
	for (let i = at; i < path.length; i++) {
		const step = path[i] as DepStack;
		const { sym } = step;
		const of_choice = sym_is_choice(sym) || sym_is_choice_value(sym);
		const first = sym.prop[0] ?? known;
		const prop = of_choice ? first : (step.prop ?? first);
		if (sym === last) text += `${prop.filename}:${prop.lineno}:error: recursive dependency detected!\n`;
		const where = of_choice ? prop.menu : prop;
		text += `${where.filename}:${where.lineno}:\t${explain(step, prop, path[i + 1]?.sym ?? last)}\n`;
	}
	c.kconf.host.err(text + ADVICE);
}

function explain({ sym, via }: DepStack, prop: Property, next_sym: Sym): string {
	const name = sym.name ?? "<choice>";
	const next = next_sym.name ?? "<choice>";
	if (sym_is_choice(sym)) return `choice ${name} contains symbol ${next}`;
	if (sym_is_choice_value(sym)) return `symbol ${name} is part of choice ${next}`;
	if (via === sym.dir_dep) return `symbol ${name} depends on ${next}`;
	if (via === sym.rev_dep) return `symbol ${name} is selected by ${next}`;
	if (via === sym.implied) return `symbol ${name} is implied by ${next}`;
	if (via === "value") return `symbol ${name} ${prop.type} value contains ${next}`;
	return `symbol ${name} ${prop.type} is visible depending on ${next}`;
}
