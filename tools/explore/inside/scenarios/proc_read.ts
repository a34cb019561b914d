// SPDX-License-Identifier: GPL-2.0-only
/**
 * Files of /proc that are read beside what changes what they tell: vmas under mmap_lock, one after the other, and of
 * a process that may end or become another program meanwhile; counts without any lock.
 */
import { user_read_file } from "kernel/entry/user.ts";
import { PR_SET_VMA, PR_SET_VMA_ANON_NAME } from "linux/prctl.ts";
import { __NR_prctl } from "asm/unistd.ts";
import { CONFIG_ANON_VMA_NAME } from "generated/autoconf.ts";
import {
	A,
	B,
	brk,
	check_that,
	exec,
	exit_group,
	forked,
	LEN,
	map,
	map_file,
	map_stack,
	map_written,
	mlock,
	mprotect,
	mremap,
	munmap,
	note,
	noted,
	PAGE,
	parent_and_child,
	PROT_READ,
	PROT_RW,
	read,
	type Scenario,
	start_threads,
	user_idle,
	user_syscall,
	write,
} from "../scenario.ts";

const GROWS = B + 8 * PAGE;
const FILE = B + 16 * PAGE;
const TEXT = B + 32 * PAGE;
const FREE = B + 64 * PAGE;
/** No file: what was asked for is gone. */
const GONE = -1;

/** Regions that begin where the one before ends, or later, and are not empty: how many lines say so. */
function regions(text: string | number): number {
	let end = 0;
	let count = 0;

	for (const line of typeof text === "string" ? text.split("\n") : []) {
		const dash = line.indexOf("-");
		const blank = line.indexOf(" ");

		if (dash < 8 || blank < dash) continue;
		const from = Number.parseInt(line.slice(0, dash), 16);
		const to = Number.parseInt(line.slice(dash + 1, blank), 16);

		check_that(from >= end && to > from, `'${line}' comes behind ${end.toString(16)}`);
		end = to;
		count++;
	}
	return typeof text === "string" ? count : GONE;
}
/** The number that stands behind that name. */
function number_of(text: string, name: string): number {
	const at = text.indexOf(`${name}:`);

	return at < 0 ? GONE : Number.parseInt(text.slice(at + name.length + 1), 10);
}
const read_regions = (file: string) => () => note(0, regions(user_read_file(file)));
const read_number = (file: string, name: string) => () => note(0, number_of(String(user_read_file(file)), name));

/** Two vmas at A, heap above the break as it was, a stack, a file, and a name. */
function memory(): void {
	start_threads(2);
	map(A, 4 * PAGE);
	write(A + PAGE, 1);
	mprotect(A + LEN, LEN, PROT_READ);
	map_stack(GROWS, PAGE);
	map_file(FILE, PAGE, PROT_READ, true);
	read(FILE);
	map_written(TEXT, 0x78);
	note(8, brk(0));
	brk(noted(8) + LEN);
	write(noted(8), 1);
}
/** 1 is what a file said before. */
function memory_told_by(look: () => void): void {
	memory();
	look();
	note(1, noted(0));
}
/** A name for a part of the first one. */
function name(): void {
	user_syscall(__NR_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, A, PAGE, TEXT);
}

/** What the other thread does, and by how many regions more or fewer there are then. */
const CHANGES: Record<string, [what: string, change: () => void, more: number]> = {
	"brk-shrink": ["brk() that gives a page back", () => void brk(noted(8) + PAGE), 0],
	"brk-away": ["brk() that gives all back", () => void brk(noted(8)), -1],
	"brk-grow": ["brk() that grows", () => void brk(noted(8) + 2 * LEN), 0],
	munmap: ["munmap() of the first region", () => void munmap(A, LEN), -1],
	split: ["mprotect() that makes two regions of one", () => void mprotect(A, PAGE, PROT_READ), 1],
	merge: ["mprotect() that makes one region of two", () => void mprotect(A, LEN, PROT_READ), -1],
	move: ["mremap() of the first region", () => void mremap(A, LEN, FREE), 0],
	mmap: ["mmap() behind all others", () => map(FREE, PAGE, PROT_RW), 1],
	mlock: ["mlock() of a part", () => void mlock(A, PAGE), 1],
	stack: ["the growth of a stack", () => void write(GROWS - PAGE, 1), 0],
	...(CONFIG_ANON_VMA_NAME ? { name: ["a name for a part", name, 1] } : {}),
};

