// SPDX-License-Identifier: GPL-2.0-only
//
// The engine as a library. example.ts shows how it is used. All texts are real text here,
// and nothing is printed: what the engine has to say is collected, and an error carries it.

import { conf_defconfig_text, conf_get_configname, conf_read, conf_write, FileError } from "./confdata.ts";
import { assign, find } from "./engine.ts";
import type { Compat, Kconf, Menu, Sym, Tristate } from "./lkc.ts";
import {
	COMPAT_7_2,
	ConfExit,
	kconf_alloc,
	no,
	S_BOOLEAN,
	S_DEF_USER,
	S_HEX,
	S_INT,
	S_STRING,
	S_TRISTATE,
	S_UNKNOWN,
	SYMBOL_CONST,
	SYMBOL_DEF_USER,
} from "./lkc.ts";
import { conf_parse } from "./parser.ts";
import {
	sym_calc_value,
	sym_clear_all_valid,
	sym_get_range,
	sym_get_string_value,
	sym_has_value,
	sym_is_changeable,
	sym_tristate_within_range,
} from "./symbol.ts";
import { to_bytes, to_text } from "./text.ts";
import { type Explanation, explain, explain_text } from "./why.ts";

export type { Compat } from "./lkc.ts";
export type { Explanation } from "./why.ts";

/** What cannot be done, with everything that the engine said about it. */
export class KconfigError extends Error {
	override readonly name = "KconfigError";
	/** Exit status that the command would have ended with. */
	readonly code: number;

	constructor(code: number, message: string) {
		super(message);
		this.code = code;
	}
}

export interface ParseOptions {
	/** Variables for $(NAME), `srctree` and the KCONFIG_* ones; default: those of the process. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	/** Directory that file names are relative to; default: that of the process. */
	readonly cwd?: string;
	/** Whose rules hold where Linux has changed them; default: '7.2'. */
	readonly compat?: Compat;
}

export type SymbolType = "bool" | "tristate" | "int" | "hex" | "string" | "unknown";

const TYPE_NAMES: Readonly<Record<Sym["type"], SymbolType>> = {
	[S_BOOLEAN]: "bool",
	[S_TRISTATE]: "tristate",
	[S_INT]: "int",
	[S_HEX]: "hex",
	[S_STRING]: "string",
	[S_UNKNOWN]: "unknown",
};

const LETTERS = ["n", "m", "y"] as const;

/** Where an entry stands. */
export interface Place {
	readonly file: string;
	/** Counted from 1. */
	readonly line: number;
}

/** One configuration symbol. Its values are those of the moment: they follow every change. */
class KconfigSymbol {
	private readonly kconf: Kconf;
	private readonly sym: Sym;

	/** For Kconfig.symbol(); not to be called. */
	constructor(kconf: Kconf, sym: Sym) {
		this.kconf = kconf;
		this.sym = sym;
	}

	/** Without the CONFIG_ prefix. */
	get name(): string {
		return to_text(this.sym.name ?? "");
	}

	get type(): SymbolType {
		return TYPE_NAMES[this.sym.type];
	}

	/** y, m, n, a number as it was written, or a string. */
	get value(): string {
		sym_calc_value(this.kconf, this.sym);
		return to_text(sym_get_string_value(this.sym));
	}

	/** What the user said, whether it counts now or not; null if nothing. */
	get user_value(): string | null {
		if (!sym_has_value(this.sym)) return null;
		const { tri, val } = this.sym.def[S_DEF_USER];
		return this.is_logical ? LETTERS[tri] : to_text(val);
	}

	/** The values of n, m, y that set() would take now. Empty for other types. */
	get assignable(): readonly ("n" | "m" | "y")[] {
		sym_calc_value(this.kconf, this.sym);
		const can = (val: Tristate) => sym_tristate_within_range(this.kconf, this.sym, val);
		return LETTERS.filter((_, val) => can(val as Tristate));
	}

	/** May the user change it now? */
	get changeable(): boolean {
		sym_calc_value(this.kconf, this.sym);
		return sym_is_changeable(this.sym);
	}

	/** The limits of an int or hex, both included; null if there are none now. */
	get range(): { readonly low: bigint; readonly high: bigint } | null {
		if (this.sym.type !== S_INT && this.sym.type !== S_HEX) return null;
		const range = sym_get_range(this.kconf, this.sym);
		return range && { low: range.low, high: range.high };
	}

	/** The texts that the user is asked with, one for each definition that has one. */
	get prompts(): readonly string[] {
		return this.sym.menus.flatMap(({ prompt }) => (prompt ? [to_text(prompt.text)] : []));
	}

	/** The help text; null if there is none. */
	get help(): string | null {
		const menu = this.sym.menus.find(({ help_source }) => help_source !== null);
		return menu?.help ? to_text(menu.help) : null;
	}

