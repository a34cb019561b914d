// SPDX-License-Identifier: GPL-2.0-only
/** KUnit tests of mm/mempolicy.ts: one process on CPU 0, from user mode. What
 *  is expected of arguments is what Linux 6.18 answers on one node. */
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import {
	__NR_exit_group, __NR_fork, __NR_get_mempolicy, __NR_madvise,
	__NR_mbind, __NR_mprotect, __NR_mremap, __NR_munmap, __NR_prctl,
	__NR_set_mempolicy,
	__NR_set_mempolicy_home_node,
} from "asm/unistd.ts";
import {
	run_task, user_load32, user_load8, user_store32, user_syscall,
} from "kernel/entry/user.ts";
import { current } from "kernel/sched/core.ts";
import {
	KUNIT_ASSERT_GT, KUNIT_CASE, KUNIT_EXPECT_EQ, KUNIT_EXPECT_NE,
	KUNIT_EXPECT_STREQ, KUNIT_EXPECT_TRUE, type kunit, kunit_suite,
} from "kunit/test.ts";
import {
	EFAULT, EINVAL, EIO, ENOENT, EOPNOTSUPP,
} from "linux/errno.ts";
import {
	MPOL_BIND, MPOL_DEFAULT, MPOL_F_ADDR, MPOL_F_MEMS_ALLOWED, MPOL_F_NODE,
	MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES,
	MPOL_INTERLEAVE, MPOL_LOCAL, MPOL_MF_MOVE, MPOL_MF_MOVE_ALL,
	MPOL_MF_STRICT, MPOL_PREFERRED, MPOL_PREFERRED_MANY,
	MPOL_WEIGHTED_INTERLEAVE,
} from "linux/mempolicy.ts";
import {
	MADV_DONTNEED, MREMAP_FIXED, MREMAP_MAYMOVE, PROT_NONE,
} from "linux/mman.ts";
import type { vm_area_struct } from "linux/mm_types.ts";
import {
	KERNEL_VERSION, PR_SIM_KERNEL_VERSION, PR_SIM_NUMA_NODES,
} from "linux/version.ts";
import {
	AREA, make_process, map_anon, user_test_exit, user_test_init,
} from "mm/memory_kunit.ts";

/** The user's bitmap, and what get_mempolicy() writes. */
const MASK = AREA - 16 * PAGE_SIZE;
const MODE = MASK + PAGE_SIZE - 4;

const at = (page: number): number => AREA + page * PAGE_SIZE;

function user(test: kunit): void {
	make_process(test);
	map_anon(test, MASK, 2);
	map_anon(test, AREA, 8);
}

/** A bitmap of `mask` in user memory. */
function nodes(mask: number): number {
	user_store32(MASK, mask);
	return MASK;
}

function mbind(
	from: number, to: number, mode: number, nmask: number,
	maxnode: number = 64, flags: number = 0,
): number {
	return user_syscall(__NR_mbind, at(from), (to - from) * PAGE_SIZE, mode,
		nmask, maxnode, flags);
}

function bind(from: number, to: number): number {
	return mbind(from, to, MPOL_BIND, nodes(1));
}

function unbind(from: number, to: number): number {
	return mbind(from, to, MPOL_DEFAULT, 0, 0);
}

function get(flags: number, addr: number): number {
	return user_syscall(__NR_get_mempolicy, MODE, MASK, 64, addr, flags);
}

/** The vma at AREA or the next one. Nobody else has the mm. */
function first(): vm_area_struct {
	let vma: vm_area_struct = current().mm.mmap;

	while (vma.vm_end <= AREA)
		vma = vma.vm_next;
	return vma;
}

