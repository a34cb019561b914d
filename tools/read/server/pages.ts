// SPDX-License-Identifier: GPL-2.0-only
/** The pages: what there is to read, a message, a file of ours, a name, a mutant, and what has a home here. */
import { count } from "../../../scripts/lib/words.ts";
import { coverage, hunk_name, is_aligned, type Located } from "../align/coverage.ts";
import { language_of } from "../index/lex.ts";
import type { Definition, SourceFile, Use } from "../index/source.ts";
import { first_of, type Series } from "../mail/threads.ts";
import type { Line, Message, Part } from "../mail/types.ts";
import { mark_of } from "../../series/marks.ts";
import { all_patches, type Patch, postings } from "../../series/series.ts";
import type { Mutant } from "../../explore/outside/mutant.ts";
import type { Room } from "../room.ts";
import { configurations, why } from "./configurations.ts";
import { href, ident_page, message_page, mutant_page, range_page, source_page, up_from } from "./address.ts";
import { answers } from "./answers.ts";
import { Code } from "./code.ts";
import { type Html, html } from "./html.ts";
import { HunkPage, type SaidOf } from "./hunk_page.ts";
import { mutant_command } from "./kernels.ts";
import { Mutants } from "./mutants.ts";
import { earlier } from "./range_page.ts";
import { shell } from "./shell.ts";

const day = (m: Message): string => m.date.replace(/^\w{3},?\s+/, "").replace(/\s+\d\d:\d\d.*$|\s+- \d.*$/, "");
const title_of = (m: Message): string => m.subject || m.id;

export class Pages {
	readonly mutants: Mutants;
	readonly #patches = all_patches();
	/** What the ledger has rows of. */
	readonly #marks: ReadonlySet<string>;
	readonly #by_message = new Map<Message, Located[]>();
	/** Name of a definition → messages whose hunks are about it. */
	readonly #about = new Map<string, Set<Message>>();
	constructor(readonly room: Room) {
		this.mutants = new Mutants(room.sources);
		const marks = this.#patches.map((p) => mark_of(p.series, p.number));
		this.#marks = new Set([...marks, ...this.bugs().map(([bug]) => bug)]);
		for (const l of room.located) {
			this.#by_message.set(l.message, [...(this.#by_message.get(l.message) ?? []), l]);
			if (!is_aligned(l.place)) continue;
			for (const d of l.place.regions) {
				const key = `${d.file}#${d.name}`;
				this.#about.set(key, (this.#about.get(key) ?? new Set()).add(l.message));
			}
		}
	}

	private beside(m: Message): string {
		const mine = this.#by_message.get(m) ?? [];
		if (mine.length === 0) return "";
		return `${mine.filter((l) => is_aligned(l.place)).length}/${mine.length}`;
	}

	index(): string {
		const { threads, messages, passed, located } = this.room;
		const c = coverage(messages, located);
		const share = `${c.aligned_hunks} of ${count(c.hunks, "hunk")} stand beside our source`;
		return shell({
			page: "index.html",
			title: "spf read",
			bar: html`<a href="coverage.html">coverage</a> <a href="ledger.html">ledger</a>
<a href="play.html">programs</a>`,
			body: html`<h1>${
				threads.series.length === 1 ? threads.series[0].title : "What there is to read"
			}</h1>
<p>${count(c.messages, "message")}, ${count(c.patches, "patch", "patches")}; <a href="coverage.html">${share}</a>.
The patch is on the left, our source on the right. Keys: <kbd>n</kbd> <kbd>p</kbd> patch,
<kbd>j</kbd> <kbd>k</kbd> hunk,
<kbd>/</kbd> search, <kbd>?</kbd> all.</p>
${threads.series.map((s) => this.series(s))}
${threads.loose.length > 0 && html`<h2>Single messages</h2>${this.thread(threads.loose)}`}
${
	passed.length > 0 &&
	html`<h2>Not read</h2><ul class="passed">${passed.map((p) => html`<li>${p.origin}: ${p.reason}</li>`)}</ul>`
}`,
		});
	}

