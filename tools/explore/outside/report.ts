// SPDX-License-Identifier: GPL-2.0-only
/** Results as text: one line for what holds, a schedule in columns for what does not. */
import Table from "cli-table3";
import { columns_of, conflict_of, describe, place_names, plain_function, type Step, steps_of } from "./steps.ts";
import type { Failure, Result, TraceEvent } from "./types.ts";

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
/** "   #12 " */
const GUTTER = 7;
/** Narrower columns cannot be read. */
const NARROWEST = 18;

/** Shortens the name and keeps the values behind it; of calls the innermost. */
function shorten(line: string, room: number): string {
	if (line.length <= room) return line;
	const text = line.trimStart();
	const left = room - (line.length - text.length);
	const indent = line.slice(0, line.length - text.length);
	const [, verb, name, rest] = /^((?:✱ )?(?:(?:un|try)?lock |down_\w+ |up_\w+ |downgrade )?)([\w.[\]()]+)((?: (?:is|→|⟵|fails|[\w.-]+ →).*)?)$/.exec(text) ?? [];
	const keep = name ? left - verb.length - rest.length - 1 : 0;
	if (keep >= 6) return `${indent}${verb}…${name.slice(-keep)}${rest}`;
	return `${indent}${text.slice(0, left - 1)}…`;
}

/** The schedule: a column for each CPU, a line for each step that others can see. */
export function columns(f: Failure, width: number): string {
	const all = steps_of(f);
	const steps = all.filter((s) => s.shared);
	const names = columns_of(steps);
	const fits = Math.max(4, Math.floor((width - GUTTER) / NARROWEST));
	const heads = names.length <= fits ? names : [...names.slice(0, fits - 1), `${names[fits - 1]} and on`];
	const room = Math.max(NARROWEST, Math.floor((width - GUTTER) / Math.max(1, heads.length)));
	const deepest = Math.floor(room / 12);
	const lines = [`${" ".repeat(GUTTER)}${heads.map((h) => h.padEnd(room)).join("")}`.trimEnd()];
	const put = (s: Step, text: string, gutter = "") => {
		const i = names.indexOf(s.column);
		const at = Math.min(i, heads.length - 1);
		const whole = i >= heads.length - 1 && heads.length < names.length ? `${s.column}: ${text}` : text;
		const space = at === heads.length - 1 ? Math.max(room, width - GUTTER - at * room) : room - 1;
		lines.push(`${gutter.padStart(GUTTER - 2).padEnd(GUTTER)}${" ".repeat(at * room)}${shorten(whole, space)}`.trimEnd());
	};
	const open = new Map<string, string[]>();
	let last: Step | undefined;
	/* A switch may lie between steps that are not shown. */
	let preempts = false;
	let next = 0;
	for (const s of steps) {
		for (; next < all.length && all[next].event.step <= s.event.step; next++)
			if (all[next].turn) preempts = all[next].turn === "preempts";
		const turn = last !== undefined && last.who !== s.who;
		if (turn) {
			const rule = preempts ? "── switch, preempted " : "── switch ";
			lines.push(`${" ".repeat(GUTTER)}${rule}${"─".repeat(Math.max(0, Math.min(width - GUTTER, room * heads.length) - rule.length))}`);
		}
		const call = tree(s, turn || last === undefined, open, room - 1 - deepest);
		if (call) put(s, " ".repeat(Math.min(deepest, call.depth)) + call.text);
		const mark = s.calls.length === 0 ? (MARKS[s.event.context] ?? "") : "";
		put(s, `${" ".repeat(Math.min(deepest, s.calls.length) + 1)}${mark}${s.conflict ? "✱ " : ""}${s.text}`, `#${s.event.step}`);
		last = s;
	}
	for (const w of f.waits ?? []) {
		const at = { column: w.context === "rcu" ? "RCU" : `CPU${w.cpu}` } as Step;
		if (names.includes(at.column)) put(at, `wait ${w.for}${w.holder ? ` (held by ${w.holder})` : ""}`);
	}
	return lines.join("\n");
}

const MARKS: Record<string, string> = { irq: "[irq] ", buffer: "[store buffer] " };

/** One line for the functions that were entered since the last step of this context. */
function tree(s: Step, turn: boolean, open: Map<string, string[]>, room: number): { text: string; depth: number } | undefined {
	const before = open.get(s.who) ?? [];
	open.set(s.who, s.calls);
	let same = 0;
	while (same < before.length && same < s.calls.length && before[same] === s.calls[same]) same++;
	const inner = s.calls.at(-1);
	if (inner === undefined) return;
	const entered = s.calls.slice(same);
	const depth = Math.max(0, entered.length > 0 ? same : s.calls.length - 1);
	const mark = MARKS[s.event.context] ?? "";
	if (entered.length === 0) {
		/* Back in a function, or again on its CPU: say where. */
		if (!turn && before.length === s.calls.length) return;
		return { text: `${mark}… ${inner}()`, depth };
	}
	const whole = entered.length < 3 ? entered.map((name) => `${name}()`).join(" ") : `${entered[0]}() … ${inner}()`;
	return { text: mark + (whole.length <= room ? whole : `… ${inner}()`), depth };
}

