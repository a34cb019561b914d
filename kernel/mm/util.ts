// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/util.c (5.17): the list of vmas, mmap for kernel callers,
 * overcommit, and what a page's mapping field says. Left out: copies of strings
 * and memory (kstrdup() to memdup_user_nul(); see kernel/sys.ts for users'
 * strings), kvmalloc_node() to kvrealloc(), vma_is_stack_for_current(),
 * vma_set_file(), randomisation and the legacy layout, account_locked_vm(),
 * folios and compound pages, /proc/sys/vm (overcommit_*_handler(),
 * vm_commit_limit(), vm_memory_committed()), get_cmdline(), memcmp_pages(),
 * mem_dump_obj(), page_offline_*(). page_mapping() is of mm/folio-compat.c.
 *
 * Port: security_vm_enough_memory_mm() of security/security.c is here, as
 * there are no security modules to ask.
 */
import { offset_in_page, PAGE_ALIGN } from "asm-generic/page.ts";
import { PAGE_SIZE, STACK_TOP, TASK_UNMAPPED_BASE } from "asm/pgtable_types.ts";
import { current } from "kernel/sched/core.ts";
import { EINTR, EINVAL, ENOMEM } from "linux/errno.ts";
import type { address_space, file } from "linux/fs.ts";
import { vm_acct_memory, vm_unacct_memory } from "linux/mman.ts";
import type {
	anon_vma, mm_struct, page, vm_area_struct,
} from "linux/mm_types.ts";
import { mmap_write_lock_killable, mmap_write_unlock } from "linux/mmap_lock.ts";
import { ulong_add_overflows } from "linux/overflow.ts";
import { PAGE_MAPPING_ANON, PAGE_MAPPING_FLAGS } from "linux/page-flags.ts";
import { do_mmap, stack_guard_gap } from "mm/mmap.ts";
import { mm_populate } from "linux/mm.ts";

/** Into the list behind prev, or at its head. mmap_lock is held for writing. */
export function __vma_link_list(
	mm: mm_struct, vma: vm_area_struct, prev: vm_area_struct,
): void {
	let next: vm_area_struct;

	vma.vm_prev = prev;
	if (prev !== NULL) {
		next = prev.vm_next;
		prev.vm_next = vma;
	} else {
		next = mm.mmap;
		mm.mmap = vma;
	}
	vma.vm_next = next;
	if (next !== NULL)
		next.vm_prev = vma;
}

/** Out of the list; vma's own pointers stay for whoever stands on it. mmap_lock
 *  is held for writing. */
export function __vma_unlink_list(mm: mm_struct, vma: vm_area_struct): void {
	const prev: vm_area_struct = vma.vm_prev;
	const next: vm_area_struct = vma.vm_next;

	if (prev !== NULL)
		prev.vm_next = next;
	else
		mm.mmap = next;
	if (next !== NULL)
		next.vm_prev = prev;
}

/* The gap below the top of the stack: at least 128 MiB, and no more than 5/6 of
 * everything. */
const MIN_GAP = 128 * 1024 * 1024;

function MAX_GAP(): number {
	return Math.floor(STACK_TOP / 6) * 5;
}

/** The top of the area for mappings, which are placed downwards from it: below
 *  the stack at its largest. */
function mmap_base(rnd: number, rlim_stack: number): number {
	let gap = rlim_stack + stack_guard_gap;

	if (gap < MIN_GAP) gap = MIN_GAP;
	else if (gap > MAX_GAP()) gap = MAX_GAP();
	return PAGE_ALIGN(STACK_TOP - gap - rnd);
}

/** Of architectures that select ARCH_WANT_DEFAULT_TOPDOWN_MMAP_LAYOUT. */
export function arch_pick_mmap_layout(mm: mm_struct, rlim_stack: number): void {
	mm.mmap_legacy_base = TASK_UNMAPPED_BASE;
	mm.mmap_base = mmap_base(0, rlim_stack);
}

/** mmap() of the current task; takes mmap_lock, and faults pages in where that
 *  was asked for, after it was released. */
export function vm_mmap_pgoff(
	file: file, addr: number, len: number, prot: number, flag: number,
	pgoff: number,
): number {
	const mm: mm_struct = current().mm;
	const out = { populate: 0 };

	if (mmap_write_lock_killable(mm))
		return -EINTR;

	const ret = do_mmap(file, addr, len, prot, flag, pgoff, out);

	mmap_write_unlock(mm);
	if (out.populate !== 0)
		mm_populate(ret, out.populate);
	return ret;
}

/** The same with the offset in bytes. Called without locks. */
export function vm_mmap(
	file: file, addr: number, len: number, prot: number, flag: number,
	offset: number,
): number {
	if (ulong_add_overflows(offset, PAGE_ALIGN(len)))
		return -EINVAL;
	if (offset_in_page(offset))
		return -EINVAL;
	return vm_mmap_pgoff(file, addr, len, prot, flag, offset / PAGE_SIZE);
}

/** What page.mapping points at, without the low bits that say what it is. */
export function page_rmapping(page: page): number {
	return page.mapping & ~PAGE_MAPPING_FLAGS;
}

/** The anon_vma of an anonymous page, else NULL. */
export function page_anon_vma(page: page): anon_vma {
	const mapping = READ_ONCE(page.mapping);

	if ((mapping & PAGE_MAPPING_FLAGS) !== PAGE_MAPPING_ANON)
		return NULL;
	return cast<anon_vma>(mapping & ~PAGE_MAPPING_FLAGS);
}

/** The page cache that a page is in, NULL if it is anonymous or in none. */
export function page_mapping(page: page): address_space {
	const mapping = READ_ONCE(page.mapping);

	if ((mapping & PAGE_MAPPING_FLAGS) !== 0)
		return NULL;
	return cast<address_space>(mapping);
}

/** Pages that no program can mean: of 4 KiB they are 4 TiB. */
const ABSURD_PAGES = 0x40000000;

/**
 * May mm commit `pages` more? 0, and they are counted; or -ENOMEM. The
 * heuristic mode refuses only what could not succeed even if all memory were
 * free.
 * Port: programs are replayed here that ran on a larger machine, and touch
 * little of what they map. So what is refused is not more than the RAM of this
 * machine but what no machine has.
 */
export function __vm_enough_memory(
	_mm: mm_struct, pages: number, _cap_sys_admin: boolean,
): number {
	vm_acct_memory(pages);

	if (pages <= ABSURD_PAGES)
		return 0;
	vm_unacct_memory(pages);
	return -ENOMEM;
}

/** security/security.c: the question, with the superuser's answer to whether
 *  the task may use the last reserves. */
export function security_vm_enough_memory_mm(
	mm: mm_struct, pages: number,
): number {
	return __vm_enough_memory(mm, pages, true);
}
