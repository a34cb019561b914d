// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of kernel/fork.ts, exit.ts, pid.ts, fs/{exec,file,inode}.ts and of
 * the text of /proc/PID/maps: the life of processes, through the user side of
 * CPU 0. Mirrors no file of the kernel.
 */
import { CONFIG_SPECULATIVE_PAGE_FAULT } from "generated/autoconf.ts";
import {
	CLONE_FS,
	CLONE_NEWNS,
	CLONE_SIGHAND,
	CLONE_THREAD,
	CLONE_VM,
} from "uapi/linux/sched.ts";
import { atomic_read } from "linux/atomic.ts";
import {
	EBADF, ECHILD, EINVAL, ENOMEM, ENOSYS, EPERM, ESRCH,
} from "linux/errno.ts";
import { O_RDONLY } from "linux/fcntl.ts";
import {
	MADV_DONTFORK,
	MADV_DONTNEED,
	MADV_PAGEOUT,
	MADV_WIPEONFORK,
	MAP_ANONYMOUS,
	MAP_FIXED,
	MAP_PRIVATE,
	PROT_READ,
	PROT_WRITE,
} from "linux/mman.ts";
import { VM_LOCKED } from "linux/mm.ts";
import { RLIM_NLIMITS, RLIMIT_MEMLOCK } from "linux/resource.ts";
import { SIGCHLD, SIGKILL, SIGSEGV } from "linux/signal.ts";
import { PR_SIM_RLIMIT } from "linux/version.ts";
import {
	KUNIT_ASSERT_EQ,
	KUNIT_ASSERT_GT,
	KUNIT_CASE,
	KUNIT_CASE_PARAM,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_GT,
	KUNIT_EXPECT_NE,
	KUNIT_EXPECT_STREQ,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_suite,
} from "kunit/test.ts";
import { gate_vma_line } from "asm/elf.ts";
import { PAGE_SIZE, STACK_TOP, TASK_UNMAPPED_BASE } from "asm/pgtable_types.ts";
import {
	__NR_brk,
	__NR_clone,
	__NR_close,
	__NR_exit,
	__NR_exit_group,
	__NR_fork,
	__NR_getpid,
	__NR_kill,
	__NR_madvise,
	__NR_mlock,
	__NR_mmap,
	__NR_munmap,
	__NR_prctl,
	__NR_sim_exec,
	__NR_sim_open,
	__NR_sim_special,
	__NR_wait4,
} from "asm/unistd.ts";
import { WNOHANG } from "kernel/exit.ts";
import { get_nr_inodes } from "kernel/fs/inode.ts";
import {
	rcu_is_watching,
	rcu_pending_callbacks,
	rcu_user_enter,
	rcu_user_exit,
} from "kernel/rcu.ts";
import { current } from "kernel/sched/core.ts";
import {
	SPECIAL_MAPPING_VDSO,
	SPECIAL_MAPPING_VVAR,
} from "mm/mmap.ts";
import { ulong_arg } from "kernel/entry/syscall.ts";
import {
	mem_settle,
	meminfo,
	run_task,
	user_load8,
	user_maps,
	user_signal,
	user_spawn,
	user_store8,
	user_syscall,
	user_task,
	user_touch,
	USER_READ,
} from "kernel/entry/user.ts";

const STACK_START = STACK_TOP - 33 * PAGE_SIZE;
/** At two thirds of user memory. */
const HEAP = Math.floor(STACK_TOP / PAGE_SIZE / 3) * 2 * PAGE_SIZE;
/** In the last 256 MiB of user memory, below the place for mappings. */
const AREA = (Math.ceil(STACK_TOP / 2 ** 28) - 1) * 2 ** 28;
const FILE_AREA = AREA + 256 * PAGE_SIZE;
/** The least gap below the end of user memory: 128 MiB. */
const MMAP_BASE = STACK_TOP - 2 ** 27;
const VDSO = MMAP_BASE - 8 * PAGE_SIZE;
const VVAR = VDSO - 6 * PAGE_SIZE;
const RW = PROT_READ | PROT_WRITE;
const ANON = MAP_PRIVATE | MAP_ANONYMOUS;

/** A number as maps shows it. */
function hex(n: number): string {
	return n.toString(16).padStart(8, "0");
}

