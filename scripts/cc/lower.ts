// SPDX-License-Identifier: GPL-2.0-only
/**
 * Lowers the language of include/linux/compiler.d.ts to JavaScript: struct
 * fields to typed-array accesses at constant offsets, builtins to the door's
 * functions, DEFINE to addresses. A transformer for the TypeScript emitter.
 *
 * What it would miscompile, refuse.ts has found before.
 */
import ts from "@typescript/typescript6";
import { load, place } from "./access.ts";
import { lower_assignment, lower_step } from "./assign.ts";
import { num } from "./code.ts";
import { lower_call } from "./intrinsics.ts";
import { note_call } from "./names.ts";
import { with_stack } from "./stack.ts";
import { type LowerOptions, Unit } from "./unit.ts";

const f = ts.factory;

/** The transformer for one configuration. Files that hold no kernel code come out as they are. */
export function lower(options: LowerOptions): ts.TransformerFactory<ts.SourceFile> {
	return (context) => (source) =>
		options.is_kernel(source.fileName) ? lower_file(source, options, context) : source;
}

function lower_file(source: ts.SourceFile, options: LowerOptions, context: ts.TransformationContext): ts.SourceFile {
	const visit = (node: ts.Node): ts.Node =>
		lower_declaration(u, node, visit) ??
		(ts.isExpression(node) ? lower_expression(u, node) : undefined) ??
		ts.visitEachChild(node, visit, context);
	const u = new Unit(source, options, context, (node) => visit(node) as ts.Expression);
	const done = ts.visitEachChild(source, visit, context);
	options.named?.(source.fileName, u.names);
	return import_door(u, done);
}

/** Variables of the module and functions, if the node is one. */
function lower_declaration(u: Unit, node: ts.Node, visit: (node: ts.Node) => ts.Node): ts.Node | undefined {
	if (ts.isVariableDeclaration(node) && node.initializer && ts.isSourceFile(node.parent.parent.parent)) {
		u.top_level = true;
		const initializer = u.visit(node.initializer);
		u.top_level = false;
		return f.updateVariableDeclaration(node, node.name, undefined, undefined, initializer);
	}
	if (u.top_level && ts.isFunctionLike(node)) {
		u.top_level = false;
		const done = visit(node);
		u.top_level = true;
		return done;
	}
	if (ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) || ts.isArrowFunction(node))
		return with_stack<ts.FunctionLikeDeclaration>(u, node, (n) => ts.visitEachChild(n, visit, u.context));
}

/** What an expression becomes; undefined: itself, with its parts lowered. */
function lower_expression(u: Unit, node: ts.Expression): ts.Expression | undefined {
	if (u.top_level && !is_member(node)) {
		const v = u.options.constants.value(node);
		if (typeof v === "number") return num(v);
		if (typeof v === "boolean") return v ? f.createTrue() : f.createFalse();
	}
	if (ts.isCallExpression(node)) {
		const lowered = lower_call(u, node);
		if (!lowered) note_call(u, node);
		return lowered;
	}
	if (ts.isBinaryExpression(node)) return lower_assignment(u, node);
	if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return lower_step(u, node);
	if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
		const p = place(u, node);
		if (p) return load(u, p);
		const v = u.options.constants.value(node);
		return typeof v === "number" && Number.isFinite(v) ? num(v) : undefined;
	}
	if (ts.isIdentifier(node)) return lower_name(u, node);
}

/** A constant's literal: takes no look at a context, nor whether it is initialised. */
function lower_name(u: Unit, node: ts.Identifier): ts.Expression | undefined {
	if (is_value(node)) {
		const v = u.options.constants.value(node);
		if (typeof v === "number" && Number.isFinite(v)) return num(v);
	}
	if (node.text === "NULL" && (node.parent as { name?: ts.Node }).name !== node) return num(0);
}

/** Does the name stand for a value to be read, not for a property, an import or
 *  what it declares? */
function is_value(node: ts.Identifier): boolean {
	const { parent } = node;
	if (!parent || ts.isTypeNode(parent) || is_member(node)) return false;
	return (
		(ts.isBinaryExpression(parent) ||
			ts.isPrefixUnaryExpression(parent) ||
			ts.isConditionalExpression(parent) ||
			ts.isParenthesizedExpression(parent) ||
			ts.isCallExpression(parent) ||
			ts.isElementAccessExpression(parent) ||
			ts.isReturnStatement(parent) ||
			ts.isPropertyAssignment(parent) ||
			ts.isVariableDeclaration(parent) ||
			ts.isCaseClause(parent)) &&
		(parent as { name?: ts.Node }).name !== node
	);
}

/** Is it the name behind a dot, or before a colon? */
function is_member(node: ts.Node): boolean {
	const { parent } = node;
	return (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node;
}

/** The file with an import of what it uses of the door and does not have by that name. */
function import_door(u: Unit, done: ts.SourceFile): ts.SourceFile {
	if (u.used.size === 0) return done;
	const declared = new Set(
		u.source.statements.flatMap((s) => {
			if (ts.isFunctionDeclaration(s) && s.name) return [s.name.text];
			const named = ts.isImportDeclaration(s) ? s.importClause?.namedBindings : undefined;
			return named && ts.isNamedImports(named) ? named.elements.map((e) => e.name.text) : [];
		}),
	);
	const wanted = [...u.used].filter((id) => !declared.has(id)).sort();
	if (wanted.length === 0) return f.updateSourceFile(done, done.statements);
	const names = wanted.map((id) => f.createImportSpecifier(false, undefined, f.createIdentifier(id)));
	const clause = f.createImportClause(undefined, undefined, f.createNamedImports(names));
	const imports = f.createImportDeclaration(undefined, clause, f.createStringLiteral(u.options.door));
	return f.updateSourceFile(done, [imports, ...done.statements]);
}
