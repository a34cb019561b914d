// SPDX-License-Identifier: GPL-2.0-only
/**
 * The suites of this configuration. Port: the kernel's linker collects what
 * kunit_test_suite() puts into a section; here they are listed, each behind
 * the symbol that its file has in Kconfig; the architecture's by asm/kunit.ts.
 */
import {
	CONFIG_FILEMAP_KUNIT_TEST,
	CONFIG_FORK_KUNIT_TEST,
	CONFIG_GUP_KUNIT_TEST,
	CONFIG_LIST_KUNIT_TEST,
	CONFIG_MADVISE_KUNIT_TEST,
	CONFIG_MEMCG_KUNIT_TEST,
	CONFIG_MEMORY_KUNIT_TEST,
	CONFIG_MEMPOLICY_KUNIT_TEST,
	CONFIG_MMAP_KUNIT_TEST,
	CONFIG_MMAP_LOCK_KUNIT_TEST,
	CONFIG_MMU_GATHER_KUNIT_TEST,
	CONFIG_MMU_MIRROR_KUNIT_TEST,
	CONFIG_MMU_NOTIFIER_KUNIT_TEST,
	CONFIG_MOUNT_KUNIT_TEST,
	CONFIG_MREMAP_KUNIT_TEST,
	CONFIG_OOM_KILL_KUNIT_TEST,
	CONFIG_PAGE_ALLOC_KUNIT_TEST,
	CONFIG_PERCPU_RWSEM_KUNIT_TEST,
	CONFIG_PAGE_COUNTER_KUNIT_TEST,
	CONFIG_PERF_EVENTS_KUNIT_TEST,
	CONFIG_PROC_KUNIT_TEST,
	CONFIG_RBTREE_KUNIT_TEST,
	CONFIG_RBTREE_LATCH_KUNIT_TEST,
	CONFIG_READ_WRITE_KUNIT_TEST,
	CONFIG_RCU_KUNIT_TEST,
	CONFIG_RCU_SYNC_KUNIT_TEST,
	CONFIG_RMAP_KUNIT_TEST,
	CONFIG_RTMUTEX_KUNIT_TEST,
	CONFIG_RWSEM_KUNIT_TEST,
	CONFIG_SEQLOCK_KUNIT_TEST,
	CONFIG_SLAB_KUNIT_TEST,
	CONFIG_SPECULATIVE_FILE_FAULT,
	CONFIG_SPF_KUNIT_TEST,
	CONFIG_SRCU_KUNIT_TEST,
	CONFIG_TRACE_KUNIT_TEST,
	CONFIG_VMSCAN_KUNIT_TEST,
} from "generated/autoconf.ts";
import { arch_test_suites } from "asm/kunit.ts";
import { mmu_mirror_test_suite } from "drivers/misc/mmu_mirror_kunit.ts";
import { perf_test_suite } from "kernel/events/core_kunit.ts";
import { fork_test_suite } from "kernel/fork_kunit.ts";
import { mount_test_suite } from "kernel/fs/mount_kunit.ts";
import { proc_test_suite } from "kernel/fs/proc/proc_kunit.ts";
import { read_write_test_suite } from "kernel/fs/read_write_kunit.ts";
import { list_test_suite } from "kernel/lib/list_kunit.ts";
import { rbtree_test_suite } from "kernel/lib/rbtree_kunit.ts";
import { rbtree_latch_test_suite } from "kernel/lib/rbtree_latch_kunit.ts";
import { percpu_rwsem_test_suite } from "kernel/locking/percpu-rwsem_kunit.ts";
import { rtmutex_test_suite } from "kernel/locking/rtmutex_kunit.ts";
import { rwsem_test_suite } from "kernel/locking/rwsem_kunit.ts";
import { seqlock_test_suite } from "kernel/locking/seqlock_kunit.ts";
import { srcu_test_suite } from "kernel/rcu/srcu_kunit.ts";
import { rcu_sync_test_suite } from "kernel/rcu/sync_kunit.ts";
import { rcu_test_suite } from "kernel/rcu_kunit.ts";
import { trace_test_suite } from "kernel/trace/trace_kunit.ts";
import type { kunit_suite } from "kunit/test.ts";
import { filemap_test_suite } from "mm/filemap_kunit.ts";
import { gup_test_suite } from "mm/gup_kunit.ts";
import { madvise_test_suite } from "mm/madvise_kunit.ts";
import { memcg_test_suite } from "mm/memcontrol_kunit.ts";
import { memory_test_suite } from "mm/memory_kunit.ts";
import { mempolicy_test_suite } from "mm/mempolicy_kunit.ts";
import { mmap_test_suite } from "mm/mmap_kunit.ts";
import { mmap_lock_test_suite } from "mm/mmap_lock_kunit.ts";
import { mmu_gather_test_suite } from "mm/mmu_gather_kunit.ts";
import { mmu_notifier_test_suite } from "mm/mmu_notifier_kunit.ts";
import { mremap_test_suite } from "mm/mremap_kunit.ts";
import { oom_kill_test_suite } from "mm/oom_kill_kunit.ts";
import { page_alloc_test_suite } from "mm/page_alloc_kunit.ts";
import { page_counter_test_suite } from "mm/page_counter_kunit.ts";
import { readahead_test_suite } from "mm/readahead_kunit.ts";
import { rmap_test_suite } from "mm/rmap_kunit.ts";
import { slab_test_suite } from "mm/slab_kunit.ts";
import { spf_file_test_suite } from "mm/spf_file_kunit.ts";
import { spf_test_suite } from "mm/spf_kunit.ts";
import { vmscan_test_suite } from "mm/vmscan_kunit.ts";

