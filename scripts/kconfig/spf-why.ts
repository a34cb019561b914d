// SPDX-License-Identifier: GPL-2.0-only
//
// The command spf-why: why symbols have their values, and what to set so that they have others.
// The work is why_main.ts's. No counterpart in Linux.

import { Command, CommanderError } from "commander";
import { run_command } from "./conf.ts";
import { process_host } from "./host.ts";
import { is_main } from "./is_main.ts";
import type { KconfHost } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import { begins_as } from "./version.ts";
import { why_main } from "./why_main.ts";

const NAME = "spf-why";

const USAGE = `Usage: ${NAME} [options] SYMBOL[=VALUE]...

Says why symbols have their values, and what to set so that they have others. CONFIG_ may
stand before a name; several symbols are to have their values at once.

  --kconfig FILE    the Kconfig file, looked up here and in $srctree (default: Kconfig)
  --config FILE     the configuration (default: $KCONFIG_CONFIG, or .config)
  --compat RELEASE  whose rules hold, as for spf-conf (default: $KCONFIG_COMPAT, or 7.2)
  --fragment        print only the lines to append to the configuration
  --version         print the version, if it is the only argument
  -h, --help        print this message

The environment is that of conf: ARCH, SRCARCH, srctree, CC and whatever else the Kconfig
files ask for. Exit status: 0; 1 for errors in Kconfig files, and dependency loops are shown;
2 for mistakes in options, symbols or files; 3 if not everything can be had as asked.
`;

/** Runs the command; ends with ConfExit unless all can be had as asked. */
export function spf_why_main(args: readonly string[], host: KconfHost = process_host()): void {
	const program = new Command(NAME)
		.configureOutput({ writeOut: host.out, writeErr: () => {} })
		.exitOverride()
		.option("--kconfig <file>", "", "Kconfig")
		.option("--config <file>")
		.option("--compat <release>")
		.option("--fragment")
		.argument("<symbol...>");
	program.helpInformation = () => USAGE;
	try {
		program.parse(args, { from: "user" });
	} catch (e) {
		if (!(e instanceof CommanderError)) throw e;
		if (e.exitCode === 0) throw new ConfExit(0);
		throw new ConfExit(2, `${NAME}: ${e.message.replace(/^error: /, "")} (see ${NAME} --help)`);
	}
	const status = why_main(program.args, { progname: NAME, ...program.opts<{ kconfig: string }>() }, host);
	if (status !== 0) throw new ConfExit(status);
}

if (is_main(import.meta.url) && begins_as(NAME)) {
	run_command(() => spf_why_main(process.argv.slice(2)));
}
