// SPDX-License-Identifier: GPL-2.0-only
/** A failure as what page/page.mjs steps through. */
import type { PageData, PageStep, StateGroup } from "../page/data.ts";
import type { Decoder, Listed, Snapshot } from "../protocol.ts";
import { MARKS, number_text, pte_text, value_text, vm_flags_text, WRITES } from "./describe.ts";
import { calls_of, columns_of, place_names, type Step, steps_of } from "./steps.ts";
import { access_lines, leak_lines, subject_lines } from "./subjects.ts";
import type { Failure } from "./types.ts";

/** States by number: most steps leave them as they are. */
class States {
	readonly list: StateGroup[][] = [];
	#numbers = new Map<string, number>();
	constructor(
		private readonly name_of: (addr: number) => string,
		private readonly decoder?: Decoder,
	) {}
	number(s: Snapshot | undefined): number | undefined {
		if (!s) return undefined;
		const key = JSON.stringify(s);
		const known = this.#numbers.get(key) ?? this.list.push(state_groups(s, this.name_of, this.decoder)) - 1;
		this.#numbers.set(key, known);
		return known;
	}
}

const hex = (v: number) => `0x${v.toString(16)}`;
const seq_text = (seq: number) => `${seq} (${seq % 2 ? "odd: a writer is inside" : "even"})`;
const depth_text = (depth: number) => (depth < 0 ? "(not in it) " : "· ".repeat(depth));
function state_groups(s: Snapshot, name_of: (addr: number) => string, d?: Decoder): StateGroup[] {
	const pte = (v: number) => (d ? pte_text(v, d) : number_text(v));
	const flags = (v: number) => (d ? vm_flags_text(v, d) : number_text(v));
	const several = s.spaces.length > 1;
	const of = new Map(s.spaces.map((x, i) => [x.ctx_id, several ? `, mm ${i}` : ""]));
	const groups: StateGroup[] = s.spaces.flatMap((x, i) => {
		const mm = several ? `mm ${i} ` : "";
		return [
			{
				title: several ? `Address space ${mm.trim()}, at ${hex(x.addr)}` : "Address space",
				rows: [
					...(x.mmap_seq === undefined
						? []
						: [
								{
									key: "mmap_seq",
									text: seq_text(x.mmap_seq),
								},
							]),
					{
						key: "loaded on",
						text:
							x.cpus.length > 0
								? x.cpus.map((c) => `CPU${c}`).join(", ")
								: "no CPU",
					},
				],
			},
			{
				title: `${mm}vmas, by depth in mm_rb`,
				rows: x.vmas.map((v) => ({
					key: `${depth_text(v.depth)}${hex(v.start)}–${hex(v.end)}`,
					text: flags(v.flags),
				})),
			},
			{ title: `${mm}page table`, rows: x.ptes.map((p) => ({ key: hex(p.addr), text: pte(p.pte) })) },
		];
	});
	groups.splice(1, 0, {
		title: "Locks held",
		rows: s.locks.map((l) => ({ key: `${l.name} ${hex(l.addr)}`, text: l.holder })),
	});
	const whose = (e: { addr: number; ctx_id: number }) => `${hex(e.addr)}${of.get(e.ctx_id) ?? ", another mm"}`;
	for (const t of s.tlbs) {
		groups.push({
			title: `TLB of CPU${t.cpu}`,
			rows: t.entries.map((e) => ({ key: whose(e), text: pte(e.pte) })),
		});
		if (t.tables.length > 0)
			groups.push({
				title: `Page walk cache of CPU${t.cpu}`,
				rows: t.tables.map((e) => ({ key: whose(e), text: value_text("pmd.pmd", e.pmd, d) })),
			});
	}
	for (const b of s.buffers)
		groups.push({
			title: `Store buffer of CPU${b.cpu}, oldest first`,
			rows: b.stores.map((w, i) => ({
				key: `${i + 1}. ${name_of(w.addr)}`,
				text: value_text(name_of(w.addr), w.value, d),
			})),
		});
	return groups;
}

