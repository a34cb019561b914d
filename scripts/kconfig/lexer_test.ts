// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of lexer.ts: what is a token, and what is left out.

import { writeFileSync } from "node:fs";
import test from "ava";
import { help_text } from "./help.ts";
import { lexer_init, yylex, zconf_initscan, zconf_starthelp } from "./lexer.ts";
import { ConfExit, kconf_alloc } from "./lkc.ts";
import { preprocess_init } from "./preprocess.ts";
import { sandbox } from "./testutil.ts";

/** The tokens of a text, as "type" or "type:value", and the warnings. */
function lex(text: string): { tokens: string[]; err: string } {
	const box = sandbox({ Kconfig: text });
	let err = "";
	const host = { env: { X: "y" }, cwd: box.dir, out: () => {}, err: (s: string) => (err += s) };
	const kconf = kconf_alloc(host);
	const lexer = lexer_init(kconf);
	lexer.pp = preprocess_init(kconf, lexer);
	zconf_initscan(lexer, "Kconfig");
	const tokens: string[] = [];
	for (yylex(lexer); lexer.type !== "eof"; yylex(lexer)) {
		const { type, value } = lexer;
		const valued = type === "word" || type === "quoted" || type === "assign_val";
		tokens.push(valued ? `${type}:${value}` : type);
		if (type === "help") {
			yylex(lexer);
			tokens.push(`helptext:${help_text(zconf_starthelp(lexer))}`);
		}
	}
	box.remove();
	return { tokens, err };
}

test("keywords, words and operators", (t) => {
	const { tokens } = lex("config W-X_1\n\tdepends on A&&!(B||C) if 0x1F<=n\n");
	t.deepEqual(tokens, [
		"config",
		"word:W-X_1",
		"eol",
		"depends",
		"on",
		"word:A",
		"&&",
		"!",
		"(",
		"word:B",
		"||",
		"word:C",
		")",
		"if",
		"word:0x1F",
		"<=",
		"word:n",
		"eol",
	]);
});

test("comments, joined lines and empty lines say nothing", (t) => {
	t.deepEqual(lex('# one\n\n\nint \\\n "x" # two\n').tokens, ["int", "quoted:x", "eol"]);
});

test("quotes: the other kind is literal, a backslash protects", (t) => {
	const { tokens } = lex(`"it's" 'a "b"' "q\\"r\\\\" "# no"\n`);
	t.deepEqual(tokens, ["quoted:it's", 'quoted:a "b"', 'quoted:q"r\\', "quoted:# no", "eol"]);
});

test("a string without an end stops at the end of the line", (t) => {
	const { tokens, err } = lex('prompt "abc\nbool\n');
	t.deepEqual(tokens, ["prompt", "quoted:abc", "eol", "bool", "eol"]);
	t.is(err, "Kconfig:1:warning: multi-line strings not supported\n");
});

test("other characters are skipped with a warning", (t) => {
	const { tokens, err } = lex("bool;\n");
	t.deepEqual(tokens, ["bool", "eol"]);
	t.is(err, "Kconfig:1:warning: ignoring unsupported character ';'\n");
});

test("a missing newline at the end is a warning", (t) => {
	t.is(lex("bool").err, "Kconfig:1:warning: no new line at end of file\n");
});

test("help ends at the first line that is indented less", (t) => {
	const { tokens } = lex("help\n\t  one  \n\t    two\n\n\t  three\nconfig A\n");
	t.deepEqual(tokens, ["help", "helptext:one\n  two\n\nthree", "config", "word:A", "eol"]);
});

test("an assignment takes the rest of the line", (t) => {
	t.deepEqual(lex("A :=  b c # d\nA += e\n").tokens, [
		"word:A",
		":=",
		"assign_val:b c # d",
		"eol",
		"word:A",
		"+=",
		"assign_val:e",
		"eol",
	]);
});

test("$(…) expands inside words and strings, and an empty word vanishes", (t) => {
	const { tokens } = lex('bool "a $(X) $" default $(X)-x $(none)\n');
	t.deepEqual(tokens, ["bool", "quoted:a y $", "default", "word:y-x", "eol"]);
});

test("a help without text ends at once, but takes a line that follows directly", (t) => {
	const after = ["config", "word:A", "eol"];
	t.deepEqual(lex("help\n\nconfig A\n").tokens, ["help", "helptext:", ...after]);
	t.deepEqual(lex("help\nlost\nconfig A\n").tokens, ["help", "helptext:lost", ...after]);
});

test("a message with bytes from a file has them as they are", (t) => {
	for (const name of ["\xc3\xa4", "\xff"]) {
		const box = sandbox();
		writeFileSync(`${box.dir}/Kconfig`, `source "${name}"\n`, "latin1");
		const err = t.throws(() => box.parse(), { instanceOf: ConfExit });
		t.is(err?.bytes, `Kconfig:1: can't open file "${name}"`);
		t.is(err?.message, `Kconfig:1: can't open file "${Buffer.from(name, "latin1")}"`);
		box.remove();
	}
});
