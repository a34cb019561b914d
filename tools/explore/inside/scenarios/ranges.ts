// SPDX-License-Identifier: GPL-2.0-only
/**
 * Calls whose range begins and ends inside of a vma, on both sides of the border of two page tables, of which either
 * has pages, has none any more, or is not there. Each page was written and is in the TLBs of both CPUs, or never.
 * Some lengths, and where a call takes that, addresses, are of bytes and not of whole pages.
 */
import { MADV_COLD, MADV_DONTNEED, MADV_FREE, MADV_PAGEOUT } from "linux/mman.ts";
import { VM_LOCKED } from "linux/mm.ts";
import { PMD_SIZE } from "asm/pgtable_types.ts";
import {
	B,
	check_that,
	madvise,
	madvise_dontneed,
	map,
	mlock,
	mmap,
	mprotect,
	mremap,
	munlock,
	munmap,
	PAGE,
	PROT_NONE,
	PROT_READ,
	PROT_RW,
	type Scenario,
	vma_at,
	write,
} from "../scenario.ts";
import { each_case, no_race, pairs, read_by_both } from "../table.ts";

/** So many pages on either side of B. */
const SIDE = 3;
const MAP_FIXED_SHARED_ANON = 0x31;

type Table = "pages" | "empty" | "none";
interface Call {
	name: string;
	call: (addr: number, len: number) => number;
	/** What a page that has a value has then; and whether it can be written. */
	value?: (v: number, shared: boolean) => number;
	writable?: boolean;
	locked?: boolean;
	/** They are there afterwards, so far behind. */
	moves?: number;
}
interface Case {
	what: Call;
	start: number;
	end: number;
	tables: [Table, Table];
	shared: boolean;
}
const gone = () => -1;
const kept = (v: number) => v;

/** Of a range, less: what a length means that ends within the last page, */
const cut = (len: number) => len - PAGE + 1;
/** and a range from within the first one to within the last. */
const bytes = (addr: number, len: number): [number, number] => [addr + PAGE - 1, len === PAGE ? 1 : len - 2 * PAGE + 2];

/** The page so many pages from the border. */
const at = (i: number) => B + i * PAGE;
const table_of = (c: Case, i: number) => c.tables[i < 0 ? 0 : 1];

function run(c: Case): void {
	const { what, start, end } = c;
	const len = (end - start) * PAGE;

	if (c.shared) mmap(at(-SIDE), 2 * SIDE * PAGE, PROT_RW, MAP_FIXED_SHARED_ANON);
	else map(at(-SIDE), 2 * SIDE * PAGE);
	const value: number[] = [];
	for (let i = -SIDE; i < SIDE; i++) {
		value[i + SIDE] = 0;
		if (table_of(c, i) === "none") continue;
		value[i + SIDE] = i + SIDE + 1;
		write(at(i), i + SIDE + 1);
		read_by_both(at(i));
	}
	for (const [side, table] of c.tables.entries()) {
		const from = side === 0 ? -SIDE : 0;

		if (table !== "empty") continue;
		madvise_dontneed(at(from), SIDE * PAGE);
		for (let i = from; !c.shared && i < from + SIDE; i++) value[i + SIDE] = 0;
	}
	const result = what.call(at(start), len);

	check_that(result === 0 || result === at(start) + (what.moves ?? 0), `it returns ${result.toString(16)}`);
	for (let i = -SIDE; i < SIDE; i++) {
		const inside = i >= start && i < end;
		const expected = inside ? (what.value ?? kept)(value[i + SIDE], c.shared) : value[i + SIDE];
		const vma = vma_at(at(i));

		if (vma !== NULL) {
			const locked = inside && what.locked === true;

			check_that(((vma.vm_flags & VM_LOCKED) !== 0) === locked, `the lock of page ${i} is wrong`);
		}
		const found = read_by_both(at(i));
		check_that(found === expected, `page ${i} has ${found} and not ${expected}`);
		const may = expected !== -1 && (!inside || what.writable !== false);
		check_that(write(at(i), 64) === may, `page ${i} can be written, or cannot`);
		if (!inside || what.moves === undefined) continue;
		const there = read_by_both(at(i) + what.moves);
		check_that(there === value[i + SIDE], `page ${i} was moved, and has ${there}`);
	}
}
const RANGES: [number, number][] = [
	[-3, 3],
	[-2, 2],
	[-1, 1],
	[-3, 1],
	[-1, 3],
	[-2, 0],
	[0, 2],
	[-3, -2],
	[1, 2],
];
const TABLES: Table[] = ["pages", "empty", "none"];

