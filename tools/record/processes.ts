// SPDX-License-Identifier: GPL-2.0-only
/** What /proc says of processes, and signals for them; whoever has ended meanwhile says nothing. */
import { readdirSync, readFileSync } from "node:fs";
import type { Limit, Machine } from "../replay/limits.ts";

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

/** … with what /proc/PID/smaps says of their flags, and of memory that was written to. */
export const smaps_of = (tid: number): string =>
	(read(`/proc/${tid}/smaps`).match(/^(?:[0-9a-f]+-|VmFlags:|Anonymous:).*\n/gm) ?? []).join("");

function status_of(tid: number, field: string): string {
	return new RegExp(`^${field}:\\s*(\\S+)`, "m").exec(read(`/proc/${tid}/status`))?.[1] ?? "";
}

export const process_of = (tid: number): number => Number(status_of(tid, "Tgid"));
export const tracer_of = (tid: number): number => Number(status_of(tid, "TracerPid"));
/** One letter: R, S, D, t, T, Z; nothing, if there is no such thread. */
export const state_of = (tid: number): string => status_of(tid, "State");

/** Is it still held where its execve returns? Afterwards it may stop in the same way, in another call. */
export function is_in_execve(pid: number): boolean {
	const call = read(`/proc/${pid}/syscall`);
	return state_of(pid) === "t" && (call === "" || EXECVE.test(call));
}
/** Numbers of execve and execveat on x86-64. */
const EXECVE = /^(59|322) /;

export const name_of = (pid: number): string => read(`/proc/${pid}/comm`).trim();

/** Field of /proc/PID/stat, by the number that proc(5) gives it. */
export function stat_of(pid: number, field: number): number {
	const text = read(`/proc/${pid}/stat`);
	return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[field - 3]);
}
export const PGRP = 5;
export const START_BRK = 47;

const LIMIT_NAMES: Record<string, Limit> = {
	"Max address space": "RLIMIT_AS",
	"Max data size": "RLIMIT_DATA",
	"Max stack size": "RLIMIT_STACK",
	"Max locked memory": "RLIMIT_MEMLOCK",
};
const CAP_IPC_LOCK = 14n;
const ADDR_NO_RANDOMIZE = 0x40000;
const AT_PAGESZ = 6n;

/** Bytes of a page, of the auxiliary vector: pairs of numbers. */
function page_size_of(pid: number): number | undefined {
	let words: BigUint64Array;
	try {
		const bytes = readFileSync(`/proc/${pid}/auxv`);
		words = new BigUint64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
	} catch {
		return undefined;
	}
	for (let i = 0; i + 1 < words.length; i += 2) if (words[i] === AT_PAGESZ) return Number(words[i + 1]);
	return undefined;
}

/** How many CPUs there can be: the list is `0-3` or `0`. */
function possible_cpus(): number | undefined {
	const last = /(\d+)\s*$/.exec(read("/sys/devices/system/cpu/possible"))?.[1];
	return last === undefined ? undefined : Number(last) + 1;
}

/** How many nodes have memory; nothing where the kernel knows of none. */
function nodes_with_memory(): number | undefined {
	const text = read("/sys/devices/system/node/has_memory").trim();
	if (text === "") return undefined;
	return text.split(",").reduce((sum, range) => {
		const [first, last = first] = range.split("-").map(Number);
		return sum + last - first + 1;
	}, 0);
}

/** Memory that nobody has used, to find out what reading it costs. */
const PROBE = 4 << 20;

/** Does memory that is only read share one page of zeroes? It depends on the kernel; undefined where that cannot
 *  be told. */
function has_zero_page(): number | undefined {
	const resident = () => process.memoryUsage.rss();
	const before = resident();
	const memory = new Uint8Array(PROBE);
	const allocated = resident() - before;
	let sum = 0;
	for (let i = 0; i < PROBE; i += PROBE_STEP) sum += memory[i];
	const read = resident() - before - allocated;
	if (sum !== 0 || allocated > PROBE / 4) return undefined;
	return read > PROBE / 2 ? 0 : 1;
}
/** The smallest page there is. */
const PROBE_STEP = 4096;

/** The rules of this machine, and what a process may. */
export function machine_of(pid: number): Machine {
	const sysctl = (name: string) => {
		const text = read(`/proc/sys/${name}`).trim();
		return text === "" ? undefined : Number(text);
	};
	const kib = (name: string) =>
		Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(read("/proc/meminfo"))?.[1] ?? 0);
	const personality = Number.parseInt(read(`/proc/${pid}/personality`), 16) || 0;
	const capabilities = BigInt(`0x${status_of(pid, "CapEff") || "0"}`);
	const machine: Machine = {
		page_size: page_size_of(pid),
		mmap_min_addr: sysctl("vm/mmap_min_addr"),
		overcommit_memory: sysctl("vm/overcommit_memory"),
		memory: (kib("MemTotal") + kib("SwapTotal")) * 1024,
		randomize: personality & ADDR_NO_RANDOMIZE ? 0 : sysctl("kernel/randomize_va_space"),
		ipc_lock: Number((capabilities >> CAP_IPC_LOCK) & 1n),
		cpus: possible_cpus(),
		nodes: nodes_with_memory(),
		zero_page: has_zero_page(),
	};
	for (const [, what, soft] of read(`/proc/${pid}/limits`).matchAll(/^(Max [a-z ]+?) {2,}(\d+|unlimited) /gm)) {
		const limit = LIMIT_NAMES[what];
		if (limit) machine[limit] = soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
	}
	return machine;
}

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
