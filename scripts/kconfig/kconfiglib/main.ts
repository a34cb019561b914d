// SPDX-License-Identifier: GPL-2.0-only
//
// spf-conf --compat kconfiglib: the modes that Kconfiglib has scripts for, with what those print.

import type { Options } from "../conf_options.ts";
import type { KconfHost } from "../lkc.ts";
import { ConfExit } from "../lkc.ts";
import { bytes_exit, to_bytes, to_text } from "../text.ts";
import { config_filename, config_text, load_config, load_standard, min_config_text, write_text } from "./config.ts";
import { python_functions } from "./functions.ts";
import { type Klib, klib_alloc } from "./model.ts";
import { parse } from "./parse.ts";
import { is_logical, set_mode, set_value } from "./value.ts";

/** Reads a Kconfig file by Kconfiglib's rules. Ends with ConfExit on errors. */
export function read_klib(host: KconfHost, file: string): Klib {
	const k = klib_alloc(host, file);
	const end = python_functions(k);
	try {
		parse(k, file);
	} finally {
		end();
	}
	return k;
}

function write_config(k: Klib): string {
	const name = config_filename(k);
	const written = write_text(k, name, config_text(k), true);
	return written ? `Configuration saved to '${name}'` : `No change to configuration in '${name}'`;
}

/** $KCONFIG_ALLCONFIG: answers that the all*config modes have to respect. */
function load_allconfig(k: Klib, own: string, say: (text: string) => void): void {
	const name = k.host.env.KCONFIG_ALLCONFIG;
	if (name === undefined) return;
	for (const sym of k.defined) sym.was_set = false;
	if (name !== "" && name !== "1") {
		say(load_config(k, to_bytes(name), false));
		return;
	}
	try {
		say(load_config(k, own, false));
	} catch (e) {
		if (!(e instanceof ConfExit)) throw e;
		say(load_config(k, "all.config", false));
	}
}

/** What each mode sets before $KCONFIG_ALLCONFIG is read. */
const SET: Readonly<Record<string, (k: Klib) => void>> = {
	alldefconfig: () => {},
	allnoconfig(k) {
		for (const sym of k.defined) if (is_logical(sym)) set_value(k, sym, sym.allnoconfig_y ? 2 : 0);
	},
	allyesconfig(k) {
		for (const sym of k.defined) {
			// m counts only in a choice whose mode is m, and there for all members.
			const value = sym.choice ? 1 : 2;
			if (sym.type === "tristate" || (sym.type === "bool" && value === 2)) set_value(k, sym, value);
		}
		for (const choice of k.choices) set_mode(k, choice, 2);
	},
	allmodconfig(k) {
		for (const sym of k.defined) {
			if (sym.type === "bool" && !sym.choice) set_value(k, sym, 2);
			else if (sym.type === "tristate") set_value(k, sym, 1);
		}
		for (const choice of k.choices) set_mode(k, choice, choice.type === "bool" ? 2 : 1);
	},
};

/** Runs a mode; ends with ConfExit unless all went well. */
export function kconfiglib_main(opts: Options, host: KconfHost): void {
	const { mode, file } = opts;
	const say = (text: string): void => {
		if (!opts.silent) host.out(`${text}\n`);
	};
	const set = SET[mode];
	if (!set && mode !== "olddefconfig" && mode !== "defconfig" && mode !== "savedefconfig")
		throw new ConfExit(2, `--${mode}: not with the rules of kconfiglib`);
	const k = read_klib(host, opts.kconfig);
	if (set) {
		k.warn = false;
		set(k);
		k.warn = true;
		load_allconfig(k, mode.replace(/config$/, ".config"), say);
	} else if (mode === "defconfig") say(load_config(k, file, true));
	else say(load_standard(k));
	if (mode !== "savedefconfig") {
		say(write_config(k));
		return;
	}
	if (to_text(file) === "") throw bytes_exit(2, "--savedefconfig: give a file");
	const written = write_text(k, file, min_config_text(k), false);
	say(written ? `Minimal configuration saved to '${file}'` : `No change to minimal configuration in '${file}'`);
}
