// SPDX-License-Identifier: GPL-2.0-only
/**
 * Why a speculative fault was given up: the kernel's counters, in the order of linux/vm_event_item.ts. A trace
 * event's "ip" is the place in it, from 1 on. Also part of the program that replays.
 */
export const REASONS = [
	"SPF_ABORT_ODD",
	"SPF_ABORT_UNMAPPED",
	"SPF_ABORT_NO_SPECULATE",
	"SPF_ABORT_VMA_COPY",
	"SPF_ABORT_ACCESS_ERROR",
	"SPF_ABORT_PUD",
	"SPF_ABORT_PMD",
	"SPF_ABORT_ANON_VMA",
	"SPF_ABORT_PTE_MAP_LOCK_SEQ1",
	"SPF_ABORT_PTE_MAP_LOCK_PMD",
	"SPF_ABORT_PTE_MAP_LOCK_PTL",
	"SPF_ABORT_PTE_MAP_LOCK_SEQ2",
	"SPF_ABORT_USERFAULTFD",
	"SPF_ABORT_FAULT",
	"SPF_ABORT_SWAP",
];
