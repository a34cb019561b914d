// SPDX-License-Identifier: GPL-2.0-only
/** A mail as it is read: every line of it is in one block, in order. */

/** A line, without the marks of quoting in front of it. */
export interface Line {
	/** How many marks: 0 is what the sender wrote. */
	depth: number;
	text: string;
	/** As it stands in the mail. */
	raw: string;
}

export interface FileInfo {
	/** Below the top of a kernel tree; "" where no header says it. */
	path: string;
	/** Where it was before, if that is elsewhere. */
	from?: string;
	/** In words: "new file", "deleted", "renamed", "copied", "mode". */
	change?: string;
}

export interface Row {
	/** Context, added, removed, "\ No newline"; or what somebody says of the row above. */
	kind: " " | "+" | "-" | "\\" | "comment";
	/** Without the mark. */
	text: string;
	/** Of a comment: who speaks, counted in marks of quoting. */
	depth?: number;
	lines: Line[];
}

export interface Hunk {
	kind: "hunk";
	file: FileInfo;
	/** Its head, with what was wrapped of it. None: somebody quoted lines of a hunk, and not its head. */
	heads: Line[];
	/** Where it begins, and how many lines; all of them, of a combined diff the first parent's. */
	old: [number, number];
	new: [number, number];
	/** What git prints behind the numbers: the function that begins before the hunk. */
	section: string;
	depth: number;
	rows: Row[];
	/** What was put right, and what is missing. */
	notes: string[];
}
export interface Head {
	kind: "head";
	file: FileInfo;
	lines: Line[];
}
export interface Text {
	kind: "text";
	lines: Line[];
}
export type Block = Text | Head | Hunk;

/** The body of a mail, or something that is attached to it. */
export interface Part {
	/** What the attachment is called. */
	name?: string;
	blocks: Block[];
}

/** Of `[PATCH v2 03/35] mm: …`. */
export interface Numbered {
	/** v1, unless it says so. */
	version: number;
	number: number;
	total: number;
	/** RFC, RESEND and the like, as they stand there. */
	tags: string[];
}

export interface Message {
	/** Its Message-ID without brackets; of a file without one a name that is made of the file's. */
	id: string;
	/** It has no Message-ID of its own. */
	unnamed: boolean;
	from: string;
	address: string;
	/** As it stands there. */
	date: string;
	subject: string;
	/** Of a patch or a cover letter. */
	numbered?: Numbered;
	in_reply_to?: string;
	references: string[];
	/** The file, and which message of it where there are several. */
	origin: string;
	parts: Part[];
	/** What could not be read, and why. */
	problems: string[];
}

export const hunks_of = (m: Message): Hunk[] =>
	m.parts.flatMap((p) => p.blocks.filter((b): b is Hunk => b.kind === "hunk"));

/** A patch of one's own, not one that is only quoted. */
export const is_patch = (m: Message): boolean =>
	m.parts.some((p) =>
		p.blocks.some((b) => (b.kind === "head" ? b.lines[0].depth : b.kind === "hunk" ? b.depth : 1) === 0),
	);
