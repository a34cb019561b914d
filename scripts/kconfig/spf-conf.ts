// SPDX-License-Identifier: GPL-2.0-only
//
// The command spf-conf: conf.ts with commands that are run ahead, or remembered.

import { conf_main, run_command } from "./conf.ts";
import { parse_options } from "./conf_options.ts";
import { process_host } from "./host.ts";
import { shell_host } from "./shell_cache.ts";
import { set_v8_flags } from "./v8_flags.ts";
import { begins_as } from "./version.ts";

function main(args: readonly string[]): void {
	const real = process_host();
	let options: ReturnType<typeof parse_options>;
	try {
		// Only for a look; conf_main() will say what is wrong with them.
		options = parse_options(args, { ...real, out: () => {}, err: () => {} }, () => {});
	} catch {
		run_command(() => conf_main(args, real), real);
		return;
	}
	if (options.kconfiglib) {
		// To look ahead would be to read these files by Linux's rules.
		run_command(() => conf_main(args, real), real);
		return;
	}
	const { host, remember } = shell_host(real, options.compat, options.kconfig);
	run_command(() => conf_main(args, host), host);
	remember();
}

set_v8_flags();
if (begins_as("spf-conf")) main(process.argv.slice(2));
