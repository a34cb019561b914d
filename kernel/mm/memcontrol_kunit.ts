// SPDX-License-Identifier: GPL-2.0-only
/**
 * KUnit tests of mm/memcontrol.ts and kernel/cgroup/cgroup.ts: each page is
 * charged once and given back once, and the limit has somebody killed in the
 * group and nobody else. One CPU. Mirrors no file of the kernel.
 */
import { EBUSY, EINVAL, ENOENT, ESRCH } from "linux/errno.ts";
import {
	MADV_DONTNEED, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED,
} from "linux/mman.ts";
import { page_memcg } from "linux/memcontrol.ts";
import { CLONE_VM } from "uapi/linux/sched.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GT, KUNIT_CASE, KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE, KUNIT_EXPECT_GT, KUNIT_EXPECT_PTR_EQ,
	KUNIT_EXPECT_STREQ, KUNIT_EXPECT_TRUE, type kunit, kunit_suite,
} from "kunit/test.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	__NR_clone, __NR_close, __NR_exit_group, __NR_fork, __NR_madvise,
	__NR_mmap, __NR_munmap, __NR_sim_drop_caches, __NR_sim_exec,
	__NR_sim_open, __NR_wait4,
} from "asm/unistd.ts";
import {
	run_task, user_load8, user_read_file, user_store8, user_syscall,
	user_task, user_write_file,
} from "kernel/entry/user.ts";
import { nr_charged_pages, root_mem_cgroup } from "kernel/cgroup/cgroup.ts";
import { current } from "kernel/sched/core.ts";
import {
	AREA, make_process, map_anon, page_of, RW, user_test_exit,
	user_test_init,
} from "mm/memory_kunit.ts";

const CG = "/sys/fs/cgroup";

function get(name: string): string {
	return user_read_file(`${CG}/${name}`) as string;
}
function set(name: string, text: string): number {
	return user_write_file(`${CG}/${name}`, text);
}
function pages_of(group: string): number {
	return Number(get(`${group}/memory.current`)) / PAGE_SIZE;
}
function event(group: string, name: string): number {
	const found = new RegExp(`^${name} (\\d+)$`, "m")
		.exec(get(`${group}/memory.events`));

	return found === null ? -1 : Number(found[1]);
}
function limit(group: string, pages: number): void {
	set(`${group}/memory.max`, `${pages * PAGE_SIZE}`);
}
function unlimit(): void {
	for (const g of ["a", "b", "a/a", "a/b"])
		set(`${g}/memory.max`, "max");
}
function touch(from: number, pages: number): number {
	let n = 0;

	while (n < pages && user_store8(AREA + (from + n) * PAGE_SIZE, 1))
		n++;
	return n;
}

/** A process in a group, with room at AREA. */
function member(test: kunit, group: string): number {
	unlimit();
	const pid = make_process(test);

	KUNIT_EXPECT_GT(test, set(`${group}/cgroup.procs`, "0"), 0);
	map_anon(test, AREA, 64);
	return pid;
}

function counts_pages(test: kunit): void {
	member(test, "a/b");
	const leaf = pages_of("a/b");

	touch(0, 5);
	KUNIT_EXPECT_EQ(test, pages_of("a/b"), leaf + 5);
	KUNIT_EXPECT_EQ(test, pages_of("a"), leaf + 5);
	KUNIT_EXPECT_EQ(test, pages_of("a/a"), 0);
	KUNIT_EXPECT_EQ(test, pages_of("b"), 0);
	/* The page of zeroes is nobody's. */
	user_load8(AREA + 9 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pages_of("a/b"), leaf + 5);
	user_syscall(__NR_madvise, AREA, 2 * PAGE_SIZE, MADV_DONTNEED);
	KUNIT_EXPECT_EQ(test, pages_of("a"), leaf + 3);
	user_syscall(__NR_munmap, AREA, 64 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pages_of("a/b"), leaf);
}

/** A page that both have is its first owner's; a copy is its maker's. */
function counts_copies(test: kunit): void {
	const parent = member(test, "a");

	touch(0, 2);
	const before = pages_of("a");
	const child = user_syscall(__NR_fork);

	KUNIT_ASSERT_GT(test, child, 0);
	KUNIT_EXPECT_EQ(test, pages_of("a"), before);
	KUNIT_EXPECT_STREQ(test, get("a/cgroup.procs"),
		`${parent}\n${child}\n`);
	set("b/cgroup.procs", `${child}`);
	KUNIT_EXPECT_STREQ(test, get("b/cgroup.procs"), `${child}\n`);
	run_task(child);
	touch(0, 1);
	KUNIT_EXPECT_EQ(test, pages_of("b"), 1);
	KUNIT_EXPECT_EQ(test, pages_of("a"), before);
	user_syscall(__NR_exit_group, 0);
	run_task(parent);
	user_syscall(__NR_wait4, child, 0, 0);
	KUNIT_EXPECT_EQ(test, pages_of("b"), 0);
	KUNIT_EXPECT_EQ(test, pages_of("a"), before);
}

