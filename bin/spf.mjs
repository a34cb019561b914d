#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
/** Hands over to tools/spf.ts: as it was bundled or, where it cannot be, by letting Node read TypeScript. */
import { createRequire } from "node:module";
import { bundled } from "./lib/bundle.mjs";
import { typescript } from "./lib/typescript.mjs";

const bundle = await bundled();
if (bundle !== undefined || (await typescript("spf"))) {
	const { main } = bundle ? createRequire(bundle)(bundle) : await import("../tools/spf.ts");
	process.exitCode = await main(process.argv.slice(2));
}
