// SPDX-License-Identifier: GPL-2.0-only
//
// The course of the program: which box comes after which. Mirrors Linux's
// scripts/kconfig/mconf.c. Each function is a generator that hands out a box and gets back
// what the user made of it, so that it reads like the kernel's functions and needs neither a
// terminal nor waiting. Added: jumping to entries, information about them, and a window for
// warnings.

import { choice_set_value, sym_calc_choice, sym_get_choice_menu } from '../choice.ts';
import {
	config_prefix,
	conf_get_configname,
	conf_read,
	conf_write,
	FileError,
} from '../confdata.ts';
import { conf_write_autoconf } from '../conf_auto.ts';
import type { Kconf, Menu, Sym } from '../lkc.ts';
import { ConfExit, mod, no, S_HEX, S_INT, yes } from '../lkc.ts';
import { menu_get_prompt, menu_is_visible } from '../menu.ts';
import type { JumpKey } from '../menu_help.ts';
import { get_relations_str, menu_get_ext_help } from '../menu_help.ts';
import {
	sym_calc_value,
	sym_get_string_value,
	sym_get_tristate_value,
	sym_get_type,
	sym_is_choice,
	sym_set_string_value,
	sym_set_tristate_value,
} from '../symbol.ts';
import { to_bytes, to_text } from '../text.ts';
import { dialog_checklist } from './checklist.ts';
import type { Dialog, Size } from './dialog.ts';
import { info_text } from './info.ts';
import { dialog_inputbox } from './inputbox.ts';
import type { View } from './items.ts';
import { build_choice_items, build_conf, NEXT_TRISTATE } from './items.ts';
import { dialog_jump } from './jumpbox.ts';
import type { MenuResult } from './menubox.ts';
import { dialog_menu } from './menubox.ts';
import { strip_prefix, sym_re_search } from './search.ts';
import type { Scroll, TextOptions, TextResult } from './textbox.ts';
import { dialog_textbox } from './textbox.ts';
import * as texts from './texts.ts';
import { dialog_yesno } from './yesno.ts';

/** The state of the program besides the configuration itself. */
export interface App {
	readonly kconf: Kconf;
	readonly view: View;
	/** The file that is being edited. */
	filename: string;
	/** Texts of the enclosing menus, for the second line of the screen. */
	trail: readonly string[];
	/** Say nothing at the end. */
	readonly silent: boolean;
	/** Warnings that have not been shown yet; the host puts them here. */
	messages: string[];
	/** What the engine has said that is no warning. */
	said: string[];
	/** Warnings that need not be shown again. */
	readonly warned: Set<string>;
	/** What was last typed to jump somewhere. */
	jump_text: string;
	/** Size of the screen as last known. */
	size: Size;
	/** Explains why a symbol has no other value; null if that is not to be had. */
	readonly explain: ((kconf: Kconf, sym: Sym) => string) | null;
}

/** A box on its way to the screen. Whoever runs the generator need not know its result. */
export type Shown = Dialog<unknown>;
type Steps<R> = Generator<Shown, R, unknown>;

/** The engine's strings are bytes: this is the text of a prompt. */
const prompt_of = (menu: Menu): string => to_text(menu_get_prompt(menu));

/** Shows a box and waits for its result. */
function* show<R>(dialog: Dialog<R>): Steps<R> {
	return (yield dialog as Shown) as R;
}

function* show_textbox(
	title: string | null,
	text: string,
	options: TextOptions = {},
): Steps<TextResult> {
	return yield* show(dialog_textbox(title, text, options));
}

/** Shows what the engine has said since the last time, unless it has said that before. */
function* show_warnings(app: App, title = 'Warnings'): Steps<void> {
	const fresh = app.messages.filter((text) => !app.warned.has(text));
	app.messages = [];
	for (const text of fresh) app.warned.add(text);
	if (fresh.length > 0) yield* show_textbox(title, `${fresh.join('').trim()}\n`);
}

/** Is it something that the user can be told, rather than a bug? */
const is_failure = (e: unknown): e is Error => e instanceof ConfExit || e instanceof FileError;

/** Puts an error of the engine into a window, with the text that the kernel has for it. */
function* show_failure(headline: string, e: unknown): Steps<void> {
	if (!is_failure(e)) throw e;
	yield* show_textbox(null, `${headline}\n${to_text(e.message)}`, { height: 6, width: 60 });
}

const calc_all = (kconf: Kconf): void => {
	for (const sym of kconf.all) sym_calc_value(kconf, sym);
};

function* show_help(app: App, menu: Menu): Steps<void> {
	calc_all(app.kconf);
	const text = to_text(menu_get_ext_help(app.kconf, menu, app.size.cols - 10));
	yield* show_textbox(prompt_of(menu), text);
}

