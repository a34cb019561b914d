// SPDX-License-Identifier: GPL-2.0-only
/**
 * KUnit tests of mm/mmap.ts, mprotect.ts and brk: placement, the eight cases
 * of vma_merge(), splitting, unmapping, limits and errors.
 */
import { CONFIG_X86 } from "generated/autoconf.ts";
import { PAGE_SIZE, TASK_SIZE } from "asm/pgtable_types.ts";
import { current } from "kernel/sched/core.ts";
import {
	KUNIT_CASE, KUNIT_CASE_PARAM, KUNIT_EXPECT_EQ, KUNIT_EXPECT_NULL,
	KUNIT_EXPECT_STREQ, type kunit, kunit_skip, kunit_suite,
} from "kunit/test.ts";
import {
	EACCES, EBADF, EEXIST, EINVAL, ENOMEM, EPERM,
} from "linux/errno.ts";
import {
	MAP_32BIT, MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_GROWSDOWN,
	MAP_HUGE_SHIFT, MAP_HUGETLB, MAP_PRIVATE, MAP_SHARED, MAP_STACK,
	PROT_NONE, PROT_READ, PROT_WRITE, vm_committed_as,
} from "linux/mman.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";
import { ulong_add_overflows, ULONG_RANGE } from "linux/overflow.ts";
import { percpu_counter_sum } from "linux/percpu_counter.ts";
import { KERNEL_VERSION } from "linux/version.ts";
import { ulong_arg } from "kernel/entry/syscall.ts";
import { sys_munlock } from "mm/mlock.ts";
import {
	expand_stack, find_vma_prev, ksys_mmap_pgoff, stack_guard_gap, sys_brk,
	sys_munmap,
} from "mm/mmap.ts";
import {
	addr_of, BASE, layout, map, mm_test_exit, mm_test_init, RW, touch,
} from "mm/mmap_kunit_util.ts";
import { sys_mprotect } from "mm/mprotect.ts";
import { find_vma } from "linux/mm.ts";

const ANON = MAP_PRIVATE | MAP_ANONYMOUS;

function mprotect(from: number, to: number, prot: number): number {
	return sys_mprotect(addr_of(from), (to - from) * PAGE_SIZE, prot);
}

function munmap(from: number, to: number): number {
	return sys_munmap(addr_of(from), (to - from) * PAGE_SIZE);
}

/** From the top down, and into the highest gap that is large enough. */
function topdown(test: kunit): void {
	const mm: mm_struct = current().mm;
	const two = 2 * PAGE_SIZE;
	const a = ksys_mmap_pgoff(0, two, RW, ANON, -1, 0);
	const b = ksys_mmap_pgoff(0, 3 * PAGE_SIZE, PROT_READ, ANON, -1, 0);
	const c = ksys_mmap_pgoff(0, PAGE_SIZE, RW, ANON, -1, 0);

	KUNIT_EXPECT_EQ(test, a, mm.mmap_base - two);
	KUNIT_EXPECT_EQ(test, b, a - 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, c, b - PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, sys_munmap(b, 3 * PAGE_SIZE), 0);
	/* Fits the hole of 3 pages, then does not. */
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(0, two, RW, ANON, -1, 0),
		b + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(0, two, RW, ANON, -1, 0),
		c - two);
	/* A hint that is free is taken, one that is not is not. */
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(addr_of(7), PAGE_SIZE, RW, ANON,
		-1, 0), addr_of(7));
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(a, PAGE_SIZE, RW, ANON, -1, 0),
		b);
}

/** Each case of vma_merge() that its drawing shows. */
interface merge_case {
	name: string;
	before: string; /* R: r, W: rw, -: nothing; a letter for each page */
	op: "map" | "protect";
	from: number;
	to: number;
	prot: number;
	after: string;
}

