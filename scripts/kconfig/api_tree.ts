// SPDX-License-Identifier: GPL-2.0-only
//
// The library's view of a parsed tree: expressions, entries and choices, as real text. Each has
// one object, so that they can be compared. No counterpart in Linux.

import { KconfigSymbol } from "./api_symbol.ts";
import { sym_calc_choice, sym_choice_default } from "./choice.ts";
import { expr_calc_value, expr_print } from "./expr.ts";
import type { Expr, Kconf, Menu, Property, Sym } from "./lkc.ts";
import { no, S_DEF_USER, S_UNKNOWN, SYMBOL_CONST } from "./lkc.ts";
import { menu_is_visible, menu_for_each_sub_entry } from "./menu.ts";
import { sym_calc_value, sym_clear_all_valid, sym_is_choice } from "./symbol.ts";
import { to_text } from "./text.ts";

/** n, m or y. */
export type Letter = "n" | "m" | "y";

export const LETTERS = ["n", "m", "y"] as const;

/** Where an entry or a statement stands. */
export interface Place {
	readonly file: string;
	/** Counted from 1. */
	readonly line: number;
}

export const place_of = (at: { filename: string; lineno: number }): Place => ({
	file: to_text(at.filename),
	line: at.lineno,
});

/** The name of a symbol in an expression; constants that are no plain word have quotes. */
function show(sym: Sym): string {
	const name = sym.name ?? "<choice>";
	const plain = !(sym.flags & SYMBOL_CONST) || name === "n" || name === "m" || name === "y";
	return plain ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;
}

/** What is related in an expression, from the left to the right. */
export function* syms_of(expr: Expr | null): Generator<Sym> {
	if (!expr) return;
	switch (expr.type) {
		case "symbol":
			yield expr.sym;
			return;
		case "not":
			yield* syms_of(expr.expr);
			return;
		case "and":
		case "or":
			yield* syms_of(expr.left);
			yield* syms_of(expr.right);
			return;
		default:
			yield expr.left;
			yield expr.right;
	}
}

/** A condition or a value. It is that of the moment: it follows every change. */
export class Expression {
	private readonly tree: Tree;
	private readonly expr: Expr;

	/** For the library; not to be called. */
	constructor(tree: Tree, expr: Expr) {
		this.tree = tree;
		this.expr = expr;
	}

	/** As it would stand in a Kconfig file: "A && (B || C=m)". */
	get text(): string {
		return to_text(expr_print(this.expr, show));
	}

	/** y, m or n now. */
	get value(): Letter {
		return LETTERS[expr_calc_value(this.tree.kconf, this.expr)];
	}

	/** The names of symbols that it mentions, each once: no constants, and no numbers that nobody defines. */
	get names(): readonly string[] {
		const named = [...syms_of(this.expr)].filter((sym) => sym.name !== null && !(sym.flags & SYMBOL_CONST));
		const { symbol_yes, symbol_mod, symbol_no } = this.tree.kconf;
		const number = (sym: Sym) => sym.type === S_UNKNOWN && /^-?(0x[0-9a-f]+|[0-9]+)$/i.test(sym.name ?? "");
		const own = named.filter(
			(sym) => sym !== symbol_yes && sym !== symbol_mod && sym !== symbol_no && !number(sym),
		);
		return [...new Set(own.map((sym) => to_text(sym.name ?? "")))];
	}

	/** The operands of the outermost && or ||, from the left; itself, if that is not what it is. */
	split(operator: "&&" | "||"): readonly Expression[] {
		const type = operator === "&&" ? "and" : "or";
		const parts = (expr: Expr): Expr[] =>
			expr.type === type ? [...parts(expr.left), ...parts(expr.right)] : [expr];
		return parts(this.expr).map((expr) => new Expression(this.tree, expr));
	}

	toString(): string {
		return this.text;
	}
}

/** A statement of an entry, with the condition that holds for it, dependencies included. */
export interface Statement {
	/** null: always. */
	readonly condition: Expression | null;
	/** Does the condition hold now? */
	readonly active: boolean;
	readonly at: Place;
}

/** "default": a value, which for an int, hex or string is one symbol or constant. */
export interface Default extends Statement {
	readonly value: Expression;
}

/** "select" or "imply", seen from the one that states it. */
export interface Reverse extends Statement {
	/** The name of what is selected or implied. */
	readonly target: string;
}

/** "select" or "imply", seen from its target. */
export interface ReversedBy extends Statement {
	readonly by: KconfigSymbol;
}

/** "range": both ends are included. */
export interface Range extends Statement {
	/** A number, or the name of a symbol. */
	readonly low: string;
	readonly high: string;
}

