// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors the part of include/linux/mm_inline.h (5.17) that handles names of
 * anonymous vmas. Allocation and replacement are in mm/madvise.ts.
 * Without CONFIG_ANON_VMA_NAME every vma is nameless and all names are equal.
 */
import { CONFIG_ANON_VMA_NAME } from "generated/autoconf.ts";
import { atomic_dec_and_test, atomic_inc, atomic_read } from "linux/atomic.ts";
import type { anon_vma_name, vm_area_struct } from "linux/mm_types.ts";
import { anon_vma_name as vma_name, anon_vma_name_free } from "mm/madvise.ts";

export const ANON_VMA_NAME_MAX_LEN = 80;
/** Beyond it a name is copied, not shared: the count must not overflow. */
const REFCOUNT_LIMIT = 0x40000000;

export function anon_vma_name_get(anon_name: anon_vma_name): void {
	if (CONFIG_ANON_VMA_NAME) {
		if (anon_name !== NULL)
			atomic_inc(anon_name.kref);
	}
}

export function anon_vma_name_put(anon_name: anon_vma_name): void {
	if (CONFIG_ANON_VMA_NAME) {
		if (anon_name !== NULL && atomic_dec_and_test(anon_name.kref))
			anon_vma_name_free(anon_name);
	}
}

/** One more reference, as long as the count is far from its end. */
export function anon_vma_name_reuse(anon_name: anon_vma_name): anon_vma_name {
	if (atomic_read(anon_name.kref) >= REFCOUNT_LIMIT)
		return NULL;
	anon_vma_name_get(anon_name);
	return anon_name;
}

/** new_vma is a fresh copy of orig_vma's bytes: give it its own reference. */
export function dup_anon_vma_name(
	orig_vma: vm_area_struct, new_vma: vm_area_struct,
): void {
	if (CONFIG_ANON_VMA_NAME) {
		const anon_name = vma_name(orig_vma);

		new_vma.anon_name = anon_name !== NULL
			? anon_vma_name_reuse(anon_name) : NULL;
	}
}

/** The vma goes away; nobody else can see its name pointer any more. */
export function free_anon_vma_name(vma: vm_area_struct): void {
	if (CONFIG_ANON_VMA_NAME) {
		/* A file's vma has no name: the field need not be looked at
		 * under mmap_lock, and vma_name() would assert it. */
		if (vma.vm_file === NULL)
			anon_vma_name_put(vma.anon_name);
	}
}

export function anon_vma_name_eq(
	anon_name1: anon_vma_name, anon_name2: anon_vma_name,
): boolean {
	if (CONFIG_ANON_VMA_NAME) {
		if (anon_name1 === anon_name2)
			return true;
		if (anon_name1 === NULL || anon_name2 === NULL)
			return false;
		for (let i = 0; i < ANON_VMA_NAME_MAX_LEN; i++) {
			if (anon_name1.name[i] !== anon_name2.name[i])
				return false;
			if (anon_name1.name[i] === 0)
				break;
		}
	}
	return true;
}
