// SPDX-License-Identifier: GPL-2.0-only
//
// Finds symbols whose values depend on themselves. Mirrors the second half of Linux's
// scripts/kconfig/symbol.c (sym_check_deps and the report of the loop).

import { sym_get_choice_menu } from "./choice.ts";
import type { Expr, ExprValue, Kconf, Property, Sym } from "./lkc.ts";
import { SYMBOL_CHECK, SYMBOL_CHECKED } from "./lkc.ts";
import { menu_for_each_sub_entry } from "./menu.ts";
import { sym_is_choice } from "./symbol.ts";

/** One step of the walk: a symbol, and by what it leads to the next one. */
interface DepStack {
	sym: Sym;
	via: ExprValue | "value" | "visible" | null;
	prop: Property | null;
}

/** A search through a whole tree. */
export interface Checker {
	readonly kconf: Kconf;
	readonly stack: DepStack[];
	/** What `checked` of an expression is if nothing in it has to be looked at again. */
	round: number;
}

export function sym_check_init(kconf: Kconf): Checker {
	return { kconf, stack: [], round: 1 };
}

/** Looks for a loop through a symbol, and reports it. True if there is one. */
export function sym_check_deps(c: Checker, sym: Sym): boolean {
	return check(c, sym) !== null;
}

/** Returns the symbol that closes a loop, or null. */
function check(c: Checker, sym: Sym): Sym | null {
	if (sym.flags & SYMBOL_CHECK) {
		report(c, sym);
		return sym;
	}
	if (sym.flags & SYMBOL_CHECKED) return null;
	const choice = sym_get_choice_menu(sym)?.sym;
	if (choice) {
		// A member is looked at together with its whole choice.
		c.stack.push({ sym, via: null, prop: null });
		const found = check(c, choice);
		c.stack.pop();
		return found;
	}
	if (sym_is_choice(sym)) return check_choice(c, sym);
	sym.flags |= SYMBOL_CHECK | SYMBOL_CHECKED;
	const found = check_sym(c, sym);
	sym.flags &= ~SYMBOL_CHECK;
	return found;
}

/** Many share parts of their conditions, so each expression is gone through once. */
function check_expr(c: Checker, e: Expr | null): Sym | null {
	if (!e || e.checked === c.round) return null;
	const { round } = c;
	const found = check_terms(c, e);
	if (!found) e.checked = round;
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
			return check_chain(c, e);
		default:
			return check(c, e.left) ?? check(c, e.right);
	}
}

/** The terms of a chain from the left; there may be thousands, and others may begin with the same ones. */
function check_chain(c: Checker, e: Expr & { type: "and" | "or" }): Sym | null {
	const { round } = c;
	const chain = [e];
	let { left } = e;
	for (; (left.type === "and" || left.type === "or") && left.checked !== round; left = left.left)
		chain.push(left);
	let found = check_expr(c, left);
	for (let i = chain.length - 1; i >= 0 && !found; i--) {
		const at = chain[i] as typeof e;
		found = check_expr(c, at.right);
		if (!found) at.checked = round;
	}
	return found;
}

function check_sym(c: Checker, sym: Sym): Sym | null {
	const step: DepStack = { sym, via: null, prop: null };
	c.stack.push(step);
	const found = check_deps(c, sym, step) ?? check_props(c, sym, step);
	c.stack.pop();
	return found;
}

function check_deps(c: Checker, sym: Sym, step: DepStack): Sym | null {
	return check_dep(c, sym.dir_dep, step) ?? check_dep(c, sym.rev_dep, step) ?? check_dep(c, sym.implied, step);
}

function check_dep(c: Checker, dep: ExprValue, step: DepStack): Sym | null {
	step.via = dep;
	return check_expr(c, dep.expr);
}

function check_props(c: Checker, sym: Sym, step: DepStack): Sym | null {
	for (const prop of sym.prop) {
		if (prop.type === "select" || prop.type === "imply") continue;
		step.prop = prop;
		step.via = "visible";
		const found = check_expr(c, prop.visible.expr);
		if (found) return found;
		if (prop.type !== "default" || sym_is_choice(sym)) continue;
		step.via = "value";
		const in_value = check_expr(c, prop.expr);
		if (in_value) return in_value;
	}
	return null;
}

function check_choice(c: Checker, choice: Sym): Sym | null {
	const menu = choice.menus[0];
	if (!menu) return null;
	const members: Sym[] = [];
	for (const child of menu_for_each_sub_entry(menu)) if (child.sym) members.push(child.sym);
	c.stack.push({ sym: choice, via: null, prop: null });
	// A member that other entries name as well may have been looked at, but not as part of the choice.
	if (members.some((sym) => sym.flags & SYMBOL_CHECKED)) c.round++;
	for (const sym of members) sym.flags |= SYMBOL_CHECK | SYMBOL_CHECKED;
	choice.flags |= SYMBOL_CHECK | SYMBOL_CHECKED;
	let found = check_sym(c, choice);
	choice.flags &= ~SYMBOL_CHECK;
	for (const sym of members) {
		if (found) break;
		found = check_sym(c, sym);
	}
	for (const sym of members) sym.flags &= ~SYMBOL_CHECK;
	if (found && sym_get_choice_menu(found) === menu) found = choice;
	c.stack.pop();
	return found;
}

const ADVICE =
	"For a resolution refer to Documentation/kbuild/kconfig-language.rst\n" +
	'subsection "Kconfig recursive dependency limitations"\n\n';

function report(c: Checker, closing: Sym): void {
	const choice = sym_get_choice_menu(closing)?.sym;
	const last = choice ?? closing;
	const path = choice ? [...c.stack, { sym: closing, via: null, prop: null }] : c.stack;
	const at = path.map((step) => step.sym).lastIndexOf(last);
	if (at < 0) {
		c.kconf.host.err("unexpected recursive dependency error\n");
		return;
	}
	let text = "";
	for (let i = at; i < path.length; i++) {
		const step = path[i] as DepStack;
		if (step.sym === last) text += "error: recursive dependency detected!\n";
		text += `\tsymbol ${explain(step, path[i + 1]?.sym ?? last)}\n`;
	}
	c.kconf.host.err(text + ADVICE);
}

function explain(step: DepStack, next: Sym): string {
	const { sym, via } = step;
	const name = sym.name ?? "<choice>";
	if (sym_is_choice(next)) {
		const at = next.menus[0];
		return `${name} is part of choice block at ${at?.filename}:${at?.lineno}`;
	}
	if (via === sym.dir_dep) return `${name} depends on ${next.name}`;
	if (via === sym.rev_dep) return `${sym.name} is selected by ${next.name}`;
	if (via === sym.implied) return `${sym.name} is implied by ${next.name}`;
	const type = step.prop?.type ?? "unknown";
	if (via === "value") return `${name} ${type} value contains ${next.name}`;
	return `${name} ${type} is visible depending on ${next.name}`;
}
