// SPDX-License-Identifier: GPL-2.0-only
//
// What to try if the files could not be read: another project's or an older kernel's may need
// other rules than the default, and a kernel's ask for the architecture. No counterpart in Linux.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Compat } from "./compat.ts";
import { compat_of_version, rules_of } from "./compat.ts";
import { read_klib } from "./kconfiglib/main.ts";
import type { Kconf, KconfHost } from "./lkc.ts";
import { ConfExit, kconf_alloc } from "./lkc.ts";
import { conf_parse } from "./parser.ts";
import { read_file } from "./text.ts";

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

/** What the files can be read by: --compat's name for it, and whose rules these are. */
interface Found {
	readonly name: string;
	readonly of: string;
	/** There is something that tells where values come from. */
	readonly explained: boolean;
}

const KCONFIGLIB: Found = { name: "kconfiglib", of: "Kconfiglib", explained: false };

function find_rules(kconf: Kconf, version: string, file: string): Found | undefined {
	const { host } = kconf;
	const name = candidates(version).find((each) => can_be_read(host, each, file));
	if (name === undefined) return has(kconf, KLIB_WORDS) && is_klib(host, file) ? KCONFIGLIB : undefined;
	return { name, of: rules_of(name).of, explained: true };
}

/** The command that could not read the files. */
interface Reader {
	readonly progname: string;
	/** Nobody has said whose rules hold. */
	readonly by_default: boolean;
	/** It explains, which not all rules can be. */
	readonly explains: boolean;
}

/** A hint, or '' where there is none that helps. */
export function read_note(reader: Reader, kconf: Kconf, file: string, error: ConfExit): string {
	const missing = /can't open file "/.test(error.message);
	const text = (missing && architecture_note(kconf)) || (reader.by_default && rules_note(reader, kconf, file));
	return text ? `${reader.progname}: ${text}\n` : "";
}

/** The files are read once more to see whether it is the rules that they fail by. */
function rules_note({ explains }: Reader, kconf: Kconf, file: string): string {
	const { host, rules } = kconf;
	const version = host.env.KERNELVERSION ?? "";
	if (compat_of_version(version) !== null) return "";
	const found = find_rules(kconf, version, file);
	if (found === undefined) return "";
	const { name, of, explained } = found;
	const which = `these are the rules of ${rules.of}; the files can be read by those of ${of}`;
	return (
		which +
		(explains && !explained
			? ", which cannot be explained"
			: `: --compat ${name}, or KCONFIG_COMPAT=${name}`)
	);
}

/** A kernel's files ask for the architecture: what is not set of what they ask for, or names no directory. */
function architecture_note({ host, files }: Kconf): string {
	const { env, cwd } = host;
	const asked = (name: string): boolean =>
		files.some((file) => read_file(host, file)?.includes(`$(${name})`) ?? false);
	const missing = ["ARCH", "SRCARCH"].filter((name) => !env[name] && asked(name));
	if (missing.length > 0) {
		const example = missing.map((name) => `${name}=x86`).join(" ");
		const [are, them] = missing.length > 1 ? ["are", "them"] : ["is", "it"];
		return `${missing.join(" and ")} ${are} not set, and these files ask for ${them}, e.g. ${example}`;
	}
	const { SRCARCH = "", srctree } = env;
	const places = [cwd, ...(srctree ? [resolve(cwd, srctree)] : [])];
	if (!asked("SRCARCH") || places.some((place) => existsSync(resolve(place, "arch", SRCARCH)))) return "";
	return `there is no arch/${SRCARCH}; SRCARCH is the directory, e.g. x86 for ARCH=x86_64`;
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
		// A file that is missing is no error where names are patterns, and so no sign of such rules.
		if (kconf.rules.source_glob && !has(kconf, PATTERN)) return false;
		return !/: (syntax error|invalid|unknown|unexpected)|recursive dependency/.test(said);
	} catch (e) {
		if (e instanceof ConfExit) return false;
		throw e;
	}
}

/** What only Kconfiglib's files have: they are no sign of it without. */
const KLIB_WORDS = /^\s*(?:def_int|def_hex|def_string|rsource|osource|orsource)\b/m;
const PATTERN = /^\s*source\s+"[^"\n]*[*?[]/m;

/** Is there a line like this in the files that have been read? */
const has = ({ host, files }: Kconf, line: RegExp): boolean =>
	files.some((file) => line.test(read_file(host, file) ?? ""));

/** Kconfiglib's rules end with an error where they do not hold; what they warn of does not count. */
function is_klib(host: KconfHost, file: string): boolean {
	try {
		read_klib({ ...host, out: () => {}, err: () => {} }, file);
		return true;
	} catch (e) {
		if (e instanceof ConfExit || e instanceof RangeError) return false;
		throw e;
	}
}
