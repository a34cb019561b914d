// SPDX-License-Identifier: GPL-2.0-only
/** Where the tree is, and where builds go: for programs that need no more than that. */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export function here(): string {
	return resolve(dirname(fileURLToPath(import.meta.url)), "../..");
}

/** The directory of all output: make's O=DIR, which it hands on as $KBUILD_OUTPUT, or the tree itself. */
export function output_dir(): string {
	return process.env.KBUILD_OUTPUT ? resolve(process.env.KBUILD_OUTPUT) : here();
}

/** Where programs make builds of their own. */
export function build_dir(): string {
	return join(output_dir(), "build");
}