/** A line of maps with a name, which has a column of its own. */
function named(line: string, name: string): string {
	return `${line.padEnd(72)} ${name}`;
}

/** What a case leaves behind for user_exit(). */
interface fork_test {
	pid: number; /* its first process */
	watching: boolean; /* we came from kernel mode */
}

/** A case runs in the kernel, but what it tests starts in user mode. */
function user_init(test: kunit): void {
	const priv: fork_test = { pid: 0, watching: rcu_is_watching() };

	test.priv = priv;
	if (priv.watching)
		rcu_user_enter();
}

/** Back, with all that the case has started killed, whatever became of it. */
function user_exit(test: kunit): void {
	const priv: fork_test = test.priv;

	if (priv.pid > 0)
		user_kill(priv.pid);
	mem_settle();
	if (priv.watching)
		rcu_user_exit();
}

function user_kill(pid: number): void {
	if (run_task(pid) === 0)
		user_syscall(__NR_exit_group, 0);
}

/** The running CPU gets a process with a stack and an empty heap. */
function make_process(test: kunit): number {
	const priv: fork_test = test.priv;
	const pid = user_spawn();

	KUNIT_ASSERT_GT(test, pid, 0);
	priv.pid = pid;
	KUNIT_ASSERT_EQ(test, run_task(pid), 0);
	KUNIT_ASSERT_EQ(test,
		user_syscall(__NR_sim_exec, HEAP, STACK_START, STACK_TOP), 0);
	return pid;
}

/** pages of private anonymous memory at AREA */
function map_area(test: kunit, pages: number): void {
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mmap, AREA, pages * PAGE_SIZE, RW,
		ANON | MAP_FIXED, -1, 0), AREA);
}

function fork_copies_layout(test: kunit): void {
	const parent = make_process(test);

	map_area(test, 4);
	user_syscall(__NR_brk, HEAP + 3 * PAGE_SIZE);
	user_store8(HEAP, 1);
	const child = user_syscall(__NR_fork);

	KUNIT_ASSERT_GT(test, child, 0);
	KUNIT_EXPECT_NE(test, child, parent);
	KUNIT_EXPECT_STREQ(test, user_maps(child) as string, user_maps(parent) as string);

	const mm = current().mm;
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	KUNIT_EXPECT_NE(test, uptr(current().mm), uptr(mm));
	KUNIT_EXPECT_EQ(test, current().mm.map_count, mm.map_count);
	KUNIT_EXPECT_EQ(test, current().mm.total_vm, mm.total_vm);
	KUNIT_EXPECT_EQ(test, current().mm.brk, mm.brk);
	user_syscall(__NR_exit_group, 0);
}

/*
 * parent  [1][ ]    both see 1; who writes, writes to a copy
 * child   [1][ ]
 */
function fork_copy_on_write(test: kunit): void {
	const parent = make_process(test);

	map_area(test, 2);
	KUNIT_EXPECT_TRUE(test, user_store8(AREA, 0x11));
	const child = user_syscall(__NR_fork);

	/* The entry was writable, and may be in this CPU's TLB still. */
	KUNIT_EXPECT_TRUE(test, user_store8(AREA, 0x33));
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 0x11);
	KUNIT_EXPECT_TRUE(test, user_store8(AREA, 0x22));
	KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 0);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 0x33);
	run_task(child);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 0x22);
	user_syscall(__NR_exit_group, 0);
}

/* parent  [DONTFORK][WIPEONFORK][plain]    child  [ ][zeroes][plain] */
function fork_dontcopy_wipeonfork(test: kunit): void {
	make_process(test);
	map_area(test, 3);
	for (let i = 0; i < 3; i++)
		user_store8(AREA + i * PAGE_SIZE, 5);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_madvise, AREA, PAGE_SIZE, MADV_DONTFORK), 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_madvise, AREA + PAGE_SIZE,
		PAGE_SIZE, MADV_WIPEONFORK), 0);
	const total_vm = current().mm.total_vm;
	const child = user_syscall(__NR_fork);

	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	KUNIT_EXPECT_EQ(test, current().mm.total_vm, total_vm - 1);
	KUNIT_EXPECT_EQ(test, user_touch(AREA, USER_READ), false);
	const sig = user_signal();
	KUNIT_EXPECT_EQ(test, sig !== null ? sig.signo : 0, SIGSEGV);
	KUNIT_EXPECT_EQ(test, sig !== null ? sig.addr : 0, AREA);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 2 * PAGE_SIZE), 5);
	user_syscall(__NR_exit_group, 0);
}

