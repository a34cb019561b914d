// SPDX-License-Identifier: GPL-2.0-only
import test from "ava";
import { constant_functions } from "./functions.ts";

const CODE = `import { x } from "node:y";
// a.ts
const table = { f, g };
function f(n) {
	return n === 0 ? [] : [n, ...f(n - 1)];
}
// b.ts
class Gone extends Error {}
async function* h() {}
async function i() {}
// c.ts
function g() {
	return table;
}
function j() {}
let n = table.f(3).length;
export { f, n, Gone, h, i };
`;

test("functions come first and are constants; all else keeps its order", (t) => {
	const text = constant_functions(CODE).toString();
	t.is(
		text.replace(/\n+/g, "\n").replace(/ +\n/g, "\n"),
		`import { x } from "node:y";
// a.ts
const f = function(n) {
	return n === 0 ? [] : [n, ...f(n - 1)];
};
// b.ts
const h = async function*() {};
const i = async function() {};
// c.ts
const g = function() {
	return table;
};
const j = function() {};
// a.ts
const table = { f, g };
// b.ts
class Gone extends Error {}
// c.ts
let n = table.f(3).length;
export { f, n, Gone, h, i };
`,
	);
});

test("it is the same program, with the same names", async (t) => {
	const code = constant_functions(CODE.replace(/^import.*/, "")).toString();
	const made = await import(`data:text/javascript,${encodeURIComponent(code)}`);
	t.is(made.n, 3);
	t.deepEqual(made.f(2), [2, 1]);
	t.is(made.f.name, "f");
	t.true(new made.Gone() instanceof Error);
});

test("the map leads back to each function", (t) => {
	const out = constant_functions(CODE);
	const lines = out.toString().split("\n");
	const { mappings } = out.generateDecodedMap({ hires: true });
	const at = (text: string) => {
		const row = lines.findIndex((l) => l.includes(text));
		return [row, mappings[row][0]?.[2]];
	};
	const original = (text: string) => CODE.split("\n").findIndex((l) => l.includes(text));
	for (const text of ["return table", "[n, ...f(n - 1)]", "table.f(3)"]) t.is(at(text)[1], original(text), text);
});

test("without functions, or with nothing else, a program stays what it is", (t) => {
	t.regex(constant_functions("// a.ts\nlet a = 1;\n").toString(), /^\s*\/\/ a\.ts\nlet a = 1;\n$/);
	t.regex(
		constant_functions("// a.ts\nfunction f() {}").toString(),
		/^\s*\/\/ a\.ts\nconst f = function\(\) \{\};$/,
	);
});
