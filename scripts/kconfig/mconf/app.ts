// SPDX-License-Identifier: GPL-2.0-only
//
// What all parts of the program share: its state, and showing a box and waiting for what the
// user makes of it. The course of the program (program.ts, menus.ts, values.ts, …) is
// written as generators that hand out boxes and get back results, so that they read like the
// functions of Linux's scripts/kconfig/mconf.c and need neither a terminal nor waiting.

import { conf_get_configname, FileError } from "../confdata.ts";
import type { Kconf, Menu } from "../lkc.ts";
import { ConfExit } from "../lkc.ts";
import { menu_get_prompt } from "../menu.ts";
import { sym_calc_value } from "../symbol.ts";
import { to_text } from "../text.ts";
import type { Dialog, Size } from "./dialog.ts";
import type { View } from "./items.ts";
import type { TextOptions, TextResult } from "./textbox.ts";
import { dialog_textbox } from "./textbox.ts";

/** Brings all values up to date. */
export function calc_all(kconf: Kconf): void {
	for (const sym of kconf.all) sym_calc_value(kconf, sym);
}

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
}

/** How the program ended: what to print, and its exit status. */
export interface Ending {
	readonly code: number;
	readonly out: string;
	readonly err: string;
}

/** A box on its way to the screen. Whoever runs the generator need not know its result. */
export type Shown = Dialog<unknown>;
export type Steps<R> = Generator<Shown, R, unknown>;

/** The engine's strings are bytes: this is the text of a prompt. */
export const prompt_of = (menu: Menu): string => to_text(menu_get_prompt(menu));

/** Shows a box and waits for its result. */
export function* show<R>(dialog: Dialog<R>): Steps<R> {
	return (yield dialog as Shown) as R;
}

export function* show_textbox(title: string | null, text: string, options: TextOptions = {}): Steps<TextResult> {
	return yield* show(dialog_textbox(title, text, options));
}

/** Shows what the engine has said since the last time, unless it has said that before. */
export function* show_warnings(app: App, title = "Warnings"): Steps<void> {
	const fresh = app.messages.filter((text) => !app.warned.has(text));
	app.messages = [];
	for (const text of fresh) app.warned.add(text);
	if (fresh.length > 0) yield* show_textbox(title, `${fresh.join("").trim()}\n`);
}

/** Is it something that the user can be told, rather than a bug? */
export const is_failure = (e: unknown): e is Error => e instanceof ConfExit || e instanceof FileError;

/** Puts an error of the engine into a window, with the text that the kernel has for it. */
export function* show_failure(headline: string, e: unknown): Steps<void> {
	if (!is_failure(e)) throw e;
	yield* show_textbox(null, `${headline}\n${to_text(e.message)}`, { height: 6, width: 60 });
}

export function app_alloc(kconf: Kconf, silent = false): App {
	return {
		kconf,
		view: {
			show_all: false,
			single_menu: kconf.host.env.MENUCONFIG_MODE?.toLowerCase() === "single_menu",
			unfolded: new Set(),
		},
		filename: to_text(conf_get_configname(kconf)),
		trail: [],
		silent,
		messages: [],
		said: [],
		warned: new Set(),
		jump_text: "",
		size: { rows: 24, cols: 80 },
	};
}
