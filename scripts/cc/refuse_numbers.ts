// SPDX-License-Identifier: GPL-2.0-only
/**
 * Numbers. A ulong is a double: JavaScript's bit operations would take the lower
 * half of it, and a store into 32 bits as well.
 */
import ts from "@typescript/typescript6";
import { simple } from "./assign.ts";
import { bare } from "./code.ts";
import type { Field } from "./layout.ts";
import type { Judge } from "./refuse.ts";

const K = ts.SyntaxKind;

const BITS = new Set([
	K.AmpersandToken,
	K.BarToken,
	K.CaretToken,
	K.LessThanLessThanToken,
	K.GreaterThanGreaterThanToken,
	K.GreaterThanGreaterThanGreaterThanToken,
	K.AmpersandEqualsToken,
	K.BarEqualsToken,
	K.CaretEqualsToken,
	K.LessThanLessThanEqualsToken,
	K.GreaterThanGreaterThanEqualsToken,
	K.GreaterThanGreaterThanGreaterThanEqualsToken,
]);
const LOGICAL = new Map([
	[K.BarBarEqualsToken, "!p.f"],
	[K.AmpersandAmpersandEqualsToken, "p.f"],
	[K.QuestionQuestionEqualsToken, "p.f === 0"],
]);

export function refuse_numbers(node: ts.Node, j: Judge): undefined {
	if (node.kind === K.BigIntLiteral)
		j.say(node, "a BigInt; 64 bits are a ulong, which is a double: write the number without n");
	if (ts.isBinaryExpression(node)) refuse_binary(node, j);
	else if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) refuse_unary(node, j);
	if (ts.isExpression(node)) refuse_narrowing(node, j);
}

/** The field or the element's array that an expression names. */
export function field_named(
	expression: ts.Expression,
	{ types }: Judge,
): { field: Field; kind: Field["kind"] } | undefined {
	const node = bare(expression);
	const array = ts.isElementAccessExpression(node) ? bare(node.expression) : undefined;
	const access = array ?? node;
	if (!ts.isPropertyAccessExpression(access)) return;
	const symbol = types.checker.getSymbolAtLocation(access.name);
	const field = symbol && types.layouts.field(symbol)?.field;
	if (!field) return;
	const kind = array ? field.element?.kind : field.kind;
	return kind && { field, kind };
}

/** `f().n += 1`: what names the field is evaluated for the load and for the store. */
function refuse_twice(target: ts.Expression, { say }: Judge): undefined {
	if (!simple(target)) say(target, "put the pointer into a const before updating its field");
}

function refuse_binary(node: ts.BinaryExpression, j: Judge): undefined {
	const { types, constants, say } = j;
	const { left, right } = node;
	const op = node.operatorToken.kind;
	const text = ts.tokenToString(op);
	if (BITS.has(op) && (types.is_wide(left) || (types.is_wide(right) && !is_shift(op))))
		say(
			node,
			`'${text}' takes 32 bits of a ulong; divide, multiply or take % by a power of two, ` +
				"use page_align_down() and its like, or write x as int where it is one",
		);
	const target = op >= K.FirstAssignment && op <= K.LastAssignment ? field_named(left, j) : undefined;
	if (target) {
		if (LOGICAL.has(op)) say(node, `'${text}' of a field; write if (${LOGICAL.get(op)}) p.f = …`);
		if (is_narrow(target.kind) && op !== K.EqualsToken && types.is_wide(right) && !BITS.has(op))
			say(right, too_wide(target.kind));
		if (op !== K.EqualsToken) refuse_twice(left, j);
		if (target.kind === "f64" && op === K.SlashEqualsToken)
			say(node, "'/=' leaves a fraction in a ulong; write p.f = Math.floor(p.f / x)");
	}
	if (target?.kind === "f64" && op === K.EqualsToken && is_quotient(right, j))
		say(right, "a quotient in a ulong keeps its fraction; write Math.floor(a / b)");
	const v = target && op === K.EqualsToken ? constants.value(right) : undefined;
	if (typeof v === "number" && !Number.isInteger(v)) say(right, `${v} in a field that holds whole numbers`);
}

/** Is it a / b, or a sum with one in it? What is divided by a constant with a name is taken to be a multiple of it. */
export function is_quotient(expression: ts.Expression, j: Judge): boolean {
	const node = bare(expression);
	if (!ts.isBinaryExpression(node)) return false;
	const op = node.operatorToken.kind;
	if (op === K.PlusToken || op === K.MinusToken) return is_quotient(node.left, j) || is_quotient(node.right, j);
	return op === K.SlashToken && !ts.isIdentifier(bare(node.right)) && j.constants.value(node) === undefined;
}

const is_shift = (op: ts.SyntaxKind): boolean => (ts.tokenToString(op) ?? "").replace("=", "").length > 1;

function refuse_unary(node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression, j: Judge): undefined {
	if (node.operator === K.TildeToken && j.types.is_wide(node.operand))
		j.say(node, "'~' takes 32 bits of a ulong; write -1 - x, or page_align_down() and its like for a mask");
	const counts = node.operator === K.PlusPlusToken || node.operator === K.MinusMinusToken;
	if (counts && field_named(node.operand, j)) refuse_twice(node.operand, j);
}

const is_narrow = (kind: Field["kind"]): boolean => kind === "i32" || kind === "u32" || kind === "u16" || kind === "u8";

const TYPES: Partial<Record<Field["kind"], string>> = { i32: "int" };
const too_wide = (kind: Field["kind"]): string =>
	`a ulong where 32 bits or fewer (${TYPES[kind] ?? kind}) are stored; make it a ulong, or write x as ` +
	"int where it is known to fit";

/** Builtins that store their second argument, or later ones. */
const STORES = /^(WRITE_ONCE|smp_store_release|rcu_assign_pointer|xchg|cmpxchg|fetch_add|fetch_or|fetch_and)$/;

/** A ulong on its way into fewer bits. */
function refuse_narrowing(node: ts.Expression, j: Judge): undefined {
	const { types, say } = j;
	const { parent } = node;
	let to: string | undefined;
	if (ts.isBinaryExpression(parent)) {
		if (parent.operatorToken.kind !== K.EqualsToken || parent.right !== node) return;
		const target = field_named(parent.left, j);
		to = target ? (is_narrow(target.kind) ? target.kind : undefined) : types.width(types.of(parent.left));
	} else if (ts.isCallExpression(parent) && parent.expression !== node) {
		const [first] = parent.arguments;
		if (STORES.test(parent.expression.getText()) && node !== first) {
			const kind = field_named(first, j)?.kind;
			to = kind && is_narrow(kind) ? kind : undefined;
		} else to = types.width(types.checker.getContextualType(node) ?? types.checker.getNeverType());
	} else if (
		(ts.isVariableDeclaration(parent) && parent.type) ||
		(ts.isParameter(parent) && parent.type) ||
		ts.isReturnStatement(parent) ||
		ts.isPropertyAssignment(parent) ||
		(ts.isArrowFunction(parent) && parent.body === node)
	)
		to = types.width(types.checker.getContextualType(node) ?? types.checker.getNeverType());
	if (!to || to === "ulong" || !types.is_wide(node)) return;
	say(node, too_wide(to as Field["kind"]));
}
