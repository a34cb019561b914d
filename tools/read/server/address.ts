// SPDX-License-Identifier: GPL-2.0-only
/** Where each page is. Addresses are those of files, so that pages need no server. */

/** A name as one part of a path: what a file system or a browser takes for something else is written as a number. */
export function file_name(id: string): string {
	const name = id.replace(/[^\w.@+=-]|^\./gu, (c) =>
		[...Buffer.from(c)].map((b) => `~${b.toString(16).padStart(2, "0")}`).join(""),
	);
	return name.length > 180 ? `${name.slice(0, 160)}~${hash(name)}` : name;
}
function hash(text: string): string {
	let h = 0;
	for (const c of text) h = (Math.imul(h, 31) + c.charCodeAt(0)) >>> 0;
	return h.toString(16);
}

export const message_page = (id: string): string => `patch/${file_name(id)}.html`;
export const source_page = (path: string): string => `source/${path}.html`;
export const ident_page = (name: string): string => `ident/${file_name(name)}.html`;
export const mutant_page = (name: string): string => `mutant/${file_name(name)}.html`;
/** What became of one series in another, each by its first message. */
export const range_page = (old: string, now: string): string => `versions/${file_name(`${old}...${now}`)}.html`;

/** From one page to the top. */
export const up_from = (page: string): string => "../".repeat(page.split("/").length - 1);

/** An address as it stands in a page: a name has no sign that means something there. */
export const href = (up: string, page: string, mark = ""): string =>
	`${up}${page.split("/").map(encodeURIComponent).join("/")}${mark && `#${encodeURIComponent(mark)}`}`;
