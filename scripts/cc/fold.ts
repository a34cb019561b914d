// SPDX-License-Identifier: GPL-2.0-only
/**
 * Folds constants: `const GFP_KERNEL = __GFP_RECLAIM | __GFP_IO` becomes a
 * literal, as with C's macros. Modules import each other in cycles, so one
 * module's constants may not be there yet when another's are computed.
 */
import ts from "@typescript/typescript6";
import type { Config } from "./layout.ts";

type Value = number | boolean;
const K = ts.SyntaxKind;

export class Constants {
	#known = new Map<ts.Symbol, Value | undefined>();

	constructor(
		private readonly checker: ts.TypeChecker,
		private readonly config: Config,
	) {}

	/** The value of an expression made of literals and constants, if it is one. */
	value(node: ts.Expression): Value | undefined {
		if (ts.isNumericLiteral(node)) return Number(node.text);
		if (node.kind === K.TrueKeyword) return true;
		if (node.kind === K.FalseKeyword) return false;
		if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return this.value(node.expression);
		if (ts.isIdentifier(node)) return this.named(node);
		if (ts.isPropertyAccessExpression(node)) return this.member(node);
		if (ts.isPrefixUnaryExpression(node)) {
			const v = this.value(node.operand);
			if (v === undefined) return;
			if (node.operator === K.MinusToken) return -v;
			if (node.operator === K.TildeToken) return ~v;
			if (node.operator === K.ExclamationToken) return !v;
			return;
		}
		if (ts.isConditionalExpression(node)) {
			const c = this.value(node.condition);
			return c === undefined ? undefined : this.value(c ? node.whenTrue : node.whenFalse);
		}
		if (ts.isBinaryExpression(node)) return this.binary(node);
	}

	private binary(node: ts.BinaryExpression): Value | undefined {
		const a = this.value(node.left);
		const b = this.value(node.right);
		if (a === undefined || b === undefined) return;
		const [x, y] = [Number(a), Number(b)];
		switch (node.operatorToken.kind) {
			case K.BarToken:
				return x | y;
			case K.AmpersandToken:
				return x & y;
			case K.CaretToken:
				return x ^ y;
			case K.PlusToken:
				return x + y;
			case K.MinusToken:
				return x - y;
			case K.AsteriskToken:
				return x * y;
			case K.SlashToken:
				return x / y;
			case K.PercentToken:
				return x % y;
			case K.LessThanLessThanToken:
				return x << y;
			case K.GreaterThanGreaterThanToken:
				return x >> y;
			case K.GreaterThanGreaterThanGreaterThanToken:
				return x >>> y;
			case K.AsteriskAsteriskToken:
				return x ** y;
			case K.LessThanToken:
				return x < y;
			case K.LessThanEqualsToken:
				return x <= y;
			case K.GreaterThanToken:
				return x > y;
			case K.GreaterThanEqualsToken:
				return x >= y;
			case K.EqualsEqualsEqualsToken:
				return a === b;
			case K.ExclamationEqualsEqualsToken:
				return a !== b;
			case K.AmpersandAmpersandToken:
				return a && b;
			case K.BarBarToken:
				return a || b;
		}
	}

	private named(node: ts.Identifier): Value | undefined {
		if (node.text.startsWith("CONFIG_")) {
			const v = this.config(node.text);
			return typeof v === "string" ? undefined : (v ?? false);
		}
		const symbol = this.checker.getSymbolAtLocation(node);
		return symbol && this.of_symbol(symbol);
	}

	/** Of a module that was imported whole: `import * as mm from …`. */
	private member({ expression, name }: ts.PropertyAccessExpression): Value | undefined {
		const of = this.checker.getSymbolAtLocation(expression);
		const alias = of && of.flags & ts.SymbolFlags.Alias;
		const module = alias ? this.checker.getAliasedSymbol(of) : undefined;
		if (module && module.flags & ts.SymbolFlags.ValueModule && ts.isIdentifier(name))
			return this.named(name);
	}

	/** The value of a constant that a file exports. */
	exported(file: ts.SourceFile, name: string): Value | undefined {
		const module = this.checker.getSymbolAtLocation(file);
		const symbol = module && this.checker.getExportsOfModule(module).find((s) => s.name === name);
		return symbol && this.of_symbol(symbol);
	}

	private of_symbol(symbol: ts.Symbol): Value | undefined {
		if (symbol.flags & ts.SymbolFlags.Alias) symbol = this.checker.getAliasedSymbol(symbol);
		if (this.#known.has(symbol)) return this.#known.get(symbol);
		this.#known.set(symbol, undefined);
		const decl = symbol.valueDeclaration;
		if (!decl || !ts.isVariableDeclaration(decl) || !decl.initializer) return;
		if (!(decl.parent.flags & ts.NodeFlags.Const) || !ts.isSourceFile(decl.parent.parent.parent)) return;
		const v = this.value(decl.initializer);
		this.#known.set(symbol, v);
		return v;
	}
}
