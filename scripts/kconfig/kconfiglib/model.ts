// SPDX-License-Identifier: GPL-2.0-only
//
// What Kconfiglib, the Python library, makes of Kconfig files: its rules differ from Linux's in
// choices, ranges and conditions, and so this reading has structures of its own. Names and rules
// are Kconfiglib's. Texts are bytes, one to a character (text.ts).

import type { KconfHost } from "../lkc.ts";
import { bytes_exit } from "../text.ts";

export type Tri = 0 | 1 | 2;
export type Type = "unknown" | "bool" | "tristate" | "int" | "hex" | "string";
export type Relation = "=" | "!=" | "<" | "<=" | ">" | ">=";

export type Expr =
	| KSymbol
	| Choice
	| { readonly op: "&&" | "||"; readonly a: Expr; readonly b: Expr }
	| { readonly op: "!"; readonly a: Expr }
	| { readonly op: Relation; readonly a: KSymbol; readonly b: KSymbol };

export interface Loc {
	readonly file: string;
	readonly line: number;
}

/** A value or a target, and the condition that it holds under. */
export interface Prop<T> {
	readonly value: T;
	readonly cond: Expr;
}

/** What is calculated of a symbol or a choice, good while `gen` is the tree's. */
interface Cached {
	gen: number;
	vis: Tri | null;
	tri: Tri | null;
	str: string | null;
	write: boolean;
}

export const nothing_cached = (): Cached => ({ gen: 0, vis: null, tri: null, str: null, write: false });

export class KSymbol {
	readonly name: string;
	readonly constant: boolean;
	type: Type = "unknown";
	readonly nodes: MenuNode[] = [];
	defaults: Prop<Expr>[] = [];
	ranges: Prop<readonly [KSymbol, KSymbol]>[] = [];
	direct_dep: Expr;
	rev_dep: Expr;
	weak_rev_dep: Expr;
	choice: Choice | null = null;
	/** A tristate of a bool or tristate, else a text. */
	user_value: Tri | string | null = null;
	was_set = false;
	/** "option env", or "option defconfig_list": never written. */
	hidden = false;
	allnoconfig_y = false;
	cached = nothing_cached();

	/** `n` is null for the constant n itself, which is made first. */
	constructor(name: string, constant: boolean, n: KSymbol | null) {
		this.name = name;
		this.constant = constant;
		this.direct_dep = n ?? this;
		this.rev_dep = n ?? this;
		this.weak_rev_dep = n ?? this;
	}
}

export class Choice {
	readonly name: string | null;
	type: Type = "unknown";
	readonly nodes: MenuNode[] = [];
	readonly syms: KSymbol[] = [];
	defaults: Prop<Expr>[] = [];
	direct_dep: Expr;
	user_value: Tri | null = null;
	user_selection: KSymbol | null = null;
	optional = false;
	was_set = false;
	cached = nothing_cached();

	constructor(name: string | null, n: KSymbol) {
		this.name = name;
		this.direct_dep = n;
	}
}

/** An entry. An "if" has no item, and is gone when the tree is finished. */
export interface MenuNode {
	readonly item: KSymbol | Choice | "menu" | "comment" | null;
	next: MenuNode | null;
	list: MenuNode | null;
	parent: MenuNode | null;
	prompt: { text: string; cond: Expr } | null;
	dep: Expr;
	visibility: Expr;
	help: string | null;
	readonly loc: Loc;
	defaults: Prop<Expr>[];
	selects: Prop<KSymbol>[];
	implies: Prop<KSymbol>[];
	ranges: Prop<readonly [KSymbol, KSymbol]>[];
}

/** A function of the preprocessor that somebody else provides. */
export interface UserFunction {
	readonly min: number;
	/** null: any number. */
	readonly max: number | null;
	readonly run: (args: readonly string[], at: Loc) => string;
}

