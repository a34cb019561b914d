// SPDX-License-Identifier: GPL-2.0-only
//
// What to try if the files of an older kernel could not be read under the default rules. No
// counterpart in Linux.

import type { Compat, KconfHost } from "./lkc.ts";
import { COMPAT_6_12, ConfExit, kconf_alloc } from "./lkc.ts";
import { conf_parse } from "./parser.ts";

/**
 * A hint, or '' where it would be of no use: the files are read once more to see whether it is
 * the rules that they fail by.
 */
export function compat_note(
	progname: string,
	host: KconfHost,
	compat: Compat,
	by_default: boolean,
	file: string,
): string {
	const { KERNELVERSION } = host.env;
	if (!by_default || compat === COMPAT_6_12 || !/^[1-6]\./.test(KERNELVERSION ?? "")) return "";
	if (!can_be_read(host, COMPAT_6_12, file)) return "";
	const which = `these are the rules of Linux ${compat}, and this is ${KERNELVERSION}`;
	return `${progname}: ${which}; try --compat ${COMPAT_6_12}, or KCONFIG_COMPAT=${COMPAT_6_12}\n`;
}

function can_be_read(host: KconfHost, compat: Compat, file: string): boolean {
	try {
		conf_parse(kconf_alloc({ ...host, out: () => {}, err: () => {} }, compat), file);
		return true;
	} catch (e) {
		if (e instanceof ConfExit) return false;
		throw e;
	}
}
