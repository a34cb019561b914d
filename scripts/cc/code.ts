// SPDX-License-Identifier: GPL-2.0-only
/** Pieces of JavaScript that the compiler puts together. */
import ts from "@typescript/typescript6";

const f = ts.factory;
const K = ts.SyntaxKind;

/** A literal; -1 is the minus of one. */
export const num = (n: number): ts.Expression =>
	n < 0 ? f.createPrefixUnaryExpression(K.MinusToken, f.createNumericLiteral(-n)) : f.createNumericLiteral(n);

export const paren = (e: ts.Expression): ts.Expression => f.createParenthesizedExpression(e);

export const add = (a: ts.Expression, b: ts.Expression): ts.Expression => f.createBinaryExpression(a, K.PlusToken, b);

/** `a + n`, and `a` where n is 0. */
export const plus = (e: ts.Expression, n: number): ts.Expression => (n === 0 ? e : add(e, num(n)));

export const times = (e: ts.Expression, n: number): ts.Expression =>
	f.createBinaryExpression(paren(e), K.AsteriskToken, num(n));

/** `a + 4` binds tighter than what a conditional or `||` would. */
export const wrap = (e: ts.Expression): ts.Expression =>
	ts.isIdentifier(e) ||
	ts.isNumericLiteral(e) ||
	ts.isElementAccessExpression(e) ||
	ts.isCallExpression(e) ||
	ts.isPropertyAccessExpression(e) ||
	ts.isParenthesizedExpression(e)
		? e
		: paren(e);

/** Index into a typed array of elements of 1 << shift bytes. */
export const index = (address: ts.Expression, shift: number): ts.Expression =>
	shift === 0 ? address : f.createBinaryExpression(address, K.GreaterThanGreaterThanToken, num(shift));

/** What stands in parentheses, or is asserted to have a type or to be there: those say nothing at run time. */
export function bare(node: ts.Expression): ts.Expression {
	while (
		ts.isParenthesizedExpression(node) ||
		ts.isNonNullExpression(node) ||
		ts.isAsExpression(node) ||
		ts.isSatisfiesExpression(node) ||
		ts.isTypeAssertionExpression(node)
	)
		node = node.expression;
	return node;
}

/** The node around it that says something at run time: the opposite of bare(). */
export function used_in(node: ts.Node): ts.Node {
	let { parent } = node;
	while (
		ts.isParenthesizedExpression(parent) ||
		ts.isNonNullExpression(parent) ||
		ts.isAsExpression(parent) ||
		ts.isSatisfiesExpression(parent) ||
		ts.isTypeAssertionExpression(parent)
	)
		parent = parent.parent;
	return parent;
}

/** Does nobody look at the value of this expression? */
export function unused(node: ts.Expression): boolean {
	const { parent } = node;
	if (ts.isParenthesizedExpression(parent)) return unused(parent);
	if (ts.isForStatement(parent)) return parent.condition !== node;
	if (ts.isBinaryExpression(parent) && parent.operatorToken.kind === K.CommaToken)
		return parent.left === node || unused(parent);
	return ts.isExpressionStatement(parent) || ts.isVoidExpression(parent);
}
