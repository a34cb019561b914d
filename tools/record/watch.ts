// SPDX-License-Identifier: GPL-2.0-only
/**
 * Follows strace.txt while it is written, and copies maps at the moments that
 * matter. strace holds a program for a moment when an execve has succeeded and
 * when an exit_group begins; the line is in the file by then. To copy maps at
 * other times, or for longer, strace is stopped: then no call of the program
 * can begin or return, and what has been entered is done soon.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Machine } from "../replay/limits.ts";
import { type Mark, write_mark } from "../replay/maps.ts";
import {
	machine_of,
	maps_of,
	PGRP,
	process_of,
	signal,
	START_BRK,
	stat_of,
	is_in_execve,
	state_of,
	threads_of,
	tracer_of,
} from "./processes.ts";

/** How often the file is looked at, in milliseconds. */
const LOOK_MS = 2;
/** The first copy of maps that may be the last, and the longest time between two. */
const FIRST_COPY_MS = 20;
const LONGEST_MS = 2000;
/** Running threads are computing, and not inside a call, after so many looks. */
const LOOKS = 20;

const EXECUTED = /^\d+ .*\bexecve(?:at)?(?:\(| resumed>).*\) += 0(?: \(.*\))?$/;
const ENDING = /^(\d+)\s+\S+ exit_group\(/;

interface Copy {
	mark: Mark;
	text: string;
}

export class Watch {
	/** The program's own process. */
	main = 0;
	/** All threads that were seen. */
	readonly pids = new Set<number>();
	/** Images after execves, in order; the first is setpriv's successor, the program. */
	readonly images: (Copy & { pid: number })[] = [];
	/** Those that ran on before they were copied. */
	late = 0;
	/** The machine's rules, and the program's limits at its beginning. */
	machine?: Machine;
	final?: Copy;
	/** Whether `final` is what the program ended with. */
	ended_by_itself = false;

	private fd = -1;
	private offset = 0;
	/** Lines that are complete, and the beginning of the next. */
	private lines = 0;
	private queued = 0;
	/** setpriv's own execve is not one of the program. */
	private begun = false;
	private rest = "";
	private rest_seen = false;
	private next_copy = FIRST_COPY_MS;
	private since = 0;

	constructor(private readonly path: string) {}

	/** Until `over`. */
	async follow(over: () => boolean, copies: boolean): Promise<void> {
		while (!over()) {
			await this.look();
			if (copies && this.images.length > 0) await this.copy_now_and_then();
			await sleep(LOOK_MS);
		}
		await this.look();
		if (this.fd >= 0) closeSync(this.fd);
		this.fd = -1;
	}

	/** Reads on. */
	private read(): string {
		if (this.fd < 0) {
			try {
				this.fd = openSync(this.path, "r");
			} catch {
				return "";
			}
		}
		const buffer = Buffer.alloc(1 << 16);
		let text = "";
		for (;;) {
			const got = readSync(this.fd, buffer, 0, buffer.length, this.offset);
			if (got === 0) return text;
			this.offset += got;
			text += buffer.toString("latin1", 0, got);
		}
	}

	async look(): Promise<void> {
		const lines = (this.rest + this.read()).split("\n");
		this.rest = lines.pop() as string;
		this.queued = lines.length;
		for (const line of lines) {
			this.lines++;
			this.queued--;
			const pid = Number(/^\d+/.exec(line)?.[0] ?? 0);
			this.pids.add(pid);
			if (this.main === 0) this.main = pid;
			if (EXECUTED.test(line)) this.executed(pid);
			if (!this.rest_seen && ENDING.test(line)) await this.ending(pid);
			this.rest_seen = false;
		}
		if (this.rest_seen) return;
		const ending = ENDING.exec(this.rest);
		if (!ending) return;
		this.rest_seen = true;
		await this.ending(Number(ending[1]));
	}

	/** strace holds the process, which has one thread. */
	private executed(pid: number): void {
		if (!this.begun) {
			this.begun = true;
			return;
		}
		const text = maps_of(pid);
		const start_brk = stat_of(pid, START_BRK);
		if (text === "" || !is_in_execve(pid)) {
			this.late++;
			return;
		}
		if (pid === this.main) this.machine ??= machine_of(pid);
		this.images.push({ pid, text, mark: { line: this.lines, start_brk, brk: start_brk, threads: [] } });
	}

	private async ending(tid: number): Promise<void> {
		if (process_of(tid) !== this.main || this.ended_by_itself) return;
		const copy = await this.copy(tid);
		if (!copy) return;
		this.final = copy;
		this.ended_by_itself = true;
	}

	/** So that there is something to compare with when the program is killed. */
	private async copy_now_and_then(): Promise<void> {
		const now = performance.now();
		if (this.since === 0) this.since = now;
		if (this.ended_by_itself || now - this.since < this.next_copy) return;
		await this.copy_as_final();
		this.since = performance.now();
		this.next_copy = Math.min(this.next_copy * 1.5, LONGEST_MS);
	}

	async copy_as_final(): Promise<void> {
		if (this.ended_by_itself || this.main === 0) return;
		const tid = threads_of(this.main).find((thread) => /^[RSDtT]$/.test(state_of(thread)));
		if (tid !== undefined) this.final = (await this.copy(tid)) ?? this.final;
	}

	/** Copies the maps with strace stopped. `brk`: how far the heap reaches, too. */
	async copy(tid: number, read_maps = maps_of): Promise<Copy | undefined> {
		const strace = tracer_of(tid);
		if (strace === 0 || !signal(strace, "SIGSTOP")) return undefined;
		try {
			for (let n = 0; n < LOOKS && state_of(strace) !== "T"; n++) await sleep(1);
			/* Whoever runs may still be in a call. */
			const running = () => threads_of(this.main).some((thread) => state_of(thread) === "R");
			for (let n = 0; n < LOOKS && running(); n++) await sleep(1);
			const text = read_maps(tid);
			const start_brk = stat_of(tid, START_BRK);
			/* strace is stopped: what it has written is all that was entered. */
			const more = this.read();
			this.rest += more;
			const parts = this.rest.split("\n");
			const line = this.lines + this.queued + parts.length - (parts.at(-1) === "" ? 1 : 0);
			if (text === "") return undefined;
			const heap = [...text.matchAll(/^[0-9a-f]+-([0-9a-f]+) .*\[heap\]$/gm)].at(-1);
			const brk = heap ? Number.parseInt(heap[1], 16) : start_brk;
			return { text, mark: { line, start_brk, brk, threads: [] } };
		} finally {
			signal(strace, "SIGCONT");
		}
	}

	/** The traced processes that a terminal would have sent a signal to. */
	in_group(group: number): number[] {
		return [...this.pids].filter((pid) => process_of(pid) === pid && stat_of(pid, PGRP) === group);
	}
}

/** A copy as it stands in a file; its line counts from behind the `cut` first ones. */
export function marked({ mark, text }: Copy, cut: number): string {
	return write_mark({ ...mark, line: mark.line - cut }) + text;
}
