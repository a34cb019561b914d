// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/generated/uapi/asm/unistd_64.h (5.17): the numbers
 * of the system calls that exist here.
 * Port: from 1000 on, calls of the programs that play a recording back.
 */
export const __NR_read = 0;
export const __NR_write = 1;
export const __NR_close = 3;
export const __NR_lseek = 8;
export const __NR_mmap = 9;
export const __NR_mprotect = 10;
export const __NR_munmap = 11;
export const __NR_brk = 12;
export const __NR_ioctl = 16;
export const __NR_pread64 = 17;
export const __NR_pwrite64 = 18;
export const __NR_mremap = 25;
export const __NR_msync = 26;
export const __NR_mincore = 27;
export const __NR_madvise = 28;
export const __NR_getpid = 39;
export const __NR_clone = 56;
export const __NR_fork = 57;
export const __NR_vfork = 58;
export const __NR_exit = 60;
export const __NR_wait4 = 61;
export const __NR_kill = 62;
export const __NR_fsync = 74;
export const __NR_fdatasync = 75;
export const __NR_ftruncate = 77;
export const __NR_getrusage = 98;
export const __NR_getppid = 110;
export const __NR_sched_setparam = 142;
export const __NR_sched_getparam = 143;
export const __NR_sched_setscheduler = 144;
export const __NR_sched_getscheduler = 145;
export const __NR_mlock = 149;
export const __NR_munlock = 150;
export const __NR_mlockall = 151;
export const __NR_munlockall = 152;
export const __NR_prctl = 157;
export const __NR_sync = 162;
export const __NR_mount = 165;
export const __NR_umount2 = 166;
export const __NR_gettid = 186;
export const __NR_readahead = 187;
export const __NR_remap_file_pages = 216;
export const __NR_set_tid_address = 218;
export const __NR_fadvise64 = 221;
export const __NR_exit_group = 231;
export const __NR_mbind = 237;
export const __NR_set_mempolicy = 238;
export const __NR_get_mempolicy = 239;
export const __NR_openat = 257;
export const __NR_unlinkat = 263;
export const __NR_fallocate = 285;
export const __NR_perf_event_open = 298;
export const __NR_memfd_create = 319;
export const __NR_mlock2 = 325;
export const __NR_pkey_mprotect = 329;
export const __NR_pkey_alloc = 330;
export const __NR_pkey_free = 331;
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
