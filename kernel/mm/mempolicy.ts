// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors mm/mempolicy.c (5.17): policies that say from which nodes memory is
 * taken, of tasks (set_mempolicy()) and of ranges (mbind()); and NUMA hints,
 * which mark ptes so that the next access tells who uses the page.
 * Left out: migration of pages and of processes, policies of shared objects
 * (a mapping of one has a policy, which its other mappings do not see), huge
 * pages, cpusets and rebinding, mpol_misplaced(), policies as text,
 * capabilities (everybody has CAP_SYS_NICE).
 *
 * Port: all memory is node 0's, so a policy decides nothing but which vmas can
 * be merged and what is answered. How many nodes a program sees is a setting of
 * its mm, see linux/version.ts. Pages that should be elsewhere are as good as
 * moved. Hints are there without policies, too (CONFIG_NUMA_BALANCING).
 */
import { CONFIG_NUMA, CONFIG_NUMA_BALANCING } from "generated/autoconf.ts";
import { PAGE_ALIGN, PAGE_ALIGNED } from "asm-generic/page.ts";
import { pte_present } from "asm/pgtable.ts";
import { PAGE_NONE, PAGE_SIZE, type pmd_t } from "asm/pgtable_types.ts";
import {
	clear_user, copy_from_user, copy_to_user, put_user,
} from "asm/uaccess.ts";
import { current } from "kernel/sched/core.ts";
import { atomic_dec_and_test, atomic_set } from "linux/atomic.ts";
import { VM_BUG_ON, VM_BUG_ON_VMA } from "linux/bug.ts";
import { ERR_PTR, IS_ERR, PTR_ERR } from "linux/err.ts";
import {
	EFAULT, EINVAL, EIO, ENOENT, ENOMEM, ENOSYS, EOPNOTSUPP,
} from "linux/errno.ts";
import { __alloc_pages, GFP_KERNEL } from "linux/gfp.ts";
import { cond_resched } from "linux/kernel.ts";
import {
	type mempolicy, MPOL_BIND, MPOL_DEFAULT, mpol_dup, mpol_equal,
	MPOL_F_ADDR, MPOL_F_MEMS_ALLOWED, MPOL_F_MOF, MPOL_F_MORON, MPOL_F_NODE,
	MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES,
	MPOL_INTERLEAVE, MPOL_LOCAL, MPOL_MF_INTERNAL, MPOL_MF_MOVE,
	MPOL_MF_MOVE_ALL, MPOL_MF_STRICT, MPOL_MF_VALID, MPOL_MODE_FLAGS,
	MPOL_PREFERRED, MPOL_PREFERRED_MANY, mpol_put, MPOL_WEIGHTED_INTERLEAVE,
	vma_policy,
} from "linux/mempolicy.ts";
import {
	find_vma, MM_CP_PROT_NUMA, pte_lockptr, pte_offset_map_lock,
	pte_unmap_unlock, VM_IO, VM_PFNMAP, vma_lookup,
} from "linux/mm.ts";
import type { mm_struct, page, vm_area_struct } from "linux/mm_types.ts";
import {
	mmap_assert_write_locked, mmap_read_lock, mmap_read_unlock,
	mmap_write_lock, mmap_write_unlock,
} from "linux/mmap_lock.ts";
import {
	first_node, MAX_NUMNODES, next_node, next_node_in, node_isset,
	node_memory_map, type nodemask_t, nodes_empty, nodes_fold, nodes_onto,
	NODES_PER_WORD, nodes_weight, NUMA_NO_NODE,
} from "linux/nodemask.ts";
import { ulong_add_overflows } from "linux/overflow.ts";
import { PageReserved } from "linux/page-flags.ts";
import { pmd_trans_unstable } from "linux/pgtable.ts";
import type { task_struct } from "linux/sched.ts";
import { task_lock, task_unlock } from "linux/sched/task.ts";
import {
	kmem_cache_alloc, type kmem_cache, kmem_cache_create, kmem_cache_free,
	SLAB_PANIC,
} from "linux/slab.ts";
import { mm_since } from "linux/version.ts";
import { count_vm_events } from "linux/vm_event.ts";
import { NUMA_PTE_UPDATES } from "linux/vm_event_item.ts";
import { anon_vma_name } from "mm/madvise.ts";
import { vm_normal_page } from "mm/memory.ts";
import { split_vma, vma_merge } from "mm/mmap.ts";
import { change_protection } from "mm/mprotect.ts";
import { type mm_walk, walk_page_range } from "mm/pagewalk.ts";

