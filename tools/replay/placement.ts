// SPDX-License-Identifier: GPL-2.0-only
/** Where the recording kernel puts mappings, and so whether a call can have returned what it did. */
import {
	MAP_32BIT,
	MAP_ANONYMOUS,
	MAP_FIXED,
	MAP_FIXED_NOREPLACE,
	MMAP_BASE,
	PMD_SIZE,
	TASK_SIZE,
	page_up,
} from "./abi.ts";
import type { MapsLine } from "./maps.ts";
import { type AddressSpace, pages } from "./model.ts";
import { explains_mremap, explains_range, TELLING } from "./order.ts";
import type { Call } from "./strace.ts";
import { number } from "./values.ts";

/**
 * Where top-down mappings begin: the loader, or [vdso], was the first. Without
 * ASLR and with a small stack it is always the same place; that nothing is
 * there means more only if it is far away.
 */
function find_mmap_base(initial: MapsLine[]): number {
	const stack = initial.find((line) => line.name === "[stack]");
	const below = initial.filter((line) => stack && line.end <= stack.start);
	const top = below[below.length - 1]?.end ?? MMAP_BASE;
	const usual = stack?.end === TASK_SIZE && top <= MMAP_BASE && top > MMAP_BASE - 16 * PMD_SIZE;
	return !stack || usual || (stack.end === TASK_SIZE && top > MMAP_BASE) ? MMAP_BASE : top;
}

const GAP = 1 << 20;

/** Is it an mmap() that has left its place to the kernel, and got one? */
export function finds_place({ name, args, result }: Call): boolean {
	if (name !== "mmap" || result.errno || result.value === undefined) return false;
	return number(args[0]) === 0 && !(number(args[3]) & (MAP_FIXED | MAP_FIXED_NOREPLACE));
}

/** Of an mmap() that replaces nothing, or that got what it had hinted at: was there nothing before? */
export function is_to_be_free({ name, args, result }: Call): boolean | undefined {
	const flags = number(args[3]);
	if (name !== "mmap" || flags & MAP_FIXED || number(args[0]) === 0) return undefined;
	if (result.errno) return result.errno === "EEXIST" && flags & MAP_FIXED_NOREPLACE ? false : undefined;
	return result.value === number(args[0]) ? true : undefined;
}

export class Placement {
	/** KERNEL_VERSION(); the patch level is left out. */
	readonly kernel_version: number;
	/** Large mappings of files are aligned (5.18), and of anonymous memory (6.7). */
	private readonly aligns_files: boolean;
	readonly aligns_anonymous: boolean;
	readonly mmap_base: number;

	constructor(kernel: string, initial: MapsLine[]) {
		const [major, minor] = kernel.split(".").map((n) => Number.parseInt(n, 10) || 0);
		const version = major * 1000 + minor;
		this.aligns_files = version >= 5018;
		this.aligns_anonymous = version >= 6007;
		this.kernel_version = (major || 0) * 65536 + (minor || 0) * 256;
		this.mmap_base = find_mmap_base(initial);
	}

	/** How large the stack may become, as far as it can be told: mappings begin below that, and a gap. */
	get stack_limit(): number | undefined {
		return this.mmap_base < MMAP_BASE ? TASK_SIZE - this.mmap_base - GAP : undefined;
	}

	/** Would the kernel have answered as recorded in this state? */
	explains(mm: AddressSpace, call: Call): boolean {
		if (mm.limits && !mm.limits.explains(call, mm)) return false;
		if (call.name === "brk") return true;
		if (call.name === "mremap")
			return explains_mremap(mm, call, (length) => this.of(mm, call, length) !== undefined);
		if (call.name !== "mmap" && TELLING.has(call.name)) return explains_range(mm, call);
		const free = is_to_be_free(call);
		if (free !== undefined)
			return (
				(mm.areas.overlapping(...pages(number(call.args[0]), number(call.args[1]))).length ===
					0) ===
				free
			);
		return !finds_place(call) || this.of(mm, call, page_up(number(call.args[1]))) !== undefined;
	}

	/** By which rule the recorded place is that of so many bytes, if by any; `freed`: as if nothing were there. */
	of(mm: AddressSpace, call: Call, length: number, freed?: [number, number]): "plain" | "aligned" | undefined {
		const place = call.result.value!;
		/* Which file systems align is not recorded: both places are possible. */
		const low = call.name === "mmap" && (number(call.args[3]) & MAP_32BIT) !== 0;
		if ((low ? mm.place_32bit(length) : mm.place(length, freed)) === place) return "plain";
		if (low) return place % PMD_SIZE === 0 ? "aligned" : undefined;
		return this.aligned(mm, call, length, freed) === place ? "aligned" : undefined;
	}

	/** Where the recording kernel's rule puts it: aligned, if it is large. */
	aligned(mm: AddressSpace, call: Call, length: number, freed?: [number, number]): number | undefined {
		const file = call.name === "mmap" && !(number(call.args[3]) & MAP_ANONYMOUS);
		const aligns = file ? this.aligns_files : this.aligns_anonymous && length % PMD_SIZE === 0;
		const offset = file ? number(call.args[5]) : 0;
		const aligned = aligns ? mm.place_aligned(length, offset, freed) : undefined;
		return aligned ?? mm.place(length, freed);
	}
}
