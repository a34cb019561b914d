// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a generated file was made of, and whether that is still so. A file is
 * known by its size and by the time of its last change, which nobody can set
 * back, unlike the time of its last modification.
 */
import { statSync } from "node:fs";

/** @typedef {[path: string, size: number, changed: number]} Input */

/** The clock that files have their times from may be behind Date.now(), in ms. */
const CLOCK_MS = 20;

/**
 * Files as they are now; undefined, if one of them has changed since `since` (of
 * Date.now()), so that nobody can tell which of its contents was read meanwhile.
 * @param {Iterable<string>} paths
 * @param {number} since
 * @returns {Input[] | undefined}
 */
export function inputs_of(paths, since) {
	/** @type {Input[]} */
	const inputs = [];
	for (const path of paths) {
		const { size, ctimeMs } = statSync(path);
		if (ctimeMs > since - CLOCK_MS) return undefined;
		inputs.push([path, size, ctimeMs]);
	}
	return inputs;
}

/**
 * Is each of them as it was?
 * @param {Input[]} inputs
 */
export function unchanged(inputs) {
	return inputs.every(([path, size, changed]) => {
		const now = statSync(path, { throwIfNoEntry: false });
		return now !== undefined && now.size === size && now.ctimeMs === changed;
	});
}
