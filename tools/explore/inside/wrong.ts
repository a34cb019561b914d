// SPDX-License-Identifier: GPL-2.0-only
/** What programs that are wrong on purpose (wrong/) have in common. */
import { type smp_call_func_t, smp_call_function_single } from "linux/smp.ts";
import type { Scenario } from "./scenario.ts";

export type { Scenario };

export function wrong(about: string, cpus: (() => void)[], more: Partial<Scenario> = {}): Scenario {
	return {
		about,
		patch: "none: the explorer",
		invariant: "reported if it is wrong, not if it is right",
		cpus,
		...more,
	};
}
/** CPU 0 has CPU 1 run something in an interrupt, and waits for that. */
export function call_on_other_cpu(func: smp_call_func_t): void {
	smp_call_function_single(1, func, 0, true);
}
