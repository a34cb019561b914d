// SPDX-License-Identifier: GPL-2.0-only
//
// The grammar: turns tokens into the tree of entries. Mirrors Linux's
// scripts/kconfig/parser.y, by recursive descent that does what bison's tables do: actions
// run when their rule is complete, the next token is read as late as possible, and after an
// error the rest of the line is skipped, so that one run reports several errors.

import { expr_alloc_and, expr_alloc_comp, expr_alloc_or, expr_alloc_symbol } from "./expr.ts";
import { expr_trans_compare } from "./expr_simplify.ts";
import type { Lexer } from "./lexer.ts";
import { lexer_init, yylex, zconf_initscan, zconf_nextfiles, zconf_starthelp } from "./lexer.ts";
import type { Expr, Kconf, Menu, MenuType, Property, PropType, SymbolType } from "./lkc.ts";
import {
	ConfExit,
	menu_init,
	not_too_deep,
	S_BOOLEAN,
	S_HEX,
	S_INT,
	S_STRING,
	S_TRISTATE,
	SYMBOL_CONST,
	SYMBOL_TRANS,
} from "./lkc.ts";
import { menu_finalize, menu_set_type, prop_warn, rewrite_m } from "./menu.ts";
import { sym_lookup_choice } from "./old/choice.ts";
import * as old from "./old/parser.ts";
import { check_tree } from "./parser_check.ts";
import { parse_expr, parse_if_expr, parse_nonconst, parse_symbol } from "./parser_expr.ts";
import type { Preprocessor, Variable, VariableFlavor } from "./preprocess.ts";
import { preprocess_init, variable_add } from "./preprocess.ts";
import { sym_lookup } from "./symbol.ts";
import { bytes_exit } from "./text.ts";

/** The state of one parse. */
export interface Parser {
	readonly kconf: Kconf;
	readonly lexer: Lexer;
	readonly pp: Preprocessor;
	/** A token has been read ahead. As late as possible: line numbers depend on it. */
	ahead: boolean;
	/** Tokens to accept before a syntax error is reported again. */
	quiet: number;
	errors: number;
	current_menu: Menu;
	current_entry: Menu;
	current_choice: Menu | null;
	/** Where the next entry is appended: below this one, or behind it. */
	last: Menu;
	below: boolean;
	/** What is open, the innermost last. */
	readonly blocks: Block[];
	/** Symbols that are on the stack of bison's parser below the current statement, and in all. */
	base: number;
	used: number;
}

/** A block that has begun. */
interface Block {
	readonly name: "choice" | "if" | "menu";
	readonly menu: Menu;
	/** Only what a choice may contain may stand here. */
	readonly in_choice: boolean;
}

/** bison's YYMAXDEPTH: its parser gives up when its stack has so many entries. */
const MAX_DEPTH = 10000;

/** Thrown to give up a statement; the statement list catches it. */
const SYNTAX_FAULT = new Error("syntax error");
/** Thrown when nothing is left to recover with. */
const ABORT = new Error("abort");

/** The type of the next token. */
export function peek(p: Parser): string {
	if (!p.ahead) {
		yylex(p.lexer);
		p.ahead = true;
	}
	return p.lexer.type;
}

/** The same where a line of an entry may begin: what is above it is two symbols by then. */
function peek_option(p: Parser): string {
	p.used = p.base + 2;
	return peek(p);
}

/** Takes the next token, and gives its text. */
export function shift(p: Parser): string {
	if (!p.ahead) yylex(p.lexer);
	p.ahead = false;
	if (p.quiet > 0) p.quiet--;
	if (++p.used >= MAX_DEPTH) {
		// Said, but not counted as an error: that is how the reference takes it.
		print(p, "memory exhausted", p.kconf.rules.syntax_line);
		throw ABORT;
	}
	return p.lexer.value;
}

/** Takes a token of a type, or gives up the statement. */
export function expect(p: Parser, type: string): string {
	if (peek(p) !== type) syntax_error(p);
	return shift(p);
}

