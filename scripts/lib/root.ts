// SPDX-License-Identifier: GPL-2.0-only
/** Where the tree is: for programs that need no more than that. */
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export function here(): string {
	return resolve(dirname(fileURLToPath(import.meta.url)), "../..");
}
