// SPDX-License-Identifier: GPL-2.0-only
/** Kernels for the pages: built by a process of their own (kernel/build.ts), each when it is asked for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decode_schedule } from "../../explore/outside/replay_string.ts";
import type { Mutant } from "../../explore/outside/mutant.ts";
import { run } from "../../../scripts/lib/child.ts";
import { here } from "../../lib/root.ts";
import { base_name, type Kernel, USUAL } from "../kernel/kernel.ts";
import type { MutantData } from "../page/data.ts";
import { brought } from "./data.ts";

export const mutant_command = (m: Mutant): string =>
	`npx spf explore ${m.scenario} --model ${m.model} --mutant ${m.name}`;

/** What was asked for that could not be made. */
export interface Failed {
	name: string;
	problem: string;
}

export class Kernels {
	/** Name → file with its JSON. */
	readonly #made = new Map<string, string>();
	readonly #problems = new Map<string, string>();
	#last: Promise<unknown> = Promise.resolve();

	/** Builds those that are not there yet; `tell` hears of each. */
	build(names: readonly string[], tell: (name: string) => void = () => {}): Promise<Failed[]> {
		const turn = this.#last.then(async () => {
			const missing = names.filter((n) => !this.#made.has(n));
			if (missing.length > 0) await this.#build(missing, tell);
			return names
				.filter((n) => !this.#made.has(n))
				.map((name) => ({
					name,
					problem: this.#problems.get(name) ?? "it was not built",
				}));
		});
		this.#last = turn.catch(() => {});
		return turn;
	}
	async #build(names: readonly string[], tell: (name: string) => void): Promise<void> {
		let rest = "";
		const program = join(here(), "tools/read/kernel/build.ts");
		const { stderr } = await run([process.execPath, "--import", "tsx", program, ...names], {
			cwd: here(),
			tell: (text) => {
				const lines = `${rest}${text}`.split("\n");
				rest = lines.pop() as string;
				for (const line of lines) {
					const [name, file] = line.split("\t");
					if (file === undefined) continue;
					this.#made.set(name, file);
					/* Those that they are made of come, too. */
					if (names.includes(name)) tell(name);
				}
			},
		});
		for (const name of names) {
			const line = stderr.split("\n").find((l) => l.startsWith(`${name}: `));
			if (line) this.#problems.set(name, line.slice(name.length + 2));
		}
	}
	#text(name: string): string {
		return readFileSync(this.#made.get(name) as string, "utf8");
	}

	/** The kernel of a configuration; of others than the usual one by what differs from that. */
	async kernel(name: string): Promise<string> {
		const [failed] = await this.build([name]);
		if (failed) throw new Error(failed.problem);
		const made = JSON.parse(this.#text(name));
		const usual = base_name(USUAL);
		return brought(`kernel/${name}`, name === usual ? made : { of: usual, delta: made });
	}
	/** Files that the usual kernel is made of. */
	async files(): Promise<readonly string[]> {
		const usual = base_name(USUAL);
		const [failed] = await this.build([usual]);
		return failed ? [] : (JSON.parse(this.#text(usual)) as Kernel).files;
	}
	async mutant(m: Mutant): Promise<string> {
		const [failed] = await this.build([m.name]);
		const { subject, invariant, diff, scenario, model, config } = m;
		const made: MutantData = {
			problem: failed?.problem,
			subject,
			invariant,
			diff,
			scenario,
			model,
			config,
			schedule: m.schedule === "" ? [] : decode_schedule(m.schedule).schedule,
			command: mutant_command(m),
			kernel: base_name(config),
			delta: failed ? EMPTY : JSON.parse(this.#text(m.name)),
		};
		return brought(`mutant/${m.name}`, made);
	}
}
const EMPTY = { files: [], code: [], places: [], names: [], sources: {} };