const merge_cases: merge_case[] = [
	{ name: "cannot merge", before: "WWWW", op: "protect", from: 1, to: 2,
		prot: PROT_READ, after: "0-1 rw, 1-2 r, 2-4 rw" },
	{ name: "case 1", before: "WW--WW", op: "map", from: 2, to: 4, prot: RW,
		after: "0-6 rw" },
	{ name: "case 2", before: "WW--RR", op: "map", from: 2, to: 4, prot: RW,
		after: "0-4 rw, 4-6 r" },
	{ name: "case 3", before: "RR--WW", op: "map", from: 2, to: 4, prot: RW,
		after: "0-2 r, 2-6 rw" },
	{ name: "case 4", before: "RRRRWW", op: "protect", from: 2, to: 4,
		prot: RW, after: "0-2 r, 2-6 rw" },
	{ name: "case 5", before: "WWRRRR", op: "protect", from: 2, to: 4,
		prot: RW, after: "0-4 rw, 4-6 r" },
	{ name: "case 6", before: "WWRRWW", op: "protect", from: 2, to: 4,
		prot: RW, after: "0-6 rw" },
	{ name: "case 7", before: "WWRR", op: "protect", from: 2, to: 4, prot: RW,
		after: "0-4 rw" },
	{ name: "case 8", before: "RRWW", op: "protect", from: 0, to: 2, prot: RW,
		after: "0-4 rw" },
];

function merge(test: kunit, c: merge_case): void {
	for (let i = 0; i < c.before.length; i++) {
		const ch = c.before.charAt(i);

		if (ch !== "-")
			map(i, i + 1);
	}
	/* Read-only by way of mprotect(), so that VM_ACCOUNT is the same. */
	for (let i = 0; i < c.before.length; i++)
		if (c.before.charAt(i) === "R")
			mprotect(i, i + 1, PROT_READ);
	const ret = c.op === "map" ? map(c.from, c.to, c.prot)
		: mprotect(c.from, c.to, c.prot);

	KUNIT_EXPECT_EQ(test, ret, c.op === "map" ? addr_of(c.from) : 0);
	KUNIT_EXPECT_STREQ(test, layout(), c.after);
}

/** Two ranges with an anon_vma each stay apart; with one of them they merge. */
function merge_anon_vma(test: kunit): void {
	map(0, 1);
	map(2, 3);
	KUNIT_EXPECT_EQ(test, touch(0, true) >= 0, true);
	KUNIT_EXPECT_EQ(test, touch(2, true) >= 0, true);
	map(1, 2);
	KUNIT_EXPECT_STREQ(test, layout(), "0-2 rw, 2-3 rw");
	map(4, 5);
	map(3, 4);
	KUNIT_EXPECT_STREQ(test, layout(), "0-2 rw, 2-5 rw");
}

/** Rules of newer kernels, for a program that asks for them. */
function newer_merges(test: kunit): void {
	const mm: mm_struct = current().mm;

	/* 6.16: a range gives its anon_vma to a neighbour that has none. */
	for (const version of [0, KERNEL_VERSION(6, 16, 0)]) {
		mm.kernel_version = version;
		munmap(0, 8);
		map(0, 2);
		touch(0, true);
		mprotect(0, 2, PROT_READ);
		map(2, 4);
		mprotect(0, 2, RW);
		KUNIT_EXPECT_STREQ(test, layout(),
			version === 0 ? "0-2 rw, 2-4 rw" : "0-4 rw");
	}
	/* 6.7: memory that was never written is no longer accounted for. */
	for (const version of [0, KERNEL_VERSION(6, 7, 0)]) {
		mm.kernel_version = version;
		munmap(0, 8);
		map(0, 2, PROT_READ);
		map(2, 4);
		mprotect(2, 4, PROT_READ);
		KUNIT_EXPECT_STREQ(test, layout(),
			version === 0 ? "0-2 r, 2-4 r" : "0-4 r");
	}
	/* 6.7: a stack wants no huge pages. */
	for (const version of [0, KERNEL_VERSION(6, 7, 0)]) {
		mm.kernel_version = version;
		munmap(0, 8);
		map(0, 2);
		ksys_mmap_pgoff(addr_of(2), PAGE_SIZE, RW,
			ANON | MAP_FIXED | MAP_STACK, -1, 0);
		KUNIT_EXPECT_STREQ(test, layout(),
			version === 0 ? "0-3 rw" : "0-2 rw, 2-3 rw");
	}
}

