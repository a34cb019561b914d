// SPDX-License-Identifier: GPL-2.0-only
/** Text of strace as people paste it: quoted, numbered, coloured, between fences, behind a prompt, with lines left out,
 *  with the table of `strace -C` below, and with the security contexts of --secontext. */

/** What may stand before each line. */
const PREFIXES = [/^(?:> ?)+/, /^ *\d+\t/, /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d) /];
const ESCAPE = String.fromCharCode(27);
const COLOURS = new RegExp(`${ESCAPE}\\[[0-9;]*[A-Za-z]`, "g");
/** Of SELinux, by --secontext. */
const CONTEXTS = / ?\[(?:\w+:\w+:)?\w+_t(?::s\d[\w:.,-]*)?(?:!![\w:.,-]+)?\]/g;
/** What is no line of strace's. */
const AROUND = [
	/^\s*`{3,}\s*\w*$/,
	/^(?:\S{0,60}|\[\S+@[^\]]*\]) ?[$#] ?(?:\S+ )*strace(?: .*)?$/,
	/^(?:\S+@\S+|\[\S+@[^\]]*\])[$#] *$/,
	/^% time\s+seconds\s/,
	/^(?:-+ +)+-+$/,
	/^\s*\d+\.\d\d\s+\d+\.\d{6}\s[^(]*$/,
];
const LEFT_OUT = /^\s*(?:\.{3}|…|[[<(](?:\.{3}|…|snip|cut)[\])>])\s*$/i;

/** Most lines begin with the number of a thread. */
const is_around = (line: string) => !/^\d+ /.test(line) && AROUND.some((what) => what.test(line));

function bare(line: string): string {
	let plain = line.includes(ESCAPE) ? line.replace(COLOURS, "") : line;
	if (plain.includes("_t")) plain = plain.replace(CONTEXTS, "");
	return /[ \t]/.test(plain.at(-1) ?? "") ? plain.replace(/(\+\+\+|---)\s+$/, "$1") : plain;
}

/** The lines without all that, as many as there were; and the first one in whose place others were. */
export function undress(lines: string[]): { lines: string[]; gap?: number } {
	let gap: number | undefined;
	let plain = lines.map(bare).map((line) => (is_around(line) ? "" : line));
	for (const prefix of PREFIXES)
		if (plain.every((line) => line.trim() === "" || prefix.test(line)))
			plain = plain.map((line) => line.replace(prefix, ""));
	plain = plain.map((line, index) => {
		if (!LEFT_OUT.test(line)) return is_around(line) ? "" : line;
		gap ??= index + 1;
		return "";
	});
	return { lines: plain, gap };
}