/* Of the kernel. */
const MPOL_MF_DISCONTIG_OK = MPOL_MF_INTERNAL << 0; /* holes may be there */
const MPOL_MF_INVERT = MPOL_MF_INTERNAL << 1; /* pages that are elsewhere */

const BITS_PER_LONG = 64;
const LONG_BYTES = 8;

interface mempolicy_data extends struct {
	policy_cache: kmem_cache; /* constant after boot */
	default_policy: embed<mempolicy>; /* constant after boot */
}
const data = DEFINE<mempolicy_data>();

/** A long of the user's. All fields: current only. */
interface long_buffer extends struct {
	w: array<u32, 2>;
}

/** What goes for p where no vma says otherwise: p is current. Port: without
 *  preferred_node_policy, for one node is as good as the nearest. */
function get_task_policy(p: task_struct): mempolicy {
	const pol: mempolicy = p.mempolicy;

	return pol !== NULL ? pol : data.default_policy;
}

function mpol_store_user_nodemask(pol: mempolicy): boolean {
	return (pol.flags & MPOL_MODE_FLAGS) !== 0;
}

/** Numbers that count from the first node there is. */
function mpol_relative_nodemask(orig: nodemask_t, rel: nodemask_t): nodemask_t {
	return nodes_onto(nodes_fold(orig, nodes_weight(rel)), rel);
}

function mpol_new_nodemask(pol: mempolicy, nodes: nodemask_t): number {
	if (nodes_empty(nodes))
		return -EINVAL;
	pol.nodes = nodes;
	return 0;
}

function mpol_new_preferred(pol: mempolicy, nodes: nodemask_t): number {
	if (nodes_empty(nodes))
		return -EINVAL;
	pol.nodes = (1 << first_node(nodes)) >>> 0;
	return 0;
}

/**
 * Of the user's nodes those that there are become the policy's, which nobody
 * else knows yet. mm's number of nodes does not change meanwhile.
 * Port: without task_lock() or mmap_lock, which keep the nodes of a cpuset.
 */
function mpol_set_nodemask(
	mm: mm_struct, pol: mempolicy, nodes: nodemask_t,
): number {
	/* No policy, and the local node's, are not about any set. */
	if (pol === NULL || pol.mode === MPOL_LOCAL)
		return 0;

	const there = node_memory_map(mm);
	const mask = (pol.flags & MPOL_F_RELATIVE_NODES) !== 0
		? mpol_relative_nodemask(nodes, there)
		: (nodes & there) >>> 0;

	if (mpol_store_user_nodemask(pol))
		pol.user_nodemask = nodes;
	return pol.mode === MPOL_PREFERRED
		? mpol_new_preferred(pol, mask)
		: mpol_new_nodemask(pol, mask);
}

/** One reference to a policy without nodes yet: mpol_set_nodemask() is next.
 *  NULL for MPOL_DEFAULT, or an error pointer. */
function mpol_new(mode: number, flags: number, nodes: nodemask_t): mempolicy {
	const set_flags = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;

	if (mode === MPOL_DEFAULT) {
		if (!nodes_empty(nodes))
			return ERR_PTR(-EINVAL);
		return NULL;
	}
	/* To prefer no node is to prefer the nearest one. */
	if (mode === MPOL_PREFERRED) {
		if (nodes_empty(nodes)) {
			if ((flags & set_flags) !== 0)
				return ERR_PTR(-EINVAL);
			mode = MPOL_LOCAL;
		}
	} else if (mode === MPOL_LOCAL) {
		if (!nodes_empty(nodes) || (flags & set_flags) !== 0)
			return ERR_PTR(-EINVAL);
	} else if (nodes_empty(nodes)) {
		return ERR_PTR(-EINVAL);
	}

	const policy: mempolicy = kmem_cache_alloc<mempolicy>(data.policy_cache,
		GFP_KERNEL);

	if (policy === NULL)
		return ERR_PTR(-ENOMEM);
	atomic_set(policy.refcnt, 1);
	policy.mode = mode;
	policy.flags = flags;
	policy.nodes = 0;
	policy.home_node = NUMA_NO_NODE;
	policy.user_nodemask = 0;
	return policy;
}

