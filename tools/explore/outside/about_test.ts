// SPDX-License-Identifier: GPL-2.0-only
/** What a failure is about is read off the texts of debug_validate(): each pattern has to fit one of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
import { here } from "../../lib/root.ts";
import { stepper_bundle } from "./explorer.ts";

const { SUBJECT_TEXTS } = (await import(pathToFileURL(await stepper_bundle()).href)) as { SUBJECT_TEXTS: RegExp[] };

/** All texts of a validator, with a digit for what is put in, and for `where` each thing that it is. */
function texts_of(file: string): string[] {
	const source = readFileSync(join(here(), "kernel/mm", file), "utf8");
	const fill = (text: string) => text.replace(/\$\{[^}]*\}/g, "1");
	const places = [...source.matchAll(/\bwhere = `([^`]*)`/g)].map(([, text]) => fill(text));
	const texts = [...source.matchAll(/`([^`\n]*)`|"([^"\n]*)"/g)].map(([, a, b]) => a ?? b);
	return texts.flatMap((text) =>
		text.includes("$" + "{where}")
			? places.map((p) => fill(text.replace("$" + "{where}", p)))
			: [fill(text)],
	);
}

test("each pattern of what a failure is about fits a text of debug_validate()", (t) => {
	const texts = ["debug_validate.ts", "debug_validate_acct.ts", "debug_validate_rmap.ts"].flatMap(texts_of);
	t.true(texts.length > 50 && SUBJECT_TEXTS.length > 10);
	t.deepEqual(SUBJECT_TEXTS.filter((what) => !texts.some((text) => what.test(text))).map(String), []);
});
