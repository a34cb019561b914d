// SPDX-License-Identifier: GPL-2.0-only
//
// Reads Kconfig files as Kconfiglib does: a line is a statement, and entries go on until a line
// that is none of their attributes.

import { realpathSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { path_of, read_bytes, to_bytes, to_text } from "../text.ts";
import { finish } from "./finish.ts";
import { glob } from "./glob.ts";
import type { Macros } from "./macro.ts";
import type { Expr, Klib, Loc, MenuNode, Relation, Type } from "./model.ts";
import { Choice, fail, KSymbol, make_and, make_or, name_and_loc, node, warn } from "./model.ts";
import { bad, constant_of, Text, type Token, tokenize, Word } from "./tokens.ts";

interface File {
	readonly name: string;
	readonly lines: readonly string[];
	/** How many of them have been read. */
	at: number;
}

interface Reader {
	readonly k: Klib;
	readonly mx: Macros;
	readonly root: string;
	readonly stack: (Loc & { file: string })[];
	file: File;
	line: string;
	tokens: Token[];
	i: number;
	/** The tokens are those of a line that nobody has used. */
	again: boolean;
}

const lines_of = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** Cuts the next line, with those that it is continued on. False at the end of the file. */
function next_line(r: Reader): boolean {
	if (r.again) {
		r.again = false;
		return true;
	}
	const line = r.file.lines[r.file.at];
	if (line === undefined) return false;
	r.file.at++;
	take(r, line);
	return true;
}

function take(r: Reader, first: string): void {
	let line = first;
	while (line.endsWith("\\\n")) line = line.slice(0, -2) + (r.file.lines[r.file.at++] ?? "");
	r.mx.loc = { file: r.file.name, line: r.file.at };
	r.line = line;
	r.tokens = tokenize(r.mx, line);
	r.i = 1;
}

const wrong = (r: Reader, what: string): never => bad(r.mx, r.line, what);

function accept(r: Reader, is: string): boolean {
	const token = r.tokens[r.i];
	if (!(token instanceof Word) || token.is !== is) return false;
	r.i++;
	return true;
}

function end_of_line(r: Reader): void {
	if (r.i < r.tokens.length) wrong(r, "extra tokens at end of line");
}

function expect_text(r: Reader): string {
	const token = r.tokens[r.i++];
	if (!(token instanceof Text)) return wrong(r, "expected string");
	end_of_line(r);
	return token.text;
}

function expect_sym(r: Reader): KSymbol {
	const token = r.tokens[r.i++];
	return token instanceof KSymbol ? token : wrong(r, "expected symbol");
}

function expect_nonconst(r: Reader): KSymbol {
	const sym = expect_sym(r);
	return sym.constant ? wrong(r, "expected nonconstant symbol") : sym;
}

const RELATIONS: ReadonlySet<string> = new Set(["=", "!=", "<", "<=", ">", ">="]);

/** In conditions m is only as good as the modules are. */
function parse_expr(r: Reader, condition: boolean): Expr {
	const a = parse_and(r, condition);
	return accept(r, "||") ? { op: "||", a, b: parse_expr(r, condition) } : a;
}

function parse_and(r: Reader, condition: boolean): Expr {
	const a = parse_factor(r, condition);
	return accept(r, "&&") ? { op: "&&", a, b: parse_and(r, condition) } : a;
}

function parse_factor(r: Reader, condition: boolean): Expr {
	const token = r.tokens[r.i++];
	if (token instanceof KSymbol) {
		const next = r.tokens[r.i];
		if (next instanceof Word && RELATIONS.has(next.is)) {
			r.i++;
			return { op: next.is as Relation, a: token, b: expect_sym(r) };
		}
		return condition && token === r.k.m ? { op: "&&", a: token, b: r.k.modules } : token;
	}
	if (token instanceof Word && token.is === "!") return { op: "!", a: parse_factor(r, condition) };
	if (token instanceof Word && token.is === "(") {
		const expr = parse_expr(r, condition);
		if (accept(r, ")")) return expr;
	}
	return wrong(r, "malformed expression");
}

/** "if …" at the end of a line, or nothing. */
function parse_cond(r: Reader): Expr {
	const cond = accept(r, "if") ? parse_expr(r, true) : r.k.y;
	end_of_line(r);
	return cond;
}

function parse_prompt(r: Reader, entry: MenuNode): void {
	const named = entry.item instanceof KSymbol || entry.item instanceof Choice ? name_and_loc(entry.item) : "";
	if (entry.prompt) warn(r.k, `${named} defined with multiple prompts in single location`);
	const token = r.tokens[1];
	r.i = 2;
	if (!(token instanceof Text)) {
		wrong(r, "expected prompt string");
		return;
	}
	const text = token.text.replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, "");
	if (text !== token.text) warn(r.k, `${named} has leading or trailing whitespace in its prompt`);
	entry.prompt = { text, cond: parse_cond(r) };
}

