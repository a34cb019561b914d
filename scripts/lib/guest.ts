// SPDX-License-Identifier: GPL-2.0-only
/**
 * Bundles a guest: a module that CPUs load to run as a user program. Workers
 * cannot load TypeScript on every Node that we support, so it becomes one file.
 */
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { make_directory } from "./files.ts";
import { build_dir, here } from "./root.ts";

/** Where the headers are that a guest may import: constants of the architecture whose kernel it runs on. */
export const guest_headers = {
	asm: join(here(), "arch/x86/include/asm"),
	"asm-generic": join(here(), "include/asm-generic"),
};

/** Returns the URL of the bundled module. */
export async function guest(source: string): Promise<string> {
	const dir = join(build_dir(), "guest");
	make_directory(dir);
	const file = join(dir, `${basename(source, ".ts")}-${source.split("/").at(-2)}.mjs`);
	const bundle = await rolldown({
		input: source,
		platform: "node",
		external: [/^node:/],
		resolve: { alias: guest_headers },
	});
	await bundle.write({ file, format: "esm", codeSplitting: false });
	await bundle.close();
	return pathToFileURL(file).href;
}
