// SPDX-License-Identifier: GPL-2.0-only
/**
 * `spf explore --coverage`: which lines of the kernel the scenarios and some random programs execute at all. What no
 * program executes, no schedule can show to be wrong. V8 counts (coverage_worker.mjs); the bundle's source map and
 * the statements of the sources make lines of that.
 *
 * A few schedules of each are enough: a line is executed or not, and what only a rare schedule reaches counts as
 * not executed here. Of a line that is executed it is not known whether anything asks for what it does.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import ts from "@typescript/typescript6";
import { here } from "../../lib/root.ts";
import type { Listed, ModelName, Request } from "../protocol.ts";
import { list, stepper_bundle } from "./explorer.ts";
import { fragments, refused } from "./fragments.ts";

/** What a worker answers. */
export interface Coverage {
	hits: Uint8Array;
	failure: string | undefined;
}
/** How a place was executed: by programs, by set-ups only, by boots only, not at all. */
export const REACHED = ["explored", "alone", "boot", "never"] as const;
export type Reached = (typeof REACHED)[number];
const reached_by = (bits: number): Reached => REACHED[bits & 1 ? 0 : bits & 2 ? 1 : bits ? 2 : 3];
export interface Piece {
	line: number;
	/** A statement, or what is only executed sometimes within one. */
	what: "statement" | "branch";
	func: string;
	reached: Reached;
}
export interface FileCoverage {
	file: string;
	pieces: Piece[];
}
export interface CoverageOptions {
	scenarios: string[];
	/** How many random programs, from which number on. */
	programs: number;
	seed: number;
	model: ModelName;
	/** Executions of each scenario. */
	budget: number;
	arch: string;
	jobs?: number;
	/** Hears which lines each scenario executes, by places as in `key`. */
	each?: (scenario: string, config: string | undefined, explored: ReadonlySet<string>) => void;
}
export interface CoverageTotal {
	files: FileCoverage[];
	scenarios: number;
	programs: number;
	failed: string[];
}

/** The kernel's, without what checks it. */
const OURS = /^(kernel|drivers|include\/(linux|asm-generic)|arch\/(?!host\/))/;
const CHECKS = /^kernel\/mm\/debug_validate|^kernel\/entry\/user\.ts$/;
/** Of the executions of a scenario, as many by chance. */
const BY_CHANCE = 1 / 4;

const searches = (scenario: string, model: ModelName, budget: number): Request[] => {
	const chance = Math.ceil(budget * BY_CHANCE);
	return [
		{ scenario, model, strategy: "bound", bound: 1, runs: budget - chance },
		{ scenario, model, strategy: "pct", seed: 1, runs: chance, keep: true },
	];
};

/** A place of the bundle for each place of the sources that has one: "file:line:column" to the character. */
function places_of(bundle: string, code: string): Map<string, number[]> {
	const map = new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, "utf8")));
	const places = new Map<string, number[]>();
	const dir = dirname(bundle);
	const names = new Map<string, string>();
	let offset = 0;
	for (const [row, text] of code.split("\n").entries()) {
		for (const { index } of text.matchAll(/[\w$]+|[^\s\w$]/g)) {
			const e = map.findEntry(row, index);
			if (!("originalSource" in e) || e.generatedLine !== row || e.generatedColumn !== index)
				continue;
			let file = names.get(e.originalSource);
			if (file === undefined)
				names.set(e.originalSource, (file = relative(here(), resolve(dir, e.originalSource))));
			const key = `${file}:${e.originalLine}:${e.originalColumn}`;
			const at = places.get(key);
			if (at) at.push(offset + index);
			else places.set(key, [offset + index]);
		}
		offset += text.length + 1;
	}
	return places;
}

