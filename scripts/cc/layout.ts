// SPDX-License-Identifier: GPL-2.0-only
/**
 * Layout of structs: from an interface that extends `struct` to sizes and
 * offsets, the way a C compiler lays them out, for one configuration.
 */
import ts from "@typescript/typescript6";

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

interface Measure {
	kind: Kind;
	size: number;
	align: number;
	present: boolean;
	over?: string;
	element?: Field["element"];
}

export interface Layout {
	name: string;
	size: number;
	align: number;
	fields: Map<string, Field>;
}

/** Value of a CONFIG symbol in this build. */
export type Config = (symbol: string) => boolean | number | string | undefined;

const SCALARS: ReadonlyMap<string, { kind: Kind; size: number }> = new Map(
	Object.entries({
		int: { kind: "i32", size: 4 },
		u32: { kind: "u32", size: 4 },
		u16: { kind: "u16", size: 2 },
		u8: { kind: "u8", size: 1 },
		bool: { kind: "bool", size: 1 },
		ulong: { kind: "f64", size: 8 },
		rodata: { kind: "rodata", size: 4 },
	}),
);

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
	/** Structs whose fields are being measured. */
	#under_way = new Set<ts.Symbol>();

	constructor(
		readonly checker: ts.TypeChecker,
		readonly config: Config,
	) {}

	/** Whether this interface is a struct in RAM; one that extends another is meant to be, and refused. */
	is_struct(decl: ts.InterfaceDeclaration): boolean {
		return (decl.heritageClauses ?? []).some((clause) =>
			clause.types.some((base) => {
				const symbol = this.checker.getTypeAtLocation(base).getSymbol();
				if (!symbol) return false;
				if (declared_by_us(symbol, "struct")) return true;
				const parent = interface_of(symbol);
				return parent !== undefined && parent !== decl && this.is_struct(parent);
			}),
		);
	}

	/** The layout of the struct that a type node names. */
	of_node(node: ts.TypeNode): Layout {
		const symbol = this.checker.getTypeFromTypeNode(node).getSymbol();
		const decl = symbol && interface_of(symbol);
		if (!symbol || !decl || !this.is_struct(decl))
			throw new LayoutError(
				node,
				`'${node.getText()}' is not a struct; name an interface that extends struct`,
			);
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

	/** The layout of a struct. Throws LayoutError for one that C would not know how to lay out. */
	of(symbol: ts.Symbol): Layout {
		const known = this.#cache.get(symbol);
		if (known) return known;
		const decl = interface_of(symbol);
		if (!decl) throw new Error(`no interface ${symbol.name}`);
		check_shape(symbol, decl);
		if (this.#under_way.has(symbol))
			throw new LayoutError(
				decl,
				`${symbol.name} lies inside itself; make one of the fields a pointer`,
			);
		const layout: Layout = { name: symbol.name, size: 0, align: 4, fields: new Map() };
		this.#under_way.add(symbol);
		let end = 0;
		for (const member of decl.members) {
			const f = this.measure(type_of_field(member));
			const name = (member.name as ts.Identifier).text;
			let offset = up(end, f.align);
			if (f.over) {
				const base = layout.fields.get(f.over);
				if (!base)
					throw new LayoutError(
						member,
						`overlay of unknown field '${f.over}'; name one that stands before it`,
					);
				offset = base.offset;
			}
			const { kind, size, element, present } = f;
			layout.fields.set(name, { name, kind, offset, size, element, present });
			if (!present) continue;
			end = Math.max(end, offset + size);
			layout.align = Math.max(layout.align, f.align);
		}
		layout.size = up(end, layout.align);
		this.#under_way.delete(symbol);
		this.#cache.set(symbol, layout);
		return layout;
	}

	private measure(node: ts.TypeNode): Measure {
		const { checker } = this;
		const symbol = ts.isTypeReferenceNode(node) ? checker.getSymbolAtLocation(node.typeName) : undefined;
		const real = symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
		if (ts.isTypeReferenceNode(node) && real && declared_by_us(real, real.name)) {
			const args = node.typeArguments ?? [];
			const scalar = SCALARS.get(real.name);
			if (scalar) return { ...scalar, align: scalar.size, present: true };
			if (real.name === "ifdef") {
				const gate = string_of(args[0]);
				const inner = this.measure(args[1]);
				const on = this.config(gate.replace("!", "")) === true;
				return { ...inner, present: inner.present && on !== gate.startsWith("!") };
			}
			if (real.name === "overlay") return { ...this.embedded(args[1]), over: string_of(args[0]) };
			if (real.name === "embed") return this.embedded(args[0]);
			if (real.name === "array") return this.array_of(args[0], args[1]);
		}
		/* Another name for one of the types. */
		const alias = real?.declarations?.find(ts.isTypeAliasDeclaration);
		if (alias && !alias.typeParameters && !alias.getSourceFile().isDeclarationFile)
			return this.measure(alias.type);
		const pointed = checker.getTypeFromTypeNode(node).getSymbol();
		const struct = pointed && interface_of(pointed);
		if (
			pointed &&
			struct &&
			(this.is_struct(struct) || declared_by_us(pointed, "struct")) &&
			!ts.isUnionTypeNode(node)
		)
			return { kind: "i32", size: 4, align: 4, present: true }; /* a pointer */
		throw new LayoutError(node, `a field cannot be '${node.getText()}'; ${instead_of(node)}`);
	}

	private array_of(of: ts.TypeNode, length: ts.TypeNode): Measure {
		const { kind, size, align, present, over } = this.measure(of);
		if (kind === "array" || !present || over !== undefined)
			throw new LayoutError(
				of,
				`an element cannot be '${of.getText()}'; make it a struct with one field, ` +
					"array<embed<S>, N>",
			);
		const stride = up(size, align);
		return {
			kind: "array",
			size: stride * this.count(length),
			align,
			present: true,
			element: { kind, stride },
		};
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
		if (type.isNumberLiteral() && Number.isInteger(type.value) && type.value >= 0) return type.value;
		throw new LayoutError(
			node,
			`'${node.getText()}' is no constant number; write a literal or typeof a CONFIG symbol`,
		);
	}
}

/** What is wrong with a struct as a whole. */
function check_shape(symbol: ts.Symbol, decl: ts.InterfaceDeclaration): void {
	const bases = (decl.heritageClauses ?? []).flatMap((c) => [...c.types]);
	if (bases.length !== 1 || bases[0].expression.getText() !== "struct")
		throw new LayoutError(
			decl,
			`struct ${symbol.name} extends more than 'struct'; embed the other one as a field, embed<T>`,
		);
	if ((symbol.declarations ?? []).filter(ts.isInterfaceDeclaration).length > 1)
		throw new LayoutError(
			decl,
			`struct ${symbol.name} is declared more than once; put all fields into one declaration`,
		);
	if (decl.typeParameters)
		throw new LayoutError(
			decl,
			`struct ${symbol.name} has type parameters; write one struct for each, or a pointer ` +
				"and cast<T>()",
		);
}

/** The type of a struct's field. */
function type_of_field(member: ts.TypeElement): ts.TypeNode {
	if (!ts.isPropertySignature(member) || !member.type)
		throw new LayoutError(
			member,
			`'${member.getText()}' is no field; a struct has 'name: type;', a function is a rodata<> field`,
		);
	if (!ts.isIdentifier(member.name))
		throw new LayoutError(
			member,
			`'${member.name.getText()}' is no name of a field; use a plain identifier`,
		);
	if (member.questionToken)
		throw new LayoutError(
			member,
			`field '${member.name.text}' cannot be optional; write ifdef<"CONFIG_X", T>, or NULL ` +
				"where there is none",
		);
	return member.type;
}

/** What to write instead of a type that no field can have. */
function instead_of(node: ts.TypeNode): string {
	const K = ts.SyntaxKind;
	if (node.kind === K.NumberKeyword) return "write int, u32, u16, u8 or ulong";
	if (node.kind === K.BooleanKeyword) return "write bool";
	if (node.kind === K.StringKeyword) return "write array<u8, N>, or rodata<> of an object that has the string";
	if (ts.isFunctionTypeNode(node)) return "write rodata<> of the function's type";
	if (ts.isArrayTypeNode(node) || ts.isTupleTypeNode(node)) return "write array<T, N>";
	if (ts.isUnionTypeNode(node))
		return "write one type: a pointer may be NULL as it is, and overlay<> lays a struct over a field";
	return "write a struct's name for a pointer, embed<T>, array<T, N>, rodata<T> or a number's type";
}

/** Is the symbol what compiler.d.ts declares by a name? */
export function declared_by_us(symbol: ts.Symbol, name: string): boolean {
	if (symbol.name !== name) return false;
	return (
		symbol.declarations?.some((d) => d.getSourceFile().fileName.endsWith("include/linux/compiler.d.ts")) ??
		false
	);
}

export function interface_of(symbol: ts.Symbol): ts.InterfaceDeclaration | undefined {
	return symbol.declarations?.find(ts.isInterfaceDeclaration);
}

function string_of(node: ts.TypeNode): string {
	if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) return node.literal.text;
	throw new LayoutError(node, "a string literal is expected here");
}