/** 6.1: the heap is what lies above its start, and shrinks if there is any. */
function newer_brk(test: kunit): void {
	const mm: mm_struct = current().mm;
	const start = mm.start_brk;

	for (const version of [0, KERNEL_VERSION(6, 1, 0)]) {
		mm.kernel_version = version;
		map(998, 1000);
		KUNIT_EXPECT_EQ(test, sys_brk(start + 4 * PAGE_SIZE),
			start + 4 * PAGE_SIZE);
		KUNIT_EXPECT_STREQ(test, layout(), version === 0
			? "998-1004 rw" : "998-1000 rw, 1000-1004 rw");
		munmap(1002, 1004);
		KUNIT_EXPECT_EQ(test, sys_brk(start + 3 * PAGE_SIZE), start +
			(version === 0 ? 3 : 4) * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, sys_brk(start), start);
		munmap(998, 1000);
	}
}

/** 6.1: a gap in front of a stack that turns out to be too small takes those
 *  that are near to it along. */
function newer_topdown(test: kunit): void {
	const mm: mm_struct = current().mm;
	const top = mm.mmap_base;

	/* A stack at the top, and below it a hole in its guard gap. */
	for (const version of [0, KERNEL_VERSION(6, 1, 0)]) {
		mm.kernel_version = version;
		ksys_mmap_pgoff(top - 4 * PAGE_SIZE, 4 * PAGE_SIZE, RW,
			ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
		ksys_mmap_pgoff(top - 20 * PAGE_SIZE, PAGE_SIZE, RW,
			ANON | MAP_FIXED, -1, 0);
		ksys_mmap_pgoff(top - 30 * PAGE_SIZE, PAGE_SIZE, RW,
			ANON | MAP_FIXED, -1, 0);
		const got = ksys_mmap_pgoff(0, PAGE_SIZE, PROT_READ, ANON, -1,
			0);

		KUNIT_EXPECT_EQ(test, got, version === 0
			? top - 21 * PAGE_SIZE
			: top - 4 * PAGE_SIZE - stack_guard_gap - PAGE_SIZE);
		sys_munmap(got, PAGE_SIZE);
	}
}

/** 6.12: MAP_FIXED that fails leaves what it cut. */
function newer_fixed(test: kunit): void {
	const mm: mm_struct = current().mm;

	if (TASK_SIZE / 2 / PAGE_SIZE <= 2 ** 30)
		kunit_skip(test, "no length is more than memory may be");

	for (const version of [0, KERNEL_VERSION(6, 12, 0)]) {
		mm.kernel_version = version;
		map(0, 4);
		KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(addr_of(2),
			TASK_SIZE / 2, RW, ANON | MAP_FIXED, -1, 0), -ENOMEM);
		KUNIT_EXPECT_STREQ(test, layout(),
			version === 0 ? "0-2 rw" : "0-2 rw, 2-4 rw");
		munmap(0, 4);
	}
}