/** A text: in quotes, or a bare word where that will do. */
function expect_text(p: Parser): string {
	return p.kconf.rules.zconf && peek(p) === "word" ? shift(p) : expect(p, "quoted");
}

/** Takes the next token if it is of this type. */
export function accept(p: Parser, type: string): boolean {
	if (peek(p) !== type) return false;
	shift(p);
	return true;
}

function print(p: Parser, text: string, lines = 0): void {
	const { cur_filename, pos_filename, cur_lineno } = p.lexer;
	const filename = p.kconf.rules.old_choices ? pos_filename : cur_filename;
	p.kconf.host.err(`${filename}:${cur_lineno + lines}: ${text}\n`);
}

function report_syntax(p: Parser): void {
	if (p.quiet === 0) {
		p.errors++;
		print(p, "syntax error", p.kconf.rules.syntax_line);
	}
	p.quiet = 3;
}

/** Reports the next token, and gives up the statement. */
export function syntax_error(p: Parser): never {
	report_syntax(p);
	throw SYNTAX_FAULT;
}

export function zconf_error(p: Parser, text: string): void {
	p.errors++;
	print(p, text);
}

/** What became an error in 7.x, and was a warning before. */
function error_since_7(p: Parser, text: string, more = ""): void {
	if (p.kconf.rules.strict) zconf_error(p, text);
	else print(p, `warning: ${text}${more}`);
}

function entry_error(p: Parser, at: { filename: string; lineno: number }, text: string): void {
	p.errors++;
	p.kconf.host.err(`${at.filename}:${at.lineno}: error: ${text}\n`);
}

// --- building the tree -------------------------------------------------------------------

function menu_add_entry(p: Parser, sym: Menu["sym"], type: MenuType): void {
	const menu = menu_init(type, sym, p.lexer.cur_filename, p.lexer.cur_lineno);
	menu.parent = p.current_menu;
	if (p.below) p.last.list = menu;
	else p.last.next = menu;
	p.last = menu;
	p.below = false;
	p.current_entry = menu;
	if (!sym) return;
	// Most have just one, and a push would make room for seventeen.
	if (sym.menus.length === 0) sym.menus = [menu];
	else sym.menus.push(menu);
	if (p.kconf.rules.old_choices) menu_add_prop(p, "symbol", expr_alloc_symbol(sym), null);
}

/** What follows is inside the current entry. */
function menu_add_menu(p: Parser): Menu {
	p.last = p.current_entry;
	p.below = true;
	p.current_menu = p.current_entry;
	return p.current_menu;
}

function menu_end_menu(p: Parser): void {
	p.last = p.current_menu;
	p.below = false;
	p.current_menu = p.current_menu.parent ?? p.kconf.rootmenu;
}

function menu_add_dep(p: Parser, dep: Expr, cond: Expr | null): void {
	const entry = p.current_entry;
	// Without the condition there is no dependency: dep || cond = n.
	const unless = cond && expr_trans_compare(p.kconf, cond, false);
	entry.dep = expr_alloc_and(entry.dep, unless ? expr_alloc_or(dep, unless) : dep);
}

function menu_add_prop(p: Parser, type: PropType, expr: Expr | null, dep: Expr | null): Property {
	const prop: Property = {
		type,
		text: "",
		visible: { expr: dep, tri: 0 },
		expr,
		menu: p.current_entry,
		filename: p.lexer.cur_filename,
		lineno: p.lexer.cur_lineno,
	};
	p.current_entry.sym?.prop.push(prop);
	return prop;
}

const LEADING_SPACE = /^[ \t\n\v\f\r]+/;

