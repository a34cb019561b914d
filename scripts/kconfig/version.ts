// SPDX-License-Identifier: GPL-2.0-only
//
// How all commands begin: with their name, and --version, alone. An addition: Linux's conf and
// its scripts have no version.

import { process_host, speaks_as } from "./host.ts";
import pack from "./package.json" with { type: "json" };

/** Is there something to do? Not if only the version was asked for, which has been told then. */
export function begins_as(name: string): boolean {
	speaks_as(name);
	const [word, more] = process.argv.slice(2);
	if (word !== "--version" || more !== undefined) return true;
	process_host().out(`${name} ${pack.version}\n`);
	return false;
}
