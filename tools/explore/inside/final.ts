// SPDX-License-Identifier: GPL-2.0-only
/**
 * What must hold at the end of each execution, whatever the scenario: every CPU
 * is out of the kernel and its translations are those of the page tables, the
 * memory manager's books are right and its locks free (debug_validate()); and
 * once all processes have ended, nothing is left over.
 */
import { meminfo, mem_settle, run_task, user_idle, user_syscall, user_validate } from "kernel/entry/user.ts";
import {
	cpu_tlb,
	mmu_cached_tables,
	mmu_loaded_mm,
	mmu_lookup,
	mmu_table,
	mmu_trusts,
	type tlb_entry,
	tlb_used,
} from "asm/mmu.ts";
import { pte_dirty, pte_pfn, pte_write, pte_young } from "asm/pgtable.ts";
import { PAGE_SIZE } from "asm/pgtable_types.ts";
import { __NR_exit_group } from "asm/unistd.ts";
import { CONFIG_MEMCG } from "generated/autoconf.ts";
import { on_cpu } from "host/quiet.ts";
import { nr_cpus } from "host/state.ts";
import { nr_charged_pages } from "kernel/cgroup/cgroup.ts";
import { init_task } from "kernel/fork.ts";
import { close_fd } from "kernel/fs/file.ts";
import { irqs_disabled } from "linux/irqflags.ts";
import type { mm_struct } from "linux/mm_types.ts";
import { preempt_count } from "linux/preempt.ts";
import type { task_struct } from "linux/sched.ts";
import { next_task } from "linux/sched/signal.ts";
import { current, is_idle_task } from "kernel/sched/core.ts";
import { check_free_pages } from "./free_pages.ts";
import { check_that, forgetful } from "./scenario.ts";
import { check_stores } from "./stores.ts";

/** Of each cache. */
let slabs_before: Record<string, number> = {};
interface counts extends struct {
	free_pages: int;
	slab_objects: int;
	tasks: int;
}
const before = DEFINE<counts>();

function slab_objects(slabs: Record<string, number>): number {
	let n = 0;

	for (const name in slabs) n += slabs[name];
	return n;
}

/** Caches that have more than before, or less: "vm_area_struct 2, filp 1". */
function slab_changes(slabs: Record<string, number>): string {
	return Object.keys(slabs)
		.filter((name) => slabs[name] !== (slabs_before[name] ?? 0))
		.map((name) => `${name} ${slabs[name] - (slabs_before[name] ?? 0)}`)
		.join(", ");
}

/** Before the set-up: what there is without any process. */
export function baseline(): void {
	mem_settle();
	const info = meminfo();

	before.free_pages = info.nr_free_pages;
	slabs_before = info.slabs;
	before.slab_objects = slab_objects(info.slabs);
	before.tasks = info.nr_tasks;
}

/** Will a CPU use what it has cached of mm as it is, now or when it comes back? */
function trusts(cpu: number, mm: mm_struct): boolean {
	if (mmu_loaded_mm(cpu) === mm && !on_cpu(cpu, () => is_idle_task(current()))) return true;
	return mmu_trusts(cpu, mm);
}

/**
 * A translation that a CPU may use must be what the tables say, or less. Of the
 * bits that a walk sets, neither may be gone as long as it is not flushed: the
 * CPU will not set them again. Only clear_refs takes the accessed bit away without
 * a flush, as it may: that a page was used is a hint.
 */
function check_tlb(cpu: number, mm: mm_struct): void {
	const tlb = per_cpu(cpu_tlb, cpu);

	if (!trusts(cpu, mm)) return;

	for (let i = 0; i < tlb_used(tlb); i++) {
		const e: tlb_entry = tlb.entry[i];

		if (e.ctx_id === 0 || e.ctx_id !== mm.context.ctx_id) continue;
		const pte = mmu_lookup(mm.pgd, e.vpn * PAGE_SIZE);

		check_that(
			pte !== 0 && pte_pfn(pte) === pte_pfn(e.pte),
			`CPU${cpu} has a stale translation of ${(e.vpn * PAGE_SIZE).toString(16)}`,
		);
		check_that(
			!pte_write(e.pte) || pte_write(pte),
			`CPU${cpu} may write to ${(e.vpn * PAGE_SIZE).toString(16)}, the page tables forbid it`,
		);
		check_that(
			(!pte_young(e.pte) || pte_young(pte) || forgetful()) && (!pte_dirty(e.pte) || pte_dirty(pte)),
			`CPU${cpu} has used ${(e.vpn * PAGE_SIZE).toString(16)}, and the tables do not know`,
		);
	}
}