/** How far the search went: what was not looked at is said. */
function extent(r: Result): string {
	if (r.exhausted) return "exhausted";
	if (r.bound !== null) return `not exhausted: all with at most ${count(r.bound, "preemption")}`;
	return `not exhausted${r.strategy === "dpor" || r.strategy === "replay" ? "" : ` (${r.strategy})`}`;
}
const rate = (r: Result) => (r.seconds > 0 ? `, ${Math.round((r.made ?? r.executions + r.blocked) / r.seconds)}/s` : "");

/** One line for a scenario under a model. */
export function summary(r: Result): string {
	return `explored ${r.executions} executions (${r.blocked} blocked), ${extent(r)}, ${r.cpus} CPUs, ${r.model.toUpperCase()}${r.config ? `, ${r.config}` : ""}, ${r.failures} failures${rate(r)}`;
}

const KINDS: Record<string, string> = {
	panic: "the kernel panics", warning: "the kernel warns", race: "data race", lockdep: "lock order", sleep: "sleeping while atomic", deadlock: "deadlock",
	check: "a check fails", limit: "no end in sight",
};

/** What failed, and where. */
export function headline(r: Result, f: Failure): string[] {
	const mutant = r.mutant ? `, mutant ${r.mutant}` : r.config ? `, ${r.config}` : "";
	const how = r.strategy === "replay" ? "replayed" : `execution ${r.executions}${rate(r)}, ${extent(r)}`;
	return [
		`${r.scenario}: ${KINDS[f.kind] ?? f.kind}`,
		`${r.model.toUpperCase()}, ${r.cpus} CPUs${mutant}; ${how}`,
		...f.text.split("\n").map((line) => `  ${line}`),
		...(f.file ? [`  in ${f.func ? `${f.func.replace(/^.*\./, "")}(), ` : ""}${f.file}:${f.line}`] : []),
	];
}

/** As KCSAN puts it: who does what to which word, and the way there. */
function access_report(e: TraceEvent, name: string): string[] {
	const where = e.context === "task" ? `CPU${e.cpu}` : e.context === "rcu" ? "RCU" : `CPU${e.cpu} (${e.context})`;
	const calls = e.calls.map(plain_function).filter(Boolean).reverse().slice(0, 5);
	return [
		`  #${e.step} ${where}: ${describe(e, name)}`,
		`      ${e.file || "?"}:${e.line}`,
		...(calls.length > 0 ? [`      ${calls.map((c) => `${c}()`).join(" ← ")}`] : []),
	];
}
function conflict_report(f: Failure): string[] {
	const name = place_names(f.trace);
	const pair = conflict_of(f);
	if (pair.length < 2) return [];
	const head = f.kind === "race" ? "the accesses that race" : f.kind === "check" ? "an access, and the one that overtook it" : "the last two accesses that conflict";
	return [`${head} (✱), at 0x${pair[1].addr.toString(16)}:`, ...pair.flatMap((e) => access_report(e, name(e))), ""];
}

function wait_table(f: Failure): string[] {
	if (!f.waits || f.waits.length === 0) return [];
	const table = new Table({ head: ["CPU", "waits for", "holder"], style: { head: [], border: [], compact: true } });
	for (const w of f.waits) table.push([w.context === "task" ? `CPU${w.cpu}` : `CPU${w.cpu} (${w.context})`, w.for, w.holder ?? ""]);
	return [table.toString(), ""];
}

/** The whole story of a failure; its last line repeats it, if that is possible. */
export function failure_report(r: Result, f: Failure, width: number): string {
	const lines = [...headline(r, f), ""];
	if (f.trace.length > 0) lines.push(columns(f, width), "");
	lines.push(...conflict_report(f), ...wait_table(f));
	if (f.trace.length > 0) {
		const cpus = new Set(f.trace.filter((e) => e.context !== "rcu").map((e) => e.cpu)).size;
		const how = r.strategy === "replay" ? "" : f.minimised ? "minimised: " : "not minimised: ";
		lines.push(`${how}${count(f.preemptions, "preemption")}, ${count(cpus, "CPU")}, ${count(f.trace.length, "step")}`);
	}
	if (f.replay !== "") lines.push(replay_command(r, f));
	return lines.join("\n").trimEnd();
}
export function replay_command(r: Result, f: Failure): string {
	return `spf explore ${r.scenario} --model ${r.model}${r.mutant ? ` --mutant ${r.mutant}` : ""}${r.config ? ` --config ${r.config}` : ""} --replay '${f.replay}'`;
}
