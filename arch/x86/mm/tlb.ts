// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/x86/mm/tlb.c (5.17): which address space a CPU has loaded, and
 * keeping its TLB coherent with the page tables.
 * Left out: page-table isolation (kern_pcid(), user_pcid(),
 * invalidate_user_asid()), CR3 as a register (build_cr3() and the like) and
 * CR4, flushes of the L1D cache and IBPB on a switch (l1d_flush_*(),
 * cond_mitigation()), batched flushes of reclaim (arch_tlbbatch_flush()),
 * kernel ranges, nmi_uaccess_okay(), the ceiling as a file of debugfs, tracing.
 * get_flush_tlb_info() is in flush_tlb_mm_range().
 *
 * Port: the instructions that flush the TLB are here, too, which is per CPU, in
 * RAM (asm-generic/mmu.ts). Each entry is tagged with the mm's ctx_id, in the
 * place of PCIDs, so that a switch of the address space flushes nothing that is
 * still good. Only its own CPU reads or writes it: between user instructions,
 * or answering an interrupt.
 */
import { CONFIG_ARCH_HOST_STEPPER, CONFIG_SMP } from "generated/autoconf.ts";
import {
	cpu_tlb, TLB_ENTRIES, type tlb_entry, tlb_used,
} from "asm-generic/mmu.ts";
import { BUG_ON, VM_BUG_ON, VM_WARN_ON_ONCE } from "linux/bug.ts";
import { irqs_disabled, local_irq_disable, local_irq_enable, local_irq_restore, local_irq_save } from "linux/irqflags.ts";
import { preempt_disable, preempt_enable } from "linux/preempt.ts";
import type { mm_struct } from "linux/mm_types.ts";
import type { task_struct } from "linux/sched.ts";
import type { pgd_t } from "asm/pgtable_types.ts";
import { PAGE_SHIFT, PAGE_SIZE } from "asm/pgtable_types.ts";
import { inc_mm_tlb_gen, TLB_FLUSH_ALL } from "asm/tlbflush.ts";
import { on_each_cpu, on_each_cpu_cond_mask } from "linux/smp.ts";
import { smp_processor_id } from "host/cpu.ts";
import { smp_mb } from "host/door.ts";
import { init_mm } from "mm/init-mm.ts";

/** Address spaces of which the CPU knows how stale its translations are. */
export const TLB_NR_DYN_ASIDS = 6;

export interface tlb_context extends struct {
	ctx_id: int;
	tlb_gen: int; /* flushes up to this one are done here */
}

/** Owned by the CPU; interrupts are off, or it answers one. */
export interface tlb_state extends struct {
	loaded_mm: mm_struct; /* whose tables the walker uses; init_mm: none */
	loaded_mm_asid: int;
	next_asid: int;
	ctxs: array<embed<tlb_context>, 6>;
	cr3: pgd_t; /* what the MMU walks */
	cr3_ctx_id: int; /* and how it tags what it finds */
	/* memory keys: PKRU of the thread that runs; its CPU only */
	pkru: ifdef<"CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS", u32>;
}
export const cpu_tlbstate = DEFINE_PER_CPU<tlb_state>();

/** Written by the CPU, read by whoever decides whom to interrupt. */
interface tlb_state_shared extends struct {
	is_lazy: int;
}
const cpu_tlbstate_shared = DEFINE_PER_CPU<tlb_state_shared>();

export interface mmu_context_data extends struct {
	last_mm_ctx_id: int; /* RMW; 0 is nobody's */
}
export const mmu_context_globals = DEFINE<mmu_context_data>();

/** What a flush is to do; the initiating CPU's, constant until all are done. */
interface flush_tlb_info extends struct {
	mm: mm_struct;
	start: ulong;
	end: ulong;
	new_tlb_gen: int;
	initiating_cpu: int;
	stride_shift: int;
	freed_tables: int;
	busy: int; /* DEBUG_VM: not reentrant */
}
const flush_tlb_info = DEFINE_PER_CPU<flush_tlb_info>();

/* ---- the hardware ---- */

/** All translations of one context. */
function invalidate_context(ctx_id: number): void {
	const tlb = this_cpu(cpu_tlb);
	const used = tlb_used(tlb);

	for (let i = 0; i < used; i++) {
		const e: tlb_entry = tlb.entry[i];
		if (e.ctx_id === ctx_id) e.ctx_id = 0;
	}
}

/* ---- mm_cpumask() ---- */

function cpumask_set_cpu(cpu: number, mm: mm_struct): void {
	fetch_or(mm.mm_cpumask[cpu >> 5], 1 << (cpu & 31));
}

