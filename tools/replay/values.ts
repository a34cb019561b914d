// SPDX-License-Identifier: GPL-2.0-only
/** What the arguments of recorded calls mean, as numbers. */
import { basename } from "node:path";
import {
	CLONE_FILES,
	CLONE_FS,
	CLONE_SIGHAND,
	CLONE_THREAD,
	CLONE_VFORK,
	CLONE_VM,
	PROT_EXEC,
	PROT_READ,
	PROT_WRITE,
	SIGCHLD,
	value_of,
} from "./abi.ts";
import type { Call, Value } from "./strace.ts";

export const constant = (value: number): Value => ({ kind: "number", value });

/** The call is what another one comes down to. */
export function become(call: Call, name: string, args: Value[]): void {
	call.name = name;
	call.args = args;
}

/** … a mapping of a file that nobody has opened, and that is an open file of its own: it merges with nothing. */
export function mapping_of(call: Call, path: string, at: number, length: number, prot: number, flags: number): void {
	const fd: Value = { kind: "fd", fd: constant(FIRST_OF_NONE + call.line), path };
	become(call, "mmap", [...[at, length, prot, flags].map(constant), fd, constant(0)]);
}
/** No program has so many descriptors. */
const FIRST_OF_NONE = 1e6;

export function is_birth(name: string): boolean {
	return name === "clone" || name === "clone3" || name === "fork" || name === "vfork";
}

export function is_special(name: string): boolean {
	return /^\[(vdso|vvar|vvar_vclock|uprobes|sigpage)\]$/.test(name);
}

export function prot_of(permissions: string): number {
	return (
		(permissions[0] === "r" ? PROT_READ : 0) |
		(permissions[1] === "w" ? PROT_WRITE : 0) |
		(permissions[2] === "x" ? PROT_EXEC : 0)
	);
}

/** Value of an argument, undefined if it is no number. Doubles: addresses are
 *  exact, and so are multiples of the page size up to 2^64. */
export function numeric(value: Value | undefined): number | undefined {
	switch (value?.kind) {
		case "number":
			return value.value;
		case "name":
			return value_of(value.name);
		case "fd":
			return numeric(value.fd);
		case "unary": {
			const of = numeric(value.of);
			return of === undefined ? undefined : value.op === "~" ? ~of : value.op === "-" ? -of : of;
		}
		case "binary": {
			const [left, right] = [numeric(value.left), numeric(value.right)];
			if (left === undefined || right === undefined) return undefined;
			/* Flags beyond 32 bits (clone3's) add up: they never overlap. */
			if (value.op === "|")
				return left > 0x7fffffff || right > 0x7fffffff ? left + right : left | right;
			if (value.op === "<<") return left * 2 ** right;
			if (value.op === "+") return left + right;
			if (value.op === "-") return left - right;
			if (value.op === "*") return left * right;
			return undefined;
		}
		default:
			return undefined;
	}
}

export const number = (value: Value | undefined): number => numeric(value) ?? 0;

export function show(value: Value): string {
	if (value.kind === "name") return value.name;
	if (value.kind === "binary") return `${show(value.left)}${value.op}${show(value.right)}`;
	return value.kind;
}

export function clone_flags(call: Call): number {
	if (call.name === "fork") return 0;
	if (call.name === "vfork") return CLONE_VM | CLONE_VFORK;
	let flags: Value | undefined;
	if (call.name === "clone3") {
		const first = call.args[0];
		const fields = first?.kind === "binary" ? first.left : first;
		if (fields?.kind === "struct") flags = fields.fields.find(({ name }) => name === "flags")?.value;
	} else flags = call.args[1];
	/* strace prints clone's arguments by name: `flags=CLONE_…`. */
	return number(flags);
}

/** Does the call make a process with a copy of the caller's memory? */
export function copies_memory(call: Call): boolean {
	if (!is_birth(call.name) || call.result.errno || !((call.result.value ?? 0) > 0)) return false;
	return (clone_flags(call) & CLONE_VM) === 0;
}

/** Of the clone flags, those that make a difference to memory and tasks. */
export function replayed_flags(flags: number): number {
	return flags & (CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | CLONE_FS | CLONE_FILES);
}

/** The signal that a child sends at its end: 0 for a thread. */
export function exit_signal(call: Call): number {
	if (call.name === "fork" || call.name === "vfork") return SIGCHLD;
	if (call.name === "clone") return clone_flags(call) & 0xff;
	const first = call.args[0];
	const fields = first?.kind === "binary" ? first.left : first;
	if (fields?.kind !== "struct") return 0;
	return number(fields.fields.find(({ name }) => name === "exit_signal")?.value);
}

/** si_pid of what waitid filled in. */
export function waited_pid(call: Call): number | undefined {
	const info = call.args[2];
	if (info?.kind !== "struct") return undefined;
	return numeric(info.fields.find(({ name }) => name === "si_pid")?.value);
}

/** The name that an execve gives to its thread. */
export function exec_comm(call: Call): string {
	const path = call.args[0];
	return path?.kind === "string" ? basename(path.text).slice(0, 15) : "";
}
