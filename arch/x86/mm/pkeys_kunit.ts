// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of memory keys, as programs use them: the system calls, PKRU, what
 * the MMU refuses, and what the user is told. Most of what Linux's
 * tools/testing/selftests/vm/protection_keys.c looks at.
 */
import {
	CONFIG_PROC_PAGE_MONITOR, CONFIG_SPECULATIVE_PAGE_FAULT,
	CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import { ECHILD, EFAULT, EINVAL, ENOMEM, ENOSPC } from "linux/errno.ts";
import {
	MADV_DONTNEED, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE,
	PKEY_DISABLE_ACCESS, PKEY_DISABLE_WRITE, PROT_EXEC, PROT_NONE,
	PROT_READ,
} from "linux/mman.ts";
import {
	SEGV_ACCERR, SEGV_MAPERR, SEGV_PKUERR, SIGSEGV,
} from "linux/signal.ts";
import { vma_pkey } from "linux/pkeys.ts";
import { CLONE_VM } from "uapi/linux/sched.ts";
import { SPF_ABORT, SPF_ATTEMPT } from "linux/vm_event_item.ts";
import { all_vm_events } from "linux/vm_event.ts";
import {
	PAGE_SIZE, pkey_pte_flags, pte_flags_pkey, PTE_PFN_MASK,
} from "asm/pgtable_types.ts";
import { pte_pfn } from "asm/pgtable.ts";
import {
	__NR_clone, __NR_exit, __NR_exit_group, __NR_fork, __NR_gettid,
	__NR_madvise, __NR_mmap, __NR_mprotect, __NR_mremap, __NR_munmap,
	__NR_pkey_alloc, __NR_pkey_free, __NR_pkey_mprotect, __NR_sim_exec,
	__NR_wait4,
} from "asm/unistd.ts";
import {
	run_task, USER_EXEC, USER_READ, USER_WRITE, user_load32, user_pkey_get,
	user_pkey_set, user_read_file, user_signal, user_store32, user_syscall,
	user_touch,
} from "kernel/entry/user.ts";
import { current } from "kernel/sched/core.ts";
import { __find_vma } from "mm/mmap.ts";
import {
	AREA, make_process, map_anon, pte_of, RW, user_test_exit,
	user_test_init,
} from "mm/memory_kunit.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GT, KUNIT_CASE, KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE, KUNIT_EXPECT_TRUE, type kunit, kunit_suite,
} from "kunit/test.ts";

/** The key of what is mapped there. Nobody else is about. */
function pkey_of(addr: number): number {
	return vma_pkey(__find_vma(current().mm, addr));
}

/** The access is made. */
function permitted(test: kunit, addr: number, access: number): void {
	KUNIT_EXPECT_TRUE(test, user_touch(addr, access));
	KUNIT_EXPECT_TRUE(test, user_signal() === null);
}

/** The access ends in a signal, for that key. */
function refused(
	test: kunit, addr: number, access: number, pkey: number,
): void {
	KUNIT_EXPECT_FALSE(test, user_touch(addr, access));
	const info = user_signal();

	KUNIT_EXPECT_TRUE(test, info !== null);
	if (info === null) return;
	KUNIT_EXPECT_EQ(test, info.signo, SIGSEGV);
	KUNIT_EXPECT_EQ(test, info.code, SEGV_PKUERR);
	KUNIT_EXPECT_EQ(test, info.addr, addr);
	KUNIT_EXPECT_EQ(test, info.pkey as number, pkey);
}

/** It ends in one, but no key is the reason. */
function refused_by(
	test: kunit, addr: number, access: number, code: number,
): void {
	KUNIT_EXPECT_FALSE(test, user_touch(addr, access));
	const info = user_signal();

	KUNIT_EXPECT_TRUE(test, info !== null);
	if (info === null) return;
	KUNIT_EXPECT_EQ(test, info.code, code);
	KUNIT_EXPECT_TRUE(test, info.pkey === undefined);
}

