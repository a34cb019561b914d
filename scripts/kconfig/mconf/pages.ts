// SPDX-License-Identifier: GPL-2.0-only
//
// Pages about an entry: its help, and what info.ts has to say.

import type { Menu } from "../lkc.ts";
import { menu_get_ext_help } from "../menu_help.ts";
import { to_text } from "../text.ts";
import type { App, Steps } from "./app.ts";
import { calc_all, prompt_of, show_textbox } from "./app.ts";
import { info_text } from "./info.ts";

export function* show_help(app: App, menu: Menu): Steps<void> {
	calc_all(app.kconf);
	const text = to_text(menu_get_ext_help(app.kconf, menu, app.size.cols - 10));
	yield* show_textbox(prompt_of(menu), text);
}

export function* show_info(app: App, menu: Menu): Steps<void> {
	yield* show_textbox(prompt_of(menu), info_text(app.kconf, menu));
}