function menu_add_prompt(p: Parser, type: PropType, text: string, dep: Expr | null): void {
	const prop = menu_add_prop(p, type, null, dep);
	prop.text = text;
	if (LEADING_SPACE.test(text)) {
		prop_warn(p.kconf, prop, "leading whitespace ignored");
		prop.text = text.replace(LEADING_SPACE, "");
	}
	if (p.current_entry.prompt) prop_warn(p.kconf, prop, "prompt redefined");
	if (type === "prompt") {
		// "visible if" of the menus around it hides prompts, and nothing but prompts.
		for (let menu = p.current_entry.parent; menu; menu = menu.parent) {
			if (!menu.visibility) continue;
			prop.visible.expr = expr_alloc_and(prop.visible.expr, menu.visibility);
		}
	}
	p.current_entry.prompt = prop;
}

// --- statements --------------------------------------------------------------------------

/** Parses statements, blocks and all that is in them, up to the end of the input. */
function stmt_list(p: Parser): void {
	for (;;) {
		p.used = p.base;
		const type = peek(p);
		const block = p.blocks.at(-1);
		if (type === "eof") {
			if (!block) return;
			report_syntax(p);
			throw ABORT;
		}
		if (block && is_end(type)) {
			block_end(p, block);
			continue;
		}
		const in_choice = block?.in_choice ?? false;
		const word = type === "word" ? p.lexer.value : "";
		try {
			statement(p, type, in_choice);
		} catch (e) {
			if (e !== SYNTAX_FAULT) throw e;
			recover(p, type === "word" && !in_choice ? word : null);
		}
	}
}

/** Reports the blocks that the end of the input, or bison's, has left open. */
function end_missing(p: Parser): void {
	for (let block = p.blocks.pop(); block; block = p.blocks.pop()) {
		const { filename, lineno } = block.menu;
		p.kconf.host.err(`${filename}:${lineno}: missing end statement for this entry\n`);
		if (p.current_menu === block.menu) menu_end_menu(p);
	}
}

/** Skips the rest of the line, and says what was wrong with it. */
function recover(p: Parser, word: string | null): void {
	while (peek(p) !== "eol") {
		if (peek(p) === "eof") throw ABORT;
		p.ahead = false;
	}
	shift(p);
	zconf_error(p, word === null ? "invalid statement" : `unknown statement "${word}"`);
}

const is_end = (type: string): boolean => type === "endif" || type === "endmenu" || type === "endchoice";

/** Where a statement goes to be parsed, by its first token. */
const STATEMENTS: Readonly<Record<string, (p: Parser, in_choice: boolean) => void>> = {
	choice: choice_stmt,
	comment: comment_stmt,
	config: config_stmt,
	if: if_stmt,
	menu: menu_stmt,
	menuconfig: menuconfig_stmt,
	source: source_stmt,
	word: assignment_stmt,
};

function statement(p: Parser, type: string, in_choice: boolean): void {
	const parse = in_choice && !p.kconf.rules.in_choice.has(type) ? undefined : STATEMENTS[type];
	if (!parse) syntax_error(p);
	parse(p, in_choice);
}

function assignment_stmt(p: Parser): void {
	const name = shift(p);
	const op = peek(p);
	if (op !== "=" && op !== ":=" && op !== "+=") syntax_error(p);
	shift(p);
	const value = peek(p) === "assign_val" ? shift(p) : "";
	expect(p, "eol");
	variable_add(p.pp, name, value, op as VariableFlavor);
}

function source_stmt(p: Parser): void {
	shift(p);
	const name = expect_text(p);
	expect(p, "eol");
	zconf_nextfiles(p.lexer, name);
}

function config_entry(p: Parser, type: MenuType): Menu {
	shift(p);
	const sym = parse_nonconst(p);
	expect(p, "eol");
	menu_add_entry(p, sym, type);
	while (config_option(p, peek_option(p)));
	return p.current_entry;
}

function config_stmt(p: Parser): void {
	const entry = config_entry(p, "normal");
	const { current_choice: choice } = p;
	const { sym } = entry;
	if (!choice || !sym) return;
	if (!entry.prompt) entry_error(p, entry, "choice member must have a prompt");
	if (sym.type !== S_BOOLEAN) entry_error(p, entry, "choice member must be bool");
	if (!sym.in_choice) {
		sym.in_choice = choice;
		choice.choice_members.push(sym);
	}
}

