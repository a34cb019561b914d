// SPDX-License-Identifier: GPL-2.0-only
/**
 * This CPU's code, as far as it can be changed while it runs: branches that are taken only while somebody traces.
 *
 * V8 takes a field that was never written to for a constant: the code that it makes of a branch on one has neither
 * the branch nor what is behind it. The first write throws that code away. So it is as if an instruction had been
 * patched, and as there each CPU has to be told: kernel/jump_label.ts.
 */
export interface Text {
	page_fault: boolean;
	mmap_lock: boolean;
	handle_mm_fault: boolean;
}

/** Nothing else in a bundle has these fields in this order: V8 would take both for one kind of object. */
export const text: Text = { page_fault: false, mmap_lock: false, handle_mm_fault: false };

/** On this CPU. A branch that is as it should be is not written to. */
export function text_poke(branch: keyof Text, taken: boolean): void {
	if (text[branch] !== taken) text[branch] = taken;
}
