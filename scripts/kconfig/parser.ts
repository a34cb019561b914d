// SPDX-License-Identifier: GPL-2.0-only
//
// The grammar: turns tokens into the tree of entries. Mirrors Linux's
// scripts/kconfig/parser.y, by recursive descent. After an error the rest of the line is
// skipped and parsing goes on, so that one run reports several errors. `rsource` (a source
// relative to the file that says it) is an addition.

import { expr_alloc_and, expr_alloc_comp, expr_alloc_symbol } from './expr.ts';
import type { Lexer, Token } from './lexer.ts';
import {
	lexer_init,
	yylex,
	zconf_initscan,
	zconf_nextfile,
	zconf_relative,
	zconf_starthelp,
} from './lexer.ts';
import type { Expr, Kconf, Menu, Property, PropType, SymbolType } from './lkc.ts';
import {
	ConfExit,
	menu_init,
	S_BOOLEAN,
	S_HEX,
	S_INT,
	S_STRING,
	S_TRISTATE,
	S_UNKNOWN,
} from './lkc.ts';
import { menu_finalize, menu_for_each_entry, menu_for_each_sub_entry, prop_warn } from './menu.ts';
import { parse_expr, parse_if_expr, parse_nonconst, parse_symbol } from './parser_expr.ts';
import type { Preprocessor, VariableFlavor } from './preprocess.ts';
import { preprocess_init, variable_add } from './preprocess.ts';
import { sym_lookup } from './symbol.ts';
import { sym_check_deps } from './symbol_check.ts';

/** The state of one parse. */
export interface Parser {
	readonly kconf: Kconf;
	readonly lexer: Lexer;
	readonly pp: Preprocessor;
	/** The token read ahead, if any. Read as late as possible: line numbers depend on it. */
	ahead: Token | null;
	/** Tokens to accept before a syntax error is reported again. */
	quiet: number;
	errors: number;
	current_menu: Menu;
	current_entry: Menu;
	current_choice: Menu | null;
	/** Appends an entry where the last one ended. */
	link: (menu: Menu) => void;
}

/** Thrown to give up a statement; the statement list catches it. */
export class SyntaxFault extends Error {}
/** Thrown when nothing is left to recover with. */
class Abort extends Error {}

export function peek(p: Parser): Token {
	p.ahead ??= yylex(p.lexer);
	return p.ahead;
}

export function shift(p: Parser): Token {
	const token = peek(p);
	p.ahead = null;
	if (p.quiet > 0) p.quiet--;
	return token;
}

/** Accepts a token of a type, or gives up the statement. */
export function expect(p: Parser, type: string): Token {
	if (peek(p).type !== type) syntax_error(p);
	return shift(p);
}

export function accept(p: Parser, type: string): boolean {
	if (peek(p).type !== type) return false;
	shift(p);
	return true;
}

function where(p: Parser): string {
	return `${p.lexer.cur_filename}:${p.lexer.cur_lineno}`;
}

export function syntax_error(p: Parser): never {
	if (p.quiet === 0) {
		p.errors++;
		p.kconf.host.err(`${where(p)}: syntax error\n`);
	}
	p.quiet = 3;
	throw new SyntaxFault();
}

function zconf_error(p: Parser, text: string): void {
	p.errors++;
	p.kconf.host.err(`${where(p)}: ${text}\n`);
}

function entry_error(p: Parser, at: { filename: string; lineno: number }, text: string): void {
	p.errors++;
	p.kconf.host.err(`${at.filename}:${at.lineno}: error: ${text}\n`);
}

// --- building the tree -------------------------------------------------------------------

function menu_add_entry(p: Parser, sym: Menu['sym']): void {
	const menu = menu_init(sym, p.lexer.cur_filename, p.lexer.cur_lineno);
	menu.parent = p.current_menu;
	p.link(menu);
	p.link = (next) => {
		menu.next = next;
	};
	p.current_entry = menu;
	sym?.menus.push(menu);
}

/** What follows is inside the current entry. */
function menu_add_menu(p: Parser): Menu {
	const menu = p.current_entry;
	p.link = (next) => {
		menu.list = next;
	};
	p.current_menu = menu;
	return menu;
}

function menu_end_menu(p: Parser): void {
	const menu = p.current_menu;
	p.link = (next) => {
		menu.next = next;
	};
	p.current_menu = menu.parent ?? p.kconf.rootmenu;
}

