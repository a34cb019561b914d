// SPDX-License-Identifier: GPL-2.0-only
/**
 * Bundles a guest: a module that CPUs load to run as a user program. Workers
 * cannot load TypeScript on every Node that we support, so it becomes one file.
 */
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { arch_of } from "./arch.ts";
import { make_directory } from "./files.ts";
import { build_dir, here } from "./root.ts";

/** Where the headers are that a guest may import: constants of the architecture whose kernel it runs on. */
export function guest_headers(arch: string): Record<string, string> {
	return {
		asm: join(here(), "arch", arch, "include/asm"),
		"asm-generic": join(here(), "include/asm-generic"),
	};
}

/** Returns the URL of the module, bundled for a kernel: its numbers are those of its architecture. */
export async function guest(source: string, vmlinux: string): Promise<string> {
	const arch = arch_of(vmlinux);
	const dir = join(build_dir(), "guest");
	make_directory(dir);
	const file = join(dir, `${basename(source, ".ts")}-${source.split("/").at(-2)}-${arch}.mjs`);
	const bundle = await rolldown({
		input: source,
		platform: "node",
		external: [/^node:/],
		/* The paths in it are of the default architecture. */
		tsconfig: false,
		resolve: { alias: guest_headers(arch) },
	});
	await bundle.write({ file, format: "esm", codeSplitting: false });
	await bundle.close();
	return pathToFileURL(file).href;
}
