// SPDX-License-Identifier: GPL-2.0-only
/**
 * What is done with pointers. At run time a struct is a number and has no
 * properties: all that JavaScript does with objects would be done to a number.
 */
import ts from "@typescript/typescript6";
import { bare, used_in } from "./code.ts";
import type { Judge } from "./refuse.ts";
import { is_quotient } from "./refuse_numbers.ts";
import { is_library } from "./types.ts";

const K = ts.SyntaxKind;

export function refuse_pointers(node: ts.Node, j: Judge): undefined {
	if (ts.isInterfaceDeclaration(node)) refuse_struct(node, j);
	else if (ts.isPropertyAccessExpression(node)) refuse_access(node, j);
	else if (ts.isElementAccessExpression(node)) refuse_element(node, j);
	else if (ts.isBinaryExpression(node)) refuse_binary(node, j);
	else if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
		if (node.operator !== K.ExclamationToken && is_pointer(node.operand, j))
			j.say(
				node,
				`'${ts.tokenToString(node.operator)}' of a pointer; write uptr(p) for its ` +
					"address, ptr_add(p, 1) for the next one",
			);
	} else if (ts.isTemplateSpan(node)) {
		if (is_pointer(node.expression, j))
			j.say(node.expression, "a pointer in a text; write uptr(p).toString(16)");
	} else if (ts.isTypeOfExpression(node) || ts.isDeleteExpression(node)) {
		const field = ts.isDeleteExpression(node) && is_field_access(node.expression, j);
		if (field || is_pointer(node.expression, j))
			j.say(
				node,
				ts.isTypeOfExpression(node)
					? "'typeof' of a pointer; its type is known where it is declared"
					: "'delete' of a field; store 0 or NULL",
			);
	} else if (ts.isForInStatement(node) || ts.isForOfStatement(node)) {
		if (is_pointer(node.expression, j))
			j.say(
				node.expression,
				"a loop over a struct; name its fields, or count through an array's elements",
			);
		if (!ts.isVariableDeclarationList(node.initializer) && is_field_access(node.initializer, j))
			j.say(node.initializer, "a field that counts a loop; use a local, and store it in the loop");
	} else if (ts.isSpreadElement(node) || ts.isSpreadAssignment(node)) {
		if (is_pointer(node.expression, j))
			j.say(node, "'...' of a struct; use struct_copy(), or name its fields");
	} else if (ts.isObjectBindingPattern(node) || ts.isArrayBindingPattern(node)) {
		if (is_pointer_type(j.types.checker.getTypeAtLocation(node), j))
			j.say(node, "a struct is taken apart; write const x = p.x");
	} else if (ts.isCaseClause(node)) {
		refuse_comparison(node, node.parent.parent.expression, node.expression, j);
	} else if (ts.isConditionalExpression(node)) refuse_branches(node, node.whenTrue, node.whenFalse, j);
	else if (ts.isCallExpression(node)) refuse_library(node, j);
}

const is_pointer_type = (type: ts.Type, j: Judge): boolean =>
	!(type.flags & ts.TypeFlags.Never) &&
	(j.types.has_struct(type) || j.types.is_like_struct(type) || j.types.is_array_field(type));

/** An address: a struct, a union with one in it, or an array in a struct. */
const is_pointer = (node: ts.Expression, j: Judge): boolean =>
	j.types.is_null(node) || is_pointer_type(j.types.of(node), j);

/** Does it name a field, or an element of one? */
function is_field_access(expression: ts.Expression, j: Judge): boolean {
	const node = bare(expression);
	if (ts.isElementAccessExpression(node)) return is_pointer(node.expression, j);
	if (!ts.isPropertyAccessExpression(node)) return false;
	const symbol = j.types.checker.getSymbolAtLocation(node.name);
	return symbol !== undefined && j.types.is_field(symbol);
}

/** A struct's declaration: laying it out says what is wrong. */
function refuse_struct(node: ts.InterfaceDeclaration, { types, say }: Judge): undefined {
	const symbol = types.checker.getSymbolAtLocation(node.name);
	if (!symbol) return;
	if (types.layouts.is_struct(node)) types.layouts.of(symbol);
	else if (symbol.declarations?.some((d) => ts.isInterfaceDeclaration(d) && types.layouts.is_struct(d)))
		say(node, `struct ${symbol.name} is declared more than once; put all fields into one declaration`);
}

