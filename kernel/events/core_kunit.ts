// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of kernel/events/core.ts and of where faults are counted: a
 * process of CPU 0 opens counters, and reads them as a program does. Mirrors no
 * file of the kernel.
 */
import { CONFIG_SPECULATIVE_PAGE_FAULT } from "generated/autoconf.ts";
import {
	KUNIT_ASSERT_EQ,
	KUNIT_ASSERT_GT,
	KUNIT_CASE,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_GE,
	KUNIT_EXPECT_GT,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_suite,
} from "kunit/test.ts";
import {
	EBADF,
	EFAULT,
	EINVAL,
	ENODEV,
	ENOENT,
	ENOSPC,
	ENOTTY,
	EOPNOTSUPP,
	ESRCH,
	E2BIG,
} from "linux/errno.ts";
import { MAP_SHARED, PROT_READ } from "linux/mman.ts";
import { CLONE_SIGHAND, CLONE_THREAD, CLONE_VM } from "uapi/linux/sched.ts";
import {
	PERF_ATTR_DISABLED,
	PERF_ATTR_ENABLE_ON_EXEC,
	PERF_ATTR_EXCLUDE_KERNEL,
	PERF_ATTR_EXCLUDE_USER,
	PERF_ATTR_INHERIT,
	PERF_ATTR_INHERIT_THREAD_HI,
	PERF_ATTR_SIZE_VER7,
	PERF_COUNT_SW_MAX,
	PERF_COUNT_SW_PAGE_FAULTS,
	PERF_COUNT_SW_PAGE_FAULTS_MAJ,
	PERF_COUNT_SW_PAGE_FAULTS_MIN,
	PERF_COUNT_SW_SPF,
	PERF_COUNT_SW_TASK_CLOCK,
	PERF_EVENT_IOC_DISABLE,
	PERF_EVENT_IOC_ENABLE,
	PERF_EVENT_IOC_ID,
	PERF_EVENT_IOC_RESET,
	PERF_FORMAT_ID,
	PERF_FORMAT_TOTAL_TIME_ENABLED,
	PERF_FORMAT_TOTAL_TIME_RUNNING,
	PERF_TYPE_HARDWARE,
	PERF_TYPE_SOFTWARE,
} from "uapi/linux/perf_event.ts";
import { PAGE_SIZE, STACK_TOP } from "asm/pgtable_types.ts";
import {
	__NR_close,
	__NR_clone,
	__NR_exit,
	__NR_exit_group,
	__NR_fork,
	__NR_getpid,
	__NR_ioctl,
	__NR_mmap,
	__NR_perf_event_open,
	__NR_read,
	__NR_sim_exec,
	__NR_sim_open,
	__NR_wait4,
} from "asm/unistd.ts";
import {
	run_task,
	user_load32,
	user_load8,
	user_store32,
	user_store8,
	user_syscall,
} from "kernel/entry/user.ts";
import {
	AREA,
	make_process,
	map_anon,
	user_test_exit,
	user_test_init,
} from "mm/memory_kunit.ts";

/** The block of arguments, and what read() gives: two pages that are there. */
const ATTR = AREA;
const BUF = AREA + PAGE_SIZE;
/** What is to be faulted in: fresh pages. */
const FRESH = AREA + 16 * PAGE_SIZE;
/** At two thirds of user memory. */
const HEAP = Math.floor(STACK_TOP / PAGE_SIZE / 3) * 2 * PAGE_SIZE;
const STACK_END = STACK_TOP;

/** A process with ATTR, BUF and 64 fresh pages. */
function perf_process(test: kunit): number {
	const pid = make_process(test);

	map_anon(test, AREA, 2);
	map_anon(test, FRESH, 64);
	user_store8(ATTR, 0);
	user_store8(BUF, 0);
	return pid;
}

/** The attr, in the words that C would have. */
function set_attr(config: number, flags: number, format: number, hi = 0): void {
	for (let i = 0; i < PERF_ATTR_SIZE_VER7; i += 4)
		user_store32(ATTR + i, 0);
	user_store32(ATTR, PERF_TYPE_SOFTWARE);
	user_store32(ATTR + 4, PERF_ATTR_SIZE_VER7);
	user_store32(ATTR + 8, config);
	user_store32(ATTR + 32, format);
	user_store32(ATTR + 40, flags);
	user_store32(ATTR + 44, hi);
}

function open(config: number, flags = 0, pid = 0, format = 0, hi = 0): number {
	set_attr(config, flags, format, hi);
	return user_syscall(__NR_perf_event_open, ATTR, pid, -1, -1, 0);
}

function read(fd: number): number {
	if (user_syscall(__NR_read, fd, BUF, 8) !== 8) return -1;
	return user_load32(BUF) + user_load32(BUF + 4) * 4294967296;
}

