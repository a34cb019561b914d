// SPDX-License-Identifier: GPL-2.0-only
//
// $(…) as Kconfiglib expands it: in the line that is being read, which goes on with the result.

import { run_shell } from "../shell.ts";
import { to_bytes } from "../text.ts";
import { fail, type Klib, type Loc, warn } from "./model.ts";

interface Variable {
	value: string;
	recursive: boolean;
	/** How many expansions of it are under way. */
	depth: number;
}

/** The variables of one reading, and where it is. */
export interface Macros {
	readonly k: Klib;
	readonly variables: Map<string, Variable>;
	loc: Loc;
}

/** A text in which something was expanded, and where what follows it begins. */
export interface Expanded {
	readonly s: string;
	readonly end: number;
}

const MAX_DEPTH = 100;

function builtin(mx: Macros, name: string, args: readonly string[]): string | null {
	const { k, loc } = mx;
	const counts: Record<string, number> = {
		info: 1,
		"error-if": 2,
		filename: 0,
		lineno: 0,
		shell: 1,
		"warning-if": 2,
	};
	const user = k.functions.get(name);
	const count = Object.hasOwn(counts, name) ? counts[name] : undefined;
	if (!user && count === undefined) return null;
	const min = user ? user.min : (count as number);
	const max = user ? user.max : (count as number);
	if (args.length < min || (max !== null && args.length > max)) {
		const wanted = min === max ? `${min}` : max === null ? `${min} or more` : `${min}-${max}`;
		fail(loc, `bad number of arguments in call to ${name}, expected ${wanted}, got ${args.length}`);
	}
	if (user) return user.run(args, loc);
	const [first = "", second = ""] = args;
	switch (name) {
		case "filename":
			return loc.file;
		case "lineno":
			return String(loc.line);
		case "info":
			k.host.out(`${loc.file}:${loc.line}: ${first}\n`);
			return "";
		case "error-if":
			return first === "y" ? fail(loc, second) : "";
		case "warning-if":
			if (first === "y") warn(k, second, loc);
			return "";
		default: {
			const { stdout, stderr } = k.host.shell
				? k.host.shell(k.host, first)
				: run_shell(k.host, first, true);
			if (stderr !== "") warn(k, `'${first}' wrote to stderr: ${stderr.replace(/\n$/, "")}`, loc);
			return stdout.replace(/\n+$/, "").replaceAll("\n", " ");
		}
	}
}

function call(mx: Macros, args: readonly string[]): string {
	const [name = "", ...rest] = args;
	const v = mx.variables.get(name);
	if (v) {
		if (rest.length === 0 && v.depth > 0)
			fail(mx.loc, `Preprocessor variable ${name} recursively references itself`);
		if (v.depth > MAX_DEPTH)
			fail(mx.loc, `Preprocessor function ${name} seems stuck in infinite recursion`);
		v.depth++;
		const text = expand_whole(mx, v.value, args);
		v.depth--;
		return text;
	}
	const found = builtin(mx, name, rest);
	if (found !== null) return found;
	const value = mx.k.host.env[name];
	return value === undefined ? "" : to_bytes(value);
}

/** Expands the $(…) at a position; `outer` are the arguments of the function around it. */
export function expand_macro(mx: Macros, text: string, pos: number, outer: readonly string[]): Expanded {
	const before = text.slice(0, pos);
	const args: string[] = [];
	let s = text;
	let i = pos + 2;
	let start = i;
	for (let nest = 0; ; ) {
		while (i < s.length && !"(),".includes(s[i] as string) && !s.startsWith("$(", i)) i++;
		if (i >= s.length)
			fail(mx.loc, `couldn't parse '${text.trim()}': missing end parenthesis in macro expansion`);
		if (s.startsWith("$(", i)) {
			({ s, end: i } = expand_macro(mx, s, i, outer));
			continue;
		}
		const c = s[i] as string;
		i++;
		if (c === "(") nest++;
		else if (c === ")" && nest > 0) nest--;
		else if (nest > 0) continue;
		else {
			args.push(s.slice(start, i - 1));
			start = i;
			if (c === ")") break;
		}
	}
	const number = /^\s*\d+\s*$/.test(args[0] as string) ? outer[Number(args[0])] : undefined;
	const out = before + (number ?? call(mx, args));
	return { s: out + s.slice(i), end: out.length };
}

export function expand_whole(mx: Macros, text: string, outer: readonly string[] = []): string {
	let s = text;
	for (let i = s.indexOf("$("); i >= 0; i = s.indexOf("$(", i)) ({ s, end: i } = expand_macro(mx, s, i, outer));
	return s;
}

/** A line that is an assignment, or only macros. */
export function parse_assignment(mx: Macros, line: string): void {
	let s = line.replace(/^[ \t\n\v\f\r]+/, "");
	let i = 0;
	for (;;) {
		i += (/^[A-Za-z0-9_-]*/.exec(s.slice(i)) as RegExpExecArray)[0].length;
		if (!s.startsWith("$(", i)) break;
		({ s, end: i } = expand_macro(mx, s, i, []));
	}
	if (/^[ \t\n\v\f\r]*$/.test(s)) return;
	const name = s.slice(0, i);
	const [, op, value = ""] = /^[ \t\n\v\f\r]*(=|:=|\+=)[ \t\n\v\f\r]*(.*)/.exec(s.slice(i)) ?? [];
	if (op === undefined) fail(mx.loc, `couldn't parse '${line.trim()}': syntax error`);
	const old = mx.variables.get(name);
	if (op === "+=" && old) {
		old.value += ` ${old.recursive ? value : expand_whole(mx, value)}`;
		return;
	}
	const recursive = op !== ":=";
	mx.variables.set(name, { value: recursive ? value : expand_whole(mx, value), recursive, depth: 0 });
}

/** $NAME and ${NAME} of the environment, as far as they are set. */
export function expand_vars(mx: Macros, text: string): string {
	return text.replace(/\$(\w+|\{[^}]*\})/g, (all: string, name: string) => {
		const value = mx.k.host.env[name.replace(/^\{|\}$/g, "")];
		return value === undefined ? all : to_bytes(value);
	});
}
