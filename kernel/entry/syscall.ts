// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/entry/syscall_64.c and its like on other architectures
 * (5.17): from the number of a system call (asm/unistd.ts) to its function, and
 * from registers to arguments.
 *
 * Port: a register is a double. `ulong` makes of it what the 64 bits would be:
 * a negative number is its two's complement, and what does not fit below 2^64
 * in a double is the largest that does, which like the true value is neither
 * aligned nor near to anything. An int takes the low 32 bits, as in the kernel.
 */
import {
	CONFIG_ARCH_HAS_PKEYS, CONFIG_MMU_MIRROR, CONFIG_NUMA,
	CONFIG_PERF_EVENTS, CONFIG_RT_MUTEXES,
} from "generated/autoconf.ts";
import type { task_struct } from "linux/sched.ts";
import {
	__NR_brk,
	__NR_clone,
	__NR_clone3,
	__NR_close,
	__NR_exit,
	__NR_exit_group,
	__NR_fadvise64,
	__NR_fallocate,
	__NR_fdatasync,
	__NR_fork,
	__NR_fsync,
	__NR_ftruncate,
	__NR_getpid,
	__NR_getppid,
	__NR_getrusage,
	__NR_gettid,
	__NR_ioctl,
	__NR_kill,
	__NR_lseek,
	__NR_get_mempolicy,
	__NR_madvise,
	__NR_mbind,
	__NR_memfd_create,
	__NR_mincore,
	__NR_mlock,
	__NR_mlock2,
	__NR_mlockall,
	__NR_mmap,
	__NR_mount,
	__NR_mprotect,
	__NR_mremap,
	__NR_msync,
	__NR_munlock,
	__NR_munlockall,
	__NR_munmap,
	__NR_openat,
	__NR_perf_event_open,
	__NR_pkey_alloc,
	__NR_pkey_free,
	__NR_pkey_mprotect,
	__NR_prctl,
	__NR_pread64,
	__NR_pwrite64,
	__NR_read,
	__NR_readahead,
	__NR_remap_file_pages,
	__NR_sched_getparam,
	__NR_sched_getscheduler,
	__NR_sched_setparam,
	__NR_sched_setscheduler,
	__NR_set_mempolicy,
	__NR_set_mempolicy_home_node,
	__NR_set_tid_address,
	__NR_sim_drop_caches,
	__NR_sim_exec,
	__NR_sim_mirror_access,
	__NR_sim_mirror_open,
	__NR_sim_open,
	__NR_sim_set_size,
	__NR_sim_special,
	__NR_sync,
	__NR_umount2,
	__NR_unlinkat,
	__NR_vfork,
	__NR_wait4,
	__NR_write,
} from "asm/unistd.ts";
import { sys_perf_event_open } from "kernel/events/core.ts";
import { sys_exit, sys_exit_group, sys_wait4 } from "kernel/exit.ts";
import {
	sys_clone,
	sys_clone3,
	sys_fork,
	sys_set_tid_address,
	sys_vfork,
} from "kernel/fork.ts";
import { sys_sim_exec } from "kernel/fs/exec.ts";
import { sys_close } from "kernel/fs/file.ts";
import { evict_inodes } from "kernel/fs/inode.ts";
import { sys_ioctl } from "kernel/fs/ioctl.ts";
import { sys_kill } from "kernel/signal.ts";
import { sys_unlinkat } from "kernel/fs/namei.ts";
import { sys_mount, sys_umount } from "kernel/fs/namespace.ts";
import {
	sys_fallocate, sys_ftruncate, sys_openat,
} from "kernel/fs/open.ts";
import {
	sys_lseek, sys_pread64, sys_pwrite64, sys_read, sys_write,
} from "kernel/fs/read_write.ts";
import { sys_sim_open, sys_sim_set_size } from "kernel/fs/simfs.ts";
import { sys_fdatasync, sys_fsync, sys_sync } from "kernel/fs/sync.ts";
import {
	sys_sched_getparam, sys_sched_getscheduler, sys_sched_setparam,
	sys_sched_setscheduler,
} from "kernel/sched/core.ts";
import { sys_getrusage, sys_prctl } from "kernel/sys.ts";
import { sys_ni_syscall } from "kernel/sys_ni.ts";
import { sys_fadvise64 } from "mm/fadvise.ts";
import { sys_madvise } from "mm/madvise.ts";
import {
	sys_get_mempolicy,
	sys_mbind,
	sys_set_mempolicy,
	sys_set_mempolicy_home_node,
} from "mm/mempolicy.ts";
import { sys_mincore } from "mm/mincore.ts";
import {
	sys_mlock,
	sys_mlock2,
	sys_mlockall,
	sys_munlock,
	sys_munlockall,
} from "mm/mlock.ts";
import { sys_brk, sys_munmap, sys_remap_file_pages } from "mm/mmap.ts";
import {
	sys_mprotect,
	sys_pkey_alloc,
	sys_pkey_free,
	sys_pkey_mprotect,
} from "mm/mprotect.ts";
import { sys_mremap } from "mm/mremap.ts";
import { sys_msync } from "mm/msync.ts";
import { sys_readahead } from "mm/readahead.ts";
import { sys_memfd_create } from "mm/shmem.ts";
import { sys_mmap } from "asm/syscall.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { sys_sim_special } from "kernel/entry/vdso.ts";
import {
	sys_sim_mirror_access,
	sys_sim_mirror_open,
} from "drivers/misc/mmu_mirror.ts";

