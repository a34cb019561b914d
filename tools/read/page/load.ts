// SPDX-License-Identifier: GPL-2.0-only
/** Loads what is only needed when somebody asks: a script, since a page that is a file can load nothing else. */
import type { MailData, SymbolData } from "./data.ts";

interface Loaded {
	spf_symbols?: SymbolData[];
	spf_mails?: MailData[];
}
const loaded = globalThis as Loaded;
/** From this page to the top. */
export const up = document.body.dataset.up ?? "";

const under_way = new Map<string, Promise<void>>();
function script(name: string): Promise<void> {
	const before = under_way.get(name);
	if (before) return before;
	const promise = new Promise<void>((resolve) => {
		const element = document.createElement("script");
		element.src = `${up}data/${name}.js`;
		element.onload = element.onerror = () => resolve();
		document.head.append(element);
	});
	under_way.set(name, promise);
	return promise;
}

export async function symbols(): Promise<SymbolData[]> {
	if (!loaded.spf_symbols) await script("symbols");
	return loaded.spf_symbols ?? [];
}
export async function mails(): Promise<MailData[]> {
	if (!loaded.spf_mails) await script("mails");
	return loaded.spf_mails ?? [];
}

/** Elements from what they are: text is text. */
export function make<K extends keyof HTMLElementTagNameMap>(
	tag: K,
	has: Partial<Record<string, string>> = {},
	...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(has)) if (value !== undefined) element.setAttribute(name, value);
	element.append(...children);
	return element;
}
