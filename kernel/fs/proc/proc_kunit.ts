// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of fs/proc/, seq_file.ts, debugfs/ and of getrusage(): what a
 * program reads and writes there, by system calls, and what the numbers say.
 */
import {
	CONFIG_MEM_SOFT_DIRTY, CONFIG_SPECULATIVE_PAGE_FAULT,
	CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import {
	EBADF, EFAULT, EINVAL, ENODEV, ENOENT, ESRCH,
} from "linux/errno.ts";
import { O_RDONLY, O_RDWR, O_WRONLY } from "linux/fcntl.ts";
import { SEEK_CUR, SEEK_END, SEEK_SET } from "linux/fs.ts";
import {
	MADV_DONTNEED, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED,
	MREMAP_FIXED, MREMAP_MAYMOVE, PROT_READ,
} from "linux/mman.ts";
import {
	RUSAGE_CHILDREN, RUSAGE_SELF, RUSAGE_THREAD,
} from "linux/resource.ts";
import { all_vm_events } from "linux/vm_event.ts";
import { SPF_ATTEMPT } from "linux/vm_event_item.ts";
import { CLONE_SIGHAND, CLONE_THREAD, CLONE_VM } from "uapi/linux/sched.ts";
import { pte_soft_dirty, pte_write, pte_young } from "asm/pgtable.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	__NR_clone, __NR_close, __NR_exit, __NR_exit_group, __NR_fork,
	__NR_getrusage, __NR_lseek, __NR_madvise, __NR_mlock, __NR_mmap,
	__NR_mprotect, __NR_mremap, __NR_munmap, __NR_openat, __NR_read,
	__NR_wait4, __NR_write,
} from "asm/unistd.ts";
import {
	run_task, user_load32, user_load8, user_maps, user_processes,
	user_read_file, user_store32, user_store8, user_syscall,
	user_write_file,
} from "kernel/entry/user.ts";
import { current } from "kernel/sched/core.ts";
import { fault_around_bytes_get, fault_around_bytes_set } from "mm/memory.ts";
import {
	AREA, make_process, map_anon, pte_of, RW, user_test_exit,
	user_test_init,
} from "mm/memory_kunit.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GE, KUNIT_ASSERT_GT, KUNIT_CASE,
	KUNIT_EXPECT_EQ, KUNIT_EXPECT_FALSE, KUNIT_EXPECT_GE, KUNIT_EXPECT_GT,
	KUNIT_EXPECT_LT, KUNIT_EXPECT_STREQ, KUNIT_EXPECT_TRUE, type kunit,
	kunit_suite,
} from "kunit/test.ts";

/** Where the program keeps names and what it reads. */
const BUF = 0x10000000;
const BUF_PAGES = 4;

function make_program(test: kunit): number {
	const pid = make_process(test);

	map_anon(test, BUF, BUF_PAGES);
	return pid;
}

const SYSCTL = "/proc/sys/vm/speculative_page_fault";

/** By open() of a program. */
function open(name: string, flags: number): number {
	for (let i = 0; i < name.length; i++)
		user_store8(BUF + i, name.charCodeAt(i));
	user_store8(BUF + name.length, 0);
	return user_syscall(__NR_openat, -100, BUF, flags, 0);
}

/** By read()s of `chunk` bytes. */
function read(fd: number, chunk: number): string | number {
	let text = "";

	for (;;) {
		const n = user_syscall(__NR_read, fd, BUF, chunk);

		if (n <= 0)
			return n < 0 ? n : text;
		for (let i = 0; i < n; i++)
			text += String.fromCharCode(user_load8(BUF + i));
	}
}

function write(fd: number, text: string): number {
	for (let i = 0; i < text.length; i++)
		user_store8(BUF + i, text.charCodeAt(i));
	return user_syscall(__NR_write, fd, BUF, text.length);
}

/** The lines of one mapping in smaps, by name: kB. */
function smaps_of(start: number): Record<string, number> {
	const text = user_read_file("/proc/self/smaps") as string;
	const at = text.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
		.find((part) => part.startsWith(start.toString(16)));

	return numbers(at ?? "");
}

function numbers(text: string): Record<string, number> {
	const found: Record<string, number> = {};

	for (const line of text.split("\n")) {
		const m = /^([^:\s]+):\s+(\d+)/.exec(line);

		if (m !== null)
			found[m[1]] = Number(m[2]);
	}
	return found;
}

