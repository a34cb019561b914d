// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of mm/gup.ts and mm/gup_test.ts: pages that are handed out, with
 * mmap_lock and without, and what a fork and a write do to them after that.
 * One process on CPU 0; the test is the driver that wants its pages.
 */
import { PAGE_SIZE, PMD_SIZE, TASK_SIZE } from "asm/pgtable_types.ts";
import { pte_dirty, pte_page, pte_write } from "asm/pgtable.ts";
import {
	__NR_close, __NR_exit_group, __NR_fork, __NR_ioctl, __NR_mlock,
	__NR_mprotect, __NR_munmap, __NR_openat,
} from "asm/unistd.ts";
import {
	run_task, user_load32, user_load8, user_store32, user_store8,
	user_syscall,
} from "kernel/entry/user.ts";
import { current } from "kernel/sched/core.ts";
import { EFAULT, EINVAL } from "linux/errno.ts";
import { PROT_NONE, PROT_READ } from "linux/mman.ts";
import {
	FOLL_FORCE, FOLL_NOFAULT, FOLL_WRITE, GUP_PIN_COUNTING_BIAS,
	page_mapcount, page_maybe_dma_pinned, put_page,
} from "linux/mm.ts";
import type { page } from "linux/mm_types.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";
import { NR_FOLL_PIN_ACQUIRED, NR_FOLL_PIN_RELEASED } from "linux/mmzone.ts";
import { page_count } from "linux/page_ref.ts";
import { is_zero_pfn } from "linux/pgtable.ts";
import { page_address, page_to_pfn } from "asm-generic/memory_model.ts";
import { load8, store8 } from "host/door.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GE, KUNIT_ASSERT_GT, KUNIT_CASE,
	KUNIT_EXPECT_EQ, KUNIT_EXPECT_FALSE, KUNIT_EXPECT_NE, KUNIT_EXPECT_TRUE,
	type kunit, kunit_suite,
} from "kunit/test.ts";
import { in_kernel } from "mm/fault_kunit_util.ts";
import {
	get_user_pages, get_user_pages_fast, get_user_pages_fast_only,
	get_user_pages_unlocked, type page_ptr, pin_user_pages,
	pin_user_pages_fast, pin_user_pages_fast_only, unpin_user_page,
	unpin_user_pages,
} from "mm/gup.ts";
import {
	DUMP_USER_PAGES_TEST, GUP_BASIC_TEST, GUP_FAST_BENCHMARK,
	PIN_BASIC_TEST, PIN_FAST_BENCHMARK, PIN_LONGTERM_BENCHMARK,
} from "mm/gup_test.ts";
import {
	AREA, make_process, map_anon, page_of, pte_of, user_test_exit,
	user_test_init,
} from "mm/memory_kunit.ts";
import { global_node_page_state_snapshot } from "mm/vmstat.ts";

/** Where the driver keeps what it has got; CPU 0 only. */
interface got extends struct {
	pages: array<page, 8>; /* its CPU only */
}
const got = DEFINE<got>();

type gup_fn = (
	start: number, nr: number, flags: number, pages: page_ptr,
) => number;

function pages(): page_ptr {
	return cast<page_ptr>(got);
}

/** From kernel mode, as a driver's system call would. */
function take(fn: gup_fn, addr: number, nr: number, flags = 0): number {
	return in_kernel(() => fn(addr, nr, flags, pages()));
}

/** The same with mmap_lock, for those that want it. */
function take_locked(
	fn: gup_fn, addr: number, nr: number, flags = 0,
): number {
	return in_kernel(() => {
		const mm = current().mm;

		mmap_read_lock(mm);
		const ret = fn(addr, nr, flags, pages());

		mmap_read_unlock(mm);
		return ret;
	});
}

function put_back(nr: number): void {
	in_kernel(() => {
		for (let i = 0; i < nr; i++) put_page(got.pages[i]);
	});
}

function unpin(nr: number): void {
	in_kernel(() => unpin_user_pages(pages(), nr));
}

/** n pages at AREA, each written: what fast GUP can have. */
function written(test: kunit, n: number): number {
	const pid = make_process(test);

	map_anon(test, AREA, n);
	for (let i = 0; i < n; i++) user_store8(AREA + i * PAGE_SIZE, i + 1);
	return pid;
}

