// SPDX-License-Identifier: GPL-2.0-only
//
// $(…): variables, functions and environment, expanded while the files are read. Mirrors
// Linux's scripts/kconfig/preprocess.c.

import type { Kconf } from "./lkc.ts";
import { run_shell } from "./shell.ts";
import { bytes_exit, to_bytes } from "./text.ts";

/** "=" keeps the text and expands it at use, ":=" expands it at once, "+=" appends. */
export type VariableFlavor = "=" | ":=" | "+=";

/** What an assignment statement has made. */
export interface Variable {
	value: string;
	recursive: boolean;
	/** How many expansions of it are under way. */
	depth: number;
}

const FUNCTION_MAX_ARGS = 16;
const MAX_DEPTH = 1000;

/** What is being read, for messages. */
export interface Place {
	readonly cur_filename: string;
	readonly lineno: number;
}

/** The variables of one parse. */
export interface Preprocessor {
	kconf: Kconf;
	variables: Map<string, Variable>;
	where: Place;
	/** How many expansions are under way whose result something else depends on. */
	nested: number;
	/**
	 * Given, it gets the commands whose output nothing is waiting for but a token. They expand
	 * to nothing then: for a look ahead at what will have to be run.
	 */
	later: ((command: string) => void) | null;
}

/** A preprocessor without variables; `where` is the place that its messages name. */
export function preprocess_init(kconf: Kconf, where: Place): Preprocessor {
	return { kconf, variables: new Map(), where, nested: 0, later: null };
}

function fail(pp: Preprocessor, text: string): never {
	throw bytes_exit(1, `${position(pp)}: ${text}`);
}

/** An assignment statement. */
export function variable_add(pp: Preprocessor, name: string, text: string, op: VariableFlavor) {
	const old = pp.variables.get(name);
	const recursive = op === "+=" ? (old?.recursive ?? true) : op === "=";
	pp.nested++;
	const value = recursive ? text : expand_string(pp, text);
	pp.nested--;
	const joined = op === "+=" && old ? `${old.value} ${value}` : value;
	pp.variables.set(name, { value: joined, recursive, depth: 0 });
}

function variable_expand(pp: Preprocessor, name: string, args: readonly string[]): string | null {
	const v = pp.variables.get(name);
	if (!v) return null;
	// A function may call itself, but a plain variable that does so has no value.
	if (args.length === 1 && v.depth > 0) {
		fail(pp, `Recursive variable '${name}' references itself (eventually)`);
	}
	if (v.depth > MAX_DEPTH) fail(pp, "Too deep recursive expansion");
	if (!v.recursive) return v.value;
	v.depth++;
	const out = expand_string(pp, v.value, args);
	v.depth--;
	return out;
}

interface Builtin {
	readonly args: number;
	run(pp: Preprocessor, args: readonly string[]): string;
}

function position(pp: Preprocessor): string {
	return `${pp.where.cur_filename}:${pp.where.lineno}`;
}

const BUILTINS: Readonly<Record<string, Builtin>> = {
	"error-if": {
		args: 2,
		run(pp, [, cond, text]) {
			if (cond === "y") fail(pp, text ?? "");
			return "";
		},
	},
	filename: { args: 0, run: (pp) => pp.where.cur_filename },
	info: {
		args: 1,
		run(pp, [, text]) {
			pp.kconf.host.out(`${text}\n`);
			return "";
		},
	},
	lineno: { args: 0, run: (pp) => String(pp.where.lineno) },
	shell: { args: 1, run: (pp, [, command]) => do_shell(pp, command ?? "") },
	"warning-if": {
		args: 2,
		run(pp, [, cond, text]) {
			if (cond === "y") pp.kconf.host.err(`${position(pp)}: ${text}\n`);
			return "";
		},
	},
};

/** What a reader that takes 4,096 bytes, and then one off to end the string, gets. */
const MAX_OUTPUT = 4095;

/** Standard output of a command: no newlines at the end, spaces for those inside. */
function do_shell(pp: Preprocessor, command: string): string {
	if (pp.later && pp.nested === 0) {
		pp.later(command);
		return "";
	}
	const { host } = pp.kconf;
	const { stdout, stderr } = (host.shell ?? run_shell)(host, command);
	if (stderr !== "") host.err(stderr);
	let end = Math.min(stdout.length, MAX_OUTPUT);
	while (end > 0 && stdout[end - 1] === "\n") end--;
	const text = stdout.slice(0, end);
	const nul = text.indexOf("\0");
	return (nul < 0 ? text : text.slice(0, nul)).replaceAll("\n", " ");
}

