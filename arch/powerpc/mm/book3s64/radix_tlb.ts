// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors arch/powerpc/mm/book3s64/radix_tlb.c (5.17): which CPUs a flush is
 * for, and the instructions for it. Left out: hypervisor calls instead of
 * `tlbie` (GTSE), CPUs that are interrupted instead (_tlbiel_pid_multicast()
 * and its like, disable_tlbie), partitions, workarounds for hardware
 * (fixup_tlbie_*()), huge pages, kernel ranges, accelerators (`copros`).
 *
 * mm_cpumask has each CPU that has ever had the PID loaded, and so may have
 * translations of it; active_cpus counts them. A CPU does not leave it when it
 * goes on with another address space. With one CPU in it, this one, `tlbiel`
 * does. If there are more, `tlbie` reaches them without an interrupt. Only now
 * and then are they interrupted, to see who does not use the PID any more:
 * those drop what they have and leave the mask, so that later flushes may be
 * local again.
 */
import { CONFIG_SMP } from "generated/autoconf.ts";
import { smp_processor_id } from "host/cpu.ts";
import { smp_mb } from "host/door.ts";
import type { mmu_gather } from "asm-generic/tlb.ts";
import { atomic_dec, atomic_read } from "linux/atomic.ts";
import { WARN_ON_ONCE } from "linux/bug.ts";
import { local_irq_restore, local_irq_save } from "linux/irqflags.ts";
import type { mm_struct, vm_area_struct } from "linux/mm_types.ts";
import { preempt_disable, preempt_enable } from "linux/preempt.ts";
import { mmdrop, mmgrab } from "linux/sched/mm.ts";
import { smp_call_function_many } from "linux/smp.ts";
import { PAGE_SIZE, PMD_SIZE } from "asm/book3s/64/pgtable-bits.ts";
import {
	cpumask_clear_cpu, cpumask_test_cpu, switch_mm_irqs_off,
} from "asm/mmu_context.ts";
import { current } from "kernel/sched/core.ts";
import { init_mm } from "mm/init-mm.ts";
import { page_align_down } from "asm-generic/page.ts";
import {
	ptesync,
	RIC_FLUSH_ALL,
	RIC_FLUSH_PWC,
	RIC_FLUSH_TLB,
	tlbie_pid,
	tlbie_va,
	tlbiel_pid,
	tlbiel_va,
	tlbsync,
} from "../tlb.ts";

/** "Everything", as the end of a range. */
export const TLB_FLUSH_ALL = Number.MAX_SAFE_INTEGER;

function _tlbiel_pid(pid: number, ric: number): void {
	tlbiel_pid(pid, ric);
}

function _tlbie_pid(pid: number, ric: number): void {
	ptesync();
	tlbie_pid(pid, ric);
	tlbsync();
}

/** Pages of a range, from where it begins. */
function nr_pages_of(start: number, end: number): number {
	return (end - start) / PAGE_SIZE;
}

/** Port: a loop over the pages is in the instruction. */
function __tlbiel_va_range(start: number, end: number, pid: number): void {
	tlbiel_va(start / PAGE_SIZE, nr_pages_of(start, end), 1, pid);
}

function _tlbiel_va(va: number, pid: number): void {
	__tlbiel_va_range(va, va + PAGE_SIZE, pid);
}

function _tlbiel_va_range(
	start: number,
	end: number,
	pid: number,
	also_pwc: boolean,
): void {
	if (also_pwc) tlbiel_pid(pid, RIC_FLUSH_PWC);
	__tlbiel_va_range(start, end, pid);
}

function __tlbie_va_range(start: number, end: number, pid: number): void {
	tlbie_va(start / PAGE_SIZE, nr_pages_of(start, end), 1, pid);
}

function _tlbie_va(va: number, pid: number): void {
	ptesync();
	__tlbie_va_range(va, va + PAGE_SIZE, pid);
	tlbsync();
}