function vm_flags_of(start: number): string {
	const text = user_read_file("/proc/self/smaps") as string;
	const at = text.indexOf(`\n${start.toString(16)}-`);

	return /VmFlags: (.*) \n/.exec(text.slice(at))?.[1] ?? "";
}

/** Whatever the size of the buffer, it is the same text. */
function read_in_pieces(test: kunit): void {
	const pid = make_program(test);
	const expected = user_maps(pid) as string;

	for (const chunk of [1, 7, 100, PAGE_SIZE, 4 * PAGE_SIZE]) {
		const fd = open("/proc/self/maps", O_RDONLY);

		KUNIT_ASSERT_GE(test, fd, 0);
		KUNIT_EXPECT_STREQ(test, read(fd, chunk) as string, expected);
		KUNIT_EXPECT_EQ(test, user_syscall(__NR_read, fd, BUF, 1), 0);
		KUNIT_EXPECT_EQ(test, user_syscall(__NR_close, fd), 0);
	}
}

/** More than a buffer: many vmas, each a line. */
function read_many(test: kunit): void {
	const pid = make_program(test);

	for (let i = 0; i < 200; i++)
		KUNIT_ASSERT_GT(test, user_syscall(__NR_mmap,
			AREA + 2 * i * PAGE_SIZE, PAGE_SIZE, RW,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), 0);
	const expected = user_maps(pid) as string;
	const fd = open(`/proc/${pid}/maps`, O_RDONLY);

	KUNIT_EXPECT_STREQ(test, read(fd, 4 * PAGE_SIZE) as string, expected);
	/* From the middle of a line. */
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_lseek, fd, 5000, SEEK_SET),
		5000);
	KUNIT_EXPECT_STREQ(test, read(fd, 999) as string, expected.slice(5000));
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_lseek, fd, -10, SEEK_CUR),
		expected.length - 10);
	KUNIT_EXPECT_STREQ(test, read(fd, 999) as string, expected.slice(-10));
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_lseek, fd, 0, SEEK_END),
		-EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_lseek, fd, -1, SEEK_SET),
		-EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_close, fd), 0);
}

/** What is mapped between two turns is seen in the next one. */
function changes_meanwhile(test: kunit): void {
	make_program(test);
	map_anon(test, AREA, 1);
	const fd = open("/proc/self/maps", O_RDONLY);
	const n = user_syscall(__NR_read, fd, BUF, 80);

	KUNIT_EXPECT_EQ(test, n, 80);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_munmap, AREA, PAGE_SIZE), 0);
	KUNIT_EXPECT_FALSE(test,
		(read(fd, PAGE_SIZE) as string).includes(AREA.toString(16)));
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_close, fd), 0);
}

function errors(test: kunit): void {
	const pid = make_program(test);

	for (const name of ["/proc/self/none", "/proc/99999/maps",
		"/proc/01/maps", "/proc/x/maps", "/etc/passwd", "maps",
		"/proc/sys/vm/none"])
		KUNIT_EXPECT_EQ(test, open(name, O_RDONLY), -ENOENT);
	KUNIT_EXPECT_EQ(test, open("/proc/self/maps", 3), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_openat, -100, 8, 0, 0),
		-EFAULT);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_read, 77, BUF, 1), -EBADF);

	const maps = open("/proc/self/maps", O_RDWR);

	KUNIT_EXPECT_EQ(test, write(maps, "x"), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_read, maps, 8, 100), -EFAULT);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_read, maps, BUF, 0), 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mmap, 0, PAGE_SIZE, PROT_READ,
		MAP_PRIVATE, maps, 0), -ENODEV);
	const clear = open(`/proc/${pid}/clear_refs`, O_WRONLY);

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_read, clear, BUF, 1), -EBADF);
	for (const text of ["0", "6", "x", "", "1x", "-1"])
		KUNIT_EXPECT_EQ(test, write(clear, text), -EINVAL);
	for (const text of ["1", " 2\n", "3\n", "4", "5"])
		KUNIT_EXPECT_EQ(test, write(clear, text), text.length);
	user_syscall(__NR_close, maps);
	user_syscall(__NR_close, clear);
}

