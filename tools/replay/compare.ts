// SPDX-License-Identifier: GPL-2.0-only
/**
 * The maps that the kernel shows at the end against maps.final, line for line.
 * Range, permissions and offset decide. Names, devices and inode numbers are
 * information: the replayed kernel has no directories, and says [heap] and
 * [stack] by rules of its own version.
 */
import { type MapsLine, VSYSCALL } from "./maps.ts";
import type { TracedFile } from "./trace.ts";

export interface MapsDifference {
	/** What the recording has there, and what the replay has; one may be absent. */
	recorded?: MapsLine;
	replayed?: MapsLine;
}

export interface MapsResult {
	equal: number;
	total: number;
	differences: MapsDifference[];
	/** Mappings are only split at other places, and this is why. */
	rule?: string;
	/** Is there nothing to compare with? */
	unknown?: boolean;
	/** The line of strace.txt at which they were read, if the program has changed them since. */
	at_line?: number;
	/** Is the recording's [vsyscall] not compared, as the kernel's architecture has no such page? */
	without_vsyscall: boolean;
}

function same(a: MapsLine, b: MapsLine): boolean {
	return a.start === b.start && a.end === b.end && a.permissions === b.permissions && a.offset === b.offset;
}

/** Ranges of pages that are alike, however they are split into mappings. */
function joined(lines: MapsLine[]): string {
	const ranges: Pick<MapsLine, "start" | "end" | "permissions" | "offset">[] = [];
	for (const { start, end, permissions, offset, inode } of lines) {
		const last = ranges.at(-1);
		const goes_on = last && (inode === 0 || last.offset + last.end - last.start === offset);
		if (goes_on && last.end === start && last.permissions === permissions) last.end = end;
		else ranges.push({ start, end, permissions, offset });
	}
	return JSON.stringify(ranges);
}

/** Lines are paired by their start address; a line without a partner counts. `blurs`: why they may be split
 *  at other places. */
export function compare_maps(
	all_recorded: MapsLine[],
	replayed: MapsLine[],
	arch = "x86",
	blurs: string[] = [],
): MapsResult {
	const recorded = all_recorded.filter((line) => arch === "x86" || line.name !== VSYSCALL);
	const by_start = new Map(replayed.map((line) => [line.start, line]));
	const differences: MapsDifference[] = [];
	let equal = 0;
	for (const line of recorded) {
		const other = by_start.get(line.start);
		by_start.delete(line.start);
		if (other && same(line, other)) equal++;
		else differences.push({ recorded: line, replayed: other });
	}
	for (const line of by_start.values()) differences.push({ replayed: line });
	differences.sort((a, b) => (a.recorded ?? a.replayed)!.start - (b.recorded ?? b.replayed)!.start);
	/* A line too many is a line unequal. */
	const total = Math.max(recorded.length, equal + differences.length);
	const without_vsyscall = recorded.length < all_recorded.length;
	const split = differences.length > 0 && blurs.length > 0 && joined(recorded) === joined(replayed);
	return { equal, total, differences, rule: split ? blurs.join("; ") : undefined, without_vsyscall };
}

/** What the kernel knows by inode number gets back its device and path. */
export function name_files(text: string, files: TracedFile[]): string {
	const by_inode = new Map(files.map((file) => [file.inode, file]));
	return text.replace(/^([0-9a-f]+-\S+ \S+ \S+) \S+ (\d+).*$/gm, (line, prefix: string, inode: string) => {
		const file = by_inode.get(Number(inode));
		if (!file || inode === "0") return line;
		return `${`${prefix} ${file.device} ${inode} `.padEnd(72)} ${file.path}`;
	});
}

export function describe({ recorded, replayed }: MapsDifference): string {
	const show = (line?: MapsLine) => line?.text ?? "(nothing)";
	return `maps.final${recorded ? `:${recorded.line}` : ""}: recorded ${show(recorded)}\n${" ".repeat(12)}replayed ${show(replayed)}`;
}
