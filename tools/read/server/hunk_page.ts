// SPDX-License-Identifier: GPL-2.0-only
/** A hunk as it is shown: its rows on the left, our source on the right, and which line is which. */
import { count } from "../../../scripts/lib/words.ts";
import { is_aligned, type Located } from "../align/coverage.ts";
import { align, type Link } from "../align/lines.ts";
import { language_of, lex_rows, type Token } from "../index/lex.ts";
import type { Definition, Sources } from "../index/source.ts";
import type { Row } from "../mail/types.ts";
import { href, mutant_page, source_page } from "./address.ts";
import { changed_tokens, type Code } from "./code.ts";
import { type Html, html } from "./html.ts";
import type { Mutants } from "./mutants.ts";

/** Lines of ours on each side of one that is linked; what is farther away is folded. */
const AROUND = 4;
/** Fewer lines are not worth folding. */
const FOLD = 4;

const CLASS = { " ": "same", "+": "add", "-": "del", "\\": "same" };

/** Rows that were replaced, one by one: what differs in them. */
function word_diff(rows: readonly Row[], tokens: readonly Token[][]): Map<number, Set<number>> {
	const found = new Map<number, Set<number>>();
	for (let i = 0; i < rows.length; ) {
		let gone = i;
		while (rows[gone]?.kind === "-") gone++;
		let come = gone;
		while (rows[come]?.kind === "+") come++;
		for (let k = 0; k < Math.min(gone - i, come - gone); k++) {
			const both = changed_tokens(tokens[i + k], tokens[gone + k]);
			if (!both) continue;
			found.set(i + k, both[0]);
			found.set(gone + k, both[1]);
		}
		i = Math.max(come, i + 1);
	}
	return found;
}

/** What an answer says of a row. */
export interface Said {
	name: string;
	page: string;
	text: string;
}
export type SaidOf = ReadonlyMap<Row, Said[]>;

export class HunkPage {
	constructor(
		private readonly sources: Sources,
		private readonly mutants: Mutants,
		private readonly code: Code,
		private readonly up: string,
	) {}

	render(located: Located, said: SaidOf): Html {
		const { hunk, place, number } = located;
		const { regions, links } = align(hunk, place.regions, this.sources);
		const names = place.changed.filter((o) => o.kind !== "include").map((o) => o.name);
		const state = is_aligned(place) ? "home" : "miss";
		return html`
<section class="hunk ${state}" id="h${number}" tabindex="-1" aria-label="hunk ${number}: ${hunk.file.path}">
<header><b class="file">${hunk.file.path || "(no file)"}</b>
<span class="func">${names.slice(0, 4).join(", ")}${names.length > 4 && ", …"}</span>
<span class="at">${hunk.heads.length > 0 && `@@ -${hunk.old.join(",")} +${hunk.new.join(",")} @@`}</span>
${hunk.notes.map((n) => html`<span class="note">${n}</span>`)}</header>
<div class="pair"><div class="side left" role="group" aria-label="patch">${this.rows(located, links, said)}</div>
<svg class="ribbons" aria-hidden="true"></svg>
<div class="side right" role="group" aria-label="our source">${this.why(located)}${regions.map((r) =>
			this.region(r, links),
		)}</div></div>
${this.alive(regions)}</section>`;
	}

	private why({ place }: Located): Html {
		if (place.by === "identifiers")
			return html`<p class="why">No name says where this is; it is what names most of the same.</p>`;
		const text = place.by === "neighbour" ? `${place.reason}. This stands beside it:` : place.reason;
		return html`${text !== "" && html`<p class="why">${text}</p>`}`;
	}

