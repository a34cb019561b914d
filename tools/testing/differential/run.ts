// SPDX-License-Identifier: GPL-2.0-only
/**
 * Runs fuzz.c on this machine's own kernel, and logs on the port.
 *
 *     node --import tsx tools/testing/differential/run.ts FIRST [LAST [STEPS]]
 *
 * records seeds FIRST to LAST and tells where the port differs. VMLINUX names
 * another bundle than that of the debug configuration; KEEP a directory for the
 * logs.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { $ } from "zx";
import { Machine } from "../../../arch/host/threads/machine.ts";
import { here } from "../../lib/root.ts";
import { guest } from "../../../scripts/lib/guest.ts";
import { objtree } from "../../../scripts/lib/objtree.ts";
import { KUNIT_CONFIGS } from "../kunit/run.ts";
import type { Arg, Outcome } from "./guest.ts";
import { compact, parse_log } from "./log.ts";

/** RAM of the machine, in MiB. */
const MEM = 256;
const CFLAGS = [
	"-O1",
	"-nostdlib",
	"-static",
	"-no-pie",
	"-fno-pie",
	"-fno-stack-protector",
	"-fcf-protection=none",
	"-fno-builtin",
];

/** Compiles fuzz.c; returns the program. */
export async function compile(dir: string): Promise<string> {
	const out = join(dir, "fuzz");
	await $({ quiet: true })`cc ${CFLAGS} -o ${out} ${join(here(), "tools/testing/differential/fuzz.c")}`;
	return out;
}

/** One log, made here and now. */
export async function record(program: string, seed: number, steps: number): Promise<string> {
	const dir = mkdtempSync(join(tmpdir(), "spf-fuzz-"));
	try {
		/* Who has shot himself in the foot waits for himself. */
		const { stdout } = await $({
			quiet: true,
			timeout: "20s",
		})`setarch -R ${program} ${seed} ${steps} ${dir}`;
		return compact(stdout);
	} finally {
		rmSync(dir, { recursive: true });
	}
}

/** See kernel/mm/huge_memory.ts and include/linux/version.ts. */
const PR_SIM_THP_ALIGN = 0x53504601;
const PR_SIM_KERNEL_VERSION = 0x53504602;
const PR_SIM_MMAP_MIN_ADDR = 0x53504603;

/** What makes the port place and merge as the kernel of the log does. */
function prctls(kernel: string): number[][] {
	const [major, minor] = kernel.split(/[.-]/).map(Number);
	const align = major > 6 || (major === 6 && minor >= 7);
	return [
		[PR_SIM_THP_ALIGN, align ? 1 : 0],
		[PR_SIM_KERNEL_VERSION, major * 65536 + minor * 256],
		/* A distributor's; the superuser may have less. */
		[PR_SIM_MMAP_MIN_ADDR, 65536, 0],
	];
}

const SOURCE = join(here(), "tools/testing/differential/guest.ts");
/** By the kernel that it is for. */
const modules = new Map<string, Promise<string>>();

export async function replay(vmlinux: string, text: string, validate: boolean): Promise<Outcome> {
	const module = modules.get(vmlinux) ?? guest(SOURCE, vmlinux);
	modules.set(vmlinux, module);
	const console: string[] = [];
	const machine = await Machine.boot({ vmlinux, cpus: 1, mem: MEM, console: (line) => console.push(line) });
	try {
		const log = parse_log(text);
		const arg: Arg = { log, prctls: prctls(log.kernel), validate };
		return (await machine.run({ cpu: 0, module: await module, fn: "main", arg })) as Outcome;
	} catch (error) {
		throw new Error([...console, (error as Error).message].join("\n"));
	} finally {
		await machine.shutdown();
	}
}

/** The difference as a person wants to read it, or nothing. */
export function report({ difference, leaks }: Outcome): string | undefined {
	if (difference) {
		const { step, what } = difference;
		const args = step.args.map((a) => (a < 0 ? `-${(-a).toString(16)}` : a.toString(16))).join(" ");
		return `line ${step.at}: task ${step.task}: ${step.name} ${args} ${what}`;
	}
	if (leaks.length) return `leaks: ${leaks.join(", ")}`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
	const [first = 1, last = first, steps = 300] = process.argv.slice(2).map(Number);
	const keep = process.env.KEEP ?? mkdtempSync(join(tmpdir(), "spf-logs-"));
	mkdirSync(keep, { recursive: true });
	const vmlinux = process.env.VMLINUX ?? (await objtree({ name: "kunit-debug", fragments: KUNIT_CONFIGS.debug }));
	const program = await compile(keep);
	let total = 0;
	for (let seed = first; seed <= last; seed++) {
		const file = join(keep, `${seed}.log`);
		if (!process.env.AGAIN) writeFileSync(file, await record(program, seed, steps));
		let wrong: string | undefined;
		try {
			const outcome = await replay(vmlinux, readFileSync(file, "utf8"), !process.env.VMLINUX);
			total += outcome.steps;
			wrong = report(outcome);
		} catch (error) {
			wrong = (error as Error).message;
		}
		if (wrong) {
			console.log(`${file}: ${wrong}`);
			process.exitCode = 1;
		}
	}
	console.log(`${total} steps equal`);
}
