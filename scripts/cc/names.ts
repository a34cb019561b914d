// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the source calls each access. The stepper sees calls of the door; the
 * source map leads from one back to a line and a column, and here is written
 * down what is accessed there: the access as it is written, and of a call the
 * argument that it is about (`spin_lock(mm.page_table_lock)`).
 *
 * So that two accesses of one expression are told apart, the source map is led
 * to the last name of each: of `vma.vm_mm.map_count` to `vm_mm` and `map_count`.
 */
import ts from "@typescript/typescript6";
import { bare } from "./code.ts";
import type { Unit } from "./unit.ts";

/** An access lowered to a call; `node` is the access as it is written. */
export function name_access(u: Unit, lowered: ts.CallExpression, node: ts.Expression): ts.CallExpression {
	if (!u.options.stepper) return lowered;
	const access = bare(node);
	const array = ts.isElementAccessExpression(access) ? bare(access.expression) : access;
	return at(u, lowered, ts.isPropertyAccessExpression(array) ? array.name : access, text_of(access));
}

/** A builtin that works on a whole struct, lowered to a call. */
export function name_call(
	u: Unit,
	lowered: ts.CallExpression,
	node: ts.CallExpression,
	about: ts.Expression,
): ts.CallExpression {
	return u.options.stepper ? at(u, lowered, node.expression, text_of(about)) : lowered;
}

/** A call that stays one: named by the first pointer that it gets, else by its first argument that is no literal. */
export function note_call(u: Unit, node: ts.CallExpression): void {
	if (!u.options.stepper || !ts.isIdentifier(node.expression)) return;
	const { layouts } = u.options;
	const named = node.arguments.filter((a) => /^[A-Za-z_]/.test(text_of(a)) && !ts.isFunctionLike(a));
	const about = named.find((a) => layouts.of_type(u.checker.getTypeAtLocation(a))) ?? named[0];
	if (about) note(u, node.expression, text_of(about));
}

function at(u: Unit, lowered: ts.CallExpression, token: ts.Node, text: string): ts.CallExpression {
	note(u, token, text);
	return ts.setSourceMapRange(lowered, { pos: token.getStart(), end: token.end });
}

function note(u: Unit, token: ts.Node, text: string): void {
	const { line, character } = u.source.getLineAndCharacterOfPosition(token.getStart());
	u.names[`${line + 1}:${character + 1}`] = text;
}

/** An expression on one line, without what says nothing at run time. */
export function text_of(expression: ts.Expression): string {
	const node = bare(expression);
	if (ts.isPropertyAccessExpression(node)) return `${text_of(node.expression)}.${node.name.text}`;
	if (ts.isElementAccessExpression(node)) {
		const i = text_of(node.argumentExpression);
		/* What is computed says little, and is long. */
		return `${text_of(node.expression)}[${/^[\w.]+$/.test(i) ? i : "…"}]`;
	}
	if (ts.isCallExpression(node)) return `${text_of(node.expression)}(${node.arguments.map(text_of).join(", ")})`;
	if (ts.isBinaryExpression(node))
		return `${text_of(node.left)} ${node.operatorToken.getText()} ${text_of(node.right)}`;
	return node.getText().replaceAll(/\s+/g, " ");
}
