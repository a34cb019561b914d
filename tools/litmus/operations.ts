// SPDX-License-Identifier: GPL-2.0-only
/** What is true of operations, whichever file they come from. */
import type { LitmusOp } from "../explore/protocol.ts";

/** Fences that belong to an operation stand right beside it. */
const BESIDE: Record<string, [number, RegExp, string]> = {
	smp_mb__before_atomic: [1, /xchg|^atomic_(?!read|set)/, "right before an atomic operation that writes"],
	smp_mb__after_atomic: [-1, /xchg|^atomic_(?!read|set)/, "right after an atomic operation that writes"],
	smp_mb__after_spinlock: [-1, /^spin_lock$/, "right after a spin_lock"],
};
export function misplaced(ops: LitmusOp[], mistake: (text: string, o: LitmusOp) => Error): void {
	for (const [i, o] of ops.entries()) {
		if (!Object.hasOwn(BESIDE, o.op)) continue;
		const [side, what, where] = BESIDE[o.op];
		if (!what.test(ops[i + side]?.op ?? "")) throw mistake(`${o.op} only stands ${where}`, o);
	}
}
