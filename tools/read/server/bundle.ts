// SPDX-License-Identifier: GPL-2.0-only
/** The page's own code as one script. */
import { fileURLToPath } from "node:url";

let made: Promise<string> | undefined;

export function app_script(): Promise<string> {
	made ??= bundle(fileURLToPath(new URL("../page/app.ts", import.meta.url)));
	return made;
}

async function bundle(input: string): Promise<string> {
	const { rolldown } = await import("rolldown");
	const build = await rolldown({ input, platform: "browser", logLevel: "silent" });
	const { output } = await build.generate({ format: "iife" });
	await build.close();
	return output[0].code;
}