function menu_set_type(p: Parser, type: SymbolType): void {
	const sym = p.current_entry.sym;
	if (!sym || sym.type === type) return;
	if (sym.type === S_UNKNOWN) {
		sym.type = type;
		return;
	}
	const name = sym.name ?? '<choice>';
	const what = `ignoring type redefinition of '${name}' from '${sym.type}' to '${type}'`;
	const { filename, lineno } = p.current_entry;
	p.kconf.host.err(`${filename}:${lineno}:warning: ${what}\n`);
}

function menu_add_prop(p: Parser, type: PropType, expr: Expr | null, dep: Expr | null): Property {
	const prop: Property = {
		type,
		text: '',
		visible: { expr: dep, tri: 0 },
		expr,
		menu: p.current_entry,
		filename: p.lexer.cur_filename,
		lineno: p.lexer.cur_lineno,
	};
	p.current_entry.sym?.prop.push(prop);
	return prop;
}

function menu_add_prompt(p: Parser, type: PropType, text: string, dep: Expr | null): void {
	const prop = menu_add_prop(p, type, null, dep);
	prop.text = text.trimStart();
	if (prop.text !== text) prop_warn(p.kconf, prop, 'leading whitespace ignored');
	if (p.current_entry.prompt) prop_warn(p.kconf, prop, 'prompt redefined');
	if (type === 'prompt') {
		// "visible if" of the menus around it hides prompts, and nothing but prompts.
		for (let menu = p.current_entry.parent; menu; menu = menu.parent) {
			prop.visible.expr = expr_alloc_and(prop.visible.expr, menu.visibility);
		}
	}
	p.current_entry.prompt = prop;
}

// --- statements --------------------------------------------------------------------------

/** Parses statements up to the end of a block or of the input. */
function stmt_list(p: Parser, in_choice: boolean, nested: boolean): void {
	for (;;) {
		const first = peek(p);
		if (first.type === 'eof' || (nested && is_end(first))) return;
		try {
			statement(p, in_choice);
		} catch (e) {
			if (!(e instanceof SyntaxFault)) throw e;
			skip_line(p);
			const unknown = first.type === 'word' && !in_choice;
			zconf_error(p, unknown ? `unknown statement "${first.value}"` : 'invalid statement');
		}
	}
}

function skip_line(p: Parser): void {
	while (peek(p).type !== 'eol') {
		if (peek(p).type === 'eof') throw new Abort();
		p.ahead = null;
	}
	shift(p);
}

const END_OF: Readonly<Record<string, string>> = {
	endmenu: 'menu',
	endchoice: 'choice',
	endif: 'if',
};

const is_end = (token: Token): boolean => token.type in END_OF;

/** Where a statement goes to be parsed, by its first token. */
const STATEMENTS: Readonly<Record<string, (p: Parser, in_choice: boolean) => void>> = {
	choice: choice_stmt,
	comment: comment_stmt,
	config: config_stmt,
	if: if_stmt,
	menu: menu_stmt,
	menuconfig: config_stmt,
	rsource: source_stmt,
	source: source_stmt,
	word: assignment_stmt,
};

const ALLOWED_IN_CHOICE: ReadonlySet<string> = new Set(['comment', 'config', 'if']);

function statement(p: Parser, in_choice: boolean): void {
	const { type } = peek(p);
	const parse = in_choice && !ALLOWED_IN_CHOICE.has(type) ? undefined : STATEMENTS[type];
	if (!parse) syntax_error(p);
	parse(p, in_choice);
}

function assignment_stmt(p: Parser): void {
	const name = shift(p).value;
	const op = peek(p).type;
	if (op !== '=' && op !== ':=' && op !== '+=') syntax_error(p);
	shift(p);
	const value = peek(p).type === 'assign_val' ? shift(p).value : '';
	expect(p, 'eol');
	variable_add(p.pp, name, value, op as VariableFlavor);
}

function source_stmt(p: Parser): void {
	const relative = shift(p).type === 'rsource';
	const name = expect(p, 'quoted').value;
	expect(p, 'eol');
	zconf_nextfile(p.lexer, relative ? zconf_relative(p.lexer, name) : name);
}

function config_stmt(p: Parser): void {
	const is_menu = shift(p).type === 'menuconfig';
	const sym = parse_nonconst(p);
	expect(p, 'eol');
	menu_add_entry(p, sym);
	while (config_option(p));
	const entry = p.current_entry;
	if (is_menu) {
		if (entry.prompt) entry.prompt.type = 'menu';
		else p.kconf.host.err(`${where(p)}: warning: menuconfig statement without prompt\n`);
	}
	const choice = p.current_choice;
	if (!choice || is_menu) return;
	if (!entry.prompt) entry_error(p, entry, 'choice member must have a prompt');
	if (sym.type !== S_BOOLEAN) entry_error(p, entry, 'choice member must be bool');
	if (!sym.in_choice) {
		sym.in_choice = choice;
		choice.choice_members.push(sym);
	}
}

