// SPDX-License-Identifier: GPL-2.0-only
/** What perf has recorded, as faults.txt: the program's faults only, in the time that strace tells. */
import { run } from "../../scripts/lib/child.ts";
import { write_file } from "../../scripts/lib/files.ts";
import { UserError } from "../lib/errors.ts";
import { first_line } from "./tools.ts";

/** `# reference time: … = 1795946567.584928 (TOD) = 61142.240734651 (monotonic)` */
const REFERENCE = /^# reference time: .* = (\d+)\.(\d{6}) \(TOD\) = (\d+)\.(\d{9}) \(monotonic\)/m;
const LINE = /^(\s*.*?\s+\d+\/(\d+)\s+)(\d+)\.(\d{9})(:\s+\S+:.*)$/;
const NS = 1_000_000_000n;

export interface Faults {
	/** Events that perf could not keep up with. */
	lost: number;
}

/** Takes the faults of the threads `pids` out of perf's file. */
export async function write_faults(
	perf: string,
	data: string,
	path: string,
	{ traced, pids }: { traced: boolean; pids: Set<number> },
): Promise<Faults> {
	const script = async (...args: string[]) => {
		const { status, stdout, stderr } = await run([perf, "script", "-i", data, ...args]);
		if (status !== 0) throw new UserError(`perf script: ${first_line(stderr) ?? `exit code ${status}`}`);
		return stdout;
	};
	const fields = `comm,pid,tid,time,event,${traced ? "trace" : "addr"}`;
	const shift = traced ? reference(await script("--header-only")) : 0n;
	const text = await script("--ns", "--show-lost-events", "-F", fields);
	const own: string[] = [];
	let lost = 0;
	for (const line of text.split("\n")) {
		const losing = /PERF_RECORD_LOST(?:_SAMPLES)?\b.*?lost (\d+)/.exec(line);
		if (losing) lost += Number(losing[1]);
		const match = LINE.exec(line);
		if (!match || !pids.has(Number(match[2]))) continue;
		const ns = BigInt(match[3]) * NS + BigInt(match[4]) + shift;
		const microseconds = String((ns % NS) / 1000n).padStart(6, "0");
		own.push(`${match[1]}${ns / NS}.${microseconds}${match[5].trimEnd()}\n`);
	}
	write_file(path, own.join(""));
	return { lost };
}

/** What is to be added to the monotonic clock. */
function reference(header: string): bigint {
	const match = REFERENCE.exec(header);
	if (!match) throw new UserError("perf: it does not say what time it was; perf 5.8 or newer is needed");
	return BigInt(match[1]) * NS + BigInt(match[2]) * 1000n - (BigInt(match[3]) * NS + BigInt(match[4]));
}
