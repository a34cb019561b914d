// SPDX-License-Identifier: GPL-2.0-only
/** What a configuration says of a condition. */
import type { Condition, Configuration } from "./data.ts";

const COMPARE: Record<string, (a: number, b: number) => boolean> = {
	"<": (a, b) => a < b,
	">": (a, b) => a > b,
	"<=": (a, b) => a <= b,
	">=": (a, b) => a >= b,
	"===": (a, b) => a === b,
	"!==": (a, b) => a !== b,
};

/** Undefined: it depends on something else. */
export function holds(c: Condition, values: Configuration["values"]): boolean | undefined {
	if (c === null) return undefined;
	if (typeof c === "string") return values[c] !== undefined && values[c] !== "0";
	const [op, ...parts] = c;
	if (op in COMPARE) return COMPARE[op](Number(values[parts[0] as string] ?? 0), Number(parts[1]));
	const all = parts.map((part) => holds(part, values));
	if (op === "!") return all[0] === undefined ? undefined : !all[0];
	const decides = op === "||";
	if (all.includes(decides)) return decides;
	return all.includes(undefined) ? undefined : !decides;
}

/** The symbols that it asks for. */
export function symbols_of(c: Condition): string[] {
	if (typeof c === "string") return c.startsWith("CONFIG_") ? [c] : [];
	return c === null ? [] : [...new Set(c.slice(1).flatMap(symbols_of))];
}
