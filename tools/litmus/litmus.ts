// SPDX-License-Identifier: GPL-2.0-only
/**
 * `spf litmus`: runs litmus programs on the kernel's own primitives. Those of
 * herd7's files are answered as herd7 does (herd_run.ts). Of a file of JSON
 * lines the complete sets of final states are compared with those that it
 * gives. A line is {name, cpus: [[{op, loc, value, reg}, …], …], lkmm,
 * lkmm_without_load_buffering?, tso?}; a state is "0:r0=1 x=0 y=2".
 */
import { pathToFileURL } from "node:url";
import { stepper_bundle } from "../explore/outside/explorer.ts";
import type { LitmusAnswer, LitmusOp, LitmusRequest } from "../explore/protocol.ts";
import { MODELS, type Model } from "../explore/outside/types.ts";
import { at, lines_of, read_text, UserError } from "../lib/errors.ts";
import { type Answered, on_cores } from "./cores.ts";
import { BUDGET, litmus_files, run_herd } from "./herd_run.ts";
import { misplaced } from "./operations.ts";

export interface Program {
	name: string;
	cpus: LitmusOp[][];
	sc?: string[];
	tso?: string[];
	lkmm?: string[];
	lkmm_without_load_buffering?: string[];
}

interface Kernel {
	LITMUS_OPS: string[];
	litmus_states: (cpus: LitmusOp[][], model: Model, places: string[]) => LitmusAnswer;
}

/** What a program must end in; undefined: the file does not say. */
export function expected(p: Program, model: Model): string[] | undefined {
	return model === "lkmm" ? (p.lkmm_without_load_buffering ?? p.lkmm) : p[model];
}

/** Names of operations, those that only differ in how they are ordered as one. */
function short(ops: string[]): string {
	const plain = (op: string) => op.replace(/_(acquire|release|relaxed)$/, "");
	return ops
		.filter((op) => plain(op) === op || !ops.includes(plain(op)))
		.map((op) => (ops.includes(`${op}_relaxed`) ? `${op}[_acquire|_release|_relaxed]` : op))
		.join(", ");
}

/** Programs of a file, each checked to be one. */
export function parse(file: string, ops: string[]): Program[] {
	return lines_of(read_text(file, "give a file of litmus programs")).map((text, i) => {
		let p: Program;
		try {
			p = JSON.parse(text);
		} catch {
			throw at(file, i + 1, "this line is not JSON");
		}
		if (
			typeof p?.name !== "string" ||
			!Array.isArray(p.cpus) ||
			p.cpus.length === 0 ||
			!p.cpus.every(Array.isArray)
		)
			throw at(file, i + 1, "a program needs a name, and cpus: a list of operations for each CPU");
		if (p.cpus.length > 5) throw at(file, i + 1, `${p.name}: a program has 5 CPUs at most`);
		for (const o of p.cpus.flat()) {
			if (!ops.includes(o.op))
				throw at(
					file,
					i + 1,
					`${p.name}: unknown operation '${o.op}'; there are ${short(ops)}`,
				);
			if (/^spin_/.test(o.op) && o.lock === undefined)
				throw at(file, i + 1, `${p.name}: ${o.op} needs a lock`);
			if (/READ|WRITE|load|store|xchg|deref|assign|^atomic_/.test(o.op) && o.loc === undefined)
				throw at(file, i + 1, `${p.name}: ${o.op} needs a loc`);
		}
		for (const ops of p.cpus) misplaced(ops, (text) => at(file, i + 1, `${p.name}: ${text}`));
		for (const model of MODELS) {
			const states = expected(p, model);
			if (
				states !== undefined &&
				(!Array.isArray(states) || !states.every((s) => typeof s === "string"))
			)
				throw at(
					file,
					i + 1,
					`${p.name}: the final states of ${model} have to be a list of strings`,
				);
		}
		return p;
	});
}

/** A state with its parts in one order, whatever the file's. */
const normal = (state: string) => state.split(/\s+/).filter(Boolean).sort().join(" ");

export interface Difference {
	missing: string[];
	extra: string[];
}
const wanted = (p: Program, model: Model) => new Set((expected(p, model) ?? []).map(normal));
/** Registers and places that states speak of. */
const spoken = (states: Set<string>) => new Set([...states].flatMap((s) => s.split(" ")).map((x) => x.split("=")[0]));

