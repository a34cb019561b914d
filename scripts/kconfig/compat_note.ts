// SPDX-License-Identifier: GPL-2.0-only
//
// What to try if the files of an older kernel, or of another project, could not be read under
// the default rules. No counterpart in Linux.

import type { Compat } from "./compat.ts";
import { compat_of_version, rules_of } from "./compat.ts";
import type { KconfHost } from "./lkc.ts";
import { ConfExit, kconf_alloc } from "./lkc.ts";
import { conf_parse } from "./parser.ts";

/** The releases of Linux whose rules are older than the default's. */
const RELEASES: readonly Compat[] = ["6.12", "6.6", "6.1", "5.17"];
/** The others, the one that is most like Linux first. */
const PROJECTS: readonly Compat[] = ["coreboot", "u-boot", "buildroot", "busybox"];

/** A release as a number that grows. */
function rank(version: string): number {
	const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
	return major * 100 + minor;
}

/** What may be worth a try for a version, the likeliest first. */
function candidates(version: string): Compat[] {
	if (!/^[2-9]\./.test(version)) return [...RELEASES.slice(0, 2), ...PROJECTS];
	const far = (name: string): number => Math.abs(rank(name) - rank(version));
	return [...RELEASES].sort((a, b) => far(a) - far(b));
}

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
	const version = host.env.KERNELVERSION ?? "";
	if (!by_default || compat_of_version(version) !== null) return "";
	const found = candidates(version).find((name) => can_be_read(host, name, file));
	if (found === undefined) return "";
	const { of } = rules_of(found);
	const which = `these are the rules of ${rules_of(compat).of}; the files can be read by those of ${of}`;
	return `${progname}: ${which}: --compat ${found}, or KCONFIG_COMPAT=${found}\n`;
}

/** Can they, without a word? */
function can_be_read(host: KconfHost, compat: Compat, file: string): boolean {
	let said = "";
	try {
		const listen = (text: string) => {
			said += text;
		};
		const kconf = kconf_alloc({ ...host, out: listen, err: listen }, compat);
		conf_parse(kconf, file);
		// A pattern that nothing matches is no error, and no sign of anything.
		if (kconf.rules.source_glob && kconf.files.length === 1) return false;
		return !/: (syntax error|invalid|unknown|unexpected)|recursive dependency/.test(said);
	} catch (e) {
		if (e instanceof ConfExit) return false;
		throw e;
	}
}
