// SPDX-License-Identifier: GPL-2.0-only
/**
 * Explores in a Web Worker. This is put behind the code of a kernel (machine.ts), whose exports are `kernel`
 * then, and a program that was edited in the page, if there is one.
 */
import type { Bundle, BundleSession, ModelName, Outcome } from "../../explore/protocol.ts";
import type { Ask, Said } from "./machine.ts";

interface Options {
	search: () => unknown;
}
interface Programs {
	about: string;
	patch: string;
	invariant: string;
	cpus: (() => void)[];
	setup?: () => void;
	check?: () => void;
}
declare const kernel: Bundle<Options, unknown> & {
	own_names: Record<string, unknown>;
	own_scenarios: Map<string, Programs>;
};
/** What was edited, given what it is written with. */
declare const spf_program: ((names: Record<string, unknown>) => void) | undefined;

const SLICE_MS = 200;
/** Preemptions that are tried before everything is. */
const FEW = 1;

const tell = (said: Said) => postMessage(said);

function load_program(): void {
	if (typeof spf_program === "undefined") return;
	const p: Programs = { about: "the program above", patch: "none", invariant: "what it checks", cpus: [] };
	spf_program({
		...kernel.own_names,
		cpus(...programs: (() => void)[]) {
			p.cpus = programs;
		},
		setup(fn: () => void) {
			p.setup = fn;
		},
		check(fn: () => void) {
			p.check = fn;
		},
	});
	if (p.cpus.length < 1 || p.cpus.length > 5)
		throw new Error("say what runs beside what: cpus(a, b), with one to five functions");
	kernel.own_scenarios.set("program", p);
}

let made = 0;
function session_of(scenario: string, model: ModelName, bound?: number): BundleSession<unknown> {
	const strategy = bound === undefined ? "dpor" : "bound";
	return new kernel.Session(kernel.session_options({ scenario, model, strategy, bound, keep: made > 0 }));
}
/** One search to its end, or to what fails. */
function run(session: BundleSession<unknown>, bound?: number): Outcome {
	while (!session.slice(SLICE_MS)) tell({ kind: "progress", made: made + session.outcome.total, bound });
	made += session.outcome.total;
	return session.outcome;
}

function search({ scenario, model, schedule, whole }: Ask): void {
	load_program();
	const listed = kernel.list().find((s) => s.name === scenario);
	const found = (o: Outcome): boolean => {
		if (!o.failure) return false;
		const { schedule, seen } = o.failure;
		tell({
			kind: "found",
			listed,
			made,
			replayed: kernel.replay_schedule({ scenario, model, schedule, seen, trace: true }),
		});
		return true;
	};
	if (schedule) {
		tell({
			kind: "found",
			listed,
			made: 1,
			replayed: kernel.replay_schedule({ scenario, model, schedule, trace: true }),
		});
		return;
	}
	/* With as few preemptions as there is a failure with. */
	for (let bound = 0; ; bound++) {
		if (found(run(session_of(scenario, model, bound), bound))) return;
		if (!whole || bound !== FEW) continue;
		const all = run(session_of(scenario, model));
		if (all.failure) continue;
		tell({ kind: "nothing", made: all.executions });
		return;
	}
}

addEventListener("message", ({ data }: MessageEvent<Ask>) => {
	try {
		search(data);
	} catch (error) {
		const { message, stack } = error as Error;
		tell({ kind: "problem", text: message, stack: stack ?? "" });
	}
});