function question(p: Program, model: Model): LitmusRequest {
	return { cpus: p.cpus, model, places: [...spoken(wanted(p, model))].filter((x) => !x.includes(":")) };
}
/** How final states differ from the wanted ones. Only what the file's states speak of is compared. */
function difference(p: Program, model: Model, states: string[]): Difference {
	const want = wanted(p, model);
	const names = spoken(want);
	const have = new Set(
		states.map((s) =>
			s
				.split(" ")
				.filter((x) => want.size === 0 || names.has(x.split("=")[0]))
				.sort()
				.join(" "),
		),
	);
	return { missing: [...want].filter((s) => !have.has(s)), extra: [...have].filter((s) => !want.has(s)) };
}

export function compare(kernel: Kernel, p: Program, model: Model): Difference {
	const { cpus, places } = question(p, model);
	return difference(p, model, kernel.litmus_states(cpus, model, places).states);
}

export async function load_kernel(bundle: string): Promise<Kernel> {
	return (await import(pathToFileURL(bundle).href)) as Kernel;
}

/** Programs without a word on how they end: what is found is printed. */
function print_states(p: Program, model: Model, states: string[]): void {
	process.stdout.write(`Test ${p.name} ${model}\nStates ${states.length}\n`);
	for (const s of states)
		process.stdout.write(
			`${s
				.split(" ")
				.map((x) => `${x};`)
				.join(" ")}\n`,
		);
}

/** A file of JSON lines; true: all are as the file says. */
async function compare_file(
	bundle: string,
	file: string,
	ops: string[],
	only: Model | undefined,
	jobs: number,
): Promise<boolean> {
	const programs = parse(file, ops);
	const different = new Set<string>();
	const compared = new Set<string>();
	const models = only ? [only] : MODELS;
	/* Those that say nothing of any of these models are looked at under the one that is asked for, or lkmm. */
	const says = (p: Program) => models.some((model) => expected(p, model) !== undefined);
	const of = (model: Model) =>
		programs.filter((p) => expected(p, model) !== undefined || (!says(p) && model === (only ?? "lkmm")));
	const questions = models.flatMap((model) => of(model).map((p) => question(p, model)));
	const answers = on_cores(bundle, questions, jobs);
	for (const model of models) {
		let equal = 0;
		let with_result = 0;
		for (const p of of(model)) {
			const { answer } = (await answers.next()).value as Answered;
			if (answer.problem !== undefined) throw new UserError(`${file}: ${p.name}: ${answer.problem}`);
			if (expected(p, model) === undefined) {
				print_states(p, model, answer.states);
				continue;
			}
			with_result++;
			compared.add(p.name);
			const { missing, extra } = difference(p, model, answer.states);
			if (missing.length + extra.length === 0) {
				equal++;
				continue;
			}
			different.add(p.name);
			process.stdout.write(`${p.name} ${model}:\n`);
			for (const s of missing) process.stdout.write(`  missing ${s}\n`);
			for (const s of extra) process.stdout.write(`  extra   ${s}\n`);
		}
		if (with_result > 0) process.stdout.write(`${model}: ${equal}/${with_result}\n`);
	}
	await answers.return(undefined);
	if (compared.size > 0)
		process.stdout.write(`${compared.size - different.size}/${compared.size} programs equal\n`);
	return different.size === 0;
}

export async function litmus(names: string[], only: Model | undefined, jobs: number, budget = BUDGET): Promise<number> {
	const files = litmus_files(names);
	/* What is not there is told before anything is built. */
	for (const file of files) read_text(file, "give a file of litmus programs");
	const bundle = await stepper_bundle();
	const { LITMUS_OPS: ops } = await load_kernel(bundle);
	const lines = files.filter((file) => /\.jsonl?$/.test(file));
	const herd = files.filter((file) => !lines.includes(file));
	let different = false;
	for (const file of lines) if (!(await compare_file(bundle, file, ops, only, jobs))) different = true;
	if (herd.length === 0) return different ? 1 : 0;
	const done = await run_herd(bundle, ops, herd, only ?? "lkmm", jobs, budget);
	if (done.refused > 0) return 2;
	return different || done.different > 0 ? 1 : 0;
}
