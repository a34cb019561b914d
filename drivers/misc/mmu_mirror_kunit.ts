// SPDX-License-Identifier: GPL-2.0-only
/** Unit tests of drivers/misc/mmu_mirror.ts, both kinds of device. */
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GE, KUNIT_ASSERT_GT, KUNIT_CASE,
	KUNIT_EXPECT_EQ, KUNIT_EXPECT_NE, type kunit, kunit_suite,
} from "kunit/test.ts";
import {
	__NR_close, __NR_exit_group, __NR_fork, __NR_getpid, __NR_madvise,
	__NR_mprotect, __NR_mremap, __NR_munmap, __NR_sim_mirror_access,
	__NR_sim_mirror_open,
} from "asm/unistd.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	run_task, user_load8, user_store8, user_syscall, user_validate,
} from "kernel/entry/user.ts";
import { EBADF, EFAULT, EINVAL, EPERM } from "linux/errno.ts";
import { MADV_DONTNEED, PROT_READ } from "linux/mman.ts";
import {
	AREA, make_process, map_anon, page_of, user_test_exit, user_test_init,
} from "mm/memory_kunit.ts";
import {
	MIRROR_INTERVAL, MIRROR_LOAD, MIRROR_MAX_PAGES, MIRROR_NOTIFIER,
	MIRROR_STORE,
} from "uapi/linux/mmu_mirror.ts";

const PAGES = 4;

function open(kind: number): number {
	return user_syscall(__NR_sim_mirror_open, AREA, PAGES * PAGE_SIZE,
		kind);
}
function load(fd: number, addr: number): number {
	return user_syscall(__NR_sim_mirror_access, fd, MIRROR_LOAD, addr);
}
function store(fd: number, addr: number, value: number): number {
	return user_syscall(__NR_sim_mirror_access, fd, MIRROR_STORE, addr,
		value);
}
const at = (page: number): number => AREA + page * PAGE_SIZE;

/** A process with pages of which none was touched, and a device. */
function device(test: kunit, kind: number): number {
	make_process(test);
	map_anon(test, AREA, PAGES);
	const fd = open(kind);

	KUNIT_ASSERT_GE(test, fd, 0);
	return fd;
}
function both(
	test: kunit, fn: (test: kunit, kind: number) => void,
): void {
	fn(test, MIRROR_NOTIFIER);
	user_syscall(__NR_exit_group, 0);
	fn(test, MIRROR_INTERVAL);
}

/** What one stores the other loads, whoever comes first. */
function one_memory(test: kunit, kind: number): void {
	const fd = device(test, kind);

	KUNIT_EXPECT_EQ(test, load(fd, at(0)), 0);
	user_store8(at(0), 1);
	KUNIT_EXPECT_EQ(test, load(fd, at(0)), 1);
	KUNIT_EXPECT_EQ(test, store(fd, at(0) + 1, 2), 0);
	KUNIT_EXPECT_EQ(test, user_load8(at(0) + 1), 2);
	KUNIT_EXPECT_EQ(test, store(fd, at(1), 3), 0);
	KUNIT_EXPECT_EQ(test, user_load8(at(1)), 3);
	KUNIT_EXPECT_EQ(test, user_validate().length, 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_close, fd), 0);
	KUNIT_EXPECT_EQ(test, user_validate().length, 0);
}

/** Each kind of change, while the device has a translation for writing. */
function follows(test: kunit, kind: number): void {
	const fd = device(test, kind);

	for (let i = 0; i < PAGES; i++) store(fd, at(i), 10 + i);
	user_syscall(__NR_madvise, at(0), PAGE_SIZE, MADV_DONTNEED);
	KUNIT_EXPECT_EQ(test, load(fd, at(0)), 0);
	user_syscall(__NR_mprotect, at(1), PAGE_SIZE, PROT_READ);
	KUNIT_EXPECT_EQ(test, store(fd, at(1), 1), -EPERM);
	KUNIT_EXPECT_EQ(test, load(fd, at(1)), 11);
	user_syscall(__NR_munmap, at(2), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, load(fd, at(2)), -EFAULT);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mremap, at(3), PAGE_SIZE,
		PAGE_SIZE, 3, at(2)), at(2));
	KUNIT_EXPECT_EQ(test, load(fd, at(3)), -EFAULT);
	KUNIT_EXPECT_EQ(test, load(fd, at(2)), 13);
	KUNIT_EXPECT_EQ(test, user_validate().length, 0);
	user_syscall(__NR_close, fd);
}