/** What a machine says of its lowest addresses, huge pages and the rest. */
function elsewhere(test: kunit): void {
	const mm: mm_struct = current().mm;
	const at = (addr: number, flags: number) =>
		ksys_mmap_pgoff(addr, PAGE_SIZE, RW, ANON | flags, -1, 0);

	KUNIT_EXPECT_EQ(test, at(0, MAP_HUGETLB), -EINVAL);
	mm.kernel_version = KERNEL_VERSION(5, 18, 0);
	KUNIT_EXPECT_EQ(test, at(0, MAP_HUGETLB), -ENOMEM);
	KUNIT_EXPECT_EQ(test, at(0, MAP_HUGETLB | (20 << MAP_HUGE_SHIFT)),
		-EINVAL);
	KUNIT_EXPECT_EQ(test, at(addr_of(1), MAP_FIXED | MAP_HUGETLB), -EINVAL);
	/* That none is left is found out when the place was made free. */
	map(1, 2);
	KUNIT_EXPECT_EQ(test, at(BASE, MAP_FIXED | MAP_HUGETLB), -ENOMEM);
	KUNIT_EXPECT_STREQ(test, layout(), "");
	mm.min_addr = 65536;
	KUNIT_EXPECT_EQ(test, at(PAGE_SIZE, 0), 65536);
	mm.min_fixed_addr = 65536;
	KUNIT_EXPECT_EQ(test, at(0, MAP_FIXED), -EPERM);
	mm.min_fixed_addr = 0;
	KUNIT_EXPECT_EQ(test, at(0, MAP_FIXED), 0);
}

/** The second GiB, from below; only x86 has the flag. */
function map_32bit(test: kunit): void {
	const at = (addr: number, pages: number) => ksys_mmap_pgoff(addr,
		pages * PAGE_SIZE, RW, ANON | MAP_32BIT, -1, 0);

	if (!CONFIG_X86) {
		kunit_skip(test, "x86 only");
		return;
	}
	KUNIT_EXPECT_EQ(test, at(0, 2), 0x40000000);
	KUNIT_EXPECT_EQ(test, at(0, 1), 0x40002000);
	KUNIT_EXPECT_EQ(test, at(0x90000000, 1), 0x40003000);
	KUNIT_EXPECT_EQ(test, at(0x50000000, 1), 0x50000000);
	KUNIT_EXPECT_EQ(test, at(0, 0x40000), -ENOMEM);
}

/** Where 64 bits end, and addresses whose low 32 bits look like an errno. */
function ends_of_numbers(test: kunit): void {
	const mm: mm_struct = current().mm;
	const top = ULONG_RANGE - PAGE_SIZE;

	KUNIT_EXPECT_EQ(test, ulong_add_overflows(top, PAGE_SIZE - 1), false);
	KUNIT_EXPECT_EQ(test, ulong_add_overflows(top, PAGE_SIZE), true);
	KUNIT_EXPECT_EQ(test, ulong_add_overflows(PAGE_SIZE - 1, top), false);
	KUNIT_EXPECT_EQ(test, sys_munlock(addr_of(1), top), -EINVAL);
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(0x1fffff800, PAGE_SIZE, RW,
		ANON | MAP_FIXED, -1, 0), -EINVAL);
	/* Shared memory that is more than there can be. */
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(0, 2 ** 31 * PAGE_SIZE, RW,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, mm.map_count, 0);
	/* What is not aligned stays so. */
	KUNIT_EXPECT_EQ(test, ulong_arg(-(2 ** 40) + 1) % PAGE_SIZE !== 0, true);
	KUNIT_EXPECT_EQ(test, ulong_arg(-PAGE_SIZE), top);
}

