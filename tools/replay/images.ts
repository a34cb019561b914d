// SPDX-License-Identifier: GPL-2.0-only
/** What a program begins with at its execve: recorded, or made up from what calls and faults imply. */
import { basename } from "node:path";
import { MAP_FIXED, MAP_GROWSDOWN, MAP_NORESERVE, PROT_EXEC, PROT_READ, PROT_WRITE, page_up } from "./abi.ts";
import type { Ahead } from "./ahead.ts";
import { are_apart } from "./attributes.ts";
import type { FileTable } from "./file_table.ts";
import { type MapsLine, type MarkedMaps, VSYSCALL } from "./maps.ts";
import type { Parts } from "./merge.ts";
import { type AddressSpace, ANONYMOUS, GROWSDOWN, NORESERVE, pages, SHARED, SPECIAL } from "./model.ts";
import { RangeMap } from "./ranges.ts";
import type { Call } from "./strace.ts";
import type { Image, ImageLine } from "./trace.ts";
import { is_special, number, prot_of } from "./values.ts";

const PIE_BASE = 0x555555554000;
const STATIC_BASE = 0x400000;
/** More lies between a randomised program and where it would lie otherwise. */
const LARGEST_PROGRAM = 2 ** 32;
/** Where it lies without randomisation, as large as it is at the start. */
const STACK: ImageLine = {
	start: 0x7ffffffde000,
	end: 0x7ffffffff000,
	prot: PROT_READ | PROT_WRITE,
	shared: false,
	offset: 0,
	file: ANONYMOUS,
	opened: -1,
	name: "[stack]",
	more_flags: 0,
};

/** Calls after which an image is no longer what it was. */
const MOVES = new Set(["mmap", "munmap", "mremap"]);

/** Memory that an image must have had, by the number of the image. */
export type Missing = Map<number, RangeMap<true>>;

export class Images {
	readonly images: Image[] = [];
	/** What images that were not recorded lack, as it turns out. */
	readonly missing: Missing = new Map();
	private readonly initial: MapsLine[];
	private readonly final: MapsLine[];
	/** Images of execves by the line on which they ended. */
	private readonly by_line = new Map<number, MarkedMaps>();
	/** Which one an mm began with, of those that were not recorded. */
	private readonly image_of = new Map<number, number>();

	constructor(
		private readonly parts: Parts,
		private readonly ahead: Ahead,
		private readonly table: FileTable,
		/** What they lacked in an earlier run. */
		private readonly lacked: Missing,
	) {
		this.initial = parts.initial?.lines ?? [];
		this.final = parts.final?.lines ?? [];
		for (const image of parts.images) if (image.mark) this.by_line.set(image.mark.line, image);
		this.drop_late();
	}

	/** Older recorders kept images that were copied when the program had run on: they show memory where its first
	 *  mmap() then finds a place. */
	private drop_late(): void {
		const begun = new Map<number, number>();
		for (const event of this.parts.strace.events) {
			if (event.kind !== "call" || event.result.errno) continue;
			const { pid, name, args, result, last_line } = event;
			if (name.startsWith("execve") && this.by_line.has(last_line)) begun.set(pid, last_line);
			const line = begun.get(pid);
			if (line === undefined || !MOVES.has(name) || result.value === undefined) continue;
			begun.delete(pid);
			const [start, end] = pages(result.value, number(args[1]));
			if (name !== "mmap" || number(args[3]) & MAP_FIXED) continue;
			if (this.by_line.get(line)?.lines.some((area) => area.start < end && start < area.end))
				this.by_line.delete(line);
		}
	}

	/** Of the program itself. */
	first(): Image {
		const { start } = this.ahead;
		return this.parts.initial ? this.recorded(this.parts.initial, start) : this.imagine(start);
	}

	/** Of a later execve. */
	later(call: Call): Image {
		const recorded = this.by_line.get(call.last_line);
		if (recorded) return this.recorded(recorded, call);
		const like = this.like(call, this.ahead.first_brk(call));
		return like ? { ...this.recorded(like, call), recorded: false } : this.imagine(call);
	}

	/** Another image of the same program: without randomisation they are the same, as far as can be told. */
	private like({ args: [path] }: Call, brk: number | undefined): MarkedMaps | undefined {
		if (path?.kind !== "string") return undefined;
		return [...this.by_line.values()].find(
			({ mark, lines }) =>
				mark?.start_brk === brk &&
				lines.some(({ name }) => basename(name) === basename(path.text)),
		);
	}

	/** Lists an image; its number. */
	add(image: Image): number {
		const index = this.images.push(image) - 1;
		if (!image.recorded) this.give_lacked(image, index);
		return index;
	}

	/** Fills the memory of who executes an image that is listed. */
	enter(mm: AddressSpace, index: number, line: number): void {
		const image = this.images[index];
		mm.brk = image.start_brk;
		mm.start_brk = image.start_brk;
		if (!image.recorded) this.image_of.set(mm.id, index);
		for (const part of image.lines) {
			let flags = part.shared ? SHARED : 0;
			if (part.name === "[stack]" || part.more_flags & MAP_GROWSDOWN) flags |= GROWSDOWN;
			if (part.more_flags & MAP_NORESERVE) flags |= NORESERVE;
			mm.map(part.start, part.end, {
				prot: part.prot,
				flags,
				file: part.file,
				opened: part.file >= 0 ? `exec ${line} ${part.file}` : "",
				offset: part.file >= 0 ? part.offset : 0,
				name: part.name,
			});
		}
	}

	/** Is all memory of it known from its execve on? */
	is_known(mm: AddressSpace): boolean {
		return !this.image_of.has(mm.id);
	}

