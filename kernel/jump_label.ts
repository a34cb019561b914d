// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors what of kernel/jump_label.c and of the architectures' code patching
 * (text_poke_sync(), 5.17) is left: branches of the kernel's code are changed,
 * on each CPU.
 * Left out: tables of branches, modules, keys that are on at first.
 * Port: only branches on the way of a fault are patched, those of
 * host/text.ts. All others look at their keys, as linux/jump_label.ts does.
 */
import { text_poke } from "host/text.ts";
import { tracepoints } from "linux/tracepoint.ts";
import { on_each_cpu } from "./smp.ts";

/** This CPU's code becomes what the keys say. Also of a CPU that was away. */
export function sync_core(): void {
	text_poke("page_fault", READ_ONCE(tracepoints.page_fault) !== 0);
	text_poke("mmap_lock", READ_ONCE(tracepoints.mmap_lock) !== 0);
	text_poke("handle_mm_fault",
		READ_ONCE(tracepoints.handle_mm_fault) !== 0);
}

const do_sync_core = RODATA((_info: number): void => {
	sync_core();
});

/** Keys have changed: no CPU is in the machine with its old code when we
 *  return. Interrupts are enabled. */
export function jump_label_update(): void {
	on_each_cpu(do_sync_core, 0, true);
}
