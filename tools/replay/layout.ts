// SPDX-License-Identifier: GPL-2.0-only
/** Calls that work on memory: what they depend on, and what they do to the model
 *  of the address space. */
import {
	MADV,
	MAP_ANONYMOUS,
	MAP_DROPPABLE,
	MAP_GROWSDOWN,
	MAP_LOCKED,
	MAP_NORESERVE,
	MAP_SHARED,
	MAP_TYPE,
	MCL_CURRENT,
	MREMAP_DONTUNMAP,
	PAGE_SIZE,
	PR_SET_VMA,
	PROT_READ,
	PROT_WRITE,
	page_up,
	TASK_SIZE,
} from "./abi.ts";
import type { FileTable } from "./file_table.ts";
import { forbidding, unadvisable } from "./half_way.ts";
import { apply_policy, policy_footprint } from "./mempolicy.ts";
import {
	ADVICE_SHIFT,
	type AddressSpace,
	ANONYMOUS,
	DONTFORK,
	GROWSDOWN,
	LOCKED,
	NORESERVE,
	pages,
	SHARED,
	SPECIAL,
	WIPEONFORK,
} from "./model.ts";
import type { Call } from "./strace.ts";
import type { Op } from "./trace.ts";
import { number } from "./values.ts";

const PAGES_ONLY = new Set([
	MADV.MADV_DONTNEED,
	MADV.MADV_FREE,
	MADV.MADV_REMOVE,
	MADV.MADV_WILLNEED,
	MADV.MADV_COLD,
	MADV.MADV_PAGEOUT,
	MADV.MADV_DONTNEED_LOCKED,
]);

/** What a call uses and changes of its mm; to be asked before it takes effect. */
export function find_footprint(op: Op, mm: AddressSpace): void {
	const { footprint, args } = op;
	const failed = op.expected.errno !== undefined;
	const range = (start: number, length: number) => {
		const [from, to] = pages(start, length);
		footprint.direct.push([from, to]);
		footprint.influence.push(mm.island(from, to));
	};
	footprint.layout = true;
	switch (op.name) {
		case "brk": {
			footprint.brk = true;
			const brk = op.expected.value ?? mm.brk;
			if (args[0] === 0 || brk === mm.brk) {
				footprint.layout = false;
				if (args[0] !== 0 && args[0] !== brk) footprint.whole = true; /* refused */
			} else {
				const low = page_up(Math.min(brk, mm.brk));
				const high = page_up(Math.max(brk, mm.brk));
				if (low < high) range(low, high - low);
			}
			break;
		}
		case "mmap":
			/* Why it was refused can lie anywhere. */
			if (failed) footprint.whole = true;
			else range(op.expected.value!, args[1]);
			break;
		case "mremap":
			range(args[0], Math.max(args[1], PAGE_SIZE));
			if (failed) footprint.whole = true;
			else range(op.expected.value!, args[2]);
			break;
		case "mlockall":
		case "munlockall":
			footprint.whole = true;
			break;
		case "prctl":
			if (args[0] === PR_SET_VMA) range(args[2], args[3]);
			else footprint.layout = false;
			break;
		case "madvise":
			range(args[0], args[1]);
			/* Takes pages away, leaves vmas alone: neighbours do not matter. */
			if (PAGES_ONLY.has(args[2])) footprint.influence = [...footprint.direct];
			break;
		case "set_mempolicy":
		case "get_mempolicy":
			policy_footprint(op, range);
			footprint.influence = [...footprint.direct];
			break;
		case "msync":
		case "mincore":
			range(args[0], args[1]);
			footprint.influence = [...footprint.direct];
			break;
		default:
			range(args[0], args[1]);
	}
	if (footprint.direct.some(([start, end]) => !(start < end && end <= TASK_SIZE))) {
		footprint.direct = footprint.direct.filter(([start, end]) => start < end && end <= TASK_SIZE);
		if (failed) footprint.whole = true;
	}
}

