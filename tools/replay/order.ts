// SPDX-License-Identifier: GPL-2.0-only
/** Whether a call can have returned what it did in a given state of the address
 *  space: that tells in which order calls took effect that overlapped in time. */
import { MADV, MPOL, MREMAP_DONTUNMAP, MREMAP_FIXED, PAGE_SIZE, page_up } from "./abi.ts";
import { type AddressSpace, LOCKED, pages } from "./model.ts";
import type { Call } from "./strace.ts";
import { number, numeric } from "./values.ts";

/** Calls that change what is mapped where. */
export const LAYOUT = new Set(["mmap", "munmap", "mprotect", "pkey_mprotect", "mremap", "brk"]);

/** Calls whose results depend on what is mapped where. */
export const TELLING = new Set([
	"mmap",
	"mremap",
	"msync",
	"madvise",
	"mprotect",
	"pkey_mprotect",
	"mlock",
	"mlock2",
	"munlock",
	"mbind",
	"mincore",
	"brk",
]);

/** Is all of it mapped? */
function covered(mm: AddressSpace, start: number, end: number): boolean {
	let at = start;
	for (const range of mm.areas.overlapping(start, end)) {
		if (range.start > at) return false;
		at = range.end;
	}
	return at >= end;
}

/** Advice that is not for locked memory. */
const NOT_LOCKED = new Set([MADV.MADV_DONTNEED, MADV.MADV_FREE, MADV.MADV_COLD, MADV.MADV_PAGEOUT]);

function is_locked(mm: AddressSpace, start: number, end: number): boolean {
	return mm.areas.overlapping(start, end).some(({ value }) => (value.flags & LOCKED) !== 0);
}

/** A call on a range: 0 says that it is mapped, -ENOMEM mostly that it is not. */
export function explains_range(mm: AddressSpace, call: Call): boolean {
	const { errno, value } = call.result;
	const binds = call.name === "mbind";
	/* mbind() has an errno of its own, which may be of a set of nodes, too, that cannot be read; and it may take a
	 * policy away from what is partly mapped. */
	if (errno ? errno !== (binds ? "EFAULT" : "ENOMEM") : value === undefined) return true;
	if (binds && (number(call.args[2]) === MPOL.MPOL_DEFAULT || (errno && numeric(call.args[3])))) return true;
	const [start, end] = pages(number(call.args[0]), number(call.args[1]));
	if (call.name === "madvise" && !errno && NOT_LOCKED.has(number(call.args[2])) && is_locked(mm, start, end))
		return false;
	if ((call.name === "mlock" || call.name === "mlock2") && mm.limits?.forbid_lock(mm, start, end)) return !!errno;
	return start >= end || covered(mm, start, end) === !errno;
}

/** `place` is where the kernel would put so many bytes. */
export function explains_mremap(mm: AddressSpace, call: Call, is_place: (length: number) => boolean): boolean {
	const { errno, value } = call.result;
	if (value === undefined) return true;
	const [address, old_bytes, new_bytes, flags] = call.args.slice(0, 4).map((arg) => number(arg));
	const [old_length, length] = [page_up(old_bytes), page_up(new_bytes)];
	const old_end = address + Math.max(old_length, PAGE_SIZE);
	const mapped = covered(mm, address, old_end);
	if (errno) return errno !== "EFAULT" || !mapped;
	if (flags & MREMAP_FIXED) return mapped;
	const keeps = old_length === 0 || (flags & MREMAP_DONTUNMAP) !== 0;
	/* It stays if there is room behind it, and moves if not. */
	if (length <= old_length && !keeps) return mm.areas.at(address) !== undefined;
	const end = address + length;
	const room = !keeps && mm.areas.overlapping(address + old_length, end).length === 0;
	if (value === address) return mapped && room;
	return mapped && !room && (keeps || is_place(length));
}
