// SPDX-License-Identifier: GPL-2.0-only
//
// The data structures of the configuration language: Linux's scripts/kconfig/expr.h and
// lkc.h. What the kernel keeps in globals (the symbol table, the root menu, the value of
// MODULES) is gathered in one `Kconf`, so that several trees can be loaded side by side.
// Left out: lists and hash tables (Map and arrays do), jump keys, front-end callbacks.

import { COMPAT_7_2, type Compat, type Rules, rules_of } from "./compat.ts";
import { type HelpSource, help_text } from "./help.ts";

export type { Compat } from "./compat.ts";
export { COMPAT_6_12, COMPAT_7_2 } from "./compat.ts";

/** A three-valued truth: n < m < y. */
export type Tristate = 0 | 1 | 2;
export const no = 0;
export const mod = 1;
export const yes = 2;

export type SymbolType = "unknown" | "bool" | "tristate" | "integer" | "hex" | "string";
export const S_UNKNOWN = "unknown";
export const S_BOOLEAN = "bool";
export const S_TRISTATE = "tristate";
export const S_INT = "integer";
export const S_HEX = "hex";
export const S_STRING = "string";

export type CompareType = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** An expression tree. Comparisons and ranges relate two symbols, never expressions. */
export type Expr =
	| (ExprCache & { readonly type: "symbol"; readonly sym: Sym })
	| (ExprCache & { readonly type: "not"; readonly expr: Expr })
	| (ExprCache & { readonly type: "and" | "or"; readonly left: Expr; readonly right: Expr })
	| (ExprCache & { readonly type: CompareType; readonly left: Sym; readonly right: Sym })
	| (ExprCache & { readonly type: "range"; readonly left: Sym; readonly right: Sym });

/** What is known of an expression. */
interface ExprCache {
	/** The last computed value, which is good while `val_gen` equals the tree's generation. */
	val: Tristate;
	val_gen: number;
	/** What occurs in it: HAS_… of expr.ts. */
	readonly has: number;
	/** expr_eliminate_dups() has done all it can for this one. */
	settled: boolean;
	/** The last search for dependency loops that has been through it and found none. */
	checked: number;
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
export const SYMBOL_CHOICE = 0x0010;
export const SYMBOL_VALID = 0x0080;
/** Only read from a .config, for the defaults of the symbol that replaces it. */
export const SYMBOL_TRANS = 0x0100;
export const SYMBOL_WRITE = 0x0200;
/** All members of the choice may be n. Before 6.11, also every symbol that is no choice. */
export const SYMBOL_OPTIONAL = 0x0400;
/** Has been looked at for the file that is being written. */
export const SYMBOL_WRITTEN = 0x0800;
/** Never written. */
export const SYMBOL_NO_WRITE = 0x1000;
export const SYMBOL_CHECKED = 0x2000;
export const SYMBOL_WARNED = 0x8000;
/** Has a value from the user's .config. */
export const SYMBOL_DEF_USER = 0x10000;
/** Has a value in the last auto.conf. */
export const SYMBOL_DEF_AUTO = 0x20000;
/** The members without a value of their own are to become n; before 6.11. */
export const SYMBOL_NEED_SET_CHOICE_VALUES = 0x100000;
/** allnoconfig makes it y; before 5.13. */
export const SYMBOL_ALLNOCONFIG_Y = 0x200000;

/** Indices into `Sym.def`. */
export const S_DEF_USER = 0;
export const S_DEF_AUTO = 1;
export type DefSource = typeof S_DEF_USER | typeof S_DEF_AUTO;

/** A configuration symbol, a constant, or (with SYMBOL_CHOICE, and mostly without a name) a choice. */
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
	/** The expression that is just this symbol, once there is one. */
	expr: Expr | null;
	/** Its list in the reference's hash table; -1 as long as nobody has asked for the order of it. */
	bucket: number;
}

/** "symbol" stands for the entry itself, and is stated only by the rules from before 6.11. */
export type PropType = "unknown" | "prompt" | "comment" | "menu" | "default" | "select" | "imply" | "range" | "symbol";

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

export type MenuType = "choice" | "comment" | "if" | "menu" | "normal";

/** A node of the menu tree: one entry of a Kconfig file. */
export interface Menu {
	/** What it was written as; "mainmenu", "menu" and "menuconfig" are all 'menu'. */
	readonly type: MenuType;
	next: Menu | null;
	parent: Menu | null;
	list: Menu | null;
	/** null for menu, comment and if; a nameless symbol for choice. */
	sym: Sym | null;
	prompt: Property | null;
	/** "visible if" of a menu. */
	visibility: Expr | null;
	dep: Expr | null;
	/** The help text, or null. It is cut out of `help_source` when it is asked for. */
	readonly help: string | null;
	help_source: HelpSource | null;
	/** Members of a choice, the one with the last user value first. */
	choice_members: Sym[];
	readonly filename: string;
	readonly lineno: number;
}

/**
 * Where messages go, and what the environment is. All may be replaced by a caller. Messages
 * are bytes, one to a character (text.ts).
 */
export interface KconfHost {
	env: Readonly<Record<string, string | undefined>>;
	/** Directory that relative names are looked up in before $srctree. */
	cwd: string;
	out(text: string): void;
	err(text: string): void;
	/** Called before input is waited for, if `out` keeps what it gets. */
	flush?(): void;
	/** Gives one line of input with its newline, or null at the end. Without it, standard input does. */
	read?(): string | null;
	/** Runs a command for $(shell,…). Without it, node:child_process does. */
	shell?: ShellRunner;
}