const TWO_64 = 18446744073709551616;
/** The largest double below 2^64. */
const ULONG_TOP = 18446744073709549568;

/** An unsigned long: any number becomes an integer from 0 to 2^64 - 1. */
export function ulong_arg(x: number): number {
	if (x >= 0) {
		if (x > ULONG_TOP)
			return ULONG_TOP;
		return x % 1 === 0 ? x : Math.trunc(x);
	}
	if (!(x < 0))
		return 0;
	x = Math.trunc(x) % TWO_64;
	/* The sum may have to be rounded, but not to what is aligned. */
	if (x % PAGE_SIZE !== 0)
		x = Math.floor(x / PAGE_SIZE) * PAGE_SIZE + PAGE_SIZE / 2;
	x += TWO_64;
	return x > ULONG_TOP ? ULONG_TOP : x % TWO_64;
}

/** A set of flags that is an unsigned long. A bit above the 32 that we can hold
 *  is one that nobody knows, like bit 31. */
function flags_arg(x: number): number {
	return ulong_arg(x) <= 0xffffffff ? x | 0 : x | 0x80000000;
}

/** An offset in a file, or a size: signed. */
function loff_arg(x: number): number {
	return Number.isNaN(x) ? 0 : Math.trunc(x);
}

/** The system call of current. On return current may be another task. */
export function sys_call(tsk: task_struct, nr: number, a0: number, a1: number,
		a2: number, a3: number, a4: number, a5: number): number {
	switch (nr) {
	case __NR_read:
		return sys_read(a0 | 0, ulong_arg(a1), ulong_arg(a2));
	case __NR_write:
		return sys_write(a0 | 0, ulong_arg(a1), ulong_arg(a2));
	case __NR_close:
		return sys_close(a0 | 0);
	case __NR_lseek:
		return sys_lseek(a0 | 0, loff_arg(a1), a2 | 0);
	case __NR_pread64:
		return sys_pread64(a0 | 0, ulong_arg(a1), ulong_arg(a2),
			loff_arg(a3));
	case __NR_pwrite64:
		return sys_pwrite64(a0 | 0, ulong_arg(a1), ulong_arg(a2),
			loff_arg(a3));
	case __NR_sync:
		return sys_sync();
	case __NR_fsync:
		return sys_fsync(a0 | 0);
	case __NR_fdatasync:
		return sys_fdatasync(a0 | 0);
	case __NR_ftruncate:
		return sys_ftruncate(a0 | 0, loff_arg(a1));
	case __NR_fallocate:
		return sys_fallocate(a0 | 0, a1 | 0, loff_arg(a2),
			loff_arg(a3));
	case __NR_openat:
		return sys_openat(a0 | 0, ulong_arg(a1), a2 | 0, a3 | 0);
	case __NR_unlinkat:
		return sys_unlinkat(a0 | 0, ulong_arg(a1), a2 | 0);
	case __NR_mount:
		return sys_mount(ulong_arg(a0), ulong_arg(a1), ulong_arg(a2),
			flags_arg(a3));
	case __NR_umount2:
		return sys_umount(ulong_arg(a0), a1 | 0);
	case __NR_fadvise64:
		return sys_fadvise64(a0 | 0, loff_arg(a1), loff_arg(a2),
			a3 | 0);
	case __NR_readahead:
		return sys_readahead(a0 | 0, loff_arg(a1), loff_arg(a2));
	case __NR_memfd_create:
		return sys_memfd_create(ulong_arg(a0), a1 | 0);
	case __NR_getrusage:
		return sys_getrusage(a0 | 0, ulong_arg(a1));
	case __NR_mmap:
		return sys_mmap(ulong_arg(a0), ulong_arg(a1), a2 | 0,
			flags_arg(a3), a4 | 0, ulong_arg(a5));
	case __NR_mprotect:
		return sys_mprotect(ulong_arg(a0), ulong_arg(a1),
			flags_arg(a2));
	case __NR_munmap:
		return sys_munmap(ulong_arg(a0), ulong_arg(a1));
	case __NR_brk:
		return sys_brk(ulong_arg(a0));
	case __NR_mremap:
		return sys_mremap(ulong_arg(a0), ulong_arg(a1), ulong_arg(a2),
			flags_arg(a3), ulong_arg(a4));
	case __NR_msync:
		return sys_msync(ulong_arg(a0), ulong_arg(a1), a2 | 0);
	case __NR_mincore:
		return sys_mincore(ulong_arg(a0), ulong_arg(a1), ulong_arg(a2));
	case __NR_ioctl:
		return sys_ioctl(a0 | 0, a1 | 0, ulong_arg(a2));
	case __NR_remap_file_pages:
		return sys_remap_file_pages(ulong_arg(a0), ulong_arg(a1),
			flags_arg(a2), ulong_arg(a3), flags_arg(a4));
	case __NR_madvise:
		return sys_madvise(ulong_arg(a0), ulong_arg(a1), a2 | 0);
	case __NR_getpid:
		return tsk.tgid;
	case __NR_clone:
		return sys_clone(a0 | 0, ulong_arg(a1), ulong_arg(a2),
			ulong_arg(a3), ulong_arg(a4));
	case __NR_fork:
		return sys_fork();
	case __NR_vfork:
		return sys_vfork();
	case __NR_exit:
		sys_exit(a0 | 0);
		return 0;
	case __NR_wait4:
		return sys_wait4(a0 | 0, ulong_arg(a1), a2 | 0, ulong_arg(a3));
	case __NR_kill:
		return sys_kill(a0 | 0, a1 | 0);
	case __NR_getppid:
		/* Racy like any answer about a parent. */
		return data_race(tsk.parent).tgid;
	case __NR_mlock:
		return sys_mlock(ulong_arg(a0), ulong_arg(a1));
	case __NR_munlock:
		return sys_munlock(ulong_arg(a0), ulong_arg(a1));
	case __NR_mlockall:
		return sys_mlockall(a0 | 0);
	case __NR_munlockall:
		return sys_munlockall();
	case __NR_prctl:
		return sys_prctl(a0 | 0, ulong_arg(a1), ulong_arg(a2),
			ulong_arg(a3), ulong_arg(a4));
	case __NR_gettid:
		return tsk.pid;
	case __NR_set_tid_address:
		return sys_set_tid_address(ulong_arg(a0));
	case __NR_exit_group:
		sys_exit_group(a0 | 0);
		return 0;
	case __NR_mlock2:
		return sys_mlock2(ulong_arg(a0), ulong_arg(a1), a2 | 0);
	case __NR_perf_event_open:
		if (CONFIG_PERF_EVENTS)
			return sys_perf_event_open(ulong_arg(a0), a1 | 0,
				a2 | 0, a3 | 0, flags_arg(a4));
		break;
	case __NR_clone3:
		return sys_clone3(ulong_arg(a0), ulong_arg(a1));
	case __NR_sim_open:
		return sys_sim_open(a0, a1 | 0, a2);
	case __NR_sim_set_size:
		return sys_sim_set_size(a0 | 0, a1);
	case __NR_sim_exec:
		return sys_sim_exec(ulong_arg(a0), ulong_arg(a1),
			ulong_arg(a2), ulong_arg(a3));
	case __NR_sim_special:
		return sys_sim_special(ulong_arg(a0), ulong_arg(a1), a2 | 0);
	case __NR_sim_drop_caches:
		evict_inodes();
		return 0;
	}
	if (CONFIG_ARCH_HAS_PKEYS) {
		switch (nr) {
		case __NR_pkey_mprotect:
			return sys_pkey_mprotect(ulong_arg(a0), ulong_arg(a1),
				flags_arg(a2), a3 | 0);
		case __NR_pkey_alloc:
			return sys_pkey_alloc(flags_arg(a0), flags_arg(a1));
		case __NR_pkey_free:
			return sys_pkey_free(a0 | 0);
		}
	}
	if (CONFIG_NUMA) {
		switch (nr) {
		case __NR_mbind:
			return sys_mbind(ulong_arg(a0), ulong_arg(a1), a2 | 0,
				ulong_arg(a3), ulong_arg(a4), a5 | 0);
		case __NR_set_mempolicy:
			return sys_set_mempolicy(a0 | 0, ulong_arg(a1),
				ulong_arg(a2));
		case __NR_get_mempolicy:
			return sys_get_mempolicy(ulong_arg(a0), ulong_arg(a1),
				ulong_arg(a2), ulong_arg(a3), flags_arg(a4));
		case __NR_set_mempolicy_home_node:
			return sys_set_mempolicy_home_node(ulong_arg(a0),
				ulong_arg(a1), ulong_arg(a2), flags_arg(a3));
		}
	}
	if (CONFIG_RT_MUTEXES) {
		switch (nr) {
		case __NR_sched_setparam:
			return sys_sched_setparam(a0 | 0, ulong_arg(a1));
		case __NR_sched_getparam:
			return sys_sched_getparam(a0 | 0, ulong_arg(a1));
		case __NR_sched_setscheduler:
			return sys_sched_setscheduler(a0 | 0, a1 | 0,
				ulong_arg(a2));
		case __NR_sched_getscheduler:
			return sys_sched_getscheduler(a0 | 0);
		}
	}
	if (CONFIG_MMU_MIRROR) {
		switch (nr) {
		case __NR_sim_mirror_open:
			return sys_sim_mirror_open(ulong_arg(a0), ulong_arg(a1),
				a2 | 0);
		case __NR_sim_mirror_access:
			return sys_sim_mirror_access(a0 | 0, a1 | 0,
				ulong_arg(a2), a3 | 0);
		}
	}
	return sys_ni_syscall();
}

/** Those that a task may make that has no address space yet. */
export function sys_call_without_mm(nr: number): boolean {
	switch (nr) {
	case __NR_close:
	case __NR_getpid:
	case __NR_getppid:
	case __NR_gettid:
	case __NR_exit:
	case __NR_exit_group:
	case __NR_kill:
	case __NR_sim_open:
	case __NR_sim_set_size:
	case __NR_sim_exec:
	case __NR_sim_drop_caches:
		return true;
	}
	return false;
}
