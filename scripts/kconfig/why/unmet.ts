// SPDX-License-Identifier: GPL-2.0-only
//
// Which condition keeps a symbol from a value. Expressions are taken apart at && and ||, and
// followed into other symbols only where those cannot simply be set. No counterpart in Linux.

import { expr_calc_value, expr_print, show_with_value, tristate_name } from "../expr.ts";
import type { Expr, Kconf, Menu, Property, Sym, Tristate } from "../lkc.ts";
import { mod, no, S_BOOLEAN, S_TRISTATE, S_UNKNOWN, SYMBOL_CONST, SYMBOL_TRANS, yes } from "../lkc.ts";
import { sym_calc_value, sym_get_default_prop, sym_get_type, sym_string_within_range } from "../symbol.ts";
import type { Goal } from "./goal.ts";
import { at_least, at_most, goal_holds, is_fixed, prompts_of } from "./goal.ts";
import { dependency_macros, macro_text } from "./macros.ts";
import { ELLIPSIS } from "./names.ts";
import { count, place, range_of, selectors_of } from "./origin.ts";
import { is_logical } from "./trial.ts";
import { choice_of, own_condition } from "./ways_choice.ts";

/** One part of a condition. */
export interface Term {
	/** With the values in it, as in "A [=n] || B [=m]". */
	readonly text: string;
	readonly value: "n" | "m" | "y";
	readonly met: boolean;
	/** What there is to know about it, or empty. */
	readonly note: string;
	/** What it is made of, or what in turn keeps it from being met. */
	readonly terms: readonly Term[];
}

/** One condition that is not met. */
export interface Condition {
	readonly text: string;
	readonly at: string | null;
	readonly terms: readonly Term[];
}

const MAX_DEPTH = 3;
/** More than this many of one kind are counted, not listed. */
const MAX_LIST = 6;
/** The same inside of a line. */
const MAX_BY = 3;

/** The conditions that keep a symbol from a value. None: it is visible, and only has to be set. */
export function unmet(kconf: Kconf, sym: Sym, want: string | null): Condition[] {
	sym_calc_value(kconf, sym);
	if (sym.type === S_UNKNOWN) return [];
	if (!is_logical(sym)) return unmet_text(kconf, sym, want);
	const tri = "nmy".indexOf(want ?? "y") as Tristate;
	if (sym.curr.tri === tri) return [];
	return tri > sym.curr.tri ? unmet_raise(kconf, sym, tri) : unmet_lower(kconf, sym, tri);
}

const note = (text: string, at: string | null = null): Condition => ({ text, at, terms: [] });

/** Before 6.11 no member is m while one of them is y. */
function chosen_alone(kconf: Kconf, sym: Sym): Condition[] | null {
	const choice =
		kconf.rules.old_choices && sym.type === S_TRISTATE && kconf.modules_val !== no ? sym.in_choice : null;
	if (choice?.sym?.curr.tri !== yes) return null;
	return [note("its choice is y: one of it is chosen alone", place(choice))];
}

function unmet_raise(kconf: Kconf, sym: Sym, tri: Tristate): Condition[] {
	const alone = tri === mod ? chosen_alone(kconf, sym) : null;
	if (alone) return alone;
	if (tri === mod && sym_get_type(kconf, sym) === S_BOOLEAN) {
		if (sym.type === S_BOOLEAN) return [note("a bool cannot be m")];
		return [note(`it cannot be m without modules (${kconf.modules_sym?.name ?? "MODULES"} is n)`)];
	}
	if (prompts_of(sym).length === 0) return promptless(kconf, sym, tri, 0);
	const need = sym.type === S_BOOLEAN ? mod : tri;
	const res = unmet_prompts(kconf, sym, need, 0);
	if (res.length > 0) return res;
	const choice = choice_of(kconf, sym);
	return choice ? [choice_note(choice)] : [];
}

