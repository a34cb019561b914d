// SPDX-License-Identifier: GPL-2.0-only
//
// The library at work: all that is known of a symbol, and who mentions it.
//
//	ARCH=x86 SRCARCH=x86 node --import tsx scripts/kconfig/examples/find_symbol.ts SYMBOL [KCONFIG]

import { type Kconfig, parse, type Statement } from "../index.ts";
import { run_example } from "./program.ts";

const when = ({ condition, at }: Statement): string => `${condition ? ` if ${condition}` : ""} (${at.file}:${at.line})`;

/** What the files and the configuration say of a symbol, a line each; empty if nobody names it. */
export function find_symbol(kconfig: Kconfig, name: string): string[] {
	const symbol = kconfig.symbol(name);
	if (!symbol) return [];
	return [
		`${name} is ${symbol.value}, a ${symbol.type}; can be set to: ${symbol.assignable.join(" ") || "-"}`,
		...symbol.origins.map(({ text }) => `comes from: ${text}`),
		...symbol.defined_at.map(({ file, line }) => `defined at: ${file}:${line}`),
		...(symbol.direct_dependencies ? [`depends on: ${symbol.direct_dependencies}`] : []),
		...symbol.defaults.map((stated) => `default ${stated.value}${when(stated)}`),
		...symbol.ranges.map((stated) => `range ${stated.low} ${stated.high}${when(stated)}`),
		...symbol.selects.map((stated) => `selects ${stated.target}${when(stated)}`),
		...symbol.implies.map((stated) => `implies ${stated.target}${when(stated)}`),
		...symbol.selected_by.map((stated) => `selected by ${stated.by.name}${when(stated)}`),
		...symbol.implied_by.map((stated) => `implied by ${stated.by.name}${when(stated)}`),
		...symbol.referenced_by.map((by) => `mentioned by ${by.name}`),
	];
}

run_example(import.meta.url, (name = "", file) => {
	const lines = find_symbol(parse(file), name);
	return lines.length > 0 ? lines : [`${name}: nobody names it`];
});
