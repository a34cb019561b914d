// SPDX-License-Identifier: GPL-2.0-only
/**
 * Unit tests of arch/powerpc/mm: kinds of storage interrupts and what a user is
 * told of them, R and C with and without the hardware's help, entries that are
 * changed in two steps, the reasons for which a speculative fault is given up,
 * whom a flush is for, and PIDs. What is the same on all architectures,
 * kernel/mm/spf_kunit.ts and memory_kunit.ts have.
 */
import {
	CONFIG_NUMA_BALANCING,
	CONFIG_PPC_SMLPAR,
	CONFIG_SMP,
	CONFIG_SPECULATIVE_PAGE_FAULT,
	CONFIG_SPECULATIVE_PAGE_FAULT_STATS,
	CONFIG_VM_EVENT_COUNTERS,
} from "generated/autoconf.ts";
import type { tlb_entry } from "asm-generic/mmu.ts";
import { virt_to_page } from "asm-generic/memory_model.ts";
import { nr_cpu_ids } from "host/cpu.ts";
import { atomic_read, atomic_set } from "linux/atomic.ts";
import { EINVAL, ENOMEM } from "linux/errno.ts";
import { O_RDWR } from "linux/fcntl.ts";
import {
	MAP_ANONYMOUS,
	MAP_FIXED,
	MAP_PRIVATE,
	PROT_EXEC,
	PROT_READ,
} from "linux/mman.ts";
import { pte_lockptr } from "linux/mm.ts";
import { mmap_read_lock, mmap_read_unlock } from "linux/mmap_lock.ts";
import type { mm_struct, } from "linux/mm_types.ts";
import { PageTable } from "linux/page-flags.ts";
import { mmget } from "linux/sched/mm.ts";
import { pmd_off, } from "linux/pgtable.ts";
import {
	BUS_OBJERR,
	SEGV_ACCERR,
	SEGV_BNDERR,
	SEGV_MAPERR,
	SIGBUS,
	SIGHUP,
	SIGSEGV,
	sigmask,
} from "linux/signal.ts";
import { spin_lock, spin_unlock } from "linux/spinlock.ts";
import {
	PGFAULT,
	SPF_ABORT,
	SPF_ABORT_ACCESS_ERROR,
	SPF_ABORT_ANON_VMA,
	SPF_ABORT_NO_SPECULATE,
	SPF_ABORT_ODD,
	SPF_ABORT_PMD,
	SPF_ABORT_PTE_MAP_LOCK_PTL,
	SPF_ABORT_UNMAPPED,
	SPF_ATTEMPT,
	SPF_ATTEMPT_PTE,
} from "linux/vm_event_item.ts";
import {
	INTERRUPT_DATA_STORAGE, INTERRUPT_INST_STORAGE,
} from "asm/interrupt.ts";
import {
	cpumask_clear_cpu, cpumask_set_cpu, cpumask_test_cpu,
} from "asm/mmu_context.ts";
import {
	_PAGE_ACCESSED, _PAGE_DIRTY, _PAGE_INVALID, _PAGE_PRESENT, _PAGE_WRITE,
	PMD_FRAG_NR, PMD_FRAG_SIZE, PTE_FRAG_NR, PTE_FRAG_SIZE,
} from "asm/book3s/64/pgtable-bits.ts";
import {
	pmd_alloc_one, pmd_free, pte_alloc_one, pte_free,
} from "asm/pgalloc.ts";
import {
	pte_dirty,
	pte_hw_valid,
	pte_mk_savedwrite,
	pte_mkclean,
	pte_mkdirty,
	pte_mkold,
	pte_modify,
	pte_none,
	pte_present,
	pte_protnone,
	pte_savedwrite,
	pte_write,
	pte_wrprotect,
	pte_young,
	ptep_clear_flush_young,
	ptep_modify_prot_commit,
	ptep_modify_prot_start,
	ptep_set_access_flags,
	ptep_set_wrprotect,
} from "asm/pgtable.ts";
import {
	DEFAULT_MAP_WINDOW,
	PAGE_NONE,
	PAGE_READONLY,
	PAGE_SHARED,
	PAGE_SIZE,
	PMD_SIZE,
	type pmd_t,
	type pte_t,
	TASK_SIZE,
} from "asm/pgtable_types.ts";
import { REGS_USER } from "asm/ptrace.ts";
import {
	DSISR_ATTR_CONFLICT,
	DSISR_BAD_AMO,
	DSISR_BAD_DIRECT_ST,
	DSISR_BADACCESS,
	DSISR_ISSTORE,
	DSISR_NOEXEC_OR_G,
	DSISR_NOHPTE,
	DSISR_PROTFAULT,
	DSISR_PRTABLE_FAULT,
	DSISR_SET_RC,
	DSISR_UNSUPP_MMU,
} from "asm/reg.ts";
import { flush_tlb_mm, flush_tlb_page, flush_tlb_range } from "asm/tlbflush.ts";
import {
	__NR_close, __NR_madvise, __NR_mmap, __NR_mprotect, __NR_sim_open,
} from "asm/unistd.ts";
import {
	KUNIT_ASSERT_EQ,
	KUNIT_ASSERT_NOT_NULL,
	KUNIT_CASE,
	KUNIT_CASE_PARAM,
	KUNIT_EXPECT_EQ,
	KUNIT_EXPECT_FALSE,
	KUNIT_EXPECT_NE,
	KUNIT_EXPECT_TRUE,
	type kunit,
	kunit_skip,
	kunit_suite,
} from "kunit/test.ts";
import { mm_alloc, mmput } from "kernel/fork.ts";
import { current } from "kernel/sched/core.ts";
import {
	USER_EXEC,
	USER_READ,
	USER_WRITE,
	user_load8,
	user_signal,
	user_store8,
	user_syscall,
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
	expect_signal as expect_last_signal,
	fill,
	in_kernel,
	lock_elsewhere,
	need_events,
	ptep_of,
	spf_done,
	unlock_elsewhere,
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
import { change_prot_numa } from "mm/mempolicy.ts";
import { lppaca } from "../kernel/paca.ts";
import { process_table_root, set_no_rc } from "./book3s64/mmu_context.ts";
import { do_page_fault } from "./fault.ts";
import { cpu_pwc, type pwc_entry } from "./tlb.ts";

/** Of AREA; less than a table has. */
const PAGES = 16;

/** The handler alone was called: a way back to user mode brings the signal. */
function expect_signal(
	test: kunit,
	signo: number,
	addr: number,
	code: number,
): void {
	user_syscall(-1);
	expect_last_signal(test, signo, addr, code);
}

/** As the hardware reports it, from user mode. */
function data(dar: number, dsisr: number): boolean {
	return in_kernel(() =>
		do_page_fault(REGS_USER, dar, dsisr, INTERRUPT_DATA_STORAGE),
	);
}

function instruction(nip: number, srr1: number): boolean {
	return in_kernel(() =>
		do_page_fault(REGS_USER, nip, srr1, INTERRUPT_INST_STORAGE),
	);
}

/** fn with the lock of AREA's table. */
function locked<T>(fn: () => T): T {
	return in_kernel(() => {
		const mm = current().mm;
		const ptl = pte_lockptr(mm, pmd_off(mm, AREA));

		spin_lock(ptl);
		const ret = fn();
		spin_unlock(ptl);
		return ret;
	});
}

/* ---- interrupts ---- */

function interrupts_by_kind(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 1);
	const hole = AREA + PAGE_SIZE;

	KUNIT_EXPECT_TRUE(test, data(AREA, DSISR_NOHPTE));
	KUNIT_EXPECT_TRUE(test, data(AREA, DSISR_NOHPTE | DSISR_ISSTORE));
	KUNIT_EXPECT_TRUE(test, data(AREA, DSISR_PROTFAULT | DSISR_ISSTORE));
	KUNIT_EXPECT_TRUE(test, data(AREA, DSISR_SET_RC | DSISR_ISSTORE));
	KUNIT_EXPECT_FALSE(test, data(hole, DSISR_NOHPTE));
	expect_signal(test, SIGSEGV, hole, SEGV_MAPERR);
	/* By the vector it is a fetch, whatever the bits say. */
	for (const srr1 of [DSISR_NOHPTE, DSISR_NOEXEC_OR_G, DSISR_PROTFAULT]) {
		KUNIT_EXPECT_FALSE(test, instruction(AREA, srr1));
		expect_signal(test, SIGSEGV, AREA, SEGV_ACCERR);
	}
	/* Nothing is looked up. */
	for (const bad of [
		DSISR_BAD_DIRECT_ST,
		DSISR_ATTR_CONFLICT,
		DSISR_BADACCESS,
		DSISR_UNSUPP_MMU,
		DSISR_PRTABLE_FAULT,
		DSISR_BAD_AMO,
	]) {
		KUNIT_EXPECT_FALSE(test, data(AREA, bad | DSISR_NOHPTE));
		expect_signal(test, SIGBUS, AREA, BUS_OBJERR);
	}
}