/** An entry of the menu tree. */
export class MenuNode {
	private readonly tree: Tree;
	private readonly menu: Menu;

	/** For the library; not to be called. */
	constructor(tree: Tree, menu: Menu) {
		this.tree = tree;
		this.menu = menu;
	}

	/** "menu" is also the root; an "if" is none, its entries stand where it does. */
	get kind(): "symbol" | "choice" | "menu" | "comment" {
		const { sym, prompt } = this.menu;
		if (sym) return sym_is_choice(sym) ? "choice" : "symbol";
		return prompt?.type === "comment" ? "comment" : "menu";
	}

	/** Is what is below it to be shown as a menu of its own? */
	get is_menuconfig(): boolean {
		return this.menu.prompt?.type === "menu" || this.kind === "choice";
	}

	/** The text that is shown; null if there is none. */
	get prompt(): string | null {
		return this.menu.prompt ? to_text(this.menu.prompt.text) : null;
	}

	/** When the text is shown; null: always, or there is none. */
	get prompt_condition(): Expression | null {
		return this.tree.expression(this.menu.prompt?.visible.expr ?? null);
	}

	/** Is it shown now? */
	get visible(): boolean {
		return menu_is_visible(this.tree.kconf, this.menu);
	}

	/** The help text that stands at this entry; null if there is none. */
	get help(): string | null {
		return this.menu.help === null ? null : to_text(this.menu.help);
	}

	/** "depends on", with what the entries around it depend on; null: nothing. */
	get depends(): Expression | null {
		return this.tree.expression(this.menu.dep);
	}

	/** "visible if" of a menu; null: always. */
	get visible_if(): Expression | null {
		return this.tree.expression(this.menu.visibility);
	}

	get at(): Place {
		return place_of(this.menu);
	}

	/** The "source" statements that led to its file, the outermost first. */
	get included_from(): readonly Place[] {
		const path: Place[] = [];
		const { included } = this.tree.kconf;
		for (let at = included.get(this.menu.filename); at; at = included.get(at.filename))
			path.unshift(place_of(at));
		return path;
	}

	/** The symbol that it defines; null for others. */
	get symbol(): KconfigSymbol | null {
		const { sym } = this.menu;
		return sym && !sym_is_choice(sym) ? this.tree.symbol(sym) : null;
	}

	/** The choice that it is; null for others. */
	get choice(): Choice | null {
		return this.kind === "choice" ? this.tree.choice(this.menu) : null;
	}

	/** What it is inside of; null for the root. */
	get parent(): MenuNode | null {
		return this.menu.parent && this.tree.node(this.menu.parent);
	}

	/** What is inside of it, in the order of the files. A symbol has those below it that depend on it. */
	get children(): readonly MenuNode[] {
		const nodes: MenuNode[] = [];
		for (let menu = this.menu.list; menu; menu = menu.next) {
			if (menu.type !== "if" || menu.sym) nodes.push(this.tree.node(menu));
		}
		return nodes;
	}

	/** Everything below it, depth first. */
	*walk(): Generator<MenuNode> {
		for (const node of this.children) {
			yield node;
			yield* node.walk();
		}
	}

	/** Names of symbols in what it states: dependencies, conditions, defaults, ranges, selects. */
	get referenced(): readonly string[] {
		const { prompt, sym, dep, visibility } = this.menu;
		const props = sym ? sym.prop.filter((prop) => prop.menu === this.menu) : prompt ? [prompt] : [];
		const exprs = [dep, visibility, ...props.flatMap((prop) => [prop.expr, prop.visible.expr])];
		return [...new Set(exprs.flatMap((expr) => this.tree.expression(expr)?.names ?? []))];
	}
}

/** A choice: of its visible members one is y. */
export class Choice {
	private readonly tree: Tree;
	private readonly menu: Menu;

	/** For the library; not to be called. */
	constructor(tree: Tree, menu: Menu) {
		this.tree = tree;
		this.menu = menu;
	}

	get node(): MenuNode {
		return this.tree.node(this.menu);
	}

	get prompt(): string | null {
		return this.node.prompt;
	}

	get at(): Place {
		return place_of(this.menu);
	}

	/**
	 * y: a member is chosen; n: none is, as the choice is not visible, or is optional. By rules from before Linux
	 * 6.11 a choice is a value of its own, and m lets members be m, each for itself.
	 */
	get mode(): Letter {
		const { kconf } = this.tree;
		const sym = this.menu.sym as Sym;
		sym_calc_value(kconf, sym);
		if (kconf.rules.old_choices) return LETTERS[sym.curr.tri];
		return sym.visible === no ? "n" : "y";
	}