/** The first byte that a device finds in the page, and the one that it puts. */
function device_reads(page: page): number {
	return load8(page_address(page));
}
function device_writes(page: page, value: number): void {
	store8(page_address(page), value);
}

function fast_gets_what_is_there(test: kunit): void {
	written(test, 3);
	KUNIT_ASSERT_EQ(test, take(get_user_pages_fast_only, AREA, 3), 3);
	for (let i = 0; i < 3; i++) {
		const page = page_of(AREA + i * PAGE_SIZE);

		KUNIT_EXPECT_EQ(test, uptr(got.pages[i]), uptr(page));
		KUNIT_EXPECT_EQ(test, page_count(page), 2);
		KUNIT_EXPECT_FALSE(test, page_maybe_dma_pinned(page));
		KUNIT_EXPECT_EQ(test, device_reads(page), i + 1);
	}
	put_back(3);
	KUNIT_EXPECT_EQ(test, page_count(page_of(AREA)), 1);
	/* From within a page, and for writing. */
	KUNIT_ASSERT_EQ(test,
		take(get_user_pages_fast_only, AREA + 7, 1, FOLL_WRITE), 1);
	put_back(1);
}

/* [x]|[x]   the last page of one table and the first of the next */
function fast_crosses_tables(test: kunit): void {
	const addr = AREA + PMD_SIZE - PAGE_SIZE;

	make_process(test);
	map_anon(test, addr, 2);
	user_store8(addr, 1);
	user_store8(addr + PAGE_SIZE, 2);
	KUNIT_ASSERT_EQ(test, take(get_user_pages_fast_only, addr, 2), 2);
	KUNIT_EXPECT_EQ(test, device_reads(got.pages[1]), 2);
	put_back(2);
}

/* [x][ ][x]   up to the first that is not there */
function fast_stops_at_hole(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 3);
	user_store8(AREA, 1);
	user_store8(AREA + 2 * PAGE_SIZE, 3);
	KUNIT_ASSERT_EQ(test, take(get_user_pages_fast_only, AREA, 3), 1);
	put_back(1);
	KUNIT_EXPECT_EQ(test,
		take(get_user_pages_fast_only, AREA + PAGE_SIZE, 1), 0);
	KUNIT_EXPECT_EQ(test, pte_of(AREA + PAGE_SIZE), 0);
	/* With mmap_lock, all of them. */
	KUNIT_ASSERT_EQ(test,
		take(get_user_pages_fast, AREA, 3, FOLL_WRITE), 3);
	KUNIT_EXPECT_EQ(test, uptr(got.pages[1]),
		uptr(page_of(AREA + PAGE_SIZE)));
	KUNIT_EXPECT_EQ(test, device_reads(got.pages[2]), 3);
	put_back(3);
}

function fast_leaves_to_slow(test: kunit): void {
	written(test, 2);
	/* the zero page, which nobody counts */
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_munmap, AREA + PAGE_SIZE, PAGE_SIZE), 0);
	map_anon(test, AREA + PAGE_SIZE, 1);
	user_load8(AREA + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test,
		take(get_user_pages_fast_only, AREA + PAGE_SIZE, 1), 0);
	KUNIT_ASSERT_EQ(test,
		take(get_user_pages_fast, AREA + PAGE_SIZE, 1), 1);
	KUNIT_EXPECT_TRUE(test, is_zero_pfn(page_to_pfn(got.pages[0])));
	put_back(1);
	/* read-only */
	user_syscall(__NR_mprotect, AREA, PAGE_SIZE, PROT_READ);
	KUNIT_EXPECT_EQ(test,
		take(get_user_pages_fast_only, AREA, 1, FOLL_WRITE), 0);
	KUNIT_EXPECT_EQ(test,
		take(get_user_pages_fast, AREA, 1, FOLL_WRITE), -EFAULT);
	KUNIT_ASSERT_EQ(test, take(get_user_pages_fast_only, AREA, 1), 1);
	put_back(1);
	/* nothing at all */
	user_syscall(__NR_mprotect, AREA, PAGE_SIZE, PROT_NONE);
	KUNIT_EXPECT_EQ(test, take(get_user_pages_fast_only, AREA, 1), 0);
	KUNIT_EXPECT_EQ(test, take(get_user_pages_fast, AREA, 1), -EFAULT);
}

