// SPDX-License-Identifier: GPL-2.0-only
/** Files as messages. */
import { lines_of_block, read_blocks } from "./diff.ts";
import { type Collected, collect, type Found } from "./collect.ts";
import { line_of } from "./lines.ts";
import { decode, type Mail, read_mail } from "./mime.ts";
import { read_saved } from "./saved.ts";
import { read_subject } from "./subject.ts";
import type { Message, Part } from "./types.ts";

/** A name for one without a Message-ID: stable as long as its file is called the same. */
function made_id(origin: string): string {
	return (
		origin
			.replace(/\.(eml|patch|diff|txt|mbox|mail)(?=$|:)/i, "")
			.replace(/[^\w.@+-]+/g, "-")
			.replace(/^[-.]+|-+$/g, "") || "message"
	);
}

/** Who wrote the patch, where somebody else sent it. */
function author_of(parts: Part[]): { from: string; address: string } | undefined {
	const first = parts[0]?.blocks[0];
	if (first?.kind !== "text") return undefined;
	const line = first.lines.find((l) => l.text.trim() !== "");
	const m = line?.depth === 0 ? /^From: (.*?)\s*<([^>]*)>\s*$/.exec(line.text) : undefined;
	return m ? { from: m[1].replace(/^"(.*)"$/, "$1") || m[2], address: m[2] } : undefined;
}

/** What a message is made of, by what its mail says. */
export function message_of(mail: Mail, origin: string): Message {
	const subject = mail.subject.replace(/\s+/g, " ").trim();
	const parts = mail.texts.map(({ name, lines }) => ({ name, blocks: read_blocks(lines.map(line_of)) }));
	const { reply, numbered } = read_subject(subject);
	const author = reply ? undefined : author_of(parts);
	return {
		id: mail.id ?? made_id(origin),
		unnamed: mail.id === undefined,
		from: author?.from ?? mail.from,
		address: author?.address ?? mail.address,
		date: mail.date,
		subject,
		numbered: reply ? undefined : numbered,
		in_reply_to: mail.in_reply_to ?? mail.references.at(-1),
		references: mail.references,
		origin,
		parts,
		problems: mail.problems,
	};
}

async function read_one({ origin, bytes, mail }: Found): Promise<Message> {
	if (!mail) return message_of(read_saved(decode(bytes)), origin);
	try {
		return message_of(await read_mail(bytes), origin);
	} catch (error) {
		/* Whatever is wrong with it, its text is there. */
		const m = message_of(read_saved(decode(bytes)), origin);
		m.problems.push(`not a whole mail: ${(error as Error).message}`);
		return m;
	}
}

/** A mailbox has an empty line behind a mail that a file has not. */
function text_of(m: Message): string {
	const lines = m.parts.flatMap((p) => p.blocks.flatMap(lines_of_block));
	return lines
		.map((l) => l.raw)
		.join("\n")
		.trimEnd();
}
const same = (a: Message, b: Message): boolean => text_of(a) === text_of(b);

export interface Room {
	messages: Message[];
	passed: Collected["passed"];
}

/** All messages of the files that are named. One that is there twice is shown once. */
export async function read_messages(names: readonly string[]): Promise<Room> {
	const { found, passed } = collect(names);
	const by_id = new Map<string, Message>();
	for (const one of found) {
		const m = await read_one(one);
		const before = by_id.get(m.id);
		if (before && (!m.unnamed || same(before, m))) {
			if (same(before, m)) {
				passed.push({ origin: m.origin, reason: `the same message as ${before.origin}` });
				continue;
			}
			m.problems.push(`it has the Message-ID of ${before.origin}, and another text`);
		}
		for (let n = 2, id = m.id; by_id.has(m.id); n++) m.id = `${id}.${n}`;
		by_id.set(m.id, m);
	}
	return { messages: [...by_id.values()], passed };
}
