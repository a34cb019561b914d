// SPDX-License-Identifier: GPL-2.0-only
/** A recording on a machine that is being booted: replays it as often as asked, and says what came out. */
import { resolve } from "node:path";
import type { SingleBar } from "cli-progress";
import { at_end } from "../../scripts/lib/at_end.ts";
import { geometry } from "../../scripts/lib/guest.ts";
import type { OutputFile } from "../../scripts/lib/output_file.ts";
import { check_proc, proc_text } from "../lib/proc.ts";
import type { TraceOptions, Tracing } from "../trace/session.ts";
import { fit_to } from "./fit.ts";
import type { Kernel, Replayer } from "./machine.ts";
import { make_plan } from "./plan.ts";
import { fresh, type Plan } from "./plan_format.ts";
import type { Report } from "./report.ts";
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

/** Of those events; and tasks are named as the recording is. */
async function start_tracing(replayer: Replayer, directory: string, events: string): Promise<Tracing> {
	const { buffer_size } = await import("../trace/trace.ts");
	const { Tracing } = await import("../trace/session.ts");
	const options: TraceOptions = {
		events: [events],
		buffer_kb: buffer_size(undefined),
		program: resolve(directory),
	};
	return Tracing.start(replayer.machine, options);
}

async function progress_bar(): Promise<SingleBar | undefined> {
	if (!process.stderr.isTTY) return undefined;
	const { SingleBar } = await import("cli-progress");
	return new SingleBar({
		format: "replay [{bar}] {value}/{total}",
		stopOnComplete: true,
		clearOnComplete: true,
		stream: process.stderr,
	});
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
		if (events) tracing = await start_tracing(replayer, directory, events);
		let clean = 0;
		let last: Plan | undefined;
		const whole = make_plan(trace, check);
		for (let n = 0; n < repeat; n++) {
			const plan = repeat === 1 ? whole : fresh(whole);
			bar = await progress_bar();
			const release = at_end(() => bar?.stop());
			bar?.start(plan.count, 0);
			last = plan;
			/* What tells of a check is loaded while it runs; where time is measured, before. */
			const telling = import("./report.ts");
			if (!check) await telling;
			const [outcome, { is_clean, make_report }] = await Promise.all([
				replayer.run(plan, (done) => bar?.update(done)),
				telling,
			]);
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
			const { format_of, tell_lost, write_trace } = await import("../trace/output.ts");
			const { lock_waits } = await import("./lock_waits.ts");
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
			process.stdout.write((await import("./report.ts")).print_text(report));
		}
		return clean === repeat ? 0 : 1;
	} finally {
		bar?.stop();
		tracing?.end();
	}
}