/** One reference less. The last one frees it at once: a speculative fault,
 *  which holds none, leaves vmas that have a policy alone. */
export function __mpol_put(p: mempolicy): void {
	if (!atomic_dec_and_test(p.refcnt))
		return;
	kmem_cache_free(data.policy_cache, p);
}

/** Port: whatever is asked to be moved is as good as moved. */
function migrate_page_add(_page: page, _flags: number): number {
	return 0;
}

/** What a walk looks for, and has found. */
interface queue_pages {
	flags: number;
	nmask: nodemask_t;
	start: number;
	end: number;
	first: vm_area_struct;
}

/** Is the page on a node of the set (MPOL_MF_INVERT: on another one)? */
function queue_pages_required(_page: page, qp: queue_pages): boolean {
	const nid = 0; /* page_to_nid() */

	return node_isset(nid, qp.nmask) ===
		((qp.flags & MPOL_MF_INVERT) === 0);
}

/**
 * The pages of one table. 0: all are where they should be, or are moved;
 * 1: some cannot be, and were to be; -EIO: some are not, and nothing else was
 * asked.
 */
function queue_pages_pte_range(
	pmd: pmd_t, addr: number, end: number, walk: mm_walk<queue_pages>,
): number {
	const vma = walk.vma;
	const qp = walk.private;
	const flags = qp.flags;
	let has_unmovable = false;

	if (pmd_trans_unstable(pmd))
		return 0;

	let pte = pte_offset_map_lock(walk.mm, pmd, addr);
	const ptl = pte_lockptr(walk.mm, pmd);

	for (; addr !== end; pte = ptr_add(pte, 1), addr += PAGE_SIZE) {
		const ptent = READ_ONCE(pte.pte);

		if (!pte_present(ptent))
			continue;
		const page = vm_normal_page(vma, addr, ptent);

		/* Not the page of zeroes, nor a vDSO's. */
		if (page === NULL || PageReserved(page))
			continue;
		if (!queue_pages_required(page, qp))
			continue;
		if ((flags & (MPOL_MF_MOVE | MPOL_MF_MOVE_ALL)) === 0)
			break;
		/* With MPOL_MF_STRICT, or the walk had passed by. */
		if (!vma_migratable(vma)) {
			has_unmovable = true;
			break;
		}
		/* The others are moved all the same. */
		if (migrate_page_add(page, flags))
			has_unmovable = true;
	}
	pte_unmap_unlock(pte, ptl);
	cond_resched();

	if (has_unmovable)
		return 1;
	return addr !== end ? -EIO : 0;
}

/** Make the present ptes of a range hints. mmap_lock is held, for reading is
 *  enough: a concurrent fault is ordered by the page-table lock. */
export function change_prot_numa(
	vma: vm_area_struct, addr: number, end: number,
): number {
	if (CONFIG_NUMA_BALANCING) {
		const nr_updated = change_protection(vma, addr, end, PAGE_NONE,
			MM_CP_PROT_NUMA);

		if (nr_updated !== 0)
			count_vm_events(NUMA_PTE_UPDATES, nr_updated);
		return nr_updated;
	}
	return 0;
}

/** Are vma's pages looked at? 0: yes; 1: no; -EFAULT: there is a hole in front
 *  of it or behind. Port: MPOL_MF_LAZY is not there for users. */
function queue_pages_test_walk(
	vma: vm_area_struct, start: number, end: number, qp: queue_pages,
): number {
	const next: vm_area_struct = vma.vm_next;
	const flags = qp.flags;

	VM_BUG_ON_VMA(start < vma.vm_start || end > vma.vm_end, vma,
		"queue_pages_test_walk: range");
	if (qp.first === NULL) {
		qp.first = vma;
		if ((flags & MPOL_MF_DISCONTIG_OK) === 0 &&
		    qp.start < vma.vm_start)
			return -EFAULT;
	}
	if ((flags & MPOL_MF_DISCONTIG_OK) === 0 && vma.vm_end < qp.end &&
	    (next === NULL || vma.vm_end < next.vm_start))
		return -EFAULT;

	/* Who is strict hears of pages that cannot be moved, too. */
	if (!vma_migratable(vma) && (flags & MPOL_MF_STRICT) === 0)
		return 1;
	return (flags & MPOL_MF_VALID) !== 0 ? 0 : 1;
}

