// SPDX-License-Identifier: GPL-2.0-only
//
// The expression part of the grammar of Linux's scripts/kconfig/parser.y: || binds loosest,
// then &&, then !, and comparisons stand between two symbols only.

import { expr_alloc_comp, expr_alloc_not, expr_alloc_symbol, expr_alloc_two } from './expr.ts';
import type { CompareType, Expr, Sym } from './lkc.ts';
import type { Parser } from './parser.ts';
import { accept, expect, peek, shift, syntax_error } from './parser.ts';
import { sym_lookup } from './symbol.ts';

const COMPARE: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>=']);

/** A name, where a quoted constant is not accepted. */
export function parse_nonconst(p: Parser): Sym {
	return sym_lookup(p.kconf, expect(p, 'word'));
}

/** A name or a quoted constant. */
export function parse_symbol(p: Parser): Sym {
	if (peek(p) === 'quoted') return sym_lookup(p.kconf, shift(p), true);
	return parse_nonconst(p);
}

export function parse_expr(p: Parser): Expr {
	let left = parse_and(p);
	while (accept(p, '||')) left = expr_alloc_two('or', left, parse_and(p));
	return left;
}

function parse_and(p: Parser): Expr {
	let left = parse_unary(p);
	while (accept(p, '&&')) left = expr_alloc_two('and', left, parse_unary(p));
	return left;
}

function parse_unary(p: Parser): Expr {
	if (accept(p, '!')) return expr_alloc_not(parse_unary(p));
	if (accept(p, '(')) {
		const inner = parse_expr(p);
		expect(p, ')');
		return inner;
	}
	const type = peek(p);
	if (type !== 'word' && type !== 'quoted') syntax_error(p);
	const left = parse_symbol(p);
	const op = peek(p);
	if (!COMPARE.has(op)) return expr_alloc_symbol(left);
	shift(p);
	return expr_alloc_comp(op as CompareType, left, parse_symbol(p));
}

/** The optional "if …" behind an attribute. */
export function parse_if_expr(p: Parser): Expr | null {
	return accept(p, 'if') ? parse_expr(p) : null;
}