/** What is there instead of a member. */
function choice_note(choice: Menu): Condition {
	// A choice has a value of its own only before 6.11.
	const tri = choice.sym?.curr.tri;
	const text = tri === mod ? "its choice is m: none of it is chosen alone" : "nothing of its choice is chosen";
	const chosen = choice.choice_members.some((member) => member.curr.tri === yes);
	return note(chosen ? "another member of its choice is chosen" : text, place(choice));
}

/** What keeps the prompts hidden, one condition for each. */
function unmet_prompts(kconf: Kconf, sym: Sym, need: Tristate, depth: number): Condition[] {
	if (sym.visible >= need) return [];
	const choice = kconf.rules.old_choices ? (sym.in_choice?.sym ?? null) : null;
	if (choice) return unmet_member(kconf, choice, sym, need, depth);
	return prompts_of(sym).map((prop) => prompt_terms(kconf, prop, prop.visible.expr, need, depth));
}

function prompt_terms(kconf: Kconf, prop: Property, e: Expr | null, need: Tristate, depth: number): Condition {
	const terms = terms_of(kconf, e, at_least(e, need), depth);
	return { text: prompt_needs(prop), at: place(prop), terms: traced(kconf, prop, terms) };
}

/** Before 6.11 a member depends on its choice, whose value is what is chosen of it: that is no condition. */
function unmet_member(kconf: Kconf, choice: Sym, sym: Sym, need: Tristate, depth: number): Condition[] {
	const of_choice = choice.type === S_BOOLEAN ? mod : need;
	const res = [
		...prompts_of(sym).map((prop) => prompt_terms(kconf, prop, own_condition(choice, prop), need, depth)),
		...(choice.visible >= of_choice
			? []
			: prompts_of(choice).map((prop) =>
					prompt_terms(kconf, prop, prop.visible.expr, of_choice, depth),
				)),
	];
	return res.filter(({ terms }) => terms.some(({ met }) => !met));
}

/** Constants are told with what they came from. */
function traced(kconf: Kconf, prop: Property, terms: readonly Term[]): Term[] {
	const from = (): string => {
		const macros = dependency_macros(kconf, prop.menu);
		return macros.length > 0 ? `${CONSTANT}, from ${macros.join("; ")}` : CONSTANT;
	};
	return terms.map((term) => (term.note === CONSTANT ? { ...term, note: from() } : term));
}

function prompt_needs(prop: Property): string {
	return `the prompt "${prop.text}" needs`;
}

/** A symbol without a prompt is set by others, or by its defaults, or not at all. */
function promptless(kconf: Kconf, sym: Sym, tri: Tristate, depth: number): Condition[] {
	const selectors = selectors_of(kconf, sym, "select");
	const defaults = sym.prop.filter((prop) => prop.type === "default");
	if (sym.flags & SYMBOL_TRANS) {
		return [note("transitional: it is only read from an old .config, for a symbol that replaces it")];
	}
	const res = [note(`no prompt: only ${can_set(selectors.length, defaults.length)}`)];
	if (depth > 0) return res;
	for (const { sym: by, prop } of selectors.slice(0, MAX_LIST)) {
		const cond = prop.visible.expr ? ` if ${expr_print(prop.visible.expr, show_with_value)}` : "";
		res.push(note(`would be selected by ${show_with_value(by)}${cond}`, place(prop)));
	}
	const rest = selectors.length - MAX_LIST;
	if (rest > 0) res.push(note(`and by ${count(rest, "other")}`));
	for (const prop of defaults.slice(0, MAX_LIST)) {
		const visible = expr_calc_value(kconf, prop.visible.expr) !== no;
		const goal = visible ? at_least(prop.expr, tri) : at_least(prop.visible.expr, mod);
		res.push({
			text: `default ${expr_print(prop.expr, show_with_value)}${visible ? "" : ", which needs"}`,
			at: place(prop),
			terms: terms_of(kconf, visible ? prop.expr : prop.visible.expr, goal, depth + 1),
		});
		if (visible) return res;
	}
	const more = defaults.length - MAX_LIST;
	if (more > 0) res.push(note(`and ${count(more, "other default")}`));
	return res;
}

