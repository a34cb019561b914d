// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/debug.c (5.17 with V2.01): the objects of the memory manager in
 * words, for the one who has to find out what went wrong. Nothing is locked:
 * what is printed may be half old and half new.
 * Left out: page owners, compound pages, migrate reasons, page_init_poison()
 * and the boot parameter vm_debug=.
 */
import { CONFIG_SPECULATIVE_PAGE_FAULT } from "generated/autoconf.ts";
import { page_to_pfn } from "asm-generic/memory_model.ts";
import {
	VM_ACCOUNT, VM_DONTCOPY, VM_DONTDUMP, VM_DONTEXPAND, VM_EXEC,
	VM_GROWSDOWN, VM_HUGEPAGE, VM_IO, VM_LOCKED, VM_LOCKONFAULT, VM_MAYEXEC,
	VM_MAYREAD, VM_MAYSHARE, VM_MAYWRITE, VM_NOHUGEPAGE, VM_NORESERVE,
	VM_PFNMAP, VM_RAND_READ, VM_READ, VM_SEQ_READ, VM_SHARED, VM_WIPEONFORK,
	VM_WRITE,
} from "linux/mm.ts";
import type { mm_struct, page, vm_area_struct } from "linux/mm_types.ts";
import {
	PG_active, PG_dirty, PG_locked, PG_lru, PG_referenced, PG_reserved,
	PG_slab, PG_swapbacked, PG_uptodate, PG_waiters, PAGE_MAPPING_ANON,
} from "linux/page-flags.ts";
import { pr_emerg, pr_warn } from "linux/printk.ts";

function hex(n: number): string {
	return (n < 0 ? n >>> 0 : n).toString(16);
}

/** What %pGp prints. */
function page_flags_text(flags: number): string {
	let s = "";

	if ((flags & (1 << PG_locked)) !== 0) s += "|locked";
	if ((flags & (1 << PG_referenced)) !== 0) s += "|referenced";
	if ((flags & (1 << PG_uptodate)) !== 0) s += "|uptodate";
	if ((flags & (1 << PG_dirty)) !== 0) s += "|dirty";
	if ((flags & (1 << PG_lru)) !== 0) s += "|lru";
	if ((flags & (1 << PG_active)) !== 0) s += "|active";
	if ((flags & (1 << PG_waiters)) !== 0) s += "|waiters";
	if ((flags & (1 << PG_slab)) !== 0) s += "|slab";
	if ((flags & (1 << PG_reserved)) !== 0) s += "|reserved";
	if ((flags & (1 << PG_swapbacked)) !== 0) s += "|swapbacked";
	return s.slice(1);
}

/** What %pGv prints. */
function vma_flags_text(flags: number): string {
	let s = "";

	if ((flags & VM_READ) !== 0) s += "|read";
	if ((flags & VM_WRITE) !== 0) s += "|write";
	if ((flags & VM_EXEC) !== 0) s += "|exec";
	if ((flags & VM_SHARED) !== 0) s += "|shared";
	if ((flags & VM_MAYREAD) !== 0) s += "|mayread";
	if ((flags & VM_MAYWRITE) !== 0) s += "|maywrite";
	if ((flags & VM_MAYEXEC) !== 0) s += "|mayexec";
	if ((flags & VM_MAYSHARE) !== 0) s += "|mayshare";
	if ((flags & VM_GROWSDOWN) !== 0) s += "|growsdown";
	if ((flags & VM_PFNMAP) !== 0) s += "|pfnmap";
	if ((flags & VM_LOCKED) !== 0) s += "|locked";
	if ((flags & VM_IO) !== 0) s += "|io";
	if ((flags & VM_SEQ_READ) !== 0) s += "|seqread";
	if ((flags & VM_RAND_READ) !== 0) s += "|randread";
	if ((flags & VM_DONTCOPY) !== 0) s += "|dontcopy";
	if ((flags & VM_DONTEXPAND) !== 0) s += "|dontexpand";
	if ((flags & VM_LOCKONFAULT) !== 0) s += "|lockonfault";
	if ((flags & VM_ACCOUNT) !== 0) s += "|account";
	if ((flags & VM_NORESERVE) !== 0) s += "|noreserve";
	if ((flags & VM_WIPEONFORK) !== 0) s += "|wipeonfork";
	if ((flags & VM_DONTDUMP) !== 0) s += "|dontdump";
	if ((flags & VM_HUGEPAGE) !== 0) s += "|hugepage";
	if ((flags & VM_NOHUGEPAGE) !== 0) s += "|nohugepage";
	return s.slice(1);
}

