// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory policies of vmas, which a fault asks where to take a page from, while mbind() replaces them: it frees
 * the old one (R30), and splits and merges vmas.
 */
import { __NR_mbind } from "asm/unistd.ts";
import { CONFIG_NUMA } from "generated/autoconf.ts";
import { MPOL_DEFAULT, MPOL_LOCAL } from "linux/mempolicy.ts";
import {
	A,
	as_child,
	check_that,
	fork,
	LEN,
	note,
	noted,
	PAGE,
	read,
	type Scenario,
	store,
	untouched,
	user_syscall,
	V,
	vma_at,
} from "../scenario.ts";

/** Of the node that is nearest, or of no node in particular: neither names any. */
function mbind(addr: number, len: number, mode: number): number {
	return user_syscall(__NR_mbind, addr, len, mode, 0, 0, 0);
}
/** Two pages, of which the second is there, with a policy. */
function with_policy(): void {
	untouched();
	mbind(A, LEN, MPOL_LOCAL);
}
function check_written(): void {
	check_that(noted(0) === 1 && noted(1) === 0 && read(A) === V, "the write is lost");
}
const has_policy = (addr: number) => CONFIG_NUMA && vma_at(addr).vm_policy !== NULL;

const config = { configs: ["numa.config"], only: true };

export const scenarios: Record<string, Scenario> = {
	"fault-mbind": {
		...config,
		about: "a write fault in memory that has a policy beside the mbind that takes it away",
		patch: "V2.18, 19: do_anonymous_page(), do_user_addr_fault(); R30",
		invariant: "no policy is freed while a fault asks it",
		setup: with_policy,
		cpus: [store, () => note(1, mbind(A, LEN, MPOL_DEFAULT))],
		check() {
			check_written();
			check_that(!has_policy(A), "the policy stays");
		},
	},
	"fault-mbind-split": {
		...config,
		about: "a write fault beside the mbind of its page, which splits the vma",
		patch: "V2.10 mm: add per-mm mmap sequence counter",
		invariant: "the write is not lost",
		setup: untouched,
		cpus: [store, () => note(1, mbind(A, PAGE, MPOL_LOCAL))],
		check() {
			check_written();
			check_that(has_policy(A) && !has_policy(A + PAGE), "the range has another policy");
		},
	},
	"fault-mbind-merge": {
		...config,
		about: "a write fault beside an mbind that makes one vma of two, of which one dies",
		patch: "V2.11 mm: rcu safe vma freeing; mm/mmap.c __vma_adjust()",
		invariant: "the write is not lost, and no policy is freed while a fault asks it",
		setup() {
			untouched();
			mbind(A, PAGE, MPOL_LOCAL);
		},
		cpus: [store, () => note(1, mbind(A + PAGE, PAGE, MPOL_LOCAL))],
		check() {
			check_written();
			check_that(vma_at(A) === vma_at(A + PAGE) && has_policy(A), "the two are not one");
		},
	},
	"fork-mbind": {
		...config,
		about: "a fork of memory that has a policy beside the mbind that takes it away",
		patch: "none: kernel/fork.c dup_mmap(), mm/mempolicy.c vma_dup_policy()",
		invariant: "the child has a policy of its own, or none",
		setup: with_policy,
		cpus: [() => note(0, fork() > 0 ? 1 : 0), () => note(1, mbind(A, LEN, MPOL_DEFAULT))],
		check() {
			check_that(noted(0) === 1 && noted(1) === 0 && !has_policy(A), "a call fails");
			check_that(as_child(() => read(A)) === 0, "the child has another page");
		},
	},
};
