// SPDX-License-Identifier: GPL-2.0-only
/** Numbers of the x86-64 system call interface that a recording uses by name. */
import { constants } from "node:os";

export const PAGE_SIZE = 4096;
export const PMD_SIZE = 0x200000;
/** End of user addresses, and where top-down mappings begin without ASLR. */
export const TASK_SIZE = 0x7ffffffff000;
export const MMAP_BASE = 0x7ffff7fff000;
export const STACK_LIMIT = 8 << 20;

export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;
export const MAP_SHARED = 0x01;
export const MAP_PRIVATE = 0x02;
export const MAP_DROPPABLE = 0x08;
export const MAP_TYPE = 0x0f;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_32BIT = 0x40;
export const MAP_GROWSDOWN = 0x0100;
export const MAP_LOCKED = 0x2000;
export const MAP_POPULATE = 0x8000;
export const MAP_NORESERVE = 0x4000;
export const MAP_STACK = 0x20000;
export const MAP_HUGETLB = 0x40000;
export const MAP_FIXED_NOREPLACE = 0x100000;
export const CLONE_VM = 0x100;
export const CLONE_FS = 0x200;
export const CLONE_FILES = 0x400;
export const CLONE_SIGHAND = 0x800;
export const CLONE_VFORK = 0x4000;
export const CLONE_THREAD = 0x10000;
export const MCL_CURRENT = 1;
export const MLOCK_ONFAULT = 1;
export const MREMAP_MAYMOVE = 1;
export const MREMAP_FIXED = 2;
export const MREMAP_DONTUNMAP = 4;
export const SIGCHLD = 17;
export const PR_SET_NAME = 15;
export const PR_SET_VMA = 0x53564d41;
/** setrlimit(), with numbers instead of a struct; see include/linux/version.ts. */
export const PR_SIM_RLIMIT = 0x53504604;

/** The calls that are replayed. */
export const NR: Record<string, number> = {
	mmap: 9,
	mprotect: 10,
	munmap: 11,
	brk: 12,
	mremap: 25,
	msync: 26,
	mincore: 27,
	madvise: 28,
	clone: 56,
	execve: 59,
	exit: 60,
	wait4: 61,
	ftruncate: 77,
	mlock: 149,
	munlock: 150,
	mlockall: 151,
	munlockall: 152,
	prctl: 157,
	remap_file_pages: 216,
	exit_group: 231,
	mbind: 237,
	set_mempolicy: 238,
	get_mempolicy: 239,
	mlock2: 325,
	pkey_mprotect: 329,
	set_mempolicy_home_node: 450,
};

export const MADV: Record<string, number> = {
	MADV_NORMAL: 0,
	MADV_RANDOM: 1,
	MADV_SEQUENTIAL: 2,
	MADV_WILLNEED: 3,
	MADV_DONTNEED: 4,
	MADV_FREE: 8,
	MADV_REMOVE: 9,
	MADV_DONTFORK: 10,
	MADV_DOFORK: 11,
	MADV_MERGEABLE: 12,
	MADV_UNMERGEABLE: 13,
	MADV_HUGEPAGE: 14,
	MADV_NOHUGEPAGE: 15,
	MADV_DONTDUMP: 16,
	MADV_DODUMP: 17,
	MADV_WIPEONFORK: 18,
	MADV_KEEPONFORK: 19,
	MADV_COLD: 20,
	MADV_PAGEOUT: 21,
	MADV_POPULATE_READ: 22,
	MADV_POPULATE_WRITE: 23,
	MADV_DONTNEED_LOCKED: 24,
	MADV_COLLAPSE: 25,
	MADV_HWPOISON: 100,
	MADV_SOFT_OFFLINE: 101,
	MADV_GUARD_INSTALL: 102,
	MADV_GUARD_REMOVE: 103,
};

export const MPOL = {
	MPOL_DEFAULT: 0,
	MPOL_PREFERRED: 1,
	MPOL_BIND: 2,
	MPOL_INTERLEAVE: 3,
	MPOL_LOCAL: 4,
	MPOL_PREFERRED_MANY: 5,
	MPOL_WEIGHTED_INTERLEAVE: 6,
};
export const MPOL_F = { MPOL_F_NODE: 1, MPOL_F_ADDR: 2, MPOL_F_MEMS_ALLOWED: 4 };

