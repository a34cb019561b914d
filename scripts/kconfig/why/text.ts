// SPDX-License-Identifier: GPL-2.0-only
//
// An explanation as text for a terminal. No counterpart in Linux.

import { config_prefix } from "../confdata.ts";
import type { Kconf } from "../lkc.ts";
import { S_DEF_USER, S_STRING, S_UNKNOWN, SYMBOL_TRANS, yes } from "../lkc.ts";
import { quoted } from "../old/conf_auto.ts";
import { sym_calc_value, sym_has_value, sym_string_within_range } from "../symbol.ts";
import type { Change } from "./effects.ts";
import { change_lines } from "./effects_text.ts";
import type { Explanation } from "./facts.ts";
import { count } from "./origin.ts";
import type { SearchResult, Solution } from "./search.ts";
import type { Together } from "./together.ts";
import type { Assignment } from "./trial.ts";
import type { Condition, Term } from "./unmet.ts";
import { choice_of } from "./ways_choice.ts";

/** More of what a value comes from is counted, not listed. */
const MAX_ORIGINS = 6;
const MAX_REASONS = 5;
/** Of those that stand inside of a sentence. */
const MAX_BECAUSE = 3;
const MAX_UNMET = 5;

const at = (where: string | null): string => (where ? ` (${where})` : "");

/** A value as the line that a .config has for it. */
function config_line(kconf: Kconf, { sym, value }: Assignment): string {
	const name = `${config_prefix(kconf)}${sym.name}`;
	if (value === "n" && sym.type !== S_STRING) return `# ${name} is not set`;
	return `${name}=${sym.type === S_STRING ? quoted(kconf, value) : value}`;
}

/** The values of a solution as lines to append to a .config; empty without one. */
export function fragment_text(kconf: Kconf, { solution }: Pick<SearchResult, "solution">): string {
	return (solution?.set ?? []).map((value) => `${config_line(kconf, value)}\n`).join("");
}

const as_text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** The explanation as lines of text. */
export function explain_text(kconf: Kconf, ex: Explanation): string {
	return as_text(part_lines(kconf, ex, ex));
}

/** The explanation of several symbols, with one answer for all of them. */
export function explain_all_text(kconf: Kconf, together: Together): string {
	const { parts } = together;
	const [only, ...more] = parts;
	if (only && more.length === 0) return explain_text(kconf, only);
	const lines = parts.flatMap((part) => [...part_lines(kconf, part, null), ""]);
	if (together.holds) lines.pop();
	else lines.push(...solution_lines(kconf, parts, together));
	return as_text(lines);
}

/** What was asked for, as SYMBOL=value. */
export function wish_text(ex: Explanation): string {
	return ex.want === null ? `${ex.name} visible` : `${ex.name}=${wish(ex)}`;
}

function heading(ex: Explanation): string[] {
	const quoted = ex.type === "string" ? `"${ex.value}"` : ex.value;
	const prompt = ex.prompt === null ? "" : ` "${ex.prompt}"`;
	const defined = ex.defined.length > 0 ? `, ${ex.defined.join(", ")}` : "";
	const transitional = ex.sym.flags & SYMBOL_TRANS ? "transitional " : "";
	const type = ex.sym.type === S_UNKNOWN ? "not defined" : `${transitional}${ex.type}`;
	const lines = [`${ex.name} is ${quoted}  (${type}${prompt}${defined})`];
	const shown = ex.origins.slice(0, MAX_ORIGINS);
	for (const origin of shown) lines.push(`  ${origin.text}${at(origin.at)}`);
	const rest = ex.origins.length - shown.length;
	if (rest > 0) lines.push(`  and ${count(rest, "other")}`);
	return lines;
}

function wish(ex: Explanation): string {
	if (ex.want === null) return "visible";
	return ex.type === "string" ? `"${ex.want}"` : ex.want;
}

/** One symbol; `answer` is what follows for it alone. */
function part_lines(kconf: Kconf, ex: Explanation, answer: SearchResult | null): string[] {
	const lines = heading(ex);
	if (ex.holds) return ex.want === null ? [...lines, "", "It is visible, and can be set."] : lines;
	if (ex.unmet.length > 0) {
		lines.push("", `What keeps it from being ${wish(ex)}:`);
		for (const condition of ex.unmet) lines.push(...condition_lines(condition));
	} else if (ex.instead_of === null && can_be_set(kconf, ex)) {
		lines.push("", "It is visible, and only has to be set.");
	}
	if (answer) lines.push("", ...solution_lines(kconf, [ex], answer));
	return lines;
}

function can_be_set(kconf: Kconf, { sym, want }: Explanation): boolean {
	sym_calc_value(kconf, sym);
	return want !== null && sym_string_within_range(kconf, sym, want);
}

function because(reasons: readonly string[]): string {
	if (reasons.length === 0) return "";
	const rest = reasons.length - MAX_BECAUSE;
	const more = rest > 0 ? `; and ${count(rest, "other reason")}` : "";
	return ` (${reasons.slice(0, MAX_BECAUSE).join("; ")}${more})`;
}

