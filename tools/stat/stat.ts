// SPDX-License-Identifier: GPL-2.0-only
/** `spf stat`: counts page faults of what it runs, by the kernel's own counters. */
import { objtree } from "../../scripts/lib/objtree.ts";
import { open_output } from "../../scripts/lib/output_file.ts";
import { UserError } from "../lib/errors.ts";
import { whole_number } from "../lib/options.ts";
import { with_room } from "../lib/ram.ts";
import { subject_kernel, type Subject, with_subject } from "../observe/subject.ts";
import type { Kernel } from "../replay/machine.ts";
import { default_events, events_of, type StatEvent } from "./events.ts";
import { csv_lines, type Measured, stat_lines } from "./format.ts";
import type { StatCommand } from "./index.ts";
import { mean } from "./numbers.ts";

async function stat_kernel({ vmlinux, off, mem }: StatCommand): Promise<Kernel> {
	const tree = off ? { name: "nospf", fragments: ["nospf.config"] } : { name: "default" };
	const kernel = await subject_kernel(vmlinux, () => objtree(with_room(tree, mem)));
	if (!kernel.perf)
		throw new UserError(`${kernel.vmlinux}: cannot count events; build it with CONFIG_PERF_EVENTS`);
	return kernel;
}

/** Runs it so many times; what went wrong in one of them ends it. */
async function measure(
	subject: Subject,
	events: StatEvent[],
	repeat: number,
): Promise<{ measured: Measured; wrong: string[] }> {
	const elapsed_ns: number[] = [];
	const times: number[] = [];
	const values: number[][] = events.map(() => []);
	let wrong: string[] = [];
	for (let n = 0; n < repeat && wrong.length === 0; n++) {
		const once = await subject.once(events.map((event) => event.config));
		if (!once.counts) throw new Error("nothing was counted");
		elapsed_ns.push(once.elapsed_ns);
		times.push(once.counts.time_ns);
		for (const [i, value] of once.counts.values.entries()) values[i].push(value);
		wrong = once.wrong;
	}
	const rows = events.map(({ name }, i) => ({ name, values: values[i] }));
	return { measured: { name: subject.name, events: rows, elapsed_ns, time_ns: mean(times) }, wrong };
}

export async function stat(what: string, options: StatCommand): Promise<number> {
	const events = options.event ? events_of(options.event) : default_events();
	const repeat = whole_number("-r", options.repeat) ?? 1;
	if (options.off && options.vmlinux)
		throw new UserError("--off --vmlinux: a kernel that is named is what it is");
	const kernel = await stat_kernel(options);
	const file = options.output ? open_output(options.output) : undefined;
	const done = with_subject(what, kernel, options, async (subject) => {
		const { measured, wrong } = await measure(subject, events, repeat);
		const separator = options.fieldSeparator;
		const lines = separator === undefined ? stat_lines(measured) : csv_lines(measured, separator);
		const text = [...lines].map((line) => `${line}\n`).join("");
		if (file) {
			file.write(text);
			file.finish();
		} else process.stderr.write(text);
		for (const line of wrong) process.stderr.write(`spf: ${line}\n`);
		return wrong.length > 0 ? 1 : 0;
	});
	return done.finally(() => file?.drop());
}
