// SPDX-License-Identifier: GPL-2.0-only
/**
 * Fast GUP, the other walk without mmap_lock, and what a pin is good for in
 * 5.17: beside munmap, beside what frees page tables, mprotect, faults and
 * fork. A driver that takes pages is kernel code on the CPU of who asks for it;
 * a device reads and writes the page itself.
 */
import { load8, store8 } from "host/door.ts";
import { page_address } from "asm-generic/memory_model.ts";
import { FOLL_WRITE, put_page } from "linux/mm.ts";
import type { page } from "linux/mm_types.ts";
import {
	get_user_pages_fast_only,
	type page_ptr,
	pin_user_pages_fast,
	pin_user_pages_fast_only,
	unpin_user_page,
} from "mm/gup.ts";
import {
	A,
	as_child,
	B,
	check_that,
	fork,
	forked,
	in_kernel,
	LEN,
	map,
	mprotect,
	munmap,
	note,
	noted,
	on_cpu,
	PAGE,
	parent_and_child,
	pid_of,
	PROT_READ,
	read,
	run_task,
	type Scenario,
	signal,
	store,
	switch_to,
	thread,
	untouched,
	V,
	wait_for,
	write,
	written,
} from "../scenario.ts";

/** What the drivers have got, one page of each CPU. */
interface driver extends struct {
	page: array<page, 4>;
}
const driver = DEFINE<driver>();

function place(cpu: number): page_ptr {
	return cast<page_ptr>(ADDR(driver.page[cpu]));
}

type gup_fn = (start: number, nr: number, flags: number, pages: page_ptr) => number;

/** In a system call of this CPU's: is the page at addr had? */
function take(cpu: number, fn: gup_fn, addr: number, flags: number): boolean {
	return in_kernel(() => fn(addr, 1, flags, place(cpu))) === 1;
}
/** The first byte of the page, as a device finds it; and as one leaves it. */
function device_reads(cpu: number): number {
	return load8(page_address(driver.page[cpu]));
}
function device_writes(cpu: number, value: number): void {
	store8(page_address(driver.page[cpu]), value);
}
function put(cpu: number): void {
	in_kernel(() => put_page(driver.page[cpu]));
}
function unpin(cpu: number): void {
	in_kernel(() => unpin_user_page(driver.page[cpu]));
}

/** CPU 0 looks at the page, if it can have it without a lock, and gives it back. Notes what was in it. */
function look(): void {
	note(0, -1);
	if (!take(0, get_user_pages_fast_only, A, 0)) return;
	note(0, device_reads(0));
	put(0);
}

/** The page goes, and comes back as the one at B, whose table is there already. */
function reuse_page(): void {
	munmap(A, PAGE);
	write(B, 9);
}
function reusable(): void {
	written();
	map(B, LEN);
	write(B + PAGE, 1);
}

/** All of the table that A is in goes; and its page comes back, as data. */
function reuse_table(): void {
	munmap(A, LEN);
	write(B, 9);
}

/** The page is pinned for a device that is going to write to it; or it was not to be had. */
function pin(cpu: number): void {
	check_that(take(cpu, pin_user_pages_fast, A, FOLL_WRITE), "the page cannot be pinned");
}
/** What a pin promises: process and device mean one page. When the other program is through. */
function use_pin(cpu: number): void {
	wait_for(0);
	device_writes(cpu, 5);
	check_that(read(A) === 5, "what the device writes is not what the process reads");
	write(A, 6);
	check_that(device_reads(cpu) === 6, "what the process writes is not what the device reads");
	unpin(cpu);
}
/** Beside a write of the process: one of the two makes the page. */
function store_and_say(): void {
	store();
	signal(0);
}
function pin_beside_store(): void {
	pin(1);
	wait_for(0);
	note(2, read(A));
	use_pin(1);
}
function check_store(): void {
	check_that(noted(0) === 1 && noted(2) === V, "the write is lost");
}
function pin_beside_fork(): void {
	pin(0);
	use_pin(0);
}
function fork_and_say(): void {
	fork();
	signal(0);
}
function check_child(): void {
	check_that(forked() > 0, "the fork fails");
	check_that(as_child(() => read(A)) === 1, "the child sees what was written after the fork");
}

/** CPU 1 reads what it has a reference to, as its own page was; it is given back in check(). */
function spy(): void {
	note(1, take(1, get_user_pages_fast_only, A, 0) ? 1 : 0);
}
function check_secret(): void {
	check_that(noted(0) === 1 && read(A) === V, "the parent's write is lost");
	if (noted(1) === 0) return;
	check_that(device_reads(1) === 1, "the child sees what the parent has written");
	put(1);
}

