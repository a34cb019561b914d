// SPDX-License-Identifier: GPL-2.0-only
/** Text of strace as people paste it: quoted, numbered, coloured, between fences, behind a prompt, with lines left out,
 *  wrapped, with what the program itself wrote to the terminal, with the table of `strace -C` below, and with the
 *  security contexts of --secontext. */

/** What may stand before each line: of mail, cat -n, build servers, grep -n, syslog, containers. */
const PREFIXES = [
	/^(?:> ?)+/,
	/^ *\d+\t/,
	/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d) /,
	/^\d+:(?!\d\d[:.])/,
	/^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [\w./-]+(?:\[\d+\])?: /,
	/^[\w.-]+ *\| /,
];
const ESCAPE = String.fromCharCode(27);
const COLOURS = new RegExp(`${ESCAPE}\\[[0-9;]*[A-Za-z]`, "g");
/** Of SELinux, by --secontext. */
const CONTEXTS = /("(?:[^"\\]|\\.)*")| ?\[(?:\w+:\w+:)?\w+_t(?::s\d[\w:.,-]*)?(?:!![\w:.,-]+)?\]/g;
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

/** The thread, and times, as far as they are shown. */
const HEAD =
	String.raw`(?:\[pid\s+\d+(?:<[^>]*>)?\]\s*|\d+(?:<[^>]*>)?\s+)?` +
	String.raw`(?:[\d:.]+\s+|\(\+\s*[\d.]+\)\s+|\[[^\]]*\]\s+)*`;
/** What strace begins a line with, */
const BEGINS = new RegExp(String.raw`^${HEAD}(?:(?:\w+|\?{3,4})\(|<\.{3} |\+{3} |--- |strace: |Process \d| > )`);
/** what a call returned, */
const RESULT = String.raw`0x[0-9a-f]+|\d+|-\d+ (?:E\w+|\(errno \d+\)) ?\(.*\)|\?`;
/** and what ends a line. */
const ENDS = new RegExp(
	String.raw`(?:\)\s*= (?:${RESULT})(?:<.*>)?(?: [<(A-Z].*)?|` +
		String.raw`<(?:unfinished|detached|pid changed to \d+) \.{3}>|\+{3}|---)\s*$`,
);
/** A write that is being shown, as far as its length. */
const WRITES = /^.*?\bwritev?\(\d+(?:<[^>]*>)?, (?:"(?:[^"\\]|\\.)*"(?:\.{3})?|\[(?:"(?:[^"\\]|\\.)*"|[^"\]])*\]), \d+/;
/** The end of one, and what stands before it. */
const WRITTEN = /^.*?((?:\[pid\s+\d+\]\s+)?(?:[\d:.]+\s+)*<\.{3} writev? resumed>.*)$/;
/** Lines that one line of strace's may be wrapped into, or written in. */
const MOST_WRAPPED = 12;
const MOST_WRITTEN = 200;

/** What a program writes to strace's own terminal stands within the line of the write: it is taken out. */
function without_output(lines: string[]): void {
	for (let i = 0; i < lines.length; i++) {
		lines[i] = lines[i].replace(WRITTEN, "$1");
		const [written] = WRITES.exec(lines[i]) ?? [];
		if (written === undefined) continue;
		let rest = lines[i].slice(written.length);
		let last = i;
		while (!ENDS.test(rest) && last + 1 < lines.length && last - i < MOST_WRITTEN) rest = lines[++last];
		const [end] = ENDS.exec(rest) ?? [];
		if (end === undefined) continue;
		lines[i] = written + (end.startsWith("<") ? " " : "") + end;
		lines.fill("", i + 1, last + 1);
		i = last;
	}
}

/** Lines that were wrapped: by a terminal behind its last column, or by a mail at a blank. */
function unwrap(lines: string[]): void {
	const columns = lines.reduce((most, { length }) => Math.max(most, length), 0);
	const several = lines.filter(({ length }) => length === columns).length > 1;
	/** As one with those that follow, and the last of them. */
	const joined = (first: number, gap: (line: string) => string): [string, number] | undefined => {
		let line = lines[first];
		for (let last = first; ; last++) {
			/* A terminal may have cut the result in two. */
			const cut = several && lines[last].length === columns;
			const next = lines[last + 1]?.trim() ? lines[last + 1] : undefined;
			const more = next !== undefined && !BEGINS.test(next) && last - first < MOST_WRAPPED;
			if (ENDS.test(line) && !(cut && more)) return [line, last];
			if (!more) return undefined;
			const between = gap(lines[last]);
			line = between === "" ? line + next : `${line.trimEnd()} ${next.trimStart()}`;
		}
	};
	for (let i = 0; i < lines.length; i++) {
		if (!BEGINS.test(lines[i])) continue;
		const found = joined(i, (line) => (line.length === columns ? "" : " ")) ?? joined(i, () => " ");
		if (found === undefined) continue;
		const [line, last] = found;
		lines[i] = line;
		lines.fill("", i + 1, last + 1);
		i = last;
	}
}

const TANGLED = /^(.*?\(.*?)(strace: Process \d+ attached)$/;

/** On a terminal strace says in the middle of a line that there is another process. */
function untangle(lines: string[]): void {
	for (const [n, line] of lines.entries()) {
		const tangled = TANGLED.exec(line);
		if (!tangled || n + 1 === lines.length) continue;
		lines[n] = tangled[2];
		lines[n + 1] = tangled[1] + lines[n + 1];
	}
}

function bare(line: string): string {
	let plain = line.includes(ESCAPE) ? line.replace(COLOURS, "") : line;
	if (plain.includes("_t")) plain = plain.replace(CONTEXTS, "$1");
	return /[ \t]/.test(plain.at(-1) ?? "") ? plain.replace(/(\+\+\+|---)\s+$/, "$1") : plain;
}

/** The lines without all that, as many as there were; and the first one in whose place others were. `pasted`: it is
 *  what somebody saw on a terminal, and no file of strace's. */
export function undress(lines: string[], pasted = false): { lines: string[]; gap?: number } {
	let gap: number | undefined;
	let plain = lines.map(bare).map((line) => (is_around(line) ? "" : line));
	for (const prefix of PREFIXES)
		if (plain.every((line) => line.trim() === "" || prefix.test(line)))
			plain = plain.map((line) => line.replace(prefix, ""));
	untangle(plain);
	if (pasted) {
		without_output(plain);
		unwrap(plain);
	}
	plain = plain.map((line, index) => {
		if (!LEFT_OUT.test(line)) return is_around(line) ? "" : line;
		gap ??= index + 1;
		return "";
	});
	return { lines: plain, gap };
}
