// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of speculative faults of files: what keeps the file, each reason
 * to abort, with its counter and with what must not be left behind; and that
 * the work is done without mmap_lock otherwise.
 */
import {
	CONFIG_SPECULATIVE_FILE_BY_FAULT, CONFIG_SPECULATIVE_FILE_FAULT,
	CONFIG_SPECULATIVE_PAGE_FAULT_STATS, CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import {
	__NR_close, __NR_madvise, __NR_mmap, __NR_sim_open,
} from "asm/unistd.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { REGS_USER } from "asm/ptrace.ts";
import { pte_write } from "asm/pgtable.ts";
import {
	KUNIT_ASSERT_EQ, KUNIT_ASSERT_GE, KUNIT_ASSERT_NOT_NULL, KUNIT_CASE,
	KUNIT_EXPECT_EQ, KUNIT_EXPECT_EQ_MSG, KUNIT_EXPECT_FALSE,
	KUNIT_EXPECT_NE, KUNIT_EXPECT_TRUE,
	type kunit, kunit_skip, kunit_suite,
} from "kunit/test.ts";
import { flush_delayed_fput } from "kernel/fs/file_table.ts";
import { user_load8, user_store8, user_syscall } from "kernel/entry/user.ts";
import { current } from "kernel/sched/core.ts";
import { O_RDWR, O_SIM_SHM } from "linux/fcntl.ts";
import { type file, file_count } from "linux/fs.ts";
import {
	MADV_DONTNEED, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED,
} from "linux/mman.ts";
import {
	FAULT_FLAG_SPECULATIVE, FAULT_FLAG_USER, get_mm_counter, MM_ANONPAGES,
	MM_FILEPAGES, put_page, VM_FAULT_ERROR, VM_FAULT_NOPAGE,
	VM_FAULT_RETRY,
} from "linux/mm.ts";
import type { mm_struct, page } from "linux/mm_types.ts";
import { mmap_write_lock, mmap_write_unlock } from "linux/mmap_lock.ts";
import {
	ClearPageReadahead, ClearPageUptodate, PageLocked, SetPageReadahead,
	SetPageUptodate,
} from "linux/page-flags.ts";
import { page_count } from "linux/page_ref.ts";
import { trylock_page } from "linux/pagemap.ts";
import { rcu_barrier } from "linux/rcupdate.ts";
import {
	SPF_ABORT, SPF_ABORT_ANON_VMA, SPF_ABORT_FAULT, SPF_ABORT_NO_SPECULATE,
	SPF_ATTEMPT, SPF_ATTEMPT_FILE,
} from "linux/vm_event_item.ts";
import {
	area_vma, events, expect_abort, in_kernel, spf_done,
} from "mm/fault_kunit_util.ts";
import { file_byte } from "kernel/fs/simfs.ts";
import { find_get_page, unlock_page } from "mm/filemap.ts";
import {
	do_handle_mm_fault, fault_around_bytes_set,
} from "mm/memory.ts";
import {
	AREA, make_process, map_anon, pte_of, RW, user_test_exit,
	user_test_init,
} from "mm/memory_kunit.ts";
import { vm_munmap } from "mm/mmap.ts";

const INO = 4716;
const PAGES = 8;
const FAULT_AROUND_DEFAULT = 65536;

/**
 * A process that looks as if it had a second thread. In the page table of what
 * is mapped there is something already. A read maps all pages of a file, or
 * that of the fault alone.
 */
function spf_process(test: kunit, around: boolean): mm_struct {
	if (!CONFIG_SPECULATIVE_FILE_FAULT || !CONFIG_VM_EVENT_COUNTERS ||
		!CONFIG_SPECULATIVE_PAGE_FAULT_STATS)
		kunit_skip(test, "needs SPECULATIVE_FILE_FAULT, " +
			"VM_EVENT_COUNTERS and SPECULATIVE_PAGE_FAULT_STATS");
	if (!around && !CONFIG_SPECULATIVE_FILE_BY_FAULT)
		kunit_skip(test, "needs SPECULATIVE_FILE_BY_FAULT");
	make_process(test);
	fault_around_bytes_set(around ? PAGES * PAGE_SIZE : PAGE_SIZE);
	map_anon(test, AREA + PAGES * PAGE_SIZE, 1);
	KUNIT_EXPECT_TRUE(test, user_store8(AREA + PAGES * PAGE_SIZE, 1));
	const mm = current().mm;
	fetch_add(mm.mm_users.counter, 1);
	return mm;
}

function done(): void {
	fault_around_bytes_set(FAULT_AROUND_DEFAULT);
	spf_done();
}

/** All pages of a file at AREA. */
function map_file(test: kunit, flags: number, how = 0): void {
	const fd = user_syscall(__NR_sim_open, INO + how, O_RDWR | how,
		PAGES * PAGE_SIZE);

	KUNIT_ASSERT_GE(test, fd, 0);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_mmap, AREA, PAGES * PAGE_SIZE,
		RW, flags | MAP_FIXED, fd, 0), AREA);
	KUNIT_ASSERT_EQ(test, user_syscall(__NR_close, fd), 0);
}

