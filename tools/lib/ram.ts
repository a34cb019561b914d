// SPDX-License-Identifier: GPL-2.0-only
/** How much RAM a machine may have, all in MiB, and which kernels can do with it. */
import type { ObjtreeOptions } from "../../scripts/lib/objtree.ts";
import { whole_number } from "./options.ts";

/** What pointers reach. */
const LOW = 2048;
/** What an entry of a page table has bits for. */
const MOST = 4096;

export interface Room {
	most: number;
	/** Why not more. */
	why: string;
}

const ALL: Room = { most: MOST, why: "more cannot be addressed" };

/** By symbols of the configuration, which are "y" or not. */
export function room_of(value: (symbol: string) => string | undefined): Room {
	if (value("MEM_SOFT_DIRTY") === "y") return { most: 1024, why: "more takes a kernel without MEM_SOFT_DIRTY" };
	if (value("X86_INTEL_MEMORY_PROTECTION_KEYS") === "y")
		return { most: LOW, why: "more takes a kernel without memory keys" };
	if (value("HIGHMEM") === "y") return ALL;
	return { most: LOW, why: "more takes a kernel with HIGHMEM (make highmem.config)" };
}

/** The number of --mem, for a kernel that has this much room; without one, for any kernel. */
export function mem_option(text: string | undefined, room = ALL, least?: number): number | undefined {
	return whole_number("--mem", text, { least, ...room });
}

/** The kernel that is built where --mem says so much: with HIGHMEM, if it takes that. */
export function with_room(tree: ObjtreeOptions, text: string | undefined): ObjtreeOptions {
	if ((mem_option(text) ?? 0) <= LOW) return tree;
	return { ...tree, name: `${tree.name}-highmem`, fragments: [...(tree.fragments ?? []), "highmem.config"] };
}
