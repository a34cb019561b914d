// SPDX-License-Identifier: GPL-2.0-only
/** What the bits of the kernel's words are called, for who reads a trace: the kernel's own constants. */
import { pte_pfn } from "asm/pgtable.ts";
import { PAGE_SHIFT } from "asm/pgtable_types.ts";
import { entry_functions, pte_bits } from "asm/stepper.ts";
import { percpu_base_of } from "host/door.ts";
import { nr_cpus } from "host/state.ts";
import * as gfp from "linux/gfp.ts";
import * as mm from "linux/mm.ts";
import * as page_flags from "linux/page-flags.ts";
import type { Decoder } from "../protocol.ts";

type Flags = Decoder["flags"]["gfp"];

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

/** The bits of an entry of which its frame's number is made. */
function pfn_mask(): number {
	let mask = 0;

	for (let bit = 0; bit < 32; bit++) if (pte_pfn(1 << bit) !== 0) mask |= 1 << bit;
	return mask;
}

export function decoder(): Decoder {
	return {
		flags: {
			vm_flags: bits_of(mm, /^VM_(?!FAULT_)(\w+)$/),
			gfp: bits_of(gfp, /^__GFP_(?!BITS)(\w+)$/),
			/* Types of pages have such names, too, and are no numbers of bits. */
			page_flags: bits_of(page_flags, /^PG_(\w+)$/, (v) => (v < 32 ? 1 << v : 0)),
		},
		pte_bits: [...pte_bits],
		pfn_mask: pfn_mask(),
		page_shift: PAGE_SHIFT,
		entry_functions: [...entry_functions],
		percpu: { base: percpu_base_of(0), stride: percpu_base_of(1) - percpu_base_of(0), cpus: nr_cpus },
	};
}