function touch(from: number, pages: number): void {
	for (let i = from; i < from + pages; i++)
		user_store8(FRESH + i * PAGE_SIZE, 1);
}

/** Faults are counted from the start on, or from ENABLE to DISABLE. */
function perf_counts_faults(test: kunit): void {
	perf_process(test);
	const all = open(PERF_COUNT_SW_PAGE_FAULTS);
	const min = open(PERF_COUNT_SW_PAGE_FAULTS_MIN);
	const maj = open(PERF_COUNT_SW_PAGE_FAULTS_MAJ);
	const off = open(PERF_COUNT_SW_PAGE_FAULTS, PERF_ATTR_DISABLED);

	KUNIT_ASSERT_GT(test, off, maj);
	touch(0, 5);
	KUNIT_EXPECT_EQ(test, read(all), 5);
	KUNIT_EXPECT_EQ(test, read(min), 5);
	KUNIT_EXPECT_EQ(test, read(maj), 0);
	KUNIT_EXPECT_EQ(test, read(off), 0);

	KUNIT_EXPECT_EQ(
		test,
		user_syscall(__NR_ioctl, off, PERF_EVENT_IOC_ENABLE),
		0,
	);
	touch(5, 3);
	KUNIT_EXPECT_EQ(
		test,
		user_syscall(__NR_ioctl, off, PERF_EVENT_IOC_DISABLE),
		0,
	);
	touch(8, 2);
	KUNIT_EXPECT_EQ(test, read(off), 3);
	KUNIT_EXPECT_EQ(test, read(all), 10);
	KUNIT_EXPECT_EQ(
		test,
		user_syscall(__NR_ioctl, all, PERF_EVENT_IOC_RESET),
		0,
	);
	touch(10, 1);
	KUNIT_EXPECT_EQ(test, read(all), 1);

	for (const fd of [all, min, maj, off])
		KUNIT_EXPECT_EQ(test, user_syscall(__NR_close, fd), 0);
	KUNIT_EXPECT_EQ(test, read(all), -1);
}

/** A fault that ends in a signal counts as one, and neither as minor nor as
 *  major; one of a file's first page is major. */
function perf_counts_by_kind(test: kunit): void {
	perf_process(test);
	const fd = user_syscall(__NR_sim_open, 77, 0, 4 * PAGE_SIZE);
	const p = user_syscall(
		__NR_mmap,
		0,
		4 * PAGE_SIZE,
		PROT_READ,
		MAP_SHARED,
		fd,
		0,
	);
	const all = open(PERF_COUNT_SW_PAGE_FAULTS);
	const min = open(PERF_COUNT_SW_PAGE_FAULTS_MIN);
	const maj = open(PERF_COUNT_SW_PAGE_FAULTS_MAJ);

	user_load8(FRESH + 100 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, read(all), 1);
	KUNIT_EXPECT_EQ(test, read(min) + read(maj), 0);
	user_load8(p);
	KUNIT_EXPECT_EQ(test, read(all), 2);
	KUNIT_EXPECT_EQ(test, read(maj), 1);
	KUNIT_EXPECT_EQ(test, read(min), 0);
	for (const n of [fd, all, min, maj]) user_syscall(__NR_close, n);
}

/** Whose access it was: the program's, or the kernel's on its behalf. */
function perf_excludes_modes(test: kunit): void {
	perf_process(test);
	const user = open(PERF_COUNT_SW_PAGE_FAULTS, PERF_ATTR_EXCLUDE_KERNEL);
	const kernel = open(PERF_COUNT_SW_PAGE_FAULTS, PERF_ATTR_EXCLUDE_USER);

	touch(0, 2);
	KUNIT_EXPECT_EQ(
		test,
		user_syscall(__NR_read, user, FRESH + 8 * PAGE_SIZE, 8),
		8,
	);
	KUNIT_EXPECT_EQ(test, read(user), 2);
	KUNIT_EXPECT_EQ(test, read(kernel), 1);
	user_syscall(__NR_close, user);
	user_syscall(__NR_close, kernel);
}

/** As `perf stat` does it: a child is watched from its exec to its end, and
 *  what its own children do counts, too. */
