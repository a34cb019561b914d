// SPDX-License-Identifier: GPL-2.0-only
/**
 * Failures as one page to step through: page/page.html with its style, its
 * script and the data put in, so that it needs no network and no other file.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { here } from "../../lib/root.ts";
import type { PageData } from "../page/data.ts";
import type { Listed } from "../protocol.ts";
import { load_mutant, mutant_dir } from "./mutant.ts";
import { page_data } from "./page_data.ts";
import { headline, replay_command } from "./report.ts";
import { lines_below } from "./source.ts";
import type { Failure, Result } from "./types.ts";

export interface Shown {
	result: Result;
	failure: Failure;
	listed?: Listed;
}

const part = (name: string) => readFileSync(new URL(`../page/${name}`, import.meta.url), "utf8");

/** For a script element: nothing in it can end the element or begin a comment. */
export function script_json(value: unknown): string {
	return JSON.stringify(value).replace(
		/[<>&\u2028\u2029]/g,
		(c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}

function page_of({ result: r, failure: f, listed }: Shown): PageData {
	const [title, about, ...text] = f.kind
		? headline(r, f)
		: [`${r.scenario}: nothing fails`, `${r.model.toUpperCase()}, ${r.cpus} CPUs`];
	const m = r.mutant === undefined ? undefined : load_mutant(r.mutant, r.arch);
	const root = r.mutant === undefined ? here() : join(mutant_dir(r.mutant, r.arch, r.config), "src");
	return page_data(f, {
		title,
		about,
		text: text.map((line) => line.trim()).join("\n"),
		command: f.replay || f.kind ? replay_command(r, f) : "",
		mutant: m && { name: m.name, subject: m.subject, invariant: m.invariant, diff: m.diff },
		listed,
		lines_of: (file) => lines_below(root, file),
	});
}

export function failure_page(failures: Shown[]): string {
	const fill: Record<string, string> = {
		CSS: part("page.css"),
		DATA: script_json(failures.map(page_of)),
		SCRIPT: part("page.mjs"),
	};
	/* By a function: `$&` in the data is no pattern. */
	return part("page.html").replace(/\/\*(CSS|DATA|SCRIPT)\*\//g, (_, what: string) => fill[what]);
}
