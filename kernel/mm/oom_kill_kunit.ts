// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of mm/oom_kill.ts and of the files in /proc that belong to it: who
 * is chosen, what the reaper takes and what it leaves, and who dies with whom.
 * Two processes or three, one at a time on CPU 0. Mirrors no file of the
 * kernel.
 */
import { CONFIG_VM_EVENT_COUNTERS } from "generated/autoconf.ts";
import { EINVAL } from "linux/errno.ts";
import { GFP_KERNEL, GFP_NOFS } from "linux/gfp.ts";
import {
	MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED,
} from "linux/mman.ts";
import {
	get_mm_counter, MM_ANONPAGES, MM_SHMEMPAGES, mm_pgtables_bytes,
} from "linux/mm.ts";
import type { mm_struct } from "linux/mm_types.ts";
import {
	LONG_MIN, MMF_OOM_SKIP, MMF_OOM_VICTIM, MMF_UNSTABLE,
	OOM_SCORE_ADJ_MIN, tsk_is_oom_victim,
} from "linux/oom.ts";
import { down_write, up_write } from "linux/rwsem.ts";
import { mmdrop, mmgrab } from "linux/sched/mm.ts";
import { SIGBUS, SIGKILL, sigmask } from "linux/signal.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import { all_vm_events } from "linux/vm_event.ts";
import { OOM_KILL } from "linux/vm_event_item.ts";
import type { task_struct } from "linux/sched.ts";
import { CLONE_VM } from "uapi/linux/sched.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GT, KUNIT_CASE, KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE, KUNIT_EXPECT_GE, KUNIT_EXPECT_STREQ,
	KUNIT_EXPECT_TRUE, type kunit, kunit_suite,
} from "kunit/test.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	__NR_clone, __NR_exit_group, __NR_fork, __NR_mlock, __NR_mmap,
	__NR_wait4,
} from "asm/unistd.ts";
import {
	run_task, user_load8, user_read_file, user_signal, user_store8,
	user_syscall, user_task, user_write_file,
} from "kernel/entry/user.ts";
import { WNOHANG } from "kernel/exit.ts";
import { tasklist_lock } from "kernel/fork.ts";
import { find_task_by_vpid } from "kernel/pid.ts";
import { current } from "kernel/sched/core.ts";
import { in_kernel } from "mm/fault_kunit_util.ts";
import {
	AREA, make_process, map_anon, RW, user_test_exit, user_test_init,
} from "mm/memory_kunit.ts";
import {
	oom_badness, oom_control_init, oom_lock, oom_reaper, out_of_memory,
} from "mm/oom_kill.ts";
import { totalram_pages } from "mm/page_alloc.ts";

function touch(addr: number, pages: number): void {
	for (let i = 0; i < pages; i++)
		user_store8(addr + i * PAGE_SIZE, 1);
}

/** A child with that many pages of its own; the parent goes on running. */
function child_with(test: kunit, pages: number): number {
	const parent = user_task();
	const pid = user_syscall(__NR_fork);

	KUNIT_ASSERT_GT(test, pid, 0);
	run_task(pid);
	map_anon(test, AREA, pages + 1);
	touch(AREA, pages);
	run_task(parent);
	return pid;
}

/** Ends processes; who called runs on. */
function end(pids: number[]): void {
	const self = user_task();

	for (const pid of pids) {
		if (run_task(pid) === 0)
			user_syscall(__NR_exit_group, 0);
	}
	if (self !== 0)
		run_task(self);
}

function task_of(pid: number): task_struct {
	return in_kernel(() => {
		spin_lock(tasklist_lock);
		const task = find_task_by_vpid(pid);

		spin_unlock(tasklist_lock);
		return task;
	});
}

function badness(pid: number, totalpages: number): number {
	return in_kernel(() => {
		spin_lock(tasklist_lock);
		const points = oom_badness(find_task_by_vpid(pid), totalpages);

		spin_unlock(tasklist_lock);
		return points;
	});
}

function kill(gfp = GFP_KERNEL): boolean {
	return in_kernel(() => {
		down_write(oom_lock);
		const ret = out_of_memory(oom_control_init(gfp, 0));

		up_write(oom_lock);
		return ret;
	});
}

function killed(pid: number): boolean {
	return (task_of(pid).pending & sigmask(SIGKILL)) !== 0;
}

function reap(): void {
	in_kernel(oom_reaper);
}

function has_flag(mm: mm_struct, bit: number): boolean {
	return (mm.flags & (1 << bit)) !== 0;
}