/* What the tables do not reach is another interrupt than what they do not
 * have; the kernel's addresses are reached, and forbidden. */
function addresses_beyond(test: kunit): void {
	make_process(test);
	const rows = [
		[TASK_SIZE, TASK_SIZE < 2 ** 52 ? SEGV_MAPERR : SEGV_BNDERR],
		[2 ** 52 - PAGE_SIZE, SEGV_MAPERR],
		[2 ** 52, SEGV_BNDERR],
		[2 ** 62, SEGV_BNDERR],
		[2 ** 63, SEGV_BNDERR],
		[2 ** 63 + 2 ** 62, SEGV_MAPERR],
	];

	/* Nothing of these is where a user's own address ends in the tables. */
	map_anon(test, AREA, 1);
	user_store8(AREA, 7);
	for (const [addr, code] of rows) {
		KUNIT_EXPECT_EQ(test, user_load8(addr), -1);
		expect_signal(test, SIGSEGV, addr, code);
		KUNIT_EXPECT_FALSE(test, user_store8(addr, 1));
		expect_signal(test, SIGSEGV, addr, code);
		KUNIT_EXPECT_FALSE(test, user_touch(addr, USER_EXEC));
		expect_signal(test, SIGSEGV, addr, code);
	}
	KUNIT_EXPECT_EQ(test, user_load8(AREA + 2 ** 48), -1);
	expect_signal(test, SIGSEGV, AREA + 2 ** 48, SEGV_MAPERR);
}

