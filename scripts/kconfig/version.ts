// SPDX-License-Identifier: GPL-2.0-only
//
// --version, alone, of all commands. An addition: Linux's conf and its scripts have none.

import { process_host } from "./host.ts";
import pack from "./package.json" with { type: "json" };

/** Was the version asked for? Then it has been told, and there is nothing else to do. */
export function told_version(name: string): boolean {
	const [word, more] = process.argv.slice(2);
	if (word !== "--version" || more !== undefined) return false;
	process_host().out(`${name} ${pack.version}\n`);
	return true;
}
