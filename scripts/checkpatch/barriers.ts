// SPDX-License-Identifier: GPL-2.0-only
/**
 * What each barrier, acquire and release is for: a comment above it says what
 * it pairs with, and names a function that exists. Looked at is the comment of
 * the statement that it is in, and the three lines above it. Whether the other
 * side is really there is not looked at.
 */
import ts from "@typescript/typescript6";
import { EXCEPTIONS, UPDATE } from "./exceptions.ts";
import { KERNEL, OF_TESTS, type Tree, words_of_code } from "./tree.ts";

/** What orders, and nothing else: a lock and a fully ordered atomic have other uses. */
const BARRIER = /^(smp_(mb|rmb|wmb)|smp_mb__\w+|smp_(load_acquire|store_release|acquire__\w+)|\w+_(acquire|release))$/;
const ATOMIC = /^(smp|atomic|cmpxchg|xchg|fetch)_/;

export interface Barrier {
	line: number;
	name: string;
	/** What is written about it. */
	comment: string;
}

function is_barrier(name: string): boolean {
	return BARRIER.test(name) && ATOMIC.test(name);
}

/** The statement that a node is in, or the function whose only expression it is. */
function statement_of(node: ts.Node): ts.Node {
	let at = node;
	while (!ts.isStatement(at) && at.parent !== undefined && !ts.isSourceFile(at.parent)) at = at.parent;
	return at;
}

/** Text of the comments before and behind a statement, and of the three lines above a call in it. */
function comment_of(text: string, file: ts.SourceFile, call: ts.Node): string {
	const statement = statement_of(call);
	const ranges = [
		...(ts.getLeadingCommentRanges(text, statement.pos) ?? []),
		...(ts.getTrailingCommentRanges(text, statement.end) ?? []),
	];
	const { line } = file.getLineAndCharacterOfPosition(call.getStart());
	const near = text.split("\n").slice(Math.max(0, line - 3), line + 1);
	const comments = near.filter((l) => /^\s*(\*|\/\*|\/\/)|\/\*.*\*\//.test(l));
	return [...ranges.map((r) => text.slice(r.pos, r.end)), ...comments].join("\n").replace(/\n\s*\*?\s*/g, " ");
}

/** All calls of barriers in a file, but those by which others are made of the same name. */
export function barriers_of(path: string, text: string): Barrier[] {
	const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
	const found: Barrier[] = [];
	const visit = (node: ts.Node, made: string): void => {
		if (ts.isFunctionDeclaration(node)) made = node.name?.text ?? "";
		if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
			const name = node.expression.text;
			if (is_barrier(name) && !is_barrier(made))
				found.push({
					line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1,
					name,
					comment: comment_of(text, file, node),
				});
		}
		ts.forEachChild(node, (child) => visit(child, made));
	};
	visit(file, "");
	return found;
}

const PAIRS = /\bpairs with\b([^.;]*)/gi;
const NAME = /\b(\w+)\(\)/g;

/** What a function is made of: it does not say where. */
const PRIMITIVE = /^(smp_\w+|cmpxchg|xchg|fetch_\w+|READ_ONCE|WRITE_ONCE)$/;

/** The functions that a comment says are on the other side. */
export function partners(comment: string): string[] {
	return [...comment.matchAll(PAIRS)]
		.flatMap(([, rest]) => [...rest.matchAll(NAME)].map(([, name]) => name))
		.filter((name) => !PRIMITIVE.test(name));
}

/** Barriers of a file that do not say what they pair with. */
function lone_barriers(path: string, text: string): Barrier[] {
	if (!KERNEL.test(path) || OF_TESTS.test(path)) return [];
	return barriers_of(path, text).filter((b) => partners(b.comment).length === 0);
}

/** The list as it could be now; it never allows more than it did. */
export function shrink_unpaired(tree: Tree, allowed: Record<string, number>): Record<string, number> {
	const now = Object.entries(allowed).map(([path, n]) => [
		path,
		Math.min(n, lone_barriers(path, tree.get(path) ?? "").length),
	]);
	return Object.fromEntries(now.filter(([, n]) => n !== 0));
}

const SAY = 'say in the comment above what it pairs with: "pairs with FUNCTION()"';

/** Barriers without a partner, and partners that are nowhere in the code. */
export function check_barriers(tree: Tree, allowed: Record<string, number>): string[] {
	const found: string[] = [];
	const names = words_of_code(tree);
	for (const path of new Set([...tree.keys(), ...Object.keys(allowed)])) {
		const text = tree.get(path) ?? "";
		const lone = lone_barriers(path, text);
		const may = allowed[path] ?? 0;
		const few = `${path}: ${lone.length} barriers without a partner, and ${EXCEPTIONS} still allows ${may}`;
		if (lone.length > may) found.push(...lone.map((b) => `${path}:${b.line}: ${b.name}(): ${SAY}`));
		if (lone.length < may) found.push(`${few}: lower it by ${UPDATE}`);
		if (!KERNEL.test(path) || OF_TESTS.test(path)) continue;
		for (const b of barriers_of(path, text))
			for (const partner of new Set(partners(b.comment)))
				if (!names.has(partner))
					found.push(`${path}:${b.line}: ${b.name}(): there is no ${partner}()`);
	}
	return found;
}
