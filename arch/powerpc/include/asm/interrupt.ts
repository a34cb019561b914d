// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of arch/powerpc/include/asm/interrupt.h (5.17) that names
 * interrupts, by their vectors. Left out: all others, and the wrappers by which
 * handlers are defined, see kernel/interrupt.ts.
 */
/** A load or store: no translation, or one that forbids it. */
export const INTERRUPT_DATA_STORAGE = 0x300;
/** A load or store beyond what the tables could translate. */
export const INTERRUPT_DATA_SEGMENT = 0x380;
/** The same two of a fetch. */
export const INTERRUPT_INST_STORAGE = 0x400;
export const INTERRUPT_INST_SEGMENT = 0x480;