/* What can be written to or executed can be read; nothing else follows. */
function permissions(test: kunit): void {
	make_process(test);
	expect_permissions(test);
	/* mmap() takes no bits that it does not know, where others do. */
	KUNIT_EXPECT_EQ(
		test,
		user_syscall(__NR_mmap, AREA, PAGE_SIZE, 0x40, PRIVATE, -1, 0),
		-EINVAL,
	);
}

/* What had to be read is told the hypervisor, once, and nothing else is. */
function waits_are_accounted(test: kunit): void {
	if (CONFIG_PPC_SMLPAR) {
		make_process(test);
		map_anon(test, AREA, 1);
		const fd = user_syscall(__NR_sim_open, 4712, O_RDWR, PAGE_SIZE);
		const before = this_cpu(lppaca).page_ins;

		user_syscall(
			__NR_mmap,
			AREA + PMD_SIZE,
			PAGE_SIZE,
			PROT_READ,
			MAP_PRIVATE | MAP_FIXED,
			fd,
			0,
		);
		user_syscall(__NR_close, fd);
		KUNIT_EXPECT_TRUE(test, user_store8(AREA, 1));
		KUNIT_EXPECT_EQ(test, this_cpu(lppaca).page_ins, before);
		KUNIT_EXPECT_NE(test, user_load8(AREA + PMD_SIZE), -1);
		KUNIT_EXPECT_EQ(
			test,
			this_cpu(lppaca).page_ins,
			before + PAGE_SIZE / 4096,
		);
		user_load8(AREA + PMD_SIZE);
		KUNIT_EXPECT_EQ(
			test,
			this_cpu(lppaca).page_ins,
			before + PAGE_SIZE / 4096,
		);
	} else kunit_skip(test, "needs PPC_SMLPAR");
}

/* ---- R and C ---- */

/** Both kinds of MMUs: some leave all of the work to faults. */
const MMUS = [0, 1];
const of_mmu = (no_rc: number): string =>
	no_rc !== 0 ? "by faults" : "by hardware";

function suite_exit(test: kunit): void {
	set_no_rc(false);
	user_test_exit(test);
}

function old_page_is_used(test: kunit, no_rc: number): void {
	need_events(test);
	set_no_rc(no_rc !== 0);
	make_process(test);
	map_anon(test, AREA, 1);
	for (const write of [false, true]) {
		user_store8(AREA, 5);
		change_pte(test, pte_mkold);
		const faults = events(PGFAULT);

		if (write) KUNIT_EXPECT_TRUE(test, user_store8(AREA, 5));
		KUNIT_EXPECT_EQ(test, user_load8(AREA), 5);
		KUNIT_EXPECT_TRUE(test, pte_young(pte_of(AREA)));
		KUNIT_EXPECT_EQ(test, events(PGFAULT), faults + no_rc);
	}
}

function clean_page_is_written(test: kunit, no_rc: number): void {
	need_events(test);
	set_no_rc(no_rc !== 0);
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
	KUNIT_EXPECT_TRUE(test, pte_dirty(pte_of(AREA)));
	KUNIT_EXPECT_EQ(test, events(PGFAULT), faults + no_rc);
	/* Both at once are one fault. */
	change_pte(test, (pte) => pte_mkold(pte_mkclean(pte)));
	KUNIT_EXPECT_TRUE(test, user_store8(AREA, 7));
	KUNIT_EXPECT_TRUE(
		test,
		pte_young(pte_of(AREA)) && pte_dirty(pte_of(AREA)),
	);
	KUNIT_EXPECT_EQ(test, events(PGFAULT), faults + 2 * no_rc);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 7);
}

/* Between the two steps no walker sets a bit, and for everybody else the page
 * is there. */
