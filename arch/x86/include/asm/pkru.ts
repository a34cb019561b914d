// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/include/asm/pkru.h (5.17): PKRU, a register with two bits
 * for each memory key, of which the first forbids all accesses to data and the
 * second writes. Whoever runs in user mode writes it by WRPKRU.
 * Left out: init_pkru as a boot parameter and a file.
 */
import {
	CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS,
} from "generated/autoconf.ts";
import { rdpkru, wrpkru } from "../../mm/mmu.ts";

export const PKRU_AD_BIT = 0x1;
export const PKRU_WD_BIT = 0x2;
export const PKRU_BITS_PER_PKEY = 2;

/** After an execve(): nothing may be done with keys 1 to 15. So no thread that
 *  is made early gets at what is given a key later on. */
const init_pkru_value = 0x55555554;

export function pkru_get_init_value(): number {
	return init_pkru_value;
}

export function __pkru_allows_read(pkru: number, pkey: number): boolean {
	return (pkru & (PKRU_AD_BIT << (pkey * PKRU_BITS_PER_PKEY))) === 0;
}

/** Who may do nothing may not write either. */
export function __pkru_allows_write(pkru: number, pkey: number): boolean {
	return (pkru & ((PKRU_AD_BIT | PKRU_WD_BIT) <<
		(pkey * PKRU_BITS_PER_PKEY))) === 0;
}

export function read_pkru(): number {
	return CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS ? rdpkru() : 0;
}

/** WRPKRU is slow. */
export function write_pkru(pkru: number): void {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS) {
		if (pkru !== rdpkru())
			wrpkru(pkru);
	}
}

export function pkru_write_default(): void {
	if (CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS)
		wrpkru(pkru_get_init_value());
}
