// SPDX-License-Identifier: GPL-2.0-only
/**
 * The memory map's part that belongs to CPUs: behind the image's .data, each
 * one has its per-CPU area and two stacks (task, interrupt). The running CPU's
 * stack pointer is here, too.
 */
import { CONFIG_NR_CPUS } from "generated/autoconf.ts";
import { DATA_END, PERCPU_SIZE } from "generated/asm-offsets.ts";
import { fail } from "./failure.ts";

const STACK_SIZE = 0x8000;
const CPU_SIZE = PERCPU_SIZE + 2 * STACK_SIZE;

export function image_end(): number {
	return DATA_END + CONFIG_NR_CPUS * CPU_SIZE;
}
export function percpu_base_of(cpu: number): number {
	return DATA_END + cpu * CPU_SIZE;
}
/** Of the current CPU: a live binding. */
export let percpu_base = percpu_base_of(0);

let sp = 0;
let stack_top = 0;

/** The CPU's area is the current one, its stack empty. */
export function enter_stack(cpu: number, irq: boolean): void {
	percpu_base = percpu_base_of(cpu);
	sp = percpu_base + PERCPU_SIZE + (irq ? STACK_SIZE : 0);
	stack_top = sp + STACK_SIZE;
}
export function save_stack(): [number, number, number] {
	return [percpu_base, sp, stack_top];
}
export function restore_stack(saved: [number, number, number]): void {
	[percpu_base, sp, stack_top] = saved;
}
export function stack_pointer(): number {
	return sp;
}
export function set_stack_pointer(p: number): void {
	sp = p;
}
/** Room for `size` bytes on the running CPU's stack; what is in it is old. */
export function push(size: number): number {
	const p = sp;
	sp += size;
	if (sp > stack_top) fail("panic", "kernel stack overflow");
	return p;
}
export function stack_save(): number {
	return sp;
}
export function stack_restore<T>(to: number, value?: T): T {
	sp = to;
	return value as T;
}

/** Is the word on a kernel stack? */
export function on_stack(w: number): boolean {
	const p = w * 4 - DATA_END;
	return p >= 0 && p < CONFIG_NR_CPUS * CPU_SIZE && p % CPU_SIZE >= PERCPU_SIZE;
}
