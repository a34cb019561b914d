// SPDX-License-Identifier: GPL-2.0-only
/** Mean, and the standard deviation of it, of what was measured several times. */

export function mean(values: readonly number[]): number {
	return values.reduce((sum, n) => sum + n, 0) / values.length;
}

/** Of the mean, not of a single value, as perf's stddev_stats(); 0 for one. */
export function stddev_of_mean(values: readonly number[]): number {
	if (values.length < 2) return 0;
	const average = mean(values);
	const squares = values.reduce((sum, n) => sum + (n - average) ** 2, 0);
	return Math.sqrt(squares / (values.length - 1) / values.length);
}
