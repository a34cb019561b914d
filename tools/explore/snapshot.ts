// SPDX-License-Identifier: GPL-2.0-only
/** Placeholder. */
export function snapshot(): unknown {
	return undefined;
}
