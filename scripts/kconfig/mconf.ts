// SPDX-License-Identifier: GPL-2.0-only
//
// The command: mconf [-s] [--compat RELEASE] Kconfig. The configuration as menus in the terminal; mirrors the
// main() of Linux's scripts/kconfig/mconf.c, whose menus, keys and texts it has. The rest is
// in mconf/. Exit status: 0, or 1 without a terminal and after errors.

import { Command } from "commander";
import { choose_compat } from "./conf_options.ts";
import { conf_read } from "./confdata.ts";
import { process_host } from "./host.ts";
import { is_main } from "./is_main.ts";
import type { Compat, Kconf, KconfHost } from "./lkc.ts";
import { ConfExit, kconf_alloc } from "./lkc.ts";
import type { App, Ending } from "./mconf/app.ts";
import { app_alloc } from "./mconf/app.ts";
import { mconf_model, TOO_SMALL, too_small } from "./mconf/model.ts";
import { choose_theme, is_utf8 } from "./mconf/theme.ts";
import { run_tty } from "./mconf/tty.ts";
import { conf_parse } from "./parser.ts";
import { shell_host } from "./shell_cache.ts";
import { to_bytes, to_text } from "./text.ts";
import { set_v8_flags } from "./v8_flags.ts";
import { begins_as } from "./version.ts";

interface Options {
	readonly kconfig: string;
	readonly silent: boolean;
	readonly compat: Compat;
}

function parse_args(args: readonly string[], host: KconfHost): Options {
	const command = new Command("spf-mconf")
		.description("Edits a configuration with menus in the terminal.")
		.argument("<Kconfig>", "the root of the Kconfig files")
		.option("-s, --silent", "say nothing at the end", false)
		.option(
			"--compat <name>",
			"whose rules hold: a release of Linux, or coreboot, u-boot, buildroot, busybox",
		)
		.configureOutput({ writeOut: host.out, writeErr: () => {} })
		.exitOverride((e) => {
			throw new ConfExit(e.exitCode === 0 ? 0 : 2, e.exitCode === 0 ? "" : `spf-mconf: ${e.message}`);
		})
		.parse(args, { from: "user" });
	const { silent, compat } = command.opts<{ silent: boolean; compat?: string }>();
	return { kconfig: command.args[0] as string, silent, compat: choose_compat("spf-mconf", host, compat) };
}

/** Reads everything. What is said about the configuration file is shown in a window, too. */
export function mconf_load({ kconfig, silent, compat }: Options, host: KconfHost): App {
	let app: App | null = null;
	const inner: KconfHost = {
		...host,
		out: (text) => (app ? app.said.push(to_text(text)) : host.out(text)),
		err: (text) => (app ? app.messages.push(to_text(text)) : host.err(text)),
	};
	const kconf: Kconf = kconf_alloc(inner, compat);
	conf_parse(kconf, to_bytes(kconfig));
	app = app_alloc(kconf, silent);
	conf_read(kconf, null);
	for (const text of app.messages) host.err(to_bytes(text));
	return app;
}

/** Runs the command on the terminal of the process; ends with ConfExit unless all went well. */
export async function mconf_main(args: readonly string[], host: KconfHost = process_host()): Promise<void> {
	const options = parse_args(args, host);
	const { stdin: input, stdout: output } = process;
	const instead = "use 'spf-conf --oldconfig', or set values with spf-merge-config";
	if (!input.isTTY || !output.isTTY) {
		throw new ConfExit(1, `spf-mconf: standard input and output must be a terminal; ${instead}`);
	}
	if (host.env.TERM === "dumb") {
		throw new ConfExit(1, `spf-mconf: TERM=dumb: such a terminal cannot show menus; ${instead}`);
	}
	const size = { rows: output.rows || 24, cols: output.columns || 80 };
	if (too_small(size)) throw new ConfExit(1, TOO_SMALL.trim());
	const shell = shell_host(host, options.compat, to_bytes(options.kconfig));
	const app = mconf_load(options, shell.host);
	shell.remember();
	const { env } = host;
	const terminal = { input, output, theme: choose_theme(env), utf8: is_utf8(env) };
	host.flush?.();
	const ending: Ending = await run_tty(mconf_model(app), terminal);
	host.out(to_bytes(ending.out));
	host.err(to_bytes(ending.err));
	if (ending.code !== 0) throw new ConfExit(ending.code);
}

if (is_main(import.meta.url) && begins_as("spf-mconf")) {
	try {
		set_v8_flags();
		await mconf_main(process.argv.slice(2));
	} catch (e) {
		if (!(e instanceof ConfExit)) throw e;
		if (e.message !== "") process.stderr.write(`${e.message}\n`);
		process.exitCode = e.code;
	}
}
