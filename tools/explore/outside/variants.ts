// SPDX-License-Identifier: GPL-2.0-only
/**
 * One source file with several variants of its functions, of which a number chooses one as the program runs:
 * each function that is different somewhere is there once for each variant, under other names, and calls the
 * one that is meant. So all patches of a file are compiled at once.
 */
import ts from "@typescript/typescript6";

/** A variant differs in more than bodies of functions, and imports that it adds. */
export class NotAFunction extends Error {}

type Fn = ts.FunctionDeclaration & { name: ts.Identifier; body: ts.Block };
const parse = (text: string) => ts.createSourceFile("variant.ts", text, ts.ScriptTarget.ES2022, true);
const is_function = (s: ts.Statement): s is Fn => ts.isFunctionDeclaration(s) && s.name !== undefined && !!s.body;
const functions_of = (file: ts.SourceFile) =>
	new Map(file.statements.filter(is_function).map((f) => [f.name.text, f] as const));

/** All but functions and imports, as text. */
const rest_of = (file: ts.SourceFile) =>
	file.statements
		.filter((s) => !is_function(s) && !ts.isImportDeclaration(s))
		.map((s) => s.getText(file))
		.join("\n");

/** What a file imports: each name with its statement. */
function imports_of(file: ts.SourceFile): Map<string, string> {
	const found = new Map<string, string>();
	for (const s of file.statements) {
		if (!ts.isImportDeclaration(s)) continue;
		const named = s.importClause?.namedBindings;
		if (!named || !ts.isNamedImports(named)) continue;
		for (const e of named.elements) {
			const type = s.importClause?.isTypeOnly ? "type " : "";
			found.set(
				e.name.text,
				`import ${type}{ ${e.getText(file)} } from ${s.moduleSpecifier.getText(file)};`,
			);
		}
	}
	return found;
}

/** The function under another name, and nobody else's business. */
function renamed(f: Fn, file: ts.SourceFile, name: string): string {
	const start = f.modifiers?.length ? f.modifiers[f.modifiers.length - 1].end : f.getStart(file);
	const head = file.text.slice(start, f.name.pos);
	return `${head} ${name}${file.text.slice(f.name.end, f.end)}`;
}

/** A function with the signature of `f` that calls the one of the variant that is chosen. */
function chooser(f: Fn, file: ts.SourceFile, variants: number[]): string {
	const names = f.parameters.map((p) => {
		if (!ts.isIdentifier(p.name) || p.dotDotDotToken)
			throw new NotAFunction(`${f.name.text}() has a parameter that is no name`);
		return p.name.text;
	});
	const call = (n: number) => `return ${f.name.text}__${n}(${names.join(", ")});`;
	/* On one line: what comes after stands where it stood. */
	const signature = file.text.slice(f.getStart(file), f.body.getStart(file)).replace(/\s+/g, " ");
	const cases = variants.map((n) => `case ${n}: ${call(n)}`).join(" ");
	return `${signature}{ switch (mutant) { ${cases} default: ${call(0)} } }`;
}

/** The text of a file, and of its variants by number (from 1 on), as one. `from`: where `mutant` is imported from. */
export function with_variants(text: string, variants: Map<number, string>, from: string): string {
	const file = parse(text);
	const functions = functions_of(file);
	const imports = imports_of(file);
	const added: string[] = [`import { mutant } from ${JSON.stringify(from)};`];
	const more: string[] = [];
	/** By function: the variants that have another one. */
	const chosen = new Map<string, number[]>();
	for (const [n, other] of variants) {
		const theirs = parse(other);
		if (rest_of(theirs) !== rest_of(file)) throw new NotAFunction("more than functions is different");
		for (const [name, statement] of imports_of(theirs)) {
			if (imports.has(name)) continue;
			imports.set(name, statement);
			added.push(statement);
		}
		for (const [name, f] of functions_of(theirs)) {
			const ours = functions.get(name);
			if (!ours) throw new NotAFunction(`${name}() is new`);
			if (ours.getText(file) === f.getText(theirs)) continue;
			chosen.set(name, [...(chosen.get(name) ?? []), n]);
			more.push(renamed(f, theirs, `${name}__${n}`));
		}
	}
	let out = text;
	/* From the end on, so that places before stay what they are. */
	for (const f of [...functions.values()].reverse()) {
		const numbers = chosen.get(f.name.text);
		if (!numbers) continue;
		const both = `${chooser(f, file, numbers)} ${renamed(f, file, `${f.name.text}__0`)}`;
		out = out.slice(0, f.getStart(file)) + both + out.slice(f.end);
	}
	return `${out}\n${added.join("\n")}\n${more.join("\n")}\n`;
}
