// SPDX-License-Identifier: GPL-2.0-only
/**
 * Who imports whom: which part of the tree may know of which, and the files
 * that nobody reaches. Reads import statements only, so that no type and no
 * configuration is needed; an alias such as asm/ stands for the file of every
 * architecture and host/ for that of every machine.
 */
import { basename, dirname, posix } from "node:path";
import ts from "@typescript/typescript6";
import type { Tree } from "./tree.ts";

/** Directories behind each alias; `*` is a name at that level. */
const ALIASES: Record<string, string> = {
	"linux/": "include/linux/",
	"asm-generic/": "include/asm-generic/",
	"asm/": "arch/*/include/asm/",
	"kunit/": "include/kunit/",
	"mm/": "kernel/mm/",
	"host/": "arch/host/*/",
	"kernel/": "kernel/",
	"drivers/": "drivers/",
	"arch/": "arch/",
	"trace/": "include/trace/",
	"uapi/": "include/uapi/",
	"explore/": "tools/explore/inside/",
};

const IS_TEST = /_test\.ts$/;

/** What a file imports, as written. */
export function specifiers(text: string): string[] {
	return ts.preProcessFile(text, true, true).importedFiles.map((f) => f.fileName);
}

/** The files that a specifier may mean; none for a package and for what a build generates. */
export function targets(tree: Tree, from: string, specifier: string): string[] {
	if (specifier.startsWith(".")) return [posix.join(dirname(from), specifier)].filter((p) => tree.has(p));
	/* The build lists the scenarios, all of them, and those of the explorer's own tests. */
	if (specifier === "generated/scenarios.ts")
		return [...tree.keys()].filter((p) => /^tools\/explore\/inside\/(scenarios|wrong)\//.test(p));
	const alias = Object.keys(ALIASES).find((a) => specifier.startsWith(a));
	if (alias === undefined) return [];
	const path = ALIASES[alias] + specifier.slice(alias.length);
	if (!path.includes("*")) return tree.has(path) ? [path] : [];
	const [before, after] = path.split("*");
	return [...tree.keys()].filter(
		(p) =>
			p.startsWith(before) &&
			p.endsWith(after) &&
			!p.slice(before.length, -after.length).includes("/"),
	);
}

interface Wall {
	/** Files the wall is around. */
	around: RegExp;
	/** What they may not import: a path from the top, or a module of Node.js. */
	not: RegExp;
	/** But by these names they may. */
	but?: RegExp;
	say: string;
}

export const walls: Wall[] = [
	{
		around: /^(include|kernel|drivers|tools|arch\/host)\//,
		not: /^arch\/(?!host\/)/,
		but: /^asm\//,
		say: "an architecture is reached by asm/ only, so that any other one fits there",
	},
	{
		around: /^(include|kernel|drivers|arch)\//,
		not: /^(tools|scripts)\//,
		say: "the kernel and the machines know of no tool and no script",
	},
	{
		around: /^(include|kernel|drivers|arch\/(?!host\/))/,
		not: /^node:/,
		say: "kernel code reaches Node.js through host/ only",
	},
	{ around: /^tools\/explore\/inside\//, not: /^node:/, say: "this runs in the bundle, which has no Node.js" },
	{
		around: /^tools\/explore\/inside\//,
		not: /^(tools\/(?!explore\/(inside\/|[^/]+$))|scripts\/)/,
		say: "this runs in the bundle: of the tools it knows what lies in tools/explore/ itself",
	},
	{ around: /^tools\/explore\/page\//, not: /^node:/, say: "this runs in a browser, which has no Node.js" },
	{
		around: /^tools\/explore\/page\//,
		not: /^(?!node:|tools\/explore\/(page\/|[^/]+$))/,
		say: "this runs in a browser: it knows what lies in tools/explore/ itself, and nothing else",
	},
	{
		around: /^scripts\/kconfig\//,
		not: /^(?!scripts\/kconfig\/|node:)[^/]+\//,
		say: "scripts/kconfig is a package of its own",
	},
];

/** Imports that go through a wall. */
export function check_walls(tree: Tree): string[] {
	const found: string[] = [];
	for (const [path, text] of tree) {
		const near = walls.filter((w) => w.around.test(path));
		if (near.length === 0 || IS_TEST.test(path)) continue;
		for (const specifier of specifiers(text))
			for (const to of specifier.startsWith("node:") ? [specifier] : targets(tree, path, specifier))
				for (const w of near.filter((w) => !w.but?.test(specifier)))
					if (w.not.test(to)) found.push(`${path}: imports ${specifier}: ${w.say}`);
	}
	return found;
}

/** Sources that a text names other than by import: in a string or, on a command line, as a word.
 *  A name without a directory is a file near by, joined to its directory elsewhere. */
function named(tree: Tree, from: string, text: string, words: RegExp): string[] {
	const found: string[] = [];
	for (const [, name] of text.matchAll(words)) {
		const paths = [posix.join(dirname(from), name), posix.normalize(name)].filter((p) => tree.has(p));
		const near = `${dirname(dirname(from))}/`;
		if (paths.length === 0 && !name.includes("/"))
			paths.push(...[...tree.keys()].filter((p) => p.startsWith(near) && basename(p) === name));
		found.push(...paths);
	}
	return found;
}
const IN_STRING = /["'`]([^"'`\s]+\.(?:ts|mjs))["'`]/g;
const IN_COMMAND = /([\w./-]+\.(?:ts|mjs))\b/g;
const RUN_BY_NODE = /(?:node|tsx) +(?:--import +tsx +)?([\w./-]+\.(?:ts|mjs))\b/g;

/** What the Makefile runs: also the scripts of a rule for many targets, `scripts/$@.ts`. */
function of_makefile(tree: Tree, text: string): string[] {
	const found = named(tree, "Makefile", text, IN_COMMAND);
	for (const [, goals, command] of text.matchAll(/^([\w -]+):[^\n]*\n((?:\t[^\n]*\n)+)/gm))
		if (command.includes("scripts/$@.ts"))
			found.push(
				...goals
					.trim()
					.split(/\s+/)
					.map((g) => `scripts/${g}.ts`),
			);
	return found.filter((p) => tree.has(p));
}

/**
 * Files that no import reaches from a test, from bin/ or from what is run by
 * the others: `texts` are Makefile, package.json, the documentation.
 */
export function orphans(tree: Tree, texts: ReadonlyMap<string, string>): string[] {
	const reached = new Set<string>();
	const next = [...tree.keys()].filter((p) => IS_TEST.test(p) || p.startsWith("bin/") || p.endsWith(".d.ts"));
	for (const [path, text] of texts) {
		if (path === "Makefile") next.push(...of_makefile(tree, text));
		else next.push(...named(tree, path, text, path.endsWith(".md") ? RUN_BY_NODE : IN_COMMAND));
	}
	for (let path = next.pop(); path !== undefined; path = next.pop()) {
		if (reached.has(path)) continue;
		reached.add(path);
		const text = tree.get(path) as string;
		for (const s of specifiers(text)) next.push(...targets(tree, path, s));
		next.push(...named(tree, path, text, IN_STRING));
	}
	return [...tree.keys()].filter((p) => !reached.has(p));
}