/** Of RLIMIT_MEMLOCK; the parent's are the child's. */
function fork_inherits_limits(test: kunit): void {
	const limit = (which: number, cur: number, max: number): number =>
		user_syscall(__NR_prctl, PR_SIM_RLIMIT, which, cur, max);

	make_process(test);
	map_area(test, 2);
	KUNIT_EXPECT_EQ(test, limit(RLIM_NLIMITS, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, limit(RLIMIT_MEMLOCK, 2, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test,
		limit(RLIMIT_MEMLOCK, PAGE_SIZE, 2 * PAGE_SIZE), 0);
	const child = user_syscall(__NR_fork);

	run_task(child);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mlock, AREA, 2 * PAGE_SIZE),
		-ENOMEM);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mlock, AREA, PAGE_SIZE), 0);
	/* What is locked already does not count twice. */
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mlock, AREA, PAGE_SIZE), 0);
	user_syscall(__NR_exit_group, 0);
}

function fork_drops_mlock(test: kunit): void {
	make_process(test);
	map_area(test, 2);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mlock, AREA, PAGE_SIZE), 0);
	const child = user_syscall(__NR_fork);

	run_task(child);
	KUNIT_EXPECT_EQ(test, current().mm.locked_vm, 0);
	const mm = current().mm;
	let locked = 0;
	for (let vma = mm.mmap; vma !== NULL; vma = vma.vm_next)
		locked |= vma.vm_flags & VM_LOCKED;
	KUNIT_EXPECT_EQ(test, locked, 0);
	user_syscall(__NR_exit_group, 0);
}

const THREAD = CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD;

function clone_thread_shares_mm(test: kunit): void {
	const leader = make_process(test);

	map_area(test, 1);
	const mm = current().mm;
	const thread = user_syscall(__NR_clone, THREAD);
	KUNIT_ASSERT_GT(test, thread, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(mm.mm_users), 2);
	run_task(thread);
	KUNIT_EXPECT_EQ(test, uptr(current().mm), uptr(mm));
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_getpid), leader);
	user_store8(AREA, 9);

	/* A thread goes without leaving a zombie, and its CPU is idle then. */
	user_syscall(__NR_exit, 0);
	KUNIT_EXPECT_EQ(test, user_task(), 0);
	KUNIT_EXPECT_EQ(test, run_task(thread), -ESRCH);
	run_task(leader);
	KUNIT_EXPECT_EQ(test, atomic_read(mm.mm_users), 1);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 9);
}

/** V2.11 and V2.29: a dead vma is kept for a grace period, if there is
 *  anybody who could be looking at it. */
function vm_area_free_waits_for_threads(test: kunit): void {
	make_process(test);
	map_area(test, 1);
	user_syscall(__NR_munmap, AREA, PAGE_SIZE);
	const single = rcu_pending_callbacks();

	map_area(test, 1);
	user_syscall(__NR_munmap, AREA, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rcu_pending_callbacks(), single);

	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		user_syscall(__NR_clone, THREAD);
		map_area(test, 1);
		const vma = find_vma_at(AREA);
		const before = meminfo().slabs["vm_area_struct"];

		KUNIT_EXPECT_NE(test, vma, 0);
		user_syscall(__NR_munmap, AREA, PAGE_SIZE);
		mem_settle_keeping_task();
		KUNIT_EXPECT_EQ(test, meminfo().slabs["vm_area_struct"], before - 1);
	}
}

function find_vma_at(addr: number): number {
	const mm = current().mm;

	for (let vma = mm.mmap; vma !== NULL; vma = vma.vm_next) {
		if (vma.vm_start === addr)
			return uptr(vma);
	}
	return 0;
}

/** mem_settle() leaves the task; go back to it. */
function mem_settle_keeping_task(): void {
	const pid = user_task();

	mem_settle();
	run_task(pid);
}

