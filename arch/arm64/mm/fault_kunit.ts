// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of arch/arm64/mm: kinds of aborts and what a user is told of them,
 * the access flag and the dirty state with and without the hardware's help, the
 * reasons for which a speculative fault is given up before it is tried, and TLB
 * maintenance. What is the same on all architectures, kernel/mm/spf_kunit.ts
 * and memory_kunit.ts have.
 */
import {
	CONFIG_ARM64_HW_AFDBM,
	CONFIG_SPECULATIVE_PAGE_FAULT,
	CONFIG_SPECULATIVE_PAGE_FAULT_STATS,
	CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import { nr_cpu_ids } from "host/cpu.ts";
import {
	PROT_EXEC,
	PROT_READ,
} from "linux/mman.ts";
import { pmd_off, } from "linux/pgtable.ts";
import {
	BUS_ADRALN,
	SEGV_ACCERR,
	SEGV_MAPERR,
	SIGBUS,
	SIGSEGV,
} from "linux/signal.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import { pte_lockptr } from "linux/mm.ts";
import {
	PGFAULT,
	SPF_ABORT,
	SPF_ABORT_ACCESS_ERROR,
	SPF_ABORT_NO_SPECULATE,
	SPF_ABORT_ODD,
	SPF_ABORT_UNMAPPED,
	SPF_ATTEMPT,
	SPF_ATTEMPT_PTE,
} from "linux/vm_event_item.ts";
import {
	ESR_ELx_CM,
	ESR_ELx_EC_DABT_LOW,
	ESR_ELx_EC_IABT_LOW,
	ESR_ELx_EC_SHIFT,
	ESR_ELx_FSC_ACCESS,
	ESR_ELx_FSC_ALIGN,
	ESR_ELx_FSC_FAULT,
	ESR_ELx_FSC_PERM,
	ESR_ELx_IL,
	ESR_ELx_WNR,
} from "asm/esr.ts";
import { PTE_AF, PTE_RDONLY, TCR_HA, TCR_HD } from "asm/pgtable-hwdef.ts";
import {
	pte_dirty,
	pte_hw_dirty,
	pte_mkclean,
	pte_mkdirty,
	pte_mkold,
	pte_modify,
	pte_mkwrite,
	pte_sw_dirty,
	pte_wrprotect,
	pte_write,
	pte_young,
	ptep_clear_flush_young,
	ptep_set_access_flags,
	ptep_set_wrprotect,
} from "asm/pgtable.ts";
import {
	PAGE_READONLY,
	PAGE_SHARED,
	PAGE_SIZE,
	PMD_SIZE,
	PTRS_PER_PTE,
	TASK_SIZE,
} from "asm/pgtable_types.ts";
import { REGS_USER } from "asm/ptrace.ts";
import { flush_tlb_mm, flush_tlb_page, flush_tlb_range } from "asm/tlbflush.ts";
import { __NR_mmap, __NR_mprotect } from "asm/unistd.ts";
import { do_mem_abort } from "./fault.ts";
import { set_tcr } from "./context.ts";
import type { tlb_entry } from "asm-generic/mmu.ts";
import {
	KUNIT_CASE,
	KUNIT_CASE_PARAM,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_skip,
	kunit_suite,
} from "kunit/test.ts";
import { current } from "kernel/sched/core.ts";
import {
	USER_EXEC,
	USER_READ,
	USER_WRITE,
	user_load8,
	user_signal,
	user_store8,
	user_syscall,
	user_task,
	user_touch,
} from "kernel/entry/user.ts";
import {
	PRIVATE,
	SHARED,
	area_vma,
	change_pte,
	events,
	expect_abort,
	expect_permissions,
	expect_signal,
	fill,
	in_kernel,
	need_events,
	ptep_of,
	spf_done,
} from "mm/fault_kunit_util.ts";
import {
	AREA,
	make_process,
	map_anon,
	pte_of,
	RW,
	user_test_exit,
	user_test_init,
} from "mm/memory_kunit.ts";

const DATA = (ESR_ELx_EC_DABT_LOW << ESR_ELx_EC_SHIFT) | ESR_ELx_IL;
const INSTRUCTION = (ESR_ELx_EC_IABT_LOW << ESR_ELx_EC_SHIFT) | ESR_ELx_IL;

/** As the hardware reports it, from user mode. */
function abort(far: number, esr: number): boolean {
	return in_kernel(() => do_mem_abort(far, esr, REGS_USER));
}

/* By the table of kinds: each to its handler, its signal and its code. */
function aborts_by_kind(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 1);
	const hole = AREA + PAGE_SIZE;

	for (let level = 0; level < 4; level++) {
		KUNIT_EXPECT_FALSE(
			test,
			abort(hole, DATA | ESR_ELx_FSC_FAULT | level),
		);
		expect_signal(test, SIGSEGV, hole, SEGV_MAPERR);
	}
	for (let level = 1; level < 4; level++) {
		KUNIT_EXPECT_TRUE(
			test,
			abort(AREA, DATA | ESR_ELx_FSC_ACCESS | level),
		);
		KUNIT_EXPECT_TRUE(
			test,
			abort(
				AREA,
				DATA | ESR_ELx_WNR | ESR_ELx_FSC_PERM | level,
			),
		);
		KUNIT_EXPECT_FALSE(
			test,
			abort(AREA, INSTRUCTION | ESR_ELx_FSC_PERM | level),
		);
		expect_signal(test, SIGSEGV, AREA, SEGV_ACCERR);
	}
	KUNIT_EXPECT_FALSE(test, abort(AREA + 1, DATA | ESR_ELx_FSC_ALIGN));
	expect_signal(test, SIGBUS, AREA + 1, BUS_ADRALN);
	/* A conflict of TLB entries: nobody knows what to do about it. */
	const tsk = current();
	KUNIT_EXPECT_FALSE(test, abort(AREA, DATA | 0x30));
	KUNIT_EXPECT_EQ(test, tsk.fault_esr, DATA | 0x30);
	KUNIT_EXPECT_EQ(test, user_signal() === null, true);
	KUNIT_EXPECT_EQ(test, user_task(), 0);
}