/** The task is gone, its file is not. */
function dead_task(test: kunit): void {
	const parent = make_program(test);
	const child = user_syscall(__NR_fork);
	const maps = open(`/proc/${child}/maps`, O_RDONLY);
	const rollup = open(`/proc/${child}/smaps_rollup`, O_RDONLY);
	const statm = open(`/proc/${child}/statm`, O_RDONLY);

	KUNIT_EXPECT_TRUE(test, user_processes().includes(child));
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	user_syscall(__NR_exit_group, 0);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);
	/* A zombie has no memory. */
	KUNIT_EXPECT_STREQ(test, read(maps, 100) as string, "");
	KUNIT_EXPECT_EQ(test, read(rollup, 100) as number, -ESRCH);
	KUNIT_EXPECT_STREQ(test, read(statm, 100) as string, "0 0 0 0 0 0 0\n");
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_wait4, child, 0, 0, 0), child);
	KUNIT_EXPECT_FALSE(test, user_processes().includes(child));
	KUNIT_EXPECT_EQ(test, read(maps, 100) as number, -ESRCH);
	KUNIT_EXPECT_EQ(test, open(`/proc/${child}/maps`, O_RDONLY), -ENOENT);
	for (const fd of [maps, rollup, statm])
		user_syscall(__NR_close, fd);
}

/** Written pages are private and dirty; shared with a child, each has half. */
function smaps(test: kunit): void {
	const parent = make_program(test);

	map_anon(test, AREA, 8);
	for (let i = 0; i < 3; i++)
		user_store32(AREA + i * PAGE_SIZE, 1);
	/* The zero page is nobody's. */
	user_load32(AREA + 5 * PAGE_SIZE);
	const kb = PAGE_SIZE / 1024;
	let s = smaps_of(AREA);

	KUNIT_EXPECT_EQ(test, s.Size, 8 * kb);
	KUNIT_EXPECT_EQ(test, s.Rss, 3 * kb);
	KUNIT_EXPECT_EQ(test, s.Pss, 3 * kb);
	KUNIT_EXPECT_EQ(test, s.Private_Dirty, 3 * kb);
	KUNIT_EXPECT_EQ(test, s.Shared_Dirty, 0);
	KUNIT_EXPECT_EQ(test, s.Anonymous, 3 * kb);
	KUNIT_EXPECT_EQ(test, s.Referenced, 3 * kb);
	KUNIT_EXPECT_EQ(test, s.Locked, 0);

	const child = user_syscall(__NR_fork);

	user_store32(AREA, 2);
	s = smaps_of(AREA);
	KUNIT_EXPECT_EQ(test, s.Rss, 3 * kb);
	KUNIT_EXPECT_EQ(test, s.Pss, 2 * kb);
	KUNIT_EXPECT_EQ(test, s.Private_Dirty, kb);
	KUNIT_EXPECT_EQ(test, s.Shared_Dirty, 2 * kb);
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	user_syscall(__NR_exit_group, 0);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mlock, AREA, 8 * PAGE_SIZE), 0);
	s = smaps_of(AREA);
	KUNIT_EXPECT_EQ(test, s.Locked, 8 * kb);
	KUNIT_EXPECT_TRUE(test, vm_flags_of(AREA).split(" ").includes("lo"));
}