function menuconfig_stmt(p: Parser): void {
	const { prompt } = config_entry(p, "menu");
	if (prompt) prompt.type = "menu";
	else error_since_7(p, "menuconfig statement without prompt");
}

const TYPES: Readonly<Record<string, SymbolType>> = {
	bool: S_BOOLEAN,
	tristate: S_TRISTATE,
	int: S_INT,
	hex: S_HEX,
	string: S_STRING,
};

/** One attribute of a config entry; false if the next line is none. */
export function config_option(p: Parser, type: string): boolean {
	switch (type) {
		case "bool":
		case "tristate":
		case "int":
		case "hex":
		case "string":
			shift(p);
			if (peek(p) === "quoted" || (p.kconf.rules.zconf && peek(p) === "word")) {
				const text = shift(p);
				menu_add_prompt(p, "prompt", text, parse_if_expr(p));
				p.used--;
			} else {
				p.used++;
			}
			expect(p, "eol");
			menu_set_type(p.kconf, p.current_entry, TYPES[type] as SymbolType);
			return true;
		case "prompt":
			prompt_option(p);
			return true;
		case "default":
		case "def_bool":
		case "def_tristate":
			default_option(p, type);
			return true;
		case "select":
		case "imply":
			symbol_option(p, type);
			return true;
		case "range":
			range_option(p);
			return true;
		case "modules":
			modules_option(p);
			return true;
		case "transitional":
			shift(p);
			expect(p, "eol");
			if (p.current_entry.sym) p.current_entry.sym.flags |= SYMBOL_TRANS;
			return true;
		case "option":
			old.option_stmt(p);
			return true;
		default:
			return depends_or_help(p, type);
	}
}

export function prompt_option(p: Parser): void {
	shift(p);
	const text = expect_text(p);
	const dep = parse_if_expr(p);
	expect(p, "eol");
	menu_add_prompt(p, "prompt", text, dep);
}

function default_option(p: Parser, type: string): void {
	shift(p);
	const value = parse_expr(p);
	const dep = parse_if_expr(p);
	expect(p, "eol");
	menu_add_prop(p, "default", value, dep);
	if (type !== "default") menu_set_type(p.kconf, p.current_entry, type === "def_bool" ? S_BOOLEAN : S_TRISTATE);
}

/** "select", "imply", and the "default" of a choice, which name one symbol. */
export function symbol_option(p: Parser, type: "select" | "imply" | "default"): void {
	shift(p);
	const sym = parse_nonconst(p);
	const dep = parse_if_expr(p);
	expect(p, "eol");
	menu_add_prop(p, type, expr_alloc_symbol(sym), dep);
}

function range_option(p: Parser): void {
	shift(p);
	const low = parse_symbol(p);
	const high = parse_symbol(p);
	const dep = parse_if_expr(p);
	expect(p, "eol");
	menu_add_prop(p, "range", expr_alloc_comp("range", low, high), dep);
}

function modules_option(p: Parser): void {
	shift(p);
	expect(p, "eol");
	const { sym } = p.current_entry;
	const old = p.kconf.modules_sym;
	if (old) {
		const by = `already defined by symbol '${old.name}'`;
		zconf_error(p, `symbol '${sym?.name}' redefines option 'modules' ${by}`);
	}
	p.kconf.modules_sym = sym;
}

export function depends_or_help(p: Parser, type: string): boolean {
	if (type === "depends" || type === "requires") depends_option(p);
	else if (type === "help") help_option(p);
	else return false;
	return true;
}

function depends_option(p: Parser): void {
	const { ancient, depends_if } = p.kconf.rules;
	shift(p);
	if (!ancient) expect(p, "on");
	else accept(p, "on");
	const dep = parse_expr(p);
	const cond = depends_if ? parse_if_expr(p) : null;
	expect(p, "eol");
	menu_add_dep(p, dep, cond);
}

