// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a bundle was made of, for make: the source files, and the CONFIG symbols
 * that they ask for. Mirrors Linux's scripts/basic/fixdep.c, but
 * takes the symbols from the syntax tree: one in a comment or a string does not
 * count.
 */
import { relative } from "node:path";
import ts from "@typescript/typescript6";

/** Source files by absolute path, with the CONFIG_ symbols in them. */
export type Deps = Map<string, Set<string>>;

/** Files and symbols of a program; what is generated or a package is left out. */
export function program_deps(program: ts.Program, objtree: string): Deps {
	const deps: Deps = new Map();
	for (const file of program.getSourceFiles()) {
		const name = file.fileName;
		if (name.includes("/node_modules/") || name.startsWith(`${objtree}/include/generated/`)) continue;
		const symbols = new Set<string>();
		const visit = (node: ts.Node): void => {
			if (ts.isIdentifier(node) && node.text.startsWith("CONFIG_")) symbols.add(node.text);
			/* A field of some configurations: ifdef<"CONFIG_X", T>, ifdef<"!CONFIG_X", T>. */
			if (
				ts.isLiteralTypeNode(node) &&
				ts.isStringLiteral(node.literal) &&
				/^!?CONFIG_/.test(node.literal.text)
			)
				symbols.add(node.literal.text.replace("!", ""));
			ts.forEachChild(node, visit);
		};
		visit(file);
		deps.set(name, symbols);
	}
	return deps;
}

/**
 * The text of .TARGET.cmd, which make includes, and adds the command to. A symbol that is not set has no
 * file in include/config; the first time that it is set, there is one.
 */
export function cmd_text(target: string, deps: Deps, srctree: string): string {
	const lines = [`deps_${target} := \\`];
	/* Under the first file that asks for it, as fixdep does. */
	const seen = new Set<string>();
	for (const [file, symbols] of [...deps].sort(([a], [b]) => (a < b ? -1 : 1))) {
		lines.push(`  ${relative(srctree, file)} \\`);
		for (const symbol of [...symbols].sort()) {
			if (seen.has(symbol)) continue;
			seen.add(symbol);
			lines.push(`    $(wildcard $(objtree)/include/config/${symbol.slice("CONFIG_".length)}) \\`);
		}
	}
	return [...lines, "", `$(deps_${target}):`, ""].join("\n");
}
