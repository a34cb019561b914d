// SPDX-License-Identifier: GPL-2.0-only
/** mremap(MREMAP_FIXED) from one place of a vma to another place of it, up and down, by every small distance. */
import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from "linux/mman.ts";
import { A, check_that, map, mlock, mmap, PAGE, PROT_RW, resize, type Scenario, write } from "../scenario.ts";
import { each_case, no_race, pairs, read_by_both } from "../table.ts";

const PAGES = 6;
const EINVAL = 22;
const FIXED = MREMAP_MAYMOVE | MREMAP_FIXED;
const MAP_FIXED_SHARED_ANON = 0x31;

interface Memory {
	name: string;
	map: () => void;
	/** Pages of the file that are behind the end of what was mapped first: none. */
	shared?: boolean;
}
const PRIVATE: Memory = { name: "private", map: () => map(A, PAGES * PAGE) };
const SHARED: Memory = {
	name: "shared",
	map: () => mmap(A, PAGES * PAGE, PROT_RW, MAP_FIXED_SHARED_ANON),
	shared: true,
};
const LOCKED: Memory = {
	name: "locked",
	map() {
		map(A, PAGES * PAGE);
		mlock(A, PAGES * PAGE);
	},
};
interface Case {
	memory: Memory;
	from: number;
	to: number;
	old_len: number;
	new_len: number;
	flags: number;
}

function run(c: Case): void {
	c.memory.map();
	const value: number[] = [];
	for (let i = 0; i < 2 * PAGES; i++) value.push(i < PAGES ? i + 1 : -1);
	for (let i = 0; i < PAGES; i++) {
		write(A + i * PAGE, value[i]);
		read_by_both(A + i * PAGE);
	}
	const overlap = c.to < c.from + c.old_len && c.from < c.to + c.new_len;
	const to = A + c.to * PAGE;
	const result = resize(A + c.from * PAGE, c.old_len * PAGE, c.new_len * PAGE, c.flags, to);

	check_that(result === (overlap ? -EINVAL : to), `mremap returns ${result.toString(16)}`);
	if (!overlap) {
		const keep = (c.flags & MREMAP_DONTUNMAP) !== 0;
		const old = value.slice(c.from, c.from + c.old_len);

		for (let i = 0; i < c.old_len; i++) value[c.from + i] = keep ? (c.memory.shared ? old[i] : 0) : -1;
		/* Shared memory grows into the rest of its file: what comes next there, or nothing. */
		for (let i = 0; i < c.new_len; i++)
			value[c.to + i] = i < c.old_len ? old[i] : c.memory.shared ? NaN : 0;
	}
	for (let i = 0; i < 2 * PAGES; i++) {
		const page = A + i * PAGE;
		const found = read_by_both(page);

		if (Number.isNaN(value[i])) continue;
		check_that(found === value[i], `page ${i} has ${found} and not ${value[i]}`);
	}
	for (let i = 0; i < 2 * PAGES; i++) {
		if (Number.isNaN(value[i])) continue;
		check_that(write(A + i * PAGE, 64) === (value[i] !== -1), `page ${i} can be written, or cannot`);
	}
}
function cases(): Case[] {
	const places = [...Array(PAGES).keys()];
	const lens: [number, number, number][] = [
		[1, 1, FIXED],
		[2, 2, FIXED],
		[3, 3, FIXED],
		[1, 2, FIXED],
		[3, 1, FIXED],
		[2, 2, FIXED | MREMAP_DONTUNMAP],
	];

	return (
		pairs(pairs([PRIVATE, SHARED, LOCKED], lens), pairs(places, places))
			.map(([[memory, [old_len, new_len, flags]], [from, to]]) => ({
				memory,
				from,
				to,
				old_len,
				new_len,
				flags,
			}))
			.filter((c) => c.from + c.old_len <= PAGES)
			/* As in Linux all that is left loses its lock, and locked_vm keeps what did not move. */
			.filter((c) => c.memory !== LOCKED || (c.flags & MREMAP_DONTUNMAP) === 0)
	);
}
const text_of = (c: Case) =>
	`${c.memory.name} memory, ${c.old_len} pages from ${c.from} to ${c.to}, then ${c.new_len}, flags ${c.flags}`;

export const scenarios: Record<string, Scenario> = {
	"move-within": {
		about: "mremap from one place of a vma to another one of it: up, down, longer, shorter",
		patch: "none: mm/mremap.c mremap_to(), move_vma()",
		invariant: "the pages are at the new place, and each piece that is left is as it was",
		setup: () => each_case(cases(), text_of, run),
		cpus: no_race,
		models: ["sc"],
	},
};
