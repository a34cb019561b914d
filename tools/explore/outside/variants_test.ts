// SPDX-License-Identifier: GPL-2.0-only
/** Variants of a file's functions in one text. */
import test from "ava";
import ts from "@typescript/typescript6";
import { NotAFunction, with_variants } from "./variants.ts";

const TEXT = `import { a } from "./a.ts";
/** Adds. */
export function add(x: number, y = 2): number {
	return a + x + y;
}
function twice(
	x: number,
): number {
	return add(add(x));
}
export { twice };
`;
const more = TEXT.replace("a + x + y", "b - x").replace('"./a.ts";', '"./a.ts";\nimport { b } from "./b.ts";');
const thrice = TEXT.replace("add(add(x))", "add(add(add(x)))");

/** What the functions do when variant n is chosen. */
function run(text: string, n: number): { add(x: number): number; twice(x: number): number } {
	const js = ts.transpile(text, { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS });
	const exports = {};
	const files: Record<string, object> = { "./a.ts": { a: 10 }, "./b.ts": { b: 100 }, m: { mutant: n } };
	new Function("exports", "require", js)(exports, (name: string) => files[name]);
	return exports as ReturnType<typeof run>;
}

test("a number chooses, and what it does not concern stays", (t) => {
	const text = with_variants(
		TEXT,
		new Map([
			[1, more],
			[7, thrice],
		]),
		"m",
	);
	const results = [0, 1, 7, 2].map((n) => [run(text, n).add(1), run(text, n).twice(1)]);
	t.deepEqual(results, [
		[13, 25],
		[99, 1],
		[13, 37],
		[13, 25],
	]);
	/* What a report says of the tree is where it says. */
	const line_of = (text: string, what: string) => text.split("\n").findIndex((line) => line.includes(what));
	for (const what of ["return a + x + y", "return add(add(x));", "export { twice }"])
		t.is(line_of(text, what), line_of(TEXT, what), what);
	t.regex(text, /\/\*\* Adds\. \*\/\nexport function add\(x: number, y = 2\): number \{ switch/);
});

test("what changes more than a function is refused", (t) => {
	const refused = (other: string, message: RegExp) =>
		t.throws(() => with_variants(TEXT, new Map([[1, other]]), "m"), { instanceOf: NotAFunction, message });
	refused(`${TEXT}export const c = 1;\n`, /more than functions/);
	refused(`${TEXT}function another(): void {}\n`, /another\(\) is new/);
	const pattern = TEXT.replace("\tx: number,", "\t{ x }: { x: number },");
	const other = pattern.replace("add(add(x))", "x");
	t.throws(() => with_variants(pattern, new Map([[1, other]]), "m"), { instanceOf: NotAFunction });
});
