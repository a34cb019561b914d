// SPDX-License-Identifier: GPL-2.0-only
//
// The command that answers "why is this symbol not y?", for all who offer it: spf-why, and
// others under their own names. The answers are why.ts's. No counterpart in Linux.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { choose_compat } from "./conf_options.ts";
import { conf_get_configname, conf_read_simple } from "./confdata.ts";
import { process_host } from "./host.ts";
import { ConfExit, type Kconf, type KconfHost, kconf_alloc } from "./lkc.ts";
import { conf_parse } from "./parser.ts";
import { read_note } from "./read_note.ts";
import { shell_host } from "./shell_cache.ts";
import { sym_clear_all_valid } from "./symbol.ts";
import { bytes_exit, to_bytes } from "./text.ts";
import type { Question, Together } from "./why.ts";
import { cycles, cycles_text, explain_all, explain_all_text, find_symbol, fragment_text, wish_text } from "./why.ts";

export interface WhyOptions {
	/** What the command is called in its messages. */
	readonly progname: string;
	readonly kconfig: string;
	readonly config?: string;
	readonly compat?: string;
	readonly fragment?: boolean;
}

/** Reads the Kconfig files. Of dependency loops more is told than the reference's message does. */
function parse(real: KconfHost, { progname, compat: option }: WhyOptions, file: string): Kconf {
	const compat = choose_compat(progname, real, option);
	const { host, remember } = shell_host(real, compat, file);
	const kconf = kconf_alloc(host, compat);
	try {
		conf_parse(kconf, file);
	} catch (error) {
		if (!(error instanceof ConfExit)) throw error;
		const by_default = option === undefined && !real.env.KCONFIG_COMPAT;
		const note = read_note({ progname, by_default, explains: true }, kconf, file, error);
		real.err(cycles_text(cycles(kconf)));
		throw bytes_exit(error.code, `${error.bytes ?? to_bytes(error.message)}\n${to_bytes(note)}`.trim());
	} finally {
		remember();
	}
	return kconf;
}

/** A configuration as its file says it: also values that are out of sight now count once they come into sight. */
function open_config(options: WhyOptions, host: KconfHost): Kconf {
	const { env, cwd } = host;
	const places = [
		resolve(cwd, options.kconfig),
		...(env.srctree ? [resolve(cwd, env.srctree, options.kconfig)] : []),
	];
	if (!places.some((path) => existsSync(path)))
		throw new ConfExit(
			2,
			`${options.kconfig}: no such file here${env.srctree ? " or in $srctree" : ""}; ` +
				"name it with --kconfig, or set srctree",
		);
	const kconf = parse(host, options, to_bytes(options.kconfig));
	const file = options.config ?? conf_get_configname(kconf);
	if (!existsSync(resolve(cwd, file)))
		throw new ConfExit(
			2,
			`${file}: no such file; make one with 'make defconfig', or name another with --config`,
		);
	conf_read_simple(kconf, to_bytes(resolve(cwd, file)));
	sym_clear_all_valid(kconf);
	return kconf;
}

/** Splits SYMBOL=value. The quotes of a string may be there or not. */
function split(kconf: Kconf, text: string): Question {
	const at = text.indexOf("=");
	const sym = find_symbol(kconf, at < 0 ? text : text.slice(0, at));
	if (at < 0) return { sym };
	const value = to_bytes(text.slice(at + 1));
	return { sym, want: /^".*"$/.test(value) && sym.type === "string" ? value.slice(1, -1) : value };
}

/** What to tell of a question that is not answered as asked; empty if it is. */
function shortfall({ parts, solution, impossible, reasons, holds }: Together): string {
	if (holds) return "";
	const asked = parts.map((part) => wish_text({ ...part, want: part.instead_of ?? part.want })).join(" ");
	if (!solution) {
		const what = impossible ? "there are no values" : "no values were found";
		const why = reasons.length > 0 ? `: ${reasons.join("; ")}` : "";
		return `${what} for ${asked}${parts.length > 1 ? " together" : ""}${why}`;
	}
	const less = parts.filter(({ instead_of }) => instead_of !== null);
	return less.map((part) => `${part.name} cannot be ${part.instead_of}, and becomes ${part.want}`).join("; ");
}

/**
 * One answer for all symbols; returns the exit status: 0, or 3 if not everything can be had as
 * asked. What is missing is told where the lines do not say so. Ends with ConfExit otherwise.
 */
export function why_main(symbols: readonly string[], options: WhyOptions, host: KconfHost = process_host()): 0 | 3 {
	const kconf = open_config(options, host);
	const together = explain_all(
		kconf,
		symbols.map((text) => split(kconf, text)),
	);
	const missing = shortfall(together);
	if (options.fragment) {
		host.out(fragment_text(kconf, together));
		if (missing !== "") host.err(to_bytes(`${options.progname}: ${missing}\n`));
	} else host.out(explain_all_text(kconf, together));
	return missing === "" ? 0 : 3;
}
