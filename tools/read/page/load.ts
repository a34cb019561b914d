// SPDX-License-Identifier: GPL-2.0-only
/** Loads what is only needed when somebody asks: a script, since a page that is a file can load nothing else. */
import type { MailData, SymbolData } from "./data.ts";

/** By name, what scripts have brought. */
const brought: Record<string, unknown> = {};
(globalThis as { spf_data?: Record<string, unknown> }).spf_data = brought;

/** From this page to the top. */
export const up = document.body.dataset.up ?? "";

const under_way = new Map<string, Promise<unknown>>();

/** Rejects where there is none. */
export function data<T>(name: string): Promise<T> {
	let promise = under_way.get(name) as Promise<T> | undefined;
	promise ??= new Promise<T>((resolve, reject) => {
		const element = document.createElement("script");
		const over = () => {
			element.remove();
			if (name in brought) return resolve(brought[name] as T);
			under_way.delete(name);
			reject(new Error(`data/${name}.js: not there`));
		};
		element.src = `${up}data/${name.split("/").map(encodeURIComponent).join("/")}.js`;
		element.onload = element.onerror = over;
		document.head.append(element);
	});
	under_way.set(name, promise);
	return promise;
}

export const symbols = (): Promise<SymbolData[]> => data<SymbolData[]>("symbols").catch(() => []);
export const mails = (): Promise<MailData[]> => data<MailData[]>("mails").catch(() => []);

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
