// SPDX-License-Identifier: GPL-2.0-only
//
// A symbol as the library shows it. No counterpart in Linux.

import {
	type Choice,
	type Default,
	type Expression,
	LETTERS,
	type Letter,
	type MenuNode,
	type Place,
	place_of,
	type Range,
	type Reverse,
	type ReversedBy,
	type Tree,
} from "./api_tree.ts";
import { sym_get_choice_menu } from "./choice.ts";
import { assign } from "./engine.ts";
import type { Menu, Property, Sym, Tristate } from "./lkc.ts";
import {
	no,
	S_BOOLEAN,
	S_DEF_USER,
	S_HEX,
	S_INT,
	S_STRING,
	S_TRISTATE,
	S_UNKNOWN,
	SYMBOL_DEF_USER,
	SYMBOL_WRITE,
} from "./lkc.ts";
import { reason } from "./merge_check.ts";
import {
	prop_get_symbol,
	sym_calc_value,
	sym_clear_all_valid,
	sym_get_range,
	sym_get_string_default,
	sym_get_string_value,
	sym_has_value,
	sym_is_changeable,
	sym_tristate_within_range,
} from "./symbol.ts";
import { to_bytes, to_text } from "./text.ts";
import { escape_string_value } from "./confdata.ts";
import { type OriginKind, origins } from "./why/origin.ts";

export type SymbolType = "bool" | "tristate" | "int" | "hex" | "string" | "unknown";

const TYPE_NAMES: Readonly<Record<Sym["type"], SymbolType>> = {
	[S_BOOLEAN]: "bool",
	[S_TRISTATE]: "tristate",
	[S_INT]: "int",
	[S_HEX]: "hex",
	[S_STRING]: "string",
	[S_UNKNOWN]: "unknown",
};

/** One thing that had a part in a value. */
export interface Origin {
	readonly kind: OriginKind;
	/** In words. */
	readonly text: string;
	/** FILE:LINE of the statement, if it is one. */
	readonly at: string | null;
}

/** What became of a value that was set. */
export interface SetResult {
	/** It has the value now. */
	readonly ok: boolean;
	/** The value that it has now. */
	readonly value: string;
	/** Why it is not the one that was set; null if it is. */
	readonly reason: string | null;
}

/** One configuration symbol. Its values are those of the moment: they follow every change. */
export class KconfigSymbol {
	private readonly tree: Tree;
	private readonly sym: Sym;

	/** For the library; not to be called. */
	constructor(tree: Tree, sym: Sym) {
		this.tree = tree;
		this.sym = sym;
	}

	/** Without the CONFIG_ prefix. */
	get name(): string {
		return to_text(this.sym.name ?? "");
	}

	/** As it is written; "unknown" if no file defines it. */
	get type(): SymbolType {
		return TYPE_NAMES[this.sym.type];
	}

	/** y, m, n, a number as it was written, or a string. */
	get value(): string {
		this.calculate();
		return to_text(sym_get_string_value(this.sym));
	}

	/** Where the value comes from, in the order in which the parts counted; the first is the main one. */
	get origins(): readonly Origin[] {
		if (this.sym.type === S_UNKNOWN) return [];
		return origins(this.tree.kconf, this.sym).map(({ kind, text, at }) => ({
			kind,
			text: to_text(text),
			at: at === null ? null : to_text(at),
		}));
	}

	/** The value that it would have if the user had said nothing about it. Ranges do not count. */
	get default_value(): string {
		return to_text(sym_get_string_default(this.tree.kconf, this.sym));
	}

	/** What the user said, whether it counts now or not; null if nothing. */
	get user_value(): string | null {
		if (!sym_has_value(this.sym)) return null;
		const { tri, val } = this.sym.def[S_DEF_USER];
		return this.is_logical ? LETTERS[tri] : to_text(val);
	}

	/** The line that a .config has for it now, without a newline; "" if it has none. */
	get config_line(): string {
		const { value } = this;
		if (!(this.sym.flags & SYMBOL_WRITE) || this.sym.type === S_UNKNOWN) return "";
		const name = `${this.tree.kconf.host.env.CONFIG_ ?? "CONFIG_"}${this.name}`;
		if (this.is_logical && value === "n") return `# ${name} is not set`;
		return `${name}=${this.sym.type === S_STRING ? escape_string_value(value) : value}`;
	}

	/** The highest value that the user could give it; n: it is not shown, y for an int, hex or string: it is. */
	get visibility(): Letter {
		this.calculate();
		return LETTERS[this.sym.visible];
	}

	/** The values of n, m, y that set() would take now. Empty for other types. */
	get assignable(): readonly Letter[] {
		this.calculate();
		const can = (val: Tristate) => sym_tristate_within_range(this.tree.kconf, this.sym, val);
		return LETTERS.filter((_, val) => can(val as Tristate));
	}

