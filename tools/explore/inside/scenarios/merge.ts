// SPDX-License-Identifier: GPL-2.0-only
/**
 * vma_merge() and __vma_adjust(), case by case: three regions of two pages, one behind the other, of which the first
 * and the last may be missing. The middle one is made different from its neighbours, and then a call makes all of it,
 * its head or its tail the same again. Which regions have pages, and so an anon_vma, and since when, is the rest of
 * the table: an anon_vma is shared by pieces of what was one vma, and is its own where the neighbour was not there.
 */
import { MADV_NORMAL, MADV_RANDOM, MREMAP_MAYMOVE } from "linux/mman.ts";
import { VM_LOCKED } from "linux/mm.ts";
import {
	A,
	B,
	check_that,
	LEN,
	madvise,
	map,
	mlock,
	mprotect,
	mremap,
	munlock,
	munmap,
	PAGE,
	PROT_READ,
	PROT_RW,
	resize,
	type Scenario,
	vma_at,
	write,
} from "../scenario.ts";
import { each_case, no_race, pairs, read_by_both } from "../table.ts";

const FIRST = A;
const MIDDLE = A + LEN;
const LAST = A + 2 * LEN;
const REGIONS = [FIRST, MIDDLE, LAST];
/** Where what moves comes from. */
const SOURCE = B + LEN;

/** How the middle becomes different, and how a part of it the same again. */
interface Way {
	name: string;
	differ: (addr: number, len: number, c: Case) => void;
	join: (addr: number, len: number, c: Case) => void;
	/** What its pages have afterwards: as before, zeroes, or what came with them. */
	pages: "kept" | "zero" | "moved";
	/** Until then: nothing is there, or nobody may write. */
	before?: "absent" | "read-only";
	locked?: "all" | "rest";
}
interface Case {
	way: Way;
	/** Of the first and the last region. */
	there: [boolean, boolean];
	part: "whole" | "head" | "tail";
	/** Bit i: the pages of region i are written, */
	touched: number;
	/** before the middle becomes different. */
	early: boolean;
}

/** What can fail does not here. */
function done(result: number, expected = 0): void {
	check_that(result === expected, `a call returns ${result.toString(16)}`);
}
const has = (c: Case, region: number) => region === 1 || c.there[region === 0 ? 0 : 1];
const touches = (c: Case, region: number) => has(c, region) && (c.touched & (1 << region)) !== 0;

function touch(c: Case, region: number): void {
	if (!touches(c, region)) return;
	for (const i of [0, 1]) {
		write(REGIONS[region] + i * PAGE, 1 + 2 * region + i);
		read_by_both(REGIONS[region] + i * PAGE);
	}
}
function lock_neighbours(c: Case): void {
	if (has(c, 0)) done(mlock(FIRST, LEN));
	if (has(c, 2)) done(mlock(LAST, LEN));
}
const PROTECTED: Way = {
	name: "mprotect",
	differ: (addr, len) => done(mprotect(addr, len, PROT_READ)),
	join: (addr, len) => done(mprotect(addr, len, PROT_RW)),
	pages: "kept",
	before: "read-only",
};
const LOCKED: Way = {
	name: "mlock",
	differ: (_addr, _len, c) => lock_neighbours(c),
	join: (addr, len) => done(mlock(addr, len)),
	pages: "kept",
	locked: "all",
};
const UNLOCKED: Way = {
	name: "munlock",
	differ: (addr, len) => done(mlock(addr, len)),
	join: (addr, len) => done(munlock(addr, len)),
	pages: "kept",
	locked: "rest",
};
const ADVISED: Way = {
	name: "madvise",
	differ: (addr, len) => done(madvise(addr, len, MADV_RANDOM)),
	join: (addr, len) => done(madvise(addr, len, MADV_NORMAL)),
	pages: "kept",
};
const MAPPED: Way = {
	name: "mmap of a gap",
	differ: (addr, len) => done(munmap(addr, len)),
	join: (addr, len) => map(addr, len),
	pages: "zero",
	before: "absent",
};
const MAPPED_OVER: Way = {
	name: "mmap in place of it",
	differ: () => {},
	join: (addr, len) => map(addr, len),
	pages: "zero",
};
/** A source that was touched keeps the index of its pages, and so does not merge. */
const moved = (touched: boolean): Way => ({
	name: `mremap of ${touched ? "written" : "fresh"} pages into a gap`,
	differ(addr, len) {
		done(munmap(addr, len));
		map(SOURCE, len);
		for (let i = 0; touched && i < len / PAGE; i++) write(SOURCE + i * PAGE, 9 + i);
	},
	join: (addr, len) => done(mremap(SOURCE, len, addr), addr),
	pages: touched ? "moved" : "zero",
	before: "absent",
});
const GROWN: Way = {
	name: "mremap that grows into a gap",
	differ: (addr, len) => done(munmap(addr, len)),
	join(addr, len, c) {
		if (has(c, 0) && addr === MIDDLE) done(resize(FIRST, LEN, LEN + len, MREMAP_MAYMOVE), FIRST);
		else map(addr, len);
	},
	pages: "zero",
	before: "absent",
};

