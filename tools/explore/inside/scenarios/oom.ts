// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory is gone: whoever asks for more dies of it, and gives all back; and what a writer keeps from going away is
 * there for it to die with. One after the other, in the set-up: it takes all pages that there are.
 */
import { __NR_wait4 } from "asm/unistd.ts";
import { meminfo, user_task } from "kernel/entry/user.ts";
import { MADV_POPULATE_WRITE, MAP_FIXED, MAP_POPULATE, MAP_PRIVATE } from "linux/mman.ts";
import { final_check } from "../final.ts";
import {
	A,
	begin_case,
	check_that,
	child_on,
	fork,
	madvise,
	map,
	mlock,
	mmap,
	on_cpu,
	PAGE,
	PROT_RW,
	read,
	type Scenario,
	start_threads,
	user_syscall,
	write,
} from "../scenario.ts";
import { no_race } from "../table.ts";

const EATEN = A + 0x40000000;
/** More than there is. */
const SIZE = 0x2000000;
const LEFT = 150;
/** What the parent has. */
const OWN = 220 * PAGE;

function touch(from: number, to: number): void {
	for (let addr = from; addr < to && user_task() !== 0; addr += PAGE) write(addr, 1);
}
/** All pages but some, by a call: the TLB has no room for so many. Returns where they end. */
function eat(left: number): number {
	const len = (meminfo().nr_free_pages - left) * PAGE;

	map(EATEN, SIZE);
	const is = madvise(EATEN, len, MADV_POPULATE_WRITE);

	check_that(is === 0, `the populate answers ${is}`);
	return EATEN + len;
}

const CASES: [what: string, ask: (rest: number) => void][] = [
	["faults", (rest) => touch(rest, EATEN + SIZE)],
	["copies on write", () => touch(A, A + OWN)],
	["MADV_POPULATE_WRITE", () => void madvise(EATEN, SIZE, MADV_POPULATE_WRITE)],
	["MAP_POPULATE", () => void mmap(EATEN, SIZE, PROT_RW, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE)],
	["mlock()", () => void mlock(EATEN, SIZE)],
	[
		"fork()",
		() => {
			for (let n = 0; n < 200 && user_task() !== 0; n++) fork();
		},
	],
];

/** A child on CPU 1 asks for too much; its parent is left as it was. */
function run([, ask]: (typeof CASES)[number]): void {
	const pid = child_on(1);

	on_cpu(1, () => ask(eat(LEFT)));
	final_check();
	if (on_cpu(1, user_task) !== 0) return;
	check_that(user_syscall(__NR_wait4, pid, 0, 0) === pid, "who died is not to be waited for");
	check_that(read(A) === 1, "its parent has lost a page");
}

export const scenarios: Record<string, Scenario> = {
	"oom/calls": {
		about: "calls and faults that need more memory than there is, one after the other",
		patch: "none: mm/oom_kill.c out_of_memory(), mm/page_alloc.c __alloc_pages_slowpath()",
		invariant: "who asks dies, all that it had is free, and nobody else is touched",
		setup() {
			start_threads(1);
			map(A, OWN);
			madvise(A, OWN, MADV_POPULATE_WRITE);
			write(A, 1);
			for (const c of CASES) {
				begin_case(c[0]);
				run(c);
			}
			begin_case("");
		},
		cpus: no_race,
		models: ["sc"],
	},
};
