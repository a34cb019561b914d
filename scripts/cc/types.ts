// SPDX-License-Identifier: GPL-2.0-only
/**
 * Questions about types that TypeScript does not answer. To it a struct is the
 * shape of its fields, so one with more fields passes for one with fewer; in
 * RAM it does not. And `a + b` of two ulongs is a number like any other.
 */
import ts from "@typescript/typescript6";
import { bare } from "./code.ts";
import { declared_by_us, interface_of, type Layouts } from "./layout.ts";

const K = ts.SyntaxKind;
const F = ts.TypeFlags;

/** Types of what is no object. */
export const PRIMITIVE =
	F.Null | F.Undefined | F.Void | F.StringLike | F.NumberLike | F.BigIntLike | F.BooleanLike | F.ESSymbolLike;

export class Types {
	readonly checker: ts.TypeChecker;
	#same = new Map<string, boolean>();
	#wide = new Map<ts.Node, boolean>();

	constructor(readonly layouts: Layouts) {
		this.checker = layouts.checker;
	}

	of(node: ts.Expression): ts.Type {
		return this.checker.getTypeAtLocation(node);
	}

	/** The struct that a pointer of this type points to; of T extends S, S. */
	struct(type: ts.Type): ts.Symbol | undefined {
		const whole = this.bound(type);
		const symbol = whole.isUnionOrIntersection() ? undefined : whole.getSymbol();
		const decl = symbol && interface_of(symbol);
		return decl && (this.layouts.is_struct(decl) || declared_by_us(symbol, "struct")) ? symbol : undefined;
	}

	/** Is it a pointer, or might it be one: is one of what it may be a struct? */
	has_struct(type: ts.Type, within = new Set<ts.Type>()): boolean {
		/* A type parameter may be bound by something that it is part of. */
		if (within.has(type)) return false;
		within.add(type);
		const whole = this.bound(type);
		if (!whole.isUnionOrIntersection()) return this.struct(whole) !== undefined;
		return whole.types.some((t) => this.has_struct(t, within));
	}

	/** Does it have fields of a struct and is none, as Pick<S, "f"> does? */
	is_like_struct(type: ts.Type): boolean {
		const whole = this.bound(type);
		if (!(whole.flags & (F.Object | F.Intersection)) || this.struct(whole)) return false;
		return whole.getProperties().some((p) => this.is_field(p));
	}

	/** Is the property declared as a field of a struct? */
	is_field(symbol: ts.Symbol): boolean {
		return (
			symbol.declarations?.some(
				(d) => ts.isInterfaceDeclaration(d.parent) && this.layouts.is_struct(d.parent),
			) ?? false
		);
	}

	/** A field of type array<T, N>, which is an address. */
	is_array_field(type: ts.Type): boolean {
		return type.aliasSymbol !== undefined && declared_by_us(type.aliasSymbol, "array");
	}

	is_null(node: ts.Expression): boolean {
		const e = bare(node);
		return ts.isIdentifier(e) && e.text === "NULL";
	}

	name(type: ts.Type): string {
		return this.checker.typeToString(type);
	}

	private bound(type: ts.Type): ts.Type {
		const whole = this.checker.getNonNullableType(type);
		const limit = whole.flags & F.TypeParameter ? this.checker.getBaseConstraintOfType(whole) : undefined;
		return limit ?? whole;
	}

	/**
	 * May a value of one type stand where the other is wanted? Only asked where
	 * TypeScript says yes; we say no where a struct would become another one, or
	 * something that is no struct, however deep inside.
	 */
	same_structs(from: ts.Type, to: ts.Type): boolean {
		if (from === to) return true;
		if (from.flags & (PRIMITIVE | F.Any | F.Never)) return true;
		if (to.flags & (PRIMITIVE | F.Any | F.Unknown | F.Never)) return true;
		const key = `${(from as { id?: number }).id} ${(to as { id?: number }).id}`;
		const known = this.#same.get(key);
		if (known !== undefined) return known;
		this.#same.set(key, true); /* a type that contains itself */
		const same = this.compare(from, to);
		this.#same.set(key, same);
		return same;
	}

	private compare(from: ts.Type, to: ts.Type): boolean {
		if (from.isUnion()) return from.types.every((t) => this.same_structs(t, to));
		const goal = this.checker.getNonNullableType(to);
		if (goal.isUnion()) {
			const fit = goal.types.filter((t) => this.checker.isTypeAssignableTo(from, t));
			return fit.length === 0 || fit.some((t) => this.same_structs(from, t));
		}
		if (this.is_array_field(from) !== this.is_array_field(goal)) return false;
		const [a, b] = [this.struct(from), this.struct(goal)];
		if (b && declared_by_us(b, "struct")) return true;
		if (a || b) return a === b;
		if (!(from.flags & F.Object) || !(goal.flags & F.Object)) return true;
		const { checker } = this;
		const [x, y] = [
			checker.getTypeArguments(from as ts.TypeReference),
			checker.getTypeArguments(goal as ts.TypeReference),
		];
		if (from.symbol === goal.symbol && x.length > 0 && x.length === y.length)
			return x.every((t, i) => this.same_structs(t, y[i]));
		if (is_library_class(goal.symbol) || is_library_class(from.symbol)) return true;
		for (const p of goal.getProperties()) {
			const q = from.getProperty(p.name);
			if (q && !this.same_structs(checker.getTypeOfSymbol(q), checker.getTypeOfSymbol(p)))
				return false;
		}
		const [f] = from.getCallSignatures();
		const [g] = goal.getCallSignatures();
		if (!f || !g) return true;
		const parameters = f.parameters.every((p, i) => {
			const q = g.parameters[i];
			return !q || this.same_structs(checker.getTypeOfSymbol(q), checker.getTypeOfSymbol(p));
		});
		return parameters && this.same_structs(f.getReturnType(), g.getReturnType());
	}

