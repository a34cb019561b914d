// SPDX-License-Identifier: GPL-2.0-only
//
// The box in which one of several is chosen. Mirrors Linux's
// scripts/kconfig/lxdialog/checklist.c, as far as it is used: as a radio list.

import type { Dialog, Key, Size } from "./dialog.ts";
import { draw_box, open_dialog, print_arrows, print_autowrap, print_buttons } from "./dialog.ts";
import type { Item } from "./items.ts";
import type { Window } from "./screen.ts";
import { characters, cut, fill, put, set_cursor, subwin, text_width } from "./screen.ts";

export interface ChecklistResult {
	readonly action: "select" | "help" | "info" | "why" | "exit";
	readonly item: Item | null;
}

const BUTTONS = ["Select", " Help "];
const HEIGHT = 15;
const WIDTH = 65;
const LIST_HEIGHT = 6;

function layout(size: Size) {
	const full = size.rows >= HEIGHT + 3;
	const height = full ? HEIGHT : Math.min(HEIGHT, size.rows - 2);
	const instructions = full ? 3 : 0;
	const list_height = Math.min(LIST_HEIGHT, height - 6 - instructions);
	return { height, width: Math.min(WIDTH, size.cols - 4), instructions, list_height };
}

const ACTIONS: Readonly<Record<Key, ChecklistResult["action"]>> = {
	h: "help",
	"?": "help",
	f1: "help",
	s: "select",
	" ": "select",
	x: "exit",
	escape: "exit",
	f5: "exit",
	f2: "info",
	f3: "why",
};

/** Shows a radio list. The item with the tag X is the one that is chosen now. */
export function dialog_checklist(
	title: string,
	instructions: string,
	items: readonly Item[],
	selected: unknown,
): Dialog<ChecklistResult> {
	let at = items.findIndex((item) => item.menu === selected);
	if (at < 0) at = items.findIndex((item) => item.tag === "X");
	at = Math.max(0, at);
	let scroll = 0;
	let button = 0;
	const follow = (height: number): void => {
		if (at < scroll) scroll = at;
		if (at >= scroll + height) scroll = at - height + 1;
	};
	const move = (by: number): void => {
		at = Math.max(0, Math.min(items.length - 1, at + by));
	};
	return {
		draw(screen) {
			const lay = layout(screen);
			follow(lay.list_height);
			const win = open_dialog(screen, lay.height, lay.width, title);
			print_autowrap(win, instructions, 1, lay.instructions);
			const list_width = lay.width - 6;
			const y = lay.height - lay.list_height - 5;
			const frame = subwin(win, lay.list_height + 2, list_width + 2, y, 2);
			draw_box(frame, "menubox_border", "menubox");
			const list = subwin(frame, lay.list_height, list_width, 1, 1);
			const longest = Math.max(0, ...items.map((item) => text_width(item.text) + 4));
			const check_x = Math.floor((list_width - Math.min(longest, list_width)) / 2);
			for (let i = 0; i < lay.list_height; i++) {
				const item = items[scroll + i];
				if (item) print_item(list, i, item, check_x, scroll + i === at);
			}
			const below = scroll + lay.list_height < items.length;
			print_arrows(frame, check_x + 5, 0, lay.list_height + 1, { above: scroll > 0, below });
			print_buttons(win, BUTTONS, 14, button);
			set_cursor(list, at - scroll, check_x + 1);
		},
		press(key, screen) {
			const { list_height } = layout(screen);
			follow(list_height);
			const done = (action: ChecklistResult["action"]) => ({
				result: { action, item: items[at] ?? null },
			});
			const hot = items
				.slice(scroll, scroll + list_height)
				.findIndex((item) => characters(item.text)[0]?.toUpperCase() === key.toUpperCase());
			if (hot >= 0) at = scroll + hot;
			else if (key === "up" || key === "-") move(-1);
			else if (key === "down" || key === "+") move(1);
			else if (key === "pageup") move(-list_height);
			else if (key === "pagedown") move(list_height);
			else if (key === "home") move(-items.length);
			else if (key === "end") move(items.length);
			else if (["tab", "backtab", "left", "right"].includes(key)) button = 1 - button;
			else if (key === "enter") return done(button === 0 ? "select" : "help");
			else {
				const action = ACTIONS[key.length === 1 ? key.toLowerCase() : key];
				if (action) return done(action);
			}
			return null;
		},
	};
}

function print_item(win: Window, y: number, item: Item, x: number, selected: boolean): void {
	const text = characters(cut(item.text, win.width - x - 4));
	fill(win, y, "menubox");
	if (item.tag !== ":") {
		put(win, y, x, `(${item.tag === "X" ? "X" : " "})`, selected ? "check_selected" : "check");
	}
	const at = put(win, y, x + 4, text[0] ?? " ", selected ? "tag_selected" : "tag");
	put(win, y, at, text.slice(1).join(""), selected ? "item_selected" : "item");
}
