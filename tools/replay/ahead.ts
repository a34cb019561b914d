// SPDX-License-Identifier: GPL-2.0-only
/** What a recording says later than it is needed: who makes which thread, where heaps begin, where the program does. */
import { basename } from "node:path";
import { at, UserError } from "../lib/errors.ts";
import { CLONE_THREAD, page_up } from "./abi.ts";
import type { MapsLine } from "./maps.ts";
import type { Parts } from "./merge.ts";
import { is_shown } from "./shown.ts";
import type { Call, Event } from "./strace.ts";
import { clone_flags, is_birth, number } from "./values.ts";

/** Where a recording begins that shows no execve. */
export function beginning(pid: number, line: number, time = 0): Call {
	return {
		kind: "call",
		pid,
		name: "execve",
		args: [],
		result: { value: 0 },
		entered: time,
		left: time,
		line: 0,
		last_line: line,
		lines: 0,
		unfinished: false,
		delayed: false,
	};
}

export class Ahead {
	/** The clones and forks that made a pid: numbers are used again. */
	readonly births = new Map<number, Call[]>();
	/** The program's own last execve: maps.final shows what it executed. */
	readonly last_exec?: Call;
	/** Where the program begins. */
	readonly start: Call;
	/** maps.final was copied when this line had been written. */
	readonly final_line: number;
	private readonly events: Event[];
	/** What the first brk() after an execve returned. */
	private readonly first_brks = new Map<Call, number>();
	private brk_without_execve?: number;

	constructor(
		private readonly parts: Parts,
		unknown: string[],
	) {
		this.events = parts.strace.events;
		this.last_exec = this.look();
		this.final_line = !parts.final
			? Number.POSITIVE_INFINITY
			: parts.final.mark
				? this.marked_line(parts.final.mark.line, parts.final.lines)
				: this.line_of_final(parts.final.lines);
		this.start = this.find_start(unknown);
	}

	/** Where the heap of what was executed begins. */
	first_brk(call: Call): number | undefined {
		return call.line === 0 ? this.brk_without_execve : this.first_brks.get(call);
	}

	/** The last line that the maps show: strace may have been stopped before it let that call begin. */
	private marked_line(line: number, final: MapsLine[]): number {
		const last = this.events.find((event) => event.line === line);
		return last?.kind === "call" && !is_shown(last, final) ? line - 1 : line;
	}

	/** Without a mark maps.final was copied soon after the first exit_group began: where threads ran on,
	 *  before the first mmap that it does not show. */
	private line_of_final(final: MapsLine[]): number {
		const group = new Set([this.first_call()?.pid]);
		let ending = false;
		for (const event of this.events) {
			if (event.kind !== "call" || !group.has(event.pid)) continue;
			const { name, result } = event;
			if (name === "exit_group") ending = true;
			if (result.value === undefined || result.errno) continue;
			if (is_birth(name) && clone_flags(event) & CLONE_THREAD) group.add(result.value);
			const { value } = result;
			const shown = () => final.some(({ start, end }) => start <= value && value < end);
			if (ending && name === "mmap" && !shown()) return event.line - 1;
		}
		return Number.POSITIVE_INFINITY;
	}

	/** The program's own, or of what became it. */
	private first_call(): Call | undefined {
		return this.events.find((event) => event.kind === "call");
	}

	/** Fills the lists; the program's own last execve. */
	private look(): Call | undefined {
		const execs = new Map<number, Call>();
		for (const event of this.events) {
			/* It goes on under the leader's number. */
			const exec = event.kind === "exit" ? execs.get(event.superseded_by ?? -1) : undefined;
			if (exec) execs.set(event.pid, exec);
			if (event.kind !== "call") continue;
			const value = event.result.value ?? -1;
			if (is_birth(event.name) && value > 0) {
				const births = this.births.get(value);
				if (births) births.push(event);
				else this.births.set(value, [event]);
				/* Whichever thread calls brk() first. */
				const exec = execs.get(event.pid);
				if (exec && clone_flags(event) & CLONE_THREAD) execs.set(value, exec);
			} else if (event.name.startsWith("execve") && value === 0) execs.set(event.pid, event);
			else if (event.name === "brk" && event.result.value !== undefined) {
				const exec = execs.get(event.pid);
				if (!exec) this.brk_without_execve ??= event.result.value;
				else if (!this.first_brks.has(exec)) this.first_brks.set(exec, event.result.value);
			}
		}
		const main = this.first_call()?.pid;
		return main === undefined ? undefined : execs.get(main);
	}

	/** The execve whose image maps.initial shows: the recorder says which line it is; older ones held
	 *  the process at its first brk after it. Without such a mark, the one that names the
	 *  program in maps.initial; else the first. */
	private find_start(unknown: string[]): Call {
		const mark = this.parts.initial?.mark;
		/* strace was attached to a program that ran already. */
		if (mark && mark.threads.length > 0) return beginning(mark.threads[0], mark.line, mark.time);
		const first = this.first_call();
		if (!first)
			throw new UserError(
				`${this.parts.strace_file}: no system call in the file; record the program again`,
			);
		const pid = first.pid;
		const program = this.parts.initial?.lines.find((line) => line.name.startsWith("/"))?.name ?? "";
		const { execs, held } = this.execs_of(pid);
		if (mark) {
			const start = execs.find((e) => e.last_line === mark.line);
			if (!start)
				throw at(
					this.parts.strace_file,
					mark.line,
					"there is no execve, as maps.initial says; record the program again",
				);
			return start;
		}
		const named = execs.find(
			(e) => e.args[0]?.kind === "string" && basename(e.args[0].text) === basename(program),
		);
		const start =
			held ??
			named ??
			this.events.find(
				(e): e is Call => e.kind === "call" && e.name === "execve" && e.result.value === 0,
			);
		if (start) return start;
		unknown.push("what happened before the first line of strace.txt");
		return beginning(pid, 0);
	}

	/** The execves of a process, and the one after which its first brk was held. */
	private execs_of(pid: number): { execs: Call[]; held?: Call } {
		const execs: Call[] = [];
		for (const event of this.events) {
			if (event.kind !== "call" || event.pid !== pid) continue;
			if (event.name === "execve" && event.result.value === 0) execs.push(event);
			if (event.delayed && event.name === "brk" && execs.length > 0)
				return { execs, held: execs.at(-1) };
		}
		return { execs };
	}

	/** What was mapped between an execve and the first brk. */
	mapped_before_brk(execve: Call): [number, number][] {
		const result: [number, number][] = [];
		for (const event of this.events) {
			if (event.kind !== "call" || event.line <= execve.line) continue;
			if (event.name === "brk") break;
			const { value, errno } = event.result;
			if (event.name === "mmap" && value !== undefined && !errno)
				result.push([value, page_up(value + number(event.args[1]))]);
		}
		return result;
	}
}
