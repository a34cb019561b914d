// SPDX-License-Identifier: GPL-2.0-only
//
// The command spf-localmodconfig: what Linux's "make localmodconfig" and "make localyesconfig"
// do, with streamline_config.ts and conf.ts. Mirrors these targets of scripts/kconfig/Makefile.

import { existsSync, renameSync, rmSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { conf_main, run_command } from "./conf.ts";
import { choose_compat } from "./conf_options.ts";
import { with_file } from "./confdata.ts";
import { process_host } from "./host.ts";
import { is_main } from "./is_main.ts";
import type { KconfHost } from "./lkc.ts";
import { ConfExit } from "./lkc.ts";
import { put_file } from "./put_file.ts";
import { shell_host } from "./shell_cache.ts";
import { streamline_config } from "./streamline_config.ts";
import { path_of, read_bytes, to_bytes } from "./text.ts";
import { begins_as } from "./version.ts";

const NAME = "spf-localmodconfig";

const USAGE = `Usage: ${NAME} [options] [SRCTREE [KCONFIG]]

Turns off all modules in .config that this machine has not loaded, and that those that it has
do not need. Questions that are open then are asked, as with spf-conf --oldconfig. To be
called where .config is, with the environment of conf. SRCTREE is $srctree, or this directory;
KCONFIG is Kconfig.

  -y, --localyesconfig  build what is left into the kernel
  -n, --print           only print what streamline_config.pl prints: change nothing
  -s, --silent          print no log
  --compat RELEASE      whose rules hold, as for spf-conf
  --version             print the version, if it is the only argument
  -h, --help            print this message

LSMOD names a file with the output of lsmod, perhaps of another machine, or a program that
prints such a one. LMC_KEEP=DIR:DIR... keeps the modules whose Kconfig files are there.
`;

interface Options {
	readonly localyesconfig?: boolean;
	readonly print?: boolean;
	readonly silent?: boolean;
	readonly compat?: string;
}

/** Puts the new configuration in place of the old one, and has what is open in it answered. */
function update(host: KconfHost, text: string, conf: () => void): void {
	const path = path_of(host, ".config");
	const before = `${path}.old.1`;
	const had = existsSync(path);
	if (had && read_bytes(path) === text) return;
	with_file(".config", () => {
		if (had) renameSync(path, before);
		put_file(path, text);
	});
	try {
		conf();
	} finally {
		if (had) with_file(".config", () => renameSync(before, `${path}.old`));
		rmSync(`${path}.tmp`, { force: true });
	}
}

function parse_args(args: readonly string[], host: KconfHost): { opts: Options; files: string[] } {
	const program = new Command(NAME)
		.configureOutput({ writeOut: host.out, writeErr: () => {} })
		.exitOverride()
		.option("-y, --localyesconfig")
		.option("-n, --print")
		.option("-s, --silent")
		.option("--compat <release>")
		.argument("[files...]");
	program.helpInformation = () => USAGE;
	const wrong = (what: string) => new ConfExit(2, `${NAME}: ${what} (see ${NAME} --help)`);
	try {
		program.parse(args, { from: "user" });
	} catch (e) {
		if (!(e instanceof CommanderError)) throw e;
		if (e.exitCode === 0) throw new ConfExit(0);
		throw wrong(e.message.replace(/^error: /, ""));
	}
	if (program.args.length > 2) throw wrong("give a directory and a Kconfig file, no more");
	return { opts: program.opts(), files: program.args };
}

/** Runs the command; ends with ConfExit unless all went well. */
export function localmodconfig_main(args: readonly string[], real: KconfHost = process_host()): void {
	const { opts, files } = parse_args(args, real);
	const [srctree = real.env.srctree ?? ".", kconfig = "Kconfig"] = files;
	const compat = choose_compat(NAME, real, opts.compat);
	const text = streamline_config(real, { srctree, kconfig, yes: opts.localyesconfig === true });
	if (opts.print) {
		real.out(text);
		return;
	}
	const { host, remember } = shell_host(real, compat, to_bytes(kconfig));
	const silent = opts.silent ? ["--silent"] : [];
	const by = opts.compat === undefined ? [] : ["--compat", opts.compat];
	update(host, text, () => conf_main([...silent, ...by, "--oldconfig", kconfig], host));
	remember();
}

if (is_main(import.meta.url) && begins_as(NAME)) {
	run_command(() => localmodconfig_main(process.argv.slice(2)));
}