/* Maintenance of a cache is no write, though the hardware says so. */
function cache_maintenance_is_a_read(test: kunit): void {
	make_process(test);
	KUNIT_EXPECT_EQ(
		test,
		user_syscall(
			__NR_mmap,
			AREA,
			PAGE_SIZE,
			PROT_READ,
			PRIVATE,
			-1,
			0,
		),
		AREA,
	);
	const cm = DATA | ESR_ELx_WNR | ESR_ELx_CM | ESR_ELx_FSC_FAULT | 3;

	KUNIT_EXPECT_TRUE(test, abort(AREA, cm));
	KUNIT_EXPECT_FALSE(test, abort(AREA, cm & ~ESR_ELx_CM));
	expect_signal(test, SIGSEGV, AREA, SEGV_ACCERR);
}

/* Of the kernel's addresses a user learns nothing. */
function kernel_addresses_are_level_0(test: kunit): void {
	make_process(test);
	const above = [TASK_SIZE, 2 ** 52, 2 ** 63];

	for (const addr of above) {
		KUNIT_EXPECT_EQ(test, user_load8(addr), -1);
		KUNIT_EXPECT_EQ(
			test,
			current().fault_esr,
			DATA | ESR_ELx_FSC_FAULT,
		);
		expect_signal(test, SIGSEGV, addr, SEGV_MAPERR);
		KUNIT_EXPECT_FALSE(test, user_store8(addr, 1));
		KUNIT_EXPECT_EQ(
			test,
			current().fault_esr,
			DATA | ESR_ELx_WNR | ESR_ELx_FSC_FAULT,
		);
		expect_signal(test, SIGSEGV, addr, SEGV_MAPERR);
		/* The kernel has something there, and it is forbidden. */
		abort(addr, INSTRUCTION | ESR_ELx_FSC_PERM | 3);
		KUNIT_EXPECT_EQ(
			test,
			current().fault_esr,
			INSTRUCTION | ESR_ELx_FSC_FAULT,
		);
		expect_signal(test, SIGSEGV, addr, SEGV_MAPERR);
	}
	/* Of his own he is told all. */
	KUNIT_EXPECT_EQ(test, user_load8(AREA), -1);
	KUNIT_EXPECT_EQ(
		test,
		current().fault_esr & ~3,
		DATA | ESR_ELx_FSC_FAULT,
	);
	expect_signal(test, SIGSEGV, AREA, SEGV_MAPERR);
}

