// SPDX-License-Identifier: GPL-2.0-only
//
// A screen in memory: rows of cells, each a character and what it is part of. It stands in
// for the curses library under Linux's scripts/kconfig/lxdialog. Nothing here knows a
// terminal: tty.ts shows a screen, tests read it as text.

import stringWidth from "string-width";

/** What a cell is part of. A theme says how that looks. */
export const STYLES = [
	"screen",
	"shadow",
	"dialog",
	"title",
	"border",
	"button_active",
	"button_inactive",
	"button_key_active",
	"button_key_inactive",
	"button_label_active",
	"button_label_inactive",
	"inputbox",
	"position_indicator",
	"menubox",
	"menubox_border",
	"item",
	"item_selected",
	"tag",
	"tag_selected",
	"tag_key",
	"tag_key_selected",
	"check",
	"check_selected",
	"uarrow",
	"darrow",
] as const;

export type Style = (typeof STYLES)[number];

export interface Cell {
	/** One character as the reader sees it; empty behind one that takes two cells. */
	ch: string;
	style: Style;
}

export interface Screen {
	readonly rows: number;
	readonly cols: number;
	readonly cells: Cell[][];
	cursor: { y: number; x: number } | null;
}

/** A rectangle of a screen. Positions in it count from its upper left corner. */
export interface Window {
	readonly screen: Screen;
	readonly y: number;
	readonly x: number;
	readonly height: number;
	readonly width: number;
}

export function screen_alloc(rows: number, cols: number): Screen {
	const cells = Array.from({ length: rows }, () =>
		Array.from({ length: cols }, (): Cell => ({ ch: " ", style: "screen" })),
	);
	return { rows, cols, cells, cursor: null };
}

/** The whole screen as a window. */
export function stdscr(screen: Screen): Window {
	return { screen, y: 0, x: 0, height: screen.rows, width: screen.cols };
}

export function subwin(win: Window, height: number, width: number, y: number, x: number): Window {
	return { screen: win.screen, y: win.y + y, x: win.x + x, height, width };
}

const segmenter = new Intl.Segmenter();
const ASCII = /^[\x20-\x7e]*$/;

/** The characters of a text as the reader sees them: a letter with its accents is one. */
export function characters(text: string): string[] {
	return ASCII.test(text) ? [...text] : Array.from(segmenter.segment(text), (s) => s.segment);
}

/** How many cells a text takes. */
export function text_width(text: string): number {
	return ASCII.test(text) ? text.length : stringWidth(text);
}

/** Cells that a character takes; what cannot be shown (a tab, an escape) takes one. */
function char_width(ch: string): number {
	return ASCII.test(ch) ? 1 : /^\p{Cc}/u.test(ch) ? 1 : stringWidth(ch);
}

/** As much of a text as fits into a number of cells, never half a character. */
export function cut(text: string, width: number): string {
	if (text.length <= width && ASCII.test(text)) return text;
	let room = width;
	let out = "";
	for (const ch of characters(text)) {
		room -= char_width(ch);
		if (room < 0) break;
		out += ch;
	}
	return out;
}

/** Puts text into a window, cut at its edges. Returns the column behind the text. */
export function put(win: Window, y: number, x: number, text: string, style: Style): number {
	const row = y >= 0 && y < win.height ? win.screen.cells[win.y + y] : undefined;
	let at = x;
	for (const ch of characters(text)) {
		const width = char_width(ch);
		if (width === 0) continue;
		if (at + width > win.width) return at;
		if (row && at >= 0) {
			const shown = /^\p{Cc}/u.test(ch) ? " " : ch;
			for (let i = 0; i < width; i++) set_cell(row, win.x + at + i, i === 0 ? shown : "", style);
		}
		at += width;
	}
	return at;
}

function set_cell(row: Cell[], x: number, ch: string, style: Style): void {
	const cell = row[x];
	if (!cell) return;
	cell.ch = ch;
	cell.style = style;
}

export function fill(win: Window, y: number, style: Style): void {
	put(win, y, 0, " ".repeat(win.width), style);
}

/** Changes how cells look, and not what they show. */
export function restyle(win: Window, y: number, x: number, width: number, style: Style): void {
	for (let i = 0; i < width; i++) {
		const cell = win.screen.cells[win.y + y]?.[win.x + x + i];
		if (cell) cell.style = style;
	}
}

export function set_cursor(win: Window, y: number, x: number): void {
	const at = { y: win.y + y, x: Math.min(win.x + x, win.screen.cols - 1) };
	win.screen.cursor = at;
}

/** The screen as lines of text, for tests. */
export function screen_text(screen: Screen): string[] {
	return screen.cells.map((row) =>
		row
			.map((cell) => cell.ch)
			.join("")
			.trimEnd(),
	);
}
