// SPDX-License-Identifier: GPL-2.0-only
/**
 * The command line of `spf kconfig`: questions to a configuration. `why` says
 * where a symbol's value comes from, what keeps it from another, and what to
 * set. The answers are scripts/kconfig/why.ts's.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { conf_get_configname, conf_read_simple } from "../../scripts/kconfig/confdata.ts";
import { process_host } from "../../scripts/kconfig/engine.ts";
import { COMPAT_6_12, COMPAT_7_2, ConfExit, type Kconf, kconf_alloc, type Sym } from "../../scripts/kconfig/lkc.ts";
import { conf_parse } from "../../scripts/kconfig/parser.ts";
import { sym_clear_all_valid } from "../../scripts/kconfig/symbol.ts";
import { to_bytes, to_text } from "../../scripts/kconfig/text.ts";
import { cycles, cycles_text, explain, explain_text, find_symbol, fragment_text } from "../../scripts/kconfig/why.ts";
import { UserError } from "../replay/errors.ts";

export interface WhyOptions {
	kconfig: string;
	config?: string;
	fragment?: boolean;
}

export function add_kconfig(program: Command): void {
	const kconfig = program.command("kconfig").description("questions to a configuration").exitOverride();
	kconfig
		.command("why")
		.description("why a symbol has its value, and what to set so that it has another")
		.argument("<symbol...>", "SYMBOL, or SYMBOL=value; CONFIG_ may stand before it")
		.option("--kconfig <file>", "the Kconfig file, looked up here and in $srctree", "Kconfig")
		.option("--config <file>", "the configuration (default: $KCONFIG_CONFIG, or .config)")
		.option("--fragment", "print only the lines to append to the configuration")
		.addHelpText(
			"after",
			"\nThe environment is that of conf: ARCH, SRCARCH, srctree, CC and whatever else the Kconfig files ask for.\n" +
				"Exit status: 0; 1 for errors in Kconfig files, and dependency loops are shown;\n" +
				"2 for mistakes in options, symbols or files; 3 if a value cannot be had.",
		)
		.exitOverride()
		.action((symbols: string[], options: WhyOptions) => {
			process.exitCode = why(symbols, options);
		});
}

/** A configuration as its file says it: also values that are out of sight now count once they come into sight. */
export function open_config(options: WhyOptions): Kconf {
	const host = process_host();
	const { env, cwd } = host;
	const compat = env.KCONFIG_COMPAT || COMPAT_7_2;
	if (compat !== COMPAT_6_12 && compat !== COMPAT_7_2)
		throw new UserError(`KCONFIG_COMPAT=${compat}: not a known release; these are ${COMPAT_6_12} and ${COMPAT_7_2}`);
	const kconf = kconf_alloc(host, compat);
	const places = [resolve(cwd, options.kconfig), ...(env.srctree ? [join(env.srctree, options.kconfig)] : [])];
	if (!places.some((path) => existsSync(path)))
		throw new UserError(`${options.kconfig}: no such file here${env.srctree ? " or in $srctree" : ""}; name it with --kconfig, or set srctree`);
	try {
		conf_parse(kconf, to_bytes(options.kconfig));
	} catch (error) {
		if (!(error instanceof ConfExit)) throw error;
		process.stderr.write(to_text(cycles_text(cycles(kconf))));
		throw error;
	}
	const file = options.config ?? conf_get_configname(kconf);
	if (!existsSync(resolve(cwd, file)))
		throw new UserError(`${file}: no such file; make one with 'make defconfig', or name another with --config`);
	conf_read_simple(kconf, to_bytes(resolve(cwd, file)));
	sym_clear_all_valid(kconf);
	return kconf;
}

/** Splits SYMBOL=value. The quotes of a string may be there or not. */
function split(kconf: Kconf, text: string): { sym: Sym; want?: string } {
	const at = text.indexOf("=");
	const sym = find_symbol(kconf, at < 0 ? text : text.slice(0, at));
	if (at < 0) return { sym };
	const value = to_bytes(text.slice(at + 1));
	return { sym, want: /^".*"$/.test(value) && sym.type === "string" ? value.slice(1, -1) : value };
}

/** Answers for each symbol; the exit code. */
export function why(symbols: string[], options: WhyOptions): number {
	try {
		const kconf = open_config(options);
		const asked = symbols.map((text) => split(kconf, text));
		let code = 0;
		asked.forEach(({ sym, want }, i) => {
			const ex = explain(kconf, sym, want);
			if (!ex.holds && (!ex.solution || ex.instead_of !== null)) code = 3;
			if (options.fragment) process.stdout.write(to_text(fragment_text(kconf, ex)));
			else process.stdout.write((i > 0 ? "\n" : "") + to_text(explain_text(kconf, ex)));
		});
		return code;
	} catch (error) {
		if (!(error instanceof ConfExit)) throw error;
		if (error.code === 2) throw new UserError(to_text(error.message));
		if (error.message !== "") process.stderr.write(`${error.message}\n`);
		return error.code;
	}
}