/* What can be written to or executed can be read; nothing else follows. */
function permissions(test: kunit): void {
	make_process(test);
	expect_permissions(test);
}

/* With its help there is no fault; without, one, and the flag is set. */
/** Both kinds of CPUs: some have all of the work done by faults. */
const CPUS = [0, TCR_HA | TCR_HD];
const of_cpu = (tcr: number): string => tcr === 0 ? "by faults" : "by hardware";

function suite_exit(test: kunit): void {
	set_tcr(CONFIG_ARM64_HW_AFDBM ? TCR_HA | TCR_HD : 0);
	user_test_exit(test);
}

function old_page_is_used(test: kunit, tcr: number): void {
	set_tcr(tcr);
	need_events(test);
	make_process(test);
	map_anon(test, AREA, 1);
	for (const write of [false, true]) {
		user_store8(AREA, 5);
		change_pte(test, pte_mkold);
		const faults = events(PGFAULT);

		if (write) KUNIT_EXPECT_TRUE(test, user_store8(AREA, 5));
		KUNIT_EXPECT_EQ(test, user_load8(AREA), 5);
		KUNIT_EXPECT_TRUE(test, pte_young(pte_of(AREA)));
		KUNIT_EXPECT_EQ(
			test,
			events(PGFAULT),
			faults + (tcr !== 0 ? 0 : 1),
		);
	}
}

function clean_page_is_written(test: kunit, tcr: number): void {
	set_tcr(tcr);
	need_events(test);
	make_process(test);
	map_anon(test, AREA, 1);
	user_store8(AREA, 5);
	change_pte(test, pte_mkclean);
	const faults = events(PGFAULT);

	/* Reading leaves it clean, and in the TLB. */
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 5);
	KUNIT_EXPECT_FALSE(test, pte_dirty(pte_of(AREA)));
	KUNIT_EXPECT_TRUE(test, pte_write(pte_of(AREA)));
	KUNIT_EXPECT_TRUE(test, user_store8(AREA, 6));
	KUNIT_EXPECT_TRUE(test, pte_hw_dirty(pte_of(AREA)));
	/* The hardware knows nothing of the other bit. */
	KUNIT_EXPECT_EQ(
		test,
		pte_sw_dirty(pte_of(AREA)),
		tcr === 0,
	);
	KUNIT_EXPECT_EQ(
		test,
		events(PGFAULT),
		faults + (tcr !== 0 ? 0 : 1),
	);
	/* Both at once are one fault. */
	change_pte(test, (pte) => pte_mkold(pte_mkclean(pte)));
	KUNIT_EXPECT_TRUE(test, user_store8(AREA, 7));
	KUNIT_EXPECT_TRUE(
		test,
		pte_young(pte_of(AREA)) && pte_hw_dirty(pte_of(AREA)),
	);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 7);
}

/* Dirt that only the hardware's bits tell of survives what takes them away. */
function hardware_dirt_is_kept(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 1);
	user_store8(AREA, 5);
	const hw = pte_mkwrite(pte_mkclean(pte_of(AREA)));

	KUNIT_EXPECT_TRUE(test, pte_hw_dirty(hw) && !pte_sw_dirty(hw));
	KUNIT_EXPECT_TRUE(test, pte_dirty(pte_wrprotect(hw)));
	KUNIT_EXPECT_FALSE(test, pte_write(pte_wrprotect(hw)));
	KUNIT_EXPECT_TRUE(test, pte_dirty(pte_modify(hw, PAGE_READONLY)));
	KUNIT_EXPECT_FALSE(
		test,
		pte_dirty(pte_modify(pte_mkclean(hw), PAGE_SHARED)),
	);
	KUNIT_EXPECT_TRUE(test, pte_hw_dirty(pte_mkdirty(pte_mkclean(hw))));
	const ptep = ptep_of(AREA);

	in_kernel(() => {
		ptep.pte = hw;
		ptep_set_wrprotect(current().mm, AREA, ptep);
	});
	KUNIT_EXPECT_TRUE(test, pte_sw_dirty(pte_of(AREA)));
	KUNIT_EXPECT_FALSE(test, pte_write(pte_of(AREA)));
	change_pte(test, () => hw);
}