/** A tree with its values. */
export interface Klib {
	readonly host: KconfHost;
	readonly srctree: string;
	readonly prefix: string;
	readonly syms: Map<string, KSymbol>;
	readonly constants: Map<string, KSymbol>;
	readonly n: KSymbol;
	readonly m: KSymbol;
	readonly y: KSymbol;
	readonly modules: KSymbol;
	/** In the order of the files, each once. */
	readonly defined: Set<KSymbol>;
	readonly choices: Set<Choice>;
	readonly named_choices: Map<string, Choice>;
	defconfig_list: KSymbol | null;
	readonly functions: Map<string, UserFunction>;
	readonly top: MenuNode;
	/** Raised whenever values become stale. */
	gen: number;
	warn: boolean;
}

export function klib_alloc(host: KconfHost, file: string): Klib {
	const n = new KSymbol("n", true, null);
	const m = new KSymbol("m", true, n);
	const y = new KSymbol("y", true, n);
	for (const sym of [n, m, y]) sym.type = "tristate";
	const modules = new KSymbol("MODULES", false, n);
	const { env } = host;
	return {
		host,
		srctree: env.srctree ?? "",
		prefix: env.CONFIG_ ?? "CONFIG_",
		syms: new Map([["MODULES", modules]]),
		constants: new Map([
			["n", n],
			["m", m],
			["y", y],
		]),
		n,
		m,
		y,
		modules,
		defined: new Set(),
		choices: new Set(),
		named_choices: new Map(),
		defconfig_list: null,
		functions: new Map(),
		top: { ...node("menu", null, { file, line: 1 }, y), prompt: { text: "Main menu", cond: y } },
		gen: 1,
		warn: true,
	};
}

/** An entry that stands alone. */
export function node(item: MenuNode["item"], parent: MenuNode | null, loc: Loc, y: KSymbol): MenuNode {
	return {
		item,
		next: null,
		list: null,
		parent,
		prompt: null,
		dep: y,
		visibility: y,
		help: null,
		loc,
		defaults: [],
		selects: [],
		implies: [],
		ranges: [],
	};
}

/** Both, without what is always so. */
export function make_and(k: Klib, a: Expr, b: Expr): Expr {
	if (a === k.y) return b;
	if (b === k.y) return a;
	return a === k.n || b === k.n ? k.n : { op: "&&", a, b };
}

/** One of both, without what is never so. */
export function make_or(k: Klib, a: Expr, b: Expr): Expr {
	if (a === k.n) return b;
	if (b === k.n) return a;
	return a === k.y || b === k.y ? k.y : { op: "||", a, b };
}

export function warn(k: Klib, text: string, at?: Loc): void {
	if (k.warn) k.host.err(`${at ? `${at.file}:${at.line}: ` : ""}warning: ${text}\n`);
}

export function fail(at: Loc, text: string): never {
	throw bytes_exit(1, `${at.file}:${at.line}: ${text}`);
}

/** A symbol for messages. */
export function name_and_loc({ name, nodes }: KSymbol | Choice): string {
	const at = nodes.map(({ loc }) => `${loc.file}:${loc.line}`).join(", ");
	return `${name ?? "<choice>"} ${at === "" ? "(undefined)" : `(defined at ${at})`}`;
}

/** The number that Python's int() reads; null if it reads none. Base 0 looks at the prefix. */
export function py_int(text: string, base: 0 | 10 | 16): bigint | null {
	const m = /^([+-]?)(\w+)$/.exec(text.trim().replace(/(?<=[0-9a-fA-FxX])_(?=[0-9a-fA-F])/g, ""));
	if (!m) return null;
	const [, sign, digits] = m as unknown as [string, string, string];
	let number: string | null = null;
	if (base === 10) number = /^\d+$/.test(digits) ? digits : null;
	else if (base === 16) number = /^(0x)?[0-9a-f]+$/i.test(digits) ? `0x${digits.replace(/^0x/i, "")}` : null;
	else if (/^(0x[0-9a-f]+|0o[0-7]+|0b[01]+|0+|[1-9]\d*)$/i.test(digits)) number = digits.toLowerCase();
	if (number === null) return null;
	return sign === "-" ? -BigInt(number) : BigInt(number);
}