function cpumask_clear_cpu(cpu: number, mm: mm_struct): void {
	fetch_and(mm.mm_cpumask[cpu >> 5], ~(1 << (cpu & 31)));
}

function cpumask_test_cpu(cpu: number, mm: mm_struct): boolean {
	return (READ_ONCE(mm.mm_cpumask[cpu >> 5]) & (1 << (cpu & 31))) !== 0;
}

/** Does a CPU other than this one have mm loaded? */
function cpumask_any_but_this(mm: mm_struct, cpu: number): boolean {
	const lo = READ_ONCE(mm.mm_cpumask[0]) & (cpu < 32 ? ~(1 << cpu) : -1);
	const hi = READ_ONCE(mm.mm_cpumask[1]) &
		(cpu >= 32 ? ~(1 << (cpu - 32)) : -1);
	return (lo | hi) !== 0;
}

/* ---- switching ---- */

/** Find the slot of next. Returns slot | 0x100 if it has to be flushed. */
function choose_new_asid(next: mm_struct, next_tlb_gen: number): number {
	const state = this_cpu(cpu_tlbstate);

	for (let asid = 0; asid < TLB_NR_DYN_ASIDS; asid++) {
		const ctx: tlb_context = state.ctxs[asid];
		if (ctx.ctx_id !== next.context.ctx_id) continue;
		return ctx.tlb_gen - next_tlb_gen < 0 ? asid | 0x100 : asid;
	}
	/* Not known here any more: take the slots in turn. */
	const asid = state.next_asid;
	state.next_asid = asid + 1 === TLB_NR_DYN_ASIDS ? 0 : asid + 1;
	return asid | 0x100;
}

/** Point the walker at a table; with need_flush, forget what is cached of it. */
function load_new_mm_cr3(
	pgd: pgd_t, ctx_id: number, need_flush: boolean,
): void {
	const state = this_cpu(cpu_tlbstate);

	state.cr3 = pgd;
	state.cr3_ctx_id = ctx_id;
	if (need_flush) invalidate_context(ctx_id);
}

/** Idle with somebody's address space loaded: get rid of it. */
export function leave_mm(_cpu: number): void {
	const state = this_cpu(cpu_tlbstate);

	if (state.loaded_mm === init_mm) return;
	VM_WARN_ON_ONCE(this_cpu(cpu_tlbstate_shared).is_lazy === 0,
		"leave_mm: not lazy");
	switch_mm(NULL, init_mm, NULL);
}

export function switch_mm(
	prev: mm_struct, next: mm_struct, tsk: task_struct,
): void {
	const flags = local_irq_save();

	switch_mm_irqs_off(prev, next, tsk);
	local_irq_restore(flags);
}

/**
 * Load next. Interrupts are off. prev is not believed: what is loaded is known
 * better here.
 */
export function switch_mm_irqs_off(
	_prev: mm_struct, next: mm_struct, _tsk: task_struct,
): void {
	const state = this_cpu(cpu_tlbstate);
	const shared = this_cpu(cpu_tlbstate_shared);
	const real_prev = state.loaded_mm === NULL ? init_mm : state.loaded_mm;
	const prev_asid = state.loaded_mm_asid;
	const was_lazy = shared.is_lazy !== 0;
	const cpu = smp_processor_id();
	let new_asid: number;
	let need_flush: boolean;

	VM_BUG_ON(!irqs_disabled(), "switch_mm_irqs_off: interrupts are on");
	/* Not lazy any more, so that flushes come to us; before we look at
	 * tlb_gen. Pairs with the reads of is_lazy in tlb_is_not_lazy(). */
	if (was_lazy) WRITE_ONCE(shared.is_lazy, 0);

	if (real_prev === next) {
		/* Nothing to load; and without laziness nothing was missed. */
		if (next === init_mm) {
			state.loaded_mm = init_mm;
			return;
		}
		const loaded: tlb_context = state.ctxs[prev_asid];
		VM_WARN_ON_ONCE(loaded.ctx_id !== next.context.ctx_id,
			"loaded mm without a slot");
		VM_WARN_ON_ONCE(!cpumask_test_cpu(cpu, next),
			"loaded mm without us in its cpumask");
		if (!was_lazy) return;
		/*
		 * Read the generation after is_lazy was cleared: whoever bumps
		 * it later sees us not lazy. Pairs with inc_mm_tlb_gen().
		 */
		smp_mb();
		const next_tlb_gen = READ_ONCE(next.context.tlb_gen.counter);
		const ctx: tlb_context = state.ctxs[prev_asid];
		if (ctx.tlb_gen - next_tlb_gen >= 0) return;
		new_asid = prev_asid;
		need_flush = true;
		ctx.tlb_gen = next_tlb_gen;
	} else {
		/* No IPIs for the old one any more: what we have of it is known
		 * to be as old as its slot says. */
		if (real_prev !== init_mm) cpumask_clear_cpu(cpu, real_prev);
		if (next === init_mm) {
			state.loaded_mm = init_mm;
			load_new_mm_cr3(NULL, 0, false);
			return;
		}
		/*
		 * In the mask first, then read the generation: a flush that we
		 * are not interrupted for is one whose bump we see. Fully
		 * ordered; pairs with inc_mm_tlb_gen().
		 */
		cpumask_set_cpu(cpu, next);
		const next_tlb_gen = READ_ONCE(next.context.tlb_gen.counter);
		const chosen = choose_new_asid(next, next_tlb_gen);
		new_asid = chosen & 0xff;
		need_flush = (chosen & 0x100) !== 0;
		if (need_flush) {
			const ctx: tlb_context = state.ctxs[new_asid];
			ctx.ctx_id = next.context.ctx_id;
			ctx.tlb_gen = next_tlb_gen;
		}
	}
	load_new_mm_cr3(next.pgd, next.context.ctx_id, need_flush);
	state.loaded_mm = next;
	state.loaded_mm_asid = new_asid;
}

