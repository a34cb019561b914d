// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors lib/fault-inject.c, and of mm/failslab.c and mm/page_alloc.c what
 * asks it. Left out: attributes and their files in debugfs (probability,
 * interval, times, the stack trace filter), fail_usercopy and others.
 * Port: the machine decides. The stepper lets one allocation in an execution
 * fail, and each of them in some execution, as if every one were asked for with
 * /proc/PID/fail-nth. Who may not wait mostly tries again in another way: that
 * may fail with it.
 */
import {
	CONFIG_FAIL_MEMCG, CONFIG_FAIL_PAGE_ALLOC, CONFIG_FAILSLAB,
} from "generated/autoconf.ts";
import { should_fail } from "host/cpu.ts";
import {
	__GFP_NOFAIL, type gfp_t, gfpflags_allow_blocking,
} from "linux/gfp.ts";

/** Should this allocation of a slab object fail? */
export function should_failslab(gfpflags: gfp_t): boolean {
	if (!CONFIG_FAILSLAB || (gfpflags & __GFP_NOFAIL) !== 0)
		return false;
	return should_fail(!gfpflags_allow_blocking(gfpflags));
}

/** Should this charge to a memory cgroup fail? Port: the kernel has no such
 *  attribute; there the limit is what a test sets. */
export function should_fail_charge(gfp_mask: gfp_t): boolean {
	if (!CONFIG_FAIL_MEMCG || (gfp_mask & __GFP_NOFAIL) !== 0)
		return false;
	return should_fail(!gfpflags_allow_blocking(gfp_mask));
}

/** Should this allocation of pages fail? */
export function should_fail_alloc_page(gfp_mask: gfp_t): boolean {
	if (!CONFIG_FAIL_PAGE_ALLOC || (gfp_mask & __GFP_NOFAIL) !== 0)
		return false;
	return should_fail(!gfpflags_allow_blocking(gfp_mask));
}