function range_of(c: Case): [number, number] {
	return c.part === "whole" ? [MIDDLE, LEN] : [c.part === "head" ? MIDDLE : MIDDLE + PAGE, PAGE];
}
function run(c: Case): void {
	const [addr, len] = range_of(c);
	const { way } = c;
	const inside = (p: number) => p >= addr && p < addr + len;
	const first = has(c, 0) ? FIRST : MIDDLE;

	map(first, (has(c, 2) ? LAST + LEN : LAST) - first);
	if (c.early) for (const region of [0, 1, 2]) touch(c, region);
	way.differ(MIDDLE, LEN, c);
	if (!c.early) for (const region of way.before ? [0, 2] : [0, 1, 2]) touch(c, region);
	way.join(addr, len, c);

	for (const region of [0, 1, 2]) {
		for (const i of [0, 1]) {
			const page = REGIONS[region] + i * PAGE;
			const kept =
				touches(c, region) && (c.early || region !== 1 || !way.before) ? 1 + 2 * region + i : 0;
			let value = has(c, region) ? kept : -1;

			if (region === 1 && inside(page) && way.pages !== "kept")
				value = way.pages === "zero" ? 0 : 9 + (page - addr) / PAGE;
			else if (region === 1 && way.before === "absent") value = -1;
			const found = read_by_both(page);
			check_that(found === value, `page ${2 * region + i} has ${found} and not ${value}`);
			if (way.locked && value !== -1) check_locked(c, page, region, inside(page));
			const may = value !== -1 && (way.before !== "read-only" || region !== 1 || inside(page));
			check_that(write(page, 64) === may, `page ${2 * region + i} is ${may ? "not " : ""}writable`);
		}
	}
	/* Of one vma they were, and one they are again, unless mlock() has given some an anon_vma of their own. */
	const of_one = c.early && (c.touched !== 0 || way.locked === undefined);

	if (of_one && c.part === "whole" && way.pages === "kept" && has(c, 0) && has(c, 2))
		check_that(vma_at(FIRST) === vma_at(LAST), "the three have not become one");
}
function check_locked(c: Case, page: number, region: number, joined: boolean): void {
	const is = (vma_at(page).vm_flags & VM_LOCKED) !== 0;
	const should = c.way.locked === "all" ? region !== 1 || joined : region === 1 && !joined;

	check_that(is === should, `the page at ${page.toString(16)} is ${is ? "" : "not "}locked`);
}

function cases_of(way: Way): Case[] {
	const there: [boolean, boolean][] = pairs([true, false], [true, false]);
	const parts: Case["part"][] = ["whole", "head", "tail"];
	const touched = pairs([0, 1, 2, 3, 4, 5, 6, 7], [true, false]);

	return pairs(pairs(there, parts), touched)
		.map(([[t, part], [bits, early]]) => ({ way, there: t, part, touched: bits, early }))
		.filter((c) => [0, 2].every((region) => has(c, region) || (c.touched & (1 << region)) === 0))
		.filter(
			(c) =>
				(c.touched !== 0 || c.early) &&
				!(c.early || !c.way.before ? false : (c.touched & 2) !== 0),
		);
}
function text_of(c: Case): string {
	const regions = [0, 1, 2].filter((i) => has(c, i));
	const written = regions.filter((i) => touches(c, i));

	return `${c.way.name} of the ${c.part} of region 1, there are ${regions.join()}, written ${
		written.length === 0 ? "none" : `${c.early ? "before" : "after"} the split ${written.join()}`
	}`;
}
function table(about: string, patch: string, ways: Way[]): Scenario {
	return {
		about,
		patch: `none: ${patch}`,
		invariant: "who becomes part of a neighbour keeps pages, permission and anon_vma; nobody else changes",
		setup: () => each_case(ways.flatMap(cases_of), text_of, run),
		cpus: no_race,
		models: ["sc"],
	};
}

export const scenarios: Record<string, Scenario> = {
	"merge-mprotect": table(
		"mprotect and madvise of what then is as its neighbours: each case, whoever has an anon_vma",
		"mm/mmap.c vma_merge(), __vma_adjust(); mm/mprotect.c, mm/madvise.c",
		[PROTECTED, ADVISED],
	),
	"merge-mlock": table(
		"mlock and munlock of what then is as its neighbours: each case, whoever has an anon_vma",
		"mm/mmap.c vma_merge(), __vma_adjust(); mm/mlock.c apply_vma_lock_flags()",
		[LOCKED, UNLOCKED],
	),
	"merge-mmap": table(
		"mmap of a gap, or of what is mapped already, between what it merges with, whoever has an anon_vma",
		"mm/mmap.c mmap_region(), vma_merge(), __vma_adjust()",
		[MAPPED, MAPPED_OVER],
	),
	"merge-mremap": table(
		"mremap into a gap between what it merges with, or that grows into it, whoever has an anon_vma",
		"mm/mmap.c copy_vma(), vma_merge(), __vma_adjust(); mm/mremap.c",
		[moved(false), moved(true), GROWN],
	),
};
