// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/mempolicy.h and include/uapi/linux/mempolicy.h (5.17):
 * what a policy is, and its references.
 * Left out: policies of shared objects (struct shared_policy, sp_node), cpusets
 * and with them rebinding. Without CONFIG_NUMA there are none, and all are
 * equal.
 */
import { CONFIG_NUMA } from "generated/autoconf.ts";
import type { vm_area_struct } from "linux/mm_types.ts";
import type { atomic_t } from "linux/types.ts";
import { __mpol_dup, __mpol_equal, __mpol_put } from "mm/mempolicy.ts";

/* What C declares here with `extern`. */
export {
	alloc_pages_vma, mpol_put_task_policy, vma_dup_policy,
} from "mm/mempolicy.ts";

/* Modes, for set_mempolicy() and mbind(). */
export const MPOL_DEFAULT = 0;
export const MPOL_PREFERRED = 1;
export const MPOL_BIND = 2;
export const MPOL_INTERLEAVE = 3;
export const MPOL_LOCAL = 4;
export const MPOL_PREFERRED_MANY = 5;
export const MPOL_WEIGHTED_INTERLEAVE = 6; /* 6.9 */

/* … with what is or-ed to them. */
export const MPOL_F_STATIC_NODES = 1 << 15;
export const MPOL_F_RELATIVE_NODES = 1 << 14;
export const MPOL_F_NUMA_BALANCING = 1 << 13;
export const MPOL_MODE_FLAGS =
	MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | MPOL_F_NUMA_BALANCING;

/* For get_mempolicy(). */
export const MPOL_F_NODE = 1 << 0;
export const MPOL_F_ADDR = 1 << 1;
export const MPOL_F_MEMS_ALLOWED = 1 << 2;

/* For mbind(). */
export const MPOL_MF_STRICT = 1 << 0;
export const MPOL_MF_MOVE = 1 << 1;
export const MPOL_MF_MOVE_ALL = 1 << 2;
export const MPOL_MF_INTERNAL = 1 << 4;
export const MPOL_MF_VALID = MPOL_MF_STRICT | MPOL_MF_MOVE | MPOL_MF_MOVE_ALL;

/* Of the kernel, in the same word as MPOL_MODE_FLAGS. */
export const MPOL_F_MOF = 1 << 3; /* pages move where they are used */
export const MPOL_F_MORON = 1 << 4; /* … as NUMA hints tell */

/** Of a task or of a vma; nobody changes one that others can find. */
export interface mempolicy extends struct {
	refcnt: embed<atomic_t>; /* atomic */
	mode: int; /* MPOL_*; constant */
	flags: int; /* MPOL_F_*; constant */
	nodes: u32; /* constant */
	/** for MPOL_BIND and MPOL_PREFERRED_MANY; constant once a vma has it */
	home_node: int;
	/** the user's nodes, if the flags ask for them; constant */
	user_nodemask: u32;
}

export function mpol_put(pol: mempolicy): void {
	if (CONFIG_NUMA) {
		if (pol !== NULL)
			__mpol_put(pol);
	}
}

/** A policy of its own, NULL for NULL; or an error pointer. */
export function mpol_dup(pol: mempolicy): mempolicy {
	if (CONFIG_NUMA) {
		if (pol !== NULL)
			return __mpol_dup(pol);
	}
	return NULL;
}

/** mmap_lock is held. */
export function vma_policy(vma: vm_area_struct): mempolicy {
	if (CONFIG_NUMA)
		return vma.vm_policy;
	return NULL;
}

export function mpol_equal(a: mempolicy, b: mempolicy): boolean {
	if (CONFIG_NUMA) {
		if (a === b)
			return true;
		return __mpol_equal(a, b);
	}
	return true;
}
