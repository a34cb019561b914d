// SPDX-License-Identifier: GPL-2.0-only
/** `spf run`: a program of the user's on a machine of its own, and what the kernel counted meanwhile. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import Table from "cli-table3";
import { rolldown } from "rolldown";
import { KernelPanic, Machine } from "../../arch/host/threads/machine.ts";
import { guest_headers } from "../../scripts/lib/guest.ts";
import { objtree } from "../../scripts/lib/objtree.ts";
import { UserError } from "../lib/errors.ts";
import { find_kernel, type Kernel } from "../replay/machine.ts";
import { check_proc, proc_names, proc_text } from "../lib/proc.ts";
import type { Arg, Counters, Done, End, Program } from "./guest.ts";

export interface Options {
	vmlinux?: string;
	off?: boolean;
	mem: number;
	repeat: number;
	json?: boolean;
	proc?: string[];
}

const GUEST = fileURLToPath(new URL("guest.ts", import.meta.url));
/** The module that a worker loads: the program, and who calls it. */
const ENTRY = "spf:program";

/** Into a file of `dir`; as a URL that workers and we can import. */
async function bundle(file: string, dir: string, arch: string): Promise<string> {
	const source =
		`import { bind } from ${JSON.stringify(GUEST)};\n` +
		`import * as program from ${JSON.stringify(resolve(file))};\n` +
		`bind(program);\nexport { program };\nexport * from ${JSON.stringify(GUEST)};\n`;
	try {
		const made = await rolldown({
			input: ENTRY,
			platform: "node",
			/* The paths in it are of the default architecture. */
			tsconfig: false,
			resolve: { alias: guest_headers(arch) },
			logLevel: "silent",
			plugins: [
				{
					name: "spf-run",
					resolveId: (id) => (id === ENTRY ? ENTRY : null),
					load: (id) => (id === ENTRY ? source : null),
				},
			],
		});
		const out = join(dir, "program.mjs");
		/* Absolute names in the map: the program may be anywhere. */
		const sourcemapPathTransform = (path: string) => resolve(dir, path);
		await made.write({
			file: out,
			format: "esm",
			sourcemap: "inline",
			sourcemapPathTransform,
			codeSplitting: false,
		});
		await made.close();
		return pathToFileURL(out).href;
	} catch (error) {
		const lines = (error as Error).message.split("\n").filter((line) => line.trim() !== "");
		throw new UserError(`${file}: ${lines.slice(0, 2).join(" ").trim()}`);
	}
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

/** A value as one line, addresses in hexadecimal. */
function show(value: unknown): string {
	return typeof value === "number" && value > 0xffffff
		? `0x${value.toString(16)}`
		: (JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `${v}n` : v)) ?? "-");
}

interface Turn {
	setup: Done;
	cpus: Done[];
	check: Done;
	proc: Record<string, string>;
}

async function one(machine: Machine, module: string, names: string[]): Promise<Turn> {
	const arg: Arg = { ready: new Int32Array(new SharedArrayBuffer(4)), pids: [], nr: 0, proc: names };
	const run = (cpu: number, fn: string, more: Partial<Arg> = {}) =>
		machine.run({ cpu, module, fn, arg: { ...arg, ...more } }) as Promise<Done>;
	const { pids, ...setup } = (await run(0, "start")) as Done & { pids: number[] };
	const given = { pids, area: setup.value };
	const failed = setup.error !== undefined;
	const cpus = failed ? [] : await Promise.all(pids.map((_, nr) => run(nr, "thread", { ...given, nr })));
	const all = !failed && cpus.every((c) => c.error === undefined);
	const last = { ...given, results: cpus.map((c) => c.value) };
	const { proc, ...check } = (await run(0, all ? "end" : "stop", last)) as End;
	if (all) check_proc(names, proc);
	return { setup, cpus, check, proc };
}

/** What went up, by name. */
function difference(before: Counters, after: Counters): Record<string, number> {
	return Object.fromEntries(
		Object.entries(after.vmstat)
			.map(([name, n]) => [name, n - (before.vmstat[name] ?? 0)] as const)
			.filter(([name, n]) => n > 0 && !name.startsWith("nr_")),
	);
}

