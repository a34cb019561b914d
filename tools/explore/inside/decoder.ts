// SPDX-License-Identifier: GPL-2.0-only
/** What the bits of the kernel's words are called, for who reads a trace: the kernel's own constants. */
import {
	_PAGE_ACCESSED,
	_PAGE_DIRTY,
	_PAGE_NX,
	_PAGE_PRESENT,
	_PAGE_PROTNONE,
	_PAGE_PSE,
	_PAGE_RW,
	_PAGE_SPECIAL,
	_PAGE_UFFD_WP,
	_PAGE_USER,
	PAGE_SHIFT,
	PTE_PFN_MASK,
} from "asm/pgtable_types.ts";
import { percpu_base_of } from "host/door.ts";
import { nr_cpus } from "host/state.ts";
import * as gfp from "linux/gfp.ts";
import * as mm from "linux/mm.ts";
import * as page_flags from "linux/page-flags.ts";
import type { Decoder } from "../protocol.ts";

type Flags = Decoder["flags"]["pte"];

/** Exported constants of one bit, by their names after a prefix. */
function bits_of(module: object, prefix: RegExp, bit = (v: number) => v): Flags {
	const flags: Flags = [];

	for (const [name, v] of Object.entries(module)) {
		const short = prefix.exec(name)?.[1];

		if (short === undefined || typeof v !== "number") continue;
		const value = bit(v);

		/* Masks and aliases of a few are no bit. */
		if (value !== 0 && (value & (value - 1)) === 0 && !flags.some(([, b]) => b === value))
			flags.push([short, value]);
	}
	return flags;
}

export function decoder(): Decoder {
	return {
		flags: {
			pte: [
				["P", _PAGE_PRESENT],
				["RW", _PAGE_RW],
				["US", _PAGE_USER],
				["A", _PAGE_ACCESSED],
				["D", _PAGE_DIRTY],
				["PSE", _PAGE_PSE],
				["PROTNONE", _PAGE_PROTNONE],
				["SPECIAL", _PAGE_SPECIAL],
				["UFFD_WP", _PAGE_UFFD_WP],
				["NX", _PAGE_NX],
			],
			vm_flags: bits_of(mm, /^VM_(?!FAULT_)(\w+)$/),
			gfp: bits_of(gfp, /^__GFP_(?!BITS)(\w+)$/),
			/* Types of pages have such names, too, and are no numbers of bits. */
			page_flags: bits_of(page_flags, /^PG_(\w+)$/, (v) => (v < 32 ? 1 << v : 0)),
		},
		pfn_mask: PTE_PFN_MASK,
		page_shift: PAGE_SHIFT,
		percpu: { base: percpu_base_of(0), stride: percpu_base_of(1) - percpu_base_of(0), cpus: nr_cpus },
	};
}
