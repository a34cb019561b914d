// SPDX-License-Identifier: GPL-2.0-only
/**
 * A mutant taken out while one waits: its kernel is built and explored by
 * `spf explore`, and what that found is its page to step through.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mutant } from "../../explore/outside/mutant.ts";
import { at_end } from "../../../scripts/lib/at_end.ts";
import { run } from "../../../scripts/lib/child.ts";
import { here } from "../../lib/root.ts";

export interface Steps {
	page: string;
	/** Its script and its style are in it: they are allowed by what they are. */
	policy: string;
}

const hashes = (page: string, tag: string): string =>
	[...page.matchAll(new RegExp(`<${tag}(?: type="module")?>([\\s\\S]*?)</${tag}>`, "g"))]
		.map(([, text]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`)
		.join(" ");

async function explore(m: Mutant): Promise<Steps> {
	const dir = mkdtempSync(join(tmpdir(), "spf-read-"));
	const away = () => rmSync(dir, { recursive: true, force: true });
	const release = at_end(away);
	try {
		const file = join(dir, "steps.html");
		const args = ["explore", m.scenario, "--model", m.model, "--mutant", m.name, "--html", file, "--quiet"];
		const { stderr } = await run([join(here(), "bin/spf.mjs"), ...args], { cwd: here() });
		let page: string;
		try {
			page = readFileSync(file, "utf8");
		} catch {
			throw new Error(stderr.trim() || `${m.scenario}: no schedule fails`);
		}
		const [script, style] = ["script", "style"].map((tag) => `${tag}-src ${hashes(page, tag)}`);
		const policy = `default-src 'none'; ${script}; ${style}; base-uri 'none'; form-action 'none'`;
		return { page, policy };
	} finally {
		away();
		release();
	}
}

/** One at a time, and each once. */
export class Takers {
	readonly #made = new Map<string, Promise<Steps>>();
	#last: Promise<unknown> = Promise.resolve();
	take_out(m: Mutant): Promise<Steps> {
		const before = this.#made.get(m.name);
		if (before) return before;
		const steps = this.#last.then(() => explore(m));
		this.#last = steps.catch(() => this.#made.delete(m.name));
		this.#made.set(m.name, steps);
		return steps;
	}
}
