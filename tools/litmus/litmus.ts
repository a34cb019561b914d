// SPDX-License-Identifier: GPL-2.0-only
/**
 * `spf litmus`: runs litmus programs on the kernel's own primitives, and
 * compares the complete sets of their final states with those that a file
 * gives. A line is {name, cpus: [[{op, loc, value, reg}, …], …], lkmm,
 * lkmm_without_load_buffering?, tso?}; a state is "0:r0=1 x=0 y=2".
 */
import { pathToFileURL } from "node:url";
import { stepper_bundle } from "../explore/outside/explorer.ts";
import type { LitmusOp, LitmusRequest } from "../explore/protocol.ts";
import { MODELS, type Model } from "../explore/outside/types.ts";
import { at, lines_of, read_text, UserError } from "../lib/errors.ts";
import { on_cores } from "./cores.ts";

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
	litmus_states: (cpus: LitmusOp[][], model: Model, places: string[]) => { states: string[]; executions: number };
}

/** What a program must end in; undefined: the file does not say. */
export function expected(p: Program, model: Model): string[] | undefined {
	return model === "lkmm" ? (p.lkmm_without_load_buffering ?? p.lkmm) : p[model];
}

/** Fences that belong to an operation stand right beside it. */
const BESIDE: Record<string, [number, RegExp, string]> = {
	smp_mb__before_atomic: [1, /xchg|^atomic_(?!read|set)/, "right before an atomic operation that writes"],
	smp_mb__after_atomic: [-1, /xchg|^atomic_(?!read|set)/, "right after an atomic operation that writes"],
	smp_mb__after_spinlock: [-1, /^spin_lock$/, "right after a spin_lock"],
};
function misplaced(ops: LitmusOp[], mistake: (text: string) => Error): void {
	for (const [i, { op }] of ops.entries()) {
		if (!Object.hasOwn(BESIDE, op)) continue;
		const [side, what, where] = BESIDE[op];
		if (!what.test(ops[i + side]?.op ?? "")) throw mistake(`${op} has to stand ${where}`);
	}
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
			if (/lock$/.test(o.op) && /^spin/.test(o.op) && o.lock === undefined)
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

export async function litmus(file: string, only: Model | undefined, jobs: number): Promise<number> {
	const bundle = await stepper_bundle();
	const programs = parse(file, (await load_kernel(bundle)).LITMUS_OPS);
	const different = new Set<string>();
	const compared = new Set<string>();
	const models = only ? [only] : MODELS;
	const results = (model: Model) => programs.filter((p) => expected(p, model) !== undefined);
	const questions = models.flatMap((model) => results(model).map((p) => question(p, model)));
	const answers = on_cores(bundle, questions, jobs);
	for (const model of models) {
		const with_result = results(model);
		let equal = 0;
		for (const p of with_result) {
			compared.add(p.name);
			const { missing, extra } = difference(p, model, (await answers.next()).value as string[]);
			if (missing.length + extra.length === 0) {
				equal++;
				continue;
			}
			different.add(p.name);
			process.stdout.write(`${p.name} ${model}:\n`);
			for (const s of missing) process.stdout.write(`  missing ${s}\n`);
			for (const s of extra) process.stdout.write(`  extra   ${s}\n`);
		}
		if (with_result.length > 0) process.stdout.write(`${model}: ${equal}/${with_result.length}\n`);
	}
	await answers.return(undefined);
	if (compared.size === 0)
		throw new UserError(`${file}: no program has final states of ${only ?? "any model"} to compare with`);
	process.stdout.write(`${compared.size - different.size}/${compared.size} programs equal\n`);
	return different.size > 0 ? 1 : 0;
}