/** A page with data and a key of its own, for which there are all rights. */
function keyed_page(test: kunit): number {
	make_process(test);
	map_anon(test, AREA, 1);
	assert_store(test, AREA, 42);
	const pkey = user_syscall(__NR_pkey_alloc, 0, 0);

	KUNIT_ASSERT_GT(test, pkey, 0);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_pkey_mprotect, AREA, PAGE_SIZE,
		RW, pkey), 0);
	return pkey;
}

function assert_store(
	test: kunit, addr: number, value: number,
): void {
	KUNIT_ASSERT_EQ(test, user_store32(addr, value), true);
}

/** Each key fits into an entry beside the frame, and comes back. */
function bits(test: kunit): void {
	for (let pkey = 0; pkey < 16; pkey++) {
		const flags = pkey_pte_flags(pkey);

		KUNIT_EXPECT_EQ(test, pte_flags_pkey(flags), pkey);
		KUNIT_EXPECT_EQ(test, flags & PTE_PFN_MASK, 0);
		/* The last frame that there can be. */
		KUNIT_EXPECT_EQ(test, pte_pfn(PTE_PFN_MASK | flags),
			PTE_PFN_MASK >>> 12);
	}
}

/** 15 keys besides key 0, the lowest one that is free. */
function alloc(test: kunit): void {
	make_process(test);
	for (let pkey = 1; pkey < 16; pkey++)
		KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_alloc, 0, 0),
			pkey);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_alloc, 0, 0), -ENOSPC);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_free, 7), 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_free, 7), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_free, 16), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_free, -1), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_alloc, 0, 0), 7);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_alloc, 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_alloc, 0, 4), -EINVAL);
}

/** A new program has no rights but for key 0; pkey_alloc() gives some. */
function initial_rights(test: kunit): void {
	make_process(test);
	KUNIT_EXPECT_EQ(test, user_pkey_get(0), 0);
	for (let pkey = 1; pkey < 16; pkey++)
		KUNIT_EXPECT_EQ(test, user_pkey_get(pkey), PKEY_DISABLE_ACCESS);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_alloc, 0, 0), 1);
	KUNIT_EXPECT_EQ(test, user_pkey_get(1), 0);
	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_pkey_alloc, 0, PKEY_DISABLE_WRITE), 2);
	KUNIT_EXPECT_EQ(test, user_pkey_get(2), PKEY_DISABLE_WRITE);
	/* Freed: the rights stay. */
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_free, 1), 0);
	KUNIT_EXPECT_EQ(test, user_pkey_get(1), 0);
	KUNIT_EXPECT_EQ(test, user_pkey_set(16, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_pkey_set(1, 4), -EINVAL);
}

/** PKRU forbids at once and permits at once, by itself. */
function rights(test: kunit): void {
	const pkey = keyed_page(test);

	permitted(test, AREA, USER_WRITE);
	KUNIT_EXPECT_EQ(test, pte_flags_pkey(pte_of(AREA)), pkey);
	user_pkey_set(pkey, PKEY_DISABLE_WRITE);
	refused(test, AREA, USER_WRITE, pkey);
	KUNIT_EXPECT_EQ(test, user_load32(AREA), 42);
	user_pkey_set(pkey, PKEY_DISABLE_ACCESS);
	refused(test, AREA, USER_READ, pkey);
	refused(test, AREA, USER_WRITE, pkey);
	user_pkey_set(pkey, 0);
	permitted(test, AREA, USER_WRITE);
	KUNIT_EXPECT_EQ(test, user_load32(AREA), 42);
}

/** All of it with each of the keys, which differ in their bits. */
function every_key(test: kunit): void {
	keyed_page(test);
	for (let pkey = 2; pkey < 16; pkey++) {
		KUNIT_ASSERT_EQ(test, user_syscall(__NR_pkey_alloc, 0, 0),
			pkey);
		KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_mprotect, AREA,
			PAGE_SIZE, RW, pkey), 0);
		KUNIT_EXPECT_EQ(test, pkey_of(AREA), pkey);
		KUNIT_EXPECT_EQ(test, pte_flags_pkey(pte_of(AREA)), pkey);
		KUNIT_EXPECT_EQ(test, user_load32(AREA), 42);
		user_pkey_set(pkey, PKEY_DISABLE_ACCESS);
		refused(test, AREA, USER_READ, pkey);
	}
}

