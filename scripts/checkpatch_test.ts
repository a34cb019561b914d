// SPDX-License-Identifier: GPL-2.0-only
/** The tree keeps its own rules; and the rules notice what they are for. */
import test from "ava";
import { here } from "./lib/root.ts";
import { check_text, checkpatch, rules } from "./checkpatch.ts";

const SPDX = "// SPDX-License-Identifier: GPL-2.0-only\n";

test("the tree keeps its rules", (t) => {
	t.deepEqual(checkpatch(here()), []);
});

test("a rule fires on what it forbids", (t) => {
	const bad = [
		"Atomics.load(x, 0);",
		"const a = new Int32Array(4);",
		"HEAP32[1] = 2;",
		"try { f(); } catch (e) {}",
		"await f();",
		"enum E { A }",
		"let state = 1;",
		"Math.random();",
		"class C {}",
		"f(); ",
		"// TODO later",
	];
	for (const line of bad) t.is(check_text("kernel/mm/x.ts", SPDX + line).length, 1, line);
	t.is(rules.length, bad.length);
	t.is(check_text("kernel/mm/x.ts", "f();").length, 1, "SPDX");
	t.deepEqual(check_text("arch/host/threads/door.ts", `${SPDX}Atomics.load(x, 0);`), []);
});
