// SPDX-License-Identifier: GPL-2.0-only
/** `spf litmus` on .litmus files: what herd7 prints, of what the stepper finds. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { LitmusAnswer, LitmusRequest } from "../explore/protocol.ts";
import type { Model } from "../explore/outside/types.ts";
import { at, read_text, UserError } from "../lib/errors.ts";
import { holds, names_in, print_condition, type State } from "./condition.ts";
import { each_op, type HerdTest, parse_herd } from "./herd.ts";
import { on_cores } from "./cores.ts";
import { misplaced } from "./operations.ts";
import { unseen } from "./unseen.ts";

/** Executions of a test, unless told. */
export const BUDGET = 200_000;

/** The files that are meant: a directory stands for all .litmus files below it. */
export function litmus_files(names: readonly string[]): string[] {
	const out: string[] = [];
	for (const name of names) {
		const stat = statSync(name, { throwIfNoEntry: false });
		if (!stat?.isDirectory()) {
			out.push(name);
			continue;
		}
		const below = readdirSync(name, { recursive: true, encoding: "utf8" });
		const found = below.filter((n) => n.endsWith(".litmus")).sort();
		if (found.length === 0) throw new UserError(`${name}: no .litmus file below this directory`);
		out.push(...found.map((n) => join(name, n)));
	}
	return out;
}

/** A test that can be run, and what will not be looked at under lkmm. */
export interface Ready {
	test: HerdTest;
	unseen: string[];
}
export function make_ready(file: string, text: string, known: readonly string[]): Ready {
	const test = parse_herd(file, text, known);
	const lists = [...test.cpus];
	for (const o of test.cpus.flatMap((ops) => [...each_op(ops)])) lists.push(o.yes ?? [], o.no ?? []);
	for (const ops of lists) misplaced(ops, (what, o) => at(file, o.line ?? 1, what));
	return { test, unseen: unseen(test) };
}

export function question({ test }: Ready, model: Model, budget: number): LitmusRequest {
	const init = [...test.init].filter(([name]) => !name.includes(":"));
	return { cpus: test.cpus, model, places: test.places, init, budget };
}

type Seen = "Never" | "Sometimes" | "Always";

export interface Verdict {
	text: string;
	seen: Seen;
	/** It is what the condition asks for. */
	ok: boolean;
	/** More may be possible than was found. */
	partial: boolean;
}

const state_of = (text: string): State =>
	new Map(
		text
			.split(" ")
			.filter(Boolean)
			.map((part) => {
				const [name, value] = part.split("=");
				return [name, value];
			}),
	);

/** "0:r1" before "1:r0" before places, as herd7 sorts them. */
function by_name(a: string, b: string): number {
	const place = (n: string) => (n.includes(":") ? 0 : 1);
	return place(a) - place(b) || (a < b ? -1 : a > b ? 1 : 0);
}

/** What is printed of a test. */
export function report({ test, unseen }: Ready, model: Model, answer: LitmusAnswer, seconds: number): Verdict {
	const { condition, filter, name } = test;
	const names = [...new Set([...names_in(condition.prop), ...test.locations])].sort(by_name);
	/* What is not shown does not make two states of one. */
	const shown = new Map<string, boolean>();
	for (const state of answer.states.map(state_of)) {
		if (filter && !holds(filter, state)) continue;
		const line = names.map((n) => ` ${n}=${state.get(n) ?? "0"};`).join("");
		shown.set(line.trimStart(), holds(condition.prop, state));
	}
	const hits = [...shown.values()].filter(Boolean).length;
	const others = shown.size - hits;
	const seen: Seen = hits === 0 ? "Never" : others === 0 ? "Always" : "Sometimes";
	const ok = condition.kind === "exists" ? hits > 0 : condition.kind === "forall" ? others === 0 : hits === 0;
	const kind = { exists: "Allowed", "~exists": "Forbidden", forall: "Required" }[condition.kind];
	const [positive, negative] = condition.kind === "~exists" ? [others, hits] : [hits, others];
	const left_out = model === "lkmm" ? [...unseen] : [];
	if (!answer.whole) left_out.push(`executions after the first ${answer.executions} (--budget)`);
	const lines = [
		`Test ${name} ${kind}`,
		`States ${shown.size}`,
		...[...shown.keys()].sort(),
		ok ? "Ok" : "No",
		"Witnesses",
		`Positive: ${positive} Negative: ${negative}`,
		...left_out.map((what) => `Unseen ${what}`),
		`Condition ${print_condition(condition)}`,
		`Observation ${name} ${seen} ${hits} ${others}`,
		`Time ${name} ${seconds.toFixed(2)}`,
	];
	return { text: `${lines.join("\n")}\n`, seen, ok, partial: left_out.length > 0 };
}

/** How an answer stands to a test's "Result:" comment. */
export function agreement(result: string, { seen, partial }: Verdict): "equal" | "open" | "different" {
	if (seen === result) return "equal";
	/* More states can only lead from Never and from Always to Sometimes; from none to anything. */
	return partial && (result === "Sometimes" || seen === "Never") ? "open" : "different";
}

/** Runs .litmus files. Says how many were refused, and how many came out otherwise than they say. */
export async function run_herd(
	bundle: string,
	known: readonly string[],
	files: readonly string[],
	model: Model,
	jobs: number,
	budget: number,
): Promise<{ refused: number; different: number }> {
	const tests: Ready[] = [];
	let refused = 0;
	const refuse = (message: string): void => {
		refused++;
		process.stderr.write(`${message}\n`);
	};
	for (const file of files) {
		try {
			tests.push(make_ready(file, read_text(file, "give a file of litmus programs"), known));
		} catch (error) {
			if (!(error instanceof UserError)) throw error;
			refuse(error.message);
		}
	}
	const count = { Never: 0, Sometimes: 0, Always: 0 };
	const say = { equal: 0, open: 0, different: 0 };
	const answers = on_cores(
		bundle,
		tests.map((test) => question(test, model, budget)),
		jobs,
	);
	for (const ready of tests) {
		const { answer, seconds } = (await answers.next()).value as { answer: LitmusAnswer; seconds: number };
		if (answer.problem !== undefined) {
			const { file, name } = ready.test;
			const { problem } = answer;
			refuse(
				/^\d+: /.test(problem)
					? `${file}:${problem}`
					: `${file}: ${name}: the kernel stops: ${problem}`,
			);
			continue;
		}
		const verdict = report(ready, model, answer, seconds);
		const { result } = ready.test;
		process.stdout.write(verdict.text);
		count[verdict.seen]++;
		if (result !== undefined && model === "lkmm") {
			const how = agreement(result, verdict);
			say[how]++;
			if (how === "different") process.stdout.write(`Expected ${ready.test.name} ${result}\n`);
			if (how === "open")
				process.stdout.write(`Expected ${ready.test.name} ${result}, by what is unseen\n`);
		}
		process.stdout.write("\n");
	}
	await answers.return(undefined);
	if (files.length > 1) {
		const { equal, open, different } = say;
		const says = equal + open + different;
		const of = `; of ${says} with a Result: ${equal} equal, ${open} open, ${different} different`;
		const { Never, Sometimes, Always } = count;
		process.stdout.write(
			`${Never + Sometimes + Always} tests under ${model}: ${Never} Never, ${Sometimes} Sometimes, ` +
				`${Always} Always${says > 0 ? of : ""}; ${refused} refused\n`,
		);
	}
	return { refused, different: say.different };
}