	private rows({ hunk, number }: Located, links: readonly Link[], said: SaidOf): Html {
		const language = language_of(hunk.file.path);
		const shown = hunk.rows.filter((r) => r.kind !== "comment");
		const lexed = lex_rows(
			shown.map((r) => r.text),
			language,
		);
		const tokens = new Map(shown.map((r, i) => [r, lexed[i]]));
		const changed = word_diff(
			hunk.rows,
			hunk.rows.map((r) => tokens.get(r) ?? []),
		);
		const to = new Map(links.map((l) => [l.row, `${l.file}:${l.line}`]));
		let [old, now] = [hunk.old[0], hunk.new[0]];
		const number_of = (row: Row, which: "-" | "+") => {
			if (row.kind === "\\" || (row.kind !== " " && row.kind !== which)) return "";
			const n = which === "-" ? old++ : now++;
			return hunk.heads.length > 0 ? n : "";
		};
		return html`${hunk.rows.map((row, i) => {
			const id = `h${number}r${i}`;
			if (row.kind === "comment") {
				const lines = row.lines.map((l) => `${"> ".repeat(l.depth)}${l.text}\n`);
				return html`<div class="row said" id="${id}"><pre>${lines}</pre></div>`;
			}
			const o = { kconfig: language === "kconfig", changed: changed.get(i) };
			const answers = said.get(row) ?? [];
			return html`<div class="row ${CLASS[row.kind]}" id="${id}"${
				to.has(i) && html` data-to="${to.get(i)}"`
			}>${html`<span class="n">${number_of(row, "-")}</span><span
					class="n">${number_of(row, "+")}</span>`}<code>${row.kind}${this.code.line(
				tokens.get(row) ?? [],
				o,
			)}</code></div>${answers.map(
				(a) =>
					html`<div class="row answer"><a href="${href(this.up, a.page)}">${
						a.name
					}</a><pre>${a.text}</pre></div>`,
			)}`;
		})}`;
	}

	/** A function of ours: the lines that belong to the hunk, and those around them. */
	private region(d: Definition, links: readonly Link[]): Html {
		const file = this.sources.files.get(d.file);
		if (!file) return html``;
		const mine = links
			.filter((l) => l.file === d.file && l.line >= d.line && l.line <= d.end)
			.map((l) => l.line);
		const open = (n: number) =>
			n === d.line ||
			mine.some((m) => Math.abs(m - n) <= AROUND) ||
			(mine.length === 0 && n >= d.line && n < d.line + 24);
		const runs: { open: boolean; from: number; to: number }[] = [];
		for (let n = d.from; n <= d.end; n++) {
			const last = runs.at(-1);
			if (last?.open === open(n)) last.to = n;
			else runs.push({ open: open(n), from: n, to: n });
		}
		const kconfig = language_of(d.file) === "kconfig";
		const page = source_page(d.file);
		const line = (n: number) =>
			html`<div class="row${mine.includes(n) && " linked"}" data-at="${d.file}:${n}"><a
				class="n" href="${href(this.up, page, `L${n}`)}">${n}</a><code>${this.code.line(
					file.tokens()[n - 1] ?? [],
					{ kconfig },
				)}</code></div>`;
		const lines = (from: number, to: number) =>
			Array.from({ length: to - from + 1 }, (_, i) => line(from + i));
		const said = (from: number) => from === d.from && d.from < d.line;
		const conditions = file.conditions().filter(([from, to]) => to >= d.line && from <= d.end);
		return html`<div class="region" data-file="${d.file}"${
			conditions.length > 0 && html` data-conditions="${JSON.stringify(conditions)}"`
		}><p class="where"><a href="${href(
			this.up,
			page,
			d.name.split(" ")[0],
		)}">${d.file}</a> <b>${d.name}${d.kind === "function" && "()"}</b></p>${runs.map((r) =>
			r.open || r.to - r.from < FOLD
				? lines(r.from, r.to)
				: html`<details class="fold"><summary>${
						said(r.from) ? "what is said of it" : count(r.to - r.from + 1, "line")
					}</summary>${lines(r.from, r.to)}</details>`,
		)}</div>`;
	}

	/** What shows that it is needed. */
	private alive(regions: readonly Definition[]): Html {
		const mutants = this.mutants.of(regions);
		const tests = this.mutants.tests_of(regions);
		if (mutants.length === 0 && tests.length === 0) return html``;
		const ways = count(mutants.length, "way");
		const scenarios = count(new Set(mutants.map((m) => m.scenario)).size, "scenario");
		return html`<details class="alive"><summary>${
			mutants.length > 0 && html`<b>Take it out</b>: ${ways} to break this, seen in ${scenarios}. `
		}${tests.length > 0 && `${count(tests.length, "unit test")}.`}</summary><div data-steps>${
			mutants.length > 0 &&
			html`<ul>${mutants.map(
				(m) =>
					html`<li>${
						m.schedule &&
						html`<button type="button" data-mutant="${m.name}" title="${
							m.name
						}: what goes wrong without it">Take out</button> `
					}<a href="${href(this.up, mutant_page(m.name))}">${m.name}</a> ${
						m.subject
					} <span class="by">${m.survives ? "survives" : m.scenario}</span></li>`,
			)}</ul><p role="status"></p>`
		}</div>${
			tests.length > 0 &&
			html`<p>Unit tests: ${tests.map(
				(u) => html`<a href="${href(this.up, source_page(u.file), u.name)}">${u.name}</a> `,
			)}</p>`
		}</details>`;
	}
}