export function dump_page(page: page, reason: string): void {
	const mapping = data_race(page.mapping);
	const flags = data_race(page.flags);

	pr_warn(`page:${hex(uptr(page))}` +
		` refcount:${data_race(page._refcount.counter)}` +
		` mapcount:${data_race(page._mapcount.counter) + 1}` +
		` mapping:${hex(mapping)} index:0x${hex(data_race(page.index))}` +
		` pfn:0x${hex(page_to_pfn(page))}`);
	if ((mapping & PAGE_MAPPING_ANON) !== 0)
		pr_warn("anon");
	pr_warn(`flags: 0x${hex(flags)}(${page_flags_text(flags)})`);
	if (reason)
		pr_warn(`page dumped because: ${reason}`);
}

export function dump_vma(vma: vm_area_struct): void {
	const flags = data_race(vma.vm_flags);

	pr_emerg(`vma ${hex(uptr(vma))} start ${hex(data_race(vma.vm_start))}` +
		` end ${hex(data_race(vma.vm_end))}`);
	pr_emerg(`next ${hex(uptr(data_race(vma.vm_next)))}` +
		` prev ${hex(uptr(data_race(vma.vm_prev)))}` +
		` mm ${hex(uptr(data_race(vma.vm_mm)))}`);
	pr_emerg(`prot ${hex(data_race(vma.vm_page_prot))}` +
		` anon_vma ${hex(uptr(data_race(vma.anon_vma)))}` +
		` pgoff ${hex(data_race(vma.vm_pgoff))}` +
		` file ${hex(uptr(data_race(vma.vm_file)))}` +
		` private_data ${hex(data_race(vma.vm_private_data))}`);
	pr_emerg(`flags: 0x${hex(flags)}(${vma_flags_text(flags)})`);
}

/** V2.01 exports it: modules have VM_BUG_ON_MM(), too. */
export function dump_mm(mm: mm_struct): void {
	pr_emerg(`mm ${hex(uptr(mm))} mmap ${hex(uptr(data_race(mm.mmap)))}` +
		` seqnum ${data_race(mm.vmacache_seqnum)}` +
		` task_size ${hex(data_race(mm.task_size))}`);
	pr_emerg(`mmap_base ${hex(data_race(mm.mmap_base))}` +
		` mmap_legacy_base ${hex(data_race(mm.mmap_legacy_base))}` +
		` highest_vm_end ${hex(data_race(mm.highest_vm_end))}`);
	pr_emerg(`pgd ${hex(uptr(data_race(mm.pgd)))}` +
		` mm_users ${data_race(mm.mm_users.counter)}` +
		` mm_count ${data_race(mm.mm_count.counter)}` +
		` pgtables_bytes ${data_race(mm.pgtables_bytes.counter)}` +
		` map_count ${data_race(mm.map_count)}`);
	pr_emerg(`total_vm ${hex(data_race(mm.total_vm))}` +
		` locked_vm ${hex(data_race(mm.locked_vm))}` +
		` data_vm ${hex(data_race(mm.data_vm))}` +
		` exec_vm ${hex(data_race(mm.exec_vm))}` +
		` stack_vm ${hex(data_race(mm.stack_vm))}`);
	pr_emerg(`start_code ${hex(data_race(mm.start_code))}` +
		` end_code ${hex(data_race(mm.end_code))}` +
		` start_data ${hex(data_race(mm.start_data))}` +
		` end_data ${hex(data_race(mm.end_data))}`);
	pr_emerg(`start_brk ${hex(data_race(mm.start_brk))}` +
		` brk ${hex(data_race(mm.brk))}` +
		` start_stack ${hex(data_race(mm.start_stack))}`);
	if (CONFIG_SPECULATIVE_PAGE_FAULT)
		pr_emerg(`mmap_seq ${data_race(mm.mmap_seq)}`);
	pr_emerg(`tlb_flush_pending ` +
		`${data_race(mm.tlb_flush_pending.counter)}`);
	pr_emerg(`def_flags: 0x${hex(data_race(mm.def_flags))}` +
		`(${vma_flags_text(data_race(mm.def_flags))})`);
}
