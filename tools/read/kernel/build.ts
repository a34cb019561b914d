// SPDX-License-Identifier: GPL-2.0-only
/**
 * Builds kernels for pages, and writes each to a file below build/read: a process of its own, as a compiler
 * takes more memory than a reader. Prints a line for each, as soon as it is there: its name, a tab, its file.
 *
 *   node --import tsx tools/read/kernel/build.ts NAME…
 *
 * NAME is a mutant's, or a configuration's as base_name() has it; a mutant's is built with it.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { make_directory, write_file } from "../../../scripts/lib/files.ts";
import { builder, changed_files, load_mutant } from "../../explore/outside/mutant.ts";
import { DEFAULT_ARCH } from "../../../scripts/lib/objtree.ts";
import { build_dir, here } from "../../lib/root.ts";
import type { KernelBuilder, Output } from "../../explore/outside/mutant_build.ts";
import { delta_of, read_kernel } from "./delta.ts";
import { edits_between } from "./edits.ts";
import { base_name, config_of, type Delta, derived, is_base, type Kernel, USUAL } from "./kernel.ts";

const dir = join(build_dir(), "read");
/** How what is written here is written has a say in it, too. */
const OURS = ["kernel.ts", "delta.ts", "edits.ts", "build.ts"].map((f) => readFileSync(join(import.meta.dirname, f)));

/** What a kernel with other texts for some files is. Texts are the same for the same hash. */
async function compiled(kernel: KernelBuilder, output: Output, files: readonly string[]): Promise<Kernel> {
	const scratch = mkdtempSync(join(dir, ".built."));
	try {
		return read_kernel(await kernel.write(output, scratch), scratch, files);
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}

/** Made unless it is there; old ones of the name go. */
async function kept<T>(name: string, of: readonly string[], make: () => Promise<T>): Promise<[T, string]> {
	const hash = createHash("sha1");
	for (const part of [...OURS, ...of]) hash.update(part);
	const file = join(dir, `${name}@${hash.digest("hex").slice(0, 12)}.json`);
	if (existsSync(file)) return [JSON.parse(readFileSync(file, "utf8")), file];
	const made = await make();
	for (const other of readdirSync(dir)) if (other.startsWith(`${name}@`)) rmSync(join(dir, other));
	write_file(file, JSON.stringify(made));
	return [made, file];
}

const tell = (name: string, file: string) => process.stdout.write(`${name}\t${file}\n`);
const bases = new Map<string | undefined, Promise<Kernel>>();

/** The kernel of a configuration: the usual one whole, others by what differs from that. */
function base_of(config: string | undefined): Promise<Kernel> {
	let base = bases.get(config);
	if (!base) bases.set(config, (base = make_base(config)));
	return base;
}
async function make_base(config: string | undefined): Promise<Kernel> {
	const kernel = await builder(config, DEFAULT_ARCH);
	const name = base_name(config);
	if (config === undefined) {
		const [base, file] = await kept(name, [kernel.hash], () =>
			compiled(kernel, kernel.compile(new Map()), []),
		);
		tell(name, file);
		return base;
	}
	const usual = await base_of(USUAL);
	const [delta, file] = await kept(name, [kernel.hash, (await builder(USUAL, DEFAULT_ARCH)).hash], async () =>
		delta_of(usual, await compiled(kernel, kernel.compile(new Map()), usual.files), {}),
	);
	tell(name, file);
	return derived(usual, delta);
}

async function make_mutant(name: string): Promise<void> {
	const m = load_mutant(name);
	const kernel = await builder(m.config, DEFAULT_ARCH);
	const base = await base_of(m.config);
	const [, file] = await kept<Delta>(name, [kernel.hash, m.diff], async () => {
		const texts = await changed_files(m, DEFAULT_ARCH);
		const old = (f: string) => (existsSync(join(here(), f)) ? readFileSync(join(here(), f), "utf8") : "");
		const sources = Object.fromEntries(
			[...texts].map(([f, text]) => [f, edits_between(old(f).split("\n"), text.split("\n"))]),
		);
		const output = kernel.compile(new Map([...texts].map(([f, text]) => [join(here(), f), text])));
		return delta_of(base, await compiled(kernel, output, base.files), sources);
	});
	tell(name, file);
}

make_directory(dir);
for (const name of process.argv.slice(2)) {
	try {
		if (is_base(name)) await base_of(config_of(name));
		else await make_mutant(name);
	} catch (error) {
		process.stderr.write(`${name}: ${(error as Error).message.split("\n", 1)[0]}\n`);
		process.exitCode = 1;
	}
}
