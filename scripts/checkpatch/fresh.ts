// SPDX-License-Identifier: GPL-2.0-only
/**
 * What Node.js runs from the sources works in a fresh clone: what a build
 * generates is not there yet. So no script and no tool imports it, nor what of the
 * kernel does; a guest, which is bundled for a kernel, may, and a test, before
 * which `make check` has generated it.
 */
import ts from "@typescript/typescript6";
import { targets } from "./imports.ts";
import type { Tree } from "./tree.ts";

/** What is left of the imports at run time. */
function at_run_time(text: string): string[] {
	const { statements } = ts.createSourceFile("", text, ts.ScriptTarget.Latest);
	const late = [...text.matchAll(/await import\("([^"]+)"\)/g)].map(([, name]) => name);
	const first = statements.flatMap((s) => {
		if (ts.isImportDeclaration(s) && s.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword)
			return [(s.moduleSpecifier as ts.StringLiteral).text];
		if (ts.isExportDeclaration(s) && !s.isTypeOnly && s.moduleSpecifier)
			return [(s.moduleSpecifier as ts.StringLiteral).text];
		return [];
	});
	return [...first, ...late];
}

/** What is run: by a user, by the Makefile. */
const RUN = /^bin\/|^scripts\/(?!.*_test\.ts$)[^/]+\.ts$/;

export function check_fresh(tree: Tree): string[] {
	const found: string[] = [];
	/* By whom a file was reached first. */
	const by = new Map<string, string>();
	const next = [...tree.keys()].filter((path) => RUN.test(path));
	for (let path = next.shift(); path !== undefined; path = next.shift())
		for (const specifier of at_run_time(tree.get(path) as string)) {
			if (specifier.startsWith("generated/")) {
				let top = path;
				for (let p = by.get(path); p !== undefined; p = by.get(p)) top = p;
				found.push(
					`${path}: imports ${specifier}, ` +
						`which no build has generated yet when Node.js runs ${top}`,
				);
			}
			for (const to of targets(tree, path, specifier))
				if (!by.has(to) && !RUN.test(to)) {
					by.set(to, path);
					next.push(to);
				}
		}
	return found;
}
