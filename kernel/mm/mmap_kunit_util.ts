// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the unit tests of the mmap family share: an address space of the test's
 * own on the current task, system calls on it by page numbers, and a picture
 * of its vmas as text.
 */
import { arch_pick_mmap_layout } from "asm/elf.ts";
import { PAGE_SIZE, PMD_SIZE } from "asm/pgtable_types.ts";
import { mm_alloc, mmput } from "kernel/fork.ts";
import { current } from "kernel/sched/core.ts";
import { KUNIT_ASSERT_NOT_NULL, type kunit } from "kunit/test.ts";
import {
	MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_READ, PROT_WRITE,
} from "linux/mman.ts";
import {
	FAULT_FLAG_WRITE, find_vma, handle_mm_fault, NO_REGS, VM_EXEC, VM_READ,
	VM_WRITE,
} from "linux/mm.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";
import { rlimit, RLIMIT_STACK } from "linux/resource.ts";
import { PF_KTHREAD } from "linux/sched.ts";
import { vmacache_flush } from "linux/vmacache.ts";
import { ksys_mmap_pgoff } from "mm/mmap.ts";

/** Page 0 of the tests: a table of ptes begins there. */
export const BASE = 128 * PMD_SIZE;
export const RW = PROT_READ | PROT_WRITE;

interface saved extends struct {
	mm: mm_struct;
	flags: int;
}
const saved = DEFINE<saved>();

export function addr_of(page: number): number {
	return BASE + page * PAGE_SIZE;
}

/** init of a suite: current gets an empty address space. */
export function mm_test_init(test: kunit): void {
	const tsk = current();
	const mm = mm_alloc();

	KUNIT_ASSERT_NOT_NULL(test, mm);
	arch_pick_mmap_layout(mm, rlimit(RLIMIT_STACK));
	mm.start_brk = mm.brk = addr_of(1000);
	saved.mm = tsk.mm;
	saved.flags = tsk.flags;
	tsk.mm = mm;
	tsk.flags &= ~PF_KTHREAD;
	tsk.vmacache.seqnum = mm.vmacache_seqnum;
	vmacache_flush(tsk);
}

/** exit of a suite: it is given up with all that is left in it. */
export function mm_test_exit(_test: kunit): void {
	const tsk = current();
	const mm: mm_struct = tsk.mm;

	vmacache_flush(tsk);
	tsk.mm = saved.mm;
	tsk.flags = saved.flags;
	mmput(mm);
}

/** Map pages [from, to) privately and anonymously, exactly there. */
export function map(from: number, to: number, prot: number = RW): number {
	return ksys_mmap_pgoff(addr_of(from), (to - from) * PAGE_SIZE, prot,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

/** One access as user space would make it; the fault's result. */
export function touch(page: number, write: boolean): number {
	const mm: mm_struct = current().mm;
	const addr = addr_of(page);

	mmap_read_lock(mm);
	const vma = find_vma(mm, addr);
	const ret = vma === NULL || vma.vm_start > addr ? -1 :
		handle_mm_fault(vma, addr, write ? FAULT_FLAG_WRITE : 0, NO_REGS);

	mmap_read_unlock(mm);
	return ret;
}

/** The vmas, as "0-2 rw, 3-4 r": pages, and what is permitted. */
export function layout(): string {
	const mm: mm_struct = current().mm;
	let s = "";

	for (let vma = mm.mmap; vma !== NULL; vma = vma.vm_next) {
		if (s !== "")
			s += ", ";
		s += `${(vma.vm_start - BASE) / PAGE_SIZE}-` +
			`${(vma.vm_end - BASE) / PAGE_SIZE} `;
		if ((vma.vm_flags & VM_READ) !== 0)
			s += "r";
		if ((vma.vm_flags & VM_WRITE) !== 0)
			s += "w";
		if ((vma.vm_flags & VM_EXEC) !== 0)
			s += "x";
		if ((vma.vm_flags & (VM_READ | VM_WRITE | VM_EXEC)) === 0)
			s += "-";
	}
	return s;
}
