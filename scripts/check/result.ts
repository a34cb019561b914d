// SPDX-License-Identifier: GPL-2.0-only
/** What one check found. */
export interface Result {
	name: string;
	/** A line each, or what a tool printed; none is good. */
	problems: string[];
	/** Why nobody looked. */
	skipped?: string;
}
