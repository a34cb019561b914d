// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/pkeys.h (5.17): memory keys, for code that does not
 * know whether the architecture has any. One that has none takes the answers of
 * asm-generic/pkeys.ts for its asm/pkeys.ts.
 */
export {
	arch_max_pkey, arch_override_mprotect_pkey, arch_pkeys_enabled,
	arch_set_user_pkey_access, execute_only_pkey, mm_pkey_alloc,
	mm_pkey_free, mm_pkey_is_allocated, vma_pkey,
} from "asm/pkeys.ts";

/** The key of what was never given one. */
export const ARCH_DEFAULT_PKEY = 0;
