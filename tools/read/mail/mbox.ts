// SPDX-License-Identifier: GPL-2.0-only
/** The messages of an mbox. */

/** A `From ` line that begins a message: at the start or behind an empty line, with a head after it. */
const START = /(?:^|\n\r?\n)From \S+.*\r?\n(?=>?[!-9;-~]+:)/g;

/** Each message with its `From ` line; one, where there is none. */
export function split_mbox(bytes: Buffer): Buffer[] {
	/* Each byte a sign: places are the same. */
	const text = bytes.toString("latin1");
	if (!text.startsWith("From ")) return [bytes];
	const starts = [...text.matchAll(START)].map((m) => m.index + m[0].lastIndexOf("From "));
	const several = starts.length > 1;
	return starts.map((start, i) => {
		const part = bytes.subarray(start, starts[i + 1] ?? bytes.length);
		return several ? unescaped(part) : part;
	});
}

/** mboxrd: a `>` more before each `From ` of a body. */
function unescaped(bytes: Buffer): Buffer {
	const text = bytes.toString("latin1");
	return /^>+From /m.test(text) ? Buffer.from(text.replace(/^>(>*From )/gm, "$1"), "latin1") : bytes;
}