function refuse_access(node: ts.PropertyAccessExpression, j: Judge): undefined {
	const { types, say } = j;
	const type = types.of(node.expression);
	const field = node.name.text;
	if (type.flags & ts.TypeFlags.Any && !(ts.isIdentifier(bare(node.expression)) && is_module(node.expression, j)))
		return say(
			node,
			`field '${field}' of a value without a type; declare what it is, or write cast<T>(x).${field}`,
		);
	if (types.is_null(node.expression))
		return say(node, `field '${field}' of NULL; write cast<T>(0) if that is meant`);
	if (types.is_array_field(type))
		return say(
			node,
			`'${field}' of an array in a struct; its length is the constant that it is declared ` +
				"with, and elements are arr[i]",
		);
	const struct = types.struct(type);
	if (node.questionDotToken && types.has_struct(type))
		return say(node, "a pointer has no '?.'; write p !== NULL && …");
	const symbol = types.checker.getSymbolAtLocation(node.name);
	if (struct) {
		if (symbol && !types.layouts.field(symbol))
			say(
				node,
				`struct ${struct.name} has no field '${field}'; a pointer has nothing but its fields`,
			);
	} else if (types.has_struct(type) || (symbol && types.is_field(symbol)) || types.is_like_struct(type))
		say(
			node,
			`field '${field}' of '${types.name(type)}', which is not one struct; declare it as a ` +
				`struct, or write cast<T>(p).${field}`,
		);
	else if (
		type.flags & ts.TypeFlags.TypeParameter &&
		!(type as ts.TypeParameter & { isThisType?: boolean }).isThisType
	)
		say(
			node,
			`field '${field}' of any '${types.name(type)}'; bind the type parameter to a struct, ` +
				"T extends S",
		);
}

const is_module = (node: ts.Expression, { types }: Judge): boolean =>
	((types.checker.getSymbolAtLocation(bare(node))?.flags ?? 0) & ts.SymbolFlags.Alias) !== 0;

function refuse_element(node: ts.ElementAccessExpression, j: Judge): undefined {
	const { types, constants, say } = j;
	const type = types.of(node.expression);
	if (types.is_array_field(type)) {
		if (!is_field_access(node.expression, j) || !ts.isPropertyAccessExpression(bare(node.expression)))
			return say(node, "an array in a struct is indexed where it is named; write p.array[i]");
		if (node.questionDotToken) return say(node, "a pointer has no '?.'; write p !== NULL && …");
		const index = types.of(node.argumentExpression);
		if (
			!types.checker.isTypeAssignableTo(index, types.checker.getNumberType()) ||
			index.flags & ts.TypeFlags.Any
		)
			return say(node, "an array in a struct is indexed with a number");
		const i = constants.value(node.argumentExpression);
		const length = types.checker.getPropertyOfType(type, "length");
		const n = length && types.checker.getTypeOfSymbol(length);
		const address = ts.isCallExpression(used_in(node)); /* &a[N] is the address behind it */
		if (
			typeof i === "number" &&
			n?.isNumberLiteral() &&
			(i < 0 || i >= n.value + (address ? 1 : 0) || !Number.isInteger(i))
		)
			return say(node, `element ${i} of an array of ${n.value}; the last one is ${n.value - 1}`);
		if (is_quotient(node.argumentExpression, j))
			return say(
				node,
				"a quotient as an index may lie between two elements; write Math.floor(a / b)",
			);
	} else if (is_pointer(node.expression, j))
		say(node, "a struct is not indexed; write p.field, or ptr_add(p, n).field for its neighbour");
	else if (j.strict && type.flags & ts.TypeFlags.Any)
		say(node, "an element of a value without a type; declare what it is");
}

const EQUALITY = new Set([
	K.EqualsEqualsToken,
	K.EqualsEqualsEqualsToken,
	K.ExclamationEqualsToken,
	K.ExclamationEqualsEqualsToken,
]);
const ARITHMETIC = new Set([
	K.PlusToken,
	K.MinusToken,
	K.AsteriskToken,
	K.SlashToken,
	K.PercentToken,
	K.AsteriskAsteriskToken,
	K.AmpersandToken,
	K.BarToken,
	K.CaretToken,
	K.LessThanLessThanToken,
	K.GreaterThanGreaterThanToken,
	K.GreaterThanGreaterThanGreaterThanToken,
]);
const RELATIONAL = new Set([K.LessThanToken, K.LessThanEqualsToken, K.GreaterThanToken, K.GreaterThanEqualsToken]);