/** What a command printed. The status does not count. */
export interface ShellResult {
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs `/bin/sh -c command`; throws ConfExit if that cannot be started. */
export type ShellRunner = (host: KconfHost, command: string) => ShellResult;

/** The members of a choice in the order of the files, and which of them is y. */
export interface ChoiceState {
	readonly members: Sym[];
	curr: Sym | null;
	def: [Sym | null, Sym | null];
	/** The user's file says m of a member after y of another: then it says nothing of the choice. */
	inconsistent: boolean;
}

/** One loaded tree of Kconfig files, and its values. */
export interface Kconf {
	readonly host: KconfHost;
	/** Whose rules hold where they differ. */
	readonly rules: Rules;
	readonly symbols: Map<string, Sym>;
	readonly constants: Map<string, Sym>;
	/** Every symbol, constant and choice in order of creation. */
	readonly all: Sym[];
	/** The same in the order of the reference's hash table; see for_all_symbols(). */
	hashed: Sym[];
	readonly symbol_yes: Sym;
	readonly symbol_mod: Sym;
	readonly symbol_no: Sym;
	readonly rootmenu: Menu;
	/** What choices have besides being symbols, before 6.11. */
	readonly choices: Map<Sym, ChoiceState>;
	/** The variables that symbols have their values from; before 4.18. */
	readonly env_symbols: Map<Sym, string>;
	/** Where a configuration is looked for that the user has none of; before 5.13. */
	defconfig_list: Sym | null;
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
	/** The files read, in order. */
	readonly files: string[];
	/** The statement by which each file was first sourced; null for the root. */
	readonly included: Map<string, { readonly filename: string; readonly lineno: number } | null>;
	/** The environment variables that the files asked for. */
	readonly env_used: Map<string, string>;
}

/** Ends the command with an exit status. `message` is empty when all has been said. */
export class ConfExit extends Error {
	readonly code: number;
	/** The message byte for byte, where a file has had a part in it; else null. */
	readonly bytes: string | null;
	constructor(code: number, message = "", bytes: string | null = null) {
		super(message);
		this.name = "ConfExit";
		this.code = code;
		this.bytes = bytes;
	}
}

/**
 * Runs something that may go deep into a tree or along a chain of dependencies. If that is too
 * much for the stack, it ends with ConfExit and not with an exception of JavaScript's.
 */
export function not_too_deep(work: () => void): void {
	try {
		work();
	} catch (e) {
		if (!(e instanceof RangeError) || !/call stack/.test(e.message)) throw e;
		const what = "entries or expressions are nested, or depend on each other, too deeply";
		throw new ConfExit(2, `${what} for the stack; a larger one: node --stack-size=7000`);
	}
}

/** An engine that has read nothing yet, with the constants n, m and y. */
export function kconf_alloc(host: KconfHost, compat: Compat = COMPAT_7_2): Kconf {
	const rules = rules_of(compat);
	const constant = (name: string, tri: Tristate, serial: number): Sym => ({
		...sym_init(name, serial, SYMBOL_CONST | SYMBOL_VALID),
		type: rules.typed_constants ? S_TRISTATE : S_UNKNOWN,
		curr: { val: name, tri },
	});
	const symbol_yes = constant("y", yes, -3);
	const symbol_mod = constant("m", mod, -2);
	const symbol_no = constant("n", no, -1);
	return {
		host,
		rules,
		symbols: new Map(),
		constants: new Map(),
		all: [],
		hashed: [],
		symbol_yes,
		symbol_mod,
		symbol_no,
		rootmenu: menu_init("menu", null, host.cwd, 0),
		choices: new Map(),
		env_symbols: new Map(),
		defconfig_list: null,
		modules_sym: null,
		modules_val: no,
		// Before 6.12 no value of an expression was kept; NaN equals no generation.
		generation: rules.old_choices ? Number.NaN : 1,
		conf_changed: false,
		conf_warnings: 0,
		sym_warnings: 0,
		silent: false,
		files: [],
		included: new Map(),
		env_used: new Map(),
	};
}

/** What C prints for the value of an int, hex or string that nobody has asked for yet. */
const NEVER_CALCULATED = "(null)";

/** A symbol of no type. */
export function sym_init(name: string | null, serial: number, flags: number): Sym {
	return {
		name,
		type: S_UNKNOWN,
		serial,
		curr: { val: NEVER_CALCULATED, tri: no },
		def: [
			{ val: "", tri: no },
			{ val: "", tri: no },
		],
		visible: no,
		flags,
		prop: [],
		dir_dep: { expr: null, tri: no },
		rev_dep: { expr: null, tri: no },
		implied: { expr: null, tri: no },
		menus: [],
		in_choice: null,
		expr: null,
		bucket: -1,
	};
}

class MenuNode implements Menu {
	readonly type: MenuType;
	next: Menu | null = null;
	parent: Menu | null = null;
	list: Menu | null = null;
	sym: Sym | null;
	prompt: Property | null = null;
	visibility: Expr | null = null;
	dep: Expr | null = null;
	help_source: HelpSource | null = null;
	choice_members: Sym[] = [];
	readonly filename: string;
	readonly lineno: number;

	constructor(type: MenuType, sym: Sym | null, filename: string, lineno: number) {
		this.type = type;
		this.sym = sym;
		this.filename = filename;
		this.lineno = lineno;
	}

	get help(): string | null {
		return this.help_source && help_text(this.help_source);
	}
}

/** An entry that stands alone; FILE:LINE is where it was begun. */
export function menu_init(type: MenuType, sym: Sym | null, filename: string, lineno: number): Menu {
	return new MenuNode(type, sym, filename, lineno);
}
