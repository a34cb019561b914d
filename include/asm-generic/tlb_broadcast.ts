// SPDX-License-Identifier: GPL-2.0-only
/**
 * TLBs that are maintained by broadcast: what architectures have in common on
 * which one CPU takes translations out of the TLBs of all, and interrupts none
 * of them. Mirrors no file of the kernel, where this is hardware. Their
 * instructions are in arch/arm64/mm/tlb.ts and arch/powerpc/mm/tlb.ts.
 *
 * Each CPU has an array of translations (asm-generic/mmu.ts), tagged with the
 * address space, which no switch of that empties.
 *
 * An invalidation that was sent takes entries out of the arrays of all CPUs.
 * When the instruction that waits for its end is through, no CPU uses an old
 * translation any more, also not in an access that was under way. On the
 * threads machine an access is some loads and stores of its CPU, between
 * insn_begin() and insn_end(), so both have to be made true:
 *
 * - insn.seq of a CPU is odd while it is inside of an access. insn_begin()
 *   makes it so before it looks at anything, fully ordered; insn_end() is a
 *   release.
 * - The invalidation: the tables were changed before it. First it waits for
 *   those who are inside. Who was not saw its seq change after us, so by the
 *   full barriers on both sides it walks the changed tables. Who was has put
 *   into its TLB what it found, and by the release and our acquire we see that.
 *   So from here on nobody can put in what is old, and then the entries are
 *   taken out.
 * - The wait for its end: who is inside now may have looked at its TLB just
 *   before. It is waited for. Who comes in later finds the entry gone: again
 *   the full barriers, ours between the entries and the look at seq.
 *
 * An entry is written by its own CPU, which makes it, and by those who take it
 * out; they store ctx_id only. If that store meets one by which the CPU puts
 * another translation in the same place, either that one is lost, which costs a
 * walk; or it stays, and then its walk began after the wait, so that it is what
 * the tables say.
 */
import {
	CONFIG_ARCH_HOST_STEPPER,
	CONFIG_DEBUG_VM,
	CONFIG_SMP,
} from "generated/autoconf.ts";
import {
	type cpu_tlb, TLB_ENTRIES, type tlb_entry, tlb_used,
} from "asm-generic/mmu.ts";
import { cpu_pause, nr_cpu_ids, smp_processor_id } from "host/cpu.ts";
import { smp_mb } from "host/door.ts";
import {
	await_step,
	insn_begin_step,
	insn_end_step,
	insn_store_step,
} from "host/model.ts";
import { BUG_ON } from "linux/bug.ts";

interface insn_state extends struct {
	seq: int; /* odd: inside of an access; its CPU only, read by all */
}
const insn = DEFINE_PER_CPU<insn_state>();

/**
 * One access: no interrupt comes between insn_begin() before the translation
 * and insn_end() after the use of the address, and whoever waits for the end of
 * an invalidation waits for insn_end().
 */
export function insn_begin(): void {
	if (CONFIG_ARCH_HOST_STEPPER) insn_begin_step();
	if (!CONFIG_SMP) return;
	/* Fully ordered, as it has a result: without one it would order
	 * nothing. Pairs with wait_for_accesses(). */
	const seq = fetch_add(this_cpu(insn).seq, 1);

	if (CONFIG_DEBUG_VM)
		BUG_ON((seq & 1) !== 0, "an access inside of an access");
}

/** The access is a store: for who checks that the page is known to be dirty. */
export function insn_store(p: number): void {
	if (CONFIG_ARCH_HOST_STEPPER) insn_store_step(p);
}

export function insn_end(): void {
	if (CONFIG_SMP) {
		const p = this_cpu(insn);

		/* Release: the access, and what was put into the TLB, come
		 * before. Pairs with wait_for_accesses(). */
		smp_store_release(p.seq, p.seq + 1);
	}
	if (CONFIG_ARCH_HOST_STEPPER) insn_end_step();
}

/**
 * All accesses that are under way on other CPUs come to their end. None of them
 * waits for anything, so it need not be interrupted, and we may hold locks and
 * have interrupts off.
 */
export function wait_for_accesses(): void {
	/* What we stored comes before the looks at seq: pairs with the fully
	 * ordered addition in insn_begin(). */
	smp_mb();
	if (!CONFIG_SMP) return;
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		if (cpu === smp_processor_id()) continue;
		const p = per_cpu(insn, cpu);
		/* Acquire: pairs with the release in insn_end(). */
		const seq = smp_load_acquire(p.seq);

		if ((seq & 1) === 0) continue;
		/* The next access is another one, which began after us. As
		 * above: pairs with insn_end(). */
		for (let n = 0; smp_load_acquire(p.seq) === seq; n++) {
			if (CONFIG_ARCH_HOST_STEPPER) await_step(n);
			else cpu_pause(n);
		}
	}
}

/** One page's entry of one CPU. */
export function drop_page(tlb: cpu_tlb, vpn: number, ctx_id: number): void {
	if (CONFIG_ARCH_HOST_STEPPER) {
		for (let i = 0, used = tlb.used; i < used; i++) {
			const e: tlb_entry = tlb.entry[i];
			if (e.ctx_id === ctx_id && e.vpn === vpn) e.ctx_id = 0;
		}
		return;
	}
	const e: tlb_entry = tlb.entry[vpn & (TLB_ENTRIES - 1)];

	if (READ_ONCE(e.ctx_id) === ctx_id && data_race(e.vpn) === vpn)
		WRITE_ONCE(e.ctx_id, 0);
}

/** All entries of one CPU; ctx_id 0: whosesoever. */
export function drop_all(tlb: cpu_tlb, ctx_id: number): void {
	for (let i = 0, used = tlb_used(tlb); i < used; i++) {
		const e: tlb_entry = tlb.entry[i];

		if (ctx_id === 0 || READ_ONCE(e.ctx_id) === ctx_id)
			WRITE_ONCE(e.ctx_id, 0);
	}
}
