// SPDX-License-Identifier: GPL-2.0-only
/**
 * Arithmetic of u32s. In C it wraps at 2^32 and has no sign; JavaScript's sums
 * and products are doubles that do neither, and what its bit operations make is
 * signed. Where that goes into 32 bits again nobody sees it.
 */
import ts from "@typescript/typescript6";
import { used_in } from "./code.ts";
import type { Judge } from "./refuse.ts";
import { field_named } from "./refuse_numbers.ts";

const K = ts.SyntaxKind;

const ARITHMETIC = new Set([K.PlusToken, K.MinusToken, K.AsteriskToken]);
const SIGNED = new Set([K.AmpersandToken, K.BarToken, K.CaretToken, K.LessThanLessThanToken]);
const BITS = new Set([...SIGNED, K.GreaterThanGreaterThanToken, K.GreaterThanGreaterThanGreaterThanToken]);
const SHIFTS = new Set([K.GreaterThanGreaterThanToken, K.GreaterThanGreaterThanEqualsToken]);
const EQUALITY = new Set([K.EqualsEqualsEqualsToken, K.ExclamationEqualsEqualsToken]);

/** A product with more than this of a number of 32 bits may be no exact double. */
const EXACT = 2 ** 21;

export function refuse_unsigned(node: ts.Node, j: Judge): undefined {
	if (ts.isPrefixUnaryExpression(node)) {
		if (node.operator === K.TildeToken && is_u32(node.operand, j) && !wraps(node, j) && !is_truth(node))
			j.say(node, "'~' of a u32 has a sign; write ~x >>> 0");
		return;
	}
	if (!ts.isBinaryExpression(node)) return;
	const { left, right } = node;
	const op = node.operatorToken.kind;
	const text = ts.tokenToString(op);
	if (SHIFTS.has(op) && is_u32(left, j))
		return j.say(
			node,
			`'${text}' of a u32 shifts its uppermost bit in; write '${text?.replace(">>", ">>>")}'`,
		);
	const shift = op === K.LessThanLessThanToken;
	if (!is_u32(left, j) && (shift || !is_u32(right, j))) return;
	if ((op === K.AsteriskToken || op === K.AsteriskEqualsToken) && !is_small(left, j) && !is_small(right, j))
		return j.say(node, `'${text}' of u32s is not exact beyond 2^53; write Math.imul(a, b) >>> 0`);
	if (ARITHMETIC.has(op) && !wraps(node, j))
		j.say(node, `'${text}' of u32s does not wrap at 2^32; write (a ${text} b) >>> 0`);
	if (op === K.BarToken && j.constants.value(right) === 0) return; /* x | 0 says that a sign is wanted */
	if (SIGNED.has(op) && !wraps(node, j) && !is_truth(node)) {
		const mask = [left, right].some((e) => is_constant_mask(e, j));
		if (op !== K.AmpersandToken || !mask)
			j.say(node, `'${text}' of a u32 has a sign; write (a ${text} b) >>> 0`);
	}
}

const is_u32 = (node: ts.Expression, { types }: Judge): boolean => types.width(types.of(node)) === "u32";

const is_small = (node: ts.Expression, { constants }: Judge): boolean => {
	const v = constants.value(node);
	return typeof v === "number" && Math.abs(v) <= EXACT;
};

const is_constant_mask = (node: ts.Expression, { constants }: Judge): boolean => {
	const v = constants.value(node);
	return typeof v === "number" && v >= 0 && v < 2 ** 31;
};

/** Does the value go where only its lower 32 bits count? */
function wraps(node: ts.Expression, j: Judge): boolean {
	const parent = used_in(node);
	if (ts.isPrefixUnaryExpression(parent)) return parent.operator === K.TildeToken;
	if (!ts.isBinaryExpression(parent)) return false;
	const op = parent.operatorToken.kind;
	if (BITS.has(op)) return true;
	if (ARITHMETIC.has(op)) return op !== K.AsteriskToken && wraps(parent, j);
	const assigns = op >= K.FirstAssignment && op <= K.LastAssignment;
	const kind = assigns ? field_named(parent.left, j)?.kind : undefined;
	return kind === "u32" || kind === "i32" || kind === "u16" || kind === "u8";
}

/** Is it only asked whether the value is 0? */
function is_truth(node: ts.Expression): boolean {
	const parent = used_in(node);
	if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent)) return true;
	if (ts.isPrefixUnaryExpression(parent)) return parent.operator === K.ExclamationToken;
	if (ts.isConditionalExpression(parent))
		return parent.condition.pos <= node.pos && node.end <= parent.condition.end;
	if (!ts.isBinaryExpression(parent)) return false;
	const op = parent.operatorToken.kind;
	if (op === K.AmpersandAmpersandToken || op === K.BarBarToken) return true;
	return EQUALITY.has(op) && [parent.left, parent.right].some((e) => ts.isNumericLiteral(e) && e.text === "0");
}
