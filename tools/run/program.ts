// SPDX-License-Identifier: GPL-2.0-only
/** A program of the user's: bundled for the CPUs of a machine, and run on it. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Machine } from "../../arch/host/threads/machine.ts";
import { at_end } from "../../scripts/lib/at_end.ts";
import { write_file } from "../../scripts/lib/files.ts";
import { guest_headers } from "../../scripts/lib/guest.ts";
import { UserError } from "../lib/errors.ts";
import { check_proc } from "../lib/proc.ts";
import type { Kernel } from "../replay/machine.ts";
import type { Counts } from "../stat/guest.ts";
import type { Arg, Done, End, Program, Started } from "./guest.ts";

const GUEST = fileURLToPath(new URL("guest.ts", import.meta.url));
/** The module that a worker loads: the program, and who calls it. */
const ENTRY = "spf:program";

/** Into a file of `dir`; as a URL that workers and we can import. */
async function bundle(file: string, dir: string, vmlinux: string): Promise<string> {
	const source =
		`import { bind } from ${JSON.stringify(GUEST)};\n` +
		`import * as program from ${JSON.stringify(resolve(file))};\n` +
		`bind(program);\nexport { program };\nexport * from ${JSON.stringify(GUEST)};\n`;
	const out = join(dir, "program.mjs");
	let code: string;
	try {
		const made = await (await import("rolldown")).rolldown({
			input: ENTRY,
			platform: "node",
			/* The paths in it are of the default architecture. */
			tsconfig: false,
			resolve: { alias: guest_headers(vmlinux) },
			logLevel: "silent",
			plugins: [
				{
					name: "spf-run",
					resolveId: (id) => (id === ENTRY ? ENTRY : null),
					load: (id) => (id === ENTRY ? source : null),
				},
			],
		});
		/* Absolute names in the map: the program may be anywhere. */
		const sourcemapPathTransform = (path: string) => resolve(dir, path);
		const { output } = await made.generate({
			file: out,
			format: "esm",
			sourcemap: "inline",
			sourcemapPathTransform,
			codeSplitting: false,
		});
		await made.close();
		code = output[0].code;
	} catch (error) {
		const lines = (error as Error).message.split("\n").filter((line) => line.trim() !== "");
		throw new UserError(`${file}: ${lines.slice(0, 2).join(" ").trim()}`);
	}
	write_file(out, code);
	return pathToFileURL(out).href;
}

/** The program's functions, to see which there are. They are not run here. */
async function exports_of(file: string, module: string): Promise<Program> {
	const { program } = (await import(module).catch((error: Error) => {
		throw new UserError(`${file}: ${error.message}`);
	})) as { program: Partial<Program> };
	const { cpus, setup, check } = program;
	if (!Array.isArray(cpus) || cpus.length === 0 || !cpus.every((f) => typeof f === "function"))
		throw new UserError(`${file}: has to export 'cpus', an array of functions, one for each CPU`);
	for (const [name, f] of Object.entries({ setup, check }))
		if (f !== undefined && typeof f !== "function")
			throw new UserError(`${file}: '${name}' is no function`);
	return { cpus, setup, check };
}

/** What a run of the program came to: its set-up, each of its threads, its check. */
export interface Turn {
	setup: Done;
	cpus: Done[];
	check: Done;
	/** Files of /proc that were asked for, as they were at the end. */
	proc: Record<string, string>;
	/** What was asked to be counted. */
	counts?: Counts;
}

export interface Asked {
	/** PERF_COUNT_SW_* to be counted from the exec on. */
	count?: number[];
	/** Names of files of /proc to read at the end. */
	proc?: string[];
}

export async function one(machine: Machine, module: string, { count, proc: names = [] }: Asked = {}): Promise<Turn> {
	const arg: Arg = { ready: new Int32Array(new SharedArrayBuffer(4)), pids: [], nr: 0, proc: names };
	const run = (cpu: number, fn: string, more: Partial<Arg> = {}) =>
		machine.run({ cpu, module, fn, arg: { ...arg, ...more } }) as Promise<Done>;
	const { pids, counting, ...setup } = (await run(0, "start", { count })) as Started;
	const given = { pids, area: setup.value };
	const failed = setup.error !== undefined;
	const cpus = failed ? [] : await Promise.all(pids.map((_, nr) => run(nr, "thread", { ...given, nr })));
	const all = !failed && cpus.every((c) => c.error === undefined);
	const last = { ...given, results: cpus.map((c) => c.value) };
	const { proc, ...check } = (await run(0, all ? "end" : "stop", last)) as End;
	if (all) check_proc(names, proc);
	const counts = counting && ((await machine.run({ cpu: 0, module, fn: "count", arg: counting })) as Counts);
	return { setup, cpus, check, proc, counts };
}

export const errors = ({ setup, cpus, check }: Turn) => [setup, ...cpus, check].filter((d) => d.error !== undefined);

/** Has `fn` use the module of the program in a file, which is gone afterwards. */
export async function with_module<T>(
	file: string,
	kernel: Kernel,
	fn: (module: string, program: Program) => Promise<T>,
): Promise<T> {
	if (!existsSync(file)) throw new UserError(`${file}: no such file; examples are in tools/run/examples`);
	const dir = mkdtempSync(join(tmpdir(), "spf-run-"));
	const away = () => rmSync(dir, { recursive: true, force: true });
	const release = at_end(away);
	try {
		const module = await bundle(file, dir, kernel.vmlinux);
		const program = await exports_of(file, module);
		const threads = program.cpus.length;
		if (threads > kernel.nr_cpus)
			throw new UserError(
				`${file}: has ${threads} threads, and this kernel at most ${kernel.nr_cpus} CPUs`,
			);
		return await fn(module, program);
	} finally {
		away();
		release();
	}
}
