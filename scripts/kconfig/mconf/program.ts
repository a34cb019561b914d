// SPDX-License-Identifier: GPL-2.0-only
//
// The program from the first menu to the end. Mirrors main() and handle_exit() of Linux's
// scripts/kconfig/mconf.c.

import type { App, Ending, Steps } from "./app.ts";
import { show } from "./app.ts";
import { save_at_exit } from "./files.ts";
import { conf } from "./menus.ts";
import * as texts from "./texts.ts";
import { dialog_yesno } from "./yesno.ts";

/** Asks whether to save if there is something to be saved. Null to go on. */
export function* handle_exit(app: App): Steps<Ending | null> {
	const { kconf } = app;
	app.trail = [];
	if (kconf.conf_changed) {
		const answer = yield* show(dialog_yesno(texts.EXIT_QUESTION, 6, 60));
		if (answer === "escape") return null;
		if (answer === "no") return { code: 0, out: "", err: app.silent ? "" : texts.NOT_SAVED };
		return save_at_exit(app);
	}
	return { code: 0, out: app.silent ? "" : texts.END_OF_CONFIGURATION, err: "" };
}

/** The program from the first menu to the end. */
export function* mconf(app: App): Steps<Ending> {
	for (;;) {
		yield* conf(app, app.kconf.rootmenu);
		const ending = yield* handle_exit(app);
		if (ending) return ending;
	}
}
