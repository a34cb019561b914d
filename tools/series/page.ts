// SPDX-License-Identifier: GPL-2.0-only
/** Documentation/series.md: the patches and what is here of them, as text that is folded at 110 columns. */
import { mark_of } from "./marks.ts";
import { all_patches, type Patch, postings } from "./series.ts";

export const PAGE = "Documentation/series.md";
const COLUMNS = 110;

const HEAD = `# The series, patch by patch

What is here of each patch: the functions that carry it, and the unit tests, scenarios and mutants that show
it. Made by \`make series\` from marks in the sources (V2.17 in a comment is about the function that it belongs
to) and from \`tools/series/patches.json\`; \`spf series V2.17\` prints one of them, \`spf series --json\` all.
R numbers and other words are in the [glossary](glossary.md); what was asked about the series, and what the
explorer answers, in [findings](findings.md).

A function that is named carries the patch as a whole or in part; what is missing of a patch that is here is
said. Tests are those of [testing.md](testing.md), scenarios and mutants those of [explorer.md](explorer.md).
`;

/** Words in lines of so many columns, the first after what begins it. */
function folded(begin: string, words: string[], indent: string): string {
	const lines = [begin];
	for (const word of words) {
		const last = lines[lines.length - 1];
		if (last.length + 1 + word.length > COLUMNS && last.trim() !== "") lines.push(`${indent}${word}`);
		else lines[lines.length - 1] = `${last}${last.endsWith(" ") || last === "" ? "" : " "}${word}`;
	}
	return lines.join("\n");
}

/** Names as code, with what stands between them. */
const codes = (names: string[]): string[] => names.map((n, i) => `\`${n}\`${i < names.length - 1 ? "," : ""}`);

/** file#a, file#b: the file is named once. */
function by_file(functions: string[]): string[] {
	const files = new Map<string, string[]>();
	for (const f of functions) {
		const [file, name] = f.split("#");
		files.set(file, [...(files.get(file) ?? []), name]);
	}
	return [...files].flatMap(([file, names], i) => {
		const said = [`\`${file}\`:`, ...codes(names)];
		if (i < files.size - 1) said[said.length - 1] += ";";
		return said;
	});
}

function entry(p: Patch): string {
	const lines = [folded(`**${mark_of(p.series, p.number)}**`, p.title.split(" "), "")];
	const item = (name: string, words: string[]) => {
		if (words.length > 0) lines.push(folded(`- ${name}:`, words, "  "));
	};
	item("functions", by_file(p.functions));
	item("tests", codes(p.tests));
	item("scenarios", codes(p.scenarios));
	item("mutants", codes(p.mutants));
	if (p.left_out !== null) item(p.functions.length > 0 ? "not here" : "left out", `${p.left_out}.`.split(" "));
	return lines.join("\n");
}

export function series_page(): string {
	const patches = all_patches();
	const chapters = postings().map(({ series, name, message_id }) => {
		const begin = [`## ${series}`, "", folded("", `${name}. Message-Id of patch nn:`.split(" "), "")];
		const id = `\`${message_id.replace("%", "(nn+1)")}\`.`;
		return [...begin, id, ...patches.filter((p) => p.series === series).map((p) => `\n${entry(p)}`)].join(
			"\n",
		);
	});
	return `${HEAD}\n${chapters.join("\n\n")}\n`;
}
