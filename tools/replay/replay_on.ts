// SPDX-License-Identifier: GPL-2.0-only
/** A recording on a machine that is being booted: replays it as often as asked, and says what came out. */
import { resolve } from "node:path";
import { SingleBar } from "cli-progress";
import { at_end } from "../../scripts/lib/at_end.ts";
import { geometry } from "../../scripts/lib/guest.ts";
import type { OutputFile } from "../../scripts/lib/output_file.ts";
import { check_proc, proc_text } from "../lib/proc.ts";
import { format_of, tell_lost, write_trace } from "../trace/output.ts";
import { type TraceOptions, Tracing } from "../trace/session.ts";
import { buffer_size } from "../trace/trace.ts";
import { fit_to } from "./fit.ts";
import { lock_waits } from "./lock_waits.ts";
import type { Kernel, Replayer } from "./machine.ts";
import { make_plan } from "./plan.ts";
import { fresh, type Plan } from "./plan_format.ts";
import { is_clean, make_report, print_text, type Report } from "./report.ts";
import { load_trace } from "./trace.ts";

export interface Asked {
	kernel: Kernel;
	cpus: number;
	/** On one CPU, in the recorded order. */
	check: boolean;
	repeat: number;
	/** Files of /proc to print. */
	proc: string[];
	/** Where the trace goes. */
	trace?: { file: OutputFile; path: string };
	locks: boolean;
	json: boolean;
	maps: boolean;
}

/** What is to be traced; and tasks are named as the recording is. */
function trace_options(directory: string, events: string): TraceOptions {
	return { events: [events], buffer_kb: buffer_size(undefined), program: resolve(directory) };
}

/** The result is the exit status. */
export async function replay_on(booting: Promise<Replayer>, directory: string, asked: Asked): Promise<number> {
	const { kernel, cpus, check, repeat, proc, locks } = asked;
	let report: Report | undefined;
	let bar: SingleBar | undefined;
	let tracing: Tracing | undefined;
	try {
		const trace = fit_to(load_trace(directory), await geometry(kernel.vmlinux));
		const replayer = await booting;
		/* First: its buffers count as what was there before. */
		const events = asked.trace ? "*" : locks ? "mmap_lock:*" : undefined;
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
				cpus,
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
			if (asked.trace) await write_trace(recorded, format_of(asked.trace.path), asked.trace.file);
			if (locks) report.locks = lock_waits(trace, last, recorded.events, performance.timeOrigin);
		}
		if (asked.json) process.stdout.write(`${JSON.stringify(report, null, "\t")}\n`);
		else {
			if (asked.maps) process.stdout.write(report.maps_text);
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
	} finally {
		bar?.stop();
		tracing?.end();
	}
}
