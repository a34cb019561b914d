// SPDX-License-Identifier: GPL-2.0-only
/**
 * The part of debug_validate.ts that is about anonymous reverse mappings: that
 * each chain is in the interval tree of its anon_vma and nothing else is, and
 * that anon_vmas are counted as often as they are used. Mirrors no file of the
 * kernel.
 */
import { atomic_read } from "linux/atomic.ts";
import type { anon_vma, anon_vma_chain, vm_area_struct } from "linux/mm_types.ts";
import { rb_first, rb_next } from "linux/rbtree.ts";
import { rwsem_is_locked } from "linux/rwsem.ts";
import type { list_head } from "linux/types.ts";
import { validate_anon_vma_tree } from "mm/debug_validate_acct.ts";

interface anon_vma_use {
	/** Chains of vmas that lead to it. */
	chains: number;
	/** Vmas whose new pages get it. */
	vmas: number;
}
/** By address, of all address spaces. */
export type rmap_census = Map<number, anon_vma_use>;

/** Is the anon_vma at an address one of those that vma is linked with? */
export function vma_has_anon_vma(vma: vm_area_struct, address: number): boolean {
	const head = vma.anon_vma_chain;
	for (let pos: list_head = head.next; pos !== head; pos = pos.next) {
		const avc = container_of<anon_vma_chain>(pos, "same_vma");
		if (uptr(avc.anon_vma) === address) return true;
	}
	return false;
}

function use_of(c: rmap_census, address: number): anon_vma_use {
	let use = c.get(address);
	if (use === undefined) {
		use = { chains: 0, vmas: 0 };
		c.set(address, use);
	}
	return use;
}

export function count_anon_vmas(c: rmap_census, vma: vm_area_struct, problems: string[]): void {
	const where = `vma ${vma.vm_start.toString(16)}`;
	const head = vma.anon_vma_chain;
	for (let pos: list_head = head.next; pos !== head; pos = pos.next) {
		const avc = container_of<anon_vma_chain>(pos, "same_vma");
		if (avc.vma !== vma) problems.push(`${where}: has a chain of another vma`);
		use_of(c, uptr(avc.anon_vma)).chains++;
	}
	if (vma.anon_vma === NULL) return;
	const own = uptr(vma.anon_vma);
	if (!vma_has_anon_vma(vma, own)) problems.push(`${where}: is not linked with its anon_vma`);
	use_of(c, own).vmas++;
}

export function validate_anon_vmas(c: rmap_census, problems: string[]): void {
	const children = new Map<number, number>();
	const descendants = new Map<number, number>();
	const count = (map: Map<number, number>, key: number) => map.set(key, (map.get(key) ?? 0) + 1);
	for (const address of c.keys()) {
		const av = cast<anon_vma>(address);
		/* A root is its own parent, and its own root. */
		count(children, uptr(av.parent));
		count(descendants, uptr(av.root));
	}
	for (const [address, use] of c) {
		const av = cast<anon_vma>(address);
		const where = `anon_vma ${address.toString(16)}`;
		let chains = 0;
		for (let rb = rb_first(av.rb_root.rb_root); rb !== NULL; rb = rb_next(rb)) {
			const avc = container_of<anon_vma_chain>(rb, "rb");
			if (avc.anon_vma !== av) problems.push(`${where}: has a chain of another anon_vma`);
			chains++;
		}
		validate_anon_vma_tree(av.rb_root, where, problems);
		if (chains !== use.chains) problems.push(`${where}: ${chains} chains in the tree, ${use.chains} in vmas`);
		const expected = children.get(address) ?? 0;
		if (av.num_children !== expected) problems.push(`${where}: ${av.num_children} children, expected ${expected}`);
		if (av.num_active_vmas !== use.vmas)
			problems.push(`${where}: ${av.num_active_vmas} active vmas, expected ${use.vmas}`);
		const references = av.root === av ? (descendants.get(address) ?? 0) : 1;
		const refcount = atomic_read(av.refcount);
		if (refcount !== references) problems.push(`${where}: refcount ${refcount}, expected ${references}`);
		if (rwsem_is_locked(av.root.rwsem)) problems.push(`${where}: is locked`);
	}
}