/** Lines of the source on each side of one that is shown. */
const AROUND = 6;
function sources_of(places: { file: string; line: number }[], lines_of: Told["lines_of"]): PageData["sources"] {
	const found: PageData["sources"] = {};
	for (const { file, line } of places) {
		const lines = file === "" ? [] : lines_of(file);
		for (let n = Math.max(1, line - AROUND); n <= Math.min(lines.length, line + AROUND); n++)
			(found[file] ??= {})[n] = lines[n - 1];
	}
	return found;
}

/** What is said of a failure, and what it is of. */
export interface Told extends Pick<PageData, "title" | "about" | "text" | "command" | "mutant"> {
	listed?: Listed;
	/** Of a file, from the top of the tree that it happened in. */
	lines_of: (file: string) => readonly string[];
}

export function page_data(f: Failure, { listed, lines_of, text, ...told }: Told): PageData {
	const steps = steps_of(f);
	const name = place_names(f.trace);
	const names = new Map(f.trace.map((e) => [e.addr, name(e)]));
	const states = new States((addr) => names.get(addr) ?? hex(addr), f.decoder);
	const facts = [...access_lines(f.memory), ...subject_lines(f), ...leak_lines(f.leaked)].join("\n").trim();
	const buffered = f.trace.some((e) => e.context === "buffer");
	const shown = steps.map(
		(s): PageStep => ({
			step: s.event.step,
			column: s.column,
			who: s.who,
			context: s.event.context,
			calls: s.calls,
			text: s.text,
			folded: s.folded,
			mark: s.event.context === "irq" ? MARKS.irq : s.event.context === "buffer" ? MARKS.buffer : "",
			file: s.event.file,
			line: s.event.line,
			shown: s.shown,
			conflict: s.conflict,
			fails: false,
			turn: s.turn && (s.turn === "preempts" ? MARKS.preempted : MARKS.turn),
			word: word_of(s, name(s.event), buffered, f.decoder),
			state: states.number(s.event.state),
		}),
	);
	if (f.kind) shown.push(end_of(f, shown.at(-1)));
	/* A check finds later what went wrong before; what else fails does so where it is noticed. */
	const breaking = f.kind === "check" ? shown.findLastIndex((s) => s.conflict) : -1;
	const scenario = listed && {
		name: listed.name,
		about: listed.about,
		patch: listed.patch,
		invariant: listed.invariant,
	};
	return {
		...told,
		text: [text, facts].filter(Boolean).join("\n\n"),
		scenario,
		columns: columns_of(steps),
		shared: [...new Set(steps.filter((s) => s.shared).map((s) => s.event.addr))],
		steps: shown,
		breaking: f.kind ? (breaking >= 0 ? breaking : shown.length - 1) : undefined,
		states: states.list,
		sources: sources_of(shown, lines_of),
	};
}

/** Where it was noticed. */
function end_of(f: Failure, last: PageStep | undefined): PageStep {
	const { at } = f;
	return {
		column:
			at === undefined || at.phase !== "run"
				? undefined
				: at.context === "rcu"
					? "RCU"
					: `CPU${at.cpu}`,
		who: "the end",
		context: at?.context ?? "task",
		mark: "",
		calls: calls_of(f, f.decoder),
		text: f.text.split("\n", 1)[0],
		file: f.file,
		line: f.line,
		shown: true,
		conflict: false,
		fails: true,
		state: last?.state,
	};
}

/** What a step says of a word. */
function word_of({ event: e }: Step, name: string, buffered: boolean, d?: Decoder): PageStep["word"] {
	/* A stale read says nothing of what is there. */
	if (e.op === "read") return { addr: e.addr, name, text: value_text(name, e.newest ?? e.value, d) };
	/* In a store buffer it is not there yet. */
	if (e.op === "write" && buffered) return;
	return WRITES.test(e.op) ? { addr: e.addr, name, text: value_text(name, e.value, d) } : undefined;
}
