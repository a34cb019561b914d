// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which words a failure is about, from what debug_validate() and final.ts say:
 * a count that does not balance, or a lock that is still held. Who changed
 * them, and where, is then written down when the execution is repeated.
 */
import { spin_lock_word } from "linux/spinlock.ts";
import type { anon_vma, mm_struct, page } from "linux/mm_types.ts";
import { page_to_pfn, pfn_to_page, virt_to_page } from "asm-generic/memory_model.ts";
import { CONFIG_SPECULATIVE_PAGE_FAULT } from "generated/autoconf.ts";
import { lock_names } from "host/model.ts";
import { init_task } from "kernel/fork.ts";
import { next_task } from "linux/sched/signal.ts";
import type { Subject } from "../protocol.ts";

/** All address spaces that some task has. */
export function address_spaces(): mm_struct[] {
	const found: mm_struct[] = [];

	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		const mm: mm_struct = t.mm;

		if (mm !== NULL && !found.includes(mm)) found.push(mm);
	}
	return found;
}

const count = (name: string, addr: number): Subject => ({ kind: "count", name, addr });
const lock = (name: string, addr: number): Subject => ({ kind: "lock", name, addr });
const of_each_mm = (subject: (mm: mm_struct) => Subject) => () => address_spaces().map(subject);
/** References to the page at an address. */
export function page_count_of(p: number): Subject {
	const page: page = virt_to_page(p);

	return count(`page._refcount of pfn 0x${page_to_pfn(page).toString(16)}`, ADDR(page._refcount.counter));
}
/** Which mm it is, the text does not say: there are seldom two. */
const SUBJECTS: [RegExp, (m: RegExpExecArray) => Subject[]][] = [
	[
		/\bpfn ([0-9a-f]+): count/,
		([, pfn]) => [
			count(`page._refcount of pfn 0x${pfn}`, ADDR(pfn_to_page(parseInt(pfn, 16))._refcount.counter)),
		],
	],
	[
		/\bpfn ([0-9a-f]+): mapcount/,
		([, pfn]) => [
			count(`page._mapcount of pfn 0x${pfn}`, ADDR(pfn_to_page(parseInt(pfn, 16))._mapcount.counter)),
		],
	],
	[
		/\banon_vma ([0-9a-f]+): refcount/,
		([, av]) => [
			count(`anon_vma.refcount at 0x${av}`, ADDR(cast<anon_vma>(parseInt(av, 16)).refcount.counter)),
		],
	],
	[
		/\banon_vma ([0-9a-f]+): children/,
		([, av]) => [
			count(`anon_vma.num_children at 0x${av}`, ADDR(cast<anon_vma>(parseInt(av, 16)).num_children)),
		],
	],
	[
		/\banon_vma ([0-9a-f]+): vmas/,
		([, av]) => [
			count(
				`anon_vma.num_active_vmas at 0x${av}`,
				ADDR(cast<anon_vma>(parseInt(av, 16)).num_active_vmas),
			),
		],
	],
	[/\bmm_users \d+,/, of_each_mm((mm) => count("mm.mm_users", ADDR(mm.mm_users.counter)))],
	[/\bmm_count \d+,/, of_each_mm((mm) => count("mm.mm_count", ADDR(mm.mm_count.counter)))],
	[/\bmap_count \d+,/, of_each_mm((mm) => count("mm.map_count", ADDR(mm.map_count)))],
	[/\btotal_vm \d+,/, of_each_mm((mm) => count("mm.total_vm", ADDR(mm.total_vm)))],
	[/\bpgtables_bytes \d+,/, of_each_mm((mm) => count("mm.pgtables_bytes", ADDR(mm.pgtables_bytes.counter)))],
	[
		/\btlb_flush_pending \d+/,
		of_each_mm((mm) => count("mm.tlb_flush_pending", ADDR(mm.tlb_flush_pending.counter))),
	],
	[
		/\brss_stat\[(\d)\]/,
		([, i]) => address_spaces().map((mm) => count(`mm.rss_stat[${i}]`, ADDR(mm.rss_stat[Number(i)]))),
	],
	[
		/\bmmap_seq \d+ is odd/,
		of_each_mm((mm) => count("mm.mmap_seq", CONFIG_SPECULATIVE_PAGE_FAULT ? ADDR(mm.mmap_seq) : 0)),
	],
	[/\bmmap_lock is held/, of_each_mm((mm) => lock("mm.mmap_lock", uptr(mm.mmap_lock)))],
	[
		/\bpage_table_lock is held/,
		of_each_mm((mm) => lock("mm.page_table_lock", spin_lock_word(mm.page_table_lock))),
	],
	[
		/\bpage table ([0-9a-f]+): its lock is held/,
		([, page]) => [lock("ptl", parseInt(page, 16) + offsetof_ptl())],
	],
];
/** For their test. */
export const SUBJECT_TEXTS = SUBJECTS.map(([what]) => what);
function offsetof_ptl(): number {
	return spin_lock_word(pfn_to_page(0).ptl) - uptr(pfn_to_page(0));
}

/** The words that a text names, and the locks at some addresses. */
export function subjects(text: string, locks: number[] = []): Subject[] {
	const held = locks.map((p) => lock(lock_names.get(p) ?? `lock at 0x${p.toString(16)}`, p));

	return [
		...held,
		...SUBJECTS.flatMap(([what, words]) => {
			const m = what.exec(text);

			return m ? words(m) : [];
		}),
	].filter((s) => s.addr !== 0);
}