const expand_tabs = (line: string): string => {
	let out = "";
	for (const c of line) out += c === "\t" ? " ".repeat(8 - (out.length % 8)) : c;
	return out;
};
const BLANK = /^[ \t\n\v\f\r]*$/;
const indent_of = (line: string): number => line.length - line.replace(/^[ \t\n\v\f\r]+/, "").length;

/** A help text: as far as it is indented like its first line. */
function parse_help(r: Reader, entry: MenuNode): void {
	const { file } = r;
	while (file.at < file.lines.length && BLANK.test(file.lines[file.at] as string)) file.at++;
	const first = expand_tabs(file.lines[file.at] ?? "");
	const indent = indent_of(first);
	const kept: string[] = [];
	if (indent > 0) {
		for (; file.at < file.lines.length; file.at++) {
			const line = file.lines[file.at] as string;
			const wide = expand_tabs(line);
			if (!BLANK.test(line) && indent_of(wide) < indent) break;
			kept.push(BLANK.test(line) ? "\n" : wide.slice(indent));
		}
	} else if (entry.item instanceof KSymbol || entry.item instanceof Choice)
		warn(r.k, `${name_and_loc(entry.item)} has 'help' but empty help text`);
	entry.help = kept.join("").replace(/[ \t\n\v\f\r]+$/, "");
}

function set_type(r: Reader, item: MenuNode["item"], type: Type): void {
	if (!(item instanceof KSymbol) && !(item instanceof Choice)) return;
	if (item.type !== "unknown" && item.type !== type)
		warn(r.k, `${name_and_loc(item)} defined with multiple types, ${type} will be used`);
	item.type = type;
}

function add_default(r: Reader, entry: MenuNode): void {
	const value = parse_expr(r, false);
	entry.defaults.push({ value, cond: parse_cond(r) });
}

function parse_option(r: Reader, entry: MenuNode): void {
	const { k, mx } = r;
	const sym = entry.item instanceof KSymbol ? entry.item : null;
	if (accept(r, "env")) {
		if (!accept(r, "=")) wrong(r, "expected '=' after 'env'");
		const name = expect_text(r);
		if (!sym) return;
		sym.hidden = true;
		const value = k.host.env[name];
		if (value !== undefined) entry.defaults.push({ value: constant_of(mx, to_bytes(value)), cond: k.y });
		else {
			const what = `${name} has 'option env="${sym.name}"', but the environment variable`;
			warn(k, `${what} ${sym.name} is not set`, mx.loc);
		}
	} else if (accept(r, "defconfig_list")) {
		if (sym && !k.defconfig_list) {
			k.defconfig_list = sym;
			sym.hidden = true;
		}
	} else if (accept(r, "allnoconfig_y")) {
		if (!sym) wrong(r, "the 'allnoconfig_y' option is only valid for symbols");
		else sym.allnoconfig_y = true;
	} else if (!accept(r, "modules")) wrong(r, "unrecognized option");
}

