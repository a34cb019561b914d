// SPDX-License-Identifier: GPL-2.0-only
/** Struct fields: the place in RAM that an expression names, its loads and its stores. */
import ts from "@typescript/typescript6";
import { bare, index, num, paren, plus, times, wrap } from "./code.ts";
import { type Field, type Kind, type Layout, LayoutError } from "./layout.ts";
import { name_access } from "./names.ts";
import type { Unit } from "./unit.ts";

const f = ts.factory;

/** Where a field's kind lives: its typed array, and the shift of its index. */
const ARRAYS: Record<Exclude<Kind, "embed" | "array">, { heap: string; shift: number }> = {
	i32: { heap: "HEAP32", shift: 2 },
	rodata: { heap: "HEAP32", shift: 2 },
	u32: { heap: "HEAPU32", shift: 2 },
	u16: { heap: "HEAPU16", shift: 1 },
	u8: { heap: "HEAPU8", shift: 0 },
	bool: { heap: "HEAPU8", shift: 0 },
	f64: { heap: "HEAPF64", shift: 3 },
};

export interface Place {
	address: ts.Expression;
	kind: Kind;
	/** The access as it is written. */
	node: ts.Expression;
}

/** Stands for the offset of a field that this configuration does not have. It
 *  may stand in dead code only: the build looks whether one is left. */
export const NO_SUCH_FIELD = "BUILD_BUG_no_such_field";
export const no_such_field = (name: ts.Node): ts.Identifier =>
	ts.setSourceMapRange(f.createIdentifier(NO_SUCH_FIELD), { pos: name.getStart(), end: name.end });

/** What the door's functions for a kind are called by. */
export const base = (kind: Kind): string => (kind === "rodata" ? "i32" : kind === "bool" ? "u8" : kind);

/** The struct's field that `p.f` names, if it names one. */
export function field_of(u: Unit, expression: ts.Expression): { layout: Layout; field: Field } | undefined {
	const node = bare(expression);
	if (!ts.isPropertyAccessExpression(node)) return;
	const symbol = u.checker.getSymbolAtLocation(node.name);
	return symbol && u.options.layouts.field(symbol);
}

/** The place in RAM that an expression names, if it is a struct's field or an element of one. */
export function place(u: Unit, expression: ts.Expression): Place | undefined {
	const node = bare(expression);
	if (ts.isElementAccessExpression(node)) {
		const array = field_of(u, node.expression);
		if (!array?.field.element) return;
		const at = place(u, node.expression);
		if (!at) return;
		const { kind, stride } = array.field.element;
		const i = u.visit(node.argumentExpression);
		const scaled = stride === 1 ? i : times(i, stride);
		return { address: f.createBinaryExpression(at.address, ts.SyntaxKind.PlusToken, scaled), kind, node };
	}
	const found = field_of(u, node);
	if (!found) return;
	const { kind, offset, present } = found.field;
	if (!present) return { address: no_such_field((node as ts.PropertyAccessExpression).name), kind, node };
	return { address: plus(wrap(u.visit((node as ts.PropertyAccessExpression).expression)), offset), kind, node };
}

/** The element of a typed array that a place is. */
export function slot(u: Unit, { address, kind, node }: Place): ts.ElementAccessExpression {
	if (kind === "embed" || kind === "array")
		throw new LayoutError(node, `${node.getText()} is an address, not a value`);
	const { heap, shift } = ARRAYS[kind];
	return f.createElementAccessExpression(u.door(heap), index(address, shift));
}

/** The value of a field, from what is in RAM. */
export function unpack(u: Unit, kind: Kind, raw: ts.Expression): ts.Expression {
	if (kind === "bool") return paren(f.createStrictInequality(raw, num(0)));
	return kind === "rodata" ? u.call("rodata_at", raw) : raw;
}

/** What is held in RAM for a value of a field. */
export function pack(u: Unit, kind: Kind, value: ts.Expression): ts.Expression {
	if (kind === "bool") return f.createConditionalExpression(value, undefined, num(1), undefined, num(0));
	return kind === "rodata" ? u.call("rodata_addr", value) : value;
}

/** A plain load; of an embedded struct or an array, its address. */
export function load(u: Unit, p: Place): ts.Expression {
	if (p.kind === "embed" || p.kind === "array") return paren(p.address);
	const raw = u.options.direct ? slot(u, p) : name_access(u, u.call(`load_${base(p.kind)}`, p.address), p.node);
	return unpack(u, p.kind, raw);
}

/** A plain store. */
export function store(u: Unit, p: Place, value: ts.Expression): ts.Expression {
	const v = pack(u, p.kind, value);
	if (u.options.direct) return f.createAssignment(slot(u, p), v);
	return name_access(u, u.call(`store_${base(p.kind)}`, p.address, v), p.node);
}
