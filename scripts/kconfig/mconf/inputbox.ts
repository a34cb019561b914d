// SPDX-License-Identifier: GPL-2.0-only
//
// The box that asks for a line of text. Mirrors Linux's
// scripts/kconfig/lxdialog/inputbox.c. Added: Home, End, Delete and the keys of the shell,
// and text beyond ASCII.

import type { Dialog, Key } from "./dialog.ts";
import { draw_box, open_dialog, print_autowrap, print_buttons } from "./dialog.ts";
import type { Window } from "./screen.ts";
import { characters, put, set_cursor, subwin, text_width } from "./screen.ts";

export interface InputResult {
	readonly action: "ok" | "help" | "exit";
	readonly text: string;
}

const BUTTONS = ["  Ok  ", " Help "];

/** A line that is being edited. */
export interface LineEdit {
	text(): string;
	/** True if the key meant something to the line. */
	press(key: Key): boolean;
	/** Shows the part around the cursor in one row of a window. */
	draw(win: Window, y: number): void;
}

export function line_edit(init: string): LineEdit {
	let chars = characters(init);
	let pos = chars.length;
	let from = 0;
	const width_between = (a: number, b: number): number => text_width(chars.slice(a, b).join(""));
	const edits: Readonly<Record<Key, () => void>> = {
		left: () => {
			pos = Math.max(0, pos - 1);
		},
		right: () => {
			pos = Math.min(chars.length, pos + 1);
		},
		home: () => {
			pos = 0;
		},
		end: () => {
			pos = chars.length;
		},
		backspace: () => {
			if (pos > 0) chars.splice(--pos, 1);
		},
		delete: () => {
			chars.splice(pos, 1);
		},
		"ctrl-u": () => {
			chars.splice(0, pos);
			pos = 0;
		},
		"ctrl-k": () => {
			chars.splice(pos);
		},
		"ctrl-w": () => {
			const kept = chars
				.slice(0, pos)
				.join("")
				.replace(/\S*\s*$/, "");
			const rest = chars.slice(pos);
			pos = characters(kept).length;
			chars = [...characters(kept), ...rest];
		},
	};
	const ALIASES: Readonly<Record<Key, Key>> = { "ctrl-a": "home", "ctrl-e": "end" };
	return {
		text: () => chars.join(""),
		press(key) {
			const edit = edits[ALIASES[key] ?? key];
			if (edit) {
				edit();
				return true;
			}
			if (characters(key).length !== 1 || /^\p{C}/u.test(key)) return false;
			chars = [...chars.slice(0, pos), key, ...chars.slice(pos)];
			// An accent joins the letter before it: count anew.
			const before = characters(chars.slice(0, pos + 1).join(""));
			chars = [...before, ...chars.slice(pos + 1)];
			pos = before.length;
			return true;
		},
		draw(win, y) {
			from = Math.min(from, pos);
			while (width_between(from, pos) >= win.width) from++;
			put(win, y, 0, " ".repeat(win.width), "inputbox");
			put(win, y, 0, chars.slice(from).join(""), "inputbox");
			set_cursor(win, y, width_between(from, pos));
		},
	};
}

/** Where the keys go: to the line, to "Ok" or to "Help". */
const LINE = -1;

/** Asks for a line of text, which is `init` at first. */
export function dialog_inputbox(
	title: string | null,
	prompt: string,
	height: number,
	width: number,
	init: string,
): Dialog<InputResult> {
	const line = line_edit(init);
	let focus = LINE;
	return {
		draw(screen) {
			const win = open_dialog(screen, height, Math.min(width, screen.cols - 2), title);
			const y = Math.min(print_autowrap(win, prompt, 1, height - 7), height - 7);
			const box_width = win.width - 6;
			const frame = subwin(win, 3, box_width + 2, y + 1, 2);
			draw_box(frame, "dialog", "border");
			const at = print_buttons(win, BUTTONS, 14, Math.max(0, focus));
			line.draw(subwin(frame, 1, box_width, 1, 1), 0);
			if (focus !== LINE) set_cursor(win, at.y, at.x);
		},
		press(key) {
			const done = (action: InputResult["action"]) => ({ result: { action, text: line.text() } });
			if (key === "escape" || key === "f5") return done("exit");
			if (key === "f1") return done("help");
			if (key === "enter") return done(focus === 1 ? "help" : "ok");
			if (focus === LINE && line.press(key)) return null;
			const step = { up: -1, left: -1, backtab: -1, down: 1, right: 1, tab: 1 }[key];
			if (step !== undefined) focus = ((focus + 1 + step + 3) % 3) - 1;
			else if (focus !== LINE) {
				if (key === " ") return done(focus === 1 ? "help" : "ok");
				if (/^[oO]$/.test(key)) return done("ok");
				if (/^[hH]$/.test(key)) return done("help");
				if (/^[xX]$/.test(key)) return done("exit");
			}
			return null;
		},
	};
}
