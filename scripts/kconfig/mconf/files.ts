// SPDX-License-Identifier: GPL-2.0-only
//
// Loading and saving. Mirrors conf_load(), conf_save() and the end of main() of Linux's
// scripts/kconfig/mconf.c.

import { conf_read, conf_write } from "../confdata.ts";
import { conf_write_autoconf } from "../conf_auto.ts";
import { to_bytes, to_text } from "../text.ts";
import type { App, Ending, Steps } from "./app.ts";
import { is_failure, show, show_failure, show_textbox, show_warnings } from "./app.ts";
import { dialog_inputbox } from "./inputbox.ts";
import * as texts from "./texts.ts";

export function* conf_load(app: App): Steps<void> {
	for (;;) {
		const box = dialog_inputbox(null, texts.LOAD_CONFIG_TEXT, 11, 55, app.filename);
		const res = yield* show(box);
		if (res.action === "exit") return;
		if (res.action === "help") {
			yield* show_textbox("Load Alternate Configuration", texts.LOAD_CONFIG_HELP);
			continue;
		}
		if (res.text === "") return;
		try {
			if (conf_read(app.kconf, to_bytes(res.text))) {
				app.filename = res.text;
				app.kconf.conf_changed = true;
				app.warned.clear();
				return yield* show_warnings(app, res.text);
			}
			yield* show_textbox(null, "File does not exist!", { height: 5, width: 38 });
		} catch (e) {
			yield* show_failure("File cannot be read!", e);
		}
	}
}

export function* conf_save(app: App): Steps<void> {
	for (;;) {
		const box = dialog_inputbox(null, texts.SAVE_CONFIG_TEXT, 11, 55, app.filename);
		const res = yield* show(box);
		if (res.action === "exit") return;
		if (res.action === "help") {
			yield* show_textbox("Save Alternate Configuration", texts.SAVE_CONFIG_HELP);
			continue;
		}
		if (res.text === "") return;
		try {
			app.said = [];
			conf_write(app.kconf, to_bytes(res.text));
			const said = conf_messages(app.said);
			if (said !== "") yield* show_textbox(null, said, { height: 6, width: 60 });
			app.filename = res.text;
			return;
		} catch (e) {
			yield* show_failure("Can't create file!", e);
		}
	}
}

/** The text inside of "#\n# text\n#\n" blocks. */
function conf_messages(messages: readonly string[]): string {
	return messages
		.join("")
		.replace(/^# (.*)$|^#$\n?/gm, (_all, text?: string) => text ?? "")
		.trim();
}

/** Writes the configuration when the program ends. */
export function save_at_exit(app: App): Ending {
	const { kconf } = app;
	app.said = [];
	try {
		conf_write(kconf, to_bytes(app.filename));
		conf_write_autoconf(kconf, false);
	} catch (e) {
		if (!is_failure(e)) throw e;
		return { code: 1, out: "", err: `${texts.NOT_WRITTEN}${to_text(e.message)}\n` };
	}
	const said = conf_messages(app.said);
	return { code: 0, out: app.silent ? "" : `${said}${texts.END_OF_CONFIGURATION}`, err: "" };
}