/**
 * Look for pages that are not on `nodes`, as `flags` say. 0: fine; 1: some
 * cannot be moved, and all were to be; -EIO: some are elsewhere; -EFAULT:
 * there is nothing, or there are holes. mmap_lock is held for writing.
 * Port: the walk over several vmas is walk_page_range()'s in the kernel.
 */
function queue_pages_range(
	mm: mm_struct, start: number, end: number, nodes: nodemask_t,
	flags: number,
): number {
	const qp: queue_pages = {
		flags, nmask: nodes, start, end, first: NULL,
	};
	let err = 0;

	for (let vma = find_vma(mm, start); vma !== NULL && vma.vm_start < end;
	     vma = vma.vm_next) {
		const from = Math.max(start, vma.vm_start);
		const to = Math.min(end, vma.vm_end);

		err = queue_pages_test_walk(vma, from, to, qp);
		if (err > 0) {
			err = 0;
			continue;
		}
		if (err === 0)
			err = walk_page_range(vma, from, to,
				queue_pages_pte_range, qp);
		if (err !== 0)
			break;
	}
	return qp.first === NULL ? -EFAULT : err;
}

/** vma gets a policy like pol, of its own. mmap_lock is held for writing.
 *  Port: no vm_operations_struct has a set_policy(). */
function vma_replace_policy(vma: vm_area_struct, pol: mempolicy): number {
	const new_ = mpol_dup(pol);

	if (IS_ERR(new_))
		return PTR_ERR(new_);

	const old = vma_policy(vma);

	vma.vm_policy = new_;
	mpol_put(old);
	return 0;
}

/** All that is mapped in [start, end) gets a policy like new_pol, by merging
 *  or by splitting it off. mmap_lock is held for writing. */
function mbind_range(
	mm: mm_struct, start: number, end: number, new_pol: mempolicy,
): number {
	let vma = find_vma(mm, start);

	mmap_assert_write_locked(mm);
	VM_BUG_ON(vma === NULL, "mbind_range: nothing");

	let prev: vm_area_struct = start > vma.vm_start ? vma : vma.vm_prev;
	let next: vm_area_struct;

	for (; vma !== NULL && vma.vm_start < end; prev = vma, vma = next) {
		const vmstart = Math.max(start, vma.vm_start);
		const vmend = Math.min(end, vma.vm_end);

		next = vma.vm_next;
		if (mpol_equal(vma_policy(vma), new_pol))
			continue;

		const pgoff = vma.vm_pgoff +
			(vmstart - vma.vm_start) / PAGE_SIZE;
		const merged = vma_merge(mm, prev, vmstart, vmend, vma.vm_flags,
			vma.anon_vma, vma.vm_file, pgoff, new_pol,
			anon_vma_name(vma));

		if (merged !== NULL) {
			vma = merged;
			next = vma.vm_next;
			/* In case 8 of vma_merge() it is another one. */
			if (mpol_equal(vma_policy(vma), new_pol))
				continue;
		} else {
			let err = 0;

			if (vma.vm_start !== vmstart)
				err = split_vma(mm, vma, vmstart, true);
			if (err === 0 && vma.vm_end !== vmend)
				err = split_vma(mm, vma, vmend, false);
			if (err)
				return err;
		}

		const err = vma_replace_policy(vma, new_pol);

		if (err)
			return err;
	}
	return 0;
}

/** The task's own policy becomes another one. */
function do_set_mempolicy(
	mode: number, flags: number, nodes: nodemask_t,
): number {
	const tsk = current();
	const new_ = mpol_new(mode, flags, nodes);

	if (IS_ERR(new_))
		return PTR_ERR(new_);

	const ret = mpol_set_nodemask(tsk.mm, new_, nodes);

	if (ret) {
		mpol_put(new_);
		return ret;
	}
	task_lock(tsk);
	const old: mempolicy = tsk.mempolicy;

	tsk.mempolicy = new_;
	/* The first round of an interleaving begins with the first node. */
	if (new_ !== NULL && is_interleave(new_.mode))
		tsk.il_prev = MAX_NUMNODES - 1;
	task_unlock(tsk);
	mpol_put(old);
	return 0;
}