function table(about: string, patch: string, calls: Call[]): Scenario {
	const cases = () =>
		pairs(pairs(calls, RANGES), pairs(pairs(TABLES, TABLES), [false, true])).map(
			([[what, [start, end]], [tables, shared]]): Case => ({ what, start, end, tables, shared }),
		);
	const text = (c: Case) =>
		`${c.what.name} of pages ${c.start} to ${c.end - 1}, ${c.shared ? "shared" : "private"}; below it ${
			c.tables[0]
		}, above ${c.tables[1]}`;

	return {
		about,
		patch: `none: ${patch}`,
		invariant: "what is in the range changes, on both sides and for every CPU, and nothing else",
		setup: () => each_case(cases(), text, run),
		cpus: no_race,
		models: ["sc"],
	};
}

export const scenarios: Record<string, Scenario> = {
	"range-mprotect": table(
		"mprotect of a part of a vma in two page tables, each of which may be empty or missing",
		"mm/mprotect.c change_pmd_range()",
		[
			{ name: "mprotect to read", call: (a, l) => mprotect(a, l, PROT_READ), writable: false },
			{ name: "mprotect to none", call: (a, l) => mprotect(a, cut(l), PROT_NONE), value: gone },
			{
				name: "mprotect to read and back",
				call: (a, l) => mprotect(a, l, PROT_READ) + mprotect(a, l, PROT_RW),
			},
		],
	),
	"range-madvise": table(
		"MADV_DONTNEED, MADV_COLD, MADV_PAGEOUT in two page tables, each maybe empty or missing",
		"mm/madvise.c, mm/memory.c zap_pmd_range()",
		[
			{
				name: "MADV_DONTNEED",
				call: (a, l) => madvise(a, cut(l), MADV_DONTNEED),
				value: (v, shared) => (shared ? v : 0),
			},
			{ name: "MADV_COLD", call: (a, l) => madvise(a, l, MADV_COLD) },
			{ name: "MADV_PAGEOUT", call: (a, l) => madvise(a, l, MADV_PAGEOUT) },
		],
	),
	"range-mlock": table(
		"mlock and munlock of a part of a vma in two page tables, each of which may be missing",
		"mm/mlock.c, mm/gup.c",
		[
			{ name: "mlock", call: (a, l) => mlock(...bytes(a, l)), locked: true },
			{ name: "mlock and munlock", call: (a, l) => mlock(a, l) + munlock(...bytes(a, l)) },
		],
	),
	"range-munmap": table(
		"munmap and mremap of a part of a vma in two page tables, each maybe empty or missing",
		"mm/memory.c free_pgd_range(), mm/mremap.c move_page_tables()",
		[
			{ name: "munmap", call: (a, l) => munmap(a, cut(l)), value: gone },
			{
				name: "mremap by a table",
				call: (a, l) => mremap(a, l, a + PMD_SIZE),
				value: gone,
				moves: PMD_SIZE,
			},
			{
				name: "mremap by a table and a page",
				call: (a, l) => mremap(a, cut(l), a + PMD_SIZE + PAGE),
				value: gone,
				moves: PMD_SIZE + PAGE,
			},
		],
	),
	"range-free": table(
		"MADV_FREE of a part of a vma in two page tables, each of which may be empty or missing",
		"mm/madvise.c madvise_free_pte_range()",
		[{ name: "MADV_FREE", call: (a, l) => free_private(a, l) }],
	),
};

/** Shared memory cannot be freed so. */
function free_private(addr: number, len: number): number {
	const result = madvise(addr, len, MADV_FREE);

	return result === -22 ? 0 : result;
}