/** The sum of all. */
function smaps_rollup(test: kunit): void {
	make_program(test);
	map_anon(test, AREA, 4);
	user_store32(AREA, 1);
	user_syscall(__NR_mmap, AREA + 16 * PAGE_SIZE, PAGE_SIZE, RW,
		MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	user_store32(AREA + 16 * PAGE_SIZE, 1);
	const smaps = user_read_file("/proc/self/smaps") as string;
	const text = user_read_file("/proc/self/smaps_rollup") as string;
	const rollup = numbers(text);

	for (const name of ["Rss", "Pss", "Private_Dirty", "Anonymous"]) {
		const line = new RegExp(`^${name}:\\s+(\\d+)`, "gm");
		let sum = 0;

		for (const m of smaps.matchAll(line))
			sum += Number(m[1]);
		KUNIT_EXPECT_GT(test, sum, 0);
		KUNIT_EXPECT_EQ(test, rollup[name], sum);
	}
	KUNIT_EXPECT_EQ(test, rollup.Pss_Shmem, PAGE_SIZE / 1024);
	KUNIT_EXPECT_TRUE(test,
		/^[0-9a-f-]+ ---p 0{8} 00:00 0 +\[rollup\]\n/.test(text));
}

/** Not used since: of all, of the anonymous, or of those with a file. */
function clear_refs(test: kunit): void {
	make_program(test);
	map_anon(test, AREA, 2);
	user_store32(AREA, 1);
	user_store32(AREA + PAGE_SIZE, 1);
	const kb = PAGE_SIZE / 1024;

	KUNIT_EXPECT_EQ(test, smaps_of(AREA).Referenced, 2 * kb);
	KUNIT_EXPECT_EQ(test, user_write_file("/proc/self/clear_refs", "3"), 1);
	KUNIT_EXPECT_EQ(test, smaps_of(AREA).Referenced, 2 * kb);
	KUNIT_EXPECT_EQ(test, user_write_file("/proc/self/clear_refs", "2"), 1);
	KUNIT_EXPECT_EQ(test, smaps_of(AREA).Referenced, 0);
	KUNIT_EXPECT_FALSE(test, pte_young(pte_of(AREA)));
	KUNIT_EXPECT_EQ(test, user_write_file("/proc/self/clear_refs", "1"), 1);
	KUNIT_EXPECT_EQ(test, smaps_of(AREA).Rss, 2 * kb);
}

/** The most there was, and from now on. */
function hiwater(test: kunit): void {
	make_program(test);
	map_anon(test, AREA, 64);
	const before = numbers(user_read_file("/proc/self/status") as string);

	for (let i = 0; i < 64; i++)
		user_store32(AREA + i * PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_madvise, AREA, 64 * PAGE_SIZE,
		MADV_DONTNEED), 0);
	const kb = PAGE_SIZE / 1024;
	let s = numbers(user_read_file("/proc/self/status") as string);

	KUNIT_EXPECT_EQ(test, s.VmHWM, before.VmRSS + 64 * kb);
	KUNIT_EXPECT_EQ(test, s.VmRSS, before.VmRSS);
	KUNIT_EXPECT_EQ(test, user_write_file("/proc/self/clear_refs", "5"), 1);
	s = numbers(user_read_file("/proc/self/status") as string);
	KUNIT_EXPECT_EQ(test, s.VmHWM, before.VmRSS);
	user_syscall(__NR_munmap, AREA, 64 * PAGE_SIZE);
	const after = numbers(user_read_file("/proc/self/status") as string);

	KUNIT_EXPECT_EQ(test, after.VmPeak, s.VmSize);
	KUNIT_EXPECT_EQ(test, after.VmSize, s.VmSize - 64 * kb);
}

/** Only what is written after clear_refs is soft dirty; moved memory is. */
function soft_dirty(test: kunit): void {
	if (!CONFIG_MEM_SOFT_DIRTY) return;
	make_program(test);
	map_anon(test, AREA, 2);
	user_store32(AREA, 1);
	user_store32(AREA + PAGE_SIZE, 1);
	KUNIT_EXPECT_TRUE(test, pte_soft_dirty(pte_of(AREA)));
	KUNIT_EXPECT_TRUE(test, vm_flags_of(AREA).split(" ").includes("sd"));
	KUNIT_EXPECT_EQ(test, user_write_file("/proc/self/clear_refs", "4"), 1);
	KUNIT_EXPECT_FALSE(test, pte_soft_dirty(pte_of(AREA)));
	KUNIT_EXPECT_FALSE(test, pte_write(pte_of(AREA)));
	KUNIT_EXPECT_FALSE(test, vm_flags_of(AREA).split(" ").includes("sd"));

	KUNIT_EXPECT_EQ(test, user_load32(AREA), 1);
	KUNIT_EXPECT_FALSE(test, pte_soft_dirty(pte_of(AREA)));
	user_store32(AREA, 2);
	KUNIT_EXPECT_TRUE(test, pte_soft_dirty(pte_of(AREA)));
	KUNIT_EXPECT_FALSE(test, pte_soft_dirty(pte_of(AREA + PAGE_SIZE)));

	/* Rights come and go, the bit stays as it is. */
	user_syscall(__NR_mprotect, AREA, 2 * PAGE_SIZE, PROT_READ);
	user_syscall(__NR_mprotect, AREA, 2 * PAGE_SIZE, RW);
	KUNIT_EXPECT_TRUE(test, pte_soft_dirty(pte_of(AREA)));
	KUNIT_EXPECT_FALSE(test, pte_soft_dirty(pte_of(AREA + PAGE_SIZE)));

	/* A child has what its parent had. */
	const parent = current().pid;
	const child = user_syscall(__NR_fork);

	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	KUNIT_EXPECT_TRUE(test, pte_soft_dirty(pte_of(AREA)));
	KUNIT_EXPECT_FALSE(test, pte_soft_dirty(pte_of(AREA + PAGE_SIZE)));
	user_syscall(__NR_exit_group, 0);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);

	const to = AREA + 64 * PAGE_SIZE;

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mremap, AREA + PAGE_SIZE,
		PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to), to);
	KUNIT_EXPECT_TRUE(test, pte_soft_dirty(pte_of(to)));
	KUNIT_EXPECT_EQ(test, user_load32(to), 1);
}