/** Port: weights are there since 6.9, and of one node they are all the same. */
function is_interleave(mode: number): boolean {
	return mode === MPOL_INTERLEAVE || mode === MPOL_WEIGHTED_INTERLEAVE;
}

/** The nodes that get_mempolicy() shows. */
function get_policy_nodemask(p: mempolicy): nodemask_t {
	if (p === data.default_policy || p.mode === MPOL_LOCAL)
		return 0;
	return p.nodes;
}

/** On which node is addr's page, which is read for that? Port: a user's
 *  access in kind, in place of get_user_pages_locked(). */
function lookup_node(addr: number): number {
	const buf = STACK<long_buffer>();

	return copy_from_user(ADDR(buf.w), addr, 1) !== 0 ? -EFAULT : 0;
}

/** Result of do_get_mempolicy(). */
interface policy_info {
	policy: number;
	nodes: nodemask_t;
}

function do_get_mempolicy(
	info: policy_info, addr: number, flags: number,
): number {
	const tsk = current();
	const mm: mm_struct = tsk.mm;
	let pol: mempolicy = tsk.mempolicy;

	if ((flags & ~(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED)) !== 0)
		return -EINVAL;
	if ((flags & MPOL_F_MEMS_ALLOWED) !== 0) {
		if ((flags & (MPOL_F_NODE | MPOL_F_ADDR)) !== 0)
			return -EINVAL;
		info.nodes = node_memory_map(mm);
		return 0;
	}
	let vma: vm_area_struct = NULL;

	if ((flags & MPOL_F_ADDR) !== 0) {
		/* Of the vma, not the task's that takes its place. */
		mmap_read_lock(mm);
		vma = vma_lookup(mm, addr);
		if (vma === NULL) {
			mmap_read_unlock(mm);
			return -EFAULT;
		}
		pol = vma_policy(vma);
	} else if (addr !== 0) {
		return -EINVAL;
	}

	const err = get_policy_info(info, pol, flags);

	if (vma !== NULL)
		mmap_read_unlock(mm);
	if ((flags & MPOL_F_NODE) === 0 || vma === NULL)
		return err;

	/* Without the lock, as the page may have to be faulted in. */
	info.policy = lookup_node(addr);
	return Math.min(info.policy, 0);
}

/** What there is to say of pol, a vma's or the task's: mmap_lock is held, or it
 *  is ours. */
function get_policy_info(
	info: policy_info, pol: mempolicy, flags: number,
): number {
	if (pol !== NULL)
		info.nodes = mpol_store_user_nodemask(pol)
			? pol.user_nodemask
			: get_policy_nodemask(pol);
	if ((flags & MPOL_F_NODE) === 0) {
		info.policy = MPOL_DEFAULT;
		if (pol !== NULL)
			info.policy = pol.mode | (pol.flags & MPOL_MODE_FLAGS);
		return 0;
	}
	if ((flags & MPOL_F_ADDR) !== 0)
		return 0;
	if (pol === NULL || !is_interleave(pol.mode))
		return -EINVAL;
	info.policy = next_node_in(current().il_prev, pol.nodes);
	return 0;
}

/**
 * A policy for [start, start + len), rounded up to whole pages; holes there may
 * be for MPOL_DEFAULT only. Takes mmap_lock for writing.
 * Port: without lru_cache_disable(), as nothing is isolated.
 */
function do_mbind(
	start: number, len: number, mode: number, mode_flags: number,
	nmask: nodemask_t, flags: number,
): number {
	const mm: mm_struct = current().mm;

	if ((flags & ~MPOL_MF_VALID) !== 0 || !PAGE_ALIGNED(start))
		return -EINVAL;
	if (mode === MPOL_DEFAULT)
		flags &= ~MPOL_MF_STRICT;

	len = whole_pages(len);
	if (ulong_add_overflows(start, len))
		return -EINVAL;
	const end = start + len;

	if (end === start)
		return 0;

	const new_ = mpol_new(mode, mode_flags, nmask);

	if (IS_ERR(new_))
		return PTR_ERR(new_);
	/* The default may be set for holes, too. */
	if (new_ === NULL)
		flags |= MPOL_MF_DISCONTIG_OK;

	mmap_write_lock(mm);
	let err = mpol_set_nodemask(mm, new_, nmask);

	if (err === 0) {
		const ret = queue_pages_range(mm, start, end, nmask,
			flags | MPOL_MF_INVERT);

		err = ret < 0 ? ret : mbind_range(mm, start, end, new_);
		if (err === 0 && ret > 0)
			err = -EIO;
	}
	mmap_write_unlock(mm);
	mpol_put(new_);
	return err;
}

