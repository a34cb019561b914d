// SPDX-License-Identifier: GPL-2.0-only
/**
 * Layout of structs: from an interface that extends `struct` to sizes and
 * offsets, the way a C compiler lays them out, for one configuration.
 */
import ts from "typescript";

/** How a field is held in RAM. */
export type Kind = "i32" | "u32" | "u16" | "u8" | "bool" | "f64" | "rodata" | "embed" | "array";

export interface Field {
	name: string;
	kind: Kind;
	offset: number;
	/** Bytes that the whole field takes. */
	size: number;
	/** Of an array: how its elements are held, and how far apart. */
	element?: { kind: Kind; stride: number };
	/** False where ifdef<> leaves the field out of this configuration. */
	present: boolean;
}

export interface Layout {
	name: string;
	size: number;
	align: number;
	fields: Map<string, Field>;
}

/** Value of a CONFIG symbol in this build. */
export type Config = (symbol: string) => boolean | number | string | undefined;

const SCALARS: Record<string, { kind: Kind; size: number }> = {
	int: { kind: "i32", size: 4 },
	u32: { kind: "u32", size: 4 },
	u16: { kind: "u16", size: 2 },
	u8: { kind: "u8", size: 1 },
	bool: { kind: "bool", size: 1 },
	ulong: { kind: "f64", size: 8 },
	rodata: { kind: "rodata", size: 4 },
};

const up = (n: number, align: number) => Math.ceil(n / align) * align;

export class LayoutError extends Error {
	constructor(node: ts.Node, text: string) {
		const file = node.getSourceFile();
		const { line } = file.getLineAndCharacterOfPosition(node.getStart());
		super(`${file.fileName}:${line + 1}: ${text}`);
	}
}

export class Layouts {
	#cache = new Map<ts.Symbol, Layout>();

	constructor(
		readonly checker: ts.TypeChecker,
		readonly config: Config,
	) {}

	/** Whether this interface is a struct in RAM. */
	is_struct(decl: ts.InterfaceDeclaration): boolean {
		for (const clause of decl.heritageClauses ?? []) {
			for (const base of clause.types) {
				if (base.expression.getText() === "struct") return true;
				const symbol = this.checker.getSymbolAtLocation(base.expression);
				const parent = symbol && interface_of(this.resolve(symbol));
				if (parent && this.is_struct(parent)) return true;
			}
		}
		return false;
	}

	resolve(symbol: ts.Symbol): ts.Symbol {
		return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
	}

	/** The layout of the struct that a type node names. */
	of_node(node: ts.TypeNode): Layout {
		const symbol = this.checker.getTypeFromTypeNode(node).getSymbol();
		const decl = symbol && interface_of(symbol);
		if (!symbol || !decl || !this.is_struct(decl))
			throw new LayoutError(node, `'${node.getText()}' is not a struct`);
		return this.of(symbol);
	}

	/** The layout of the struct that a pointer of this type points to. */
	of_type(type: ts.Type): Layout | undefined {
		const symbol = type.getSymbol();
		const decl = symbol && interface_of(symbol);
		return symbol && decl && this.is_struct(decl) ? this.of(symbol) : undefined;
	}

	/** The field that a property symbol stands for, if its owner is a struct. */
	field(symbol: ts.Symbol): { layout: Layout; field: Field } | undefined {
		const decl = symbol.valueDeclaration;
		if (!decl || !ts.isPropertySignature(decl) || !ts.isInterfaceDeclaration(decl.parent)) return;
		if (!this.is_struct(decl.parent)) return;
		const owner = this.checker.getSymbolAtLocation(decl.parent.name);
		if (!owner) return;
		const layout = this.of(owner);
		const field = layout.fields.get(symbol.name);
		return field && { layout, field };
	}

	of(symbol: ts.Symbol): Layout {
		const known = this.#cache.get(symbol);
		if (known) return known;
		const decl = interface_of(symbol);
		if (!decl) throw new Error(`no interface ${symbol.name}`);
		const layout: Layout = { name: symbol.name, size: 0, align: 4, fields: new Map() };
		this.#cache.set(symbol, layout);
		let end = 0;
		for (const member of decl.members) {
			if (!ts.isPropertySignature(member) || !member.type) continue;
			const name = member.name.getText();
			const f = this.measure(member.type);
			let offset = up(end, f.align);
			if (f.over) {
				const base = layout.fields.get(f.over);
				if (!base) throw new LayoutError(member, `overlay of unknown field '${f.over}'`);
				offset = base.offset;
			}
			const { kind, size, element, present } = f;
			layout.fields.set(name, { name, kind, offset, size, element, present });
			if (!present) continue;
			end = Math.max(end, offset + size);
			layout.align = Math.max(layout.align, f.align);
		}
		layout.size = up(end, layout.align);
		return layout;
	}

	private measure(node: ts.TypeNode): {
		kind: Kind;
		size: number;
		align: number;
		present: boolean;
		over?: string;
		element?: { kind: Kind; stride: number };
	} {
		if (ts.isTypeReferenceNode(node)) {
			const name = node.typeName.getText();
			const args = node.typeArguments ?? [];
			const scalar = SCALARS[name];
			if (scalar) return { ...scalar, align: scalar.size, present: true };
			if (name === "ifdef") {
				const symbol = string_of(args[0]);
				const inner = this.measure(args[1]);
				return { ...inner, present: inner.present && this.config(symbol) === true };
			}
			if (name === "overlay") return { ...this.embedded(args[1]), over: string_of(args[0]) };
			if (name === "embed") return this.embedded(args[0]);
			if (name === "array") {
				const one = this.measure(args[0]);
				const n = this.count(args[1]);
				const stride = up(one.size, one.align);
				return {
					kind: "array",
					size: stride * n,
					align: one.align,
					present: true,
					element: { kind: one.kind, stride },
				};
			}
		}
		return { kind: "i32", size: 4, align: 4, present: true }; /* a pointer */
	}

	private embedded(node: ts.TypeNode) {
		const { size, align } = this.of_node(node);
		return { kind: "embed" as const, size, align, present: true };
	}

	/** Number of elements: a literal type, or the value of a CONFIG symbol. */
	private count(node: ts.TypeNode): number {
		if (ts.isTypeQueryNode(node)) {
			const value = this.config(node.exprName.getText());
			if (typeof value === "number") return value;
		}
		const type = this.checker.getTypeFromTypeNode(node);
		if (type.isNumberLiteral()) return type.value;
		throw new LayoutError(node, `'${node.getText()}' is no constant number`);
	}
}

export function interface_of(symbol: ts.Symbol): ts.InterfaceDeclaration | undefined {
	return symbol.declarations?.find(ts.isInterfaceDeclaration);
}

function string_of(node: ts.TypeNode): string {
	if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) return node.literal.text;
	throw new LayoutError(node, "a string literal is expected here");
}