/** The same, and they are in the cache, but not mapped; and none is marked, as
 *  whoever came there again has seen that there is nothing to read on. */
function map_cached(test: kunit, flags: number): void {
	map_file(test, flags);
	for (let n = 0; n < 2; n++) {
		for (let i = 0; i < PAGES; i++)
			user_load8(AREA + i * PAGE_SIZE);
		KUNIT_ASSERT_EQ(test, user_syscall(__NR_madvise, AREA,
			PAGES * PAGE_SIZE, MADV_DONTNEED), 0);
	}
	KUNIT_EXPECT_EQ(test, pte_of(AREA), 0);
}

function rss(member: number): number {
	return get_mm_counter(current().mm, member);
}

/** fn makes one attempt on a file, which succeeds. */
function expect_success(test: kunit, fn: () => void): void {
	const items = [SPF_ATTEMPT, SPF_ATTEMPT_FILE, SPF_ABORT];
	const before = items.map(events);

	fn();
	const [attempts, files, aborts] = items.map((item, i) =>
		events(item) - before[i]);
	KUNIT_EXPECT_EQ(test, attempts, 1);
	KUNIT_EXPECT_EQ(test, files, 1);
	KUNIT_EXPECT_EQ(test, aborts, 0);
}

/** A speculative read fault at AREA that began at sequence seq. */
function spec_fault(test: kunit, seq: number): number {
	const vma = area_vma(test);

	return in_kernel(() => do_handle_mm_fault(vma, AREA,
		FAULT_FLAG_SPECULATIVE | FAULT_FLAG_USER, seq, REGS_USER));
}

/** RFC.23: a vma keeps its file for a grace period; it is closed behind that,
 *  by a work and not by the callback, which must not sleep. */
function fput_waits_for_readers(test: kunit): void {
	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		spf_process(test, true);
		map_file(test, MAP_PRIVATE);
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
		done();
	}
}

/** RFC.27, 28, 30: what is in the cache is mapped, all around the fault; what
 *  is not is for the classic fault to read. */
function read_maps_around(test: kunit): void {
	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		spf_process(test, true);
		map_file(test, MAP_PRIVATE);
		expect_abort(test, SPF_ABORT_FAULT, () => user_load8(AREA));
		map_cached(test, MAP_PRIVATE);
		const at = AREA + 5 * PAGE_SIZE + 7;

		expect_success(test, () => KUNIT_EXPECT_EQ(test, user_load8(at),
			file_byte(INO, 5 * PAGE_SIZE + 7)));
		KUNIT_EXPECT_EQ(test, rss(MM_FILEPAGES),
			PAGES);
		const attempts = events(SPF_ATTEMPT);
		for (let i = 0; i < PAGES; i++)
			KUNIT_EXPECT_EQ(test, user_load8(AREA + i * PAGE_SIZE),
				file_byte(INO, i * PAGE_SIZE));
		KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT), attempts);
		done();
	}
}

/** RFC.24, 25, 26: and without its neighbours, by ->fault. */
function read_asks_the_file(test: kunit): void {
	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		spf_process(test, false);
		map_cached(test, MAP_SHARED);
		expect_success(test, () => KUNIT_EXPECT_EQ(test,
			user_load8(AREA + PAGE_SIZE),
			file_byte(INO, PAGE_SIZE)));
		KUNIT_EXPECT_EQ(test, rss(MM_FILEPAGES),
			1);
		/* The file is told of a write: not by a speculative fault. */
		KUNIT_EXPECT_FALSE(test, pte_write(pte_of(AREA + PAGE_SIZE)));
		expect_abort(test, SPF_ABORT_NO_SPECULATE, () =>
			KUNIT_EXPECT_TRUE(test, user_store8(AREA, 1)));
		done();
	}
}

/** RFC.30: a private write copies at once, where there is an anon_vma. */
function private_write_copies(test: kunit): void {
	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		spf_process(test, false);
		map_cached(test, MAP_PRIVATE);
		const pages = rss(MM_ANONPAGES);

		expect_abort(test, SPF_ABORT_ANON_VMA, () =>
			KUNIT_EXPECT_TRUE(test, user_store8(AREA, 1)));
		expect_success(test, () => KUNIT_EXPECT_TRUE(test,
			user_store8(AREA + PAGE_SIZE, 2)));
		KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 2);
		KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE + 1),
			file_byte(INO, PAGE_SIZE + 1));
		KUNIT_EXPECT_EQ(test, rss(MM_ANONPAGES),
			pages + 2);
		/* One that was read before: no matter for the file. */
		user_load8(AREA + 2 * PAGE_SIZE);
		const aborts = events(SPF_ABORT);
		KUNIT_EXPECT_TRUE(test, user_store8(AREA + 2 * PAGE_SIZE, 3));
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT), aborts);
		done();
	}
}

/** RFC.29, 30: neither the operations of shared memory say that they can, nor
 *  those of a segment. */
