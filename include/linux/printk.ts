// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/printk.h (5.17).
 * Port: a message is a finished string. The level decides nothing but the
 * name; pr_debug() prints nothing, as without CONFIG_DYNAMIC_DEBUG. Who calls
 * pr_warn_once() brings the flag that is a static variable of the macro.
 */
import type { atomic_t } from "linux/types.ts";
import { printk } from "kernel/printk.ts";

export { printk };

export function pr_emerg(text: string): void {
	printk(text);
}

export function pr_alert(text: string): void {
	printk(text);
}

export function pr_err(text: string): void {
	printk(text);
}

export function pr_warn(text: string): void {
	printk(text);
}

/** Only the first time since boot that this flag is passed. */
export function pr_warn_once(already_done: atomic_t, text: string): void {
	if (READ_ONCE(already_done.counter) === 0 &&
	    cmpxchg(already_done.counter, 0, 1) === 0)
		printk(text);
}

export function pr_notice(text: string): void {
	printk(text);
}

export function pr_info(text: string): void {
	printk(text);
}

export function pr_cont(text: string): void {
	printk(text);
}

export function pr_debug(_text: string): void {}
