// SPDX-License-Identifier: GPL-2.0-only
//
// The command: conf [-s] --MODE Kconfig. Mirrors the main() of Linux's
// scripts/kconfig/conf.c, with its texts and exit statuses. An addition is --compat, which
// says whose rules hold where Linux has changed them.

import { existsSync } from "node:fs";
import { rules_of } from "./compat.ts";
import { conf_rewrite_tristates, conf_set_all_new_symbols, set_randconfig_seed } from "./conf_all.ts";
import type { AskMode, ReadLine } from "./conf_ask.ts";
import { conf_ask, stdin_lines } from "./conf_ask.ts";
import { conf_write_autoconf } from "./conf_auto.ts";
import type { Options } from "./conf_options.ts";
import { PROGNAME, parse_options } from "./conf_options.ts";
import {
	conf_errors,
	conf_get_configname,
	conf_read,
	conf_read_simple,
	conf_write,
	conf_write_defconfig,
	FileError,
} from "./confdata.ts";
import { process_host } from "./host.ts";
import { kconfiglib_main } from "./kconfiglib/main.ts";
import type { Kconf, KconfHost } from "./lkc.ts";
import { ConfExit, kconf_alloc, mod, no, not_too_deep, yes } from "./lkc.ts";
import { busybox_main } from "./old/busybox.ts";
import { conf_parse } from "./parser.ts";
import { read_note } from "./read_note.ts";
import { bytes_exit, path_of, to_bytes, to_text } from "./text.ts";

/** $KCONFIG_ALLCONFIG: answers that the all*config modes and randconfig have to respect. */
function read_allconfig(kconf: Kconf, mode: string): void {
	const name = kconf.host.env.KCONFIG_ALLCONFIG;
	if (name === undefined) return;
	if (name !== "" && name !== "1") {
		if (conf_read_simple(kconf, to_bytes(name))) return;
		throw new ConfExit(1, `*** Can't read seed configuration "${name}"!`);
	}
	const own = mode === "randconfig" ? "allrandom.config" : mode.replace(/config$/, ".config");
	if (conf_read_simple(kconf, own) || conf_read_simple(kconf, "all.config")) return;
	const what = `no "${own}" or "all.config" file found`;
	throw new ConfExit(1, `*** KCONFIG_ALLCONFIG set, but ${what}`);
}

function read_kconfig(kconf: Kconf, opts: Options): void {
	try {
		conf_parse(kconf, opts.kconfig);
	} catch (e) {
		if (!(e instanceof ConfExit)) throw e;
		const reader = { progname: PROGNAME, by_default: opts.compat_by_default, explains: false };
		const note = read_note(reader, kconf, opts.kconfig, e);
		throw note === ""
			? e
			: bytes_exit(e.code, `${e.bytes ?? to_bytes(e.message)}\n${to_bytes(note)}`.trim());
	}
}

/** Before 5.x there was nothing to synchronise with without a configuration. */
function need_config(kconf: Kconf): void {
	const name = conf_get_configname(kconf);
	if (existsSync(path_of(kconf.host, name))) return;
	const how =
		'*** Please run some configurator (e.g. "make oldconfig" or\n*** "make menuconfig" or "make xconfig").';
	throw bytes_exit(1, `***\n*** Configuration file "${name}" not found!\n***\n${how}\n***`);
}

/** What --defconfig reads if it is given no name: below $srctree, if it is there. */
function default_config(kconf: Kconf): string {
	const { env } = kconf.host;
	const name = to_bytes((kconf.rules.default_config ?? "").replace("$(ARCH)", env.ARCH ?? ""));
	const below = `${to_bytes(env.srctree ?? "")}/${name}`;
	return env.srctree !== undefined && existsSync(path_of(kconf.host, below)) ? below : name;
}

function read_base(kconf: Kconf, opts: Options): void {
	switch (opts.mode) {
		case "defconfig":
			if (opts.default_config) opts.file = default_config(kconf);
			if (conf_read(kconf, opts.file)) return;
			throw new ConfExit(
				1,
				`***\n*** Can't find default configuration "${to_text(opts.file)}"!\n***`,
			);
		case "allnoconfig":
		case "allyesconfig":
		case "allmodconfig":
		case "alldefconfig":
		case "randconfig":
			read_allconfig(kconf, opts.mode);
			return;
		default:
			conf_read(kconf, null);
	}
}

const lines_of = (host: KconfHost): ReadLine => (host.read ? () => host.read?.() ?? null : stdin_lines());

function ask(kconf: Kconf, mode: AskMode): void {
	const { host } = kconf;
	// Loaded when it is needed: with it comes all that node has for sockets.
	const { isatty } = process.getBuiltinModule("node:tty");
	const terminal = !host.read && isatty(0) && isatty(1);
	conf_ask(kconf, mode, lines_of(host), !terminal);
}