/** PAGE_ALIGN() of a length: what wraps is 0, as in a 64-bit register. */
function whole_pages(len: number): number {
	return ulong_add_overflows(len, PAGE_SIZE - 1) ? 0 : PAGE_ALIGN(len);
}

/* ---- sets of nodes as bitmaps in user memory ---- */

/** Long `n` of the bitmap at nmask into buf; 0 or -EFAULT. */
function get_long(buf: long_buffer, nmask: number, n: number): number {
	const from = nmask + n * LONG_BYTES;

	return copy_from_user(ADDR(buf.w), from, LONG_BYTES) !== 0
		? -EFAULT
		: 0;
}

/** The nodes of a bitmap of maxnode - 1 bits; 0, or an errno. Port: those that
 *  no machine has here are forgotten. */
function get_nodes(
	info: policy_info, nmask: number, maxnode: number,
): number {
	const buf = STACK<long_buffer>();

	info.nodes = 0;
	if (maxnode === 1 || nmask === 0)
		return 0;
	/* An unsigned long: one less than 0 is the most there can be. */
	if (maxnode === 0 || --maxnode > PAGE_SIZE * 8)
		return -EINVAL;

	/* More than the kernel knows have to be zeroes: long by long, from the
	 * end, and whole ones. */
	while (maxnode > MAX_NUMNODES) {
		if (get_long(buf, nmask, Math.floor(maxnode / BITS_PER_LONG)))
			return -EFAULT;
		maxnode = Math.max(maxnode - Math.min(maxnode, BITS_PER_LONG),
			MAX_NUMNODES);
		if (buf.w[0] !== 0 || buf.w[1] !== 0)
			return -EINVAL;
	}
	for (let n = Math.ceil(maxnode / BITS_PER_LONG) - 1; n >= 0; n--) {
		if (get_long(buf, nmask, n))
			return -EFAULT;
	}
	/* The word at the beginning is the last one that was read. */
	info.nodes = maxnode >= NODES_PER_WORD
		? buf.w[0]
		: (buf.w[0] & ((1 << maxnode) - 1)) >>> 0;
	return 0;
}

/** All that fits into maxnode - 1 bits, the rest zeroes. */
function copy_nodes_to_user(
	mm: mm_struct, mask: number, maxnode: number, nodes: nodemask_t,
): number {
	const buf = STACK<long_buffer>();
	const nbytes = Math.ceil(nr_node_ids(mm) / BITS_PER_LONG) * LONG_BYTES;
	let copy = Math.ceil((maxnode - 1) / BITS_PER_LONG) * LONG_BYTES;

	if (copy > nbytes) {
		if (copy > PAGE_SIZE)
			return -EINVAL;
		if (clear_user(mask + nbytes, copy - nbytes) !== 0)
			return -EFAULT;
		copy = nbytes;
	}
	buf.w[0] = nodes;
	buf.w[1] = 0;
	return copy_to_user(mask, ADDR(buf.w), copy) !== 0 ? -EFAULT : 0;
}

/** The highest number of a node, plus 1. */
function nr_node_ids(mm: mm_struct): number {
	return nodes_weight(node_memory_map(mm));
}

/** A mode and its flags, apart. Port: or an errno; the internal flags that go
 *  with it are added by who makes the policy. */
function sanitize_mpol_flags(mm: mm_struct, mode: number): number {
	const flags = mode & MPOL_MODE_FLAGS;
	const set = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;
	/* Port: MPOL_MAX is later kernels' own. */
	const max = mm_since(mm, 6, 9)
		? MPOL_WEIGHTED_INTERLEAVE
		: MPOL_PREFERRED_MANY;

	mode &= ~MPOL_MODE_FLAGS;
	if (mode < 0 || mode > max)
		return -EINVAL;
	if ((flags & set) === set)
		return -EINVAL;
	if ((flags & MPOL_F_NUMA_BALANCING) !== 0 && mode !== MPOL_BIND &&
	    !(mode === MPOL_PREFERRED_MANY && mm_since(mm, 6, 10)))
		return -EINVAL;
	return 0;
}

