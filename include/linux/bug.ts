// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/asm-generic/bug.h and include/linux/mmdebug.h (5.17).
 * BUG kills the machine; WARN counts and goes on, and returns its condition.
 * Port: a message takes the place of file and line. WARN_ON_ONCE is once for
 * each message. The VM_ variants vanish without CONFIG_DEBUG_VM: put nothing
 * with an effect into their arguments.
 */
import { rwsem_word } from "linux/rwsem.ts";
import { CONFIG_DEBUG_VM } from "generated/autoconf.ts";
import type { mm_struct, page, vm_area_struct } from "linux/mm_types.ts";
import { __warn, __warn_once, bug } from "kernel/panic.ts";

export function BUG(text: string = "explicit BUG()"): never {
	bug(text);
}

export function BUG_ON(condition: boolean, text: string = "BUG_ON"): void {
	if (condition)
		bug(text);
}

export function WARN_ON(condition: boolean, text: string = "WARN_ON"): boolean {
	if (condition)
		__warn(text);
	return condition;
}

export function WARN(condition: boolean, text: string): boolean {
	return WARN_ON(condition, text);
}

export function WARN_ON_ONCE(
	condition: boolean,
	text: string = "WARN_ON_ONCE",
): boolean {
	if (condition)
		__warn_once(text);
	return condition;
}

export function WARN_ONCE(condition: boolean, text: string): boolean {
	return WARN_ON_ONCE(condition, text);
}

export function VM_BUG_ON(condition: boolean, text: string = "VM_BUG_ON"): void {
	if (CONFIG_DEBUG_VM) {
		if (condition)
			bug(text);
	}
}

/** The object's address and its telling fields go into the message. */
export function VM_BUG_ON_PAGE(
	condition: boolean,
	page: page,
	text: string = "VM_BUG_ON_PAGE",
): void {
	if (CONFIG_DEBUG_VM) {
		if (condition) {
			bug(
				`${text}: page:${hex(uptr(page))}` +
					` refcount:${data_race(page._refcount.counter)}` +
					` mapcount:${data_race(page._mapcount.counter) + 1}` +
					` mapping:${hex(data_race(page.mapping))}` +
					` index:${hex(data_race(page.index))}` +
					` flags:${hex(data_race(page.flags))}`,
			);
		}
	}
}

export function VM_BUG_ON_VMA(
	condition: boolean,
	vma: vm_area_struct,
	text: string = "VM_BUG_ON_VMA",
): void {
	if (CONFIG_DEBUG_VM) {
		if (condition) {
			bug(
				`${text}: vma ${hex(uptr(vma))}` +
					` start ${hex(data_race(vma.vm_start))}` +
					` end ${hex(data_race(vma.vm_end))}` +
					` mm ${hex(uptr(data_race(vma.vm_mm)))}` +
					` pgoff ${hex(data_race(vma.vm_pgoff))}` +
					` flags ${hex(data_race(vma.vm_flags))}`,
			);
		}
	}
}

export function VM_BUG_ON_MM(
	condition: boolean,
	mm: mm_struct,
	text: string = "VM_BUG_ON_MM",
): void {
	if (CONFIG_DEBUG_VM) {
		if (condition) {
			bug(
				`${text}: mm ${hex(uptr(mm))}` +
					` map_count ${data_race(mm.map_count)}` +
					` mm_users ${data_race(mm.mm_users.counter)}` +
					` mm_count ${data_race(mm.mm_count.counter)}` +
					` mmap_lock ${hex(rwsem_word(mm.mmap_lock))}`,
			);
		}
	}
}

export function VM_WARN_ON(
	condition: boolean,
	text: string = "VM_WARN_ON",
): boolean {
	if (CONFIG_DEBUG_VM)
		return WARN_ON(condition, text);
	return condition;
}

export function VM_WARN_ON_ONCE(
	condition: boolean,
	text: string = "VM_WARN_ON_ONCE",
): boolean {
	if (CONFIG_DEBUG_VM)
		return WARN_ON_ONCE(condition, text);
	return condition;
}

function hex(n: number): string {
	return (n < 0 ? n >>> 0 : n).toString(16);
}