/** How each mode gives the values that the file did not give. */
const ANSWERS: Readonly<Record<string, (kconf: Kconf, rand?: () => number) => void>> = {
	allnoconfig: (kconf) => conf_set_all_new_symbols(kconf, "no"),
	allyesconfig: (kconf) => conf_set_all_new_symbols(kconf, "yes"),
	allmodconfig: (kconf) => conf_set_all_new_symbols(kconf, "mod"),
	alldefconfig: (kconf) => conf_set_all_new_symbols(kconf, "default"),
	defconfig: (kconf) => conf_set_all_new_symbols(kconf, "default"),
	randconfig: (kconf, rand) => conf_set_all_new_symbols(kconf, "random", rand),
	yes2modconfig: (kconf) => conf_rewrite_tristates(kconf, yes, mod),
	mod2yesconfig: (kconf) => conf_rewrite_tristates(kconf, mod, yes),
	mod2noconfig: (kconf) => conf_rewrite_tristates(kconf, mod, no),
	oldaskconfig: (kconf) => ask(kconf, "oldaskconfig"),
	oldconfig: (kconf) => ask(kconf, "oldconfig"),
	syncconfig: (kconf) => ask(kconf, "syncconfig"),
	listnewconfig: (kconf) => ask(kconf, "listnewconfig"),
	helpnewconfig: (kconf) => ask(kconf, "helpnewconfig"),
};

/** Runs the command; ends with ConfExit unless all went well. */
export function conf_main(args: readonly string[], host: KconfHost = process_host()): void {
	not_too_deep(() => run_mode(args, host));
}

function run_mode(args: readonly string[], host: KconfHost): void {
	let rand: (() => number) | undefined;
	const opts = parse_options(args, host, (mode, compat) => {
		if (mode === "randconfig") rand = set_randconfig_seed(host, rules_of(compat).sync_needs_config);
	});
	const { mode } = opts;
	if (opts.kconfiglib) {
		kconfiglib_main(opts, host);
		return;
	}
	const kconf = kconf_alloc(host, opts.compat);
	kconf.silent = opts.silent;
	read_kconfig(kconf, opts);
	if (kconf.rules.ancient) {
		const file = opts.default_config ? default_config(kconf) : opts.file;
		busybox_main(kconf, mode, file, lines_of(host));
		return;
	}
	if (opts.sync && kconf.rules.sync_needs_config) need_config(kconf);
	read_base(kconf, opts);
	if (conf_errors(kconf)) throw new ConfExit(1);
	const frozen = opts.sync && Boolean(host.env.KCONFIG_NOSILENTUPDATE);
	if (frozen && kconf.conf_changed) {
		throw new ConfExit(1, "\n*** The configuration requires explicit update.\n");
	}
	ANSWERS[mode]?.(kconf, rand);
	if (kconf.rules.werror === "all" && kconf.sym_warnings > 0 && host.env.KCONFIG_WERROR !== undefined)
		throw new ConfExit(1);
	if (mode === "savedefconfig") save_defconfig(kconf, opts.file);
	else if (mode !== "listnewconfig" && mode !== "helpnewconfig") {
		const lazy = opts.sync && kconf.rules.sync_lazy && !kconf.conf_changed;
		if (!frozen && !lazy) save(kconf);
		save_autoconf(kconf, opts.sync);
	}
}

/** Runs a step that writes; if it cannot, says why and ends with the reference's words. */
function writing(step: () => void, otherwise: string | null): void {
	try {
		step();
	} catch (e) {
		if (!(e instanceof FileError)) throw e;
		const why = e.message === "" ? "" : `${e.message}\n`;
		throw bytes_exit(otherwise === null ? 0 : 1, `${why}${otherwise ?? ""}`);
	}
}

function save_defconfig(kconf: Kconf, name: string): void {
	writing(
		() => conf_write_defconfig(kconf, name),
		`${kconf.rules.save_error}*** Error while saving defconfig to: ${name}\n`,
	);
}

function save(kconf: Kconf): void {
	writing(() => conf_write(kconf), "\n*** Error during writing of the configuration.\n");
}

/** Only a syncconfig depends on these files; all others just say what went wrong. */
function save_autoconf(kconf: Kconf, sync: boolean): void {
	const otherwise = "\n*** Error during sync of the configuration.\n";
	writing(() => conf_write_autoconf(kconf, sync), sync ? otherwise : null);
}

/** Runs a command of this directory, and turns its ConfExit into an exit status. */
export function run_command(main: () => void, host: KconfHost = process_host()): void {
	try {
		main();
	} catch (e) {
		if (!(e instanceof ConfExit)) throw e;
		if (e.message !== "") host.err(`${e.bytes ?? to_bytes(e.message)}\n`);
		process.exitCode = e.code;
	}
}