/** The flags of a policy, of a mode that was found to be fine. */
function mpol_flags_of(mode: number): number {
	const flags = mode & MPOL_MODE_FLAGS;

	return (flags & MPOL_F_NUMA_BALANCING) !== 0
		? flags | MPOL_F_MOF | MPOL_F_MORON
		: flags;
}

/* ---- system calls ---- */

/** Whose pages of [start, start + len) are to be on which nodes. Takes
 *  mmap_lock for writing. */
export function sys_mbind(
	start: number, len: number, mode: number, nmask: number,
	maxnode: number, flags: number,
): number {
	if (CONFIG_NUMA) {
		const info: policy_info = { policy: 0, nodes: 0 };
		const err = sanitize_mpol_flags(current().mm, mode) ||
			get_nodes(info, nmask, maxnode);

		return err || do_mbind(start, len, mode & ~MPOL_MODE_FLAGS,
			mpol_flags_of(mode), info.nodes, flags);
	}
	return -ENOSYS;
}

/** Where policies of the range allow several nodes, the first to be asked.
 *  Takes mmap_lock for writing. */
export function sys_set_mempolicy_home_node(
	start: number, len: number, home_node: number, flags: number,
): number {
	if (!CONFIG_NUMA)
		return -ENOSYS;

	const mm: mm_struct = current().mm;
	let err = -ENOENT;

	if (!PAGE_ALIGNED(start) || flags !== 0)
		return -EINVAL;
	if (!node_isset(home_node, node_memory_map(mm)))
		return -EINVAL;
	len = whole_pages(len);
	if (ulong_add_overflows(start, len))
		return -EINVAL;
	const end = start + len;

	if (end === start)
		return 0;

	mmap_write_lock(mm);
	for (let vma = find_vma(mm, start); vma !== NULL && vma.vm_start < end;
	     vma = vma.vm_next) {
		const vmstart = Math.max(start, vma.vm_start);
		const vmend = Math.min(end, vma.vm_end);
		const new_ = mpol_dup(vma_policy(vma));

		if (IS_ERR(new_)) {
			err = PTR_ERR(new_);
			break;
		}
		/* Who has no policy goes on without. */
		if (new_ === NULL)
			continue;
		/* What was set up to here stays. Port: in the kernel the copy
		 * is lost. */
		if (new_.mode !== MPOL_BIND &&
		    new_.mode !== MPOL_PREFERRED_MANY) {
			mpol_put(new_);
			err = -EOPNOTSUPP;
			break;
		}
		new_.home_node = home_node;
		err = mbind_range(mm, vmstart, vmend, new_);
		mpol_put(new_);
		if (err)
			break;
		/* Port: vma may have been merged away. */
		vma = find_vma(mm, vmstart);
	}
	mmap_write_unlock(mm);
	return err;
}

export function sys_set_mempolicy(
	mode: number, nmask: number, maxnode: number,
): number {
	if (CONFIG_NUMA) {
		const info: policy_info = { policy: 0, nodes: 0 };
		const err = sanitize_mpol_flags(current().mm, mode) ||
			get_nodes(info, nmask, maxnode);

		return err || do_set_mempolicy(mode & ~MPOL_MODE_FLAGS,
			mpol_flags_of(mode), info.nodes);
	}
	return -ENOSYS;
}

/** Where memory comes from: by the task's policy, or for the vma at addr. */
export function sys_get_mempolicy(
	policy: number, nmask: number, maxnode: number, addr: number,
	flags: number,
): number {
	if (CONFIG_NUMA) {
		const info: policy_info = { policy: 0, nodes: 0 };
		const mm: mm_struct = current().mm;

		if (nmask !== 0 && maxnode < nr_node_ids(mm))
			return -EINVAL;

		const err = do_get_mempolicy(info, addr, flags);

		if (err)
			return err;
		if (policy !== 0 && put_user(info.policy, policy))
			return -EFAULT;
		if (nmask !== 0)
			return copy_nodes_to_user(mm, nmask, maxnode,
				info.nodes);
		return 0;
	}
	return -ENOSYS;
}

/** Can its pages be moved to another node? */
function vma_migratable(vma: vm_area_struct): boolean {
	return (vma.vm_flags & (VM_IO | VM_PFNMAP)) === 0;
}