	/** What is here of the series that are ported, and how to get each patch. */
	ledger(): string {
		const known = this.#patches;
		/* Of several messages the first. */
		const posted = new Map(this.room.messages.map((m) => [this.posted_as(m), m] as const).reverse());
		/* A title leads to where the patch is read. */
		const title_of_patch = (p: Patch) => {
			const m = posted.get(p);
			return m ? html`<a href="${href("", message_page(m.id))}">${p.title}</a>` : html`${p.title}`;
		};
		const name = (key: string) => postings().find((p) => p.series === key)?.name;
		return shell({
			page: "ledger.html",
			title: "The series that are ported",
			above: "index.html",
			bar: html`<span>ledger</span>`,
			body: html`<h1>The series that are ported</h1>
<p>Each command fetches the whole series: read it with <code>spf read FILE</code>.</p>
${[...group(known, (p) => p.series)].map(
	([key, patches]) => html`<h2>${key}</h2><p class="meta">${name(key)}</p>
<table class="patches"><thead><tr><th>patch</th><th>title</th><th>here</th></tr></thead>
<tbody>${patches.map(
		(p) => html`<tr id="${mark_of(p.series, p.number)}"><td>${mark_of(p.series, p.number)}</td>
<td>${title_of_patch(p)}<br><code class="by">b4 am ${p.message_id}</code></td>
<td>${p.functions.map((f) => this.declaration(f))}${p.mutants.map(
			(m) => html`<a class="by" href="${href("", mutant_page(m))}">${m}</a> `,
		)}<span class="by">${p.left_out}</span></td></tr>`,
	)}</tbody></table>`,
)}
<h2>Bugs of the series, by number</h2>
<table class="patches"><thead><tr><th>bug</th><th>brought back by</th></tr></thead><tbody>${this.bugs().map(
				([bug, mutants]) =>
					html`<tr id="${bug}"><td>${bug}</td><td>${mutants.map(
						(m) =>
							html`<a href="${href("", mutant_page(m.name))}">${m.name}</a> ${
								m.subject
							} `,
					)}</td></tr>`,
			)}</tbody></table>`,
		});
	}
	private bugs(): [string, Mutant[]][] {
		const known = this.mutants.all.flatMap((m) =>
			(m.bug?.match(/\bR\d+\b/g) ?? []).map((bug) => ({ bug, m })),
		);
		return [...group(known, (x) => x.bug)]
			.sort(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1)))
			.map(([bug, list]) => [bug, list.map((x) => x.m)]);
	}
	/** Which patch of the ledger a message is. */
	private posted_as(m: Message): Patch | undefined {
		if (!m.numbered) return undefined;
		const title = plain_title(m);
		const same = this.#patches.filter((p) => p.message_id === m.id || p.title.toLowerCase() === title);
		return same.find((p) => p.message_id === m.id) ?? same.find((p) => p.number === m.numbered?.number);
	}
	private mark(m: Message, up: string): Html {
		const p = this.posted_as(m);
		if (!p) return html``;
		const mark = mark_of(p.series, p.number);
		return html` · <a href="${href(up, "ledger.html", mark)}" title="what is here of it">${mark}</a>`;
	}
	/** Of file#name. */
	private declaration(text: string): Html {
		const [file, name] = text.split("#");
		if (!this.room.sources.files.has(file)) return html`${text} `;
		return html`<a href="${href("", source_page(file), name)}">${name}</a> `;
	}

	private series(s: Series): Html {
		const first = first_of(s);
		const others = s.versions.filter((v) => v !== s);
		return html`<section class="series"><h2>${s.title}${s.version > 1 && ` v${s.version}`}</h2>
<p class="meta">${first.from}, ${day(first)}${
			s.missing.length > 0 &&
			` — ${
				s.missing.length === s.total
					? "no patch"
					: `${s.total - s.missing.length} of ${s.total} patches`
			} here; not ${ranges(s.missing)}`
		}${others.map(
			(o) => html` · <a href="${href("", message_page(first_of(o).id))}">v${o.version}</a>`,
		)}${earlier(s).map(
			(o) =>
				html` · <a href="${href("", range_page(first_of(o).id, first.id))}">changed since v${
					o.version
				}</a>`,
		)}</p>
<table class="patches"><thead><tr><th>#</th><th>patch</th><th
	title="hunks that stand beside our source, of all">beside</th><th>answers</th></tr></thead>
<tbody>${[...(s.cover ? [s.cover] : []), ...s.patches].map(
			(m) => html`<tr><td>${m.numbered && s.total > 1 && m.numbered.number}</td>
<td><a href="${href("", message_page(m.id))}">${m.subject.replace(/^\[[^\]]*\]\s*/, "") || m.id}</a>${
				m.from !== first.from && html` <span class="by">${m.from}</span>`
			}</td>
