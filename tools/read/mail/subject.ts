// SPDX-License-Identifier: GPL-2.0-only
/** What a subject says of a patch's place in its series. */
import type { Numbered } from "./types.ts";

const BRACKET = /^\s*\[([^\]]*)\]\s*/;

export interface Subject {
	/** "Re:" and the like in front. */
	reply: boolean;
	numbered?: Numbered;
	/** Without all that. */
	title: string;
}

export function read_subject(text: string): Subject {
	let rest = text.replace(/\s+/g, " ").trim();
	let reply = false;
	for (
		let m = /^(re|aw|sv|antw|fwd?|答复|回复)(\[\d+\])?\s*[::]\s*/i.exec(rest);
		m;
		m = /^(re|aw|sv|fwd?)\s*:\s*/i.exec(rest)
	) {
		reply = true;
		rest = rest.slice(m[0].length);
	}
	let numbered: Numbered | undefined;
	for (let m = BRACKET.exec(rest); m; m = BRACKET.exec(rest)) {
		rest = rest.slice(m[0].length);
		const words = m[1].split(/[\s,]+/).filter(Boolean);
		const count = words.map((w) => /^(\d+)\/(\d+)$/.exec(w)).find(Boolean);
		const patch = words.some((w) => /^(PATCH|RFC)/i.test(w));
		if (!patch && !count) continue;
		const version = words.map((w) => /(?:^|PATCH)v(\d+)(?:\.\d+)?$/i.exec(w)).find(Boolean);
		numbered = {
			version: version ? Number(version[1]) : (numbered?.version ?? 1),
			number: count ? Number(count[1]) : (numbered?.number ?? 1),
			total: count ? Number(count[2]) : (numbered?.total ?? 1),
			tags: words.filter((w) => !/^(PATCH)?v\d+(\.\d+)?$|^PATCH$|^\d+\/\d+$/i.test(w)),
		};
	}
	return { reply, numbered, title: rest };
}