/** Key 0 can be forbidden, too. */
function key_zero(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 1);
	assert_store(test, AREA, 42);
	user_pkey_set(0, PKEY_DISABLE_WRITE);
	refused(test, AREA, USER_WRITE, 0);
	permitted(test, AREA, USER_READ);
	user_pkey_set(0, 0);
	permitted(test, AREA, USER_WRITE);
}

/** Before there is a page: no fault makes one that could not be used. */
function not_there_yet(test: kunit): void {
	const pkey = keyed_page(test);

	KUNIT_ASSERT_EQ(test, user_syscall(__NR_madvise, AREA, PAGE_SIZE,
		MADV_DONTNEED), 0);
	user_pkey_set(pkey, PKEY_DISABLE_ACCESS);
	refused(test, AREA, USER_READ, pkey);
	refused(test, AREA, USER_WRITE, pkey);
	KUNIT_EXPECT_EQ(test, pte_of(AREA), 0);
	user_pkey_set(pkey, PKEY_DISABLE_WRITE);
	permitted(test, AREA, USER_READ);
	refused(test, AREA, USER_WRITE, pkey);
}

/** What the mapping forbids has its own code, unless the key does as well. */
function beside_prot(test: kunit): void {
	const pkey = keyed_page(test);

	KUNIT_ASSERT_EQ(test,
		user_syscall(__NR_mprotect, AREA, PAGE_SIZE, PROT_READ), 0);
	refused_by(test, AREA, USER_WRITE, SEGV_ACCERR);
	user_pkey_set(pkey, PKEY_DISABLE_WRITE);
	refused(test, AREA, USER_WRITE, pkey);
	user_pkey_set(pkey, 0);
	KUNIT_ASSERT_EQ(test,
		user_syscall(__NR_mprotect, AREA, PAGE_SIZE, PROT_NONE), 0);
	refused_by(test, AREA, USER_READ, SEGV_ACCERR);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_munmap, AREA, PAGE_SIZE), 0);
	refused_by(test, AREA, USER_READ, SEGV_MAPERR);
}

/** mprotect() leaves the key alone; only a key that was given out is taken. */
function mprotect_keeps(test: kunit): void {
	const pkey = keyed_page(test);

	KUNIT_EXPECT_EQ(test,
		user_syscall(__NR_mprotect, AREA, PAGE_SIZE, PROT_READ), 0);
	KUNIT_EXPECT_EQ(test, pkey_of(AREA), pkey);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_mprotect, AREA, PAGE_SIZE,
		RW, pkey + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_mprotect, AREA, PAGE_SIZE,
		RW, -1), 0);
	KUNIT_EXPECT_EQ(test, pkey_of(AREA), pkey);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_mprotect, AREA, PAGE_SIZE,
		RW, 0), 0);
	KUNIT_EXPECT_EQ(test, pkey_of(AREA), 0);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_mprotect,
		AREA + PAGE_SIZE, PAGE_SIZE, RW, pkey), -ENOMEM);
}

/** Neighbours of different keys stay apart, and merge when they are alike. */
function merging(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 2);
	const mm = current().mm;
	const count = mm.map_count;
	const pkey = user_syscall(__NR_pkey_alloc, 0, 0);

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_mprotect, AREA, PAGE_SIZE,
		RW, pkey), 0);
	KUNIT_EXPECT_EQ(test, mm.map_count, count + 1);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_mprotect, AREA + PAGE_SIZE,
		PAGE_SIZE, RW, pkey), 0);
	KUNIT_EXPECT_EQ(test, mm.map_count, count);
	/* Moved: the key goes along. */
	const moved = user_syscall(__NR_mremap, AREA, 2 * PAGE_SIZE,
		4 * PAGE_SIZE, 1);

	KUNIT_EXPECT_EQ(test, pkey_of(moved), pkey);
}

