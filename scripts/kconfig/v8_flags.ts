// SPDX-License-Identifier: GPL-2.0-only
//
// How V8 is to go about a command that is over in less than a second: it is not to spend half
// of that on optimising it. Functions are optimised each by itself, which takes a fraction of the
// time that it takes with all that they call in them. No counterpart in Linux.

import { setFlagsFromString } from "node:v8";

const FLAGS = ["--no-turbo-inlining", "--no-incremental-marking", "--no-parallel-scavenge", "--sparkplug"];

/** Node 20 has it; to later ones it is unknown, and they would say so on standard error. */
const BEFORE_V8_12 = "--interrupt-budget=250000";

/** To be called before there is much to do. */
export function set_v8_flags(): void {
	for (const flag of FLAGS) setFlagsFromString(flag);
	if (Number.parseInt(process.versions.v8, 10) < 12) setFlagsFromString(BEFORE_V8_12);
}
