// SPDX-License-Identifier: GPL-2.0-only
/**
 * Page faults as `perf script -F comm,pid,tid,time,event,addr` prints them:
 *
 *            java 10066/10255 1795212507.999092: page-faults:     7fff7c0
 *
 * The name of the command may hold spaces and even slashes and colons; the
 * rest cannot, so a line is read from its end.
 */
import { at, lines_of, parse_time } from "../lib/errors.ts";

export interface Fault {
	/** Name of the thread at that moment: an execve changes it. */
	comm: string;
	pid: number;
	tid: number;
	/** Microseconds. */
	time: number;
	address: number;
	line: number;
}

const LINE = /^\s*(.*?)\s+(\d+)\/(\d+)\s+(\d+\.\d+):\s+page-faults(?::\w+)?:\s+([0-9a-f]{1,16})\s*$/;

export function parse_faults(text: string, file: string): Fault[] {
	const faults: Fault[] = [];
	lines_of(text).forEach((line, index) => {
		/* perf separates samples with empty lines when it prints call chains. */
		if (line.trim() === "" || line.startsWith("#")) return;
		const match = LINE.exec(line);
		const time = match && parse_time(match[4]);
		if (!match || time === undefined || time === null)
			throw at(
				file,
				index + 1,
				`not a page fault as 'perf script -F comm,pid,tid,time,event,addr' prints it: '${line.trim().slice(0, 60)}'`,
			);
		faults.push({
			comm: match[1],
			pid: Number(match[2]),
			tid: Number(match[3]),
			time,
			address: Number.parseInt(match[5], 16),
			line: index + 1,
		});
	});
	return faults;
}
