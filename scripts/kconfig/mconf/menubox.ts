// SPDX-License-Identifier: GPL-2.0-only
//
// The box that shows a menu: a list of entries and five buttons. Mirrors Linux's
// scripts/kconfig/lxdialog/menubox.c. Added: Home and End, function keys as in nconf, and
// the keys of what mconf does not have (jump, symbol information, explanation).

import type { Dialog, Key, Size } from "./dialog.ts";
import {
	draw_box,
	FULL_ROWS,
	first_alpha,
	full_height,
	full_width,
	open_dialog,
	print_arrows,
	print_autowrap,
	print_buttons,
} from "./dialog.ts";
import type { Item } from "./items.ts";
import type { Style, Window } from "./screen.ts";
import { characters, cut, fill, put, set_cursor, subwin, text_width } from "./screen.ts";

/** What the user wants to happen with the chosen entry. */
export type MenuAction =
	| "select"
	| "exit"
	| "help"
	| "save"
	| "load"
	| "yes"
	| "no"
	| "mod"
	| "toggle"
	| "search"
	| "show_all"
	| "jump"
	| "info"
	| "why";

export interface MenuResult {
	readonly action: MenuAction;
	readonly item: Item | null;
	/** How far the list was scrolled, to be handed in again. */
	readonly scroll: number;
}

const BUTTONS = ["Select", " Exit ", " Help ", " Save ", " Load "];
const BUTTON_ACTIONS: readonly MenuAction[] = ["select", "exit", "help", "save", "load"];

/** Letters that are never hotkeys. */
const EXEMPT = "YyNnMmHh";

/** Keys that count if no entry in sight has them as its hotkey. */
const COMMANDS: Readonly<Record<Key, MenuAction>> = {
	h: "help",
	"?": "help",
	f1: "help",
	s: "yes",
	y: "yes",
	n: "no",
	m: "mod",
	" ": "toggle",
	"/": "search",
	f8: "search",
	z: "show_all",
	f4: "show_all",
	e: "exit",
	x: "exit",
	escape: "exit",
	f5: "exit",
	f9: "exit",
	f6: "save",
	f7: "load",
	j: "jump",
	"ctrl-f": "jump",
	i: "info",
	f2: "info",
	w: "why",
	f3: "why",
};

/** Capital letters that are commands even if an entry has the letter as its hotkey. */
const ALWAYS = /^[JIWZ]$/;

interface Layout {
	readonly height: number;
	readonly width: number;
	readonly instructions: number;
	readonly menu_height: number;
	readonly menu_width: number;
	readonly item_x: number;
}

function layout(size: Size): Layout {
	const height = full_height(size);
	const width = full_width(size);
	const instructions = size.rows >= FULL_ROWS ? 4 : 0;
	const menu_width = width - 6;
	const item_x = menu_width >= 80 ? Math.floor((menu_width - 70) / 2) : menu_width >= 60 ? 4 : 1;
	return { height, width, instructions, menu_height: height - 6 - instructions, menu_width, item_x };
}

const MOVES: Readonly<Record<Key, (list: List, max: number) => void>> = {
	up: (list) => step_up(list),
	"-": (list) => step_up(list),
	down: (list, max) => step_down(list, max),
	"+": (list, max) => step_down(list, max),
	pageup(list, max) {
		for (let i = 0; i < max; i++) {
			if (list.scroll > 0) list.scroll--;
			else if (list.choice > 0) list.choice--;
		}
	},
	pagedown(list, max) {
		for (let i = 0; i < max; i++) {
			if (list.scroll + max < list.count) list.scroll++;
			else if (list.choice + 1 < max) list.choice++;
		}
	},
	home(list) {
		list.scroll = 0;
		list.choice = 0;
	},
	end(list, max) {
		list.scroll = Math.max(0, list.count - max);
		list.choice = Math.max(0, max - 1);
	},
};

/** A list of which a part is in sight; the chosen entry is `scroll + choice`. */
interface List {
	readonly count: number;
	scroll: number;
	choice: number;
}

/** The list scrolls while there is one entry left to be seen ahead of the chosen one. */
function step_up(list: List): void {
	if (list.choice < 2 && list.scroll > 0) list.scroll--;
	else list.choice = Math.max(list.choice - 1, 0);
}

function step_down(list: List, max: number): void {
	if (list.choice > max - 3 && list.scroll + max < list.count) list.scroll++;
	else list.choice = Math.min(list.choice + 1, Math.max(max - 1, 0));
}