function exit_leaves_zombie(test: kunit): void {
	const parent = make_process(test);
	const child = user_syscall(__NR_fork);

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_wait4, -1, 0, WNOHANG), 0);
	run_task(child);
	user_syscall(__NR_exit_group, 3);
	/* It is dead, but has its number still. */
	KUNIT_EXPECT_STREQ(test, user_maps(child) as string, "");
	run_task(parent);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_wait4, child, STACK_TOP - 8, 0), child);
	KUNIT_EXPECT_EQ(test, user_load8(STACK_TOP - 7), 3);
	KUNIT_EXPECT_EQ(test, user_maps(child) as number, -ESRCH);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_wait4, -1, 0, 0), -ECHILD);
}

function exit_group_ends_threads(test: kunit): void {
	const nr = meminfo().nr_tasks;
	const leader = make_process(test);
	const a = user_syscall(__NR_clone, THREAD);
	const b = user_syscall(__NR_clone, THREAD);

	KUNIT_EXPECT_EQ(test, meminfo().nr_tasks, nr + 3);
	run_task(a);
	user_syscall(__NR_exit_group, 0);
	KUNIT_EXPECT_EQ(test, user_task(), 0);
	KUNIT_EXPECT_EQ(test, run_task(b), -ESRCH);
	KUNIT_EXPECT_EQ(test, run_task(leader), -ESRCH);
	KUNIT_EXPECT_EQ(test, meminfo().nr_tasks, nr);
}

/** The status is that of the one who called exit_group(), whoever it was. */
function exit_group_by_thread(test: kunit): void {
	const parent = make_process(test);
	const child = user_syscall(__NR_fork);

	run_task(child);
	run_task(user_syscall(__NR_clone, THREAD));
	user_syscall(__NR_exit_group, 7);
	run_task(parent);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_wait4, child, STACK_TOP - 8, 0), child);
	KUNIT_EXPECT_EQ(test, user_load8(STACK_TOP - 8), 0);
	KUNIT_EXPECT_EQ(test, user_load8(STACK_TOP - 7), 7);
}

function kill_ends_process(test: kunit): void {
	const parent = make_process(test);
	const child = user_syscall(__NR_fork);

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_kill, child, SIGKILL), 0);
	KUNIT_EXPECT_EQ(test, user_task(), parent);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_wait4, child, 0, 0), child);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_kill, child, SIGKILL), -ESRCH);
	/* A program that kills itself does not come back. */
	user_syscall(__NR_kill, parent, SIGKILL);
	KUNIT_EXPECT_EQ(test, user_task(), 0);
}

/** Everything that a process has taken comes back, also by threads, by copies
 *  of copies, and by files. */
function memory_is_balanced(test: kunit): void {
	mem_settle();
	const before = meminfo();
	const pid = make_process(test);
	const fd = user_syscall(__NR_sim_open, 4711, O_RDONLY, 8 * PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mmap, FILE_AREA, 8 * PAGE_SIZE,
		RW, MAP_PRIVATE | MAP_FIXED, fd, 0), FILE_AREA);
	user_syscall(__NR_close, fd);
	map_area(test, 16);
	for (let i = 0; i < 16; i++)
		user_store8(AREA + i * PAGE_SIZE, i);
	user_store8(FILE_AREA, 1);
	user_load8(FILE_AREA + PAGE_SIZE);
	const child = user_syscall(__NR_fork);
	run_task(child);
	user_store8(AREA, 1);
	const grandchild = user_syscall(__NR_fork);
	user_syscall(__NR_munmap, AREA, 4 * PAGE_SIZE);
	user_syscall(__NR_exit_group, 0);
	user_kill(grandchild);
	user_kill(pid);
	mem_settle();

	const after = meminfo();
	KUNIT_EXPECT_EQ(test, after.nr_tasks, before.nr_tasks);
	KUNIT_EXPECT_EQ(test, after.warnings, before.warnings);
	KUNIT_EXPECT_EQ(test, get_nr_inodes(), 0);
	for (const name in before.slabs) {
		if (after.slabs[name] !== before.slabs[name])
			KUNIT_EXPECT_STREQ(test, name + " " + after.slabs[name],
				name + " " + before.slabs[name]);
	}
	KUNIT_EXPECT_EQ(test, after.nr_free_pages + after.nr_slab_pages,
		before.nr_free_pages + before.nr_slab_pages);
}