function function_expand(pp: Preprocessor, name: string, args: readonly string[]): string | null {
	const builtin = Object.hasOwn(BUILTINS, name) ? BUILTINS[name] : undefined;
	if (!builtin) return null;
	if (args.length - 1 < builtin.args) {
		fail(pp, `too few function arguments passed to '${name}'`);
	}
	if (args.length - 1 > builtin.args) {
		fail(pp, `too many function arguments passed to '${name}'`);
	}
	return builtin.run(pp, args);
}

function env_expand(pp: Preprocessor, name: string): string | null {
	const known = pp.kconf.env_used.get(name);
	if (known !== undefined) return known;
	const value = name === "" ? undefined : pp.kconf.host.env[name];
	if (value === undefined) return null;
	const bytes = to_bytes(value);
	pp.kconf.env_used.set(name, bytes);
	return bytes;
}

/** Splits at commas outside of brackets. */
function split_args(text: string): string[] {
	const args: string[] = [];
	let nest = 0;
	let start = 0;
	for (let i = 0; i < text.length; i++) {
		const c = text[i];
		if (c === "(") nest++;
		else if (c === ")") nest--;
		else if (c === "," && nest === 0) {
			args.push(text.slice(start, i));
			start = i + 1;
		}
	}
	args.push(text.slice(start));
	return args;
}

/** The value of what stands between the brackets of $(…). */
function eval_clause(pp: Preprocessor, text: string, outer: readonly string[]): string {
	// A number is an argument of the function that is being expanded.
	const number = /^\s*\+?\d+$/.test(text) ? Number(text) : 0;
	if (number > 0 && number < outer.length) return outer[number] as string;
	const raw = split_args(text);
	if (raw.length > FUNCTION_MAX_ARGS) fail(pp, "too many function arguments");
	pp.nested++;
	const args = raw.map((arg) => expand_string(pp, arg, outer));
	pp.nested--;
	const name = args[0] as string;
	const found = variable_expand(pp, name, args) ?? function_expand(pp, name, args);
	if (found !== null) return found;
	return (args.length === 1 ? env_expand(pp, name) : null) ?? "";
}

/**
 * Expands what follows a "$" at `pos`. A "$" without a bracket is a "$".
 * Returns the text, and the position behind what was used.
 */
export function expand_dollar(
	pp: Preprocessor,
	text: string,
	pos: number,
	outer: readonly string[] = [],
): { out: string; end: number } {
	if (text[pos] !== "(") return { out: "$", end: pos };
	let nest = 0;
	for (let i = pos; i < text.length; i++) {
		if (text[i] === "(") nest++;
		if (text[i] !== ")" || --nest > 0) continue;
		return { out: eval_clause(pp, text.slice(pos + 1, i), outer), end: i + 1 };
	}
	return fail(pp, `unterminated reference to '${text.slice(pos + 1)}': missing ')'`);
}

/** Expands text up to its end, or up to the first character that `ends` accepts. */
function expand_until(
	pp: Preprocessor,
	text: string,
	pos: number,
	ends: (c: string) => boolean,
	outer: readonly string[],
): { out: string; end: number } {
	let out = "";
	let i = pos;
	while (i < text.length) {
		const c = text[i] as string;
		if (c === "$") {
			const part = expand_dollar(pp, text, i + 1, outer);
			out += part.out;
			i = part.end;
		} else if (ends(c)) {
			break;
		} else {
			out += c;
			i++;
		}
	}
	return { out, end: i };
}

/** Expands a whole text; `outer` holds a function's name and arguments, for $(1). */
function expand_string(pp: Preprocessor, text: string, outer: readonly string[] = []) {
	return expand_until(pp, text, 0, () => false, outer).out;
}

/** Expands the word that starts at `pos`, which contains at least one "$". */
export function expand_one_token(pp: Preprocessor, text: string, pos: number) {
	const inside = pp.kconf.rules.zconf ? /[A-Za-z0-9_./-]/ : /[A-Za-z0-9_-]/;
	return expand_until(pp, text, pos, (c) => !inside.test(c), []);
}
