// SPDX-License-Identifier: GPL-2.0-only
/**
 * The lines of a mail as text, heads of files and hunks: git's diffs, combined
 * ones, quilt's, those of plain diff, with a head or a part of one, quoted at
 * any depth. Each line is in one block, and they are in order.
 */
import { has_lost, hunk_head, read_hunk } from "./hunk.ts";
import { kernel_path } from "./paths.ts";
import type { Block, FileInfo, Head, Line } from "./types.ts";

const GIT = /^diff --git (?:"?[a-z]\/(.*?)"?) "?[a-z]\/(.*?)"?$/;
const COMBINED = /^diff --(?:cc|combined) (.*)$/;
const PLAIN = /^diff (?:-\S+ )*(\S+) (\S+)$/;
const EXTENDED = new RegExp(
	[
		"^(index [0-9a-f]+(,[0-9a-f]+)*\\.\\.",
		"(new|deleted) file mode|(old|new) mode",
		"(dis)?similarity index|(rename|copy) (from|to) ",
		"Binary files |GIT binary patch",
		"={30,}$|RCS file:|retrieving revision)",
	].join("|"),
);
const INDEX = /^Index: (\S+)/;
const OLD = /^--- (\S.*)$/;
const NEW = /^\+\+\+ (\S.*)$/;
const NO_FILE: FileInfo = { path: "" };

/** What the lines of a head say, one after the other. */
function learn(file: FileInfo, text: string): void {
	const git = GIT.exec(text);
	const combined = COMBINED.exec(text);
	const index = INDEX.exec(text);
	const moved = /^(rename|copy) (from|to) (.*)$/.exec(text);
	const old = OLD.exec(text);
	const now = NEW.exec(text);
	if (git) {
		/* Both names are the same, unless it says more below. */
		file.path = kernel_path(`b/${git[2]}`);
	} else if (combined) file.path = kernel_path(combined[1]);
	else if (index) file.path = kernel_path(index[1]);
	else if (moved) {
		file.change = moved[1] === "copy" ? "copied" : "renamed";
		if (moved[2] === "from") file.from = kernel_path(moved[3]);
		else file.path = kernel_path(moved[3]);
	} else if (text.startsWith("new file mode")) file.change = "new file";
	else if (text.startsWith("deleted file mode")) file.change = "deleted";
	else if (/^(old|new) mode/.test(text)) file.change ??= "mode";
	else if (text.startsWith("Binary files") || text.startsWith("GIT binary")) file.change ??= "binary";
	else if (old) {
		const path = kernel_path(old[1]);
		if (path === "/dev/null") file.change = "new file";
		else if (file.path === "") file.path = path;
	} else if (now) {
		const path = kernel_path(now[1]);
		if (path === "/dev/null") file.change = "deleted";
		else file.path = path;
	} else if (file.path === "") {
		const plain = PLAIN.exec(text);
		if (plain) file.path = kernel_path(plain[2]);
	}
}

/** Whether a head begins at a line: by words that nobody says, or by what follows. */
function begins_head(lines: Line[], i: number): boolean {
	const { text, depth } = lines[i];
	const next = (n: number) => (lines[i + n]?.depth === depth ? lines[i + n].text : "");
	if (GIT.test(text) || COMBINED.test(text)) return true;
	if (PLAIN.test(text) && OLD.test(next(1)) && NEW.test(next(2))) return true;
	if (INDEX.test(text)) return /^={30,}$/.test(next(1)) || OLD.test(next(1));
	if (OLD.test(text) && NEW.test(next(1))) return hunk_head(next(2)) !== undefined || next(2) === "";
	return NEW.test(text) && hunk_head(next(1)) !== undefined;
}

function read_head(lines: Line[], at: number): { head: Head; next: number } {
	const file: FileInfo = { path: "" };
	const { depth } = lines[at];
	let i = at;
	do {
		learn(file, lines[i].text);
		i++;
	} while (
		lines[i]?.depth === depth &&
		(EXTENDED.test(lines[i].text) ||
			(OLD.test(lines[i].text) && (lines[i + 1] ? NEW.test(lines[i + 1].text) : false)) ||
			(NEW.test(lines[i].text) && OLD.test(lines[i - 1].text)))
	);
	return { head: { kind: "head", file, lines: lines.slice(at, i) }, next: i };
}

/** All lines, in blocks. */
export function read_blocks(lines: Line[]): Block[] {
	const blocks = blocks_of(lines, false);
	/* What has lost the blanks of one hunk has lost those of all. */
	const lossy = blocks.some((b) => b.kind === "hunk" && has_lost(b));
	return lossy ? blocks_of(lines, true) : blocks;
}

function blocks_of(lines: Line[], lossy: boolean): Block[] {
	const blocks: Block[] = [];
	/* Of each depth: quotations go on where somebody has said something in between. */
	let files: FileInfo[] = [];
	for (let i = 0; i < lines.length; ) {
		const { depth, text } = lines[i];
		if (begins_head(lines, i)) {
			const { head, next } = read_head(lines, i);
			files[depth] = head.file;
			blocks.push(head);
			i = next;
		} else if (hunk_head(text)) {
			const { hunk, next } = read_hunk(lines, i, files[depth] ?? NO_FILE, lossy);
			blocks.push(hunk);
			i = next;
		} else {
			/* A new patch begins in the same text. */
			if (/^From [0-9a-f]{7,40} /.test(text)) files = [];
			const last = blocks.at(-1);
			if (last?.kind === "text") last.lines.push(lines[i]);
			else blocks.push({ kind: "text", lines: [lines[i]] });
			i++;
		}
	}
	return blocks;
}

/** The lines that a block is made of: with those of all others, the mail. */
export function lines_of_block(b: Block): Line[] {
	if (b.kind !== "hunk") return b.lines;
	return [...b.heads, ...b.rows.flatMap((r) => r.lines)];
}