/**
 * A kernel thread or the idle task borrows the address space: it will not touch
 * user memory. Until we return to it, flushes may leave us alone.
 */
export function enter_lazy_tlb(_mm: mm_struct, _tsk: task_struct): void {
	const state = this_cpu(cpu_tlbstate);

	if (state.loaded_mm === init_mm || state.loaded_mm === NULL) return;
	const shared = this_cpu(cpu_tlbstate_shared);
	WRITE_ONCE(shared.is_lazy, 1);
}

/**
 * A CPU that was away and may have missed flushes: nothing in its TLB is known
 * to be good, and the address space it has loaded is up to date afterwards.
 */
export function initialize_tlbstate_and_flush(): void {
	const state = this_cpu(cpu_tlbstate);
	const mm = state.loaded_mm;

	for (let i = 0; i < TLB_NR_DYN_ASIDS; i++) {
		const ctx: tlb_context = state.ctxs[i];
		ctx.ctx_id = 0;
		ctx.tlb_gen = 0;
	}
	/* The generation before the flush: a later bump finds us present. */
	if (mm !== NULL && mm !== init_mm) {
		const ctx: tlb_context = state.ctxs[state.loaded_mm_asid];
		ctx.ctx_id = mm.context.ctx_id;
		ctx.tlb_gen = READ_ONCE(mm.context.tlb_gen.counter);
	}
	flush_tlb_global();
}

/* ---- flushing ---- */

/** One CPU's part of a flush: by an interrupt, or locally with them off. */
const flush_tlb_func = RODATA((arg: number): void => {
	const f = cast<flush_tlb_info>(arg);
	const state = this_cpu(cpu_tlbstate);
	const loaded_mm = state.loaded_mm;

	if (loaded_mm === init_mm || loaded_mm === NULL) return;
	/* We left this address space since; the switch takes care of it. */
	if (f.mm !== NULL && f.mm !== loaded_mm) return;

	const shared = this_cpu(cpu_tlbstate_shared);
	/* Its own CPU's, which this interrupts. */
	if (READ_ONCE(shared.is_lazy) !== 0) {
		/*
		 * Tables are being freed which our walker could follow. Rather
		 * than flush again and again, leave the address space.
		 */
		switch_mm_irqs_off(NULL, init_mm, NULL);
		return;
	}

	const context = loaded_mm.context;
	const ctx: tlb_context = state.ctxs[state.loaded_mm_asid];
	const local_tlb_gen = ctx.tlb_gen;
	const mm_tlb_gen = READ_ONCE(context.tlb_gen.counter);
	/* Another flush has already covered this one. */
	if (local_tlb_gen === mm_tlb_gen) return;

	/*
	 * A part is enough if it is the only thing that we miss: exactly the
	 * next generation, and the last one.
	 */
	if (f.end !== TLB_FLUSH_ALL &&
		f.new_tlb_gen === ((local_tlb_gen + 1) | 0) &&
		f.new_tlb_gen === mm_tlb_gen) {
		let addr = f.start;
		const stride = 2 ** f.stride_shift;
		while (addr < f.end) {
			flush_tlb_one_user(addr);
			addr += stride;
		}
	} else {
		flush_tlb_local();
	}
	ctx.tlb_gen = mm_tlb_gen;
});