function unmap_splits(test: kunit): void {
	const mm: mm_struct = current().mm;

	map(0, 8);
	for (let i = 0; i < 8; i++)
		touch(i, true);
	KUNIT_EXPECT_EQ(test, munmap(2, 4), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-2 rw, 4-8 rw");
	KUNIT_EXPECT_EQ(test, mm.map_count, 2);
	KUNIT_EXPECT_EQ(test, mm.total_vm, 6);
	KUNIT_EXPECT_EQ(test, munmap(1, 5), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-1 rw, 5-8 rw");
	KUNIT_EXPECT_EQ(test, munmap(100, 200), 0); /* nothing there */
	KUNIT_EXPECT_EQ(test, munmap(0, 100), 0);
	KUNIT_EXPECT_NULL(test, mm.mmap);
	KUNIT_EXPECT_EQ(test, mm.total_vm, 0);
	KUNIT_EXPECT_EQ(test, mm.highest_vm_end, 0);
}

function errors(test: kunit): void {
	const huge = 18446744073709549568; /* 2^64 - 2048 */

	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(0, 0, RW, ANON, -1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(0, huge, RW, ANON, -1, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(0, TASK_SIZE, RW, ANON, -1, 0),
		-ENOMEM);
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(0, PAGE_SIZE, RW, MAP_ANONYMOUS,
		-1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(0, PAGE_SIZE, RW, MAP_PRIVATE,
		999, 0), -EBADF);
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(addr_of(0) + 1, PAGE_SIZE, RW,
		ANON | MAP_FIXED, -1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(TASK_SIZE, PAGE_SIZE, RW,
		ANON | MAP_FIXED, -1, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(0, PAGE_SIZE, RW,
		ANON | MAP_FIXED, -1, 0), -EPERM);
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(0, PAGE_SIZE, RW,
		MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0), -EINVAL);
	map(0, 1);
	KUNIT_EXPECT_EQ(test, ksys_mmap_pgoff(addr_of(0), PAGE_SIZE, RW,
		ANON | MAP_FIXED_NOREPLACE, -1, 0), -EEXIST);
	KUNIT_EXPECT_EQ(test, sys_munmap(addr_of(0) + 1, PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, sys_munmap(addr_of(0), 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, sys_munmap(addr_of(0), huge), -EINVAL);
	KUNIT_EXPECT_EQ(test, mprotect(0, 2, PROT_READ), -ENOMEM);
	KUNIT_EXPECT_EQ(test, mprotect(5, 6, PROT_READ), -ENOMEM);
	KUNIT_EXPECT_EQ(test, mprotect(0, 0, PROT_READ), 0);
	KUNIT_EXPECT_EQ(test, mprotect(0, 1, 0x40), -EINVAL);
	KUNIT_EXPECT_EQ(test, sys_mprotect(addr_of(0), huge, PROT_READ), -ENOMEM);
	KUNIT_EXPECT_STREQ(test, layout(), "0-1 r");
}

/** Shared memory that may not be written cannot become writable. */
function may_bits(test: kunit): void {
	const mm: mm_struct = current().mm;

	map(0, 1, PROT_READ);
	const vma = mm.mmap;

	vma.vm_flags &= ~0x20; /* VM_MAYWRITE */
	KUNIT_EXPECT_EQ(test, mprotect(0, 1, PROT_READ | PROT_WRITE), -EACCES);
	KUNIT_EXPECT_EQ(test, mprotect(0, 1, PROT_NONE), 0);
}

function brk(test: kunit): void {
	const mm: mm_struct = current().mm;
	const start = mm.start_brk;

	KUNIT_EXPECT_EQ(test, sys_brk(0), start);
	KUNIT_EXPECT_EQ(test, sys_brk(start + PAGE_SIZE + 0x234),
		start + PAGE_SIZE + 0x234);
	KUNIT_EXPECT_STREQ(test, layout(), "1000-1002 rw");
	KUNIT_EXPECT_EQ(test, sys_brk(start + 4 * PAGE_SIZE),
		start + 4 * PAGE_SIZE);
	KUNIT_EXPECT_STREQ(test, layout(), "1000-1004 rw");
	KUNIT_EXPECT_EQ(test, sys_brk(start + 1), start + 1);
	KUNIT_EXPECT_STREQ(test, layout(), "1000-1001 rw");
	/* Something is in the way, with a page between. */
	map(1004, 1005);
	KUNIT_EXPECT_EQ(test, sys_brk(start + 4 * PAGE_SIZE), start + 1);
	KUNIT_EXPECT_EQ(test, sys_brk(start + 3 * PAGE_SIZE),
		start + 3 * PAGE_SIZE);
}

function lookup(test: kunit): void {
	const mm: mm_struct = current().mm;

	map(2, 4);
	map(6, 8, PROT_READ);
	mmap_read_lock(mm);
	KUNIT_EXPECT_EQ(test, find_vma(mm, addr_of(0)).vm_start, addr_of(2));
	KUNIT_EXPECT_EQ(test, find_vma(mm, addr_of(4) - 1).vm_start, addr_of(2));
	KUNIT_EXPECT_EQ(test, find_vma(mm, addr_of(4)).vm_start, addr_of(6));
	KUNIT_EXPECT_NULL(test, find_vma(mm, addr_of(8)));
	KUNIT_EXPECT_EQ(test, find_vma_prev(mm, addr_of(8)).pprev.vm_start,
		addr_of(6));
	KUNIT_EXPECT_EQ(test, find_vma_prev(mm, addr_of(7)).pprev.vm_start,
		addr_of(2));
	mmap_read_unlock(mm);
}

/** A stack grows on demand, up to the guard gap. */
function stack(test: kunit): void {
	const mm: mm_struct = current().mm;

	ksys_mmap_pgoff(addr_of(900), PAGE_SIZE, RW,
		ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
	map(600, 601);
	mmap_read_lock(mm);
	const vma = find_vma(mm, addr_of(900));

	KUNIT_EXPECT_EQ(test, expand_stack(vma, addr_of(880) + 5), 0);
	KUNIT_EXPECT_EQ(test, vma.vm_start, addr_of(880));
	KUNIT_EXPECT_EQ(test, vma.vm_pgoff, addr_of(880) / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, expand_stack(vma, addr_of(856)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, expand_stack(vma, addr_of(857)), 0);
	mmap_read_unlock(mm);
}

/** What a stack grows by is committed if it is given back: with VM_ACCOUNT. */
function stack_accounts(test: kunit): void {
	const mm: mm_struct = current().mm;
	const before = percpu_counter_sum(vm_committed_as);

	for (const prot of [RW, PROT_READ]) {
		ksys_mmap_pgoff(addr_of(900), PAGE_SIZE, prot,
			ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
		mmap_read_lock(mm);
		KUNIT_EXPECT_EQ(test, expand_stack(find_vma(mm, addr_of(900)),
			addr_of(890)), 0);
		mmap_read_unlock(mm);
		KUNIT_EXPECT_EQ(test, percpu_counter_sum(vm_committed_as),
			before + (prot === RW ? 11 : 0));
		munmap(890, 901);
		KUNIT_EXPECT_EQ(test, percpu_counter_sum(vm_committed_as),
			before);
	}
}

export const mmap_test_suite = kunit_suite({
	name: "mmap",
	init: mm_test_init,
	exit: mm_test_exit,
	test_cases: [
		KUNIT_CASE("topdown", topdown),
		KUNIT_CASE_PARAM("merge", merge, merge_cases),
		KUNIT_CASE("merge_anon_vma", merge_anon_vma),
		KUNIT_CASE("newer_merges", newer_merges),
		KUNIT_CASE("newer_brk", newer_brk),
		KUNIT_CASE("newer_topdown", newer_topdown),
		KUNIT_CASE("newer_fixed", newer_fixed),
		KUNIT_CASE("elsewhere", elsewhere),
		KUNIT_CASE("map_32bit", map_32bit),
		KUNIT_CASE("ends_of_numbers", ends_of_numbers),
		KUNIT_CASE("unmap_splits", unmap_splits),
		KUNIT_CASE("errors", errors),
		KUNIT_CASE("may_bits", may_bits),
		KUNIT_CASE("brk", brk),
		KUNIT_CASE("lookup", lookup),
		KUNIT_CASE("stack", stack),
		KUNIT_CASE("stack_accounts", stack_accounts),
	],
});