/** One of the files beside one of the changes: it tells of before or of after. */
function beside(file: string, change: keyof typeof CHANGES): Scenario {
	const [what, run, more] = CHANGES[change];
	const look = read_regions(`/proc/self/${file}`);

	return {
		about: `a read of /proc/self/${file} beside ${what}`,
		patch: "none: fs/proc/task_mmu.c m_start(), show_map(), show_smap()",
		invariant: "each region is told of once, in order, as it was before or after",
		setup: () => memory_told_by(look),
		cpus: [look, run],
		check() {
			const [before, after] = [noted(1), noted(1) + more];

			check_that(
				noted(0) === before || noted(0) === after,
				`${noted(0)} regions, there were ${before}`,
			);
			look();
			check_that(noted(0) === after, `${noted(0)} regions are left of ${before}`);
		},
		models: ["sc"],
	};
}
/** The parent reads a file of its child beside what the child does. */
function of_child(file: string, what: string, run: () => void, after: "gone" | "there"): Scenario {
	const look = () => note(0, regions(user_read_file(`/proc/${forked()}/${file}`)));

	return {
		about: `a read of /proc/PID/${file} beside ${what} of that process`,
		patch: "none: fs/proc/task_mmu.c proc_mem_open(), m_start()",
		invariant: "who looks at the memory of a process keeps it, and finds it empty once it has ended",
		setup: parent_and_child,
		cpus: [look, run],
		check() {
			look();
			check_that(noted(0) > 0 === (after === "there"), `${noted(0)} regions`);
		},
		models: ["sc"],
	};
}
/** A count that no lock guards. */
function count(file: string, line: string, change: keyof typeof CHANGES): Scenario {
	const [what, run] = CHANGES[change];
	const look = read_number(`/proc/self/${file}`, line);

	return {
		about: `a read of ${line} in /proc/self/${file} beside ${what}`,
		patch: "none: fs/proc/task_mmu.c task_mem()",
		invariant: "it is a number that was right at some time",
		setup: () => memory_told_by(look),
		cpus: [look, run],
		check() {
			const then = noted(0);

			look();
			check_that(
				then === noted(1) || then === noted(0),
				`${line} is ${then}, neither what it was nor what it is`,
			);
		},
		models: ["sc"],
	};
}
function end(): void {
	exit_group();
	user_idle();
}

export const scenarios: Record<string, Scenario> = {
	"maps-brk-shrink": beside("maps", "brk-shrink"),
	"maps-brk-away": beside("maps", "brk-away"),
	"maps-brk-grow": beside("maps", "brk-grow"),
	"maps-munmap": beside("maps", "munmap"),
	"maps-split": beside("maps", "split"),
	"maps-merge": beside("maps", "merge"),
	"maps-move": beside("maps", "move"),
	"maps-mmap": beside("maps", "mmap"),
	"maps-mlock": beside("maps", "mlock"),
	"maps-stack": beside("maps", "stack"),
	...(CONFIG_ANON_VMA_NAME ? { "maps-name": beside("maps", "name") } : {}),
	"smaps-brk-away": beside("smaps", "brk-away"),
	"smaps-munmap": beside("smaps", "munmap"),
	"smaps-merge": beside("smaps", "merge"),
	"smaps-move": beside("smaps", "move"),
	"status-brk-away": count("status", "VmData", "brk-away"),
	"status-mlock": count("status", "VmLck", "mlock"),
	"status-stack": count("status", "VmStk", "stack"),
	"child-maps-exit": of_child("maps", "the end", end, "gone"),
	"child-maps-exec": of_child("maps", "an exec", () => note(1, exec()), "there"),
	"child-maps-munmap": of_child("maps", "a munmap", () => void munmap(A, LEN), "there"),
	"child-smaps-exit": of_child("smaps", "the end", end, "gone"),
};