	/** Where it is defined, in the order of the files. */
	get defined_at(): readonly Place[] {
		return this.sym.menus.map((menu: Menu) => ({ file: to_text(menu.filename), line: menu.lineno }));
	}

	/**
	 * Sets the user's value. y to a member of a choice takes it from the others. False, and
	 * nothing is changed, if the value is none of this type or cannot be set now.
	 */
	set(value: string): boolean {
		return assign(this.kconf, this.sym, to_bytes(value));
	}

	/** Forgets what the user said. */
	unset(): void {
		this.sym.flags &= ~SYMBOL_DEF_USER;
		this.sym.def[S_DEF_USER].val = "";
		this.sym.def[S_DEF_USER].tri = no;
		sym_clear_all_valid(this.kconf);
	}

	private get is_logical(): boolean {
		return this.sym.type === S_BOOLEAN || this.sym.type === S_TRISTATE;
	}
}

export type { KconfigSymbol as Symbol };

/** A parsed tree of Kconfig files together with a configuration. */
export class Kconfig {
	private readonly kconf: Kconf;
	private readonly known = new Map<Sym, KconfigSymbol>();
	private said: string[] = [];

	/** For parse(); not to be called. */
	constructor(file: string, options: ParseOptions) {
		const host = {
			env: options.env ?? process.env,
			cwd: options.cwd ?? process.cwd(),
			out: (text: string) => {
				this.said.push(to_text(text));
			},
			err: (text: string) => {
				this.said.push(to_text(text));
			},
		};
		this.kconf = kconf_alloc(host, options.compat ?? COMPAT_7_2);
		this.kconf.silent = true;
		this.run(() => {
			conf_parse(this.kconf, to_bytes(file));
			sym_clear_all_valid(this.kconf);
		});
	}

	/** The text of "mainmenu". */
	get title(): string {
		return to_text(this.kconf.rootmenu.prompt?.text ?? "");
	}

	/** All Kconfig files that were read, in order. */
	get files(): readonly string[] {
		return this.kconf.files.map(to_text);
	}

	/** Takes what the engine has said since it was last asked: warnings, $(info,…). */
	take_messages(): string {
		const text = this.said.join("");
		this.said = [];
		return text;
	}

	/** The symbol of a name, without the CONFIG_ prefix; undefined if no file mentions it. */
	symbol(name: string): KconfigSymbol | undefined {
		const sym = find(this.kconf, name);
		return sym && this.wrap(sym);
	}

	/** Every symbol that has a type, in the order in which the files name them. */
	*symbols(): Generator<KconfigSymbol> {
		for (const sym of this.kconf.all) {
			const named = sym.name !== null && !(sym.flags & SYMBOL_CONST);
			if (named && sym.type !== S_UNKNOWN) yield this.wrap(sym);
		}
	}

	/**
	 * Reads a configuration; what was set before is forgotten. Without a name the file is
	 * $KCONFIG_CONFIG or .config. Throws KconfigError if it cannot be read.
	 */
	load(file?: string): void {
		this.run(() => {
			if (conf_read(this.kconf, file === undefined ? null : to_bytes(file))) return;
			const name = file ?? to_text(conf_get_configname(this.kconf));
			throw new ConfExit(2, `${name}: cannot be read`);
		});
	}

	/**
	 * Writes the configuration as .config is written. Without a name the file is $KCONFIG_CONFIG
	 * or .config. Throws KconfigError.
	 */
	write(file?: string): void {
		this.run(() => conf_write(this.kconf, file === undefined ? undefined : to_bytes(file)));
	}

	/** What a defconfig would say: only what differs from the defaults. */
	defconfig(): string {
		return this.run(() => to_text(conf_defconfig_text(this.kconf)));
	}

	/**
	 * Why a symbol has its value, what keeps it from another, and a set of assignments that
	 * would give it that value. Without `want` it is the highest it could have.
	 */
	explain(name: string, want?: string): Explanation {
		return this.run(() => explain(this.kconf, name, want));
	}

	/** The same as text for a terminal. */
	explain_text(name: string, want?: string): string {
		return explain_text(this.kconf, this.explain(name, want));
	}

	private wrap(sym: Sym): KconfigSymbol {
		let symbol = this.known.get(sym);
		if (!symbol) {
			symbol = new KconfigSymbol(this.kconf, sym);
			this.known.set(sym, symbol);
		}
		return symbol;
	}

	private run<T>(work: () => T): T {
		try {
			return work();
		} catch (e) {
			if (!(e instanceof ConfExit) && !(e instanceof FileError)) throw e;
			const message = `${this.take_messages()}${e.message}`.trimEnd();
			throw new KconfigError(e instanceof ConfExit ? e.code : 1, message);
		}
	}
}

/** Reads a Kconfig file with everything it sources. Throws KconfigError. */
export function parse(file = "Kconfig", options: ParseOptions = {}): Kconfig {
	return new Kconfig(file, options);
}
