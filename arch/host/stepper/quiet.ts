// SPDX-License-Identifier: GPL-2.0-only
/**
 * Running the kernel without exploring: boot, set-up, checks at an end, and
 * looks from within a step. All happens at once and undisturbed; nothing is
 * logged. An interrupt that is sent to a CPU comes at once.
 */
import { assert } from "./failure.ts";
import { enter_cpu, suspended } from "./log.ts";
import { set_stack_pointer, stack_pointer } from "./stack.ts";
import { cpu, cur, runs } from "./state.ts";

/** Runs fn on a CPU, at once and undisturbed: boot, set-up, checks. */
export function on_cpu<T>(at: number, fn: () => T): T {
	return borrow_cpu(at, false, fn);
}
let borrowed = 0;
function borrow_cpu<T>(at: number, irq: boolean, fn: () => T): T {
	const old = cpu;
	const sp = stack_pointer();
	runs(cur, at);
	enter_cpu(at, irq);
	/* On top of what the CPU does already; another one has not begun. */
	if (at === old && !irq && borrowed > 0) set_stack_pointer(sp);
	borrowed++;
	try {
		return fn();
	} finally {
		borrowed--;
		assert(borrowed >= 0, "a CPU that is given back was borrowed");
		runs(cur, old);
		enter_cpu(old, false);
		set_stack_pointer(sp);
	}
}
/** What a CPU does when it is interrupted. */
let irq_handler: (() => void) | undefined;
export function set_irq_handler(fn: () => void): void {
	irq_handler = fn;
}
/** The interrupt of CPU `target`, if the machine has one yet. */
export function interrupt(target: number): void {
	if (irq_handler) borrow_cpu(target, true, irq_handler);
}

/** Runs fn for the sake of a look, from within a step: no steps, no log. */
export function aside<T>(fn: () => T): T {
	const was: [number, number] = [cur, cpu];
	const result = suspended(() => {
		runs(-1, cpu);
		return fn();
	});
	runs(...was);
	return result;
}
