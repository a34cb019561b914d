// SPDX-License-Identifier: GPL-2.0-only
/** Messages as threads, and patches as series with their versions. */
import { read_subject } from "./subject.ts";
import { is_patch, type Message } from "./types.ts";

export interface Series {
	/** Of the cover letter, or of its first patch. */
	title: string;
	version: number;
	total: number;
	cover?: Message;
	/** By number; one that was sent twice comes twice. */
	patches: Message[];
	/** Numbers that are not there. */
	missing: number[];
	/** The others of the same name, v1 first; itself among them. */
	versions: Series[];
}

export const first_of = (s: Series): Message => s.cover ?? s.patches[0];

export interface Threads {
	parent: Map<Message, Message>;
	/** In the order of their dates. */
	replies: Map<Message, Message[]>;
	series: Series[];
	series_of: Map<Message, Series>;
	/** Top messages that are of no series, and nothing in them is. */
	loose: Message[];
}

const time = (m: Message): number => Date.parse(m.date.replace(" - ", " ")) || 0;
const folder = (m: Message): string => m.origin.replace(/[^/]*$/, "");

/** What says that patches belong together: the thread they were sent in, or else who sent how many. */
function key_of(m: Message): string {
	const { version, total } = m.numbered ?? { version: 1, total: 1 };
	if (total <= 1) return m.id;
	const root =
		m.references[0] ??
		m.in_reply_to ??
		(m.unnamed ? undefined : m.numbered?.number === 0 ? m.id : undefined);
	if (root) return `${root} ${version}/${total}`;
	/* Of files of git format-patch the author is known, and not who sent them. */
	return `${folder(m)} ${m.unnamed ? "" : m.from} ${version}/${total}`;
}

/** A cover letter alone, and patches without one that may be its. */
function join_covers(groups: Map<string, Message[]>): void {
	const cover_only = [...groups].filter(([, list]) => list.every((m) => m.numbered?.number === 0));
	for (const [key, [cover]] of cover_only) {
		const fits = [...groups].filter(
			([other, list]) =>
				other !== key &&
				list.every(
					(m) => m.numbered?.number !== 0 && m.numbered?.total === cover.numbered?.total,
				) &&
				list.some((m) => m.from === cover.from) &&
				list.every((m) => m.references.length === 0),
		);
		if (fits.length !== 1) continue;
		fits[0][1].unshift(cover);
		groups.delete(key);
	}
}

function make_series(list: Message[]): Series {
	const cover = list.find((m) => m.numbered?.number === 0);
	const patches = list
		.filter((m) => m !== cover)
		.sort((a, b) => (a.numbered?.number ?? 1) - (b.numbered?.number ?? 1) || time(a) - time(b));
	const { version, total } = (cover ?? patches[0]).numbered ?? { version: 1, total: 1 };
	const there = new Set(patches.map((m) => m.numbered?.number ?? 1));
	const missing = Array.from({ length: total }, (_, i) => i + 1).filter((n) => !there.has(n));
	return {
		title: read_subject((cover ?? patches[0]).subject).title || (cover ?? patches[0]).id,
		version,
		total,
		cover,
		patches,
		missing: list.every((m) => m.numbered) ? missing : [],
		versions: [],
	};
}

const plain = (title: string): string => title.toLowerCase().replace(/\W+/g, " ").trim();

/** Two versions have the same title, or many patches that have. */
function find_versions(all: Series[]): void {
	const titles = new Map(
		all.map((s) => [s, new Set(s.patches.map((m) => plain(read_subject(m.subject).title)))]),
	);
	for (const s of all) {
		const mine = titles.get(s) as Set<string>;
		s.versions = all
			.filter((o) => {
				if (o === s) return true;
				if (o.version === s.version && o.total === s.total) return false;
				const both = [...(titles.get(o) as Set<string>)].filter((t) => mine.has(t)).length;
				return (
					plain(o.title) === plain(s.title) ||
					both * 2 > Math.max(1, Math.min(mine.size, o.patches.length))
				);
			})
			.sort(
				(a, b) =>
					a.version - b.version ||
					time(a.patches[0] ?? a.cover) - time(b.patches[0] ?? b.cover),
			);
	}
}

export function thread(messages: readonly Message[]): Threads {
	const by_id = new Map(messages.map((m) => [m.id, m]));
	const parent = new Map<Message, Message>();
	const replies = new Map<Message, Message[]>();
	for (const m of messages) {
		const above = [m.in_reply_to, ...m.references.toReversed()]
			.map((id) => (id === undefined ? undefined : by_id.get(id)))
			.find((p) => p !== undefined && !is_above(parent, m, p));
		if (!above) continue;
		parent.set(m, above);
		replies.set(above, [...(replies.get(above) ?? []), m]);
	}
	for (const list of replies.values()) list.sort((a, b) => time(a) - time(b));

	const groups = new Map<string, Message[]>();
	for (const m of messages) {
		const reply = read_subject(m.subject).reply;
		if (reply || !(m.numbered ? m.numbered.number === 0 || is_patch(m) : is_patch(m))) continue;
		/* A patch that somebody posts in a discussion is a reply with a patch. */
		if (!m.numbered && parent.has(m)) continue;
		const key = key_of(m);
		groups.set(key, [...(groups.get(key) ?? []), m]);
	}
	join_covers(groups);
	const series = [...groups.values()].map(make_series);
	find_versions(series);
	const series_of = new Map(
		series.flatMap((s) => [...(s.cover ? [s.cover] : []), ...s.patches].map((m) => [m, s] as const)),
	);
	const known = (m: Message | undefined): boolean =>
		m !== undefined && (series_of.has(m) || known(parent.get(m)));
	const loose = messages.filter((m) => !parent.has(m) && !known(m));
	return { parent, replies, series, series_of, loose };
}

/** Whether `m` is above `p`, or is it: mails may say so of each other. */
function is_above(parent: Map<Message, Message>, m: Message, p: Message | undefined): boolean {
	for (let at = p; at !== undefined; at = parent.get(at)) if (at === m) return true;
	return false;
}
