#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
/** Lets Node read TypeScript, then hands over to tools/spf.ts. */
import { typescript } from "./lib/typescript.mjs";

if (await typescript("spf")) {
	const { main } = await import("../tools/spf.ts");
	process.exitCode = await main(process.argv.slice(2));
}
