// SPDX-License-Identifier: GPL-2.0-only
/** One struct taken for another one, or for something that is no struct. */
import ts from "@typescript/typescript6";
import { bare } from "./code.ts";
import { declared_by_us } from "./layout.ts";
import type { Judge } from "./refuse.ts";
import { PRIMITIVE } from "./types.ts";

export function refuse_types(node: ts.Node, j: Judge): undefined {
	if (ts.isTypeNode(node)) refuse_type(node, j);
	else if (ts.isAsExpression(node) || ts.isTypeAssertionExpression(node)) refuse_assertion(node, j);
	else if (ts.isSatisfiesExpression(node))
		refuse_flow(node.expression, j.types.checker.getTypeFromTypeNode(node.type), j);
	else if (ts.isCallExpression(node)) refuse_arguments(node, j);
	if (ts.isClassLike(node)) refuse_class(node, j);
	if (ts.isExpression(node) && is_given(node)) refuse_flow(node, j.types.checker.getContextualType(node), j);
}

/** Is the expression's value given to something that has a type of its own? */
function is_given(node: ts.Expression): boolean {
	const { parent } = node;
	if (ts.isBinaryExpression(parent))
		return parent.right === node && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken;
	if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return parent.expression !== node;
	if (ts.isArrowFunction(parent)) return parent.body === node;
	if (
		ts.isVariableDeclaration(parent) ||
		ts.isParameter(parent) ||
		ts.isPropertyAssignment(parent) ||
		ts.isBindingElement(parent)
	)
		return parent.initializer === node;
	return (
		ts.isReturnStatement(parent) ||
		ts.isArrayLiteralExpression(parent) ||
		ts.isConditionalExpression(parent) ||
		ts.isParenthesizedExpression(parent) ||
		ts.isSpreadElement(parent)
	);
}

/** A value on its way to where a type is wanted. */
function refuse_flow(node: ts.Expression, to: ts.Type | undefined, { types, say }: Judge): undefined {
	if (!to) return;
	if (ts.isConditionalExpression(node) || ts.isParenthesizedExpression(node)) return; /* its parts are asked */
	if (types.is_null(node)) {
		const goal = types.checker.getNonNullableType(to);
		if (goal.flags & PRIMITIVE || types.width(goal))
			say(node, `NULL where a '${types.name(to)}' is wanted; NULL is a pointer: write 0`);
		return;
	}
	const from = types.of(node);
	if (from.flags & ts.TypeFlags.Any) {
		const goal = types.struct(to);
		/* What a function returns for any pointer, ERR_PTR(), is that function's business. */
		if (
			goal &&
			!declared_by_us(goal, "struct") &&
			(ts.isAsExpression(node) || ts.isTypeAssertionExpression(node))
		)
			say(node, `a value without a type where '${goal.name}' is wanted; write cast<${goal.name}>(x)`);
		return;
	}
	if (types.same_structs(from, to)) return;
	const [a, b] = [types.struct(from), types.struct(to)];
	const as = b
		? `cast<${b.name}>(p)`
		: a
			? "uptr(p), or declare the other as a struct"
			: "functions and objects of the same structs";
	say(node, `'${types.name(from)}' where '${types.name(to)}' is wanted; write ${as}`);
}

/** Arguments, against what the type parameters of a function are bound to. */
function refuse_arguments(node: ts.CallExpression, j: Judge): undefined {
	const { types, say } = j;
	const { checker } = types;
	const decl = checker.getResolvedSignature(node)?.getDeclaration();
	if (!decl?.typeParameters) return;
	const bound = (t: ts.TypeNode | undefined): ts.Symbol | undefined => {
		const type = t && checker.getTypeFromTypeNode(t);
		const s = type && type.flags & ts.TypeFlags.TypeParameter ? types.struct(type) : undefined;
		return s && !declared_by_us(s, "struct") ? s : undefined;
	};
	decl.parameters.forEach((p, i) => {
		const want = bound(p.type);
		const a = node.arguments[i];
		const have = a && types.struct(types.of(a));
		if (want && have && want !== have)
			say(
				a,
				`'${have.name}' where a type that is '${want.name}' is wanted; write ` +
					`cast<${want.name}>(p)`,
			);
	});
	decl.typeParameters.forEach((p, i) => {
		const want = p.constraint && types.struct(checker.getTypeFromTypeNode(p.constraint));
		const t = node.typeArguments?.[i];
		const have = t && types.struct(checker.getTypeFromTypeNode(t));
		if (want && !declared_by_us(want, "struct") && have && want !== have)
			say(t, `'${have.name}' where a type that is '${want.name}' is wanted; name ${want.name}`);
	});
}

/** Types that are made of structs and are none. */
function refuse_type(node: ts.TypeNode, { types, say }: Judge): undefined {
	if (ts.isExpressionWithTypeArguments(node)) return;
	const type = types.checker.getTypeFromTypeNode(node);
	if (ts.isUnionTypeNode(node)) {
		const structs = node.types.filter((t) => types.has_struct(types.checker.getTypeFromTypeNode(t)));
		if (structs.length === 0) return;
		const base =
			structs.length === 1 &&
			types.struct(types.checker.getTypeFromTypeNode(structs[0]))?.name === "struct";
		if (!base)
			say(
				node,
				`'${node.getText()}' is not one struct; a pointer may be NULL as it is: write ` +
					"one struct's name, or 'struct' and cast<T>()",
			);
	} else if (types.is_like_struct(type) && !ts.isTypeReferenceNode(node.parent))
		say(node, `'${node.getText()}' has a struct's fields and is no struct; write the struct's name`);
	else if (ts.isTypeReferenceNode(node) && types.is_like_struct(type))
		say(node, `'${node.getText()}' has a struct's fields and is no struct; write the struct's name`);
}

function refuse_class(node: ts.ClassLikeDeclaration, { types, say }: Judge): undefined {
	for (const clause of node.heritageClauses ?? [])
		for (const base of clause.types)
			if (types.has_struct(types.checker.getTypeAtLocation(base)))
				say(
					base,
					"a class is no struct; memory for one comes from DEFINE, STACK or a kmem_cache",
				);
}

/** `x as T`: a pointer is made of another one, or of a number, by cast<T>() only. */
function refuse_assertion(node: ts.AsExpression | ts.TypeAssertion, { types, strict, say }: Judge): undefined {
	if (ts.isConstTypeReference(node.type)) return;
	const from = types.of(node.expression);
	const to = types.checker.getTypeFromTypeNode(node.type);
	const [a, b] = [types.struct(from), types.struct(to)];
	if (types.is_array_field(from) && !types.is_array_field(to))
		return say(node, "an array in a struct is an address; write ADDR(p.array) for it");
	if (
		types.is_null(node.expression)
			? types.has_struct(to)
			: a === b && types.has_struct(from) === types.has_struct(to)
	) {
		const object = from.flags & ts.TypeFlags.Object && to.flags & ts.TypeFlags.Any;
		if (object && strict && !ts.isIdentifier(bare(node.expression)))
			say(node, `an object as '${types.name(to)}'; give it a type of its own`);
		return;
	}
	/* What may be either is told apart by who uses it. */
	if (types.has_struct(from) && !a) return;
	if (b) say(node, `'${types.name(from)}' as a pointer to '${b.name}'; write cast<${b.name}>(x)`);
	else if (types.has_struct(from))
		say(node, `a pointer as '${types.name(to)}'; write uptr(p) for its address, or cast<T>(p)`);
	else say(node, `'${types.name(from)}' as '${types.name(to)}'; write cast<T>(x) where it is known what it is`);
}