/** What may be executed only cannot be read, as its key has no rights. */
function execute_only(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 2);
	assert_store(test, AREA, 42);
	KUNIT_ASSERT_EQ(test,
		user_syscall(__NR_mprotect, AREA, PAGE_SIZE, PROT_EXEC), 0);
	const pkey = pkey_of(AREA);

	KUNIT_EXPECT_EQ(test, pkey, 1);
	permitted(test, AREA, USER_EXEC);
	refused(test, AREA, USER_READ, pkey);
	/* The key is nobody's to use, and is not given out. */
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_mprotect, AREA + PAGE_SIZE,
		PAGE_SIZE, RW, pkey), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_free, pkey), -EINVAL);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_alloc, 0, 0), pkey + 1);
	/* One key for all of it; mmap() gives it, too. */
	const addr = user_syscall(__NR_mmap, AREA + 4 * PAGE_SIZE, PAGE_SIZE,
		PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	KUNIT_EXPECT_EQ(test, pkey_of(addr), pkey);
	/* No longer execute-only: back to key 0. */
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mprotect, AREA, PAGE_SIZE,
		PROT_READ | PROT_EXEC), 0);
	KUNIT_EXPECT_EQ(test, pkey_of(AREA), 0);
	KUNIT_EXPECT_EQ(test, user_load32(AREA), 42);
}

/** A system call that copies for the user has the user's rights. */
function kernel_copies(test: kunit): void {
	const pkey = keyed_page(test);
	const child = user_syscall(__NR_fork);

	KUNIT_ASSERT_GT(test, child, 0);
	const parent = current().pid;

	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	user_syscall(__NR_exit_group, 3);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);
	user_pkey_set(pkey, PKEY_DISABLE_WRITE);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_wait4, child, AREA, 0, 0),
		-EFAULT);
	KUNIT_EXPECT_TRUE(test, user_signal() === null);
	user_pkey_set(pkey, 0);
	KUNIT_EXPECT_EQ(test, user_load32(AREA), 42);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_wait4, child, AREA, 0, 0),
		-ECHILD);
}

/** PKRU is the thread's: a new one has its maker's, and then its own. */
function threads(test: kunit): void {
	const pkey = keyed_page(test);
	const first = user_syscall(__NR_gettid);

	user_pkey_set(pkey, PKEY_DISABLE_WRITE);
	const second = user_syscall(__NR_clone, CLONE_VM, 0);

	KUNIT_ASSERT_GT(test, second, 0);
	user_pkey_set(pkey, 0);
	KUNIT_ASSERT_EQ(test, run_task(second), 0);
	KUNIT_EXPECT_EQ(test, user_pkey_get(pkey), PKEY_DISABLE_WRITE);
	refused(test, AREA, USER_WRITE, pkey);
	user_pkey_set(pkey, PKEY_DISABLE_ACCESS);
	KUNIT_ASSERT_EQ(test, run_task(first), 0);
	KUNIT_EXPECT_EQ(test, user_pkey_get(pkey), 0);
	permitted(test, AREA, USER_WRITE);
	KUNIT_ASSERT_EQ(test, run_task(second), 0);
	refused(test, AREA, USER_READ, pkey);
	user_syscall(__NR_exit, 0);
	KUNIT_ASSERT_EQ(test, run_task(first), 0);
}

/** A child has the keys of its parent, an execve() none and no rights. */
function fork_and_exec(test: kunit): void {
	const pkey = keyed_page(test);
	const parent = current().pid;
	const child = user_syscall(__NR_fork);

	KUNIT_ASSERT_GT(test, child, 0);
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	KUNIT_EXPECT_EQ(test, user_pkey_get(pkey), 0);
	KUNIT_EXPECT_EQ(test, pkey_of(AREA), pkey);
	KUNIT_EXPECT_EQ(test, user_load32(AREA), 42);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_alloc, 0, 0), pkey + 1);
	const brk = 0x555555559000;

	KUNIT_EXPECT_EQ(test, user_syscall(__NR_sim_exec, brk, 0x7ffffffde000,
		0x7ffffffff000, 0), 0);
	KUNIT_EXPECT_EQ(test, user_pkey_get(pkey), PKEY_DISABLE_ACCESS);
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_alloc, 0, 0), 1);
	user_syscall(__NR_exit_group, 0);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);
	/* What the child took is not taken from us. */
	KUNIT_EXPECT_EQ(test, user_syscall(__NR_pkey_alloc, 0, 0), pkey + 1);
}

