// SPDX-License-Identifier: GPL-2.0-only
/**
 * The part of debug_validate.ts that is about what vmas are counted in and
 * sorted by: the sizes in the mm, committed memory, references to names, and
 * the interval trees of files. Mirrors no file of the kernel.
 */
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { CONFIG_ANON_VMA_NAME } from "generated/autoconf.ts";
import { atomic_read } from "linux/atomic.ts";
import type { address_space, file } from "linux/fs.ts";
import {
	VM_ACCOUNT, VM_EXEC, VM_LOCKED, VM_NORESERVE, VM_SHARED, VM_SPECIAL,
	VM_STACK, VM_WRITE,
	vma_pages,
} from "linux/mm.ts";
import type {
	anon_vma_chain, anon_vma_name, mm_struct, vm_area_struct,
} from "linux/mm_types.ts";
import { vm_committed_as } from "linux/mman.ts";
import { percpu_counter_sum } from "linux/percpu_counter.ts";
import { rb_first, rb_next } from "linux/rbtree.ts";
import { rwsem_is_locked } from "linux/rwsem.ts";
import type { rb_node, rb_root_cached } from "linux/types.ts";

/** By address, over all address spaces. */
export interface acct_census {
	/** Vmas that have a name. */
	names: Map<number, number>;
	/** Vmas that map a file, by its address_space. */
	files: Map<number, vm_area_struct[]>;
	/** Pages of VM_ACCOUNT vmas. */
	committed: number;
}

export function new_acct_census(): acct_census {
	return { names: new Map(), files: new Map(), committed: 0 };
}

/** total_vm's parts, and what is locked: the sums over the vmas. */
export function validate_accounts(
	c: acct_census, mm: mm_struct, problems: string[],
): void {
	let data = 0;
	let exec = 0;
	let stack = 0;
	let locked = 0;

	for (let vma: vm_area_struct = mm.mmap; vma; vma = vma.vm_next) {
		const flags = vma.vm_flags;
		const pages = vma_pages(vma);
		const at = vma.vm_start.toString(16);

		/* In the order of vm_stat_account(): each is one of them. */
		if ((flags & (VM_EXEC | VM_WRITE | VM_STACK)) === VM_EXEC)
			exec += pages;
		else if ((flags & VM_STACK) === VM_STACK)
			stack += pages;
		else if ((flags & (VM_WRITE | VM_SHARED)) === VM_WRITE)
			data += pages;
		if ((flags & VM_LOCKED) !== 0) {
			locked += pages;
			if ((flags & VM_SPECIAL) !== 0)
				problems.push(`vma ${at}: special and locked`);
		}
		if ((flags & VM_ACCOUNT) !== 0)
			c.committed += pages;
		else if ((flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) === VM_WRITE)
			/* accountable_mapping() */
			problems.push(`vma ${at}: not accounted`);
		count_users(c, vma);
	}
	const compare = (what: string, is: number, found: number) => {
		if (is !== found) problems.push(`${what} ${is}, ${found} pages`);
	};
	compare("data_vm", mm.data_vm, data);
	compare("exec_vm", mm.exec_vm, exec);
	compare("stack_vm", mm.stack_vm, stack);
	compare("locked_vm", mm.locked_vm, locked);
}

function count_users(c: acct_census, vma: vm_area_struct): void {
	const file: file = vma.vm_file;

	if (file !== NULL) {
		const mapping = uptr(file.f_mapping);

		c.files.set(mapping, [...(c.files.get(mapping) ?? []), vma]);
	} else if (CONFIG_ANON_VMA_NAME && vma.anon_name !== NULL) {
		const name = uptr(vma.anon_name);

		c.names.set(name, (c.names.get(name) ?? 0) + 1);
	}
}

