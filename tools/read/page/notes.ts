// SPDX-License-Identifier: GPL-2.0-only
/** One's own notes beside lines, kept in this browser, and the answer that is made of them. */
import { make } from "./load.ts";

const article = document.querySelector<HTMLElement>("article[data-id]");
const key = `spf-notes ${article?.dataset.id ?? ""}`;

function read(): Record<string, string> {
	try {
		return JSON.parse(localStorage.getItem(key) ?? "{}");
	} catch {
		return {};
	}
}
function write(notes: Record<string, string>): void {
	try {
		localStorage.setItem(key, JSON.stringify(notes));
	} catch {
		/* Where nothing is kept they last as long as the page. */
	}
}
let notes = read();

/** The line that keys speak of: the one that was clicked, or the first of the hunk. */
let line: Element | undefined;

/** Opens the note of a line. */
export function edit(row = line ?? document.querySelector(".hunk:focus .left .row") ?? undefined): void {
	if (!row?.id || !article) return;
	const there = row.nextElementSibling?.classList.contains("note-box") ? row.nextElementSibling : undefined;
	if (there) {
		there.querySelector("textarea")?.focus();
		return;
	}
	const area = make("textarea", { "aria-label": "note", rows: "2" });
	area.value = notes[row.id] ?? "";
	area.addEventListener("input", () => {
		if (area.value.trim() === "") delete notes[row.id];
		else notes[row.id] = area.value;
		write(notes);
		button.hidden = Object.keys(notes).length === 0;
	});
	area.addEventListener("blur", () => {
		if (area.value.trim() === "") box.remove();
	});
	const box = make("div", { class: "row note-box" }, area);
	row.after(box);
	area.focus();
}

/** As a mail program quotes it: heads, the lines above, and the note below the line it is of. */
export function reply(kept: Record<string, string> = notes): string {
	if (!article) return "";
	const { from = "", date = "", subject = "", id = "", address = "" } = article.dataset;
	const out = [
		`To: ${from}${address ? ` <${address}>` : ""}`,
		`Subject: ${/^re:/i.test(subject) ? "" : "Re: "}${subject}`,
		...(id.includes("@") ? [`In-Reply-To: <${id}>`, `References: <${id}>`] : []),
		"",
		`On ${date}, ${from} wrote:`,
	];
	let head: Element | undefined;
	for (const hunk of article.querySelectorAll(".hunk")) {
		const rows = [...hunk.querySelectorAll(".left > .row:not(.note-box, .answer)")];
		const noted = rows.flatMap((r, i) => (kept[r.id] ? [i] : []));
		if (noted.length === 0) continue;
		const above = hunk.previousElementSibling;
		if (above?.matches("details.head") && above !== head) {
			head = above;
			out.push(
				...(above.querySelector("pre")?.textContent ?? "")
					.trimEnd()
					.split("\n")
					.map((l) => `> ${l}`),
			);
		}
		out.push(`> ${[".at", ".func"].map((c) => hunk.querySelector(c)?.textContent?.trim()).join(" ")}`);
		let from_row = 0;
		for (const at of noted) {
			const start = Math.max(from_row, at - 9);
			if (start > from_row) out.push("> [...]");
			for (const r of rows.slice(start, at + 1))
				out.push(
					...(r.querySelector("code, pre")?.textContent ?? "")
						.replace(/\n$/, "")
						.split("\n")
						.map((l) => `> ${l}`),
				);
			out.push("", ...kept[rows[at].id].trimEnd().split("\n"), "");
			from_row = at + 1;
		}
	}
	return `${out.join("\n").trimEnd()}\n`;
}

const button = make("button", { type: "button", id: "reply", title: "your notes as an answer (e)" }, "e answer");

/** Shows the answer, to be taken along. */
export function export_notes(): void {
	const text = reply();
	const area = make("textarea", { readonly: "", rows: "24", "aria-label": "answer" });
	area.value = text;
	const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
	const dialog = make(
		"dialog",
		{ id: "answer", "aria-label": "your notes as an answer" },
		area,
		make("p", {}, make("a", { href: url, download: "answer.eml" }, "save as a mail"), " · Esc closes"),
	);
	dialog.addEventListener("close", () => {
		URL.revokeObjectURL(url);
		dialog.remove();
	});
	document.body.append(dialog);
	dialog.showModal();
	area.select();
}

export function watch(): void {
	if (!article) return;
	notes = read();
	button.hidden = Object.keys(notes).length === 0;
	button.addEventListener("click", export_notes);
	document.querySelector(".keys")?.prepend(button);
	for (const id of Object.keys(notes)) edit(document.getElementById(id) ?? undefined);
	(document.activeElement as HTMLElement | null)?.blur();
	document.addEventListener("click", (event) => {
		const row = (event.target as Element).closest?.(".left > .row");
		if (!row || row.classList.contains("note-box")) return;
		line?.classList.remove("line-here");
		line = row;
		row.classList.add("line-here");
	});
}
