// SPDX-License-Identifier: GPL-2.0-only
/**
 * Page faults as `perf script` prints them: with address and error code
 *
 *     java 10066/10255 1795212507.999092: exceptions:page_fault_user: address=0x7fff7c0 ip=0x7fff7c0 error_code=0x14
 *
 * (-F comm,pid,tid,time,event,trace), or with the address only
 *
 *     java 10066/10255 1795212507.999092: page-faults:     7fff7c0
 *
 * (-F comm,pid,tid,time,event,addr). The name of the command may hold spaces
 * and even slashes and colons; the rest cannot, so a line is read from its end.
 */
import { at, lines_of, parse_time } from "../lib/errors.ts";
import { page_down } from "./abi.ts";
import type { Event } from "./strace.ts";
import type { Access } from "./trace.ts";

export interface Fault {
	/** Name of the thread at that moment: an execve changes it. */
	comm: string;
	pid: number;
	tid: number;
	/** Microseconds. */
	time: number;
	address: number;
	line: number;
	/** What the memory was touched for, if it was recorded. */
	access?: Access;
	/** By the kernel, for the program: if it is not permitted, there is no signal. */
	kernel: boolean;
	/** The signal that it ended in: said by a line of strace.txt. */
	signal?: string;
	/** … and whether something was mapped there, which did not permit it. */
	mapped?: boolean;
	/** … because of a memory key. */
	key?: boolean;
}

const HEAD = /^\s*(.*?)\s+(\d{1,9})\/(\d{1,9})\s+(\d+\.\d+):\s+/s;
const COUNTED = /^page-faults(?::\w+)?:\s+([0-9a-f]{1,16})\s*$/;
const TRACED = /^exceptions:page_fault_(user|kernel):\s+address=(?:0x)?([0-9a-f]{1,16})\s/;
const ERROR_CODE = /\serror_code=(?:0x)?([0-9a-f]{1,8})\b/;
/** Bits of the error code. */
const X86_PF_WRITE = 2;
const X86_PF_INSTR = 16;

function access_of(code: number): Access {
	if (code & X86_PF_INSTR) return "exec";
	return code & X86_PF_WRITE ? "write" : "read";
}

export function parse_faults(text: string, file: string): Fault[] {
	const faults: Fault[] = [];
	lines_of(text).forEach((line, index) => {
		/* perf separates samples with empty lines when it prints call chains. */
		if (line.trim() === "" || line.startsWith("#")) return;
		const head = HEAD.exec(line);
		const time = head ? parse_time(head[4]) : undefined;
		const rest = line.slice(head?.[0].length ?? 0);
		const traced = TRACED.exec(rest);
		const code = ERROR_CODE.exec(rest)?.[1];
		const address = traced?.[2] ?? COUNTED.exec(rest)?.[1];
		if (!head || time === undefined || address === undefined || (traced && code === undefined))
			throw at(
				file,
				index + 1,
				"not a page fault as 'perf script -F comm,pid,tid,time,event,trace' prints it: " +
					`'${line.trim().slice(0, 60)}'`,
			);
		faults.push({
			comm: head[1],
			pid: Number(head[2]),
			tid: Number(head[3]),
			time,
			address: Number.parseInt(address, 16),
			line: index + 1,
			access: code === undefined ? undefined : access_of(Number.parseInt(code, 16)),
			kernel: traced?.[1] === "kernel",
		});
	});
	return faults;
}

/** Finds the faults that ended in a signal: a thread does nothing else between the two. */
export function match_signals(faults: Fault[], events: Event[]): void {
	const signals = events.filter(
		(event) =>
			event.kind === "signal" &&
			(event.name === "SIGSEGV" || event.name === "SIGBUS") &&
			event.address !== undefined,
	);
	if (signals.length === 0) return;
	const last = new Map<number, Fault>();
	let f = 0;
	for (const event of signals) {
		if (event.kind !== "signal") continue;
		for (; f < faults.length && faults[f].time <= event.time; f++) last.set(faults[f].tid, faults[f]);
		const fault = last.get(event.pid);
		if (!fault || page_down(fault.address) !== page_down(event.address as number)) continue;
		fault.signal = event.name;
		fault.mapped = event.mapped;
		fault.key = event.key;
	}
}