/** Of files whoever reads first pays, until the cache is dropped. */
function counts_files(test: kunit): void {
	member(test, "b");
	const before = pages_of("b");
	const fd = user_syscall(__NR_sim_open, 4711, 2, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mmap, AREA, PAGE_SIZE, RW,
		MAP_PRIVATE | MAP_FIXED, fd, 0), AREA);
	/* Its page, and a copy. */
	user_store8(AREA, 1);
	KUNIT_EXPECT_EQ(test, pages_of("b"), before + 2);
	user_syscall(__NR_mmap, AREA + 4 * PAGE_SIZE, PAGE_SIZE, RW,
		MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	user_store8(AREA + 4 * PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, pages_of("b"), before + 3);
	user_syscall(__NR_munmap, AREA, 64 * PAGE_SIZE);
	user_syscall(__NR_close, fd);
	user_syscall(__NR_sim_drop_caches);
	KUNIT_EXPECT_EQ(test, pages_of("b"), before);
}

/** At the limit the process dies, and all of it is given back. */
function limit_kills(test: kunit): void {
	const parent = member(test, "a/a");
	const kills = event("a", "oom_kill");
	const child = user_syscall(__NR_fork);

	set("b/cgroup.procs", `${parent}`);
	run_task(child);
	limit("a", pages_of("a") + 3);
	KUNIT_EXPECT_EQ(test, touch(0, 10), 3);
	KUNIT_EXPECT_EQ(test, user_task(), 0);
	run_task(parent);
	KUNIT_EXPECT_EQ(test, user_task(), parent);
	KUNIT_EXPECT_EQ(test, event("a", "oom_kill"), kills + 1);
	KUNIT_EXPECT_EQ(test, event("a/a", "oom_kill"), kills + 1);
	KUNIT_EXPECT_GT(test, event("a", "max"), 0);
	KUNIT_EXPECT_EQ(test, event("b", "oom_kill"), 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_wait4, child, 0, 0), child);
	unlimit();
}

/** Who may not be killed finds nothing, and the books are right. */
function limit_fails(test: kunit): void {
	member(test, "a");
	user_write_file("/proc/self/oom_score_adj", "-1000");
	limit("a", pages_of("a"));
	const before = pages_of("a");

	KUNIT_EXPECT_FALSE(test, user_store8(AREA, 1));
	unlimit();
	KUNIT_EXPECT_TRUE(test, user_task() === 0 || pages_of("a") === before);
}

/** A limit below what is there brings it down. */
function limit_is_lowered(test: kunit): void {
	const parent = member(test, "b");
	const child = user_syscall(__NR_fork);

	set("a/cgroup.procs", `${child}`);
	run_task(child);
	touch(0, 8);
	run_task(parent);
	KUNIT_EXPECT_GT(test, pages_of("a"), 7);
	limit("a", 2);
	KUNIT_EXPECT_TRUE(test, pages_of("a") <= 2);
	user_load8(AREA);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_wait4, child, 0, 0), child);
	KUNIT_EXPECT_EQ(test, pages_of("a"), 0);
	unlimit();
}

/** exec() keeps the group. */
function exec_keeps_group(test: kunit): void {
	const pid = member(test, "a");

	KUNIT_ASSERT_EQ(test, user_syscall(__NR_sim_exec, AREA, AREA + 2 ** 20,
		AREA + 2 ** 20 + 8 * PAGE_SIZE), 0);
	KUNIT_EXPECT_STREQ(test, get("a/cgroup.procs"), `${pid}\n`);
	KUNIT_EXPECT_PTR_EQ(test, current().mm.memcg, current().signal.memcg);
	KUNIT_EXPECT_TRUE(test, current().mm.memcg !== root_mem_cgroup());
}