function two_steps(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 1);
	user_store8(AREA, 5);
	change_pte(test, (pte) => pte_mkold(pte_mkclean(pte)));
	const vma = area_vma(test);
	const ptep = ptep_of(AREA);
	const old = locked(() => ptep_modify_prot_start(vma, AREA, ptep));
	const between = ptep.pte;

	KUNIT_EXPECT_TRUE(test, pte_hw_valid(old));
	KUNIT_EXPECT_FALSE(test, pte_hw_valid(between));
	KUNIT_EXPECT_TRUE(test, pte_present(between));
	KUNIT_EXPECT_FALSE(test, pte_none(between));
	KUNIT_EXPECT_EQ(
		test,
		old ^ between,
		_PAGE_PRESENT | _PAGE_INVALID,
	);
	const ptent = pte_modify(pte_mkdirty(old), PAGE_READONLY);

	locked(() => ptep_modify_prot_commit(vma, AREA, ptep, old, ptent));
	KUNIT_EXPECT_TRUE(test, pte_hw_valid(ptep.pte));
	KUNIT_EXPECT_TRUE(test, pte_dirty(ptep.pte));
	KUNIT_EXPECT_FALSE(test, pte_write(ptep.pte));
	KUNIT_EXPECT_EQ(test, ptep.pte & _PAGE_INVALID, 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 5);
	/* R and C that the hardware writes back to nothing leave nothing. */
	KUNIT_EXPECT_TRUE(test, pte_none(_PAGE_DIRTY | _PAGE_ACCESSED));
	change_pte(test, () => pte_modify(old, PAGE_SHARED));
}

/* A hint forbids everything, and has one bit less where it could be written. */
function hints_keep_the_write_bit(test: kunit): void {
	if (!CONFIG_NUMA_BALANCING) {
		kunit_skip(test, "needs NUMA_BALANCING");
		return;
	}
	make_process(test);
	map_anon(test, AREA, 1);
	user_store8(AREA, 5);
	const full = pte_of(AREA);
	const hint = pte_modify(full, PAGE_NONE);
	const saved = pte_mk_savedwrite(hint);

	KUNIT_EXPECT_TRUE(test, pte_protnone(hint) && pte_protnone(saved));
	KUNIT_EXPECT_FALSE(test, pte_write(hint));
	KUNIT_EXPECT_TRUE(test, pte_write(saved));
	KUNIT_EXPECT_FALSE(test, pte_write(pte_wrprotect(saved)));
	KUNIT_EXPECT_EQ(test, pte_wrprotect(saved), hint);
	const ptep = ptep_of(AREA);

	locked(() => {
		ptep.pte = saved;
		ptep_set_wrprotect(current().mm, AREA, ptep);
	});
	KUNIT_EXPECT_EQ(test, ptep.pte, hint);
	change_pte(test, () => full);
}

/* The next use takes a hint back, and the page may be written as before. */
function hints_are_taken_back(test: kunit): void {
	if (!CONFIG_NUMA_BALANCING) {
		kunit_skip(test, "needs NUMA_BALANCING");
		return;
	}
	make_process(test);
	KUNIT_EXPECT_EQ(
		test,
		user_syscall(__NR_mmap, AREA, PAGE_SIZE, RW, SHARED, -1, 0),
		AREA,
	);
	user_store8(AREA, 5);
	const full = pte_of(AREA);
	const vma = area_vma(test);

	in_kernel(() => {
		mmap_read_lock(vma.vm_mm);
		change_prot_numa(vma, AREA, AREA + PAGE_SIZE);
		mmap_read_unlock(vma.vm_mm);
	});
	const hint = pte_of(AREA);

	KUNIT_EXPECT_TRUE(test, pte_protnone(hint) && pte_savedwrite(hint));
	/* The fault would be taken again and again. */
	KUNIT_ASSERT_EQ(test, hint & _PAGE_WRITE, 0);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 5);
	KUNIT_EXPECT_EQ(test, pte_of(AREA), full);
}

/* Only to more, also if the walker was there meanwhile, and without a flush: a
 * CPU that has less in its TLB looks again. */