export async function run(file: string, options: Options): Promise<number> {
	if (!existsSync(file)) throw new UserError(`${file}: no such file; examples are in tools/run/examples`);
	proc_names(options.proc);
	const kernel = await kernel_for(options);
	const dir = mkdtempSync(join(tmpdir(), "spf-run-"));
	try {
		return await run_module(file, await bundle(file, dir, kernel.arch), kernel, options);
	} finally {
		rmSync(dir, { recursive: true });
	}
}

async function kernel_for({ vmlinux, off }: Options): Promise<Kernel> {
	if (vmlinux) return find_kernel(resolve(vmlinux));
	return find_kernel(await objtree({ name: off ? "nospf" : "default", fragments: off ? ["nospf.config"] : [] }));
}

async function run_module(file: string, module: string, kernel: Kernel, options: Options): Promise<number> {
	const { cpus } = await exports_of(file, module);
	if (cpus.length > kernel.nr_cpus)
		throw new UserError(
			`${file}: has ${cpus.length} threads, and this kernel at most ${kernel.nr_cpus} CPUs`,
		);
	if (options.mem > kernel.max_mem)
		throw new UserError(`--mem ${options.mem}: at most ${kernel.max_mem}, more cannot be addressed`);
	const names = proc_names(options.proc);
	const console_lines: string[] = [];
	try {
		const machine = await Machine.boot({
			vmlinux: kernel.vmlinux,
			cpus: cpus.length,
			mem: options.mem,
			console: (text) => void console_lines.push(...text.split("\n").filter((line) => line !== "")),
		});
		const counters = () => machine.run({ cpu: 0, module, fn: "counters" }) as Promise<Counters>;
		const before = await counters();
		const begin = performance.now();
		let turn: Turn | undefined;
		let turns = 0;
		do {
			turn = await one(machine, module, names);
			turns++;
		} while (turns < options.repeat && !errors(turn).length);
		const ms = performance.now() - begin;
		const after = await counters();
		await machine.shutdown();
		const warned = after.warnings > before.warnings;
		report(options, turn, { turns, ms, vmstat: difference(before, after), warned, console_lines });
		return errors(turn).length > 0 || warned ? 1 : 0;
	} catch (error) {
		if (!(error instanceof KernelPanic)) throw error;
		for (const line of console_lines) process.stderr.write(`${line}\n`);
		process.stderr.write(`spf: the kernel died: ${error.message}\n`);
		return 1;
	}
}

const errors = ({ setup, cpus, check }: Turn) => [setup, ...cpus, check].filter((d) => d.error !== undefined);

interface Figures {
	turns: number;
	ms: number;
	vmstat: Record<string, number>;
	warned: boolean;
	console_lines: string[];
}

function report({ json }: Options, { setup, cpus, check, proc }: Turn, figures: Figures): void {
	const { turns, ms, vmstat, console_lines } = figures;
	if (json) {
		console.log(JSON.stringify({ setup, cpus, check, proc, turns, ms, vmstat, console: console_lines }));
		return;
	}
	for (const line of console_lines) process.stderr.write(`${line}\n`);
	const line = (who: string, d: Done) => {
		if (d.error !== undefined) console.log(`${who}: threw ${d.error}`);
		else if (d.value !== undefined) console.log(`${who}: ${show(d.value)}`);
	};
	line("setup", setup);
	for (const [nr, d] of cpus.entries()) line(`CPU ${nr}`, d);
	line("check", check);
	const table = new Table({
		head: ["/proc/vmstat", `${turns === 1 ? "1 run" : `${turns} runs`}, ${ms.toFixed(1)} ms`],
		colAligns: ["left", "right"],
		style: { head: [], border: [], compact: true },
	});
	for (const [name, n] of Object.entries(vmstat)) table.push([name, n]);
	console.log(table.toString());
	if (Object.keys(proc).length > 0) process.stdout.write(`\n${proc_text(proc)}`);
}
