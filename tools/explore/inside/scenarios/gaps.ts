// SPDX-License-Identifier: GPL-2.0-only
/**
 * The trees of vmas, which know of gaps and of ends, and so where mmap() puts what has no place of its own: in the
 * highest gap that is large enough, and where there is none below mmap_base, in the lowest one. The kernel finds it
 * by what its tree of vmas knows of gaps; here, by looking at all of them.
 */
import { __NR_close, __NR_mmap, __NR_sim_open } from "asm/unistd.ts";
import { current } from "kernel/sched/core.ts";
import { vm_end_gap, vm_start_gap } from "linux/mm.ts";
import { MAP_ANONYMOUS, MAP_FIXED, MAP_NORESERVE, MAP_PRIVATE, MAP_SHARED } from "linux/mman.ts";
import type { vm_area_struct } from "linux/mm_types.ts";
import { final_check } from "../final.ts";
import {
	A,
	check_that,
	munmap,
	PAGE,
	PROT_NONE,
	PROT_READ,
	PROT_RW,
	type Scenario,
	user_syscall,
} from "../scenario.ts";
import { random_numbers } from "../strategy/random.ts";
import { each_case, no_race } from "../table.ts";

/** Pages around which gaps are. */
const PAGES = 64;
const LAYOUTS = 12;
const TURNS = 40;
const INO = 4715;
const O_RDONLY = 0;
const MIN_ADDR = PAGE;
const LENGTHS = [3, 1, 2, 5, 1, 8, 4, 2, 1, 6];

const mmap = (addr: number, pages: number, prot: number, flags = 0) =>
	user_syscall(__NR_mmap, addr, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

/** Each gap: where it begins and ends, guard gaps of stacks taken off. The last one is not one of these. */
function gaps(): { start: number; end: number }[] {
	const found: { start: number; end: number }[] = [];
	let start = 0;

	for (let vma: vm_area_struct = current().mm.mmap; vma !== NULL; vma = vma.vm_next) {
		found.push({ start, end: vm_start_gap(vma) });
		start = vm_end_gap(vma);
	}
	return found;
}
function highest(len: number): number {
	const base = current().mm.mmap_base;
	let best = -1;

	for (const { start, end } of gaps()) {
		const at = Math.min(end, base) - len;

		if (at >= Math.max(start, MIN_ADDR)) best = at;
	}
	return best;
}
function lowest(len: number): number {
	const base = current().mm.mmap_legacy_base;

	for (const { start, end } of gaps()) {
		const at = Math.max(start, base);

		if (at + len <= end) return at;
	}
	return -1;
}

/** Vmas with gaps between them, none of which goes together with the next one. */
function layout(at: number, next: () => number): void {
	mmap(at, PAGES, PROT_RW, MAP_FIXED);
	for (let page = 0; page < PAGES; ) {
		const size = 1 + (next() % 6);

		if (next() % 2 === 0) munmap(at + page * PAGE, size * PAGE);
		else mmap(at + page * PAGE, Math.min(size, PAGES - page), PROT_READ, MAP_FIXED);
		page += size;
	}
}
function each_length(where: (len: number) => number): void {
	for (const pages of LENGTHS) {
		const wanted = where(pages * PAGE);
		const is = mmap(0, pages, PROT_RW);

		check_that(
			is === wanted,
			`${pages} pages come to ${is.toString(16)}, and should to ${wanted.toString(16)}`,
		);
	}
}

/** Below mmap_base, where there is room without end. */
function top_down(seed: number): void {
	const end = current().mm.mmap_base;
	const at = end - PAGES * PAGE;

	layout(at, random_numbers(seed));
	each_length(highest);
	munmap(at - PAGES * PAGE, 2 * PAGES * PAGE);
}
/** All that is below mmap_base is in use. */
function bottom_up(seed: number): void {
	const base = current().mm.mmap_base;
	const filled: { start: number; len: number }[] = [];

	for (const gap of gaps()) {
		const start = Math.max(gap.start, MIN_ADDR);
		const len = Math.min(gap.end, base) - start;

		if (len > 0) filled.push({ start, len });
	}
	for (const { start, len } of filled)
		user_syscall(
			__NR_mmap,
			start,
			len,
			PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
			-1,
			0,
		);
	layout(base + 8 * PAGE, random_numbers(seed));
	each_length(lowest);
	munmap(base, 4 * PAGES * PAGE);
	for (const { start, len } of filled) munmap(start, len);
}

/** Single pages come and go, so that each node of the trees is taken out: leaves, and those with two children. */
function churn(seed: number, at: number, map_one: (page: number, next: () => number) => void): void {
	const next = random_numbers(seed);

	for (let page = 0; page < PAGES; page += 1 + (next() % 3)) map_one(page, next);
	for (let turn = 0; turn < TURNS; turn++) {
		const page = next() % PAGES;

		if (next() % 3 === 0) map_one(page, next);
		else munmap(at + page * PAGE, (1 + (next() % 2)) * PAGE);
		final_check();
	}
}
/** Neighbours do not go together. */
function churn_anonymous(seed: number): void {
	churn(seed, A, (page) => mmap(A + page * PAGE, 1, page % 2 === 0 ? PROT_RW : PROT_READ, MAP_FIXED));
}
/** One file, mapped many times at all its places, which overlap. */
function churn_file(seed: number): void {
	const fd = user_syscall(__NR_sim_open, INO, O_RDONLY, PAGES * PAGE);

	churn(seed, A, (page, next) => {
		const [len, offset] = [(1 + (next() % 2)) * PAGE, (next() % PAGES) * PAGE];

		user_syscall(__NR_mmap, A + page * PAGE, len, PROT_READ, MAP_SHARED | MAP_FIXED, fd, offset);
	});
	user_syscall(__NR_close, fd);
}

const table = (about: string, run: (seed: number) => void): Scenario => ({
	about,
	patch: "none: mm/mmap.c unmapped_area(), unmapped_area_topdown()",
	invariant: "it comes into the highest gap that is large enough, or else into the lowest",
	setup: () =>
		each_case(
			Array.from({ length: LAYOUTS }, (_, i) => i + 1),
			(seed) => `layout ${seed}`,
			run,
		),
	cpus: no_race,
	models: ["sc"],
});

export const scenarios: Record<string, Scenario> = {
	"gaps/top-down": table("mmap without an address, among many gaps", top_down),
	"gaps/churn": {
		...table("mappings of a page that come and go, among many", churn_anonymous),
		patch: "none: lib/rbtree.c, include/linux/rbtree_augmented.h __rb_erase_augmented()",
		invariant: "each node knows the largest gap below it",
	},
	"gaps/churn-file": {
		...table("mappings of a file that come and go, among many", churn_file),
		patch: "none: lib/rbtree.c, mm/interval_tree.c",
		invariant: "each node knows how far the intervals below it reach",
	},
	"gaps/bottom-up": table("mmap without an address, where no gap is left below mmap_base", bottom_up),
};
