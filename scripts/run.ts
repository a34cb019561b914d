// SPDX-License-Identifier: GPL-2.0-only
/**
 * `make run`: builds the kernel with speculative page faults on and off, checks
 * that both do to the project's own sample what the real kernel did, then
 * replays it in parallel on both in turn and prints the two side by side; and
 * then faults beside writers of several kinds, where the difference is made.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { fit_to } from "../tools/replay/fit.ts";
import { boot, find_kernel, type Kernel, type Replayer } from "../tools/replay/machine.ts";
import { make_plan } from "../tools/replay/plan.ts";
import { is_clean, last_line, make_report, print_text, type Report } from "../tools/replay/report.ts";
import { Machine } from "../arch/host/threads/machine.ts";
import { BESIDE_CPUS, beside_table, beside_writers } from "./lib/beside.ts";
import { load_trace, type Trace } from "../tools/replay/trace.ts";
import { command } from "./lib/command.ts";
import { geometry } from "./lib/guest.ts";
import { program } from "./lib/program.ts";
import { here } from "./lib/root.ts";
import { arch_asked, objtree } from "./lib/objtree.ts";

/** Replays before the ones that count: until the kernel's code is compiled. */
const WARM_UP = 15;
const ROUNDS = 15;
const BESIDE_ROUNDS = 7;
const cpus = Math.max(2, Math.min(4, availableParallelism()));
async function replay(trace: Trace, replayer: Replayer, used: number, kernel: Kernel): Promise<Report> {
	const plan = make_plan(trace);
	const outcome = await replayer.run(plan);
	const report = make_report(trace, plan, outcome, {
		cpus: used,
		check: used === 1,
		speculative: kernel.spf,
		arch: kernel.arch,
	});
	if (!is_clean(report)) {
		process.stdout.write(print_text(report));
		process.exitCode = 1;
	}
	return report;
}

async function main(): Promise<void> {
	command("run", "Replays the sample with the feature on and off, side by side.").parse();
	const arch = arch_asked();
	const tell = (text: string) => void process.stdout.write(text);
	const kernels = [
		{ name: "on", kernel: find_kernel(await objtree({ name: "default", arch, tell })) },
		{
			name: "off",
			kernel: find_kernel(await objtree({ name: "nospf", fragments: ["nospf.config"], arch, tell })),
		},
	];

	const recorded = load_trace(join(here(), "tools/replay/sample"));
	const trace = fit_to(recorded, await geometry(kernels[0].kernel.vmlinux));
	console.log(`\nsample: ${trace.command} (recorded on Linux ${trace.kernel})`);
	for (const { name, kernel } of kernels) {
		const replayer = await boot({ kernel, cpus: 1, mem: kernel.mem, check: true });
		const report = await replay(trace, replayer, 1, kernel);
		await replayer.shutdown();
		console.log(`--check, speculation ${name}: ${last_line(report)}`);
	}

	/* In turn, so that a busy moment of this machine hits both. */
	const reports: Report[][] = [[], []];
	const replayers = await Promise.all(
		kernels.map(({ kernel }) => boot({ kernel, cpus, mem: kernel.mem, check: false })),
	);
	for (let round = 0; round < WARM_UP + ROUNDS; round++)
		for (const [i, { kernel }] of kernels.entries()) {
			const report = await replay(trace, replayers[i], cpus, kernel);
			if (round >= WARM_UP) reports[i].push(report);
		}
	await Promise.all(replayers.map((r) => r.shutdown()));

	const median = (i: number, of: (r: Report) => number) => {
		const sorted = reports[i].map(of).sort((a, b) => a - b);
		return sorted[sorted.length >> 1];
	};
	const rows: [string, (r: Report) => number, number][] = [
		["faults", (r) => r.faults.count, 0],
		["faults/s", (r) => r.faults.per_second, 0],
		["elapsed ms", (r) => r.elapsed_ns / 1e6, 1],
		["fault latency us, mean", (r) => r.faults.latency.mean_ns / 1e3, 1],
		["fault latency us, p50", (r) => r.faults.latency.p50_ns / 1e3, 1],
		["fault latency us, p99", (r) => r.faults.latency.p99_ns / 1e3, 1],
		["waits to read mmap_lock", (r) => r.mmap_lock_wait.reads, 0],
		["waited to read mmap_lock, ms", (r) => r.mmap_lock_wait.read_ns / 1e6, 2],
		["waited to write mmap_lock, ms", (r) => r.mmap_lock_wait.write_ns / 1e6, 2],
		["spf_attempt", (r) => r.vmstat.spf_attempt ?? 0, 0],
		["spf_abort", (r) => r.vmstat.spf_abort ?? 0, 0],
	];
	const table = new Table({
		head: [`${cpus} CPUs`, "speculation on", "off"],
		colAligns: ["left", "right", "right"],
		style: { head: [], border: [], compact: true },
	});
	for (const [label, of, digits] of rows)
		table.push([label, median(0, of).toFixed(digits), median(1, of).toFixed(digits)]);
	console.log(`\nreplayed in parallel, medians of ${ROUNDS} replays after ${WARM_UP} to warm up:\n${table}`);

	const waits = median(1, (r) => r.mmap_lock_wait.reads);
	const faults = median(1, (r) => r.faults.count);
	console.log(`Without speculation ${waits} of the ${faults} faults waited for mmap_lock. A fault that need not
wait gains little by speculation: it is spared the lock's atomic operations, but copies the vma and
compares mmap_seq again and again.`);
	const [on, off] = await Promise.all(
		kernels.map(({ kernel }) => Machine.boot({ vmlinux: kernel.vmlinux, cpus: BESIDE_CPUS, mem: 256 })),
	);
	const beside = await beside_writers(on, off, kernels[0].kernel.vmlinux, BESIDE_ROUNDS);
	await Promise.all([on.shutdown(), off.shutdown()]);
	const cores = availableParallelism();
	const said = `medians of ${BESIDE_ROUNDS} rounds, ${cores} cores`;
	console.log(`\none thread's faults beside others of its process, ${said}:
${beside_table(beside)}
off/on above 1: faster with speculation. In the last two rows one thread holds mmap_lock for reading
while another waits to write: a fault has to queue behind that one, and a speculative one has not.
But while a writer is inside, as mprotect is for long, mmap_seq is odd: then a speculative fault
gives up and waits, too.`);
}

await program("run", main);