/* Only to more than there is, also if the walker was there meanwhile. */
function access_flags_only_grow(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 1);
	user_store8(AREA, 5);
	const vma = area_vma(test);
	const ptep = ptep_of(AREA);
	const full = ptep.pte;
	const old = pte_mkold(pte_mkclean(full));
	const set = (there: number, entry: number, dirty: boolean): boolean =>
		in_kernel(() => {
			const ptl = pte_lockptr(
				current().mm,
				pmd_off(current().mm, AREA),
			);

			spin_lock(ptl);
			ptep.pte = there;
			const changed = ptep_set_access_flags(
				vma,
				AREA,
				ptep,
				entry,
				dirty,
			);
			spin_unlock(ptl);
			return changed;
		});

	KUNIT_EXPECT_TRUE(test, set(old, old | PTE_AF, false));
	KUNIT_EXPECT_EQ(test, ptep.pte, old | PTE_AF);
	KUNIT_EXPECT_FALSE(test, set(full, full, true));
	/* PTE_RDONLY and PTE_AF went the other way since `entry` was made. */
	KUNIT_EXPECT_TRUE(
		test,
		set(
			(old | PTE_AF) & ~PTE_RDONLY,
			pte_mkdirty(old) | PTE_RDONLY,
			false,
		),
	);
	KUNIT_EXPECT_TRUE(
		test,
		pte_young(ptep.pte) &&
			pte_hw_dirty(ptep.pte) &&
			pte_sw_dirty(ptep.pte),
	);
	/* young is told once, and no TLB keeps a translation beyond that */
	user_load8(AREA);
	const clear = (): boolean =>
		in_kernel(() => ptep_clear_flush_young(vma, AREA, ptep));
	KUNIT_EXPECT_TRUE(test, clear());
	KUNIT_EXPECT_FALSE(test, clear());
	user_load8(AREA);
	KUNIT_EXPECT_TRUE(test, pte_young(ptep.pte));
}

/* ---- speculation ---- */

/** The process looks as if it had a second thread; has a table and a page. */
function spf_process(test: kunit): void {
	if (!CONFIG_SPECULATIVE_PAGE_FAULT_STATS || !CONFIG_VM_EVENT_COUNTERS)
		kunit_skip(
			test,
			"needs SPECULATIVE_PAGE_FAULT_STATS, VM_EVENT_COUNTERS",
		);
	make_process(test);
	map_anon(test, AREA, 64);
	user_store8(AREA, 1);
	fetch_add(current().mm.mm_users.counter, 1);
}

/** V2.33: for each kind of access: the classic fault gives the same answer. */
function spf_aborts_before_the_fault(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		spf_process(test);
		const mm = current().mm;
		const shared = AREA + PMD_SIZE;
		const hole = AREA + 64 * PAGE_SIZE;
		const touch = (
			addr: number,
			kind: number,
			can: boolean,
		): void => KUNIT_EXPECT_EQ(test, user_touch(addr, kind), can);

		for (const kind of [USER_READ, USER_WRITE, USER_EXEC]) {
			user_syscall(
				__NR_mprotect,
				AREA,
				64 * PAGE_SIZE,
				RW | PROT_EXEC,
			);
			mm.mmap_seq++;
			expect_abort(test, SPF_ABORT_ODD, () =>
				touch(
					AREA + (kind + 1) * PAGE_SIZE,
					kind,
					true,
				),
			);
			mm.mmap_seq++;
			expect_abort(test, SPF_ABORT_UNMAPPED, () =>
				touch(hole, kind, false),
			);
			user_syscall(
				__NR_mmap,
				shared,
				PAGE_SIZE,
				RW | PROT_EXEC,
				SHARED,
				-1,
				0,
			);
			expect_abort(test, SPF_ABORT_NO_SPECULATE, () =>
				touch(shared, kind, true),
			);
			user_syscall(
				__NR_mprotect,
				AREA,
				64 * PAGE_SIZE,
				kind === USER_READ ? 0 : PROT_READ,
			);
			/* with a page and without */
			expect_abort(test, SPF_ABORT_ACCESS_ERROR, () =>
				touch(AREA, kind, false),
			);
			expect_abort(test, SPF_ABORT_ACCESS_ERROR, () =>
				touch(AREA + 63 * PAGE_SIZE, kind, false),
			);
			expect_signal(
				test,
				SIGSEGV,
				AREA + 63 * PAGE_SIZE,
				SEGV_ACCERR,
			);
		}
		spf_done();
	}
}

