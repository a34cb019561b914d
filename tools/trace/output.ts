// SPDX-License-Identifier: GPL-2.0-only
/** Writes a trace in one of the formats, to a file or to the standard output. */
import { once } from "node:events";
import type { OutputFile } from "../../scripts/lib/output_file.ts";
import { trace_dat } from "./dat.ts";
import { ftrace_lines } from "./ftrace.ts";
import { hist_lines } from "./hist.ts";
import { perfetto_lines } from "./perfetto.ts";
import type { Trace } from "./recorded.ts";

export const FORMATS = ["ftrace", "perfetto", "hist", "dat"] as const;
export type FormatName = (typeof FORMATS)[number];

const LINES: Record<Exclude<FormatName, "dat">, (trace: Trace) => Iterable<string>> = {
	ftrace: ftrace_lines,
	perfetto: perfetto_lines,
	hist: hist_lines,
};

/** What a file is to be, by its name. */
export function format_of(file: string): FormatName {
	return file.endsWith(".json") ? "perfetto" : file.endsWith(".dat") ? "dat" : "ftrace";
}

const CHUNK = 1 << 16;

/** In pieces that are worth a write. */
function* chunks(trace: Trace, format: FormatName): Generator<string | Buffer> {
	if (format === "dat") {
		yield trace_dat(trace);
		return;
	}
	let text = "";
	for (const line of LINES[format](trace)) {
		text += `${line}\n`;
		if (text.length < CHUNK) continue;
		yield text;
		text = "";
	}
	yield text;
}

/** Without a file: to the standard output. */
export async function write_trace(trace: Trace, format: FormatName, file?: OutputFile): Promise<void> {
	for (const chunk of chunks(trace, format)) {
		if (file) file.write(chunk);
		else if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
	}
	file?.finish();
}

/** What does not fit was overwritten: how much, and what to do. */
export function tell_lost({ buffers }: Trace): void {
	for (const [cpu, { overrun }] of buffers.entries())
		if (overrun > 0)
			process.stderr.write(
				`spf: CPU ${cpu}: ${overrun} events were overwritten; take larger buffers with -b\n`,
			);
}