const TYPES: Readonly<Record<string, SymbolType>> = {
	bool: S_BOOLEAN,
	tristate: S_TRISTATE,
	int: S_INT,
	hex: S_HEX,
	string: S_STRING,
};

/** One attribute of a config entry; false if the next line is none. */
function config_option(p: Parser): boolean {
	const { type } = peek(p);
	const symbol_type = TYPES[type];
	if (symbol_type) {
		shift(p);
		const text = peek(p).type === 'quoted' ? shift(p).value : null;
		const dep = text === null ? null : parse_if_expr(p);
		if (text !== null) menu_add_prompt(p, 'prompt', text, dep);
		expect(p, 'eol');
		menu_set_type(p, symbol_type);
		return true;
	}
	switch (type) {
		case 'prompt':
			prompt_option(p);
			return true;
		case 'default':
		case 'def_bool':
		case 'def_tristate':
			default_option(p, type);
			return true;
		case 'select':
		case 'imply': {
			shift(p);
			const target = expr_alloc_symbol(parse_nonconst(p));
			const dep = parse_if_expr(p);
			expect(p, 'eol');
			menu_add_prop(p, type, target, dep);
			return true;
		}
		case 'range':
			range_option(p);
			return true;
		case 'modules':
			modules_option(p);
			return true;
		default:
			return depends_or_help(p);
	}
}

function prompt_option(p: Parser): void {
	shift(p);
	const text = expect(p, 'quoted').value;
	const dep = parse_if_expr(p);
	expect(p, 'eol');
	menu_add_prompt(p, 'prompt', text, dep);
}

function default_option(p: Parser, type: string): void {
	shift(p);
	const value = parse_expr(p);
	const dep = parse_if_expr(p);
	expect(p, 'eol');
	menu_add_prop(p, 'default', value, dep);
	if (type !== 'default') menu_set_type(p, type === 'def_bool' ? S_BOOLEAN : S_TRISTATE);
}

function range_option(p: Parser): void {
	shift(p);
	const low = parse_symbol(p);
	const high = parse_symbol(p);
	const dep = parse_if_expr(p);
	expect(p, 'eol');
	menu_add_prop(p, 'range', expr_alloc_comp('range', low, high), dep);
}

function modules_option(p: Parser): void {
	shift(p);
	expect(p, 'eol');
	const sym = p.current_entry.sym;
	const old = p.kconf.modules_sym;
	if (old) {
		const by = `already defined by symbol '${old.name}'`;
		zconf_error(p, `symbol '${sym?.name}' redefines option 'modules' ${by}`);
	}
	p.kconf.modules_sym = sym;
}

function depends_or_help(p: Parser): boolean {
	if (depends_option(p)) return true;
	if (peek(p).type !== 'help') return false;
	help_option(p);
	return true;
}

function depends_option(p: Parser): boolean {
	if (!accept(p, 'depends')) return false;
	expect(p, 'on');
	const dep = parse_expr(p);
	expect(p, 'eol');
	p.current_entry.dep = expr_alloc_and(p.current_entry.dep, dep);
	return true;
}

function help_option(p: Parser): void {
	shift(p);
	expect(p, 'eol');
	const text = zconf_starthelp(p.lexer);
	const entry = p.current_entry;
	const name = entry.sym?.name ?? '<choice>';
	const warn = (what: string) => p.kconf.host.err(`${where(p)}: warning: '${name}' ${what}\n`);
	if (entry.help !== null) {
		warn('defined with more than one help text -- only the last one will be used');
	}
	if (text.trim() === '') warn('defined with blank help text');
	entry.help = text;
}

function choice_stmt(p: Parser): void {
	shift(p);
	expect(p, 'eol');
	menu_add_entry(p, sym_lookup(p.kconf, null));
	menu_set_type(p, S_BOOLEAN);
	while (choice_option(p));
	if (!p.current_entry.prompt) entry_error(p, p.current_entry, 'choice must have a prompt');
	const menu = menu_add_menu(p);
	p.current_choice = menu;
	block(p, 'choice', menu, true, () => {
		p.current_choice = null;
	});
}

function choice_option(p: Parser): boolean {
	switch (peek(p).type) {
		case 'prompt':
		case 'bool':
			prompt_option(p);
			return true;
		case 'default': {
			shift(p);
			const sym = parse_nonconst(p);
			const dep = parse_if_expr(p);
			expect(p, 'eol');
			menu_add_prop(p, 'default', expr_alloc_symbol(sym), dep);
			return true;
		}
		default:
			return depends_or_help(p);
	}
}