function condition_lines({ text, at: where, terms }: Condition): string[] {
	const lines = [`  ${text}${at(where)}`];
	lines.push(...term_lines(terms, "    "));
	const met = terms.filter((term) => term.met).map((term) => term.text);
	const shown = met.slice(0, 6).join(", ");
	if (met.length > 0) {
		const rest = met.length - 6;
		lines.push(`    met: ${shown}${rest > 0 ? ` and ${count(rest, "other")}` : ""}`);
	}
	return lines;
}

function term_lines(terms: readonly Term[], indent: string): string[] {
	const lines: string[] = [];
	for (const term of terms) {
		if (term.met) continue;
		const note = term.note === "" ? "" : `  ${term.note}`;
		lines.push(`${indent}unmet: ${term.text}${note}`);
		lines.push(...term_lines(term.terms, `${indent}  `));
	}
	return lines;
}

function solution_lines(kconf: Kconf, parts: readonly Explanation[], found: SearchResult): string[] {
	const { solution, smaller } = found;
	const lines: string[] = [];
	for (const { name, instead_of, want } of parts) {
		if (instead_of === null) continue;
		const what =
			parts.length > 1
				? `${name} cannot be ${instead_of} with the others`
				: `It cannot be ${instead_of}`;
		lines.push(`${what}${because(found.reasons)}; the most it can be is ${want}.`);
	}
	const target = target_text(parts);
	if (!solution) {
		if (!found.impossible) return [`No values were found with which to ${target}.`, ...reason_lines(found)];
		return [`There are no values with which to ${target}:`, ...reason_lines(found)];
	}
	lines.push(`To ${target}, set (${size_text(solution, smaller)}):`, ...set_lines(kconf, solution));
	if (solution.lost > 0 && found.loss_needed) {
		lines.push(`  Any set takes something away${found.least_loss ? "; none takes away less" : ""}.`);
	}
	if (smaller) {
		const what = solution.lossless ? "but not all of what is on now" : `but ${lost_text(smaller)}`;
		lines.push(`Or, with ${count(smaller.set.length, "value")}, ${what}:`);
		const changes = smaller.changes.filter(({ lost }) => lost);
		lines.push(...set_lines(kconf, { ...smaller, changes }));
	}
	return lines;
}

/** "have A=y and see N". */
function target_text(parts: readonly Explanation[]): string {
	const see = parts.filter(({ want }) => want === null).map(({ name }) => name);
	const have = parts.filter(({ want }) => want !== null).map(wish_text);
	const wishes = [
		...(have.length > 0 ? [`have ${list(have)}`] : []),
		...(see.length > 0 ? [`see ${list(see)}`] : []),
	];
	return wishes.join(", and to ");
}

const list = (names: readonly string[]): string =>
	names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

const lost_text = ({ lost }: Solution): string => `${lost} of what is on now ${lost === 1 ? "is" : "are"} lost`;

function size_text(solution: Solution, smaller: Solution | null): string {
	const { set, smallest, lossless } = solution;
	const n = count(set.length, "value");
	const loss = lossless ? "" : `; ${lost_text(solution)}`;
	if (set.length === 1) return `${n}${loss}`;
	if (!smallest) return `${n}, each of which is needed${loss}`;
	const but = smaller ? (lossless ? " and keep all that is on" : " and lose as little") : "";
	return `${n}; fewer will not do${but}${loss}`;
}

function set_lines(kconf: Kconf, { set, unmet, changes }: Solution): string[] {
	const lines = set.map((value) => `  ${config_line(kconf, value)}${replaced(kconf, value)}`);
	if (unmet.length > 0) {
		const names = unmet.slice(0, MAX_UNMET).map(({ name }) => name);
		const rest = unmet.length - names.length;
		const all = rest > 0 ? `${names.join(", ")} and ${count(rest, "other")}` : list(names as string[]);
		lines.push(`  This selects ${all}, whose own dependencies are unmet.`);
	}
	return [...lines, ...modules_lines(kconf, changes), ...change_lines(changes)];
}

/** Without modules, all that is m becomes y: that is more than one symbol. */
function modules_lines({ modules_sym }: Kconf, changes: readonly Change[]): string[] {
	const own = changes.find(({ sym, after }) => sym === modules_sym && after === "n");
	if (!own) return [];
	const built_in = changes.filter(({ before, after }) => before === "m" && after === "y").length;
	const many = built_in > 1;
	const become = `${count(built_in, "symbol")} that ${many ? "are m become" : "is m becomes"} y`;
	const what = built_in > 0 ? `; ${become}` : "";
	return [`  takes away modules: ${own.sym.name} becomes n${what}`];
}

/** Other members of a choice have to go, if the file has them as y. */
function replaced(kconf: Kconf, { sym, value }: Assignment): string {
	if (!choice_of(kconf, sym)) return "";
	if (value === "y") return "  (and no other member of its choice)";
	// The choice would remember the y, were it to stand in the file before this.
	const remembered = kconf.rules.old_choices && sym_has_value(sym) && sym.def[S_DEF_USER].tri === yes;
	return remembered ? "  (instead of its y, not after it)" : "";
}

function reason_lines({ reasons }: SearchResult): string[] {
	const shown = reasons.slice(0, MAX_REASONS).map((reason) => `  ${reason}`);
	const rest = reasons.length - MAX_REASONS;
	if (rest > 0) shown.push(`  and ${count(rest, "other reason")}`);
	return shown;
}