/** A page is a point, a thousandth of the memory is one of the adjustment. */
function badness_counts_pages(test: kunit): void {
	make_process(test);
	const total = totalram_pages();
	const small = child_with(test, 3);
	const large = child_with(test, 9);
	const mm: mm_struct = task_of(large).mm;

	KUNIT_EXPECT_EQ(test, badness(large, total) - badness(small, total), 6);
	KUNIT_EXPECT_EQ(test, badness(large, total),
		get_mm_counter(mm, MM_ANONPAGES) +
		Math.floor(mm_pgtables_bytes(mm) / PAGE_SIZE));

	const adj = `/proc/${large}/oom_score_adj`;
	const before = badness(large, 20000);

	KUNIT_EXPECT_EQ(test, user_write_file(adj, "-50\n"), 4);
	KUNIT_EXPECT_EQ(test, badness(large, 20000), before - 1000);
	user_write_file(adj, `${OOM_SCORE_ADJ_MIN}`);
	KUNIT_EXPECT_EQ(test, badness(large, total), LONG_MIN);
	KUNIT_EXPECT_STREQ(test,
		user_read_file(`/proc/${large}/oom_score`) as string, "0\n");
	/* 1,000 thousandths of all memory, which are counted whole. */
	const all = Math.floor(total / 1000) * 1000;

	user_write_file(adj, "1000");
	KUNIT_EXPECT_GE(test,
		Number(user_read_file(`/proc/${large}/oom_score`)),
		Math.floor((1000 + Math.floor(all * 1000 / total)) * 2 / 3));
	end([small, large]);
}

/** The largest dies; its memory is gone before it runs again. */
function kills_the_largest(test: kunit): void {
	const parent = make_process(test);
	const small = child_with(test, 3);
	const large = child_with(test, 9);
	const mm: mm_struct = task_of(large).mm;
	const events = all_vm_events()[OOM_KILL];

	mmgrab(mm);
	KUNIT_EXPECT_TRUE(test, kill());
	if (CONFIG_VM_EVENT_COUNTERS)
		KUNIT_EXPECT_EQ(test, all_vm_events()[OOM_KILL], events + 1);
	KUNIT_EXPECT_TRUE(test, killed(large));
	KUNIT_EXPECT_FALSE(test, killed(small) || killed(parent));
	KUNIT_EXPECT_TRUE(test, tsk_is_oom_victim(task_of(large)));
	KUNIT_EXPECT_TRUE(test, has_flag(mm, MMF_OOM_VICTIM));
	KUNIT_EXPECT_FALSE(test, has_flag(mm, MMF_OOM_SKIP));

	/* As long as there is hope from it, nobody else has to go. */
	KUNIT_EXPECT_TRUE(test, kill());
	KUNIT_EXPECT_FALSE(test, killed(small) || killed(parent));

	reap();
	KUNIT_EXPECT_TRUE(test, has_flag(mm, MMF_UNSTABLE));
	KUNIT_EXPECT_TRUE(test, has_flag(mm, MMF_OOM_SKIP));
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_ANONPAGES), 0);
	KUNIT_EXPECT_EQ(test, badness(large, totalram_pages()), LONG_MIN);

	/* A return to user mode of who killed it ends who runs nowhere. */
	user_syscall(__NR_wait4, large, 0, WNOHANG);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_wait4, large, 0, WNOHANG), large);
	KUNIT_EXPECT_EQ(test, user_task(), parent);
	in_kernel(() => mmdrop(mm));
	end([small]);
}

/** No lock of a file system may wait for an exit. */
function spares_for_nofs(test: kunit): void {
	const pid = make_process(test);

	KUNIT_EXPECT_FALSE(test, kill(GFP_NOFS));
	KUNIT_EXPECT_FALSE(test, killed(pid));
}

/** By /proc/sys/vm/oom_kill_allocating_task who asks dies, however small. */
function kills_who_asks(test: kunit): void {
	const parent = make_process(test);
	const large = child_with(test, 9);
	const name = "/proc/sys/vm/oom_kill_allocating_task";

	user_write_file(name, "1");
	kill();
	KUNIT_EXPECT_TRUE(test, killed(parent));
	KUNIT_EXPECT_FALSE(test, killed(large));
	user_load8(AREA);
	KUNIT_EXPECT_EQ(test, user_task(), 0);
	run_task(large);
	user_write_file(name, "0");
	end([large]);
}

