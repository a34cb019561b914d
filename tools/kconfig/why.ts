// SPDX-License-Identifier: GPL-2.0-only
/**
 * `spf kconfig why`: where a symbol's value comes from, what keeps it from
 * another, and what to set. The answers are scripts/kconfig/why.ts's.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { compat_note } from "../../scripts/kconfig/compat_note.ts";
import { choose_compat } from "../../scripts/kconfig/conf_options.ts";
import { conf_get_configname, conf_read_simple } from "../../scripts/kconfig/confdata.ts";
import { process_host } from "../../scripts/kconfig/host.ts";
import { ConfExit, type Kconf, type KconfHost, kconf_alloc } from "../../scripts/kconfig/lkc.ts";
import { conf_parse } from "../../scripts/kconfig/parser.ts";
import { shell_host } from "../../scripts/kconfig/shell_cache.ts";
import { sym_clear_all_valid } from "../../scripts/kconfig/symbol.ts";
import { read_file, to_bytes, to_text } from "../../scripts/kconfig/text.ts";
import type { Question, Together } from "../../scripts/kconfig/why.ts";
import {
	cycles,
	cycles_text,
	explain_all,
	explain_all_text,
	find_symbol,
	fragment_text,
	wish_text,
} from "../../scripts/kconfig/why.ts";
import { UserError } from "../lib/errors.ts";
import type { WhyOptions } from "./index.ts";

/** A kernel's files ask for the architecture: what is not set of what they ask for, or names no directory. */
function architecture_note({ host, files }: Kconf): string {
	const { env, cwd } = host;
	const asked = (name: string): boolean =>
		files.some((file) => read_file(host, file)?.includes(`$(${name})`) ?? false);
	const missing = ["SRCARCH", "ARCH"].filter((name) => !env[name] && asked(name));
	if (missing.length > 0) {
		const example = missing.map((name) => `${name}=x86`).join(" ");
		const are = missing.length > 1 ? "are" : "is";
		return `spf kconfig why: ${missing.join(" and ")} ${are} not set, and these files ask for it, e.g. ${example}\n`;
	}
	const { SRCARCH = "", srctree } = env;
	const places = [cwd, ...(srctree ? [resolve(cwd, srctree)] : [])];
	if (!asked("SRCARCH") || places.some((place) => existsSync(resolve(place, "arch", SRCARCH)))) return "";
	return `spf kconfig why: there is no arch/${SRCARCH}; SRCARCH is the directory, e.g. x86 for ARCH=x86_64\n`;
}

/** Reads the Kconfig files. Of dependency loops more is told than the reference's message does. */
function parse(real: KconfHost, option: string | undefined, file: string): Kconf {
	const compat = choose_compat("spf kconfig why", real, option);
	const { host, remember } = shell_host(real, compat, file);
	const kconf = kconf_alloc(host, compat);
	try {
		conf_parse(kconf, file);
	} catch (error) {
		if (!(error instanceof ConfExit)) throw error;
		const by_default = option === undefined && !real.env.KCONFIG_COMPAT;
		let notes = compat_note("spf kconfig why", host, compat, by_default, file);
		const loops = to_text(cycles_text(cycles(kconf)));
		if (loops === "" && notes === "") notes = architecture_note(kconf);
		process.stderr.write(loops);
		throw new ConfExit(error.code, `${error.message}\n${notes}`.trim());
	} finally {
		remember();
	}
	return kconf;
}

/** A configuration as its file says it: also values that are out of sight now count once they come into sight. */
export function open_config(options: WhyOptions): Kconf {
	const host = process_host();
	const { env, cwd } = host;
	const places = [
		resolve(cwd, options.kconfig),
		...(env.srctree ? [resolve(cwd, env.srctree, options.kconfig)] : []),
	];
	if (!places.some((path) => existsSync(path)))
		throw new UserError(
			`${options.kconfig}: no such file here${env.srctree ? " or in $srctree" : ""}; name it with --kconfig, or set srctree`,
		);
	const kconf = parse(host, options.compat, to_bytes(options.kconfig));
	const file = options.config ?? conf_get_configname(kconf);
	if (!existsSync(resolve(cwd, file)))
		throw new UserError(
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

/** One answer for all symbols; the exit code. What is missing is told where the lines do not say so. */
export function why(symbols: string[], options: WhyOptions): number {
	const { out, err } = process_host();
	try {
		const kconf = open_config(options);
		const together = explain_all(
			kconf,
			symbols.map((text) => split(kconf, text)),
		);
		const missing = shortfall(together);
		if (options.fragment) {
			out(fragment_text(kconf, together));
			if (missing !== "") err(`spf kconfig why: ${missing}\n`);
		} else out(explain_all_text(kconf, together));
		return missing === "" ? 0 : 3;
	} catch (error) {
		if (!(error instanceof ConfExit)) throw error;
		if (error.code === 2) throw new UserError(to_text(error.message));
		if (error.message !== "") err(`${error.bytes ?? to_bytes(error.message)}\n`);
		return error.code;
	}
}
