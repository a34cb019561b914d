// SPDX-License-Identifier: GPL-2.0-only
/**
 * Bundles a guest: a module that CPUs load to run as a user program. Workers
 * cannot load TypeScript on every Node that we support, so it becomes one file.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { arch_of } from "./arch.ts";
import { make_directory } from "./files.ts";
import { build_dir, here } from "./root.ts";

const generated = (vmlinux: string) => join(dirname(vmlinux), "include/generated");

/** Where the headers are that a guest may import: constants of the kernel that it runs on. */
export function guest_headers(vmlinux: string): Record<string, string> {
	return {
		asm: join(here(), "arch", arch_of(vmlinux), "include/asm"),
		"asm-generic": join(here(), "include/asm-generic"),
		generated: generated(vmlinux),
	};
}

/** Returns the URL of the module, bundled for a kernel: its numbers are those of its architecture and configuration. */
export async function guest(source: string, vmlinux: string): Promise<string> {
	const arch = arch_of(vmlinux);
	const dir = join(build_dir(), "guest");
	make_directory(dir);
	const config = createHash("sha1").update(readFileSync(join(generated(vmlinux), "autoconf.ts")));
	const of = `${arch}-${config.digest("hex").slice(0, 8)}`;
	const file = join(dir, `${basename(source, ".ts")}-${source.split("/").at(-2)}-${of}.mjs`);
	const bundle = await rolldown({
		input: source,
		platform: "node",
		external: [/^node:/],
		/* The paths in it are of the default architecture. */
		tsconfig: false,
		resolve: { alias: guest_headers(vmlinux) },
	});
	await bundle.write({ file, format: "esm", codeSplitting: false });
	await bundle.close();
	return pathToFileURL(file).href;
}

/** A kernel's page size, page tables and end of user memory, for who looks at it from outside. */
export async function geometry(vmlinux: string): Promise<typeof import("asm/pgtable_types.ts")> {
	const source = join(here(), "arch", arch_of(vmlinux), "include/asm/pgtable_types.ts");
	return await import(await guest(source, vmlinux));
}