function refuse_binary(node: ts.BinaryExpression, j: Judge): undefined {
	const { types, say } = j;
	const { left, right } = node;
	const op = node.operatorToken.kind;
	if (EQUALITY.has(op) || RELATIONAL.has(op)) refuse_comparison(node, left, right, j);
	else if (ARITHMETIC.has(op) || (op >= K.FirstCompoundAssignment && op <= K.LastCompoundAssignment)) {
		const side = [left, right].find((e) => is_pointer(e, j));
		const value =
			op === K.BarBarEqualsToken ||
			op === K.AmpersandAmpersandEqualsToken ||
			op === K.QuestionQuestionEqualsToken;
		if (side && !value)
			say(
				node,
				"arithmetic on a pointer; write ptr_add(p, n), ptr_diff(a, b), or uptr(p) for " +
					"its address",
			);
		else if (op === K.QuestionQuestionEqualsToken && side === left)
			say(node, "'??=' never assigns to a pointer; write if (p === NULL) p = …");
		else if (value && side) refuse_branches(node, left, right, j);
	} else if (op === K.InKeyword || op === K.InstanceOfKeyword) {
		if (is_pointer(left, j) || is_pointer(right, j))
			say(
				node,
				`'${ts.tokenToString(op)}' of a pointer; a struct's fields are known where it ` +
					"is declared",
			);
	} else if (op === K.QuestionQuestionToken) {
		if (is_pointer(left, j) || is_field_access(left, j))
			say(
				node,
				"'??' never takes its right side here; NULL and 0 are values: write a !== NULL ? a : b",
			);
	} else if (op === K.BarBarToken || op === K.AmpersandAmpersandToken) refuse_branches(node, left, right, j);
	else if (op === K.EqualsToken && (ts.isObjectLiteralExpression(left) || ts.isArrayLiteralExpression(left)))
		refuse_pattern(left, right, j);
	if (op >= K.FirstAssignment && op <= K.LastAssignment && types.is_array_field(types.of(left)))
		say(node, "an array in a struct is not assigned as a whole; assign its elements");
	else if (op === K.EqualsToken && is_embedded(left, j))
		say(node, "an embedded struct is not assigned; write struct_copy(to, from)");
}

/** Is it the name of a struct inside another one? */
function is_embedded(expression: ts.Expression, j: Judge): boolean {
	const { checker, layouts } = j.types;
	const node = bare(expression);
	const array = ts.isElementAccessExpression(node) ? bare(node.expression) : undefined;
	const access = array ?? node;
	if (!ts.isPropertyAccessExpression(access)) return false;
	const symbol = checker.getSymbolAtLocation(access.name);
	const field = symbol && layouts.field(symbol)?.field;
	return (array ? field?.element?.kind : field?.kind) === "embed";
}

/** `[a, p.f] = …`: a pattern may hold no field, and take no struct apart. */
function refuse_pattern(pattern: ts.Expression, from: ts.Expression, j: Judge): undefined {
	if (is_pointer(from, j)) return j.say(pattern, "a struct is taken apart; write x = p.x");
	const visit = (n: ts.Node): void => {
		if (ts.isExpression(n) && is_field_access(n, j))
			j.say(n, "a field in a pattern that is assigned to; assign it by itself");
		else if (ts.isObjectLiteralExpression(n) && n !== pattern && is_pointer(n, j))
			j.say(n, "a struct is taken apart; write x = p.x");
		ts.forEachChild(n, visit);
	};
	visit(pattern);
}

/** Pointers compare with pointers to the same, and with NULL. */
function refuse_comparison(node: ts.Node, left: ts.Expression, right: ts.Expression, j: Judge): undefined {
	const { types, say } = j;
	for (const [p, other] of [
		[left, right],
		[right, left],
	] as const) {
		if (types.is_null(p)) {
			const type = types.of(other);
			if (type.flags & ts.TypeFlags.NumberLike || types.width(type))
				return say(node, "a number is compared with NULL; write 0");
			continue;
		}
		if (!is_pointer(p, j) || types.is_null(other)) continue;
		const [a, b] = [types.of(p), types.of(other)];
		if (b.flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined) || other.kind === K.NullKeyword)
			return say(node, "a pointer is never null or undefined; compare it with NULL");
		const [s, t] = [types.struct(a), types.struct(b)];
		if (s !== t && s?.name !== "struct" && t?.name !== "struct")
			return say(
				node,
				`'${types.name(a)}' is compared with '${types.name(b)}'; write uptr(p) for an ` +
					"address, or cast<T>(p)",
			);
	}
}

/** What comes out of both branches must be one thing. */
function refuse_branches(node: ts.Expression, a: ts.Expression, b: ts.Expression, { types, say }: Judge): undefined {
	if (types.is_null(a) || types.is_null(b)) return;
	const [x, y] = [types.of(a), types.of(b)];
	const [s, t] = [types.struct(x), types.struct(y)];
	if (s && t && s !== t && s.name !== "struct" && t.name !== "struct")
		say(node, `either '${s.name}' or '${t.name}'; cast<T>() one of them, or use two variables`);
}

const LOOKS = /^(Object|Reflect|JSON|String|Number|Boolean|structuredClone|console|Math|parseInt|parseFloat|isNaN)$/;

/** JavaScript's own functions would look for properties. */
function refuse_library(node: ts.CallExpression, j: Judge): undefined {
	const { types, say } = j;
	const callee = bare(node.expression);
	const symbol = types.checker.getSymbolAtLocation(callee);
	if (!is_library(symbol)) return;
	const root = ts.isPropertyAccessExpression(callee) ? callee.expression.getText() : callee.getText();
	if (!LOOKS.test(root)) return;
	for (const a of node.arguments)
		if (is_pointer(a, j))
			say(a, `${callee.getText()}() of a pointer; write uptr(p) for its address, or name its fields`);
}
