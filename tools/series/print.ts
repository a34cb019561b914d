// SPDX-License-Identifier: GPL-2.0-only
/** What `spf series` prints. */
import Table from "cli-table3";
import { mark_of } from "./marks.ts";
import { all_patches, type Patch, patch_named } from "./series.ts";

const NO_LINES = {
	chars: Object.fromEntries(
		["top", "bottom", "left", "right", "mid", "middle"]
			.flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
			.map((line) => [line, ""]),
	),
	style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
};

const count = (names: string[]): string => (names.length > 0 ? String(names.length) : "-");

/** One line for each: how many functions, tests, scenarios and mutants it has here. */
function table(patches: Patch[]): string {
	const rows = new Table({ ...NO_LINES, head: ["patch", "func", "test", "scen", "mut", "title"] });
	for (const p of patches)
		rows.push([
			mark_of(p.series, p.number),
			...[p.functions, p.tests, p.scenarios, p.mutants].map((names) => ({
				content: count(names),
				hAlign: "right" as const,
			})),
			p.title,
		]);
	return `${rows.toString().replace(/ +$/gm, "")}\n`;
}

/** All that is known of one. */
function whole(p: Patch): string {
	const part = (name: string, names: string[]) =>
		names.length > 0 ? [`${name}:`, ...names.map((n) => `  ${n}`)] : [];
	return [
		`${mark_of(p.series, p.number)} ${p.title}`,
		`Message-Id: ${p.message_id}`,
		...part("functions", p.functions),
		...part("tests", p.tests),
		...part("scenarios", p.scenarios),
		...part("mutants", p.mutants),
		...(p.left_out === null ? [] : part(p.functions.length > 0 ? "not here" : "left out", [p.left_out])),
		"",
	].join("\n");
}

export function series(names: string[], json: boolean): string {
	const patches = names.length > 0 ? names.map(patch_named) : all_patches();
	if (json) return `${JSON.stringify(patches, null, "\t")}\n`;
	return names.length > 0 ? patches.map(whole).join("\n") : table(patches);
}
