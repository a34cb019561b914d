// SPDX-License-Identifier: GPL-2.0-only
/** The configuration that our source is read in: lines that are not in it are folded, or marked if they are few. */
import { count } from "../../../scripts/lib/words.ts";
import type { Condition, Conditional, Configuration, Configurations } from "./data.ts";
import { holds, symbols_of } from "./holds.ts";
import { data, make } from "./load.ts";

/** Fewer lines are not worth folding. */
const FOLD = 4;
const KEPT = "spf-configuration";

const all = (): Promise<Configurations> => data<Configurations>("configurations").catch(() => []);

function chosen(list: Configurations): Configuration | undefined {
	return list.find(({ name }) => name === localStorage.getItem(KEPT)) ?? list[0];
}
/** Files of one architecture are read in a configuration of that. */
function for_file(file: string, list: Configurations, usual: Configuration): Configuration {
	const [, arch] = /^arch\/(?!host\/)(\w+)\//.exec(file) ?? [];
	if (arch === undefined || arch === usual.arch) return usual;
	return list.find((c) => c.arch === arch) ?? usual;
}

/** What the chosen configuration has a symbol at: "CONFIG_SMP=y in x86 defconfig". */
export async function value_of(symbol: string): Promise<string | undefined> {
	const c = chosen(await all());
	return c && `${symbol}=${c.values[symbol] ?? "n"} in ${c.name}`;
}

function rows_of(container: Element): Map<number, HTMLElement> {
	const rows = [...container.querySelectorAll<HTMLElement>(".row")];
	return new Map(rows.map((row) => [Number(row.querySelector(".n")?.textContent), row]));
}
function why(condition: Condition, c: Configuration): string {
	const values = symbols_of(condition).map((s) => `${s}=${c.values[s] ?? "n"}`);
	return `not in ${c.name}: ${values.join(", ")}`;
}

/** Lines that are not there: a line above says so, and folds them. */
function put_away(rows: HTMLElement[], text: string): void {
	const [first] = rows;
	for (const row of rows) row.classList.add("off");
	const lines = `${count(rows.length, "line")}, ${text}`;
	if (rows.length < FOLD || rows.some((row) => row.classList.contains("linked"))) {
		first.before(make("p", { class: "not" }, lines));
		return;
	}
	const button = make("button", { type: "button", class: "not", "aria-expanded": "false" }, lines);
	const show = (open: boolean) => {
		button.setAttribute("aria-expanded", String(open));
		for (const row of rows) row.hidden = !open;
		moved();
	};
	button.addEventListener("click", () => show(button.getAttribute("aria-expanded") === "false"));
	first.before(button);
	show(false);
}
/** Who draws along the lines listens to this. */
const moved = (): boolean => document.dispatchEvent(new Event("toggle"));

function apply(container: HTMLElement, list: Configurations, usual: Configuration): void {
	for (const e of container.querySelectorAll(".not")) e.remove();
	for (const e of container.querySelectorAll<HTMLElement>(".off")) {
		e.classList.remove("off");
		e.hidden = false;
	}
	const rows = rows_of(container);
	const c = for_file(container.dataset.file ?? "", list, usual);
	let behind = 0;
	for (const [from, to, condition] of JSON.parse(container.dataset.conditions ?? "[]") as Conditional[]) {
		if (from < behind || holds(condition, c.values) !== false) continue;
		behind = to + 1;
		const gone = Array.from({ length: behind - from }, (_, i) => rows.get(from + i)).filter((row) => !!row);
		if (gone.length > 0) put_away(gone, why(condition, c));
	}
}

/** Shows a line that may be folded: was it? */
export function reveal(row: Element | null): boolean {
	if (!(row instanceof HTMLElement) || !row.hidden) return false;
	let button = row.previousElementSibling;
	while (button && !button.matches("button.not")) button = button.previousElementSibling;
	if (button instanceof HTMLElement) button.click();
	return true;
}
/** Those that are folded, or all. */
export const folded = (expanded: boolean): HTMLElement[] => [
	...document.querySelectorAll<HTMLElement>(`button.not[aria-expanded="${expanded}"]`),
];

export async function watch(): Promise<void> {
	const containers = [...document.querySelectorAll<HTMLElement>("[data-conditions]")];
	if (containers.length === 0) return;
	const list = await all();
	const usual = chosen(list);
	if (!usual) return;
	const what = "the configuration that our source is read in";
	const select = make("select", { id: "configuration", title: what, "aria-label": what });
	for (const { name } of list) select.append(make("option", { value: name }, name));
	select.value = usual.name;
	const again = () => {
		const c = list.find(({ name }) => name === select.value) as Configuration;
		for (const container of containers) apply(container, list, c);
		moved();
	};
	select.addEventListener("change", () => {
		localStorage.setItem(KEPT, select.value);
		again();
	});
	document.querySelector(".keys")?.prepend(
		make("label", { class: "configuration" }, make("span", {}, "read in"), select),
	);
	again();
	const here = () => {
		const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
		if (reveal(target?.closest(".row") ?? null)) target?.scrollIntoView();
	};
	addEventListener("hashchange", here);
	here();
}
