// SPDX-License-Identifier: GPL-2.0-only
/** `spf replay`: boots the kernel, replays a recording on it, and says what came out. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { setImmediate as immediate } from "node:timers/promises";
import { SingleBar } from "cli-progress";
import { geometry } from "../../scripts/lib/guest.ts";
import { arch_asked, objtree, outdated } from "../../scripts/lib/objtree.ts";
import { open_output } from "../../scripts/lib/output_file.ts";
import { KernelPanic } from "../../arch/host/threads/machine.ts";
import { UserError } from "../lib/errors.ts";
import { at_end } from "../../scripts/lib/at_end.ts";
import { output_dir } from "../lib/root.ts";
import type { ReplayOptions } from "./index.ts";
import { fit_to } from "./fit.ts";
import { boot, default_cpus, find_kernel } from "./machine.ts";
import { whole_number } from "../lib/options.ts";
import { check_proc, proc_names, proc_text } from "../lib/proc.ts";
import { lock_waits } from "./lock_waits.ts";
import { fresh, make_plan } from "./plan.ts";
import type { Plan } from "./plan_format.ts";
import { is_clean, make_report, print_text, type Report } from "./report.ts";
import { format_of, tell_lost, write_trace } from "../trace/output.ts";
import { type TraceOptions, Tracing } from "../trace/session.ts";
import { buffer_size, tracing_kernel } from "../trace/trace.ts";
import { load_trace } from "./trace.ts";

/** The kernel of this tree; where none was configured and built, the default one. */
export async function default_kernel(): Promise<string> {
	const built = join(output_dir(), "vmlinux.mjs");
	if (!existsSync(built)) return objtree({ name: "default", arch: arch_asked() });
	if (outdated(built)) process.stderr.write(`spf: ${built} is older than its sources; run 'make'\n`);
	return built;
}

/** What is to be traced; and tasks are named as the recording is. */
function trace_options(directory: string, events: string): TraceOptions {
	return { events: [events], buffer_kb: buffer_size(undefined), program: resolve(directory) };
}

export async function replay(directory: string, options: ReplayOptions): Promise<number> {
	const proc = proc_names(options.proc);
	const { locks = false, warm = false } = options;
	if (warm && (locks || options.trace))
		throw new UserError("--warm: a trace would have the replay before, too; leave out one of the two");
	if (locks && options.check)
		throw new UserError("--check --locks: on one CPU nobody waits; leave out one of the two");
	const kernel =
		options.trace || locks
			? await tracing_kernel(options.vmlinux)
			: find_kernel(options.vmlinux ? resolve(options.vmlinux) : await default_kernel());
	const cpus =
		whole_number("--cpus", options.cpus, { most: kernel.nr_cpus, why: "CONFIG_NR_CPUS of this kernel" }) ??
		default_cpus(kernel);
	const mem =
		whole_number("--mem", options.mem, { most: kernel.max_mem, why: "more cannot be addressed" }) ??
		kernel.mem;
	const check = options.check ?? false;
	if (check && options.cpus !== undefined && cpus !== 1)
		throw new UserError("--check --cpus: a check runs on one CPU; leave out one of the two");

	const repeat = whole_number("--repeat", options.repeat) ?? 1;

	const sizes = await geometry(kernel.vmlinux);
	const used = check ? 1 : cpus;
	let report: Report | undefined;
	let bar: SingleBar | undefined;
	let tracing: Tracing | undefined;
	const file = options.trace ? open_output(options.trace) : undefined;
	/* The CPUs start while the recording is read. */
	const booting = boot({ kernel, cpus: used, mem, check, proc, warm });
	booting.catch(() => {});
	try {
		await immediate();
		const trace = fit_to(load_trace(directory), sizes);
		const replayer = await booting;
		/* First: its buffers count as what was there before. */
		const events = options.trace ? "*" : locks ? "mmap_lock:*" : undefined;
		if (events) tracing = await Tracing.start(replayer.machine, trace_options(directory, events));
		let clean = 0;
		let last: Plan | undefined;
		const whole = make_plan(trace, check);
		for (let n = 0; n < repeat; n++) {
			const plan = repeat === 1 ? whole : fresh(whole);
			bar = process.stderr.isTTY
				? new SingleBar({
						format: "replay [{bar}] {value}/{total}",
						stopOnComplete: true,
						clearOnComplete: true,
						stream: process.stderr,
					})
				: undefined;
			const release = at_end(() => bar?.stop());
			bar?.start(plan.count, 0);
			last = plan;
			const outcome = await replayer.run(plan, (done) => bar?.update(done));
			bar?.stop();
			release();
			check_proc(proc, outcome.proc);
			const next = make_report(trace, plan, outcome, {
				cpus: used,
				check,
				speculative: kernel.spf,
				arch: kernel.arch,
			});
			if (is_clean(next)) clean++;
			/* What went wrong is worth more than that the next one did not. */
			if (report === undefined || is_clean(report) || !is_clean(next)) report = next;
		}
		if (!report || !last) throw new Error("nothing was replayed");
		if (tracing) {
			const recorded = await tracing.stop();
			tell_lost(recorded);
			if (options.trace) await write_trace(recorded, format_of(options.trace), file);
			if (locks) report.locks = lock_waits(trace, last, recorded.events, performance.timeOrigin);
		}
		if (options.json) process.stdout.write(`${JSON.stringify(report, null, "\t")}\n`);
		else {
			if (options.maps) process.stdout.write(report.maps_text);
			if (proc.length > 0) process.stdout.write(`${proc_text(report.proc)}\n`);
			if (repeat > 1)
				process.stdout.write(
					`${clean}/${repeat} replays came out as recorded` +
						`${report.results.named > 0 ? ", or by a named rule" : ""}; ` +
						`of the last ${clean === repeat ? "one" : "that did not"}:\n`,
				);
			process.stdout.write(print_text(report));
		}
		return clean === repeat ? 0 : 1;
	} catch (error) {
		bar?.stop();
		if (!(error instanceof KernelPanic)) throw error;
		process.stderr.write(`${error.message}\n${error.where}\n`);
		return 1;
	} finally {
		tracing?.end();
		file?.drop();
		await booting.then(
			(replayer) => replayer.shutdown(),
			() => {},
		);
	}
}