function parse_depends(r: Reader): Expr {
	if (!accept(r, "on")) wrong(r, "expected 'on' after 'depends'");
	const dep = parse_expr(r, true);
	const cond = accept(r, "if") ? parse_expr(r, true) : null;
	end_of_line(r);
	return cond ? make_or(r.k, { op: "!", a: cond }, dep) : dep;
}

/** The attributes of an entry. The first line that is none is left to be read again. */
function parse_props(r: Reader, entry: MenuNode): void {
	const { k } = r;
	while (next_line(r)) {
		const first = r.tokens[0];
		if (first === undefined) continue;
		const is = (first as Word).is;
		switch (is) {
			case "bool":
			case "tristate":
			case "int":
			case "hex":
			case "string":
				set_type(r, entry.item, is);
				if (r.tokens.length > 1) parse_prompt(r, entry);
				break;
			case "def_bool":
			case "def_tristate":
			case "def_int":
			case "def_hex":
			case "def_string":
				set_type(r, entry.item, is.slice(4) as Type);
				add_default(r, entry);
				break;
			case "default":
				add_default(r, entry);
				break;
			case "prompt":
				parse_prompt(r, entry);
				break;
			case "depends":
				entry.dep = make_and(k, entry.dep, parse_depends(r));
				break;
			case "help":
				parse_help(r, entry);
				break;
			case "select":
			case "imply": {
				if (!(entry.item instanceof KSymbol)) wrong(r, `only symbols can ${is}`);
				const value = expect_nonconst(r);
				(is === "select" ? entry.selects : entry.implies).push({ value, cond: parse_cond(r) });
				break;
			}
			case "range": {
				const low = expect_sym(r);
				const high = expect_sym(r);
				entry.ranges.push({ value: [low, high], cond: parse_cond(r) });
				break;
			}
			case "visible": {
				if (!accept(r, "if")) wrong(r, "expected 'if' after 'visible'");
				const cond = parse_expr(r, true);
				end_of_line(r);
				entry.visibility = make_and(k, entry.visibility, cond);
				break;
			}
			case "option":
				parse_option(r, entry);
				break;
			case "modules":
				if (entry.item !== k.modules)
					warn(k, "the symbol with 'modules' is MODULES in this reading", r.mx.loc);
				break;
			case "optional":
				if (entry.item instanceof Choice) entry.item.optional = true;
				else wrong(r, '"optional" is only valid for choices');
				break;
			default:
				r.again = true;
				return;
		}
	}
}

function parse_source(r: Reader, is: string, parent: MenuNode, last: MenuNode): MenuNode {
	const { k, mx } = r;
	const at = mx.loc;
	let pattern = to_text(expect_text(r));
	if (is === "rsource" || is === "orsource") pattern = join_plain(to_text(dirname(r.file.name)), pattern);
	const found = glob(isAbsolute(pattern) ? pattern : `${r.root}${pattern}`);
	if (found.length === 0 && (is === "source" || is === "rsource")) {
		const tree = k.srctree === "" ? "unset or blank" : `set to '${k.srctree}'`;
		const hint = `Check that environment variables are set correctly (e.g. $srctree, which is ${tree})`;
		fail(at, `'${to_bytes(pattern)}' not found (in '${r.line.trim()}'). ${hint}`);
	}
	let end = last;
	for (const path of found) {
		const name = to_bytes(path.startsWith(r.root) ? path.slice(r.root.length) : path);
		const { file } = r;
		r.stack.push({ file: file.name, line: at.line });
		if (r.stack.some((outer) => outer.file === name)) {
			const path_text = r.stack.map((outer) => `${outer.file}:${outer.line}`).join("\n");
			fail(at, `recursive 'source' of '${name}' detected. Include path:\n${path_text}`);
		}
		r.file = { name, lines: lines_of(read_bytes(path)), at: 0 };
		end = parse_block(r, null, parent, end);
		r.stack.pop();
		r.file = file;
	}
	return end;
}