/** What is locked stays, and what has somebody else behind it. */
function reaper_leaves(test: kunit): void {
	make_process(test);
	const shared = AREA + 64 * PAGE_SIZE;
	const locked = AREA + 128 * PAGE_SIZE;
	const mm = current().mm;

	map_anon(test, AREA, 4);
	touch(AREA, 4);
	user_syscall(__NR_mmap, shared, 2 * PAGE_SIZE, RW,
		MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	touch(shared, 2);
	map_anon(test, locked, 3);
	touch(locked, 3);
	KUNIT_ASSERT_EQ(test,
		user_syscall(__NR_mlock, locked, 3 * PAGE_SIZE), 0);
	mmgrab(mm);
	kill();
	reap();
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_ANONPAGES), 3);
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_SHMEMPAGES), 2);
	/* And exit_mmap() all of it. */
	user_load8(AREA);
	KUNIT_EXPECT_EQ(test, user_task(), 0);
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_ANONPAGES), 0);
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_SHMEMPAGES), 0);
	in_kernel(() => mmdrop(mm));
}

/** Where the reaper was a program finds no zeroes. */
function faults_after_the_reaper(test: kunit): void {
	make_process(test);
	const mm = current().mm;

	map_anon(test, AREA, 2);
	fetch_or(mm.flags, (1 << MMF_UNSTABLE) | (1 << MMF_OOM_VICTIM));
	KUNIT_EXPECT_EQ(test, user_load8(AREA), -1);
	const sig = user_signal();

	KUNIT_EXPECT_EQ(test, sig !== null ? sig.signo : 0, SIGBUS);
	KUNIT_EXPECT_FALSE(test, user_store8(AREA, 1));
	user_signal();
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mmap, AREA, PAGE_SIZE, RW,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), AREA);
}

/** Who shares the memory dies with it, process or not. */
function kills_all_who_share(test: kunit): void {
	make_process(test);
	const other = user_syscall(__NR_clone, CLONE_VM, 0);

	KUNIT_ASSERT_GT(test, other, 0);
	const mine = user_task();

	user_write_file("/proc/self/oom_score_adj", "1000");
	kill();
	KUNIT_EXPECT_TRUE(test, killed(mine) && killed(other));
	/* Only whom it has chosen may use the reserve. */
	const chosen = tsk_is_oom_victim(task_of(mine));

	KUNIT_EXPECT_TRUE(test, chosen !== tsk_is_oom_victim(task_of(other)));
	user_load8(AREA);
	KUNIT_EXPECT_EQ(test, user_task(), 0);
	end([other]);
}

function read_adj(pid: number): string {
	return user_read_file(`/proc/${pid}/oom_score_adj`) as string;
}

/** A number from -1000 to 1000, which a child inherits, and a process that
 *  shares the memory has, too. */
function score_adj(test: kunit): void {
	const pid = make_process(test);
	const name = "/proc/self/oom_score_adj";

	KUNIT_EXPECT_STREQ(test, read_adj(pid), "0\n");
	for (const bad of ["1001", "-1001", "", "x"])
		KUNIT_EXPECT_EQ(test, user_write_file(name, bad), -EINVAL);
	user_write_file(name, "17");
	const child = user_syscall(__NR_fork);
	const sharer = user_syscall(__NR_clone, CLONE_VM, 0);

	KUNIT_EXPECT_STREQ(test, read_adj(child), "17\n");
	KUNIT_EXPECT_STREQ(test, read_adj(sharer), "17\n");
	user_write_file(name, "-3");
	KUNIT_EXPECT_STREQ(test, read_adj(pid), "-3\n");
	KUNIT_EXPECT_STREQ(test, read_adj(child), "17\n");
	KUNIT_EXPECT_STREQ(test, read_adj(sharer), "-3\n");
	end([child, sharer]);
}

export const oom_kill_test_suite = kunit_suite({
	name: "oom_kill",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("badness_counts_pages", badness_counts_pages),
		KUNIT_CASE("kills_the_largest", kills_the_largest),
		KUNIT_CASE("spares_for_nofs", spares_for_nofs),
		KUNIT_CASE("kills_who_asks", kills_who_asks),
		KUNIT_CASE("reaper_leaves", reaper_leaves),
		KUNIT_CASE("faults_after_the_reaper", faults_after_the_reaper),
		KUNIT_CASE("kills_all_who_share", kills_all_who_share),
		KUNIT_CASE("score_adj", score_adj),
	],
});
