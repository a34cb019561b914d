// SPDX-License-Identifier: GPL-2.0-only
/** The page's own code: keys, and what they do. */
import * as configs from "./configs.ts";
import { make } from "./load.ts";
import * as notes from "./notes.ts";
import * as play from "./play.ts";
import * as popup from "./popup.ts";
import * as ribbons from "./ribbons.ts";
import * as search from "./search.ts";
import * as take from "./take.ts";

const KEYS: [string, string][] = [
	["j k", "next hunk, hunk before"],
	["n p", "next patch, patch before"],
	["t", "the thread: answers"],
	["/", "search"],
	["g d", "definition of the name that is pointed at or has the focus"],
	["g i", "where that name is used"],
	["f", "answers beside the lines, or not"],
	["o", "unfold everything, or fold it"],
	["m", "a note of your own at the line that was clicked"],
	["e", "your notes as an answer"],
	["u", "up: all patches"],
	["?", "this"],
];

const here = (): Element[] => [...document.querySelectorAll(".hunk")];

function move(step: number): void {
	const all = here();
	if (all.length === 0) return;
	const focused = all.indexOf(document.activeElement?.closest(".hunk") as Element);
	const first = all.findIndex((h) => h.getBoundingClientRect().top > 60);
	const from =
		focused >= 0
			? focused
			: step > 0
				? (first < 0 ? all.length : first) - 1
				: first < 0
					? all.length
					: first;
	const to = all[Math.max(0, Math.min(all.length - 1, from + step))] as HTMLElement;
	to.scrollIntoView({ block: "start" });
	to.focus({ preventScroll: true });
	history.replaceState(null, "", `#${to.id}`);
}
const follow = (rel: string) => document.querySelector<HTMLAnchorElement>(`.keys a[rel="${rel}"]`)?.click();

function help(): void {
	const rows = KEYS.map(([key, what]) =>
		make("tr", {}, make("th", { scope: "row" }, make("kbd", {}, key)), make("td", {}, what)),
	);
	const dialog = make(
		"dialog",
		{ id: "keys", "aria-label": "keys" },
		make("h2", {}, "Keys"),
		make("table", {}, ...rows),
		make("p", {}, "Esc closes"),
	);
	dialog.addEventListener("close", () => dialog.remove());
	document.body.append(dialog);
	dialog.showModal();
}

let going = false;
function pressed(event: KeyboardEvent): void {
	/* Another part of the page has taken it. */
	if (event.defaultPrevented) return;
	if (event.ctrlKey || event.metaKey || event.altKey) return;
	const target = event.target as Element;
	if (target.closest("input, textarea, select, dialog")) {
		if (event.key === "Escape" && target.closest("textarea")) (target as HTMLElement).blur();
		return;
	}
	if (going) {
		going = false;
		const link = popup.current();
		if (!link) return;
		if (event.key === "d") void popup.definition(link).then((to) => location.assign(to));
		if (event.key === "i") link.click();
		return;
	}
	const act: Record<string, () => void> = {
		j: () => move(1),
		k: () => move(-1),
		n: () => follow("next"),
		p: () => follow("prev"),
		u: () => document.querySelector<HTMLAnchorElement>("a.home")?.click(),
		t: () => {
			const thread = document.getElementById("thread");
			thread?.scrollIntoView({ block: "start" });
			thread?.focus({ preventScroll: true });
		},
		g: () => {
			going = true;
		},
		f: () => document.body.classList.toggle("without-answers"),
		o: () => {
			const folds = [...document.querySelectorAll<HTMLDetailsElement>("details.fold")];
			const open = folds.some((d) => !d.open) || configs.folded(false).length > 0;
			for (const d of folds) d.open = open;
			for (const button of configs.folded(!open)) button.click();
		},
		m: () => notes.edit(),
		e: () => notes.export_notes(),
		"/": () => search.open(),
		"?": help,
	};
	const does = act[event.key];
	if (!does) return;
	event.preventDefault();
	does();
}

addEventListener("keydown", pressed);
document.getElementById("find")?.addEventListener("click", () => search.open());
document.getElementById("help")?.addEventListener("click", help);
popup.watch();
void configs.watch();
ribbons.watch();
notes.watch();
take.watch();
play.watch();