function exec_lays_out_address_space(test: kunit): void {
	const pid = make_process(test);

	KUNIT_EXPECT_STREQ(test, user_maps(pid) as string,
		named(`${hex(STACK_START)}-${hex(STACK_TOP)} rw-p 00000000 00:00 0`,
			"[stack]") + "\n" +
		(gate_vma_line() === "" ? "" : `${gate_vma_line()}\n`));
	/* The stack's limit is 8 MiB, and the least gap 128. */
	KUNIT_EXPECT_EQ(test, current().mm.mmap_base, MMAP_BASE);
	KUNIT_EXPECT_EQ(test, current().mm.mmap_legacy_base,
		TASK_UNMAPPED_BASE);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mmap, 0, PAGE_SIZE, RW, ANON, -1, 0),
		MMAP_BASE - PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_brk, 0), HEAP);
	user_syscall(__NR_brk, HEAP + 1);
	KUNIT_EXPECT_TRUE(test, (user_maps(pid) as string).startsWith(
		named(`${hex(HEAP)}-${hex(HEAP + PAGE_SIZE)} rw-p 00000000 00:00 0`,
			"[heap]") + "\n"));

	/* An exec forgets all of it. */
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_sim_exec, HEAP, STACK_START, STACK_TOP), 0);
	KUNIT_EXPECT_EQ(test, current().mm.map_count, 1);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_sim_exec, HEAP, STACK_START + 1, STACK_TOP), -EINVAL);
}

function exec_ends_other_threads(test: kunit): void {
	const leader = make_process(test);
	const thread = user_syscall(__NR_clone, THREAD);

	run_task(thread);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_sim_exec, HEAP, STACK_START, STACK_TOP), 0);
	/* The one that is left has the number of the process. */
	KUNIT_EXPECT_EQ(test, user_task(), leader);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_getpid), leader);
	KUNIT_EXPECT_EQ(test, atomic_read(current().mm.mm_users), 1);
}

function maps_show_special_mappings(test: kunit): void {
	const pid = make_process(test);

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_sim_special, VDSO,
		2 * PAGE_SIZE, SPECIAL_MAPPING_VDSO), 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_sim_special, VVAR,
		4 * PAGE_SIZE, SPECIAL_MAPPING_VVAR), 0);
	const lines = (user_maps(pid) as string).split("\n");
	KUNIT_EXPECT_STREQ(test, lines[0],
		named(`${hex(VVAR)}-${hex(VVAR + 4 * PAGE_SIZE)} r--p 00000000 00:00 0`,
			"[vvar]"));
	KUNIT_EXPECT_STREQ(test, lines[1],
		named(`${hex(VDSO)}-${hex(VDSO + 2 * PAGE_SIZE)} r-xp 00000000 00:00 0`,
			"[vdso]"));
	KUNIT_EXPECT_TRUE(test, user_touch(VDSO, USER_READ));
	/* The pages of the first are nobody's to give back. */
	for (const advice of [MADV_DONTNEED, MADV_PAGEOUT]) {
		const give = (addr: number) =>
			user_syscall(__NR_madvise, addr, PAGE_SIZE, advice);

		KUNIT_EXPECT_EQ(test, give(VVAR), -EINVAL);
		KUNIT_EXPECT_EQ(test, give(VDSO), 0);
	}
}

function files_are_inodes_by_number(test: kunit): void {
	const pid = make_process(test);
	const a = user_syscall(__NR_sim_open, 261033, O_RDONLY, 3 * PAGE_SIZE);
	const b = user_syscall(__NR_sim_open, 261033, O_RDONLY, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, b, a + 1);
	KUNIT_EXPECT_EQ(test, get_nr_inodes(), 1);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mmap, AREA, 2 * PAGE_SIZE, PROT_READ,
		MAP_PRIVATE | MAP_FIXED, b, PAGE_SIZE), AREA);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_close, a), 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_close, a), -EBADF);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_close, b), 0);
	KUNIT_EXPECT_STREQ(test, (user_maps(pid) as string).split("\n")[0],
		`${hex(AREA)}-${hex(AREA + 2 * PAGE_SIZE)} r--p ` +
		`${hex(PAGE_SIZE)} 00:00 261033 `);
	/* Page 1 and 2 exist, since the longest open said so. */
	KUNIT_EXPECT_TRUE(test, user_touch(AREA + PAGE_SIZE, USER_READ));
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_sim_open, 0, O_RDONLY, 0), -EINVAL);
}