	/** In the order of the files. */
	get members(): readonly KconfigSymbol[] {
		const syms = [...menu_for_each_sub_entry(this.menu)].flatMap(({ sym }) => (sym ? [sym] : []));
		return [...new Set(syms)].map((sym) => this.tree.symbol(sym));
	}

	/** The member that is y now; null if none is. */
	get selection(): KconfigSymbol | null {
		for (const { sym } of menu_for_each_sub_entry(this.menu)) if (sym) sym_calc_value(this.tree.kconf, sym);
		const sym = sym_calc_choice(this.tree.kconf, this.menu);
		return sym && this.tree.symbol(sym);
	}

	/** The member that would be y if the user said nothing; null if none could be. */
	get default_selection(): KconfigSymbol | null {
		for (const { sym } of menu_for_each_sub_entry(this.menu)) if (sym) sym_calc_value(this.tree.kconf, sym);
		const sym = sym_choice_default(this.tree.kconf, this.menu);
		return sym && this.tree.symbol(sym);
	}

	/** Chooses a visible member; false, and nothing is changed, if it is none. */
	select(member: KconfigSymbol): boolean {
		return this.members.includes(member) && member.set("y");
	}

	/** Forgets what the user said of it and of its members. */
	unset(): void {
		const state = this.tree.kconf.choices.get(this.menu.sym as Sym);
		if (state) {
			state.def[S_DEF_USER] = null;
			this.tree.symbol(this.menu.sym as Sym).forget();
		}
		for (const member of this.members) member.unset();
	}
}

/** Gives everything its one object. */
export class Tree {
	readonly kconf: Kconf;
	private readonly symbols = new Map<Sym, KconfigSymbol>();
	private readonly nodes = new Map<Menu, MenuNode>();
	private readonly choices = new Map<Menu, Choice>();
	private reversed: Map<Sym, Property[]> | null = null;
	private mentions: Map<Sym, Set<Sym>> | null = null;

	constructor(kconf: Kconf) {
		this.kconf = kconf;
	}

	symbol(sym: Sym): KconfigSymbol {
		return remember(this.symbols, sym, () => new KconfigSymbol(this, sym));
	}

	node(menu: Menu): MenuNode {
		return remember(this.nodes, menu, () => new MenuNode(this, menu));
	}

	choice(menu: Menu): Choice {
		return remember(this.choices, menu, () => new Choice(this, menu));
	}

	expression(expr: Expr | null): Expression | null {
		return expr && new Expression(this, expr);
	}

	/** What statements of all kinds have. */
	statement({ visible, filename, lineno }: Property): Statement {
		const active = expr_calc_value(this.kconf, visible.expr) !== no;
		return { condition: this.expression(visible.expr), active, at: place_of({ filename, lineno }) };
	}

	/** The selects and implies that name a symbol, in the order of the files. */
	reversed_at(sym: Sym): readonly Property[] {
		this.reversed ??= group(this.kconf);
		return this.reversed.get(sym) ?? [];
	}

	/** The symbols that mention one in anything that they state. */
	mentioned_by(sym: Sym): readonly KconfigSymbol[] {
		this.mentions ??= mentions(this.kconf);
		return [...(this.mentions.get(sym) ?? [])].map((by) => this.symbol(by));
	}

	/** Forgets what the user said of everything. */
	unset_all(): void {
		for (const sym of this.kconf.all)
			if (sym.name !== null && sym.type !== S_UNKNOWN) this.symbol(sym).forget();
		sym_clear_all_valid(this.kconf);
	}
}

function remember<K, V>(map: Map<K, V>, key: K, make: () => V): V {
	let value = map.get(key);
	if (value === undefined) {
		value = make();
		map.set(key, value);
	}
	return value;
}

function group(kconf: Kconf): Map<Sym, Property[]> {
	const found = new Map<Sym, Property[]>();
	for (const sym of kconf.all) {
		for (const prop of sym.prop) {
			if ((prop.type !== "select" && prop.type !== "imply") || prop.expr?.type !== "symbol") continue;
			remember(found, prop.expr.sym, () => []).push(prop);
		}
	}
	return found;
}

function mentions(kconf: Kconf): Map<Sym, Set<Sym>> {
	const found = new Map<Sym, Set<Sym>>();
	for (const by of kconf.all) {
		if (by.name === null) continue;
		const exprs = by.menus.map(({ dep }) => dep);
		for (const prop of by.prop) exprs.push(prop.expr, prop.visible.expr);
		for (const expr of exprs)
			for (const sym of syms_of(expr)) remember(found, sym, () => new Set()).add(by);
	}
	return found;
}
