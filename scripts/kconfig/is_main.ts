// SPDX-License-Identifier: GPL-2.0-only
//
// Whether a module is the program that node was started with, or was imported by another. No
// counterpart in Linux.

import { existsSync, realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";

/**
 * Is the module with this import.meta.url the program? It may have been started by a link:
 * npm installs commands as links, while import.meta.url is that of the file itself.
 */
export function is_main(url: string): boolean {
	const [, program] = process.argv;
	if (program === undefined || !existsSync(program)) return false;
	return url === pathToFileURL(realpathSync(program)).href;
}