/** Brings an entry into sight: where it was, else in the middle. */
function settle(list: List, at: number, max: number): void {
	if (list.scroll <= at && list.scroll + max > at && list.scroll + max <= list.count) {
		list.choice = at - list.scroll;
		return;
	}
	const last = Math.max(0, list.count - max);
	const half = Math.floor(max / 2);
	list.scroll = at < max ? 0 : at >= list.count - half ? last : at - half;
	list.choice = at - list.scroll;
}

/** Shows a menu. `selected` is the entry to begin at, `scroll` what the last time returned. */
export function dialog_menu(
	title: string,
	instructions: string,
	items: readonly Item[],
	selected: unknown,
	scroll: number,
): Dialog<MenuResult> {
	const begin = Math.max(0, selected ? items.findLastIndex((item) => item.menu === selected) : 0);
	const list: List = { count: items.length, scroll, choice: -1 };
	let button = 0;
	let height = 0;

	/** Number of entries in sight. Settles the list first if the screen has a new size. */
	const in_sight = (size: Size): number => {
		const { menu_height } = layout(size);
		const max = Math.min(menu_height, items.length);
		const at = list.choice < 0 ? begin : list.scroll + list.choice;
		if (height !== menu_height) settle(list, at, max);
		height = menu_height;
		return max;
	};

	/** The next entry in sight with this hotkey, or -1. */
	const hotkey = (key: Key, max: number): number => {
		const has = (i: number): boolean => {
			const text = characters(items[list.scroll + i]?.text ?? "");
			return text[first_alpha(text, EXEMPT)]?.toLowerCase() === key;
		};
		for (let i = list.choice + 1; i < max; i++) if (has(i)) return i;
		for (let i = 0; i < max; i++) if (has(i)) return i;
		return -1;
	};

	return {
		draw(screen) {
			const lay = layout(screen);
			const max = in_sight(screen);
			const win = open_dialog(screen, lay.height, lay.width, title);
			print_autowrap(win, instructions, 1, lay.instructions);
			const frame = subwin(win, lay.menu_height + 2, lay.menu_width + 2, lay.instructions + 1, 2);
			draw_box(frame, "menubox_border", "menubox");
			print_buttons(win, BUTTONS, Math.min(12, Math.floor((lay.width - 10) / 4)), button);
			const menu = subwin(frame, lay.menu_height, lay.menu_width, 1, 1);
			for (let i = 0; i < max; i++) {
				print_item(menu, i, items[list.scroll + i] as Item, lay.item_x, i === list.choice);
			}
			const more = { above: list.scroll > 0, below: list.scroll + max < items.length };
			print_arrows(frame, lay.item_x + 1, 0, lay.menu_height + 1, more);
			set_cursor(menu, Math.max(0, list.choice), lay.item_x + 1);
		},
		press(key, screen) {
			const max = in_sight(screen);
			const done = (action: MenuAction) => {
				const item = items[list.scroll + list.choice] ?? null;
				return { result: { action, item, scroll: list.scroll } };
			};
			const lower = key.length === 1 ? key.toLowerCase() : key;
			const single = key.length === 1 && !"ynmh ".includes(lower) && !ALWAYS.test(key);
			const hot = single ? hotkey(lower, max) : -1;
			const move = MOVES[key];
			if (hot >= 0) list.choice = hot;
			else if (move) {
				if (items.length > 0) move(list, max);
			} else if (key === "left" || key === "backtab") button = (button + 4) % 5;
			else if (key === "right" || key === "tab") button = (button + 1) % 5;
			else if (key === "enter") return done(BUTTON_ACTIONS[button] as MenuAction);
			else if (COMMANDS[lower]) return done(COMMANDS[lower]);
			return null;
		},
	};
}

function print_item(win: Window, y: number, item: Item, x: number, selected: boolean): void {
	const look = (style: "item" | "tag_key"): Style => (selected ? `${style}_selected` : style);
	const text = cut(item.text, win.width - x);
	fill(win, y, "menubox");
	put(win, y, x, text, look("item"));
	if (item.tag === ":") return;
	const letters = characters(text);
	const at = first_alpha(letters, EXEMPT);
	const before = text_width(letters.slice(0, at).join(""));
	put(win, y, x + before, letters[at] ?? " ", look("tag_key"));
}
