// SPDX-License-Identifier: GPL-2.0-only
/**
 * The state of the machine, for who steps through a schedule: all address
 * spaces, what each CPU's TLB and page walk cache hold, who holds which lock,
 * and the stores that are still in a store buffer. A look without locks, between two steps.
 */
import { cpu_tlb, mmu_cached_tables, mmu_loaded_mm, mmu_lookup, type tlb_entry, tlb_used } from "asm/mmu.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { CONFIG_SPECULATIVE_PAGE_FAULT } from "generated/autoconf.ts";
import { ACQ, RACQ } from "host/kinds.ts";
import { model } from "host/models/model.ts";
import { type Held, watch } from "host/oracles/oracle.ts";
import { ctx_cpu, ctx_kind, ctx_state, DONE, n_ctx, nr_cpus, pend_kind, pend_w, READY } from "host/state.ts";
import { rb_parent } from "linux/rbtree.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import type { AddressSpace, Snapshot } from "../protocol.ts";
import { address_spaces } from "./about.ts";

/** Pages of a vma that are shown, and vmas. */
const MAX_PAGES = 8;
const MAX_VMAS = 16;
/** Levels of mm_rb that are looked at: while it is changed a node may lead anywhere. */
const MAX_DEPTH = 32;

/** -1: it is on the list, and not in the tree. */
function depth_of(vma: vm_area_struct): number {
	let depth = 0;

	for (let node = rb_parent(vma.vm_rb); node !== NULL && depth < MAX_DEPTH; depth++) node = rb_parent(node);
	return depth < MAX_DEPTH ? depth : -1;
}

function space_of(mm: mm_struct): AddressSpace {
	const space: AddressSpace = {
		addr: uptr(mm),
		ctx_id: mm.context.ctx_id,
		cpus: [],
		mmap_seq: CONFIG_SPECULATIVE_PAGE_FAULT ? mm.mmap_seq : undefined,
		vmas: [],
		ptes: [],
	};

	for (let cpu = 0; cpu < nr_cpus; cpu++) if (mmu_loaded_mm(cpu) === mm) space.cpus.push(cpu);
	let vma: vm_area_struct = mm.mmap;

	for (let i = 0; vma !== NULL && i < MAX_VMAS; i++) {
		space.vmas.push({ start: vma.vm_start, end: vma.vm_end, flags: vma.vm_flags, depth: depth_of(vma) });
		const pages = Math.min(MAX_PAGES, (vma.vm_end - vma.vm_start) / PAGE_SIZE);

		for (let p = 0; p < pages; p++) {
			const addr = vma.vm_start + p * PAGE_SIZE;
			const pte = mmu_lookup(mm.pgd, addr);

			if (pte !== 0) space.ptes.push({ addr, pte });
		}
		vma = vma.vm_next;
	}
	return space;
}

function tlb_of(cpu: number): Snapshot["tlbs"][number] {
	const tlb = per_cpu(cpu_tlb, cpu);
	const entries = [];

	for (let i = 0; i < tlb_used(tlb); i++) {
		const e: tlb_entry = tlb.entry[i];

		if (e.ctx_id !== 0) entries.push({ addr: e.vpn * PAGE_SIZE, pte: e.pte, ctx_id: e.ctx_id });
	}
	const tables: Snapshot["tlbs"][number]["tables"] = [];

	mmu_cached_tables(cpu, (addr, pmd, ctx_id) => {
		tables.push({ addr, pmd, ctx_id });
	});
	return { cpu, entries, tables };
}

/** What context c holds, but for what it stands before. */
export function locks_held(c: number): Held[] {
	const waits = ctx_state[c] === READY && (pend_kind[c] === ACQ || pend_kind[c] === RACQ) ? pend_w[c] * 4 : -1;

	return watch.held.flatMap((o) => o.held(c)).filter((h) => h.p !== waits);
}
function locks(): Snapshot["locks"] {
	const held: Snapshot["locks"] = [];

	for (let c = 0; c < n_ctx; c++) {
		if (ctx_state[c] >= DONE) continue;
		const who = `${ctx_kind[c] === "rcu" ? "RCU" : `CPU${ctx_cpu[c]}`}${ctx_kind[c] === "irq" ? " (irq)" : ""}`;

		for (const h of locks_held(c))
			held.push({ name: h.name, addr: h.p, holder: h.read ? `${who}, to read` : who });
	}
	return held;
}

export function snapshot(): Snapshot {
	const tlbs = [];
	const buffers = [];

	for (let c = 0; c < n_ctx && ctx_kind[c] === "task"; c++) tlbs.push(tlb_of(ctx_cpu[c]));
	for (let c = 0; c < n_ctx; c++) {
		if (ctx_kind[c] !== "buffer") continue;
		const stores = model.stores_of(c).map((s) => ({ addr: s.w * 4, value: s.value }));

		if (stores.length > 0) buffers.push({ cpu: ctx_cpu[c], stores });
	}
	return { spaces: address_spaces().map(space_of), locks: locks(), tlbs, buffers };
}
