// SPDX-License-Identifier: GPL-2.0-only
/**
 * Kernel code keeps its state in structs: of what a JavaScript variable holds,
 * each CPU would have one of its own, and nobody would see it change. Nor does
 * it use what has no counterpart in C and is dear at run time.
 */
import ts from "@typescript/typescript6";
import { bare } from "./code.ts";
import { field_named } from "./refuse_numbers.ts";
import type { Judge } from "./refuse.ts";

const K = ts.SyntaxKind;

export function refuse_state(node: ts.Node, j: Judge): undefined {
	refuse_rodata(node, j);
	if (!j.strict) return;
	if (ts.isSourceFile(node)) for (const s of node.statements) refuse_statement(s, j);
	else if (ts.isBinaryExpression(node)) {
		if (node.operatorToken.kind >= K.FirstAssignment && node.operatorToken.kind <= K.LastAssignment)
			refuse_write(node.left, j);
	} else if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
		if (node.operator === K.PlusPlusToken || node.operator === K.MinusMinusToken)
			refuse_write(node.operand, j);
	} else if (ts.isDeleteExpression(node)) refuse_write(node.expression, j);
	else if (ts.isCallExpression(node)) refuse_method(node, j);
	else if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) refuse_closure(node, j);
	else if (ts.isIdentifier(node)) refuse_global(node, j);
	const word = FORBIDDEN.get(node.kind);
	if (word) j.say(node, word);
	if (
		ts.isFunctionLike(node) &&
		(ts.getCombinedModifierFlags(node as ts.Declaration) & ts.ModifierFlags.Async ||
			(node as ts.FunctionDeclaration).asteriskToken)
	)
		j.say(
			node,
			"a function that is left and entered again; sleep in schedule(), or call back from a " +
				"timer or an interrupt",
		);
}

const FORBIDDEN = new Map<ts.SyntaxKind, string>([
	[K.ClassDeclaration, "a class in kernel code; write a struct and functions"],
	[K.ClassExpression, "a class in kernel code; write a struct and functions"],
	[K.TryStatement, "an exception in kernel code; return a negative errno"],
	[K.ThrowStatement, "an exception in kernel code; return a negative errno, or BUG()"],
	[K.EnumDeclaration, "an enum in kernel code; write constants, const X = 0"],
	[K.ModuleDeclaration, "a namespace in kernel code; a file is one"],
	[K.AwaitExpression, "'await' in kernel code; sleep in schedule()"],
	[K.YieldExpression, "'yield' in kernel code; call back for each item"],
	[K.DeleteExpression, "'delete' in kernel code; objects keep their shape: store undefined"],
	[K.ThisKeyword, "'this' in kernel code; give the function a parameter"],
	[K.DebuggerStatement, "'debugger' in kernel code; use pr_info()"],
	[K.WithStatement, "'with' in kernel code; name what is meant"],
]);

/** The kernel has neither a clock nor chance nor threads but those of its machine. */
const GLOBALS = new RegExp(
	`^(${[
		"Date|performance|crypto|fetch|setTimeout|setInterval|setImmediate|queueMicrotask|Promise",
		"Atomics|SharedArrayBuffer|ArrayBuffer|DataView|Buffer",
		"(Int|Uint|Float|BigInt|BigUint)\\d+(Clamped)?Array",
		"Proxy|Reflect|WeakMap|WeakSet|WeakRef|Symbol|Function|eval|globalThis|process|require|arguments",
	].join("|")})$`,
);

function refuse_global(node: ts.Identifier, { types, say }: Judge): undefined {
	const { parent, text } = node;
	if (ts.isPropertyAccessExpression(parent) && parent.name === node) {
		if (text === "random" && parent.expression.getText() === "Math")
			say(node, "Math.random in kernel code; use get_random_int() of the machine");
		return;
	}
	if (
		!GLOBALS.test(text) ||
		(parent as ts.NamedDeclaration).name === node ||
		ts.isTypeNode(parent) ||
		ts.isPropertyAssignment(parent)
	)
		return;
	const symbol = types.checker.getSymbolAtLocation(node);
	const decl = symbol?.declarations?.[0];
	if (!decl || decl.getSourceFile().isDeclarationFile)
		say(node, `'${text}' in kernel code; use what the machine gives (host/…) and structs`);
}

