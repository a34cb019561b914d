// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/kernel/syscalls/syscall.tbl (5.17): the numbers of the
 * system calls that exist here.
 */
export const __NR_exit = 1;
export const __NR_fork = 2;
export const __NR_read = 3;
export const __NR_write = 4;
export const __NR_close = 6;
export const __NR_lseek = 19;
export const __NR_getpid = 20;
export const __NR_mount = 21;
export const __NR_sync = 36;
export const __NR_kill = 37;
export const __NR_brk = 45;
export const __NR_umount2 = 52;
export const __NR_ioctl = 54;
export const __NR_getppid = 64;
export const __NR_getrusage = 77;
export const __NR_mmap = 90;
export const __NR_munmap = 91;
export const __NR_ftruncate = 93;
export const __NR_wait4 = 114;
export const __NR_fsync = 118;
export const __NR_clone = 120;
export const __NR_mprotect = 125;
export const __NR_msync = 144;
export const __NR_fdatasync = 148;
export const __NR_mlock = 150;
export const __NR_munlock = 151;
export const __NR_mlockall = 152;
export const __NR_munlockall = 153;
export const __NR_sched_setparam = 154;
export const __NR_sched_getparam = 155;
export const __NR_sched_setscheduler = 156;
export const __NR_sched_getscheduler = 157;
export const __NR_mremap = 163;
export const __NR_prctl = 171;
export const __NR_pread64 = 179;
export const __NR_pwrite64 = 180;
export const __NR_vfork = 189;
export const __NR_readahead = 191;
export const __NR_madvise = 205;
export const __NR_mincore = 206;
export const __NR_gettid = 207;
export const __NR_set_tid_address = 232;
export const __NR_fadvise64 = 233;
export const __NR_exit_group = 234;
export const __NR_remap_file_pages = 239;
export const __NR_mbind = 259;
export const __NR_get_mempolicy = 260;
export const __NR_set_mempolicy = 261;
export const __NR_openat = 286;
export const __NR_unlinkat = 292;
export const __NR_fallocate = 309;
export const __NR_perf_event_open = 319;
export const __NR_memfd_create = 360;
export const __NR_mlock2 = 378;
export const __NR_pkey_alloc = 384;
export const __NR_pkey_free = 385;
export const __NR_pkey_mprotect = 386;
export const __NR_clone3 = 435;
export const __NR_set_mempolicy_home_node = 450;

export {
	__NR_sim_open,
	__NR_sim_set_size,
	__NR_sim_exec,
	__NR_sim_mirror_access,
	__NR_sim_mirror_open,
	__NR_sim_special,
	__NR_sim_drop_caches,
} from "asm-generic/unistd_sim.ts";