/** The vmas from AREA on, as "0-2, 2-8 bind". */
function layout(): string {
	const names = ["", "prefer", "bind", "interleave", "local", "many"];
	let s = "";

	for (let vma = first(); vma.vm_start < at(64); vma = vma.vm_next) {
		const pol = vma.vm_policy;

		if (s !== "")
			s += ", ";
		s += `${(vma.vm_start - AREA) / PAGE_SIZE}-` +
			`${(vma.vm_end - AREA) / PAGE_SIZE}`;
		if (pol !== NULL)
			s += " " + names[pol.mode];
	}
	return s;
}

/** Where policies begin and end vmas are split, and merged where they are alike
 *  again. */
function split_and_merge(test: kunit): void {
	user(test);
	KUNIT_EXPECT_EQ(test, bind(2, 4), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-2, 2-4 bind, 4-8");
	KUNIT_EXPECT_EQ(test, bind(4, 6), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-2, 2-6 bind, 6-8");
	KUNIT_EXPECT_EQ(test, mbind(3, 5, MPOL_LOCAL, 0, 0), 0);
	KUNIT_EXPECT_STREQ(test, layout(),
		"0-2, 2-3 bind, 3-5 local, 5-6 bind, 6-8");
	/* Case 8 of vma_merge(), and case 6. */
	KUNIT_EXPECT_EQ(test, bind(3, 5), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-2, 2-6 bind, 6-8");
	/* Over several, and over none that differs. */
	KUNIT_EXPECT_EQ(test, unbind(0, 8), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-8");
	KUNIT_EXPECT_EQ(test, unbind(0, 8), 0);
	KUNIT_EXPECT_EQ(test, bind(0, 8), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-8 bind");
}

/** New mappings have none, so they do not merge with one that has; what is cut
 *  and protected keeps it, and so does what moves. */
function policy_stays(test: kunit): void {
	user(test);
	bind(0, 8);
	map_anon(test, at(8), 2);
	KUNIT_EXPECT_STREQ(test, layout(), "0-8 bind, 8-10");
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_munmap, at(3), PAGE_SIZE), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-3 bind, 4-8 bind, 8-10");
	map_anon(test, at(3), 1);
	KUNIT_EXPECT_STREQ(test, layout(), "0-3 bind, 3-4, 4-8 bind, 8-10");
	KUNIT_EXPECT_EQ(test, bind(3, 4), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-8 bind, 8-10");
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mprotect, at(1), PAGE_SIZE,
		PROT_NONE), 0);
	KUNIT_EXPECT_STREQ(test, layout(),
		"0-1 bind, 1-2 bind, 2-8 bind, 8-10");
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_mremap, at(4), 2 * PAGE_SIZE,
		2 * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, at(20)), at(20));
	KUNIT_EXPECT_STREQ(test, layout(),
		"0-1 bind, 1-2 bind, 2-4 bind, 6-8 bind, 8-10, 20-22 bind");
	/* A child has copies, which go when it does. */
	const child = user_syscall(__NR_fork);

	KUNIT_ASSERT_GT(test, child, 0);
	const policy = first().vm_policy;
	const parent = current().pid;

	run_task(child);
	KUNIT_EXPECT_STREQ(test, layout(),
		"0-1 bind, 1-2 bind, 2-4 bind, 6-8 bind, 8-10, 20-22 bind");
	KUNIT_EXPECT_NE(test, uptr(first().vm_policy),
		uptr(policy));
	KUNIT_EXPECT_EQ(test, unbind(0, 1), 0);
	run_task(parent);
	KUNIT_EXPECT_STREQ(test, layout(),
		"0-1 bind, 1-2 bind, 2-4 bind, 6-8 bind, 8-10, 20-22 bind");
	run_task(child);
	user_syscall(__NR_exit_group, 0);
	run_task(parent);
}

/** … with what they mean in 5.17, and what is new since then. */
function modes(test: kunit): void {
	user(test);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_PREFERRED, nodes(1), 8), 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND, nodes(2)), -EINVAL);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND, nodes(3)), 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND, nodes(0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND, 0, 0), -EINVAL);
	/* One bit less than is said. */
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_INTERLEAVE, nodes(1), 1),
		-EINVAL);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_INTERLEAVE, nodes(1), 2), 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_LOCAL, nodes(1)), -EINVAL);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_LOCAL, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_PREFERRED_MANY, nodes(1)), 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_PREFERRED, 0, 0), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-1 local, 1-8");
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_PREFERRED | MPOL_F_STATIC_NODES,
		nodes(0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, mbind(0, 1,
		MPOL_PREFERRED | MPOL_F_RELATIVE_NODES, nodes(3)), 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND | MPOL_F_NUMA_BALANCING,
		nodes(1)), 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 1,
		MPOL_PREFERRED | MPOL_F_NUMA_BALANCING, nodes(1)), -EINVAL);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND | MPOL_F_STATIC_NODES |
		MPOL_F_RELATIVE_NODES, nodes(1)), -EINVAL);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND | MPOL_F_RELATIVE_NODES,
		nodes(2)), 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND | MPOL_F_STATIC_NODES,
		nodes(2)), -EINVAL);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_DEFAULT, nodes(1)), -EINVAL);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_DEFAULT, nodes(0)), 0);

	const many = MPOL_PREFERRED_MANY | MPOL_F_NUMA_BALANCING;
	const weighted = MPOL_WEIGHTED_INTERLEAVE;

	KUNIT_EXPECT_EQ(test, mbind(0, 1, weighted, nodes(1)), -EINVAL);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, many, nodes(1)), -EINVAL);
	user_syscall(__NR_prctl, PR_SIM_KERNEL_VERSION,
		KERNEL_VERSION(6, 18, 0));
	KUNIT_EXPECT_EQ(test, mbind(0, 1, weighted, nodes(1)), 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, weighted + 1, nodes(1)), -EINVAL);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, many, nodes(1)), 0);
}