	/** ulong, int, u32, u16 or u8, if the type is declared as such. */
	width(type: ts.Type): string | undefined {
		if (type.aliasSymbol && type.flags & F.Intersection) {
			const { name } = type.aliasSymbol;
			if (/^(ulong|int|u32|u16|u8)$/.test(name) && declared_by_us(type.aliasSymbol, name))
				return name;
		}
		if (type.isUnion())
			return type.types
				.map((t) => this.width(t))
				.sort()
				.at(-1); /* the widest comes last */
	}

	/** May the value be one of 64 bits: is it a ulong, or computed from one? */
	is_wide(node: ts.Expression): boolean {
		const known = this.#wide.get(node);
		if (known !== undefined) return known;
		this.#wide.set(node, false); /* a variable that is computed from itself */
		const wide = this.compute_wide(node);
		this.#wide.set(node, wide);
		return wide;
	}

	private compute_wide(node: ts.Expression): boolean {
		if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node))
			return this.is_wide(node.expression);
		if (ts.isAsExpression(node) || ts.isTypeAssertionExpression(node) || ts.isSatisfiesExpression(node)) {
			const to = this.width(this.checker.getTypeFromTypeNode(node.type));
			return to === undefined ? this.is_wide(node.expression) : to === "ulong";
		}
		if (ts.isConditionalExpression(node))
			return this.is_wide(node.whenTrue) || this.is_wide(node.whenFalse);
		if (ts.isPrefixUnaryExpression(node))
			return (
				node.operator !== K.TildeToken &&
				node.operator !== K.ExclamationToken &&
				this.is_wide(node.operand)
			);
		if (ts.isPostfixUnaryExpression(node)) return this.is_wide(node.operand);
		if (ts.isBinaryExpression(node)) return this.is_wide_binary(node);
		if (this.width(this.of(node)) === "ulong") return true;
		if (ts.isCallExpression(node)) {
			const called = node.expression.getText();
			if (/^Math\.(floor|ceil|trunc|round|abs|max)$/.test(called))
				return node.arguments.some((a) => this.is_wide(a));
			return called === "Math.min" && node.arguments.every((a) => this.is_wide(a));
		}
		return ts.isIdentifier(node) && this.is_wide_variable(node);
	}

	private is_wide_binary({ left, right, operatorToken }: ts.BinaryExpression): boolean {
		switch (operatorToken.kind) {
			case K.PlusToken:
			case K.MinusToken:
			case K.AsteriskToken:
			case K.AsteriskAsteriskToken:
			case K.BarBarToken:
			case K.AmpersandAmpersandToken:
			case K.QuestionQuestionToken:
				return this.is_wide(left) || this.is_wide(right);
			case K.SlashToken:
				return this.is_wide(left);
			case K.EqualsToken:
			case K.CommaToken:
			case K.PercentToken /* smaller than what it is divided by */:
				return this.is_wide(right);
			case K.PlusEqualsToken:
			case K.MinusEqualsToken:
			case K.AsteriskEqualsToken:
			case K.SlashEqualsToken:
				return this.is_wide(left) || this.is_wide(right);
		}
		return false;
	}

	/** A local that is made from a ulong. */
	private is_wide_variable(node: ts.Identifier): boolean {
		const decl = this.checker.getSymbolAtLocation(node)?.valueDeclaration;
		if (!decl || !ts.isVariableDeclaration(decl) || decl.getSourceFile() !== node.getSourceFile())
			return false;
		if (decl.type && this.width(this.checker.getTypeFromTypeNode(decl.type)))
			return false; /* said to be an int */
		if (decl.initializer && this.is_wide(decl.initializer)) return true;
		return !(decl.parent.flags & ts.NodeFlags.Const) && this.is_made_wide(decl);
	}

	/** Is a ulong assigned to it later? */
	private is_made_wide(decl: ts.VariableDeclaration): boolean {
		let scope: ts.Node = decl;
		while (!ts.isFunctionLike(scope) && !ts.isSourceFile(scope)) scope = scope.parent;
		const symbol = this.checker.getSymbolAtLocation(decl.name);
		const text = decl.name.getText();
		const look = (n: ts.Node): boolean => {
			const assigned =
				ts.isBinaryExpression(n) &&
				n.operatorToken.kind >= K.FirstAssignment &&
				n.operatorToken.kind <= K.LastAssignment &&
				ts.isIdentifier(n.left) &&
				n.left.text === text &&
				this.checker.getSymbolAtLocation(n.left) === symbol;
			return (assigned && this.is_wide(n)) || ts.forEachChild(n, look) === true;
		};
		return look(scope);
	}
}

/** Map, Date and the like, with the methods that they have. */
const is_library_class = (symbol: ts.Symbol | undefined): boolean =>
	symbol !== undefined &&
	(symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.Class)) !== 0 &&
	is_library(symbol);

/** Is it declared by JavaScript, not by us? */
export function is_library(symbol: ts.Symbol | undefined): boolean {
	return (
		symbol?.declarations?.some((d) =>
			/\/(lib\.[\w.]+\.d\.ts|node_modules\/.*)$/.test(d.getSourceFile().fileName),
		) ?? false
	);
}
