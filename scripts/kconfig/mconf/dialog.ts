// SPDX-License-Identifier: GPL-2.0-only
//
// What all dialogue boxes have in common: frames, titles, buttons, wrapped text. Mirrors the
// drawing part of Linux's scripts/kconfig/lxdialog/util.c.

import type { Screen, Style, Window } from "./screen.ts";
import { characters, cut, fill, put, restyle, stdscr, subwin, text_width } from "./screen.ts";

/** A key: a character, or the name of a key that is none ("up", "enter", "escape"). */
export type Key = string;

/**
 * A box on the screen that takes keys. What it remembers is in its own closure; it knows no
 * terminal. `press` returns a result when the box is done.
 */
export interface Dialog<R> {
	/** For the last line of the screen. */
	readonly hint?: string;
	draw(screen: Screen): void;
	press(key: Key, screen: Size): { readonly result: R } | null;
}

export interface Size {
	readonly rows: number;
	readonly cols: number;
}

/** Below this nothing useful can be shown. */
export const MIN_ROWS = 12;
export const MIN_COLS = 52;
/** From here on there are margins and instructions, as in the kernel's mconf. */
export const FULL_ROWS = 19;

/** Space that the two lines on top and the margins take away from a full-size box. */
export function full_height(size: Size): number {
	return size.rows >= FULL_ROWS ? size.rows - 4 : size.rows - 2;
}

export function full_width(size: Size): number {
	return size.cols - 5;
}

const LINES = {
	utf8: { h: "─", v: "│", ul: "┌", ur: "┐", ll: "└", lr: "┘", lt: "├", rt: "┤" },
} as const;
const ARROW_UP = "↑";
const ARROW_DOWN = "↓";
const ARROW_RIGHT = "→";

/** For a terminal without UTF-8: what stands in for the characters that draw lines. */
export const ASCII_LINES: Readonly<Record<string, string>> = {
	"─": "-",
	"│": "|",
	"┌": "+",
	"┐": "+",
	"└": "+",
	"┘": "+",
	"├": "+",
	"┤": "+",
	[ARROW_UP]: "^",
	[ARROW_DOWN]: "v",
	[ARROW_RIGHT]: ">",
};

/** A frame. Its upper and left edges look like `border`, the others and the inside like `box`. */
export function draw_box(win: Window, box: Style, border: Style): void {
	const { h, v, ul, ur, ll, lr } = LINES.utf8;
	const { height, width } = win;
	const inner = width - 2;
	put(win, 0, 0, `${ul}${h.repeat(inner)}`, border);
	put(win, 0, width - 1, ur, box);
	for (let y = 1; y < height - 1; y++) {
		fill(win, y, box);
		put(win, y, 0, v, border);
		put(win, y, width - 1, v, box);
	}
	put(win, height - 1, 0, ll, border);
	put(win, height - 1, 1, `${h.repeat(inner)}${lr}`, box);
}

/** The line across a box above its buttons. */
function draw_separator(win: Window, y: number): void {
	const { h, lt, rt } = LINES.utf8;
	put(win, y, 0, `${lt}${h.repeat(win.width - 2)}`, "border");
	put(win, y, win.width - 1, rt, "dialog");
}

/** Opens a box in the middle of the screen, below the two lines on top. */
export function open_dialog(screen: Screen, height: number, width: number, title: string | null): Window {
	const all = stdscr(screen);
	const y = Math.max(2, Math.floor((screen.rows - height) / 2));
	const x = Math.max(0, Math.floor((screen.cols - width) / 2));
	restyle(all, y + height, x + 2, width, "shadow");
	for (let i = y + 1; i <= y + height; i++) restyle(all, i, x + width, 2, "shadow");
	const win = subwin(all, height, width, y, x);
	draw_box(win, "dialog", "border");
	draw_separator(win, height - 3);
	if (title !== null) print_title(win, title);
	return win;
}

function print_title(win: Window, title: string): void {
	const text = cut(title, win.width - 2);
	const x = Math.floor((win.width - text_width(text)) / 2);
	if (x > 1) put(win, 0, x - 1, " ", "title");
	const end = put(win, 0, x, text, "title");
	if (end < win.width - 1) put(win, 0, end, " ", "title");
}

