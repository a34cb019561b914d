// SPDX-License-Identifier: GPL-2.0-only
/** Lines of code as HTML: coloured, and what is defined here linked. */
import type { Token } from "../index/lex.ts";
import type { Sources } from "../index/source.ts";
import { href, ident_page } from "./address.ts";
import { escaped, Html } from "./html.ts";

/** Where the events of /proc/vmstat are defined, which its text and that of a patch have in small letters. */
const EVENTS = "include/linux/vm_event_item.ts";

const MARK = /\b(?:[A-Z]\w*\.\d\d|R\d+)\b/g;

export class Code {
	constructor(
		private readonly sources: Sources,
		private readonly up: string,
		/** Those that the ledger has a row of. */
		private readonly marks: ReadonlySet<string>,
	) {}
	/** Where a name leads, if it is one of ours. In Kconfig a symbol stands without its prefix. */
	link(name: string, kconfig = false): string | undefined {
		const full = kconfig && /^[A-Z]/.test(name) ? `CONFIG_${name}` : name;
		return this.sources.definitions.has(full) ? href(this.up, ident_page(full)) : undefined;
	}
	/** Of a token: where what it names leads. */
	private target(kind: Token["kind"], text: string, kconfig?: boolean): string | undefined {
		if (kind === "id") return this.link(text, kconfig);
		if (kind !== "str") return undefined;
		const event = text.slice(1, -1).toUpperCase();
		return this.sources.definitions.get(event)?.[0].file === EVENTS ? this.link(event) : undefined;
	}
	line(tokens: readonly Token[], o: { kconfig?: boolean; changed?: ReadonlySet<number> } = {}): Html {
		let out = "";
		tokens.forEach(({ kind, text }, i) => {
			const part = this.token(kind, text, o.kconfig);
			out += o.changed?.has(i) ? `<mark>${part}</mark>` : part;
		});
		return new Html(out);
	}
	private token(kind: Token["kind"], text: string, kconfig?: boolean): string {
		if (kind === "ws" || kind === "op") return escaped(text);
		if (kind === "com") return `<b class="com">${this.comment(text)}</b>`;
		const shown = kind === "id" ? escaped(text) : `<b class="${kind}">${escaped(text)}</b>`;
		const to = this.target(kind, text, kconfig);
		return to ? `<a class="i" href="${to}">${shown}</a>` : shown;
	}
	/** Marks of patches and numbers of bugs lead to where they are listed. */
	private comment(text: string): string {
		return escaped(text).replace(MARK, (mark) =>
			this.marks.has(mark)
				? `<a class="mark" href="${href(this.up, "ledger.html", mark)}">${mark}</a>`
				: mark,
		);
	}
}

/** Of a line and what it became: the tokens that differ, by what both begin and end with. */
export function changed_tokens(a: readonly Token[], b: readonly Token[]): [Set<number>, Set<number>] | undefined {
	let start = 0;
	while (start < a.length && start < b.length && a[start].text === b[start].text) start++;
	let end = 0;
	while (end < a.length - start && end < b.length - start && a.at(-1 - end)?.text === b.at(-1 - end)?.text) end++;
	const words = (tokens: readonly Token[]) => tokens.filter((t) => t.kind !== "ws").length;
	const same = words(a.slice(0, start)) + words(end > 0 ? a.slice(-end) : []);
	/* Two lines that have little in common are two lines. */
	if (same * 2 < Math.max(words(a), words(b))) return undefined;
	const middle = (n: number) => new Set(Array.from({ length: n - start - end }, (_, i) => start + i));
	return [middle(a.length), middle(b.length)];
}