function ranges(test: kunit): void {
	user(test);
	const call = (start: number, len: number, flags: number = 0) =>
		user_syscall(__NR_mbind, start, len, MPOL_BIND, nodes(1), 64,
			flags);

	KUNIT_EXPECT_EQ(test, call(AREA + 1, PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, call(AREA, PAGE_SIZE - 1), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-1 bind, 1-8");
	KUNIT_EXPECT_EQ(test, mbind(0, 0, MPOL_BIND, nodes(0)), 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 0, 9, nodes(1)), -EINVAL);
	/* What wraps to nothing is nothing. */
	KUNIT_EXPECT_EQ(test, call(AREA, -1), 0);
	KUNIT_EXPECT_EQ(test, call(AREA, PAGE_SIZE, 8), -EINVAL);
	KUNIT_EXPECT_EQ(test, call(AREA, PAGE_SIZE, 16), -EINVAL);
	KUNIT_EXPECT_EQ(test,
		call(AREA, PAGE_SIZE, MPOL_MF_MOVE | MPOL_MF_MOVE_ALL), 0);
	/* Holes: before, behind, and all. */
	KUNIT_EXPECT_EQ(test, call(at(6), 4 * PAGE_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, call(at(-1), 4 * PAGE_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, call(at(12), 4 * PAGE_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, unbind(12, 16), -EFAULT);
	KUNIT_EXPECT_EQ(test, unbind(6, 16), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-1 bind, 1-8");
}

/** Bitmaps in user memory. */
function bitmaps(test: kunit): void {
	user(test);
	user_store32(MASK + 128, 1); /* node 1024 */
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND, nodes(1), 1025), 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND, nodes(1), 1026), -EINVAL);
	user_store32(MASK + 128, 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND, nodes(1), 1200), 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND, nodes(1),
		PAGE_SIZE * 8 + 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND, nodes(1), 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND, 8, 64), -EFAULT);
	/* More than a word. */
	user_store32(MASK + 4, 1);
	KUNIT_EXPECT_EQ(test, mbind(0, 1, MPOL_BIND, nodes(1), 64), 0);
	KUNIT_EXPECT_EQ(test, get(MPOL_F_ADDR, AREA), 0);
	KUNIT_EXPECT_EQ(test, user_load32(MASK), 1);
	KUNIT_EXPECT_EQ(test, user_load32(MASK + 4), 0);
}