function errors(test: kunit): void {
	written(test, 1);
	/* nothing is mapped; part of it is */
	KUNIT_EXPECT_EQ(test,
		take(get_user_pages_fast, AREA + PAGE_SIZE, 1), -EFAULT);
	KUNIT_EXPECT_EQ(test, take(get_user_pages_fast, AREA, 2), 1);
	put_back(1);
	KUNIT_EXPECT_EQ(test, take_locked(get_user_pages, AREA, 2), 1);
	put_back(1);
	/* the kernel's addresses */
	KUNIT_EXPECT_EQ(test, take(get_user_pages_fast, TASK_SIZE, 1), -EFAULT);
	KUNIT_EXPECT_EQ(test, take(get_user_pages_fast_only, TASK_SIZE, 1), 0);
	/* without a fault */
	map_anon(test, AREA + PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, take(get_user_pages_fast, AREA + PAGE_SIZE, 1,
		FOLL_NOFAULT), -EFAULT);
	KUNIT_EXPECT_EQ(test, pte_of(AREA + PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, take(get_user_pages_fast, AREA, 0), 0);
}

function unlocked_takes_the_lock(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 2);
	KUNIT_ASSERT_EQ(test, in_kernel(() =>
		get_user_pages_unlocked(AREA, 2, pages(), FOLL_WRITE)), 2);
	KUNIT_EXPECT_EQ(test, uptr(got.pages[1]),
		uptr(page_of(AREA + PAGE_SIZE)));
	KUNIT_EXPECT_TRUE(test, pte_dirty(pte_of(AREA)));
	put_back(2);
}

/* A debugger writes to what may only be read: into a copy that is the process's
 * alone, and stays read-only for it. */
function force_breaks_cow(test: kunit): void {
	const parent = written(test, 1);

	user_syscall(__NR_mprotect, AREA, PAGE_SIZE, PROT_READ);
	const child = user_syscall(__NR_fork);
	const shared = page_of(AREA);

	KUNIT_ASSERT_EQ(test, take_locked(get_user_pages, AREA, 1,
		FOLL_WRITE | FOLL_FORCE), 1);
	KUNIT_EXPECT_NE(test, uptr(got.pages[0]), uptr(shared));
	KUNIT_EXPECT_EQ(test, uptr(got.pages[0]), uptr(page_of(AREA)));
	KUNIT_EXPECT_FALSE(test, pte_write(pte_of(AREA)));
	KUNIT_EXPECT_TRUE(test, pte_dirty(pte_of(AREA)));
	device_writes(got.pages[0], 9);
	put_back(1);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 9);
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 1);
	user_syscall(__NR_exit_group, 0);
	run_task(parent);
}

function pins_are_counted(test: kunit): void {
	written(test, 2);
	const acquired = global_node_page_state_snapshot(NR_FOLL_PIN_ACQUIRED);
	const released = global_node_page_state_snapshot(NR_FOLL_PIN_RELEASED);
	const page = page_of(AREA);

	KUNIT_ASSERT_EQ(test, take(pin_user_pages_fast_only, AREA, 2), 2);
	KUNIT_EXPECT_EQ(test, page_count(page), 1 + GUP_PIN_COUNTING_BIAS);
	KUNIT_EXPECT_TRUE(test, page_maybe_dma_pinned(page));
	/* Once more, by the other way. */
	KUNIT_ASSERT_EQ(test, take_locked(pin_user_pages, AREA, 1), 1);
	KUNIT_EXPECT_EQ(test, page_count(page), 1 + 2 * GUP_PIN_COUNTING_BIAS);
	in_kernel(() => unpin_user_page(page));
	KUNIT_EXPECT_TRUE(test, page_maybe_dma_pinned(page));
	unpin(2);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	KUNIT_EXPECT_FALSE(test, page_maybe_dma_pinned(page));
	KUNIT_EXPECT_EQ(test, global_node_page_state_snapshot(
		NR_FOLL_PIN_ACQUIRED) - acquired, 3);
	KUNIT_EXPECT_EQ(test, global_node_page_state_snapshot(
		NR_FOLL_PIN_RELEASED) - released, 3);
}

