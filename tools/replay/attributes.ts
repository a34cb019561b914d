// SPDX-License-Identifier: GPL-2.0-only
/**
 * What /proc/PID/smaps says of mappings and /proc/PID/maps does not: flags that
 * calls have set, and which memory was written to. Of a program that ran when
 * strace was attached these calls are not recorded; here they are made up.
 */
import { MADV, MAP_GROWSDOWN, MAP_NORESERVE, MLOCK_ONFAULT, PAGE_SIZE, PROT_READ, PROT_WRITE } from "./abi.ts";
import { beginning } from "./ahead.ts";
import { ANONYMOUS, SPECIAL } from "./model.ts";
import type { Call } from "./strace.ts";
import type { Image, ImageLine } from "./trace.ts";

/** Words of VmFlags, and the advice that sets them. */
const ADVICE = {
	dc: MADV.MADV_DONTFORK,
	wf: MADV.MADV_WIPEONFORK,
	dd: MADV.MADV_DONTDUMP,
	mg: MADV.MADV_MERGEABLE,
	hg: MADV.MADV_HUGEPAGE,
	nh: MADV.MADV_NOHUGEPAGE,
	sr: MADV.MADV_SEQUENTIAL,
	rr: MADV.MADV_RANDOM,
};

/** Two lines that touch, of one file and alike in all that is known: why they did not merge is not. */
export function are_apart<T extends Pick<ImageLine, "start" | "end" | "prot" | "shared" | "offset" | "file" | "vm">>(
	a: T | undefined,
	b: T,
): boolean {
	if (a?.end !== b.start || a.prot !== b.prot || a.shared !== b.shared || a.file !== b.file) return false;
	if (a.file !== ANONYMOUS && a.offset + a.end - a.start !== b.offset) return false;
	return [...(a.vm?.flags ?? [])].join() === [...(b.vm?.flags ?? [])].join();
}

/** The calls that make of freshly mapped lines what they were; a line that was writable once is mapped so. */
export function attributes(image: Image, { pid, last_line }: Call): Call[] {
	const calls: Call[] = [];
	const add = (name: string, { start, end }: Pick<ImageLine, "start" | "end">, ...more: number[]) => {
		const call = { ...beginning(pid, last_line), name };
		call.args = [start, end - start, ...more].map((value) => ({ kind: "number", value }));
		calls.push(call);
		return call;
	};
	const lines = image.lines.filter(({ file }) => file !== SPECIAL);
	const finally_protected = lines.map((line) => map_as_begun(line));
	const advised = new Map<ImageLine, number>();
	keep_apart(lines, (line, advice) => {
		advised.set(line, advice);
		add("madvise", line, advice);
	});
	for (const line of lines)
		if (is_written(line) && line.prot & PROT_WRITE)
			add("madvise", { start: line.start, end: line.start + PAGE_SIZE }, MADV.MADV_POPULATE_WRITE);
	for (const line of lines) {
		const flags = line.vm?.flags ?? new Set();
		if (advised.has(line)) add("madvise", line, MADV.MADV_NORMAL);
		for (const [word, advice] of Object.entries(ADVICE)) if (flags.has(word)) add("madvise", line, advice);
	}
	lines.forEach((line, n) => {
		const prot = finally_protected[n];
		if (prot !== line.prot) add("mprotect", line, prot);
		const flags = line.vm?.flags;
		if (!flags?.has("lo")) return;
		const lock = flags.has("lf") ? add("mlock2", line, MLOCK_ONFAULT) : add("mlock", line);
		/* It is locked all the same. */
		if (prot === 0 && !flags.has("lf")) lock.result = { errno: "ENOMEM" };
	});
	return calls;
}

/** Private memory that was written to has an anon_vma. */
const is_written = ({ vm, shared }: ImageLine): boolean => !shared && (vm?.anonymous ?? 0) > 0;

/** What is mapped at first, so that the rest can follow; returns what permissions the line has in the end. */
function map_as_begun(line: ImageLine): number {
	const { prot, vm, name, shared } = line;
	/* These are the kernel's. */
	if (name === "[heap]" || name === "[stack]") line.prot = PROT_READ | PROT_WRITE;
	else if (vm && !shared) {
		if (vm.flags.has("ac") || (vm.flags.has("nr") && is_written(line))) line.prot |= PROT_WRITE;
		if (vm.flags.has("nr")) line.more_flags |= MAP_NORESERVE;
		if (vm.flags.has("gd") && line.file === ANONYMOUS) line.more_flags |= MAP_GROWSDOWN;
	}
	return prot;
}

/** Anonymous memory that is alike and did not merge was written to when it was not: every other stretch of it
 *  gets advice until it has been. */
function keep_apart(lines: ImageLine[], advise: (line: ImageLine, advice: number) => void): void {
	let odd = false;
	lines.forEach((line, n) => {
		const below = lines[n - 1];
		if (below?.end !== line.start) odd = false;
		if (line.shared || line.file !== ANONYMOUS || !line.vm) return;
		if (are_apart(below, line)) {
			odd = !odd;
			for (const one of [below, line]) if (one.vm) one.vm.anonymous ||= PAGE_SIZE;
		}
		if (odd) advise(line, MADV.MADV_SEQUENTIAL);
	});
}

/**
 * The same without flags: memory of a file that was writable once does not merge with what never was. Of two lines
 * that touch and differ in nothing else, the one that a loader protects is the upper one.
 */
export function protect_again(image: Image, { pid, last_line }: Call): Call[] {
	const calls: Call[] = [];
	for (const [n, line] of image.lines.entries()) {
		if (!are_apart(image.lines[n - 1], line) || line.file < 0) continue;
		if (line.shared || line.prot & PROT_WRITE) continue;
		const call = { ...beginning(pid, last_line), name: "mprotect" };
		call.args = [line.start, line.end - line.start, line.prot].map((value) => ({ kind: "number", value }));
		line.prot |= PROT_WRITE;
		calls.push(call);
	}
	return calls;
}
