// SPDX-License-Identifier: GPL-2.0-only
/**
 * One lexer for what is read here side by side: C, TypeScript, assembly and
 * Kconfig. It finds identifiers and colours the rest, and knows nothing more.
 */

export type Kind = "id" | "key" | "num" | "str" | "com" | "pre" | "op" | "ws";
export interface Token {
	kind: Kind;
	text: string;
}
export type Language = "c" | "ts" | "kconfig" | "text";

const C_KEYS =
	"auto bool break case char const continue default do double else enum extern float for goto if inline int " +
	"long register return short signed sizeof static struct switch typedef typeof union unsigned void volatile " +
	"while __always_inline noinline __init __user __percpu __rcu NULL true false";
const TS_KEYS =
	"as async await break case catch class const continue default delete do else export extends false finally " +
	"for from function if import in interface let new null of return switch this throw true try type typeof " +
	"undefined var void while boolean number string never unknown readonly keyof declare NULL";
const KCONFIG_KEYS =
	"config menuconfig choice endchoice comment menu endmenu if endif source bool tristate string hex int " +
	"def_bool def_tristate prompt default depends on select imply visible range help y n m";
const KEYS: Record<Language, ReadonlySet<string>> = {
	c: new Set(C_KEYS.split(" ")),
	ts: new Set(TS_KEYS.split(" ")),
	kconfig: new Set(KCONFIG_KEYS.split(" ")),
	text: new Set(),
};

/** By the order of KINDS. */
const any = (...kinds: RegExp[]) => new RegExp(kinds.map((k) => `(${k.source})`).join("|"), "g");
const C_LIKE = any(
	/\s+/,
	/\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*/,
	/"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|`(?:\\.|[^`\\])*`?/,
	/[A-Za-z_$][\w$]*/,
	/0[xX][\da-fA-F_]+\w*|\d[\d_.]*\w*/,
	/->|\+\+|--|<<=?|>>>?=?|[<>=!+\-*/&|^%]=+|&&|\|\||\?\?|\?\.|=>|[^\w\s]/,
);
const HASHES = any(
	/\s+/,
	/#[^\n]*/,
	/"(?:\\.|[^"\\\n])*"?|'[^'\n]*'?/,
	/[A-Za-z_][\w-]*/,
	/0[xX][\da-fA-F]+|\d+/,
	/&&|\|\||[!=]=|[^\w\s]/,
);
const KINDS: readonly Kind[] = ["ws", "com", "str", "id", "num", "op"];

export function language_of(path: string): Language {
	if (/\.(ts|mjs|js)$/.test(path)) return "ts";
	if (/(^|\/)Kconfig(\.|$)|(^|\/)(Makefile|Kbuild)|\.config$/.test(path)) return "kconfig";
	return /\.(rst|txt|md)$/.test(path) ? "text" : "c";
}

/** All of a text; the tokens put together are it. */
export function lex(text: string, language: Language): Token[] {
	if (language === "text") return text === "" ? [] : [{ kind: "ws", text }];
	const keys = KEYS[language];
	const tokens: Token[] = [];
	for (const m of text.matchAll(language === "kconfig" ? HASHES : C_LIKE)) {
		let kind: Kind = KINDS[m.slice(1).findIndex((g) => g !== undefined)];
		if (kind === "id" && keys.has(m[0])) kind = "key";
		tokens.push({ kind, text: m[0] });
	}
	return tokens;
}

/** Tokens of each line: what goes over several is cut at their ends. */
export function by_lines(tokens: readonly Token[]): Token[][] {
	const lines: Token[][] = [[]];
	for (const { kind, text } of tokens)
		text.split("\n").forEach((part, i) => {
			if (i > 0) lines.push([]);
			if (part !== "") (lines.at(-1) as Token[]).push({ kind, text: part });
		});
	return lines;
}

/**
 * Lines that need not hang together, as those of a hunk. A comment may have
 * begun before the first, and go on behind the last.
 */
export function lex_rows(rows: readonly string[], language: Language): Token[][] {
	if (language !== "c" && language !== "ts") return rows.map((row) => lex(row, language));
	let inside = false;
	const open = rows.findIndex((row) => row.includes("/*"));
	const close = rows.findIndex((row) => row.includes("*/"));
	if (
		close >= 0 &&
		(open < 0 || close < open || (close === open && rows[close].indexOf("*/") < rows[open].indexOf("/*")))
	)
		inside = true;
	else if (open < 0 && rows.length > 0 && rows.every((row) => /^\s*\*/.test(row))) inside = true;
	return rows.map((row) => {
		let rest = row;
		const tokens: Token[] = [];
		if (inside) {
			const end = rest.indexOf("*/");
			if (end < 0) return rest === "" ? [] : [{ kind: "com", text: rest }];
			tokens.push({ kind: "com", text: rest.slice(0, end + 2) });
			rest = rest.slice(end + 2);
			inside = false;
		}
		const more = lex(rest, language);
		if (
			language === "c" &&
			/^\s*#\s*(if|ifdef|ifndef|else|elif|endif|include|define|undef|error|pragma)\b/.test(rest)
		)
			for (const t of more) if (t.kind === "op" && t.text === "#") t.kind = "pre";
		const last = more.at(-1);
		if (last?.kind === "com" && last.text.startsWith("/*") && !last.text.endsWith("*/")) inside = true;
		return [...tokens, ...more];
	});
}
