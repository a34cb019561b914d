// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors kernel/printk/printk.c (5.17) as far as printk() itself.
 * Left out: the ring buffer, levels, consoles, rate limits, time stamps.
 */
import { console_write } from "host/cpu.ts";

/** One line, without a newline at its end. Safe in any context. */
export function printk(text: string): void {
	console_write(text);
}