function can_set(selectors: number, defaults: number): string {
	if (selectors + defaults === 0) return "selects and defaults could set it, and there are none";
	const parts = [];
	if (selectors > 0) parts.push(selectors > 1 ? `${selectors} selects` : "a select");
	if (defaults > 0) parts.push(defaults > 1 ? `${defaults} defaults` : "its default");
	return `${parts.join(" and ")} can set it`;
}

function unmet_lower(kconf: Kconf, sym: Sym, tri: Tristate): Condition[] {
	const res: Condition[] = [];
	for (const { sym: by, prop, value } of selectors_of(kconf, sym, "select")) {
		if (value <= tri) continue;
		const text = `selected by ${show_with_value(by)}, so it cannot be ${tristate_name(tri)}`;
		res.push(note(text, place(prop)));
	}
	if (res.length > 0) return res;
	const m_of_choice = tri === mod ? chosen_alone(kconf, sym) : null;
	if (m_of_choice) return m_of_choice;
	if (tri === mod && sym_get_type(kconf, sym) === S_BOOLEAN) {
		return unmet_raise(kconf, sym, tri);
	}
	const choice = choice_of(kconf, sym);
	const alone = choice && (!kconf.rules.old_choices || choice.sym?.curr.tri === yes);
	if (alone) return [note("it is chosen: choose another member instead", place(choice))];
	if (prompts_of(sym).length === 0) return [by_default(kconf, sym, "no prompt")];
	if (sym.visible !== no) return [];
	return [by_default(kconf, sym, "not visible"), ...unmet_prompts(kconf, sym, mod, 0)];
}

/** What cannot be set has the value of its default, whose condition holds. */
function by_default(kconf: Kconf, sym: Sym, why: string): Condition {
	const prop = sym_get_default_prop(kconf, sym);
	const cond = prop?.visible.expr ? `, as ${expr_print(prop.visible.expr, show_with_value)}` : "";
	return note(`${why}: its default sets it${cond}`, prop && place(prop));
}

function unmet_text(kconf: Kconf, sym: Sym, want: string | null): Condition[] {
	if (prompts_of(sym).length === 0) return [note("no prompt: only its defaults can set it")];
	const hidden = unmet_prompts(kconf, sym, mod, 0);
	if (hidden.length > 0) return hidden;
	const range = range_of(kconf, sym);
	if (want !== null && range && !sym_string_within_range(kconf, sym, want)) {
		return [note(`${want} is outside the range ${range.text}`, range.at)];
	}
	return [];
}

// --- terms -------------------------------------------------------------------------------

/** The operands of a chain of the same operator. */
function operands(e: Expr, type: "and" | "or"): Expr[] {
	return e.type === type ? [...operands(e.left, type), ...operands(e.right, type)] : [e];
}

/** The parts of an expression, each with whether it is met. */
function terms_of(kconf: Kconf, e: Expr | null, goal: Goal, depth: number): Term[] {
	if (!e || goal.kind !== "expr") return [];
	const raise = goal.lo > no;
	const seen = new Map<string, Term>();
	for (const part of operands(e, raise ? "and" : "or")) {
		const own = raise ? at_least(part, goal.lo) : at_most(part, goal.hi);
		const res = make_term(kconf, part, own, depth);
		if (!seen.has(res.text)) seen.set(res.text, res);
	}
	return [...seen.values()];
}

function make_term(kconf: Kconf, e: Expr, goal: Goal, depth: number): Term {
	const met = goal_holds(kconf, goal);
	const value = tristate_name(expr_calc_value(kconf, e));
	const text = expr_print(e, show_with_value);
	if (met) return { text, value, met, note: "", terms: [] };
	return { text, value, met, ...follow(kconf, e, goal, depth) };
}

const CONSTANT = "constant";

type Detail = Pick<Term, "note" | "terms">;
const detail = (text: string, terms: readonly Term[] = []): Detail => ({ note: text, terms });

