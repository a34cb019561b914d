// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of mm/rmap.ts: who gets which anon_vma, and what forks make of it.
 */
import {
	__free_page, __GFP_NOWARN, alloc_page, GFP_NOWAIT,
} from "linux/gfp.ts";
import { INIT_LIST_HEAD, list_add, list_del, list_empty } from "linux/list.ts";
import { SINGLE_DEPTH_NESTING } from "linux/lockdep.ts";
import type { anon_vma, page, vm_area_struct } from "linux/mm_types.ts";
import {
	mmap_write_lock, mmap_write_lock_nested, mmap_write_unlock,
} from "linux/mmap_lock.ts";
import { PAGE_MAPPING_ANON } from "linux/page-flags.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { MADV_DONTNEED, PROT_READ } from "linux/mman.ts";
import { call_rcu } from "linux/rcupdate.ts";
import { rwsem_is_locked } from "linux/rwsem.ts";
import type { callback_head, list_head } from "linux/types.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GT, KUNIT_ASSERT_NOT_NULL, KUNIT_CASE,
	KUNIT_EXPECT_EQ, KUNIT_EXPECT_NE, KUNIT_EXPECT_NULL, type kunit,
	kunit_suite, KUNIT_EXPECT_TRUE, KUNIT_EXPECT_FALSE,
} from "kunit/test.ts";
import {
	__NR_exit_group, __NR_fork, __NR_madvise, __NR_mprotect,
} from "asm/unistd.ts";
import { vm_area_dup, vm_area_free } from "kernel/fork.ts";
import { rcu_user_enter, rcu_user_exit } from "kernel/rcu.ts";
import { current } from "kernel/sched/core.ts";
import { run_task, user_store8, user_syscall } from "kernel/entry/user.ts";
import {
	anon_vma_clone, page_get_anon_vma, page_lock_anon_vma_read,
	page_unlock_anon_vma_read, unlink_anon_vmas,
} from "mm/rmap.ts";
import { AREA, make_process, map_anon, page_of, user_test_exit, user_test_init } from "mm/memory_kunit.ts";
import { atomic_read } from "linux/atomic.ts";
import { get_page, put_page } from "linux/mm.ts";

function vma_at(test: kunit, addr: number): vm_area_struct {
	for (let vma = current().mm.mmap; vma !== NULL; vma = vma.vm_next) {
		if (vma.vm_start <= addr && addr < vma.vm_end) return vma;
	}
	KUNIT_ASSERT_NOT_NULL(test, NULL);
	return NULL;
}

function page_anon_vma(addr: number): number {
	const page = page_of(addr);

	return page.mapping - PAGE_MAPPING_ANON;
}

function first_write_makes_one(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 4);
	KUNIT_EXPECT_NULL(test, vma_at(test, AREA).anon_vma);
	user_store8(AREA + PAGE_SIZE, 1);
	const anon_vma: anon_vma = vma_at(test, AREA).anon_vma;
	KUNIT_ASSERT_NOT_NULL(test, anon_vma);
	KUNIT_EXPECT_EQ(test, uptr(anon_vma.root), uptr(anon_vma));
	/* It is its own parent. */
	KUNIT_EXPECT_EQ(test, anon_vma.num_children, 1);
	KUNIT_EXPECT_EQ(test, anon_vma.num_active_vmas, 1);
	KUNIT_EXPECT_EQ(test, page_anon_vma(AREA + PAGE_SIZE), uptr(anon_vma));
	const page = page_of(AREA + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, page.index, AREA / PAGE_SIZE + 1);
}

/* [RW, touched][R]: a split shares, and a neighbour is asked before a new one */
function split_shares(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 4);
	user_store8(AREA, 1);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mprotect, AREA + 2 * PAGE_SIZE,
		2 * PAGE_SIZE, PROT_READ), 0);
	const left: anon_vma = vma_at(test, AREA).anon_vma;
	KUNIT_EXPECT_EQ(test, uptr(vma_at(test, AREA + 2 * PAGE_SIZE).anon_vma),
		uptr(left));
	KUNIT_EXPECT_EQ(test, left.num_children, 1);
	KUNIT_EXPECT_EQ(test, left.num_active_vmas, 2);
}

function fork_has_its_own(test: kunit): void {
	const parent = make_process(test);

	map_anon(test, AREA, 2);
	user_store8(AREA, 1);
	const top: anon_vma = vma_at(test, AREA).anon_vma;
	const child = user_syscall(__NR_fork);
	KUNIT_ASSERT_GT(test, child, 0);
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	const own: anon_vma = vma_at(test, AREA).anon_vma;
	KUNIT_EXPECT_NE(test, uptr(own), uptr(top));
	KUNIT_EXPECT_EQ(test, uptr(own.root), uptr(top));
	KUNIT_EXPECT_EQ(test, uptr(own.parent), uptr(top));
	KUNIT_EXPECT_EQ(test, top.num_children, 2);
	KUNIT_EXPECT_EQ(test, top.num_active_vmas, 1);
	KUNIT_EXPECT_EQ(test, own.num_active_vmas, 1);
	/* A page from before the fork is the parent's, one from after is ours. */
	KUNIT_EXPECT_EQ(test, page_anon_vma(AREA), uptr(top));
	user_store8(AREA + PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, page_anon_vma(AREA + PAGE_SIZE), uptr(own));
	user_syscall(__NR_exit_group, 0);
	KUNIT_ASSERT_EQ(test, run_task(parent), 0);
	KUNIT_EXPECT_EQ(test, top.num_children, 1);
}

