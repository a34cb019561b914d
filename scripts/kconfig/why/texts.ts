// SPDX-License-Identifier: GPL-2.0-only
//
// The texts of ints, hexes and strings: which are the same, less or more. No counterpart in
// Linux.

import { compare_values, strtoll } from "../expr.ts";
import type { Kconf, Sym, SymbolType } from "../lkc.ts";
import { S_HEX, S_STRING } from "../lkc.ts";

/** Are two texts the same value of a symbol? */
export function same_text(sym: Sym, a: string, b: string): boolean {
	return a === b || (sym.type !== S_STRING && compare_values(a, sym.type, b, sym.type) === 0);
}

/** How two texts compare, by the rules of the engine. */
export function compare_texts({ rules }: Kconf, a: Sym, a_text: string, b: Sym, b_text: string): number {
	// In 2.6 everything was a text.
	const type = (sym: Sym): SymbolType => (rules.ancient ? S_STRING : sym.type);
	return compare_values(a_text, type(a), b_text, type(b));
}

const NUMBER: Readonly<Record<10 | 16 | 0, RegExp>> = {
	10: /^-?\d+$/,
	16: /^-?(?:0[xX])?[0-9a-fA-F]+$/,
	0: /^-?(?:0[xX][0-9a-fA-F]+|\d+)$/,
};

/** A text as a number, or null if it is none. */
function parse_number(text: string, base: 10 | 16 | 0): bigint | null {
	return NUMBER[base].test(text) ? strtoll(text, base) : null;
}

/** What a text of the Kconfig files can stand for as a number of this symbol: also what is no number counts. */
export function number_value(sym: Sym, text: string): bigint[] {
	const base = sym.type === S_HEX ? 16 : 10;
	return [...new Set([strtoll(text, base), strtoll(text, 0)])];
}

export function number_text(sym: Sym, n: bigint): string {
	return sym.type === S_HEX ? `0x${n.toString(16)}` : `${n}`;
}

/** Texts at, just below and just above another. */
export function near(sym: Sym, text: string): string[] {
	if (sym.type === S_STRING) return [text, "", `${text}x`];
	const val = parse_number(text, sym.type === S_HEX ? 16 : 0);
	if (val === null) return [];
	const all = [val, val + 1n, val - 1n];
	return (sym.type === S_HEX ? all.filter((n) => n >= 0n) : all).map((n) => number_text(sym, n));
}