function _tlbie_va_range(
	start: number,
	end: number,
	pid: number,
	also_pwc: boolean,
): void {
	ptesync();
	if (also_pwc) tlbie_pid(pid, RIC_FLUSH_PWC);
	__tlbie_va_range(start, end, pid);
	tlbsync();
}

/** This CPU alone. */
export function radix__local_flush_tlb_mm(mm: mm_struct): void {
	preempt_disable();
	_tlbiel_pid(mm.context.ctx_id, RIC_FLUSH_TLB);
	preempt_enable();
}

/**
 * Leave mm's mask, unless this CPU runs it, and drop what is cached of it. With
 * always_flush drop it in any case. Interrupts are off. Port: also where no
 * interrupt is answered, as since 6.4; before, one could come in between.
 */
function exit_lazy_flush_tlb(mm: mm_struct, always_flush: boolean): void {
	const pid = mm.context.ctx_id;
	const cpu = smp_processor_id();
	const tsk = current();

	if (tsk.mm !== mm) {
		if (tsk.active_mm === mm) {
			WARN_ON_ONCE(
				tsk.mm !== NULL,
				"exit_lazy_flush_tlb: not a lazy user",
			);
			mmgrab(init_mm);
			tsk.active_mm = init_mm;
			switch_mm_irqs_off(mm, init_mm, tsk);
			/* Not the last one: who flushes has one. */
			mmdrop(mm);
		}
		/* Two may interrupt us for the same: the second one finds us
		 * out of the mask, and wants the flush all the same. */
		if (cpumask_test_cpu(cpu, mm)) {
			atomic_dec(mm.context.active_cpus);
			cpumask_clear_cpu(cpu, mm);
			always_flush = true;
		}
	}
	if (always_flush) _tlbiel_pid(pid, RIC_FLUSH_ALL);
}

function exit_lazy_flush_tlb_irqs_on(mm: mm_struct): void {
	const flags = local_irq_save();

	exit_lazy_flush_tlb(mm, true);
	local_irq_restore(flags);
}

const do_exit_flush_lazy_tlb = RODATA((arg: number): void => {
	exit_lazy_flush_tlb(cast<mm_struct>(arg), true);
});

/** All others of the mask; returns when they have answered, and has interrupts
 *  enabled meanwhile: they may be waiting for us. */
function exit_flush_lazy_tlbs(mm: mm_struct): void {
	if (CONFIG_SMP)
		smp_call_function_many(
			READ_ONCE(mm.mm_cpumask[0]),
			READ_ONCE(mm.mm_cpumask[1]),
			do_exit_flush_lazy_tlb,
			uptr(mm),
			true,
		);
}

interface trim_clock extends struct {
	ticks: int; /* flushes since the last look at the mask; its CPU only */
}
const mm_cpumask_trim_clock = DEFINE_PER_CPU<trim_clock>();

/** Every how many flushes others are asked whether they still use the PID. */
const tlb_mm_cpumask_trim_timer = 1073;

function tick_and_test_trim_clock(): boolean {
	const clock = this_cpu(mm_cpumask_trim_clock);

	if (clock.ticks + 1 === tlb_mm_cpumask_trim_timer) {
		clock.ticks = 0;
		return true;
	}
	clock.ticks++;
	return false;
}

/** For the stepper: this CPU's next flush asks, if it is one that may. */
export function trim_at_next_flush(): void {
	this_cpu(mm_cpumask_trim_clock).ticks = tlb_mm_cpumask_trim_timer - 1;
}

const FLUSH_TYPE_NONE = 0;
const FLUSH_TYPE_LOCAL = 1;
const FLUSH_TYPE_GLOBAL = 2;

/**
 * Whom a flush is for. The entries were changed and a full barrier made before:
 * a CPU that we do not find in the mask joins it later, and walks what is
 * there now. Preemption is off, interrupts are enabled.
 */
