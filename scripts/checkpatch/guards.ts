// SPDX-License-Identifier: GPL-2.0-only
/**
 * Who may touch which field: every field of a struct in shared memory says, in
 * a comment of its own or in one sentence of its struct's that begins with
 * "All fields:", what guards it. A lock, or a field that another one refers to,
 * has to exist. What is not looked at is whether the words are true.
 */
import ts from "@typescript/typescript6";
import { EXCEPTIONS, UPDATE } from "./exceptions.ts";
import { KERNEL, OF_TESTS, type Tree, words_of_code } from "./tree.ts";

export interface Field {
	line: number;
	/** As in struct.field. */
	name: string;
	type: string;
	comment: string;
}

/** One line, without the marks of a comment. */
function words(text: string): string {
	return text
		.replace(/\/\*+|\*+\/|^\s*\*|\/\//gm, " ")
		.replace(/\s+/g, " ")
		.trim();
}

/** What is written about a node: before it, and behind it on its last line. */
function comment_of(text: string, node: ts.Node): string {
	const before = ts.getLeadingCommentRanges(text, node.pos) ?? [];
	const behind = ts.getTrailingCommentRanges(text, node.end) ?? [];
	return words([...before, ...behind].map((r) => text.slice(r.pos, r.end)).join(" "));
}

/** The fields of all structs of a file, with what is said of each. */
export function fields_of(path: string, text: string): Field[] {
	const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
	const found: Field[] = [];
	for (const node of file.statements) {
		if (!ts.isInterfaceDeclaration(node)) continue;
		if (!node.heritageClauses?.some((h) => h.types.some((t) => t.getText() === "struct"))) continue;
		const [, all = ""] = /All fields:(.*)/.exec(comment_of(text, node)) ?? [];
		for (const member of node.members) {
			if (!ts.isPropertySignature(member)) continue;
			found.push({
				line: file.getLineAndCharacterOfPosition(member.getStart()).line + 1,
				name: `${node.name.text}.${member.name.getText()}`,
				type: member.type?.getText() ?? "",
				comment: `${comment_of(text, member)} ${all}`.trim(),
			});
		}
	}
	return found;
}

/** What guards a field: a lock by its name, or one that needs none where it stands ("lock of the pool"); */
const A_LOCK = /\b\w+_(lock|mutex|rwsem|sem)\b|\b(lock|mutex|rwsem|sem|ptl)\b(?=\s*([;,.:()+]|$|of\b|to\b))/;
/** a rule; or another field that says it. */
const A_RULE = /\b(atomic|RCU|constant|guards|current only|its CPU only|a hint)\b/i;
const AS = /\bas (\w+)\b/g;
const SEE = /\bsee (\w+)\b/g;
/** What only the kernel has may be named as such. */
const LOCK = /(?<!the kernel's )\b\w+_(?:lock|mutex|rwsem|sem)\b/g;

function is_guarded(field: Field, names: ReadonlySet<string>): boolean {
	if (A_LOCK.test(field.comment) || A_RULE.test(field.comment)) return true;
	if ([...field.comment.matchAll(SEE)].some(([, other]) => field.type.includes(other))) return true;
	const struct = field.name.split(".")[0];
	return [...field.comment.matchAll(AS)].some(([, other]) => names.has(`${struct}.${other}`));
}

/** Fields of a file that nothing guards, as far as their comments go. */
function bare_fields(path: string, text: string): Field[] {
	if (!KERNEL.test(path) || OF_TESTS.test(path)) return [];
	const fields = fields_of(path, text);
	const names = new Set(fields.map((f) => f.name));
	return fields.filter((f) => !is_guarded(f, names));
}

/** The list as it could be now; it never allows more than it did. */
export function shrink_unguarded(tree: Tree, allowed: Record<string, number>): Record<string, number> {
	const now = Object.entries(allowed).map(([path, n]) => [
		path,
		Math.min(n, bare_fields(path, tree.get(path) ?? "").length),
	]);
	return Object.fromEntries(now.filter(([, n]) => n !== 0));
}

const SAY =
	'say what guards it: a lock, "atomic", "constant", "RCU", "current only", "its CPU only", ' +
	'"as FIELD" or "see STRUCT"';

/** Fields without a guard, and guards that are nowhere in the code. */
export function check_guards(tree: Tree, allowed: Record<string, number>): string[] {
	const found: string[] = [];
	const code = words_of_code(tree);
	const say = (f: Field, text: string): string => `:${f.line}: ${f.name}: ${text}`;
	for (const path of new Set([...tree.keys(), ...Object.keys(allowed)])) {
		const text = tree.get(path) ?? "";
		const bare = bare_fields(path, text);
		const may = allowed[path] ?? 0;
		const few = `${path}: ${bare.length} fields without a guard, and ${EXCEPTIONS} still allows ${may}`;
		if (bare.length > may) found.push(...bare.map((f) => path + say(f, SAY)));
		if (bare.length < may) found.push(`${few}: lower it by ${UPDATE}`);
		if (!KERNEL.test(path) || OF_TESTS.test(path)) continue;
		for (const f of fields_of(path, text))
			for (const [lock] of f.comment.matchAll(LOCK))
				if (!code.has(lock)) found.push(path + say(f, `there is no ${lock}`));
	}
	return found;
}
