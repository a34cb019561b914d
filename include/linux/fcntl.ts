// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/uapi/asm-generic/fcntl.h (5.17): access modes of open().
 * Left out: all other flags but O_APPEND.
 */
export const O_ACCMODE = 0o3;
/** Of sim_open(): the file is a System V segment. */
export const O_SIM_SHM = 0x10000000;
export const O_RDONLY = 0o0;
export const O_WRONLY = 0o1;
export const O_RDWR = 0o2;
/** Each write goes to the end. */
export const O_APPEND = 0o2000;
