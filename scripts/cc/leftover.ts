// SPDX-License-Identifier: GPL-2.0-only
/** Fields that a configuration does not have: code that uses them must be dead in it. */
import { SourceMap } from "node:module";
import { resolve } from "node:path";
import { NO_SUCH_FIELD } from "./access.ts";

/** Uses of such fields that are left in a bundle, a line each; sources in its map are relative to dir. */
export function fields_left_over(code: string, map: string, dir: string): string[] {
	if (!code.includes(NO_SUCH_FIELD)) return [];
	const found = new Set<string>();
	const sources = new SourceMap(JSON.parse(map));
	code.split("\n").forEach((text, row) => {
		for (const { index } of text.matchAll(new RegExp(NO_SUCH_FIELD, "g"))) {
			const at = sources.findEntry(row, index) as { originalSource?: string; originalLine?: number };
			const where = `${resolve(dir, at.originalSource ?? "")}:${(at.originalLine ?? 0) + 1}`;
			found.add(`${where}: a field that this configuration does not have; use it in an if (CONFIG_…) of its symbol`);
		}
	});
	return [...found];
}
