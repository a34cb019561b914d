// SPDX-License-Identifier: GPL-2.0-only
/**
 * The state of the scenario's address space, for who steps through a schedule:
 * a look without locks, between two steps.
 */
import { mmu_lookup } from "arch/x86/mm/mmu.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { CONFIG_SPECULATIVE_PAGE_FAULT } from "generated/autoconf.ts";
import { on_cpu } from "host/quiet.ts";
import { nr_cpus } from "host/state.ts";
import { lock_names } from "host/model.ts";
import { HEAP32 } from "host/ram.ts";
import { current } from "kernel/sched/core.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { VM_EXEC, VM_GROWSDOWN, VM_READ, VM_WRITE } from "linux/mm.ts";

/** Pages of a vma that are shown, and vmas. */
const MAX_PAGES = 8;
const MAX_VMAS = 16;

function flags_of(vma: vm_area_struct): string {
	const f = vma.vm_flags;

	return `${(f & VM_READ) !== 0 ? "r" : "-"}${(f & VM_WRITE) !== 0 ? "w" : "-"}` +
		`${(f & VM_EXEC) !== 0 ? "x" : "-"}${(f & VM_GROWSDOWN) !== 0 ? " stack" : ""}`;
}

export function snapshot() {
	let mm: mm_struct = NULL;

	for (let cpu = 0; cpu < nr_cpus && mm === NULL; cpu++)
		mm = on_cpu(cpu, () => current().mm);
	const vmas: { start: number; end: number; flags: string }[] = [];
	const ptes: { addr: number; pte: number }[] = [];
	const locks: { name: string; holder: string }[] = [];

	if (mm !== NULL) {
		let vma: vm_area_struct = mm.mmap;

		for (let i = 0; vma !== NULL && i < MAX_VMAS; i++) {
			vmas.push({ start: vma.vm_start, end: vma.vm_end, flags: flags_of(vma) });
			const pages = Math.min(MAX_PAGES, (vma.vm_end - vma.vm_start) / PAGE_SIZE);

			for (let p = 0; p < pages; p++) {
				const addr = vma.vm_start + p * PAGE_SIZE;
				const pte = mmu_lookup(mm.pgd, addr);

				if (pte !== 0)
					ptes.push({ addr, pte });
			}
			vma = vma.vm_next;
		}
	}
	for (const [p, name] of lock_names) {
		const v = HEAP32[p >> 2];

		if (v !== 0)
			locks.push({ name, holder: /mmap_lock|rwsem/.test(name) ? (v & 1 ? "a writer" : `${v >> 8} readers`) : `CPU${v - 1}` });
	}
	const mmap_seq = CONFIG_SPECULATIVE_PAGE_FAULT && mm !== NULL ? [mm.mmap_seq] : [];

	return { mmap_seq, vmas, ptes, locks };
}
