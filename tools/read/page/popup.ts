// SPDX-License-Identifier: GPL-2.0-only
/** What a name is, beside it: its head, what is said of it, where it is. */
import { value_of } from "./configs.ts";
import { make, symbols, up } from "./load.ts";

const popup = make("div", { id: "popup", role: "tooltip", hidden: "" });
let wanted: Element | undefined;

async function show(link: HTMLElement): Promise<void> {
	wanted = link;
	const name = decodeURIComponent(link.getAttribute("href")?.replace(/^.*\/(.*)\.html$/, "$1") ?? "");
	const all = (await symbols()).filter((s) => s[0] === name);
	const value = all[0]?.[1] === "config" ? await value_of(name) : undefined;
	if (wanted !== link || all.length === 0) return;
	popup.replaceChildren(
		...all
			.slice(0, 3)
			.map(([, kind, file, line, head, comment]) =>
				make(
					"section",
					{},
					make("p", { class: "where" }, `${kind} · ${file}:${line}`),
					make("pre", {}, head),
					...(comment ? [make("pre", { class: "comment" }, comment)] : []),
				),
			),
		...(value ? [make("p", { class: "where" }, value)] : []),
		...(all.length > 3 ? [make("p", { class: "where" }, `and ${all.length - 3} more`)] : []),
	);
	popup.hidden = false;
	const at = link.getBoundingClientRect();
	const { width, height } = popup.getBoundingClientRect();
	const below = at.bottom + height + 8 < innerHeight || at.top < height;
	popup.style.left = `${Math.max(4, Math.min(at.left, innerWidth - width - 8))}px`;
	popup.style.top = `${below ? at.bottom + 4 : at.top - height - 4}px`;
}
function hide(): void {
	wanted = undefined;
	popup.hidden = true;
}

/** The name that is pointed at, or has the focus. */
export function current(): HTMLAnchorElement | null {
	return document.querySelector<HTMLAnchorElement>("a.i:hover, a.i:focus");
}
/** Where it is defined. */
export async function definition(link: HTMLAnchorElement): Promise<string> {
	const name = decodeURIComponent(link.getAttribute("href")?.replace(/^.*\/(.*)\.html$/, "$1") ?? "");
	const [first] = (await symbols()).filter((s) => s[0] === name);
	return first ? `${up}source/${first[2]}.html#L${first[3]}` : link.href;
}

export function watch(): void {
	document.body.append(popup);
	let timer: ReturnType<typeof setTimeout> | undefined;
	const enter = (event: Event) => {
		const link = (event.target as Element).closest?.<HTMLElement>("a.i");
		clearTimeout(timer);
		if (!link) return hide();
		timer = setTimeout(() => void show(link), event.type === "focusin" ? 0 : 200);
	};
	document.addEventListener("mouseover", enter);
	document.addEventListener("focusin", enter);
	addEventListener("scroll", hide, { passive: true });
	addEventListener("keydown", (event) => {
		if (event.key === "Escape") hide();
	});
}
