// SPDX-License-Identifier: GPL-2.0-only
/**
 * Files of /proc that look at page tables, or change them, beside a fault or a writer: clear_refs makes entries old,
 * or read-only so that a write is noticed; smaps_rollup lets a writer of mmap_lock pass while it adds up (V2.02).
 */
import { CONFIG_MEM_SOFT_DIRTY } from "generated/autoconf.ts";
import { pte_soft_dirty } from "asm/pgtable.ts";
import { user_read_file } from "kernel/entry/user.ts";
import {
	A,
	check_that,
	clear_refs,
	is_dirty,
	LEN,
	map,
	map_written,
	mprotect,
	munmap,
	note,
	noted,
	PAGE,
	PROT_READ,
	pte_at,
	read,
	type Scenario,
	start_threads,
	store,
	V,
	write,
	written,
} from "../scenario.ts";

const ROLLUP = "/proc/self/smaps_rollup";
const KB = PAGE / 1024;

/** CPU 1 writes to clear_refs, and looks what is there then. */
function clear_and_look(type: string): void {
	clear_refs(type);
	note(1, read(A));
}
function check_dirty(): void {
	check_that(noted(0) === 1 && read(A) === V, "the write is lost");
	check_that(is_dirty(A), "a page that was written to is clean");
}
/** CPU 0 may write without a walk. */
function cached(): void {
	written();
	write(A, 2);
}
function check_soft_dirty(): void {
	check_dirty();
	if (CONFIG_MEM_SOFT_DIRTY)
		check_that(noted(1) === V || pte_soft_dirty(pte_at(A)), "a write after clear_refs is not soft dirty");
}

/** What is there in kB, as one line says it. */
function rollup(name: string): number {
	const text = String(user_read_file(ROLLUP));
	const at = text.indexOf(`\n${name}:`);

	return at < 0 ? -1 : Number(text.slice(at + name.length + 2, text.indexOf(" kB", at)));
}
/** Two vmas with a written page each at A, and one behind them. CPU 0 has what it needs to read the file. */
function three_vmas(): void {
	start_threads(2);
	map(A, LEN);
	write(A, 1);
	write(A + PAGE, 1);
	mprotect(A + PAGE, PAGE, PROT_READ);
	map_written(A + 4 * PAGE, 1);
	note(2, rollup("Rss"));
}
function add_up(): void {
	note(0, rollup("Rss"));
}
/** Before or after, where one page goes; nothing is counted twice. */
function check_less_one(): void {
	const all = noted(2);

	check_that(noted(0) === all || noted(0) === all - KB, "the sum is of no moment");
	check_that(rollup("Rss") === all - KB, "the page is counted after it went");
}
function check_same(): void {
	check_that(noted(0) === noted(2), "a page is counted twice, or not at all");
}

export const scenarios: Record<string, Scenario> = {
	"fault-clear-refs": {
		about: "a write beside clear_refs, which makes the entry of the page old",
		patch: "none: fs/proc/task_mmu.c clear_refs_pte_range()",
		invariant: "neither the write nor the dirty bit is lost",
		setup: written,
		cpus: [store, () => clear_and_look("1")],
		check: check_dirty,
	},
	"tlb-clear-soft-dirty": {
		about: "a write through the TLB beside clear_refs, which makes the page read-only and not soft dirty",
		patch: "D12.10, V2.10: fs/proc/task_mmu.c clear_soft_dirty()",
		invariant: "a write that comes after clear_refs makes the page soft dirty",
		setup: cached,
		cpus: [store, () => clear_and_look("4")],
		check: check_soft_dirty,
		configs: ["softdirty.config"],
	},
	"rollup-munmap": {
		about: "smaps_rollup beside a munmap() that waits for its lock",
		patch: "V2.02",
		invariant: "what goes is counted or not, and all else is counted once",
		setup: three_vmas,
		cpus: [add_up, () => void munmap(A + PAGE, PAGE)],
		check: check_less_one,
	},
	"rollup-merge": {
		about: "smaps_rollup beside an mprotect() that makes one vma of the two that it is between",
		patch: "V2.02",
		invariant: "each page is counted once",
		setup: three_vmas,
		cpus: [add_up, () => void mprotect(A, PAGE, PROT_READ)],
		check: check_same,
	},
};