/** What the call did to the address space. */
export function apply_call(mm: AddressSpace, call: Call, files: FileTable) {
	const args = call.args.slice(0, 6).map((arg) => number(arg));
	const { value, errno } = call.result;
	if (value === undefined) return;
	const [start, end] = pages(args[0], args[1] ?? 0);
	switch (call.name) {
		case "brk": {
			if (value === mm.brk) break;
			const [old_end, new_end] = [page_up(mm.brk), page_up(value)];
			if (new_end > old_end) mm.map(old_end, new_end, { prot: PROT_READ | PROT_WRITE });
			else mm.unmap(new_end, old_end);
			mm.brk = value;
			break;
		}
		case "mmap": {
			if (errno) break;
			const [, length, prot, flags, , offset] = args;
			if (flags & MAP_LOCKED) mm.locks = true;
			const fd = call.args[4];
			const shared = (flags & MAP_TYPE & MAP_SHARED) !== 0;
			const file = !(flags & MAP_ANONYMOUS) && fd?.kind === "fd" ? files.file(fd.path) : ANONYMOUS;
			mm.map(value, page_up(value + length), {
				prot,
				file: shared && file === ANONYMOUS ? SPECIAL : file,
				opened: file >= 0 ? files.opened(mm, fd) : shared ? `shared ${call.line}` : "",
				offset: file >= 0 ? offset : 0,
				flags:
					(shared ? SHARED : 0) |
					(flags & MAP_NORESERVE || (flags & MAP_TYPE) === MAP_DROPPABLE
						? NORESERVE
						: 0) |
					(flags & MAP_GROWSDOWN ? GROWSDOWN : 0) |
					(flags & MAP_LOCKED ? LOCKED : 0),
			});
			break;
		}
		case "munmap":
			if (!errno) mm.unmap(start, end);
			break;
		case "mprotect":
		case "pkey_mprotect":
			if (errno && errno !== "ENOMEM" && errno !== "EACCES") break;
			mm.change(
				start,
				errno === "EACCES"
					? (forbidding(mm, [start, end], args[2], files)?.start ?? start)
					: end,
				(area) => void (area.prot = args[2] & 7),
				true,
			);
			break;
		case "mremap": {
			if (errno) break;
			const old_length = page_up(args[1]);
			const length = page_up(args[2]);
			const keep = old_length === 0 || (args[3] & MREMAP_DONTUNMAP) !== 0;
			if (value === args[0] && length <= old_length) mm.unmap(value + length, value + old_length);
			else if (value === args[0]) {
				const area = mm.areas.at(value)?.value;
				if (area)
					mm.map(value + old_length, value + length, {
						...area,
						anon: false,
						founder: -1,
						offset: area.file >= 0 ? area.offset + old_length : area.offset,
					});
			} else mm.move(args[0], old_length || length, value, length, keep);
			break;
		}
		case "remap_file_pages": {
			if (errno) break;
			/* Another part of the file, mapped over this one. */
			const area = mm.areas.at(args[0])?.value;
			if (area) mm.map(start, end, { ...area, offset: args[3] * PAGE_SIZE });
			break;
		}
		case "mlock":
		case "mlock2":
		case "munlock":
			mm.locks = true;
			/* What a limit forbids is not begun. */
			if (errno && call.name !== "munlock" && mm.limits?.forbid_lock(mm, start, end)) break;
			mm.change(
				start,
				end,
				(area) =>
					void (area.flags =
						call.name === "munlock" ? area.flags & ~LOCKED : area.flags | LOCKED),
				true,
			);
			break;
		case "mlockall":
		case "munlockall":
			mm.locks = true;
			/* What is to come is not in the model. */
			if (errno || (call.name === "mlockall" && !(args[0] & MCL_CURRENT))) break;
			mm.change(
				0,
				TASK_SIZE,
				(area) =>
					void (area.flags =
						call.name === "munlockall"
							? area.flags & ~LOCKED
							: area.flags | LOCKED),
			);
			break;
		case "prctl":
			if (args[0] === PR_SET_VMA && !errno) {
				const text = call.args.find((arg) => arg.kind === "string");
				const name = text?.kind === "string" ? `[anon:${text.text}]` : "";
				const [from, to] = pages(args[2], args[3]);
				mm.change(from, to, (area) => void (area.name = name));
			}
			break;
		case "mbind":
		case "set_mempolicy_home_node":
			apply_policy(mm, call, start, end);
			break;
		case "madvise":
			advise(mm, start, end, args[2], errno);
	}
}

function advise(mm: AddressSpace, start: number, end: number, advice: number, errno?: string) {
	if (errno === "EINVAL") end = unadvisable(mm, [start, end], advice)?.start ?? start;
	else if (errno && errno !== "ENOMEM") return;
	const set = (on: number, off = 0) =>
		mm.change(start, end, (area) => void (area.flags = (area.flags & ~off) | on));
	switch (advice) {
		case MADV.MADV_DONTNEED:
		case MADV.MADV_DONTNEED_LOCKED:
		case MADV.MADV_FREE:
		case MADV.MADV_REMOVE:
		case MADV.MADV_PAGEOUT:
			return mm.forget_pages(start, end);
		case MADV.MADV_DONTFORK:
			return set(DONTFORK);
		case MADV.MADV_DOFORK:
			return set(0, DONTFORK);
		case MADV.MADV_WIPEONFORK:
			return set(WIPEONFORK);
		case MADV.MADV_KEEPONFORK:
			return set(0, WIPEONFORK);
		case MADV.MADV_NORMAL:
		case MADV.MADV_RANDOM:
		case MADV.MADV_SEQUENTIAL:
			return set((advice & 3) << ADVICE_SHIFT, 3 << ADVICE_SHIFT);
		case MADV.MADV_MERGEABLE:
			return mm.change(start, end, (area) => {
				if (!(area.flags & SHARED) && area.file !== SPECIAL) area.flags |= 32 << ADVICE_SHIFT;
			});
		case MADV.MADV_UNMERGEABLE:
			return set(0, 32 << ADVICE_SHIFT);
		case MADV.MADV_HUGEPAGE:
			return set(4 << ADVICE_SHIFT, 8 << ADVICE_SHIFT);
		case MADV.MADV_NOHUGEPAGE:
			return set(8 << ADVICE_SHIFT, 4 << ADVICE_SHIFT);
		case MADV.MADV_DONTDUMP:
			return set(16 << ADVICE_SHIFT);
		case MADV.MADV_DODUMP:
			return set(0, 16 << ADVICE_SHIFT);
	}
}