function help_option(p: Parser): void {
	shift(p);
	expect(p, "eol");
	const help = zconf_starthelp(p.lexer);
	if (p.quiet > 0) p.quiet--;
	const entry = p.current_entry;
	const name = entry.sym?.name ?? "<choice>";
	if (entry.help_source) {
		const which = " -- only the last one will be used";
		error_since_7(p, `'${name}' defined with more than one help text`, which);
	}
	if (help.blank) error_since_7(p, `'${name}' defined with blank help text`);
	entry.help_source = help;
}

function choice_stmt(p: Parser): void {
	shift(p);
	const { old_choices } = p.kconf.rules;
	const name = old_choices && peek(p) === "word" ? shift(p) : null;
	expect(p, "eol");
	if (old_choices) {
		menu_add_entry(p, sym_lookup_choice(p.kconf, name), "choice");
		while (old.choice_option(p, peek_option(p)));
		block_begin(p, "choice", true);
		return;
	}
	menu_add_entry(p, sym_lookup(p.kconf, null), "choice");
	menu_set_type(p.kconf, p.current_entry, S_BOOLEAN);
	while (choice_option(p, peek_option(p)));
	if (!p.current_entry.prompt) entry_error(p, p.current_entry, "choice must have a prompt");
	block_begin(p, "choice", true);
	p.current_choice = p.current_menu;
}

function choice_option(p: Parser, type: string): boolean {
	switch (type) {
		case "bool":
			if (!p.kconf.rules.choice_type) return false;
			prompt_option(p);
			return true;
		case "prompt":
			prompt_option(p);
			return true;
		case "default":
			symbol_option(p, "default");
			return true;
		default:
			return depends_or_help(p, type);
	}
}

function comment_stmt(p: Parser): void {
	shift(p);
	const text = expect_text(p);
	expect(p, "eol");
	menu_add_entry(p, null, "comment");
	menu_add_prompt(p, "comment", text, null);
	for (let type = peek_option(p); type === "depends" || type === "requires"; type = peek_option(p)) {
		depends_option(p);
	}
}

function if_stmt(p: Parser, in_choice: boolean): void {
	shift(p);
	const dep = parse_expr(p);
	expect(p, "eol");
	menu_add_entry(p, null, "if");
	menu_add_dep(p, dep, null);
	block_begin(p, "if", in_choice && !p.kconf.rules.zconf);
}

function menu_stmt(p: Parser): void {
	shift(p);
	const text = expect_text(p);
	expect(p, "eol");
	menu_add_entry(p, null, "menu");
	menu_add_prompt(p, "menu", text, null);
	for (;;) {
		const type = peek_option(p);
		if (type === "depends" || type === "requires") depends_option(p);
		else if (type === "visible") visible_option(p);
		else break;
	}
	block_begin(p, "menu", false);
}

function visible_option(p: Parser): void {
	shift(p);
	const dep = parse_if_expr(p);
	expect(p, "eol");
	p.current_entry.visibility = expr_alloc_and(p.current_entry.visibility, dep);
}

/** What follows is inside the current entry. */
function block_begin(p: Parser, name: Block["name"], in_choice: boolean): void {
	const menu = menu_add_menu(p);
	p.blocks.push({ name, menu, in_choice });
	p.base += 2;
}

/** The end of a block, if it is a good one. */
function block_end(p: Parser, { name }: Block): void {
	const { type } = p.lexer;
	shift(p);
	if (peek(p) !== "eol") {
		report_syntax(p);
		recover(p, null);
		return;
	}
	shift(p);
	if (name === "choice") p.current_choice = null;
	if (zconf_endtoken(p, type.slice("end".length), name)) menu_end_menu(p);
	p.blocks.pop();
	p.base -= 2;
}

