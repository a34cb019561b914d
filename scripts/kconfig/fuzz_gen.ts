// SPDX-License-Identifier: GPL-2.0-only
//
// Spoils the trees that oracle_gen.ts makes: tokens and lines taken out, repeated and
// exchanged, bytes changed, files cut off, quotes and brackets left open.

import type { Case } from "./oracle_gen.ts";
import { Tape } from "./oracle_gen.ts";

const PIECES = [
	"config",
	'menu "x"',
	"endmenu",
	"if A",
	"endif",
	"choice",
	"endchoice",
	"help",
	"bool",
	"default",
	"depends on",
	"select",
	'source "Kconfig"',
	"range",
	"prompt",
	'"',
	"'",
	"(",
	")",
	"!",
	"&&",
	"||",
	"=",
	"!=",
	"<",
	"$",
	"$(",
	"$(V0",
	"$(shell",
	",",
	":=",
	"+=",
	"\\",
	"\\\n",
	"\n",
	"\n\n",
	"\t",
	"#",
	"\r",
	"\x00",
	"\xff",
	'mainmenu "t"',
	"modules",
	"transitional",
	"visible if",
	'comment "c"',
	"---help---",
	'option env="X"',
	'tristate "t" if',
	"int",
	"y",
	"n",
	"m",
	"0x",
	"-1",
	"menuconfig Q",
	"&",
	"|",
	":",
	".",
	";",
	"\x0c",
	"\x0b",
	" ",
];

const tokens = (text: string): string[] => text.split(/(\s+|[A-Za-z0-9_-]+)/).filter((s) => s !== "");

function spoil(t: Tape, text: string): string {
	const at = t.int(text.length + 1);
	switch (t.int(10)) {
		case 0:
			return text.slice(0, at) + t.pick(PIECES) + text.slice(at);
		case 1:
			return text.slice(0, at);
		case 2:
			return text.slice(0, at) + String.fromCharCode(t.int(256)) + text.slice(at + 1);
		case 3:
			return text.slice(0, at) + text.slice(at + 1 + t.int(12));
		case 4:
		case 5: {
			const list = tokens(text);
			list.splice(t.int(list.length + 1), t.int(3), ...(t.chance(50) ? [t.pick(PIECES)] : []));
			return list.join("");
		}
		case 6: {
			const list = tokens(text);
			const i = t.int(list.length + 1);
			const j = t.int(list.length + 1);
			[list[i], list[j]] = [list[j] ?? "", list[i] ?? ""];
			return list.join("");
		}
		case 7: {
			const lines = text.split(/(?<=\n)/);
			lines.splice(t.int(lines.length), 1);
			return lines.join("");
		}
		case 8: {
			const lines = text.split(/(?<=\n)/);
			const i = t.int(lines.length);
			lines.splice(t.int(lines.length), 0, lines[i] ?? "");
			return lines.join("");
		}
		default:
			return (
				text.slice(0, at) +
				text
					.slice(at)
					.replace(
						t.pick(['"', ")", "\n", "endif", "endmenu", "endchoice", "\t", " "]),
						"",
					)
			);
	}
}

/** Spoils one or a few places of a case's files. */
export function spoil_case(first: Case, tape: readonly number[]): Case {
	const t = new Tape(tape);
	const files = { ...first.files };
	for (let i = 1 + t.int(4); i > 0; i--) {
		const name = t.chance(75) ? "Kconfig" : t.pick(Object.keys(files));
		files[name] = spoil(t, files[name] ?? "");
	}
	return { ...first, files };
}

/** Has the case something that the reference is known to go wrong with? */
export function is_beyond(c: Case): boolean {
	const text = Object.values(c.files).join("\n");
	// A != y becomes a wild pointer, V := $(V) reads freed memory; commands do what they like.
	return (
		text.includes("\0") ||
		/!=\s*(\\\n)?["']?y/.test(text) ||
		/:=.*\$\(V/.test(text) ||
		/shell,(?!echo one two\)|printf "a\\nb\\n\\n"; echo err >&2\))/.test(text)
	);
}
