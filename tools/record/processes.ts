// SPDX-License-Identifier: GPL-2.0-only
/** What /proc says of processes, and signals for them; whoever has ended meanwhile says nothing. */
import { readdirSync, readFileSync } from "node:fs";

function read(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return "";
	}
}

export const threads_of = (pid: number): number[] => {
	try {
		return readdirSync(`/proc/${pid}/task`).map(Number);
	} catch {
		return [];
	}
};

/** The maps of a thread: those of a leader that has ended are empty. */
export const maps_of = (tid: number): string => read(`/proc/${tid}/maps`);

function status_of(tid: number, field: string): string {
	return new RegExp(`^${field}:\\s*(\\S+)`, "m").exec(read(`/proc/${tid}/status`))?.[1] ?? "";
}

export const process_of = (tid: number): number => Number(status_of(tid, "Tgid"));
export const tracer_of = (tid: number): number => Number(status_of(tid, "TracerPid"));
/** One letter: R, S, D, t, T, Z; nothing, if there is no such thread. */
export const state_of = (tid: number): string => status_of(tid, "State");

export const name_of = (pid: number): string => read(`/proc/${pid}/comm`).trim();

/** Field of /proc/PID/stat, by the number that proc(5) gives it. */
export function stat_of(pid: number, field: number): number {
	const text = read(`/proc/${pid}/stat`);
	return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[field - 3]);
}
export const PGRP = 5;
export const START_BRK = 47;

/** Sends a signal; false, if nobody is there to take it. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
	try {
		process.kill(pid, name);
		return true;
	} catch {
		return false;
	}
}

export function children_of(pid: number): number[] {
	return read(`/proc/${pid}/task/${pid}/children`).trim().split(" ").filter(Boolean).map(Number);
}
