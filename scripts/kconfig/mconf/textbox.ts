// SPDX-License-Identifier: GPL-2.0-only
//
// The box that shows text to scroll through. Mirrors Linux's
// scripts/kconfig/lxdialog/textbox.c.

import type { Dialog, Key, Size } from "./dialog.ts";
import { full_height, full_width, open_dialog, print_button } from "./dialog.ts";
import { characters, put, set_cursor, subwin } from "./screen.ts";

/** Where the reader is in the text: lines from the top, columns from the left. */
export interface Scroll {
	readonly top: number;
	readonly left: number;
}

export interface TextResult {
	/** The key that closed the box. */
	readonly key: Key;
	readonly scroll: Scroll;
	/** What `extra` made of the key; null if the box was closed as usual. */
	readonly extra: unknown;
}

export interface TextOptions {
	/** Fixed size; 0 is as large as the screen. */
	readonly height?: number;
	readonly width?: number;
	readonly scroll?: Scroll;
	/** For the last line of the screen. */
	readonly hint?: string;
	/** Looks at a key before the box does; what it returns closes the box. */
	readonly extra?: (key: Key, start: number, end: number) => unknown;
}

const CLOSE = /^([eExXq]|enter|escape|f5|f9)$/;
const MAX_LEFT = 2048;

/** Shows a text. */
export function dialog_textbox(title: string | null, text: string, options: TextOptions = {}): Dialog<TextResult> {
	const lines = text.split("\n");
	let top = options.scroll?.top ?? 0;
	let left = options.scroll?.left ?? 0;

	const height_of = (size: Size): number =>
		options.height ? Math.min(options.height, size.rows - 2) : full_height(size);
	const moves: Readonly<Record<Key, (page: number) => void>> = {
		up: () => {
			top = Math.max(0, top - 1);
		},
		down: (page) => {
			if (top + page < lines.length) top++;
		},
		pageup: (page) => {
			top = Math.max(0, top - page);
		},
		pagedown: (page) => {
			if (top + page < lines.length) top += page;
		},
		home: () => {
			top = 0;
		},
		end: (page) => {
			top = Math.max(0, lines.length - page);
		},
		left: () => {
			left = Math.max(0, left - 1);
		},
		right: () => {
			left = Math.min(MAX_LEFT, left + 1);
		},
		"0": () => {
			left = 0;
		},
	};
	/** How far into the text a line begins. */
	const offset = (line: number): number => {
		let at = 0;
		for (const text of lines.slice(0, line)) at += text.length + 1;
		return Math.min(at, text.length);
	};
	return {
		hint: options.hint ?? "",
		draw(screen) {
			const height = height_of(screen);
			const width = options.width ? Math.min(options.width, screen.cols - 2) : full_width(screen);
			const win = open_dialog(screen, height, width, title);
			const box = subwin(win, height - 4, width - 3, 1, 1);
			for (let y = 0; y < box.height; y++) {
				const line = lines[top + y] ?? "";
				put(box, y, 1, left === 0 ? line : characters(line).slice(left).join(""), "dialog");
			}
			const percent = Math.floor((offset(top + box.height) * 100) / Math.max(1, text.length));
			const position = `(${String(percent).padStart(3)}%)`;
			put(win, height - 3, width - 9, position, "position_indicator");
			const x = Math.floor(width / 2) - 4;
			print_button(win, " Exit ", height - 2, x, true);
			set_cursor(win, height - 2, x + 2);
		},
		press(key, screen) {
			const page = height_of(screen) - 4;
			const extra = options.extra?.(key, offset(top), offset(top + page));
			if (extra !== undefined || CLOSE.test(key)) {
				return { result: { key, scroll: { top, left }, extra: extra ?? null } };
			}
			moves[KEYS[key] ?? key]?.(page);
			return null;
		},
	};
}

/** The keys of vi and less. */
const KEYS: Readonly<Record<Key, Key>> = {
	k: "up",
	K: "up",
	j: "down",
	J: "down",
	b: "pageup",
	B: "pageup",
	u: "pageup",
	" ": "pagedown",
	d: "pagedown",
	g: "home",
	G: "end",
	h: "left",
	H: "left",
	l: "right",
	L: "right",
};
