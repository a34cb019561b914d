// SPDX-License-Identifier: GPL-2.0-only
//
// The library at work. Run it where a Kconfig file is:
//
//	ARCH=x86 SRCARCH=x86 node --import tsx scripts/kconfig/example.ts configs/x86_64_defconfig SMP

import { run_example } from "./examples/program.ts";
import { parse } from "./index.ts";

run_example(import.meta.url, (config, name) => {
	const kconfig = parse("Kconfig");
	if (config) kconfig.load(config);
	process.stderr.write(kconfig.take_messages());

	const on = [...kconfig.symbols()].filter((symbol) => symbol.value === "y");
	const lines = [`${kconfig.title}: ${on.length} symbols are y`];

	const symbol = name ? kconfig.symbol(name) : undefined;
	if (!symbol) return lines;
	const at = symbol.defined_at.map(({ file, line }) => `${file}:${line}`).join(", ");
	lines.push(`${symbol.name} is ${symbol.value}, could be ${symbol.assignable.join("/")} (${at})`);
	if (symbol.set("n")) lines.push(`and now it is ${symbol.value}; the defconfig says:`);
	return [...lines, kconfig.defconfig(), kconfig.explain_text(symbol.name, "y")];
});
