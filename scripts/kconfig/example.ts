// SPDX-License-Identifier: GPL-2.0-only
//
// The library at work. Run it where a Kconfig file is:
//
//	ARCH=x86 SRCARCH=x86 node --import tsx scripts/kconfig/example.ts configs/x86_64_defconfig SMP

import { KconfigError, parse } from "./index.ts";

function main([config, name]: readonly string[]): void {
	const kconfig = parse("Kconfig");
	if (config) kconfig.load(config);
	process.stderr.write(kconfig.take_messages());

	const on = [...kconfig.symbols()].filter((symbol) => symbol.value === "y");
	console.log(`${kconfig.title}: ${on.length} symbols are y`);

	const symbol = name ? kconfig.symbol(name) : undefined;
	if (!symbol) return;
	const at = symbol.defined_at.map(({ file, line }) => `${file}:${line}`).join(", ");
	console.log(`${symbol.name} is ${symbol.value}, could be ${symbol.assignable.join("/")} (${at})`);
	if (symbol.set("n")) console.log(`and now it is ${symbol.value}; the defconfig says:`);
	console.log(kconfig.defconfig());
	console.log(kconfig.explain_text(symbol.name, "y"));
}

try {
	main(process.argv.slice(2));
} catch (e) {
	if (!(e instanceof KconfigError)) throw e;
	process.stderr.write(`${e.message}\n`);
	process.exitCode = e.code;
}