function comment_stmt(p: Parser): void {
	shift(p);
	const text = expect(p, 'quoted').value;
	expect(p, 'eol');
	menu_add_entry(p, null);
	menu_add_prompt(p, 'comment', text, null);
	while (depends_option(p));
}

function if_stmt(p: Parser, in_choice: boolean): void {
	shift(p);
	const dep = parse_expr(p);
	expect(p, 'eol');
	menu_add_entry(p, null);
	p.current_entry.dep = expr_alloc_and(p.current_entry.dep, dep);
	block(p, 'if', menu_add_menu(p), in_choice);
}

function menu_stmt(p: Parser): void {
	shift(p);
	const text = expect(p, 'quoted').value;
	expect(p, 'eol');
	menu_add_entry(p, null);
	menu_add_prompt(p, 'menu', text, null);
	while (depends_option(p) || visible_option(p));
	block(p, 'menu', menu_add_menu(p), false);
}

function visible_option(p: Parser): boolean {
	if (!accept(p, 'visible')) return false;
	const dep = parse_if_expr(p);
	expect(p, 'eol');
	p.current_entry.visibility = expr_alloc_and(p.current_entry.visibility, dep);
	return true;
}

/** The statements of a block, and its end. */
function block(p: Parser, name: string, menu: Menu, in_choice: boolean, at_end?: () => void): void {
	try {
		stmt_list(p, in_choice, true);
		if (peek(p).type === 'eof') {
			if (p.quiet === 0) {
				p.errors++;
				p.kconf.host.err(`${where(p)}: syntax error\n`);
			}
			throw new Abort();
		}
		const end = END_OF[shift(p).type] as string;
		expect(p, 'eol');
		at_end?.();
		if (zconf_endtoken(p, end, name)) menu_end_menu(p);
	} catch (e) {
		if (e instanceof Abort || e instanceof SyntaxFault) {
			const at = `${menu.filename}:${menu.lineno}`;
			p.kconf.host.err(`${at}: missing end statement for this entry\n`);
			if (p.current_menu === menu) menu_end_menu(p);
		}
		throw e;
	}
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
	try {
		if (peek(p).type === 'mainmenu') {
			shift(p);
			const text = expect(p, 'quoted').value;
			expect(p, 'eol');
			menu_add_prompt(p, 'menu', text, null);
		}
	} catch (e) {
		if (!(e instanceof SyntaxFault)) throw e;
		skip_line(p);
		zconf_error(p, 'invalid statement');
	}
	stmt_list(p, false, false);
}

function choice_check_sanity(p: Parser, menu: Menu): void {
	for (const prop of menu.sym?.prop ?? []) {
		if (prop.type === 'default') {
			entry_error(p, prop, 'defaults for choice values not supported');
		}
		const outside = prop.menu !== menu && prop.menu.parent !== menu.parent;
		if (prop.type === 'prompt' && outside) {
			entry_error(p, prop, 'choice value has a prompt outside its choice group');
		}
	}
}

/** Reads a Kconfig file and all that it sources into `kconf`. Ends with ConfExit(1) on errors. */
export function conf_parse(kconf: Kconf, name: string): void {
	const lexer = lexer_init(kconf);
	const pp = preprocess_init(kconf, () => ({
		filename: lexer.cur_filename,
		lineno: lexer.stack.at(-1)?.lineno ?? 0,
	}));
	lexer.pp = pp;
	const { rootmenu } = kconf;
	const p: Parser = {
		kconf,
		lexer,
		pp,
		ahead: null,
		quiet: 0,
		errors: 0,
		current_menu: rootmenu,
		current_entry: rootmenu,
		current_choice: null,
		link: (menu) => {
			rootmenu.list = menu;
		},
	};
	zconf_initscan(lexer, name);
	try {
		input(p);
	} catch (e) {
		if (!(e instanceof Abort)) throw e;
	}
	if (p.errors > 0) throw new ConfExit(1);
	kconf.modules_sym ??= kconf.symbol_no;
	if (!rootmenu.prompt) {
		p.current_entry = rootmenu;
		menu_add_prompt(p, 'menu', 'Main menu', null);
	}
	menu_finalize(kconf);
	for (const menu of menu_for_each_entry(kconf)) {
		if (menu.sym && sym_check_deps(kconf, menu.sym)) p.errors++;
		if (menu.sym?.name !== null) continue;
		for (const child of menu_for_each_sub_entry(menu)) choice_check_sanity(p, child);
	}
	if (p.errors > 0) throw new ConfExit(1);
	kconf.conf_changed = true;
}