<td class="num">${this.beside(m)}</td><td>${this.answer_count(m)}</td></tr>`,
		)}</tbody></table></section>`;
	}
	private answer_count(m: Message): Html {
		const list = (this.room.threads.replies.get(m) ?? []).filter(
			(r) => !this.room.threads.series_of.has(r),
		);
		return list.length === 0
			? html``
			: html`<details><summary>${list.length}</summary>${this.thread(list)}</details>`;
	}
	private thread(list: readonly Message[], up = "", here?: Message): Html {
		return html`<ul class="thread">${list.map((m) => {
			const more = (this.room.threads.replies.get(m) ?? []).filter(
				(r) => !this.room.threads.series_of.has(r),
			);
			const name =
				m === here
					? html`<b>${title_of(m)}</b>`
					: html`<a href="${href(up, message_page(m.id))}">${title_of(m)}</a>`;
			return html`<li>${name} <span class="by">${m.from} ${day(m)} ${this.beside(m)}</span>${
				more.length > 0 && this.thread(more, up, here)
			}</li>`;
		})}</ul>`;
	}

	message(m: Message): string {
		const page = message_page(m.id);
		const up = up_from(page);
		const { threads } = this.room;
		const series = threads.series_of.get(m);
		const order = series ? [...(series.cover ? [series.cover] : []), ...series.patches] : [];
		const at = order.indexOf(m);
		const to = (o: Message | undefined) => o && href(up, message_page(o.id));
		const code = new Code(this.room.sources, up, this.#marks);
		const hunks = new HunkPage(this.room.sources, this.mutants, code, up);
		const said = answers(m, threads);
		const located = [...(this.#by_message.get(m) ?? [])];
		const above = threads.parent.get(m);
		const replies = (threads.replies.get(m) ?? []).filter((r) => !threads.series_of.has(r));
		const others = (series?.versions ?? []).filter((v) => v !== series);
		const same = others.map((v) => ({ v, m: v.patches.find((o) => plain_title(o) === plain_title(m)) }));
		return shell({
			page,
			title: title_of(m),
			steps: located.length > 0,
			before: to(order[at - 1]),
			next: to(order[at + 1]),
			above: `${up}index.html`,
			bar: html`${
				series &&
				html`<span>${series.title}${
					series.total > 1 && at >= 0 && ` ${m.numbered?.number}/${series.total}`
				}</span>`
			}`,
			body: html`<article data-id="${m.id}" data-from="${m.from}" data-address="${m.address}"
				data-date="${m.date}" data-subject="${m.subject}">
<h1>${title_of(m)}</h1>
<p class="meta"><b>${m.from}</b> ${m.date}${
				m.unnamed ? html` · ${m.origin}` : html` · <span class="id">${m.id}</span>`
			}${this.mark(m, up)}${
				above && html` · answers <a href="${to(above)}" rel="up">${title_of(above)}</a>`
			}${same.map(({ v, m: o }) => o && html` · <a href="${to(o)}">v${v.version}</a>`)}${
				series &&
				earlier(series).map((o) => {
					const versions = range_page(first_of(o).id, first_of(series).id);
					return html` · <a href="${href(up, versions)}">changed since v${o.version}</a>`;
				})
			}</p>
${m.problems.map((p) => html`<p class="why">${p}</p>`)}
${m.parts.map((p) => this.part(p, hunks, located, said))}
</article>${
				replies.length > 0 &&
				html`<section id="thread" tabindex="-1"><h2>Answers</h2>${this.thread(
					replies,
					up,
				)}</section>`
			}`,
		});
	}
	private part(p: Part, hunks: HunkPage, located: Located[], said: SaidOf): Html {
		const name = p.name !== undefined && html`<h2 class="attached">Attached: ${p.name}</h2>`;
		return html`${name}${p.blocks.map((b) => {
			if (b.kind === "text") return text_block(b.lines);
			if (b.kind === "hunk") return hunks.render(located.shift() as Located, said);
			const { path, change, from } = b.file;
			return html`<details class="head"><summary>${
				change && html`<span class="note">${change}</span> `
			}${from && `${from} → `}<b>${path}</b></summary><pre>${b.lines.map(
				(l) => `${l.raw}\n`,
			)}</pre></details>`;
		})}`;
	}

	source(file: SourceFile): string {
		const page = source_page(file.path);
		const up = up_from(page);
		const code = new Code(this.room.sources, up, this.#marks);
		const kconfig = language_of(file.path) === "kconfig";
		const at = new Map(file.definitions.map((d) => [d.line, d]));
		const conditions = file.conditions();
		return shell({
			page,
			title: file.path,
			above: `${up}index.html`,
			bar: html`<span>${file.path}</span>`,
			body: html`<h1 class="file">${file.path}</h1>
${file.mirrors.length > 0 && html`<p class="meta">Mirrors ${file.mirrors.join(", ")}</p>`}
<div class="source" data-file="${file.path}"${
				conditions.length > 0 && html` data-conditions="${JSON.stringify(conditions)}"`
			}>${file.tokens().map((tokens, i) => {
				const d = at.get(i + 1);
				const about = d && d.kind !== "field" ? this.about(d, up) : "";
				return html`<div class="row" id="L${i + 1}"><a class="n" href="#L${i + 1}">${
					i + 1
				}</a><code${d && html` id="${d.name}"`}>${code.line(tokens, {
					kconfig,
				})}</code>${about}</div>`;
			})}</div>`,
		});
	}
	private about(d: Definition, up: string): Html {
		const messages = [...(this.#about.get(`${d.file}#${d.name}`) ?? [])];
		if (messages.length === 0) return html``;
		return html`<span class="about">${messages
			.slice(0, 8)
			.map(
				(m) =>
					html`<a href="${href(up, message_page(m.id))}" title="${title_of(m)}">${
						m.numbered ? `${m.numbered.number}/${m.numbered.total}` : m.from
					}</a> `,
			)}</span>`;
	}

	ident(name: string): string | undefined {
		const definitions = this.room.sources.definitions.get(name);
		if (!definitions) return undefined;
		const page = ident_page(name);
		const up = up_from(page);
		const groups = group(this.room.sources.uses(name), (u) => u.kind);
		const about = new Set(definitions.flatMap((d) => [...(this.#about.get(`${d.file}#${d.name}`) ?? [])]));
		return shell({
			page,
			title: name,
			above: `${up}index.html`,
			bar: html`<span>${name}</span>`,
			body: html`<h1 class="file">${name}</h1>
${definitions.map(
	(d) => html`<section><p class="where">${d.kind}${d.of && ` of ${d.of}`}, <a href="${href(
		up,
		source_page(d.file),
		`L${d.line}`,
	)}">${d.file}:${d.line}</a></p>
<pre class="signature">${d.signature}</pre>${d.comment && html`<pre class="comment">${d.comment}</pre>`}</section>`,
)}
${name.startsWith("CONFIG_") && this.why(name)}
${
	about.size > 0 &&
	html`<h2>Patches and mails about it</h2>${html`<ul>${[...about].map(
		(m) => html`<li><a
	href="${href(up, message_page(m.id))}">${title_of(m)}</a> <span class="by">${m.from}</span></li>`,
	)}</ul>`}`
}
${[...groups].map(([kind, uses]) => html`<h2>${USES[kind]} (${uses.length})</h2>${this.uses(uses, up)}`)}`,
		});
	}
	/** Why it has its value, and what it is elsewhere. */
	private why(name: string): Html {
		const said = why(name.slice("CONFIG_".length));
		const values = group([...configurations()], (c) => c.values[name] ?? "n");
		return html`${
			said && html`<h2>Why, in ${said.name}</h2><pre class="comment">${said.text.trimEnd()}</pre>`
		}<h2>In which configurations</h2><ul>${[...values].map(
			([value, list]) => html`<li><b>${value}</b> ${list.map((c) => c.name).join(", ")}</li>`,
		)}</ul>`;
	}
	private uses(uses: readonly Use[], up: string): Html {
		const files = group(uses, (u) => u.file);
		return html`<ul class="uses">${[...files].map(([file, list]) => {
			const lines = [...new Set(list.map((u) => u.line))];
			return html`<li><a href="${href(up, source_page(file))}">${file}</a> ${lines.map(
				(n) => html`<a class="n" href="${href(up, source_page(file), `L${n}`)}">${n}</a> `,
			)}</li>`;
		})}</ul>`;
	}

	coverage(): string {
		const c = coverage(this.room.messages, this.room.located);
		const share =
			c.ported_hunks === 0 ? "" : ` (${((100 * c.aligned_hunks) / c.ported_hunks).toFixed(1)} %)`;
		return shell({
			page: "coverage.html",
			title: "What has a home here",
			above: "index.html",
			bar: html`<span>coverage</span>`,
			body: html`<h1>What has a home here</h1>
<p>${count(c.hunks, "hunk")}: ${c.ported_hunks} in files that are here, ${
				c.aligned_hunks
			} of them beside what they change${share}.</p>
<table class="patches"><thead><tr><th>patch</th><th>hunk</th><th>here</th></tr></thead><tbody>${this.room.located.map(
				(l) => {
					const to = href("", message_page(l.message.id), `h${l.number}`);
					const { regions, reason } = l.place;
					const names = regions.map(
						(r) =>
							html`<a href="${href(
								"",
								source_page(r.file),
								r.name.split(" ")[0],
							)}">${r.name}</a> `,
					);
					return html`<tr class="${is_aligned(l.place) ? "home" : "miss"}"><td><a
						href="${to}">${title_of(
							l.message,
						)}</a></td><td>${hunk_name(l.hunk)}</td><td>${
							is_aligned(l.place) ? names : html`✗ ${reason}`
						}</td></tr>`;
				},
			)}</tbody></table>`,
		});
	}

	mutant(name: string): string | undefined {
		const m = this.mutants.all.find((x) => x.name === name);
		if (!m) return undefined;
		const page = mutant_page(name);
		const up = up_from(page);
		const config = m.config && `, ${m.config}`;
		return shell({
			page,
			steps: true,
			title: `${name}: ${m.subject}`,
			above: `${up}index.html`,
			bar: html`<span>mutant</span>`,
			body: html`<h1>${m.subject}</h1>
<p>${
				m.survives
					? html`It survives: ${m.survives}`
					: html`Without it this is broken: <b>${
							m.invariant
						}</b>. Scenario ${m.scenario}, ${m.model.toUpperCase()}${config}.`
			}</p>
<pre class="diff">${m.diff
				.split("\n")
				.map(
					(l) =>
						html`<span class="${
							/^\+(?!\+\+)/.test(l)
								? "add"
								: /^-(?!--)/.test(l)
									? "del"
									: "same"
						}">${l}\n</span>`,
				)}</pre>
<p><code class="command">${mutant_command(m)} --html page.html</code></p>
${
	m.schedule &&
	html`<div data-steps><p class="take"><button type="button"
	data-mutant="${name}">Take it out</button> and see what goes wrong.</p><p role="status"></p></div>`
}`,
		});
	}
}

function group<K, V>(list: readonly V[], key_of: (v: V) => K): Map<K, V[]> {
	const found = new Map<K, V[]>();
	for (const v of list) found.set(key_of(v), [...(found.get(key_of(v)) ?? []), v]);
	return found;
}

const USES: Record<Use["kind"], string> = {
	call: "Called",
	write: "Written",
	read: "Read",
	address: "Handed on",
	import: "Imported",
	type: "As a type",
	comment: "Spoken of",
};

const plain_title = (m: Message): string => m.subject.replace(/^\[[^\]]*\]\s*/, "").toLowerCase();

function text_block(lines: readonly Line[]): Html {
	return html`<div class="text">${lines.map(
		(l) => html`<div class="line q${Math.min(l.depth, 4)}">${l.raw || " "}</div>`,
	)}</div>`;
}

/** "1–20, 33". */
function ranges(numbers: readonly number[]): string {
	const found: [number, number][] = [];
	for (const n of numbers) {
		const last = found.at(-1);
		if (last && last[1] === n - 1) last[1] = n;
		else found.push([n, n]);
	}
	return found.map(([a, b]) => (a === b ? a : `${a}–${b}`)).join(", ");
}
