// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/uapi/linux/sched.h (5.17): clone flags, the argument block
 * of clone3(), scheduling policies.
 */
export const SCHED_NORMAL = 0;
export const SCHED_FIFO = 1;
export const SCHED_RR = 2;
export const SCHED_BATCH = 3;
export const SCHED_IDLE = 5;
export const CSIGNAL = 0x000000ff; /* signal to the parent at exit */
export const CLONE_VM = 0x00000100;
export const CLONE_FS = 0x00000200;
export const CLONE_FILES = 0x00000400;
export const CLONE_SIGHAND = 0x00000800;
export const CLONE_PIDFD = 0x00001000;
export const CLONE_PTRACE = 0x00002000;
export const CLONE_VFORK = 0x00004000;
export const CLONE_PARENT = 0x00008000;
export const CLONE_THREAD = 0x00010000;
export const CLONE_NEWNS = 0x00020000;
export const CLONE_SYSVSEM = 0x00040000;
export const CLONE_SETTLS = 0x00080000;
export const CLONE_PARENT_SETTID = 0x00100000;
export const CLONE_CHILD_CLEARTID = 0x00200000;
export const CLONE_DETACHED = 0x00400000;
export const CLONE_UNTRACED = 0x00800000;
export const CLONE_CHILD_SETTID = 0x01000000;
export const CLONE_NEWCGROUP = 0x02000000;
export const CLONE_NEWUTS = 0x04000000;
export const CLONE_NEWIPC = 0x08000000;
export const CLONE_NEWUSER = 0x10000000;
export const CLONE_NEWPID = 0x20000000;
export const CLONE_NEWNET = 0x40000000;
export const CLONE_IO = 0x80000000;
/* clone3() only: above the 32 bits of clone(), here the high word */
export const CLONE_CLEAR_SIGHAND_HI = 0x1;
export const CLONE_INTO_CGROUP_HI = 0x2;

export const CLONE_NS_FLAGS =
	CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
	CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

/** The argument block of clone3(), as it lies in user memory:
 *  little-endian 64-bit words. All fields: current only, on its
 *  stack. Port: two 32-bit fields for each, since a ulong is a
 *  double. */
export interface clone_args extends struct {
	flags: u32;
	flags_hi: u32;
	pidfd: u32;
	pidfd_hi: u32;
	child_tid: u32;
	child_tid_hi: u32;
	parent_tid: u32;
	parent_tid_hi: u32;
	exit_signal: u32;
	exit_signal_hi: u32;
	stack: u32;
	stack_hi: u32;
	stack_size: u32;
	stack_size_hi: u32;
	tls: u32;
	tls_hi: u32;
}
/** Sizes that programs may pass; the later ones add set_tid and cgroup. */
export const CLONE_ARGS_SIZE_VER0 = 64;
