// SPDX-License-Identifier: GPL-2.0-only
/** A kernel that runs in a Web Worker of this page, and what is found there in terms of its sources. */
import { failure_of, no_failure, Sources } from "../../explore/outside/places.ts";
import { page_data, type Told } from "../../explore/outside/page_data.ts";
import { failure_lines } from "../../explore/outside/subjects.ts";
import type { PageData } from "../../explore/page/data.ts";
import type { Listed, ModelName, Replayed } from "../../explore/protocol.ts";
import { type Kernel, origins_of } from "../kernel/kernel.ts";
import { data } from "./load.ts";

export interface Ask {
	scenario: string;
	model: ModelName;
	/** Only this execution. */
	schedule?: number[][];
	/** Everything there is, not only until something fails. */
	whole?: boolean;
}
/** What the worker says. */
export type Said =
	| { kind: "progress"; made: number; bound?: number }
	| { kind: "found"; made: number; replayed: Replayed; listed?: Listed }
	| { kind: "nothing"; made: number }
	| { kind: "problem"; text: string; stack: string };

/** What stacks call the kernel, whose script has no other name. */
const BUNDLE = "blob:";
/** The file that an edited program is. */
export const PROGRAM = "program";

/** The code with its exports as one object, so that what follows it can use them. */
function with_exports(code: readonly string[]): string[] {
	return code.map((line, i) => {
		if (line.startsWith("//# sourceMappingURL=")) return "";
		const [, list] = /^export \{ (.*) \};$/.exec(line) ?? [];
		const strict = i === 0 ? '"use strict";' : "";
		if (list === undefined) return strict + line;
		const names = list.split(", ").map((name) => name.replace(/^(\S+) as (\S+)$/, "$2: $1"));
		return `const kernel = { ${names.join(", ")} };`;
	});
}

/** What a program that is edited is written with. */
const NAMES =
	"words, cpus, setup, check, READ_ONCE, WRITE_ONCE, smp_load_acquire, smp_store_release, smp_mb, smp_rmb, " +
	"smp_wmb, spin_lock, spin_unlock, check_that, two_pages, map, munmap, mprotect, read, write, note, noted, " +
	"A, PAGE, PROT_READ, PROT_RW";

export class Machine {
	#worker?: Worker;
	#reject?: (why: Error) => void;
	gave_up = false;
	constructor(
		private readonly kernel: Kernel,
		private readonly program?: string,
	) {}

	private get lines(): string[] {
		return (this.program ?? "").split("\n");
	}
	/** The line of the program that one of the script is; the script begins with the kernel. */
	private own_line(line: number): number | undefined {
		const own = line - this.kernel.code.length - 1;
		return own > 0 && own <= this.lines.length ? own : undefined;
	}
	/** Runs until it is over; rejects when it cannot go on, or was stopped. */
	async run(ask: Ask, hears: (said: Extract<Said, { kind: "progress" }>) => void): Promise<Said> {
		const worker = await data<string>("worker");
		const program =
			this.program === undefined
				? ["const spf_program = undefined;"]
				: [`const spf_program = ({ ${NAMES} }) => {`, this.program, "};"];
		const script = [...with_exports(this.kernel.code), ...program, worker].join("\n");
		const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
		return new Promise((resolve, reject) => {
			this.#reject = reject;
			this.#worker = new Worker(url);
			this.#worker.addEventListener("message", ({ data: said }: MessageEvent<Said>) => {
				if (said.kind === "progress") return hears(said);
				this.stop();
				resolve(said);
			});
			/* A program that is none. */
			this.#worker.addEventListener("error", (event) => {
				this.stop();
				const line = this.own_line(event.lineno);
				const where = line === undefined ? "" : `line ${line}: `;
				reject(new Error(where + (event.message || "it does not run")));
			});
			this.#worker.postMessage(ask);
		}).finally(() => URL.revokeObjectURL(url)) as Promise<Said>;
	}
	/** What was asked for is rejected. */
	give_up(): void {
		this.gave_up = true;
		this.stop();
		this.#reject?.(new Error("given up"));
	}
	private stop(): void {
		this.#worker?.terminate();
		this.#worker = undefined;
	}

	/** A place of the script: of the kernel, or of the program. */
	private origins(texts: ReadonlyMap<string, readonly string[]>) {
		const of = origins_of(this.kernel, BUNDLE, (file) => texts.get(file) ?? []);
		const { lines } = this;
		return {
			...of,
			find: (line: number, column: number) => {
				const own = this.own_line(line);
				return own === undefined ? of.find(line, column) : { file: PROGRAM, line: own, column };
			},
			name_of(file: string, line: number, column: number) {
				if (file !== PROGRAM) return of.name_of(file, line, column);
				return /^\w+\(\s*([\w.]+)/.exec(lines[line - 1].slice(column - 1))?.[1];
			},
			lines_of: (file: string) => (file === PROGRAM ? lines : of.lines_of(file)),
		};
	}
	/** The line of the program that a problem came from. */
	line_of(stack: string): number | undefined {
		return rows_of(stack)
			.map((row) => this.own_line(row))
			.find((line) => line !== undefined);
	}

	/** What was found, to be stepped through. */
	async steps(r: Replayed, told: Omit<Told, "lines_of" | "text">): Promise<PageData> {
		const texts = new Map<string, readonly string[]>();
		const origins = this.origins(texts);
		const rows = [...r.events.map((e) => e.stack), r.failure?.stack ?? ""].flatMap(rows_of);
		const files = new Set(rows.map((row) => origins.file_of(row)).filter((f) => f !== undefined));
		await Promise.all(
			[...files].map(async (file) => {
				const text = await data<string>(`text/${file}`).catch(() => undefined);
				if (text !== undefined) texts.set(file, text.split("\n"));
			}),
		);
		const sources = new Sources(origins);
		const trace = sources.trace(r.events);
		const failure = r.failure
			? failure_of(sources, r.failure, trace, "", r.decoder)
			: no_failure(trace, "", r.decoder);
		const text = failure_lines(failure).join("\n");
		return page_data(failure, { ...told, text, lines_of: origins.lines_of });
	}
}

/** The lines of the script that a stack names. */
const rows_of = (stack: string): number[] => [...stack.matchAll(/blob:\S*?:(\d+):\d+/g)].map(([, n]) => Number(n));
