// SPDX-License-Identifier: GPL-2.0-only
/** Two versions of a series, as git's range-diff sees them: which patch became which, and how it changed. */
import { line_diff } from "../kernel/edits.ts";
import { lines_of_block } from "./diff.ts";
import { read_subject } from "./subject.ts";
import { hunks_of, type Message } from "./types.ts";

/** A line of two patches: both have it, or only the older one, or only the newer one. */
export interface Change {
	kind: " " | "-" | "+";
	text: string;
}
export interface Pair {
	/** None: it is new. */
	old?: Message;
	/** None: it was dropped. */
	now?: Message;
	/** All lines of both; without a change they are the same patch. */
	changes: Change[];
}

/** A pair may differ in so much of what it says, in percent; git's is the same. */
const CREATION_FACTOR = 60;

/** What is compared of a patch: what it says, and its hunks without the numbers of their lines. */
export function patch_text(m: Message): string[] {
	const said = m.parts.flatMap((p) => p.blocks.filter((b) => b.kind === "text").flatMap(lines_of_block));
	/* Behind "---" is what is not applied; and who signs when it was posted is no change. */
	const lines = said.map((l) => l.raw.trimEnd());
	const end = lines.findIndex((line) => line === "---" || line === "-- ");
	const message = lines.slice(0, end < 0 ? lines.length : end);
	while (message.at(-1) === "") message.pop();
	let file = "";
	const hunks = hunks_of(m)
		.filter((h) => h.depth === 0)
		.flatMap((h) => {
			const head = h.file.path === file ? [] : [`## ${h.file.path} ##`];
			file = h.file.path;
			const rows = h.rows.flatMap((r) => (r.kind === "comment" ? [] : [`${r.kind}${r.text}`]));
			return [...head, `@@ ${h.section}`.trimEnd(), ...rows];
		});
	return [read_subject(m.subject).title, "", ...message, ...hunks];
}

const changes_of = (a: readonly string[], b: readonly string[]): Change[] =>
	line_diff(a, b).flatMap(([kind, lines]) =>
		lines.map((text) => ({ kind: kind === 0 ? " " : kind < 0 ? "-" : "+", text }) as const),
	);
const cost_of = (changes: readonly Change[]): number => changes.filter((c) => c.kind !== " ").length;

/** In the order of the newer ones, in git's. */
export function range_diff(older: readonly Message[], newer: readonly Message[]): Pair[] {
	const texts = new Map([...older, ...newer].map((m) => [m, patch_text(m)]));
	const text_of = (m: Message) => texts.get(m) as string[];
	const partner = new Map<Message, Message>();
	const join = (a: Message, b: Message) => partner.set(a, b).set(b, a);
	const free = (list: readonly Message[]) => list.filter((m) => !partner.has(m));

	/* The same is the same; then those that cost least, if that is less than to write them anew. */
	const by_text = new Map(newer.map((m) => [text_of(m).join("\n"), m]).reverse() as [string, Message][]);
	for (const a of older) {
		const b = by_text.get(text_of(a).join("\n"));
		if (b && !partner.has(b)) join(a, b);
	}
	const costs = free(older).flatMap((a) =>
		free(newer).map((b) => {
			const whole = text_of(a).length + text_of(b).length;
			return { a, b, share: (100 * cost_of(changes_of(text_of(a), text_of(b)))) / whole };
		}),
	);
	costs.sort((x, y) => x.share - y.share);
	for (const { a, b, share } of costs)
		if (share < CREATION_FACTOR && !partner.has(a) && !partner.has(b)) join(a, b);

	const pairs: Pair[] = [];
	const shown = new Set<Message>();
	const show = (old: Message | undefined, now: Message | undefined) => {
		if (old) shown.add(old);
		pairs.push({ old, now, changes: changes_of(old ? text_of(old) : [], now ? text_of(now) : []) });
	};
	/** Those that were dropped, as soon as all that were before them are there. */
	const dropped = () => {
		for (const old of older) {
			if (shown.has(old)) continue;
			if (partner.has(old)) return;
			show(old, undefined);
		}
	};
	for (const now of newer) {
		dropped();
		show(partner.get(now), now);
	}
	dropped();
	return pairs;
}

/** git's sign for it. */
export function sign_of({ old, now, changes }: Pair): "=" | "!" | "<" | ">" {
	if (!old) return ">";
	if (!now) return "<";
	return changes.some((c) => c.kind !== " ") ? "!" : "=";
}
