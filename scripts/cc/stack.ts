// SPDX-License-Identifier: GPL-2.0-only
/** STACK<T>(): structs on the kernel stack, given back at every return. */
import ts from "@typescript/typescript6";
import { LayoutError } from "./layout.ts";
import type { Unit } from "./unit.ts";

const f = ts.factory;

/** Lowers a function with `lower`; if it has structs on the stack, it takes
 *  them back wherever it returns. */
export function with_stack<T extends ts.FunctionLikeDeclaration>(
	u: Unit,
	node: T,
	lower: (node: T) => T,
): T | ts.FunctionDeclaration {
	const outer = u.stack_used;
	u.stack_used = false;
	const done = lower(node);
	const needed = u.stack_used;
	u.stack_used = outer;
	if (!needed) return done;
	if (!done.body || !ts.isBlock(done.body) || !ts.isFunctionDeclaration(done))
		throw new LayoutError(
			node,
			"STACK is for function declarations; give the closure a name of its own at top level",
		);
	const sp = f.createIdentifier("__sp");
	const restore = (e?: ts.Expression) => u.call("stack_restore", sp, ...(e ? [e] : []));
	const ret = (n: ts.Node): ts.Node => {
		if (ts.isFunctionLike(n)) return n;
		if (ts.isReturnStatement(n)) return f.updateReturnStatement(n, restore(n.expression));
		return ts.visitEachChild(n, ret, u.context);
	};
	const save = f.createVariableStatement(
		undefined,
		f.createVariableDeclarationList(
			[f.createVariableDeclaration(sp, undefined, undefined, u.call("stack_save"))],
			ts.NodeFlags.Const,
		),
	);
	const body = f.updateBlock(done.body, [
		save,
		...done.body.statements.map((s) => ret(s) as ts.Statement),
		f.createExpressionStatement(restore()),
	]);
	const { modifiers, asteriskToken, name, typeParameters, parameters, type } = done;
	return f.updateFunctionDeclaration(
		done,
		modifiers,
		asteriskToken,
		name,
		typeParameters,
		parameters,
		type,
		body,
	);
}
