// SPDX-License-Identifier: GPL-2.0-only
/** Lines of /proc/PID/maps: read from a recording, or printed by the kernel. */
import { at, lines_of } from "../lib/errors.ts";
import { PAGE_SIZE } from "./abi.ts";

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
	/** Where it is recorded. */
	vm?: VmFlags;
}

/** What /proc/PID/smaps says beyond. */
export interface VmFlags {
	/** Words such as `rd`, `lo`. */
	flags: Set<string>;
	/** Memory that is no longer the file's, or never was, in KiB. */
	anonymous: number;
}

const LINE =
	/^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-][w-][x-][ps]) ([0-9a-f]{1,16}) ([0-9a-f]+:[0-9a-f]+) (\d+)(?: +(.*))?$/s;

/** Lines of /proc/PID/smaps below it. */
const FIELD = /^(VmFlags|Anonymous):((?: +\S+)*) *$/;

/** The page that every process on x86-64 has above all user addresses. It is
 *  the architecture's and in no mm: numbers this large are not exact doubles. */
export const VSYSCALL = "[vsyscall]";

/** What the recorder says of maps that it copied, in a line of its own above them. */
export interface Mark {
	/** The line of strace.txt up to which all calls had taken effect. */
	line: number;
	/** Where the heap began and how far it reached. */
	start_brk?: number;
	brk?: number;
	/** The threads that the process had when strace was attached to it, and when that was, in microseconds. */
	threads: number[];
	time?: number;
}

/** The maps after a mark, or all of a file. */
export interface MarkedMaps {
	mark?: Mark;
	lines: MapsLine[];
}

const MARK = /^# strace\.txt:(\d{1,9})((?: \w+=[0-9a-fx,]+)*)$/;

export function write_mark({ line, start_brk, brk, threads, time }: Mark): string {
	const heap =
		start_brk === undefined
			? ""
			: ` start_brk=0x${start_brk.toString(16)} brk=0x${(brk ?? 0).toString(16)}`;
	const attached = threads.length > 0 ? ` threads=${threads.join(",")} time=${time ?? 0}` : "";
	return `# strace.txt:${line}${heap}${attached}\n`;
}

function parse_mark(line: string, file: string, number: number): Mark {
	const match = MARK.exec(line);
	if (!match) throw at(file, number, `not a mark of the recorder: '${line.slice(0, 60)}'`);
	const values = new Map(
		match[2]
			.split(" ")
			.filter((word) => word !== "")
			.map((word) => word.split("=") as [string, string]),
	);
	const value = (name: string) => (values.has(name) ? Number(values.get(name)) : undefined);
	return {
		line: Number(match[1]),
		start_brk: value("start_brk"),
		brk: value("brk"),
		time: value("time"),
		threads: (values.get("threads") ?? "")
			.split(",")
			.filter((pid) => pid !== "")
			.map(Number),
	};
}

/** A file with maps of several moments, each below its mark. */
export function parse_marked_maps(text: string, file: string): MarkedMaps[] {
	const result: MarkedMaps[] = [];
	let from = 0;
	const lines = lines_of(text);
	for (let to = 1; to <= lines.length; to++) {
		if (to < lines.length && !lines[to].startsWith("#")) continue;
		const mark = lines[from].startsWith("#") ? parse_mark(lines[from], file, from + 1) : undefined;
		const first = mark ? from + 1 : from;
		result.push({ mark, lines: parse_lines(lines.slice(first, to), file, first) });
		from = to;
	}
	return result;
}

export function parse_maps(text: string, file: string): MapsLine[] {
	return parse_lines(lines_of(text), file, 0);
}

/** `before`: how many lines of the file are above. */
function parse_lines(lines: string[], file: string, before: number): MapsLine[] {
	const result: MapsLine[] = [];
	lines.forEach((line, n) => {
		const index = before + n;
		const last = result.at(-1);
		const field = FIELD.exec(line);
		if (field && last) {
			last.vm ??= { flags: new Set(), anonymous: 0 };
			const words = field[2].split(" ").filter((word) => word !== "");
			if (field[1] === "VmFlags") last.vm.flags = new Set(words);
			else last.vm.anonymous = Number.parseInt(words[0], 10) || 0;
			return;
		}
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
		if (parsed.start % PAGE_SIZE !== 0 || parsed.end % PAGE_SIZE !== 0)
			throw at(file, index + 1, `the range is not one of pages: ${start}-${end}`);
		if (parsed.start >= parsed.end)
			throw at(file, index + 1, `the range ends before it starts: ${start}-${end}`);
		if (last && last.end > parsed.start)
			throw at(file, index + 1, `the range overlaps the one of line ${last.line}`);
		result.push(parsed);
	});
	return result;
}
