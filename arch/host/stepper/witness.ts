// SPDX-License-Identifier: GPL-2.0-only
/**
 * Who writes down what is no step: accesses outside of an exploration (set-up,
 * checks), and memory that is given out or taken back. Steps have a tracer
 * (engine.ts).
 */
import { exploring } from "./state.ts";

export interface Witness {
	/** `value`: NaN where a try fails. */
	access(op: "read" | "write" | "rmw" | "lock" | "unlock", p: number, old: number, value: number): void;
	memory(p: number, size: number, free: boolean): void;
}
export let witness: Witness | undefined;
export function set_witness(w: Witness | undefined): void {
	witness = w;
}
export function witnessed(op: Parameters<Witness["access"]>[0], p: number, old: number, value: number): void {
	if (witness !== undefined && !exploring()) witness.access(op, p, old, value);
}
