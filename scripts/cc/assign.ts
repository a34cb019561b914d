// SPDX-License-Identifier: GPL-2.0-only
/** Assignments to struct fields: `=`, `op=`, `++` and `--`. */
import ts from "@typescript/typescript6";
import { load, place, store } from "./access.ts";
import { num, paren, unused } from "./code.ts";
import type { Kind } from "./layout.ts";
import type { Unit } from "./unit.ts";

const f = ts.factory;
const K = ts.SyntaxKind;

/** The operator in each operator that assigns. The ones that may not assign are refused. */
const COMPOUND: Partial<Record<ts.SyntaxKind, ts.BinaryOperator>> = {
	[K.PlusEqualsToken]: K.PlusToken,
	[K.MinusEqualsToken]: K.MinusToken,
	[K.AsteriskEqualsToken]: K.AsteriskToken,
	[K.AsteriskAsteriskEqualsToken]: K.AsteriskAsteriskToken,
	[K.SlashEqualsToken]: K.SlashToken,
	[K.PercentEqualsToken]: K.PercentToken,
	[K.BarEqualsToken]: K.BarToken,
	[K.AmpersandEqualsToken]: K.AmpersandToken,
	[K.CaretEqualsToken]: K.CaretToken,
	[K.LessThanLessThanEqualsToken]: K.LessThanLessThanToken,
	[K.GreaterThanGreaterThanEqualsToken]: K.GreaterThanGreaterThanToken,
	[K.GreaterThanGreaterThanGreaterThanEqualsToken]: K.GreaterThanGreaterThanGreaterThanToken,
};

/** A store, if the expression assigns to a struct's field. */
export function lower_assignment(u: Unit, node: ts.BinaryExpression): ts.Expression | undefined {
	const op = node.operatorToken.kind;
	if (op === K.EqualsToken) {
		const p = place(u, node.left);
		return p && value_of(u, node, p.kind, store(u, p, u.visit(node.right)), node.right);
	}
	const binary = COMPOUND[op];
	if (binary === undefined || !place(u, node.left)) return;
	const v = u.visit(node.right);
	return update(u, node, node.left, binary, ts.isNumericLiteral(v) ? v : paren(v), false);
}

/** A load and a store, if the expression counts a struct's field up or down. */
export function lower_step(
	u: Unit,
	node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression,
): ts.Expression | undefined {
	const step =
		node.operator === K.PlusPlusToken
			? K.PlusToken
			: node.operator === K.MinusMinusToken
				? K.MinusToken
				: undefined;
	if (step === undefined || !place(u, node.operand)) return;
	return update(u, node, node.operand, step, num(1), ts.isPostfixUnaryExpression(node) && !unused(node));
}

/** `p.f op= v` and `p.f++`: a load and a store of the same place. With `old`,
 *  the value is the one before. */
function update(
	u: Unit,
	node: ts.Expression,
	target: ts.Expression,
	op: ts.BinaryOperator,
	v: ts.Expression,
	old: boolean,
): ts.Expression | undefined {
	const [to, from] = [place(u, target), place(u, target)];
	if (!to || !from) return;
	const stored = store(u, to, f.createBinaryExpression(load(u, from), op, v));
	if (!old) return value_of(u, node, to.kind, stored);
	const undo = op === K.PlusToken ? K.MinusToken : K.PlusToken;
	return paren(f.createBinaryExpression(paren(stored), undo, v));
}

/**
 * In C the value of an assignment is what the field then holds, in JavaScript
 * what it was given. If somebody looks at it, and it might not be the same, it
 * is converted as the store did.
 */
function value_of(
	u: Unit,
	node: ts.Expression,
	kind: Kind,
	stored: ts.Expression,
	given?: ts.Expression,
): ts.Expression {
	if (kind === "f64" || unused(node) || is_void_body(u, node)) return stored;
	if (kind === "bool") return paren(f.createStrictInequality(paren(stored), num(0)));
	if (kind === "rodata") return u.call("rodata_at", stored);
	const { types, constants } = u.options;
	const v = given && constants.value(given);
	if (kind === "i32" && given) {
		const type = types.of(given);
		if (types.is_null(given) || types.has_struct(type) || types.width(type) === "int") return stored;
		if (typeof v === "number" && (v | 0) === v) return stored;
	}
	const [op, mask] = CONVERT[kind as keyof typeof CONVERT];
	return paren(f.createBinaryExpression(paren(stored), op, num(mask)));
}

const CONVERT = {
	i32: [K.BarToken, 0],
	u32: [K.GreaterThanGreaterThanGreaterThanToken, 0],
	u16: [K.AmpersandToken, 0xffff],
	u8: [K.AmpersandToken, 0xff],
} as const;

/** `() => p.f = x` where nobody wants what it returns. */
function is_void_body(u: Unit, node: ts.Expression): boolean {
	const { parent } = node;
	if (!ts.isArrowFunction(parent)) return false;
	const wanted =
		u.checker.getContextualType(parent)?.getCallSignatures()[0] ??
		u.checker.getSignatureFromDeclaration(parent);
	return wanted !== undefined && (wanted.getReturnType().flags & ts.TypeFlags.Void) !== 0;
}

/** Builtins that may be called twice. */
const PURE = /^(this_cpu|per_cpu|cast|container_of|current)$/;

/** An expression that may be evaluated twice: names and fields of names. */
export function simple(node: ts.Expression): boolean {
	if (ts.isIdentifier(node) || ts.isNumericLiteral(node) || ts.isStringLiteral(node)) return true;
	if (ts.isPropertyAccessExpression(node)) return simple(node.expression);
	if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node))
		return simple(node.expression);
	if (ts.isElementAccessExpression(node)) return simple(node.expression) && simple(node.argumentExpression);
	if (ts.isBinaryExpression(node)) {
		const op = node.operatorToken.kind;
		const assigns = op >= K.FirstAssignment && op <= K.LastAssignment;
		return !assigns && simple(node.left) && simple(node.right);
	}
	if (ts.isCallExpression(node) && ts.isIdentifier(node.expression))
		return PURE.test(node.expression.text) && node.arguments.every(simple);
	return false;
}
