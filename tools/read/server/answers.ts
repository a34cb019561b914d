// SPDX-License-Identifier: GPL-2.0-only
/** What answers to a patch say of its lines: beside the line that they quote. */
import { hunks_of, type Message, type Row } from "../mail/types.ts";
import type { Threads } from "../mail/threads.ts";
import { message_page } from "./address.ts";
import type { Said, SaidOf } from "./hunk_page.ts";

const plain = (r: Row): string => r.kind + r.text.replace(/\s+/g, " ").trim();

function* below(m: Message, { replies }: Threads): Generator<Message> {
	for (const reply of replies.get(m) ?? []) {
		yield reply;
		yield* below(reply, { replies } as Threads);
	}
}

/** Of each row of the patch. What an answer only quotes of another one is that one's. */
export function answers(patch: Message, threads: Threads): SaidOf {
	const found = new Map<Row, Said[]>();
	for (const reply of below(patch, threads))
		for (const quoted of hunks_of(reply).filter((h) => h.depth > 0))
			quoted.rows.forEach((row, i) => {
				if (row.kind !== "comment" || row.depth !== 0) return;
				const text = row.lines
					.map((l) => l.text)
					.join("\n")
					.trim();
				const above = quoted.rows.slice(0, i).filter((r) => r.kind !== "comment");
				const at = place_of(patch, quoted.file.path, above);
				if (!at || text === "") return;
				found.set(at, [
					...(found.get(at) ?? []),
					{ name: reply.from, page: message_page(reply.id), text },
				]);
			});
	return found;
}

/** The row of the patch that the last of these rows is: the one with the most of the others above it. */
function place_of(patch: Message, path: string, above: readonly Row[]): Row | undefined {
	let best: Row | undefined;
	let most = 0;
	const wanted = above.slice(-6).map(plain);
	for (const hunk of hunks_of(patch)) {
		if (path !== "" && hunk.file.path !== path) continue;
		const rows = hunk.rows.filter((r) => r.kind !== "comment");
		rows.forEach((row, i) => {
			let same = 0;
			while (
				same < wanted.length &&
				i - same >= 0 &&
				plain(rows[i - same]) === wanted[wanted.length - 1 - same]
			)
				same++;
			if (same > most) [best, most] = [row, same];
		});
	}
	return best;
}