/** What to say of a term that is not met. */
function follow(kconf: Kconf, e: Expr, goal: Goal, depth: number): Detail {
	if (goal.kind !== "expr") return detail("");
	if (e.type === "symbol") return follow_symbol(kconf, e.sym, goal.lo, depth);
	if (e.type === "and" || e.type === "or") {
		// All terms of the other operator: one of them is enough.
		if (depth >= MAX_DEPTH) return detail(ELLIPSIS);
		const terms: Term[] = [];
		for (const part of operands(e, e.type)) {
			const own = goal.lo > no ? at_least(part, goal.lo) : at_most(part, goal.hi);
			terms.push(...terms_of(kconf, part, own, depth + 1));
		}
		return detail("one of these would do", terms);
	}
	if (e.type === "not") return detail(e.expr.type === "symbol" ? off(kconf, e.expr.sym) : "");
	const [left, right] = [e.left as Sym, e.right as Sym];
	const constant = is_fixed(left) && is_fixed(right) ? CONSTANT : "";
	return detail(strange(left) || strange(right) || constant || fixed(kconf, left) || fixed(kconf, right));
}

/** Numbers are symbols that nobody defines. */
const is_number = (sym: Sym): boolean => sym.type === S_UNKNOWN && /^-?(?:0[xX][0-9a-fA-F]+|\d+)$/.test(sym.name ?? "");

/** Something that makes a symbol a dead end. */
function strange(sym: Sym): string {
	if (sym.flags & SYMBOL_CONST || is_number(sym)) return "";
	return sym.type === S_UNKNOWN ? `${sym.name} is not defined` : "";
}

/** A number or text that a default gives, and nobody can set: mostly what a tool has reported. */
function fixed(kconf: Kconf, sym: Sym): string {
	if (is_fixed(sym) || is_logical(sym) || prompts_of(sym).length > 0) return "";
	const prop = sym_get_default_prop(kconf, sym);
	if (!prop) return "no prompt, and no default";
	const from = macro_text(kconf, prop);
	return `${sym.name} comes from its default${from === "" ? "" : `, ${from}`} (${place(prop)})`;
}

function off(kconf: Kconf, sym: Sym): string {
	if (strange(sym)) return strange(sym);
	if (selectors_of(kconf, sym, "select").some(({ value }) => value !== no)) {
		const by = selectors_of(kconf, sym, "select").filter(({ value }) => value !== no);
		const names = by.slice(0, MAX_BY).map(({ sym: s }) => s.name);
		const rest = by.length - names.length;
		return `selected by ${names.join(", ")}${rest > 0 ? ` and ${count(rest, "other")}` : ""}`;
	}
	if (prompts_of(sym).length === 0) return "no prompt";
	return sym.visible !== no ? "can be turned off" : "not visible";
}

function follow_symbol(kconf: Kconf, sym: Sym, lo: Tristate, depth: number): Detail {
	if (sym.flags & SYMBOL_CONST) return detail(CONSTANT);
	if (strange(sym)) return detail("not defined in these Kconfig files");
	sym_calc_value(kconf, sym);
	if (prompts_of(sym).length === 0) {
		const [first, ...rest] = promptless(kconf, sym, lo, depth);
		const terms = rest.flatMap((c) => c.terms).filter((t) => !t.met && !t.note.startsWith(CONSTANT));
		return detail(first?.text ?? "", depth + 1 < MAX_DEPTH ? terms : []);
	}
	const need = sym_get_type(kconf, sym) === S_TRISTATE ? lo : mod;
	if (sym.visible >= need) return detail(lo === yes ? "can be set to y" : "can be set");
	if (depth >= MAX_DEPTH) return detail(`not visible ${ELLIPSIS}`);
	const terms = unmet_prompts(kconf, sym, need, depth + 1).flatMap((c) => c.terms);
	return detail(
		"cannot be set yet:",
		terms.filter((t) => !t.met),
	);
}