function access_flags_only_grow(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, 1);
	user_store8(AREA, 5);
	const vma = area_vma(test);
	const ptep = ptep_of(AREA);
	const full = ptep.pte;
	const old = pte_mkold(pte_mkclean(full)) & ~_PAGE_WRITE;
	const set = (there: number, entry: number): boolean =>
		locked(() => {
			ptep.pte = there;
			return ptep_set_access_flags(
				vma,
				AREA,
				ptep,
				entry,
				true,
			);
		});

	KUNIT_EXPECT_TRUE(test, set(old, old | _PAGE_ACCESSED));
	KUNIT_EXPECT_EQ(test, ptep.pte, old | _PAGE_ACCESSED);
	KUNIT_EXPECT_FALSE(test, set(full, full));
	/* The walker has set R since `entry` was made. */
	KUNIT_EXPECT_TRUE(
		test,
		set(old | _PAGE_ACCESSED, old | _PAGE_WRITE | _PAGE_DIRTY),
	);
	KUNIT_EXPECT_EQ(test, ptep.pte, full);

	change_pte(test, pte_wrprotect);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 5);
	const faults = CONFIG_VM_EVENT_COUNTERS ? events(PGFAULT) : 0;

	set(ptep.pte, full);
	KUNIT_EXPECT_TRUE(test, user_store8(AREA, 6));
	if (CONFIG_VM_EVENT_COUNTERS)
		KUNIT_EXPECT_EQ(test, events(PGFAULT), faults);
	/* young is told once; what is cached may stay */
	const clear = (): boolean =>
		locked(() => ptep_clear_flush_young(vma, AREA, ptep));
	KUNIT_EXPECT_TRUE(test, clear());
	KUNIT_EXPECT_FALSE(test, clear());
	user_load8(AREA);
	KUNIT_EXPECT_FALSE(test, pte_young(ptep.pte));
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
	map_anon(test, AREA, PAGES);
	user_store8(AREA, 1);
	fetch_add(current().mm.mm_users.counter, 1);
}

/**
 * V2.35: for each kind of access: the classic fault gives the same answer. The
 * copy of a vma that changes meanwhile is a matter of spf_races_with_writer().
 */
function spf_aborts_before_the_fault(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		spf_process(test);
		const mm = current().mm;
		const shared = AREA + PMD_SIZE;
		const last = AREA + (PAGES - 1) * PAGE_SIZE;
		const hole = AREA + PAGES * PAGE_SIZE;
		const touch = (
			addr: number,
			kind: number,
			can: boolean,
		): void => KUNIT_EXPECT_EQ(test, user_touch(addr, kind), can);

		for (const kind of [USER_READ, USER_WRITE, USER_EXEC]) {
			user_syscall(
				__NR_mprotect,
				AREA,
				PAGES * PAGE_SIZE,
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
				PAGES * PAGE_SIZE,
				kind === USER_READ ? 0 : PROT_READ,
			);
			/* with a page and without */
			expect_abort(test, SPF_ABORT_ACCESS_ERROR, () =>
				touch(AREA, kind, false),
			);
			expect_abort(test, SPF_ABORT_ACCESS_ERROR, () =>
				touch(last, kind, false),
			);
			expect_signal(
				test,
				SIGSEGV,
				last,
				SEGV_ACCERR,
			);
		}
		spf_done();
	}
}

/**
 * V2.16, 18, 35: it was begun, and cannot be ended so: no table, no anon_vma, a
 * lock that somebody has.
 */
function spf_aborts_in_the_fault(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		spf_process(test);
		const far = AREA + 2 * PMD_SIZE;
		const near = AREA + (PAGES + 1) * PAGE_SIZE;

		map_anon(test, far, 1);
		expect_abort(test, SPF_ABORT_PMD, () => {
			KUNIT_EXPECT_TRUE(test, user_store8(far, 1));
		});
		/* A table, and a vma of its own that never had a page. */
		map_anon(test, near, 1);
		expect_abort(test, SPF_ABORT_ANON_VMA, () => {
			KUNIT_EXPECT_TRUE(test, user_store8(near, 1));
		});
		spf_done();
	}
}

/** V2.35: who is alone is not tried at all, nor what the kernel copies. */
function spf_is_not_tried(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		spf_process(test);
		const attempts = events(SPF_ATTEMPT);

		spf_done();
		KUNIT_EXPECT_TRUE(test, user_store8(AREA + PAGE_SIZE, 1));
		KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT), attempts);
	}
}

/**
 * V2.35: the table's lock is taken: the attempt is over, and a signal is
 * looked for before the classic fault begins.
 */
function spf_signal_comes_first(test: kunit): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		spf_process(test);
		const tsk = current();
		const addr = AREA + PAGE_SIZE;
		const [ptl_aborts, aborts, attempts] = [
			SPF_ABORT_PTE_MAP_LOCK_PTL,
			SPF_ABORT,
			SPF_ATTEMPT,
		].map(events);
		const again = in_kernel(() => {
			const mm = current().mm;
			const ptl = pte_lockptr(mm, pmd_off(mm, AREA));

			lock_elsewhere(ptl);
			fetch_or(tsk.pending, sigmask(SIGHUP));
			const ret = do_page_fault(
				REGS_USER,
				addr,
				DSISR_NOHPTE | DSISR_ISSTORE,
				INTERRUPT_DATA_STORAGE,
			);
			unlock_elsewhere(ptl);
			return ret;
		});

		KUNIT_EXPECT_TRUE(test, again);
		KUNIT_EXPECT_EQ(
			test,
			events(SPF_ABORT_PTE_MAP_LOCK_PTL),
			ptl_aborts + 1,
		);
		/* Such an attempt is not counted as aborted. */
		KUNIT_EXPECT_EQ(test, events(SPF_ATTEMPT), attempts + 1);
		KUNIT_EXPECT_EQ(test, events(SPF_ABORT), aborts);
		KUNIT_EXPECT_TRUE(test, pte_none(pte_of(addr)));
		user_syscall(-1);
		KUNIT_EXPECT_EQ(test, user_signal()?.signo ?? 0, SIGHUP);
		spf_done();
	}
}

