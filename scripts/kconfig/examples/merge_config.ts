// SPDX-License-Identifier: GPL-2.0-only
//
// The library at work: several configurations, each over those before it, into one; and what of
// them has not come out.
//
//	node --import tsx scripts/kconfig/examples/merge_config.ts KCONFIG OUT CONFIG...

import { type Kconfig, parse } from "../index.ts";
import { run_example } from "./program.ts";

/** Merges and writes. Returns the warnings, and a line for each value that did not come out. */
export function merge_config(kconfig: Kconfig, out: string, files: readonly string[]): string[] {
	const lines = files.flatMap((file, i) => kconfig.load(file, { replace: i === 0 }));
	for (const { name, value } of kconfig.unknown_assignments) {
		lines.push(`${name}=${value}: there is no such symbol`);
	}
	for (const { name, value, user_value } of kconfig.symbols()) {
		if (user_value === null || user_value === value) continue;
		lines.push(`${name}: ${user_value} was asked for, it is ${value}`);
	}
	kconfig.write(out);
	return lines;
}

run_example(import.meta.url, (file, out = ".config", ...files) => merge_config(parse(file), out, files));