/** A page outlives its mapping, for who has it. */
function page_outlives_munmap(test: kunit): void {
	written(test, 1);
	KUNIT_ASSERT_EQ(test,
		take(pin_user_pages_fast, AREA, 1, FOLL_WRITE), 1);
	const page = got.pages[0];

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_munmap, AREA, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, page_count(page), GUP_PIN_COUNTING_BIAS);
	KUNIT_EXPECT_EQ(test, device_reads(page), 1);
	unpin(1);
	KUNIT_EXPECT_EQ(test, page_count(page), 0);
}

/* parent  [pinned][2]   The child has a copy of the first, and shares the
 * child   [1     ][2]   second. */
function fork_copies_pinned(test: kunit): void {
	const parent = written(test, 2);

	KUNIT_ASSERT_EQ(test,
		take(pin_user_pages_fast, AREA, 1, FOLL_WRITE), 1);
	const pinned = got.pages[0];
	const child = user_syscall(__NR_fork);

	KUNIT_ASSERT_GT(test, child, 0);
	KUNIT_EXPECT_TRUE(test, pte_write(pte_of(AREA)));
	KUNIT_EXPECT_EQ(test, page_mapcount(pinned), 1);
	KUNIT_EXPECT_FALSE(test, pte_write(pte_of(AREA + PAGE_SIZE)));
	KUNIT_EXPECT_EQ(test, page_mapcount(page_of(AREA + PAGE_SIZE)), 2);
	/* The parent and the device still speak of one page. */
	user_store8(AREA, 7);
	KUNIT_EXPECT_EQ(test, device_reads(pinned), 7);
	device_writes(pinned, 8);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 8);
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 1);
	KUNIT_EXPECT_TRUE(test, pte_write(pte_of(AREA)));
	KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 2);
	user_syscall(__NR_exit_group, 0);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);
	unpin(1);

	/* Nothing is pinned any more. */
	const second = user_syscall(__NR_fork);

	KUNIT_EXPECT_FALSE(test, pte_write(pte_of(AREA)));
	run_task(second);
	user_syscall(__NR_exit_group, 0);
	run_task(parent);
}

/* What a reference is not good for: the parent's write takes a copy, and leaves
 * the page to who has the reference. */
function reference_is_no_pin(test: kunit): void {
	const parent = written(test, 1);

	KUNIT_ASSERT_EQ(test,
		take(get_user_pages_fast, AREA, 1, FOLL_WRITE), 1);
	const page = got.pages[0];
	const child = user_syscall(__NR_fork);

	user_store8(AREA, 7);
	KUNIT_EXPECT_NE(test, uptr(page_of(AREA)), uptr(page));
	KUNIT_EXPECT_EQ(test, device_reads(page), 1);
	put_back(1);
	run_task(child);
	user_syscall(__NR_exit_group, 0);
	run_task(parent);
}

/* And in 5.17, a pin neither, if the page was shared before and only read: it
 * is the child's, too, and who writes goes away from it. */
function read_pin_of_shared_page(test: kunit): void {
	const parent = written(test, 1);
	const child = user_syscall(__NR_fork);

	KUNIT_ASSERT_EQ(test, take(pin_user_pages_fast, AREA, 1), 1);
	const page = got.pages[0];

	user_store8(AREA, 7);
	KUNIT_EXPECT_NE(test, uptr(page_of(AREA)), uptr(page));
	KUNIT_EXPECT_EQ(test, device_reads(page), 1);
	unpin(1);
	/* Pinned for writing, it is the parent's own first. */
	KUNIT_ASSERT_EQ(test,
		take(pin_user_pages_fast, AREA, 1, FOLL_WRITE), 1);
	user_store8(AREA, 8);
	KUNIT_EXPECT_EQ(test, device_reads(got.pages[0]), 8);
	unpin(1);
	run_task(child);
	user_syscall(__NR_exit_group, 0);
	run_task(parent);
}

/* Nor is one against mprotect(): 5.17 copies a page that is referenced more
 * than once, and a pin is such a reference. */
function pin_lost_by_mprotect(test: kunit): void {
	written(test, 1);
	KUNIT_ASSERT_EQ(test,
		take(pin_user_pages_fast, AREA, 1, FOLL_WRITE), 1);
	user_syscall(__NR_mprotect, AREA, PAGE_SIZE, PROT_READ);
	user_syscall(__NR_mprotect, AREA, PAGE_SIZE, 3);
	user_store8(AREA, 7);
	KUNIT_EXPECT_NE(test, uptr(page_of(AREA)), uptr(got.pages[0]));
	KUNIT_EXPECT_EQ(test, device_reads(got.pages[0]), 1);
	unpin(1);
}