/** A row of buttons; the first letter of each label is marked. Returns where the cursor is. */
export function print_buttons(
	win: Window,
	labels: readonly string[],
	step: number,
	selected: number,
): { y: number; x: number } {
	const y = win.height - 2;
	const last = text_width(labels.at(-1) ?? "") + 2;
	const start = Math.floor(win.width / 2) - Math.floor((step * (labels.length - 1) + last) / 2);
	for (const [i, label] of labels.entries()) {
		print_button(win, label, y, start + i * step, i === selected);
	}
	return { y, x: start + selected * step + 1 };
}

export function print_button(win: Window, label: string, y: number, x: number, selected: boolean): void {
	const look = (part: "button" | "button_key" | "button_label"): Style =>
		`${part}_${selected ? "active" : "inactive"}`;
	const [, blanks, letter, rest] = /^( *)(.)(.*)$/.exec(label) as RegExpExecArray;
	let at = put(win, y, x, "<", look("button"));
	at = put(win, y, at, blanks as string, look("button_label"));
	at = put(win, y, at, letter as string, look("button_key"));
	at = put(win, y, at, rest as string, look("button_label"));
	put(win, y, at, ">", look("button"));
}

/**
 * Prints text from row `y` on, wrapped between words. A text that fits on one line is
 * centred. Two blanks begin a sentence: a short word there goes to the next line together
 * with the word after it. Returns the last row.
 */
export function print_autowrap(win: Window, text: string, y: number, rows: number): number {
	const left = 3;
	const width = win.width - 2;
	if (text_width(text) <= width - left * 2 && !text.includes("\n")) {
		if (rows > 0) put(win, y, Math.floor((width - text_width(text)) / 2), text, "dialog");
		return y;
	}
	let row = y;
	let x = left;
	let sentence = true;
	const parts = [...text.matchAll(/([^ \n]*)(\n| +|$)/g)];
	for (const [i, part] of parts.entries()) {
		const word = part[1] as string;
		const gap = part[2] as string;
		const next = parts[i + 1]?.[1] ?? "";
		const size = text_width(word);
		const room = width - x;
		const lonely = sentence && size < 4 && gap !== "" && size + 1 + text_width(next) > room;
		if (size > room || lonely) {
			row++;
			x = left;
		}
		if (row - y < rows) put(win, row, x, word, "dialog");
		x += size;
		sentence = gap.length > 1;
		if (gap === "\n") {
			row++;
			x = left;
		} else x += Math.min(gap.length, 2);
	}
	return row;
}

/** Marks at the edges of a list that more of it is out of sight. */
export function print_arrows(
	win: Window,
	x: number,
	top: number,
	bottom: number,
	more: { above: boolean; below: boolean },
): void {
	const line = LINES.utf8.h.repeat(4);
	put(win, top, x, more.above ? `${ARROW_UP}(-)` : line, more.above ? "uarrow" : "menubox");
	const below = more.below ? `${ARROW_DOWN}(+)` : line;
	put(win, bottom, x, below, more.below ? "darrow" : "menubox_border");
}

/**
 * The place of the letter that is an entry's hotkey: the first outside of brackets that is
 * not exempt; 0 if there is none.
 */
export function first_alpha(text: readonly string[], exempt: string): number {
	let depth = 0;
	for (const [i, ch] of text.entries()) {
		if ("<[(".includes(ch)) depth++;
		if (">])".includes(ch) && depth > 0) depth--;
		if (depth === 0 && /^[A-Za-z]$/.test(ch) && !exempt.includes(ch)) return i;
	}
	return 0;
}

/** Draws what is behind every box: the title, and where in the tree the reader is. */
export function draw_background(screen: Screen, title: string, trail: readonly string[]): void {
	const win = stdscr(screen);
	for (let y = 0; y < screen.rows; y++) fill(win, y, "screen");
	put(win, 0, 1, title, "screen");
	const { h } = LINES.utf8;
	const path = trail.map((text) => `${ARROW_RIGHT} ${text} `).join("");
	const room = screen.cols - 2;
	const width = text_width(path);
	if (width <= room) {
		put(win, 1, 1, path, "screen");
		put(win, 1, width + 1, h.repeat(screen.cols - 2 - width), "screen");
		return;
	}
	const mark = "[...] ";
	const rest = characters(path);
	while (text_width(rest.join("")) > room - mark.length) rest.shift();
	put(win, 1, 1, `${mark}${rest.join("")}`, "screen");
}