export const scenarios: Record<string, Scenario> = {
	"gup-munmap": {
		about: "a page that is taken without a lock, beside its munmap, after which it is another's",
		patch: "none: mm/gup.c gup_pte_range()",
		invariant: "who gets a page gets the one that was mapped there",
		setup: reusable,
		cpus: [look, reuse_page],
		check() {
			check_that(noted(0) === -1 || noted(0) === 1, "the page is somebody else's");
		},
		configs: ["gup.config"],
		only: true,
	},
	"gup-table-free": {
		about: "a walk without a lock beside the munmap that frees its page table",
		patch: "none: mm/gup.c lockless_pages_from_mm()",
		invariant: "a table is not freed while it is walked",
		setup: reusable,
		cpus: [look, reuse_table],
		check() {
			check_that(noted(0) === -1 || noted(0) === 1, "the page is somebody else's");
		},
		configs: ["gup.config", "gup-ipitables.config"],
		only: true,
	},
	"gup-mprotect": {
		about: "a page that is taken for writing, beside an mprotect() that makes it read-only",
		patch: "none: mm/gup.c gup_pte_range()",
		invariant: "after mprotect() it is not to be had for writing",
		setup: written,
		cpus: [
			() => {
				note(0, take(0, get_user_pages_fast_only, A, FOLL_WRITE) ? 1 : 0);
				if (noted(0) === 1) put(0);
			},
			() => {
				mprotect(A, LEN, PROT_READ);
				note(1, take(1, get_user_pages_fast_only, A, FOLL_WRITE) ? 1 : 0);
			},
		],
		check() {
			check_that(noted(1) === 0, "a page can be taken for writing after mprotect()");
		},
		configs: ["gup.config"],
		only: true,
	},
	"fault-pin": {
		about: "a first write beside a pin of the same page: each makes it, if the other has not",
		patch: "V2.18 mm: implement speculative handling in do_anonymous_page()",
		invariant: "process and device mean one page",
		setup: untouched,
		cpus: [store_and_say, pin_beside_store],
		check: check_store,
		configs: ["gup.config"],
		only: true,
	},
	"cow-pin": {
		about: "a write to a page that a child has as well, beside a pin of it for writing",
		patch: "V2.26 mm: implement speculative handling in wp_page_copy()",
		invariant: "process and device mean one page",
		setup() {
			written();
			fork();
		},
		cpus: [store_and_say, pin_beside_store],
		check() {
			check_store();
			check_child();
		},
		configs: ["gup.config"],
		only: true,
	},
	"pin-fork": {
		about: "a page that is pinned without a lock, beside a fork",
		patch: "none: mm/gup.c lockless_pages_from_mm(), mm/memory.c copy_page_range()",
		invariant: "after a fork a pinned page is still the parent's",
		setup: written,
		cpus: [pin_beside_fork, fork_and_say],
		check: check_child,
		configs: ["gup.config"],
		only: true,
	},
	"pin-fork-again": {
		about: "the same where the process has had pins before, so that forks look for them already",
		patch: "none: mm/gup.c lockless_pages_from_mm(), mm/memory.c copy_page_range()",
		invariant: "after a fork a pinned page is still the parent's",
		setup() {
			written();
			if (take(0, pin_user_pages_fast_only, A, FOLL_WRITE)) unpin(0);
		},
		cpus: [pin_beside_fork, fork_and_say],
		check: check_child,
		configs: ["gup.config"],
		only: true,
	},
	"gup-cow-secret": {
		about: "a reference that a child takes and keeps over its munmap, beside the parent's write",
		patch: "none: mm/memory.c do_wp_page(); CVE-2020-29374",
		invariant: "who has a page of before the fork does not see what others write after it",
		setup: parent_and_child,
		cpus: [
			store,
			() => {
				spy();
				munmap(A, PAGE);
			},
		],
		check: check_secret,
		configs: ["gup.config"],
		only: true,
	},
	"gup-cow-secret-late": {
		about: "the same where another thread of the child has unmapped the page before the parent writes",
		patch: "none: mm/gup.c gup_pte_range(), mm/memory.c do_wp_page(); CVE-2020-29374",
		invariant: "who has a page of before the fork does not see what others write after it",
		setup() {
			parent_and_child();
			run_task(on_cpu(1, thread));
		},
		cpus: [
			() => {
				munmap(A, PAGE);
				switch_to(pid_of(0));
				store();
			},
			spy,
		],
		check: check_secret,
		configs: ["gup.config"],
		only: true,
	},
};