interface clone_param {
	desc: string;
	flags: number;
	ret: number;
}
const clone_params: readonly clone_param[] = [
	{ desc: "thread without sighand", flags: CLONE_THREAD | CLONE_VM, ret: -EINVAL },
	{ desc: "sighand without vm", flags: CLONE_SIGHAND, ret: -EINVAL },
	{ desc: "namespace and shared fs", flags: CLONE_NEWNS | CLONE_FS, ret: -EINVAL },
	{ desc: "namespace", flags: CLONE_NEWNS | SIGCHLD, ret: -EPERM },
];

function clone_flags_are_checked(test: kunit, param: clone_param): void {
	make_process(test);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_clone, param.flags), param.ret);
}

function pids_are_not_reused_at_once(test: kunit): void {
	const parent = make_process(test);
	let last = parent;

	for (let i = 0; i < 10; i++) {
		const child = user_syscall(__NR_fork);

		KUNIT_EXPECT_GT(test, child, last);
		last = child;
		run_task(child);
		user_syscall(__NR_exit_group, 0);
		run_task(parent);
		KUNIT_EXPECT_EQ(test, user_syscall(__NR_wait4, -1, 0, 0), child);
	}
}

/** Arguments are 64-bit registers, even if they come as doubles. */
function syscall_arguments(test: kunit): void {
	make_process(test);
	KUNIT_EXPECT_EQ(test, ulong_arg(-PAGE_SIZE), 2 ** 64 - PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, ulong_arg(-1), 2 ** 64 - PAGE_SIZE / 2);
	KUNIT_EXPECT_EQ(test, ulong_arg(0x7ffffffff000), 0x7ffffffff000);
	KUNIT_EXPECT_EQ(test, ulong_arg(NaN), 0);
	KUNIT_EXPECT_EQ(test, user_syscall(9999), -ENOSYS);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_munmap, AREA + 1, PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_munmap, AREA, -PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_munmap, -PAGE_SIZE, PAGE_SIZE), -EINVAL);
}

export const fork_test_suite = kunit_suite({
	name: "fork",
	init: user_init,
	exit: user_exit,
	test_cases: [
		KUNIT_CASE("fork_copies_layout", fork_copies_layout),
		KUNIT_CASE("fork_copy_on_write", fork_copy_on_write),
		KUNIT_CASE("fork_dontcopy_wipeonfork", fork_dontcopy_wipeonfork),
		KUNIT_CASE("fork_inherits_limits", fork_inherits_limits),
		KUNIT_CASE("fork_drops_mlock", fork_drops_mlock),
		KUNIT_CASE("clone_thread_shares_mm", clone_thread_shares_mm),
		KUNIT_CASE("vm_area_free_waits_for_threads",
			vm_area_free_waits_for_threads),
		KUNIT_CASE("exit_leaves_zombie", exit_leaves_zombie),
		KUNIT_CASE("exit_group_ends_threads", exit_group_ends_threads),
		KUNIT_CASE("exit_group_by_thread", exit_group_by_thread),
		KUNIT_CASE("kill_ends_process", kill_ends_process),
		KUNIT_CASE("memory_is_balanced", memory_is_balanced),
		KUNIT_CASE("exec_lays_out_address_space", exec_lays_out_address_space),
		KUNIT_CASE("exec_ends_other_threads", exec_ends_other_threads),
		KUNIT_CASE("maps_show_special_mappings", maps_show_special_mappings),
		KUNIT_CASE("files_are_inodes_by_number", files_are_inodes_by_number),
		KUNIT_CASE_PARAM("clone_flags_are_checked", clone_flags_are_checked,
			clone_params, (p: clone_param) => p.desc),
		KUNIT_CASE("pids_are_not_reused_at_once", pids_are_not_reused_at_once),
		KUNIT_CASE("syscall_arguments", syscall_arguments),
	],
});