/** D12.28: what a key forbids is not tried without the lock. */
function not_speculative(test: kunit): void {
	if (!CONFIG_SPECULATIVE_PAGE_FAULT || !CONFIG_VM_EVENT_COUNTERS) return;
	const pkey = keyed_page(test);
	const first = current().pid;
	const second = user_syscall(__NR_clone, CLONE_VM, 0);

	KUNIT_ASSERT_GT(test, second, 0);
	user_pkey_set(pkey, PKEY_DISABLE_ACCESS);
	let before = all_vm_events();

	/* The page is there: X86_PF_PK. */
	refused(test, AREA, USER_READ, pkey);
	let now = all_vm_events();

	KUNIT_EXPECT_EQ(test, now[SPF_ATTEMPT], before[SPF_ATTEMPT]);
	KUNIT_EXPECT_EQ(test, now[SPF_ABORT], before[SPF_ABORT]);

	/* It is not: tried, and given up as any other access error. */
	user_syscall(__NR_madvise, AREA, PAGE_SIZE, MADV_DONTNEED);
	before = all_vm_events();
	refused(test, AREA, USER_READ, pkey);
	now = all_vm_events();
	KUNIT_EXPECT_EQ(test, now[SPF_ATTEMPT], before[SPF_ATTEMPT] + 1);
	KUNIT_EXPECT_EQ(test, now[SPF_ABORT], before[SPF_ABORT] + 1);

	/* And with the rights it works. */
	user_pkey_set(pkey, 0);
	permitted(test, AREA, USER_WRITE);
	KUNIT_EXPECT_EQ(test, pte_flags_pkey(pte_of(AREA)), pkey);

	KUNIT_ASSERT_EQ(test, run_task(second), 0);
	user_syscall(__NR_exit, 0);
	KUNIT_ASSERT_EQ(test, run_task(first), 0);
}

/** The key comes out in smaps, and not among the flags. */
function in_smaps(test: kunit): void {
	if (!CONFIG_PROC_PAGE_MONITOR) return;
	const pkey = keyed_page(test);
	const text = user_read_file("/proc/self/smaps") as string;
	const own = text.slice(text.indexOf(AREA.toString(16)));

	const line = `\nProtectionKey:  ${pkey.toString().padStart(8)}\n`;

	KUNIT_EXPECT_TRUE(test, own.includes(line));
	KUNIT_EXPECT_TRUE(test,
		/\nVmFlags: rd wr mr mw me ac (sd )?\n/.test(own));
}

export const pkeys_test_suite = kunit_suite({
	name: "x86_pkeys",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("bits", bits),
		KUNIT_CASE("alloc", alloc),
		KUNIT_CASE("initial_rights", initial_rights),
		KUNIT_CASE("rights", rights),
		KUNIT_CASE("every_key", every_key),
		KUNIT_CASE("key_zero", key_zero),
		KUNIT_CASE("not_there_yet", not_there_yet),
		KUNIT_CASE("beside_prot", beside_prot),
		KUNIT_CASE("mprotect_keeps", mprotect_keeps),
		KUNIT_CASE("merging", merging),
		KUNIT_CASE("execute_only", execute_only),
		KUNIT_CASE("kernel_copies", kernel_copies),
		KUNIT_CASE("threads", threads),
		KUNIT_CASE("fork_and_exec", fork_and_exec),
		KUNIT_CASE("not_speculative", not_speculative),
		KUNIT_CASE("in_smaps", in_smaps),
	],
});
