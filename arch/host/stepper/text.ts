// SPDX-License-Identifier: GPL-2.0-only
/**
 * As arch/host/threads/text.ts, but that all CPUs have one code here, and that a change of it is no step and is not
 * taken back: no program that is explored turns trace points on.
 */
export interface Text {
	page_fault: boolean;
	mmap_lock: boolean;
	handle_mm_fault: boolean;
}

export const text: Text = { page_fault: false, mmap_lock: false, handle_mm_fault: false };

export function text_poke(branch: keyof Text, taken: boolean): void {
	text[branch] = taken;
}
