// SPDX-License-Identifier: GPL-2.0-only
/** The command line of `spf kconfig`: questions to a configuration. What answers them is loaded when one is asked. */
import type { Command } from "commander";

export interface WhyOptions {
	kconfig: string;
	config?: string;
	compat?: string;
	fragment?: boolean;
}

export function add_kconfig(program: Command): void {
	const kconfig = program.command("kconfig").description("questions to a configuration").exitOverride();
	kconfig.command("why")
		.description("why symbols have their values, and what to set so that they have others")
		.argument(
			"<symbol...>",
			"SYMBOL, or SYMBOL=value; CONFIG_ may stand before it; several are to hold at once",
		)
		.option("--kconfig <file>", "the Kconfig file, looked up here and in $srctree", "Kconfig")
		.option("--config <file>", "the configuration (default: $KCONFIG_CONFIG, or .config)")
		.option(
			"--compat <release>",
			"whose rules hold, e.g. 6.12 or u-boot (default: $KCONFIG_COMPAT, or 7.2)",
		)
		.option("--fragment", "print only the lines to append to the configuration")
		.addHelpText(
			"after",
			"\nThe environment is that of conf: ARCH, SRCARCH, srctree, CC and whatever else the Kconfig files ask for.\n" +
				"What their commands print is remembered from one run to the next; KCONFIG_NOCACHE=1 runs them all.\n" +
				"Exit status: 0; 1 for errors in Kconfig files, and dependency loops are shown;\n" +
				"2 for mistakes in options, symbols or files; 3 if not everything can be had as asked.",
		)
		.exitOverride()
		.action(async (symbols: string[], options: WhyOptions) => {
			const { why } = await import("./why.ts");
			process.exitCode = why(symbols, options);
		});
}
