// SPDX-License-Identifier: GPL-2.0-only
/**
 * Functions of a bundle as constants. A function that is declared is a variable
 * to the engine: optimised code loads it and compares it before each call, also
 * before one that is inlined, of which a page fault has some hundred. A constant
 * it takes for what it is. As constants are not there before their line, all
 * functions come first, file by file, and then what the files run when they are
 * loaded, in its order.
 */
import { RolldownMagicString } from "rolldown";
import { parseAst } from "rolldown/parseAst";

/** What the bundler writes above what it takes from a file. */
const HEAD = /^\/\/ \S+\n/m;

/** The same program. Its functions are all declared at top level, and assigned to by nobody. */
export function constant_functions(code: string): RolldownMagicString {
	const out = new RolldownMagicString(code);
	let end = 0;
	let head = "";
	/** Where the functions go; none but they and imports are before it. */
	let place: number | undefined;
	/** The last heads of functions, and of all else. */
	const shown = { functions: "", rest: "" };
	for (const node of parseAst(code).body) {
		const found = HEAD.exec(code.slice(end, node.start));
		if (found) {
			head = found[0];
			out.remove(end + found.index, end + found.index + head.length);
		}
		end = node.end;
		if (node.type === "ImportDeclaration") continue;
		const is_function = node.type === "FunctionDeclaration" && node.id;
		const group = is_function ? "functions" : "rest";
		const above = shown[group] === head ? "\n" : `\n${head}`;
		shown[group] = head;
		if (is_function && node.id) {
			const kind = code.slice(node.start, node.id.start).trimEnd();
			out.overwrite(node.start, node.id.end, `${above}const ${node.id.name} = ${kind}`);
			out.appendLeft(node.end, ";");
			if (place !== undefined) out.move(node.start, node.end, place);
		} else {
			place ??= node.start;
			out.prependRight(node.start, above);
		}
	}
	return out;
}
