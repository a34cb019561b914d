// SPDX-License-Identifier: GPL-2.0-only
/** Search over names, files, subjects and what mails say: every word of the question, the best first. */
import type { MailData, SymbolData } from "./data.ts";
import { mails, make, symbols, up } from "./load.ts";

interface Hit {
	href: string;
	name: string;
	about: string;
	score: number;
}
const MOST = 60;

/** How well a name answers: itself, its beginning, a part of it. */
function score(name: string, words: readonly string[]): number {
	const low = name.toLowerCase();
	let sum = 0;
	for (const w of words) {
		const at = low.indexOf(w);
		if (at < 0) return 0;
		sum += low === w ? 100 : at === 0 ? 40 : /[^a-z0-9]/.test(low[at - 1]) ? 25 : 10;
	}
	return sum - name.length / 100;
}

export function find(question: string, all: readonly SymbolData[], letters: readonly MailData[]): Hit[] {
	const words = question.toLowerCase().split(/\s+/).filter(Boolean);
	if (words.length === 0) return [];
	const hits: Hit[] = [];
	const names = new Set<string>();
	for (const [name, kind, file] of all) {
		/* CONFIG_ need not be written. */
		const n = Math.max(score(name, words), name.startsWith("CONFIG_") ? score(name.slice(7), words) : 0);
		if (n <= 0 || names.has(name)) continue;
		names.add(name);
		hits.push({
			href: `${up}ident/${encodeURIComponent(name)}.html`,
			name,
			about: `${kind} · ${file}`,
			score: n,
		});
	}
	for (const file of new Set(all.map((s) => s[2]))) {
		const n = score(file, words);
		if (n > 0) hits.push({ href: `${up}source/${file}.html`, name: file, about: "file", score: n + 5 });
	}
	for (const [page, subject, from, text] of letters) {
		const href = up + page.split("/").map(encodeURIComponent).join("/");
		const n = score(`${subject} ${from}`, words);
		if (n > 0) hits.push({ href, name: subject, about: from, score: n + 8 });
		else {
			const low = text.toLowerCase();
			if (!words.every((w) => low.includes(w))) continue;
			const at = low.indexOf(words[0]);
			const line = text.slice(text.lastIndexOf("\n", at) + 1).split("\n", 1)[0];
			hits.push({ href, name: subject, about: `${from}: ${line.trim().slice(0, 100)}`, score: 3 });
		}
	}
	return hits.sort((a, b) => b.score - a.score).slice(0, MOST);
}

const input = make("input", {
	type: "text",
	"aria-label": "search",
	role: "searchbox",
	placeholder: "name, file, subject, words of a mail",
	autocomplete: "off",
	spellcheck: "false",
});
const list = make("ul", { class: "hits", "aria-label": "found" });
const dialog = make("dialog", { id: "search", "aria-label": "search" }, input, list);

async function update(): Promise<void> {
	const question = input.value;
	const [all, letters] = [await symbols(), await mails()];
	if (question !== input.value) return;
	list.replaceChildren(
		...find(question, all, letters).map((h) =>
			make(
				"li",
				{},
				make("a", { href: h.href }, h.name),
				" ",
				make("span", { class: "by" }, h.about),
			),
		),
	);
}

function shut(): void {
	(document.activeElement as HTMLElement | null)?.blur();
	dialog.close();
}

export function open(): void {
	if (!dialog.isConnected) {
		document.body.append(dialog);
		input.addEventListener("input", () => void update());
		dialog.addEventListener("keydown", (event) => {
			const links = [...list.querySelectorAll("a")];
			const at = links.indexOf(document.activeElement as HTMLAnchorElement);
			/* Escape, too: the browser closes it later and takes the focus away later still, so that the
			   next key would come here. */
			if (event.key === "ArrowDown") (links[at + 1] ?? links[0])?.focus();
			else if (event.key === "ArrowUp") (links[at - 1] ?? input).focus();
			else if (event.key === "Enter" && document.activeElement === input) links[0]?.click();
			else if (event.key === "Escape") shut();
			else return;
			event.preventDefault();
		});
	}
	dialog.showModal();
	input.select();
	void update();
}