	private recorded({ mark, lines }: MarkedMaps, execve: Call): Image {
		const start_brk = mark?.start_brk ?? this.ahead.first_brk(execve) ?? 0;
		const image: Image = { start_brk, lines: [], recorded: true };
		/* Without a mark the maps were copied at the first brk, and have what was mapped before it. */
		const later = mark ? [] : this.ahead.mapped_before_brk(execve);
		const is_later = (line: MapsLine) =>
			line.inode === 0 && later.some(([start, end]) => start <= line.start && line.end <= end);
		for (const line of lines)
			if (line.name !== VSYSCALL && !is_later(line))
				image.lines.push(this.line(line, execve, image.lines.at(-1)));
		return image;
	}

	/**
	 * The image of a program that was not recorded. The dynamic
	 * linker, [vdso] and the stack lie where they lay in the first program:
	 * without ASLR their places depend on the kernel and the linker only. The
	 * program itself is one private mapping of its file that ends at the brk.
	 */
	private imagine(call: Call): Image {
		const image: Image = { start_brk: this.ahead.first_brk(call) ?? 0, lines: [], recorded: false };
		const path = call.args[0]?.kind === "string" ? call.args[0].text : `program of line ${call.line}`;
		const program = this.initial.find((line) => line.name.startsWith("/"))?.name;
		const pie = image.start_brk >= PIE_BASE;
		/* Without randomisation it begins where all do. */
		const base = pie ? PIE_BASE : STATIC_BASE;
		const file = this.table.file(path);
		const shown =
			call === this.ahead.last_exec ? this.shown_at_end(call, base, page_up(image.start_brk)) : [];
		if (shown.length > 0) image.lines.push(...shown);
		else if (image.start_brk > base && image.start_brk - base < LARGEST_PROGRAM)
			image.lines.push({
				start: base,
				end: page_up(image.start_brk),
				prot: PROT_READ | PROT_WRITE | PROT_EXEC,
				shared: false,
				offset: 0,
				file,
				opened: this.table.open(file, `exec ${call.line} ${file}`, false),
				name: path,
				more_flags: 0,
			});
		for (const line of this.initial) {
			if (line.name === VSYSCALL || line.name === program || line.name === "[heap]") continue;
			if (line.name === "" && line.inode === 0) continue; /* the first program's .bss */
			image.lines.push(this.line(line, call));
		}
		if (this.initial.length === 0) image.lines.push(STACK);
		return image;
	}

	/** The program's own lines as maps.final has them, and as they were before it protected them. */
	private shown_at_end(call: Call, base: number, end: number): ImageLine[] {
		const lines = this.final.filter(
			(line) => line.start >= base && line.end <= end && line.name !== "[heap]",
		);
		if (!lines.some((line) => line.inode !== 0)) return [];
		const protects = this.parts.strace.events.filter(
			(event): event is Call =>
				event.kind === "call" && event.name === "mprotect" && event.line > call.last_line,
		);
		const result: ImageLine[] = [];
		for (const line of lines) {
			const image = this.line(line, call);
			const [start, length] = [0, 1].map((n) => (event: Call) => number(event.args[n]));
			if (
				protects.some(
					(event) =>
						start(event) <= line.start && line.end <= start(event) + length(event),
				)
			)
				image.prot |= PROT_READ | PROT_WRITE;
			const last = result.at(-1);
			const joined =
				last?.end === image.start &&
				last.prot === image.prot &&
				last.file === image.file &&
				(image.file < 0 || last.offset + last.end - last.start === image.offset);
			if (joined) last.end = image.end;
			else result.push(image);
		}
		return result;
	}

	/** Memory that calls and faults found, though nothing of the recording shows it. */
	private give_lacked(image: Image, index: number): void {
		for (const { start, end } of this.lacked.get(index) ?? []) {
			if (image.lines.some((line) => line.start < end && start < line.end)) continue;
			const prot = PROT_READ | PROT_WRITE | PROT_EXEC;
			image.lines.push({
				start,
				end,
				prot,
				shared: false,
				offset: 0,
				file: ANONYMOUS,
				opened: -1,
				name: "",
				more_flags: 0,
			});
		}
	}

	/** What was found in [start, end) must have been in the image, where nothing of the recording put it. */
	was_there(mm: AddressSpace, start: number, end: number): void {
		const image = this.image_of.get(mm.id);
		if (image === undefined || start >= end) return;
		const missing = this.missing.get(image) ?? new RangeMap<true>(() => true);
		this.missing.set(image, missing);
		let from = start;
		for (const { start: to, end: next } of [...mm.areas.overlapping(start, end), { start: end, end }]) {
			if (from < to) missing.set(from, to, true);
			from = Math.max(from, next);
		}
		if (missing.below(Number.POSITIVE_INFINITY) === undefined) this.missing.delete(image);
	}

	/** `below`: the one before, where it is known why the two did not merge. */
	private line(line: MapsLine, execve: Call, below?: ImageLine): ImageLine {
		const file = is_special(line.name)
			? SPECIAL
			: line.inode !== 0
				? this.table.file(line.name)
				: ANONYMOUS;
		const shared = line.permissions[3] === "s";
		const { vm } = line;
		const result: ImageLine = {
			start: line.start,
			end: line.end,
			prot: prot_of(line.permissions),
			shared,
			offset: line.offset,
			file,
			opened: -1,
			name: line.name,
			more_flags: 0,
			vm,
		};
		if (file < 0) return result;
		const writable = shared && (vm ? vm.flags.has("mw") : (result.prot & PROT_WRITE) !== 0);
		const again = vm && are_apart(below, result) ? ` ${line.start}` : "";
		result.opened = this.table.open(file, `exec ${execve.line} ${file}${again}`, writable);
		return result;
	}
}
