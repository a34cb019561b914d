// SPDX-License-Identifier: GPL-2.0-only
/** `spf run`: a program of the user's on a machine of its own, and what the kernel counted meanwhile. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import Table from "cli-table3";
import { KernelPanic, Machine } from "../../arch/host/threads/machine.ts";
import { arch_asked, objtree } from "../../scripts/lib/objtree.ts";
import { UserError } from "../lib/errors.ts";
import { find_kernel, type Kernel } from "../replay/machine.ts";
import { proc_names, proc_text } from "../lib/proc.ts";
import { mem_option, with_room } from "../lib/ram.ts";
import type { Counters, Done } from "./guest.ts";
import { errors, one, type Turn, with_module } from "./program.ts";

export interface Options {
	vmlinux?: string;
	off?: boolean;
	mem?: string;
	repeat: number;
	json?: boolean;
	proc?: string[];
}

/** A value as one line, addresses in hexadecimal. */
function show(value: unknown): string {
	return typeof value === "number" && value > 0xffffff
		? `0x${value.toString(16)}`
		: (JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `${v}n` : v)) ?? "-");
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
	return with_module(file, kernel, (module, { cpus }) => run_module(module, cpus.length, kernel, options));
}

async function kernel_for({ vmlinux, off, mem }: Options): Promise<Kernel> {
	if (vmlinux) return find_kernel(resolve(vmlinux));
	const tree = off ? { name: "nospf", fragments: ["nospf.config"] } : { name: "default" };
	return find_kernel(await objtree(with_room({ ...tree, arch: arch_asked() }, mem)));
}

async function run_module(module: string, cpus: number, kernel: Kernel, options: Options): Promise<number> {
	const mem = mem_option(options.mem, kernel.room, 32) ?? 256;
	const proc = proc_names(options.proc);
	const console_lines: string[] = [];
	try {
		const machine = await Machine.boot({
			vmlinux: kernel.vmlinux,
			cpus,
			mem,
			console: (text) => void console_lines.push(...text.split("\n").filter((line) => line !== "")),
		});
		const counters = () => machine.run({ cpu: 0, module, fn: "counters" }) as Promise<Counters>;
		const before = await counters();
		const begin = performance.now();
		let turn: Turn | undefined;
		let turns = 0;
		do {
			turn = await one(machine, module, { proc });
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