interface Wanted {
	key: string;
	line: number;
	what: Piece["what"];
	func: string;
}
/** Statements in functions, and what only one of several ways through an expression or a statement leads to. */
function pieces_of(file: string): Wanted[] {
	const source = ts.createSourceFile(
		file,
		readFileSync(join(here(), file), "utf8"),
		ts.ScriptTarget.ES2022,
		true,
	);
	const found: Wanted[] = [];
	const add = (node: ts.Node, what: Piece["what"], func: string) => {
		let first = node;
		while (ts.isBlock(first) && first.statements.length > 0) first = first.statements[0];
		if (ts.isBlock(first)) return;
		const { line, character } = source.getLineAndCharacterOfPosition(first.getStart(source));
		found.push({ key: `${file}:${line}:${character}`, line: line + 1, what, func });
	};
	const visit = (node: ts.Node, func: string | undefined) => {
		let inside = func;
		if (ts.isFunctionDeclaration(node) && node.name) inside = node.name.text;
		else if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) {
			const { parent } = ts.isCallExpression(node.parent) ? node.parent : node;
			inside ??= ts.isVariableDeclaration(parent) ? parent.name.getText(source) : "";
		}
		if (inside !== undefined) {
			if (ts.isStatement(node) && !ts.isBlock(node) && !ts.isFunctionDeclaration(node))
				add(node, "statement", inside);
			if (ts.isIfStatement(node)) {
				add(node.thenStatement, "branch", inside);
				if (node.elseStatement) add(node.elseStatement, "branch", inside);
			} else if (ts.isConditionalExpression(node)) {
				add(node.whenTrue, "branch", inside);
				add(node.whenFalse, "branch", inside);
			} else if (
				ts.isBinaryExpression(node) &&
				[ts.SyntaxKind.AmpersandAmpersandToken, ts.SyntaxKind.BarBarToken].includes(
					node.operatorToken.kind,
				)
			)
				add(node.right, "branch", inside);
		}
		ts.forEachChild(node, (child) => visit(child, inside));
	};
	ts.forEachChild(source, (child) => visit(child, undefined));
	return found;
}

/** A thread with a bundle; one scenario after the other. */
class CoverageCore {
	#worker: Worker;
	constructor(bundle: string, size: number) {
		this.#worker = new Worker(new URL("./coverage_worker.mjs", import.meta.url), {
			workerData: { bundle: pathToFileURL(bundle).href, size },
			execArgv: [],
		});
	}
	run(requests: Request[]): Promise<Coverage> {
		this.#worker.postMessage(requests);
		/* Rejects for an error of the worker's. */
		return once(this.#worker, "message").then(([answer]) => answer);
	}
	close(): Promise<number> {
		return this.#worker.terminate();
	}
}

/** Each kernel that is asked for, and what runs on it. */
async function work_of(o: CoverageOptions): Promise<Map<string | undefined, string[]>> {
	const all: Listed[] = await list(undefined, undefined, o.arch, o.scenarios);
	const named = o.scenarios.length > 0 ? all.filter((s) => o.scenarios.includes(s.name)) : all;
	const here_ = named.filter((s) => s.lacks === undefined && s.models.includes(o.model));
	const random = Array.from({ length: o.programs }, (_, i) => `random/${o.seed + i}`);
	const plain = here_.filter((s) => !s.only).map((s) => s.name);
	const work = new Map<string | undefined, string[]>([[undefined, [...plain, ...random]]]);
	const known = fragments(o.arch);
	for (const config of new Set(here_.flatMap((s) => s.configs))) {
		if (!known.includes(config) || refused(config, o.arch) !== undefined) continue;
		work.set(
			config,
			here_.filter((s) => s.configs.includes(config)).map((s) => s.name),
		);
	}
	return work;
}

export async function cover(o: CoverageOptions): Promise<CoverageTotal> {
	const reached = new Map<string, number>();
	const sources = new Set<string>();
	const failed: string[] = [];
	const work = await work_of(o);
	for (const [config, scenarios] of work) {
		const bundle = await stepper_bundle(undefined, config, o.arch);
		const code = readFileSync(bundle, "utf8");
		const places = [...places_of(bundle, code)].filter(([key]) => OURS.test(key) && !CHECKS.test(key));
		for (const [key] of places) {
			if (!reached.has(key)) reached.set(key, 0);
			sources.add(key.slice(0, key.indexOf(":")));
		}
		const left = [...scenarios];
		const one_core = async () => {
			const core = new CoverageCore(bundle, code.length);
			try {
				for (let name = left.shift(); name !== undefined; name = left.shift()) {
					const { hits, failure } = await core.run(searches(name, o.model, o.budget));
					if (failure !== undefined) failed.push(`${name}: ${failure}`);
					const explored = new Set<string>();
					for (const [key, at] of places) {
						const bits = at.reduce((sum, i) => sum | hits[i], 0);
						if (bits & 1) explored.add(key);
						if (bits) reached.set(key, (reached.get(key) as number) | bits);
					}
					o.each?.(name, config, explored);
				}
			} finally {
				await core.close();
			}
		};
		await Promise.all(Array.from({ length: o.jobs ?? availableParallelism() }, one_core));
	}
	const files = [...sources].sort().map((file) => ({
		file,
		pieces: pieces_of(file).flatMap(({ key, ...piece }): Piece[] => {
			const bits = reached.get(key);
			/* This configuration does not have it. */
			if (bits === undefined) return [];
			return [{ ...piece, reached: reached_by(bits) }];
		}),
	}));
	return {
		files: files.filter((f) => f.pieces.length > 0),
		scenarios: new Set([...work.values()].flat()).size - o.programs,
		programs: o.programs,
		failed,
	};
}