/** A walk holds the root's lock, and needs no reference for that; of a page
 *  that nobody maps there is nothing to lock. */
function walk_takes_the_lock(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 2);
	user_store8(AREA, 1);
	const top: anon_vma = vma_at(test, AREA).anon_vma;
	const page = page_of(AREA);
	const users = atomic_read(top.refcount);

	rcu_user_exit();
	const locked = page_lock_anon_vma_read(page);
	KUNIT_EXPECT_EQ(test, uptr(locked), uptr(top));
	KUNIT_EXPECT_EQ(test, atomic_read(top.refcount), users);
	KUNIT_EXPECT_TRUE(test, rwsem_is_locked(top.rwsem));
	page_unlock_anon_vma_read(locked);
	KUNIT_EXPECT_FALSE(test, rwsem_is_locked(top.rwsem));
	KUNIT_EXPECT_EQ(test, atomic_read(top.refcount), users);
	get_page(page);
	rcu_user_enter();

	user_syscall(__NR_madvise, AREA, PAGE_SIZE, MADV_DONTNEED);
	rcu_user_exit();
	KUNIT_EXPECT_NULL(test, page_lock_anon_vma_read(page));
	KUNIT_EXPECT_NULL(test, page_get_anon_vma(page));
	KUNIT_EXPECT_FALSE(test, rwsem_is_locked(top.rwsem));
	put_page(page);
	rcu_user_enter();
}

/** What clone_waits_unlocked() finds out while memory is short. */
interface clone_probe extends struct {
	rcu: embed<callback_head>;
	pages: embed<list_head>; /* all that there was */
	root: anon_vma;
	fired: int;
	locked: int; /* times that the root's lock was held */
}
const probe = DEFINE<clone_probe>();

/** Runs while somebody waits for memory, and gives him some. */
const probe_fires = RODATA((_head: callback_head): void => {
	const root: anon_vma = probe.root;

	probe.fired++;
	if (rwsem_is_locked(root.rwsem)) probe.locked++;
	for (let i = 0; i < 16 && !list_empty(probe.pages); i++) {
		const page = container_of<page>(probe.pages.next, "lru");

		list_del(page.lru);
		__free_page(page);
	}
});

/** No page is left, and 16 come back at the end of a grace period. */
function probe_armed(): void {
	for (;;) {
		const page = alloc_page(GFP_NOWAIT | __GFP_NOWARN);

		if (page === NULL) break;
		list_add(page.lru, probe.pages);
	}
	call_rcu(probe.rcu, probe_fires);
}

/**
 * anon_vma_clone() holds the root's lock while it goes over the chains, but not
 * while it waits for memory. It is made to wait at different places of chains
 * of two and of three links.
 */
function clone_waits_unlocked(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 2);
	user_store8(AREA, 1);
	const child = user_syscall(__NR_fork);
	KUNIT_ASSERT_EQ(test, run_task(child), 0);
	const two = vma_at(test, AREA);
	user_store8(AREA, 2);
	KUNIT_ASSERT_EQ(test, run_task(user_syscall(__NR_fork)), 0);
	const three = vma_at(test, AREA);

	rcu_user_exit();
	const mm = three.vm_mm;
	const parent = two.vm_mm;
	const own: anon_vma = three.anon_vma;

	probe.root = own.root;
	probe.fired = 0;
	probe.locked = 0;
	INIT_LIST_HEAD(probe.pages);
	mmap_write_lock(mm);
	mmap_write_lock_nested(parent, SINGLE_DEPTH_NESTING);
	const dst = vm_area_dup(two);
	let fired = -1;
	let error = 0;

	dst.anon_vma = NULL;
	for (let i = 0; error === 0 && probe.fired < 8; i++) {
		if (fired !== probe.fired) {
			fired = probe.fired;
			probe_armed();
		}
		error = anon_vma_clone(dst, i % 2 === 0 ? two : three);
	}
	unlink_anon_vmas(dst);
	mmap_write_unlock(parent);
	mmap_write_unlock(mm);
	while (!list_empty(probe.pages)) probe_fires(NULL);
	vm_area_free(dst);
	rcu_user_enter();
	KUNIT_EXPECT_EQ(test, error, 0);
	KUNIT_EXPECT_EQ(test, probe.locked, 0);
}

export const rmap_test_suite = kunit_suite({
	name: "rmap",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("first_write_makes_one", first_write_makes_one),
		KUNIT_CASE("split_shares", split_shares),
		KUNIT_CASE("fork_has_its_own", fork_has_its_own),
		KUNIT_CASE("walk_takes_the_lock", walk_takes_the_lock),
		KUNIT_CASE("clone_waits_unlocked", clone_waits_unlocked),
	],
});
