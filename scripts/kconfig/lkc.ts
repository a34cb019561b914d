// SPDX-License-Identifier: GPL-2.0-only
//
// The data structures of the configuration language: Linux's scripts/kconfig/expr.h and
// lkc.h. What the kernel keeps in globals (the symbol table, the root menu, the value of
// MODULES) is gathered in one `Kconf`, so that several trees can be loaded side by side.
// Left out: lists and hash tables (Map and arrays do), jump keys, front-end callbacks.

/** A three-valued truth: n < m < y. */
export type Tristate = 0 | 1 | 2;
export const no = 0;
export const mod = 1;
export const yes = 2;

export type SymbolType = 'unknown' | 'bool' | 'tristate' | 'integer' | 'hex' | 'string';
export const S_UNKNOWN = 'unknown';
export const S_BOOLEAN = 'bool';
export const S_TRISTATE = 'tristate';
export const S_INT = 'integer';
export const S_HEX = 'hex';
export const S_STRING = 'string';

export type CompareType = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** An expression tree. Comparisons and ranges relate two symbols, never expressions. */
export type Expr =
	| (ExprCache & { readonly type: 'symbol'; readonly sym: Sym })
	| (ExprCache & { readonly type: 'not'; readonly expr: Expr })
	| (ExprCache & { readonly type: 'and' | 'or'; readonly left: Expr; readonly right: Expr })
	| (ExprCache & { readonly type: CompareType; readonly left: Sym; readonly right: Sym })
	| (ExprCache & { readonly type: 'range'; readonly left: Sym; readonly right: Sym });

/** The last computed value, which is good while `val_gen` equals the tree's generation. */
interface ExprCache {
	val: Tristate;
	val_gen: number;
}

/** An expression together with the value that it had at the last calculation. */
export interface ExprValue {
	expr: Expr | null;
	tri: Tristate;
}

/** `tri` counts for bool and tristate symbols, `val` for all others. */
export interface SymbolValue {
	val: string;
	tri: Tristate;
}

export const SYMBOL_CONST = 0x0001;
export const SYMBOL_CHECK = 0x0008;
export const SYMBOL_VALID = 0x0080;
export const SYMBOL_WRITE = 0x0200;
export const SYMBOL_WRITTEN = 0x0800;
export const SYMBOL_CHECKED = 0x2000;
export const SYMBOL_WARNED = 0x8000;
/** Has a value from the user's .config. */
export const SYMBOL_DEF_USER = 0x10000;
/** Has a value in the last auto.conf. */
export const SYMBOL_DEF_AUTO = 0x20000;

/** Indices into `Sym.def`. */
export const S_DEF_USER = 0;
export const S_DEF_AUTO = 1;
export type DefSource = typeof S_DEF_USER | typeof S_DEF_AUTO;

/** A configuration symbol, a constant, or (with `name === null`) a choice. */
export interface Sym {
	readonly name: string | null;
	type: SymbolType;
	/** Number in order of creation; it decides the order of auto.conf. */
	readonly serial: number;
	/** The calculated value, good while SYMBOL_VALID is set. */
	curr: SymbolValue;
	/** Values read from files: [user's .config, last auto.conf]. */
	def: [SymbolValue, SymbolValue];
	/** Upper bound of what the user may choose. */
	visible: Tristate;
	flags: number;
	/** Everything stated about the symbol, over all its definitions, in order. */
	prop: Property[];
	/** "depends on", ORed over the definitions. */
	dir_dep: ExprValue;
	/** "selected by": the lower bound of the value. */
	rev_dep: ExprValue;
	/** "implied by" (weak reverse dependency): raises the default only. */
	implied: ExprValue;
	/** One node for each definition. */
	menus: Menu[];
	/** The choice whose `choice_members` the symbol is listed in. */
	in_choice: Menu | null;
}

export type PropType =
	| 'unknown'
	| 'prompt'
	| 'comment'
	| 'menu'
	| 'default'
	| 'select'
	| 'imply'
	| 'range';