function* show_info(app: App, menu: Menu): Steps<void> {
	yield* show_textbox(prompt_of(menu), info_text(app.kconf, menu));
}

function* show_why(app: App, menu: Menu): Steps<void> {
	const { sym } = menu;
	if (!app.explain || !sym || sym_is_choice(sym)) return yield* show_info(app, menu);
	yield* show_textbox(`Why is ${sym.name} as it is?`, to_text(app.explain(app.kconf, sym)));
}

// --- finding ---------------------------------------------------------------------------

function* search_conf(app: App): Steps<void> {
	const { kconf } = app;
	const title = `Enter (sub)string or regexp to search for (with or without "${config_prefix(kconf)}")`;
	let typed = '';
	for (;;) {
		const res = yield* show(
			dialog_inputbox('Search Configuration Parameter', title, 10, 75, typed),
		);
		if (res.action === 'exit') return;
		typed = res.text;
		if (res.action === 'ok') break;
		yield* show_textbox('Search Configuration', texts.SEARCH_HELP);
	}
	const syms = sym_re_search(kconf, strip_prefix(kconf, typed));
	const { trail } = app;
	let scroll: Scroll = { top: 0, left: 0 };
	for (;;) {
		app.trail = [...trail, `Search (${typed})`];
		calc_all(kconf);
		const jumps: JumpKey[] = [];
		const bytes = get_relations_str(kconf, syms, jumps);
		const offset = (jump: JumpKey): number => to_text(bytes.slice(0, jump.offset)).length;
		const extra = (key: string, start: number, end: number): JumpKey | undefined =>
			jumps.find((jump) => jump.key === key && offset(jump) >= start && offset(jump) < end);
		const res = yield* show_textbox('Search Results', to_text(bytes), { scroll, extra });
		scroll = res.scroll;
		if (!res.extra) break;
		yield* go_to(app, (res.extra as JumpKey).target);
	}
	app.trail = trail;
}

function* jump_to(app: App): Steps<void> {
	for (;;) {
		const box = dialog_jump(app.kconf, app.jump_text);
		const res = yield* show(box);
		app.jump_text = box.text();
		if (res.action === 'exit' || !res.target) return;
		if (res.action === 'info') yield* show_info(app, res.target.menu);
		else return yield* go_to(app, res.target.menu);
	}
}

/** The nearest entry around another that has a screen of its own. */
function screen_of(kconf: Kconf, menu: Menu): Menu {
	let at = menu.parent ?? kconf.rootmenu;
	while (at !== kconf.rootmenu && at.prompt?.type !== 'menu') at = at.parent ?? kconf.rootmenu;
	return at;
}

/** Shows an entry where it stands. What is hidden is made to be shown. */
export function* go_to(app: App, target: Menu): Steps<void> {
	const { kconf, view, trail } = app;
	if (!target.prompt) return yield* show_info(app, target);
	let hidden = false;
	for (let at: Menu | null = target; at; at = at.parent) {
		if (at !== kconf.rootmenu && at.prompt && !menu_is_visible(kconf, at)) hidden = true;
		if (view.single_menu) view.unfolded.add(at);
	}
	if (hidden) view.show_all = true;
	const choice = target.parent?.sym && sym_is_choice(target.parent.sym) ? target.parent : null;
	const menu = view.single_menu ? kconf.rootmenu : screen_of(kconf, target);
	const path: string[] = [];
	for (let at = menu; at !== kconf.rootmenu; at = screen_of(kconf, at)) {
		path.unshift(prompt_of(at));
	}
	app.trail = path;
	if (choice && menu_is_visible(kconf, choice)) yield* conf_choice(app, choice, target.sym);
	app.trail = path.slice(0, -1);
	yield* conf(app, menu, choice ?? target);
	app.trail = trail;
}

// --- changing --------------------------------------------------------------------------

function* conf_choice(app: App, menu: Menu, begin: Sym | null = null): Steps<void> {
	const { kconf } = app;
	let active = begin ?? sym_calc_choice(kconf, menu);
	for (;;) {
		const items = build_choice_items(kconf, menu);
		const selected = items.find((item) => item.menu.sym === active)?.menu;
		const title = prompt_of(menu) || 'Main Menu';
		const { action, item } = yield* show(
			dialog_checklist(title, texts.RADIOLIST_INSTRUCTIONS, items, selected),
		);
		if (action === 'exit') return;
		active = item?.menu.sym ?? active;
		const about = item?.menu ?? menu;
		if (action === 'help') yield* show_help(app, about);
		else if (action === 'info') yield* show_info(app, about);
		else if (action === 'why') yield* show_why(app, about);
		else {
			if (!item?.menu.sym) continue;
			choice_set_value(kconf, menu, item.menu.sym);
			return;
		}
	}
}

