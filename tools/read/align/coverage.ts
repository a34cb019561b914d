// SPDX-License-Identifier: GPL-2.0-only
/** How much of what was read has a home here, hunk by hunk. */
import { type Hunk, hunks_of, is_patch, type Message } from "../mail/types.ts";
import type { Locator, Place } from "./locate.ts";

export interface Located {
	message: Message;
	hunk: Hunk;
	/** Which of the message's, from 1. */
	number: number;
	place: Place;
}

/** It stands beside what it is about. */
export const is_aligned = (p: Place): boolean => p.by === "name" || p.by === "identifiers";

export function locate_all(messages: readonly Message[], locator: Locator): Located[] {
	return messages.flatMap((message) =>
		hunks_of(message).map((hunk, i) => ({ message, hunk, number: i + 1, place: locator.locate(hunk) })),
	);
}

export interface Coverage {
	messages: number;
	patches: number;
	hunks: number;
	/** Those of files that are here. */
	ported_hunks: number;
	/** Of these, those that stand beside what they change. */
	aligned_hunks: number;
	misses: { patch: string; hunk: string; reason: string }[];
}

/** How a hunk is named to a reader. */
export const hunk_name = (h: Hunk): string =>
	[h.file.path || "(no file)", h.heads[0]?.text ?? "(quoted without its head)"].join(" ");

export function coverage(messages: readonly Message[], located: readonly Located[]): Coverage {
	const ported = located.filter((l) => l.place.ported);
	return {
		messages: messages.length,
		patches: messages.filter(is_patch).length,
		hunks: located.length,
		ported_hunks: ported.length,
		aligned_hunks: ported.filter((l) => is_aligned(l.place)).length,
		misses: ported
			.filter((l) => !is_aligned(l.place))
			.map((l) => ({
				patch: l.message.subject || l.message.id,
				hunk: hunk_name(l.hunk),
				reason: l.place.reason,
			})),
	};
}