function perf_inherits(test: kunit): void {
	const parent = perf_process(test);
	const child = user_syscall(__NR_fork);
	const flags =
		PERF_ATTR_DISABLED |
		PERF_ATTR_INHERIT |
		PERF_ATTR_ENABLE_ON_EXEC;
	const fd = open(PERF_COUNT_SW_PAGE_FAULTS, flags, child);

	KUNIT_ASSERT_GT(test, fd, -1);
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	touch(0, 4);
	KUNIT_ASSERT_EQ(
		test,
		user_syscall(
			__NR_sim_exec,
			HEAP,
			STACK_END - 32 * PAGE_SIZE,
			STACK_END,
		),
		0,
	);
	map_anon(test, FRESH, 64);
	touch(0, 3);
	const grandchild = user_syscall(__NR_fork);
	KUNIT_ASSERT_EQ(test, run_task(grandchild), 0);
	touch(3, 2);
	user_syscall(__NR_exit_group, 0);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);
	/* While one of them is there, and the other is gone. */
	KUNIT_EXPECT_EQ(test, read(fd), 5);
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	user_syscall(__NR_wait4, grandchild, 0, 0, 0);
	touch(5, 1);
	user_syscall(__NR_exit_group, 0);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);
	user_syscall(__NR_wait4, child, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, read(fd), 6);
	touch(0, 1);
	KUNIT_EXPECT_EQ(test, read(fd), 6);
	KUNIT_EXPECT_EQ(
		test,
		open(PERF_COUNT_SW_PAGE_FAULTS, 0, child),
		-ESRCH,
	);
	user_syscall(__NR_close, fd);
}

const THREAD = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;

/** attr.inherit_thread: threads only. The file may go before what was
 *  inherited from it does. */
function perf_inherits_by_threads(test: kunit): void {
	const pid = perf_process(test);
	const fd = open(
		PERF_COUNT_SW_PAGE_FAULTS,
		PERF_ATTR_INHERIT,
		0,
		0,
		PERF_ATTR_INHERIT_THREAD_HI,
	);
	const all = open(PERF_COUNT_SW_PAGE_FAULTS, PERF_ATTR_INHERIT);
	const thread = user_syscall(__NR_clone, THREAD, 0);

	touch(0, 1);
	run_task(thread);
	touch(1, 2);
	user_syscall(__NR_ioctl, fd, PERF_EVENT_IOC_DISABLE);
	touch(3, 1);
	KUNIT_EXPECT_EQ(test, read(fd), 3);
	user_syscall(__NR_ioctl, fd, PERF_EVENT_IOC_ENABLE);
	user_syscall(__NR_close, all);
	touch(4, 1);
	user_syscall(__NR_exit, 0);
	run_task(pid);
	const child = user_syscall(__NR_fork);
	run_task(child);
	touch(5, 9);
	user_syscall(__NR_exit_group, 0);
	run_task(pid);
	user_syscall(__NR_wait4, child, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, read(fd), 4);
	user_syscall(__NR_close, fd);
}

/** D12.25: what speculation has done, and with the lock it is not. */
function perf_counts_speculation(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		const pid = perf_process(test);
		const all = open(PERF_COUNT_SW_PAGE_FAULTS);
		const spf = open(PERF_COUNT_SW_SPF);

		touch(0, 2);
		KUNIT_EXPECT_EQ(test, read(spf), 0);
		/* A second user of the address space makes it worth while. */
		const thread = user_syscall(__NR_clone, THREAD, 0);
		touch(2, 3);
		KUNIT_EXPECT_EQ(test, read(spf), 3);
		KUNIT_EXPECT_EQ(test, read(all), 5);
		/* Not mapped: given up, and found with the lock. */
		user_load8(FRESH + 100 * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, read(spf), 3);
		KUNIT_EXPECT_EQ(test, read(all), 6);
		user_syscall(__NR_close, all);
		user_syscall(__NR_close, spf);
		run_task(thread);
		user_syscall(__NR_exit, 0);
		run_task(pid);
	}
}

/** Time is that of the task on a CPU, while the event is on. */
function perf_reads_times(test: kunit): void {
	perf_process(test);
	const format =
		PERF_FORMAT_TOTAL_TIME_ENABLED |
		PERF_FORMAT_TOTAL_TIME_RUNNING |
		PERF_FORMAT_ID;
	const fd = open(PERF_COUNT_SW_PAGE_FAULTS, 0, 0, format);

	touch(0, 1);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_read, fd, BUF, 31), -ENOSPC);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_read, fd, BUF, 64), 32);
	KUNIT_EXPECT_EQ(test, user_load32(BUF), 1);
	const enabled = user_load32(BUF + 8);
	KUNIT_EXPECT_GT(test, enabled, 0);
	KUNIT_EXPECT_EQ(test, user_load32(BUF + 16), enabled);
	const id = user_load32(BUF + 24);
	KUNIT_EXPECT_EQ(
		test,
		user_syscall(__NR_ioctl, fd, PERF_EVENT_IOC_ID, BUF),
		0,
	);
	KUNIT_EXPECT_EQ(test, user_load32(BUF), id);
	user_syscall(__NR_ioctl, fd, PERF_EVENT_IOC_DISABLE);
	user_syscall(__NR_read, fd, BUF, 32);
	const off = user_load32(BUF + 8);
	KUNIT_EXPECT_GE(test, off, enabled);
	user_syscall(__NR_read, fd, BUF, 32);
	KUNIT_EXPECT_EQ(test, user_load32(BUF + 8), off);
	user_syscall(__NR_close, fd);
}