function flush_type_needed(mm: mm_struct, fullmm: boolean): number {
	const active_cpus = atomic_read(mm.context.active_cpus);
	const cpu = smp_processor_id();

	if (active_cpus === 0) return FLUSH_TYPE_NONE;
	if (active_cpus === 1 && cpumask_test_cpu(cpu, mm)) {
		/* Who flushes what he does not run may be the last one in the
		 * mask for a long time. */
		if (current().mm !== mm && tick_and_test_trim_clock()) {
			exit_lazy_flush_tlb_irqs_on(mm);
			return FLUSH_TYPE_NONE;
		}
		return FLUSH_TYPE_LOCAL;
	}

	/* It ends: an interrupt for each of them is not worth it. */
	if (fullmm) return FLUSH_TYPE_GLOBAL;

	/* Nobody but us runs it, so that all others will leave. */
	if (atomic_read(mm.mm_users) <= 1 && current().mm === mm) {
		exit_flush_lazy_tlbs(mm);
		return FLUSH_TYPE_LOCAL;
	}

	/* Perhaps some will; or all, and then there is nothing to flush. */
	if (tick_and_test_trim_clock()) {
		exit_flush_lazy_tlbs(mm);
		if (current().mm === mm) return FLUSH_TYPE_LOCAL;
		if (cpumask_test_cpu(cpu, mm)) exit_lazy_flush_tlb_irqs_on(mm);
		return FLUSH_TYPE_NONE;
	}
	return FLUSH_TYPE_GLOBAL;
}

/* In all that follow: preemption is off from the look at the mask to the end.
 * The smp_mb() keeps the change of the entries before that look, and pairs with
 * the one in switch_mm_irqs_off(). Interrupts are enabled. */

/** All of the address space, where no table goes away. */
export function radix__flush_tlb_mm(mm: mm_struct): void {
	const pid = mm.context.ctx_id;

	preempt_disable();
	/* Pairs with switch_mm_irqs_off(). */
	smp_mb();
	const type = flush_type_needed(mm, false);

	if (type === FLUSH_TYPE_LOCAL) _tlbiel_pid(pid, RIC_FLUSH_TLB);
	else if (type === FLUSH_TYPE_GLOBAL) _tlbie_pid(pid, RIC_FLUSH_TLB);
	preempt_enable();
}

function __flush_all_mm(mm: mm_struct, fullmm: boolean): void {
	const pid = mm.context.ctx_id;

	preempt_disable();
	/* Pairs with switch_mm_irqs_off(). */
	smp_mb();
	const type = flush_type_needed(mm, fullmm);

	if (type === FLUSH_TYPE_LOCAL) _tlbiel_pid(pid, RIC_FLUSH_ALL);
	else if (type === FLUSH_TYPE_GLOBAL) _tlbie_pid(pid, RIC_FLUSH_ALL);
	preempt_enable();
}

/** All of the address space, and where its tables are. */
export function radix__flush_all_mm(mm: mm_struct): void {
	__flush_all_mm(mm, false);
}

/** Port: pages have one size (psize). */
function radix__flush_tlb_page_psize(mm: mm_struct, vmaddr: number): void {
	const pid = mm.context.ctx_id;

	vmaddr = page_align_down(vmaddr);
	preempt_disable();
	/* Pairs with switch_mm_irqs_off(). */
	smp_mb();
	const type = flush_type_needed(mm, false);

	if (type === FLUSH_TYPE_LOCAL) _tlbiel_va(vmaddr, pid);
	else if (type === FLUSH_TYPE_GLOBAL) _tlbie_va(vmaddr, pid);
	preempt_enable();
}

export function radix__flush_tlb_page(
	vma: vm_area_struct,
	vmaddr: number,
): void {
	radix__flush_tlb_page_psize(vma.vm_mm, vmaddr);
}

/* More pages than this are flushed by forgetting the whole PID. `tlbiel` has to
 * visit each set of the TLB for that, so that it is worth it later. */
const tlb_single_page_flush_ceiling = 33;
const POWER9_TLB_SETS_RADIX = 128;
const tlb_local_single_page_flush_ceiling = POWER9_TLB_SETS_RADIX * 2;

