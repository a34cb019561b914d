// SPDX-License-Identifier: GPL-2.0-only
/** Lines of /proc/PID/maps: read from a recording, or printed by the kernel. */
import { at, lines_of } from "../lib/errors.ts";

export interface MapsLine {
	start: number;
	end: number;
	/** Four letters, such as `rw-p`. */
	permissions: string;
	/** In bytes. */
	offset: number;
	/** `major:minor` in hexadecimal. */
	device: string;
	inode: number;
	/** Path, `[heap]` and the like, or nothing. */
	name: string;
	/** The line as it stood. */
	text: string;
	line: number;
}

const LINE =
	/^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-][w-][x-][ps]) ([0-9a-f]{1,16}) ([0-9a-f]+:[0-9a-f]+) (\d+)(?: +(.*))?$/;

/** The page that every process on x86-64 has above all user addresses. It is
 *  the architecture's and in no mm: numbers this large are not exact doubles. */
export const VSYSCALL = "[vsyscall]";

export function parse_maps(text: string, file: string): MapsLine[] {
	const result: MapsLine[] = [];
	lines_of(text).forEach((line, index) => {
		const match = LINE.exec(line);
		if (!match)
			throw at(
				file,
				index + 1,
				`not a line of /proc/PID/maps: '${line.slice(0, 60)}'; record the program again`,
			);
		const [, start, end, permissions, offset, device, inode, name = ""] = match;
		const parsed: MapsLine = {
			start: Number.parseInt(start, 16),
			end: Number.parseInt(end, 16),
			permissions,
			offset: Number.parseInt(offset, 16),
			device,
			inode: Number(inode),
			name,
			text: line,
			line: index + 1,
		};
		if (parsed.start >= parsed.end)
			throw at(file, index + 1, `the range ends before it starts: ${start}-${end}`);
		const previous = result[result.length - 1];
		if (previous && previous.end > parsed.start)
			throw at(file, index + 1, `the range overlaps the one of line ${previous.line}`);
		result.push(parsed);
	});
	return result;
}
