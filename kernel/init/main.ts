// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors init/main.c (5.17): the order in which the kernel sets itself up.
 * Left out: everything that no ported subsystem needs; the first user process
 * is made from outside, by user_spawn().
 */
import {
	CONFIG_ARCH_HOST_STEPPER,
	CONFIG_BLK_DEV_RAM,
	CONFIG_MEMCG,
	CONFIG_PAGE_RECLAIM,
	CONFIG_PERF_EVENTS,
} from "generated/autoconf.ts";
import { perf_event_init } from "linux/perf_event.ts";
import { brd_init } from "drivers/block/brd.ts";
import { rcu_user_enter, rcu_user_exit } from "kernel/rcu.ts";
import { cgroup_init } from "kernel/cgroup/cgroup.ts";
import { fork_init, proc_caches_init } from "kernel/fork.ts";
import { fd_table_init } from "kernel/fs/file.ts";
import { files_init } from "kernel/fs/file_table.ts";
import { wb_init } from "kernel/fs/fs-writeback.ts";
import { inode_init } from "kernel/fs/inode.ts";
import { mnt_init } from "kernel/fs/namespace.ts";
import { pid_idr_init } from "kernel/pid.ts";
import { sched_init } from "kernel/sched/core.ts";
import { workqueue_init_early } from "kernel/workqueue.ts";
import { pagecache_init } from "mm/filemap.ts";
import { init_mm_init } from "mm/init-mm.ts";
import { oom_init } from "mm/oom_kill.ts";
import { numa_policy_init } from "mm/mempolicy.ts";
import { mm_init } from "mm/mm_init.ts";
import { anon_vma_init } from "mm/rmap.ts";
import { kswapd_init } from "mm/vmscan.ts";
import { cpu_init, setup_arch } from "asm/setup.ts";
import { start_secondary } from "asm/smp.ts";

/** Of fs/dcache.c: files by number take the place of names. */
function vfs_caches_init(): void {
	inode_init();
	files_init();
	fd_table_init();
	mnt_init();
}

/** On CPU 0, when nothing has run yet: all of RAM but the image is free. */
export function start_kernel(): void {
	rcu_user_exit();
	setup_arch();
	/* First: whoever warns or sleeps looks at current, and at its mm. */
	init_mm_init();
	sched_init();
	if (CONFIG_ARCH_HOST_STEPPER)
		workqueue_init_early();
	mm_init();
	cpu_init();
	if (CONFIG_PERF_EVENTS)
		perf_event_init();
	pid_idr_init();
	anon_vma_init();
	numa_policy_init();
	fork_init();
	proc_caches_init();
	vfs_caches_init();
	pagecache_init();
	if (CONFIG_PAGE_RECLAIM) {
		wb_init();
		kswapd_init();
	}
	if (CONFIG_BLK_DEV_RAM)
		brd_init();
	oom_init();
	if (CONFIG_MEMCG)
		cgroup_init();
	rcu_user_enter();
}

/** On each other CPU, one by one. */
export function secondary_start(): void {
	rcu_user_exit();
	start_secondary();
	rcu_user_enter();
}