function zconf_endtoken(p: Parser, found: string, expected: string): boolean {
	if (found !== expected) {
		zconf_error(p, `unexpected '${found}' within ${expected} block`);
		return false;
	}
	const { filename, lineno } = p.current_menu;
	if (filename !== p.lexer.cur_filename) {
		zconf_error(p, `'${found}' in different file than '${expected}'`);
		p.kconf.host.err(`${filename}:${lineno}: location of the '${expected}'\n`);
		return false;
	}
	return true;
}

function input(p: Parser): void {
	if (peek(p) === "mainmenu") {
		shift(p);
		const text = expect_text(p);
		expect(p, "eol");
		// BusyBox has a title of its own.
		if (!p.kconf.rules.ancient) menu_add_prompt(p, "menu", text, null);
		p.base++;
	}
	p.base++;
	stmt_list(p);
}

/** Reads a Kconfig file and all that it sources into `kconf`. Ends with ConfExit(1) on errors. */
export function conf_parse(kconf: Kconf, name: string): void {
	not_too_deep(() => parse_tree(kconf, name));
}

function parser_init(kconf: Kconf): Parser {
	const lexer = lexer_init(kconf);
	const pp = preprocess_init(kconf, lexer);
	lexer.pp = pp;
	const { rootmenu } = kconf;
	return {
		kconf,
		lexer,
		pp,
		ahead: false,
		quiet: 0,
		errors: 0,
		current_menu: rootmenu,
		current_entry: rootmenu,
		current_choice: null,
		last: rootmenu,
		below: true,
		blocks: [],
		base: 1,
		used: 1,
	};
}

function parse_tree(kconf: Kconf, name: string): void {
	const p = parser_init(kconf);
	const { rootmenu } = kconf;
	preprocessors.set(kconf, p.pp);
	zconf_initscan(p.lexer, name);
	old.sym_init(kconf);
	try {
		input(p);
	} catch (e) {
		// A fault that comes through to here is in the mainmenu statement.
		if (e !== ABORT && e !== SYNTAX_FAULT) throw e;
		end_missing(p);
	}
	if (p.errors > 0) throw new ConfExit(1);
	kconf.modules_sym ??= kconf.symbol_no;
	if (!rootmenu.prompt) {
		p.current_entry = rootmenu;
		menu_add_prompt(p, "menu", kconf.rules.title, null);
	}
	old.expand_title(kconf);
	menu_finalize(kconf);
	if (check_tree(kconf) > 0) throw new ConfExit(1);
	kconf.conf_changed = true;
}

/** What the files of a tree have left behind of variables. */
const preprocessors = new WeakMap<Kconf, Preprocessor>();

/** The variables of a tree that has been parsed, by name. */
export function variables_of(kconf: Kconf): ReadonlyMap<string, Variable> {
	return preprocessors.get(kconf)?.variables ?? new Map();
}

/**
 * An expression that is no part of the files. The symbols that it names and nobody else does are
 * not added to the tree. Ends with ConfExit(2) if it is none.
 */
export function parse_expression(kconf: Kconf, text: string): Expr {
	const known = kconf.all.length;
	const p = parser_init(kconf);
	const said = { ...kconf, host: { ...kconf.host, err: () => {} } };
	const quiet: Parser = { ...p, kconf: said, lexer: { ...p.lexer, kconf: said, text: `${text}\n` } };
	// Not the beginning of a statement: "A = y" is no assignment here.
	quiet.lexer.prev_token = "if";
	quiet.lexer.pp = { ...p.pp, kconf: said, variables: preprocessors.get(kconf)?.variables ?? new Map() };
	try {
		const expr = parse_expr(quiet);
		expect(quiet, "eol");
		if (peek(quiet) !== "eof") syntax_error(quiet);
		return rewrite_m(kconf, expr) as Expr;
	} catch (e) {
		if (e !== SYNTAX_FAULT && e !== ABORT) throw e;
		throw bytes_exit(2, `${text}: no expression`);
	} finally {
		for (const { name, flags } of kconf.all.splice(known))
			if (name !== null) (flags & SYMBOL_CONST ? kconf.constants : kconf.symbols).delete(name);
	}
}