function query(test: kunit): void {
	user(test);
	mbind(0, 4, MPOL_PREFERRED | MPOL_F_STATIC_NODES, nodes(3));
	KUNIT_EXPECT_EQ(test, get(MPOL_F_ADDR, AREA), 0);
	KUNIT_EXPECT_EQ(test, user_load32(MODE),
		MPOL_PREFERRED | MPOL_F_STATIC_NODES);
	KUNIT_EXPECT_EQ(test, user_load32(MASK), 3); /* as it was said */
	KUNIT_EXPECT_EQ(test, get(MPOL_F_ADDR, at(5)), 0);
	KUNIT_EXPECT_EQ(test, user_load32(MODE), MPOL_DEFAULT);
	KUNIT_EXPECT_EQ(test, get(MPOL_F_ADDR, at(9)), -EFAULT);
	KUNIT_EXPECT_EQ(test, get(0, AREA), -EINVAL);
	KUNIT_EXPECT_EQ(test, get(MPOL_F_NODE | MPOL_F_ADDR, AREA), 0);
	KUNIT_EXPECT_EQ(test, user_load32(MODE), 0);
	user_syscall(__NR_mprotect, AREA, PAGE_SIZE, PROT_NONE);
	KUNIT_EXPECT_EQ(test, get(MPOL_F_NODE | MPOL_F_ADDR, AREA), -EFAULT);
	KUNIT_EXPECT_EQ(test, get(MPOL_F_NODE, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, get(MPOL_F_MEMS_ALLOWED, AREA), 0);
	KUNIT_EXPECT_EQ(test, user_load32(MASK), 1);
	KUNIT_EXPECT_EQ(test, get(MPOL_F_MEMS_ALLOWED | MPOL_F_NODE, 0),
		-EINVAL);
	KUNIT_EXPECT_EQ(test, get(8, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_get_mempolicy, 8, MASK, 64, 0, 0), -EFAULT);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_get_mempolicy, MODE, 8, 64, 0, 0), -EFAULT);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_get_mempolicy, MODE, MASK, 0, 0, 0), -EINVAL);
}