/** What the range allows now, if there is one. */
function allowed(kconf: Kconf, sym: Sym): string {
	if (sym.type !== S_INT && sym.type !== S_HEX) return '';
	const m = /^Range : \[(.*)\]$/m.exec(get_relations_str(kconf, [sym]));
	return m ? `\nAllowed is the range of ${m[1]}.` : '';
}

function* conf_string(app: App, menu: Menu): Steps<void> {
	const { kconf } = app;
	const sym = menu.sym as Sym;
	const heading = texts.INPUTBOX_INSTRUCTIONS[sym_get_type(kconf, sym)] ?? '';
	for (;;) {
		const title = prompt_of(menu) || 'Main Menu';
		const res = yield* show(dialog_inputbox(title, heading, 10, 75, to_text(sym_get_string_value(sym))));
		if (res.action === 'exit') return;
		if (res.action === 'help') yield* show_help(app, menu);
		else if (sym_set_string_value(kconf, sym, to_bytes(res.text))) return;
		else {
			const more = allowed(kconf, sym);
			const size = more === '' ? { height: 5, width: 43 } : { height: 6, width: 60 };
			yield* show_textbox(null, `${texts.INVALID_ENTRY}${more}`, size);
		}
	}
}

function* conf_load(app: App): Steps<void> {
	for (;;) {
		const box = dialog_inputbox(null, texts.LOAD_CONFIG_TEXT, 11, 55, app.filename);
		const res = yield* show(box);
		if (res.action === 'exit') return;
		if (res.action === 'help') {
			yield* show_textbox('Load Alternate Configuration', texts.LOAD_CONFIG_HELP);
			continue;
		}
		if (res.text === '') return;
		try {
			if (conf_read(app.kconf, to_bytes(res.text))) {
				app.filename = res.text;
				app.kconf.conf_changed = true;
				app.warned.clear();
				return yield* show_warnings(app, res.text);
			}
			yield* show_textbox(null, 'File does not exist!', { height: 5, width: 38 });
		} catch (e) {
			yield* show_failure('File cannot be read!', e);
		}
	}
}

function* conf_save(app: App): Steps<void> {
	for (;;) {
		const box = dialog_inputbox(null, texts.SAVE_CONFIG_TEXT, 11, 55, app.filename);
		const res = yield* show(box);
		if (res.action === 'exit') return;
		if (res.action === 'help') {
			yield* show_textbox('Save Alternate Configuration', texts.SAVE_CONFIG_HELP);
			continue;
		}
		if (res.text === '') return;
		try {
			app.said = [];
			conf_write(app.kconf, to_bytes(res.text));
			const said = conf_messages(app.said);
			if (said !== '') yield* show_textbox(null, said, { height: 6, width: 60 });
			app.filename = res.text;
			return;
		} catch (e) {
			yield* show_failure("Can't create file!", e);
		}
	}
}