/**
 * V2.27, 35: the faults that the hardware may spare us are no reason to abort.
 */
function spf_sets_r_and_c(test: kunit, no_rc: number): void {
	if (CONFIG_SPECULATIVE_PAGE_FAULT) {
		set_no_rc(no_rc !== 0);
		spf_process(test);
		const [aborts, ptes, attempts] = [
			SPF_ABORT,
			SPF_ATTEMPT_PTE,
			SPF_ATTEMPT,
		].map(events);
		const faults = 2 * no_rc;

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

/** The same of a table in its page walk cache. */
function fill_pwc(cpu: number, addr: number, ctx_id: number): pwc_entry {
	const region = Math.floor(addr / PMD_SIZE);
	const e: pwc_entry = per_cpu(cpu_pwc, cpu).entry[region & 15];

	e.region = region;
	e.ctx_id = ctx_id;
	e.pmd = 0;
	return e;
}

/** What is left of four pages, one of another PID, and a table, on each CPU. */
function left_after(mm: mm_struct, fn: () => void): string[] {
	const pid = mm.context.ctx_id;
	const cpus: string[] = [];
	const entries: tlb_entry[] = [];
	const tables: pwc_entry[] = [];

	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		for (let i = 0; i < 4; i++)
			entries.push(fill(cpu, AREA + i * PAGE_SIZE, pid));
		entries.push(fill(cpu, AREA + 4 * PAGE_SIZE, 4000));
		tables.push(fill_pwc(cpu, AREA + 3 * PMD_SIZE, pid));
	}
	in_kernel(fn);
	for (let cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		let text = "";

		for (let i = 0; i < 5; i++) {
			const e: tlb_entry = entries[cpu * 5 + i];

			text += e.ctx_id === 0 ? "." : "x";
			e.ctx_id = 0;
		}
		const table: pwc_entry = tables[cpu];

		cpus.push(text + (table.ctx_id === 0 ? "." : "x"));
		table.ctx_id = 0;
	}
	return cpus;
}

/** As the entries are after flushes for these CPUs, here and elsewhere. */
function expect_left(
	test: kunit,
	got: string[],
	here: string,
	elsewhere: string,
): void {
	KUNIT_EXPECT_EQ(test, got[0], here);
	for (let cpu = 1; cpu < got.length; cpu++)
		KUNIT_EXPECT_EQ(test, got[cpu], elsewhere);
}

/* A flush takes out what it names and nothing else: of this CPU, if no other
 * one is in the mask, of all if there is, of none if the mask is empty. Tables
 * are forgotten by a range that may be one table's, and by a whole PID. */
function flushes_by_mask(test: kunit): void {
	make_process(test);
	map_anon(test, AREA, PAGES);
	const vma = area_vma(test);
	const mm = current().mm;
	const pages = (from: number, to: number) => (): void =>
		flush_tlb_range(
			vma,
			AREA + from * PAGE_SIZE,
			AREA + to * PAGE_SIZE,
		);
	const all = "xxxxxx";
	/* So many may be one table's. */
	const pwc = (n: number): string =>
		n * PAGE_SIZE >= PMD_SIZE ? "." : "x";

	KUNIT_EXPECT_EQ(test, atomic_read(mm.context.active_cpus), 1);
	KUNIT_EXPECT_TRUE(test, cpumask_test_cpu(0, mm));
	const local = (fn: () => void, here: string): void =>
		expect_left(test, left_after(mm, fn), here, all);

	local(() => flush_tlb_page(vma, AREA + PAGE_SIZE), "x.xxxx");
	local(pages(1, 3), "x..xxx");
	local(pages(1, 257), `x...x${pwc(256)}`);
	local(pages(1, 258), "....x.");
	local(() => flush_tlb_mm(mm), "....xx");
	if (CONFIG_SMP && nr_cpu_ids() > 1) {
		const far = nr_cpu_ids() - 1;
		const everywhere = (fn: () => void, text: string): void =>
			expect_left(test, left_after(mm, fn), text, text);

		/* Another CPU has run it, and a second task has the mm. */
		cpumask_set_cpu(far, mm);
		atomic_set(mm.context.active_cpus, 2);
		mmget(mm);
		everywhere(() => flush_tlb_page(vma, AREA), ".xxxxx");
		everywhere(pages(1, 3), "x..xxx");
		everywhere(pages(1, 34), `x...x${pwc(33)}`);
		everywhere(pages(1, 35), "....x.");
		everywhere(() => flush_tlb_mm(mm), "....xx");
		KUNIT_EXPECT_TRUE(test, cpumask_test_cpu(far, mm));

		/* With one task it is asked, and leaves. */
		in_kernel(() => mmput(mm));
		const got = left_after(mm, () => flush_tlb_page(vma, AREA));

		KUNIT_EXPECT_EQ(test, got[0], ".xxxxx");
		KUNIT_EXPECT_EQ(test, got[far], "....x.");
		for (let cpu = 1; cpu < far; cpu++)
			KUNIT_EXPECT_EQ(test, got[cpu], all);
		KUNIT_EXPECT_FALSE(test, cpumask_test_cpu(far, mm));
		KUNIT_EXPECT_EQ(test, atomic_read(mm.context.active_cpus), 1);
	}
	/* Nobody has it: not even this CPU is looked at. */
	cpumask_clear_cpu(0, mm);
	atomic_set(mm.context.active_cpus, 0);
	expect_left(test, left_after(mm, () => flush_tlb_mm(mm)), all, all);
	cpumask_set_cpu(0, mm);
	atomic_set(mm.context.active_cpus, 1);
	in_kernel(() => flush_tlb_mm(mm));
}

/* A table that went away is not walked by what was cached of it. */
function tables_are_forgotten(test: kunit): void {
	make_process(test);
	for (let i = 0; i < 3; i++) {
		map_anon(test, AREA, 2);
		KUNIT_EXPECT_EQ(test, user_load8(AREA + PAGE_SIZE), 0);
		KUNIT_EXPECT_TRUE(test, user_store8(AREA, 7));
		user_syscall(
			__NR_mmap,
			AREA - PMD_SIZE,
			3 * PMD_SIZE,
			0,
			PRIVATE,
			-1,
			0,
		);
		KUNIT_EXPECT_EQ(test, user_load8(AREA), -1);
		user_signal();
	}
	map_anon(test, AREA, 1);
	user_store8(AREA, 7);
	/* MADV_DONTNEED takes the page and leaves the table */
	user_syscall(__NR_madvise, AREA, PAGE_SIZE, 4);
	KUNIT_EXPECT_EQ(test, user_load8(AREA), 0);
}

/* ---- tables ---- */

/** Of ptes, or of pmds: how many to a page, and how they come and go. */
const TABLES = ["pte", "pmd"];

/* A page is handed out table by table, and goes with the last one: of a new
 * page, also with those that nobody has got when the address space dies. */
function tables_share_pages(test: kunit, kind: string): void {
	const nr = kind === "pte" ? PTE_FRAG_NR : PMD_FRAG_NR;
	const size = kind === "pte" ? PTE_FRAG_SIZE : PMD_FRAG_SIZE;

	in_kernel(() => {
		const mm = mm_alloc();

		KUNIT_ASSERT_NOT_NULL(test, mm);
		const alloc = (): number =>
			kind === "pte"
				? uptr(pte_alloc_one(mm))
				: uptr(pmd_alloc_one(mm, AREA));
		const free = (table: number): void =>
			kind === "pte"
				? pte_free(mm, cast<pte_t>(table))
				: pmd_free(mm, cast<pmd_t>(table));
		const tables: number[] = [];

		for (let i = 0; i < nr; i++) tables.push(alloc());
		const first = virt_to_page(tables[0]);

		KUNIT_EXPECT_EQ(test, tables[0] % PAGE_SIZE, 0);
		for (let i = 1; i < nr; i++)
			KUNIT_EXPECT_EQ(test, tables[i], tables[0] + i * size);
		KUNIT_EXPECT_EQ(test, atomic_read(first.pt_frag_refcount), nr);
		const next = alloc();
		const second = virt_to_page(next);

		KUNIT_EXPECT_TRUE(test, second !== first);
		for (let i = 1; i < nr; i++) free(tables[i]);
		KUNIT_EXPECT_TRUE(test, PageTable(first));
		free(tables[0]);
		KUNIT_EXPECT_FALSE(test, PageTable(first));
		free(next);
		KUNIT_EXPECT_EQ(test, PageTable(second), nr > 1);
		mmput(mm);
		KUNIT_EXPECT_FALSE(test, PageTable(second));
	});
}

/* Beyond the window nothing is mapped but for who asks. */
function beyond_the_window(test: kunit): void {
	make_process(test);
	const beyond = DEFAULT_MAP_WINDOW + PMD_SIZE;
	const map = (hint: number, flags: number): number =>
		user_syscall(
			__NR_mmap,
			hint,
			PAGE_SIZE,
			RW,
			MAP_PRIVATE | MAP_ANONYMOUS | flags,
			-1,
			0,
		);
	const near = map(0, 0);

	KUNIT_EXPECT_TRUE(test, near > 0 && near < DEFAULT_MAP_WINDOW);
	if (TASK_SIZE > DEFAULT_MAP_WINDOW) {
		KUNIT_EXPECT_EQ(test, map(beyond, 0), beyond);
		/* It is taken: from the top downwards. */
		const top = map(beyond, 0);

		KUNIT_EXPECT_TRUE(
			test,
			top > TASK_SIZE - DEFAULT_MAP_WINDOW && top < TASK_SIZE,
		);
		KUNIT_EXPECT_EQ(
			test,
			map(beyond + PMD_SIZE, MAP_FIXED),
			beyond + PMD_SIZE,
		);
		for (const addr of [beyond, top, beyond + PMD_SIZE]) {
			KUNIT_EXPECT_TRUE(test, user_store8(addr, 3));
			KUNIT_EXPECT_EQ(test, user_load8(addr), 3);
		}
	} else {
		KUNIT_EXPECT_EQ(test, map(beyond, MAP_FIXED), -ENOMEM);
		KUNIT_EXPECT_TRUE(test, map(beyond, 0) < DEFAULT_MAP_WINDOW);
	}
	const after = map(0, 0);

	KUNIT_EXPECT_TRUE(test, after > 0 && after < DEFAULT_MAP_WINDOW);
}

/* ---- PIDs ---- */

/* The lowest one that is free, away again when the address space is gone. */
function pids_are_used_again(test: kunit): void {
	in_kernel(() => {
		const mms: mm_struct[] = [];

		for (let i = 0; i < 3; i++) {
			const mm = mm_alloc();

			KUNIT_ASSERT_NOT_NULL(test, mm);
			const root = process_table_root(mm.context.ctx_id);

			KUNIT_EXPECT_TRUE(test, root === mm.pgd);
			mms.push(mm);
		}
		const pids = mms.map((mm) => mm.context.ctx_id);

		KUNIT_EXPECT_NE(test, pids[0], pids[1]);
		KUNIT_EXPECT_NE(test, pids[1], pids[2]);
		mmput(mms[1]);
		KUNIT_EXPECT_TRUE(test, process_table_root(pids[1]) === NULL);
		const again = mm_alloc();

		KUNIT_EXPECT_EQ(test, again.context.ctx_id, pids[1]);
		mmput(again);
		mmput(mms[0]);
		mmput(mms[2]);
	});
}

export const powerpc_fault_test_suite = kunit_suite({
	name: "powerpc_fault",
	init: user_test_init,
	exit: suite_exit,
	test_cases: [
		KUNIT_CASE("interrupts_by_kind", interrupts_by_kind),
		KUNIT_CASE("addresses_beyond", addresses_beyond),
		KUNIT_CASE("permissions", permissions),
		KUNIT_CASE("waits_are_accounted", waits_are_accounted),
		KUNIT_CASE_PARAM("old_page_is_used", old_page_is_used, MMUS,
			of_mmu),
		KUNIT_CASE_PARAM("clean_page_is_written", clean_page_is_written,
			MMUS, of_mmu),
		KUNIT_CASE("two_steps", two_steps),
		KUNIT_CASE(
			"hints_keep_the_write_bit",
			hints_keep_the_write_bit,
		),
		KUNIT_CASE("hints_are_taken_back", hints_are_taken_back),
		KUNIT_CASE("access_flags_only_grow", access_flags_only_grow),
		KUNIT_CASE(
			"spf_aborts_before_the_fault",
			spf_aborts_before_the_fault,
		),
		KUNIT_CASE("spf_aborts_in_the_fault", spf_aborts_in_the_fault),
		KUNIT_CASE("spf_is_not_tried", spf_is_not_tried),
		KUNIT_CASE("spf_signal_comes_first", spf_signal_comes_first),
		KUNIT_CASE_PARAM("spf_sets_r_and_c", spf_sets_r_and_c, MMUS,
			of_mmu),
		KUNIT_CASE("flushes_by_mask", flushes_by_mask),
		KUNIT_CASE("tables_are_forgotten", tables_are_forgotten),
		KUNIT_CASE_PARAM("tables_share_pages", tables_share_pages,
			TABLES, (kind) => `of ${kind}s`),
		KUNIT_CASE("beyond_the_window", beyond_the_window),
		KUNIT_CASE("pids_are_used_again", pids_are_used_again),
	],
});
