// SPDX-License-Identifier: GPL-2.0-only
/** `spf trace`: what happens at the trace points while something runs. */
import { objtree } from "../../scripts/lib/objtree.ts";
import { open_output } from "../../scripts/lib/output_file.ts";
import { UserError } from "../lib/errors.ts";
import { one_of, whole_number } from "../lib/options.ts";
import { with_room } from "../lib/ram.ts";
import { type SubjectOptions, subject_kernel, with_subject } from "../observe/subject.ts";
import type { Kernel } from "../replay/machine.ts";
import type { TraceCommand } from "./index.ts";
import { FORMATS, format_of, tell_lost, write_trace } from "./output.ts";
import { Tracing } from "./session.ts";

const BUFFER_KB = 1024;
const LEAST_KB = 8;
const MOST_KB = 4096;

/** A kernel with trace points: of this tree, unless one is named. */
export async function tracing_kernel({ vmlinux, mem }: SubjectOptions): Promise<Kernel> {
	const tree = with_room({ name: "tracing", fragments: ["tracing.config"] }, mem);
	const kernel = await subject_kernel(vmlinux, () => objtree(tree));
	if (!kernel.tracing)
		throw new UserError(
			`${kernel.vmlinux}: has no trace points; build one with 'make tracing.config' and 'make'`,
		);
	return kernel;
}

export function buffer_size(text: string | undefined): number {
	const kb = whole_number("-b", text, { least: LEAST_KB, most: MOST_KB }) ?? BUFFER_KB;
	/* As many pages as a block of the kernel's allocator has. */
	return 2 ** Math.ceil(Math.log2(kb));
}

export async function trace(what: string, options: TraceCommand): Promise<number> {
	const buffer_kb = buffer_size(options.bufferSize);
	const format =
		one_of("--format", options.format, FORMATS) ?? (options.output ? format_of(options.output) : "ftrace");
	if (format === "dat" && !options.output && process.stdout.isTTY)
		throw new UserError("--format dat: is not for a terminal; name a file with -o");
	const kernel = await tracing_kernel(options);
	const file = options.output ? open_output(options.output) : undefined;
	const done = with_subject(what, kernel, options, async (subject) => {
		const events = options.event ?? ["*"];
		const tracing = await Tracing.start(subject.machine, { events, buffer_kb, program: subject.name });
		try {
			const { wrong } = await subject.once();
			const recorded = await tracing.stop();
			tell_lost(recorded);
			await write_trace(recorded, format, file);
			for (const line of wrong) process.stderr.write(`spf: ${line}\n`);
			return wrong.length > 0 ? 1 : 0;
		} finally {
			tracing.end();
		}
	});
	return done.finally(() => file?.drop());
}