function of_the_task(test: kunit): void {
	const set = (mode: number, nmask: number, maxnode: number = 64) =>
		user_syscall(__NR_set_mempolicy, mode, nmask, maxnode);

	user(test);
	KUNIT_EXPECT_EQ(test, set(MPOL_BIND, nodes(1)), 0);
	KUNIT_EXPECT_EQ(test, get(0, 0), 0);
	KUNIT_EXPECT_EQ(test, user_load32(MODE), MPOL_BIND);
	KUNIT_EXPECT_EQ(test, get(MPOL_F_NODE, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, set(MPOL_INTERLEAVE, nodes(1)), 0);
	KUNIT_EXPECT_EQ(test, get(MPOL_F_NODE, 0), 0);
	/* It says nothing of vmas. */
	KUNIT_EXPECT_EQ(test, get(MPOL_F_ADDR, AREA), 0);
	KUNIT_EXPECT_EQ(test, user_load32(MODE), MPOL_DEFAULT);
	KUNIT_EXPECT_STREQ(test, layout(), "0-8");
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 0);
	KUNIT_EXPECT_EQ(test, set(MPOL_DEFAULT, nodes(1)), -EINVAL);
	KUNIT_EXPECT_EQ(test, set(MPOL_PREFERRED, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, get(0, 0), 0);
	KUNIT_EXPECT_EQ(test, user_load32(MODE), MPOL_LOCAL);
	KUNIT_EXPECT_EQ(test, set(MPOL_BIND, 0, 8), -EINVAL);
	KUNIT_EXPECT_EQ(test, set(MPOL_BIND, nodes(1), 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, set(MPOL_BIND, nodes(1), 1), -EINVAL);
}

function home_node(test: kunit): void {
	const home = (
		from: number, to: number, node: number, flags: number = 0,
	) => user_syscall(__NR_set_mempolicy_home_node, at(from),
		(to - from) * PAGE_SIZE, node, flags);

	user(test);
	KUNIT_EXPECT_EQ(test, home(0, 8, 0), -ENOENT);
	mbind(0, 8, MPOL_PREFERRED, nodes(1));
	KUNIT_EXPECT_EQ(test, home(0, 8, 0), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, home(0, 8, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, home(0, 8, 2000), -EINVAL);
	KUNIT_EXPECT_EQ(test, home(0, 8, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, home(0, 0, 0), 0);
	bind(2, 6);
	KUNIT_EXPECT_EQ(test, home(3, 4, 0), 0);
	KUNIT_EXPECT_STREQ(test, layout(),
		"0-2 prefer, 2-3 bind, 3-4 bind, 4-6 bind, 6-8 prefer");
	KUNIT_EXPECT_EQ(test, home(2, 6, 0), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-2 prefer, 2-6 bind, 6-8 prefer");
	/* Up to the first that has another kind. */
	bind(2, 6);
	KUNIT_EXPECT_EQ(test, home(4, 8, 0), -EOPNOTSUPP);
	KUNIT_EXPECT_STREQ(test, layout(),
		"0-2 prefer, 2-4 bind, 4-6 bind, 6-8 prefer");
}

/** A machine of two nodes, of which the first has the pages. */
function two_nodes(test: kunit): void {
	user(test);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_prctl, PR_SIM_NUMA_NODES, 0),
		-EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_prctl, PR_SIM_NUMA_NODES, 2),
		0);
	user_store32(AREA, 1);
	KUNIT_EXPECT_EQ(test,
		mbind(0, 8, MPOL_BIND, nodes(2), 64, MPOL_MF_STRICT), -EIO);
	KUNIT_EXPECT_STREQ(test, layout(), "0-8");
	KUNIT_EXPECT_EQ(test, mbind(0, 8, MPOL_BIND, nodes(2), 64,
		MPOL_MF_STRICT | MPOL_MF_MOVE), 0);
	KUNIT_EXPECT_EQ(test, mbind(0, 4, MPOL_BIND, nodes(3)), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-4 bind, 4-8 bind");
	KUNIT_EXPECT_EQ(test,
		mbind(0, 8, MPOL_BIND, nodes(1), 64, MPOL_MF_STRICT), 0);
	KUNIT_EXPECT_STREQ(test, layout(), "0-8 bind");
	KUNIT_EXPECT_EQ(test, mbind(0, 8,
		MPOL_INTERLEAVE | MPOL_F_RELATIVE_NODES, nodes(12)), 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_madvise, AREA, PAGE_SIZE,
		MADV_DONTNEED), 0);
	for (let i = 0; i < 8; i++)
		KUNIT_EXPECT_TRUE(test, user_store32(at(i), 1));
	KUNIT_EXPECT_EQ(test, get(MPOL_F_MEMS_ALLOWED, 0), 0);
	KUNIT_EXPECT_EQ(test, user_load32(MASK), 3);
}

export const mempolicy_test_suite = kunit_suite({
	name: "mempolicy",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("split_and_merge", split_and_merge),
		KUNIT_CASE("policy_stays", policy_stays),
		KUNIT_CASE("modes", modes),
		KUNIT_CASE("ranges", ranges),
		KUNIT_CASE("bitmaps", bitmaps),
		KUNIT_CASE("query", query),
		KUNIT_CASE("of_the_task", of_the_task),
		KUNIT_CASE("home_node", home_node),
		KUNIT_CASE("two_nodes", two_nodes),
	],
});
