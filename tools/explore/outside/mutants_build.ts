// SPDX-License-Identifier: GPL-2.0-only
/**
 * One kernel with many mutants in it, of which a session runs one (variants.ts): for who runs them all. It is
 * compiled once, where each by itself costs seconds.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { write_file } from "../../../scripts/lib/files.ts";
import { dir_name } from "../../../scripts/lib/objtree.ts";
import { build_dir, here } from "../../lib/root.ts";
import { builder, changed_files, type Mutant } from "./mutant.ts";
import { NotAFunction, with_variants } from "./variants.ts";

export interface Mutants {
	bundle: string;
	/** By name: what a session is told to run it. */
	numbers: Map<string, number>;
	/** Those that have to be built alone: they change more than functions. */
	alone: string[];
}

/** Of all files that some mutant changes the text with all variants; who does not fit in is in `alone`. */
async function all_variants(mutants: Mutant[], arch: string) {
	const alone: string[] = [];
	const numbers = new Map<string, number>();
	const variants = new Map<string, Map<number, string>>();
	for (const [i, m] of mutants.entries()) {
		const changed = await changed_files(m, arch);
		const n = i + 1;
		try {
			for (const [file, text] of changed)
				with_variants(
					readFileSync(join(here(), file), "utf8"),
					new Map([[n, text]]),
					"host/mutant.ts",
				);
		} catch (error) {
			if (!(error instanceof NotAFunction)) throw error;
			alone.push(m.name);
			continue;
		}
		numbers.set(m.name, n);
		for (const [file, text] of changed) variants.set(file, (variants.get(file) ?? new Map()).set(n, text));
	}
	const texts = new Map(
		[...variants].map(([file, of]) => [
			file,
			with_variants(readFileSync(join(here(), file), "utf8"), of, "host/mutant.ts"),
		]),
	);
	return { alone, numbers, texts };
}

/** Builds it, unless that was done. All are of one configuration. */
export async function mutants_bundle(mutants: Mutant[], arch: string): Promise<Mutants> {
	const [{ config }] = mutants;
	const kernel = await builder(config, arch);
	const dir = join(build_dir(), "mutants", dir_name({ name: `.all-${config ?? "default"}`, arch }));
	const { alone, numbers, texts } = await all_variants(mutants, arch);
	const hash = createHash("sha1")
		.update(kernel.hash)
		.update(JSON.stringify([...texts]));
	const stamp = join(dir, "stamp");
	const wanted = hash.digest("hex");
	/* As of a mutant that is built alone: reports find what was compiled. */
	const sources = join(dir, "src");
	const bundle = join(sources, "build/stepper/vmlinux.mjs");
	if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
		rmSync(dir, { recursive: true, force: true });
		const changed = new Map([...texts].map(([file, text]) => [join(here(), file), text]));
		for (const [file, text] of texts) write_file(join(sources, file), text, { parents: true });
		await kernel.write(kernel.compile(changed), sources);
		write_file(stamp, wanted);
	}
	return { bundle, numbers, alone };
}
