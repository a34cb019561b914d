// SPDX-License-Identifier: GPL-2.0-only
/** The sources that the rules are about, and the texts that say what is run. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Texts by path from the top. */
export type Tree = ReadonlyMap<string, string>;

/** Code that runs in the machine and under its rules. */
export const KERNEL = /^(include|kernel|drivers|arch\/(x86|powerpc|arm64))\/.*\.ts$/;
/** Of it, what tests are made of, and the language. */
export const OF_TESTS = /_kunit(_util)?\.ts$|^include\/kunit\/|\.d\.ts$/;

const TOPS = ["arch", "bin", "drivers", "include", "kernel", "scripts", "tools"];
const SOURCE = /\.(ts|mjs|css|html|c)$/;
/** Made by a build or recorded: nobody's lines. */
const MADE = new Set(["include/generated", "scripts/kconfig/dist", "tools/replay/sample"]);

function* walk(root: string, dir: string): Generator<string> {
	for (const entry of readdirSync(join(root, dir), { withFileTypes: true })) {
		const path = `${dir}/${entry.name}`;
		if (MADE.has(path) || entry.name === "node_modules") continue;
		if (entry.isDirectory()) yield* walk(root, path);
		else yield path;
	}
}

function read(root: string, paths: Iterable<string>): Tree {
	return new Map([...paths].map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** Every path below the top directories, sources or not. */
export function all_paths(root: string): string[] {
	return TOPS.flatMap((top) => [...walk(root, top)]).sort();
}

export const is_code = (path: string): boolean => /\.(ts|mjs)$/.test(path);

export function read_sources(root: string): Tree {
	return read(root, ["Makefile", ...all_paths(root).filter((path) => SOURCE.test(path))]);
}

/** Where files are named that are run rather than imported. */
export function read_commands(root: string): Tree {
	const documentation = readdirSync(join(root, "Documentation")).map((name) => `Documentation/${name}`);
	const fixed = [
		"Makefile",
		"package.json",
		"scripts/kconfig/package.json",
		".ci/run",
		"README.md",
		"CONTRIBUTING.md",
	];
	return read(root, [...fixed.filter((path) => existsSync(join(root, path))), ...documentation]);
}

/** Every word of the kernel's code, comments left out: what a comment may name. */
export function words_of_code(tree: Tree): ReadonlySet<string> {
	const found = new Set<string>();
	for (const [path, text] of tree)
		if (KERNEL.test(path))
			for (const [word] of text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, " ").matchAll(/\w+/g))
				found.add(word);
	return found;
}
