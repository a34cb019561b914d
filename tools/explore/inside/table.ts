// SPDX-License-Identifier: GPL-2.0-only
/**
 * Scenarios without a race: one state after the other of all that a call may meet, and after each what must hold at
 * the end of an execution. They run in the set-up, undisturbed, so that a table of hundreds is one execution, of
 * sc only: where nobody meets anybody all models are one. Both
 * CPUs have translations of what they have read; what is stale after a call is found in their TLBs.
 */
import { PMD_SIZE } from "asm/pgtable_types.ts";
import { rcu_barrier } from "linux/rcupdate.ts";
import { final_check } from "./final.ts";
import { A, begin_case, munmap, on_cpu, read, start_threads } from "./scenario.ts";

/** Two threads; each case may use two tables below A, and four above. */
export function each_case<T>(cases: T[], text: (c: T) => string, run: (c: T) => void): void {
	start_threads(2);
	for (const c of cases) {
		begin_case(text(c));
		run(c);
		/* The books are checked with what the case leaves, and without. */
		rcu_barrier();
		final_check();
		munmap(A - 2 * PMD_SIZE, 6 * PMD_SIZE);
		rcu_barrier();
	}
	final_check();
	begin_case("");
}
/** On both CPUs, which know it afterwards. */
export function read_by_both(addr: number): number {
	const v = read(addr);

	return on_cpu(1, () => read(addr)) === v ? v : NaN;
}
/** Programs of a scenario that has it all in its set-up; a CPU without one is outside of the machine. */
export const no_race = [() => {}, () => {}];

/** Each of the first list with each of the second. */
export function pairs<A, B>(a: A[], b: B[]): [A, B][] {
	return a.flatMap((x) => b.map((y): [A, B] => [x, y]));
}