function flush_pid_needed(type: number, nr_pages: number): boolean {
	return (
		nr_pages >
		(type === FLUSH_TYPE_GLOBAL
			? tlb_single_page_flush_ceiling
			: tlb_local_single_page_flush_ceiling)
	);
}

function __radix__flush_tlb_range(
	mm: mm_struct,
	start: number,
	end: number,
): void {
	const pid = mm.context.ctx_id;
	const fullmm = end === TLB_FLUSH_ALL;

	start = page_align_down(start);
	preempt_disable();
	/* Pairs with switch_mm_irqs_off(). */
	smp_mb();
	const type = flush_type_needed(mm, fullmm);

	if (type !== FLUSH_TYPE_NONE) {
		const flush_pid =
			fullmm ||
			flush_pid_needed(type, nr_pages_of(start, end));
		/*
		 * A whole table may have been moved, by mremap(): then where it
		 * was must be forgotten, too. All of a PID has that with it.
		 */
		const flush_pwc = !flush_pid && end - start >= PMD_SIZE;

		if (flush_pid) {
			if (type === FLUSH_TYPE_LOCAL)
				_tlbiel_pid(pid, RIC_FLUSH_ALL);
			else _tlbie_pid(pid, RIC_FLUSH_ALL);
		} else if (type === FLUSH_TYPE_LOCAL) {
			_tlbiel_va_range(start, end, pid, flush_pwc);
		} else {
			_tlbie_va_range(start, end, pid, flush_pwc);
		}
	}
	preempt_enable();
}

export function radix__flush_tlb_range(
	vma: vm_area_struct,
	start: number,
	end: number,
): void {
	__radix__flush_tlb_range(vma.vm_mm, start, end);
}

/** Flush what has been gathered. Port: the size of its pages is always known,
 *  as there is one. */
export function radix__tlb_flush(tlb: mmu_gather): void {
	const mm = tlb.mm;
	const start = tlb.start;
	const end = tlb.end;

	/* At the end of an address space, the entry of its PID as well. */
	if (tlb.fullmm || tlb.need_flush_all) __flush_all_mm(mm, true);
	else if (!tlb.freed_tables)
		radix__flush_tlb_range_psize(mm, start, end);
	else radix__flush_tlb_pwc_range_psize(mm, start, end);
}

function __radix__flush_tlb_range_psize(
	mm: mm_struct,
	start: number,
	end: number,
	also_pwc: boolean,
): void {
	const pid = mm.context.ctx_id;
	const fullmm = end === TLB_FLUSH_ALL;

	preempt_disable();
	/* Pairs with switch_mm_irqs_off(). */
	smp_mb();
	const type = flush_type_needed(mm, fullmm);

	if (type !== FLUSH_TYPE_NONE) {
		const ric = also_pwc ? RIC_FLUSH_ALL : RIC_FLUSH_TLB;

		if (
			fullmm ||
			flush_pid_needed(type, nr_pages_of(start, end))
		) {
			if (type === FLUSH_TYPE_LOCAL) _tlbiel_pid(pid, ric);
			else _tlbie_pid(pid, ric);
		} else if (type === FLUSH_TYPE_LOCAL) {
			_tlbiel_va_range(start, end, pid, also_pwc);
		} else {
			_tlbie_va_range(start, end, pid, also_pwc);
		}
	}
	preempt_enable();
}

function radix__flush_tlb_range_psize(
	mm: mm_struct,
	start: number,
	end: number,
): void {
	__radix__flush_tlb_range_psize(mm, start, end, false);
}

function radix__flush_tlb_pwc_range_psize(
	mm: mm_struct,
	start: number,
	end: number,
): void {
	__radix__flush_tlb_range_psize(mm, start, end, true);
}

/** Everything, everywhere. */
export function radix__flush_tlb_all(): void {
	_tlbie_pid(0, RIC_FLUSH_ALL);
}
