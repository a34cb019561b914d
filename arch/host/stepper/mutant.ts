// SPDX-License-Identifier: GPL-2.0-only
/**
 * Of a kernel that has several mutants in it: the number of the one that runs, 0: none. What the patches change
 * asks for it (tools/explore/outside/mutants_build.ts); in other kernels nobody does.
 */
export let mutant = 0;
export function set_mutant(n: number): void {
	mutant = n;
}
