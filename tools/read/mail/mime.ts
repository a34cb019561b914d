// SPDX-License-Identifier: GPL-2.0-only
/** A mail as it was sent: its head, and the texts in it. */
import PostalMime, { type Attachment, type Email } from "postal-mime";
import { split_lines } from "./lines.ts";

export interface Mail {
	from: string;
	address: string;
	date: string;
	subject: string;
	id?: string;
	in_reply_to?: string;
	references: string[];
	/** The body first, then what is attached to it. */
	texts: { name?: string; lines: string[] }[];
	problems: string[];
}

/** Of a mail's way through the machines there is nothing to say here, and it is most of its head. */
const WAY = new RegExp(
	"^(Received|X-[\\w-]+|ARC-[\\w-]+|DKIM-[\\w-]+|Authentication-Results|Received-SPF|Return-Path|" +
		"Delivered-To|List-[\\w-]+|Autocrypt)$",
	"i",
);

const HEADER = /^([!-9;-~]+):/;

/** The first lines are a mail's head. */
export function is_mail(text: string): boolean {
	const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
	const lines = text.slice(0, end).split(/\r?\n/);
	if (/^>?From /.test(lines[0])) lines.shift();
	const names = lines.map((line) => (/^[ \t]/.test(line) ? "" : HEADER.exec(line)?.[1].toLowerCase()));
	if (names[0] === "" || names.length === 0 || names.some((name) => name === undefined)) return false;
	return names.some((name) => ["from", "subject", "message-id", "date"].includes(name as string));
}

/** The head without what is nobody's concern, and what is below it. */
function head_and_body(bytes: Buffer): { head: Buffer; body: Buffer } {
	const text = bytes.toString("latin1");
	const gap = /\r?\n\r?\n/.exec(text);
	const end = gap?.index ?? text.length;
	const kept: string[] = [];
	let keep = true;
	for (const line of text.slice(0, end).split(/\r?\n/)) {
		if (!/^[ \t]/.test(line)) keep = !WAY.test(HEADER.exec(line)?.[1] ?? "X-");
		if (keep) kept.push(line);
	}
	if (gap) kept.push("", "");
	return { head: Buffer.from(kept.join("\n"), "latin1"), body: bytes.subarray(end + (gap?.[0].length ?? 0)) };
}

/** By its head the body is one text that nothing was done to: nothing needs to be undone. */
function is_as_written({ headers }: Email): boolean {
	const is = (name: string, value: RegExp): boolean =>
		headers.every((h) => h.key !== name || value.test(h.value.trim()));
	return (
		is("content-type", /^text\/plain(\s*;\s*charset="?(utf-8|us-ascii)"?)?$/i) &&
		is("content-transfer-encoding", /^(7bit|8bit|binary)$/i) &&
		is("content-disposition", /^inline$/i)
	);
}

async function parse(bytes: Buffer): Promise<Email> {
	const { head, body } = head_and_body(bytes);
	const email = await PostalMime.parse(head);
	if (!is_as_written(email)) return PostalMime.parse(Buffer.concat([head, body]));
	return { ...email, text: decode(body) || undefined };
}

const bracketed = (text = ""): string[] => [...text.matchAll(/<([^<>\s]+)>/g)].map(([, id]) => id);

/** Text in UTF-8, or what Latin-1 makes of it. */
export function decode(bytes: Uint8Array): string {
	try {
		return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch {
		return new TextDecoder("windows-1252").decode(bytes).replace(/^\uFEFF/, "");
	}
}

const named = (a: Attachment): string => a.filename ?? "without a name";

/** An attachment that is text is shown as such, whatever type it has. */
function text_of(a: Attachment): string | undefined {
	const bytes = typeof a.content === "string" ? Buffer.from(a.content) : new Uint8Array(a.content as ArrayBuffer);
	if (bytes.subarray(0, 8000).includes(0)) return undefined;
	return decode(bytes);
}

export async function read_mail(bytes: Buffer): Promise<Mail> {
	const problems: string[] = [];
	const email = await parse(bytes);
	const texts: Mail["texts"] = [];
	if (email.text !== undefined) texts.push({ lines: split_lines(email.text) });
	else if (email.html !== undefined) {
		problems.push("it is in HTML only, which is shown as it stands");
		texts.push({ lines: split_lines(email.html) });
	}
	for (const a of email.attachments) {
		const text = text_of(a);
		const size = typeof a.content === "string" ? a.content.length : a.content.byteLength;
		/* Signatures are for programs. */
		if (/pgp-signature|pkcs7-signature/.test(a.mimeType)) continue;
		if (text !== undefined) texts.push({ name: named(a), lines: split_lines(text) });
		else problems.push(`attachment ${named(a)} (${a.mimeType}, ${size} bytes) is not text`);
	}
	if (texts.length === 0) problems.push("it has no text");
	return {
		from: email.from?.name || email.from?.address || "",
		address: email.from?.address ?? "",
		date: email.headers.find((h) => h.key === "date")?.value ?? "",
		subject: email.subject ?? "",
		id: bracketed(email.messageId)[0],
		in_reply_to: bracketed(email.inReplyTo)[0],
		references: bracketed(email.references),
		texts,
		problems,
	};
}
