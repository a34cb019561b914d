// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the kernel maps into every program, the vDSO. Mirrors map_vdso() of
 * arch/x86/entry/vdso/vma.c (5.17) and its like elsewhere, for one area, at a
 * given place.
 * Port: programs come from recordings, so their special mappings lie where they
 * lay there, with the lengths of that kernel: the caller of sim_special() says
 * both. All of them show the one page that kernel/mm/mmap.ts keeps for this;
 * it has a struct page, so the vvar pages are not VM_PFNMAP. madvise() refuses
 * VM_IO, which nothing else is, in its place.
 */
import { EINTR, EINVAL, ENOMEM } from "linux/errno.ts";
import { IS_ERR, PTR_ERR } from "linux/err.ts";
import {
	VM_DONTDUMP,
	VM_EXEC,
	VM_IO,
	VM_MAYEXEC,
	VM_MAYREAD,
	VM_MAYWRITE,
	VM_READ,
	find_vma_intersection,
} from "linux/mm.ts";
import {
	mmap_write_lock_killable,
	mmap_write_unlock,
} from "linux/mmap_lock.ts";
import { PAGE_SIZE, TASK_SIZE } from "asm/pgtable_types.ts";
import { current } from "kernel/sched/core.ts";
import {
	SPECIAL_MAPPING_VDSO,
	SPECIAL_MAPPING_VVAR,
	SPECIAL_MAPPING_VVAR_VCLOCK,
	_install_special_mapping,
} from "mm/mmap.ts";

/** What a special mapping of this number permits; 0: there is no such one. */
function special_flags(spec: number): number {
	switch (spec) {
	case SPECIAL_MAPPING_VDSO:
		/* MAYWRITE, so that a debugger gets a private copy. */
		return VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE |
			VM_MAYEXEC;
	case SPECIAL_MAPPING_VVAR:
	case SPECIAL_MAPPING_VVAR_VCLOCK:
		return VM_READ | VM_MAYREAD | VM_IO | VM_DONTDUMP;
	}
	return 0;
}

/**
 * Map one of the vDSO's areas into current: SPECIAL_MAPPING_* at [addr, addr +
 * len).
 */
export function sys_sim_special(
	addr: number, len: number, spec: number,
): number {
	const mm = current().mm;
	const flags = special_flags(spec);

	if (flags === 0 || mm === NULL)
		return -EINVAL;
	if (addr % PAGE_SIZE !== 0 || len % PAGE_SIZE !== 0 || len === 0)
		return -EINVAL;
	if (!(len <= TASK_SIZE && addr <= TASK_SIZE - len))
		return -ENOMEM;

	if (mmap_write_lock_killable(mm) !== 0)
		return -EINTR;
	if (find_vma_intersection(mm, addr, addr + len) !== NULL) {
		mmap_write_unlock(mm);
		return -ENOMEM;
	}
	const vma = _install_special_mapping(mm, addr, len, flags, spec);
	mmap_write_unlock(mm);
	return IS_ERR(vma) ? PTR_ERR(vma) : 0;
}