/** What stands at a module's top level. */
function refuse_statement(s: ts.Statement, j: Judge): undefined {
	if (ts.isVariableStatement(s)) {
		const constant = (s.declarationList.flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.Const;
		for (const d of s.declarationList.declarations) {
			if (!constant) j.say(d, "a variable of a module; put it into a struct, const x = DEFINE<T>()");
			else if (!ts.isIdentifier(d.name))
				j.say(d, "a pattern at a module's top level; write one const for each name");
			else if (d.initializer && !is_constant(d.initializer, j))
				j.say(
					d,
					"state at a module's top level; put it into a struct, const x = " +
						"DEFINE<T>(), or compute it in a boot function",
				);
		}
	} else if (
		!(
			ts.isImportDeclaration(s) ||
			ts.isExportDeclaration(s) ||
			ts.isFunctionDeclaration(s) ||
			ts.isInterfaceDeclaration(s) ||
			ts.isTypeAliasDeclaration(s) ||
			ts.isClassDeclaration(s) ||
			ts.isEnumDeclaration(s) ||
			ts.isModuleDeclaration(s) ||
			ts.isEmptyStatement(s)
		)
	)
		j.say(s, "something is done when the module is loaded; do it in a boot function");
}

/** Numbers, texts, functions, and tables of them, which nobody writes to. */
function is_constant(expression: ts.Expression, j: Judge): boolean {
	const e = bare(expression);
	if (
		ts.isNumericLiteral(e) ||
		ts.isStringLiteralLike(e) ||
		e.kind === K.TrueKeyword ||
		e.kind === K.FalseKeyword
	)
		return true;
	if (ts.isIdentifier(e) || ts.isArrowFunction(e) || ts.isFunctionExpression(e)) return true;
	if (ts.isPropertyAccessExpression(e)) return is_constant(e.expression, j);
	if (ts.isPrefixUnaryExpression(e)) return is_constant(e.operand, j);
	if (ts.isBinaryExpression(e)) {
		const op = e.operatorToken.kind;
		return (
			!(op >= K.FirstAssignment && op <= K.LastAssignment) &&
			is_constant(e.left, j) &&
			is_constant(e.right, j)
		);
	}
	if (ts.isConditionalExpression(e))
		return [e.condition, e.whenTrue, e.whenFalse].every((x) => is_constant(x, j));
	if (ts.isTemplateExpression(e)) return e.templateSpans.every((s) => is_constant(s.expression, j));
	if (ts.isArrayLiteralExpression(e))
		return (
			e.elements.length > 0 &&
			e.elements.every((x) => is_constant(ts.isSpreadElement(x) ? x.expression : x, j))
		);
	if (ts.isObjectLiteralExpression(e))
		return (
			e.properties.length > 0 &&
			e.properties.every(
				(p) =>
					ts.isShorthandPropertyAssignment(p) ||
					(ts.isPropertyAssignment(p) && is_constant(p.initializer, j)),
			)
		);
	if (!ts.isCallExpression(e) || !ts.isIdentifier(e.expression)) return false;
	const id = e.expression.text;
	if (id === "RODATA")
		return e.arguments.every(
			(a) => is_constant(a, j) || (ts.isObjectLiteralExpression(a) && a.properties.length === 0),
		);
	return (
		id === "DEFINE" ||
		id === "DEFINE_PER_CPU" ||
		id === "sizeof" ||
		id === "offsetof" ||
		id === "IS_ENABLED"
	);
}

/** The constant of a module, or its function, that `x.a[i].b` begins with. */
function root_of_module(expression: ts.Expression, { types }: Judge): ts.Identifier | undefined {
	let e = bare(expression);
	while (ts.isPropertyAccessExpression(e) || ts.isElementAccessExpression(e)) e = bare(e.expression);
	if (!ts.isIdentifier(e)) return;
	let symbol = types.checker.getSymbolAtLocation(e);
	if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = types.checker.getAliasedSymbol(symbol);
	const decl = symbol?.declarations?.[0];
	if (!decl) return;
	if (ts.isFunctionDeclaration(decl)) return e;
	const top = ts.isVariableDeclaration(decl) && ts.isSourceFile(decl.parent.parent.parent);
	return top ? e : undefined;
}

/** Does a path lead through a pointer? Then it ends in RAM, or in what RAM points to. */
function through_pointer(expression: ts.Expression, j: Judge): boolean {
	let e = bare(expression);
	while (ts.isPropertyAccessExpression(e) || ts.isElementAccessExpression(e)) {
		e = bare(e.expression);
		if (j.types.has_struct(j.types.of(e))) return true;
	}
	return false;
}

function refuse_write(target: ts.Expression, j: Judge): undefined {
	const t = bare(target);
	if (!ts.isPropertyAccessExpression(t) && !ts.isElementAccessExpression(t)) return;
	const root = root_of_module(t, j);
	if (root && !through_pointer(t, j))
		j.say(t, `'${root.text}' is a constant of a module; state is in a struct, const x = DEFINE<T>()`);
}

const READS = new Set(
	(
		"at concat entries every filter find findIndex findLast flatMap forEach get has includes " +
		"indexOf join keys " +
		"lastIndexOf map reduce slice some toString values"
	).split(" "),
);

/** `table.push(x)`: a method that changes a constant of a module. */
function refuse_method(node: ts.CallExpression, j: Judge): undefined {
	const callee = bare(node.expression);
	if (!ts.isPropertyAccessExpression(callee) || READS.has(callee.name.text)) return;
	const object = j.types.of(callee.expression);
	const library = object.getSymbol()?.name;
	if (!/^(Array|Map|Set|WeakMap|WeakSet)$/.test(library ?? "")) return;
	const root = root_of_module(callee.expression, j);
	if (root && !through_pointer(callee, j))
		j.say(node, `'${root.text}' is a constant of a module; state is in a struct, const x = DEFINE<T>()`);
}

/** A closure ends with the call that it is made for: what outlives it is state. */
function refuse_closure(node: ts.ArrowFunction | ts.FunctionExpression, j: Judge): undefined {
	let place: ts.Node = node;
	while (
		ts.isParenthesizedExpression(place.parent) ||
		ts.isAsExpression(place.parent) ||
		ts.isConditionalExpression(place.parent)
	)
		place = place.parent;
	const { parent } = place;
	const returned = ts.isReturnStatement(parent) || (ts.isArrowFunction(parent) && parent.body === place);
	const stored =
		ts.isBinaryExpression(parent) &&
		parent.right === place &&
		parent.operatorToken.kind === K.EqualsToken &&
		!ts.isIdentifier(bare(parent.left));
	if (returned || stored)
		j.say(node, "a closure that outlives the call; write a function at top level and give it a struct");
}

/** Is it rodata<>, or a name for one? */
function is_rodata(type: ts.TypeNode | undefined, j: Judge): boolean {
	if (!type || !ts.isTypeReferenceNode(type)) return false;
	if (type.typeName.getText() === "rodata") return true;
	let symbol = j.types.checker.getSymbolAtLocation(type.typeName);
	if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = j.types.checker.getAliasedSymbol(symbol);
	const decl = symbol?.declarations?.[0];
	return decl !== undefined && ts.isTypeAliasDeclaration(decl) && is_rodata(decl.type, j);
}
/** Arguments of a call whose parameters are rodata<>. */
function rodata_arguments(call: ts.CallExpression, j: Judge): ts.Expression[] {
	/* Few arguments are functions, and to ask for a signature is dear. */
	const may = call.arguments.some((a) => ts.isFunctionLike(bare(a)) || ts.isIdentifier(bare(a)));
	const parameters = may ? j.types.checker.getResolvedSignature(call)?.declaration?.parameters : undefined;
	return call.arguments.filter((_, i) => {
		const p = parameters?.[i];
		return p !== undefined && ts.isParameter(p) && is_rodata(p.type, j);
	});
}
/** A rodata<> field or parameter holds addresses: only what RODATA() made has one. */
function refuse_rodata(node: ts.Node, j: Judge): undefined {
	let value: ts.Expression | undefined;

	if (ts.isCallExpression(node)) for (const a of rodata_arguments(node, j)) refuse_without_address(bare(a), j);
	if (
		ts.isBinaryExpression(node) &&
		node.operatorToken.kind === K.EqualsToken &&
		field_named(node.left, j)?.kind === "rodata"
	)
		value = node.right;
	else if (
		ts.isCallExpression(node) &&
		/^(WRITE_ONCE|smp_store_release|rcu_assign_pointer|xchg|cmpxchg)$/.test(node.expression.getText())
	) {
		if (node.arguments[0] && field_named(node.arguments[0], j)?.kind === "rodata")
			value = node.arguments.at(-1);
	}
	if (value) refuse_without_address(bare(value), j);
}
function refuse_without_address(e: ts.Expression, j: Judge): undefined {
	const text = "has no address; write const x = RODATA(…) at top level and store x";
	if (ts.isFunctionLike(e) || ts.isObjectLiteralExpression(e)) return j.say(e, `this ${text}`);
	if (!ts.isIdentifier(e) || j.types.is_null(e)) return;
	let symbol = j.types.checker.getSymbolAtLocation(e);
	if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = j.types.checker.getAliasedSymbol(symbol);
	const decl = symbol?.valueDeclaration;
	const made = decl && ts.isVariableDeclaration(decl) && decl.initializer ? bare(decl.initializer) : undefined;
	const literal = made && (ts.isFunctionLike(made) || ts.isObjectLiteralExpression(made));
	if (decl && (ts.isFunctionDeclaration(decl) || literal)) j.say(e, `'${e.text}' ${text}`);
}