/** In the order in which they run: what others stand on comes first. */
export function kunit_suites(): kunit_suite[] {
	return [
		...(CONFIG_LIST_KUNIT_TEST ? [list_test_suite] : []),
		...(CONFIG_RBTREE_KUNIT_TEST ? [rbtree_test_suite] : []),
		...(CONFIG_RBTREE_LATCH_KUNIT_TEST
			? [rbtree_latch_test_suite]
			: []),
		...(CONFIG_SEQLOCK_KUNIT_TEST ? [seqlock_test_suite] : []),
		...(CONFIG_RTMUTEX_KUNIT_TEST ? [rtmutex_test_suite] : []),
		...(CONFIG_RWSEM_KUNIT_TEST ? [rwsem_test_suite] : []),
		...(CONFIG_RCU_KUNIT_TEST ? [rcu_test_suite] : []),
		...(CONFIG_RCU_SYNC_KUNIT_TEST ? [rcu_sync_test_suite] : []),
		...(CONFIG_SRCU_KUNIT_TEST ? [srcu_test_suite] : []),
		...(CONFIG_PERCPU_RWSEM_KUNIT_TEST
			? [percpu_rwsem_test_suite]
			: []),
		...(CONFIG_PAGE_ALLOC_KUNIT_TEST ? [page_alloc_test_suite] : []),
		...(CONFIG_SLAB_KUNIT_TEST ? [slab_test_suite] : []),
		...(CONFIG_MMU_GATHER_KUNIT_TEST ? [mmu_gather_test_suite] : []),
		...(CONFIG_RMAP_KUNIT_TEST ? [rmap_test_suite] : []),
		...(CONFIG_FILEMAP_KUNIT_TEST
			? [filemap_test_suite, readahead_test_suite] : []),
		...(CONFIG_READ_WRITE_KUNIT_TEST ?
			[read_write_test_suite] : []),
		...(CONFIG_MOUNT_KUNIT_TEST ? [mount_test_suite] : []),
		...(CONFIG_VMSCAN_KUNIT_TEST ? [vmscan_test_suite] : []),
		...(CONFIG_MMAP_LOCK_KUNIT_TEST ? [mmap_lock_test_suite] : []),
		...(CONFIG_MMAP_KUNIT_TEST ? [mmap_test_suite] : []),
		...(CONFIG_MMU_NOTIFIER_KUNIT_TEST ?
			[mmu_notifier_test_suite] : []),
		...(CONFIG_MMU_MIRROR_KUNIT_TEST ?
			[mmu_mirror_test_suite] : []),
		...(CONFIG_MREMAP_KUNIT_TEST ? [mremap_test_suite] : []),
		...(CONFIG_MADVISE_KUNIT_TEST ? [madvise_test_suite] : []),
		...(CONFIG_MEMORY_KUNIT_TEST ? [memory_test_suite] : []),
		...(CONFIG_MEMPOLICY_KUNIT_TEST ? [mempolicy_test_suite] : []),
		...(CONFIG_GUP_KUNIT_TEST ? [gup_test_suite] : []),
		...(CONFIG_SPF_KUNIT_TEST ? [spf_test_suite] : []),
		...(CONFIG_SPF_KUNIT_TEST && CONFIG_SPECULATIVE_FILE_FAULT
			? [spf_file_test_suite]
			: []),
		...(CONFIG_FORK_KUNIT_TEST ? [fork_test_suite] : []),
		...(CONFIG_OOM_KILL_KUNIT_TEST ? [oom_kill_test_suite] : []),
		...(CONFIG_PAGE_COUNTER_KUNIT_TEST
			? [page_counter_test_suite] : []),
		...(CONFIG_MEMCG_KUNIT_TEST ? [memcg_test_suite] : []),
		...(CONFIG_PERF_EVENTS_KUNIT_TEST ? [perf_test_suite] : []),
		...(CONFIG_TRACE_KUNIT_TEST ? [trace_test_suite] : []),
		...(CONFIG_PROC_KUNIT_TEST ? [proc_test_suite] : []),
		...arch_test_suites(),
	];
}