const tlb_is_not_lazy = (cpu: number, _info: number): boolean => {
	/* Pairs with switch_mm_irqs_off(): a CPU that we take for lazy looks at
	 * the generation before it uses the address space again. */
	return READ_ONCE(per_cpu(cpu_tlbstate_shared, cpu).is_lazy) === 0;
};

/** All other CPUs of the mask; returns when they are done. */
function flush_tlb_multi(mm: mm_struct, info: flush_tlb_info): void {
	/*
	 * If tables go away lazy CPUs must come along, whose walkers may still
	 * look at them. Otherwise they find out by the generation.
	 */
	const lo = READ_ONCE(mm.mm_cpumask[0]);
	const hi = READ_ONCE(mm.mm_cpumask[1]);
	on_each_cpu_cond_mask(
		info.freed_tables !== 0 ? undefined : tlb_is_not_lazy,
		flush_tlb_func, uptr(info), true, lo, hi);
}

/** More pages than this are flushed by forgetting everything. */
const tlb_single_page_flush_ceiling = 33;

/**
 * Flush [start, end) of mm on every CPU that may have it cached; when we return
 * none has. The page tables were changed before. Interrupts must be enabled:
 * two CPUs that flush each other both have to answer.
 */
export function flush_tlb_mm_range(
	mm: mm_struct, start: number, end: number,
	stride_shift: number, freed_tables: boolean,
): void {
	preempt_disable();
	const cpu = smp_processor_id();
	const stride = stride_shift === 0 ? PAGE_SHIFT : stride_shift;

	if (end === TLB_FLUSH_ALL ||
		(end - start) / 2 ** stride > tlb_single_page_flush_ceiling) {
		start = 0;
		end = TLB_FLUSH_ALL;
	}
	const info = this_cpu(flush_tlb_info);
	BUG_ON(info.busy !== 0, "nested TLB flush on one CPU");
	info.busy = 1;
	info.mm = mm;
	info.start = start;
	info.end = end;
	info.stride_shift = stride;
	info.freed_tables = freed_tables ? 1 : 0;
	info.initiating_cpu = cpu;
	info.new_tlb_gen = inc_mm_tlb_gen(mm);

	/*
	 * Port: the kernel's one call with this CPU in the mask covers both
	 * parts; without others we save its overhead, as the kernel does.
	 */
	if (CONFIG_SMP && cpumask_any_but_this(mm, cpu)) {
		flush_tlb_multi(mm, info);
	} else if (mm === this_cpu(cpu_tlbstate).loaded_mm) {
		const masked = irqs_disabled();
		if (!masked) local_irq_disable();
		flush_tlb_func(uptr(info));
		if (!masked) local_irq_enable();
	}
	info.busy = 0;
	preempt_enable();
}

const do_flush_tlb_all = RODATA((_info: number): void => {
	flush_tlb_global();
});

/** Everything, everywhere. */
export function flush_tlb_all(): void {
	on_each_cpu(do_flush_tlb_all, 0, true);
}

/** INVLPG: one translation of the loaded address space. */
export function flush_tlb_one_user(addr: number): void {
	const vpn = (addr - (addr & (PAGE_SIZE - 1))) / PAGE_SIZE;
	const ctx_id = this_cpu(cpu_tlbstate).cr3_ctx_id;
	const tlb = this_cpu(cpu_tlb);

	if (CONFIG_ARCH_HOST_STEPPER) {
		for (let i = 0, used = tlb.used; i < used; i++) {
			const e: tlb_entry = tlb.entry[i];
			if (e.ctx_id === ctx_id && e.vpn === vpn) e.ctx_id = 0;
		}
		return;
	}
	const e: tlb_entry = tlb.entry[vpn & (TLB_ENTRIES - 1)];

	if (e.vpn === vpn && e.ctx_id === ctx_id) e.ctx_id = 0;
}

/** Everything, whosesoever. */
function flush_tlb_global(): void {
	const tlb = this_cpu(cpu_tlb);
	const used = tlb_used(tlb);

	for (let i = 0; i < used; i++) {
		const e: tlb_entry = tlb.entry[i];
		e.ctx_id = 0;
	}
	if (CONFIG_ARCH_HOST_STEPPER) tlb.used = 0;
}

/** The loaded address space's translations. */
export function flush_tlb_local(): void {
	invalidate_context(this_cpu(cpu_tlbstate).cr3_ctx_id);
}