/** A table that a CPU walks without a look at the upper levels must be the one that they lead to. */
function check_tables(cpu: number, mm: mm_struct): void {
	mmu_cached_tables(cpu, (addr, pmd, ctx_id) => {
		if (ctx_id !== mm.context.ctx_id) return;
		check_that(
			pmd === mmu_table(mm.pgd, addr),
			`CPU${cpu} has a page table of ${addr.toString(16)} cached that is there no more`,
		);
	});
}

/** A CPU is outside of the kernel: it holds no lock and is in no RCU section. */
function check_cpu(cpu: number): void {
	on_cpu(cpu, () => {
		check_that(
			preempt_count() === 0,
			`CPU${cpu} has a preempt_count of ${preempt_count().toString(16)} at the end`,
		);
		check_that(!irqs_disabled(), `CPU${cpu} has interrupts off at the end`);
	});
}

/** All contexts have ended; processes are still there. */
export function final_check(): void {
	for (let cpu = 0; cpu < nr_cpus; cpu++) check_cpu(cpu);
	for (let t = next_task(init_task); t !== init_task; t = next_task(t)) {
		const mm: mm_struct = t.mm;

		if (mm === NULL) continue;
		for (let cpu = 0; cpu < nr_cpus; cpu++) {
			check_tlb(cpu, mm);
			check_tables(cpu, mm);
		}
	}
	/* First: a page that no vma leads to is dirty where nobody looks for it. */
	for (const problem of user_validate()) check_that(false, problem);
	check_stores();
	check_free_pages();
}

/** The first task that can still run, or init_task: a leader that ends stays as long as its threads. */
function first_alive(): task_struct {
	let t = next_task(init_task);

	while (t !== init_task && t.exit_state !== 0) t = next_task(t);
	return t;
}

/** More than a program has open at once. */
const DESCRIPTORS = 16;

/** Ends all processes, and compares with baseline(). */
export function teardown_check(): void {
	for (let cpu = 0; cpu < nr_cpus - 1; cpu++) {
		on_cpu(cpu, () => {
			if (!is_idle_task(current())) user_syscall(__NR_exit_group, 0);
			user_idle();
		});
	}
	/* And who runs nowhere: children, threads of a leader that has ended. */
	for (let t = first_alive(); t !== init_task; t = first_alive()) {
		const pid = t.pid;

		check_that(run_task(pid) === 0, `task ${pid} cannot run any more, and is still there`);
		user_syscall(__NR_exit_group, 0);
		user_idle();
	}
	const left = next_task(init_task);

	check_that(left === init_task, `task ${left.pid} has ended, and nobody has reaped it`);
	/* Descriptors are the outside's: one that was killed has closed none. */
	for (let fd = 0; fd < DESCRIPTORS; fd++) close_fd(fd);
	mem_settle();
	const info = meminfo();

	const left_over = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

	check_that(
		info.nr_tasks === before.tasks,
		left_over(info.nr_tasks - before.tasks, "task is left", "tasks are left"),
	);
	if (CONFIG_MEMCG) {
		const charged = nr_charged_pages();

		check_that(charged === 0, left_over(charged, "charge is left", "charges are left"));
	}
	const objects = slab_objects(info.slabs) - before.slab_objects;

	check_that(
		objects === 0,
		`${left_over(objects, "slab object is left", "slab objects are left")}: ${slab_changes(info.slabs)}`,
	);
	check_that(
		info.nr_free_pages === before.free_pages,
		left_over(before.free_pages - info.nr_free_pages, "page is lost", "pages are lost"),
	);
}
