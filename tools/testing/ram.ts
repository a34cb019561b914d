// SPDX-License-Identifier: GPL-2.0-only
/** How much RAM a machine has that only runs tests. */
const MIB = 0x100000;

/** In MiB: at least as many pages as any test takes, whatever their size. */
export function test_ram(page_size: number): number {
	return Math.max(64, (4096 * page_size) / MIB);
}
