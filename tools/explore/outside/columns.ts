// SPDX-License-Identifier: GPL-2.0-only
/** A schedule as text: a column for each CPU, a line for each step that others can see. */
import { MARKS } from "./describe.ts";
import { columns_of, type Step, steps_of } from "./steps.ts";
import type { Failure } from "./types.ts";

/** "   #12 " */
const GUTTER = 7;
/** Narrower columns cannot be read. */
const NARROWEST = 18;

/** In lines of so many characters, broken between words; of a word that is longer, its end. */
export function wrap(text: string, room: number, indent = 0): string[] {
	const lines: string[] = [];
	let line = "";
	const space = () => room - (lines.length > 0 ? indent : 0);
	for (const word of text.split(" ")) {
		if (line !== "" && line.length + 1 + word.length <= space()) {
			line = `${line} ${word}`;
			continue;
		}
		/* A mark does not stand alone. */
		const mark = line.length === 1 ? `${line} ` : "";
		if (line !== "" && mark === "") lines.push(line);
		const left = space() - mark.length;
		line = mark + (word.length > left ? `…${word.slice(1 - left)}` : word);
	}
	lines.push(line);
	return lines.map((l, i) => (i > 0 ? " ".repeat(indent) + l : l));
}

/** The rules between the steps say so. */
const PHASES = /^(before the first step|after all programs have ended|check failed): /;

const mark_of = (s: Step) =>
	s.event.context === "irq" ? `${MARKS.irq} ` : s.event.context === "buffer" ? `${MARKS.buffer} ` : "";

/** `all`: also what others do not see, and what is one line else. */
export function columns(f: Failure, width: number, all = false): string {
	const whole = steps_of(f);
	const steps = whole.filter((s) => all || s.shown);
	const names = columns_of(steps);
	const at =
		f.at && (f.at.phase !== "check" || f.kind !== "check")
			? f.at.context === "rcu"
				? "RCU"
				: `CPU${f.at.cpu}`
			: undefined;
	if (at !== undefined && !names.includes(at)) names.push(at);
	names.sort();
	const fits = Math.max(4, Math.floor((width - GUTTER) / NARROWEST));
	const heads = names.length <= fits ? names : [...names.slice(0, fits - 1), `${names[fits - 1]} and on`];
	const room = Math.max(NARROWEST, Math.floor((width - GUTTER) / Math.max(1, heads.length)));
	const deepest = Math.floor(room / 12);
	const lines = [`${" ".repeat(GUTTER)}${heads.map((h) => h.padEnd(room)).join("")}`.trimEnd()];
	const put = (column: string, depth: number, text: string, gutter = "") => {
		const i = names.indexOf(column);
		const place = Math.min(i, heads.length - 1);
		const named = i >= heads.length - 1 && heads.length < names.length ? `${column}: ${text}` : text;
		const space =
			(place === heads.length - 1 ? Math.max(room, width - GUTTER - place * room) : room - 1) - depth;
		wrap(named, space, 2).forEach((line, k) => {
			const number = (k === 0 ? gutter : "").padStart(GUTTER - 2).padEnd(GUTTER);
			lines.push(`${number}${" ".repeat(place * room + depth)}${line}`.trimEnd());
		});
	};
	const whole_width = Math.min(width - GUTTER, room * heads.length);
	const rule = (text: string) =>
		lines.push(`${" ".repeat(GUTTER)}${text} ${"─".repeat(Math.max(0, whole_width - text.length - 1))}`);
	const open = new Map<string, string[]>();
	let last: Step | undefined;
	/* A switch may lie between steps that are not shown. */
	let preempts = false;
	let next = 0;
	for (const s of steps) {
		for (; next < whole.length && whole[next].event.step <= s.event.step; next++)
			if (whole[next].turn) preempts = whole[next].turn === "preempts";
		const { phase } = s.event;
		const turn = last !== undefined && last.who !== s.who;
		if (phase !== "run" && last?.event.phase !== phase)
			rule(
				phase === "setup"
					? `${MARKS.setup}, its last accesses`
					: `${MARKS.check}, the last accesses of the checks`,
			);
		else if (turn) rule(preempts ? MARKS.preempted : MARKS.turn);
		const folded = all ? undefined : s.folded;
		const calls = folded?.calls ?? s.calls;
		const call = tree(s, calls, turn || last === undefined, open, room - 1 - deepest);
		if (call) put(s.column, Math.min(deepest, call.depth), call.text);
		const mark = calls.length === 0 || folded ? mark_of(s) : "";
		put(
			s.column,
			Math.min(deepest, calls.length) + 1,
			`${mark}${s.conflict ? `${MARKS.conflict} ` : ""}${folded?.text ?? s.text}`,
			`#${s.event.step}`,
		);
		last = s;
	}
	for (const w of f.waits ?? []) {
		const column = w.context === "rcu" ? "RCU" : `CPU${w.cpu}`;
		if (names.includes(column)) put(column, 1, `wait ${w.for}${w.holder ? ` (held by ${w.holder})` : ""}`);
	}
	if (at !== undefined) {
		const inner =
			f.calls.at(-1) === undefined || f.func === ""
				? ""
				: `${MARKS.back} ${f.func.replace(/^.*\./, "")}()`;
		if (inner) put(at, Math.min(deepest, 2), inner);
		put(at, Math.min(deepest, 2) + 1, `${MARKS.fails} ${f.text.split("\n", 1)[0].replace(PHASES, "")}`);
	}
	return lines.join("\n");
}

/** One line for the functions that were entered since the last step of this context. */
function tree(
	s: Step,
	calls: string[],
	turn: boolean,
	open: Map<string, string[]>,
	room: number,
): { text: string; depth: number } | undefined {
	const before = open.get(s.who) ?? [];
	open.set(s.who, calls);
	let same = 0;
	while (same < before.length && same < calls.length && before[same] === calls[same]) same++;
	const inner = calls.at(-1);
	if (inner === undefined) return;
	const entered = calls.slice(same);
	const depth = Math.max(0, entered.length > 0 ? same : calls.length - 1);
	const mark = mark_of(s);
	if (entered.length === 0) {
		/* Back in a function, or again on its CPU: say where. */
		if (!turn && before.length === calls.length) return;
		return { text: `${mark}${MARKS.back} ${inner}()`, depth };
	}
	const whole =
		entered.length < 3
			? entered.map((name) => `${name}()`).join(" ")
			: `${entered[0]}() ${MARKS.back} ${inner}()`;
	return { text: mark + (whole.length <= room ? whole : `${MARKS.back} ${inner}()`), depth };
}
