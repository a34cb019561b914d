// SPDX-License-Identifier: GPL-2.0-only
/** What is made of the times that were measured. Where there is nothing to say, it is null and no number. */

/** The middle one of those that are numbers; null without any. */
export function median(values: readonly (number | null)[]): number | null {
	const sorted = values.filter((v): v is number => v !== null && Number.isFinite(v)).sort((x, y) => x - y);
	return sorted.length > 0 ? sorted[sorted.length >> 1] : null;
}

/** The median of a[i] / b[i]. A time of 0 was too short to be measured, and can be compared with nothing. */
export function median_ratio(a: readonly (number | null)[], b: readonly (number | null)[]): number | null {
	return median(a.map((x, i) => (x && b[i] ? x / b[i] : null)));
}

/** Time for each of n; null, if there was none. */
export function each(ns: number, n: number): number | null {
	return n > 0 && Number.isFinite(ns) ? ns / n : null;
}

/** In a table: `-` for what is not known. */
export function shown(value: unknown, digits: number): string {
	return typeof value === "number" && Number.isFinite(value) ? value.toFixed(digits) : "-";
}
