// SPDX-License-Identifier: GPL-2.0-only
/** What the page searches and shows beside a name: scripts, since a page that is a file can load nothing else. */
import type { Sources } from "../index/source.ts";
import { lines_of_block } from "../mail/diff.ts";
import type { Message } from "../mail/types.ts";
import type { MailData, SymbolData } from "../page/data.ts";
import { message_page } from "./address.ts";

/** As a script that brings it: nothing in it ends where it should not. */
export const brought = (name: string, value: unknown): string =>
	`spf_data[${JSON.stringify(name)}] = ${JSON.stringify(value).replace(
		/[<\u2028\u2029]/g,
		(c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
	)};\n`;

const short = (text: string): string => (text.length > 600 ? `${text.slice(0, 600)}…` : text);

export function symbol_data(sources: Sources): string {
	const all: SymbolData[] = [];
	for (const [name, list] of sources.definitions)
		for (const d of list)
			all.push([
				name,
				d.kind,
				d.file,
				d.line,
				d.of ? `${d.of}.${name}` : d.signature,
				short(d.comment),
			]);
	return brought("symbols", all);
}

export function mail_data(messages: readonly Message[]): string {
	return brought(
		"mails",
		messages.map((m): MailData => {
			const text = m.parts.flatMap((p) => p.blocks.flatMap(lines_of_block)).map((l) => l.raw);
			return [message_page(m.id), m.subject || m.id, m.from, text.join("\n")];
		}),
	);
}
