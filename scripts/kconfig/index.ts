// SPDX-License-Identifier: GPL-2.0-only
//
// The engine as a library. example.ts shows how it is used. All texts are real text here,
// and nothing is printed: what the engine has to say is collected, and an error carries it.

import type { KconfigSymbol } from "./api_symbol.ts";
import { type Choice, type Expression, type MenuNode, Tree } from "./api_tree.ts";
import { autoconf_header_text } from "./conf_auto.ts";
import {
	conf_defconfig_text,
	conf_get_configname,
	conf_lines,
	conf_read,
	conf_text_now,
	conf_merge,
	conf_write,
	config_prefix,
	FileError,
} from "./confdata.ts";
import { find } from "./engine.ts";
import type { Compat, Kconf } from "./lkc.ts";
import { COMPAT_7_2, ConfExit, kconf_alloc, S_UNKNOWN, SYMBOL_CONST } from "./lkc.ts";
import { menu_for_each_entry } from "./menu.ts";
import { conf_parse, parse_expression, variables_of } from "./parser.ts";
import { sym_clear_all_valid, sym_is_choice } from "./symbol.ts";
import { read_file, to_bytes, to_text } from "./text.ts";
import { type Explanation, explain, explain_text } from "./why.ts";

export type { KconfigSymbol as Symbol, Origin, SetResult, SymbolType } from "./api_symbol.ts";
export type {
	Choice,
	Default,
	Expression,
	Letter,
	MenuNode,
	Place,
	Range,
	Reverse,
	ReversedBy,
	Statement,
} from "./api_tree.ts";
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

/** A line of a configuration. "# CONFIG_X is not set" has the value n. */
export interface Assignment {
	/** Without the CONFIG_ prefix. */
	readonly name: string;
	readonly value: string;
	readonly line: number;
}

/** A variable of the preprocessor. */
export interface Variable {
	/** Not expanded, if it is recursive. */
	readonly value: string;
	/** It was made by "=", and is expanded where it is used. */
	readonly recursive: boolean;
}

/** A parsed tree of Kconfig files together with a configuration. */
export class Kconfig {
	private readonly kconf: Kconf;
	private readonly tree: Tree;
	private unknown: Assignment[] = [];
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
		this.tree = new Tree(this.kconf);
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
		return sym && this.tree.symbol(sym);
	}

	/** Every symbol that has a type, in the order in which the files name them. */
	*symbols(): Generator<KconfigSymbol> {
		for (const sym of this.kconf.all) {
			const named = sym.name !== null && !(sym.flags & SYMBOL_CONST);
			if (named && sym.type !== S_UNKNOWN) yield this.tree.symbol(sym);
		}
	}

	/** The root of the menu tree: what "mainmenu" names. */
	get top(): MenuNode {
		return this.tree.node(this.kconf.rootmenu);
	}

	/** Every choice, in the order of the files. */
	get choices(): readonly Choice[] {
		const menus = [...menu_for_each_entry(this.kconf)].filter(({ sym }) => sym && sym_is_choice(sym));
		return menus.map((menu) => this.tree.choice(menu));
	}

	/** Every "menu" block, in the order of the files. */
	get menus(): readonly MenuNode[] {
		return [...this.top.walk()].filter(({ kind }) => kind === "menu");
	}

	/** Every "comment" entry, in the order of the files. */
	get comments(): readonly MenuNode[] {
		return [...this.top.walk()].filter(({ kind }) => kind === "comment");
	}

	/** The variables of the preprocessor as they are at the end, by name: the text, and whether "=" made it. */
	get variables(): ReadonlyMap<string, Variable> {
		const all = [...variables_of(this.kconf)].map(
			([name, { value, recursive }]) =>
				[to_text(name), { value: to_text(value), recursive }] as const,
		);
		return new Map(all);
	}

	/** The environment variables that the files have asked for, with their values. */
	get environment(): ReadonlyMap<string, string> {
		return new Map([...this.kconf.env_used].map(([name, value]) => [to_text(name), to_text(value)]));
	}

	/**
	 * An expression that is given as text: "A && (B || C != m)". A name that no file mentions is
	 * n, and in comparisons its own name, as in the files; `value` is its value now. Throws
	 * KconfigError if it is none.
	 */
	expression(text: string): Expression {
		return this.run(() => this.tree.expression(parse_expression(this.kconf, to_bytes(text))) as Expression);
	}

	/** The value of an expression: y, m or n. Throws KconfigError if it is none. */
	eval_string(text: string): "n" | "m" | "y" {
		return this.expression(text).value;
	}

	/**
	 * Reads a configuration; what was set before is forgotten, unless `replace` is false: then
	 * it is merged over that. Without a name the file is $KCONFIG_CONFIG or .config. Throws
	 * KconfigError if it cannot be read. Returns what there was to warn of, a line each.
	 */
	load(file?: string, { replace = true }: { readonly replace?: boolean } = {}): readonly string[] {
		const before = this.said.length;
		this.run(() => {
			const name = file === undefined ? null : to_bytes(file);
			if (replace) this.unknown = [];
			if (!(replace ? conf_read(this.kconf, name) : conf_merge(this.kconf, name)))
				throw new ConfExit(
					2,
					`${file ?? to_text(conf_get_configname(this.kconf))}: cannot be read`,
				);
			this.find_unknown(name ?? conf_get_configname(this.kconf));
		});
		return this.said.slice(before).flatMap((text) => text.split("\n").filter(Boolean));
	}

	/** What load() has read for symbols that no file defines, in order; kept when it merges. */
	get unknown_assignments(): readonly Assignment[] {
		return this.unknown;
	}

	/** Forgets everything that the user said. */
	unset(): void {
		this.tree.unset_all();
		this.unknown = [];
	}

	/**
	 * Writes the configuration as .config is written. Without a name the file is $KCONFIG_CONFIG
	 * or .config. Throws KconfigError.
	 */
	write(file?: string): void {
		this.run(() => conf_write(this.kconf, file === undefined ? undefined : to_bytes(file)));
	}

	/** The text that write() writes. */
	config(): string {
		return this.run(() => to_text(conf_text_now(this.kconf)));
	}

	/** The text of autoconf.h, for C, in the order of Linux's. */
	autoconf(): string {
		return this.run(() => to_text(autoconf_header_text(this.kconf)));
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

	private find_unknown(name: string): void {
		const text = read_file(this.kconf.host, name) ?? "";
		for (const line of conf_lines(text, config_prefix(this.kconf))) {
			const sym = this.kconf.symbols.get(line.name);
			if (sym && sym.type !== S_UNKNOWN) continue;
			this.unknown.push({ name: to_text(line.name), value: to_text(line.value), line: line.lineno });
		}
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