/* mlock() goes the same way as who wants pages. */
function populate_takes_none(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 2);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mlock, AREA, 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_TRUE(test, pte_write(pte_of(AREA + PAGE_SIZE)));
	KUNIT_EXPECT_EQ(test, page_count(pte_page(pte_of(AREA))), 1);
}

const FILE = "/sys/kernel/debug/gup_test";
/** Where the program has the name, and struct gup_test. */
const NAME = AREA + 4 * PAGE_SIZE;
const ARG = NAME + 0x800;

function open_gup_test(test: kunit): number {
	map_anon(test, NAME, 1);
	for (let i = 0; i < FILE.length; i++)
		user_store8(NAME + i, FILE.charCodeAt(i));
	const fd = user_syscall(__NR_openat, -100, NAME, 2, 0);

	KUNIT_ASSERT_GE(test, fd, 0);
	return fd;
}

/** ioctl(fd, cmd, { addr, size, nr_pages_per_call, gup_flags }). */
function gup_test_ioctl(
	fd: number, cmd: number, addr: number, size: number, nr: number,
	flags: number,
): number {
	const high = Math.floor(addr / 2 ** 32);
	const words = [0, 0, 0, 0, addr, high, size, 0, nr, flags, 0, 1];

	for (let i = 0; i < 20; i++) user_store32(ARG + 4 * i, words[i] ?? 0);
	return user_syscall(__NR_ioctl, fd, cmd, ARG);
}

function gup_test_file(test: kunit): void {
	written(test, 3);
	const fd = open_gup_test(test);
	const size = 3 * PAGE_SIZE;

	for (const cmd of [
		GUP_FAST_BENCHMARK, PIN_FAST_BENCHMARK, PIN_LONGTERM_BENCHMARK,
		GUP_BASIC_TEST, PIN_BASIC_TEST, DUMP_USER_PAGES_TEST,
	]) {
		KUNIT_EXPECT_EQ(test,
			gup_test_ioctl(fd, cmd, AREA, size, 2, FOLL_WRITE), 0);
		KUNIT_EXPECT_EQ(test, user_load32(ARG + 24), size);
		KUNIT_EXPECT_EQ(test, page_count(page_of(AREA)), 1);
	}
	/* more than is mapped, and nothing */
	KUNIT_EXPECT_EQ(test, gup_test_ioctl(fd, GUP_FAST_BENCHMARK, AREA,
		4 * PAGE_SIZE, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, user_load32(ARG + 24), size);
	KUNIT_EXPECT_EQ(test, gup_test_ioctl(fd, PIN_BASIC_TEST, AREA + size,
		PAGE_SIZE, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, user_load32(ARG + 24), 0);
	KUNIT_EXPECT_EQ(test, gup_test_ioctl(fd, 0x4700, AREA, size, 1, 0),
		-EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_ioctl, fd, GUP_FAST_BENCHMARK,
		NAME + PAGE_SIZE), -EFAULT);
	user_syscall(__NR_close, fd);
}

export const gup_test_suite = kunit_suite({
	name: "gup",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("fast_gets_what_is_there", fast_gets_what_is_there),
		KUNIT_CASE("fast_crosses_tables", fast_crosses_tables),
		KUNIT_CASE("fast_stops_at_hole", fast_stops_at_hole),
		KUNIT_CASE("fast_leaves_to_slow", fast_leaves_to_slow),
		KUNIT_CASE("errors", errors),
		KUNIT_CASE("unlocked_takes_the_lock", unlocked_takes_the_lock),
		KUNIT_CASE("force_breaks_cow", force_breaks_cow),
		KUNIT_CASE("pins_are_counted", pins_are_counted),
		KUNIT_CASE("page_outlives_munmap", page_outlives_munmap),
		KUNIT_CASE("fork_copies_pinned", fork_copies_pinned),
		KUNIT_CASE("reference_is_no_pin", reference_is_no_pin),
		KUNIT_CASE("read_pin_of_shared_page", read_pin_of_shared_page),
		KUNIT_CASE("pin_lost_by_mprotect", pin_lost_by_mprotect),
		KUNIT_CASE("populate_takes_none", populate_takes_none),
		KUNIT_CASE("gup_test_file", gup_test_file),
	],
});
