// SPDX-License-Identifier: GPL-2.0-only
/** Wrong programs: what is not as it has to be when all have ended (final.ts). */
import { CONFIG_SPECULATIVE_PAGE_FAULT } from "generated/autoconf.ts";
import { alloc_page, GFP_KERNEL } from "linux/gfp.ts";
import { local_irq_disable } from "linux/irqflags.ts";
import { VM_ACCOUNT } from "linux/mm.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { vm_acct_memory, vm_unacct_memory } from "linux/mman.ts";
import { preempt_disable } from "linux/preempt.ts";
import { get_task_struct } from "linux/sched/task.ts";
import { kmalloc } from "linux/slab.ts";
import { __NR_clone } from "asm/unistd.ts";
import { pte_wrprotect } from "asm/pgtable.ts";
import { init_task } from "kernel/fork.ts";
import { current } from "kernel/sched/core.ts";
import { pmd_off, pte_offset_map } from "linux/pgtable.ts";
import { A, exit, PAGE, two_pages, user_syscall, write } from "../scenario.ts";
import { type Scenario, wrong } from "../wrong.ts";

interface thing extends struct {
	value: int;
}
const CLONE_THREAD = 0x10f00;

function mm_of(): mm_struct {
	return current().mm;
}
function first_vma(): vm_area_struct {
	return mm_of().mmap;
}
function program(about: string, cpu0: () => void): Scenario {
	return wrong(about, [cpu0, () => {}], { setup: () => two_pages(2) });
}
/** The entry of the second page, which is there, changes behind everybody's back. */
function change_pte(value: (pte: number) => number): void {
	const entry = pte_offset_map(pmd_off(mm_of(), A + PAGE), A + PAGE);

	WRITE_ONCE(entry.pte, value(entry.pte));
}

export const scenarios: Record<string, Scenario> = {
	"right/end": program("nothing", () => {}),
	...(CONFIG_SPECULATIVE_PAGE_FAULT
		? {
				"wrong/end-sequence": program("the sequence stays odd", () => {
					const mm = mm_of();
					WRITE_ONCE(mm.mmap_seq, mm.mmap_seq + 1);
				}),
			}
		: {}),
	"wrong/end-preempt": program("preemption stays off", () => preempt_disable()),
	"wrong/end-irqs": program("interrupts stay off", () => local_irq_disable()),
	"wrong/end-map-count": program("a vma is counted twice", () => {
		const mm = mm_of();
		mm.map_count++;
	}),
	"wrong/end-vma": program("a vma is longer than its pages", () => {
		const vma = first_vma();
		vma.vm_end += PAGE;
	}),
	"wrong/end-rss": program("a page is counted twice", () => {
		const mm = mm_of();
		mm.rss_stat[1]++;
	}),
	"wrong/end-owner": program("the address space belongs to a task of nobody", () => {
		const mm = mm_of();
		mm.owner = init_task;
	}),
	"wrong/end-account": program("a vma is not accounted any more", () => {
		const vma = first_vma();
		vma.vm_flags &= ~VM_ACCOUNT;
		vm_unacct_memory((vma.vm_end - vma.vm_start) / PAGE);
	}),
	"wrong/end-committed": program("pages are accounted that no vma has", () => vm_acct_memory(1)),
	"wrong/end-tlb": program("a translation outlives its entry", () => change_pte(() => 0)),
	"wrong/end-tlb-write": program("a CPU may still write what it may only read", () => {
		write(A + PAGE, 2);
		change_pte(pte_wrprotect);
	}),
	"wrong/end-page": program("a page is left", () => {
		alloc_page(GFP_KERNEL);
	}),
	"wrong/end-object": program("an object is left", () => {
		kmalloc<thing>(sizeof<thing>(), GFP_KERNEL);
	}),
	"wrong/end-task": program("a task is referenced for ever", () => get_task_struct(current())),
	"right/end-leader-first": wrong("a leader ends before a thread that runs nowhere", [exit, () => {}], {
		setup() {
			two_pages(2);
			user_syscall(__NR_clone, CLONE_THREAD, 0);
		},
	}),
	"right/end-leader-only": wrong("a leader ends before the thread of another CPU", [exit, () => {}], {
		setup: () => two_pages(2),
	}),
};
