// SPDX-License-Identifier: GPL-2.0-only
//
// The program as something that takes keys and shows screens. tty.ts connects it to a
// terminal; tests talk to it directly.

import { to_text } from "../text.ts";
import type { App, Ending, Shown, Steps } from "./app.ts";
import { handle_exit, mconf } from "./program.ts";
import type { Key, Size } from "./dialog.ts";
import { draw_background, FULL_ROWS, MIN_COLS, MIN_ROWS } from "./dialog.ts";
import type { Screen } from "./screen.ts";
import { cut, put, screen_alloc, stdscr } from "./screen.ts";
import { NOT_SAVED } from "./texts.ts";

export interface Model {
	/** What is to be seen now. */
	screen(size: Size): Screen;
	/** Takes a key; returns how the program ended, if it did. */
	press(key: Key, size: Size): Ending | null;
	/** Ctrl-C: asks whether to save. At the second time the program ends. */
	interrupt(): Ending | null;
}

export function too_small({ rows, cols }: Size): boolean {
	return rows < MIN_ROWS || cols < MIN_COLS;
}

export const TOO_SMALL =
	"Your display is too small to run Menuconfig!\n" +
	`It must be at least ${MIN_ROWS} lines by ${MIN_COLS} columns.\n`;

/** Starts the program. */
export function mconf_model(app: App): Model {
	let steps: Steps<Ending | null> = mconf(app);
	/** What goes on if the user does not want to end after all. */
	let before: { steps: Steps<Ending | null>; dialog: Shown; trail: readonly string[] } | null = null;
	let dialog: Shown | null = null;
	let ending: Ending | null = null;

	const proceed = (result: unknown): void => {
		const next = steps.next(result);
		if (!next.done) dialog = next.value;
		else if (next.value || !before) ending = next.value;
		else {
			({ steps, dialog } = before);
			app.trail = before.trail;
			before = null;
		}
	};
	proceed(undefined);
	return {
		screen(size) {
			app.size = size;
			const screen = screen_alloc(size.rows, size.cols);
			if (too_small(size)) {
				const need = `Too small: needs ${MIN_COLS}x${MIN_ROWS}`;
				put(stdscr(screen), 0, 0, cut(need, size.cols), "screen");
				return screen;
			}
			const { rootmenu } = app.kconf;
			draw_background(screen, `${app.filename} - ${to_text(rootmenu.prompt?.text ?? "")}`, app.trail);
			dialog?.draw(screen);
			if (dialog?.hint && size.rows >= FULL_ROWS) {
				put(stdscr(screen), size.rows - 1, 2, cut(dialog.hint, size.cols - 3), "screen");
			}
			return screen;
		},
		press(key, size) {
			app.size = size;
			if (!too_small(size)) {
				const done = dialog?.press(key, size);
				if (done) proceed(done.result);
			}
			return ending;
		},
		interrupt() {
			if (before || !dialog) {
				ending = { code: 130, out: "", err: app.silent ? "" : NOT_SAVED };
				return ending;
			}
			before = { steps, dialog, trail: app.trail };
			steps = handle_exit(app);
			proceed(undefined);
			return ending;
		},
	};
}
