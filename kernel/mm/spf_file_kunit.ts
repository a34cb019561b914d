// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of speculative faults of files: what keeps the file, each reason
 * to abort, and that the work is done without mmap_lock otherwise.
 */
import {
	CONFIG_SPECULATIVE_FILE_FAULT, CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import { __NR_close, __NR_mmap, __NR_sim_open } from "asm/unistd.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GE, KUNIT_CASE, KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_TRUE, type kunit, kunit_skip, kunit_suite,
} from "kunit/test.ts";
import { flush_delayed_fput } from "kernel/fs/file_table.ts";
import { user_store8, user_syscall } from "kernel/entry/user.ts";
import { current } from "kernel/sched/core.ts";
import { O_RDWR } from "linux/fcntl.ts";
import { type file, file_count } from "linux/fs.ts";
import { MAP_FIXED, MAP_PRIVATE } from "linux/mman.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { rcu_barrier } from "linux/rcupdate.ts";
import { area_vma, in_kernel, spf_done } from "mm/fault_kunit_util.ts";
import {
	AREA, make_process, map_anon, RW, user_test_exit, user_test_init,
} from "mm/memory_kunit.ts";
import { vm_munmap } from "mm/mmap.ts";

const INO = 4716;
const PAGES = 16;

/** A process that looks as if it had a second thread. In the page table of what
 *  is mapped there is something already. */
function spf_process(test: kunit): mm_struct {
	if (!CONFIG_SPECULATIVE_FILE_FAULT || !CONFIG_VM_EVENT_COUNTERS)
		kunit_skip(test,
			"needs SPECULATIVE_FILE_FAULT and VM_EVENT_COUNTERS");
	make_process(test);
	map_anon(test, AREA + PAGES * PAGE_SIZE, 1);
	KUNIT_EXPECT_TRUE(test, user_store8(AREA + PAGES * PAGE_SIZE, 1));
	const mm = current().mm;
	fetch_add(mm.mm_users.counter, 1);
	return mm;
}

/** All pages of a file at AREA. */
function map_file(test: kunit, prot: number, flags: number): void {
	const fd = user_syscall(__NR_sim_open, INO, O_RDWR, PAGES * PAGE_SIZE);

	KUNIT_ASSERT_GE(test, fd, 0);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mmap, AREA, PAGES * PAGE_SIZE,
		prot, flags | MAP_FIXED, fd, 0), AREA);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_close, fd), 0);
}

/** RFC.23: a vma keeps its file for a grace period; it is closed behind that,
 *  by a work and not by the callback, which must not sleep. */
function fput_waits_for_readers(test: kunit): void {
	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		spf_process(test);
		map_file(test, RW, MAP_PRIVATE);
		const file: file = area_vma(test).vm_file;
		const inode = file.f_inode;

		KUNIT_EXPECT_EQ(test, file_count(file), 1);
		/* No system call: on its way back the period might end. */
		in_kernel(() => {
			vm_munmap(AREA, PAGES * PAGE_SIZE);
			KUNIT_EXPECT_EQ(test, file_count(file), 1);
			rcu_barrier();
			flush_delayed_fput();
		});
		/* A file with a name: its inode stays, unused. */
		KUNIT_EXPECT_EQ(test, inode.i_count.counter, 0);
		spf_done();
	}
}

export const spf_file_test_suite = kunit_suite({
	name: "spf_file",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("fput_waits_for_readers", fput_waits_for_readers),
	],
});
