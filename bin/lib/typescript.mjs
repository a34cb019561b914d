// SPDX-License-Identifier: GPL-2.0-only
import { join } from "node:path";

/** The top of the tree. */
export const root = join(import.meta.dirname, "../..");

/**
 * Lets Node read TypeScript, from here on. False, with what to do on stderr,
 * where the packages that it takes are not there yet, or Node is too old.
 * @param {string} name of the command
 * @returns {Promise<boolean>}
 */
export async function typescript(name) {
	try {
		const { register } = await import("tsx/esm/api");
		register();
		return true;
	} catch (error) {
		if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ERR_MODULE_NOT_FOUND") throw error;
		process.stderr.write(
			`${name}: its packages are not installed: run 'npm ci' in ${root}, or 'make' there\n`,
		);
		process.exitCode = 2;
		return false;
	}
}
