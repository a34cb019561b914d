// SPDX-License-Identifier: GPL-2.0-only
/**
 * Bundles a guest: a module that CPUs load to run as a user program. Workers
 * cannot load TypeScript on every Node that we support, so it becomes one file.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Input, inputs_of, unchanged } from "../../bin/lib/made_of.mjs";
import { arch_of } from "./arch.ts";
import { UserError } from "./errors.ts";
import { make_directory, write_file } from "./files.ts";
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

/** What a bundle was made of: its last line says so. */
const INPUTS = "// made of ";

/** Its text, if it is there and nothing of it changed. */
function made(file: string): string | undefined {
	if (!existsSync(file)) return undefined;
	const text = readFileSync(file, "utf8");
	const last = text.trimEnd().split("\n").at(-1) ?? "";
	const is_made = last.startsWith(INPUTS) && unchanged(JSON.parse(last.slice(INPUTS.length)) as Input[]);
	return is_made ? text : undefined;
}

/** What a guest calls has to be in the kernel that it runs on, which may be older. */
function check_calls(code: string, vmlinux: string): void {
	const called = new Set([...code.matchAll(/\buser\.(user_\w+)/g)].map(([, name]) => name));
	if (called.size === 0) return;
	/* It is large, and what it has for its users is near the end. */
	const kernel = readFileSync(vmlinux);
	for (const name of called)
		if (kernel.lastIndexOf(`${name}:`) < 0)
			throw new UserError(`${vmlinux}: older than what runs on it, without ${name}(); build it`);
}

/**
 * Returns the URL of the module, bundled for a kernel: its numbers are those of its architecture
 * and configuration. It is made once; loading what makes it takes longer than all the rest.
 */
export async function guest(source: string, vmlinux: string): Promise<string> {
	const arch = arch_of(vmlinux);
	const dir = join(build_dir(), "guest");
	make_directory(dir);
	const config = createHash("sha1").update(readFileSync(join(generated(vmlinux), "autoconf.ts")));
	const of = `${arch}-${config.digest("hex").slice(0, 8)}`;
	const file = join(dir, `${basename(source, ".ts")}-${source.split("/").at(-2)}-${of}.mjs`);
	const code = made(file) ?? (await make(source, file, vmlinux));
	check_calls(code, vmlinux);
	return pathToFileURL(file).href;
}

/** Bundles it into a file; its text. */
async function make(source: string, file: string, vmlinux: string): Promise<string> {
	const since = Date.now();
	const { rolldown } = await import("rolldown");
	const bundle = await rolldown({
		input: source,
		platform: "node",
		external: [/^node:/],
		/* The paths in it are of the default architecture. */
		tsconfig: false,
		resolve: { alias: guest_headers(vmlinux) },
	});
	const { output } = await bundle.generate({ format: "esm", codeSplitting: false });
	/* All that was read; none, if some of it changed meanwhile: then it is made again next time. */
	const inputs = inputs_of(await bundle.watchFiles, since);
	await bundle.close();
	const text = `${output[0].code}\n${inputs ? `${INPUTS}${JSON.stringify(inputs)}\n` : ""}`;
	write_file(file, text);
	return text;
}

/** A kernel's page size, page tables and end of user memory, for who looks at it from outside. */
export async function geometry(vmlinux: string): Promise<typeof import("asm/pgtable_types.ts")> {
	const source = join(here(), "arch", arch_of(vmlinux), "include/asm/pgtable_types.ts");
	return await import(await guest(source, vmlinux));
}
