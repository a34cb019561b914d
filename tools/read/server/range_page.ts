// SPDX-License-Identifier: GPL-2.0-only
/** Two versions of a series side by side: which patch became which, and what of it has changed. */
import { count } from "../../../scripts/lib/words.ts";
import { type Change, type Pair, range_diff, sign_of } from "../mail/range_diff.ts";
import { first_of, type Series } from "../mail/threads.ts";
import type { Message } from "../mail/types.ts";
import { href, message_page, range_page, up_from } from "./address.ts";
import { type Html, html } from "./html.ts";
import { shell } from "./shell.ts";

/** Lines that both have, on each side of one that only one has; what is farther away is folded. */
const AROUND = 3;
const SAID = { "=": "the same", "!": "changed", "<": "dropped", ">": "new" };

/** Earlier versions of a series. */
export const earlier = (s: Series): Series[] => s.versions.slice(0, s.versions.indexOf(s));

/** Lines beside each other: those that were replaced, one by one. */
function beside(changes: readonly Change[]): [old: Change | undefined, now: Change | undefined][] {
	const rows: [Change | undefined, Change | undefined][] = [];
	for (let i = 0; i < changes.length; ) {
		if (changes[i].kind === " ") {
			rows.push([changes[i], changes[i]]);
			i++;
			continue;
		}
		let end = i;
		while (end < changes.length && changes[end].kind !== " ") end++;
		const gone = changes.slice(i, end).filter((c) => c.kind === "-");
		const come = changes.slice(i, end).filter((c) => c.kind === "+");
		for (let k = 0; k < Math.max(gone.length, come.length); k++) rows.push([gone[k], come[k]]);
		i = end;
	}
	return rows;
}

function lines(changes: readonly Change[]): Html {
	const rows = beside(changes);
	const differs = rows.map(([old, now]) => old !== now);
	const near = rows.map((_, i) => differs.slice(Math.max(0, i - AROUND), i + AROUND + 1).includes(true));
	const cell = (c: Change | undefined, name: string) =>
		c
			? html`<td class="${c.kind === " " ? "same" : name}"><code>${c.kind}${c.text}</code></td>`
			: html`<td></td>`;
	return html`<table class="range"><tbody>${rows.map(([old, now], i) => {
		if (near[i]) return html`<tr>${cell(old, "del")}${cell(now, "add")}</tr>`;
		if (near[i - 1] === false) return "";
		const end = near.indexOf(true, i);
		const many = (end < 0 ? rows.length : end) - i;
		return html`<tr class="between"><td colspan="2">${count(many, "line")} that both have</td></tr>`;
	})}</tbody></table>`;
}

export function range_diff_page(old: Series, now: Series): string {
	const page = range_page(first_of(old).id, first_of(now).id);
	const up = up_from(page);
	const link = (m: Message | undefined, s: Series) => {
		const name = m && `v${s.version} ${m.numbered?.number}/${s.total}`;
		return m ? html`<a href="${href(up, message_page(m.id))}">${name}</a>` : "–";
	};
	const title = ({ old: was, now: is }: Pair) => ((is ?? was) as Message).subject.replace(/^\[[^\]]*\]\s*/, "");
	const pairs = range_diff(old.patches, now.patches);
	return shell({
		page,
		title: `${now.title}: v${old.version} and v${now.version}`,
		above: `${up}index.html`,
		bar: html`<span>versions</span>`,
		body: html`<h1>${now.title}: v${old.version} and v${now.version}</h1>
<p>As <code>git range-diff</code> has it: = the same, ! changed, &lt; dropped, &gt; new. Numbers of lines are not
compared. A line that only one version of a patch has begins with - or +, and is followed by what it is there.</p>
${pairs.map((p, i) => {
	const sign = sign_of(p);
	const head = html`<span class="sign" title="${SAID[sign]}">${sign}</span> ${link(p.old, old)} → ${link(
		p.now,
		now,
	)} ${title(p)}`;
	const changed = p.changes.filter((c) => c.kind !== " ").length;
	const id = `p${i + 1}`;
	return sign === "!"
		? html`<details class="changed" id="${id}"><summary>${head} <span class="by">${count(
				changed,
				"line",
			)}</span></summary>${lines(p.changes)}</details>`
		: html`<p class="unchanged" id="${id}">${head} <span class="by">${SAID[sign]}</span></p>`;
})}`,
	});
}