/** vma's policy, else the task's. The caller holds mmap_lock, or vma has none:
 *  a speculative fault has nothing that would keep it. */
function get_vma_policy(vma: vm_area_struct): mempolicy {
	const pol = vma_policy(vma);

	return pol !== NULL ? pol : get_task_policy(current());
}

/** The node to ask first. */
function policy_node(policy: mempolicy, nd: number): number {
	const mode = policy.mode;

	if (mode === MPOL_PREFERRED)
		return first_node(policy.nodes);
	if ((mode === MPOL_BIND || mode === MPOL_PREFERRED_MANY) &&
	    policy.home_node !== NUMA_NO_NODE)
		return policy.home_node;
	return nd;
}

/** Of the policy's nodes the n-th, in a circle. */
function offset_il_node(pol: mempolicy, n: number): number {
	const nodemask = pol.nodes;
	const nnodes = nodes_weight(nodemask);
	let nid = first_node(nodemask);

	if (nnodes === 0)
		return 0;
	for (let i = n % nnodes; i > 0; i--)
		nid = next_node(nid, nodemask);
	return nid;
}

/** The node of a page of an interleaved vma. */
function interleave_nid(
	pol: mempolicy, vma: vm_area_struct, addr: number,
): number {
	return offset_il_node(pol, vma.vm_pgoff +
		Math.floor((addr - vma.vm_start) / PAGE_SIZE));
}

/**
 * A page for addr of vma, from where its policy says; NULL without memory.
 * mmap_lock is held, or vma has no policy. Port: the policy is asked, and all
 * memory is one node's.
 */
export function alloc_pages_vma(
	gfp: number, order: number, vma: vm_area_struct, addr: number,
): page {
	const pol = get_vma_policy(vma);
	const nid = is_interleave(pol.mode)
		? interleave_nid(pol, vma, addr)
		: policy_node(pol, 0);

	VM_BUG_ON(nid >= MAX_NUMNODES, "alloc_pages_vma: no node");
	return __alloc_pages(gfp, order);
}

/** dst, a copy of src that nobody else knows, gets a policy of its own. */
export function vma_dup_policy(
	src: vm_area_struct, dst: vm_area_struct,
): number {
	if (CONFIG_NUMA) {
		const pol = mpol_dup(vma_policy(src));

		if (IS_ERR(pol))
			return PTR_ERR(pol);
		dst.vm_policy = pol;
	}
	return 0;
}

/** A copy of old, with one reference, or an error pointer. The policy does not
 *  change: it is the task's own, or mmap_lock is held. */
export function __mpol_dup(old: mempolicy): mempolicy {
	const new_: mempolicy = kmem_cache_alloc<mempolicy>(data.policy_cache,
		GFP_KERNEL);

	if (new_ === NULL)
		return ERR_PTR(-ENOMEM);
	struct_copy(new_, old);
	atomic_set(new_.refcnt, 1);
	return new_;
}

/** Are two policies, that are not one, the same in all that they say? */
export function __mpol_equal(a: mempolicy, b: mempolicy): boolean {
	if (a === NULL || b === NULL)
		return false;
	if (a.mode !== b.mode || a.flags !== b.flags ||
	    a.home_node !== b.home_node)
		return false;
	if (mpol_store_user_nodemask(a) && a.user_nodemask !== b.user_nodemask)
		return false;
	return a.mode === MPOL_LOCAL || a.nodes === b.nodes;
}

/** At boot, before there is a vma. */
export function numa_policy_init(): void {
	if (CONFIG_NUMA) {
		const pol: mempolicy = data.default_policy;

		data.policy_cache = kmem_cache_create("numa_policy",
			sizeof<mempolicy>(), 0, SLAB_PANIC);
		/* Never freed. */
		atomic_set(pol.refcnt, 1);
		pol.mode = MPOL_LOCAL;
		pol.home_node = NUMA_NO_NODE;
	}
}

/** The task ends: it allocates no more by its own policy. */
export function mpol_put_task_policy(task: task_struct): void {
	if (CONFIG_NUMA) {
		task_lock(task);
		const pol: mempolicy = task.mempolicy;

		task.mempolicy = NULL;
		task_unlock(task);
		mpol_put(pol);
	}
}
