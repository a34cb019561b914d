// SPDX-License-Identifier: GPL-2.0-only
//
// The expression part of the grammar of Linux's scripts/kconfig/parser.y: || binds loosest,
// then &&, then !, and comparisons stand between two symbols only.

import { expr_alloc_comp, expr_alloc_not, expr_alloc_symbol, expr_alloc_two } from "./expr.ts";
import type { CompareType, Expr, Sym } from "./lkc.ts";
import type { Parser } from "./parser.ts";
import { accept, expect, peek, shift, syntax_error } from "./parser.ts";
import { sym_lookup } from "./symbol.ts";

const COMPARE: ReadonlySet<string> = new Set(["=", "!=", "<", "<=", ">", ">="]);

/** A name, where a quoted constant is not accepted. */
export function parse_nonconst(p: Parser): Sym {
	return sym_lookup(p.kconf, expect(p, "word"));
}

/** A name or a quoted constant. */
export function parse_symbol(p: Parser): Sym {
	if (peek(p) === "quoted") return sym_lookup(p.kconf, shift(p), true);
	return parse_nonconst(p);
}

/** An operator that waits for what is right of it. */
type Pending = { type: "!" | "(" } | { type: "and" | "or"; left: Expr };

/**
 * An expression. Brackets may be nested as deep as bison's stack reaches, and that is too
 * deep for recursion; so the stack is here.
 */
export function parse_expr(p: Parser): Expr {
	const stack: Pending[] = [];
	let expr = parse_operand(p, stack);
	for (;;) {
		const top = stack.at(-1);
		if (top?.type === "!") {
			expr = expr_alloc_not(expr);
			p.used--;
			stack.pop();
			continue;
		}
		const next = peek(p);
		if (top?.type === "and" || (top?.type === "or" && next !== "&&")) {
			expr = expr_alloc_two(top.type, top.left, expr);
			p.used -= 2;
			stack.pop();
		} else if (next === "&&" || next === "||") {
			shift(p);
			stack.push({ type: next === "&&" ? "and" : "or", left: expr });
			expr = parse_operand(p, stack);
		} else if (top) {
			expect(p, ")");
			p.used -= 2;
			stack.pop();
		} else {
			return expr;
		}
	}
}

/** A symbol or a comparison, with what stands before it. */
function parse_operand(p: Parser, stack: Pending[]): Expr {
	for (;;) {
		const type = peek(p);
		if (type !== "!" && type !== "(") break;
		shift(p);
		stack.push({ type });
	}
	const type = peek(p);
	if (type !== "word" && type !== "quoted") syntax_error(p);
	const left = parse_symbol(p);
	const op = peek(p);
	if (!COMPARE.has(op)) return expr_alloc_symbol(left);
	shift(p);
	const right = parse_symbol(p);
	p.used -= 2;
	return expr_alloc_comp(op as CompareType, left, right);
}

/** The optional "if …" behind an attribute. */
export function parse_if_expr(p: Parser): Expr | null {
	if (accept(p, "if")) return parse_expr(p);
	p.used++;
	return null;
}
