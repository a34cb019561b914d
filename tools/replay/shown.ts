// SPDX-License-Identifier: GPL-2.0-only
/**
 * Maps that were copied while threads were inside of calls. strace writes that a call is entered before it lets the
 * thread go on; where it was stopped in between, the call had not begun, and the maps do not show it.
 */
import type { MapsLine } from "./maps.ts";
import { pages } from "./model.ts";
import type { Call } from "./strace.ts";
import { number, prot_of } from "./values.ts";

/** No: the call was still to come. */
export function is_shown({ name, args, result }: Call, maps: MapsLine[]): boolean {
	const { value, errno } = result;
	if (value === undefined || errno) return true;
	const at = (address: number) => maps.find(({ start, end }) => start <= address && address < end);
	const [address, length, prot] = args.slice(0, 3).map((arg) => number(arg));
	const permits = (line: MapsLine | undefined) => line !== undefined && prot_of(line.permissions) === (prot & 7);
	const [from, to] = pages(address, length);
	switch (name) {
		case "mmap":
			return permits(at(value));
		case "munmap":
			return !maps.some(({ start, end }) => start < to && from < end);
		case "mprotect":
			return from === to || permits(at(from));
		case "mremap":
			return at(value) !== undefined;
		default:
			return true;
	}
}