function others_are_not_tried(test: kunit): void {
	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		spf_process(test, true);
		map_file(test, MAP_SHARED, O_SIM_SHM);
		expect_abort(test, SPF_ABORT_NO_SPECULATE, () =>
			KUNIT_EXPECT_NE(test, user_load8(AREA), -1));
		user_syscall(__NR_mmap, AREA, PAGE_SIZE, RW,
			MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		expect_abort(test, SPF_ABORT_NO_SPECULATE, () =>
			KUNIT_EXPECT_EQ(test, user_load8(AREA), 0));
		done();
	}
}

/** Each state of the page at AREA that a speculative fault leaves alone: how it
 *  comes about, and how it ends. */
const states: [name: string, (page: page) => void, (page: page) => void][] = [
	["locked", (page) => void trylock_page(page), unlock_page],
	["not up to date", ClearPageUptodate, SetPageUptodate],
	["to read on", SetPageReadahead, ClearPageReadahead],
];

/**
 * RFC.25, 28: pages that are locked, not up to date, truncated, or behind the
 * end, and those at which the next ones are to be read. R18: no reference is
 * kept, nor the lock, and no error is reported.
 */
function aborts_for_the_page(test: kunit): void {
	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		const mm = spf_process(test, false);

		map_cached(test, MAP_PRIVATE);
		const file: file = area_vma(test).vm_file;
		const inode = file.f_inode;
		const mapping = file.f_mapping;
		const page = in_kernel(() => find_get_page(mapping, 0));
		KUNIT_ASSERT_NOT_NULL(test, page);
		const refs = page_count(page);

		function expect_retry(name: string, locked: boolean): void {
			const n = events(SPF_ABORT_FAULT);
			const ret = spec_fault(test, mm.mmap_seq);

			KUNIT_EXPECT_EQ_MSG(test, ret, VM_FAULT_RETRY, name);
			KUNIT_EXPECT_EQ_MSG(test, events(SPF_ABORT_FAULT),
				n + 1, name);
			KUNIT_EXPECT_EQ_MSG(test, page_count(page), refs, name);
			KUNIT_EXPECT_EQ_MSG(test, PageLocked(page), locked,
				name);
			KUNIT_EXPECT_EQ_MSG(test, pte_of(AREA), 0, name);
		}
		for (const [name, enter, leave] of states) {
			enter(page);
			for (const bytes of [PAGE_SIZE, PAGES * PAGE_SIZE]) {
				/* With neighbours, which are mapped. */
				fault_around_bytes_set(bytes);
				expect_retry(name, name === "locked");
			}
			fault_around_bytes_set(PAGE_SIZE);
			leave(page);
		}
		page.mapping = 0;
		expect_retry("truncated", false);
		page.mapping = uptr(mapping);
		const size = inode.i_size;
		inode.i_size = 0;
		expect_retry("behind the end", false);
		inode.i_size = size;

		KUNIT_EXPECT_EQ(test, spec_fault(test, mm.mmap_seq) &
			(VM_FAULT_ERROR | VM_FAULT_RETRY), 0);
		KUNIT_EXPECT_EQ(test, page_count(page), refs + 1);
		in_kernel(() => put_page(page));
		done();
	}
}

/** RFC.24, 26, 27: a writer was there since the fault began: the file is not
 *  asked. (One that comes later is noticed when the entry is to be made.) */
function aborts_for_a_writer(test: kunit): void {
	if (CONFIG_SPECULATIVE_FILE_FAULT) {
		const mm = spf_process(test, false);

		map_cached(test, MAP_PRIVATE);
		const file: file = area_vma(test).vm_file;
		const page = in_kernel(() => find_get_page(file.f_mapping, 0));
		const refs = page_count(page);
		const seq = mm.mmap_seq;

		in_kernel(() => {
			mmap_write_lock(mm);
			mmap_write_unlock(mm);
		});
		for (const bytes of [PAGE_SIZE, PAGES * PAGE_SIZE]) {
			fault_around_bytes_set(bytes);
			const n = events(SPF_ABORT_FAULT);
			KUNIT_EXPECT_EQ(test, spec_fault(test, seq),
				VM_FAULT_RETRY);
			KUNIT_EXPECT_EQ(test, events(SPF_ABORT_FAULT), n + 1);
		}
		KUNIT_EXPECT_EQ(test, pte_of(AREA), 0);
		KUNIT_EXPECT_EQ(test, page_count(page), refs);
		KUNIT_EXPECT_EQ(test, spec_fault(test, mm.mmap_seq),
			VM_FAULT_NOPAGE);
		KUNIT_EXPECT_NE(test, pte_of(AREA), 0);
		in_kernel(() => put_page(page));
		done();
	}
}

export const spf_file_test_suite = kunit_suite({
	name: "spf_file",
	init: user_test_init,
	exit: user_test_exit,
	test_cases: [
		KUNIT_CASE("fput_waits_for_readers", fput_waits_for_readers),
		KUNIT_CASE("read_maps_around", read_maps_around),
		KUNIT_CASE("read_asks_the_file", read_asks_the_file),
		KUNIT_CASE("private_write_copies", private_write_copies),
		KUNIT_CASE("others_are_not_tried", others_are_not_tried),
		KUNIT_CASE("aborts_for_the_page", aborts_for_the_page),
		KUNIT_CASE("aborts_for_a_writer", aborts_for_a_writer),
	],
});
