// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/arm64/include/asm/unistd.h, that is, include/uapi/asm-generic/
 * unistd.h (5.17): the numbers of the system calls that exist here.
 * Port: the architecture has no fork() and vfork(), which are clone() there.
 * They get numbers of ours, so that programs can make them everywhere.
 */
export const __NR_ioctl = 29;
export const __NR_unlinkat = 35;
export const __NR_umount2 = 39;
export const __NR_mount = 40;
export const __NR_ftruncate = 46;
export const __NR_fallocate = 47;
export const __NR_openat = 56;
export const __NR_close = 57;
export const __NR_lseek = 62;
export const __NR_read = 63;
export const __NR_write = 64;
export const __NR_pread64 = 67;
export const __NR_pwrite64 = 68;
export const __NR_sync = 81;
export const __NR_fsync = 82;
export const __NR_fdatasync = 83;
export const __NR_exit = 93;
export const __NR_exit_group = 94;
export const __NR_set_tid_address = 96;
export const __NR_sched_setparam = 118;
export const __NR_sched_setscheduler = 119;
export const __NR_sched_getscheduler = 120;
export const __NR_sched_getparam = 121;
export const __NR_kill = 129;
export const __NR_getrusage = 165;
export const __NR_prctl = 167;
export const __NR_getpid = 172;
export const __NR_getppid = 173;
export const __NR_gettid = 178;
export const __NR_readahead = 213;
export const __NR_brk = 214;
export const __NR_munmap = 215;
export const __NR_mremap = 216;
export const __NR_clone = 220;
export const __NR_mmap = 222;
export const __NR_fadvise64 = 223;
export const __NR_mprotect = 226;
export const __NR_msync = 227;
export const __NR_mlock = 228;
export const __NR_munlock = 229;
export const __NR_mlockall = 230;
export const __NR_munlockall = 231;
export const __NR_mincore = 232;
export const __NR_madvise = 233;
export const __NR_remap_file_pages = 234;
export const __NR_mbind = 235;
export const __NR_get_mempolicy = 236;
export const __NR_set_mempolicy = 237;
export const __NR_perf_event_open = 241;
export const __NR_wait4 = 260;
export const __NR_memfd_create = 279;
export const __NR_mlock2 = 284;
export const __NR_pkey_mprotect = 288;
export const __NR_pkey_alloc = 289;
export const __NR_pkey_free = 290;
export const __NR_clone3 = 435;
export const __NR_set_mempolicy_home_node = 450;

export {
	__NR_sim_fork as __NR_fork,
	__NR_sim_vfork as __NR_vfork,
	__NR_sim_open,
	__NR_sim_set_size,
	__NR_sim_exec,
	__NR_sim_mirror_access,
	__NR_sim_mirror_open,
	__NR_sim_special,
	__NR_sim_drop_caches,
} from "asm-generic/unistd_sim.ts";