/**
 * V2.27, 33: the faults that the hardware may spare us are no reason to abort.
 */
function spf_sets_access_flags(test: kunit, tcr: number): void {
	set_tcr(tcr);
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		spf_process(test);
		const [aborts, ptes, attempts] = [
			SPF_ABORT,
			SPF_ATTEMPT_PTE,
			SPF_ATTEMPT,
		].map(events);
		const faults = tcr !== 0 ? 0 : 2;

		change_pte(test, pte_mkold);
		KUNIT_EXPECT_EQ(test, user_load8(AREA), 1);
		change_pte(test, pte_mkclean);
		KUNIT_EXPECT_TRUE(test, user_store8(AREA, 2));
		KUNIT_EXPECT_TRUE(
			test,
			pte_young(pte_of(AREA)) && pte_dirty(pte_of(AREA)),
		);
		KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT), attempts + faults);
		KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT_PTE), ptes + faults);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT), aborts);
		spf_done();
	}
}

/* ---- TLBs ---- */

/* A flush takes out what it names, of every CPU, and nothing else. */
function flushes_reach_all_cpus(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 64);
	const vma = area_vma(test);
	const mm = current().mm;
	const asid = mm.context.ctx_id;
	const other = asid + 1000;
	const left = (fn: () => void): string => {
		const entries: tlb_entry[] = [];

		for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
			for (let i = 0; i < 4; i++)
				entries.push(
					fill(cpu, AREA + i * PAGE_SIZE, asid),
				);
			entries.push(fill(cpu, AREA + 4 * PAGE_SIZE, other));
		}
		in_kernel(fn);
		return entries
			.map((e) => (e.ctx_id === 0 ? "." : "x"))
			.join("");
	};
	const on_all = (text: string): string => text.repeat(nr_cpu_ids());

	KUNIT_EXPECT_EQ(
		test,
		left(() => flush_tlb_page(vma, AREA + PAGE_SIZE)),
		on_all("x.xxx"),
	);
	KUNIT_EXPECT_EQ(
		test,
		left(() =>
			flush_tlb_range(
				vma,
				AREA + PAGE_SIZE,
				AREA + 3 * PAGE_SIZE,
			),
		),
		on_all("x..xx"),
	);
	/* That many are not looked for one by one. */
	KUNIT_EXPECT_EQ(
		test,
		left(() =>
			flush_tlb_range(
				vma,
				AREA + PAGE_SIZE,
				AREA + (PTRS_PER_PTE + 1) * PAGE_SIZE,
			),
		),
		on_all("....x"),
	);
	KUNIT_EXPECT_EQ(
		test,
		left(() => flush_tlb_mm(mm)),
		on_all("....x"),
	);
	flush_all(test);
}

/** Nothing of it stays behind. */
function flush_all(test: kunit): void {
	const mm = area_vma(test).vm_mm;

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++)
		fill(cpu, AREA + 4 * PAGE_SIZE, 0);
	in_kernel(() => flush_tlb_mm(mm));
}

export const arm64_fault_test_suite = kunit_suite({
	name: "arm64_fault",
	init: user_test_init,
	exit: suite_exit,
	test_cases: [
		KUNIT_CASE("aborts_by_kind", aborts_by_kind),
		KUNIT_CASE(
			"cache_maintenance_is_a_read",
			cache_maintenance_is_a_read,
		),
		KUNIT_CASE(
			"kernel_addresses_are_level_0",
			kernel_addresses_are_level_0,
		),
		KUNIT_CASE("permissions", permissions),
		KUNIT_CASE_PARAM("old_page_is_used", old_page_is_used, CPUS,
			of_cpu),
		KUNIT_CASE_PARAM("clean_page_is_written", clean_page_is_written,
			CPUS, of_cpu),
		KUNIT_CASE("hardware_dirt_is_kept", hardware_dirt_is_kept),
		KUNIT_CASE("access_flags_only_grow", access_flags_only_grow),
		KUNIT_CASE(
			"spf_aborts_before_the_fault",
			spf_aborts_before_the_fault,
		),
		KUNIT_CASE_PARAM("spf_sets_access_flags", spf_sets_access_flags,
			CPUS, of_cpu),
		KUNIT_CASE("flushes_reach_all_cpus", flushes_reach_all_cpus),
	],
});