/** Every symbolic name that strace prints in an argument we look at. */
const NAMES: Record<string, number> = {
	NULL: 0,
	PROT_NONE: 0,
	PROT_READ,
	PROT_WRITE,
	PROT_EXEC,
	PROT_SEM: 8,
	PROT_GROWSDOWN: 0x01000000,
	PROT_GROWSUP: 0x02000000,
	MAP_FILE: 0,
	MAP_SHARED,
	MAP_PRIVATE,
	MAP_SHARED_VALIDATE: 0x03,
	MAP_FIXED,
	MAP_ANONYMOUS,
	MAP_ANON: MAP_ANONYMOUS,
	MAP_32BIT,
	MAP_DROPPABLE,
	MAP_GROWSDOWN,
	MAP_DENYWRITE: 0x0800,
	MAP_EXECUTABLE: 0x1000,
	MAP_LOCKED,
	MAP_NORESERVE,
	MAP_POPULATE,
	MAP_NONBLOCK: 0x10000,
	MAP_STACK,
	MAP_HUGETLB,
	MAP_SYNC: 0x80000,
	MAP_FIXED_NOREPLACE,
	MAP_HUGE_SHIFT: 26,
	MAP_UNINITIALIZED: 0x4000000,
	SHM_RDONLY: 0o10000,
	SHM_RND: 0o20000,
	SHM_REMAP: 0o40000,
	SHM_EXEC: 0o100000,
	IPC_PRIVATE: 0,
	MREMAP_MAYMOVE,
	MREMAP_FIXED,
	MREMAP_DONTUNMAP,
	MS_ASYNC: 1,
	MS_INVALIDATE: 2,
	MS_SYNC: 4,
	MCL_CURRENT,
	MCL_FUTURE: 2,
	MCL_ONFAULT: 4,
	MLOCK_ONFAULT,
	CLONE_VM,
	CLONE_FS,
	CLONE_FILES,
	CLONE_SIGHAND,
	CLONE_PIDFD: 0x1000,
	CLONE_PTRACE: 0x2000,
	CLONE_VFORK,
	CLONE_PARENT: 0x8000,
	CLONE_THREAD,
	CLONE_NEWNS: 0x20000,
	CLONE_SYSVSEM: 0x40000,
	CLONE_SETTLS: 0x80000,
	CLONE_PARENT_SETTID: 0x100000,
	CLONE_CHILD_CLEARTID: 0x200000,
	CLONE_DETACHED: 0x400000,
	CLONE_UNTRACED: 0x800000,
	CLONE_CHILD_SETTID: 0x1000000,
	CLONE_NEWCGROUP: 0x02000000,
	CLONE_NEWUTS: 0x04000000,
	CLONE_NEWIPC: 0x08000000,
	CLONE_NEWUSER: 0x10000000,
	CLONE_NEWPID: 0x20000000,
	CLONE_NEWNET: 0x40000000,
	CLONE_IO: 0x80000000,
	CLONE_CLEAR_SIGHAND: 0x100000000,
	CLONE_INTO_CGROUP: 0x200000000,
	CLONE_NEWTIME: 0x80,
	WNOHANG: 1,
	WUNTRACED: 2,
	WSTOPPED: 2,
	WEXITED: 4,
	WCONTINUED: 8,
	WNOWAIT: 0x01000000,
	__WNOTHREAD: 0x20000000,
	__WALL: 0x40000000,
	__WCLONE: 0x80000000,
	...MPOL,
	...MPOL_F,
	MPOL_F_NUMA_BALANCING: 0x2000,
	MPOL_F_RELATIVE_NODES: 0x4000,
	MPOL_F_STATIC_NODES: 0x8000,
	MPOL_MF_STRICT: 1,
	MPOL_MF_MOVE: 2,
	MPOL_MF_MOVE_ALL: 4,
	MPOL_MF_LAZY: 8,
	PR_SET_NAME,
	PR_SET_VMA,
	PR_SET_VMA_ANON_NAME: 0,
	...MADV,
};

/** Value of a name, or undefined for one that no argument here can have. */
export function value_of(name: string): number | undefined {
	return NAMES[name] ?? (name.startsWith("SIG") ? constants.signals[name as NodeJS.Signals] : undefined);
}

export const SIGBUS = 7;
export const SIGKILL = 9;
export const SIGSEGV = 11;
export const ERRNO: Record<string, number> = { ...constants.errno, ENOTSUPP: 524 };

/** Name of an errno, for messages. */
export function errno_name(errno: number): string {
	if (errno === 11) return "EAGAIN";
	return Object.keys(ERRNO).find((name) => ERRNO[name] === errno) ?? `errno ${errno}`;
}

export const page_down = (address: number) => Math.floor(address / PAGE_SIZE) * PAGE_SIZE;
export const page_up = (address: number) => Math.ceil(address / PAGE_SIZE) * PAGE_SIZE;
