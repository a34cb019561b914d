// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of arch/powerpc/kernel/paca.c and asm/lppaca.h (5.17) that
 * memory management fills in: what each CPU shares with the hypervisor.
 */

/** All fields: its CPU only; the hypervisor reads. */
interface lppaca_struct extends struct {
	/** pages of 4 KiB that were waited for */
	page_ins: ifdef<"CONFIG_PPC_SMLPAR", int>;
}
export const lppaca = DEFINE_PER_CPU<lppaca_struct>();
