// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/uapi/asm-generic/fcntl.h (5.17): access modes of open().
 * Left out: all other flags but those that say what becomes of the file.
 */
export const O_ACCMODE = 0o3;
/** Of sim_open(): the file is a System V segment. */
export const O_SIM_SHM = 0x10000000;
export const O_RDONLY = 0o0;
export const O_WRONLY = 0o1;
export const O_RDWR = 0o2;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200; /* with O_CREAT: it has to be a new one */
export const O_TRUNC = 0o1000;
/** Each write goes to the end. */
export const O_APPEND = 0o2000;