/** The device writes to the parent's memory, and never to the child's. */
function fork_copies(test: kunit, kind: number): void {
	const fd = device(test, kind);

	const parent = user_syscall(__NR_getpid);
	store(fd, at(0), 1);
	const child = user_syscall(__NR_fork);
	KUNIT_ASSERT_GT(test, child, 0);
	const shared = uptr(page_of(at(0)));
	KUNIT_EXPECT_EQ(test, load(fd, at(0)), 1);
	KUNIT_EXPECT_EQ(test, store(fd, at(0), 2), 0);
	KUNIT_EXPECT_NE(test, uptr(page_of(at(0))), shared);
	KUNIT_EXPECT_EQ(test, user_load8(at(0)), 2);
	KUNIT_EXPECT_EQ(test, user_validate().length, 0);
	/* It has the descriptor, too. */
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	KUNIT_EXPECT_EQ(test, user_load8(at(0)), 1);
	KUNIT_EXPECT_EQ(test, load(fd, at(0)), 2);
	user_syscall(__NR_exit_group, 0);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);
	user_syscall(__NR_close, fd);
}

function refused(test: kunit, kind: number): void {
	const fd = device(test, kind);
	const mirror = (addr: number, len: number) =>
		user_syscall(__NR_sim_mirror_open, addr, len, kind);

	KUNIT_EXPECT_EQ(test, mirror(AREA + 1, PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, mirror(AREA, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, mirror(AREA, PAGE_SIZE + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test,
		mirror(AREA, (MIRROR_MAX_PAGES + 1) * PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, open(2), -EINVAL);
	KUNIT_EXPECT_EQ(test, load(fd, AREA - 1), -EFAULT);
	KUNIT_EXPECT_EQ(test, load(fd, at(PAGES)), -EFAULT);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_sim_mirror_access, fd, 2, AREA), -EINVAL);
	KUNIT_EXPECT_EQ(test, load(fd + 1, AREA), -EBADF);
	user_syscall(__NR_close, fd);
	KUNIT_EXPECT_EQ(test, load(fd, AREA), -EBADF);
}

/** Each process has as many devices as it opens. */
function several(test: kunit, kind: number): void {
	const fd = device(test, kind);
	const other = open(MIRROR_NOTIFIER + MIRROR_INTERVAL - kind);

	KUNIT_ASSERT_GE(test, other, 0);
	store(fd, at(0), 1);
	KUNIT_EXPECT_EQ(test, load(other, at(0)), 1);
	user_syscall(__NR_madvise, at(0), PAGE_SIZE, MADV_DONTNEED);
	KUNIT_EXPECT_EQ(test, load(other, at(0)), 0);
	KUNIT_EXPECT_EQ(test, load(fd, at(0)), 0);
	user_syscall(__NR_close, fd);
	store(other, at(1), 2);
	user_syscall(__NR_munmap, at(1), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, load(other, at(1)), -EFAULT);
	KUNIT_EXPECT_EQ(test, user_validate().length, 0);
	user_syscall(__NR_close, other);
}

export const mmu_mirror_test_suite = kunit_suite({
	name: "mmu_mirror",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("one_memory", (t: kunit) => both(t, one_memory)),
		KUNIT_CASE("follows", (t: kunit) => both(t, follows)),
		KUNIT_CASE("fork_copies", (t: kunit) => both(t, fork_copies)),
		KUNIT_CASE("refused", (t: kunit) => both(t, refused)),
		KUNIT_CASE("several", (t: kunit) => both(t, several)),
	],
});
