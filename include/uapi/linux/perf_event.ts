// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/uapi/linux/perf_event.h (5.17, and of Dufour's v12 the event
 * PERF_COUNT_SW_SPF): what a program says to perf_event_open().
 * Left out: hardware, caches, trace points and breakpoints, samples and the
 * buffer that they are written to.
 */
export const PERF_TYPE_HARDWARE = 0;
export const PERF_TYPE_SOFTWARE = 1;
export const PERF_TYPE_MAX = 6;

export const PERF_COUNT_SW_CPU_CLOCK = 0;
export const PERF_COUNT_SW_TASK_CLOCK = 1;
export const PERF_COUNT_SW_PAGE_FAULTS = 2;
export const PERF_COUNT_SW_CONTEXT_SWITCHES = 3;
export const PERF_COUNT_SW_CPU_MIGRATIONS = 4;
export const PERF_COUNT_SW_PAGE_FAULTS_MIN = 5;
export const PERF_COUNT_SW_PAGE_FAULTS_MAJ = 6;
export const PERF_COUNT_SW_ALIGNMENT_FAULTS = 7;
export const PERF_COUNT_SW_EMULATION_FAULTS = 8;
export const PERF_COUNT_SW_DUMMY = 9;
export const PERF_COUNT_SW_BPF_OUTPUT = 10;
export const PERF_COUNT_SW_CGROUP_SWITCHES = 11;
/** D12.25. Port: its number there, 11, is taken since 5.13. */
export const PERF_COUNT_SW_SPF = 12;
export const PERF_COUNT_SW_MAX = 13;

/* attr.read_format */
export const PERF_FORMAT_TOTAL_TIME_ENABLED = 1;
export const PERF_FORMAT_TOTAL_TIME_RUNNING = 2;
export const PERF_FORMAT_ID = 4;
export const PERF_FORMAT_GROUP = 8;
export const PERF_FORMAT_MAX = 16;

/** sizeof(struct perf_event_attr) when it was new, and now. */
export const PERF_ATTR_SIZE_VER0 = 64;
export const PERF_ATTR_SIZE_VER7 = 128;

/* Bits of the word of flags in the attr, as little-endian C has them; the
 * second word's are from bit 32 on. */
export const PERF_ATTR_DISABLED = 1 << 0;
export const PERF_ATTR_INHERIT = 1 << 1;
export const PERF_ATTR_EXCLUDE_USER = 1 << 4;
export const PERF_ATTR_EXCLUDE_KERNEL = 1 << 5;
export const PERF_ATTR_ENABLE_ON_EXEC = 0x1000;
export const PERF_ATTR_INHERIT_THREAD_HI = 1 << 3;
export const PERF_ATTR_REMOVE_ON_EXEC_HI = 1 << 4;
export const PERF_ATTR_SIGTRAP_HI = 1 << 5;

/* ioctl() on an event: _IO('$', n), and _IOR('$', 7, __u64 *) */
export const PERF_EVENT_IOC_ENABLE = 0x2400;
export const PERF_EVENT_IOC_DISABLE = 0x2401;
export const PERF_EVENT_IOC_RESET = 0x2403;
export const PERF_EVENT_IOC_ID = 0x80082407 | 0;
export const PERF_IOC_FLAG_GROUP = 1 << 0;

/* flags of perf_event_open() */
export const PERF_FLAG_FD_NO_GROUP = 1 << 0;
export const PERF_FLAG_FD_OUTPUT = 1 << 1;
export const PERF_FLAG_PID_CGROUP = 1 << 2;
export const PERF_FLAG_FD_CLOEXEC = 1 << 3;
