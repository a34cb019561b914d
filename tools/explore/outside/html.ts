// SPDX-License-Identifier: GPL-2.0-only
/**
 * Failures as one page to step through: page/page.html with its style, its
 * script and the data put in, so that it needs no network and no other file.
 */
import { readFileSync } from "node:fs";
import { columns_of, number_text, place_names, type Step, steps_of } from "./steps.ts";
import { headline, replay_command } from "./report.ts";
import type { Failure, Result, Snapshot } from "./types.ts";

const part = (name: string) => readFileSync(new URL(`../page/${name}`, import.meta.url), "utf8");

/** For a script element: nothing in it can end the element or begin a comment. */
export function script_json(value: unknown): string {
	return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A failure, or with kind "" an execution that went well. */
function page_data(r: Result, f: Failure) {
	const steps = steps_of(f);
	const name = place_names(f.trace);
	const [title, about, ...text] = f.kind ? headline(r, f) : [`${r.scenario}: nothing fails`, `${r.model.toUpperCase()}, ${r.cpus} CPUs`];
	const buffered = f.trace.some((e) => e.context === "buffer");
	/* Most steps leave the state as it is. */
	const states: (Snapshot | undefined)[] = [];
	const numbers = new Map<string, number>();
	const state_number = (s: Snapshot | undefined) => {
		if (!s) return undefined;
		const key = JSON.stringify(s);
		const known = numbers.get(key) ?? states.push(s) - 1;
		numbers.set(key, known);
		return known;
	};
	return {
		title, about, text: text.map((line) => line.trim()).join("\n"),
		replay: f.replay ? replay_command(r, f) : "",
		columns: columns_of(steps),
		shared: [...new Set(steps.filter((s) => s.shared).map((s) => s.event.addr))],
		steps: steps.map((s) => ({
			step: s.event.step, column: s.column, who: s.who, context: s.event.context, calls: s.calls, text: s.text,
			place: s.event.file ? `${s.event.file}:${s.event.line}` : "", shared: s.shared, conflict: s.conflict, turn: s.turn,
			...effect(s, name(s.event), buffered), state: state_number(s.event.state),
		})),
		states,
	};
}

/** What a step says of a word, or of a lock. */
function effect({ event: e, column }: Step, name: string, buffered: boolean) {
	const holder = e.context === "irq" ? `${column} (irq)` : column;
	if (/^(lock|trylock|down_read|down_read_trylock|down_write)$/.test(e.op))
		return e.failed ? {} : { lock: { addr: e.addr, name, holder: /read/.test(e.op) ? `${holder}, read` : holder } };
	if (/^(unlock|up_write)$/.test(e.op)) return { lock: { addr: e.addr, name, leaves: holder } };
	if (e.op === "up_read") return { lock: { addr: e.addr, name, leaves: `${holder}, read` } };
	if (e.op === "downgrade") return { lock: { addr: e.addr, name, holder: `${holder}, read`, leaves: holder } };
	/* A stale read says nothing of what is there. */
	if (e.op === "read") return { word: { addr: e.addr, name, text: number_text(e.newest ?? e.value) } };
	/* In a store buffer it is not there yet. */
	if (e.op === "write" && buffered) return {};
	if (/^(write|rmw|cmpxchg|add|commit)$/.test(e.op)) return { word: { addr: e.addr, name, text: number_text(e.value) } };
	return {};
}

export function failure_page(failures: { result: Result; failure: Failure }[]): string {
	const fill: Record<string, string> = {
		CSS: part("page.css"),
		DATA: script_json(failures.map(({ result, failure }) => page_data(result, failure))),
		SCRIPT: part("page.mjs"),
	};
	/* By a function: `$&` in the data is no pattern. */
	return part("page.html").replace(/\/\*(CSS|DATA|SCRIPT)\*\//g, (_, what: string) => fill[what]);
}
