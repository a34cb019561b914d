// SPDX-License-Identifier: GPL-2.0-only
//
// An explanation as text for a terminal. No counterpart in Linux.

import { sym_get_choice_menu } from "../choice.ts";
import { config_prefix, escape_string_value } from "../confdata.ts";
import type { Kconf } from "../lkc.ts";
import { S_STRING, SYMBOL_TRANS } from "../lkc.ts";
import type { Explanation } from "../why.ts";
import { change_lines } from "./effects_text.ts";
import { count } from "./origin.ts";
import type { Solution } from "./search.ts";
import type { Assignment } from "./trial.ts";
import type { Condition, Term } from "./unmet.ts";

/** More of what a value comes from is counted, not listed. */
const MAX_ORIGINS = 6;

const at = (where: string | null): string => (where ? ` (${where})` : "");

/** A value as the line that a .config has for it. */
function config_line(kconf: Kconf, { sym, value }: Assignment): string {
	const name = `${config_prefix(kconf)}${sym.name}`;
	if (value === "n" && sym.type !== S_STRING) return `# ${name} is not set`;
	return `${name}=${sym.type === S_STRING ? escape_string_value(value) : value}`;
}

/** The values of a solution as lines to append to a .config; empty without one. */
export function fragment_text(kconf: Kconf, ex: Explanation): string {
	return (ex.solution?.set ?? []).map((value) => `${config_line(kconf, value)}\n`).join("");
}

/** The explanation as lines of text. */
export function explain_text(kconf: Kconf, ex: Explanation): string {
	const lines = [...heading(ex), ...answer(kconf, ex)];
	return lines.map((line) => `${line}\n`).join("");
}

function heading(ex: Explanation): string[] {
	const quoted = ex.type === "string" ? `"${ex.value}"` : ex.value;
	const prompt = ex.prompt === null ? "" : ` "${ex.prompt}"`;
	const defined = ex.defined.length > 0 ? `, ${ex.defined.join(", ")}` : "";
	const type = `${ex.sym.flags & SYMBOL_TRANS ? "transitional " : ""}${ex.type}`;
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

function answer(kconf: Kconf, ex: Explanation): string[] {
	if (ex.holds) return ex.want === null ? ["", "It is visible, and can be set."] : [];
	const lines: string[] = [];
	if (ex.unmet.length > 0) {
		lines.push("", `What keeps it from being ${wish(ex)}:`);
		for (const condition of ex.unmet) lines.push(...condition_lines(condition));
	} else if (ex.solution && ex.instead_of === null) lines.push("", "It is visible, and only has to be set.");
	lines.push("");
	if (ex.instead_of !== null) {
		lines.push(`It cannot be ${ex.instead_of}${because(ex)}; the most it can be is ${ex.want}.`);
	}
	lines.push(...solution_lines(kconf, ex));
	return lines;
}

function because(ex: Explanation): string {
	return ex.reasons.length > 0 ? ` (${ex.reasons.slice(0, 3).join("; ")})` : "";
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

function solution_lines(kconf: Kconf, ex: Explanation): string[] {
	const target = ex.want === null ? `see ${ex.name}` : `have ${ex.name}=${wish(ex)}`;
	if (!ex.solution) {
		if (!ex.impossible) return [`No values were found with which to ${target}.`, ...reason_lines(ex)];
		const end = ex.reasons.length > 0 ? ":" : ".";
		return [`There are no values with which to ${target}${end}`, ...reason_lines(ex)];
	}
	const lines = [`To ${target}, set (${size_text(ex.solution, ex.smaller !== null)}):`];
	lines.push(...set_lines(kconf, ex.solution));
	const lost = ex.solution.changes.some((change) => change.lost && !change.set);
	if (lost && ex.loss_needed) lines.push("  Any set takes something away.");
	if (ex.smaller) {
		lines.push(`Or, with ${count(ex.smaller.set.length, "value")}, but not all of what is on now:`);
		const changes = ex.smaller.changes.filter(({ lost }) => lost);
		lines.push(...set_lines(kconf, { ...ex.smaller, changes }));
	}
	return lines;
}

function size_text({ set, smallest }: Solution, has_smaller: boolean): string {
	const n = count(set.length, "value");
	if (set.length === 1) return n;
	if (!smallest) return `${n}, each of which is needed`;
	return `${n}; fewer will not do${has_smaller ? " and keep all that is on" : ""}`;
}

function set_lines(kconf: Kconf, { set, unmet, changes }: Solution): string[] {
	const lines = set.map((value) => `  ${config_line(kconf, value)}${replaced(value)}`);
	if (unmet > 0) lines.push(`  This selects ${count(unmet, "symbol")} whose own dependencies are unmet.`);
	return [...lines, ...change_lines(changes)];
}

/** Other members of a choice have to go, if the file has them as y. */
function replaced({ sym, value }: Assignment): string {
	return sym_get_choice_menu(sym) && value === "y" ? "  (and no other member of its choice)" : "";
}

function reason_lines(ex: Explanation): string[] {
	const shown = ex.reasons.slice(0, 5).map((reason) => `  ${reason}`);
	const rest = ex.reasons.length - 5;
	if (rest > 0) shown.push(`  and ${count(rest, "other reason")}`);
	return shown;
}