/** A shared mapping that was writable at once faults after clear_refs. */
function soft_dirty_shared(test: kunit): void {
	if (!CONFIG_MEM_SOFT_DIRTY) return;
	make_program(test);
	user_syscall(__NR_mmap, AREA, PAGE_SIZE, RW,
		MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	user_load32(AREA);
	KUNIT_EXPECT_TRUE(test, pte_write(pte_of(AREA)));
	KUNIT_EXPECT_EQ(test, user_write_file("/proc/self/clear_refs", "4"), 1);
	KUNIT_EXPECT_FALSE(test, pte_write(pte_of(AREA)));
	user_store32(AREA, 7);
	KUNIT_EXPECT_TRUE(test, pte_soft_dirty(pte_of(AREA)));
	KUNIT_EXPECT_EQ(test, user_load32(AREA), 7);
	/* A neighbour that is new makes the whole of both new. */
	user_syscall(__NR_mmap, AREA + 8 * PAGE_SIZE, PAGE_SIZE, RW,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	KUNIT_EXPECT_EQ(test, user_write_file("/proc/self/clear_refs", "4"), 1);
	user_syscall(__NR_mmap, AREA + 9 * PAGE_SIZE, PAGE_SIZE, RW,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	KUNIT_EXPECT_TRUE(test,
		vm_flags_of(AREA + 8 * PAGE_SIZE).split(" ").includes("sd"));
}

/** D12.31: faults of two threads, with the switch on and off. */
function sysctl(test: kunit): void {
	if (!CONFIG_SPECULATIVE_PAGE_FAULT || !CONFIG_VM_EVENT_COUNTERS) return;
	const first = make_program(test);

	map_anon(test, AREA, 2);
	user_store32(AREA, 1);
	const second = user_syscall(__NR_clone, CLONE_VM, 0);
	const fd = open(SYSCTL, O_RDWR);

	KUNIT_ASSERT_GE(test, fd, 0);
	KUNIT_EXPECT_STREQ(test, read(fd, 100) as string, "1\n");
	for (const text of ["x", "", "1 2x", "4294967296"]) {
		user_syscall(__NR_lseek, fd, 0, SEEK_SET);
		const other = open(SYSCTL, O_WRONLY);

		KUNIT_EXPECT_EQ(test, write(other, text), -EINVAL);
		user_syscall(__NR_close, other);
	}
	user_syscall(__NR_close, fd);

	KUNIT_EXPECT_EQ(test,
		user_write_file(SYSCTL, "0\n"), 2);
	KUNIT_EXPECT_STREQ(test, user_read_file(SYSCTL) as string, "0\n");
	let before = all_vm_events()[SPF_ATTEMPT];

	user_store32(AREA + PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, all_vm_events()[SPF_ATTEMPT], before);
	KUNIT_EXPECT_EQ(test,
		user_write_file(SYSCTL, " 1"), 2);
	user_syscall(__NR_madvise, AREA, 2 * PAGE_SIZE, MADV_DONTNEED);
	before = all_vm_events()[SPF_ATTEMPT];
	user_store32(AREA, 1);
	KUNIT_EXPECT_EQ(test, all_vm_events()[SPF_ATTEMPT], before + 1);

	KUNIT_ASSERT_EQ(test, run_task(second), 0);
	user_syscall(__NR_exit, 0);
	KUNIT_ASSERT_EQ(test, run_task(first), 0);
}

function fault_around(test: kunit): void {
	make_program(test);
	const name = "/sys/kernel/debug/fault_around_bytes";

	KUNIT_EXPECT_STREQ(test, user_read_file(name) as string, "65536\n");
	/* Rounded down, to a power of two of pages. */
	const bytes = 4 * PAGE_SIZE;
	const text = `0x${(5 * PAGE_SIZE).toString(16)}\n`;

	KUNIT_EXPECT_EQ(test, user_write_file(name, text), text.length);
	KUNIT_EXPECT_EQ(test, fault_around_bytes_get(), bytes);
	KUNIT_EXPECT_STREQ(test, user_read_file(name) as string, `${bytes}\n`);
	for (const wrong of ["-1", "x", "99999999999"])
		KUNIT_EXPECT_EQ(test, user_write_file(name, wrong), -EINVAL);
	KUNIT_EXPECT_EQ(test, fault_around_bytes_get(), bytes);
	fault_around_bytes_set(65536);
}

interface usage {
	maxrss: number;
	minflt: number;
	majflt: number;
	nivcsw: number;
}

function getrusage(who: number): usage {
	user_syscall(__NR_getrusage, who, BUF);
	const long = (i: number): number => user_load32(BUF + 8 * i);

	return {
		maxrss: long(4), minflt: long(8), majflt: long(9),
		nivcsw: long(17),
	};
}

/** Faults of a thread, of its process, and of children that were waited for. */
function rusage(test: kunit): void {
	const first = make_program(test);

	user_store32(BUF, 0);
	map_anon(test, AREA, 16);
	const thread = getrusage(RUSAGE_THREAD);
	const self = getrusage(RUSAGE_SELF);

	KUNIT_EXPECT_EQ(test, thread.minflt, self.minflt);
	for (let i = 0; i < 4; i++)
		user_store32(AREA + i * PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, getrusage(RUSAGE_SELF).minflt, self.minflt + 4);
	KUNIT_EXPECT_GE(test, getrusage(RUSAGE_SELF).maxrss,
		self.maxrss + 4 * PAGE_SIZE / 1024);

	/* Another thread's, alive and gone. */
	const second = user_syscall(__NR_clone,
		CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, 0);

	KUNIT_ASSERT_EQ(test, run_task(second), 0);
	for (let i = 4; i < 9; i++)
		user_store32(AREA + i * PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, getrusage(RUSAGE_THREAD).minflt, 5);
	KUNIT_EXPECT_EQ(test, getrusage(RUSAGE_SELF).minflt, self.minflt + 9);
	user_syscall(__NR_exit, 0);
	KUNIT_ASSERT_EQ(test, run_task(first), 0);
	KUNIT_EXPECT_EQ(test, getrusage(RUSAGE_SELF).minflt, self.minflt + 9);
	KUNIT_EXPECT_EQ(test, getrusage(RUSAGE_THREAD).minflt,
		thread.minflt + 4);
	KUNIT_EXPECT_GT(test, getrusage(RUSAGE_THREAD).nivcsw, 0);

	/* A child's count when it was waited for. */
	const child = user_syscall(__NR_fork);

	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	for (let i = 0; i < 16; i++)
		user_store32(AREA + i * PAGE_SIZE, 2);
	user_syscall(__NR_exit_group, 0);
	KUNIT_ASSERT_EQ(test, run_task(first), 0);
	KUNIT_EXPECT_EQ(test, getrusage(RUSAGE_CHILDREN).minflt, 0);
	const ru = BUF + PAGE_SIZE;

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_wait4, child, 0, 0, ru), child);
	KUNIT_EXPECT_GE(test, user_load32(ru + 8 * 8), 16);
	KUNIT_EXPECT_EQ(test, getrusage(RUSAGE_CHILDREN).minflt,
		user_load32(ru + 8 * 8));
	KUNIT_EXPECT_GT(test, getrusage(RUSAGE_CHILDREN).maxrss, 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_getrusage, 2, BUF), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_getrusage, 0, 8), -EFAULT);

	/* In /proc/PID/stat: fields 10 and 11. */
	const stat = (user_read_file("/proc/self/stat") as string).split(" ");

	KUNIT_EXPECT_EQ(test, stat.length, 52);
	KUNIT_EXPECT_EQ(test, Number(stat[10]),
		getrusage(RUSAGE_CHILDREN).minflt);
	KUNIT_EXPECT_LT(test, Number(stat[9]), self.minflt + 30);
}

export const proc_test_suite = kunit_suite({
	name: "proc",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("read_in_pieces", read_in_pieces),
		KUNIT_CASE("read_many", read_many),
		KUNIT_CASE("changes_meanwhile", changes_meanwhile),
		KUNIT_CASE("errors", errors),
		KUNIT_CASE("dead_task", dead_task),
		KUNIT_CASE("smaps", smaps),
		KUNIT_CASE("smaps_rollup", smaps_rollup),
		KUNIT_CASE("clear_refs", clear_refs),
		KUNIT_CASE("hiwater", hiwater),
		KUNIT_CASE("soft_dirty", soft_dirty),
		KUNIT_CASE("soft_dirty_shared", soft_dirty_shared),
		KUNIT_CASE("sysctl", sysctl),
		KUNIT_CASE("fault_around", fault_around),
		KUNIT_CASE("rusage", rusage),
	],
});