/** The text inside of "#\n# text\n#\n" blocks. */
export function conf_messages(messages: readonly string[]): string {
	return messages.join('').replace(/^# (.*)$|^#$\n?/gm, (_all, text?: string) => text ?? '').trim();
}

/** Goes on to the next value that is possible. */
function sym_toggle_tristate_value(kconf: Kconf, sym: Sym): void {
	const choice = sym_get_choice_menu(sym);
	if (choice) {
		choice_set_value(kconf, choice, sym);
		return;
	}
	const old = sym_get_tristate_value(sym);
	for (let next = NEXT_TRISTATE[old]; next !== old; next = NEXT_TRISTATE[next]) {
		if (sym_set_tristate_value(kconf, sym, next)) return;
	}
}

/** Shows a menu until the user leaves it. */
export function* conf(app: App, menu: Menu, active: Menu | null = null): Steps<void> {
	const { kconf, view, trail } = app;
	const own = menu === kconf.rootmenu ? trail : [...trail, prompt_of(menu)];
	let selected = active;
	let scroll = 0;
	for (;;) {
		app.trail = own;
		const items = build_conf(kconf, view, menu);
		yield* show_warnings(app);
		const title = prompt_of(menu) || 'Main Menu';
		const box = dialog_menu(title, texts.MENU_INSTRUCTIONS, items, selected, scroll);
		const hint = app.explain ? texts.MENU_HINT_WHY : texts.MENU_HINT;
		const res: MenuResult = yield* show({ ...box, hint });
		scroll = res.scroll;
		if (res.action === 'exit') break;
		selected = res.item?.menu ?? null;
		yield* menu_action(app, res);
	}
	app.trail = trail;
}

function* menu_action(app: App, { action, item }: MenuResult): Steps<void> {
	const { kconf, view } = app;
	const menu = item?.menu;
	switch (action) {
		case 'select':
			if (item) yield* select_item(app, item);
			return;
		case 'help':
			if (menu?.sym) return yield* show_help(app, menu);
			app.trail = [];
			yield* show_textbox('README', texts.README);
			return;
		case 'info':
			if (menu) yield* show_info(app, menu);
			return;
		case 'why':
			if (menu) yield* show_why(app, menu);
			return;
		case 'save':
			app.trail = [];
			return yield* conf_save(app);
		case 'load':
			app.trail = [];
			return yield* conf_load(app);
		case 'search':
			return yield* search_conf(app);
		case 'jump':
			return yield* jump_to(app);
		case 'show_all':
			view.show_all = !view.show_all;
			return;
		case 'toggle':
			if (item?.tag === 'm') return yield* select_item(app, item);
			if (item?.tag === 't' && menu?.sym && !sym_is_choice(menu.sym)) {
				sym_toggle_tristate_value(kconf, menu.sym);
			}
			return;
		default:
			if (item?.tag === 't' && menu?.sym && !sym_is_choice(menu.sym)) {
				yield* set_value(app, menu.sym, action);
			}
	}
}

function* set_value(app: App, sym: Sym, action: string): Steps<void> {
	const { kconf } = app;
	if (action === 'no') sym_set_tristate_value(kconf, sym, no);
	else if (action === 'mod') sym_set_tristate_value(kconf, sym, mod);
	else if (!sym_set_tristate_value(kconf, sym, yes) && sym_set_tristate_value(kconf, sym, mod)) {
		yield* show_textbox(null, texts.SETMOD_TEXT, { height: 6, width: 74 });
	}
}

/** <Enter>: what it does depends on the kind of entry. */
function* select_item(app: App, item: { tag: string; menu: Menu }): Steps<void> {
	const { menu, tag } = item;
	const { view } = app;
	if (tag === 's') yield* conf_string(app, menu);
	else if (tag === 'm' && view.single_menu) {
		if (!view.unfolded.delete(menu)) view.unfolded.add(menu);
	} else if (tag === 'm') yield* conf(app, menu);
	else if (tag === 't' && menu.sym && sym_is_choice(menu.sym)) yield* conf_choice(app, menu);
	else if (tag === 't' && menu.prompt?.type === 'menu') yield* conf(app, menu);
}

// --- the whole -------------------------------------------------------------------------

/** How the program ended: what to print, and its exit status. */
export interface Ending {
	readonly code: number;
	readonly out: string;
	readonly err: string;
}

/** Asks whether to save if there is something to be saved. Null to go on. */
export function* handle_exit(app: App): Steps<Ending | null> {
	const { kconf } = app;
	app.trail = [];
	if (kconf.conf_changed) {
		const answer = yield* show(dialog_yesno(texts.EXIT_QUESTION, 6, 60));
		if (answer === 'escape') return null;
		if (answer === 'no') return { code: 0, out: '', err: app.silent ? '' : texts.NOT_SAVED };
		return save_at_exit(app);
	}
	return { code: 0, out: app.silent ? '' : texts.END_OF_CONFIGURATION, err: '' };
}

function save_at_exit(app: App): Ending {
	const { kconf } = app;
	app.said = [];
	try {
		conf_write(kconf, to_bytes(app.filename));
		conf_write_autoconf(kconf, false);
	} catch (e) {
		if (!is_failure(e)) throw e;
		return { code: 1, out: '', err: `${texts.NOT_WRITTEN}${to_text(e.message)}\n` };
	}
	const said = conf_messages(app.said);
	return { code: 0, out: app.silent ? '' : `${said}${texts.END_OF_CONFIGURATION}`, err: '' };
}

/** The program from the first menu to the end. */
export function* mconf(app: App): Steps<Ending> {
	for (;;) {
		yield* conf(app, app.kconf.rootmenu);
		const ending = yield* handle_exit(app);
		if (ending) return ending;
	}
}

export function app_alloc(
	kconf: Kconf,
	{ silent = false, explain = null }: Partial<Pick<App, 'silent' | 'explain'>> = {},
): App {
	return {
		kconf,
		view: {
			show_all: false,
			single_menu: kconf.host.env.MENUCONFIG_MODE?.toLowerCase() === 'single_menu',
			unfolded: new Set(),
		},
		filename: to_text(conf_get_configname(kconf)),
		trail: [],
		silent,
		messages: [],
		said: [],
		warned: new Set(),
		jump_text: '',
		size: { rows: 24, cols: 80 },
		explain,
	};
}
