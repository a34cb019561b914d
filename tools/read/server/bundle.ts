// SPDX-License-Identifier: GPL-2.0-only
/** The page's own code: one script, and one that is put behind a kernel in a worker. */
import { fileURLToPath } from "node:url";

const made = new Map<string, Promise<string>>();

function script(file: URL): Promise<string> {
	let text = made.get(file.href);
	if (!text) made.set(file.href, (text = bundle(fileURLToPath(file))));
	return text;
}
export const app_script = (): Promise<string> => script(new URL("../page/app.ts", import.meta.url));
export const worker_script = (): Promise<string> => script(new URL("../page/worker.ts", import.meta.url));

async function bundle(input: string): Promise<string> {
	const { rolldown } = await import("rolldown");
	const build = await rolldown({ input, platform: "browser", logLevel: "silent" });
	const { output } = await build.generate({ format: "iife" });
	await build.close();
	return output[0].code;
}