	/** May the user change it now? */
	get changeable(): boolean {
		this.calculate();
		return sym_is_changeable(this.sym);
	}

	/** The limits of an int or hex, both included; null if there are none now. */
	get range(): { readonly low: bigint; readonly high: bigint } | null {
		if (this.sym.type !== S_INT && this.sym.type !== S_HEX) return null;
		const range = sym_get_range(this.tree.kconf, this.sym);
		return range && { low: range.low, high: range.high };
	}

	/** "depends on" of all its definitions, one of which has to hold, with what is around them; null: nothing. */
	get direct_dependencies(): Expression | null {
		return this.tree.expression(this.sym.dir_dep.expr);
	}

	/** Its "default" statements, in the order in which they are tried. */
	get defaults(): readonly Default[] {
		return this.props("default").flatMap((prop) => {
			const value = this.tree.expression(prop.expr);
			return value ? [{ ...this.tree.statement(prop), value }] : [];
		});
	}

	/** Its "select" statements. */
	get selects(): readonly Reverse[] {
		return this.reverse("select");
	}

	/** Its "imply" statements. */
	get implies(): readonly Reverse[] {
		return this.reverse("imply");
	}

	/** Its "range" statements, in the order in which they are tried. */
	get ranges(): readonly Range[] {
		return this.props("range").flatMap((prop) => {
			if (prop.expr?.type !== "range") return [];
			const { left, right } = prop.expr;
			const text = (sym: Sym) => to_text(sym.name ?? "");
			return [{ ...this.tree.statement(prop), low: text(left), high: text(right) }];
		});
	}

	/** The "select" statements that name it. */
	get selected_by(): readonly ReversedBy[] {
		return this.reversed_by("select");
	}

	/** The "imply" statements that name it. */
	get implied_by(): readonly ReversedBy[] {
		return this.reversed_by("imply");
	}

	/** Names of symbols in all that its definitions state. */
	get referenced(): readonly string[] {
		return [...new Set(this.nodes.flatMap((node) => node.referenced))];
	}

	/** The symbols whose definitions mention it. */
	get referenced_by(): readonly KconfigSymbol[] {
		return this.tree.mentioned_by(this.sym);
	}

	/** The choice that it is a member of; null if it is none. */
	get choice(): Choice | null {
		const menu = sym_get_choice_menu(this.sym);
		return menu && this.tree.choice(menu);
	}

	/** Its entries in the menu tree, one for each definition. */
	get nodes(): readonly MenuNode[] {
		return this.sym.menus.map((menu) => this.tree.node(menu));
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
		return this.sym.menus.map((menu: Menu) => place_of(menu));
	}

	/**
	 * Sets the user's value. y to a member of a choice takes it from the others. False, and
	 * nothing is changed, if the value is none of this type or cannot be set now.
	 */
	set(value: string): boolean {
		return assign(this.tree.kconf, this.sym, to_bytes(value));
	}

	/**
	 * The same, with the reason if the value does not come out: it is none of the type, the
	 * symbol is not shown, a select or a range holds it. Nothing is changed then.
	 */
	try_set(value: string): SetResult {
		const bytes = to_bytes(value);
		const set = assign(this.tree.kconf, this.sym, bytes);
		const now = this.value;
		if (set && now === value) return { ok: true, value: now, reason: null };
		// As a .config has it, and so a string in quotes.
		const text = this.sym.type === S_STRING ? escape_string_value(bytes) : bytes;
		if (now === value) return { ok: true, value: now, reason: null };
		return { ok: false, value: now, reason: to_text(reason(this.tree.kconf, this.sym, text)) };
	}

	/** Forgets what the user said. */
	unset(): void {
		this.forget();
		sym_clear_all_valid(this.tree.kconf);
	}

	/** The same, without a new calculation: for many at once. */
	forget(): void {
		this.sym.flags &= ~SYMBOL_DEF_USER;
		this.sym.def[S_DEF_USER].val = "";
		this.sym.def[S_DEF_USER].tri = no;
	}

	private get is_logical(): boolean {
		return this.sym.type === S_BOOLEAN || this.sym.type === S_TRISTATE;
	}

	private calculate(): void {
		sym_calc_value(this.tree.kconf, this.sym);
	}

	private props(type: Property["type"]): Property[] {
		return this.sym.prop.filter((prop) => prop.type === type);
	}

	private reverse(type: "select" | "imply"): Reverse[] {
		return this.props(type).flatMap((prop) => {
			const target = prop_get_symbol(prop)?.name;
			return target ? [{ ...this.tree.statement(prop), target: to_text(target) }] : [];
		});
	}

	private reversed_by(type: "select" | "imply"): ReversedBy[] {
		return this.tree.reversed_at(this.sym).flatMap((prop) => {
			const { sym } = prop.menu;
			return prop.type === type && sym
				? [{ ...this.tree.statement(prop), by: this.tree.symbol(sym) }]
				: [];
		});
	}
}