/** What is not there, and what is wrong. */
function perf_refuses(test: kunit): void {
	perf_process(test);
	const call = (pid = 0, cpu = -1, group = -1, flags = 0) =>
		user_syscall(
			__NR_perf_event_open,
			ATTR,
			pid,
			cpu,
			group,
			flags,
		);

	KUNIT_EXPECT_EQ(test, open(PERF_COUNT_SW_TASK_CLOCK), -ENOENT);
	KUNIT_EXPECT_EQ(test, open(PERF_COUNT_SW_MAX), -ENOENT);
	KUNIT_EXPECT_EQ(test, open(-1), -ENOENT);
	KUNIT_EXPECT_EQ(test, open(PERF_COUNT_SW_PAGE_FAULTS, 0, 9999), -ESRCH);
	KUNIT_EXPECT_EQ(
		test,
		open(PERF_COUNT_SW_PAGE_FAULTS, 0, 0, 16),
		-EINVAL,
	);
	KUNIT_EXPECT_EQ(
		test,
		open(
			PERF_COUNT_SW_PAGE_FAULTS,
			0,
			0,
			0,
			PERF_ATTR_INHERIT_THREAD_HI,
		),
		-EINVAL,
	);
	set_attr(PERF_COUNT_SW_PAGE_FAULTS, 0, 0);
	KUNIT_EXPECT_EQ(test, call(-1, -1), -EINVAL);
	KUNIT_EXPECT_EQ(test, call(-1, 0), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, call(0, 0), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, call(0, -1, -2), -EBADF);
	KUNIT_EXPECT_EQ(test, call(0, -1, -1, 16), -EINVAL);
	user_store32(ATTR + 16, 1000);
	KUNIT_EXPECT_EQ(test, call(), -EOPNOTSUPP);
	user_store32(ATTR + 16, 0);
	user_store32(ATTR, PERF_TYPE_HARDWARE);
	KUNIT_EXPECT_EQ(test, call(), -ENOENT);
	user_store32(ATTR, 99);
	KUNIT_EXPECT_EQ(test, call(), -EINVAL);
	user_store32(ATTR, PERF_TYPE_SOFTWARE);
	user_store32(ATTR + 4, 8);
	KUNIT_EXPECT_EQ(test, call(), -E2BIG);
	KUNIT_EXPECT_EQ(test, user_load32(ATTR + 4), PERF_ATTR_SIZE_VER7);
	/* A newer program's block, with and without something new in it. */
	user_store32(ATTR + 4, PERF_ATTR_SIZE_VER7 + 8);
	user_store32(ATTR + PERF_ATTR_SIZE_VER7 + 4, 1);
	KUNIT_EXPECT_EQ(test, call(), -E2BIG);
	user_store32(ATTR + PERF_ATTR_SIZE_VER7 + 4, 0);
	user_store32(ATTR + 4, PERF_ATTR_SIZE_VER7 + 8);
	const fd = call();
	KUNIT_ASSERT_GT(test, fd, -1);
	KUNIT_EXPECT_EQ(
		test,
		user_syscall(__NR_perf_event_open, 8, 0, -1, -1, 0),
		-EFAULT,
	);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_ioctl, fd, 0x2499), -ENOTTY);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_read, fd, 8, 8), -EFAULT);
	KUNIT_EXPECT_EQ(
		test,
		user_syscall(
			__NR_mmap,
			0,
			PAGE_SIZE,
			PROT_READ,
			MAP_SHARED,
			fd,
			0,
		),
		-ENODEV,
	);
	KUNIT_EXPECT_EQ(
		test,
		user_syscall(__NR_ioctl, 999, PERF_EVENT_IOC_ENABLE),
		-EBADF,
	);
	const file = user_syscall(__NR_sim_open, 78, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_read, file, BUF, 8), 8);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_ioctl, file, 0x2400), -ENOTTY);
	KUNIT_EXPECT_TRUE(test, user_syscall(__NR_getpid) > 0);
	user_syscall(__NR_close, file);
	user_syscall(__NR_close, fd);
}

export const perf_test_suite = kunit_suite({
	name: "perf",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("perf_counts_faults", perf_counts_faults),
		KUNIT_CASE("perf_counts_by_kind", perf_counts_by_kind),
		KUNIT_CASE("perf_excludes_modes", perf_excludes_modes),
		KUNIT_CASE("perf_inherits", perf_inherits),
		KUNIT_CASE(
			"perf_inherits_by_threads",
			perf_inherits_by_threads,
		),
		KUNIT_CASE("perf_counts_speculation", perf_counts_speculation),
		KUNIT_CASE("perf_reads_times", perf_reads_times),
		KUNIT_CASE("perf_refuses", perf_refuses),
	],
});