function files(test: kunit): void {
	member(test, "a");
	KUNIT_EXPECT_STREQ(test, get("a/memory.max"), "max\n");
	set("a/memory.max", "1M");
	KUNIT_EXPECT_STREQ(test, get("a/memory.max"), "1048576\n");
	for (const bad of ["08", "x", "-1"])
		KUNIT_EXPECT_EQ(test, set("a/memory.max", bad), -EINVAL);
	KUNIT_EXPECT_EQ(test, set("a/memory.current", "0"), -EINVAL);
	KUNIT_EXPECT_EQ(test, set("a/cgroup.procs", "999"), -ESRCH);
	for (const name of ["memory.max", "c/memory.max", "a/memory.low"])
		KUNIT_EXPECT_EQ(test,
			user_read_file(`${CG}/${name}`) as number, -ENOENT);
	unlimit();
	/* The root counts nothing, but knows whose a page is. */
	set("cgroup.procs", "0");
	const before = nr_charged_pages();

	touch(0, 1);
	KUNIT_EXPECT_EQ(test, nr_charged_pages(), before);
	KUNIT_EXPECT_PTR_EQ(test, page_memcg(page_of(AREA)), root_mem_cgroup());
}

/** What v1 calls the same, and a limit that is refused instead of killing. */
function legacy_files(test: kunit): void {
	member(test, "a/b");
	touch(0, 4);
	const used = pages_of("a/b");

	KUNIT_EXPECT_STREQ(test, get("memory/a/b/memory.usage_in_bytes"),
		`${used * PAGE_SIZE}\n`);
	KUNIT_EXPECT_EQ(test, set("memory/a/memory.limit_in_bytes",
		`${PAGE_SIZE}`), -EBUSY);
	KUNIT_EXPECT_STREQ(test, get("a/memory.max"), "max\n");
	KUNIT_EXPECT_GT(test, set("memory/a/memory.limit_in_bytes",
		`${(used + 1) * PAGE_SIZE}`), 0);
	KUNIT_EXPECT_STREQ(test, get("a/memory.max"),
		`${(used + 1) * PAGE_SIZE}\n`);
	KUNIT_EXPECT_GT(test, set("memory/a/memory.limit_in_bytes", "-1"), 0);
	KUNIT_EXPECT_STREQ(test, get("a/memory.max"), "max\n");
	KUNIT_EXPECT_EQ(test, set("memory/a/memory.oom_control", "2"), -EINVAL);
	KUNIT_EXPECT_GT(test, set("memory/a/memory.oom_control", "1"), 0);
	KUNIT_EXPECT_TRUE(test, get("memory/a/memory.oom_control")
		.startsWith("oom_kill_disable 1\nunder_oom 0\noom_kill "));
	KUNIT_EXPECT_GT(test, set("memory/a/memory.oom_control", "0"), 0);
	for (const name of ["memory/a/memory.max", "a/memory.oom_control"])
		KUNIT_EXPECT_EQ(test,
			user_read_file(`${CG}/${name}`) as number, -ENOENT);
}

/** A process that uses another one's memory charges that one's group. */
function vfork_charges_parent(test: kunit): void {
	const parent = member(test, "a");
	const child = user_syscall(__NR_clone, CLONE_VM, 0, 0, 0, 0);

	KUNIT_ASSERT_GT(test, child, 0);
	set("b/cgroup.procs", `${child}`);
	const before = pages_of("a");

	run_task(child);
	touch(0, 2);
	KUNIT_EXPECT_EQ(test, pages_of("a"), before + 2);
	KUNIT_EXPECT_EQ(test, pages_of("b"), 0);
	run_task(parent);
	user_syscall(__NR_exit_group, 0);
	/* Now it is the child's. */
	run_task(child);
	touch(2, 1);
	KUNIT_EXPECT_EQ(test, pages_of("b"), 1);
	user_syscall(__NR_exit_group, 0);
	KUNIT_EXPECT_EQ(test, nr_charged_pages(), 0);
}

export const memcg_test_suite = kunit_suite({
	name: "memcg",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("counts_pages", counts_pages),
		KUNIT_CASE("counts_copies", counts_copies),
		KUNIT_CASE("counts_files", counts_files),
		KUNIT_CASE("limit_kills", limit_kills),
		KUNIT_CASE("limit_fails", limit_fails),
		KUNIT_CASE("limit_is_lowered", limit_is_lowered),
		KUNIT_CASE("exec_keeps_group", exec_keeps_group),
		KUNIT_CASE("files", files),
		KUNIT_CASE("legacy_files", legacy_files),
		KUNIT_CASE("vfork_charges_parent", vfork_charges_parent),
	],
});
