// SPDX-License-Identifier: GPL-2.0-only
/** Placeholder. */
import { dpor } from "./dpor.ts";
import type { Search } from "./types.ts";
export function bound(_a: number, _b?: number): Search {
	return dpor();
}