export interface Property {
	type: PropType;
	/** The prompt's text, else empty. */
	text: string;
	/** The "if" condition, ANDed with the dependencies of the entry. */
	visible: ExprValue;
	/** What a default, select, imply or range says. */
	expr: Expr | null;
	menu: Menu;
	readonly filename: string;
	readonly lineno: number;
}

/** A node of the menu tree: one entry of a Kconfig file. */
export interface Menu {
	next: Menu | null;
	parent: Menu | null;
	list: Menu | null;
	/** null for menu, comment and if; a nameless symbol for choice. */
	sym: Sym | null;
	prompt: Property | null;
	/** "visible if" of a menu. */
	visibility: Expr | null;
	dep: Expr | null;
	help: string | null;
	/** Members of a choice, the one with the last user value first. */
	choice_members: Sym[];
	readonly filename: string;
	readonly lineno: number;
}

/** Where messages go, and what the environment is. All may be replaced by a caller. */
export interface KconfHost {
	env: Readonly<Record<string, string | undefined>>;
	/** Directory that relative names are looked up in before $srctree. */
	cwd: string;
	out(text: string): void;
	err(text: string): void;
}

/** One loaded tree of Kconfig files, and its values. */
export interface Kconf {
	readonly host: KconfHost;
	readonly symbols: Map<string, Sym>;
	readonly constants: Map<string, Sym>;
	/** Every symbol, constant and choice in order of creation. */
	readonly all: Sym[];
	readonly symbol_yes: Sym;
	readonly symbol_mod: Sym;
	readonly symbol_no: Sym;
	readonly rootmenu: Menu;
	modules_sym: Sym | null;
	modules_val: Tristate;
	/** Raised whenever values become stale. */
	generation: number;
	/** The values differ from what the configuration file says. */
	conf_changed: boolean;
	conf_warnings: number;
	sym_warnings: number;
	/** Print no "configuration written" lines. */
	silent: boolean;
	/** The files read, in order, and the environment variables that they asked for. */
	readonly files: string[];
	readonly env_used: Map<string, string>;
}

/** Ends the command with an exit status. `message` is empty when all has been said. */
export class ConfExit extends Error {
	readonly code: number;
	constructor(code: number, message = '') {
		super(message);
		this.name = 'ConfExit';
		this.code = code;
	}
}

export function kconf_alloc(host: KconfHost): Kconf {
	const constant = (name: string, tri: Tristate, serial: number): Sym => ({
		...sym_init(name, serial, SYMBOL_CONST | SYMBOL_VALID),
		type: S_TRISTATE,
		curr: { val: name, tri },
	});
	const symbol_yes = constant('y', yes, -3);
	const symbol_mod = constant('m', mod, -2);
	const symbol_no = constant('n', no, -1);
	return {
		host,
		symbols: new Map(),
		constants: new Map(),
		all: [],
		symbol_yes,
		symbol_mod,
		symbol_no,
		rootmenu: menu_init(null, host.cwd, 0),
		modules_sym: null,
		modules_val: no,
		generation: 1,
		conf_changed: false,
		conf_warnings: 0,
		sym_warnings: 0,
		silent: false,
		files: [],
		env_used: new Map(),
	};
}

export function sym_init(name: string | null, serial: number, flags: number): Sym {
	return {
		name,
		type: S_UNKNOWN,
		serial,
		curr: { val: '', tri: no },
		def: [
			{ val: '', tri: no },
			{ val: '', tri: no },
		],
		visible: no,
		flags,
		prop: [],
		dir_dep: { expr: null, tri: no },
		rev_dep: { expr: null, tri: no },
		implied: { expr: null, tri: no },
		menus: [],
		in_choice: null,
	};
}

export function menu_init(sym: Sym | null, filename: string, lineno: number): Menu {
	return {
		next: null,
		parent: null,
		list: null,
		sym,
		prompt: null,
		visibility: null,
		dep: null,
		help: null,
		choice_members: [],
		filename,
		lineno,
	};
}