/** Once all address spaces are counted. */
export function validate_users_of(c: acct_census, problems: string[]): void {
	const committed = percpu_counter_sum(vm_committed_as);

	if (committed !== c.committed)
		problems.push(`vm_committed_as ${committed}, ${c.committed} pages of vmas`);
	if (CONFIG_ANON_VMA_NAME) {
		for (const [address, vmas] of c.names) {
			const kref = atomic_read(cast<anon_vma_name>(address).kref);

			if (kref !== vmas)
				problems.push(`anon_vma_name ${address.toString(16)}: kref ${kref}, ${vmas} vmas`);
		}
	}
	for (const [address, vmas] of c.files)
		validate_file_tree(cast<address_space>(address), vmas, problems);
}

/** A file's tree has the vmas that map it, and no others. */
function validate_file_tree(
	mapping: address_space, vmas: vm_area_struct[], problems: string[],
): void {
	const where = `address_space ${uptr(mapping).toString(16)}`;
	const shared = vmas.filter((vma) => (vma.vm_flags & VM_SHARED) !== 0).length;
	const writable = atomic_read(mapping.i_mmap_writable);
	const found = validate_interval_tree(mapping.i_mmap, where, problems,
		(rb) => container_of<vm_area_struct>(rb, "shared_rb"),
		(rb) => container_of<vm_area_struct>(rb, "shared_rb").shared_rb_subtree_last);

	for (const vma of vmas) {
		if (!found.includes(vma))
			problems.push(`${where}: vma ${vma.vm_start.toString(16)} is not in its tree`);
	}
	if (found.length !== vmas.length)
		problems.push(`${where}: ${found.length} vmas in its tree, ${vmas.length} map it`);
	if (writable !== shared)
		problems.push(`${where}: i_mmap_writable ${writable}, ${shared} shared mappings`);
	if (rwsem_is_locked(mapping.i_mmap_rwsem)) problems.push(`${where}: is locked`);
}

/** An anon_vma's tree, whose nodes are chains. */
export function validate_anon_vma_tree(
	root: rb_root_cached, where: string, problems: string[],
): void {
	validate_interval_tree(root, where, problems,
		(rb) => container_of<anon_vma_chain>(rb, "rb").vma,
		(rb) => container_of<anon_vma_chain>(rb, "rb").rb_subtree_last);
}

/**
 * Sorted by the first page of each vma, with the last page of each subtree: who
 * changed a vma's bounds without taking it out meanwhile has broken one of the
 * two. Returns the vmas.
 */
function validate_interval_tree(
	root: rb_root_cached, where: string, problems: string[],
	vma_of: (rb: rb_node) => vm_area_struct, subtree_last: (rb: rb_node) => number,
): vm_area_struct[] {
	const vmas: vm_area_struct[] = [];
	const below = (rb: rb_node) => (rb === NULL ? 0 : subtree_last(rb));
	let start = 0;

	for (let rb = rb_first(root.rb_root); rb !== NULL; rb = rb_next(rb)) {
		const vma = vma_of(rb);
		const last = Math.max(vma.vm_pgoff + vma_pages(vma) - 1,
			below(rb.rb_left), below(rb.rb_right));

		if (vma.vm_pgoff < start)
			problems.push(`${where}: vma ${vma.vm_start.toString(16)} is out of order in its tree`);
		if (subtree_last(rb) !== last)
			problems.push(`${where}: subtree of vma ${vma.vm_start.toString(16)} ends at ${last.toString(16)}, its tree says ${subtree_last(rb).toString(16)}`);
		start = vma.vm_pgoff;
		vmas.push(vma);
	}
	if (root.rb_leftmost !== rb_first(root.rb_root))
		problems.push(`${where}: rb_leftmost is wrong`);
	return vmas;
}

/** Of a page table entry that maps a file's page: it is that page. */
export function is_page_of_vma(
	vma: vm_area_struct, addr: number, mapping: number, index: number,
): boolean {
	const file: file = vma.vm_file;

	if (file === NULL)
		return true; /* a special mapping */
	return mapping === uptr(file.f_mapping) &&
		index === vma.vm_pgoff + (addr - vma.vm_start) / PAGE_SIZE;
}
