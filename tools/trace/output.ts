// SPDX-License-Identifier: GPL-2.0-only
/** Writes a trace in one of the formats, to a file or to the standard output. */
import { closeSync, openSync, writeSync } from "node:fs";
import { once } from "node:events";
import { reason, UserError } from "../../scripts/lib/errors.ts";
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

/** A file that can be written to; a mistake is found before a machine has run. */
export function open_output(file: string): number {
	try {
		return openSync(file, "w");
	} catch (error) {
		throw new UserError(`${file}: cannot be written: ${reason(error)}`);
	}
}

/** Without a descriptor: to the standard output. */
export async function write_trace(trace: Trace, format: FormatName, fd?: number): Promise<void> {
	for (const chunk of chunks(trace, format)) {
		if (fd !== undefined) {
			const bytes = Buffer.from(chunk as string);
			for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
		} else if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
	}
	if (fd !== undefined) closeSync(fd);
}

/** What does not fit was overwritten: how much, and what to do. */
export function tell_lost({ buffers }: Trace): void {
	for (const [cpu, { overrun }] of buffers.entries())
		if (overrun > 0)
			process.stderr.write(
				`spf: CPU ${cpu}: ${overrun} events were overwritten; take larger buffers with -b\n`,
			);
}
