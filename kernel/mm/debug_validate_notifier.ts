// SPDX-License-Identifier: GPL-2.0-only
/**
 * The part of debug_validate() about MMU notifiers: no range is being
 * invalidated, and what the devices of drivers/misc/mmu_mirror.ts have of the
 * page tables is no more than what is there. This port's own.
 */
import { pte_pfn, pte_present, pte_write } from "asm/pgtable.ts";
import { mmu_lookup } from "asm/mmu.ts";
import { CONFIG_MMU_MIRROR } from "generated/autoconf.ts";
import type { interval_tree_node } from "linux/interval_tree.ts";
import { hlist_empty } from "linux/list.ts";
import type { mm_struct } from "linux/mm_types.ts";
import type {
	mmu_interval_notifier, mmu_notifier,
} from "linux/mmu_notifier.ts";
import { rb_first, rb_next } from "linux/rbtree.ts";
import { spin_is_locked } from "linux/spinlock.ts";
import type { hlist_node } from "linux/types.ts";
import type { mmu_notifier_subscriptions } from "mm/mmu_notifier.ts";
import {
	mirror_interval_ops, mirror_mn_ops, type mmu_mirror, mirror_translation,
} from "drivers/misc/mmu_mirror.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";

/** How many subscriptions there are, each of which has a reference to mm. */
export function validate_notifiers(mm: mm_struct, problems: string[]): number {
	const s: mmu_notifier_subscriptions = mm.notifier_subscriptions;
	if (s === NULL) return 0;

	const wrong = (is: boolean, text: string) => {
		if (is) problems.push(text);
	};
	wrong(spin_is_locked(s.lock), "notifier_subscriptions->lock is held");
	wrong(s.active_invalidate_ranges !== 0,
		`active_invalidate_ranges ${s.active_invalidate_ranges}`);
	wrong((s.invalidate_seq & 1) !== 0,
		`invalidate_seq ${s.invalidate_seq} is odd`);
	wrong(!hlist_empty(s.deferred_list),
		"an interval notifier waits to be inserted or removed");

	let n = 0;
	for (let pos: hlist_node = s.list.first; pos !== NULL; pos = pos.next) {
		const sub = container_of<mmu_notifier>(pos, "hlist");
		if (CONFIG_MMU_MIRROR && sub.ops === mirror_mn_ops) {
			const m = container_of<mmu_mirror>(sub, "notifier");
			wrong(m.notifier_count !== 0,
				`mirror: notifier_count ${m.notifier_count}`);
			validate_mirror(m, problems);
		}
		n++;
	}
	let rb = rb_first(s.itree.rb_root);
	for (; rb !== NULL; rb = rb_next(rb)) {
		const node = container_of<interval_tree_node>(rb, "rb");
		const sub = container_of<mmu_interval_notifier>(
			node, "interval_tree");
		if (CONFIG_MMU_MIRROR && sub.ops === mirror_interval_ops) {
			const m = container_of<mmu_mirror>(sub, "interval");
			validate_mirror(m, problems);
		}
		n++;
	}
	return n;
}

/** What it translates is mapped there, and may be written to if it writes. */
function validate_mirror(m: mmu_mirror, problems: string[]): void {
	const mm: mm_struct = m.mm;
	const hex = (x: number) => x.toString(16);

	if (spin_is_locked(m.lock)) problems.push("mirror: its lock is held");
	for (let addr = m.start; addr < m.end; addr += PAGE_SIZE) {
		const { pfn, write } = mirror_translation(m, addr);
		if (pfn < 0) continue;
		const where = `mirror: ${hex(addr)} to pfn ${hex(pfn)}`;
		const pte = mmu_lookup(mm.pgd, addr);
		if (!pte_present(pte))
			problems.push(`${where}: not mapped`);
		else if (pte_pfn(pte) !== pfn)
			problems.push(
				`${where}: mapped is pfn ${hex(pte_pfn(pte))}`);
		else if (write && !pte_write(pte))
			problems.push(
				`${where}: for writing, mapped read-only`);
	}
}