/** Like os.path.join(): nothing is made shorter. */
const join_plain = (dir: string, name: string): string =>
	isAbsolute(name) || dir === "" || dir === "." ? name : `${dir}/${name}`;

/** Statements up to the word that ends the block, or the end of the file. Returns the last entry. */
function parse_block(r: Reader, end: string | null, parent: MenuNode, before: MenuNode): MenuNode {
	const { k } = r;
	let last = before;
	const add = (entry: MenuNode): void => {
		last.next = entry;
		last = entry;
	};
	const inside = (entry: MenuNode, word: string): void => {
		parse_block(r, word, entry, entry);
		entry.list = entry.next;
		entry.next = null;
		add(entry);
	};
	while (next_line(r)) {
		const first = r.tokens[0];
		if (first === undefined) continue;
		const { is } = first as Word;
		const at = r.mx.loc;
		if (is === end) {
			end_of_line(r);
			last.next = null;
			return last;
		}
		switch (is) {
			case "config":
			case "menuconfig": {
				const sym = r.tokens[1];
				if (!(sym instanceof KSymbol) || sym.constant) {
					wrong(r, "missing or bad symbol name");
					break;
				}
				r.i = 2;
				end_of_line(r);
				k.defined.add(sym);
				const entry = node(sym, parent, at, k.y);
				sym.nodes.push(entry);
				parse_props(r, entry);
				if (is === "menuconfig" && !entry.prompt)
					warn(k, `the menuconfig symbol ${name_and_loc(sym)} has no prompt`);
				add(entry);
				break;
			}
			case "source":
			case "rsource":
			case "osource":
			case "orsource":
				last = parse_source(r, is, parent, last);
				break;
			case "if": {
				const entry = node(null, parent, at, k.y);
				entry.dep = parse_expr(r, true);
				end_of_line(r);
				inside(entry, "endif");
				break;
			}
			case "menu": {
				const entry = node("menu", parent, at, k.y);
				entry.prompt = { text: expect_text(r), cond: k.y };
				parse_props(r, entry);
				inside(entry, "endmenu");
				break;
			}
			case "comment": {
				const entry = node("comment", parent, at, k.y);
				entry.prompt = { text: expect_text(r), cond: k.y };
				parse_props(r, entry);
				add(entry);
				break;
			}
			case "choice": {
				const name = r.tokens.length > 1 ? expect_text(r) : null;
				const choice = (name !== null && k.named_choices.get(name)) || new Choice(name, k.n);
				if (name !== null) k.named_choices.set(name, choice);
				k.choices.add(choice);
				const entry = node(choice, parent, at, k.y);
				choice.nodes.push(entry);
				parse_props(r, entry);
				inside(entry, "endchoice");
				break;
			}
			case "mainmenu":
				k.top.prompt = { text: expect_text(r), cond: k.y };
				break;
			default:
				wrong(
					r,
					is.startsWith("end")
						? `no corresponding '${is.slice(3)}'`
						: "unrecognized construct",
				);
		}
	}
	if (end !== null) fail(r.mx.loc, `error: expected '${end}' at end of '${r.file.name}'`);
	return last;
}

/** Reads a Kconfig file below $srctree with all that it sources. Ends with ConfExit(1) on errors. */
export function parse(k: Klib, name: string): void {
	const root = `${realpathSync(path_of(k.host, k.srctree === "" ? "." : to_bytes(k.srctree)))}/`;
	const loc = { file: name, line: 1 };
	let text: string;
	try {
		text = read_bytes(isAbsolute(to_text(name)) ? to_text(name) : join(root, to_text(name)));
	} catch {
		fail({ file: name, line: 0 }, "cannot be read");
	}
	const r: Reader = {
		k,
		mx: { k, variables: new Map(), loc },
		root,
		stack: [],
		file: { name, lines: lines_of(text), at: 0 },
		line: "",
		tokens: [],
		i: 0,
		again: false,
	};
	parse_block(r, null, k.top, k.top);
	k.top.list = k.top.next;
	k.top.next = null;
	finish(k);
}
